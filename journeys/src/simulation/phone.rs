//! A phone's end: the shipped engine on an SQLite file of its own, with clocks that can lie.

use super::crash_points::CrashPoint;
use protocol::id::{BootId, ChainId, ClaimId};
use protocol::key::{Ed25519Key, P256Key, PublicKey, Signer};
use protocol::record::Monotonic;
use protocol::{Hash, Span, Timestamp};
use rusqlite::config::DbConfig;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use verifier_core::clock::DeviceClock;
use verifier_core::device_key::DeviceKey;
use verifier_core::home::Home;
use verifier_core::ledger::{KeyInFile, Ledger, LedgerError};
use verifier_core::sync::{HttpRequest, HttpResponse, Step, SyncReport, SyncRun, TransportFailure};
use verifier_core::verifier::{EngineError, Verifier};

/// A record that the phone said was on its disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    pub chain: ChainId,
    pub sequence: u64,
    /// The digest of the record's header.
    pub hash: Hash,
    pub action: Action,
}

/// What a record did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Served the voucher at this place among those of the story.
    Served {
        /// The claim that it made.
        claim: ClaimId,
        voucher: usize,
        /// Whether a supervisor allowed it.
        overridden: bool,
    },
    /// Took a claim back.
    Voided(ClaimId),
    /// Added a document to a claim.
    Attached(ClaimId),
    /// Issued the voucher at this place among those of the story.
    Issued {
        voucher: usize,
    },
    Refused,
}

/// Clocks as a device has them.
#[derive(Debug, Clone)]
pub struct Clocks {
    /// How far the clock that people can set is ahead, in seconds.
    pub ahead: i64,
    /// Which boot this is.
    pub boot: BootId,
    /// When it began.
    pub booted: Timestamp,
}

impl Clocks {
    /// The right time, in a boot that began then.
    #[must_use]
    pub fn new(boot: [u8; 16], booted: Timestamp) -> Self {
        Clocks { ahead: 0, boot: BootId::from_bytes(boot), booted }
    }

    /// What they say at this moment.
    #[must_use]
    pub fn at(&self, now: Timestamp) -> DeviceClock {
        let shift = Span::seconds(self.ahead.unsigned_abs());
        let time = if self.ahead < 0 { now.before(shift) } else { now.after(shift) };
        let millis = now.since(self.booted).as_seconds() * 1000 + 20_000;
        DeviceClock { time, monotonic: Monotonic { millis, boot: self.boot } }
    }
}

/// The key of a phone, by the seed that it is kept as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seed {
    /// A desktop's.
    Ed25519([u8; 32]),
    /// A phone's.
    P256([u8; 32]),
}

pub struct Phone {
    pub name: String,
    pub provider: &'static str,
    pub dir: PathBuf,
    seed: Seed,
    /// The offer that it has yet to take up.
    pub offer: Option<String>,
    pub clocks: Clocks,
    pub crash_point: CrashPoint,
    /// Pages by which the database may still grow, while the disk is full.
    pub room: Option<u32>,
    /// The engine, while the program runs.
    pub verifier: Option<Verifier>,
    /// The sync under way.
    pub run: Option<SyncRun>,
    /// Records that it said were on its disk.
    pub said: Vec<Said>,
    /// Whether it has no network, and files are carried for it.
    pub by_file: bool,
    /// Records that it held before a backup was put back.
    pub gone: BTreeSet<Vec<u8>>,
}

/// What came of asking the engine for something.
pub enum Asked<T> {
    Did(T),
    /// It said why not; the program goes on.
    Told(EngineError),
    /// The program died over it.
    Died,
}

/// What a request comes to at the phone.
pub type TransportResult = Result<HttpResponse, TransportFailure>;

/// What came of one step of a sync.
pub enum Stepped {
    /// No sync is under way.
    Idle,
    /// A request was sent, and its answer or failure taken.
    Sent(HttpRequest),
    Waited,
    /// The sync is over.
    Over(SyncReport),
    /// The storage was full, and the sync is over.
    Broke(EngineError),
    /// The program died over it.
    Died,
}

impl Phone {
    /// A phone whose program does not run yet.
    #[must_use]
    pub fn new(name: &str, provider: &'static str, dir: &Path, seed: Seed, clocks: Clocks) -> Self {
        Phone {
            name: name.to_owned(),
            provider,
            dir: dir.to_owned(),
            seed,
            offer: None,
            clocks,
            crash_point: CrashPoint::default(),
            room: None,
            verifier: None,
            run: None,
            said: Vec::new(),
            by_file: false,
            gone: BTreeSet::new(),
        }
    }

    /// Its public key.
    ///
    /// # Errors
    /// When the seed is none.
    pub fn public_key(&self) -> Result<PublicKey, String> {
        Ok(self.key()?.public_key())
    }

    /// Its key, as whoever has its files has it.
    ///
    /// # Errors
    /// When the seed is none.
    pub fn key(&self) -> Result<Box<dyn Signer + Send>, String> {
        self.seed.key()
    }

    /// Starts the program. Gives whether it runs: a full disk or a crash point may keep it from that.
    ///
    /// # Errors
    /// When it does not start for another reason.
    pub fn start(&mut self) -> Result<bool, String> {
        self.stop();
        match self.opened() {
            Ok(verifier) => {
                self.verifier = Some(verifier);
                Ok(true)
            }
            Err(error) if self.is_excused(&error) => {
                self.crash_point.disarm();
                Ok(false)
            }
            Err(error) => Err(format!("phone {} does not start: {error}", self.name)),
        }
    }

    /// Ends the program, as a kill does: what was begun is gone.
    pub fn stop(&mut self) {
        self.run = None;
        self.verifier = None;
    }

    /// Asks the engine for something that may write. Only a crash point and a full disk excuse that
    /// it is not done for want of storage.
    ///
    /// # Errors
    /// When the storage failed without excuse.
    pub fn ask<T>(
        &mut self,
        work: impl FnOnce(&mut Verifier) -> Result<T, EngineError>,
    ) -> Result<Option<Asked<T>>, String> {
        let Some(verifier) = &mut self.verifier else { return Ok(None) };
        let done = work(verifier);
        if self.crash_point.was_hit() {
            self.stop();
            self.crash_point.disarm();
            return Ok(Some(Asked::Died));
        }
        match done {
            Ok(done) => Ok(Some(Asked::Did(done))),
            Err(error @ (EngineError::Ledger(_) | EngineError::Home(_)))
                if !self.is_excused(&error) =>
            {
                Err(format!("phone {}: {error}", self.name))
            }
            Err(error) => Ok(Some(Asked::Told(error))),
        }
    }

    /// Takes the sync under way one step on; `send` is the network.
    ///
    /// # Errors
    /// When the storage failed without excuse, or the network cannot go on.
    pub fn step(
        &mut self,
        now: Timestamp,
        send: &mut dyn FnMut(&HttpRequest) -> Result<TransportResult, String>,
    ) -> Result<Stepped, String> {
        let Some(mut run) = self.run.take() else { return Ok(Stepped::Idle) };
        let clock = self.clocks.at(now);
        let request = match self.ask(|verifier| run.next(verifier))? {
            None => return Ok(Stepped::Idle),
            Some(Asked::Died) => return Ok(Stepped::Died),
            Some(Asked::Told(error)) => return Ok(Stepped::Broke(error)),
            Some(Asked::Did(Step::Done(report))) => return Ok(Stepped::Over(report)),
            Some(Asked::Did(Step::Wait(_))) => {
                self.run = Some(run);
                return Ok(Stepped::Waited);
            }
            Some(Asked::Did(Step::Send(request))) => request,
        };
        let answer = send(&request)?;
        Ok(match self.ask(|verifier| run.answer(verifier, answer, clock))? {
            None => Stepped::Idle,
            Some(Asked::Died) => Stepped::Died,
            Some(Asked::Told(error)) => Stepped::Broke(error),
            Some(Asked::Did(())) => {
                self.run = Some(run);
                Stepped::Sent(request)
            }
        })
    }

    fn opened(&self) -> Result<Verifier, EngineError> {
        let key = Key(self.seed.key().map_err(|_| EngineError::NoRandomness)?);
        let (crash_point, room) = (self.crash_point.clone(), self.room);
        let home = Home::open(&self.dir)?;
        let ledger = Ledger::open_prepared(home, &KeyInFile, &key.0.public_key(), move |db| {
            db.pragma_update(None, "synchronous", "OFF")?;
            // A killed program leaves its log behind.
            db.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
            if let Some(room) = room {
                let pages: i64 = db.pragma_query_value(None, "page_count", |row| row.get(0))?;
                let limit = format!("PRAGMA max_page_count = {}", pages + i64::from(room));
                db.query_row(&limit, [], |_| Ok(()))?;
            }
            db.commit_hook(Some(move || !crash_point.allows_commit()))?;
            Ok(())
        })?;
        Verifier::new(ledger, Box::new(key))
    }

    fn is_excused(&self, error: &EngineError) -> bool {
        let full = matches!(error, EngineError::Ledger(LedgerError::Full));
        self.crash_point.was_hit() || (full && self.room.is_some())
    }
}

impl Seed {
    /// The key.
    ///
    /// # Errors
    /// When the seed is none.
    pub fn key(self) -> Result<Box<dyn Signer + Send>, String> {
        Ok(match self {
            Seed::Ed25519(seed) => Box::new(Ed25519Key::from_seed(&seed)),
            Seed::P256(scalar) => {
                Box::new(P256Key::from_scalar(&scalar).map_err(|error| error.to_string())?)
            }
        })
    }
}

/// A device key in memory.
struct Key(Box<dyn Signer + Send>);

impl Signer for Key {
    fn public_key(&self) -> PublicKey {
        self.0.public_key()
    }

    fn sign(&self, message: &[u8]) -> protocol::Result<Vec<u8>> {
        self.0.sign(message)
    }
}

impl DeviceKey for Key {
    fn kept(&self) -> String {
        "in memory".to_owned()
    }
}
