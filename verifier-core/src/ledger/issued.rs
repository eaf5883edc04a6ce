//! The sets of what was truly issued under compromised keys, as the trust list pins them.

use crate::clock::DeviceClock;
use crate::ledger::derive::Event;
use crate::ledger::inbox::{InboxKind, Received};
use crate::ledger::sql::Column;
use crate::ledger::{AcceptError, Ledger, LedgerError};
use protocol::Hash;
use protocol::trust::{IssuedSet, IssuedSetRef, IssuerKey};
use rusqlite::OptionalExtension;

impl Ledger {
    /// Stores the file as the set that the trust list pins for this key, in place of an earlier set.
    ///
    /// # Errors
    /// [`AcceptError::Protocol`] when it is another file, and [`AcceptError::Ledger`].
    pub fn accept_issued_set(
        &mut self,
        key: &IssuerKey,
        pinned: &IssuedSetRef,
        file: &[u8],
        now: DeviceClock,
    ) -> Result<IssuedSet, AcceptError> {
        let set = pinned.accept(file, key.key.kid())?;
        let received = Received {
            kind: InboxKind::IssuedSet,
            number: None,
            issued: None,
            bytes: file,
            signer: Some(&key.key),
        };
        let event = Event::IssuedSet { key: key.key.thumbprint(), file: pinned.hash };
        self.receive(&received, &event, now)?;
        Ok(set)
    }

    /// Whether the set with this hash is held.
    pub fn holds_issued_set(&self, pinned: Hash) -> Result<bool, LedgerError> {
        let mut find = self.db.prepare_cached("SELECT 1 FROM issued_set WHERE hash = ?1")?;
        Ok(find.exists([Column(pinned)])?)
    }

    /// The file of the set with this hash, if it is held.
    pub fn issued_set(&self, pinned: Hash) -> Result<Option<Vec<u8>>, LedgerError> {
        let file = self
            .db
            .prepare_cached("SELECT content FROM blob WHERE hash = ?1 AND kind = 'issued_set'")?
            .query_row([Column(pinned)], |row| row.get(0))
            .optional()?;
        Ok(file)
    }
}
