//! The sealed stream: one HPKE context (RFC 9180, base mode), chunks of 64 KiB in order, the last one
//! flagged. What is cut, moved, repeated, left out or added makes a chunk that does not open.

use super::BundleFault;
use crate::cbor::Value;
use crate::fields::{Item, bytes, uint};
use crate::key::Kid;
use crate::seal::{Opening, Sealing, SealingKey, UnsealingKey};
use crate::{Error, Result};

/// Bytes of content in a chunk; the last may have fewer, and at least one.
pub const CHUNK_LEN: usize = 64 * 1024;

/// Bytes that sealing adds to a chunk.
pub const TAG_LEN: usize = 16;

/// A chunk as it stands in the file.
const SEALED_CHUNK_LEN: usize = CHUNK_LEN + TAG_LEN;

/// What the key's context is bound to, before the key's thumbprint.
const INFO: &[u8] = b"vouchsafe/1/bundle";

/// The version of the format.
const VERSION: u64 = 1;

/// What stands outside: version, key id, encapsulated key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prelude {
    /// The key that the file is sealed to.
    pub kid: Kid,
    encapsulated: [u8; 32],
}

impl Prelude {
    /// The length of every prelude, in bytes.
    pub const LEN: usize = 45;

    fn encode(&self) -> Result<Vec<u8>> {
        crate::cbor::encode(&Value::Array(vec![
            uint(VERSION),
            bytes(self.kid.as_bytes()),
            bytes(&self.encapsulated),
        ]))
    }

    /// Reads the prelude at the beginning of a file; what follows it is not looked at.
    ///
    /// # Errors
    /// [`BundleFault::NotABundle`] or [`BundleFault::Version`].
    pub fn decode(file: &[u8]) -> Result<Self> {
        let no_bundle = |_: Error| Error::Bundle(BundleFault::NotABundle);
        let own = file.get(..Self::LEN).ok_or(Error::Bundle(BundleFault::NotABundle))?;
        let item = Item::new("bundle", crate::cbor::decode(own).map_err(no_bundle)?);
        let [version, kid, encapsulated] = item.array("prelude").map_err(no_bundle)?;
        if version.uint("version").map_err(no_bundle)? != VERSION {
            return Err(Error::Bundle(BundleFault::Version));
        }
        Ok(Prelude {
            kid: Kid::from_bytes(kid.fixed("key id").map_err(no_bundle)?),
            encapsulated: encapsulated.fixed("encapsulated key").map_err(no_bundle)?,
        })
    }
}

/// What a chunk is sealed with beside its content: whether it is the last.
fn associated(last: bool) -> [u8; 1] {
    [u8::from(last)]
}

/// How many bytes a file has whose content has so many.
#[must_use]
pub fn sealed_len(content: usize) -> usize {
    Prelude::LEN + content + content.div_ceil(CHUNK_LEN) * TAG_LEN
}

/// Seals content as it comes.
pub struct Sealer {
    context: Sealing,
    /// Content that waits: a whole chunk too, until it is known whether it is the last.
    waiting: Vec<u8>,
}

impl Sealer {
    /// Begins a file sealed to this key; gives the prelude.
    ///
    /// # Errors
    /// [`Error::Key`] when the key is no point that can be used.
    pub fn begin(to: &SealingKey) -> Result<(Self, Vec<u8>)> {
        let (encapsulated, context) = to.begin(INFO)?;
        let prelude = Prelude { kid: to.kid(), encapsulated }.encode()?;
        Ok((Sealer { context, waiting: Vec::with_capacity(CHUNK_LEN) }, prelude))
    }

    /// Takes content in, and adds to `sealed` the chunks that it fills.
    ///
    /// # Errors
    /// [`Error::Seal`] when the context can seal no more.
    pub fn write(&mut self, mut content: &[u8], sealed: &mut Vec<u8>) -> Result<()> {
        while !content.is_empty() {
            if self.waiting.len() == CHUNK_LEN {
                sealed.extend(self.context.seal(&self.waiting, &associated(false))?);
                self.waiting.clear();
            }
            let (now, later) = content.split_at(content.len().min(CHUNK_LEN - self.waiting.len()));
            self.waiting.extend_from_slice(now);
            content = later;
        }
        Ok(())
    }

    /// Adds the last chunk.
    ///
    /// # Errors
    /// As [`Sealer::write`].
    pub fn finish(mut self, sealed: &mut Vec<u8>) -> Result<()> {
        sealed.extend(self.context.seal(&self.waiting, &associated(true))?);
        Ok(())
    }
}

/// Opens a file as it comes. After an error nothing that it gave may be used.
pub struct Opener {
    context: Opening,
    waiting: Vec<u8>,
}

impl Opener {
    /// Begins to open a file with this prelude.
    ///
    /// # Errors
    /// [`BundleFault::OtherKey`] when it is sealed to another key, [`BundleFault::Damaged`] when the
    /// encapsulated key is none.
    pub fn begin(prelude: &Prelude, key: &UnsealingKey) -> Result<Self> {
        if prelude.kid != key.public().kid() {
            return Err(Error::Bundle(BundleFault::OtherKey));
        }
        let context = key.begin(&prelude.encapsulated, INFO).map_err(damaged)?;
        Ok(Opener { context, waiting: Vec::new() })
    }

    /// Takes bytes of the file in, after the prelude, and adds to `content` what they open. A chunk
    /// is opened once it is known not to be the last, or at [`Opener::finish`].
    ///
    /// # Errors
    /// [`BundleFault::Damaged`].
    pub fn read(&mut self, mut sealed: &[u8], content: &mut Vec<u8>) -> Result<()> {
        while !sealed.is_empty() {
            if self.waiting.len() == SEALED_CHUNK_LEN {
                let chunk = std::mem::take(&mut self.waiting);
                content.extend(self.context.open(&chunk, &associated(false)).map_err(damaged)?);
            }
            let room = SEALED_CHUNK_LEN - self.waiting.len();
            let (now, later) = sealed.split_at(sealed.len().min(room));
            self.waiting.extend_from_slice(now);
            sealed = later;
        }
        Ok(())
    }

    /// Opens the last chunk, since no byte follows.
    ///
    /// # Errors
    /// [`BundleFault::Damaged`].
    pub fn finish(mut self, content: &mut Vec<u8>) -> Result<()> {
        let last = self.context.open(&self.waiting, &associated(true)).map_err(damaged)?;
        if last.is_empty() {
            return Err(Error::Bundle(BundleFault::Damaged));
        }
        content.extend(last);
        Ok(())
    }
}

fn damaged(_: Error) -> Error {
    Error::Bundle(BundleFault::Damaged)
}
