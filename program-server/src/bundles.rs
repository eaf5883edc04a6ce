//! Bundles: what travels between phones and this server in files, where there is no network.
//!
//! A file from a phone is taken in by the same calls as what comes over HTTP: enrolment, records and
//! documents each by their own module. What those would have answered goes back in a file that is sealed
//! to a key which the phone names under its signature. Whoever carries the files reads nothing, and
//! may bring them in any order and as often as they like.

mod answer;
mod import;
mod routes;

pub use answer::{AnswerFile, answer};
pub use import::{ImportError, ImportedBundle, Tally, import};
pub use routes::{PATH, router};
