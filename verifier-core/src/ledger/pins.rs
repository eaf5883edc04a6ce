//! Wrong PINs of supervisors, kept so that the delay after them survives the end of the program.

use crate::ledger::sql::{Column, get, get_monotonic};
use crate::ledger::{Ledger, LedgerError};
use protocol::Hash;
use protocol::id::OperatorId;
use protocol::record::Monotonic;
use rusqlite::{OptionalExtension, params};

/// Wrong PINs of one supervisor since the last right one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PinFailures {
    /// How many; never 0.
    pub failures: u32,
    /// When the last one was, by the clock that nobody sets.
    pub last: Monotonic,
}

impl Ledger {
    /// The wrong PINs of a supervisor since the last right one; `pin` is the hash that the profile has,
    /// and another one begins anew.
    pub fn pin_failures(
        &self,
        supervisor: &OperatorId,
        pin: &str,
    ) -> Result<Option<PinFailures>, LedgerError> {
        let found = self
            .db
            .prepare_cached(
                "SELECT failures, millis, boot FROM pin_failure WHERE supervisor = ?1 AND pin = ?2",
            )?
            .query_row(params![supervisor.as_str(), Column(Hash::of(pin.as_bytes()))], |row| {
                Ok((get::<u64>(row, 0)?, get_monotonic(row, 1)?))
            })
            .optional()?;
        Ok(found.map(|(failures, last)| PinFailures {
            failures: u32::try_from(failures).unwrap_or(u32::MAX),
            last,
        }))
    }

    /// Counts a wrong PIN; durable when this returns.
    pub fn count_pin_failure(
        &mut self,
        supervisor: &OperatorId,
        pin: &str,
        now: Monotonic,
    ) -> Result<(), LedgerError> {
        let before = self.pin_failures(supervisor, pin)?.map_or(0, |before| before.failures);
        self.db.execute(
            "INSERT OR REPLACE INTO pin_failure (supervisor, pin, failures, millis, boot)
             VALUES (?1, ?2, ?3, ?4, ?5)",
            params![
                supervisor.as_str(),
                Column(Hash::of(pin.as_bytes())),
                before.saturating_add(1),
                Column(now.millis),
                Column(now.boot)
            ],
        )?;
        Ok(())
    }

    /// Forgets the wrong PINs of a supervisor, after a right one.
    pub fn forget_pin_failures(&mut self, supervisor: &OperatorId) -> Result<(), LedgerError> {
        self.db.execute("DELETE FROM pin_failure WHERE supervisor = ?1", [supervisor.as_str()])?;
        Ok(())
    }
}
