//! `bundle`: files that phones sent where there is no network, and the files that go back.

use super::output::Output;
use clap::{Args, Subcommand};
use program_server::bundles::{self, ImportError, ImportedBundle};
use program_server::devices::DeviceId;
use program_server::documents::ImportOutcome;
use program_server::files::{self, FileMode};
use program_server::{App, Error, Result};
use protocol::bundle::MAX_FILE_LEN;
use protocol::id::BundleId;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Take in what phones sent by file, and write what goes back to them.
#[derive(Debug, Subcommand)]
pub enum Bundle {
    Import(Import),
}

/// Take in files that phones exported, in any order, and write an answer for each phone.
///
/// A file may be given as often as one likes. The answer is sealed to its phone: anybody may carry it
/// back, to be read there with `vouchsafe import`.
#[derive(Debug, Args)]
pub struct Import {
    /// The files (.vsb).
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The folder for the files that go back.
    #[arg(long, default_value = ".", value_name = "DIR")]
    out: PathBuf,
}

impl Bundle {
    pub async fn run(self, app: &App, output: &Output) -> Result<()> {
        match self {
            Bundle::Import(import) => import.run(app, output).await,
        }
    }
}

impl Import {
    async fn run(self, app: &App, output: &Output) -> Result<()> {
        let mut imported: Vec<(&Path, ImportedBundle)> = Vec::new();
        let mut failed = 0;
        for path in &self.files {
            match import(app, path).await {
                Ok(one) => imported.push((path, one)),
                Err(fault) => {
                    failed += 1;
                    output.print(
                        &format!("{}: not taken in: {fault}", path.display()),
                        &json!({
                            "file": path.display().to_string(),
                            "error": fault.to_string(),
                            "code": fault.code(),
                        }),
                    )?;
                }
            }
        }
        // What names a document may have come after it.
        for (path, one) in imported.iter_mut().filter(|(_, one)| one.waits()) {
            if let Ok(again) = import(app, path).await {
                one.documents = again.documents;
            }
        }
        imported.iter().try_for_each(|(path, one)| say(path, one, output))?;
        missing(&imported, output)?;
        let mut by_device: BTreeMap<DeviceId, Vec<ImportedBundle>> = BTreeMap::new();
        for (_, one) in imported {
            by_device.entry(one.device.id).or_default().push(one);
        }
        for (device, imported) in by_device {
            self.answer(app, device, &imported, output).await?;
        }
        match failed {
            0 => Ok(()),
            some => Err(Error::Invalid(format!(
                "{some} of {} files were not taken in; the others were",
                self.files.len()
            ))),
        }
    }

    async fn answer(
        &self,
        app: &App,
        device: DeviceId,
        imported: &[ImportedBundle],
        output: &Output,
    ) -> Result<()> {
        std::fs::create_dir_all(&self.out).map_err(Error::file(&self.out))?;
        for file in bundles::answer(app, imported).await? {
            let path = self.out.join(&file.name);
            files::write(&path, &file.bytes, FileMode::Umask)?;
            output.print(
                &format!("The answer for the phone {device} is in {}.", path.display()),
                &json!({ "answer": path.display().to_string(), "device": device.to_string() }),
            )?;
        }
        Ok(())
    }
}

async fn import(app: &App, path: &Path) -> Result<ImportedBundle, ImportError> {
    let metadata = std::fs::metadata(path).map_err(Error::file(path))?;
    if metadata.len() > MAX_FILE_LEN as u64 {
        let len = usize::try_from(metadata.len()).unwrap_or(usize::MAX);
        return Err(protocol::Error::TooLarge { what: "bundle", len, max: MAX_FILE_LEN }.into());
    }
    let file = std::fs::read(path).map_err(Error::file(path))?;
    bundles::import(app, Arc::from(file)).await
}

fn say(path: &Path, imported: &ImportedBundle, output: &Output) -> Result<()> {
    let (bundle, records, device) = (&imported.bundle, &imported.records, &imported.device);
    let stored =
        imported.documents.iter().filter(|(_, outcome)| *outcome == ImportOutcome::Stored).count();
    let lacking: Vec<_> = imported
        .documents
        .iter()
        .filter(|(_, outcome)| *outcome != ImportOutcome::Stored)
        .map(|(document, outcome)| json!({ "document": document.to_string(), "why": outcome.code() }))
        .collect();
    let digits = device.key.fingerprint_digits();
    output.print(
        &format!(
            "{}: file {} of {} from the phone {} of {} ({}, digits {digits}): {} records new, {} \
             here already, {} in conflict, {} refused, {} to be sent again; {stored} documents here, \
             {} not",
            path.display(),
            bundle.place.number,
            bundle.place.of,
            device.key.kid(),
            device.provider,
            device.status.name(),
            records.accepted,
            records.duplicates,
            records.conflicts,
            records.refused,
            records.later,
            lacking.len(),
        ),
        &json!({
            "file": path.display().to_string(),
            "bundle": bundle.id.to_string(),
            "number": bundle.place.number,
            "of": bundle.place.of,
            "device": device.id.to_string(),
            "status": device.status.name(),
            "digits": digits,
            "accepted": records.accepted,
            "duplicates": records.duplicates,
            "conflicts": records.conflicts,
            "refused": records.refused,
            "later": records.later,
            "documents_stored": stored,
            "documents_lacking": lacking,
        }),
    )
}

/// Tells which files of a bundle were not among those given.
fn missing(imported: &[(&Path, ImportedBundle)], output: &Output) -> Result<()> {
    let mut bundles: BTreeMap<BundleId, (u32, BTreeSet<u32>)> = BTreeMap::new();
    for (_, one) in imported {
        let place = one.bundle.place;
        bundles.entry(one.bundle.id).or_insert((place.of, BTreeSet::new())).1.insert(place.number);
    }
    for (bundle, (of, given)) in bundles {
        let lacking: Vec<String> =
            (1..=of).filter(|number| !given.contains(number)).map(|it| it.to_string()).collect();
        if !lacking.is_empty() {
            output.info(&format!(
                "Of the {of} files of bundle {bundle}, {} were not given now. Import them when they \
                 come; the phone keeps what is in them until then.",
                lacking.join(", ")
            ))?;
        }
    }
    Ok(())
}
