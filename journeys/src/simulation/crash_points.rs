//! Crash points: a commit hook that lets a number of commits pass and undoes every one after them. What a
//! process committed before it died is there; what came after never was.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// How many commits still pass. Clones are the same crash point.
#[derive(Debug, Clone)]
pub struct CrashPoint(Arc<AtomicI64>);

/// A crash point at which nothing dies.
const DISARMED: i64 = i64::MAX;

/// A crash point that undid a commit.
const HIT: i64 = -1;

impl Default for CrashPoint {
    fn default() -> Self {
        CrashPoint(Arc::new(AtomicI64::new(DISARMED)))
    }
}

impl CrashPoint {
    pub fn disarm(&self) {
        self.0.store(DISARMED, Ordering::SeqCst);
    }

    /// Lets so many commits pass and none after them.
    pub fn arm(&self, commits: u32) {
        self.0.store(i64::from(commits), Ordering::SeqCst);
    }

    pub fn allows_commit(&self) -> bool {
        match self.0.load(Ordering::SeqCst) {
            DISARMED => true,
            left if left > 0 => {
                self.0.store(left - 1, Ordering::SeqCst);
                true
            }
            _ => {
                self.0.store(HIT, Ordering::SeqCst);
                false
            }
        }
    }

    /// Whether it undid a commit, so that the process behind it is dead.
    #[must_use]
    pub fn was_hit(&self) -> bool {
        self.0.load(Ordering::SeqCst) == HIT
    }
}
