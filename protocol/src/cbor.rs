//! The byte-level rules for every CBOR item, and the only way in and out of CBOR.
//!
//! [`validate`] walks the bytes before any library reads them: shortest forms, definite lengths,
//! map keys in bytewise order and unique, UTF-8 text, no floats, no tags except where a caller
//! names the outermost ones, integers below 2^53, depth at most 16, at most 2^18 items, nothing
//! after the item (RFC 8949 §4.2.1, docs/protocol.md §1).

use crate::{Error, Result};
pub use ciborium::Value;

/// Deepest nesting of arrays, maps and tags.
pub const MAX_DEPTH: usize = 16;

/// Most items in one, itself and map keys counted: a decoded item takes far more memory than its byte.
pub const MAX_ITEMS: usize = 1 << 18;

/// Largest magnitude of an integer: what a double, and so JavaScript, holds exactly.
pub const MAX_INTEGER: u64 = (1 << 53) - 1;

/// The byte-level rule that an item breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// The bytes end inside an item.
    #[error("the bytes end inside an item")]
    Truncated,
    /// Bytes follow the item.
    #[error("bytes follow the item")]
    Trailing,
    /// A length or integer is not in its shortest form.
    #[error("a number is not in its shortest form")]
    NotShortest,
    /// An indefinite length.
    #[error("an indefinite length")]
    Indefinite,
    /// Map keys out of order.
    #[error("map keys are not in bytewise order")]
    KeyOrder,
    /// A map key twice.
    #[error("a map key appears twice")]
    DuplicateKey,
    /// Text that is no UTF-8.
    #[error("text is not UTF-8")]
    Utf8,
    /// A floating-point number.
    #[error("a floating-point number")]
    Float,
    /// A tag where none may be.
    #[error("a tag where none may be")]
    Tag,
    /// A simple value other than false, true and null.
    #[error("a simple value other than false, true and null")]
    Simple,
    /// An integer of 2^53 or more.
    #[error("an integer of magnitude 2^53 or more")]
    IntegerRange,
    /// Nested too deeply.
    #[error("nested more than 16 deep")]
    Depth,
    /// A reserved initial byte.
    #[error("a reserved initial byte")]
    Reserved,
    /// More items than one object may hold.
    #[error("more than 2^18 items")]
    TooMany,
}

impl Fault {
    /// The stable code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Fault::Truncated => "cbor.truncated",
            Fault::Trailing => "cbor.trailing",
            Fault::NotShortest => "cbor.not_shortest",
            Fault::Indefinite => "cbor.indefinite",
            Fault::KeyOrder => "cbor.key_order",
            Fault::DuplicateKey => "cbor.duplicate_key",
            Fault::Utf8 => "cbor.utf8",
            Fault::Float => "cbor.float",
            Fault::Tag => "cbor.tag",
            Fault::Simple => "cbor.simple",
            Fault::IntegerRange => "cbor.integer_range",
            Fault::Depth => "cbor.depth",
            Fault::Reserved => "cbor.reserved",
            Fault::TooMany => "cbor.too_many",
        }
    }
}

/// Checks that `bytes` are one item under the rules, without tags.
///
/// # Errors
/// [`Error::Cbor`] with the offset and the rule that does not hold.
pub fn validate(bytes: &[u8]) -> Result<()> {
    validate_tagged(bytes, &[])
}

/// Checks as [`validate`] does, but lets the outermost item carry exactly the tags given, outermost
/// first. A tag that is not the expected one is refused.
///
/// # Errors
/// [`Error::Cbor`] with the offset and the rule that does not hold.
pub fn validate_tagged(bytes: &[u8], tags: &[u64]) -> Result<()> {
    let mut walk = Walk { bytes, at: 0, items: 0 };
    for &tag in tags {
        let start = walk.at;
        let head = walk.head()?;
        if head.major != 6 || head.argument != tag {
            return Err(fault(start, Fault::Tag));
        }
    }
    walk.item(tags.len())?;
    if walk.at != bytes.len() {
        return Err(fault(walk.at, Fault::Trailing));
    }
    Ok(())
}

/// Reads one item after [`validate`].
///
/// # Errors
/// [`Error::Cbor`].
pub fn decode(bytes: &[u8]) -> Result<Value> {
    decode_tagged(bytes, &[])
}

/// Reads one item after [`validate_tagged`] and gives it without its tags.
///
/// # Errors
/// [`Error::Cbor`].
pub fn decode_tagged(bytes: &[u8], tags: &[u64]) -> Result<Value> {
    validate_tagged(bytes, tags)?;
    let mut value = ciborium::from_reader(bytes).map_err(|_| fault(0, Fault::Reserved))?;
    for _ in tags {
        if let Value::Tag(_, inner) = value {
            value = *inner;
        }
    }
    Ok(value)
}

/// Writes one item deterministically: maps are sorted here, and the result is validated.
///
/// # Errors
/// [`Error::Cbor`] when the value itself breaks a rule (an integer out of range, say).
pub fn encode(value: &Value) -> Result<Vec<u8>> {
    let mut out = Vec::with_capacity(256);
    write(value, &mut out)?;
    validate(&out)?;
    Ok(out)
}

fn write(value: &Value, out: &mut Vec<u8>) -> Result<()> {
    match value {
        Value::Array(items) => {
            write_head(4, items.len() as u64, out);
            for item in items {
                write(item, out)?;
            }
        }
        Value::Map(entries) => {
            let mut encoded = Vec::with_capacity(entries.len());
            for (key, entry) in entries {
                let mut k = Vec::new();
                write(key, &mut k)?;
                let mut v = Vec::new();
                write(entry, &mut v)?;
                encoded.push((k, v));
            }
            encoded.sort_unstable();
            write_head(5, encoded.len() as u64, out);
            for (k, v) in encoded {
                out.extend_from_slice(&k);
                out.extend_from_slice(&v);
            }
        }
        other => {
            ciborium::into_writer(other, &mut *out).map_err(|_| fault(0, Fault::Reserved))?;
        }
    }
    Ok(())
}

/// Writes an initial byte and its argument in the shortest form.
fn write_head(major: u8, argument: u64, out: &mut Vec<u8>) {
    let initial = major << 5;
    match argument {
        0..=23 => out.push(initial | argument as u8),
        24..=0xff => out.extend_from_slice(&[initial | 24, argument as u8]),
        0x100..=0xffff => {
            out.push(initial | 25);
            out.extend_from_slice(&(argument as u16).to_be_bytes());
        }
        0x1_0000..=0xffff_ffff => {
            out.push(initial | 26);
            out.extend_from_slice(&(argument as u32).to_be_bytes());
        }
        _ => {
            out.push(initial | 27);
            out.extend_from_slice(&argument.to_be_bytes());
        }
    }
}

fn fault(at: usize, fault: Fault) -> Error {
    Error::Cbor { at, fault }
}

struct Head {
    major: u8,
    argument: u64,
}

struct Walk<'a> {
    bytes: &'a [u8],
    at: usize,
    items: usize,
}

impl Walk<'_> {
    fn take(&mut self, len: usize) -> Result<&[u8]> {
        let end = self.at.checked_add(len).filter(|&end| end <= self.bytes.len());
        let Some(end) = end else {
            return Err(fault(self.at, Fault::Truncated));
        };
        let taken = &self.bytes[self.at..end];
        self.at = end;
        Ok(taken)
    }

    fn head(&mut self) -> Result<Head> {
        let start = self.at;
        let initial = self.take(1)?[0];
        let (major, info) = (initial >> 5, initial & 0x1f);
        if major == 7 {
            return match info {
                20..=22 => Ok(Head { major, argument: u64::from(info) }),
                25..=27 => Err(fault(start, Fault::Float)),
                31 => Err(fault(start, Fault::Indefinite)),
                28..=30 => Err(fault(start, Fault::Reserved)),
                _ => Err(fault(start, Fault::Simple)),
            };
        }
        let (argument, least) = match info {
            0..=23 => (u64::from(info), 0),
            24 => (u64::from(self.take(1)?[0]), 24),
            25 => (self.big_endian(2)?, 0x100),
            26 => (self.big_endian(4)?, 0x1_0000),
            27 => (self.big_endian(8)?, 0x1_0000_0000),
            31 => return Err(fault(start, Fault::Indefinite)),
            _ => return Err(fault(start, Fault::Reserved)),
        };
        if argument < least {
            return Err(fault(start, Fault::NotShortest));
        }
        Ok(Head { major, argument })
    }

    fn big_endian(&mut self, len: usize) -> Result<u64> {
        Ok(self.take(len)?.iter().fold(0, |sum, &byte| (sum << 8) | u64::from(byte)))
    }

    fn item(&mut self, depth: usize) -> Result<()> {
        let start = self.at;
        let head = self.head()?;
        self.items += 1;
        if self.items > MAX_ITEMS {
            return Err(fault(start, Fault::TooMany));
        }
        if matches!(head.major, 4..=6) && depth >= MAX_DEPTH {
            return Err(fault(start, Fault::Depth));
        }
        match head.major {
            0 if head.argument > MAX_INTEGER => Err(fault(start, Fault::IntegerRange)),
            // -1 - n: the magnitude is n + 1
            1 if head.argument >= MAX_INTEGER => Err(fault(start, Fault::IntegerRange)),
            2 => self.string(head.argument).map(|_| ()),
            3 => {
                let text = self.string(head.argument)?;
                match std::str::from_utf8(text) {
                    Ok(_) => Ok(()),
                    Err(_) => Err(fault(start, Fault::Utf8)),
                }
            }
            4 => {
                for _ in 0..head.argument {
                    self.item(depth + 1)?;
                }
                Ok(())
            }
            5 => self.entries(head.argument, depth + 1),
            6 => Err(fault(start, Fault::Tag)),
            _ => Ok(()),
        }
    }

    fn string(&mut self, len: u64) -> Result<&[u8]> {
        match usize::try_from(len) {
            Ok(len) => self.take(len),
            Err(_) => Err(fault(self.at, Fault::Truncated)),
        }
    }

    fn entries(&mut self, count: u64, depth: usize) -> Result<()> {
        let mut before: Option<std::ops::Range<usize>> = None;
        for _ in 0..count {
            let start = self.at;
            self.item(depth)?;
            let key = start..self.at;
            if let Some(before) = before {
                match self.bytes[before].cmp(&self.bytes[key.clone()]) {
                    std::cmp::Ordering::Less => {}
                    std::cmp::Ordering::Equal => return Err(fault(start, Fault::DuplicateKey)),
                    std::cmp::Ordering::Greater => return Err(fault(start, Fault::KeyOrder)),
                }
            }
            before = Some(key);
            self.item(depth)?;
        }
        Ok(())
    }
}
