//! Whole stories of phones and an office, played from a seed, with everything going wrong that can.
//!
//! Both ends are the shipped code on real SQLite files; there is no second store. Chance alone, from
//! the seed, decides what staff do, what the network does to each request, where a process dies, whose
//! disk is full and what the clocks show (docs/simulation.md). Then all faults stop, every phone syncs until quiet, and
//! both ends must agree that nothing was lost and nothing is there twice.

mod actions;
mod backups;
mod crash_points;
mod faults;
mod field;
mod file_transfer;
mod invariants;
mod keys;
mod money;
pub mod network;
pub mod office;
mod office_actions;
mod phone;
mod quiesce;
mod random;
mod snapshots;
mod story;
mod template;
mod vouchers;
mod world;

pub use invariants::Tally;
pub use template::Template;

use network::Interceptor;
use world::World;

/// How often what is rare happened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Vouchers that the officer's phone issued.
    pub issued: usize,
    /// Times that a voucher under a delegation was served.
    pub delegated: usize,
    /// Times that a supervisor allowed what the phone refused.
    pub overridden: usize,
    /// Keys that were rotated, the root among them.
    pub rotated: usize,
    /// Times that a voucher was served which a thief signed with a key of the office.
    pub forged: usize,
    /// Keys that were declared compromised.
    pub compromised: usize,
}

impl Coverage {
    /// Adds what another story had.
    pub fn add(&mut self, other: Coverage) {
        self.issued += other.issued;
        self.delegated += other.delegated;
        self.overridden += other.overridden;
        self.rotated += other.rotated;
        self.forged += other.forged;
        self.compromised += other.compromised;
    }
}

/// A story that was played.
#[derive(Debug)]
pub struct Played {
    /// How often what is rare happened.
    pub coverage: Coverage,
    /// What it came to.
    pub tally: Tally,
    /// The invariants that it broke.
    pub broken: Vec<String>,
    pub history: Vec<String>,
}

impl Played {
    /// Whether the story put anything to the test: something was served, and something contested.
    #[must_use]
    pub fn counts(&self) -> bool {
        self.tally.redemptions > 0 && self.tally.conflicts > 0
    }
}

/// Plays the story of a seed, with `middle` between network and server.
#[must_use]
pub fn play(template: &Template, seed: u64, interceptor: Box<dyn Interceptor>) -> Played {
    let mut world = match World::new(template, seed, interceptor) {
        Ok(world) => world,
        Err(error) => {
            let tally = Tally::default();
            let coverage = Coverage::default();
            return Played { coverage, tally, broken: vec![error], history: Vec::new() };
        }
    };
    let checked =
        world.play().and_then(|()| world.quiesce()).and_then(|()| world.check_invariants());
    let tally = match checked {
        Ok(tally) => tally,
        Err(error) => {
            world.breach(error);
            Tally::default()
        }
    };
    Played { coverage: world.coverage, tally, broken: world.broken, history: world.history }
}
