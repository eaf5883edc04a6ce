//! Documents as files: whole ones under their digest, unfinished ones beside them.
//!
//! The length of an unfinished file is how far its upload is, so there is no second account of it
//! that could be wrong after a crash. A document gets its name only once it is whole, on disk, and
//! has the digest it was named by.

use super::media_type::MediaType;
use protocol::Hash;
use sha2::{Digest, Sha256};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// A folder of documents.
#[derive(Debug, Clone)]
pub struct Folder {
    whole: PathBuf,
    unfinished: PathBuf,
}

/// Why a chunk was not taken.
#[derive(Debug, thiserror::Error)]
pub enum ChunkFault {
    /// The chunk does not begin where the upload stands.
    #[error("the upload stands at another offset")]
    Offset,
    /// More bytes than the document has.
    #[error("the chunk goes beyond the document's end")]
    TooLong,
    /// Another request is writing this document.
    #[error("another request is writing this document")]
    Busy,
    /// The first bytes are of no kind of document that is kept.
    #[error("this is no picture or PDF")]
    MediaType,
    /// All bytes have come and their digest is another one. The upload begins anew.
    #[error("the content does not have the digest it was named by")]
    Content,
    #[error("the document cannot be stored: {0}")]
    Disk(#[from] std::io::Error),
}

impl ChunkFault {
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            ChunkFault::Offset => "offset",
            ChunkFault::TooLong => "too_long",
            ChunkFault::Busy => "busy",
            ChunkFault::MediaType => "media_type",
            ChunkFault::Content => "content",
            ChunkFault::Disk(_) => "disk",
        }
    }
}

/// How an upload stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Upload {
    /// So many bytes are on disk.
    Unfinished(u64),
    /// All are, and they are the document.
    Whole(MediaType),
}

impl Folder {
    /// Opens a folder, making what lacks.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn open(path: &Path) -> std::io::Result<Self> {
        let folder = Folder { whole: path.join("whole"), unfinished: path.join("unfinished") };
        std::fs::create_dir_all(&folder.whole)?;
        std::fs::create_dir_all(&folder.unfinished)?;
        Ok(folder)
    }

    /// Makes room for an upload. What is there already stays.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn create(&self, document: Hash) -> std::io::Result<u64> {
        let path = self.unfinished_path(document);
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        file.sync_all()?;
        sync_folder(&self.unfinished)?;
        Ok(file.metadata()?.len())
    }

    /// How many bytes of an unfinished upload are on disk; absent if it was never created.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn offset(&self, document: Hash) -> std::io::Result<Option<u64>> {
        match std::fs::metadata(self.unfinished_path(document)) {
            Ok(metadata) => Ok(Some(metadata.len())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Adds a chunk at `offset` of a document that is `len` bytes long. On return the bytes are on
    /// disk.
    ///
    /// # Errors
    /// [`ChunkFault`]; what was on disk before stays, save for [`ChunkFault::Content`] and
    /// [`ChunkFault::MediaType`], after which the upload begins anew.
    pub fn append(
        &self,
        document: Hash,
        len: u64,
        offset: u64,
        chunk: &[u8],
    ) -> Result<Upload, ChunkFault> {
        let path = self.unfinished_path(document);
        let mut file = OpenOptions::new().read(true).write(true).open(&path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(ChunkFault::Busy),
            Err(TryLockError::Error(error)) => return Err(ChunkFault::Disk(error)),
        }
        // Whoever held the lock before may have made the document whole and taken this name away.
        let stands = file.metadata()?.len();
        if stands != offset || !path.exists() {
            return Err(ChunkFault::Offset);
        }
        let end = offset.saturating_add(chunk.len() as u64);
        if end > len {
            return Err(ChunkFault::TooLong);
        }
        file.seek(SeekFrom::End(0))?;
        file.write_all(chunk)?;
        file.sync_all()?;
        let mut first = [0; MediaType::ENOUGH];
        file.seek(SeekFrom::Start(0))?;
        let read = read_up_to(&mut file, &mut first)?;
        let kind = MediaType::sniff(&first[..read]);
        if kind.is_none() && (read == first.len() || end == len) {
            file.set_len(0)?;
            return Err(ChunkFault::MediaType);
        }
        if end < len {
            return Ok(Upload::Unfinished(end));
        }
        file.seek(SeekFrom::Start(0))?;
        if digest(&mut file)? != document {
            file.set_len(0)?;
            return Err(ChunkFault::Content);
        }
        let whole = self.whole_path(document)?;
        std::fs::rename(&path, &whole)?;
        whole.parent().map_or(Ok(()), sync_folder)?;
        sync_folder(&self.unfinished)?;
        kind.map(Upload::Whole).ok_or(ChunkFault::MediaType)
    }

    /// Stores a document that is at hand whole. What an upload left of it is used where it fits.
    ///
    /// # Errors
    /// As [`Folder::append`].
    pub fn put(&self, document: Hash, content: &[u8]) -> Result<Upload, ChunkFault> {
        let begun = self.create(document)?;
        let rest = usize::try_from(begun).ok().and_then(|begun| content.get(begun..));
        match self.append(document, content.len() as u64, begun, rest.unwrap_or_default()) {
            // What was there before was of another content; now the upload begins anew.
            Err(ChunkFault::Content | ChunkFault::MediaType) if begun > 0 => {
                self.append(document, content.len() as u64, 0, content)
            }
            kept => kept,
        }
    }

    /// The kind of a whole document; absent while it is not whole.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn whole(&self, document: Hash) -> std::io::Result<Option<MediaType>> {
        let mut file = match File::open(self.whole_path(document)?) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let mut first = [0; MediaType::ENOUGH];
        let read = read_up_to(&mut file, &mut first)?;
        Ok(MediaType::sniff(&first[..read]))
    }

    /// The bytes of a whole document.
    ///
    /// # Errors
    /// When it is not there, or the disk refuses.
    pub fn read(&self, document: Hash) -> std::io::Result<Vec<u8>> {
        std::fs::read(self.whole_path(document)?)
    }

    fn unfinished_path(&self, document: Hash) -> PathBuf {
        self.unfinished.join(document.to_string())
    }

    /// Whole documents lie in 256 folders by the first byte of their digest.
    fn whole_path(&self, document: Hash) -> std::io::Result<PathBuf> {
        let name = document.to_string();
        let shelf = self.whole.join(&name[..2]);
        if !shelf.exists() {
            std::fs::create_dir_all(&shelf)?;
            sync_folder(&self.whole)?;
        }
        Ok(shelf.join(name))
    }
}

fn digest(file: &mut File) -> std::io::Result<Hash> {
    let mut digest = Sha256::new();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(Hash::from_bytes(digest.finalize().into())),
            read => digest.update(&buffer[..read]),
        }
    }
}

fn read_up_to(file: &mut File, buffer: &mut [u8]) -> std::io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match file.read(&mut buffer[filled..])? {
            0 => break,
            read => filled += read,
        }
    }
    Ok(filled)
}

/// Makes a file's new name durable.
fn sync_folder(path: &Path) -> std::io::Result<()> {
    File::open(path)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n and then the rest of a picture";

    fn folder() -> (tempfile::TempDir, Folder) {
        let home = tempfile::tempdir().unwrap();
        let folder = Folder::open(home.path()).unwrap();
        (home, folder)
    }

    #[test]
    fn an_upload_goes_on_where_it_stood_and_is_whole_at_its_end() {
        let (home, folder) = folder();
        let (hash, len) = (Hash::of(PNG), PNG.len() as u64);
        assert_eq!(folder.offset(hash).unwrap(), None);
        assert_eq!(folder.create(hash).unwrap(), 0);
        let step = folder.append(hash, len, 0, &PNG[..20]).unwrap();
        assert_eq!(step, Upload::Unfinished(20));
        let again = Folder::open(home.path()).unwrap();
        assert_eq!(again.create(hash).unwrap(), 20);
        assert_eq!(again.whole(hash).unwrap(), None);
        let step = again.append(hash, len, 20, &PNG[20..]).unwrap();
        assert_eq!(step, Upload::Whole(MediaType::Png));
        assert_eq!(again.whole(hash).unwrap(), Some(MediaType::Png));
        assert_eq!(again.read(hash).unwrap(), PNG);
        assert_eq!(again.offset(hash).unwrap(), None);
    }

    #[test]
    fn a_chunk_at_another_offset_changes_nothing() {
        let (_home, folder) = folder();
        let (hash, len) = (Hash::of(PNG), PNG.len() as u64);
        folder.create(hash).unwrap();
        folder.append(hash, len, 0, &PNG[..20]).unwrap();
        for offset in [0, 19, 21] {
            let fault = folder.append(hash, len, offset, &PNG[20..]).unwrap_err();
            assert!(matches!(fault, ChunkFault::Offset), "{fault}");
        }
        let fault = folder.append(hash, len, 20, &[PNG, PNG].concat()).unwrap_err();
        assert!(matches!(fault, ChunkFault::TooLong), "{fault}");
        assert_eq!(folder.offset(hash).unwrap(), Some(20));
    }

    #[test]
    fn content_with_another_digest_is_not_kept_and_the_upload_begins_anew() {
        let (_home, folder) = folder();
        let (hash, len) = (Hash::of(PNG), PNG.len() as u64);
        folder.create(hash).unwrap();
        let mut altered = PNG.to_vec();
        altered[30] ^= 1;
        let fault = folder.append(hash, len, 0, &altered).unwrap_err();
        assert!(matches!(fault, ChunkFault::Content), "{fault}");
        assert_eq!(folder.offset(hash).unwrap(), Some(0));
        assert_eq!(folder.whole(hash).unwrap(), None);
    }

    #[test]
    fn what_is_no_picture_or_pdf_is_refused_at_its_first_bytes() {
        let (_home, folder) = folder();
        let page = b"<!DOCTYPE html><script>alert(1)</script>";
        let hash = Hash::of(page);
        folder.create(hash).unwrap();
        let fault = folder.append(hash, page.len() as u64, 0, &page[..20]).unwrap_err();
        assert!(matches!(fault, ChunkFault::MediaType), "{fault}");
    }

    #[test]
    fn two_writers_of_one_document_do_not_mix() {
        let (_home, folder) = folder();
        let hash = Hash::of(PNG);
        folder.create(hash).unwrap();
        let other = OpenOptions::new().append(true).open(folder.unfinished_path(hash)).unwrap();
        other.lock().unwrap();
        let fault = folder.append(hash, PNG.len() as u64, 0, PNG).unwrap_err();
        assert!(matches!(fault, ChunkFault::Busy), "{fault}");
    }
}
