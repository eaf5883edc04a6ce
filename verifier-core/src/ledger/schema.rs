//! The versions of the database's schema, each in its own file, and the way from every earlier one.

use crate::ledger::LedgerError;
use rusqlite::serialize::OwnedData;
use rusqlite::{Connection, MAIN_DB};
use rusqlite_migration::{M, Migrations};
use std::sync::OnceLock;

const STEPS: &[M<'static>] = &[
    M::up(include_str!("schema/0001_ledger.sql")).foreign_key_check(),
    M::up(include_str!("schema/0002_more_that_arrives.sql")).foreign_key_check(),
    M::up(include_str!("schema/0003_issued_sets.sql")).foreign_key_check(),
    M::up(include_str!("schema/0004_one_chain_after_another.sql")).foreign_key_check(),
    M::up(include_str!("schema/0005_issued_in_the_field.sql")).foreign_key_check(),
    M::up(include_str!("schema/0006_supervisors_and_lost_keys.sql")).foreign_key_check(),
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

/// An empty database of [`VERSION`], in memory. Its pages are made once a process and copied from then on:
/// to make them takes longer than to check a small ledger.
pub(super) fn empty() -> Result<Connection, LedgerError> {
    static PAGES: OnceLock<Vec<u8>> = OnceLock::new();
    let mut db = Connection::open_in_memory()?;
    match PAGES.get() {
        Some(pages) => db.deserialize_read_exact(MAIN_DB, &pages[..], pages.len(), false)?,
        None => {
            migrate(&mut db)?;
            // Another thread may have been first; its pages are the same.
            PAGES.get_or_init(|| db.serialize(MAIN_DB).map(|it| it.to_vec()).unwrap_or_default());
        }
    }
    Ok(db)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_applies_to_an_empty_database() {
        Migrations::from_slice(STEPS).validate().unwrap();
    }
}
