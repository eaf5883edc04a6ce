//! What is still to be sent: sealed records, and the documents that they name.

use crate::ledger::cipher::AssociatedData;
use crate::ledger::sql::{Column, get, get_some};
use crate::ledger::{Ledger, LedgerError};
use protocol::id::ChainId;
use protocol::record::{Document, Kind};
use protocol::{Hash, Timestamp};
use rusqlite::{OptionalExtension, Row, params};
use std::collections::BTreeSet;

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

impl Delivery {
    /// From the state and the reason, two columns of the outbox.
    pub(super) fn from_columns(row: &Row<'_>, state: usize) -> rusqlite::Result<Self> {
        let reason = row.get::<_, Option<String>>(state + 1)?;
        Ok(match (row.get_ref(state)?.as_str()?, reason) {
            ("sent", _) => Delivery::Sent,
            ("refused", Some(reason)) => Delivery::Refused(reason),
            _ => Delivery::Waiting,
        })
    }
}

impl Ledger {
    /// The oldest unsent records that go in batches of the chain that is written, in order: at most
    /// `limit`, and at most `max_bytes` of sealed bytes (but at least one).
    pub fn outbox(&self, limit: usize, max_bytes: usize) -> Result<Vec<OutboxItem>, LedgerError> {
        self.outbox_of(self.chain(), &BTreeSet::new(), limit, max_bytes)
    }

    /// The same of any of this phone's chains, without the items `except`. Restarts come first, since
    /// they say why the records of another chain are beside them.
    pub fn outbox_of(
        &self,
        chain: ChainId,
        except: &BTreeSet<Hash>,
        limit: usize,
        max_bytes: usize,
    ) -> Result<Vec<OutboxItem>, LedgerError> {
        let Some(chain) = self.chains.named(chain) else { return Ok(Vec::new()) };
        let mut select = self.db.prepare_cached(
            "SELECT o.sequence, o.item, r.sealed
             FROM outbox AS o JOIN record AS r ON r.arrival = o.record
             WHERE o.state <> 'sent' AND o.state = 'waiting' AND o.via = ?1
             ORDER BY o.kind <> ?2, o.record LIMIT ?3",
        )?;
        let restart = Column(Kind::Restart.number());
        let rows_at_most = Column(limit.saturating_add(except.len()) as u64);
        let mut rows = select.query(params![chain.number, restart, rows_at_most])?;
        let (mut items, mut bytes) = (Vec::new(), 0);
        while let Some(row) = rows.next()?
            && items.len() < limit
        {
            if except.contains(&get::<Hash>(row, 1)?) {
                continue;
            }
            let item =
                OutboxItem { sequence: get(row, 0)?, item: get(row, 1)?, sealed: row.get(2)? };
            bytes += item.sealed.len();
            if bytes > max_bytes && !items.is_empty() {
                break;
            }
            items.push(item);
        }
        Ok(items)
    }

    /// How many records wait to go in batches of this chain, the items `except` not counted.
    pub fn waiting_of(&self, chain: ChainId, except: &BTreeSet<Hash>) -> Result<u64, LedgerError> {
        let Some(chain) = self.chains.named(chain) else { return Ok(0) };
        let mut count = self.db.prepare_cached(
            "SELECT count(*) FROM outbox
             WHERE state <> 'sent' AND state = 'waiting' AND via = ?1 AND (?2 IS NULL OR item = ?2)",
        )?;
        let mut waiting: u64 =
            count.query_row(params![chain.number, None::<Column<Hash>>], |row| get(row, 0))?;
        for item in except {
            waiting -=
                count.query_row(params![chain.number, Column(*item)], |row| get::<u64>(row, 0))?;
        }
        Ok(waiting)
    }

    /// How much is unsent.
    pub fn unsent(&self) -> Result<Unsent, LedgerError> {
        let documents = self
            .db
            .prepare_cached("SELECT count(DISTINCT document) FROM attachment WHERE held = 0")?
            .query_row([], |row| get(row, 0))?;
        let unsent = self
            .db
            .prepare_cached(
                "SELECT count(*) FILTER (WHERE state = 'waiting'),
                        count(*) FILTER (WHERE state = 'waiting' AND kind IN (?1, ?2)),
                        count(*) FILTER (WHERE state = 'refused'),
                        min(recorded_at) FILTER (WHERE state = 'waiting')
                 FROM outbox WHERE state <> 'sent'",
            )?
            .query_row(
                [Kind::Redeem, Kind::ServeByReference].map(|it| Column(it.number())),
                |row| {
                    Ok(Unsent {
                        records: get(row, 0)?,
                        redemptions: get(row, 1)?,
                        refused: get(row, 2)?,
                        since: get_some(row, 3)?,
                        documents,
                    })
                },
            )?;
        Ok(unsent)
    }

    /// Documents named by records that the server has, and not yet held by it, oldest first.
    pub fn documents_to_send(&self) -> Result<Vec<Document>, LedgerError> {
        let documents = self
            .db
            .prepare_cached(
                "SELECT a.document, a.len, a.media_type
                 FROM attachment AS a JOIN outbox AS o ON o.record = a.record
                 WHERE a.held = 0 AND o.state = 'sent'
                 GROUP BY a.document ORDER BY min(a.record)",
            )?
            .query_map([], document)?
            .collect::<rusqlite::Result<_>>()?;
        Ok(documents)
    }

    /// The content of a document that this phone holds.
    pub fn read_document(&self, hash: Hash) -> Result<Option<Vec<u8>>, LedgerError> {
        let stored: Option<Vec<u8>> = self
            .db
            .prepare_cached("SELECT content FROM blob WHERE hash = ?1 AND kind = 'document'")?
            .query_row(params![Column(hash)], |row| row.get(0))
            .optional()?;
        let Some(stored) = stored else {
            return Ok(None);
        };
        match self.cipher()?.decrypt(AssociatedData::document(self.chains.first(), hash), &stored) {
            Ok(content) => Ok(Some(content.to_vec())),
            // It may be one of those that went with the key.
            Err(_) if self.unreadable_through()? > 0 => Ok(None),
            Err(fault) => Err(fault.into()),
        }
    }
}

/// A document from the columns digest, length and media type.
pub(super) fn document(row: &Row<'_>) -> rusqlite::Result<Document> {
    Ok(Document { hash: get(row, 0)?, len: get(row, 1)?, media_type: row.get(2)? })
}
