//! The tables of providers, groups, and who belongs where.

use super::Provider;
use crate::Result;
use crate::database::{Migration, ModuleSchema, Stored, column};
use protocol::id::{Audience, OperatorId, ProviderId};
use protocol::profile::Supervisor;
use sea_orm::sea_query::{ForeignKey, Index, OnConflict, Table};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, EntityTrait as _, QueryFilter as _, QueryOrder as _, Set,
};

/// Whatever a voucher's `aud` may name.
mod audience {
    use crate::database::Stored;
    use protocol::id::Audience;
    use sea_orm::entity::prelude::*;

    #[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "audiences")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Stored<Audience>,
        pub name: String,
    }

    #[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

mod provider {
    use crate::database::Stored;
    use protocol::id::ProviderId;
    use sea_orm::entity::prelude::*;

    #[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "providers")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Stored<ProviderId>,
        pub account_name: Option<String>,
    }

    #[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

mod member {
    use crate::database::Stored;
    use protocol::id::{Audience, ProviderId};
    use sea_orm::entity::prelude::*;

    #[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "group_members")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub group_id: Stored<Audience>,
        #[sea_orm(primary_key, auto_increment = false)]
        pub provider: Stored<ProviderId>,
    }

    #[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

mod served {
    use crate::database::Stored;
    use protocol::id::{ProgrammeId, ProviderId};
    use sea_orm::entity::prelude::*;

    #[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "provider_programmes")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub provider: Stored<ProviderId>,
        #[sea_orm(primary_key, auto_increment = false)]
        pub programme: Stored<ProgrammeId>,
    }

    #[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

mod supervisor {
    use crate::database::Stored;
    use protocol::id::{OperatorId, ProviderId};
    use sea_orm::entity::prelude::*;

    #[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "provider_supervisors")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub provider: Stored<ProviderId>,
        #[sea_orm(primary_key, auto_increment = false)]
        pub name: Stored<OperatorId>,
        /// Argon2id, a PHC string.
        pub pin_hash: String,
    }

    #[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

#[must_use]
pub fn schema() -> ModuleSchema {
    let audiences = Table::create()
        .table(audience::Entity)
        .col(column::text("id").primary_key())
        .col(column::text("name"))
        .into();
    let providers = Table::create()
        .table(provider::Entity)
        .col(column::text("id").primary_key())
        .col(column::text("account_name").null())
        .foreign_key(
            ForeignKey::create()
                .from(provider::Entity, provider::Column::Id)
                .to(audience::Entity, audience::Column::Id),
        )
        .into();
    let members = Table::create()
        .table(member::Entity)
        .col(column::text("group_id"))
        .col(column::text("provider"))
        .primary_key(
            Index::create().col(member::Column::GroupId).col(member::Column::Provider).primary(),
        )
        .foreign_key(
            ForeignKey::create()
                .from(member::Entity, member::Column::GroupId)
                .to(audience::Entity, audience::Column::Id),
        )
        .foreign_key(
            ForeignKey::create()
                .from(member::Entity, member::Column::Provider)
                .to(provider::Entity, provider::Column::Id),
        )
        .into();
    let served = Table::create()
        .table(served::Entity)
        .col(column::text("provider"))
        .col(column::text("programme"))
        .primary_key(
            Index::create().col(served::Column::Provider).col(served::Column::Programme).primary(),
        )
        .foreign_key(
            ForeignKey::create()
                .from(served::Entity, served::Column::Provider)
                .to(provider::Entity, provider::Column::Id),
        )
        .foreign_key(
            ForeignKey::create()
                .from(served::Entity, served::Column::Programme)
                .to("programmes", "id"),
        )
        .into();
    let supervisors = Table::create()
        .table(supervisor::Entity)
        .col(column::text("provider"))
        .col(column::text("name"))
        .col(column::text("pin_hash"))
        .primary_key(
            Index::create()
                .col(supervisor::Column::Provider)
                .col(supervisor::Column::Name)
                .primary(),
        )
        .foreign_key(
            ForeignKey::create()
                .from(supervisor::Entity, supervisor::Column::Provider)
                .to(provider::Entity, provider::Column::Id),
        )
        .into();
    let first = Migration(vec![audiences, providers, members, served]);
    ModuleSchema { name: "providers", migrations: vec![first, Migration(vec![supervisors])] }
}

pub(super) async fn insert(db: &impl ConnectionTrait, new: &Provider) -> Result<()> {
    let audience = |id: Audience, name: &str| audience::ActiveModel {
        id: Set(Stored(id)),
        name: Set(name.to_owned()),
    };
    audience::Entity::insert(audience(new.id.clone().into(), &new.name))
        .exec_without_returning(db)
        .await?;
    let account_name = Set(new.account_name.clone());
    provider::Entity::insert(provider::ActiveModel {
        id: Set(Stored(new.id.clone())),
        account_name,
    })
    .exec_without_returning(db)
    .await?;
    for group in &new.groups {
        audience::Entity::insert(audience(group.clone(), group.as_str()))
            .on_conflict(OnConflict::column(audience::Column::Id).do_nothing().to_owned())
            .exec_without_returning(db)
            .await?;
        member::Entity::insert(member::ActiveModel {
            group_id: Set(Stored(group.clone())),
            provider: Set(Stored(new.id.clone())),
        })
        .exec_without_returning(db)
        .await?;
    }
    for programme in &new.programmes {
        served::Entity::insert(served::ActiveModel {
            provider: Set(Stored(new.id.clone())),
            programme: Set(Stored(programme.clone())),
        })
        .exec_without_returning(db)
        .await?;
    }
    Ok(())
}

pub(super) async fn set_supervisor(
    db: &impl ConnectionTrait,
    provider: &ProviderId,
    name: &OperatorId,
    pin_hash: String,
) -> Result<()> {
    let row = supervisor::ActiveModel {
        provider: Set(Stored(provider.clone())),
        name: Set(Stored(name.clone())),
        pin_hash: Set(pin_hash),
    };
    let keys = [supervisor::Column::Provider, supervisor::Column::Name];
    supervisor::Entity::insert(row)
        .on_conflict(
            OnConflict::columns(keys).update_column(supervisor::Column::PinHash).to_owned(),
        )
        .exec_without_returning(db)
        .await?;
    Ok(())
}

/// Whether there was one.
pub(super) async fn remove_supervisor(
    db: &impl ConnectionTrait,
    provider: &ProviderId,
    name: &OperatorId,
) -> Result<bool> {
    let key = (Stored(provider.clone()), Stored(name.clone()));
    let done = supervisor::Entity::delete_by_id(key).exec(db).await?;
    Ok(done.rows_affected == 1)
}

pub(super) async fn supervisors(
    db: &impl ConnectionTrait,
    provider: &ProviderId,
) -> Result<Vec<Supervisor>> {
    let rows = supervisor::Entity::find()
        .filter(supervisor::Column::Provider.eq(Stored(provider.clone())))
        .order_by_asc(supervisor::Column::Name)
        .all(db)
        .await?;
    let named = |row: supervisor::Model| Supervisor { name: row.name.0, pin_hash: row.pin_hash };
    Ok(rows.into_iter().map(named).collect())
}

pub(super) async fn all(db: &impl ConnectionTrait) -> Result<Vec<Provider>> {
    let rows = provider::Entity::find().order_by_asc(provider::Column::Id).all(db).await?;
    let mut providers = Vec::with_capacity(rows.len());
    for row in rows {
        providers.push(assemble(db, row).await?);
    }
    Ok(providers)
}

pub(super) async fn find(db: &impl ConnectionTrait, id: &ProviderId) -> Result<Option<Provider>> {
    match provider::Entity::find_by_id(Stored(id.clone())).one(db).await? {
        Some(row) => Ok(Some(assemble(db, row).await?)),
        None => Ok(None),
    }
}

pub(super) async fn name(db: &impl ConnectionTrait, id: &Audience) -> Result<Option<String>> {
    let row = audience::Entity::find_by_id(Stored(id.clone())).one(db).await?;
    Ok(row.map(|row| row.name))
}

pub(super) async fn members(db: &impl ConnectionTrait, group: &Audience) -> Result<Vec<Provider>> {
    let rows = member::Entity::find()
        .filter(member::Column::GroupId.eq(Stored(group.clone())))
        .order_by_asc(member::Column::Provider)
        .all(db)
        .await?;
    let mut members = Vec::with_capacity(rows.len());
    for row in rows {
        members.extend(find(db, &row.provider.0).await?);
    }
    Ok(members)
}

async fn assemble(db: &impl ConnectionTrait, row: provider::Model) -> Result<Provider> {
    let groups = member::Entity::find()
        .filter(member::Column::Provider.eq(row.id.clone()))
        .order_by_asc(member::Column::GroupId)
        .all(db)
        .await?;
    let programmes = served::Entity::find()
        .filter(served::Column::Provider.eq(row.id.clone()))
        .order_by_asc(served::Column::Programme)
        .all(db)
        .await?;
    let name = name(db, &row.id.0.clone().into()).await?;
    Ok(Provider {
        name: name.ok_or_else(|| crate::Error::broken("a provider without a name"))?,
        id: row.id.0,
        groups: groups.into_iter().map(|row| row.group_id.0).collect(),
        programmes: programmes.into_iter().map(|row| row.programme.0).collect(),
        account_name: row.account_name,
    })
}
