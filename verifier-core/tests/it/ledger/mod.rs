//! What the ledger promises, on real files.

mod chain;
mod claims;
mod clock;
mod doctor;
mod faults;
mod inbox;
mod outbox;
mod privacy;
mod stored;
mod stories;
mod voucher_list;
