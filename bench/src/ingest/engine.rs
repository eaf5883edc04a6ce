//! The two engines: an SQLite file, or a schema of its own on a PostgreSQL of this machine.

use super::process::MonitoredProcess;
use program_server::database::{Database, Location};
use sea_orm::{ConnectionTrait as _, DbBackend, Statement};
use tokio::runtime::Runtime;

/// Where the server keeps its tables.
pub(crate) enum Engine {
    Sqlite,
    Postgres(Schema),
}

/// A schema that holds nothing at first, gone when dropped.
pub(crate) struct Schema {
    server: String,
    postmaster: MonitoredProcess,
}

const NAME: &str = "bench";

impl Engine {
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Engine::Sqlite => "SQLite",
            Engine::Postgres(_) => "PostgreSQL",
        }
    }

    /// What the server is given as its database; none for a file in its home.
    pub(crate) fn url(&self) -> Option<String> {
        match self {
            Engine::Sqlite => None,
            Engine::Postgres(Schema { server, .. }) => {
                let sign = if server.contains('?') { '&' } else { '?' };
                Some(format!("{server}{sign}options[search_path]={NAME}"))
            }
        }
    }

    /// The database's own process, where it has one.
    pub(crate) fn process(&self) -> Option<MonitoredProcess> {
        match self {
            Engine::Sqlite => None,
            Engine::Postgres(schema) => Some(schema.postmaster),
        }
    }
}

impl Schema {
    /// Makes the schema anew.
    pub(crate) fn create(server: &str) -> Self {
        let drop = format!("DROP SCHEMA IF EXISTS {NAME} CASCADE");
        let create = format!("CREATE SCHEMA {NAME}");
        let postmaster = on(server, &[drop, create]);
        Schema { server: server.to_owned(), postmaster }
    }
}

impl Drop for Schema {
    fn drop(&mut self) {
        on(&self.server, &[format!("DROP SCHEMA {NAME} CASCADE")]);
    }
}

/// Runs statements; gives PostgreSQL's first process, the parent of the one that ran them.
fn on(server: &str, statements: &[String]) -> MonitoredProcess {
    Runtime::new().unwrap().block_on(async {
        let location = Location::parse(server).unwrap();
        let database = Database::open(&location).await.unwrap();
        let db = database.reader();
        for statement in statements {
            db.execute_unprepared(statement).await.unwrap();
        }
        let asked = Statement::from_string(DbBackend::Postgres, "SELECT pg_backend_pid() AS pid");
        let row = db.query_one_raw(asked).await.unwrap().unwrap();
        let backend: i32 = row.try_get("", "pid").unwrap();
        MonitoredProcess::parent_of(u32::try_from(backend).unwrap())
    })
}
