//! What travels between phone, server and switch, and its checks.
//!
//! Formats are fixed in `docs/protocol.md`. This crate does no I/O and has no clock: bytes and
//! times come in as values, and what comes out is a value or an [`Error`] with a stable code.
//! Every decoder first runs the byte-level validator of [`cbor`]; every signed object is opened by
//! [`cose`], which checks the signature before a claim is looked at.
#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod ack;
pub mod authenticity;
pub mod bundle;
pub mod cbor;
pub mod cose;
pub mod delegation;
pub mod enrolment;
mod error;
mod fields;
pub mod hash;
pub mod id;
pub mod key;
pub mod money;
pub mod openg2p;
pub mod printed;
pub mod profile;
pub mod record;
pub mod seal;
pub mod session;
pub mod status;
pub mod time;
pub mod trust;
pub mod voucher;

pub use error::{Error, Result};
pub use hash::Hash;
pub use money::{Benefit, Currency, GoodsLine, Money, Quantity};
pub use time::{Span, Timestamp};
