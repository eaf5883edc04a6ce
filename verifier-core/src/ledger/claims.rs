//! The claims that this phone made, and what became of them.

use crate::ledger::cipher::Place;
use crate::ledger::identity::ServedIdentity;
use crate::ledger::sql::{Column, get, get_some};
use crate::ledger::{Delivery, Ledger, LedgerError, outbox};
use protocol::ack::ClaimState;
use protocol::id::{ClaimId, OperatorId};
use protocol::record::{Body, Document, HowRead, Kind, SignedVoucher};
use protocol::voucher::Identity;
use protocol::{Benefit, Timestamp};
use rusqlite::{Row, ToSql, params};

/// A claim of this phone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The claim.
    pub id: ClaimId,
    /// The place of its record in the chain.
    pub sequence: u64,
    /// When the voucher was served, by the phone's clock.
    pub redeemed_at: Timestamp,
    /// By whom.
    pub operator: Option<OperatorId>,
    /// What was served; `None` when this phone can no longer decrypt it.
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
    pub identity: Identity,
    /// Its own signed bytes.
    pub voucher: SignedVoucher,
    /// How it was read.
    pub how_read: HowRead,
    /// What was given.
    pub given: Benefit,
    /// The stable codes of the warnings that were shown.
    pub warnings: Vec<String>,
}

/// How a claim was taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Voided {
    /// When, by the phone's clock.
    pub at: Timestamp,
    /// Why, in staff's words; `None` when this phone can no longer decrypt it.
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
    /// All claims.
    pub const ALL: Page = Page { before: None, limit: u32::MAX };
}

/// A claim's row: what is read in one step, before anything is decrypted.
struct ClaimRow {
    id: ClaimId,
    sequence: u64,
    redeemed_at: Timestamp,
    operator: Option<OperatorId>,
    state: ClaimState,
    reason: Option<String>,
    delivery: Delivery,
    body: Vec<u8>,
    voucher: Option<Vec<u8>>,
    void: Option<VoidRow>,
}

struct VoidRow {
    sequence: u64,
    at: Timestamp,
    delivery: Delivery,
    body: Vec<u8>,
}

impl Ledger {
    /// Claims, newest first.
    ///
    /// # Errors
    /// [`LedgerError`].
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
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn claim(&self, id: ClaimId) -> Result<Option<Claim>, LedgerError> {
        Ok(self.claims_where("c.id = ?1", params![Column(id)])?.pop())
    }

    fn claims_where(
        &self,
        condition: &str,
        values: &[&dyn ToSql],
    ) -> Result<Vec<Claim>, LedgerError> {
        let mut select = self.db.prepare_cached(&format!(
            "SELECT c.id, o.sequence, c.redeemed_at, c.operator, c.state, c.reason,
                    o.state, o.reason, r.body, r.voucher,
                    v.sequence, v.recorded_at, v.state, v.reason, w.body
             FROM claim AS c
             JOIN outbox AS o ON o.record = c.record
             JOIN record AS r ON r.arrival = c.record
             LEFT JOIN outbox AS v ON v.record = c.void
             LEFT JOIN record AS w ON w.arrival = c.void
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
        let voided = row.void.as_ref().map(|void| Voided {
            at: void.at,
            reason: match self.body(Kind::Void, void.sequence, &void.body) {
                Some(Body::Void { reason, .. }) => Some(reason),
                _ => None,
            },
            delivery: void.delivery.clone(),
        });
        // Until the server has heard of a void, what it says of the claim is overtaken by it.
        let void_waits = voided.as_ref().is_some_and(|void| void.delivery == Delivery::Waiting);
        let (state, reason) =
            if void_waits { (ClaimState::Voided, None) } else { (row.state, row.reason.clone()) };
        Ok(Claim {
            id: row.id,
            sequence: row.sequence,
            redeemed_at: row.redeemed_at,
            served: self.served(&row),
            operator: row.operator,
            state,
            reason,
            delivery: row.delivery,
            voided,
            documents: self.attachments(row.id)?,
        })
    }

    fn served(&self, row: &ClaimRow) -> Option<Served> {
        let Some(Body::Redeem(redeem)) = self.body(Kind::Redeem, row.sequence, &row.body) else {
            return None;
        };
        let place = Place::record(self.chain, row.sequence, "voucher");
        let voucher = self.cipher().ok()?.decrypt(place, row.voucher.as_deref()?).ok()?;
        Some(Served {
            identity: ServedIdentity::decode(&voucher)?.identity,
            voucher: redeem.voucher,
            how_read: redeem.how_read,
            given: redeem.given,
            warnings: redeem.warnings,
        })
    }

    /// A body for display; `None` when it does not decrypt. Doctor tells why.
    fn body(&self, kind: Kind, sequence: u64, stored: &[u8]) -> Option<Body> {
        let place = Place::record(self.chain, sequence, "body");
        let plain = self.cipher().ok()?.decrypt(place, stored).ok()?;
        Body::decode(kind, &plain).ok()
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
        let void = match get_some(row, 10)? {
            None => None,
            Some(sequence) => Some(VoidRow {
                sequence,
                at: get(row, 11)?,
                delivery: Delivery::from_columns(row, 12)?,
                body: row.get(14)?,
            }),
        };
        Ok(ClaimRow {
            id: get(row, 0)?,
            sequence: get(row, 1)?,
            redeemed_at: get(row, 2)?,
            operator: get_some(row, 3)?,
            state: get(row, 4)?,
            reason: row.get(5)?,
            delivery: Delivery::from_columns(row, 6)?,
            body: row.get(8)?,
            voucher: row.get(9)?,
            void,
        })
    }
}
