//! Reading maps and values field by field, with errors that name the field.

use crate::cbor::Value;
use crate::hash::Hash;
use crate::time::{Span, Timestamp};
use crate::{Error, Result};

/// The entries of a map that are not yet read.
pub(crate) struct Fields {
    object: &'static str,
    entries: Vec<(Value, Value)>,
}

/// One value with the object it came from, for errors.
pub(crate) struct Item {
    object: &'static str,
    value: Value,
}

impl Fields {
    pub(crate) fn new(object: &'static str, value: Value) -> Result<Self> {
        match value {
            Value::Map(entries) => Ok(Fields { object, entries }),
            _ => Err(Error::Field { object, field: "map" }),
        }
    }

    /// Decodes `bytes` as one map.
    pub(crate) fn decode(object: &'static str, bytes: &[u8]) -> Result<Self> {
        Fields::new(object, crate::cbor::decode(bytes)?)
    }

    pub(crate) fn optional(&mut self, key: i64, _field: &'static str) -> Result<Option<Item>> {
        let found = self.entries.iter().position(|(k, _)| is_key(k, key));
        Ok(found.map(|i| Item { object: self.object, value: self.entries.swap_remove(i).1 }))
    }

    pub(crate) fn required(&mut self, key: i64, field: &'static str) -> Result<Item> {
        self.optional(key, field)?.ok_or(Error::Missing { object: self.object, field })
    }

    /// Refuses the claim that makes a CWT a voucher, which no other object may carry.
    pub(crate) fn refuse_voucher_claim(&mut self) -> Result<()> {
        match self.optional(crate::voucher::VOUCHER_CLAIM, "voucher claim")? {
            None => Ok(()),
            Some(_) => Err(Error::UnknownField {
                object: self.object,
                key: crate::voucher::VOUCHER_CLAIM.to_string(),
            }),
        }
    }

    pub(crate) fn optional_text_key(&mut self, key: &str) -> Option<Item> {
        let found = self.entries.iter().position(|(k, _)| k.as_text() == Some(key));
        found.map(|i| Item { object: self.object, value: self.entries.swap_remove(i).1 })
    }

    /// Refuses whatever was not read.
    pub(crate) fn close(self) -> Result<()> {
        match self.entries.first() {
            None => Ok(()),
            Some((key, _)) => {
                Err(Error::UnknownField { object: self.object, key: diagnostic(key) })
            }
        }
    }
}

impl Item {
    pub(crate) fn new(object: &'static str, value: Value) -> Self {
        Item { object, value }
    }

    fn wrong(object: &'static str, field: &'static str) -> Error {
        Error::Field { object, field }
    }

    pub(crate) fn value(self) -> Value {
        self.value
    }

    pub(crate) fn uint(self, field: &'static str) -> Result<u64> {
        self.value
            .as_integer()
            .and_then(|integer| u64::try_from(integer).ok())
            .ok_or(Self::wrong(self.object, field))
    }

    pub(crate) fn uint32(self, field: &'static str) -> Result<u32> {
        let object = self.object;
        u32::try_from(self.uint(field)?).map_err(|_| Self::wrong(object, field))
    }

    pub(crate) fn bool(self, field: &'static str) -> Result<bool> {
        self.value.as_bool().ok_or(Self::wrong(self.object, field))
    }

    pub(crate) fn text(self, field: &'static str) -> Result<String> {
        self.value.into_text().map_err(|_| Self::wrong(self.object, field))
    }

    /// Text of 1 to 256 bytes without control characters, for people to read.
    pub(crate) fn label(self, field: &'static str) -> Result<String> {
        label(self.text(field)?, field)
    }

    pub(crate) fn bytes(self, field: &'static str) -> Result<Vec<u8>> {
        self.value.into_bytes().map_err(|_| Self::wrong(self.object, field))
    }

    pub(crate) fn fixed<const N: usize>(self, field: &'static str) -> Result<[u8; N]> {
        let object = self.object;
        self.bytes(field)?.try_into().map_err(|_| Self::wrong(object, field))
    }

    pub(crate) fn hash(self, field: &'static str) -> Result<Hash> {
        Ok(Hash::from_bytes(self.fixed(field)?))
    }

    pub(crate) fn time(self, field: &'static str) -> Result<Timestamp> {
        let object = self.object;
        Timestamp::from_seconds(self.uint(field)?).ok_or(Self::wrong(object, field))
    }

    pub(crate) fn span(self, field: &'static str) -> Result<Span> {
        Ok(Span::seconds(self.uint(field)?))
    }

    pub(crate) fn list(self, field: &'static str) -> Result<Vec<Item>> {
        let object = self.object;
        match self.value {
            Value::Array(values) => {
                Ok(values.into_iter().map(|value| Item { object, value }).collect())
            }
            _ => Err(Self::wrong(object, field)),
        }
    }

    /// A list that is left out when it is empty, so that there is one way to say nothing.
    pub(crate) fn filled_list(self, field: &'static str) -> Result<Vec<Item>> {
        let object = self.object;
        match self.list(field)? {
            items if items.is_empty() => Err(Self::wrong(object, field)),
            items => Ok(items),
        }
    }

    pub(crate) fn array<const N: usize>(self, field: &'static str) -> Result<[Item; N]> {
        let object = self.object;
        self.list(field)?.try_into().map_err(|_| Self::wrong(object, field))
    }
}

/// A map key in words: its number, or its kind alone, since a text may be anyone's data.
fn diagnostic(key: &Value) -> String {
    match key {
        Value::Integer(number) => i128::from(*number).to_string(),
        Value::Text(_) => "(text)".to_owned(),
        Value::Bytes(_) => "(bytes)".to_owned(),
        _ => "(neither number, text nor bytes)".to_owned(),
    }
}

fn is_key(value: &Value, key: i64) -> bool {
    value.as_integer().is_some_and(|integer| i64::try_from(integer) == Ok(key))
}

/// Text of 1 to 256 bytes without control characters.
pub(crate) fn label(text: String, field: &'static str) -> Result<String> {
    if (1..=256).contains(&text.len()) && !text.chars().any(char::is_control) {
        Ok(text)
    } else {
        Err(Error::Field { object: "label", field })
    }
}

pub(crate) fn uint(number: u64) -> Value {
    Value::from(number)
}

pub(crate) fn bytes(bytes: &[u8]) -> Value {
    Value::Bytes(bytes.to_vec())
}

pub(crate) fn time(time: Timestamp) -> Value {
    uint(time.as_seconds())
}

/// A map under construction: keys of small integers, absent entries left out.
pub(crate) struct MapWriter(Vec<(Value, Value)>);

impl MapWriter {
    pub(crate) fn new() -> Self {
        MapWriter(Vec::new())
    }

    pub(crate) fn put(mut self, key: i64, value: impl Into<Value>) -> Self {
        self.0.push((Value::from(key), value.into()));
        self
    }

    pub(crate) fn put_some(self, key: i64, value: Option<impl Into<Value>>) -> Self {
        match value {
            Some(value) => self.put(key, value),
            None => self,
        }
    }

    /// Leaves the entry out when the list is empty.
    pub(crate) fn put_list(self, key: i64, values: Vec<Value>) -> Self {
        if values.is_empty() { self } else { self.put(key, Value::Array(values)) }
    }

    pub(crate) fn value(self) -> Value {
        Value::Map(self.0)
    }

    pub(crate) fn encode(self) -> Result<Vec<u8>> {
        crate::cbor::encode(&self.value())
    }
}
