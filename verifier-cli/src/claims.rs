//! `vouchsafe claims`: what this phone served, and what became of it.

use crate::{Outcome, failure, phone, words};
use protocol::{Benefit, Currency};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::Path;
use verifier_core::ledger::{Claim, Delivery, LedgerError, Page, ServedVoucher};
use verifier_core::verifier::EngineError;

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
    let Listing { claims, unreadable, decimals } = list(home)?;
    if claims.is_empty() && unreadable == 0 && !arguments.json {
        writeln!(out, "This phone has no claims yet.")?;
    }
    for claim in &claims {
        let given = claim.served.as_ref().map(|served| {
            let places = match &served.given {
                Benefit::Money(money) => decimals.get(&money.currency()).copied(),
                Benefit::Goods(_) => None,
            };
            served.given.words(places.unwrap_or(words::USUAL_DECIMALS))
        });
        if arguments.json {
            writeln!(out, "{}", as_json(claim, given.as_deref()))?;
        } else {
            write_words(claim, given, out)?;
        }
    }
    if unreadable > 0 {
        writeln!(
            io::stderr(),
            "vouchsafe: the ledger is damaged; {unreadable} places in it cannot be read. Copy this home away and call the programme office"
        )?;
        return Ok(Outcome::Broken);
    }
    Ok(Outcome::Done)
}

struct Listing {
    claims: Vec<Claim>,
    /// Places of a damaged ledger that hide claims.
    unreadable: u64,
    /// The decimal places of each currency that the phone's programmes use.
    decimals: BTreeMap<Currency, u8>,
}

/// The claims; of a damaged ledger those that can still be read.
fn list(home: &Path) -> failure::Result<Listing> {
    let listed = phone::open_read_only(home)
        .and_then(|verifier| Ok((verifier.claims(Page::ALL)?, verifier)));
    match listed {
        Ok((claims, verifier)) => {
            let programmes = verifier.trust().map(|trust| trust.list().programmes.as_slice());
            let decimals =
                programmes.unwrap_or_default().iter().map(|it| (it.currency, it.decimals));
            Ok(Listing { claims, unreadable: 0, decimals: decimals.collect() })
        }
        Err(EngineError::Ledger(LedgerError::Corrupt { .. })) => {
            let readable = phone::ledger_read_only(home)?.readable_claims();
            // A damaged ledger that gives everything is damaged all the same.
            let unreadable = readable.unreadable.max(1);
            Ok(Listing { claims: readable.claims, unreadable, decimals: BTreeMap::new() })
        }
        Err(error) => Err(error.into()),
    }
}

fn as_json(claim: &Claim, given: Option<&str>) -> Value {
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
        "voucher": claim.served.as_ref().map(|it| it.voucher.reference()),
        "by_reference": claim
            .served
            .as_ref()
            .map(|it| matches!(it.voucher, ServedVoucher::ByReference(_))),
        "given": given,
        "state": claim.state.name(),
        "reason": claim.reason,
        "delivery": delivery_word(&claim.delivery),
        "refusal": refusal(&claim.delivery),
        "voided": claim.voided.is_some(),
        "documents": documents,
    })
}

fn write_words(claim: &Claim, given: Option<String>, out: &mut impl Write) -> failure::Result<()> {
    let given = given.unwrap_or_else(|| "(cannot be shown: this phone's key is lost)".to_owned());
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

/// The code of the reason for which the server did not take the record in.
fn refusal(delivery: &Delivery) -> Option<&str> {
    match delivery {
        Delivery::Waiting | Delivery::Sent => None,
        Delivery::Refused(reason) => Some(reason),
    }
}

fn delivery_word(delivery: &Delivery) -> &'static str {
    match delivery {
        Delivery::Waiting => "waiting",
        Delivery::Sent => "sent",
        Delivery::Refused(_) => "refused",
    }
}
