//! What this phone issued under its delegations: the numbers that are used, and how much was given
//! by all vouchers together.

use crate::ledger::sql::{Column, get, get_some};
use crate::ledger::{Ledger, LedgerError};
use protocol::cose::{ObjectType, Sign1};
use protocol::delegation::FieldVoucher;
use protocol::record::Kind;
use protocol::{Benefit, Hash, Timestamp};
use rusqlite::{Connection, OptionalExtension, params};

/// A voucher that this phone issued.
pub(super) struct Issued {
    delegation: Hash,
    number: u32,
    benefit: Benefit,
}

/// How far a delegation is used up.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Used {
    /// How many vouchers were issued: the last number.
    pub count: u32,
    /// What they give together; nothing before the first.
    pub given: Option<Benefit>,
}

impl Issued {
    /// Reads a voucher that this phone signed; `None` when it is no delegated one.
    pub(super) fn read(voucher: &[u8]) -> Option<Self> {
        let envelope = Sign1::parse(ObjectType::Voucher, voucher).ok()?;
        let (delegated, own) = FieldVoucher::read_stored(&envelope).ok()?;
        Some(Issued { delegation: delegated.hash, number: own.number, benefit: own.benefit })
    }

    /// Marks the number as used by this record.
    pub(super) fn count(&self, db: &Connection, record: u64) -> rusqlite::Result<()> {
        let before = used(db, self.delegation)?.given;
        let given = match before {
            None => Some(self.benefit.clone()),
            Some(before) => before.plus(&self.benefit),
        };
        let broken = protocol::Error::Rule {
            object: "delegation",
            rule: "its vouchers together give more than can be counted",
        };
        let given = given.ok_or(broken).and_then(|given| given.encode()).map_err(unstorable)?;
        db.prepare_cached(
            "INSERT INTO issue (delegation, number, record, given) VALUES (?1, ?2, ?3, ?4)",
        )?
        .execute(params![Column(self.delegation), self.number, Column(record), given])?;
        Ok(())
    }
}

impl Ledger {
    /// How far the delegation with this digest is used up.
    pub fn used(&self, delegation: Hash) -> Result<Used, LedgerError> {
        Ok(used(&self.db, delegation)?)
    }

    /// Redemptions of delegated vouchers that wait to be sent.
    pub fn unsent_delegated(&self) -> Result<u64, LedgerError> {
        let waiting = self
            .db
            .prepare_cached(
                "SELECT count(*) FROM outbox AS o JOIN claim AS c ON c.record = o.record
                 WHERE o.state <> 'sent' AND o.state = 'waiting' AND c.live = 1 AND c.delegated = 1",
            )?
            .query_row([], |row| get(row, 0))?;
        Ok(waiting)
    }

    /// When this phone last went on from a backup, by its own clock: what it issued shortly before may
    /// be lost to it.
    pub fn restarted(&self) -> Result<Option<Timestamp>, LedgerError> {
        let at = self
            .db
            .prepare_cached("SELECT max(recorded_at) FROM outbox WHERE kind = ?1")?
            .query_row([Column(Kind::Restart.number())], |row| get_some(row, 0))?;
        Ok(at)
    }
}

fn used(db: &Connection, delegation: Hash) -> rusqlite::Result<Used> {
    let last = db
        .prepare_cached(
            "SELECT number, given FROM issue WHERE delegation = ?1 ORDER BY number DESC LIMIT 1",
        )?
        .query_row([Column(delegation)], |row| Ok((row.get(0)?, row.get::<_, Vec<u8>>(1)?)))
        .optional()?;
    let Some((count, given)) = last else { return Ok(Used::default()) };
    Ok(Used { count, given: Some(Benefit::decode(&given).map_err(unstorable)?) })
}

fn unstorable(error: protocol::Error) -> rusqlite::Error {
    rusqlite::Error::ToSqlConversionFailure(Box::new(error))
}
