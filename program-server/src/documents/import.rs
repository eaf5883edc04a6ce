//! Documents that were carried by file: the same permission and the same checks as over the network.

use super::folder::{ChunkFault, Folder, Upload};
use super::pieces::{Gathered, Pieces};
use super::{MAX_LEN, arrived, folder, store};
use crate::app::App;
use crate::devices::DeviceId;
use crate::{Error, Result};
use protocol::Hash;

/// Bytes of a document that came by file.
#[derive(Debug, Clone)]
pub struct OfflineChunk {
    pub document: Hash,
    /// Where in it the bytes begin.
    pub offset: u64,
    pub total: u64,
    pub content: Vec<u8>,
}

/// What became of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImportOutcome {
    /// The document is durably here. Claims that waited for it go on.
    Stored,
    /// These bytes are durably here, and others of the document lack.
    Incomplete,
    /// No record of the device names the document, so nothing was kept.
    Unnamed,
    /// Nothing was kept, for the reason of this code.
    Refused(&'static str),
}

impl ImportOutcome {
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            ImportOutcome::Stored => "stored",
            ImportOutcome::Incomplete => "incomplete",
            ImportOutcome::Unnamed => "document_unnamed",
            ImportOutcome::Refused(code) => code,
        }
    }
}

/// Imports bytes of a document that a device sent by file. The same bytes again change nothing.
///
/// # Errors
/// [`Error::File`] when the disk refuses, [`Error::Database`].
pub async fn import_chunk(
    app: &App,
    device: DeviceId,
    chunk: OfflineChunk,
) -> Result<ImportOutcome> {
    let (document, total) = (chunk.document, chunk.total);
    match store::len_named_by(app.db.reader(), device, document).await? {
        None => return Ok(ImportOutcome::Unnamed),
        Some(named) if named != total => return Ok(ImportOutcome::Refused("document_length")),
        Some(_) if total > MAX_LEN => return Ok(ImportOutcome::Refused("document_too_large")),
        Some(_) => {}
    }
    let folder = folder(app)?;
    let pieces = Pieces::at(&app.home.documents(), document, device);
    let kept = tokio::task::spawn_blocking(move || keep(&folder, &pieces, &chunk)).await;
    let kept = kept.map_err(|_| Error::Unavailable("the document could not be stored".into()))?;
    match kept {
        Ok(Some(Upload::Whole(kind))) => {
            arrived(app, document, total, kind).await?;
            Ok(ImportOutcome::Stored)
        }
        Ok(_) => Ok(ImportOutcome::Incomplete),
        Err(ChunkFault::Disk(source)) => Err(Error::file(&app.home.documents())(source)),
        Err(fault) => Ok(ImportOutcome::Refused(fault.code())),
    }
}

/// What is on disk afterwards; `None` while pieces lack.
fn keep(
    folder: &Folder,
    pieces: &Pieces,
    chunk: &OfflineChunk,
) -> Result<Option<Upload>, ChunkFault> {
    if let Some(kind) = folder.whole(chunk.document)? {
        return Ok(Some(Upload::Whole(kind)));
    }
    if chunk.content.len() as u64 == chunk.total {
        return folder.put(chunk.document, &chunk.content).map(Some);
    }
    match pieces.add(chunk.offset, &chunk.content, chunk.total)? {
        Gathered::Some => Ok(None),
        Gathered::All(content) => {
            let kept = folder.put(chunk.document, &content);
            // Pieces that make another document, or none, are of no use to anybody.
            if !matches!(kept, Err(ChunkFault::Busy | ChunkFault::Disk(_))) {
                pieces.clear()?;
            }
            kept.map(Some)
        }
    }
}
