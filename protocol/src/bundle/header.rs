//! What a file says of itself: whose it is, its place among the numbered files, and its parts.

use super::{MAX_FILE_LEN, MAX_FILES, MAX_PARTS};
use crate::cbor::Value;
use crate::cose::{ObjectType, Sign1, sign1};
use crate::fields::{Fields, Item, MapWriter, bytes, time, uint};
use crate::hash::Hash;
use crate::id::BundleId;
use crate::key::{PublicKey, Signer};
use crate::seal::SealingKey;
use crate::time::Timestamp;
use crate::{Error, Result};

/// A header that comes first in a file and lists the parts after it.
pub trait Head: Sized {
    /// Reads the header, and checks its signature where it has one.
    ///
    /// # Errors
    /// An error of the envelope, the signature or a field.
    fn read(header: &[u8]) -> Result<Self>;

    /// The parts, in the order in which they follow.
    fn parts(&self) -> &[Part];
}

/// A file's place among the numbered files of its bundle. Each stands for itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Its number, from 1.
    pub number: u32,
    /// How many there are.
    pub of: u32,
}

/// The header of a file from a phone, signed by the phone's key, which stands in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bundle {
    /// The phone's key.
    pub device: PublicKey,
    /// The bundle, the same in each of its files.
    pub id: BundleId,
    /// The file's place.
    pub place: Place,
    /// When it was made, by the phone's clock. Nothing is decided by it.
    pub made: Timestamp,
    /// To which key the answer is to be sealed.
    pub answer_to: SealingKey,
    /// What follows.
    pub parts: Vec<Part>,
}

/// The header of a file that goes back to a phone. It has no signature of its own: whatever the phone
/// acts on in it is signed itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The thumbprint of the phone's key.
    pub device: Hash,
    /// The answer, the same in each of its files.
    pub id: BundleId,
    /// The file's place.
    pub place: Place,
    /// When it was made, by the server's clock. Nothing is decided by it.
    pub made: Timestamp,
    /// What follows.
    pub parts: Vec<Part>,
}

/// One part of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// What it is.
    pub kind: PartKind,
    /// Its length in bytes.
    pub len: usize,
    /// SHA-256 of its bytes.
    pub digest: Hash,
}

/// What a part is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PartKind {
    /// A request to be enrolled.
    Enrolment,
    /// A batch of records.
    Batch,
    /// Bytes of a document: all of them, unless it is too large for one file.
    Document {
        /// SHA-256 of the document.
        document: Hash,
        /// Where in the document the bytes begin.
        offset: u64,
        /// The document's length.
        total: u64,
    },
    /// The trust file.
    Trust,
    /// The device profile.
    Profile,
    /// A status list token.
    StatusList {
        /// Its number in the trust list.
        list: u32,
    },
    /// An ack.
    Ack,
    /// The set of what was truly issued under a key that was compromised.
    IssuedSet,
    /// Something that this release does not know, and passes over.
    Other(u64),
}

impl Place {
    fn to_value(self) -> Value {
        Value::Array(vec![uint(self.number.into()), uint(self.of.into())])
    }

    fn from_item(item: Item) -> Result<Self> {
        let [number, of] = item.array("place")?;
        let place = Place { number: number.uint32("place")?, of: of.uint32("place")? };
        if (1..=place.of).contains(&place.number) && place.of <= MAX_FILES {
            Ok(place)
        } else {
            Err(Error::Field { object: "bundle", field: "place" })
        }
    }
}

impl PartKind {
    fn number(self) -> u64 {
        match self {
            PartKind::Enrolment => 1,
            PartKind::Batch => 2,
            PartKind::Document { .. } => 3,
            PartKind::Trust => 16,
            PartKind::Profile => 17,
            PartKind::StatusList { .. } => 18,
            PartKind::Ack => 19,
            PartKind::IssuedSet => 20,
            PartKind::Other(number) => number,
        }
    }
}

impl Part {
    /// The part that these bytes are.
    #[must_use]
    pub fn of(kind: PartKind, content: &[u8]) -> Self {
        Part { kind, len: content.len(), digest: Hash::of(content) }
    }

    fn to_value(&self) -> Value {
        let mut entry =
            vec![uint(self.kind.number()), uint(self.len as u64), bytes(self.digest.as_bytes())];
        match self.kind {
            PartKind::Document { document, offset, total } => entry.push(Value::Array(vec![
                bytes(document.as_bytes()),
                uint(offset),
                uint(total),
            ])),
            PartKind::StatusList { list } => entry.push(uint(list.into())),
            _ => {}
        }
        Value::Array(entry)
    }

    fn from_item(item: Item) -> Result<Self> {
        const WRONG: Error = Error::Field { object: "bundle", field: "part" };
        let mut fields = item.list("part")?.into_iter();
        let mut next = || fields.next().ok_or(WRONG);
        let number = next()?.uint("part")?;
        let len = usize::try_from(next()?.uint("length")?).map_err(|_| WRONG)?;
        let digest = next()?.hash("digest")?;
        let (detail, rest) = (fields.next(), fields.next().is_some());
        let kind = match (number, detail) {
            (1, None) => PartKind::Enrolment,
            (2, None) => PartKind::Batch,
            (3, Some(detail)) => {
                let [document, offset, total] = detail.array("document")?;
                let (offset, total) = (offset.uint("offset")?, total.uint("length")?);
                if offset.checked_add(len as u64).is_none_or(|end| end > total) {
                    return Err(WRONG);
                }
                PartKind::Document { document: document.hash("document")?, offset, total }
            }
            (16, None) => PartKind::Trust,
            (17, None) => PartKind::Profile,
            (18, Some(detail)) => PartKind::StatusList { list: detail.uint32("status list")? },
            (19, None) => PartKind::Ack,
            (20, None) => PartKind::IssuedSet,
            (1..=3 | 16..=20, _) => return Err(WRONG),
            // A later release may say more of a part than this one reads.
            (other, _) => return Ok(Part { kind: PartKind::Other(other), len, digest }),
        };
        if rest { Err(WRONG) } else { Ok(Part { kind, len, digest }) }
    }
}

fn parts_to_value(parts: &[Part]) -> Value {
    Value::Array(parts.iter().map(Part::to_value).collect())
}

fn parts_from(item: Item) -> Result<Vec<Part>> {
    let parts = item.list("parts")?;
    let (len, max) = (parts.len(), MAX_PARTS);
    if len > max {
        return Err(Error::TooLarge { what: "bundle (parts)", len, max });
    }
    let parts = parts.into_iter().map(Part::from_item).collect::<Result<Vec<_>>>()?;
    let len = parts.iter().fold(0_usize, |sum, part| sum.saturating_add(part.len));
    let max = MAX_FILE_LEN;
    if len > max { Err(Error::TooLarge { what: "bundle", len, max }) } else { Ok(parts) }
}

impl Bundle {
    /// Signs the header with the phone's key.
    ///
    /// # Errors
    /// As [`sign1`], and an error of a field that is out of range.
    pub fn sign(&self, device: &dyn Signer) -> Result<Vec<u8>> {
        let payload = MapWriter::new()
            .put(1, self.device.to_value())
            .put(2, bytes(self.id.as_bytes()))
            .put(3, self.place.to_value())
            .put(4, time(self.made))
            .put(5, self.answer_to.to_value())
            .put(6, parts_to_value(&self.parts))
            .encode()?;
        Self::decode(&payload)?;
        sign1(ObjectType::Bundle, &payload, device)
    }

    /// Reads a header and checks that the key in it signed it.
    ///
    /// # Errors
    /// An error of the envelope, a field or the signature.
    pub fn open(signed: &[u8]) -> Result<Self> {
        let signed = Sign1::parse(ObjectType::Bundle, signed)?;
        let opened = Self::decode(signed.unverified_payload())?;
        signed.verify([&opened.device])?;
        Ok(opened)
    }

    fn decode(payload: &[u8]) -> Result<Self> {
        let mut fields = Fields::decode("bundle", payload)?;
        let bundle = Bundle {
            device: PublicKey::from_value(fields.required(1, "device")?.value())?,
            id: BundleId::from_bytes(fields.required(2, "bundle")?.fixed("bundle")?),
            place: Place::from_item(fields.required(3, "place")?)?,
            made: fields.required(4, "made")?.time("made")?,
            answer_to: SealingKey::from_item(fields.required(5, "sealing key")?)?,
            parts: parts_from(fields.required(6, "parts")?)?,
        };
        fields.close()?;
        Ok(bundle)
    }
}

impl Head for Bundle {
    fn read(header: &[u8]) -> Result<Self> {
        Bundle::open(header)
    }

    fn parts(&self) -> &[Part] {
        &self.parts
    }
}

impl Answer {
    /// Writes the header.
    ///
    /// # Errors
    /// An error of a field that is out of range.
    pub fn encode(&self) -> Result<Vec<u8>> {
        let header = MapWriter::new()
            .put(1, bytes(self.device.as_bytes()))
            .put(2, bytes(self.id.as_bytes()))
            .put(3, self.place.to_value())
            .put(4, time(self.made))
            .put(6, parts_to_value(&self.parts))
            .encode()?;
        Self::decode(&header)?;
        Ok(header)
    }

    /// Reads a header.
    ///
    /// # Errors
    /// [`Error::Cbor`] or an error of a field.
    pub fn decode(header: &[u8]) -> Result<Self> {
        let mut fields = Fields::decode("bundle", header)?;
        let answer = Answer {
            device: fields.required(1, "device")?.hash("device")?,
            id: BundleId::from_bytes(fields.required(2, "bundle")?.fixed("bundle")?),
            place: Place::from_item(fields.required(3, "place")?)?,
            made: fields.required(4, "made")?.time("made")?,
            parts: parts_from(fields.required(6, "parts")?)?,
        };
        fields.close()?;
        Ok(answer)
    }
}

impl Head for Answer {
    fn read(header: &[u8]) -> Result<Self> {
        Answer::decode(header)
    }

    fn parts(&self) -> &[Part] {
        &self.parts
    }
}
