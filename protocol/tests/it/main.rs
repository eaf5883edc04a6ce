//! What the protocol promises, as properties and by example. Single faults, one by one, are vectors:
//! see `vectors.rs`.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

mod authenticity;
mod bundle;
mod cbor;
mod days;
mod delegation;
mod envelopes;
mod issued;
mod keys;
mod money;
mod never_panics;
mod objects;
mod openg2p;
mod printed;
mod status;
mod text;
mod trust;
mod vectors;
