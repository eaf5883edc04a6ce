//! What Kotlin sees of bundles: files out, files in.

use super::{DeviceClock, Result, SyncReport, Verifier, unpoisoned};
use crate::bundle;
use std::sync::{Arc, Mutex};

#[uniffi::export]
impl Verifier {
    /// Plans the files that carry all that the server lacks. What is exported still counts as unsent, until the answer
    /// is imported.
    ///
    /// # Errors
    /// `EngineError::Enrolment` before a code was read, `EngineError::Storage`, `EngineError::Machinery`.
    pub fn export_bundle(self: Arc<Self>, now: DeviceClock) -> Result<Export> {
        let export = self.engine().export(now.into())?;
        let file =
            |file| Arc::new(ExportedFile { phone: Arc::clone(&self), file: Mutex::new(file) });
        Ok(Export {
            records: export.records as u64,
            documents: export.documents as u64,
            unreadable: export.unreadable as u64,
            enrols: export.enrols,
            files: export.files.into_iter().map(file).collect(),
        })
    }

    /// Takes in a file that the programme office sent back: in any order, and as often as one likes.
    ///
    /// # Errors
    /// `EngineError::Enrolment` before a code was read, `EngineError::Storage`.
    pub fn import_bundle(&self, file: &[u8], now: DeviceClock) -> Result<Imported> {
        Ok(self.engine().import(file, now.into())?.into())
    }
}

/// The files of one export.
#[derive(Clone, uniffi::Record)]
pub struct Export {
    /// How many records they carry.
    pub records: u64,
    /// How many documents.
    pub documents: u64,
    /// Documents that the server lacks and this phone can no longer read.
    pub unreadable: u64,
    /// Whether they carry the request to be enrolled.
    pub enrols: bool,
    /// The files, to be written one after the other.
    pub files: Vec<Arc<ExportedFile>>,
}

/// One file of an export.
#[derive(uniffi::Object)]
pub struct ExportedFile {
    phone: Arc<Verifier>,
    file: Mutex<bundle::ExportedFile>,
}

#[uniffi::export]
impl ExportedFile {
    /// What to call the file.
    pub fn name(&self) -> String {
        unpoisoned(&self.file).name().to_owned()
    }

    /// The next bytes of the file, some of them none; nothing after the last.
    ///
    /// # Errors
    /// `EngineError::Storage`, `EngineError::Machinery`.
    pub fn next_bytes(&self) -> Result<Option<Vec<u8>>> {
        Ok(unpoisoned(&self.file).next(&self.phone.engine())?)
    }
}

/// What came of importing a file.
#[derive(Clone, Debug, uniffi::Enum)]
pub enum Imported {
    /// It was taken in.
    Done {
        /// What it brought.
        report: ImportReport,
    },
    /// It is no answer for this phone, or was altered. Nothing changed.
    Refused {
        /// The stable code.
        code: String,
        /// What it means and what to do.
        words: String,
    },
}

/// What a file brought.
#[derive(Clone, Debug, uniffi::Record)]
pub struct ImportReport {
    /// The file's number.
    pub number: u32,
    /// How many files the answer has.
    pub of: u32,
    /// What changed, as after a sync.
    pub news: SyncReport,
    /// Why the profile is not accepted, as a stable code.
    pub profile_refused: Option<String>,
    /// Acks that are not of our server. They changed nothing.
    pub acks_refused: u64,
    /// Parts that cannot be used here now.
    pub passed_over: u64,
}

impl From<bundle::Imported> for Imported {
    fn from(imported: bundle::Imported) -> Self {
        match imported {
            bundle::Imported::Done(report) => Self::Done { report: (*report).into() },
            bundle::Imported::Refused(refusal) => {
                Self::Refused { code: refusal.code().to_owned(), words: refusal.to_string() }
            }
        }
    }
}

impl From<bundle::ImportReport> for ImportReport {
    fn from(report: bundle::ImportReport) -> Self {
        Self {
            number: report.place.number,
            of: report.place.of,
            news: report.news.into(),
            profile_refused: report.profile_refused.map(str::to_owned),
            acks_refused: report.acks_refused as u64,
            passed_over: report.passed_over as u64,
        }
    }
}
