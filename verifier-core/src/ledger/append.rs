//! Writing a record: signed, sealed, encrypted and derived from in one transaction.

use crate::clock::DeviceClock;
use crate::ledger::chains::Chain;
use crate::ledger::cipher::AssociatedData;
use crate::ledger::derive::{self, Effect, Event, EventContext};
use crate::ledger::identity::ServedIdentity;
use crate::ledger::sql::{Column, get, get_some};
use crate::ledger::{Head, Ledger, LedgerError};
use protocol::id::{ChainId, ClaimId, OperatorId};
use protocol::key::Signer;
use protocol::printed::PrintedReference;
use protocol::record::{
    Body, Document, Header, HowRead, ObservedState, OpenedRecord, Record, Redeem, RefusedSubject,
    ServeByReference, SignedVoucher,
};
use protocol::seal::SealingKey;
use protocol::voucher::VoucherIdentity;
use protocol::{Benefit, Hash, Timestamp};
use rusqlite::{OptionalExtension, Transaction, params};

/// What is to be recorded.
#[derive(Debug, Clone)]
pub struct NewRecord {
    /// What was done.
    pub act: Act,
    /// Who worked with the phone.
    pub operator: Option<OperatorId>,
    /// The clock floor by which it was judged.
    pub clock_floor: Timestamp,
    /// The lists and the ack by which it was judged; see [`Ledger::observed_state`].
    pub observed: ObservedState,
}

/// What was done.
#[derive(Debug, Clone)]
pub enum Act {
    /// A voucher was served.
    Redeem(Serving),
    /// A redemption was taken back.
    Void {
        /// The claim it made.
        claim: ClaimId,
        /// Why, in staff's words.
        reason: String,
    },
    /// A voucher was refused, confirmed by staff.
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
        document: DocumentContent,
    },
    /// A voucher was issued under a delegation.
    Issue {
        /// The voucher's own signed bytes.
        voucher: Vec<u8>,
    },
    /// A voucher was served by its printed reference.
    ServeByReference(ReferenceServing),
}

/// A voucher that was served by its printed reference.
#[derive(Debug, Clone)]
pub struct ReferenceServing {
    /// The claim that this makes: a UUIDv7.
    pub claim: ClaimId,
    /// The reference.
    pub reference: PrintedReference,
    /// The digest of the voucher's identity, as the office listed it: one live redemption an identity.
    pub voucher: Hash,
    /// What was given; never more than the voucher.
    pub given: Benefit,
    /// The stable codes of the warnings that were shown.
    pub warnings: Vec<String>,
    /// The documents attached at once.
    pub documents: Vec<DocumentContent>,
}

/// A voucher that was served.
#[derive(Debug, Clone)]
pub struct Serving {
    /// The claim that this makes: a UUIDv7.
    pub claim: ClaimId,
    /// The voucher's own signed bytes.
    pub voucher: SignedVoucher,
    /// Which voucher it is: one live redemption an identity.
    pub identity: VoucherIdentity,
    /// The voucher's `iat` where it may raise the soft clock floor: signed directly by a pinned
    /// issuer, and cut at the trust list's `expires`.
    pub soft_floor: Option<Timestamp>,
    /// How it was read.
    pub how_read: HowRead,
    /// What was given; never more than the voucher.
    pub given: Benefit,
    /// The stable codes of the warnings that were shown.
    pub warnings: Vec<String>,
    /// The documents attached at once.
    pub documents: Vec<DocumentContent>,
    /// What a supervisor allowed, when the voucher would have been refused: recorded before the
    /// redemption, which names it.
    pub overridden: Option<Overridden>,
}

/// What a supervisor allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overridden {
    /// The stable codes of the reasons for which the voucher would have been refused, in the order in
    /// which they were found; at least one. Each is a record, and the redemption names the last.
    pub reasons: Vec<String>,
    /// Who allowed it, as the profile names supervisors.
    pub supervisor: OperatorId,
}

/// A document with its content.
#[derive(Clone, PartialEq, Eq)]
pub struct DocumentContent {
    /// The content.
    pub content: Vec<u8>,
    /// Its media type, such as `image/jpeg`.
    pub media_type: String,
}

impl std::fmt::Debug for DocumentContent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "DocumentContent({}, {} bytes)", self.media_type, self.content.len())
    }
}

/// A redemption on this phone that was not taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveRedemption {
    /// The claim it made.
    pub claim: ClaimId,
    /// When, by the phone's clock.
    pub redeemed_at: Timestamp,
    /// The operator who served, where one was named.
    pub operator: Option<OperatorId>,
}

/// Why nothing was recorded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AppendError {
    /// The voucher was served on this phone before.
    #[error("this voucher was served here already, on {}", .0.redeemed_at)]
    AlreadyRedeemed(LiveRedemption),
    /// There is no such claim on this phone.
    #[error("there is no claim {0} on this phone")]
    UnknownClaim(ClaimId),
    /// The claim was taken back before.
    #[error("claim {0} was taken back already")]
    AlreadyVoided(ClaimId),
    /// What should be recorded is no record by the protocol's rules, or the key does not sign.
    #[error("this cannot be recorded: {0}")]
    Protocol(#[from] protocol::Error),
    /// The storage failed.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

impl DocumentContent {
    /// The document as a record names it.
    #[must_use]
    pub fn document(&self) -> Document {
        Document {
            hash: Hash::of(&self.content),
            len: self.content.len() as u64,
            media_type: self.media_type.clone(),
        }
    }
}

/// Where the next record goes.
#[derive(Debug, Clone, Copy)]
pub(super) struct AppendPoint {
    pub(super) chain: ChainId,
    pub(super) head: Option<Head>,
}

impl AppendPoint {
    /// Where the record after this one goes.
    pub(super) fn after(self, record: &Prepared) -> Self {
        let sequence = record.opened.header.sequence;
        AppendPoint { head: Some(Head { sequence, hash: record.opened.hash }), ..self }
    }
}

/// When, with what in force and by which keys a record is made.
pub(super) struct RecordContext<'m> {
    pub(super) now: DeviceClock,
    pub(super) operator: Option<OperatorId>,
    pub(super) clock_floor: Timestamp,
    pub(super) observed: ObservedState,
    pub(super) device: &'m dyn Signer,
    pub(super) sealing: &'m SealingKey,
}

/// A record with everything that is stored of it, ready for its transaction.
pub(super) struct Prepared {
    opened: OpenedRecord,
    record: Record,
    sealed: Vec<u8>,
    body: Vec<u8>,
    served: Option<ServedIdentity>,
    voucher: Option<Vec<u8>>,
    /// Documents by their digest, encrypted.
    documents: Vec<(Hash, Vec<u8>)>,
}

impl Ledger {
    /// Records an act: signs it as the next record of the chain, seals it to the server, and stores
    /// both with the documents' content. When this returns, the record is on the disk; when it fails,
    /// nothing of it is there.
    pub fn append(
        &mut self,
        now: DeviceClock,
        new: &NewRecord,
        device: &dyn Signer,
        sealing: &SealingKey,
    ) -> Result<OpenedRecord, AppendError> {
        if device.public_key() != *self.device() {
            return Err(LedgerError::OtherDevice.into());
        }
        self.check(&new.act)?;
        let context = RecordContext {
            now,
            operator: new.operator.clone(),
            clock_floor: new.clock_floor,
            observed: new.observed.clone(),
            device,
            sealing,
        };
        let mut point = AppendPoint { chain: self.chain(), head: self.head()? };
        let mut records = Vec::new();
        let mut allowed_by = None;
        for body in new.act.overrides() {
            let allowed = self.prepare(&context, point, &body, None, &[])?;
            point = point.after(&allowed);
            allowed_by = Some(allowed.opened.hash);
            records.push(allowed);
        }
        let (body, served, documents) = new.act.parts(allowed_by);
        let last = self.prepare(&context, point, &body, served, documents)?;
        let opened = last.opened.clone();
        records.push(last);
        self.write(now, None, &records)?;
        Ok(opened)
    }

    /// Stores records and what follows from them in one transaction; with `begun` as the first ones of
    /// a chain of that id, which this begins.
    pub(super) fn write(
        &mut self,
        now: DeviceClock,
        begun: Option<ChainId>,
        records: &[Prepared],
    ) -> Result<(), LedgerError> {
        let first = self.next_arrival()?;
        let cipher = self.cipher()?;
        let events = records.iter().map(|prepared| {
            let effect = Effect::of(&prepared.opened.body, prepared.served.as_ref(), cipher)
                .ok_or_else(|| LedgerError::corrupt("a redemption without its voucher"))?;
            Ok(Event::Record {
                header: &prepared.opened.header,
                hash: prepared.opened.hash,
                item: Hash::of(&prepared.sealed),
                effect,
            })
        });
        let events = events.collect::<Result<Vec<_>, LedgerError>>()?;
        let device = self.device().clone();
        let mut chain = self.chains.current().clone();
        let transaction = self.begin()?;
        if let Some(id) = begun {
            chain = Chain::insert(&transaction, id, &device)?;
        }
        for (arrival, (prepared, event)) in (first..).zip(records.iter().zip(&events)) {
            let at = EventContext { arrival, chain: chain.number, clock: now };
            store(&transaction, at, prepared)?;
            derive::apply(&transaction, at, event)?;
        }
        transaction.commit()?;
        if begun.is_some() {
            self.chains.go_on_with(chain);
        }
        Ok(())
    }

    /// The redemption of this voucher on this phone that was not taken back.
    pub fn live_redemption(
        &self,
        identity: &VoucherIdentity,
    ) -> Result<Option<LiveRedemption>, LedgerError> {
        self.live_redemption_of(identity.hash())
    }

    /// The same, of the voucher whose identity has this digest.
    pub fn live_redemption_of(
        &self,
        identity: Hash,
    ) -> Result<Option<LiveRedemption>, LedgerError> {
        let digest = derive::keyed_identity(self.cipher()?, identity);
        let live = self
            .db
            .prepare_cached(
                "SELECT id, redeemed_at, operator FROM claim WHERE identity = ?1 AND live = 1",
            )?
            .query_row([Column(digest)], |row| {
                Ok(LiveRedemption {
                    claim: get(row, 0)?,
                    redeemed_at: get(row, 1)?,
                    operator: get_some(row, 2)?,
                })
            })
            .optional()?;
        Ok(live)
    }

    /// When this was last recorded as refused for this reason, by the phone's clock.
    pub fn last_refusal(
        &self,
        subject: &RefusedSubject,
        reason: &str,
    ) -> Result<Option<Timestamp>, LedgerError> {
        let digest = derive::keyed_subject(self.cipher()?, subject);
        let at = self
            .db
            .prepare_cached("SELECT at FROM refusal WHERE subject = ?1 AND reason = ?2")?
            .query_row(params![Column(digest), reason], |row| get(row, 0))
            .optional()?;
        Ok(at)
    }

    /// Whether the act fits what was done before. The constraints of the tables hold besides.
    fn check(&self, act: &Act) -> Result<(), AppendError> {
        match act {
            Act::Redeem(serving) => match self.live_redemption(&serving.identity)? {
                Some(live) => Err(AppendError::AlreadyRedeemed(live)),
                None => Ok(()),
            },
            Act::ServeByReference(serving) => match self.live_redemption_of(serving.voucher)? {
                Some(live) => Err(AppendError::AlreadyRedeemed(live)),
                None => Ok(()),
            },
            Act::Void { claim, .. } => match self.stands(*claim)? {
                Some(true) => Ok(()),
                Some(false) => Err(AppendError::AlreadyVoided(*claim)),
                None => Err(AppendError::UnknownClaim(*claim)),
            },
            Act::AttachDocument { claim, .. } => match self.stands(*claim)? {
                Some(_) => Ok(()),
                None => Err(AppendError::UnknownClaim(*claim)),
            },
            // That a number is used once, a constraint sees to.
            Act::Refuse { .. } | Act::Issue { .. } => Ok(()),
        }
    }

    /// Whether a claim was not taken back, or the server did not take its void; `None` when there is
    /// no such claim.
    fn stands(&self, claim: ClaimId) -> Result<Option<bool>, LedgerError> {
        let stands = self
            .db
            .prepare_cached(
                "SELECT c.void IS NULL OR v.state = 'refused'
                 FROM claim AS c LEFT JOIN outbox AS v ON v.record = c.void WHERE c.id = ?1",
            )?
            .query_row([Column(claim)], |row| row.get(0))
            .optional()?;
        Ok(stands)
    }

    /// Signs, seals and encrypts one record; nothing is stored yet.
    pub(super) fn prepare(
        &self,
        context: &RecordContext<'_>,
        point: AppendPoint,
        body: &Body,
        served: Option<ServedIdentity>,
        contents: &[DocumentContent],
    ) -> Result<Prepared, AppendError> {
        let cipher = self.cipher()?;
        let sequence = point.head.map_or(1, |head| head.sequence + 1);
        let encoded = body.encode()?;
        let header = Header {
            chain: point.chain,
            sequence,
            previous: point.head.map(|head| head.hash),
            device_time: context.now.time,
            clock_floor: context.clock_floor,
            monotonic: context.now.monotonic,
            operator: context.operator.clone(),
            observed: context.observed.clone(),
            kind: body.kind(),
            body: Hash::of(&encoded),
        };
        let record = Record::sign(&header, body, context.device)?;
        // A key store that signs wrongly must show now and not at the server.
        let opened = record.open(self.device())?;
        let sealed = context.sealing.seal(&record.encode()?)?;
        let associated_data = |column| AssociatedData::record(point.chain, sequence, column);
        let encrypt = |associated_data, plain: &[u8]| {
            cipher.encrypt(associated_data, plain).map_err(LedgerError::from)
        };
        let voucher = match &served {
            Some(served) => Some(encrypt(associated_data("voucher"), &served.encode()?)?),
            None => None,
        };
        let documents = contents
            .iter()
            .map(|content| {
                let hash = Hash::of(&content.content);
                Ok((
                    hash,
                    encrypt(AssociatedData::document(self.chains.first(), hash), &content.content)?,
                ))
            })
            .collect::<Result<_, LedgerError>>()?;
        let body = encrypt(associated_data("body"), &encoded)?;
        Ok(Prepared { opened, record, sealed, body, served, voucher, documents })
    }
}

impl Act {
    /// The overrides that come before the record, for each reason one.
    fn overrides(&self) -> Vec<Body> {
        let Act::Redeem(Serving { overridden: Some(allowed), identity, .. }) = self else {
            return Vec::new();
        };
        let body = |reason: &String| Body::Override {
            voucher: identity.hash(),
            reason: reason.clone(),
            supervisor: allowed.supervisor.clone(),
        };
        allowed.reasons.iter().map(body).collect()
    }

    /// The body of the record, which names the override that allowed it, what is kept of the voucher's
    /// identity, and the documents.
    fn parts(
        &self,
        overridden_by: Option<Hash>,
    ) -> (Body, Option<ServedIdentity>, &[DocumentContent]) {
        match self {
            Act::Redeem(serving) => {
                let body = Body::Redeem(Redeem {
                    claim: serving.claim,
                    voucher: serving.voucher.clone(),
                    how_read: serving.how_read,
                    given: serving.given.clone(),
                    warnings: serving.warnings.clone(),
                    documents: serving.documents.iter().map(DocumentContent::document).collect(),
                    overridden_by,
                });
                let served = ServedIdentity {
                    identity: serving.identity.clone(),
                    soft_floor: serving.soft_floor,
                };
                (body, Some(served), &serving.documents)
            }
            Act::Void { claim, reason } => {
                (Body::Void { claim: *claim, reason: reason.clone() }, None, &[])
            }
            Act::ServeByReference(serving) => {
                let body = Body::ServeByReference(ServeByReference {
                    claim: serving.claim,
                    reference: serving.reference,
                    voucher: serving.voucher,
                    given: serving.given.clone(),
                    warnings: serving.warnings.clone(),
                    documents: serving.documents.iter().map(DocumentContent::document).collect(),
                });
                (body, None, &serving.documents)
            }
            Act::Issue { voucher } => (Body::Issue { voucher: voucher.clone() }, None, &[]),
            Act::Refuse { reason, subject } => {
                (Body::Refuse { reason: reason.clone(), subject: subject.clone() }, None, &[])
            }
            Act::AttachDocument { claim, document } => {
                let body = Body::AttachDocument { claim: *claim, document: document.document() };
                (body, None, std::slice::from_ref(document))
            }
        }
    }
}

fn store(
    transaction: &Transaction<'_>,
    at: EventContext,
    prepared: &Prepared,
) -> rusqlite::Result<()> {
    transaction
        .prepare_cached(
            "INSERT INTO record
             (arrival, chain, sequence, hash, signed_header, body, voucher, sealed)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?
        .execute(params![
            Column(at.arrival),
            at.chain,
            Column(prepared.opened.header.sequence),
            Column(prepared.opened.hash),
            prepared.record.signed_header,
            prepared.body,
            prepared.voucher,
            prepared.sealed
        ])?;
    for (hash, content) in &prepared.documents {
        transaction
            .prepare_cached(
                "INSERT INTO blob (hash, kind, content) VALUES (?1, 'document', ?2)
                 ON CONFLICT (hash) DO NOTHING",
            )?
            .execute(params![Column(*hash), content])?;
    }
    Ok(())
}
