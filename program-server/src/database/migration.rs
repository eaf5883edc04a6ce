//! The schema's versions: each module lists its own, and both engines are brought up to date from the
//! same list.

use super::{Database, Transaction};
use crate::{Error, Result};
use sea_orm::sea_query::{
    Expr, IndexCreateStatement, Query, Table, TableAlterStatement, TableCreateStatement,
};
use sea_orm::{ConnectionTrait, DbBackend, ExprTrait};
use std::collections::BTreeMap;

const VERSIONS: &str = "schema_versions";

/// A module's part of the schema.
pub struct ModuleSchema {
    /// The module's name, which is kept in the database.
    pub name: &'static str,
    /// Its migrations, oldest first. One that was released is never changed; the n-th makes
    /// version n.
    pub migrations: Vec<Migration>,
}

/// One version of a module's tables.
pub struct Migration(pub Vec<Step>);

/// One change of the schema.
pub enum Step {
    CreateTable(Box<TableCreateStatement>),
    /// A changed table: one change a step, as SQLite wants it.
    AlterTable(TableAlterStatement),
    /// A new index; with `and_where` a partial one.
    CreateIndex(IndexCreateStatement),
    /// What the builders have no words for, once for each engine.
    Sql {
        sqlite: &'static str,
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

/// Brings the modules' tables up to date, in the order given, all of it or nothing.
///
/// # Errors
/// [`Error::Invalid`] when the database was written by a later release, [`Error::Database`].
pub async fn migrate(db: &Database, modules: &[ModuleSchema]) -> Result<()> {
    if is_current(db, modules).await? {
        return Ok(());
    }
    let tx = db.begin().await?;
    tx.advisory_lock(VERSIONS).await?;
    let versions = Table::create()
        .table(VERSIONS)
        .if_not_exists()
        .col(column::text("module").primary_key())
        .col(column::number("version"))
        .take();
    tx.execute(&versions).await?;
    for module in modules {
        bring_up_to_date(&tx, module).await?;
    }
    tx.commit().await
}

async fn is_current(db: &Database, modules: &[ModuleSchema]) -> Result<bool> {
    let select = Query::select().columns(["module", "version"]).from(VERSIONS).take();
    // The table itself is missing in a new database.
    let Ok(rows) = db.reader().query_all(&select).await else { return Ok(false) };
    let mut versions = BTreeMap::new();
    for row in rows {
        versions.insert(row.try_get::<String>("", "module")?, row.try_get::<i64>("", "version")?);
    }
    let is_current = |module: &ModuleSchema| {
        let version = versions.get(module.name).copied().unwrap_or(0);
        usize::try_from(version) == Ok(module.migrations.len())
    };
    Ok(modules.iter().all(is_current))
}

async fn bring_up_to_date(tx: &Transaction, module: &ModuleSchema) -> Result<()> {
    let version = version_of(&**tx, module).await?;
    let Some(missing) = module.migrations.get(version..) else {
        return Err(Error::Invalid(format!(
            "the database was written by a later release (its {} tables have version {version}, \
             this release knows {}): use that release or a later one",
            module.name,
            module.migrations.len()
        )));
    };
    for step in missing.iter().flat_map(|migration| &migration.0) {
        step.run(tx).await?;
    }
    if !missing.is_empty() {
        let forget = Query::delete()
            .from_table(VERSIONS)
            .and_where(Expr::col("module").eq(module.name))
            .take();
        tx.execute(&forget).await?;
        let now = i64::try_from(module.migrations.len()).unwrap_or(i64::MAX);
        let remember = Query::insert()
            .into_table(VERSIONS)
            .columns(["module", "version"])
            .values_panic([module.name.into(), now.into()])
            .take();
        tx.execute(&remember).await?;
    }
    Ok(())
}

async fn version_of(db: &impl ConnectionTrait, module: &ModuleSchema) -> Result<usize> {
    let select = Query::select()
        .column("version")
        .from(VERSIONS)
        .and_where(Expr::col("module").eq(module.name))
        .take();
    let version = match db.query_one(&select).await? {
        Some(row) => row.try_get::<i64>("", "version")?,
        None => 0,
    };
    usize::try_from(version).map_err(|_| Error::broken("a schema version below zero"))
}

impl Step {
    async fn run(&self, tx: &Transaction) -> Result<()> {
        match self {
            Step::CreateTable(statement) => tx.execute(&**statement).await?,
            Step::AlterTable(statement) => tx.execute(statement).await?,
            Step::CreateIndex(statement) => tx.execute(statement).await?,
            Step::Sql { sqlite, postgres } => {
                let sql = match tx.get_database_backend() {
                    DbBackend::Postgres => postgres,
                    _ => sqlite,
                };
                tx.execute_unprepared(sql).await?
            }
        };
        Ok(())
    }
}
