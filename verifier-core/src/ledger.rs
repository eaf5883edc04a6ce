//! The phone's ledger: what this phone did, what it was told, and what follows from both.
//!
//! Three sources are stored as they came: the **chain** of records this phone signed, the **inbox**
//! of accepted trust files, profiles, acks, status lists and sets of issued vouchers, and **blobs**
//! named by their SHA-256.
//! Everything else (claims, live redemptions, outbox, clock floors) is derived from these by one
//! function, in the transaction that stores the source; [`Ledger::doctor`] derives again and
//! compares. Whatever a call says was stored is on the disk when the call returns.

mod append;
mod carried;
mod chains;
mod cipher;
mod claims;
mod data_key;
mod derive;
mod doctor;
mod error;
mod floors;
#[cfg(test)]
mod full;
mod identity;
mod inbox;
mod issued;
mod issues;
mod outbox;
mod pins;
mod restart;
mod schema;
mod sql;
mod voucher_list;

pub use append::{
    Act, AppendError, DocumentContent, LiveRedemption, NewRecord, Overridden, ReferenceServing,
    Serving,
};
pub use chains::ChainRef;
pub use claims::{Attachment, Claim, Page, Readable, Served, ServedVoucher, Voided};
pub use data_key::{DataKey, KeyInFile, KeyWrap, KeyWrapError};
pub(crate) use derive::has_no_place;
pub use doctor::{DerivedFault, Finding, Report};
pub use error::LedgerError;
pub use inbox::{AcceptError, Arrived, ChainState, HeldStatusList, LastAck};
pub use issues::Used;
pub use outbox::{Delivery, OutboxItem, Unsent};
pub use pins::PinFailures;
pub use voucher_list::KeptVoucherList;

use crate::home::Home;
use chains::{Chain, Chains};
use cipher::Cipher;
use protocol::Hash;
use protocol::id::ChainId;
use protocol::key::PublicKey;
use rusqlite::{Connection, OpenFlags, OptionalExtension, Transaction, TransactionBehavior};
use sql::{Column, get};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long to wait for another program's short work on the database, such as a backup's.
const BUSY_TIMEOUT: Duration = Duration::from_secs(2);

/// How many prepared statements a connection keeps: more than the ledger has, so that none is parsed twice.
const STATEMENTS: usize = 128;

/// The last record of the chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// Its place, from 1.
    pub sequence: u64,
    /// The digest of its header.
    pub hash: Hash,
}

/// The ledger of one phone.
pub struct Ledger {
    db: Connection,
    chains: Chains,
    cipher: Result<Cipher, KeyWrapError>,
    /// Holds the lock for as long as the database is open.
    home: Home,
}

impl Ledger {
    /// Opens the ledger of a home for reading and writing; creates it, with a new chain, when there
    /// is none.
    ///
    /// # Errors
    /// [`LedgerError`]; [`LedgerError::OtherDevice`] when the chain belongs to another key.
    pub fn open(home: Home, wrap: &dyn KeyWrap, device: &PublicKey) -> Result<Self, LedgerError> {
        Self::open_prepared(home, wrap, device, |_| Ok(()))
    }

    /// As [`Ledger::open`], with the connection lent to `prepare` before anything is read or written
    /// over it: a simulation lets commits fail there, or the disk be full, or goes without fsync.
    ///
    /// # Errors
    /// As [`Ledger::open`], and whatever `prepare` gives.
    pub fn open_prepared(
        home: Home,
        wrap: &dyn KeyWrap,
        device: &PublicKey,
        prepare: impl FnOnce(&Connection) -> rusqlite::Result<()>,
    ) -> Result<Self, LedgerError> {
        let file = home.ledger_file();
        let exists = file.metadata().is_ok_and(|found| found.len() > 0);
        let key = match (stored_data_key(&home, wrap)?, exists) {
            (Some(key), _) => key,
            (None, false) => create_data_key(&home, wrap)?,
            (None, true) => return Err(LedgerError::DataKey(KeyWrapError::Missing)),
        };
        let ledger = Self::connect(home, &key, device, prepare)?;
        if ledger.device() != device {
            return Err(LedgerError::OtherDevice);
        }
        Ok(ledger)
    }

    /// Opens the ledger of a home whose device key or data key was lost, to enrol it again. Another
    /// device's chain is closed, and one of this device's begins; what was encrypted under a lost data
    /// key stays and cannot be read, and is sent all the same. With nothing lost, as [`Ledger::open`].
    pub fn open_for_enrolment(
        home: Home,
        wrap: &dyn KeyWrap,
        device: &PublicKey,
    ) -> Result<Self, LedgerError> {
        let exists = home.ledger_file().metadata().is_ok_and(|found| found.len() > 0);
        let (key, lost) = match stored_data_key(&home, wrap) {
            Ok(Some(key)) => (key, false),
            Ok(None) | Err(LedgerError::DataKey(KeyWrapError::Missing)) => {
                (create_data_key(&home, wrap)?, exists)
            }
            Err(error) => return Err(error),
        };
        let mut ledger = Self::connect(home, &key, device, |_| Ok(()))?;
        // A process that ended between the new key and this note left a ledger that opens with
        // nothing readable in it, so what cannot be read is looked for and not taken on trust.
        if lost || !ledger.newest_is_readable()? {
            ledger.note_unreadable()?;
        }
        if ledger.device() != device {
            let next = Chain::insert(&ledger.db, ChainId::from_bytes(chains::random()?), device)?;
            ledger.chains.go_on_with(next);
        }
        Ok(ledger)
    }

    fn connect(
        home: Home,
        key: &DataKey,
        device: &PublicKey,
        prepare: impl FnOnce(&Connection) -> rusqlite::Result<()>,
    ) -> Result<Self, LedgerError> {
        let file = home.ledger_file();
        home.create_secret(&file)?;
        let mut db = Connection::open_with_flags(
            &file,
            OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
        )?;
        db.busy_timeout(BUSY_TIMEOUT)?;
        schema::version(&db)?;
        // One fsync a commit, of the write-ahead log; a commit that was answered survives a power cut.
        db.pragma_update(None, "journal_mode", "WAL")?;
        db.pragma_update(None, "synchronous", "FULL")?;
        guard(&db)?;
        prepare(&db)?;
        refuse_cut(&db, &file)?;
        schema::migrate(&mut db)?;
        let cipher = Ok(Cipher::new(key));
        let chains = Chains::read_or_begin(&db, device)?;
        Ok(Ledger { db, chains, cipher, home })
    }

    /// Up to which event nothing encrypted can be read, since the data key was lost; 0 when it was not.
    fn unreadable_through(&self) -> Result<u64, LedgerError> {
        let through = self
            .db
            .prepare_cached("SELECT through FROM unreadable")?
            .query_row([], |row| get(row, 0))
            .optional()?;
        Ok(through.unwrap_or(0))
    }

    fn note_unreadable(&mut self) -> Result<(), LedgerError> {
        let through = self.next_arrival()? - 1;
        self.db.execute(
            "INSERT OR REPLACE INTO unreadable (only, through) VALUES (1, ?1)",
            [Column(through)],
        )?;
        self.forget_voucher_list()
    }

    /// Opens the ledger for reading alone: beside a program that writes, on a read-only home, or on a
    /// damaged one. Without the data key whatever is not encrypted can still be read.
    ///
    /// # Errors
    /// [`LedgerError`]; [`LedgerError::Missing`] when there is none.
    pub fn open_read_only(home: Home, wrap: &dyn KeyWrap) -> Result<Self, LedgerError> {
        let db = connect_read_only(&home.ledger_file())?;
        if schema::version(&db)? == 0 {
            return Err(LedgerError::Missing);
        }
        guard(&db)?;
        let cipher = match stored_data_key(&home, wrap) {
            Ok(Some(key)) => Ok(Cipher::new(&key)),
            Ok(None) => Err(KeyWrapError::Missing),
            Err(LedgerError::DataKey(fault)) => Err(fault),
            Err(other) => return Err(other),
        };
        let chains = Chains::read(&db)?.ok_or(LedgerError::Missing)?;
        Ok(Ledger { db, chains, cipher, home })
    }

    /// The chain that this phone writes.
    #[must_use]
    pub fn chain(&self) -> ChainId {
        self.chains.current().id
    }

    /// The key that signs the chain.
    #[must_use]
    pub fn device(&self) -> &PublicKey {
        &self.chains.current().device
    }

    /// The last record of the chain that is written; `None` while there is none.
    pub fn head(&self) -> Result<Option<Head>, LedgerError> {
        let head = self
            .db
            .prepare_cached(
                "SELECT sequence, hash FROM record WHERE chain = ?1 ORDER BY sequence DESC LIMIT 1",
            )?
            .query_row([self.chains.current().number], |row| {
                Ok(Head { sequence: get(row, 0)?, hash: get(row, 1)? })
            })
            .optional()?;
        Ok(head)
    }

    fn cipher(&self) -> Result<&Cipher, LedgerError> {
        self.cipher.as_ref().map_err(|fault| LedgerError::DataKey(*fault))
    }

    /// Begins a write, so that it fails now or not at all for another program's lock.
    fn begin(&mut self) -> Result<Transaction<'_>, LedgerError> {
        Ok(self.db.transaction_with_behavior(TransactionBehavior::Immediate)?)
    }

    /// The number of the next event.
    fn next_arrival(&self) -> Result<u64, LedgerError> {
        let last: u64 = self
            .db
            .prepare_cached(
                "SELECT max(coalesce((SELECT max(arrival) FROM record), 0),
                            coalesce((SELECT max(arrival) FROM inbox), 0))",
            )?
            .query_row([], |row| get(row, 0))?;
        Ok(last + 1)
    }
}

/// Settings that hold for every connection: references are kept, and a file that was tampered with
/// runs no code of its own.
fn guard(db: &Connection) -> Result<(), LedgerError> {
    db.pragma_update(None, "foreign_keys", true)?;
    db.pragma_update(None, "trusted_schema", false)?;
    db.pragma_update(None, "temp_store", "MEMORY")?;
    db.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(())
}

/// SQLite notices when whole pages are missing; a last page that is cut it fills with zeros. While
/// there is a log, the newest pages may stand there alone.
fn refuse_cut(db: &Connection, file: &Path) -> Result<(), LedgerError> {
    let log_is_empty = log_of(file).metadata().map_or(true, |log| log.len() == 0);
    let len = file.metadata().map_or(0, |database| database.len());
    let page: u64 = db.pragma_query_value(None, "page_size", |row| get(row, 0))?;
    if log_is_empty && !len.is_multiple_of(page) {
        return Err(LedgerError::corrupt(format!(
            "the file ends within a page, after {len} bytes"
        )));
    }
    Ok(())
}

/// The write-ahead log beside a database.
fn log_of(file: &Path) -> PathBuf {
    file.with_extension("db-wal")
}

/// Opens the database for reading as it can be opened.
fn connect_read_only(file: &Path) -> Result<Connection, LedgerError> {
    use rusqlite::ErrorCode::{CannotOpen, DatabaseCorrupt, ReadOnly};
    if !file.exists() {
        return Err(LedgerError::Missing);
    }
    let error = match read_only(file, false, "") {
        Ok(db) => return Ok(db),
        Err(error) => error,
    };
    match error.sqlite_error_code() {
        // A database whose last writer closed it in order has no log beside it, and where none can be
        // made SQLite reads it only when told that nobody writes.
        Some(CannotOpen | ReadOnly) if !log_of(file).exists() => Ok(read_only(file, true, "")?),
        // SQLite refuses a file that misses pages, but for those who repair schemas.
        Some(DatabaseCorrupt) => Ok(read_only(file, false, "PRAGMA writable_schema = ON")?),
        _ => Err(error.into()),
    }
}

fn read_only(file: &Path, immutable: bool, settings: &str) -> rusqlite::Result<Connection> {
    let path = file.to_string_lossy();
    let path = path.replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_URI;
    let uri = format!("file:{path}?immutable={}", u8::from(immutable));
    let db = Connection::open_with_flags(uri, flags)?;
    db.busy_timeout(BUSY_TIMEOUT)?;
    db.execute_batch(settings)?;
    db.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
    Ok(db)
}

fn stored_data_key(home: &Home, wrap: &dyn KeyWrap) -> Result<Option<DataKey>, LedgerError> {
    match home.read_secret(&home.data_key_file())? {
        Some(wrapped) => Ok(Some(wrap.unwrap(&wrapped)?)),
        None => Ok(None),
    }
}

fn create_data_key(home: &Home, wrap: &dyn KeyWrap) -> Result<DataKey, LedgerError> {
    let key = DataKey::generate()?;
    let wrapped = zeroize::Zeroizing::new(wrap.wrap(&key)?);
    home.write_secret(&home.data_key_file(), &wrapped)?;
    Ok(key)
}
