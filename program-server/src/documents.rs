//! Documents that support claims: pictures and PDFs that phones send, each kept once by its digest.
//!
//! A device sees a document only if a record that it signed names it. Bytes travel apart from
//! records, resumable (tus 1.0) or by file, and a claim waits until all its documents have arrived.

mod folder;
mod import;
mod media_type;
mod pieces;
mod routes;
mod store;
mod tus;

pub use folder::{ChunkFault, Folder, Upload};
pub use import::{ImportOutcome, OfflineChunk, import_chunk};
pub use media_type::MediaType;
pub use routes::router;
pub use store::schema;

use crate::app::App;
use crate::claims::ClaimUnitOfWork;
use crate::database::Transaction;
use crate::devices::DeviceId;
use crate::{Error, Result};
use protocol::id::{ChainId, ClaimId};
use protocol::record::Document;
use protocol::{Hash, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// The largest document, in bytes.
pub const MAX_LEN: u64 = 20 * 1024 * 1024;

/// Most documents that one ack lists.
const LISTED_AN_ACK: u64 = 8000;

/// A document that a record references.
#[derive(Debug, Clone)]
pub struct DocumentReference {
    /// The claim that it supports.
    pub claim: ClaimId,
    pub document: Document,
    /// The device that signed the record.
    pub device: DeviceId,
    pub chain: ChainId,
}

/// Keeps which documents records name. Until the end of the transaction none of them arrives.
pub async fn add_references(
    tx: &Transaction,
    references: &[DocumentReference],
    now: Timestamp,
) -> Result<()> {
    let documents: BTreeSet<Hash> =
        references.iter().map(|reference| reference.document.hash).collect();
    for document in documents {
        lock_document(tx, document).await?;
    }
    store::add_references(&**tx, references, now).await
}

/// Lets `carrier` send the documents that records of a chain name, which is another device's: its own
/// key was lost, and the carrier has its records.
pub async fn allow_upload_by(
    tx: &Transaction,
    chain: ChainId,
    carrier: DeviceId,
    now: Timestamp,
) -> Result<()> {
    let mut missing = store::missing_references(&**tx, chain).await?;
    for reference in &mut missing {
        reference.device = carrier;
    }
    add_references(tx, &missing, now).await
}

/// Those of the claims for which a document has not arrived that their own device named. What another
/// device names for a claim keeps it from nothing.
pub async fn missing(
    tx: &Transaction,
    claims: &BTreeMap<ClaimId, DeviceId>,
) -> Result<BTreeSet<ClaimId>> {
    let ids: Vec<ClaimId> = claims.keys().copied().collect();
    let missing = store::missing(&**tx, &ids).await?;
    Ok(missing
        .into_iter()
        .filter(|(claim, device)| claims.get(claim) == Some(device))
        .map(|(claim, _)| claim)
        .collect())
}

/// The documents that are durably here of those that records of a chain name; of very many, those
/// named last.
pub async fn stored(tx: &Transaction, chain: ChainId) -> Result<BTreeSet<Hash>> {
    store::arrived_of(&**tx, chain, LISTED_AN_ACK).await
}

/// Notes that a document is whole and on disk. Claims that waited for it go on.
async fn arrived(app: &App, document: Hash, len: u64, kind: MediaType) -> Result<()> {
    let now = app.now();
    let tx = app.db.begin().await?;
    lock_document(&tx, document).await?;
    if store::add_document(&*tx, document, len, kind, now).await? {
        let claims = store::claims_referring_to(&*tx, document).await?;
        let mut changes = ClaimUnitOfWork::new(&tx, now);
        changes.recompute_states(&claims).await?;
        changes.append_history().await?;
    }
    tx.commit().await
}

/// A record that names a document and the document's arrival take turns, so that no claim waits for
/// a document that came a moment before.
async fn lock_document(tx: &Transaction, document: Hash) -> Result<()> {
    tx.advisory_lock(&format!("document {document}")).await
}

fn folder(app: &App) -> Result<Folder> {
    let path = app.home.documents();
    Folder::open(&path).map_err(Error::file(&path))
}
