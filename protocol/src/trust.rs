//! What a phone must trust: the chain of root documents and the trust list, after TUF 1.0.
//!
//! [`TrustFile`] is the one file that travels; [`TrustState::accept`] decides whether it may replace
//! what is held. Freshness is graded, never a wall.

mod file;
mod issued;
mod list;
mod root;

pub use file::{TrustFault, TrustFile, TrustState};
pub use issued::{IssuedSet, IssuedSetRef, IssuedSets, MAX_ISSUED};
pub use list::{
    AppMinimum, ForeignIssuer, Freshness, Grade, IssuerKey, KeyEnd, Programme, StatusListEntry,
    TooOldPolicy, TrustList,
};
pub use root::Root;
