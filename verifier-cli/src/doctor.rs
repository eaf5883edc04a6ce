//! `vouchsafe doctor`: check the ledger against itself.

use crate::{Outcome, failure, phone};
use serde_json::json;
use std::io::Write;
use std::path::Path;
use verifier_core::verifier::EngineError;

/// Check the ledger: derive everything again from chain, inbox and blobs, and compare
///
/// Changes nothing. Exit status: 0 all is well, 2 something was found.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Print a JSON object instead of words
    #[arg(long)]
    pub(crate) json: bool,
}

pub(crate) fn run(
    arguments: &Arguments,
    home: &Path,
    out: &mut impl Write,
) -> failure::Result<Outcome> {
    let report = phone::ledger_read_only(home)?.doctor().map_err(EngineError::from)?;
    let findings: Vec<String> = report.findings.iter().map(ToString::to_string).collect();
    if arguments.json {
        let object = json!({
            "records": report.records,
            "received": report.received,
            "blobs": report.blobs,
            "findings": findings,
        });
        writeln!(out, "{object}")?;
    } else {
        writeln!(
            out,
            "Looked at {} records, {} things received and {} documents and lists.",
            report.records, report.received, report.blobs
        )?;
        for finding in &findings {
            writeln!(out, "  {finding}")?;
        }
        if findings.is_empty() {
            writeln!(out, "All is well.")?;
        } else {
            writeln!(out, "Do not delete this home. Copy it away, and call the programme office.")?;
        }
    }
    Ok(if findings.is_empty() { Outcome::Done } else { Outcome::Broken })
}
