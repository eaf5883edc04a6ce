//! Which records and documents go into which file.
//!
//! Each file stands for itself: beside a document it holds the record that names it, unless the
//! server has that already, so that files may arrive in any order and some not at all. A document
//! lies in one file, unless it is too large for any.

use protocol::bundle::{MAX_FILE_LEN, MAX_PARTS, file_len};
use protocol::record::Document;
use std::collections::BTreeSet;

/// Bytes of a file kept free for its header, for the batches around the records, and for a request
/// to be enrolled.
const RESERVED: usize = 128 * 1024;

/// What a record costs in a batch beside its own bytes.
const ITEM_OVERHEAD: usize = 8;

/// A document that the server lacks.
#[derive(Debug, Clone)]
pub(super) struct Lacking {
    pub(super) document: Document,
    /// The record that names it, by its place among those to be sent; none when the server has it.
    pub(super) named_by: Option<usize>,
}

/// Bytes of a document in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Slice {
    pub(super) document: Document,
    pub(super) offset: usize,
    pub(super) len: usize,
}

/// What one file holds: records by their places, and documents.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Packed {
    pub(super) records: BTreeSet<usize>,
    pub(super) documents: Vec<Slice>,
    filled: usize,
}

impl Packed {
    /// How many bytes a file has room for.
    fn room() -> usize {
        let sealing = file_len(0, MAX_FILE_LEN) - MAX_FILE_LEN;
        MAX_FILE_LEN - sealing - RESERVED
    }

    /// Whether so many bytes of a document fit in, with the record that names it.
    fn fits(&self, len: usize, record: Option<(usize, usize)>) -> bool {
        let missing = record.filter(|(nth, _)| !self.records.contains(nth));
        let more = len + missing.map_or(0, |(_, len)| len + ITEM_OVERHEAD);
        // Batches are parts too; a file never needs as many as these.
        self.filled + more <= Self::room() && self.documents.len() < MAX_PARTS - 100
    }

    fn add_record(&mut self, nth: usize, len: usize) {
        if self.records.insert(nth) {
            self.filled += len + ITEM_OVERHEAD;
        }
    }

    fn add_document(&mut self, slice: Slice) {
        self.filled += slice.len;
        self.documents.push(slice);
    }
}

/// Distributes records, given by their lengths, and documents over files; never over none.
pub(super) fn pack(records: &[usize], documents: &[Lacking]) -> Vec<Packed> {
    let mut files = vec![Packed::default()];
    for (nth, &len) in records.iter().enumerate() {
        with_room(&mut files, 0, Some((nth, len))).add_record(nth, len);
    }
    for lacking in documents {
        let record = lacking.named_by.and_then(|nth| Some((nth, *records.get(nth)?)));
        let beside = record.map_or(0, |(_, len)| len + ITEM_OVERHEAD);
        let total = usize::try_from(lacking.document.len).unwrap_or(usize::MAX);
        let most = Packed::room() - beside;
        let mut offset = 0;
        while offset < total {
            let len = (total - offset).min(most);
            let file = with_room(&mut files, len, record);
            if let Some((nth, len)) = record {
                file.add_record(nth, len);
            }
            file.add_document(Slice { document: lacking.document.clone(), offset, len });
            offset += len;
        }
    }
    files
}

/// The last file if it has room, else a new one.
fn with_room(files: &mut Vec<Packed>, len: usize, record: Option<(usize, usize)>) -> &mut Packed {
    if !files.last().is_some_and(|last| last.fits(len, record)) {
        files.push(Packed::default());
    }
    let last = files.len() - 1;
    &mut files[last]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use protocol::Hash;

    fn lacking(len: u64, named_by: Option<usize>) -> Lacking {
        let hash = Hash::of(&len.to_be_bytes());
        let media_type = "image/jpeg".to_owned();
        Lacking { document: Document { hash, len, media_type }, named_by }
    }

    #[test]
    fn nothing_to_send_makes_one_file_that_asks_for_news() {
        assert_eq!(pack(&[], &[]), [Packed::default()]);
    }

    #[test]
    fn a_document_lies_in_one_file_unless_it_is_too_large_for_any() {
        let files = pack(&[1000], &[lacking(15_000_000, Some(0)), lacking(15_000_000, None)]);
        assert_eq!(files.len(), 2);
        assert!(files.iter().all(|file| file.documents.len() == 1));
        let files = pack(&[1000], &[lacking(20_000_000, Some(0))]);
        let parts: Vec<_> = files.iter().flat_map(|file| &file.documents).collect();
        assert_eq!(parts.len(), 2);
        assert_eq!(parts[0].len + parts[1].len, 20_000_000);
        assert_eq!(parts[1].offset, parts[0].len);
    }

    proptest! {
        #[test]
        fn every_file_stands_for_itself_within_its_limit_and_together_they_hold_all(
            records in prop::collection::vec(100_usize..65_000, 0..40),
            lens in prop::collection::vec((1_u64..20_000_000, 0_usize..60), 0..20),
        ) {
            let documents: Vec<_> = lens
                .iter()
                .map(|&(len, by)| lacking(len, (by < records.len()).then_some(by)))
                .collect();
            let files = pack(&records, &documents);
            for file in &files {
                let bytes: usize = file.records.iter().map(|&nth| records[nth] + ITEM_OVERHEAD)
                    .chain(file.documents.iter().map(|slice| slice.len)).sum();
                prop_assert!(file_len(RESERVED, bytes) <= MAX_FILE_LEN);
                for slice in &file.documents {
                    let by = documents.iter().filter(|it| it.document == slice.document);
                    prop_assert!(by.map(|it| it.named_by).any(
                        |by| by.is_none_or(|nth| file.records.contains(&nth))
                    ));
                }
            }
            let held: BTreeSet<usize> =
                files.iter().flat_map(|file| file.records.iter().copied()).collect();
            prop_assert_eq!(held.len(), records.len());
            for lacking in &documents {
                let sum: usize = files.iter().flat_map(|file| &file.documents)
                    .filter(|slice| slice.document == lacking.document)
                    .map(|slice| slice.len).sum();
                prop_assert!(sum as u64 >= lacking.document.len);
            }
        }
    }
}
