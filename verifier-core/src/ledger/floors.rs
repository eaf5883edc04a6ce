//! What the clock floors stand on: issue times that were seen, and when. Policy is [`crate::clock`]'s.

use crate::clock::{FloorMark, Floors};
use crate::ledger::sql::{get, get_monotonic};
use crate::ledger::{Ledger, LedgerError};

impl Ledger {
    /// The marks that the clock floors stand on.
    pub fn floors(&self) -> Result<Floors, LedgerError> {
        let mut select =
            self.db.prepare_cached("SELECT kind, issued, millis, boot FROM clock_floor")?;
        let mut rows = select.query([])?;
        let mut floors = Floors::default();
        while let Some(row) = rows.next()? {
            let mark = FloorMark { time: get(row, 1)?, seen: get_monotonic(row, 2)? };
            match row.get_ref(0)?.as_str() {
                Ok("hard") => floors.hard.push(mark),
                _ => floors.soft.push(mark),
            }
        }
        Ok(floors)
    }
}
