//! `vouchsafe void`: take a redemption back.

use crate::failure::Failure;
use crate::{Outcome, failure, phone};
use protocol::id::{ClaimId, OperatorId};
use serde_json::json;
use std::io::Write;
use std::path::Path;

/// Take a redemption back, so that the voucher can be served again
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The claim: the number on the receipt
    #[arg(value_name = "CLAIM")]
    claim: String,

    /// Why, in a few words
    #[arg(long, value_name = "R")]
    reason: String,

    /// Who takes it back
    #[arg(long, value_name = "NAME")]
    operator: Option<OperatorId>,

    /// Print a JSON object instead of words
    #[arg(long)]
    pub(crate) json: bool,
}

pub(crate) fn run(
    arguments: &Arguments,
    home: &Path,
    out: &mut impl Write,
) -> failure::Result<Outcome> {
    let claim = parse(&arguments.claim)?;
    let mut verifier = phone::open(home)?;
    let operator = arguments.operator.clone();
    let record = verifier.void(claim, &arguments.reason, operator, phone::clock())?;
    if arguments.json {
        let sequence = record.header.sequence;
        writeln!(out, "{}", json!({"voided": claim.to_string(), "sequence": sequence}))?;
    } else {
        writeln!(out, "VOIDED {claim}. The voucher can be served again.")?;
    }
    Ok(Outcome::Done)
}

/// Reads a claim's number.
pub(crate) fn parse(text: &str) -> failure::Result<ClaimId> {
    ClaimId::from_hex(text).ok_or_else(|| {
        Failure::Argument(format!("{text}: not a claim; it has 32 hexadecimal digits"))
    })
}
