//! Versions of trust lists that phones observed: after a backup was restored, phones may have a later
//! one than the server knows to have signed. A record's word is a hint for staff, and nothing more: it is never
//! followed by itself, since any phone could write any number.

use super::store::observed;
use crate::Result;
use crate::database::{Stored, Transaction};
use crate::devices::DeviceId;
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ConnectionTrait, EntityTrait, QueryOrder};

/// A trust list that a phone says it has and that this server never signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ObservedTrustVersion {
    pub version: u64,
    /// The phone that signed so.
    pub device: DeviceId,
}

/// Notes that a device's own signed record names a later list than this server signed.
pub async fn record_observed_version(
    tx: &Transaction,
    version: u64,
    device: DeviceId,
) -> Result<()> {
    tracing::warn!(
        version,
        %device,
        "a phone has a later trust list than this server signed: if the server was restored from a \
         backup, publish one beyond it with `trust publish --at-least`"
    );
    let row =
        observed::ActiveModel { version: Set(Stored(version)), device: Set(Stored(device.0)) };
    observed::Entity::insert(row)
        .on_conflict(OnConflict::column(observed::Column::Version).do_nothing().to_owned())
        .exec_without_returning(&**tx)
        .await?;
    Ok(())
}

/// The latest list that any phone said it has, whether or not this server has signed it since.
pub async fn latest_observed_version(
    db: &impl ConnectionTrait,
) -> Result<Option<ObservedTrustVersion>> {
    let row = observed::Entity::find().order_by_desc(observed::Column::Version).one(db).await?;
    Ok(row
        .map(|row| ObservedTrustVersion { version: row.version.0, device: DeviceId(row.device.0) }))
}
