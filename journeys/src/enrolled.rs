//! An office, a phone and vouchers, for tests that break things.
#![allow(clippy::unwrap_used, reason = "an office that cannot be set up is a failed test")]

use crate::binaries::built;
use crate::phone::Phone;
use crate::programme::{Issued, Office};
use std::path::Path;

/// A programme with one enrolled phone and `count` vouchers. The server is stopped again.
pub fn enrolled(dir: &Path, count: usize) -> (Office, Phone, Vec<Issued>) {
    enrolled_on(None, dir, count)
}

/// As [`enrolled`], with this database.
pub fn enrolled_on(
    database: Option<&str>,
    dir: &Path,
    count: usize,
) -> (Office, Phone, Vec<Issued>) {
    let office = Office::set_up(&built("vouchsafe-server").unwrap(), dir, database).unwrap();
    let vouchers = issue(&office, count);
    let phone = phone(dir, "phone");
    let running = office.server.start().unwrap();
    office.enrol(&phone, "mercy").unwrap();
    running.kill();
    (office, phone, vouchers)
}

/// Gives the office a programme, a provider and `count` vouchers.
pub fn issue(office: &Office, count: usize) -> Vec<Issued> {
    office.add_programme("aid", "Medical Aid").unwrap();
    office.add_provider("mercy", "Mercy Pharmacy", "aid").unwrap();
    let count = count.to_string();
    let extra = ["--money", "500.00", "--assistance", "Medicine", "--count", &count];
    let vouchers = office.issue("aid", &extra).unwrap();
    office.publish().unwrap();
    vouchers
}

/// A phone that is not enrolled yet.
pub fn phone(dir: &Path, name: &str) -> Phone {
    Phone::new(&built("vouchsafe").unwrap(), &dir.join(name))
}
