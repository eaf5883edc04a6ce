//! The tables of roots, keys, trust lists and status lists.

mod changes;

pub(super) use changes::{ended_delegation, issued_set, limits, status_publication};

use crate::database::{Migration, ModuleSchema, column};
use sea_orm::sea_query::{Expr, ExprTrait as _, ForeignKey, Index, Table};

/// Signed root documents.
pub(super) mod root {
    use crate::database::Stored;
    use protocol::Hash;
    use sea_orm::entity::prelude::*;

    #[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "roots")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub version: Stored<u64>,
        pub payload_hash: Stored<Hash>,
        pub signed: Vec<u8>,
    }

    #[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// Keys of the trust list, private parts elsewhere.
pub(super) mod key {
    use crate::database::Stored;
    use protocol::id::{IssuerId, ProgrammeId};
    use protocol::key::{KeyUse, Kid, PublicKey};
    use protocol::{Currency, Hash, Timestamp};
    use sea_orm::entity::prelude::*;

    #[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "trusted_keys")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub thumbprint: Stored<Hash>,
        /// In which order the keys came; of several that could sign, the last one does.
        pub ordinal: i64,
        pub kid: Stored<Kid>,
        pub public_key: Stored<PublicKey>,
        pub purpose: Stored<KeyUse>,
        pub issuer: Stored<IssuerId>,
        /// The one programme it may sign for; every programme when absent.
        pub programme: Option<Stored<ProgrammeId>>,
        pub not_before: Stored<Timestamp>,
        pub not_after: Stored<Timestamp>,
        pub ending: Ending,
        pub retired_at: Option<Stored<Timestamp>>,
        pub foreign_kid: Option<String>,
        pub foreign_currency: Option<Stored<Currency>>,
        pub foreign_decimals: Option<i64>,
        pub foreign_exp_is_last_day: Option<bool>,
    }

    #[derive(Debug, Clone, Copy, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
    #[sea_orm(rs_type = "String", db_type = "Text")]
    pub enum Ending {
        #[sea_orm(string_value = "none")]
        None,
        #[sea_orm(string_value = "retired")]
        Retired,
        #[sea_orm(string_value = "compromised")]
        Compromised,
    }

    #[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// Keys to which phones seal: ids, since everything else follows from the private key.
pub(super) mod sealing {
    use crate::database::Stored;
    use protocol::Timestamp;
    use protocol::key::Kid;
    use sea_orm::entity::prelude::*;

    #[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "sealing_keys")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub kid: Stored<Kid>,
        pub made: Stored<Timestamp>,
        /// When it was taken out of the list before its turn.
        pub dropped: Option<Stored<Timestamp>>,
    }

    #[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// Trust files as they were published, whole.
pub(super) mod list {
    use crate::database::Stored;
    use protocol::{Hash, Timestamp};
    use sea_orm::entity::prelude::*;

    #[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "trust_files")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub version: Stored<u64>,
        pub list_hash: Stored<Hash>,
        pub issued: Stored<Timestamp>,
        pub file: Vec<u8>,
    }

    #[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// Status lists: one or more a programme and month of expiry.
pub(super) mod status_list {
    use crate::database::Stored;
    use protocol::Timestamp;
    use protocol::id::ProgrammeId;
    use sea_orm::entity::prelude::*;

    #[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "status_lists")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub number: Stored<u32>,
        pub programme: Stored<ProgrammeId>,
        /// The month in which its vouchers expire, as `2026-11`.
        pub month: String,
        /// How many of its indices are taken.
        pub taken: Stored<u32>,
        pub made: Stored<Timestamp>,
        pub token_issued: Option<Stored<Timestamp>>,
        pub token: Option<Vec<u8>>,
    }

    #[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// What is known of each index that a voucher took.
pub(super) mod status_entry {
    use super::super::status::RevocationState;
    use crate::database::Stored;
    use sea_orm::entity::prelude::*;

    #[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "status_entries")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub list: Stored<u32>,
        #[sea_orm(primary_key, auto_increment = false)]
        pub position: Stored<u32>,
        pub revocation: RevocationState,
        pub redeemed: bool,
    }

    #[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// Lists whose entries changed since their tokens were signed. Rows are written with the change and
/// removed with the signing that took it in, so no change is missed whatever overlaps.
pub(super) mod status_change {
    use crate::database::Stored;
    use sea_orm::entity::prelude::*;

    #[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "status_changes")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i64,
        pub list: Stored<u32>,
    }

    #[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

#[must_use]
pub fn schema() -> ModuleSchema {
    let roots = Table::create()
        .table(root::Entity)
        .col(column::number("version").primary_key())
        .col(column::bytes("payload_hash").unique_key())
        .col(column::bytes("signed"))
        .into();
    let lists = Table::create()
        .table(list::Entity)
        .col(column::number("version").primary_key())
        .col(column::bytes("list_hash").unique_key())
        .col(column::number("issued"))
        .col(column::bytes("file"))
        .into();
    let sealing = Table::create()
        .table(sealing::Entity)
        .col(column::bytes("kid").primary_key())
        .col(column::number("made"))
        .into();
    let changes = Table::create()
        .table(status_change::Entity)
        .col(column::number("id").auto_increment().primary_key())
        .col(column::number("list"))
        .foreign_key(
            ForeignKey::create()
                .from(status_change::Entity, status_change::Column::List)
                .to(status_list::Entity, status_list::Column::Number),
        )
        .into();
    let changes_by_list = Index::create()
        .name("status_changes_by_list")
        .table(status_change::Entity)
        .col(status_change::Column::List)
        .into();
    let steps = vec![
        roots,
        keys_table(),
        sealing,
        lists,
        status_lists_table(),
        status_entries_table(),
        changes,
        changes_by_list,
    ];
    ModuleSchema {
        name: "trust",
        migrations: vec![Migration(steps), changes::migration(), observed::migration()],
    }
}

/// Versions of trust lists that phones observed, as their records say, and that this server never
/// signed.
pub mod observed {
    use crate::database::{Migration, Stored, column};
    use protocol::Hash;
    use sea_orm::entity::prelude::*;
    use sea_orm::sea_query::Table;

    #[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "observed_trust_versions")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub version: Stored<u64>,
        pub device: Stored<Hash>,
    }

    #[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}

    pub fn migration() -> Migration {
        let observed = Table::create()
            .table(Entity)
            .col(column::number("version").primary_key())
            .col(column::bytes("device"))
            .into();
        Migration(vec![observed])
    }
}

fn keys_table() -> crate::database::Step {
    use key::Column::{
        Ending, ForeignCurrency, ForeignDecimals, ForeignExpIsLastDay, ForeignKid, NotAfter,
        NotBefore, Programme, RetiredAt,
    };
    let ours = Expr::col(ForeignKid)
        .is_null()
        .and(Expr::col(ForeignCurrency).is_null())
        .and(Expr::col(ForeignDecimals).is_null())
        .and(Expr::col(ForeignExpIsLastDay).is_null());
    let foreign = Expr::col(ForeignKid)
        .is_not_null()
        .and(Expr::col(ForeignCurrency).is_not_null())
        .and(Expr::col(ForeignDecimals).is_not_null())
        .and(Expr::col(ForeignExpIsLastDay).is_not_null())
        .and(Expr::col(Programme).is_not_null());
    let retired = Expr::col(Ending).eq("retired").and(Expr::col(RetiredAt).is_not_null());
    let not_retired = Expr::col(Ending).ne("retired").and(Expr::col(RetiredAt).is_null());
    Table::create()
        .table(key::Entity)
        .col(column::bytes("thumbprint").primary_key())
        .col(column::number("ordinal").unique_key())
        .col(column::bytes("kid"))
        .col(column::bytes("public_key"))
        .col(column::text("purpose"))
        .col(column::text("issuer"))
        .col(column::text("programme").null())
        .col(column::number("not_before"))
        .col(column::number("not_after"))
        .col(column::text("ending").check(Expr::col(Ending).is_in([
            "none",
            "retired",
            "compromised",
        ])))
        .col(column::number("retired_at").null())
        .col(column::text("foreign_kid").null())
        .col(column::text("foreign_currency").null())
        .col(column::number("foreign_decimals").null())
        .col(column::boolean("foreign_exp_is_last_day").null())
        .check(Expr::col(NotBefore).lt(Expr::col(NotAfter)))
        .check(retired.or(not_retired))
        .check(ours.or(foreign))
        .foreign_key(ForeignKey::create().from(key::Entity, Programme).to("programmes", "id"))
        .into()
}

fn status_lists_table() -> crate::database::Step {
    Table::create()
        .table(status_list::Entity)
        .col(column::number("number").primary_key())
        .col(column::text("programme"))
        .col(column::text("month"))
        .col(
            column::number("taken")
                .check(Expr::col("taken").between(0, i64::from(protocol::status::MAX_ENTRIES))),
        )
        .col(column::number("made"))
        .col(column::number("token_issued").null())
        .col(column::bytes("token").null())
        .foreign_key(
            ForeignKey::create()
                .from(status_list::Entity, status_list::Column::Programme)
                .to("programmes", "id"),
        )
        .into()
}

fn status_entries_table() -> crate::database::Step {
    let most = i64::from(protocol::status::MAX_ENTRIES) - 1;
    Table::create()
        .table(status_entry::Entity)
        .col(column::number("list"))
        .col(column::number("position").check(Expr::col("position").between(0, most)))
        .col(column::text("revocation").check(Expr::col("revocation").is_in([
            "none",
            "suspended",
            "revoked",
        ])))
        .col(column::boolean("redeemed"))
        .primary_key(
            Index::create()
                .col(status_entry::Column::List)
                .col(status_entry::Column::Position)
                .primary(),
        )
        .foreign_key(
            ForeignKey::create()
                .from(status_entry::Entity, status_entry::Column::List)
                .to(status_list::Entity, status_list::Column::Number),
        )
        .into()
}
