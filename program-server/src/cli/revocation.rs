//! `revoke`, `suspend` and `lift`: what the office decides of a voucher that is out.

use super::output::Output;
use clap::Args;
use program_server::vouchers::{self, Decision};
use program_server::{App, Result, trust};
use protocol::voucher::Reference;
use serde_json::json;

/// Which voucher, and why.
#[derive(Debug, Args)]
pub struct Revocation {
    /// The voucher: the reference printed on it, or its id (32 hexadecimal digits).
    voucher: String,
    /// Why, in one line; it is kept with the voucher.
    #[arg(long)]
    reason: String,
}

/// A decision and the word for what it leaves.
pub type Wording = (Decision, &'static str);

pub const REVOKE: Wording = (Decision::Revoke, "revoked");
pub const SUSPEND: Wording = (Decision::Suspend, "suspended");
pub const LIFT: Wording = (Decision::Lift, "in force again");

impl Revocation {
    pub async fn run(self, app: &App, wording: Wording, output: &Output) -> Result<()> {
        let (decision, word) = wording;
        let tx = app.db.begin().await?;
        let issued =
            vouchers::decide(&tx, &self.voucher, decision, &self.reason, app.now()).await?;
        tx.commit().await?;
        // Signed at once, so that its time is that of the decision and not of the next phone's sync.
        if let Some(status) = issued.voucher.status {
            trust::status_token(app, status.list).await?;
        }
        let Reference::Cti(cti) = &issued.voucher.identity.reference else { return Ok(()) };
        output.print(
            &format!(
                "Voucher {} is {word}. Phones learn it with their next status list.",
                issued.reference
            ),
            &json!({
                "reference": cti.to_string(),
                "printed": issued.reference,
                "status": word,
            }),
        )
    }
}
