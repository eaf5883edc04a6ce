//! Reading a file as it comes: the header, then each part's bytes, then whether the digest was right.

use super::stream::{Opener, Prelude};
use super::writer::{HEADER_LEN_LEN, MAX_HEADER_LEN};
use super::{BundleFault, Head, MAX_FILE_LEN, Part};
use crate::hash::Hash;
use crate::seal::UnsealingKey;
use crate::{Error, Result};
use sha2::{Digest as _, Sha256};

/// What a reader found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The header was read; see [`Reader::header`].
    Header,
    /// Bytes of the part with this number, from 0. Whether they are as the header says is known at
    /// the end of the part, and whether the file is whole at its own end.
    Bytes(usize, Vec<u8>),
    /// The part with this number ended, and has the digest that the header gives it.
    End(usize),
}

/// Reads one file, a few bytes at a time: [`Reader::push`] bytes, then ask [`Reader::next_event`] until it
/// gives none; at the file's end [`Reader::end`], and ask again.
pub struct Reader<H> {
    opener: Option<Opener>,
    /// How many bytes of the file were taken.
    taken: usize,
    /// Content that was opened and not given out yet.
    content: Vec<u8>,
    header: Option<H>,
    part: usize,
    left: usize,
    digest: Sha256,
}

impl<H: Head> Reader<H> {
    /// A reader of a file that begins with this prelude.
    ///
    /// # Errors
    /// [`BundleFault::OtherKey`] or [`BundleFault::Damaged`].
    pub fn begin(prelude: &Prelude, key: &UnsealingKey) -> Result<Self> {
        Ok(Reader {
            opener: Some(Opener::begin(prelude, key)?),
            taken: Prelude::LEN,
            content: Vec::new(),
            header: None,
            part: 0,
            left: 0,
            digest: Sha256::new(),
        })
    }

    /// Takes bytes of the file in, those after the prelude.
    ///
    /// # Errors
    /// [`BundleFault::Damaged`]; [`Error::TooLarge`] beyond [`MAX_FILE_LEN`].
    pub fn push(&mut self, sealed: &[u8]) -> Result<()> {
        self.taken = self.taken.saturating_add(sealed.len());
        let (len, max) = (self.taken, MAX_FILE_LEN);
        if len > max {
            return Err(Error::TooLarge { what: "bundle", len, max });
        }
        match &mut self.opener {
            Some(opener) => opener.read(sealed, &mut self.content),
            None => Err(Error::Bundle(BundleFault::Damaged)),
        }
    }

    /// Says that no byte follows.
    ///
    /// # Errors
    /// [`BundleFault::Damaged`] when the file was cut short.
    pub fn end(&mut self) -> Result<()> {
        match self.opener.take() {
            Some(opener) => opener.finish(&mut self.content),
            None => Ok(()),
        }
    }

    /// The header, once it was read.
    #[must_use]
    pub fn header(&self) -> Option<&H> {
        self.header.as_ref()
    }

    /// What was found next; `None` when more bytes are needed, or after [`Reader::end`] when the file
    /// was read to its end and holds what its header lists.
    ///
    /// # Errors
    /// [`BundleFault::Contents`], or an error of the header.
    pub fn next_event(&mut self) -> Result<Option<Event>> {
        let Some(header) = &self.header else { return self.next_header() };
        let parts = header.parts();
        let ended = self.opener.is_none();
        let Some(Part { digest, .. }) = parts.get(self.part) else {
            let done = self.content.is_empty();
            return if done { Ok(None) } else { Err(Error::Bundle(BundleFault::Contents)) };
        };
        if self.left == 0 {
            let found = Hash::from_bytes(std::mem::take(&mut self.digest).finalize().into());
            if found != *digest {
                return Err(Error::Bundle(BundleFault::Contents));
            }
            self.part += 1;
            self.left = parts.get(self.part).map_or(0, |part| part.len);
            return Ok(Some(Event::End(self.part - 1)));
        }
        if self.content.is_empty() {
            return if ended { Err(Error::Bundle(BundleFault::Contents)) } else { Ok(None) };
        }
        let rest = self.content.split_off(self.left.min(self.content.len()));
        let bytes = std::mem::replace(&mut self.content, rest);
        self.left -= bytes.len();
        self.digest.update(&bytes);
        Ok(Some(Event::Bytes(self.part, bytes)))
    }

    /// The first chunk holds the whole header, so nothing of a header is ever kept waiting long.
    fn next_header(&mut self) -> Result<Option<Event>> {
        let no_header = Error::Bundle(BundleFault::Contents);
        if self.content.is_empty() && self.opener.is_some() {
            return Ok(None);
        }
        let (len, rest) =
            self.content.split_first_chunk::<HEADER_LEN_LEN>().ok_or(no_header.clone())?;
        let len = u32::from_be_bytes(*len) as usize;
        if len > MAX_HEADER_LEN {
            return Err(no_header);
        }
        let header = H::read(rest.get(..len).ok_or(no_header)?)?;
        self.left = header.parts().first().map_or(0, |part| part.len);
        self.content.drain(..HEADER_LEN_LEN + len);
        self.header = Some(header);
        Ok(Some(Event::Header))
    }
}

/// How much of a file that is at hand is opened at a time.
const STEP: usize = 64 * 1024;

/// Reads a whole file without keeping it, and gives its header: it is not altered, it is complete,
/// and its parts are those that the header lists.
///
/// # Errors
/// [`Error::Bundle`], [`Error::TooLarge`] or an error of the header.
pub fn verify<H: Head>(file: &[u8], key: &UnsealingKey) -> Result<H> {
    let mut parts = Parts::<H>::of(file, key)?;
    while parts.advance()?.is_some() {}
    parts.reader.header.ok_or(Error::Bundle(BundleFault::Contents))
}

/// The parts of a file that is at hand, one at a time. A file that was not [`verify`]ed may turn out
/// damaged after parts of it were given.
pub struct Parts<'f, H> {
    reader: Reader<H>,
    rest: &'f [u8],
    ended: bool,
}

impl<'f, H: Head> Parts<'f, H> {
    /// The parts of this file.
    ///
    /// # Errors
    /// [`Error::Bundle`].
    pub fn of(file: &'f [u8], key: &UnsealingKey) -> Result<Self> {
        let reader = Reader::begin(&Prelude::decode(file)?, key)?;
        Ok(Parts { reader, rest: &file[Prelude::LEN..], ended: false })
    }

    /// What was found next; `None` at the end.
    fn advance(&mut self) -> Result<Option<Event>> {
        loop {
            if let Some(event) = self.reader.next_event()? {
                return Ok(Some(event));
            }
            if self.ended {
                return Ok(None);
            }
            let (now, later) = self.rest.split_at(self.rest.len().min(STEP));
            self.reader.push(now)?;
            self.rest = later;
            if later.is_empty() {
                self.reader.end()?;
                self.ended = true;
            }
        }
    }

    fn next_part(&mut self) -> Result<Option<(Part, Vec<u8>)>> {
        let mut content = Vec::new();
        while let Some(event) = self.advance()? {
            match event {
                Event::Header => {}
                Event::Bytes(_, bytes) => content.extend(bytes),
                Event::End(number) => {
                    let part = self.reader.header().and_then(|it| it.parts().get(number)).cloned();
                    return Ok(part.map(|part| (part, content)));
                }
            }
        }
        Ok(None)
    }
}

impl<H: Head> Iterator for Parts<'_, H> {
    type Item = Result<(Part, Vec<u8>)>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_part().transpose()
    }
}
