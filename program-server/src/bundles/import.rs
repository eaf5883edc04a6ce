//! Importing one file.

use crate::app::App;
use crate::devices::{self, Device, DeviceId, EnrolmentFault};
use crate::documents::{self, ImportOutcome, OfflineChunk};
use crate::sync::{self, Quota};
use crate::{Error, trust};
use protocol::ack::{Ack, Batch, Outcome};
use protocol::bundle::stream::Prelude;
use protocol::bundle::{Bundle, BundleFault, PartKind, Parts, verify};
use protocol::key::KeyUse;
use protocol::seal::UnsealingKey;
use protocol::{Hash, Timestamp};
use std::io::ErrorKind;
use std::sync::Arc;

/// A file that was taken in.
#[derive(Debug, Clone)]
pub struct ImportedBundle {
    /// What the phone says of the file, under its signature.
    pub bundle: Bundle,
    pub device: Device,
    /// What became of the records.
    pub records: Tally,
    /// What became of each document.
    pub documents: Vec<(Hash, ImportOutcome)>,
    /// The signed acks, in the order of the batches.
    pub acks: Vec<Vec<u8>>,
    /// Each batch without its items: what asks for news of its chain.
    pub asks: Vec<Batch>,
}

/// How many records came to what.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    pub accepted: usize,
    pub duplicates: usize,
    /// Taken in beside another claim on the same voucher.
    pub conflicts: usize,
    /// Not taken in; kept for review.
    pub refused: usize,
    /// To be sent again another time.
    pub later: usize,
}

/// Why a file was not taken in. Nothing of it was.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// It is no bundle, or altered, or breaks a rule.
    #[error("{0}. Copy the file again from where it was made")]
    Unreadable(protocol::Error),
    /// It is sealed to a key that this server does not have, or no longer.
    #[error(
        "the file is sealed to a key that this server does not have: it is for another server, or the \
         key was destroyed. The phone still has everything. If it is one of yours, put the key's file \
         back from the backup, or connect the phone to a network once"
    )]
    SealedToAnother,
    /// It is a later release's.
    #[error("the file was made by a later release: update this server, then try again")]
    LaterVersion,
    /// The device is not enrolled here, and the file brings no request to be.
    #[error(
        "the phone that signed the file is not enrolled here. Let it read an enrolment code of this \
         server and export again"
    )]
    UnknownDevice,
    /// The phone's request to be enrolled is refused.
    #[error(transparent)]
    Enrolment(EnrolmentFault),
    /// The server's own trouble.
    #[error(transparent)]
    Server(#[from] Error),
}

impl ImportError {
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            ImportError::Unreadable(error) => error.code(),
            ImportError::SealedToAnother => "sealed_to_another",
            ImportError::LaterVersion => "bundle.version",
            ImportError::UnknownDevice => "device_unknown",
            ImportError::Enrolment(fault) => fault.code(),
            ImportError::Server(_) => "internal",
        }
    }
}

impl From<protocol::Error> for ImportError {
    fn from(error: protocol::Error) -> Self {
        match error {
            protocol::Error::Bundle(BundleFault::Version) => ImportError::LaterVersion,
            protocol::Error::Bundle(BundleFault::OtherKey) => ImportError::SealedToAnother,
            other => ImportError::Unreadable(other),
        }
    }
}

impl Tally {
    fn count(&mut self, outcome: &Outcome) {
        let count = match outcome {
            Outcome::Accepted => &mut self.accepted,
            Outcome::Duplicate => &mut self.duplicates,
            Outcome::Conflict => &mut self.conflicts,
            Outcome::Refused(_) => &mut self.refused,
            Outcome::Later => &mut self.later,
        };
        *count += 1;
    }
}

impl ImportedBundle {
    /// Whether documents lack the record that names them, or bytes of their own: another file has
    /// those.
    #[must_use]
    pub fn waits(&self) -> bool {
        self.documents.iter().any(|(_, outcome)| {
            matches!(outcome, ImportOutcome::Unnamed | ImportOutcome::Incomplete)
        })
    }
}

/// Imports a file. All of it is checked before anything is: that it is whole and unaltered, and that
/// a phone signed it. The same file again changes nothing.
pub async fn import(app: &App, file: Arc<[u8]>) -> Result<ImportedBundle, ImportError> {
    let key = unsealing(app, &file).await?;
    let (bundle, parts) = blocking(move || contents(&file, &key)).await??;
    let device = admit(app, &bundle, &parts).await?;
    let mut imported = ImportedBundle {
        bundle,
        device,
        records: Tally::default(),
        documents: Vec::new(),
        acks: Vec::new(),
        asks: Vec::new(),
    };
    let (batches, documents): (Vec<_>, Vec<_>) =
        parts.into_iter().partition(|(kind, _)| !matches!(kind, PartKind::Document { .. }));
    for (kind, content) in batches {
        if kind == PartKind::Batch {
            imported.receive(app, &content).await?;
        }
    }
    for (kind, content) in documents {
        if let PartKind::Document { document, offset, total } = kind {
            let chunk = OfflineChunk { document, offset, total, content };
            let outcome = documents::import_chunk(app, imported.device.id, chunk).await?;
            imported.documents.push((document, outcome));
        }
    }
    Ok(imported)
}

impl ImportedBundle {
    async fn receive(&mut self, app: &App, content: &[u8]) -> Result<(), ImportError> {
        let batch = Batch::decode(content)?;
        self.asks.push(Batch { items: Vec::new(), ..batch.clone() });
        let signed = sync::receive(app, &self.device, batch, Quota::default()).await?;
        let trust = trust::current(app).await?;
        let keys = trust.state.list().keys_for(KeyUse::Ack).map(|key| &key.key);
        let (ack, _) = Ack::open(&signed, keys)?;
        ack.results.iter().for_each(|result| self.records.count(&result.outcome));
        self.acks.push(signed);
        Ok(())
    }
}

/// The key that opens a file, by the id outside it.
async fn unsealing(app: &App, file: &[u8]) -> Result<Arc<UnsealingKey>, ImportError> {
    let prelude = Prelude::decode(file)?;
    match trust::unsealing(app, app.db.reader(), prelude.kid).await {
        Ok(key) => Ok(key),
        Err(Error::NotFound { .. }) => Err(ImportError::SealedToAnother),
        Err(Error::File { source, .. }) if source.kind() == ErrorKind::NotFound => {
            Err(ImportError::SealedToAnother)
        }
        Err(error) => Err(error.into()),
    }
}

type Contents = (Bundle, Vec<(PartKind, Vec<u8>)>);

/// Everything in a file, after all of it was checked.
fn contents(file: &[u8], key: &UnsealingKey) -> Result<Contents, ImportError> {
    let bundle = verify::<Bundle>(file, key)?;
    let mut parts = Vec::with_capacity(bundle.parts.len());
    for part in Parts::<Bundle>::of(file, key)? {
        let (part, content) = part?;
        if part.kind == PartKind::Batch {
            // A batch that cannot be read must show before another is taken in.
            Batch::decode(&content)?;
        }
        parts.push((part.kind, content));
    }
    Ok((bundle, parts))
}

/// The device that signed the file. One that is not known yet is enrolled by the request it brings.
async fn admit(
    app: &App,
    bundle: &Bundle,
    parts: &[(PartKind, Vec<u8>)],
) -> Result<Device, ImportError> {
    let id = DeviceId(bundle.device.thumbprint());
    let known = devices::known(&app.db, id).await?;
    let request = parts.iter().find(|(kind, _)| *kind == PartKind::Enrolment);
    let enrolled = match request {
        Some((_, request)) => enrol(app, id, request, app.now()).await,
        None => Err(ImportError::UnknownDevice),
    };
    match (enrolled, known) {
        (Err(ImportError::Server(error)), _) => Err(error.into()),
        (Ok(device), _) => Ok(device),
        // A code counts once. A phone whose answer was lost is known by its key.
        (Err(_), Some(device)) => Ok(device),
        (Err(fault), None) => Err(fault),
    }
}

async fn enrol(
    app: &App,
    id: DeviceId,
    request: &[u8],
    now: Timestamp,
) -> Result<Device, ImportError> {
    let opened = protocol::enrolment::Request::open(request)?;
    if DeviceId(opened.key.thumbprint()) != id {
        return Err(ImportError::UnknownDevice);
    }
    devices::enrol(&app.db, request, now).await.map_err(|fault| match fault {
        EnrolmentFault::Server(error) => ImportError::Server(error),
        fault => ImportError::Enrolment(fault),
    })
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, ImportError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|_| Error::Unavailable("the file could not be read to its end".into()).into())
}
