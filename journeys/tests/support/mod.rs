//! An office, a phone and vouchers, for tests that break things.

use journeys::binaries::built;
use journeys::phone::Phone;
use journeys::programme::{Issued, Office};
use std::path::Path;

/// A programme with one enrolled phone and `count` vouchers. The server is stopped again.
pub fn enrolled(dir: &Path, count: usize) -> (Office, Phone, Vec<Issued>) {
    let office = Office::set_up(&built("vouchsafe-server").unwrap(), dir, None).unwrap();
    office.add_programme("aid", "Medical Aid").unwrap();
    office.add_provider("mercy", "Mercy Pharmacy", "aid").unwrap();
    let count = count.to_string();
    let extra = ["--money", "500.00", "--assistance", "Medicine", "--count", &count];
    let vouchers = office.issue("aid", &extra).unwrap();
    office.publish().unwrap();
    let phone = Phone::new(&built("vouchsafe").unwrap(), &dir.join("phone"));
    let running = office.server.start().unwrap();
    office.enrol(&phone, "mercy").unwrap();
    running.kill();
    (office, phone, vouchers)
}
