//! What leaves and comes by file: documents with the records that name them, the key to which answers
//! are sealed, and whether an ack came before.

use crate::ledger::outbox::document;
use crate::ledger::sql::{Column, get};
use crate::ledger::{Ledger, LedgerError};
use protocol::Hash;
use protocol::record::Document;
use protocol::seal::UnsealingKey;
use rusqlite::OptionalExtension;
use std::collections::BTreeMap;

impl Ledger {
    /// The documents that the server does not hold and this phone does, oldest first: each with the
    /// item that names it, unless the server has one that does. What a refused record names is left.
    pub fn documents_to_carry(&self) -> Result<Vec<(Document, Option<Hash>)>, LedgerError> {
        let mut select = self.db.prepare_cached(
            "SELECT a.document, a.len, a.media_type, o.item, o.state = 'sent'
             FROM attachment AS a JOIN outbox AS o ON o.record = a.record
             WHERE a.held = 0 AND o.state <> 'refused'
               AND EXISTS (SELECT 1 FROM blob WHERE hash = a.document AND kind = 'document')
             ORDER BY a.record",
        )?;
        let mut rows = select.query([])?;
        let mut documents: Vec<(Document, Option<Hash>)> = Vec::new();
        let mut places = BTreeMap::new();
        while let Some(row) = rows.next()? {
            let (named, item, sent) = (document(row)?, get(row, 3)?, row.get(4)?);
            let place = *places.entry(named.hash).or_insert(documents.len());
            match documents.get_mut(place) {
                Some((_, by)) if sent => *by = None,
                Some(_) => {}
                None => documents.push((named, (!sent).then_some(item))),
            }
        }
        Ok(documents)
    }

    /// The key to which answers to this phone are sealed. It follows from the data key, so it is kept
    /// and lost with it.
    ///
    /// # Errors
    /// [`LedgerError::DataKey`].
    pub fn answer_key(&self) -> Result<UnsealingKey, LedgerError> {
        Ok(UnsealingKey::from_seed(self.cipher()?.answer_seed()))
    }

    /// Whether these very bytes were accepted as an ack.
    pub fn holds_ack(&self, bytes: Hash) -> Result<bool, LedgerError> {
        let held = self
            .db
            .prepare_cached("SELECT 1 FROM inbox WHERE kind = 'ack' AND hash = ?1")?
            .query_row([Column(bytes)], |_| Ok(()))
            .optional()?;
        Ok(held.is_some())
    }
}
