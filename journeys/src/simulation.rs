//! Whole stories of phones and an office, played from a seed, with everything going wrong that can.
//!
//! Both ends are the shipped code on real SQLite files; there is no second store. Chance alone, from
//! the seed, decides what staff do, what the network does to each request, where a process dies, whose
//! disk is full and what the clocks show (docs/simulation.md). Then all faults stop, every phone syncs until quiet, and
//! both ends must agree that nothing was lost and nothing is there twice.

mod backups;
mod bureau;
mod carriage;
mod deeds;
mod finale;
mod gate;
mod mishaps;
pub mod network;
pub mod office;
mod phone;
mod random;
mod reckoning;
mod story;
mod template;
mod world;

pub use reckoning::Tally;
pub use template::Template;

use network::Middle;
use world::World;

/// A story that was played.
#[derive(Debug)]
pub struct Played {
    /// What it came to.
    pub tally: Tally,
    /// The promises that it broke.
    pub broken: Vec<String>,
    /// What happened.
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
pub fn play(template: &Template, seed: u64, middle: Box<dyn Middle>) -> Played {
    let mut world = match World::new(template, seed, middle) {
        Ok(world) => world,
        Err(error) => {
            let tally = Tally::default();
            return Played { tally, broken: vec![error], history: Vec::new() };
        }
    };
    let reckoned = world.play().and_then(|()| world.end_faults()).and_then(|()| world.reckon());
    let tally = match reckoned {
        Ok(tally) => tally,
        Err(error) => {
            world.breach(error);
            Tally::default()
        }
    };
    Played { tally, broken: world.broken, history: world.history }
}
