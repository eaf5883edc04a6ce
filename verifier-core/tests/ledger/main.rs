//! What the ledger promises, on real files.

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
