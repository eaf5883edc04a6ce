//! Device records: what a phone did, as a chain that its key signs.
//!
//! A record is a signed header and a body. The header holds the body's digest, so that a phone can
//! drop bodies in time and its chain still checks. Digests in the chain cover the header's payload,
//! never its signature.

use crate::cbor::Value;
use crate::cose::{ObjectType, Sign1, sign1};
use crate::fields::{Fields, Item, MapWriter, bytes, label, time, uint};
use crate::hash::Hash;
use crate::id::{BootId, ChainId, ClaimId, OperatorId};
use crate::key::{Kid, PublicKey, Signer};
use crate::money::Benefit;
use crate::printed::PrintedReference;
use crate::time::Timestamp;
use crate::{Error, Result};

/// The largest record, header and body together, in bytes.
pub const MAX_LEN: usize = 64 * 1024;

/// The signed part of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// The chain.
    pub chain: ChainId,
    /// The place in the chain, from 1.
    pub sequence: u64,
    /// The digest of the header before; absent at 1.
    pub previous: Option<Hash>,
    /// What the device's clock said.
    pub device_time: Timestamp,
    /// The clock floor at that time.
    pub clock_floor: Timestamp,
    /// Milliseconds since the boot, and which boot.
    pub monotonic: Monotonic,
    /// Who worked with the phone.
    pub operator: Option<OperatorId>,
    /// The trust list, status lists and ack that the phone had when it signed.
    pub observed: ObservedState,
    /// What kind of record it is.
    pub kind: Kind,
    /// The digest of the body.
    pub body: Hash,
}

/// A reading of the monotonic clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Monotonic {
    /// Milliseconds since the boot.
    pub millis: u64,
    /// The boot.
    pub boot: BootId,
}

/// Which trust list, status lists and ack a phone had when it signed a record, so that the server can
/// bracket the time of service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObservedState {
    /// The digest of the last ack.
    pub ack: Option<Hash>,
    /// The version of the trust list.
    pub trust_version: u64,
    /// Number and `iat` of each status list.
    pub status_lists: Vec<(u32, Timestamp)>,
}

/// What kind of record it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// A voucher was served.
    Redeem,
    /// A redemption was taken back.
    Void,
    /// A voucher was refused, confirmed by staff.
    Refuse,
    /// A document was added to a claim.
    AttachDocument,
    /// A voucher was issued under a delegation.
    Issue,
    /// A supervisor allowed a voucher to be served that was refused.
    Override,
    /// A chain goes on from another that a restored backup had forked.
    Restart,
    /// A voucher was served by its printed reference.
    ServeByReference,
}

impl Kind {
    const ALL: [Kind; 8] = [
        Kind::Redeem,
        Kind::Void,
        Kind::Refuse,
        Kind::AttachDocument,
        Kind::Issue,
        Kind::Override,
        Kind::Restart,
        Kind::ServeByReference,
    ];

    /// The number that stands for it.
    #[must_use]
    pub fn number(self) -> u64 {
        match self {
            Kind::Redeem => 1,
            Kind::Void => 2,
            Kind::Refuse => 3,
            Kind::AttachDocument => 4,
            Kind::Issue => 5,
            Kind::Override => 6,
            Kind::Restart => 7,
            Kind::ServeByReference => 8,
        }
    }

    /// The kind with this number.
    #[must_use]
    pub fn from_number(number: u64) -> Option<Self> {
        Kind::ALL.into_iter().find(|kind| kind.number() == number)
    }
}

/// How a voucher came into the phone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HowRead {
    /// By the camera, live.
    Camera,
    /// From a picture file.
    Picture,
    /// Shared by another app.
    Shared,
    /// Typed in.
    Typed,
}

impl HowRead {
    /// The number that stands for it.
    #[must_use]
    pub fn number(self) -> u64 {
        match self {
            HowRead::Camera => 1,
            HowRead::Picture => 2,
            HowRead::Shared => 3,
            HowRead::Typed => 4,
        }
    }

    fn from_number(number: u64) -> Option<Self> {
        [HowRead::Camera, HowRead::Picture, HowRead::Shared, HowRead::Typed]
            .into_iter()
            .find(|how| how.number() == number)
    }
}

/// A voucher exactly as its issuer signed it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum SignedVoucher {
    /// A COSE_Sign1 of ours.
    Cose(Vec<u8>),
    /// An OpenG2P JWT in compact form.
    Jwt(String),
}

impl SignedVoucher {
    /// Whether it says that it was issued under a delegation. Nobody has checked that yet.
    #[must_use]
    pub fn names_delegation(&self) -> bool {
        match self {
            SignedVoucher::Cose(signed) => Sign1::parse(ObjectType::Voucher, signed)
                .is_ok_and(|envelope| envelope.delegation().is_some()),
            SignedVoucher::Jwt(_) => false,
        }
    }

    fn to_value(&self) -> Value {
        match self {
            SignedVoucher::Cose(signed) => Value::Bytes(signed.clone()),
            SignedVoucher::Jwt(text) => Value::from(text.as_str()),
        }
    }

    fn from_item(item: Item) -> Result<Self> {
        match item.value() {
            Value::Bytes(signed) => Ok(SignedVoucher::Cose(signed)),
            Value::Text(text) => Ok(SignedVoucher::Jwt(text)),
            _ => Err(Error::Field { object: "redeem", field: "voucher" }),
        }
    }
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// A voucher was served.
    Redeem(Redeem),
    /// A redemption was taken back.
    Void {
        /// The claim it made.
        claim: ClaimId,
        /// Why, in staff's words.
        reason: String,
    },
    /// A voucher was refused.
    Refuse {
        /// The stable code of the verdict.
        reason: String,
        /// What was shown.
        subject: RefusedSubject,
    },
    /// A document was added to a claim.
    AttachDocument {
        /// The claim.
        claim: ClaimId,
        /// The document.
        document: Document,
    },
    /// A voucher was issued under a delegation.
    Issue {
        /// The voucher's own signed bytes.
        voucher: Vec<u8>,
    },
    /// A supervisor allowed a voucher to be served that was refused. The redemption that follows
    /// names this record.
    Override {
        /// The digest of the voucher's identity.
        voucher: Hash,
        /// The stable code of the reason that was overridden.
        reason: String,
        /// Who allowed it, as the profile names supervisors.
        supervisor: OperatorId,
    },
    /// A chain goes on from another that a restored backup had forked.
    Restart(Restart),
    /// A voucher was served by its printed reference.
    ServeByReference(ServeByReference),
}

/// Where a chain goes on from: a phone that was restored from a backup learns from an ack that the
/// server holds records that it does not, closes its chain, and starts another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restart {
    /// The chain that was closed.
    pub chain: ChainId,
    /// The last of its records that phone and server both have; none when they share none.
    pub shared: Option<ChainPoint>,
    /// The digests of the closed chain's records that have no place in it at the server. They are
    /// sent as they were signed, beside the new chain's own.
    pub orphans: Vec<Hash>,
}

/// A place in a chain, and the digest of the record there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChainPoint {
    /// The place, from 1.
    pub sequence: u64,
    /// The digest of the record's header payload.
    pub hash: Hash,
}

/// What was refused: never the holder's data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RefusedSubject {
    /// A voucher whose signature verified: the digest of its identity.
    Voucher(Hash),
    /// A text that did not verify: its digest.
    Text(Hash),
}

/// A voucher that was served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redeem {
    /// The claim that this makes: a UUIDv7.
    pub claim: ClaimId,
    /// The voucher's own signed bytes.
    pub voucher: SignedVoucher,
    /// How it was read.
    pub how_read: HowRead,
    /// What was given; never more than the voucher.
    pub given: Benefit,
    /// The stable codes of the warnings that were shown.
    pub warnings: Vec<String>,
    /// The documents attached at once.
    pub documents: Vec<Document>,
    /// The record, earlier in the chain, by which a supervisor allowed it.
    pub overridden_by: Option<Hash>,
}

/// A voucher that was served by its printed reference, without its signed bytes: no evidence of a
/// scan, so a person decides on every claim that it makes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServeByReference {
    /// The claim that this makes: a UUIDv7.
    pub claim: ClaimId,
    /// What was typed.
    pub reference: PrintedReference,
    /// The digest of the identity of the voucher that the office listed under it.
    pub voucher: Hash,
    /// What was given; never more than the voucher.
    pub given: Benefit,
    /// The stable codes of the warnings shown.
    pub warnings: Vec<String>,
    /// The documents attached at once.
    pub documents: Vec<Document>,
}

/// A document by its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// SHA-256 of the content.
    pub hash: Hash,
    /// Its length in bytes.
    pub len: u64,
    /// Its media type, such as `image/jpeg`.
    pub media_type: String,
}

/// A record as it is stored and sent: the signed header and the body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The COSE_Sign1 over the header.
    pub signed_header: Vec<u8>,
    /// The body's bytes.
    pub body: Vec<u8>,
}

/// A record whose signature and digests were checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenedRecord {
    /// The header.
    pub header: Header,
    /// The body.
    pub body: Body,
    /// The digest of the header's payload, by which the record is known.
    pub hash: Hash,
}

impl Body {
    /// The kind of record it makes.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Body::Redeem(_) => Kind::Redeem,
            Body::Void { .. } => Kind::Void,
            Body::Refuse { .. } => Kind::Refuse,
            Body::AttachDocument { .. } => Kind::AttachDocument,
            Body::Issue { .. } => Kind::Issue,
            Body::Override { .. } => Kind::Override,
            Body::Restart(_) => Kind::Restart,
            Body::ServeByReference(_) => Kind::ServeByReference,
        }
    }

    /// Writes the body.
    ///
    /// # Errors
    /// [`Error::Cbor`] or [`Error::Field`] when a text or number is out of range.
    pub fn encode(&self) -> Result<Vec<u8>> {
        let map = match self {
            Body::Redeem(redeem) => MapWriter::new()
                .put(1, bytes(redeem.claim.as_bytes()))
                .put(2, redeem.voucher.to_value())
                .put(3, uint(redeem.how_read.number()))
                .put(4, redeem.given.to_value())
                .put_list(5, redeem.warnings.iter().map(|w| w.as_str().into()).collect())
                .put_list(6, redeem.documents.iter().map(Document::to_value).collect())
                .put_some(8, redeem.overridden_by.map(|hash| bytes(hash.as_bytes()))),
            Body::Void { claim, reason } => {
                MapWriter::new().put(1, bytes(claim.as_bytes())).put(2, reason.as_str())
            }
            Body::Refuse { reason, subject } => {
                let (key, hash) = match subject {
                    RefusedSubject::Voucher(hash) => (2, hash),
                    RefusedSubject::Text(hash) => (3, hash),
                };
                MapWriter::new().put(1, reason.as_str()).put(key, bytes(hash.as_bytes()))
            }
            Body::AttachDocument { claim, document } => {
                MapWriter::new().put(1, bytes(claim.as_bytes())).put(2, document.to_value())
            }
            Body::Issue { voucher } => MapWriter::new().put(1, bytes(voucher)),
            Body::Override { voucher, reason, supervisor } => MapWriter::new()
                .put(1, bytes(voucher.as_bytes()))
                .put(2, reason.as_str())
                .put(3, supervisor.as_str()),
            Body::Restart(restart) => MapWriter::new()
                .put(1, bytes(restart.chain.as_bytes()))
                .put_some(2, restart.shared.map(|shared| shared.to_value()))
                .put_list(3, restart.orphans.iter().map(|it| bytes(it.as_bytes())).collect()),
            Body::ServeByReference(served) => MapWriter::new()
                .put(1, bytes(served.claim.as_bytes()))
                .put(2, served.reference.to_string())
                .put(3, bytes(served.voucher.as_bytes()))
                .put(4, served.given.to_value())
                .put_list(5, served.warnings.iter().map(|w| w.as_str().into()).collect())
                .put_list(6, served.documents.iter().map(Document::to_value).collect()),
        };
        let encoded = map.encode()?;
        Body::decode(self.kind(), &encoded)?;
        Ok(encoded)
    }

    /// Reads the body of a record of this kind.
    ///
    /// # Errors
    /// [`Error::Cbor`] or an error of a field.
    pub fn decode(kind: Kind, body: &[u8]) -> Result<Self> {
        let mut fields = Fields::decode("body", body)?;
        let claim = |item: Item| Ok::<_, Error>(ClaimId::from_bytes(item.fixed("claim")?));
        let body = match kind {
            Kind::Redeem => Body::Redeem(Redeem {
                claim: claim(fields.required(1, "claim")?)?,
                voucher: SignedVoucher::from_item(fields.required(2, "voucher")?)?,
                how_read: HowRead::from_number(fields.required(3, "how read")?.uint("how read")?)
                    .ok_or(Error::Field { object: "redeem", field: "how read" })?,
                given: Benefit::from_value(fields.required(4, "given")?.value())?,
                warnings: list(fields.optional(5, "warnings")?, |item| item.label("warning"))?,
                documents: list(fields.optional(6, "documents")?, Document::from_item)?,
                overridden_by: fields
                    .optional(8, "override")?
                    .map(|hash| hash.hash("override"))
                    .transpose()?,
            }),
            Kind::Void => Body::Void {
                claim: claim(fields.required(1, "claim")?)?,
                reason: fields.required(2, "reason")?.label("reason")?,
            },
            Kind::Refuse => {
                let reason = fields.required(1, "reason")?.label("reason")?;
                let voucher = fields.optional(2, "voucher")?;
                let text = fields.optional(3, "text")?;
                let subject = match (voucher, text) {
                    (Some(hash), None) => RefusedSubject::Voucher(hash.hash("voucher")?),
                    (None, Some(hash)) => RefusedSubject::Text(hash.hash("text")?),
                    _ => return Err(Error::Field { object: "refuse", field: "subject" }),
                };
                Body::Refuse { reason, subject }
            }
            Kind::AttachDocument => Body::AttachDocument {
                claim: claim(fields.required(1, "claim")?)?,
                document: Document::from_item(fields.required(2, "document")?)?,
            },
            Kind::Issue => {
                Body::Issue { voucher: fields.required(1, "voucher")?.bytes("voucher")? }
            }
            Kind::Override => Body::Override {
                voucher: fields.required(1, "voucher")?.hash("voucher")?,
                reason: fields.required(2, "reason")?.label("reason")?,
                supervisor: OperatorId::new(fields.required(3, "supervisor")?.text("supervisor")?)?,
            },
            Kind::Restart => Body::Restart(Restart {
                chain: ChainId::from_bytes(fields.required(1, "chain")?.fixed("chain")?),
                shared: fields.optional(2, "shared")?.map(ChainPoint::from_item).transpose()?,
                orphans: list(fields.optional(3, "orphans")?, |item| item.hash("orphan"))?,
            }),
            Kind::ServeByReference => Body::ServeByReference(ServeByReference {
                claim: claim(fields.required(1, "claim")?)?,
                reference: fields
                    .required(2, "reference")?
                    .text("reference")
                    .map(|text| PrintedReference::parse(&text))?
                    .ok_or(Error::Field { object: "serve by reference", field: "reference" })?,
                voucher: fields.required(3, "voucher")?.hash("voucher")?,
                given: Benefit::from_value(fields.required(4, "given")?.value())?,
                warnings: list(fields.optional(5, "warnings")?, |item| item.label("warning"))?,
                documents: list(fields.optional(6, "documents")?, Document::from_item)?,
            }),
        };
        fields.close()?;
        Ok(body)
    }
}

impl ChainPoint {
    fn to_value(self) -> Value {
        Value::Array(vec![uint(self.sequence), bytes(self.hash.as_bytes())])
    }

    fn from_item(item: Item) -> Result<Self> {
        let [sequence, hash] = item.array("shared")?;
        let point = ChainPoint { sequence: sequence.uint("shared")?, hash: hash.hash("shared")? };
        if point.sequence == 0 {
            return Err(Error::Field { object: "restart", field: "shared" });
        }
        Ok(point)
    }
}

impl Document {
    fn to_value(&self) -> Value {
        Value::Array(vec![
            bytes(self.hash.as_bytes()),
            uint(self.len),
            Value::from(self.media_type.as_str()),
        ])
    }

    fn from_item(item: Item) -> Result<Self> {
        let [hash, len, media_type] = item.array("document")?;
        Ok(Document {
            hash: hash.hash("hash")?,
            len: len.uint("length")?,
            media_type: label(media_type.text("media type")?, "media type")?,
        })
    }
}

impl Header {
    fn encode(&self) -> Result<Vec<u8>> {
        let observed = MapWriter::new()
            .put_some(1, self.observed.ack.map(|hash| bytes(hash.as_bytes())))
            .put(2, uint(self.observed.trust_version))
            .put_list(
                3,
                self.observed
                    .status_lists
                    .iter()
                    .map(|(list, issued)| Value::Array(vec![uint(u64::from(*list)), time(*issued)]))
                    .collect(),
            );
        MapWriter::new()
            .put(1, bytes(self.chain.as_bytes()))
            .put(2, uint(self.sequence))
            .put_some(3, self.previous.map(|hash| bytes(hash.as_bytes())))
            .put(4, uint(self.kind.number()))
            .put(5, time(self.device_time))
            .put(6, time(self.clock_floor))
            .put(
                7,
                Value::Array(vec![
                    uint(self.monotonic.millis),
                    bytes(self.monotonic.boot.as_bytes()),
                ]),
            )
            .put_some(8, self.operator.as_ref().map(OperatorId::as_str))
            .put(9, observed.value())
            .put(10, bytes(self.body.as_bytes()))
            .encode()
    }

    fn decode(payload: &[u8]) -> Result<Self> {
        let mut fields = Fields::decode("record", payload)?;
        let wrong = |field| Error::Field { object: "record", field };
        let [millis, boot] = fields.required(7, "monotonic time")?.array("monotonic time")?;
        let mut observed =
            Fields::new("observed state", fields.required(9, "observed state")?.value())?;
        let header = Header {
            chain: ChainId::from_bytes(fields.required(1, "chain")?.fixed("chain")?),
            sequence: fields.required(2, "sequence")?.uint("sequence")?,
            previous: fields
                .optional(3, "previous")?
                .map(|hash| hash.hash("previous"))
                .transpose()?,
            kind: Kind::from_number(fields.required(4, "kind")?.uint("kind")?)
                .ok_or(wrong("kind"))?,
            device_time: fields.required(5, "device time")?.time("device time")?,
            clock_floor: fields.required(6, "clock floor")?.time("clock floor")?,
            monotonic: Monotonic {
                millis: millis.uint("monotonic time")?,
                boot: BootId::from_bytes(boot.fixed("boot")?),
            },
            operator: fields
                .optional(8, "operator")?
                .map(|item| OperatorId::new(item.text("operator")?))
                .transpose()?,
            observed: ObservedState {
                ack: observed.optional(1, "ack")?.map(|hash| hash.hash("ack")).transpose()?,
                trust_version: observed.required(2, "trust version")?.uint("trust version")?,
                status_lists: list(observed.optional(3, "status lists")?, |item| {
                    let [number, issued] = item.array("status list")?;
                    Ok((number.uint32("status list")?, issued.time("iat")?))
                })?,
            },
            body: fields.required(10, "body")?.hash("body")?,
        };
        observed.close()?;
        fields.close()?;
        if header.sequence == 0 || (header.sequence == 1) != header.previous.is_none() {
            return Err(wrong("sequence"));
        }
        Ok(header)
    }
}

impl Record {
    /// Signs a header with its body. The header's `body` and `kind` must be those of the body.
    ///
    /// # Errors
    /// As [`sign1`]; [`Error::Rule`] when header and body disagree; [`Error::TooLarge`].
    pub fn sign(header: &Header, body: &Body, device: &dyn Signer) -> Result<Self> {
        let encoded = body.encode()?;
        if header.body != Hash::of(&encoded) || header.kind != body.kind() {
            return Err(Error::Rule { object: "record", rule: "header and body disagree" });
        }
        let signed_header = sign1(ObjectType::Record, &header.encode()?, device)?;
        let record = Record { signed_header, body: encoded };
        Record::decode(&record.encode()?)?;
        Ok(record)
    }

    /// The record as one item: `[signed header, body]`.
    ///
    /// # Errors
    /// [`Error::TooLarge`].
    pub fn encode(&self) -> Result<Vec<u8>> {
        let encoded = crate::cbor::encode(&Value::Array(vec![
            Value::Bytes(self.signed_header.clone()),
            Value::Bytes(self.body.clone()),
        ]))?;
        check_len(&encoded)?;
        Ok(encoded)
    }

    /// Splits a record into its parts without checking them.
    ///
    /// # Errors
    /// [`Error::TooLarge`], [`Error::Cbor`] or [`Error::Field`].
    pub fn decode(record: &[u8]) -> Result<Self> {
        check_len(record)?;
        let item = Item::new("record", crate::cbor::decode(record)?);
        let [signed_header, body] = item.array("parts")?;
        Ok(Record { signed_header: signed_header.bytes("header")?, body: body.bytes("body")? })
    }

    /// The id of the key that claims to have signed.
    ///
    /// # Errors
    /// When the envelope is malformed.
    pub fn kid(&self) -> Result<Kid> {
        Ok(Sign1::parse(ObjectType::Record, &self.signed_header)?.kid())
    }

    /// The digest by which the record is known, whether or not it verifies.
    ///
    /// # Errors
    /// When the envelope is malformed.
    pub fn hash(&self) -> Result<Hash> {
        Ok(Sign1::parse(ObjectType::Record, &self.signed_header)?.payload_hash())
    }

    /// Verifies the signature under the device's key, then the body's digest, and reads both.
    ///
    /// # Errors
    /// An error of the envelope, the signature, a field, or [`Error::Rule`] for a foreign body.
    pub fn open(&self, device: &PublicKey) -> Result<OpenedRecord> {
        let (header, hash) = open_header(&self.signed_header, device)?;
        if header.body != Hash::of(&self.body) {
            return Err(Error::Rule {
                object: "record",
                rule: "the body is not the one signed for",
            });
        }
        let body = Body::decode(header.kind, &self.body)?;
        Ok(OpenedRecord { header, body, hash })
    }
}

/// Verifies a signed header alone, for a chain whose bodies were dropped; gives its digest too.
///
/// # Errors
/// An error of the envelope, the signature or a field.
pub fn open_header(signed_header: &[u8], device: &PublicKey) -> Result<(Header, Hash)> {
    let verified = Sign1::parse(ObjectType::Record, signed_header)?.verify([device])?;
    Ok((Header::decode(&verified.payload)?, Hash::of(&verified.payload)))
}

fn check_len(record: &[u8]) -> Result<()> {
    let (len, max) = (record.len(), MAX_LEN);
    if len > max { Err(Error::TooLarge { what: "record", len, max }) } else { Ok(()) }
}

fn list<T>(item: Option<Item>, read: impl Fn(Item) -> Result<T>) -> Result<Vec<T>> {
    match item {
        None => Ok(Vec::new()),
        Some(item) => item.filled_list("list")?.into_iter().map(read).collect(),
    }
}
