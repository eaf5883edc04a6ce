//! Delegations: what field officers' phones may issue where there is no network, and what they did.
//!
//! A delegation is signed beforehand, with a number of vouchers, a total and a window. The phone
//! sends a record of each voucher that it issued; only then the voucher is in the register, and a claim
//! on it goes on. So the programme never pays more than it delegated.

mod grant;
mod intake;
mod store;

pub use grant::{Grant, Granted, grant};
pub use intake::{ReportRefusal, keep_served, register_on_staff_decision, report};
pub use store::schema;

use crate::devices::DeviceId;
use crate::{Error, Result, trust};
use protocol::cose::{ObjectType, Sign1};
use protocol::delegation::Delegation;
use protocol::key::Kid;
use protocol::{Benefit, Hash, Timestamp};
use sea_orm::ConnectionTrait;

/// A delegation as the office keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// The digest by which it is known.
    pub hash: Hash,
    pub delegation: Delegation,
    /// The device that issues.
    pub device: DeviceId,
    /// How many vouchers were reported.
    pub reported: u32,
    /// What they give together; nothing before the first.
    pub given: Option<Benefit>,
    /// When it was ended, if it was.
    pub ended: Option<Timestamp>,
    signed: Vec<u8>,
}

/// A delegated voucher that oversteps its delegation's limits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    pub number: u32,
    /// The stable code of what is wrong.
    pub code: String,
    /// The record that shows it.
    pub record: Hash,
    /// When it came in.
    pub received: Timestamp,
}

/// Every delegation, the first granted first.
pub async fn all(db: &impl ConnectionTrait) -> Result<Vec<Kept>> {
    let mut kept = store::all(db).await?;
    for ended in trust::ended_delegations(db).await? {
        for one in kept.iter_mut().filter(|one| one.hash == ended.hash) {
            one.ended = Some(ended.ended);
        }
    }
    Ok(kept)
}

/// The one delegation whose hash begins with these hexadecimal digits.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Invalid`] when several do, [`Error::Database`].
pub async fn find(db: &impl ConnectionTrait, prefix: &str) -> Result<Kept> {
    let wanted = prefix.to_ascii_lowercase();
    let mut found = all(db)
        .await?
        .into_iter()
        .filter(|kept| !wanted.is_empty() && kept.hash.to_string().starts_with(&wanted));
    match (found.next(), found.next()) {
        (Some(kept), None) => Ok(kept),
        (Some(_), Some(_)) => Err(Error::Invalid(format!(
            "several delegations begin with {prefix}: give more digits"
        ))),
        (None, _) => Err(Error::not_found("delegation", &prefix)),
    }
}

/// The violations of a delegation, the first first.
pub async fn violations(db: &impl ConnectionTrait, delegation: Hash) -> Result<Vec<Violation>> {
    store::violations(db, delegation).await
}

/// The signed delegations under which a device may issue now or later, for its profile.
pub async fn of_device(
    db: &impl ConnectionTrait,
    device: DeviceId,
    now: Timestamp,
) -> Result<Vec<Vec<u8>>> {
    let usable = |kept: &Kept| kept.ended.is_none() && now < kept.delegation.until;
    let kept = all(db).await?.into_iter();
    Ok(kept.filter(|kept| kept.device == device && usable(kept)).map(|kept| kept.signed).collect())
}

/// The payloads of every delegation that was signed with the key of this id, of those issued before
/// `before` where a time is given.
///
/// # Errors
/// [`Error::Database`], [`Error::Protocol`] when stored bytes are damaged.
pub async fn payloads_signed_with(
    db: &impl ConnectionTrait,
    kid: Kid,
    before: Option<Timestamp>,
) -> Result<Vec<Hash>> {
    let mut payloads = Vec::new();
    for kept in all(db).await? {
        let signed = Sign1::parse(ObjectType::Delegation, &kept.signed)?;
        if signed.kid() == kid && before.is_none_or(|before| kept.delegation.issued < before) {
            payloads.push(kept.hash);
        }
    }
    Ok(payloads)
}

/// When a delegation was ended, if it was.
pub async fn ended(db: &impl ConnectionTrait, hash: Hash) -> Result<Option<Timestamp>> {
    let ended = trust::ended_delegations(db).await?;
    Ok(ended.into_iter().find(|ended| ended.hash == hash).map(|ended| ended.ended))
}
