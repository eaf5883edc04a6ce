//! What phones let the server hear of trust lists: after a backup was restored, they may hold a later
//! one than it knows to have signed. A record's word is a hint for staff, and nothing more: it is never
//! followed by itself, since any phone could write any number.

use super::store::heard;
use crate::Result;
use crate::database::{Stored, Transaction};
use crate::devices::DeviceId;
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ConnectionTrait, EntityTrait, QueryOrder};

/// A trust list that a phone says it holds and that this server never signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Heard {
    /// Its version.
    pub version: u64,
    /// The phone that signed so.
    pub device: DeviceId,
}

/// Notes that a device's own signed record names a later list than this server signed.
///
/// # Errors
/// [`crate::Error::Database`].
pub async fn hear_of(tx: &Transaction, version: u64, device: DeviceId) -> Result<()> {
    tracing::warn!(
        version,
        %device,
        "a phone holds a later trust list than this server signed: if the server was restored from a \
         backup, publish one beyond it with `trust publish --at-least`"
    );
    let row = heard::ActiveModel { version: Set(Stored(version)), device: Set(Stored(device.0)) };
    heard::Entity::insert(row)
        .on_conflict(OnConflict::column(heard::Column::Version).do_nothing().to_owned())
        .exec_without_returning(&**tx)
        .await?;
    Ok(())
}

/// The latest list that any phone said it holds, whether or not this server has signed it since.
///
/// # Errors
/// [`crate::Error::Database`].
pub async fn latest_heard(db: &impl ConnectionTrait) -> Result<Option<Heard>> {
    let row = heard::Entity::find().order_by_desc(heard::Column::Version).one(db).await?;
    Ok(row.map(|row| Heard { version: row.version.0, device: DeviceId(row.device.0) }))
}
