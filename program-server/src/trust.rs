//! What phones trust: the root ceremony, the office's keys, the trust list and the status lists.
//!
//! The trust list is put together from what the modules have and signed anew whenever that changed or
//! the list has grown a day old; every version is stored whole before anyone gets it. Status lists
//! are signed when they are asked for and something changed.

mod ceremony;
mod compromise;
mod keys;
mod limits;
mod observed;
mod publication;
mod root;
mod sealing;
mod status;
mod store;

pub use ceremony::{Ceremony, CeremonyReport, perform_ceremony};
pub use compromise::{Compromised, compromise, issued_set_file, payloads_of_texts};
pub use keys::{
    Foreign, Rotated, TrustedKey, add_foreign_issuer, add_issuer_key, key, keys, next_second,
    retire, rotate, signer,
};
pub use limits::{EndedDelegation, Limits, end_delegation, ended_delegations, limits, set_limits};
pub use observed::{ObservedTrustVersion, latest_observed_version, record_observed_version};
pub use publication::{
    Published, TrustCache, current, current_file, issue_times, publish, publish_at_least, root_hash,
};
pub use root::{RootChange, RootReport, rotate_root};
pub use sealing::{SealingKeyState, add_sealing_key, destroy_sealing_key, sealing_keys, unsealing};
pub use status::{
    RevocationState, allocate_indices, create_reserved_list, mark_redeemed, published_tokens,
    reserve_range, set_revocation, status_address, status_lists, status_token, statuses,
};
pub use store::schema;

use protocol::Hash;

/// Signed bytes as they are served, with the validator for caches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntityBody {
    pub bytes: Vec<u8>,
    /// A strong entity tag (RFC 9110 §8.8.3), quotes included.
    pub etag: String,
}

impl EntityBody {
    fn new(bytes: Vec<u8>) -> Self {
        let etag = format!("\"{}\"", Hash::of(&bytes));
        EntityBody { bytes, etag }
    }
}
