//! A server to test against: a fresh home and a fresh database, on each engine.
//!
//! [`on_both_engines!`] runs one promise on SQLite and on PostgreSQL. PostgreSQL is named by
//! `VOUCHSAFE_TEST_POSTGRES`; without it that half fails, unless `VOUCHSAFE_TEST_QUICK=1` says that
//! half a test is wanted.

#![allow(clippy::unwrap_used, clippy::panic)] // a helper of tests fails as a test does

use program_server::App;
use program_server::app::Clock;
use program_server::config::{Config, Home, Origin};
use protocol::Timestamp;
use protocol::id::IssuerId;
use sqlx::{Connection as _, Executor as _};
use tempfile::TempDir;

/// Where the server's clock stands at first; `app.clock.set` moves it.
pub const START: &str = "2026-11-21T10:00:00Z";

/// A server with nothing in it yet, gone when dropped.
pub struct TestServer {
    pub app: App,
    _home: TempDir,
    _schema: Option<Schema>,
}

impl TestServer {
    /// On an SQLite file of its own.
    pub async fn on_sqlite() -> Self {
        Self::with(None).await
    }

    /// In a PostgreSQL schema of its own; `None` when a quick run goes without.
    pub async fn on_postgres() -> Option<Self> {
        let Ok(server) = std::env::var("VOUCHSAFE_TEST_POSTGRES") else {
            assert!(
                std::env::var("VOUCHSAFE_TEST_QUICK").is_ok_and(|quick| quick == "1"),
                "VOUCHSAFE_TEST_POSTGRES is not set, so this promise was not tested on PostgreSQL. \
                 Set it to postgres://user@host/database (./scripts/test does), or set \
                 VOUCHSAFE_TEST_QUICK=1 to test on SQLite alone"
            );
            return None;
        };
        Some(Self::with(Some(Schema::create(server).await)).await)
    }

    async fn with(schema: Option<Schema>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = Config::new(
            Origin::parse("https://vouchers.example.org").unwrap(),
            IssuerId::new("vouchers.example.org").unwrap(),
            "Provincial Welfare Office".to_owned(),
            schema.as_ref().map(Schema::url),
        );
        let clock = Clock::standing_at(Timestamp::parse(START).unwrap());
        let home = Home::at(folder.path().join("home"));
        let app = App::init(home, config, clock).await.unwrap();
        TestServer { app, _home: folder, _schema: schema }
    }
}

/// A PostgreSQL schema of one test.
struct Schema {
    server: String,
    name: String,
}

impl Schema {
    async fn create(server: String) -> Self {
        let schema = Schema { server, name: format!("test_{}", uuid::Uuid::new_v4().simple()) };
        run(&schema.server, format!("CREATE SCHEMA {}", schema.name)).await;
        schema
    }

    fn url(&self) -> String {
        let sign = if self.server.contains('?') { '&' } else { '?' };
        format!("{}{sign}options[search_path]={}", self.server, self.name)
    }
}

impl Drop for Schema {
    fn drop(&mut self) {
        // The test's own runtime may be shutting down, so the schema goes on another.
        let (server, sql) = (self.server.clone(), format!("DROP SCHEMA {} CASCADE", self.name));
        let dropped = std::thread::spawn(move || {
            tokio::runtime::Runtime::new().unwrap().block_on(run(&server, sql));
        })
        .join();
        if dropped.is_err() {
            eprintln!("the schema {} could not be dropped", self.name);
        }
    }
}

async fn run(server: &str, sql: String) {
    let mut connection = sqlx::PgConnection::connect(server).await.unwrap_or_else(|error| {
        panic!("PostgreSQL at VOUCHSAFE_TEST_POSTGRES cannot be reached: {error}")
    });
    connection.execute(sqlx::AssertSqlSafe(sql)).await.unwrap();
    connection.close().await.unwrap();
}

/// Tests one promise on both engines: `on_both_engines! { async fn promise(server: TestServer) {…} }`
/// makes the tests `promise::sqlite` and `promise::postgres`.
#[macro_export]
macro_rules! on_both_engines {
    ($(async fn $promise:ident($server:ident: TestServer) $body:block)+) => {$(
                mod $promise {
            use super::*;

            async fn holds($server: $crate::support::TestServer) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                holds($crate::support::TestServer::on_sqlite().await).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                if let Some(server) = $crate::support::TestServer::on_postgres().await {
                    holds(server).await;
                }
            }
        }
    )+};
}
