//! Service providers and their groups: whom a voucher may name, and who serves which programme.
//!
//! Providers and groups share one space of ids, since a voucher's `aud` names either.

mod store;
pub mod supervisors;

pub use store::schema;

use crate::database::Transaction;
use crate::programmes::{self, check_name};
use crate::{Error, Result};
use protocol::id::{Audience, ProgrammeId, ProviderId};
use sea_orm::ConnectionTrait;

/// A pharmacy, hospital or shop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provider {
    pub id: ProviderId,
    /// Its name, for people.
    pub name: String,
    /// The groups it belongs to, in the order of their ids.
    pub groups: Vec<Audience>,
    /// The programmes whose vouchers it serves, in the order of their ids.
    pub programmes: Vec<ProgrammeId>,
    /// The name on the account that reimbursements go to.
    pub account_name: Option<String>,
}

impl Provider {
    /// Whether a voucher that names this audience may be served here.
    #[must_use]
    pub fn serves(&self, audience: Option<&Audience>) -> bool {
        audience.is_none_or(|audience| audience.is(&self.id) || self.groups.contains(audience))
    }
}

/// Adds a provider; groups that are new are added with their ids as names.
///
/// # Errors
/// [`Error::Conflict`] when the id is taken, [`Error::NotFound`] for a programme that is not there,
/// [`Error::Invalid`] for a provider that serves no programme or is named as a group.
pub async fn add(tx: &Transaction, provider: &Provider) -> Result<()> {
    check_name(&provider.name)?;
    if let Some(name) = &provider.account_name {
        check_name(name)?;
    }
    if provider.programmes.is_empty() {
        return Err(Error::invalid("a provider serves at least one programme"));
    }
    for programme in &provider.programmes {
        programmes::get(&**tx, programme).await?;
    }
    tx.advisory_lock("audiences").await?;
    if store::name(&**tx, &provider.id.clone().into()).await?.is_some() {
        return Err(Error::Conflict(format!(
            "there is a provider or group {} already",
            provider.id
        )));
    }
    for group in &provider.groups {
        if store::find(&**tx, &group.as_provider()).await?.is_some() || group.is(&provider.id) {
            return Err(Error::Invalid(format!("{group} is a provider and no group")));
        }
    }
    store::insert(&**tx, provider).await
}

/// Every provider, in the order of their ids.
pub async fn all(db: &impl ConnectionTrait) -> Result<Vec<Provider>> {
    store::all(db).await
}

/// The provider with this id.
pub async fn get(db: &impl ConnectionTrait, id: &ProviderId) -> Result<Provider> {
    store::find(db, id).await?.ok_or_else(|| Error::not_found("provider", id))
}

/// The name of the provider or group with this id.
pub async fn audience_name(db: &impl ConnectionTrait, id: &Audience) -> Result<String> {
    store::name(db, id).await?.ok_or_else(|| Error::not_found("provider or group", id))
}

/// The providers that a voucher with this audience may be served by: the one it names, or the
/// members of the group.
pub async fn members(db: &impl ConnectionTrait, audience: &Audience) -> Result<Vec<Provider>> {
    match store::find(db, &audience.as_provider()).await? {
        Some(provider) => Ok(vec![provider]),
        None => store::members(db, audience).await,
    }
}
