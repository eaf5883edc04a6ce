//! What both ends promise together, and what holds of the whole workspace.
#![allow(clippy::unwrap_used, clippy::panic, reason = "what cannot be unwrapped is a failed test")]

mod arrows;
mod broken_homes;
mod bundle;
mod by_reference;
mod camera;
mod delegation;
mod licences;
mod native_code;
mod overrides;
mod restored;
mod simulation;
mod stolen_keys;
mod threat_model;
mod vouchers;
mod workspace;
