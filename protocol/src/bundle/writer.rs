//! Writing a file: the prelude, then the header and the parts as one sealed stream.

use super::stream::{Sealer, sealed_len};
use crate::seal::SealingKey;
use crate::{Error, Result};

/// The largest header, so that the first chunk holds it whole.
pub(super) const MAX_HEADER_LEN: usize = 60 * 1024;

/// The length of the number before the header that says how long it is.
pub(super) const HEADER_LEN_LEN: usize = 4;

/// Writes one file. It gives out bytes of the file whenever a chunk is full.
pub struct Writer(Sealer);

/// How many bytes a file has whose header and whose parts together have so many.
#[must_use]
pub fn file_len(header: usize, parts: usize) -> usize {
    sealed_len(HEADER_LEN_LEN + header + parts)
}

impl Writer {
    /// Begins a file with this header, sealed to this key; gives the file's first bytes.
    ///
    /// # Errors
    /// [`Error::TooLarge`], [`Error::Key`] or [`Error::Seal`].
    pub fn begin(to: &SealingKey, header: &[u8]) -> Result<(Self, Vec<u8>)> {
        let (len, max) = (header.len(), MAX_HEADER_LEN);
        let number = u32::try_from(len).ok().filter(|_| len <= max);
        let number = number.ok_or(Error::TooLarge { what: "bundle (header)", len, max })?;
        let (mut sealer, mut first) = Sealer::begin(to)?;
        sealer.write(&number.to_be_bytes(), &mut first)?;
        sealer.write(header, &mut first)?;
        Ok((Writer(sealer), first))
    }

    /// Takes bytes of the parts, one part after the other as the header lists them, and adds to
    /// `file` those that are ready.
    ///
    /// # Errors
    /// [`Error::Seal`].
    pub fn write(&mut self, content: &[u8], file: &mut Vec<u8>) -> Result<()> {
        self.0.write(content, file)
    }

    /// Adds the rest.
    ///
    /// # Errors
    /// [`Error::Seal`].
    pub fn finish(self, file: &mut Vec<u8>) -> Result<()> {
        self.0.finish(file)
    }
}
