//! The versions of the database's schema, each in its own file, and the way from every earlier one.

use crate::ledger::LedgerError;
use rusqlite::Connection;
use rusqlite::backup::Backup;
use rusqlite_migration::{M, Migrations};
use std::sync::{Mutex, PoisonError};

const STEPS: &[M<'static>] = &[
    M::up(include_str!("schema/0001_ledger.sql")).foreign_key_check(),
    M::up(include_str!("schema/0002_more_that_arrives.sql")).foreign_key_check(),
    M::up(include_str!("schema/0003_issued_sets.sql")).foreign_key_check(),
    M::up(include_str!("schema/0004_one_chain_after_another.sql")).foreign_key_check(),
    M::up(include_str!("schema/0005_issued_in_the_field.sql")).foreign_key_check(),
    M::up(include_str!("schema/0006_supervisors_and_lost_keys.sql")).foreign_key_check(),
    M::up(include_str!("schema/0007_vouchers_of_the_provider.sql")).foreign_key_check(),
];

/// The version that this program writes.
pub(super) const VERSION: i64 = STEPS.len() as i64;

/// The version of a database; 0 when it is empty.
pub(super) fn version(db: &Connection) -> Result<i64, LedgerError> {
    let found = db.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if found > VERSION {
        return Err(LedgerError::NewerSchema { found, known: VERSION });
    }
    Ok(found)
}

/// Brings a database from any earlier version, or from nothing, to [`VERSION`].
pub(super) fn migrate(db: &mut Connection) -> Result<(), LedgerError> {
    if version(db)? == VERSION {
        return Ok(());
    }
    Migrations::from_slice(STEPS).to_latest(db).map_err(|error| match error {
        rusqlite_migration::Error::RusqliteError { err, .. } => err.into(),
        other => LedgerError::Corrupt { detail: other.to_string() },
    })
}

/// An empty database of [`VERSION`] in memory. One is made by migration, which takes longer than to check a
/// small ledger; all others are copies of its pages.
pub(super) fn empty() -> Result<Connection, LedgerError> {
    static FIRST: Mutex<Option<Connection>> = Mutex::new(None);
    let mut first = FIRST.lock().unwrap_or_else(PoisonError::into_inner);
    let first = match &mut *first {
        Some(first) => first,
        none => {
            let mut made = Connection::open_in_memory()?;
            migrate(&mut made)?;
            none.insert(made)
        }
    };
    let mut empty = Connection::open_in_memory()?;
    Backup::new(first, &mut empty)?.step(-1)?;
    Ok(empty)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_applies_to_an_empty_database() {
        Migrations::from_slice(STEPS).validate().unwrap();
    }
}
