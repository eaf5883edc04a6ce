//! What every module works with: the database, the keys, the configuration and the clock.

use crate::config::{Config, Home};
use crate::database::{Database, migrate};
use crate::keys::KeyRing;
use crate::{Result, files, module_schemas, trust};
use protocol::Timestamp;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

/// The running server, shared by requests and commands. Clones are the same server.
#[derive(Clone)]
pub struct App {
    pub home: Home,
    pub config: Arc<Config>,
    /// The database, its schema up to date.
    pub db: Database,
    pub keys: KeyRing,
    pub clock: Clock,
    /// The trust file that was read last.
    pub(crate) trust_cache: trust::TrustCache,
}

impl App {
    /// Makes a new server in `home`. The configuration is written last: stopped before that, it
    /// can be made again in the same folder.
    ///
    /// # Errors
    /// [`crate::Error::Conflict`] when there is a server already, and whatever hinders its making.
    pub async fn init(home: Home, config: Config, clock: Clock) -> Result<Self> {
        if home.is_initialised()? {
            return Err(crate::Error::Conflict(format!(
                "{} is a server's home already; nothing was changed",
                home.folder().display()
            )));
        }
        files::private_folder(home.folder())?;
        files::private_folder(&home.keys())?;
        files::private_folder(&home.documents())?;
        let app = Self::with(home, config, clock).await?;
        app.config.write(&app.home)?;
        Ok(app)
    }

    /// Opens the server in `home`; a schema of an earlier release is brought up to date.
    ///
    /// # Errors
    /// Whatever hinders it, in words.
    pub async fn open(home: Home, clock: Clock) -> Result<Self> {
        let config = Config::read(&home)?;
        Self::with(home, config, clock).await
    }

    /// Opens the server in `home` over a database that the caller opened; the one that the
    /// configuration names is left alone.
    ///
    /// # Errors
    /// As [`App::open`].
    pub async fn open_over(home: Home, clock: Clock, db: Database) -> Result<Self> {
        let config = Config::read(&home)?;
        Self::over(home, config, clock, db).await
    }

    async fn with(home: Home, config: Config, clock: Clock) -> Result<Self> {
        let db = Database::open(&config.location(&home)?).await?;
        Self::over(home, config, clock, db).await
    }

    async fn over(home: Home, config: Config, clock: Clock, db: Database) -> Result<Self> {
        migrate(&db, &module_schemas()).await?;
        let keys = KeyRing::at(home.keys());
        let trust_cache = trust::TrustCache::default();
        Ok(App { home, config: Arc::new(config), db, keys, clock, trust_cache })
    }

    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

#[derive(Debug, Clone)]
pub struct Clock(Source);

#[derive(Debug, Clone)]
enum Source {
    System,
    Set(Arc<AtomicU64>),
}

impl Clock {
    #[must_use]
    pub fn system() -> Self {
        Clock(Source::System)
    }

    /// A clock that stands at `time` until it is set; clones stay together.
    #[must_use]
    pub fn standing_at(time: Timestamp) -> Self {
        Clock(Source::Set(Arc::new(AtomicU64::new(time.as_seconds()))))
    }

    /// Sets a standing clock. The machine's clock is not touched.
    pub fn set(&self, time: Timestamp) {
        if let Clock(Source::Set(seconds)) = self {
            seconds.store(time.as_seconds(), Ordering::SeqCst);
        }
    }

    #[must_use]
    pub fn now(&self) -> Timestamp {
        let seconds = match self {
            Clock(Source::System) => SystemTime::now()
                .duration_since(SystemTime::UNIX_EPOCH)
                .map_or(0, |since| since.as_secs()),
            Clock(Source::Set(seconds)) => seconds.load(Ordering::SeqCst),
        };
        Timestamp::from_seconds(seconds).unwrap_or(Timestamp::MAX)
    }
}
