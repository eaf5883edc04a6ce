//! What the engine promises, on real files and through its public calls.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests fail as tests do"
)]

mod bundle;
mod by_reference;
mod clock;
mod issuing;
mod ledger;
mod restored;
mod supervisor;
mod sync;
mod trust_in_motion;
mod vectors;
mod verdict;
mod vouchers;
