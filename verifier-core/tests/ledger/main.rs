//! What the ledger promises, on real files.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot set up has failed")]

mod chain;
mod claims;
mod clock;
mod doctor;
mod faults;
mod inbox;
mod outbox;
mod phone;
mod privacy;
mod stored;
mod stories;
mod voucher_list;
