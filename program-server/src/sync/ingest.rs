//! Taking a batch in: one transaction that decides every item, and the ack that follows from it.

use super::Quota;
use super::chain::{Fit, Links};
use super::judgement::{Registered, admissible, admit};
use super::opening::{self, Item, Opened};
use super::refusal::Refusal;
use super::service_time::ServiceTime;
use super::store::{self, Chain, PlacedRecord, RefusedItem, Taken};
use crate::app::App;
use crate::claims::{self, Changes, Filed, Filing};
use crate::database::Transaction;
use crate::devices::{self, Device, Standing};
use crate::documents::{self, Named};
use crate::programmes;
use crate::providers::{self, Provider};
use crate::{Error, Result, trust, vouchers};
use protocol::ack::{Ack, Batch, ItemResult, Outcome};
use protocol::cose::{ObjectType, Sign1};
use protocol::id::{ChainId, ClaimId, ProgrammeId};
use protocol::key::KeyUse;
use protocol::record::{Body, Document, Header};
use protocol::voucher::Identity;
use protocol::{Hash, Span, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// How often a batch is tried whose transaction the database gave up for another's sake.
const ATTEMPTS: usize = 4;

/// Records read at a time when a filled gap lets the head leap.
const LEAP: u64 = 1000;

/// How long refused items are kept.
const REFUSED_KEPT: Span = Span::days(90);

/// Takes a batch in and gives the signed ack. Everything that the ack says is committed when this
/// returns; the same batch again changes nothing.
///
/// # Errors
/// [`Error::Database`] and whatever else keeps the server from its work; then nothing was taken in.
pub async fn receive(app: &App, device: &Device, batch: Batch, quota: Quota) -> Result<Vec<u8>> {
    let trust = trust::current(app).await?;
    let (chain, since) = (batch.chain, batch.since);
    let (keys, key) = (app.keys.clone(), device.key.clone());
    let opened = tokio::task::spawn_blocking(move || {
        opening::open(batch.items, chain, &key, &keys, trust.state.list())
    });
    let items = opened
        .await
        .map_err(|_| Error::Unavailable("the batch could not be read to its end".into()))?;
    let held = Held::of(app, device, &items).await?;
    let batch = OpenedBatch { app, device, chain, since, items, held, quota };
    let mut attempt = 1;
    loop {
        match batch.take().await {
            Err(error) if error.is_deadlock() && attempt < ATTEMPTS => attempt += 1,
            taken => return taken,
        }
    }
}

/// A batch whose items were opened.
struct OpenedBatch<'a> {
    app: &'a App,
    device: &'a Device,
    chain: ChainId,
    since: u64,
    items: Vec<Item>,
    held: Held,
    quota: Quota,
}

impl OpenedBatch<'_> {
    async fn take(&self) -> Result<Vec<u8>> {
        let tx = self.app.db.begin().await?;
        let mut intake = Intake::begin(self, &tx).await?;
        let mut decisions = intake.place().await?;
        intake.judge(&mut decisions).await?;
        intake.keep(&decisions).await?;
        let ack = intake.answer(decisions).await?;
        // Nobody sees the ack before what it says is on disk.
        tx.commit().await?;
        Ok(ack)
    }
}

/// When what the records name as held was signed.
struct Held {
    acks: BTreeMap<Hash, Timestamp>,
    trust: BTreeMap<u64, Timestamp>,
}

impl Held {
    async fn of(app: &App, device: &Device, items: &[Item]) -> Result<Self> {
        let (mut acks, mut versions) = (BTreeSet::new(), BTreeSet::new());
        for record in items.iter().filter_map(|item| item.record.as_ref().ok()) {
            acks.extend(record.content.header.held.ack);
            versions.insert(record.content.header.held.trust_version);
        }
        let db = app.db.reader();
        Ok(Held {
            acks: store::ack_times(db, device.id, &acks).await?,
            trust: trust::issue_times(db, &versions).await?,
        })
    }

    /// The bracket that a record's own list of what it held opens. Acks and trust lists that this
    /// server never signed count for nothing.
    fn bracket(&self, header: &Header, received: Timestamp) -> ServiceTime {
        let held = &header.held;
        let ack = held.ack.and_then(|hash| self.acks.get(&hash).copied());
        let trust = self.trust.get(&held.trust_version).copied();
        let lists = held.status_lists.iter().map(|(_, issued)| *issued);
        ServiceTime::bracket(ack.into_iter().chain(trust).chain(lists), received)
    }
}

/// What was decided of an item.
#[derive(Debug, Clone)]
enum Decision {
    /// Its record is held already; what became of it then.
    Held(Taken),
    /// Its record is new and has its place in the chain.
    Placed(Taken),
    /// It has no place in the chain.
    Refused(Refusal),
    /// The device has sent its share for today.
    Later,
}

impl Decision {
    fn outcome(&self) -> Outcome {
        match self {
            Decision::Held(Taken::Refused(code)) | Decision::Placed(Taken::Refused(code)) => {
                Outcome::Refused(code.clone())
            }
            Decision::Held(Taken::Accepted | Taken::Conflict) => Outcome::Duplicate,
            Decision::Placed(Taken::Accepted) => Outcome::Accepted,
            Decision::Placed(Taken::Conflict) => Outcome::Conflict,
            Decision::Refused(refusal) => Outcome::Refused(refusal.code().to_owned()),
            Decision::Later => Outcome::Later,
        }
    }
}

/// A batch on its way through one transaction.
struct Intake<'t> {
    batch: &'t OpenedBatch<'t>,
    tx: &'t Transaction,
    now: Timestamp,
    provider: Provider,
    standing: Standing,
    chain: Chain,
    /// Items that the device may still send today.
    share: usize,
    changes: Changes<'t>,
    /// How long programmes hold claims, as far as this batch had to ask.
    holding: BTreeMap<ProgrammeId, Span>,
}

/// Claims that are gathered to be filed at once: the item's place in the batch, the claim, and the
/// documents that its record names.
type Gathered<'t> = Vec<(usize, Filing, &'t [Document])>;

impl<'t> Intake<'t> {
    async fn begin(batch: &'t OpenedBatch<'t>, tx: &'t Transaction) -> Result<Self> {
        let (now, device) = (batch.app.now(), batch.device);
        let chain = store::hold_chain(tx, batch.chain, device.id).await?;
        let standing = devices::hold_standing(tx, device.id).await?;
        let provider = providers::get(&**tx, &device.provider).await?;
        let counted = store::counted(&**tx, device.id, day(now)).await?;
        let share = batch.quota.items_a_day.saturating_sub(counted);
        Ok(Intake {
            batch,
            tx,
            now,
            provider,
            standing,
            chain,
            share: usize::try_from(share).unwrap_or(usize::MAX),
            changes: Changes::new(tx, now),
            holding: BTreeMap::new(),
        })
    }

    /// The records among the items, in the order of their sequence numbers.
    fn records(&self) -> Vec<(usize, &'t Opened)> {
        let mut records: Vec<_> = self
            .batch
            .items
            .iter()
            .enumerate()
            .filter_map(|(nth, item)| Some((nth, item.record.as_ref().ok()?)))
            .collect();
        records.sort_by_key(|(nth, record)| (record.content.header.sequence, *nth));
        records
    }

    /// Finds each item's place in the chain. A new record that fits counts as accepted so far.
    async fn place(&self) -> Result<Vec<Decision>> {
        if self.chain.device != self.batch.device.id {
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
        let around = Links::around(records.iter().map(|(_, it)| it.content.header.sequence));
        let mut held = store::links_at(&**self.tx, self.chain.id, &around).await?;
        let mut links = Links::new(held.iter().map(|(&at, (link, _))| (at, *link)));
        let mut share = self.share;
        for (nth, record) in records {
            let sequence = record.content.header.sequence;
            let link = record.link();
            decisions[nth] = match links.fit(sequence, link) {
                Fit::Held => {
                    let taken = held.get(&sequence).map(|(_, taken)| taken.clone());
                    Decision::Held(taken.unwrap_or(Taken::Accepted))
                }
                Fit::Not(refusal) => Decision::Refused(refusal),
                Fit::Free if share == 0 => Decision::Later,
                Fit::Free => {
                    share -= 1;
                    links.add(sequence, link);
                    held.insert(sequence, (link, Taken::Accepted));
                    Decision::Placed(Taken::Accepted)
                }
            };
        }
        Ok(decisions)
    }

    /// Decides what the new records do, in the order in which the device made them. Claims are
    /// gathered and filed at once; a void or a document waits until those before it are filed.
    async fn judge(&mut self, decisions: &mut [Decision]) -> Result<()> {
        let mut records = self.records();
        records.retain(|(nth, _)| matches!(decisions[*nth], Decision::Placed(_)));
        let register = self.registered(&records).await?;
        let mut gathered = Gathered::new();
        for (nth, record) in records {
            match &record.content.body {
                Body::Redeem(redeem) => match self.filing(record, &register).await? {
                    Ok(filing) => gathered.push((nth, filing, &redeem.documents)),
                    Err(refusal) => decisions[nth] = Decision::Placed(refusal.into()),
                },
                Body::Void { claim, reason } => {
                    self.file(&mut gathered, decisions).await?;
                    let device = self.batch.device.id;
                    if let Err(fault) = self.changes.void(device, *claim, reason).await? {
                        decisions[nth] = Decision::Placed(Refusal::from(fault).into());
                    }
                }
                Body::AttachDocument { claim, document } => {
                    self.file(&mut gathered, decisions).await?;
                    let named = self.named(*claim, document);
                    documents::name(self.tx, &[named], self.now).await?;
                    self.changes.refresh(&[*claim]).await?;
                }
                Body::Refuse { .. }
                | Body::Issue { .. }
                | Body::Override { .. }
                | Body::Restart(_) => {}
            }
        }
        self.file(&mut gathered, decisions).await
    }

    /// The register's entries of the vouchers that were served.
    async fn registered(
        &self,
        records: &[(usize, &Opened)],
    ) -> Result<BTreeMap<Identity, vouchers::Entry>> {
        let identities: BTreeSet<Identity> = records
            .iter()
            .filter_map(|(_, record)| record.voucher.as_ref()?.as_ref().ok())
            .map(|authentic| authentic.voucher.identity.clone())
            .collect();
        vouchers::register(&**self.tx, &identities).await
    }

    /// The claim that a served voucher makes, or why it makes none.
    async fn filing(
        &mut self,
        record: &Opened,
        register: &BTreeMap<Identity, vouchers::Entry>,
    ) -> Result<std::result::Result<Filing, Refusal>> {
        let (Body::Redeem(redeem), Some(voucher)) = (&record.content.body, &record.voucher) else {
            return Ok(Err(Refusal::RecordUnreadable));
        };
        let bracket = self.batch.held.bracket(&record.content.header, self.now);
        let admitted = admissible(redeem, voucher, &self.provider).and_then(|authentic| {
            let ours = authentic.voucher.identity.issuer == self.batch.app.config.issuer;
            let entry = register.get(&authentic.voucher.identity);
            let registered = Registered::of(authentic, entry, ours);
            let admitted = admit(redeem, authentic, self.standing, bracket, registered)?;
            Ok((authentic, admitted))
        });
        let (authentic, admitted) = match admitted {
            Ok(admitted) => admitted,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let holding = self.holding(&authentic.voucher.programme).await?;
        Ok(Ok(Filing {
            claim: redeem.claim,
            voucher: authentic.voucher.clone(),
            payload_hash: authentic.payload_hash,
            provider: self.provider.id.clone(),
            device: self.batch.device.id,
            chain: self.chain.id,
            record: record.content.hash,
            how_read: redeem.how_read,
            given: redeem.given.clone(),
            service: admitted.service,
            held_until: self.now.after(holding),
            questions: admitted.questions,
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
        let mut named = Vec::new();
        for (_, filing, documents) in &gathered {
            named.extend(documents.iter().map(|document| self.named(filing.claim, document)));
        }
        documents::name(self.tx, &named, self.now).await?;
        let (places, filings): (Vec<usize>, Vec<Filing>) =
            gathered.into_iter().map(|(nth, filing, _)| (nth, filing)).unzip();
        let filed = self.changes.file(&filings).await?;
        for (nth, filing) in places.into_iter().zip(filings) {
            decisions[nth] = Decision::Placed(match filed.get(&filing.record) {
                Some(Filed::Live) => Taken::Accepted,
                Some(Filed::Waiting(_)) => Taken::Conflict,
                Some(Filed::IdUsed) | None => Refusal::ClaimIdUsed.into(),
            });
        }
        Ok(())
    }

    fn named(&self, claim: ClaimId, document: &Document) -> Named {
        let (device, chain) = (self.batch.device.id, self.chain.id);
        Named { claim, document: document.clone(), device, chain }
    }

    /// Stores the new records and the refused items, and moves the head.
    async fn keep(&mut self, decisions: &[Decision]) -> Result<()> {
        let (mut records, mut refused) = (Vec::new(), Vec::new());
        for (item, decision) in self.batch.items.iter().zip(decisions) {
            match (decision, &item.record) {
                (Decision::Placed(taken), Ok(opened)) => {
                    records.push(PlacedRecord {
                        sequence: opened.content.header.sequence,
                        link: opened.link(),
                        kind: opened.content.header.kind,
                        signed_header: opened.record.signed_header.clone(),
                        body: opened.record.body.clone(),
                        taken: taken.clone(),
                    });
                }
                (Decision::Refused(reason), _) => {
                    let (reason, bytes) = (*reason, item.bytes.clone());
                    refused.push(RefusedItem { item: item.hash, bytes, reason });
                }
                _ => {}
            }
        }
        let (device, chain) = (self.batch.device.id, self.chain.id);
        let count = records.len() + refused.len();
        if count > 0 {
            store::count(&**self.tx, device, day(self.now), count as u64).await?;
        }
        if !refused.is_empty() {
            store::drop_refused_before(&**self.tx, self.now.before(REFUSED_KEPT)).await?;
            let share = self.batch.quota.refused_bytes;
            store::add_refused(&**self.tx, device, chain, refused, share, self.now).await?;
        }
        if !records.is_empty() {
            records.sort_by_key(|record| record.sequence);
            let placed: Vec<_> =
                records.iter().map(|record| (record.sequence, record.link.hash)).collect();
            store::add_records(&**self.tx, chain, records, self.now).await?;
            self.move_head(&placed).await?;
        }
        Ok(())
    }

    /// Moves the head over new records, and on over what was held beyond a gap that they filled.
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
        changes.record().await?;
        let results = batch
            .items
            .iter()
            .zip(decisions)
            .map(|(item, decision)| ItemResult { item: item.hash, outcome: decision.outcome() })
            .collect();
        let mut ack = Ack {
            device: batch.device.id.0,
            chain: batch.chain,
            head: 0,
            head_hash: None,
            results,
            documents: Vec::new(),
            claims: Vec::new(),
            cursor: batch.since,
            server_time: now,
        };
        // Of a chain that is another device's, nothing is told.
        if chain.device == batch.device.id {
            ack.head = chain.head.sequence;
            ack.head_hash = chain.head.hash;
            ack.documents = documents::held(tx, chain.id).await?.into_iter().collect();
            (ack.claims, ack.cursor) = claims::updates_since(tx, chain.id, batch.since).await?;
        }
        let signer = trust::signer(batch.app, &**tx, KeyUse::Ack, None).await?;
        let signed = ack.sign(&*signer)?;
        let hash = Sign1::parse(ObjectType::Ack, &signed)?.payload_hash();
        store::add_ack(&**tx, hash, batch.device.id, now).await?;
        Ok(signed)
    }
}

fn day(time: Timestamp) -> u64 {
    time.as_seconds() / Span::days(1).as_seconds()
}
