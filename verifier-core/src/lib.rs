//! The phone's engine: decide, record, sync.
//!
//! Text comes in and a [`verdict`] comes out; what staff do is recorded in the [`ledger`]; [`sync`]
//! carries it to the server when there is a network. The engine does no network I/O and reads no
//! clock: both come in as values.

#![warn(missing_docs)]

pub mod bundle;
pub mod clock;
pub mod device_key;
pub mod ffi;
pub mod home;
pub mod ledger;
pub mod sync;
mod trust;
pub mod verdict;
pub mod verifier;
pub mod vouchers;

use ffi::UniFfiTag;
