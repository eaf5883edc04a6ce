//! The schema's versions: each room lists its own, and both engines are brought up to date from the
//! same list.

use super::{Database, Transaction};
use crate::{Error, Result};
use sea_orm::sea_query::{
    Expr, IndexCreateStatement, Query, Table, TableAlterStatement, TableCreateStatement,
};
use sea_orm::{ConnectionTrait, DbBackend, ExprTrait};
use std::collections::BTreeMap;

const VERSIONS: &str = "schema_versions";

/// A room's part of the schema.
pub struct Room {
    /// The room's name, which is kept in the database.
    pub name: &'static str,
    /// Its migrations, oldest first. One that was released is never changed; the n-th makes
    /// version n.
    pub migrations: Vec<Migration>,
}

/// One version of a room's tables.
pub struct Migration(pub Vec<Step>);

/// One change of the schema.
pub enum Step {
    /// A new table.
    CreateTable(Box<TableCreateStatement>),
    /// A changed table: one change a step, as SQLite wants it.
    AlterTable(TableAlterStatement),
    /// A new index; with `and_where` a partial one.
    CreateIndex(IndexCreateStatement),
    /// What the builders have no words for, once for each engine.
    Sql {
        /// For SQLite.
        sqlite: &'static str,
        /// For PostgreSQL.
        postgres: &'static str,
    },
}

impl From<&mut TableCreateStatement> for Step {
    fn from(statement: &mut TableCreateStatement) -> Self {
        Step::CreateTable(Box::new(statement.take()))
    }
}

impl From<&mut TableAlterStatement> for Step {
    fn from(statement: &mut TableAlterStatement) -> Self {
        Step::AlterTable(statement.take())
    }
}

impl From<&mut IndexCreateStatement> for Step {
    fn from(statement: &mut IndexCreateStatement) -> Self {
        Step::CreateIndex(statement.take())
    }
}

/// Columns as the schema has them: never NULL unless made so with `.null()`.
pub mod column {
    use sea_orm::sea_query::ColumnDef;

    /// Bytes: ids, digests, signed objects.
    #[must_use]
    pub fn bytes(name: &'static str) -> ColumnDef {
        ColumnDef::new(name).blob().not_null().take()
    }

    /// Text: names, states.
    #[must_use]
    pub fn text(name: &'static str) -> ColumnDef {
        ColumnDef::new(name).text().not_null().take()
    }

    /// A number of 64 bits: counts, amounts, indices, and times as seconds since the epoch.
    #[must_use]
    pub fn number(name: &'static str) -> ColumnDef {
        ColumnDef::new(name).big_integer().not_null().take()
    }

    /// Yes or no.
    #[must_use]
    pub fn boolean(name: &'static str) -> ColumnDef {
        ColumnDef::new(name).boolean().not_null().take()
    }
}

/// Brings the rooms' tables up to date, in the order given, all of it or nothing.
///
/// # Errors
/// [`Error::Invalid`] when the database was written by a later release, [`Error::Database`].
pub async fn migrate(database: &Database, rooms: &[Room]) -> Result<()> {
    if is_current(database, rooms).await? {
        return Ok(());
    }
    let transaction = database.begin().await?;
    transaction.hold(VERSIONS).await?;
    let versions = Table::create()
        .table(VERSIONS)
        .if_not_exists()
        .col(column::text("room").primary_key())
        .col(column::number("version"))
        .take();
    transaction.execute(&versions).await?;
    for room in rooms {
        bring_up_to_date(&transaction, room).await?;
    }
    transaction.commit().await
}

async fn is_current(database: &Database, rooms: &[Room]) -> Result<bool> {
    let select = Query::select().columns(["room", "version"]).from(VERSIONS).take();
    // The table itself is missing in a new database.
    let Ok(rows) = database.reader().query_all(&select).await else { return Ok(false) };
    let mut versions = BTreeMap::new();
    for row in rows {
        versions.insert(row.try_get::<String>("", "room")?, row.try_get::<i64>("", "version")?);
    }
    let is_current = |room: &Room| {
        let version = versions.get(room.name).copied().unwrap_or(0);
        usize::try_from(version) == Ok(room.migrations.len())
    };
    Ok(rooms.iter().all(is_current))
}

async fn bring_up_to_date(transaction: &Transaction, room: &Room) -> Result<()> {
    let version = version_of(&**transaction, room).await?;
    let Some(missing) = room.migrations.get(version..) else {
        return Err(Error::Invalid(format!(
            "the database was written by a later release (its {} tables have version {version}, \
             this release knows {}): use that release or a later one",
            room.name,
            room.migrations.len()
        )));
    };
    for step in missing.iter().flat_map(|migration| &migration.0) {
        step.run(transaction).await?;
    }
    if !missing.is_empty() {
        let forget =
            Query::delete().from_table(VERSIONS).and_where(Expr::col("room").eq(room.name)).take();
        transaction.execute(&forget).await?;
        let now = i64::try_from(room.migrations.len()).unwrap_or(i64::MAX);
        let remember = Query::insert()
            .into_table(VERSIONS)
            .columns(["room", "version"])
            .values_panic([room.name.into(), now.into()])
            .take();
        transaction.execute(&remember).await?;
    }
    Ok(())
}

async fn version_of(connection: &impl ConnectionTrait, room: &Room) -> Result<usize> {
    let select = Query::select()
        .column("version")
        .from(VERSIONS)
        .and_where(Expr::col("room").eq(room.name))
        .take();
    let version = match connection.query_one(&select).await? {
        Some(row) => row.try_get::<i64>("", "version")?,
        None => 0,
    };
    usize::try_from(version).map_err(|_| Error::broken("a schema version below zero"))
}

impl Step {
    async fn run(&self, transaction: &Transaction) -> Result<()> {
        match self {
            Step::CreateTable(statement) => transaction.execute(&**statement).await?,
            Step::AlterTable(statement) => transaction.execute(statement).await?,
            Step::CreateIndex(statement) => transaction.execute(statement).await?,
            Step::Sql { sqlite, postgres } => {
                let sql = match transaction.get_database_backend() {
                    DbBackend::Postgres => postgres,
                    _ => sqlite,
                };
                transaction.execute_unprepared(sql).await?
            }
        };
        Ok(())
    }
}
