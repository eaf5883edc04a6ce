//! What phones and providers may rely on, over HTTP, on both databases.

mod bundles;
mod by_reference;
mod claims;
mod delegations;
mod devices;
mod documents;
pub mod office;
mod phone;
mod provider;
mod public;
mod restored;
mod strange;
mod sync;
mod trust;
