//! `vouchsafe import`: what the programme office sent back by file.

use crate::failure::Failure;
use crate::{Outcome, failure, phone, sync};
use protocol::bundle::MAX_FILE_LEN;
use serde_json::{Value, json};
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use verifier_core::bundle::{ImportRefusal, ImportReport, Imported};

/// Take in files that the programme office sent back
///
/// In any order, and as often as one likes. Each is taken in by the rules of a sync.
///
/// Exit status: 0 if all were taken in, 1 if one is refused (it is for another phone, altered, or cut short).
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The files (.vsb)
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,

    /// Print a JSON object a file instead of words
    #[arg(long)]
    pub(crate) json: bool,
}

pub(crate) fn run(
    arguments: &Arguments,
    home: &Path,
    out: &mut impl Write,
) -> failure::Result<Outcome> {
    let mut verifier = phone::open(home)?;
    let mut outcome = Outcome::Done;
    for path in &arguments.files {
        let file = read(path)?;
        let imported = verifier.import(&file, phone::clock())?;
        if matches!(imported, Imported::Refused(_)) {
            outcome = Outcome::Refused;
        }
        if arguments.json {
            writeln!(out, "{}", as_json(path, &imported))?;
        } else {
            write_words(path, &imported, out)?;
        }
    }
    Ok(outcome)
}

/// The file; of one that is too large only as much as shows it.
fn read(path: &Path) -> failure::Result<Vec<u8>> {
    let mut file = Vec::new();
    let fault = |error: io::Error| Failure::File(path.display().to_string(), error);
    let opened = File::open(path).map_err(fault)?;
    opened.take(MAX_FILE_LEN as u64 + 1).read_to_end(&mut file).map_err(fault)?;
    Ok(file)
}

fn as_json(path: &Path, imported: &Imported) -> Value {
    let file = path.display().to_string();
    match imported {
        Imported::Refused(refusal) => {
            json!({ "file": file, "refused": refusal.code(), "words": refusal.to_string() })
        }
        Imported::Done(report) => json!({
            "file": file,
            "refused": null,
            "number": report.place.number,
            "of": report.place.of,
            "news": sync::as_json(&report.news),
            "profile_refused": report.profile_refused,
            "acks_refused": report.acks_refused,
            "passed_over": report.passed_over,
        }),
    }
}

fn write_words(path: &Path, imported: &Imported, out: &mut impl Write) -> failure::Result<()> {
    match imported {
        Imported::Refused(refusal) => write_refusal(path, refusal, out),
        Imported::Done(report) => write_report(path, report, out),
    }
}

fn write_refusal(
    path: &Path,
    refusal: &ImportRefusal,
    out: &mut impl Write,
) -> failure::Result<()> {
    writeln!(out, "{}: not taken in; nothing changed.", path.display())?;
    writeln!(out, "  {refusal}.")?;
    Ok(())
}

fn write_report(path: &Path, report: &ImportReport, out: &mut impl Write) -> failure::Result<()> {
    let place = report.place;
    writeln!(out, "{}: file {} of {} taken in.", path.display(), place.number, place.of)?;
    sync::write_news(&report.news, out)?;
    if let Some(code) = report.profile_refused {
        writeln!(out, "Profile: the one offered was refused ({code}); the one held stays")?;
    }
    if report.acks_refused > 0 {
        writeln!(out, "Acks: {} are not of our server, and changed nothing", report.acks_refused)?;
    }
    if report.passed_over > 0 {
        writeln!(out, "Passed over: {} parts that cannot be used here now", report.passed_over)?;
    }
    Ok(())
}
