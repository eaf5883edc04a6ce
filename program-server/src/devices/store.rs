//! The tables of the module, and the queries over them.

use super::{Device, DeviceId, DeviceStatus};
use crate::Result;
use crate::database::{Migration, ModuleSchema, Step, Storable, Stored, Transaction, column};
use protocol::id::ProviderId;
use protocol::key::Kid;
use protocol::{Hash, Timestamp};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Index, Table};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect,
};

mod offer {
    use crate::database::Stored;
    use protocol::id::ProviderId;
    use protocol::{Hash, Timestamp};
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "enrolment_offers")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub code_hash: Stored<Hash>,
        pub provider: Stored<ProviderId>,
        pub origin: String,
        pub root: Stored<Hash>,
        pub expires: Stored<Timestamp>,
        pub used_by: Option<Stored<Hash>>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

mod device {
    use super::super::DeviceStatus;
    use crate::database::Stored;
    use protocol::id::ProviderId;
    use protocol::key::{Kid, PublicKey};
    use protocol::{Hash, Timestamp};
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "devices")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub thumbprint: Stored<Hash>,
        pub kid: Stored<Kid>,
        pub key: Stored<PublicKey>,
        pub provider: Stored<ProviderId>,
        pub status: Stored<DeviceStatus>,
        pub enrolled: Stored<Timestamp>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

mod challenge {
    use crate::database::Stored;
    use protocol::{Hash, Timestamp};
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "session_challenges")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub nonce_hash: Stored<Hash>,
        pub expires: Stored<Timestamp>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

mod session {
    use crate::database::Stored;
    use protocol::{Hash, Timestamp};
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "sessions")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub token_hash: Stored<Hash>,
        pub device: Stored<Hash>,
        pub expires: Stored<Timestamp>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// The module's part of the schema.
#[must_use]
pub fn schema() -> ModuleSchema {
    let offers: Step = Table::create()
        .table(offer::Entity)
        .col(column::bytes("code_hash").primary_key())
        .col(column::text("provider"))
        .col(column::text("origin"))
        .col(column::bytes("root"))
        .col(column::number("expires"))
        .col(column::bytes("used_by").null())
        .into();
    let devices: Step = Table::create()
        .table(device::Entity)
        .col(column::bytes("thumbprint").primary_key())
        .col(column::bytes("kid"))
        .col(column::bytes("key"))
        .col(column::text("provider"))
        .col(column::text("status"))
        .col(column::number("enrolled"))
        .into();
    let by_kid: Step =
        Index::create().name("devices_by_kid").table(device::Entity).col("kid").into();
    let challenges: Step = Table::create()
        .table(challenge::Entity)
        .col(column::bytes("nonce_hash").primary_key())
        .col(column::number("expires"))
        .into();
    let sessions: Step = Table::create()
        .table(session::Entity)
        .col(column::bytes("token_hash").primary_key())
        .col(column::bytes("device"))
        .col(column::number("expires"))
        .into();
    let expiring = |name: &'static str, table: &'static str| -> Step {
        Index::create().name(name).table(table).col("expires").into()
    };
    ModuleSchema {
        name: "devices",
        migrations: vec![Migration(vec![
            offers,
            devices,
            by_kid,
            challenges,
            expiring("session_challenges_by_end", "session_challenges"),
            sessions,
            expiring("sessions_by_end", "sessions"),
        ])],
    }
}

impl Storable for DeviceStatus {
    type Column = String;

    fn to_column(&self) -> String {
        self.name().to_owned()
    }

    fn from_column(column: String) -> Option<Self> {
        DeviceStatus::ALL.into_iter().find(|status| status.name() == column)
    }
}

impl From<device::Model> for Device {
    fn from(row: device::Model) -> Self {
        Device {
            id: DeviceId(row.thumbprint.0),
            key: row.key.0,
            provider: row.provider.0,
            status: row.status.0,
            enrolled: row.enrolled.0,
        }
    }
}

/// An offer as it is kept: the code's digest alone.
#[derive(Debug, Clone)]
pub(super) struct KeptOffer {
    pub code_hash: Hash,
    pub provider: ProviderId,
    pub origin: String,
    pub root: Hash,
    pub expires: Timestamp,
    pub used_by: Option<DeviceId>,
}

pub(super) async fn add_offer(db: &impl ConnectionTrait, offer: KeptOffer) -> Result<()> {
    let row = offer::ActiveModel {
        code_hash: Set(offer.code_hash.into()),
        provider: Set(offer.provider.into()),
        origin: Set(offer.origin),
        root: Set(offer.root.into()),
        expires: Set(offer.expires.into()),
        used_by: Set(offer.used_by.map(|id| id.0.into())),
    };
    offer::Entity::insert(row).exec_without_returning(db).await?;
    Ok(())
}

pub(super) async fn offer(db: &impl ConnectionTrait, code_hash: Hash) -> Result<Option<KeptOffer>> {
    let row = offer::Entity::find_by_id(Stored(code_hash)).one(db).await?;
    Ok(row.map(|row| KeptOffer {
        code_hash: row.code_hash.0,
        provider: row.provider.0,
        origin: row.origin,
        root: row.root.0,
        expires: row.expires.0,
        used_by: row.used_by.map(|id| DeviceId(id.0)),
    }))
}

/// Uses a code up for a device, unless it is used: then the answer is `false`.
pub(super) async fn use_offer(
    db: &impl ConnectionTrait,
    code_hash: Hash,
    device: DeviceId,
) -> Result<bool> {
    let done = offer::Entity::update_many()
        .col_expr(offer::Column::UsedBy, Some(Stored(device.0)).into())
        .filter(offer::Column::CodeHash.eq(Stored(code_hash)))
        .filter(offer::Column::UsedBy.is_null())
        .exec(db)
        .await?;
    Ok(done.rows_affected == 1)
}

pub(super) async fn add_device(db: &impl ConnectionTrait, device: &Device) -> Result<()> {
    let row = device::ActiveModel {
        thumbprint: Set(device.id.0.into()),
        kid: Set(device.key.kid().into()),
        key: Set(device.key.clone().into()),
        provider: Set(device.provider.clone().into()),
        status: Set(device.status.into()),
        enrolled: Set(device.enrolled.into()),
    };
    device::Entity::insert(row).exec_without_returning(db).await?;
    Ok(())
}

pub(super) async fn device(db: &impl ConnectionTrait, id: DeviceId) -> Result<Option<Device>> {
    Ok(device::Entity::find_by_id(Stored(id.0)).one(db).await?.map(Device::from))
}

pub(super) async fn lock_status(tx: &Transaction, id: DeviceId) -> Result<Option<DeviceStatus>> {
    let row = device::Entity::find_by_id(Stored(id.0)).lock_shared().one(&**tx).await?;
    Ok(row.map(|row| row.status.0))
}

pub(super) async fn devices_with(db: &impl ConnectionTrait, kid: Kid) -> Result<Vec<Device>> {
    let rows = device::Entity::find().filter(device::Column::Kid.eq(Stored(kid))).all(db).await?;
    Ok(rows.into_iter().map(Device::from).collect())
}

pub(super) async fn devices(
    db: &impl ConnectionTrait,
    status: Option<DeviceStatus>,
) -> Result<Vec<Device>> {
    let mut query = device::Entity::find().order_by_asc(device::Column::Enrolled);
    if let Some(status) = status {
        query = query.filter(device::Column::Status.eq(Stored(status)));
    }
    Ok(query.all(db).await?.into_iter().map(Device::from).collect())
}

pub(super) async fn set_status(
    db: &impl ConnectionTrait,
    id: DeviceId,
    status: DeviceStatus,
) -> Result<()> {
    let row = device::ActiveModel {
        thumbprint: Set(id.0.into()),
        status: Set(status.into()),
        ..Default::default()
    };
    row.update(db).await?;
    Ok(())
}

pub(super) async fn add_challenge(
    db: &impl ConnectionTrait,
    nonce_hash: Hash,
    expires: Timestamp,
) -> Result<()> {
    let row =
        challenge::ActiveModel { nonce_hash: Set(nonce_hash.into()), expires: Set(expires.into()) };
    challenge::Entity::insert(row).exec_without_returning(db).await?;
    Ok(())
}

/// Uses a nonce up: `true` once, if it has not expired.
pub(super) async fn take_challenge(
    db: &impl ConnectionTrait,
    nonce_hash: Hash,
    now: Timestamp,
) -> Result<bool> {
    let done = challenge::Entity::delete_many()
        .filter(challenge::Column::NonceHash.eq(Stored(nonce_hash)))
        .filter(challenge::Column::Expires.gt(Stored(now)))
        .exec(db)
        .await?;
    Ok(done.rows_affected == 1)
}

pub(super) async fn add_session(
    db: &impl ConnectionTrait,
    token_hash: Hash,
    device: DeviceId,
    expires: Timestamp,
) -> Result<()> {
    let row = session::ActiveModel {
        token_hash: Set(token_hash.into()),
        device: Set(device.0.into()),
        expires: Set(expires.into()),
    };
    session::Entity::insert(row).exec_without_returning(db).await?;
    Ok(())
}

pub(super) async fn session(
    db: &impl ConnectionTrait,
    token_hash: Hash,
    now: Timestamp,
) -> Result<Option<DeviceId>> {
    let row = session::Entity::find_by_id(Stored(token_hash))
        .filter(session::Column::Expires.gt(Stored(now)))
        .one(db)
        .await?;
    Ok(row.map(|row| DeviceId(row.device.0)))
}

/// Forgets challenges and sessions that have expired.
pub(super) async fn sweep(db: &impl ConnectionTrait, now: Timestamp) -> Result<()> {
    challenge::Entity::delete_many()
        .filter(challenge::Column::Expires.lte(Stored(now)))
        .exec(db)
        .await?;
    session::Entity::delete_many()
        .filter(session::Column::Expires.lte(Stored(now)))
        .exec(db)
        .await?;
    Ok(())
}
