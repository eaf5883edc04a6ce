//! Planning the files, and writing them piece by piece.

use super::packing::{Lacking, Packed, Slice, pack};
use crate::clock::DeviceClock;
use crate::ledger::ChainRef;
use crate::verifier::{EngineError, Verifier};
use protocol::Hash;
use protocol::ack::{Batch, MAX_BATCH_LEN, MAX_ITEMS};
use protocol::bundle::{Bundle, Part, PartKind, Place, Writer, file_name};
use protocol::id::BundleId;
use protocol::seal::SealingKey;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Bytes of items in one batch at most, well below the protocol's limit.
const BATCH_BYTES: usize = MAX_BATCH_LEN - 256 * 1024;

/// Bytes of a document that are sealed at a time.
const STEP: usize = 1024 * 1024;

/// The files of one export. Making them again gives others, with the same contents.
pub struct Export {
    /// How many records they carry.
    pub records: usize,
    /// How many documents.
    pub documents: usize,
    /// Documents that the server lacks and this phone can no longer read. They keep nothing else back.
    pub unreadable: usize,
    /// Whether they carry the request to be enrolled.
    pub enrols: bool,
    /// The files, to be written one by one.
    pub files: Vec<ExportedFile>,
}

/// One file, to be written piece by piece.
pub struct ExportedFile {
    name: String,
    to: SealingKey,
    header: Vec<u8>,
    contents: VecDeque<Content>,
    writer: Option<Writer>,
    begun: bool,
}

/// What follows the header.
enum Content {
    /// Bytes that are at hand.
    Bytes(Vec<u8>),
    /// Bytes of a document, fetched when their turn comes.
    Document(Slice),
}

impl Verifier {
    /// Plans an export: everything that the server has not acknowledged, and the request to be
    /// enrolled while there is no profile. Writes nothing; what is exported still counts as unsent.
    ///
    /// # Errors
    /// [`EngineError::NotEnrolled`]; [`EngineError::NoSealingKey`] or [`EngineError::OfferWithoutKey`]
    /// when it is not known to whom to seal; or when storage or the device's key is broken.
    pub fn export(&self, now: DeviceClock) -> Result<Export, EngineError> {
        let plan = Plan::of(self)?;
        let packed = pack(&plan.lengths(), &plan.documents);
        let to = self.carried_to()?;
        let answer_to = self.ledger().answer_key()?.public().clone();
        let mut id = [0; 16];
        getrandom::fill(&mut id).map_err(|_| EngineError::NoRandomness)?;
        let (id, of) = (BundleId::from_bytes(id), u32::try_from(packed.len()).unwrap_or(u32::MAX));
        let request = self.enrolment_request()?;
        let enrols = request.is_some();
        let mut files = Vec::with_capacity(packed.len());
        for (number, packed) in (1..=of).zip(packed) {
            let contents = plan.contents(self, &packed, request.as_deref())?;
            let place = Place { number, of };
            let header = Bundle {
                device: self.device().public_key(),
                id,
                place,
                made: now.time,
                answer_to: answer_to.clone(),
                parts: contents.iter().map(|(part, _)| part.clone()).collect(),
            };
            files.push(ExportedFile {
                name: file_name(id, place, false),
                to: to.clone(),
                header: header.sign(self.device()).map_err(EngineError::Protocol)?,
                contents: contents.into_iter().map(|(_, content)| content).collect(),
                writer: None,
                begun: false,
            });
        }
        let (records, documents) = (plan.items.len(), plan.documents.len());
        Ok(Export { records, documents, unreadable: plan.unreadable, enrols, files })
    }
}

/// What is to be carried.
struct Plan {
    chains: Vec<ChainRef>,
    /// Each sealed record with the place of its chain.
    items: Vec<(usize, Vec<u8>)>,
    documents: Vec<Lacking>,
    /// Documents whose content cannot be had.
    unreadable: usize,
}

impl Plan {
    fn of(verifier: &Verifier) -> Result<Self, EngineError> {
        let chains = verifier.ledger().chains();
        let (mut items, mut places) = (Vec::new(), BTreeMap::new());
        for (nth, chain) in chains.iter().enumerate() {
            for item in verifier.ledger().outbox_of(chain.id, &BTreeSet::new(), ALL, usize::MAX)? {
                places.insert(item.item, items.len());
                items.push((nth, item.sealed));
            }
        }
        let (mut documents, mut unreadable) = (Vec::new(), 0);
        for (document, item) in verifier.ledger().documents_to_carry()? {
            if verifier.read_document(document.hash)?.is_none() {
                unreadable += 1;
                continue;
            }
            let named_by = item.and_then(|item: Hash| places.get(&item).copied());
            documents.push(Lacking { document, named_by });
        }
        Ok(Plan { chains, items, documents, unreadable })
    }

    fn lengths(&self) -> Vec<usize> {
        self.items.iter().map(|(_, sealed)| sealed.len()).collect()
    }

    /// What one file holds, in the order of the protocol: request, batches, documents.
    fn contents(
        &self,
        verifier: &Verifier,
        packed: &Packed,
        request: Option<&[u8]>,
    ) -> Result<Vec<(Part, Content)>, EngineError> {
        let mut contents = Vec::new();
        if let Some(request) = request {
            contents.push((Part::of(PartKind::Enrolment, request), request.to_vec()));
        }
        for batch in self.batches(verifier, packed)? {
            let batch = batch.encode().map_err(EngineError::Protocol)?;
            contents.push((Part::of(PartKind::Batch, &batch), batch));
        }
        let mut contents: Vec<_> =
            contents.into_iter().map(|(part, bytes)| (part, Content::Bytes(bytes))).collect();
        for slice in &packed.documents {
            contents.push((part_of(verifier, slice)?, Content::Document(slice.clone())));
        }
        Ok(contents)
    }

    /// The batches of a file: at least one for each chain, which asks for news where it has no items.
    fn batches(&self, verifier: &Verifier, packed: &Packed) -> Result<Vec<Batch>, EngineError> {
        let mut batches = Vec::new();
        for (nth, chain) in self.chains.iter().enumerate() {
            let empty = verifier.next_batch(*chain, &BTreeSet::new(), 0, 0)?;
            let (mut batch, mut bytes) = (empty.clone(), 0);
            let own = packed.records.iter().filter_map(|&place| self.items.get(place));
            for (_, sealed) in own.filter(|(chain, _)| *chain == nth) {
                if batch.items.len() == MAX_ITEMS || bytes + sealed.len() > BATCH_BYTES {
                    batches.push(std::mem::replace(&mut batch, empty.clone()));
                    bytes = 0;
                }
                bytes += sealed.len();
                batch.items.push(sealed.clone());
            }
            batches.push(batch);
        }
        Ok(batches)
    }
}

/// More records than a phone ever holds unsent.
const ALL: usize = 10_000_000;

/// The entry in the header. The digest of a whole document is its name.
fn part_of(verifier: &Verifier, slice: &Slice) -> Result<Part, EngineError> {
    let document = slice.document.hash;
    let (offset, total) = (slice.offset as u64, slice.document.len);
    let digest = if slice.len as u64 == total {
        document
    } else {
        Hash::of(cut(&verifier.read_document(document)?.unwrap_or_default(), slice))
    };
    let kind = PartKind::Document { document, offset, total };
    Ok(Part { kind, len: slice.len, digest })
}

fn cut<'c>(content: &'c [u8], slice: &Slice) -> &'c [u8] {
    content.get(slice.offset..slice.offset + slice.len).unwrap_or_default()
}

impl ExportedFile {
    /// What the file is called: its bundle, number and how many there are.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The next bytes of the file; `None` after the last.
    ///
    /// # Errors
    /// When a document cannot be read any more, or the system gives no random numbers.
    pub fn next(&mut self, verifier: &Verifier) -> Result<Option<Vec<u8>>, EngineError> {
        let Some(writer) = &mut self.writer else {
            if self.begun {
                return Ok(None);
            }
            self.begun = true;
            let begun = Writer::begin(&self.to, &self.header).map_err(EngineError::Protocol)?;
            let (writer, first) = begun;
            self.writer = Some(writer);
            return Ok(Some(first));
        };
        let mut bytes = Vec::new();
        match self.contents.pop_front() {
            Some(Content::Bytes(mut content)) => {
                let later = content.split_off(content.len().min(STEP));
                writer.write(&content, &mut bytes).map_err(EngineError::Protocol)?;
                if !later.is_empty() {
                    self.contents.push_front(Content::Bytes(later));
                }
            }
            Some(Content::Document(slice)) => {
                let content = verifier.read_document(slice.document.hash)?.unwrap_or_default();
                self.contents.push_front(Content::Bytes(cut(&content, &slice).to_vec()));
            }
            None => {
                if let Some(writer) = self.writer.take() {
                    writer.finish(&mut bytes).map_err(EngineError::Protocol)?;
                }
            }
        }
        Ok(Some(bytes))
    }
}
