//! The claims that this phone made, and what became of them.

use crate::ledger::cipher::AssociatedData;
use crate::ledger::identity::ServedIdentity;
use crate::ledger::sql::{Column, get, get_some};
use crate::ledger::{Delivery, Ledger, LedgerError, outbox};
use protocol::ack::ClaimState;
use protocol::id::{ClaimId, OperatorId};
use protocol::printed::PrintedReference;
use protocol::record::{Body, Document, HowRead, Kind, SignedVoucher};
use protocol::voucher::VoucherIdentity;
use protocol::{Benefit, Timestamp};
use rusqlite::{Row, ToSql, params};
use zeroize::Zeroizing;

/// A claim of this phone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The claim.
    pub id: ClaimId,
    /// The place of its record in the chain.
    pub sequence: u64,
    /// When the voucher was served, by the phone's clock.
    pub redeemed_at: Timestamp,
    /// The operator who served, where one was named.
    pub operator: Option<OperatorId>,
    /// What was served; `None` when this phone can no longer read it.
    pub served: Option<Served>,
    /// Its state as far as the phone knows.
    pub state: ClaimState,
    /// What staff should know of the state; a stable code.
    pub reason: Option<String>,
    /// Whether the server has the record.
    pub delivery: Delivery,
    /// How it was taken back, if it was.
    pub voided: Option<Voided>,
    /// Its documents.
    pub documents: Vec<Attachment>,
}

/// What was served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Served {
    /// Which voucher.
    pub voucher: ServedVoucher,
    /// What was given.
    pub given: Benefit,
    /// The stable codes of the warnings that were shown.
    pub warnings: Vec<String>,
}

/// A voucher that was served, as far as this phone knew it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServedVoucher {
    /// Its code was read.
    Read {
        /// Which it is.
        identity: VoucherIdentity,
        /// Its own signed bytes.
        signed: SignedVoucher,
        /// How it was read.
        how: HowRead,
    },
    /// Its reference was typed.
    ByReference(PrintedReference),
}

impl ServedVoucher {
    /// What it is called: its reference under its issuer, or the one that was typed.
    #[must_use]
    pub fn reference(&self) -> String {
        match self {
            ServedVoucher::Read { identity, .. } => identity.reference.to_string(),
            ServedVoucher::ByReference(reference) => reference.to_string(),
        }
    }
}

/// How a claim was taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Voided {
    /// When, by the phone's clock.
    pub at: Timestamp,
    /// Why, in staff's words; `None` when this phone can no longer read it.
    pub reason: Option<String>,
    /// Whether the server has the record of it.
    pub delivery: Delivery,
}

/// A document of a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// The document.
    pub document: Document,
    /// Whether the server said that it holds it durably.
    pub held_by_server: bool,
}

/// Which claims to list, newest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// Only claims made before this one: the last of the page before.
    pub before: Option<ClaimId>,
    /// At most so many.
    pub limit: u32,
}

impl Page {
    /// The whole of them on one page.
    pub const ALL: Page = Page { before: None, limit: u32::MAX };
}

/// How many events in a row may be unreadable before a damaged ledger counts as read to its end.
const LARGEST_HOLE: u64 = 1000;

/// What can still be read of a damaged ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Readable {
    /// The claims that can be read, newest first.
    pub claims: Vec<Claim>,
    /// How many places, where a claim may have stood, cannot be read. When the end of the ledger is
    /// lost, how much stood there is not known, and up to a thousand are counted beyond it.
    pub unreadable: u64,
}

/// A claim's row: what is read in one step, before anything is decrypted.
struct ClaimRow {
    id: ClaimId,
    record: u64,
    kind: Option<Kind>,
    sequence: u64,
    redeemed_at: Timestamp,
    operator: Option<OperatorId>,
    state: ClaimState,
    reason: Option<String>,
    delivery: Delivery,
    void: Option<VoidRow>,
}

struct VoidRow {
    record: u64,
    sequence: u64,
    at: Timestamp,
    delivery: Delivery,
}

impl Ledger {
    /// Claims, newest first.
    pub fn claims(&self, page: Page) -> Result<Vec<Claim>, LedgerError> {
        match page.before {
            None => self.claims_where("TRUE ORDER BY c.record DESC LIMIT ?1", params![page.limit]),
            Some(before) => self.claims_where(
                "c.record < (SELECT record FROM claim WHERE id = ?2)
                 ORDER BY c.record DESC LIMIT ?1",
                params![page.limit, Column(before)],
            ),
        }
    }

    /// One claim.
    pub fn claim(&self, id: ClaimId) -> Result<Option<Claim>, LedgerError> {
        Ok(self.claims_where("c.id = ?1", params![Column(id)])?.pop())
    }

    /// Every claim of a damaged ledger that can still be read, each looked for by itself, so that one
    /// damaged page hides no other. Slower than [`Ledger::claims`].
    #[must_use]
    pub fn readable_claims(&self) -> Readable {
        let mut readable = Readable { claims: Vec::new(), unreadable: 0 };
        let (mut arrival, mut last) = (1, self.last_readable_arrival());
        while arrival <= last + LARGEST_HOLE {
            match self.claims_where("c.record = ?1", params![Column(arrival)]) {
                Ok(found) if found.is_empty() => {}
                Ok(found) => {
                    readable.claims.extend(found);
                    last = last.max(arrival);
                }
                Err(_) => readable.unreadable += 1,
            }
            arrival += 1;
        }
        readable.claims.reverse();
        readable
    }

    /// The highest number of an event that any table still tells of.
    fn last_readable_arrival(&self) -> u64 {
        let tables = [
            ("record", "arrival"),
            ("inbox", "arrival"),
            ("outbox", "record"),
            ("claim", "record"),
        ];
        let last = tables.iter().filter_map(|(table, column)| {
            let sql = format!("SELECT coalesce(max({column}), 0) FROM {table}");
            self.db.query_row(&sql, [], |row| get(row, 0)).ok()
        });
        last.max().unwrap_or(0)
    }

    fn claims_where(
        &self,
        condition: &str,
        values: &[&dyn ToSql],
    ) -> Result<Vec<Claim>, LedgerError> {
        let mut select = self.db.prepare_cached(&format!(
            "SELECT c.id, c.record, o.sequence, c.redeemed_at, c.operator, c.state, c.reason,
                    o.state, o.reason, v.record, v.sequence, v.recorded_at, v.state, v.reason,
                    o.kind
             FROM claim AS c
             JOIN outbox AS o ON o.record = c.record
             LEFT JOIN outbox AS v ON v.record = c.void
             WHERE {condition}"
        ))?;
        let mut rows = select.query(values)?;
        let mut claims = Vec::new();
        while let Some(row) = rows.next()? {
            claims.push(self.claim_of(ClaimRow::read(row)?)?);
        }
        Ok(claims)
    }

    fn claim_of(&self, row: ClaimRow) -> Result<Claim, LedgerError> {
        let served = self.served(&row);
        let voided = row.void.map(|void| Voided {
            at: void.at,
            reason: match self.body(Kind::Void, void.record, void.sequence) {
                Some(Body::Void { reason, .. }) => Some(reason),
                _ => None,
            },
            delivery: void.delivery,
        });
        // Until the server has heard of a void, what it says of the claim is overtaken by it.
        let void_waits = voided.as_ref().is_some_and(|void| void.delivery == Delivery::Waiting);
        let (state, reason) =
            if void_waits { (ClaimState::Voided, None) } else { (row.state, row.reason) };
        Ok(Claim {
            id: row.id,
            sequence: row.sequence,
            redeemed_at: row.redeemed_at,
            served,
            operator: row.operator,
            state,
            reason,
            delivery: row.delivery,
            voided,
            documents: self.attachments(row.id)?,
        })
    }

    fn served(&self, row: &ClaimRow) -> Option<Served> {
        match self.body(row.kind?, row.record, row.sequence)? {
            Body::Redeem(redeem) => {
                let voucher = self.field(row.record, row.sequence, "voucher")?;
                let voucher = ServedVoucher::Read {
                    identity: ServedIdentity::decode(&voucher)?.identity,
                    signed: redeem.voucher,
                    how: redeem.how_read,
                };
                Some(Served { voucher, given: redeem.given, warnings: redeem.warnings })
            }
            Body::ServeByReference(served) => Some(Served {
                voucher: ServedVoucher::ByReference(served.reference),
                given: served.given,
                warnings: served.warnings,
            }),
            _ => None,
        }
    }

    fn body(&self, kind: Kind, record: u64, sequence: u64) -> Option<Body> {
        Body::decode(kind, &self.field(record, sequence, "body")?).ok()
    }

    /// An encrypted column of a record, for display; `None` when it cannot be read or does not
    /// decrypt. Doctor tells why.
    fn field(
        &self,
        record: u64,
        sequence: u64,
        column: &'static str,
    ) -> Option<Zeroizing<Vec<u8>>> {
        let cipher = self.cipher().ok()?;
        let mut select = self
            .db
            .prepare_cached(&format!("SELECT {column}, chain FROM record WHERE arrival = ?1"))
            .ok()?;
        let read = |row: &Row<'_>| Ok((row.get::<_, Vec<u8>>(0)?, row.get::<_, i64>(1)?));
        let (stored, chain) = select.query_row([Column(record)], read).ok()?;
        let chain = self.chains.numbered(chain)?.id;
        cipher.decrypt(AssociatedData::record(chain, sequence, column), &stored).ok()
    }

    fn attachments(&self, claim: ClaimId) -> Result<Vec<Attachment>, LedgerError> {
        let attachments = self
            .db
            .prepare_cached(
                "SELECT document, len, media_type, held FROM attachment
                 WHERE claim = ?1 ORDER BY record, document",
            )?
            .query_map([Column(claim)], |row| {
                Ok(Attachment { document: outbox::document(row)?, held_by_server: row.get(3)? })
            })?
            .collect::<rusqlite::Result<_>>()?;
        Ok(attachments)
    }
}

impl ClaimRow {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let void = match get_some(row, 9)? {
            None => None,
            Some(record) => Some(VoidRow {
                record,
                sequence: get(row, 10)?,
                at: get(row, 11)?,
                delivery: Delivery::from_columns(row, 12)?,
            }),
        };
        Ok(ClaimRow {
            id: get(row, 0)?,
            record: get(row, 1)?,
            kind: Kind::from_number(get(row, 14)?),
            sequence: get(row, 2)?,
            redeemed_at: get(row, 3)?,
            operator: get_some(row, 4)?,
            state: get(row, 5)?,
            reason: row.get(6)?,
            delivery: Delivery::from_columns(row, 7)?,
            void,
        })
    }
}
