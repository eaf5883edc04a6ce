//! kill -9 at random moments, of both binaries, on real files: nothing said to be recorded is lost,
//! and nothing is there twice.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

mod support;

use journeys::phone::Phone;
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::Read;
use std::process::{Child, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// How many processes each test kills.
const KILLS: usize = 40;

#[test]
fn a_killed_redeem_loses_nothing_it_said_and_doubles_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (office, phone, vouchers) = support::enrolled(dir.path(), KILLS + 3);
    let (whole_ones, rest) = vouchers.split_at(3);
    let took = whole_ones.iter().map(|voucher| {
        let start = Instant::now();
        phone.run(&["redeem", "--text", &voucher.text]).unwrap().succeeded().unwrap();
        start.elapsed()
    });
    // The fastest, so that a slow start does not put every kill after the end.
    let whole = took.min().unwrap();

    let mut random = Random(0x9e37_79b9);
    let mut said = Vec::new();
    for voucher in rest {
        let child = spawn(&phone, &["redeem", "--json", "--text", &voucher.text]);
        let out = kill_after(child, random.up_to(whole * 5 / 4));
        if let Ok(answer) = serde_json::from_str::<Value>(&out) {
            said.push(answer["claim"].as_str().unwrap().to_owned());
        }
    }
    assert!(
        (1..rest.len()).contains(&said.len()),
        "{} of {} were killed",
        rest.len() - said.len(),
        rest.len()
    );
    let held = phone.claims().unwrap();
    for claim in &said {
        assert!(held.iter().any(|it| it["claim"] == claim.as_str()), "{claim} was said and lost");
    }
    assert_eq!(phone.run(&["doctor"]).unwrap().status, Some(0));
    for voucher in rest {
        let status = phone.run(&["redeem", "--text", &voucher.text]).unwrap().status;
        assert!(matches!(status, Some(0 | 1)), "{status:?}");
    }
    assert_eq!(count_by_voucher(&phone.claims().unwrap()), once(&vouchers));

    let running = office.server.start().unwrap();
    assert_eq!(phone.sync().unwrap()["stopped"], Value::Null);
    assert_eq!(count_by_voucher(&office.claims().unwrap()), once(&vouchers));
    drop(running);
}

#[test]
fn killed_syncs_and_servers_end_with_every_record_once() {
    let dir = tempfile::tempdir().unwrap();
    let (office, phone, vouchers) = support::enrolled(dir.path(), KILLS);
    let running = office.server.start().unwrap();
    let start = Instant::now();
    phone.sync().unwrap();
    let whole = start.elapsed();
    drop(running);

    let mut random = Random(0x1234_5678);
    for voucher in &vouchers {
        phone.run(&["redeem", "--text", &voucher.text]).unwrap().succeeded().unwrap();
        let running = office.server.start().unwrap();
        let syncing = spawn(&phone, &["sync", "--json"]);
        let pause = random.up_to(whole * 3 / 2);
        if random.next().is_multiple_of(2) {
            thread::sleep(pause);
            running.kill();
            kill_after(syncing, random.up_to(whole));
        } else {
            kill_after(syncing, pause);
            running.kill();
        }
    }
    let running = office.server.start().unwrap();
    assert_eq!(phone.sync().unwrap()["stopped"], Value::Null);
    drop(running);
    assert_eq!(count_by_voucher(&office.claims().unwrap()), once(&vouchers));
    assert_eq!(count_by_voucher(&phone.claims().unwrap()), once(&vouchers));
    assert_eq!(phone.run(&["doctor"]).unwrap().status, Some(0));
    let status = phone.run(&["status", "--json"]).unwrap().json().unwrap();
    assert_eq!(status["unsent"], 0);
}

fn spawn(phone: &Phone, arguments: &[&str]) -> Child {
    phone.command(arguments).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap()
}

/// Kills the process after the pause; gives what it had said by then.
fn kill_after(mut child: Child, pause: Duration) -> String {
    thread::sleep(pause);
    // It may have ended by itself.
    let _ = child.kill();
    child.wait().unwrap();
    let mut out = String::new();
    child.stdout.take().unwrap().read_to_string(&mut out).unwrap();
    out
}

fn count_by_voucher(claims: &[Value]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for claim in claims {
        *counts.entry(claim["voucher"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    counts
}

fn once(vouchers: &[journeys::programme::Issued]) -> BTreeMap<String, usize> {
    vouchers.iter().map(|voucher| (voucher.reference.clone(), 1)).collect()
}

/// Marsaglia's xorshift, seeded, so that a failing run can be had again.
struct Random(u32);

impl Random {
    fn next(&mut self) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0
    }

    fn up_to(&mut self, longest: Duration) -> Duration {
        longest.mul_f64(f64::from(self.next()) / f64::from(u32::MAX))
    }
}
