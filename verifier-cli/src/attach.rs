//! `vouchsafe attach`: add a document to a claim.

use crate::{Outcome, failure, phone, redeem, void};
use protocol::id::OperatorId;
use serde_json::json;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Attach a document to a claim that was made before
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The claim: the number on the receipt
    #[arg(value_name = "CLAIM")]
    claim: String,

    /// The document, such as a photo of the receipt
    #[arg(value_name = "FILE")]
    document: PathBuf,

    /// Who attaches it
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
    let claim = void::parse(&arguments.claim)?;
    let document = redeem::document(&arguments.document)?;
    let operator = arguments.operator.clone();
    let record = phone::open(home)?.attach(claim, document, operator, phone::clock())?;
    if arguments.json {
        let sequence = record.header.sequence;
        writeln!(out, "{}", json!({"attached_to": claim.to_string(), "sequence": sequence}))?;
    } else {
        writeln!(out, "ATTACHED to claim {claim}.")?;
    }
    Ok(Outcome::Done)
}
