//! Opening the items of a batch: everything that needs a key and no database, so that it is done
//! before a transaction begins.

use super::chain::Link;
use super::refusal::Refusal;
use crate::devices::{Device, DeviceId};
use crate::keys::KeyRing;
use protocol::authenticity::{Authentic, NotAuthentic, authenticate};
use protocol::delegation::Beyond;
use protocol::key::Kid;
use protocol::record::{Body, OpenedRecord, Record, SignedVoucher};
use protocol::seal::{Sealed, UnsealingKey};
use protocol::trust::{IssuedSets, TrustList};
use protocol::{Error, Hash};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// An item of a batch.
#[derive(Debug)]
pub struct Item {
    /// SHA-256 of the item as it was sent.
    pub hash: Hash,
    /// The item as it was sent.
    pub bytes: Vec<u8>,
    /// The record inside, if a device of the provider signed it.
    pub record: Result<Opened, Refusal>,
}

/// An item of a batch as it was sealed to the server, its signature not looked at yet.
#[derive(Debug)]
pub struct Unsealed {
    hash: Hash,
    bytes: Vec<u8>,
    record: Result<Record, Refusal>,
}

/// A record with its signature checked.
#[derive(Debug)]
pub struct Opened {
    /// The device that signed it.
    pub signer: DeviceId,
    /// The record as it is stored.
    pub record: Record,
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

/// Unseals items under the server's own keys.
#[must_use]
pub fn unseal(items: Vec<Vec<u8>>, keys: &KeyRing) -> Vec<Unsealed> {
    let mut unsealing = Unsealing { keys, opened: BTreeMap::new() };
    items
        .into_iter()
        .map(|bytes| {
            let record = unsealing.record(&bytes);
            Unsealed { hash: Hash::of(&bytes), bytes, record }
        })
        .collect()
}

/// The ids of the keys that claim to have signed.
#[must_use]
pub fn kids(items: &[Unsealed]) -> BTreeSet<Kid> {
    items.iter().filter_map(|item| item.record.as_ref().ok()?.kid().ok()).collect()
}

/// Verifies items under the keys of these devices, the trust list and the sets it pins.
#[must_use]
pub fn open(
    items: Vec<Unsealed>,
    devices: &[Device],
    trust: &TrustList,
    issued: &IssuedSets,
) -> Vec<Item> {
    items
        .into_iter()
        .map(|Unsealed { hash, bytes, record }| {
            let record = record.and_then(|record| verified(record, devices, trust, issued));
            Item { hash, bytes, record }
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

/// Whether a voucher that was served was really issued. That its delegation was ended is judged like a
/// revocation, by whether the phone had been told.
pub fn served(
    voucher: &SignedVoucher,
    trust: &TrustList,
    issued: &IssuedSets,
) -> Result<Authentic, NotAuthentic> {
    match authenticate(voucher, trust, issued) {
        Err(NotAuthentic::BeyondDelegation(Beyond::Ended)) => {
            let before = TrustList { ended_delegations: Vec::new(), ..trust.clone() };
            authenticate(voucher, &before, issued)
        }
        judged => judged,
    }
}

fn verified(
    record: Record,
    devices: &[Device],
    trust: &TrustList,
    issued: &IssuedSets,
) -> Result<Opened, Refusal> {
    let kid = record.kid().map_err(|_| Refusal::RecordUnreadable)?;
    let mut refusal = Refusal::RecordForged;
    let mut opened = None;
    for device in devices.iter().filter(|device| device.key.kid() == kid) {
        match record.open(&device.key) {
            Ok(content) => {
                opened = Some((device.id, content));
                break;
            }
            Err(Error::Signature | Error::UnknownKey(_)) => {}
            Err(Error::Rule { object: "record", .. }) => refusal = Refusal::BodyForeign,
            Err(_) => refusal = Refusal::RecordUnreadable,
        }
    }
    let (signer, content) = opened.ok_or(refusal)?;
    let voucher = match &content.body {
        Body::Redeem(redeem) => Some(served(&redeem.voucher, trust, issued)),
        Body::Issue { voucher } => {
            Some(authenticate(&SignedVoucher::Cose(voucher.clone()), trust, issued))
        }
        _ => None,
    };
    Ok(Opened { signer, record, content, voucher })
}
