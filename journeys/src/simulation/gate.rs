//! Crash points: a gate that every commit of a database goes through, and that shuts after a number
//! of them. What a process committed before it died is there; what came after never was.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// How many commits still pass. Clones are the same gate.
#[derive(Debug, Clone)]
pub struct Gate(Arc<AtomicI64>);

/// A gate that lets everything pass.
const OPEN: i64 = i64::MAX;

/// A gate that stopped a commit.
const STOPPED: i64 = -1;

impl Default for Gate {
    fn default() -> Self {
        Gate(Arc::new(AtomicI64::new(OPEN)))
    }
}

impl Gate {
    /// Lets everything pass.
    pub fn open(&self) {
        self.0.store(OPEN, Ordering::SeqCst);
    }

    /// Lets so many commits pass and none after them.
    pub fn shut_after(&self, commits: u32) {
        self.0.store(i64::from(commits), Ordering::SeqCst);
    }

    /// Whether a commit may pass.
    pub fn passes(&self) -> bool {
        match self.0.load(Ordering::SeqCst) {
            OPEN => true,
            left if left > 0 => {
                self.0.store(left - 1, Ordering::SeqCst);
                true
            }
            _ => {
                self.0.store(STOPPED, Ordering::SeqCst);
                false
            }
        }
    }

    /// Whether it stopped a commit, so that the process behind it is dead.
    #[must_use]
    pub fn has_stopped(&self) -> bool {
        self.0.load(Ordering::SeqCst) == STOPPED
    }
}
