//! `init`: a new server's folder.

use super::output::Output;
use clap::Args;
use program_server::app::Clock;
use program_server::config::{Config, Home, Origin};
use program_server::database::Location;
use program_server::{App, Error, Result};
use protocol::id::IssuerId;
use serde_json::json;

/// Make a new server: its folder, its configuration and its database.
///
/// Stopped half-way, it can be given again. A server that is there is never changed.
#[derive(Debug, Args)]
pub struct Init {
    /// Where phones will reach the server: scheme, host and port, such as
    /// https://vouchers.example.org.
    #[arg(long, value_name = "URL")]
    origin: String,
    /// The database: sqlite:PATH or postgres://user:password@host/name. A file in the folder if not
    /// given.
    #[arg(long, value_name = "URL")]
    database: Option<String>,
    /// The name that vouchers carry as their issuer; short, since it is in every QR code. The
    /// origin's host if not given.
    #[arg(long, value_name = "ID")]
    issuer: Option<String>,
    /// The office's name, printed on vouchers. The issuer if not given.
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
}

impl Init {
    pub async fn run(self, home: Home, output: &Output) -> Result<()> {
        let origin = Origin::parse(&self.origin)?;
        let issuer = self.issuer.as_deref().unwrap_or(origin.authority());
        let issuer = IssuerId::new(issuer).map_err(|_| {
            Error::invalid("an issuer is named by 1 to 128 bytes without white space")
        })?;
        if let Some(database) = &self.database {
            Location::parse(database)?;
        }
        let office = self.name.unwrap_or_else(|| issuer.to_string());
        let config = Config::new(origin, issuer, office, self.database);
        let app = App::init(home, config, Clock::system()).await?;
        let folder = app.home.folder().display().to_string();
        output.print(
            &format!(
                "A new server is in {folder}, for phones at {}.\nNext: perform the key ceremony \
                 (vouchsafe-server --home {folder} trust ceremony --root-keys DIR).",
                app.config.origin
            ),
            &json!({
                "home": folder,
                "origin": app.config.origin.as_str(),
                "issuer": app.config.issuer.as_str(),
            }),
        )?;
        app.db.close().await
    }
}
