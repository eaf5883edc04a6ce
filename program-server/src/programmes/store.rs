//! The table of programmes.

use super::Programme;
use crate::database::{Migration, ModuleSchema, Stored, column};
use crate::{Error, Result};
use programme::{ActiveModel, Column, Entity, Model, TooOld};
use protocol::id::ProgrammeId;
use protocol::trust::TooOldPolicy;
use sea_orm::sea_query::{Expr, ExprTrait as _, Table};
use sea_orm::{ConnectionTrait, EntityTrait as _, QueryOrder as _, Set};

mod programme {
    use crate::database::Stored;
    use protocol::id::ProgrammeId;
    use protocol::time::Zone;
    use protocol::{Currency, Span};
    use sea_orm::entity::prelude::*;

    #[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "programmes")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Stored<ProgrammeId>,
        pub name: String,
        pub zone: Stored<Zone>,
        pub currency: Stored<Currency>,
        pub decimals: i64,
        pub too_old: TooOld,
        pub clock_tolerance: Stored<Span>,
        pub holding_days: Stored<u32>,
        pub by_reference: bool,
    }

    #[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}

    #[derive(Debug, Clone, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
    #[sea_orm(rs_type = "String", db_type = "Text")]
    pub enum TooOld {
        #[sea_orm(string_value = "refuse")]
        Refuse,
        #[sea_orm(string_value = "ask supervisor")]
        AskSupervisor,
    }
}

#[must_use]
pub fn schema() -> ModuleSchema {
    let programmes = Table::create()
        .table(Entity)
        .col(column::text("id").primary_key())
        .col(column::text("name"))
        .col(column::text("zone"))
        .col(column::text("currency"))
        .col(column::number("decimals").check(Expr::col("decimals").between(0, 4)))
        .col(
            column::text("too_old").check(Expr::col("too_old").is_in(["refuse", "ask supervisor"])),
        )
        .col(column::number("clock_tolerance").check(Expr::col("clock_tolerance").gte(0)))
        .col(column::number("holding_days").check(Expr::col("holding_days").gte(0)))
        .into();
    let by_reference = (&mut Table::alter()
        .table(Entity)
        .add_column(column::boolean("by_reference").default(false))
        .take())
        .into();
    ModuleSchema {
        name: "programmes",
        migrations: vec![Migration(vec![programmes]), Migration(vec![by_reference])],
    }
}

pub(super) async fn insert(db: &impl ConnectionTrait, programme: &Programme) -> Result<()> {
    let row = ActiveModel {
        id: Set(Stored(programme.id.clone())),
        name: Set(programme.name.clone()),
        zone: Set(Stored(programme.zone.clone())),
        currency: Set(Stored(programme.currency)),
        decimals: Set(i64::from(programme.decimals)),
        too_old: Set(programme.too_old.into()),
        clock_tolerance: Set(Stored(programme.clock_tolerance)),
        holding_days: Set(Stored(programme.holding_days)),
        by_reference: Set(programme.by_reference),
    };
    Entity::insert(row).exec_without_returning(db).await?;
    Ok(())
}

pub(super) async fn set_policy(db: &impl ConnectionTrait, programme: &Programme) -> Result<()> {
    let row = ActiveModel {
        id: Set(Stored(programme.id.clone())),
        too_old: Set(programme.too_old.into()),
        clock_tolerance: Set(Stored(programme.clock_tolerance)),
        by_reference: Set(programme.by_reference),
        ..Default::default()
    };
    Entity::update(row).exec(db).await?;
    Ok(())
}

pub(super) async fn all(db: &impl ConnectionTrait) -> Result<Vec<Programme>> {
    let rows = Entity::find().order_by_asc(Column::Id).all(db).await?;
    rows.into_iter().map(Programme::try_from).collect()
}

pub(super) async fn find(db: &impl ConnectionTrait, id: &ProgrammeId) -> Result<Option<Programme>> {
    let row = Entity::find_by_id(Stored(id.clone())).one(db).await?;
    row.map(Programme::try_from).transpose()
}

impl From<TooOldPolicy> for TooOld {
    fn from(policy: TooOldPolicy) -> Self {
        match policy {
            TooOldPolicy::Refuse => TooOld::Refuse,
            TooOldPolicy::AskSupervisor => TooOld::AskSupervisor,
        }
    }
}

impl TryFrom<Model> for Programme {
    type Error = Error;
    fn try_from(row: Model) -> Result<Self> {
        Ok(Programme {
            id: row.id.0,
            name: row.name,
            zone: row.zone.0,
            currency: row.currency.0,
            decimals: u8::try_from(row.decimals)
                .map_err(|_| Error::broken("a programme's decimal places"))?,
            too_old: match row.too_old {
                TooOld::Refuse => TooOldPolicy::Refuse,
                TooOld::AskSupervisor => TooOldPolicy::AskSupervisor,
            },
            clock_tolerance: row.clock_tolerance.0,
            holding_days: row.holding_days.0,
            by_reference: row.by_reference,
        })
    }
}
