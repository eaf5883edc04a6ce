//! Opening the items of a batch: everything that needs a key and no database, so that it is done
//! before a transaction begins.

use super::chain::Link;
use super::refusal::Refusal;
use crate::keys::KeyRing;
use protocol::authenticity::{Authentic, NotAuthentic, authenticate};
use protocol::id::ChainId;
use protocol::key::{Kid, PublicKey};
use protocol::record::{Body, OpenedRecord, Record};
use protocol::seal::{Sealed, UnsealingKey};
use protocol::trust::{IssuedSets, TrustList};
use protocol::{Error, Hash};
use std::collections::BTreeMap;
use std::sync::Arc;

/// An item of a batch.
#[derive(Debug)]
pub struct Item {
    /// SHA-256 of the item as it was sent.
    pub hash: Hash,
    /// The item as it was sent.
    pub bytes: Vec<u8>,
    /// The record inside, if it is one of this device and this chain.
    pub record: Result<Opened, Refusal>,
}

/// A record of this device and this chain, its signature checked.
#[derive(Debug)]
pub struct Opened {
    /// The record as it is stored.
    pub record: Record,
    /// What it says.
    pub content: OpenedRecord,
    /// Whether the voucher that it serves was really issued.
    pub voucher: Option<Result<Authentic, NotAuthentic>>,
}

impl Opened {
    /// What it says of its place in the chain.
    #[must_use]
    pub fn link(&self) -> Link {
        Link { hash: self.content.hash, previous: self.content.header.previous }
    }
}

/// Opens items under the device's key, the server's own keys and the trust list.
#[must_use]
pub fn open(
    items: Vec<Vec<u8>>,
    chain: ChainId,
    device: &PublicKey,
    keys: &KeyRing,
    trust: &TrustList,
) -> Vec<Item> {
    let mut unsealing = Unsealing { keys, opened: BTreeMap::new() };
    items
        .into_iter()
        .map(|bytes| {
            let record =
                unsealing.record(&bytes).and_then(|record| verified(record, chain, device, trust));
            Item { hash: Hash::of(&bytes), bytes, record }
        })
        .collect()
}

/// The server's keys for sealed records, each read once a batch.
struct Unsealing<'k> {
    keys: &'k KeyRing,
    opened: BTreeMap<Kid, Option<Arc<UnsealingKey>>>,
}

impl Unsealing<'_> {
    fn record(&mut self, item: &[u8]) -> Result<Record, Refusal> {
        if let Ok(record) = Record::decode(item) {
            return Ok(record);
        }
        let sealed = Sealed::decode(item).map_err(|_| Refusal::RecordUnreadable)?;
        let key = self
            .opened
            .entry(sealed.kid)
            .or_insert_with(|| self.keys.unsealing(sealed.kid).ok())
            .as_ref()
            .ok_or(Refusal::SealedToAnother)?;
        let record = key.open(&sealed).map_err(|_| Refusal::RecordUnreadable)?;
        Record::decode(&record).map_err(|_| Refusal::RecordUnreadable)
    }
}

fn verified(
    record: Record,
    chain: ChainId,
    device: &PublicKey,
    trust: &TrustList,
) -> Result<Opened, Refusal> {
    let content = record.open(device).map_err(|error| match error {
        Error::Signature | Error::UnknownKey(_) => Refusal::RecordForged,
        Error::Rule { object: "record", .. } => Refusal::BodyForeign,
        _ => Refusal::RecordUnreadable,
    })?;
    if content.header.chain != chain {
        return Err(Refusal::ChainForeign);
    }
    let voucher = match &content.body {
        Body::Redeem(redeem) => Some(authenticate(&redeem.voucher, trust, &IssuedSets::none())),
        _ => None,
    };
    Ok(Opened { record, content, voucher })
}
