//! A desktop as a phone: its home, its clocks, its key in a file.

use protocol::Timestamp;
use protocol::id::BootId;
use protocol::key::Signer;
use protocol::record::Monotonic;
use std::fs;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};
use verifier_core::clock::DeviceClock;
use verifier_core::device_key::FileKey;
use verifier_core::home::Home;
use verifier_core::ledger::{KeyInFile, Ledger};
use verifier_core::verifier::{EngineError, Verifier};

/// Opens a home to enrol it: makes it when it is not there yet, and makes new keys when its own were lost.
pub(crate) fn open_or_create(home: &Path) -> Result<Verifier, EngineError> {
    let home = Home::open(home)?;
    let device = FileKey::load_or_create(&home)?;
    let ledger = Ledger::open_for_enrolment(home, &KeyInFile, &device.public_key())?;
    Verifier::new(ledger, Box::new(device))
}

/// Opens a home to work with it, which must be there.
pub(crate) fn open(home: &Path) -> Result<Verifier, EngineError> {
    Home::open_read_only(home)?;
    let home = Home::open(home)?;
    let device = load_key(&home)?;
    let ledger = Ledger::open(home, &KeyInFile, &device.public_key())?;
    Verifier::new(ledger, Box::new(device))
}

/// The device key of a home. One that is lost is not replaced in passing, since the office must know the new one.
fn load_key(home: &Home) -> Result<FileKey, EngineError> {
    match FileKey::load(home)? {
        Some(key) => Ok(key),
        None if home.ledger_file().exists() => Err(EngineError::DeviceKeyLost),
        None => Err(EngineError::NotEnrolled),
    }
}

/// Opens a home to look at it, also one that cannot be written or that another program works with.
pub(crate) fn open_read_only(home: &Path) -> Result<Verifier, EngineError> {
    let home = Home::open_read_only(home)?;
    let device = load_key(&home)?;
    let ledger = Ledger::open_read_only(home, &KeyInFile)?;
    Verifier::new(ledger, Box::new(device))
}

/// Opens only the ledger of a home to look at it, however broken the rest is.
pub(crate) fn ledger_read_only(home: &Path) -> Result<Ledger, EngineError> {
    Ok(Ledger::open_read_only(Home::open_read_only(home)?, &KeyInFile)?)
}

/// What the machine's clocks say now.
pub(crate) fn clock() -> DeviceClock {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    DeviceClock {
        time: Timestamp::from_seconds(seconds).unwrap_or(Timestamp::MAX),
        monotonic: monotonic(),
    }
}

/// Linux's time since boot, suspended time included, and the id it draws at each boot. A machine that
/// tells neither counts as newly booted each time, so that the clock floor stands but does not run on.
fn monotonic() -> Monotonic {
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id")
        .ok()
        .and_then(|text| BootId::from_hex(text.trim()));
    let millis = fs::read_to_string("/proc/uptime").ok().and_then(|text| {
        let seconds: f64 = text.split_whitespace().next()?.parse().ok()?;
        Some((seconds * 1000.0) as u64)
    });
    match (boot, millis) {
        (Some(boot), Some(millis)) => Monotonic { millis, boot },
        _ => Monotonic { millis: 0, boot: BootId::from_bytes(*uuid::Uuid::new_v4().as_bytes()) },
    }
}
