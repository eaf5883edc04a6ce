//! The database: one SQLite file, or PostgreSQL where several processes share the work.
//!
//! One set of queries serves both. What differs between them stands here and nowhere else: how a
//! connection is opened, how a transaction that writes begins, and how writers take turns.

mod migration;
mod stored;

pub use migration::{Migration, ModuleSchema, Step, column, migrate};
pub use stored::{Storable, Stored};

use crate::{Error, Result, files};
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, SqliteTransactionMode,
    Statement, TransactionOptions, TransactionTrait,
};
use sqlx::ConnectOptions as _;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, OwnedMutexGuard};

/// What a writer keeps of the file in memory: the upper pages of every index, and more.
const WRITERS_CACHE: &str = "-32768"; // KiB, as SQLite has it

/// How long a writer waits for another process that writes to the same SQLite file.
const BUSY_TIMEOUT: Duration = Duration::from_secs(30);

/// Where the database is.
#[derive(Clone, PartialEq, Eq)]
pub enum Location {
    /// An SQLite file, made when it is not there.
    Sqlite(PathBuf),
    /// A PostgreSQL database: `postgres://user:password@host/name`.
    Postgres(String),
}

impl Location {
    /// Reads `sqlite:PATH` or a `postgres://` URL.
    ///
    /// # Errors
    /// [`Error::Invalid`] for anything else.
    pub fn parse(text: &str) -> Result<Self> {
        if let Some(path) = text.strip_prefix("sqlite:").filter(|path| !path.is_empty()) {
            return Ok(Location::Sqlite(PathBuf::from(path.strip_prefix("//").unwrap_or(path))));
        }
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            return Ok(Location::Postgres(text.to_owned()));
        }
        Err(Error::invalid(
            "the database is named by sqlite:PATH or postgres://user:password@host/name",
        ))
    }
}

/// Shows no password.
impl std::fmt::Debug for Location {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Location::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Location::Postgres(_) => f.write_str("postgres://…"),
        }
    }
}

/// An open database. Clones share its connections.
#[derive(Debug, Clone)]
pub struct Database {
    connection: DatabaseConnection,
    /// Where transactions begin. On SQLite that is one connection, since what a connection remembers
    /// of the file it forgets when another writes.
    writer: DatabaseConnection,
    /// Writers in this process take turns here, in order, instead of polling the file's lock.
    turn: Option<Arc<Mutex<()>>>,
}

/// A transaction that writes. Dropped without [`Transaction::commit`], it leaves nothing behind.
///
/// It stands for sea-orm's [`DatabaseTransaction`]: `&*transaction` goes wherever one is asked for.
#[derive(Debug)]
pub struct Transaction {
    // Before `turn`, so that a transaction given up is rolled back while the turn is still held.
    inner: DatabaseTransaction,
    _turn: Option<OwnedMutexGuard<()>>,
}

impl Database {
    /// Opens the database.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a URL that is none, [`Error::Unavailable`] when it cannot be opened.
    pub async fn open(location: &Location) -> Result<Self> {
        match location {
            Location::Sqlite(path) => Self::open_sqlite(path).await,
            Location::Postgres(url) => Self::open_postgres(url).await,
        }
    }

    async fn open_sqlite(path: &Path) -> Result<Self> {
        let options = Self::sqlite_options(path)?;
        let open = async |connections, options| {
            let pool = SqlitePoolOptions::new().max_connections(connections).connect_with(options);
            pool.await.map_err(|error| unavailable(&path.display().to_string(), &error))
        };
        let writer = open(1, options.clone().pragma("cache_size", WRITERS_CACHE)).await?;
        Ok(Database { writer: writer.into(), ..Self::over(open(8, options).await?) })
    }

    /// How connections to an SQLite file are opened; makes the file when it is not there.
    pub fn sqlite_options(path: &Path) -> Result<SqliteConnectOptions> {
        if !path.exists() {
            // SQLite would let the umask decide who reads vouchers, and gives its other files the
            // mode of the first.
            files::create_private(path)?;
        }
        Ok(SqliteConnectOptions::new()
            .filename(path)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(BUSY_TIMEOUT)
            .disable_statement_logging())
    }

    /// A database over connections that the caller opened with [`Database::sqlite_options`]: a
    /// simulation lets commits fail there, or the disk be full, or goes without fsync.
    #[must_use]
    pub fn over(connections: SqlitePool) -> Self {
        let connection = DatabaseConnection::from(connections);
        let turn = Some(Arc::new(Mutex::new(())));
        Database { writer: connection.clone(), connection, turn }
    }

    async fn open_postgres(url: &str) -> Result<Self> {
        let options = PgConnectOptions::from_str(url)
            .map_err(|_| Error::invalid("the PostgreSQL URL cannot be read"))?
            .disable_statement_logging();
        let host = options.get_host().to_owned();
        let pool = PgPoolOptions::new().max_connections(16).connect_with(options).await;
        let pool = pool.map_err(|error| unavailable(&format!("PostgreSQL at {host}"), &error))?;
        let connection = DatabaseConnection::from(pool);
        Ok(Database { writer: connection.clone(), connection, turn: None })
    }

    /// The connections for reading outside a transaction.
    #[must_use]
    pub fn reader(&self) -> &DatabaseConnection {
        &self.connection
    }

    /// Begins a transaction that writes: `BEGIN IMMEDIATE` on SQLite, where writers are alone; read
    /// committed on PostgreSQL, where constraints, row locks and [`Transaction::advisory_lock`] decide races.
    pub async fn begin(&self) -> Result<Transaction> {
        let turn = match &self.turn {
            Some(turn) => Some(turn.clone().lock_owned().await),
            None => None,
        };
        let inner = self
            .writer
            .begin_with_options(TransactionOptions {
                sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
                ..TransactionOptions::default()
            })
            .await?;
        Ok(Transaction { inner, _turn: turn })
    }

    /// Closes every connection once it is idle.
    pub async fn close(self) -> Result<()> {
        self.writer.close_by_ref().await?;
        Ok(self.connection.close().await?)
    }
}

impl Transaction {
    /// Commits: on disk when this returns.
    ///
    /// # Errors
    /// [`Error::Database`]; then nothing was written.
    pub async fn commit(self) -> Result<()> {
        Ok(self.inner.commit().await?)
    }

    /// Takes the advisory lock of this name, until the end of this transaction. For work that reads
    /// before it writes and may not be done twice at once.
    pub async fn advisory_lock(&self, name: &str) -> Result<()> {
        // On SQLite a writing transaction already is the only one.
        if self.inner.get_database_backend() == DbBackend::Postgres {
            let mut key = [0; 8];
            key.copy_from_slice(&protocol::Hash::of(name.as_bytes()).as_bytes()[..8]);
            let statement = Statement::from_sql_and_values(
                DbBackend::Postgres,
                "SELECT pg_advisory_xact_lock($1)",
                [i64::from_be_bytes(key).into()],
            );
            self.inner.execute_raw(statement).await?;
        }
        Ok(())
    }
}

impl std::ops::Deref for Transaction {
    type Target = DatabaseTransaction;
    fn deref(&self) -> &DatabaseTransaction {
        &self.inner
    }
}

fn unavailable(what: &str, error: &sqlx::Error) -> Error {
    Error::Unavailable(format!("the database ({what}) cannot be opened: {error}"))
}
