//! Taking a batch in: one transaction that decides every item, and the ack that follows from it.

use super::Quota;
use super::chain::{LinkCheck, Links};
use super::judgement::{Registered, Service, admissible, admit};
use super::opening::{self, Item, Opened, Unsealed};
use super::out_of_chain::OutOfChain;
use super::refusal::{Refusal, VoucherFault};
use super::service_time::{Notice, ServiceTime};
use super::store::{self, Chain, PlacedRecord, RecordOutcome, RefusedItem, RestoredRecord};
use crate::app::App;
use crate::claims::{self, ClaimUnitOfWork, FilingOutcome, Hold, NewClaim};
use crate::database::Transaction;
use crate::devices::{self, Device, DeviceId, DeviceStatus};
use crate::documents::{self, DocumentReference};
use crate::programmes;
use crate::providers::{self, Provider};
use crate::trust::Published;
use crate::{Error, Result, delegations, trust, vouchers};
use protocol::ack::{Ack, Batch, ItemResult, Outcome};
use protocol::authenticity::{Authentic, NotAuthentic};
use protocol::cose::{ObjectType, Sign1};
use protocol::id::{ChainId, ClaimId, ProgrammeId};
use protocol::key::KeyUse;
use protocol::record::{Body, Document, ServeByReference, SignedVoucher};
use protocol::voucher::VoucherIdentity;
use protocol::{Hash, Span, Timestamp};
use std::collections::{BTreeMap, BTreeSet, btree_map};
use std::sync::Arc;

/// How often a batch is tried when its transaction ends in a deadlock or serialization failure.
const ATTEMPTS: usize = 4;

/// Records read at a time when a filled gap lets the head leap.
const LEAP: u64 = 1000;

/// How long refused items are kept.
const REFUSED_KEPT: Span = Span::days(90);

/// Takes a batch in that `carrier` brings, and gives the signed ack, to the device whose chain it is.
/// Everything that the ack says is committed when this returns; the same batch again changes nothing.
///
/// # Errors
/// [`Error::Database`] and whatever else keeps the server from its work; then nothing was taken in.
pub async fn receive(app: &App, carrier: &Device, batch: Batch, quota: Quota) -> Result<Vec<u8>> {
    let trust = trust::current(app).await?;
    let (chain, since, last_ack) = (batch.chain, batch.since, batch.last_ack);
    let owner = match batch.device.map(DeviceId).filter(|named| *named != carrier.id) {
        None => Owner::Known(Box::new(carrier.clone())),
        Some(named) => {
            match devices::device_of_same_provider(app.db.reader(), carrier, named).await? {
                Some(device) => Owner::Known(Box::new(device)),
                None => Owner::Unknown(named),
            }
        }
    };
    let keys = app.keys.clone();
    let unsealed =
        in_background(tokio::task::spawn_blocking(move || opening::unseal(batch.items, &keys)))
            .await?;
    let signers = owner.candidate_signers(app, carrier, &unsealed).await?;
    let opened_under = Arc::clone(&trust);
    let items = in_background(tokio::task::spawn_blocking(move || {
        let trust = opened_under;
        opening::open(unsealed, &signers, trust.state.list(), &trust.issued)
    }))
    .await?;
    let evidence = EvidenceTimes::of(app, &items).await?;
    let batch =
        OpenedBatch { app, carrier, owner, chain, since, last_ack, items, evidence, trust, quota };
    let mut attempt = 1;
    loop {
        match batch.take().await {
            Err(error) if error.is_deadlock() && attempt < ATTEMPTS => attempt += 1,
            done => return done,
        }
    }
}

async fn in_background<T>(task: tokio::task::JoinHandle<T>) -> Result<T> {
    task.await.map_err(|_| Error::Unavailable("the batch could not be read to its end".into()))
}

/// The device whose chain a batch is of.
enum Owner {
    /// The one that brings it, or another of the same provider.
    Known(Box<Device>),
    /// None of that provider, as far as this server knows.
    Unknown(DeviceId),
}

impl Owner {
    fn id(&self) -> DeviceId {
        match self {
            Owner::Known(device) => device.id,
            Owner::Unknown(id) => *id,
        }
    }

    /// The devices that may have signed the items: this one, and those of the provider that the items
    /// name. What a device signed is its own, whoever brings it.
    async fn candidate_signers(
        &self,
        app: &App,
        carrier: &Device,
        items: &[Unsealed],
    ) -> Result<Vec<Device>> {
        let own = match self {
            Owner::Known(device) => device,
            Owner::Unknown(_) => carrier,
        };
        let mut kids = opening::kids(items);
        kids.remove(&own.key.kid());
        let mut devices = vec![Device::clone(own)];
        devices.extend(devices::devices_of_same_provider(app.db.reader(), own, kids).await?);
        Ok(devices)
    }
}

/// A batch whose items were opened.
struct OpenedBatch<'a> {
    app: &'a App,
    carrier: &'a Device,
    owner: Owner,
    chain: ChainId,
    since: u64,
    last_ack: Option<Hash>,
    items: Vec<Item>,
    evidence: EvidenceTimes,
    /// What this server published last.
    trust: Arc<Published>,
    quota: Quota,
}

impl OpenedBatch<'_> {
    /// Whether an item is a record of the batch's chain that this device signed.
    fn has_record_of(&self, device: DeviceId) -> bool {
        self.items
            .iter()
            .filter_map(|item| item.record.as_ref().ok())
            .any(|record| record.content.header.chain == self.chain && record.signer == device)
    }

    async fn take(&self) -> Result<Vec<u8>> {
        let tx = self.app.db.begin().await?;
        let mut intake = Intake::begin(self, &tx).await?;
        let mut decisions = intake.place().await?;
        intake.judge(&mut decisions).await?;
        intake.record_observed_trust().await?;
        intake.keep(&decisions).await?;
        let ack = intake.answer(decisions).await?;
        // Nobody sees the ack before what it says is on disk.
        tx.commit().await?;
        Ok(ack)
    }
}

/// When what the records name as their observed state was signed.
struct EvidenceTimes {
    acks: BTreeMap<(DeviceId, Hash), Timestamp>,
    trust: BTreeMap<u64, Timestamp>,
    status: BTreeSet<(u32, Timestamp)>,
}

impl EvidenceTimes {
    async fn of(app: &App, items: &[Item]) -> Result<Self> {
        let (mut acks, mut versions, mut tokens) =
            (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        for record in items.iter().filter_map(|item| item.record.as_ref().ok()) {
            acks.extend(record.content.header.observed.ack);
            versions.insert(record.content.header.observed.trust_version);
            tokens.extend(record.content.header.observed.status_lists.iter().copied());
        }
        let db = app.db.reader();
        Ok(EvidenceTimes {
            acks: store::ack_times(db, &acks).await?,
            trust: trust::issue_times(db, &versions).await?,
            status: trust::published_tokens(db, &tokens).await?,
        })
    }

    /// The bracket that a record's own observed state opens. Acks, trust lists and status lists
    /// that this server never signed count for nothing.
    fn bracket(&self, record: &Opened, received: Timestamp) -> ServiceTime {
        let observed = &record.content.header.observed;
        let ack = observed.ack.and_then(|hash| self.acks.get(&(record.signer, hash)).copied());
        let trust = self.trust.get(&observed.trust_version).copied();
        let lists = observed.status_lists.iter().filter(|token| self.status.contains(token));
        let lists = lists.map(|(_, issued)| *issued);
        ServiceTime::bracket(ack.into_iter().chain(trust).chain(lists), received)
    }
}

/// What was decided of an item.
#[derive(Debug, Clone)]
enum Decision {
    /// Its record is here already; what became of it then.
    Duplicate(RecordOutcome),
    /// Its record is new and has its place in the chain.
    Placed(RecordOutcome),
    /// Its record is new, and lost its place; the chain's restart names it.
    Restored(RecordOutcome, ChainId),
    /// It has no place in the chain.
    Refused(Refusal),
    /// The device has used up its quota for today.
    Later,
}

impl Decision {
    fn outcome(&self) -> Outcome {
        match self {
            Decision::Duplicate(RecordOutcome::Accepted | RecordOutcome::Conflict) => {
                Outcome::Duplicate
            }
            Decision::Placed(outcome)
            | Decision::Restored(outcome, _)
            | Decision::Duplicate(outcome) => match outcome {
                RecordOutcome::Accepted => Outcome::Accepted,
                RecordOutcome::Conflict => Outcome::Conflict,
                RecordOutcome::Refused(code) => Outcome::Refused(code.clone()),
            },
            Decision::Refused(refusal) => Outcome::Refused(refusal.code().to_owned()),
            Decision::Later => Outcome::Later,
        }
    }

    /// What became of a new record, to be decided further; `None` of any other item.
    fn record_outcome(&mut self) -> Option<&mut RecordOutcome> {
        match self {
            Decision::Placed(outcome) | Decision::Restored(outcome, _) => Some(outcome),
            _ => None,
        }
    }

    /// The chain in whose acks the device gets the record's result.
    fn acked_in(&self, own: ChainId) -> ChainId {
        match self {
            Decision::Restored(_, restart) => *restart,
            _ => own,
        }
    }
}

/// A batch on its way through one transaction.
struct Intake<'t> {
    batch: &'t OpenedBatch<'t>,
    tx: &'t Transaction,
    now: Timestamp,
    provider: Provider,
    /// The status of each device that signed.
    statuses: BTreeMap<DeviceId, DeviceStatus>,
    chain: Chain,
    /// Items that the device may still send today.
    remaining_quota: usize,
    changes: ClaimUnitOfWork<'t>,
    /// The holding days of programmes, as far as this batch had to ask.
    holding: BTreeMap<ProgrammeId, Span>,
}

/// Claims that are gathered to be filed at once: the item's place in the batch, the claim, and the
/// documents that its record names.
type Gathered<'t> = Vec<(usize, NewClaim, &'t [Document])>;

impl<'t> Intake<'t> {
    async fn begin(batch: &'t OpenedBatch<'t>, tx: &'t Transaction) -> Result<Self> {
        let (now, carrier) = (batch.app.now(), batch.carrier);
        let chain = match &batch.owner {
            Owner::Known(device) if batch.has_record_of(device.id) => {
                store::lock_chain(tx, batch.chain, device.id).await?
            }
            // Whoever only names a chain does not make it theirs: a phone that was lent another one's
            // session must find its own chain free.
            Owner::Known(device) => {
                let begun = store::lock_known_chain(tx, batch.chain).await?;
                begun.unwrap_or_else(|| Chain::unknown(batch.chain, device.id))
            }
            Owner::Unknown(_) => Chain::unknown(batch.chain, carrier.id),
        };
        let mut statuses = BTreeMap::new();
        for signer in batch.items.iter().filter_map(|it| Some(it.record.as_ref().ok()?.signer)) {
            if let btree_map::Entry::Vacant(entry) = statuses.entry(signer) {
                entry.insert(devices::lock_status(tx, signer).await?);
            }
        }
        let provider = providers::get(&**tx, &carrier.provider).await?;
        let counted = store::counted(&**tx, carrier.id, day(now)).await?;
        let remaining_quota = batch.quota.items_a_day.saturating_sub(counted);
        Ok(Intake {
            batch,
            tx,
            now,
            provider,
            statuses,
            chain,
            remaining_quota: usize::try_from(remaining_quota).unwrap_or(usize::MAX),
            changes: ClaimUnitOfWork::new(tx, now),
            holding: BTreeMap::new(),
        })
    }

    /// The records among the items, those of other chains first, in the order of their sequence numbers.
    fn records(&self) -> Vec<(usize, &'t Opened)> {
        let mut records: Vec<_> = self
            .batch
            .items
            .iter()
            .enumerate()
            .filter_map(|(nth, item)| Some((nth, item.record.as_ref().ok()?)))
            .collect();
        records.sort_by_key(|(nth, record)| {
            let header = &record.content.header;
            (header.chain == self.batch.chain, header.sequence, *nth)
        });
        records
    }

    /// Finds each item's place in the chain. A new record that fits counts as accepted so far.
    async fn place(&self) -> Result<Vec<Decision>> {
        if self.chain.device != self.batch.owner.id() {
            let refused = Decision::Refused(Refusal::ChainOfAnotherDevice);
            return Ok(vec![refused; self.batch.items.len()]);
        }
        let mut decisions: Vec<Decision> = self
            .batch
            .items
            .iter()
            .map(|item| match &item.record {
                Ok(_) => Decision::Later,
                Err(refusal) => Decision::Refused(*refusal),
            })
            .collect();
        let records = self.records();
        let (own, foreign): (Vec<_>, Vec<_>) =
            records.iter().copied().partition(|(_, record)| self.is_own(record));
        let around = Links::around(own.iter().map(|(_, it)| it.content.header.sequence));
        let mut stored = store::links_at(&**self.tx, self.chain.id, &around).await?;
        let mut links = Links::new(stored.iter().map(|(&at, (link, _))| (at, *link)));
        let mut remaining_quota = self.remaining_quota;
        let mut out_of_chain = OutOfChain::new();
        for (nth, record) in foreign {
            out_of_chain.add(nth, record, Refusal::ChainForeign);
        }
        for (nth, record) in own {
            let sequence = record.content.header.sequence;
            let link = record.link();
            let checked = match links.check(sequence, link) {
                LinkCheck::Free if link.previous.is_some_and(|it| out_of_chain.contains(it)) => {
                    LinkCheck::Refused(Refusal::ChainBroken)
                }
                checked => checked,
            };
            decisions[nth] = match checked {
                LinkCheck::Duplicate => {
                    let outcome = stored.get(&sequence).map(|(_, outcome)| outcome.clone());
                    Decision::Duplicate(outcome.unwrap_or(RecordOutcome::Accepted))
                }
                LinkCheck::Refused(refusal) => {
                    out_of_chain.add(nth, record, refusal);
                    Decision::Refused(refusal)
                }
                LinkCheck::Free if remaining_quota == 0 => Decision::Later,
                LinkCheck::Free => {
                    remaining_quota -= 1;
                    links.add(sequence, link);
                    stored.insert(sequence, (link, RecordOutcome::Accepted));
                    Decision::Placed(RecordOutcome::Accepted)
                }
            };
        }
        self.find_places(&records, out_of_chain, remaining_quota, &mut decisions).await?;
        Ok(decisions)
    }

    /// Whether a record is one of the batch's chain.
    fn is_own(&self, record: &Opened) -> bool {
        record.content.header.chain == self.chain.id && record.signer == self.chain.device
    }

    /// Records without a place in the batch's chain are taken in beside it when a restart names them,
    /// one that is here or one of this batch.
    async fn find_places(
        &self,
        records: &[(usize, &'t Opened)],
        out_of_chain: OutOfChain<'t>,
        mut remaining_quota: usize,
        decisions: &mut [Decision],
    ) -> Result<()> {
        if out_of_chain.is_empty() {
            return Ok(());
        }
        let mut named = store::restarted_in(self.tx, &out_of_chain.hashes()).await?;
        for (_, record) in records {
            if let Body::Restart(restart) = &record.content.body {
                let via = record.content.header.chain;
                named.extend(restart.orphans.iter().map(|orphan| (*orphan, via)));
            }
        }
        let stored = store::outcomes_anywhere(&**self.tx, &out_of_chain.contents()).await?;
        for (nth, record, refusal) in out_of_chain.into_records() {
            let hash = record.content.hash;
            decisions[nth] = match (stored.get(&hash), named.get(&hash)) {
                (Some(outcome), _) => Decision::Duplicate(outcome.clone()),
                (None, None) => Decision::Refused(refusal),
                (None, Some(_)) if remaining_quota == 0 => Decision::Later,
                (None, Some(via)) => {
                    remaining_quota -= 1;
                    Decision::Restored(RecordOutcome::Accepted, *via)
                }
            };
        }
        Ok(())
    }

    /// Decides what the new records do, in the order in which the device made them. Claims are
    /// gathered and filed at once; a void or a document waits until those before it are filed.
    async fn judge(&mut self, decisions: &mut [Decision]) -> Result<()> {
        let mut records = self.records();
        records.retain(|(nth, _)| decisions[*nth].record_outcome().is_some());
        self.lock_delegations(&records).await?;
        let register = self.registered(&records).await?;
        let mut gathered = Gathered::new();
        for (nth, record) in records {
            match &record.content.body {
                Body::Redeem(redeem) => {
                    match self.new_claim(record, &decisions[nth], &register).await? {
                        Ok(filing) => gathered.push((nth, filing, &redeem.documents)),
                        Err(refusal) => set_outcome(&mut decisions[nth], refusal.into()),
                    }
                }
                Body::ServeByReference(served) => {
                    match self.new_claim_by_reference(record, served, &decisions[nth]).await? {
                        Ok(filing) => gathered.push((nth, filing, &served.documents)),
                        Err(refusal) => set_outcome(&mut decisions[nth], refusal.into()),
                    }
                }
                Body::Void { claim, reason } => {
                    self.file(&mut gathered, decisions).await?;
                    if let Err(fault) = self.changes.void(record.signer, *claim, reason).await? {
                        set_outcome(&mut decisions[nth], Refusal::from(fault).into());
                    }
                }
                Body::AttachDocument { claim, document } => {
                    self.file(&mut gathered, decisions).await?;
                    let chain = decisions[nth].acked_in(self.chain.id);
                    let reference = reference(record.signer, chain, *claim, document);
                    documents::add_references(self.tx, &[reference], self.now).await?;
                    self.changes.recompute_states(&[*claim]).await?;
                }
                Body::Restart(restart) => {
                    let chain = record.content.header.chain;
                    store::name_orphans(&**self.tx, restart, chain).await?;
                }
                Body::Issue { voucher } => {
                    self.file(&mut gathered, decisions).await?;
                    if let Err(refusal) = self.report(record, voucher).await? {
                        set_outcome(&mut decisions[nth], refusal.into());
                    }
                }
                Body::Refuse { .. } | Body::Override { .. } => {}
            }
        }
        self.file(&mut gathered, decisions).await
    }

    /// Takes the advisory locks of the delegations of these records' vouchers, so that a claim and the report of its voucher
    /// never miss each other.
    async fn lock_delegations(&self, records: &[(usize, &Opened)]) -> Result<()> {
        let delegations: BTreeSet<Hash> = records
            .iter()
            .filter_map(|(_, record)| record.voucher.as_ref()?.as_ref().ok()?.delegated())
            .map(|delegated| delegated.hash)
            .collect();
        for delegation in delegations {
            self.tx.advisory_lock(&format!("delegation {delegation}")).await?;
        }
        Ok(())
    }

    /// Registers a voucher that the device reports to have issued.
    async fn report(
        &mut self,
        record: &Opened,
        signed: &[u8],
    ) -> Result<std::result::Result<(), Refusal>> {
        let authentic = match &record.voucher {
            Some(Ok(authentic)) => authentic,
            Some(Err(fault)) => return Ok(Err(Refusal::from(fault))),
            None => return Ok(Err(Refusal::RecordUnreadable)),
        };
        let status = self.statuses.get(&record.signer).copied();
        let device = (record.signer, status.unwrap_or(DeviceStatus::Unconfirmed));
        let hash = record.content.hash;
        let reported =
            delegations::report(self.tx, authentic, signed, device, hash, self.now).await?;
        if let Err(fault) = reported {
            return Ok(Err(Refusal::Report(fault)));
        }
        let identity = &authentic.voucher.identity;
        self.changes.reported(identity, authentic.payload_hash).await?;
        Ok(Ok(()))
    }

    /// The register's entries of the vouchers that were served.
    async fn registered(
        &self,
        records: &[(usize, &Opened)],
    ) -> Result<BTreeMap<VoucherIdentity, vouchers::Entry>> {
        let identities: BTreeSet<VoucherIdentity> = records
            .iter()
            .filter_map(|(_, record)| record.voucher.as_ref()?.as_ref().ok())
            .map(|authentic| authentic.voucher.identity.clone())
            .collect();
        vouchers::register(&**self.tx, &identities).await
    }

    /// The claim that a served voucher makes, or why it makes none.
    async fn new_claim(
        &mut self,
        record: &Opened,
        decision: &Decision,
        register: &BTreeMap<VoucherIdentity, vouchers::Entry>,
    ) -> Result<std::result::Result<NewClaim, Refusal>> {
        let (Body::Redeem(redeem), Some(voucher)) = (&record.content.body, &record.voucher) else {
            return Ok(Err(Refusal::RecordUnreadable));
        };
        let filing = self.new_claim_of(record, redeem.into(), voucher, decision, register).await?;
        let unsettled = [Hold::IssueRecordMissing, Hold::TwinOfRegistered];
        if let (Ok(filing), Ok(authentic)) = (&filing, voucher)
            && let (Some(_), SignedVoucher::Cose(signed)) = (authentic.delegated(), &redeem.voucher)
            && unsettled.iter().any(|hold| filing.holds.contains(hold))
        {
            delegations::keep_served(self.tx, record.content.hash, signed).await?;
        }
        Ok(filing)
    }

    /// The claim that a voucher makes of which the phone knew the reference alone, judged by the bytes
    /// that this office signed; or why it makes none.
    async fn new_claim_by_reference(
        &mut self,
        record: &Opened,
        served: &ServeByReference,
        decision: &Decision,
    ) -> Result<std::result::Result<NewClaim, Refusal>> {
        let issued = vouchers::with_reference(&**self.tx, served.reference).await?;
        let issued = issued.filter(|issued| issued.voucher.identity.hash() == served.voucher);
        let Some(issued) = issued else { return Ok(Err(Refusal::UnknownReference)) };
        if issued.voucher.audience.is_none() {
            return Ok(Err(Refusal::NotListed));
        }
        let programme = programmes::get(&**self.tx, &issued.voucher.programme).await?;
        if !programme.by_reference {
            return Ok(Err(Refusal::ByReferenceNotAllowed));
        }
        let trust = Arc::clone(&self.batch.trust);
        let signed = SignedVoucher::Cose(issued.signed);
        let voucher = opening::served(&signed, trust.state.list(), &trust.issued);
        let identities = BTreeSet::from([issued.voucher.identity]);
        let register = vouchers::register(&**self.tx, &identities).await?;
        self.new_claim_of(record, served.into(), &voucher, decision, &register).await
    }

    /// The claim that a service makes, or why it makes none.
    async fn new_claim_of(
        &mut self,
        record: &Opened,
        service: Service<'_>,
        voucher: &std::result::Result<Authentic, NotAuthentic>,
        decision: &Decision,
        register: &BTreeMap<VoucherIdentity, vouchers::Entry>,
    ) -> Result<std::result::Result<NewClaim, Refusal>> {
        let bracket = self.batch.evidence.bracket(record, self.now);
        let status = self.statuses.get(&record.signer).copied();
        let status = status.unwrap_or(DeviceStatus::Unconfirmed);
        let ended = match voucher.as_ref().ok().and_then(Authentic::delegated) {
            Some(delegated) => delegations::ended(&**self.tx, delegated.hash).await?,
            None => None,
        };
        let provider = &self.provider;
        let admitted =
            admissible(service, voucher, provider, record.signer).and_then(|authentic| {
                let ours = authentic.voucher.identity.issuer == self.batch.app.config.issuer;
                let entry = register.get(&authentic.voucher.identity);
                let registered = Registered::of(authentic, entry, ours);
                let admitted = admit(service, authentic, status, bracket, registered)?;
                Ok((authentic, admitted))
            });
        let (authentic, mut admitted) = match admitted {
            Ok(admitted) => admitted,
            Err(refusal) => return Ok(Err(refusal)),
        };
        match ended.map(|at| bracket.notice_of(at)) {
            Some(Notice::Given) => {
                return Ok(Err(Refusal::Voucher(VoucherFault::BeyondDelegation)));
            }
            Some(Notice::NotYetGiven) => admitted.holds.push(Hold::ServedBeforeNotice),
            None => {}
        }
        if matches!(decision, Decision::Restored(..)) {
            admitted.holds.push(Hold::AfterRestore);
        }
        if record.signer != self.batch.carrier.id {
            admitted.holds.push(Hold::SentByAnother);
        }
        let holding = self.holding(&authentic.voucher.programme).await?;
        Ok(Ok(NewClaim {
            claim: service.claim,
            voucher: authentic.voucher.clone(),
            payload_hash: authentic.payload_hash,
            provider: self.provider.id.clone(),
            device: record.signer,
            chain: decision.acked_in(self.chain.id),
            record: record.content.hash,
            how_served: service.how,
            given: service.given.clone(),
            service: admitted.service,
            payable_from: self.now.after(holding),
            holds: admitted.holds,
        }))
    }

    async fn holding(&mut self, programme: &ProgrammeId) -> Result<Span> {
        if let Some(holding) = self.holding.get(programme) {
            return Ok(*holding);
        }
        let holding = programmes::get(&**self.tx, programme).await?.holding();
        self.holding.insert(programme.clone(), holding);
        Ok(holding)
    }

    /// Files the claims gathered so far.
    async fn file(
        &mut self,
        gathered: &mut Gathered<'t>,
        decisions: &mut [Decision],
    ) -> Result<()> {
        if gathered.is_empty() {
            return Ok(());
        }
        let gathered = std::mem::take(gathered);
        let mut references = Vec::new();
        for (_, filing, documents) in &gathered {
            let (device, chain) = (filing.device, filing.chain);
            references
                .extend(documents.iter().map(|it| reference(device, chain, filing.claim, it)));
        }
        documents::add_references(self.tx, &references, self.now).await?;
        let (places, filings): (Vec<usize>, Vec<NewClaim>) =
            gathered.into_iter().map(|(nth, filing, _)| (nth, filing)).unzip();
        let filed = self.changes.file(&filings).await?;
        for (nth, filing) in places.into_iter().zip(filings) {
            let outcome = match filed.get(&filing.record) {
                Some(FilingOutcome::Live) => RecordOutcome::Accepted,
                Some(FilingOutcome::Waiting(_)) => RecordOutcome::Conflict,
                Some(FilingOutcome::IdUsed) | None => Refusal::ClaimIdUsed.into(),
            };
            set_outcome(&mut decisions[nth], outcome);
        }
        Ok(())
    }

    /// Notes when a record names a later trust list than this server signed.
    async fn record_observed_trust(&self) -> Result<()> {
        let named = self
            .records()
            .into_iter()
            .map(|(_, record)| (record.content.header.observed.trust_version, record.signer));
        match named.max() {
            Some((version, device)) if version > self.batch.trust.state.list().version => {
                trust::record_observed_version(self.tx, version, device).await
            }
            _ => Ok(()),
        }
    }

    /// Stores the new records and the refused items, and moves the head.
    async fn keep(&mut self, decisions: &[Decision]) -> Result<()> {
        let (mut records, mut restored, mut refused) = (Vec::new(), Vec::new(), Vec::new());
        let mut placed = Vec::new();
        for (item, decision) in self.batch.items.iter().zip(decisions) {
            match (decision, &item.record) {
                (Decision::Placed(outcome), Ok(opened)) => {
                    records.push(stored(opened, outcome));
                    placed.push(item.hash);
                }
                (Decision::Restored(outcome, via), Ok(opened)) => {
                    let chain = opened.content.header.chain;
                    let (record, signer) = (stored(opened, outcome), opened.signer);
                    restored.push(RestoredRecord { chain, via: *via, signer, record });
                    placed.push(item.hash);
                }
                (Decision::Refused(reason), _) => {
                    let (reason, bytes) = (*reason, item.bytes.clone());
                    refused.push(RefusedItem { item: item.hash, bytes, reason });
                }
                _ => {}
            }
        }
        let (device, chain) = (self.batch.carrier.id, self.chain.id);
        let count = records.len() + restored.len() + refused.len();
        if count > 0 {
            store::count(&**self.tx, device, day(self.now), count as u64).await?;
        }
        if !refused.is_empty() {
            store::drop_refused_before(&**self.tx, self.now.before(REFUSED_KEPT)).await?;
            let quota = self.batch.quota.refused_bytes;
            store::add_refused(&**self.tx, device, chain, refused, quota, self.now).await?;
        }
        // What was refused before for want of a place is no longer.
        store::drop_refused(&**self.tx, &placed).await?;
        store::add_restored(&**self.tx, restored, self.now).await?;
        if !records.is_empty() {
            records.sort_by_key(|record| record.sequence);
            let placed: Vec<_> =
                records.iter().map(|record| (record.sequence, record.link.hash)).collect();
            store::add_records(&**self.tx, chain, records, self.now).await?;
            self.move_head(&placed).await?;
        }
        Ok(())
    }

    /// Moves the head over new records, and on over what was here beyond a gap that they filled.
    async fn move_head(&mut self, placed: &[(u64, Hash)]) -> Result<()> {
        let had_gaps = self.chain.highest > self.chain.head.sequence;
        let last = placed.last().map_or(0, |(sequence, _)| *sequence);
        self.chain.highest = self.chain.highest.max(last);
        if had_gaps {
            loop {
                let head = self.chain.head;
                let after = head.sequence;
                let next = store::records_after(&**self.tx, self.chain.id, after, LEAP).await?;
                self.chain.head = head.follow(next);
                if self.chain.head.sequence < after + LEAP {
                    break;
                }
            }
        } else {
            self.chain.head = self.chain.head.follow(placed.iter().copied());
        }
        store::update_chain(&**self.tx, &self.chain).await
    }

    /// Writes the claims' histories, then signs and remembers the answer.
    async fn answer(self, decisions: Vec<Decision>) -> Result<Vec<u8>> {
        let Intake { batch, tx, now, chain, changes, .. } = self;
        changes.append_history().await?;
        let results = batch
            .items
            .iter()
            .zip(decisions)
            .map(|(item, decision)| ItemResult { item: item.hash, outcome: decision.outcome() })
            .collect();
        let restored = match batch.last_ack {
            Some(ack) => !store::knows_ack(&**tx, ack).await?,
            None => false,
        };
        // A cursor that this server did not give counts for nothing.
        let since = if restored { 0 } else { batch.since };
        let mut ack = Ack {
            device: batch.owner.id().0,
            chain: batch.chain,
            head: 0,
            head_hash: None,
            results,
            documents: Vec::new(),
            claims: Vec::new(),
            cursor: since,
            server_time: now,
            restored,
        };
        // Of a chain that is another device's, nothing is told.
        if chain.device == batch.owner.id() {
            ack.head = chain.head.sequence;
            ack.head_hash = chain.head.hash;
            // Whoever sends a device's records for it sends the documents that they name.
            if batch.carrier.id != chain.device {
                documents::allow_upload_by(tx, chain.id, batch.carrier.id, now).await?;
            }
            ack.documents = documents::stored(tx, chain.id).await?.into_iter().collect();
            (ack.claims, ack.cursor) = claims::updates_since(tx, chain.id, since).await?;
        }
        let signer = trust::signer(batch.app, &**tx, KeyUse::Ack, None, now).await?;
        let signed = ack.sign(&*signer)?;
        let hash = Sign1::parse(ObjectType::Ack, &signed)?.payload_hash();
        store::add_ack(&**tx, hash, batch.owner.id(), now).await?;
        Ok(signed)
    }
}

/// Notes what became of a new record.
fn set_outcome(decision: &mut Decision, outcome: RecordOutcome) {
    if let Some(so_far) = decision.record_outcome() {
        *so_far = outcome;
    }
}

fn stored(opened: &Opened, outcome: &RecordOutcome) -> PlacedRecord {
    PlacedRecord {
        sequence: opened.content.header.sequence,
        link: opened.link(),
        kind: opened.content.header.kind,
        signed_header: opened.record.signed_header.clone(),
        body: opened.record.body.clone(),
        outcome: outcome.clone(),
    }
}

fn reference(
    device: DeviceId,
    chain: ChainId,
    claim: ClaimId,
    document: &Document,
) -> DocumentReference {
    DocumentReference { claim, document: document.clone(), device, chain }
}

fn day(time: Timestamp) -> u64 {
    time.as_seconds() / Span::days(1).as_seconds()
}
