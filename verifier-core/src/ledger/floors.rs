//! What the clock floors (design §4) stand on. The policy is `clock`'s; here is only what was seen.

use crate::ledger::{Ledger, LedgerError};
use protocol::Timestamp;
use protocol::id::BootId;

/// Both floors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Floors {
    /// From accepted trust files, status lists and acks.
    pub hard: Floor,
    /// From vouchers redeemed since the last of those came.
    pub soft: Floor,
}

/// A time that has certainly passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Floor {
    /// The highest issue time seen.
    pub highest: Option<Timestamp>,
    /// The reading, in the boot asked about, from which the monotonic clock gives the latest time.
    pub anchor: Option<Anchor>,
}

/// An issue time and what the monotonic clock said when it was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Anchor {
    /// The issue time.
    pub issued: Timestamp,
    /// Milliseconds since the boot at which it was seen.
    pub millis: u64,
}

impl Ledger {
    /// The floors as they stand in this boot.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn floors(&self, boot: BootId) -> Result<Floors, LedgerError> {
        todo!()
    }
}
