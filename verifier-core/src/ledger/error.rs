//! Why the ledger cannot do what it is asked: few kinds, each with what to do.

use crate::home::HomeError;
use crate::ledger::KeyWrapError;
use crate::ledger::cipher::CipherFault;

/// A fault of the storage. Never a verdict: a voucher is not to blame for it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LedgerError {
    /// The home itself cannot be used.
    #[error(transparent)]
    Home(#[from] HomeError),
    /// There is no ledger to read.
    #[error("there is no ledger in this home yet: enrol this phone first")]
    Missing,
    /// Another program holds the database.
    #[error(
        "another program is working with this ledger: wait until it is done, or close it, and try again. Nothing was recorded"
    )]
    Busy,
    /// The ledger can be read and not written.
    #[error(
        "this ledger can be read and not written (read-only storage, or not your file): claims can be listed; to record, give this user write access to the home"
    )]
    ReadOnly,
    /// The storage is full.
    #[error(
        "the storage is full. Nothing was recorded: free some space (photos, other apps) and try again"
    )]
    Full,
    /// The files are damaged.
    #[error(
        "the ledger is damaged ({detail}). Nothing was recorded: do not delete it, copy the home away, and run doctor to see what can be read"
    )]
    Corrupt {
        /// What was found, for people who debug.
        detail: String,
    },
    /// A later version of the program wrote it.
    #[error(
        "the ledger was written by a newer version of this program (schema {found}, this one knows {known}): update the program"
    )]
    NewerSchema {
        /// The schema version of the file.
        found: i64,
        /// The highest that this program knows.
        known: i64,
    },
    /// The data key cannot be had.
    #[error("what is encrypted in the ledger cannot be opened: {0}")]
    DataKey(#[from] KeyWrapError),
    /// The chain was signed by another key than the one given.
    #[error(
        "this ledger belongs to another device key: put that key back, or enrol again with a new home"
    )]
    OtherDevice,
    /// The storage failed.
    #[error(
        "the storage failed ({detail}). Nothing was recorded: try again, and if it stays, copy the home to another place"
    )]
    Io {
        /// What was found, for people who debug.
        detail: String,
    },
}

impl LedgerError {
    /// A fault that [`LedgerError::Corrupt`] tells of.
    pub(super) fn corrupt(detail: impl Into<String>) -> Self {
        LedgerError::Corrupt { detail: detail.into() }
    }
}

impl From<rusqlite::Error> for LedgerError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode;
        let detail = error.to_string();
        let Some(failure) = error.sqlite_error() else {
            // A column held something that its type cannot be.
            return LedgerError::Corrupt { detail };
        };
        match failure.code {
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => LedgerError::Busy,
            ErrorCode::ReadOnly | ErrorCode::PermissionDenied => LedgerError::ReadOnly,
            ErrorCode::DiskFull => LedgerError::Full,
            ErrorCode::DatabaseCorrupt
            | ErrorCode::NotADatabase
            | ErrorCode::ConstraintViolation
            | ErrorCode::TypeMismatch => LedgerError::Corrupt { detail },
            _ if failure.extended_code == rusqlite::ffi::SQLITE_IOERR_SHORT_READ => {
                LedgerError::Corrupt { detail }
            }
            _ => LedgerError::Io { detail },
        }
    }
}

impl From<CipherFault> for LedgerError {
    fn from(fault: CipherFault) -> Self {
        match fault {
            CipherFault::Random => LedgerError::DataKey(KeyWrapError::Random),
            CipherFault::Altered => LedgerError::corrupt("an encrypted field does not open"),
        }
    }
}
