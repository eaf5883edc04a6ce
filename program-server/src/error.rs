//! Why something was not done, in words for the person who asked.

use std::path::{Path, PathBuf};

/// What went wrong. The words say what happened, what it means, and where they can what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// What was asked for cannot be done as it was asked.
    #[error("{0}")]
    Invalid(String),
    /// There is no such thing.
    #[error("there is no {what} {id}")]
    NotFound {
        /// The kind of thing.
        what: &'static str,
        /// Its id as it was given.
        id: String,
    },
    /// It stands in the way of something that is there already.
    #[error("{0}")]
    Conflict(String),
    /// Something outside is needed and cannot be reached now.
    #[error("{0}")]
    Unavailable(String),
    /// A file or folder cannot be read or written.
    #[error("{}: {source}", path.display())]
    File {
        path: PathBuf,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// The database refused or failed.
    #[error("the database: {0}")]
    Database(#[from] sea_orm::DbErr),
    /// Bytes are not what the protocol wants.
    #[error(transparent)]
    Protocol(#[from] protocol::Error),
    /// What is stored is inconsistent.
    #[error("stored data is inconsistent: {0}. Restore a backup, or ask for help")]
    Broken(String),
}

/// Result of the server's work.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// An [`Error::Invalid`] with these words.
    pub fn invalid(words: impl Into<String>) -> Self {
        Error::Invalid(words.into())
    }

    /// An [`Error::Conflict`] with these words.
    pub fn conflict(words: impl Into<String>) -> Self {
        Error::Conflict(words.into())
    }

    /// An [`Error::Broken`] with these words.
    pub fn broken(words: impl Into<String>) -> Self {
        Error::Broken(words.into())
    }

    pub fn not_found(what: &'static str, id: &(impl ToString + ?Sized)) -> Self {
        Error::NotFound { what, id: id.to_string() }
    }

    /// Turns a failure of the file system into an error that names the file.
    pub fn file(path: &Path) -> impl FnOnce(std::io::Error) -> Self + '_ {
        move |source| Error::File { path: path.to_owned(), source }
    }

    /// Whether a UNIQUE constraint or a primary key refused the row.
    #[must_use]
    pub fn is_unique_violation(&self) -> bool {
        matches!(self, Error::Database(error)
            if matches!(error.sql_err(), Some(sea_orm::SqlErr::UniqueConstraintViolation(_))))
    }

    /// Whether PostgreSQL rolled a transaction back for a deadlock or a serialization failure. A
    /// retry may well succeed.
    #[must_use]
    pub fn is_deadlock(&self) -> bool {
        use sea_orm::{DbErr, RuntimeErr};
        let Error::Database(
            DbErr::Exec(RuntimeErr::SqlxError(error)) | DbErr::Query(RuntimeErr::SqlxError(error)),
        ) = self
        else {
            return false;
        };
        // Class 40 of SQLSTATE: transaction rollback (deadlock_detected, serialization_failure).
        let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
        code.is_some_and(|code| code.starts_with("40"))
    }
}
