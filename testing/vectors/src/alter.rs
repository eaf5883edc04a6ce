//! Good payloads with one thing changed, and signed all the same.

use protocol::cbor::{self, Value};
use protocol::cose::ObjectType;
use protocol::key::Signer;
use samples::raw::Envelope;

/// A map whose entries can be set and taken away.
pub struct Altered(Value);

impl Altered {
    pub fn payload(payload: &[u8]) -> Self {
        Altered(cbor::decode(payload).unwrap())
    }

    fn entries(&mut self, path: &[i64]) -> &mut Vec<(Value, Value)> {
        let mut at = &mut self.0;
        for key in path {
            let entries = at.as_map_mut().unwrap();
            at = &mut entries.iter_mut().find(|(k, _)| *k == Value::from(*key)).unwrap().1;
        }
        at.as_map_mut().unwrap()
    }

    /// Takes away the entry at the end of the path.
    pub fn without(mut self, path: &[i64]) -> Self {
        let (last, map) = path.split_last().unwrap();
        self.entries(map).retain(|(key, _)| *key != Value::from(*last));
        self
    }

    /// Sets the entry at the end of the path.
    pub fn with(self, path: &[i64], value: impl Into<Value>) -> Self {
        let (last, map) = path.split_last().unwrap();
        let mut altered = self.without(path);
        altered.entries(map).push((Value::from(*last), value.into()));
        altered
    }

    /// Sets an entry whose key is text.
    pub fn with_text_key(mut self, map: &[i64], key: &str, value: impl Into<Value>) -> Self {
        self.entries(map).push((key.into(), value.into()));
        self
    }

    /// The altered payload, its maps sorted.
    pub fn encode(&self) -> Vec<u8> {
        cbor::encode(&self.0).unwrap()
    }

    pub fn sign(&self, kind: ObjectType, signer: &dyn Signer) -> Vec<u8> {
        Envelope::new(kind, &self.encode(), signer).sign(signer)
    }
}

pub fn bytes(content: &[u8]) -> Value {
    Value::Bytes(content.to_vec())
}

pub fn list(items: impl IntoIterator<Item = Value>) -> Value {
    Value::Array(items.into_iter().collect())
}

pub fn map(entries: impl IntoIterator<Item = (i64, Value)>) -> Value {
    Value::Map(entries.into_iter().map(|(key, value)| (key.into(), value)).collect())
}
