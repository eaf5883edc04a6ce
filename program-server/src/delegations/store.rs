//! The tables of delegations, and the queries over them.

use super::{Kept, Violation};
use crate::database::{Migration, ModuleSchema, Step, Stored, column};
use crate::devices::DeviceId;
use crate::{Error, Result};
use protocol::cose::{ObjectType, Sign1};
use protocol::delegation::Delegation;
use protocol::id::ProgrammeId;
use protocol::{Benefit, Hash, Timestamp};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, ExprTrait as _, ForeignKey, Index, OnConflict, Table};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, EntityTrait as _, QueryFilter as _, QueryOrder as _,
};

mod delegation {
    use crate::database::Stored;
    use protocol::id::ProgrammeId;
    use protocol::{Hash, Timestamp};
    use sea_orm::entity::prelude::*;

    #[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "delegations")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub hash: Stored<Hash>,
        pub device: Stored<Hash>,
        pub programme: Stored<ProgrammeId>,
        pub granted: Stored<Timestamp>,
        pub signed: Vec<u8>,
        /// How many vouchers were reported, and what they give together.
        pub reported: Stored<u32>,
        pub given: Option<Vec<u8>>,
    }

    #[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// Vouchers that were reported: each number once.
mod report {
    use crate::database::Stored;
    use protocol::{Hash, Timestamp};
    use sea_orm::entity::prelude::*;

    #[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "delegation_reports")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub delegation: Stored<Hash>,
        #[sea_orm(primary_key, auto_increment = false)]
        pub number: Stored<u32>,
        pub payload_hash: Stored<Hash>,
        pub record: Stored<Hash>,
        pub received: Stored<Timestamp>,
    }

    #[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// Violations of delegations: written, never changed.
mod violation {
    use crate::database::Stored;
    use protocol::{Hash, Timestamp};
    use sea_orm::entity::prelude::*;

    #[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "delegation_violations")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i64,
        pub delegation: Stored<Hash>,
        pub number: Stored<u32>,
        pub code: String,
        pub record: Stored<Hash>,
        pub received: Stored<Timestamp>,
    }

    #[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// Vouchers that were served and not reported so, by the record of their claim.
mod served {
    use crate::database::Stored;
    use protocol::Hash;
    use sea_orm::entity::prelude::*;

    #[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "delegated_vouchers_served")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub record: Stored<Hash>,
        pub signed: Vec<u8>,
    }

    #[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// Status lists whose places are given to delegations in runs.
mod list {
    use crate::database::Stored;
    use protocol::id::ProgrammeId;
    use sea_orm::entity::prelude::*;

    #[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "delegation_lists")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub list: Stored<u32>,
        pub programme: Stored<ProgrammeId>,
        /// The month in which the last of its vouchers expire, as `2026-11`.
        pub month: String,
        /// The first place that no delegation has.
        pub next: Stored<u32>,
    }

    #[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

#[must_use]
pub fn schema() -> ModuleSchema {
    let delegations: Step = Table::create()
        .table(delegation::Entity)
        .col(column::bytes("hash").primary_key())
        .col(column::bytes("device"))
        .col(column::text("programme"))
        .col(column::number("granted"))
        .col(column::bytes("signed"))
        .col(column::number("reported").check(Expr::col("reported").gte(0)))
        .col(column::bytes("given").null())
        .foreign_key(
            ForeignKey::create()
                .from(delegation::Entity, delegation::Column::Programme)
                .to("programmes", "id"),
        )
        .into();
    let of_delegation = |table: &'static str| {
        ForeignKey::create().from(table, "delegation").to("delegations", "hash").to_owned()
    };
    let reports: Step = Table::create()
        .table(report::Entity)
        .col(column::bytes("delegation"))
        .col(column::number("number").check(Expr::col("number").gte(1)))
        .col(column::bytes("payload_hash"))
        .col(column::bytes("record"))
        .col(column::number("received"))
        .primary_key(Index::create().col("delegation").col("number"))
        .foreign_key(&mut of_delegation("delegation_reports"))
        .into();
    let violations: Step = Table::create()
        .table(violation::Entity)
        .col(column::number("id").auto_increment().primary_key())
        .col(column::bytes("delegation"))
        .col(column::number("number"))
        .col(column::text("code"))
        .col(column::bytes("record"))
        .col(column::number("received"))
        .foreign_key(&mut of_delegation("delegation_violations"))
        .into();
    let violations_by_delegation: Step = Index::create()
        .name("delegation_violations_by_delegation")
        .table(violation::Entity)
        .col("delegation")
        .into();
    let lists: Step = Table::create()
        .table(list::Entity)
        .col(column::number("list").primary_key())
        .col(column::text("programme"))
        .col(column::text("month"))
        .col(column::number("next"))
        .foreign_key(
            ForeignKey::create()
                .from(list::Entity, list::Column::List)
                .to("status_lists", "number"),
        )
        .into();
    let served: Step = Table::create()
        .table(served::Entity)
        .col(column::bytes("record").primary_key())
        .col(column::bytes("signed"))
        .into();
    let steps = vec![delegations, reports, violations, violations_by_delegation, lists, served];
    ModuleSchema { name: "delegations", migrations: vec![Migration(steps)] }
}

/// The place from which a status list's entries are free.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ListPlace {
    pub(super) list: u32,
    pub(super) next: u32,
}

pub(super) async fn add(
    db: &impl ConnectionTrait,
    hash: Hash,
    device: DeviceId,
    delegation: &Delegation,
    signed: Vec<u8>,
) -> Result<()> {
    let row = delegation::ActiveModel {
        hash: Set(Stored(hash)),
        device: Set(Stored(device.0)),
        programme: Set(Stored(delegation.programme.clone())),
        granted: Set(Stored(delegation.issued)),
        signed: Set(signed),
        reported: Set(Stored(0)),
        given: Set(None),
    };
    delegation::Entity::insert(row).exec_without_returning(db).await?;
    Ok(())
}

pub(super) async fn all(db: &impl ConnectionTrait) -> Result<Vec<Kept>> {
    let rows = delegation::Entity::find()
        .order_by_asc(delegation::Column::Granted)
        .order_by_asc(delegation::Column::Hash)
        .all(db)
        .await?;
    rows.into_iter().map(Kept::try_from).collect()
}

pub(super) async fn find(db: &impl ConnectionTrait, hash: Hash) -> Result<Option<Kept>> {
    let row = delegation::Entity::find_by_id(Stored(hash)).one(db).await?;
    row.map(Kept::try_from).transpose()
}

/// The digest of what was reported under a number.
pub(super) async fn reported(
    db: &impl ConnectionTrait,
    delegation: Hash,
    number: u32,
) -> Result<Option<Hash>> {
    let row = report::Entity::find_by_id((Stored(delegation), Stored(number))).one(db);
    Ok(row.await?.map(|row| row.payload_hash.0))
}

pub(super) async fn add_report(
    db: &impl ConnectionTrait,
    delegation: Hash,
    number: u32,
    payload_hash: Hash,
    record: Hash,
    received: Timestamp,
) -> Result<()> {
    let row = report::ActiveModel {
        delegation: Set(Stored(delegation)),
        number: Set(Stored(number)),
        payload_hash: Set(Stored(payload_hash)),
        record: Set(Stored(record)),
        received: Set(Stored(received)),
    };
    report::Entity::insert(row).exec_without_returning(db).await?;
    Ok(())
}

pub(super) async fn count(
    db: &impl ConnectionTrait,
    hash: Hash,
    reported: u32,
    given: &Benefit,
) -> Result<()> {
    let row = delegation::ActiveModel {
        hash: Set(Stored(hash)),
        reported: Set(Stored(reported)),
        given: Set(Some(given.encode()?)),
        ..Default::default()
    };
    delegation::Entity::update(row).exec(db).await?;
    Ok(())
}

pub(super) async fn record_violation(
    db: &impl ConnectionTrait,
    delegation: Hash,
    number: u32,
    code: &str,
    record: Hash,
    received: Timestamp,
) -> Result<()> {
    let row = violation::ActiveModel {
        delegation: Set(Stored(delegation)),
        number: Set(Stored(number)),
        code: Set(code.to_owned()),
        record: Set(Stored(record)),
        received: Set(Stored(received)),
        ..Default::default()
    };
    violation::Entity::insert(row).exec_without_returning(db).await?;
    Ok(())
}

pub(super) async fn violations(
    db: &impl ConnectionTrait,
    delegation: Hash,
) -> Result<Vec<Violation>> {
    let rows = violation::Entity::find()
        .filter(violation::Column::Delegation.eq(Stored(delegation)))
        .order_by_asc(violation::Column::Id)
        .all(db)
        .await?;
    let violation = |row: violation::Model| Violation {
        number: row.number.0,
        code: row.code,
        record: row.record.0,
        received: row.received.0,
    };
    Ok(rows.into_iter().map(violation).collect())
}

pub(super) async fn keep_served(
    db: &impl ConnectionTrait,
    record: Hash,
    signed: &[u8],
) -> Result<()> {
    let row = served::ActiveModel { record: Set(Stored(record)), signed: Set(signed.to_vec()) };
    let known = OnConflict::column(served::Column::Record).do_nothing().to_owned();
    served::Entity::insert(row).on_conflict(known).exec_without_returning(db).await?;
    Ok(())
}

pub(super) async fn served(db: &impl ConnectionTrait, record: Hash) -> Result<Option<Vec<u8>>> {
    let row = served::Entity::find_by_id(Stored(record)).one(db).await?;
    Ok(row.map(|row| row.signed))
}

/// The newest list for delegations of this programme whose last vouchers expire in this month.
pub(super) async fn list_of(
    db: &impl ConnectionTrait,
    programme: &ProgrammeId,
    month: &str,
) -> Result<Option<ListPlace>> {
    let row = list::Entity::find()
        .filter(list::Column::Programme.eq(Stored(programme.clone())))
        .filter(list::Column::Month.eq(month))
        .order_by_desc(list::Column::List)
        .one(db)
        .await?;
    Ok(row.map(|row| ListPlace { list: row.list.0, next: row.next.0 }))
}

pub(super) async fn add_list(
    db: &impl ConnectionTrait,
    place: ListPlace,
    programme: &ProgrammeId,
    month: &str,
) -> Result<()> {
    let row = list::ActiveModel {
        list: Set(Stored(place.list)),
        programme: Set(Stored(programme.clone())),
        month: Set(month.to_owned()),
        next: Set(Stored(place.next)),
    };
    list::Entity::insert(row).exec_without_returning(db).await?;
    Ok(())
}

pub(super) async fn move_list(db: &impl ConnectionTrait, place: ListPlace) -> Result<()> {
    let row = list::ActiveModel {
        list: Set(Stored(place.list)),
        next: Set(Stored(place.next)),
        ..Default::default()
    };
    list::Entity::update(row).exec(db).await?;
    Ok(())
}

impl TryFrom<delegation::Model> for Kept {
    type Error = Error;
    fn try_from(row: delegation::Model) -> Result<Self> {
        let envelope = Sign1::parse(ObjectType::Delegation, &row.signed)?;
        if envelope.payload_hash() != row.hash.0 {
            return Err(Error::Broken(format!("the bytes of delegation {} changed", row.hash.0)));
        }
        Ok(Kept {
            hash: row.hash.0,
            delegation: Delegation::read_stored(&envelope)?,
            device: DeviceId(row.device.0),
            reported: row.reported.0,
            given: row.given.as_deref().map(Benefit::decode).transpose()?,
            ended: None,
            signed: row.signed,
        })
    }
}
