//! Pieces of a document that is too large for one file, kept until all are here.
//!
//! Each device has pieces of its own: what another sends for a document of the same name spoils
//! nothing.

use crate::devices::DeviceId;
use protocol::Hash;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// The pieces of one document from one device: files named by where they begin.
pub(super) struct Pieces(PathBuf);

/// What is there after a piece was added.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Gathered {
    /// Some pieces lack.
    Some,
    /// All are here; what they make.
    All(Vec<u8>),
}

impl Pieces {
    pub(super) fn at(documents: &Path, document: Hash, device: DeviceId) -> Self {
        let device = device.to_string();
        Pieces(documents.join("pieces").join(format!("{document}-{device}")))
    }

    /// Keeps a piece of a document of `total` bytes.
    pub(super) fn add(&self, offset: u64, piece: &[u8], total: u64) -> io::Result<Gathered> {
        fs::create_dir_all(&self.0)?;
        let mut present = self.present()?;
        if !present.contains(&(offset, piece.len() as u64)) {
            let sum: u64 = present.iter().map(|(_, len)| len).sum();
            if sum + piece.len() as u64 > total {
                // They overlap, so the document was cut another way before; this way counts.
                self.clear()?;
                fs::create_dir_all(&self.0)?;
                present.clear();
            }
            self.write(offset, piece)?;
            present.push((offset, piece.len() as u64));
        }
        present.sort_unstable();
        let end = present.iter().try_fold(0, |end, (at, len)| (*at == end).then_some(end + len));
        if end != Some(total) {
            return Ok(Gathered::Some);
        }
        let mut content = Vec::new();
        for (offset, _) in present {
            content.extend(fs::read(self.0.join(offset.to_string()))?);
        }
        Ok(Gathered::All(content))
    }

    pub(super) fn clear(&self) -> io::Result<()> {
        match fs::remove_dir_all(&self.0) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Where each piece begins, and its length.
    fn present(&self) -> io::Result<Vec<(u64, u64)>> {
        let mut present = Vec::new();
        for entry in fs::read_dir(&self.0)? {
            let entry = entry?;
            // A piece gets its number once it is whole.
            if let Some(offset) = entry.file_name().to_str().and_then(|name| name.parse().ok()) {
                present.push((offset, entry.metadata()?.len()));
            }
        }
        Ok(present)
    }

    fn write(&self, offset: u64, piece: &[u8]) -> io::Result<()> {
        let beside = self.0.join(format!(".{}", uuid::Uuid::new_v4()));
        let mut file = fs::OpenOptions::new().write(true).create_new(true).open(&beside)?;
        file.write_all(piece)?;
        file.sync_all()?;
        fs::rename(&beside, self.0.join(offset.to_string()))?;
        fs::File::open(&self.0)?.sync_all()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces() -> (tempfile::TempDir, Pieces) {
        let home = tempfile::tempdir().unwrap();
        let device = DeviceId(Hash::of(b"device"));
        let pieces = Pieces::at(home.path(), Hash::of(b"abcdef"), device);
        (home, pieces)
    }

    #[test]
    fn pieces_make_the_document_in_whatever_order_they_come() {
        let all = [(0, b"ab".as_slice()), (2, b"c"), (3, b"def")];
        for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0], [2, 0, 1]] {
            let (_home, pieces) = pieces();
            let [first, second, last] = order.map(|nth| all[nth]);
            for (at, piece) in [first, second, second, first] {
                assert_eq!(pieces.add(at, piece, 6).unwrap(), Gathered::Some);
            }
            let whole = Gathered::All(b"abcdef".to_vec());
            assert_eq!(pieces.add(last.0, last.1, 6).unwrap(), whole);
        }
    }

    #[test]
    fn a_document_that_was_cut_another_way_begins_anew_and_takes_no_more_room() {
        let (_home, pieces) = pieces();
        assert_eq!(pieces.add(0, b"abc", 6).unwrap(), Gathered::Some);
        assert_eq!(pieces.add(1, b"bcdef", 6).unwrap(), Gathered::Some);
        assert_eq!(pieces.present().unwrap(), [(1, 5)]);
        assert_eq!(pieces.add(0, b"a", 6).unwrap(), Gathered::All(b"abcdef".to_vec()));
    }
}
