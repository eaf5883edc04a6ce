//! `claims`: what providers ask to be paid for, and the decisions that people take.

use super::output::Output;
use clap::{Args, Subcommand, ValueEnum};
use program_server::claims::{self, Claim, Decision};
use program_server::programmes::{self, Programme};
use program_server::{App, Error, Result, devices, sync};
use protocol::ack::ClaimState;
use protocol::id::{ClaimId, ProgrammeId};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// List claims, the first received first; decide on those that wait for a person.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Claims {
    /// Those in this state alone, such as conflict or in_review.
    #[arg(long, value_parser = state)]
    state: Option<ClaimState>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    Decide(Decide),
    Refused(Refused),
}

/// Decide on a claim that is in conflict or in review.
///
/// To uphold one of two claims on a voucher is to deny the other. Both phones learn it.
#[derive(Debug, Args)]
struct Decide {
    /// The claim's id.
    #[arg(value_parser = claim)]
    claim: ClaimId,
    decision: Verdict,
    /// Why, in one line; the provider reads it.
    #[arg(long)]
    reason: String,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Verdict {
    /// The claim stands.
    Uphold,
    /// It does not.
    Deny,
}

/// List what a phone sent and the server did not take, with the reasons.
#[derive(Debug, Args)]
struct Refused {
    /// The phone: the first digits of its id.
    device: String,
}

fn state(text: &str) -> Result<ClaimState, String> {
    ClaimState::from_name(text).ok_or_else(|| {
        let names: Vec<&str> = ClaimState::ALL.iter().map(|state| state.name()).collect();
        format!("a claim is {}", names.join(", "))
    })
}

fn claim(text: &str) -> Result<ClaimId, String> {
    ClaimId::from_hex(text).ok_or_else(|| "a claim's id has 32 hexadecimal digits".to_owned())
}

impl Claims {
    pub async fn run(self, app: &App, output: &Output) -> Result<()> {
        match self.command {
            None => list(app, self.state, output).await,
            Some(Command::Decide(decide)) => decide.run(app, output).await,
            Some(Command::Refused(refused)) => refused.run(app, output).await,
        }
    }
}

async fn list(app: &App, state: Option<ClaimState>, output: &Output) -> Result<()> {
    let programmes = programmes_by_id(app).await?;
    let (mut after, mut none) = (None, true);
    loop {
        let page = claims::list(&app.db, None, state, after).await?;
        for claim in &page.claims {
            none = false;
            output.print(&words(claim, &programmes), &value(claim))?;
        }
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    if none { output.info("There are no such claims.") } else { Ok(()) }
}

impl Decide {
    async fn run(self, app: &App, output: &Output) -> Result<()> {
        let note_fits = (1..=256).contains(&self.reason.trim().len())
            && !self.reason.chars().any(char::is_control);
        if !note_fits {
            return Err(Error::invalid("give the reason in one line; the provider reads it"));
        }
        let decision = match self.decision {
            Verdict::Uphold => Decision::Uphold,
            Verdict::Deny => Decision::Deny,
        };
        let decided =
            claims::decide(&app.db, self.claim, decision, self.reason.trim(), app.now()).await?;
        output.print(
            &format!(
                "Claim {} is {} now. The phone learns it at its next sync.",
                decided.id,
                decided.state.name()
            ),
            &value(&decided),
        )
    }
}

impl Refused {
    async fn run(self, app: &App, output: &Output) -> Result<()> {
        let device = devices::find(&app.db, &self.device).await?;
        let refused = sync::refused(&app.db, device.id).await?;
        if refused.is_empty() {
            return output.info("Everything that this phone sent was taken.");
        }
        for item in refused {
            let kept = match &item.bytes {
                Some(bytes) => format!("{} bytes kept", bytes.len()),
                None => "digest kept alone".to_owned(),
            };
            output.print(
                &format!("{}  {}  {kept}  received {}", item.item, item.reason, item.received),
                &json!({
                    "item": item.item.to_string(),
                    "reason": item.reason,
                    "bytes": item.bytes.map(hex::encode),
                    "received": item.received.to_string(),
                }),
            )?;
        }
        Ok(())
    }
}

async fn programmes_by_id(app: &App) -> Result<BTreeMap<ProgrammeId, Programme>> {
    let all = programmes::all(app.db.reader()).await?;
    Ok(all.into_iter().map(|programme| (programme.id.clone(), programme)).collect())
}

fn words(claim: &Claim, programmes: &BTreeMap<ProgrammeId, Programme>) -> String {
    let decimals = programmes.get(&claim.programme).map_or(0, |programme| programme.decimals);
    let reason = claim.reason.as_ref().map(|reason| format!(" ({reason})")).unwrap_or_default();
    format!(
        "{}  {}{reason}  {}  {}  {}  served between {} and {}, read by {}",
        claim.id,
        claim.state.name(),
        claim.given.words(decimals),
        claim.programme,
        claim.provider,
        claim.earliest,
        claim.received,
        claim.how_served.name()
    )
}

fn value(claim: &Claim) -> Value {
    let history: Vec<Value> = claim
        .history
        .iter()
        .map(|event| {
            json!({
                "state": event.state.name(),
                "reason": event.reason,
                "note": event.note,
                "at": event.at.to_string(),
            })
        })
        .collect();
    json!({
        "claim": claim.id.to_string(),
        "voucher": claim.voucher.reference.to_string(),
        "issuer": claim.voucher.issuer.as_str(),
        "programme": claim.programme.as_str(),
        "provider": claim.provider.as_str(),
        "device": claim.device.to_string(),
        "given": program_server::http::BenefitShape::from(&claim.given),
        "how_read": claim.how_served.name(),
        "served_after": claim.earliest.to_string(),
        "received": claim.received.to_string(),
        "payable_from": claim.payable_from.to_string(),
        "state": claim.state.name(),
        "reason": claim.reason,
        "history": history,
    })
}
