//! What a document is, by its first bytes: what its name or its sender says counts for nothing.

/// The kinds of documents that are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MediaType {
    Jpeg,
    Png,
    Webp,
    Pdf,
}

impl MediaType {
    /// How many bytes are enough to tell.
    pub const ENOUGH: usize = 16;

    pub const ALL: [MediaType; 4] =
        [MediaType::Jpeg, MediaType::Png, MediaType::Webp, MediaType::Pdf];

    /// The kind of a document that begins with these bytes.
    #[must_use]
    pub fn sniff(first: &[u8]) -> Option<Self> {
        if first.starts_with(&[0xff, 0xd8, 0xff]) {
            Some(MediaType::Jpeg)
        } else if first.starts_with(b"\x89PNG\r\n\x1a\n") {
            Some(MediaType::Png)
        } else if first.starts_with(b"RIFF") && first.get(8..12) == Some(b"WEBP") {
            Some(MediaType::Webp)
        } else if first.starts_with(b"%PDF-") {
            Some(MediaType::Pdf)
        } else {
            None
        }
    }

    /// The media type's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            MediaType::Jpeg => "image/jpeg",
            MediaType::Png => "image/png",
            MediaType::Webp => "image/webp",
            MediaType::Pdf => "application/pdf",
        }
    }

    /// The ending of a file of this kind.
    #[must_use]
    pub fn extension(self) -> &'static str {
        match self {
            MediaType::Jpeg => "jpg",
            MediaType::Png => "png",
            MediaType::Webp => "webp",
            MediaType::Pdf => "pdf",
        }
    }

    /// The kind with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        MediaType::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_what_its_first_bytes_say() {
        assert_eq!(MediaType::sniff(b"\xff\xd8\xff\xe0\0\x10JFIF"), Some(MediaType::Jpeg));
        assert_eq!(MediaType::sniff(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"), Some(MediaType::Png));
        assert_eq!(MediaType::sniff(b"RIFF\x10\0\0\0WEBPVP8 "), Some(MediaType::Webp));
        assert_eq!(MediaType::sniff(b"%PDF-1.7\n"), Some(MediaType::Pdf));
    }

    #[test]
    fn pages_scripts_and_programs_are_no_documents() {
        for bytes in [b"<!DOCTYPE html>".as_slice(), b"<svg xmlns=", b"MZ\x90", b"\x7fELF", b""] {
            assert_eq!(MediaType::sniff(bytes), None);
        }
        assert_eq!(MediaType::sniff(b"RIFF\x10\0\0\0WAVEfmt "), None);
    }
}
