//! `vouchsafe export`: what the server lacks, in files that anybody may carry.

use crate::failure::Failure;
use crate::{Outcome, failure, phone};
use serde_json::json;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use verifier_core::bundle::ExportedFile;
use verifier_core::verifier::Verifier;

/// Write all that the server lacks into files that anybody may carry to the programme office
///
/// The files are sealed: who carries them reads nothing. They may arrive in any order, some later than others. What
/// was exported counts as unsent until the office's answer is imported, so nothing is lost with a file.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The folder for the files, such as a memory stick
    #[arg(value_name = "DIR")]
    dir: PathBuf,

    /// Print a JSON object instead of words
    #[arg(long)]
    pub(crate) json: bool,
}

pub(crate) fn run(
    arguments: &Arguments,
    home: &Path,
    out: &mut impl Write,
) -> failure::Result<Outcome> {
    let verifier = phone::open(home)?;
    let mut export = verifier.export(phone::clock())?;
    let fault = |error| Failure::File(arguments.dir.display().to_string(), error);
    fs::create_dir_all(&arguments.dir).map_err(fault)?;
    let mut paths = Vec::with_capacity(export.files.len());
    for file in &mut export.files {
        let path = arguments.dir.join(file.name());
        if let Err(failure) = write(&verifier, file, &path) {
            // Half a file is of no use. What failed is told; that it cannot be removed adds nothing.
            let _ = fs::remove_file(&path);
            return Err(failure);
        }
        paths.push(path);
    }
    sync_dir(&arguments.dir).map_err(fault)?;
    let (records, documents, enrols) = (export.records, export.documents, export.enrols);
    let unreadable = export.unreadable;
    if arguments.json {
        let files: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
        let object = json!({
            "files": files,
            "records": records,
            "documents": documents,
            "unreadable": unreadable,
            "enrolment": enrols,
            "digits": verifier.digits(),
        });
        writeln!(out, "{object}")?;
        return Ok(Outcome::Done);
    }
    for path in &paths {
        writeln!(out, "{}", path.display())?;
    }
    if enrols {
        writeln!(
            out,
            "In it: the request to enrol this phone. Its digits are {}.",
            verifier.digits()
        )?;
    }
    writeln!(out, "Exported: {records} records, {documents} documents, in {} files.", paths.len())?;
    if unreadable > 0 {
        writeln!(out, "Left out: {unreadable} documents whose key this phone has lost.")?;
    }
    writeln!(out, "Give them to the programme office, and import here what it sends back.")?;
    Ok(Outcome::Done)
}

fn write(verifier: &Verifier, file: &mut ExportedFile, path: &Path) -> failure::Result<()> {
    let fault = |error| Failure::File(path.display().to_string(), error);
    let mut written = create(path).map_err(fault)?;
    while let Some(bytes) = file.next(verifier)? {
        written.write_all(&bytes).map_err(fault)?;
    }
    written.sync_all().map_err(fault)
}

/// A file that was not there before, for its owner alone.
fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options.open(path)
}

/// New names survive a power cut only once their directory is on the disk too.
fn sync_dir(dir: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(dir)?.sync_all() } else { Ok(()) }
}
