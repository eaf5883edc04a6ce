//! Batches of records on their way in, and the signed acks that answer them.

use crate::cbor::Value;
use crate::cose::{ObjectType, Sign1, sign1};
use crate::fields::{Fields, Item, MapWriter, bytes, time, uint};
use crate::hash::Hash;
use crate::id::{ChainId, ClaimId};
use crate::key::{PublicKey, Signer};
use crate::time::Timestamp;
use crate::{Error, Result};

/// Most items of one batch.
pub const MAX_ITEMS: usize = 500;

/// Largest batch, in bytes.
pub const MAX_BATCH_LEN: usize = 4 * 1024 * 1024;

/// What a phone sends: items of one chain, each a sealed record ([`crate::seal`]) or a record
/// ([`crate::record::Record`]); which of the two, its own bytes say. An empty batch asks for news.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// The chain that the items belong to.
    pub chain: ChainId,
    /// The cursor of the last ack the phone holds; 0 at first.
    pub since: u64,
    /// The digest of the last ack that the phone holds of this chain. A server that does not know it
    /// was restored from a backup.
    pub last_ack: Option<Hash>,
    /// The thumbprint of the device whose chain it is, when that is not the one that sends the batch:
    /// a phone that lost its key still sends what the lost key signed.
    pub device: Option<Hash>,
    /// The items, oldest first.
    pub items: Vec<Vec<u8>>,
}

impl Batch {
    /// A batch of the sender's own chain, by a phone that holds no ack of it yet.
    #[must_use]
    pub fn new(chain: ChainId, since: u64, items: Vec<Vec<u8>>) -> Self {
        Batch { chain, since, items, last_ack: None, device: None }
    }

    /// Writes the batch.
    ///
    /// # Errors
    /// [`Error::TooLarge`] beyond 500 items or 4 MiB.
    pub fn encode(&self) -> Result<Vec<u8>> {
        let encoded = MapWriter::new()
            .put(1, bytes(self.chain.as_bytes()))
            .put(2, uint(self.since))
            .put(3, Value::Array(self.items.iter().map(|item| bytes(item)).collect()))
            .put_some(5, self.last_ack.map(|hash| bytes(hash.as_bytes())))
            .put_some(6, self.device.map(|hash| bytes(hash.as_bytes())))
            .encode()?;
        Batch::decode(&encoded)?;
        Ok(encoded)
    }

    /// Reads a batch without judging its items.
    ///
    /// # Errors
    /// [`Error::TooLarge`], [`Error::Cbor`] or an error of a field.
    pub fn decode(batch: &[u8]) -> Result<Self> {
        let (len, max) = (batch.len(), MAX_BATCH_LEN);
        if len > max {
            return Err(Error::TooLarge { what: "batch", len, max });
        }
        let mut fields = Fields::decode("batch", batch)?;
        let read = Batch {
            chain: ChainId::from_bytes(fields.required(1, "chain")?.fixed("chain")?),
            since: fields.required(2, "since")?.uint("since")?,
            items: fields
                .required(3, "items")?
                .list("items")?
                .into_iter()
                .map(|item| item.bytes("item"))
                .collect::<Result<_>>()?,
            last_ack: fields.optional(5, "last ack")?.map(|it| it.hash("last ack")).transpose()?,
            device: fields.optional(6, "device")?.map(|it| it.hash("device")).transpose()?,
        };
        fields.close()?;
        let (len, max) = (read.items.len(), MAX_ITEMS);
        if len > max {
            return Err(Error::TooLarge { what: "batch (items)", len, max });
        }
        Ok(read)
    }
}

/// The server's answer to a batch. The phone acts on nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ack {
    /// The thumbprint of the device's key.
    pub device: Hash,
    /// The chain.
    pub chain: ChainId,
    /// The highest sequence up to which the server holds the chain without gaps; 0 for none.
    pub head: u64,
    /// The digest of the record at the head; absent when the head is 0.
    pub head_hash: Option<Hash>,
    /// One result an item of the batch, by the digest of the item's bytes.
    pub results: Vec<ItemResult>,
    /// Documents that the server holds durably, among those that records of this chain name.
    pub documents: Vec<Hash>,
    /// Claims of this chain whose state changed since the batch's cursor.
    pub claims: Vec<ClaimUpdate>,
    /// The cursor to send with the next batch.
    pub cursor: u64,
    /// What the server's clock says.
    pub server_time: Timestamp,
    /// Whether the server does not know the ack that the batch names: it was restored from a backup,
    /// and what it acknowledged since then it no longer holds. The phone sends again whatever lies
    /// beyond the head.
    pub restored: bool,
}

/// What became of one item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemResult {
    /// SHA-256 of the item's bytes as they were sent.
    pub item: Hash,
    /// What became of it.
    pub outcome: Outcome,
}

/// What became of an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Taken in.
    Accepted,
    /// Held already.
    Duplicate,
    /// Taken in beside another claim on the same voucher; a person decides.
    Conflict,
    /// Not taken in, for the reason of this code; the bytes are kept for review.
    Refused(String),
    /// Not looked at now; send it again.
    Later,
}

/// A claim's state at the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimUpdate {
    /// The claim.
    pub claim: ClaimId,
    /// Its state.
    pub state: ClaimState,
    /// What staff should know of it, such as why it was rejected; a stable code.
    pub reason: Option<String>,
}

/// The states of a claim as it goes from phone to payment. A state that this version does not know, in an ack of a newer
/// server, reads as [`ClaimState::InReview`] (docs/protocol.md §7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ClaimState {
    /// On the phone alone.
    Recorded,
    /// At the server; the holding days run.
    Submitted,
    /// A person looks at it.
    InReview,
    /// Approved.
    Approved,
    /// On an account-payable order.
    Payable,
    /// The order is at the payment switch.
    Sent,
    /// Paid.
    Paid,
    /// Waits for a document.
    DocumentsMissing,
    /// Another claim on the same voucher came first; a person decides.
    Conflict,
    /// The conflict was decided for this claim.
    Upheld,
    /// The conflict was decided against this claim.
    Denied,
    /// Rejected; may be filed again.
    Rejected,
    /// The payment failed; a new attempt follows.
    PaymentFailed,
    /// Taken back by the provider.
    Voided,
}

impl ClaimState {
    /// Every state.
    pub const ALL: [ClaimState; 14] = [
        ClaimState::Recorded,
        ClaimState::Submitted,
        ClaimState::InReview,
        ClaimState::Approved,
        ClaimState::Payable,
        ClaimState::Sent,
        ClaimState::Paid,
        ClaimState::DocumentsMissing,
        ClaimState::Conflict,
        ClaimState::Upheld,
        ClaimState::Denied,
        ClaimState::Rejected,
        ClaimState::PaymentFailed,
        ClaimState::Voided,
    ];

    /// The stable name, also in databases and JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            ClaimState::Recorded => "recorded",
            ClaimState::Submitted => "submitted",
            ClaimState::InReview => "in_review",
            ClaimState::Approved => "approved",
            ClaimState::Payable => "payable",
            ClaimState::Sent => "sent",
            ClaimState::Paid => "paid",
            ClaimState::DocumentsMissing => "documents_missing",
            ClaimState::Conflict => "conflict",
            ClaimState::Upheld => "upheld",
            ClaimState::Denied => "denied",
            ClaimState::Rejected => "rejected",
            ClaimState::PaymentFailed => "payment_failed",
            ClaimState::Voided => "voided",
        }
    }

    /// The state with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        ClaimState::ALL.into_iter().find(|state| state.name() == name)
    }
}

impl Ack {
    /// Signs the ack.
    ///
    /// # Errors
    /// As [`sign1`], [`Error::Field`] when a reason is too long, [`Error::Rule`] for a head without
    /// its digest.
    pub fn sign(&self, signer: &dyn Signer) -> Result<Vec<u8>> {
        let payload = MapWriter::new()
            .put(1, bytes(self.device.as_bytes()))
            .put(2, bytes(self.chain.as_bytes()))
            .put(3, uint(self.head))
            .put_some(4, self.head_hash.map(|hash| bytes(hash.as_bytes())))
            .put(5, Value::Array(self.results.iter().map(ItemResult::to_value).collect()))
            .put_list(6, self.documents.iter().map(|hash| bytes(hash.as_bytes())).collect())
            .put_list(7, self.claims.iter().map(ClaimUpdate::to_value).collect())
            .put(8, uint(self.cursor))
            .put(9, time(self.server_time))
            .put_some(11, self.restored.then_some(true))
            .encode()?;
        Self::decode(&payload)?;
        sign1(ObjectType::Ack, &payload, signer)
    }

    /// Verifies an ack under the server's ack keys and reads it; gives its digest too.
    ///
    /// # Errors
    /// An error of the envelope, the signature or a field.
    pub fn open<'k>(
        signed: &[u8],
        keys: impl IntoIterator<Item = &'k PublicKey>,
    ) -> Result<(Ack, Hash)> {
        let verified = Sign1::parse(ObjectType::Ack, signed)?.verify(keys)?;
        Ok((Self::decode(&verified.payload)?, Hash::of(&verified.payload)))
    }

    fn decode(payload: &[u8]) -> Result<Ack> {
        let mut fields = Fields::decode("ack", payload)?;
        let ack = Ack {
            device: fields.required(1, "device")?.hash("device")?,
            chain: ChainId::from_bytes(fields.required(2, "chain")?.fixed("chain")?),
            head: fields.required(3, "head")?.uint("head")?,
            head_hash: fields
                .optional(4, "head hash")?
                .map(|hash| hash.hash("head hash"))
                .transpose()?,
            results: fields
                .required(5, "results")?
                .list("results")?
                .into_iter()
                .map(ItemResult::from_item)
                .collect::<Result<_>>()?,
            documents: each(fields.optional(6, "documents")?, |item| item.hash("document"))?,
            claims: each(fields.optional(7, "claims")?, ClaimUpdate::from_item)?,
            cursor: fields.required(8, "cursor")?.uint("cursor")?,
            server_time: fields.required(9, "server time")?.time("server time")?,
            restored: match fields.optional(11, "restored")?.map(|it| it.bool("restored")) {
                None => false,
                Some(Ok(true)) => true,
                Some(_) => return Err(Error::Field { object: "ack", field: "restored" }),
            },
        };
        fields.close()?;
        if (ack.head == 0) != ack.head_hash.is_none() {
            return Err(Error::Rule { object: "ack", rule: "a head comes with its digest" });
        }
        Ok(ack)
    }
}

impl ItemResult {
    fn to_value(&self) -> Value {
        let (number, reason) = match &self.outcome {
            Outcome::Accepted => (0, None),
            Outcome::Duplicate => (1, None),
            Outcome::Conflict => (2, None),
            Outcome::Refused(reason) => (3, Some(reason)),
            Outcome::Later => (4, None),
        };
        let mut parts = vec![bytes(self.item.as_bytes()), uint(number)];
        parts.extend(reason.map(|reason| Value::from(reason.as_str())));
        Value::Array(parts)
    }

    fn from_item(item: Item) -> Result<Self> {
        let wrong = Error::Field { object: "ack", field: "result" };
        let mut parts = item.list("result")?.into_iter();
        let (Some(item), Some(outcome)) = (parts.next(), parts.next()) else {
            return Err(wrong);
        };
        let outcome = match (outcome.uint("outcome")?, parts.next()) {
            (0, None) => Outcome::Accepted,
            (1, None) => Outcome::Duplicate,
            (2, None) => Outcome::Conflict,
            (3, Some(reason)) => Outcome::Refused(reason.label("reason")?),
            (4, None) => Outcome::Later,
            _ => return Err(wrong),
        };
        if parts.next().is_some() {
            return Err(wrong);
        }
        Ok(ItemResult { item: item.hash("item")?, outcome })
    }
}

impl ClaimUpdate {
    fn to_value(&self) -> Value {
        MapWriter::new()
            .put(1, bytes(self.claim.as_bytes()))
            .put(2, self.state.name())
            .put_some(3, self.reason.as_deref())
            .value()
    }

    fn from_item(item: Item) -> Result<Self> {
        let mut fields = Fields::new("claim update", item.value())?;
        let update = ClaimUpdate {
            claim: ClaimId::from_bytes(fields.required(1, "claim")?.fixed("claim")?),
            state: ClaimState::from_name(&fields.required(2, "state")?.label("state")?)
                .unwrap_or(ClaimState::InReview),
            reason: fields.optional(3, "reason")?.map(|item| item.label("reason")).transpose()?,
        };
        fields.close()?;
        Ok(update)
    }
}

fn each<T>(item: Option<Item>, read: impl Fn(Item) -> Result<T>) -> Result<Vec<T>> {
    match item {
        None => Ok(Vec::new()),
        Some(item) => item.filled_list("list")?.into_iter().map(read).collect(),
    }
}
