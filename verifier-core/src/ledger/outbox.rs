//! What is still to be sent: sealed records, and the documents that they name.

use crate::ledger::{Ledger, LedgerError};
use protocol::record::Document;
use protocol::{Hash, Timestamp};

/// A record as it is to be sent.
#[derive(Clone, PartialEq, Eq)]
pub struct OutboxItem {
    /// Its place in the chain.
    pub sequence: u64,
    /// The digest of the sealed bytes, by which acks name it.
    pub item: Hash,
    /// The sealed bytes, the same at every try.
    pub sealed: Vec<u8>,
}

impl std::fmt::Debug for OutboxItem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "OutboxItem({}, {}, {} bytes)", self.sequence, self.item, self.sealed.len())
    }
}

/// Whether the server has a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery {
    /// Not yet.
    Waiting,
    /// The server acknowledged it.
    Sent,
    /// The server did not take it, for the reason of this code. It is not sent again and blocks
    /// nothing; the server keeps the bytes for review.
    Refused(String),
}

/// How much is unsent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unsent {
    /// Records that wait.
    pub records: u64,
    /// Redemptions among them.
    pub redemptions: u64,
    /// Records that the server refused.
    pub refused: u64,
    /// When the oldest waiting record was made, by the phone's clock.
    pub since: Option<Timestamp>,
    /// Documents that the server does not hold.
    pub documents: u64,
}

impl Ledger {
    /// The oldest unsent records in order: at most `limit`, and at most `max_bytes` of sealed bytes
    /// (but at least one).
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn outbox(&self, limit: usize, max_bytes: usize) -> Result<Vec<OutboxItem>, LedgerError> {
        todo!()
    }

    /// How much is unsent.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn unsent(&self) -> Result<Unsent, LedgerError> {
        todo!()
    }

    /// Documents named by records that the server has, and not yet held by it, oldest first.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn documents_to_send(&self) -> Result<Vec<Document>, LedgerError> {
        todo!()
    }

    /// The content of a document that this phone holds.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn read_document(&self, hash: Hash) -> Result<Option<Vec<u8>>, LedgerError> {
        todo!()
    }
}
