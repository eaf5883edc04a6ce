//! The headers of resumable uploads: tus 1.0.0 with the extensions creation and checksum.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use protocol::Hash;
use sha2::{Digest, Sha256};

/// The version of the protocol that is spoken.
pub const VERSION: &str = "1.0.0";

/// The extensions that are spoken.
pub const EXTENSIONS: &str = "creation,checksum";

/// The algorithms of `Upload-Checksum`.
pub const CHECKSUMS: &str = "sha256";

/// The body type of a PATCH.
pub const CHUNK_TYPE: &str = "application/offset+octet-stream";

/// The status of an answer to a chunk whose checksum is wrong (checksum extension).
pub const CHECKSUM_MISMATCH: u16 = 460;

/// What is wrong with the headers of an upload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HeaderFault {
    /// `Upload-Metadata` is not a list of names and base64 values.
    #[error("Upload-Metadata is not a list of names with base64 values")]
    Metadata,
    /// No `sha256` of 64 hexadecimal digits in `Upload-Metadata`.
    #[error("Upload-Metadata names no sha256 of 64 hexadecimal digits")]
    NoHash,
    /// `Upload-Checksum` is not an algorithm that is spoken here and a base64 digest.
    #[error("Upload-Checksum is not `sha256` and a base64 digest")]
    Checksum,
}

/// The digest that `Upload-Metadata` names: `sha256` with its hexadecimal digits in base64.
///
/// # Errors
/// [`HeaderFault::Metadata`] or [`HeaderFault::NoHash`].
pub fn document_named(metadata: &str) -> Result<Hash, HeaderFault> {
    let mut found = None;
    for pair in metadata.split(',').map(str::trim) {
        let (name, value) = pair.split_once(' ').unwrap_or((pair, ""));
        let value = STANDARD.decode(value).map_err(|_| HeaderFault::Metadata)?;
        if name == "sha256" && found.replace(value).is_some() {
            return Err(HeaderFault::Metadata);
        }
    }
    found
        .and_then(|digits| String::from_utf8(digits).ok())
        .and_then(|digits| Hash::from_hex(&digits))
        .ok_or(HeaderFault::NoHash)
}

/// The digest that `Upload-Checksum` gives of a chunk.
pub fn checksum(header: &str) -> Result<[u8; 32], HeaderFault> {
    header
        .strip_prefix("sha256 ")
        .and_then(|digest| STANDARD.decode(digest.trim()).ok())
        .and_then(|digest| digest.try_into().ok())
        .ok_or(HeaderFault::Checksum)
}

/// Whether a chunk has this digest.
#[must_use]
pub fn has_checksum(chunk: &[u8], digest: &[u8; 32]) -> bool {
    Sha256::digest(chunk).as_slice() == digest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_is_named_by_its_digest_in_the_metadata() {
        let hash = Hash::of(b"a receipt");
        let named = format!(
            "sha256 {},filetype {}",
            STANDARD.encode(hash.to_string()),
            STANDARD.encode("image/jpeg")
        );
        assert_eq!(document_named(&named), Ok(hash));
    }

    #[test]
    fn metadata_without_one_digest_is_refused() {
        let hash = STANDARD.encode(Hash::of(b"a receipt").to_string());
        let refused = |text: &str| document_named(text).unwrap_err();
        assert_eq!(refused(""), HeaderFault::NoHash);
        assert_eq!(refused("filename cmVjZWlwdA=="), HeaderFault::NoHash);
        assert_eq!(refused("sha256 bm8gZGlnZXN0"), HeaderFault::NoHash);
        assert_eq!(refused("sha256 %%%"), HeaderFault::Metadata);
        assert_eq!(refused(&format!("sha256 {hash},sha256 {hash}")), HeaderFault::Metadata);
    }

    #[test]
    fn a_chunk_is_checked_against_the_checksum_it_comes_with() {
        let header = format!("sha256 {}", STANDARD.encode(Hash::of(b"chunk").as_bytes()));
        let digest = checksum(&header).unwrap();
        assert!(has_checksum(b"chunk", &digest));
        assert!(!has_checksum(b"chunx", &digest));
        assert_eq!(checksum("md5 AAAA"), Err(HeaderFault::Checksum));
        assert_eq!(checksum("sha256 AAAA"), Err(HeaderFault::Checksum));
    }
}
