//! The phone's ledger: what this phone did, what it was told, and what follows from both.
//!
//! Three sources are stored as they came: the **chain** of records this phone signed, the **inbox**
//! of accepted trust files, profiles, acks and status lists, and **blobs** named by their SHA-256.
//! Everything else (claims, live redemptions, outbox, clock floors) is derived from these by one
//! function, in the transaction that stores the source; [`Ledger::doctor`] derives again and
//! compares. Whatever a call says was stored is on the disk when the call returns.

mod append;
mod claims;
mod data_key;
mod error;
mod floors;
mod inbox;
mod outbox;

pub use append::{Act, AppendError, DocumentContent, Entry, LiveRedemption, Serving};
pub use claims::{Attachment, Claim, Page, Served, Voided};
pub use data_key::{DataKey, KeyInFile, KeyWrap, KeyWrapError};
pub use error::LedgerError;
pub use floors::{Anchor, Floor, Floors};
pub use inbox::{AcceptError, Arrived, ChainState, HeldStatusList, LastAck};
pub use outbox::{Delivery, OutboxItem, Unsent};

use crate::home::Home;
use protocol::Hash;
use protocol::Timestamp;
use protocol::id::ChainId;
use protocol::key::PublicKey;
use protocol::record::Monotonic;
use rusqlite::Connection;

/// What the phone's own clocks said at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeviceClock {
    /// The clock on the wall, as the phone has it.
    pub time: Timestamp,
    /// The monotonic clock.
    pub monotonic: Monotonic,
}

/// The last record of the chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// Its place, from 1.
    pub sequence: u64,
    /// The digest of its header.
    pub hash: Hash,
}

/// The ledger of one phone.
pub struct Ledger {
    db: Connection,
    chain: ChainId,
    device: PublicKey,
}

impl Ledger {
    /// Opens the ledger of a home for reading and writing; creates it, with a new chain, when there
    /// is none.
    ///
    /// # Errors
    /// [`LedgerError`]; [`LedgerError::OtherDevice`] when the chain belongs to another key.
    pub fn open(home: &Home, wrap: &dyn KeyWrap, device: &PublicKey) -> Result<Self, LedgerError> {
        todo!()
    }

    /// Opens the ledger for reading alone, on a read-only or damaged home too. Without the data key
    /// whatever is not encrypted can still be read.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn open_read_only(home: &Home, wrap: &dyn KeyWrap) -> Result<Self, LedgerError> {
        todo!()
    }

    /// The chain that this phone writes.
    #[must_use]
    pub fn chain(&self) -> ChainId {
        self.chain
    }

    /// The key that signs the chain.
    #[must_use]
    pub fn device(&self) -> &PublicKey {
        &self.device
    }

    /// The last record; `None` while there is none.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn head(&self) -> Result<Option<Head>, LedgerError> {
        todo!()
    }
}
