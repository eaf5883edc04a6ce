//! Killing processes at random moments, and counting what is left.
#![allow(clippy::expect_used, reason = "a test that cannot be set up fails")]

use journeys::phone::Phone;
use journeys::programme::Issued;
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::Read;
use std::process::{Child, Stdio};
use std::thread;
use std::time::Duration;

/// How many processes a test kills: `VOUCHSAFE_KILLS`, which `scripts/kill-loops` sets, or 40.
pub fn kills() -> usize {
    match std::env::var("VOUCHSAFE_KILLS") {
        Ok(number) => number.parse().expect("VOUCHSAFE_KILLS is a number"),
        Err(_) => 40,
    }
}

/// Starts a command of the phone.
pub fn spawn(phone: &Phone, arguments: &[&str]) -> Child {
    phone.command(arguments).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap()
}

/// Kills the process after the pause; gives what it had said by then.
pub fn kill_after(mut child: Child, pause: Duration) -> String {
    thread::sleep(pause);
    // It may have ended by itself.
    let _ = child.kill();
    child.wait().unwrap();
    let mut out = String::new();
    child.stdout.take().unwrap().read_to_string(&mut out).unwrap();
    out
}

pub fn count_by_voucher(claims: &[Value]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for claim in claims {
        *counts.entry(claim["voucher"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    counts
}

pub fn once(vouchers: &[Issued]) -> BTreeMap<String, usize> {
    vouchers.iter().map(|voucher| (voucher.reference.clone(), 1)).collect()
}

/// Marsaglia's xorshift, seeded, so that a failing run can be had again.
pub struct Random(pub u32);

impl Random {
    pub fn next(&mut self) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0
    }

    pub fn up_to(&mut self, longest: Duration) -> Duration {
        longest.mul_f64(f64::from(self.next()) / f64::from(u32::MAX))
    }
}
