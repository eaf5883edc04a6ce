//! `vouchsafe status`: the phone's health at a glance.

use crate::{Outcome, failure, phone};
use protocol::trust::Grade;
use serde_json::json;
use std::io::Write;
use std::path::Path;
use verifier_core::verifier::Health;

/// Show the phone's health: trust, profile, status lists, what is unsent, and the chain's head
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
    let health = phone::open_read_only(home)?.health(phone::clock())?;
    if arguments.json {
        writeln!(out, "{}", as_json(&health))?;
    } else {
        write_words(&health, out)?;
    }
    Ok(Outcome::Done)
}

fn as_json(health: &Health) -> serde_json::Value {
    let lists: Vec<_> = health
        .status_lists
        .iter()
        .map(|(number, issued)| json!({"list": number, "issued": issued.map(|at| at.to_string())}))
        .collect();
    json!({
        "origin": health.origin,
        "digits": health.digits,
        "profile": health.profile.as_ref().map(|(profile, grade)| json!({
            "provider": profile.provider.as_str(),
            "confirmed": profile.confirmed,
            "issued": profile.issued.to_string(),
            "grade": grade_word(*grade),
        })),
        "trust": health.trust.map(|(version, issued, grade)| json!({
            "version": version,
            "issued": issued.to_string(),
            "grade": grade_word(grade),
        })),
        "status_lists": lists,
        "unsent": health.unsent.records,
        "unsent_since": health.unsent.since.map(|since| since.to_string()),
        "unsent_documents": health.unsent.documents,
        "refused": health.unsent.refused,
        "head": health.head.map(|head| json!({
            "sequence": head.sequence,
            "hash": head.hash.to_string(),
        })),
    })
}

fn write_words(health: &Health, out: &mut impl Write) -> failure::Result<()> {
    match &health.origin {
        Some(origin) => writeln!(out, "Server: {origin}")?,
        None => writeln!(out, "This phone is not enrolled.")?,
    }
    writeln!(out, "Key digits: {}", health.digits)?;
    if let Some((profile, grade)) = &health.profile {
        let confirmed =
            if profile.confirmed { "confirmed" } else { "not confirmed by the office yet" };
        let name = &profile.provider_name;
        writeln!(out, "Provider: {name}, {confirmed}")?;
        writeln!(out, "Profile: {} (issued {})", grade_word(*grade), profile.issued)?;
    }
    if let Some((version, issued, grade)) = health.trust {
        writeln!(out, "Trust list: {}, version {version} (issued {issued})", grade_word(grade))?;
    }
    for (number, issued) in &health.status_lists {
        match issued {
            Some(issued) => writeln!(out, "Status list {number}: issued {issued}")?,
            None => writeln!(out, "Status list {number}: not held yet")?,
        }
    }
    match health.unsent.since {
        Some(since) => writeln!(out, "Unsent: {} records, since {since}", health.unsent.records)?,
        None => writeln!(out, "Unsent: nothing")?,
    }
    if health.unsent.documents > 0 {
        writeln!(out, "Unsent documents: {}", health.unsent.documents)?;
    }
    if health.unsent.refused > 0 {
        writeln!(out, "Refused by the server: {} records (see `claims`)", health.unsent.refused)?;
    }
    match health.head {
        Some(head) => writeln!(out, "Chain: {} records, head {}", head.sequence, head.hash)?,
        None => writeln!(out, "Chain: empty")?,
    }
    Ok(())
}

fn grade_word(grade: Grade) -> &'static str {
    match grade {
        Grade::Fresh => "fresh",
        Grade::Stale => "stale",
        Grade::TooOld => "too old",
    }
}
