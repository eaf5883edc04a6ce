//! The tables of what changes in trust: sets of issued vouchers, ended delegations, limits, and which
//! status lists were published when.

use super::{key, sealing, status_list};
use crate::database::{Migration, Step, column};
use sea_orm::sea_query::{Expr, ExprTrait as _, ForeignKey, Index, Table};

/// What was truly issued under a compromised key.
pub mod issued_set {
    use crate::database::Stored;
    use protocol::Hash;
    use sea_orm::entity::prelude::*;

    #[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "issued_sets")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub thumbprint: Stored<Hash>,
        /// SHA-256 of the file.
        pub hash: Stored<Hash>,
        pub file: Vec<u8>,
    }

    #[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// Delegations that the office ended before their time.
pub mod ended_delegation {
    use crate::database::Stored;
    use protocol::{Hash, Timestamp};
    use sea_orm::entity::prelude::*;

    #[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "ended_delegations")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub hash: Stored<Hash>,
        pub ended: Stored<Timestamp>,
        pub reason: String,
    }

    #[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// The one row of limits that the office set itself.
pub mod limits {
    use crate::database::Stored;
    use protocol::{Span, Timestamp};
    use sea_orm::entity::prelude::*;

    #[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "trust_limits")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub only: i64,
        pub trust_stale: Option<Stored<Span>>,
        pub trust_too_old: Option<Stored<Span>>,
        pub status_stale: Option<Stored<Span>>,
        pub status_too_old: Option<Stored<Span>>,
        pub app_major: Option<Stored<u32>>,
        pub app_minor: Option<Stored<u32>>,
        pub app_patch: Option<Stored<u32>>,
        pub app_from: Option<Stored<Timestamp>>,
    }

    #[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// Each status list token that was ever signed, by its `iat`.
pub mod status_publication {
    use crate::database::Stored;
    use protocol::Timestamp;
    use sea_orm::entity::prelude::*;

    #[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "status_publications")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub list: Stored<u32>,
        #[sea_orm(primary_key, auto_increment = false)]
        pub issued: Stored<Timestamp>,
    }

    #[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// The module's second version.
pub(super) fn migration() -> Migration {
    let issued_sets = Table::create()
        .table(issued_set::Entity)
        .col(column::bytes("thumbprint").primary_key())
        .col(column::bytes("hash").unique_key())
        .col(column::bytes("file"))
        .foreign_key(
            ForeignKey::create()
                .from(issued_set::Entity, issued_set::Column::Thumbprint)
                .to(key::Entity, key::Column::Thumbprint),
        )
        .into();
    let ended = Table::create()
        .table(ended_delegation::Entity)
        .col(column::bytes("hash").primary_key())
        .col(column::number("ended"))
        .col(column::text("reason"))
        .into();
    let publications = Table::create()
        .table(status_publication::Entity)
        .col(column::number("list"))
        .col(column::number("issued"))
        .primary_key(
            Index::create()
                .col(status_publication::Column::List)
                .col(status_publication::Column::Issued)
                .primary(),
        )
        .foreign_key(
            ForeignKey::create()
                .from(status_publication::Entity, status_publication::Column::List)
                .to(status_list::Entity, status_list::Column::Number),
        )
        .into();
    const PUBLISHED_BEFORE: &str = "INSERT INTO status_publications (list, issued)
         SELECT number, token_issued FROM status_lists WHERE token_issued IS NOT NULL";
    let published_before = Step::Sql { sqlite: PUBLISHED_BEFORE, postgres: PUBLISHED_BEFORE };
    let dropped =
        Table::alter().table(sealing::Entity).add_column(column::number("dropped").null()).into();
    Migration(vec![issued_sets, ended, limits_table(), publications, published_before, dropped])
}

fn limits_table() -> Step {
    use limits::Column::{
        AppFrom, AppMajor, AppMinor, AppPatch, StatusStale, StatusTooOld, TrustStale, TrustTooOld,
    };
    let none = |columns: &[limits::Column]| {
        columns.iter().fold(Expr::val(1).eq(1), |all, column| all.and(Expr::col(*column).is_null()))
    };
    let given = |columns: &[limits::Column]| {
        columns
            .iter()
            .fold(Expr::val(1).eq(1), |all, column| all.and(Expr::col(*column).is_not_null()))
    };
    let in_order = |stale, too_old| {
        none(&[stale, too_old])
            .or(given(&[stale, too_old]).and(Expr::col(stale).lte(Expr::col(too_old))))
    };
    let app = [AppMajor, AppMinor, AppPatch, AppFrom];
    Table::create()
        .table(limits::Entity)
        .col(column::number("only").primary_key().check(Expr::col("only").eq(1)))
        .col(column::number("trust_stale").null())
        .col(column::number("trust_too_old").null())
        .col(column::number("status_stale").null())
        .col(column::number("status_too_old").null())
        .col(column::number("app_major").null())
        .col(column::number("app_minor").null())
        .col(column::number("app_patch").null())
        .col(column::number("app_from").null())
        .check(in_order(TrustStale, TrustTooOld))
        .check(in_order(StatusStale, StatusTooOld))
        .check(none(&app).or(given(&app)))
        .into()
}
