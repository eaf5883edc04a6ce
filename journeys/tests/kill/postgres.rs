//! A PostgreSQL schema of a test's own.
#![allow(clippy::expect_used, reason = "a test that cannot be set up fails")]

use sqlx::{Connection as _, Executor as _};

/// Gone when dropped.
pub struct Schema {
    server: String,
    name: String,
}

impl Schema {
    /// On the server that `VOUCHSAFE_TEST_POSTGRES` names. Fails without it, so that nobody takes a
    /// promise for tested that was not.
    pub fn create() -> Self {
        let server = std::env::var("VOUCHSAFE_TEST_POSTGRES").expect(
            "VOUCHSAFE_TEST_POSTGRES is set to postgres://user@host/database (./scripts/test does)",
        );
        let name = format!("journey_{}_{:?}", std::process::id(), std::thread::current().id())
            .replace(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_', "");
        let name = name.to_lowercase();
        run(&server, format!("DROP SCHEMA IF EXISTS {name} CASCADE; CREATE SCHEMA {name}"));
        Schema { server, name }
    }

    /// What a server is given as its database.
    pub fn url(&self) -> String {
        let sign = if self.server.contains('?') { '&' } else { '?' };
        format!("{}{sign}options[search_path]={}", self.server, self.name)
    }
}

impl Drop for Schema {
    fn drop(&mut self) {
        run(&self.server, format!("DROP SCHEMA {} CASCADE", self.name));
    }
}

fn run(server: &str, sql: String) {
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let mut connection = sqlx::PgConnection::connect(server).await.unwrap();
        connection.execute(sqlx::AssertSqlSafe(sql)).await.unwrap();
        connection.close().await.unwrap();
    });
}
