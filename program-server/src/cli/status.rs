//! `status`: the status lists.

use super::output::Output;
use clap::Subcommand;
use program_server::{App, Result, trust};
use serde_json::json;

/// The status lists, by which phones learn of vouchers taken back or served.
///
/// The server signs a list anew by itself whenever one of its vouchers changed.
#[derive(Debug, Subcommand)]
pub enum Status {
    /// Sign every list that changed, now.
    Publish,
}

impl Status {
    pub async fn run(self, app: &App, output: &Output) -> Result<()> {
        let Status::Publish = self;
        for number in trust::status_lists(app.db.reader()).await? {
            let token = trust::status_token(app, number).await?;
            output.print(
                &format!("Status list {number} is up to date ({} bytes).", token.bytes.len()),
                &json!({ "list": number, "bytes": token.bytes.len() }),
            )?;
        }
        Ok(())
    }
}
