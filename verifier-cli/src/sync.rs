//! `vouchsafe sync`: exchange with the server.

use crate::{Outcome, failure, network, phone};
use protocol::key::Kid;
use serde_json::json;
use std::io::Write;
use std::path::Path;
use verifier_core::sync::SyncReport;

/// Exchange with the server: send records and documents, fetch trust, status and the state of claims
///
/// Exit status: 0 if all was exchanged, 2 if the run stopped early; what was not sent is kept and sent next time.
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
    let mut verifier = phone::open(home)?;
    let report = network::sync(&mut verifier)?;
    if arguments.json {
        writeln!(out, "{}", as_json(&report))?;
    } else {
        write_words(&report, out)?;
    }
    Ok(if report.stopped.is_some() { Outcome::Broken } else { Outcome::Done })
}

pub(crate) fn as_json(report: &SyncReport) -> serde_json::Value {
    json!({
        "trust_version": report.trust_version,
        "trust_refused": report.trust_refused,
        "profile_renewed": report.profile_renewed,
        "status_lists": report.status_lists,
        "status_refused": report.status_refused,
        "issued_sets": report.issued_sets.iter().map(Kid::to_string).collect::<Vec<_>>(),
        "issued_refused": report
            .issued_refused
            .iter()
            .map(|(kid, code)| json!([kid.to_string(), code]))
            .collect::<Vec<_>>(),
        "accepted": report.accepted,
        "duplicates": report.duplicates,
        "conflicts": report.conflicts,
        "refused": report.refused,
        "later": report.later,
        "restarted": report.restarted,
        "server_restored": report.server_restored,
        "claims_changed": report.claims_changed,
        "documents_sent": report.documents_sent,
        "documents_failed": report.documents_failed,
        "vouchers_listed": report.vouchers_listed,
        "vouchers_refused": report.vouchers_refused,
        "stopped": report.stopped.map(network::stopped_code),
    })
}

fn write_words(report: &SyncReport, out: &mut impl Write) -> failure::Result<()> {
    write_news(report, out)?;
    match report.stopped {
        Some(stopped) => writeln!(out, "Stopped early: {}", network::stopped_words(stopped))?,
        None => writeln!(out, "All exchanged.")?,
    }
    Ok(())
}

/// What changed, in words; nothing when nothing did.
pub(crate) fn write_news(report: &SyncReport, out: &mut impl Write) -> failure::Result<()> {
    if let Some(version) = report.trust_version {
        writeln!(out, "Trust list: version {version}")?;
    }
    if let Some(code) = report.trust_refused {
        writeln!(out, "Trust list: the one offered was refused ({code}); the one held stays")?;
    }
    if report.profile_renewed {
        writeln!(out, "Profile: renewed")?;
    }
    if !report.status_lists.is_empty() {
        writeln!(out, "Status lists renewed: {}", report.status_lists.len())?;
    }
    for (number, code) in &report.status_refused {
        writeln!(out, "Status list {number}: the one offered was refused ({code})")?;
    }
    for kid in &report.issued_sets {
        writeln!(out, "Key {kid} is compromised: what was truly issued under it is known now")?;
    }
    for (kid, code) in &report.issued_refused {
        writeln!(
            out,
            "Issued under the compromised key {kid}: the file offered was refused ({code})"
        )?;
    }
    let counts = [
        (report.accepted, "taken in by the server"),
        (report.duplicates, "held by the server already"),
        (report.conflicts, "in conflict with another claim"),
        (report.refused, "refused by the server"),
        (report.later, "to be sent again later"),
    ];
    for (count, words) in counts.into_iter().filter(|(count, _)| *count > 0) {
        writeln!(out, "Records: {count} {words}")?;
    }
    if report.restarted {
        writeln!(
            out,
            "This phone was restored from a backup: its records go on in a new chain, and the office looks at those made since"
        )?;
    }
    if report.server_restored {
        writeln!(out, "The server was restored from a backup: what it lost is sent again")?;
    }
    if report.documents_sent + report.documents_failed > 0 {
        let (sent, failed) = (report.documents_sent, report.documents_failed);
        writeln!(out, "Documents: {sent} sent, {failed} not this time")?;
    }
    if report.claims_changed > 0 {
        writeln!(out, "Claims with news: {} (see `claims`)", report.claims_changed)?;
    }
    if let Some(code) = report.vouchers_refused {
        writeln!(
            out,
            "Vouchers of this provider: the list offered was refused ({code}); the one held stays"
        )?;
    }
    Ok(())
}
