//! `vouchsafe claims`: what this phone served, and what became of it.

use crate::{Outcome, failure, phone, words};
use serde_json::{Value, json};
use std::io::Write;
use std::path::Path;
use verifier_core::ledger::{Claim, Delivery, Page};

/// List the claims of this phone, newest first, and what became of them
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Print a JSON object a line instead of words
    #[arg(long)]
    pub(crate) json: bool,
}

pub(crate) fn run(
    arguments: &Arguments,
    home: &Path,
    out: &mut impl Write,
) -> failure::Result<Outcome> {
    let claims = phone::open_read_only(home)?.claims(Page::ALL)?;
    if claims.is_empty() && !arguments.json {
        writeln!(out, "This phone has no claims yet.")?;
    }
    for claim in &claims {
        if arguments.json {
            writeln!(out, "{}", as_json(claim))?;
        } else {
            write_words(claim, out)?;
        }
    }
    Ok(Outcome::Done)
}

fn as_json(claim: &Claim) -> Value {
    let documents: Vec<Value> = claim
        .documents
        .iter()
        .map(|one| {
            json!({"sha256": one.document.hash.to_string(), "held_by_server": one.held_by_server})
        })
        .collect();
    json!({
        "claim": claim.id.to_string(),
        "sequence": claim.sequence,
        "at": claim.redeemed_at.to_string(),
        "operator": claim.operator.as_ref().map(|operator| operator.as_str()),
        "voucher": claim.served.as_ref().map(|it| it.identity.reference.to_string()),
        "given": claim.served.as_ref().map(|it| words::benefit_words(&it.given, None)),
        "state": claim.state.name(),
        "reason": claim.reason,
        "delivery": delivery_word(&claim.delivery),
        "voided": claim.voided.is_some(),
        "documents": documents,
    })
}

fn write_words(claim: &Claim, out: &mut impl Write) -> failure::Result<()> {
    let given = match &claim.served {
        Some(served) => words::benefit_words(&served.given, None),
        None => "(cannot be shown: this phone's key is lost)".to_owned(),
    };
    writeln!(out, "{}  {}  {given}", claim.id, claim.redeemed_at)?;
    write!(out, "  {}", claim.state.name().replace('_', " "))?;
    if let Some(reason) = &claim.reason {
        write!(out, " ({})", reason.replace('_', " "))?;
    }
    match &claim.delivery {
        Delivery::Waiting => writeln!(out, ", not sent yet")?,
        Delivery::Sent => writeln!(out, ", the server has it")?,
        Delivery::Refused(reason) => {
            writeln!(out, ", the server refused it: {}", reason.replace('_', " "))?;
        }
    }
    if let Some(voided) = &claim.voided {
        writeln!(out, "  taken back on {}", voided.at)?;
    }
    let waiting = claim.documents.iter().filter(|one| !one.held_by_server).count();
    if !claim.documents.is_empty() {
        writeln!(out, "  {} documents, {waiting} not sent yet", claim.documents.len())?;
    }
    Ok(())
}

fn delivery_word(delivery: &Delivery) -> &'static str {
    match delivery {
        Delivery::Waiting => "waiting",
        Delivery::Sent => "sent",
        Delivery::Refused(_) => "refused",
    }
}
