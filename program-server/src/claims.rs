//! Claims: what providers ask to be paid for, one live claim a voucher.
//!
//! The first claim that is received is the live one; the database's own constraint decides which
//! that is. A second one is kept and waits, and a person decides between them while the first is on
//! no order yet. Every change of state is an event of the claim's history, which the device that
//! made the claim receives at its next sync.

mod routes;
mod state;
mod store;

pub use routes::router;
pub use state::{ConflictKind, Hold, Known, StateAndReason, is_closed, is_stoppable};
pub use store::schema;

use crate::database::{Database, Transaction};
use crate::devices::DeviceId;
use crate::sync::ServiceTime;
use crate::{Error, Result, delegations, documents, vouchers};
use protocol::ack::{ClaimState, ClaimUpdate};
use protocol::id::{ChainId, ClaimId, ProgrammeId, ProviderId};
use protocol::record::HowRead;
use protocol::voucher::{Voucher, VoucherIdentity};
use protocol::{Benefit, Hash, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use store::{Filter, Row};

/// Most events of one answer to a device; the rest follow with the next.
const EVENTS_AN_ANSWER: u64 = 2000;

/// Most claims of one page.
const PAGE: u64 = 100;

/// A served voucher that was admitted and is to become a claim.
#[derive(Debug, Clone)]
pub struct NewClaim {
    /// The id that the phone drew.
    pub claim: ClaimId,
    pub voucher: Voucher,
    /// The digest of the voucher's signed payload, by which twins are told apart.
    pub payload_hash: Hash,
    pub provider: ProviderId,
    pub device: DeviceId,
    /// The chain of the record that makes the claim.
    pub chain: ChainId,
    pub record: Hash,
    /// How it came to be served.
    pub how_served: HowServed,
    pub given: Benefit,
    /// When it was served.
    pub service: ServiceTime,
    /// When it may be paid at the earliest, since another may still come in until then.
    pub payable_from: Timestamp,
    pub holds: Vec<Hold>,
}

/// What became of a new claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FilingOutcome {
    /// It is the live claim of its voucher.
    Live,
    /// Another claim on the voucher came first.
    Waiting(ConflictKind),
    /// Another record made a claim with this id.
    IdUsed,
}

/// Why a void does not take a claim back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotVoided {
    /// The claim is on an account-payable order.
    OnPayable,
    /// It was denied or rejected.
    Closed,
    /// It is another device's.
    OfAnotherDevice,
}

/// What staff decide on a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// The claim stands.
    Uphold,
    /// It does not.
    Deny,
}

/// A claim, for people to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    pub id: ClaimId,
    pub voucher: VoucherIdentity,
    pub programme: ProgrammeId,
    pub provider: ProviderId,
    pub device: DeviceId,
    pub given: Benefit,
    /// How it came to be served.
    pub how_served: HowServed,
    /// The earliest time of service.
    pub earliest: Timestamp,
    /// When the claim was received, the latest time of service.
    pub received: Timestamp,
    /// When it may be paid at the earliest.
    pub payable_from: Timestamp,
    pub state: ClaimState,
    /// A stable code of why, where there is something to say.
    pub reason: Option<String>,
    /// What happened to it, in order.
    pub history: Vec<Event>,
}

/// A change of a claim's state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// The state from then on.
    pub state: ClaimState,
    /// A stable code of why.
    pub reason: Option<String>,
    /// What a person wrote to it.
    pub note: Option<String>,
    pub at: Timestamp,
}

/// Where a list of claims goes on: after the claim received then, of that id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    received: Timestamp,
    claim: ClaimId,
}

/// Some claims of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    pub claims: Vec<Claim>,
    /// Where the list goes on; absent at its end.
    pub next: Option<Cursor>,
}

impl Cursor {
    fn after(claim: &Claim) -> Self {
        Cursor { received: claim.received, claim: claim.id }
    }

    /// Reads a cursor as its `Display` writes it.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (received, claim) = text.split_once('-')?;
        let received = received.parse().ok().and_then(Timestamp::from_seconds)?;
        Some(Cursor { received, claim: ClaimId::from_hex(claim)? })
    }
}

impl std::fmt::Display for Cursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{}", self.received.as_seconds(), self.claim)
    }
}

/// How a voucher came to be served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HowServed {
    /// Its code was read.
    Read(HowRead),
    /// Its printed reference was typed: nobody has shown its signed bytes.
    ByReference,
}

impl HowServed {
    const ALL: [HowServed; 5] = [
        HowServed::Read(HowRead::Camera),
        HowServed::Read(HowRead::Picture),
        HowServed::Read(HowRead::Shared),
        HowServed::Read(HowRead::Typed),
        HowServed::ByReference,
    ];

    /// The stable name, also in the database.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            HowServed::Read(HowRead::Camera) => "camera",
            HowServed::Read(HowRead::Picture) => "picture",
            HowServed::Read(HowRead::Shared) => "shared",
            HowServed::Read(HowRead::Typed) => "typed",
            HowServed::ByReference => "by_reference",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        HowServed::ALL.into_iter().find(|how| how.name() == name)
    }
}

/// The claims that one transaction changes: gathers events and writes them at the end.
///
/// Nothing is recorded before [`ClaimUnitOfWork::append_history`] is called, once, as the last write.
pub struct ClaimUnitOfWork<'t> {
    tx: &'t Transaction,
    now: Timestamp,
    events: Vec<(ChainId, ClaimId, Event)>,
}

impl<'t> ClaimUnitOfWork<'t> {
    /// Begins to change claims in `tx`.
    #[must_use]
    pub fn new(tx: &'t Transaction, now: Timestamp) -> Self {
        ClaimUnitOfWork { tx, now, events: Vec::new() }
    }

    /// Adds what happened to the claims' histories.
    pub async fn append_history(self) -> Result<()> {
        store::append_history(&**self.tx, self.events).await
    }

    /// Files claims, in the order in which they were made; gives what became of each by its record.
    /// Documents that their records name must have been named before.
    pub async fn file(&mut self, filings: &[NewClaim]) -> Result<BTreeMap<Hash, FilingOutcome>> {
        let owners = filings.iter().map(|filing| (filing.claim, filing.device)).collect();
        let missing = documents::missing(self.tx, &owners).await?;
        let mut filed = BTreeMap::new();
        let mut drawn = BTreeSet::new();
        let mut left = Vec::with_capacity(filings.len());
        for filing in filings {
            if drawn.insert(filing.claim) {
                let known = Known::Live {
                    holds: filing.holds.clone(),
                    documents_missing: missing.contains(&filing.claim),
                    upheld: false,
                };
                left.push((filing, Row::new(filing, &known)));
            } else {
                filed.insert(filing.record, FilingOutcome::IdUsed);
            }
        }
        // In the order of identities, so that two transactions seldom wait for each other. The sort
        // is stable: of two claims on one voucher, the one made first stays first.
        left.sort_by_key(|(_, row)| row.identity);
        let mut stopped = BTreeSet::new();
        // A live claim that was in the way may be void by the time it is looked at: then again.
        while !left.is_empty() {
            let rows: Vec<&Row> = left.iter().map(|(_, row)| row).collect();
            let live = store::insert_free(&**self.tx, rows).await?;
            left.retain(|(filing, row)| {
                let is_live = live.contains(&filing.claim);
                if is_live {
                    filed.insert(filing.record, FilingOutcome::Live);
                    self.push_event(row, None);
                }
                !is_live
            });
            left = self.file_behind_others(left, &mut filed, &mut stopped).await?;
        }
        self.apply_consequences(filings, &filed, &stopped).await?;
        Ok(filed)
    }

    /// Files claims that found their voucher taken or their id used, and notes the live claims that
    /// they stop; gives back those for which neither is true any more.
    async fn file_behind_others<'f>(
        &mut self,
        filings: Vec<(&'f NewClaim, Row)>,
        filed: &mut BTreeMap<Hash, FilingOutcome>,
        stopped: &mut BTreeSet<ClaimId>,
    ) -> Result<Vec<(&'f NewClaim, Row)>> {
        if filings.is_empty() {
            return Ok(filings);
        }
        let ids: Vec<ClaimId> = filings.iter().map(|(filing, _)| filing.claim).collect();
        let used = store::used(&**self.tx, &ids).await?;
        let identities = filings.iter().map(|(_, row)| row.identity.0).collect();
        let firsts = store::lock_live(self.tx, &identities).await?;
        let (mut again, mut behind) = (Vec::new(), Vec::new());
        for (filing, row) in filings {
            if used.contains(&filing.claim) {
                filed.insert(filing.record, FilingOutcome::IdUsed);
                continue;
            }
            let Some(first) = firsts.get(&row.identity.0) else {
                again.push((filing, row));
                continue;
            };
            let same_content = first.payload_hash == row.payload_hash;
            let kind = ConflictKind::of(same_content, first.state.0);
            filed.insert(filing.record, FilingOutcome::Waiting(kind));
            if is_stoppable(first.state.0) {
                stopped.insert(first.claim.0);
            }
            behind.push((filing, Row::new(filing, &Known::Waiting(kind))));
        }
        let rows: Vec<&Row> = behind.iter().map(|(_, row)| row).collect();
        let stored = store::insert_free(&**self.tx, rows).await?;
        for (filing, row) in &behind {
            if stored.contains(&filing.claim) {
                self.push_event(row, None);
            } else {
                filed.insert(filing.record, FilingOutcome::IdUsed);
            }
        }
        Ok(again)
    }

    /// Opens the new claims' holds, stops the first claims that they contradict, marks their
    /// vouchers, and takes back those whose void came before them.
    async fn apply_consequences(
        &mut self,
        filings: &[NewClaim],
        filed: &BTreeMap<Hash, FilingOutcome>,
        stopped: &BTreeSet<ClaimId>,
    ) -> Result<()> {
        let outcome = |filing: &NewClaim| filed.get(&filing.record).copied();
        let new = || {
            filings.iter().filter(|filing| {
                matches!(outcome(filing), Some(FilingOutcome::Live | FilingOutcome::Waiting(_)))
            })
        };
        let mut holds: Vec<_> = new()
            .flat_map(|filing| filing.holds.iter().map(|hold| (filing.claim, *hold)))
            .collect();
        holds.extend(stopped.iter().map(|&first| (first, Hold::ConflictFirst)));
        store::open_holds(&**self.tx, &holds).await?;
        let stopped: Vec<ClaimId> = stopped.iter().copied().collect();
        self.recompute_states(&stopped).await?;
        let redeemed: Vec<VoucherIdentity> = new()
            .filter(|filing| outcome(filing) == Some(FilingOutcome::Live))
            .map(|filing| filing.voucher.identity.clone())
            .collect();
        vouchers::redeemed(self.tx, &redeemed).await?;
        let mut by_device: BTreeMap<DeviceId, Vec<ClaimId>> = BTreeMap::new();
        for filing in new() {
            by_device.entry(filing.device).or_default().push(filing.claim);
        }
        for (device, claims) in by_device {
            for (claim, note) in store::take_pending_voids(&**self.tx, &claims, device).await? {
                // A claim this new is on no order: nothing keeps it from being void.
                let _ = self.void(device, claim, &note).await?;
            }
        }
        Ok(())
    }

    /// Lets claims go on whose voucher a field officer's phone has now reported with this payload; those
    /// on another content under its number wait for a person.
    pub async fn reported(&mut self, voucher: &VoucherIdentity, payload_hash: Hash) -> Result<()> {
        let identity = voucher.hash();
        let live = store::lock_live(self.tx, &BTreeSet::from([identity])).await?;
        let waiting = store::lock_waiting(self.tx, identity).await?;
        let served = !live.is_empty();
        for row in live.into_values().chain(waiting) {
            let claim = row.claim.0;
            if row.payload_hash.0 != payload_hash {
                store::open_holds(&**self.tx, &[(claim, Hold::TwinOfRegistered)]).await?;
            }
            store::release_hold(&**self.tx, claim, Hold::IssueRecordMissing).await?;
            self.recompute_states(&[claim]).await?;
        }
        if served {
            vouchers::redeemed(self.tx, std::slice::from_ref(voucher)).await?;
        }
        Ok(())
    }

    /// Takes a claim back. The next that waits on its voucher takes its place. A void that comes
    /// before its claim waits for it.
    ///
    /// # Errors
    /// [`Error::Database`]; inside, [`NotVoided`].
    pub async fn void(
        &mut self,
        device: DeviceId,
        claim: ClaimId,
        note: &str,
    ) -> Result<std::result::Result<(), NotVoided>> {
        let Some(mut row) = store::lock_claims(self.tx, &[claim]).await?.pop() else {
            store::add_pending_void(&**self.tx, claim, device, note).await?;
            return Ok(Ok(()));
        };
        if row.device.0 != device.0 {
            return Ok(Err(NotVoided::OfAnotherDevice));
        }
        match row.state.0 {
            ClaimState::Voided => return Ok(Ok(())),
            state if is_closed(state) => return Ok(Err(NotVoided::Closed)),
            state if !is_stoppable(state) => return Ok(Err(NotVoided::OnPayable)),
            _ => {}
        }
        self.close(&mut row, ClaimState::Voided, Some(note)).await?;
        Ok(Ok(()))
    }

    /// Decides on a claim that waits for a person.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Conflict`] when there is nothing to decide, [`Error::Database`].
    pub async fn decide(&mut self, claim: ClaimId, decision: Decision, note: &str) -> Result<()> {
        let Some(mut row) = store::lock_claims(self.tx, &[claim]).await?.pop() else {
            return Err(Error::not_found("claim", &claim));
        };
        let waits = matches!(row.state.0, ClaimState::Conflict | ClaimState::InReview);
        if waits && decision == Decision::Uphold {
            delegations::register_on_staff_decision(self.tx, &row.issuer.0, row.record.0, self.now)
                .await?;
        }
        match (row.state.0, decision) {
            (ClaimState::Conflict | ClaimState::InReview, Decision::Deny) => {
                self.close(&mut row, ClaimState::Denied, Some(note)).await
            }
            (ClaimState::Conflict, Decision::Uphold) => self.uphold_waiting(row, note).await,
            (ClaimState::InReview, Decision::Uphold) => self.uphold_live(row, note).await,
            (state, _) => Err(Error::Conflict(format!(
                "claim {claim} is {}: only one in conflict or in review waits for a decision",
                state.name()
            ))),
        }
    }

    async fn uphold_waiting(&mut self, mut row: Row, note: &str) -> Result<()> {
        let identity = BTreeSet::from([row.identity.0]);
        if let Some(mut first) = store::lock_live(self.tx, &identity).await?.remove(&row.identity.0)
        {
            if !is_stoppable(first.state.0) {
                return Err(Error::conflict(
                    "the first claim on this voucher is already on an order or paid, and a voucher \
                     is paid once",
                ));
            }
            self.end(&mut first, ClaimState::Denied, Some(note)).await?;
        }
        self.make_live(&mut row, true, Some(note)).await?;
        self.deny_waiting(row.identity.0, note).await
    }

    async fn uphold_live(&mut self, mut row: Row, note: &str) -> Result<()> {
        let claim = row.claim.0;
        let open = store::holds_of(&**self.tx, &[claim]).await?;
        let open = open.get(&claim).map(Vec::as_slice).unwrap_or_default();
        if open.contains(&Hold::DeviceUnconfirmed) {
            return Err(Error::conflict(
                "nobody has compared the digits of the device that made this claim: confirm the \
                 device first",
            ));
        }
        row.upheld |= open.contains(&Hold::ConflictFirst);
        for &hold in open.iter().filter(|hold| hold.needs_a_person()) {
            store::release_hold(&**self.tx, claim, hold).await?;
        }
        self.recompute_state(&mut row, Some(note)).await?;
        self.deny_waiting(row.identity.0, note).await
    }

    async fn deny_waiting(&mut self, identity: Hash, note: &str) -> Result<()> {
        for mut other in store::lock_waiting(self.tx, identity).await? {
            self.end(&mut other, ClaimState::Denied, Some(note)).await?;
        }
        Ok(())
    }

    /// Ends a claim, and lets the next on its voucher take its place or go on undisturbed.
    async fn close(&mut self, row: &mut Row, state: ClaimState, note: Option<&str>) -> Result<()> {
        let was_live = row.live;
        self.end(row, state, note).await?;
        let mut waiting = store::lock_waiting(self.tx, row.identity.0).await?.into_iter();
        if was_live {
            match waiting.next() {
                Some(mut next) => {
                    if waiting.next().is_some() {
                        store::open_holds(&**self.tx, &[(next.claim.0, Hold::ConflictFirst)])
                            .await?;
                    }
                    self.make_live(&mut next, false, None).await
                }
                None => vouchers::released(self.tx, &row.identity()).await,
            }
        } else if waiting.next().is_none() {
            let identity = BTreeSet::from([row.identity.0]);
            for first in store::lock_live(self.tx, &identity).await?.into_values() {
                let claim = first.claim.0;
                store::release_hold(&**self.tx, claim, Hold::ConflictFirst).await?;
                self.recompute_states(&[claim]).await?;
            }
            Ok(())
        } else {
            Ok(())
        }
    }

    async fn end(&mut self, row: &mut Row, state: ClaimState, note: Option<&str>) -> Result<()> {
        row.live = false;
        row.state = state.into();
        row.reason = None;
        store::update(&**self.tx, row).await?;
        self.push_event(row, note);
        Ok(())
    }

    async fn make_live(&mut self, row: &mut Row, upheld: bool, note: Option<&str>) -> Result<()> {
        row.live = true;
        row.upheld = upheld;
        row.conflict = None;
        self.recompute_state(row, note).await
    }

    /// Recomputes the state of a live claim and stores it.
    async fn recompute_state(&mut self, row: &mut Row, note: Option<&str>) -> Result<()> {
        let claim = row.claim.0;
        let mut open = store::holds_of(&**self.tx, &[claim]).await?;
        let owner = BTreeMap::from([(claim, DeviceId(row.device.0))]);
        let missing = documents::missing(self.tx, &owner).await?;
        let known = Known::Live {
            holds: open.remove(&claim).unwrap_or_default(),
            documents_missing: missing.contains(&claim),
            upheld: row.upheld,
        };
        let (state, reason) = known.state_and_reason();
        row.state = state.into();
        row.reason = reason.map(str::to_owned);
        store::update(&**self.tx, row).await?;
        self.push_event(row, note);
        Ok(())
    }

    /// Recomputes the state of live claims where it can still change by what is known of them.
    pub async fn recompute_states(&mut self, claims: &[ClaimId]) -> Result<()> {
        for mut row in store::lock_claims(self.tx, claims).await? {
            let follows_what_is_known = matches!(
                row.state.0,
                ClaimState::Submitted
                    | ClaimState::InReview
                    | ClaimState::DocumentsMissing
                    | ClaimState::Upheld
            );
            if row.live && follows_what_is_known {
                let before = (row.state, row.reason.clone());
                let events = self.events.len();
                self.recompute_state(&mut row, None).await?;
                if (row.state, row.reason) == before {
                    self.events.truncate(events);
                }
            }
        }
        Ok(())
    }

    fn push_event(&mut self, row: &Row, note: Option<&str>) {
        let event = Event {
            state: row.state.0,
            reason: row.reason.clone(),
            note: note.map(str::to_owned),
            at: self.now,
        };
        self.events.push((row.chain.0, row.claim.0, event));
    }
}

/// Releases a hold of a device's claims, which go on.
pub async fn release_for_device(
    tx: &Transaction,
    device: DeviceId,
    hold: Hold,
    now: Timestamp,
) -> Result<()> {
    let claims = store::claims_of_device_with_hold(&**tx, device, hold).await?;
    for &claim in &claims {
        store::release_hold(&**tx, claim, hold).await?;
    }
    let mut changes = ClaimUnitOfWork::new(tx, now);
    changes.recompute_states(&claims).await?;
    changes.append_history().await
}

/// Decides on a claim that waits for a person.
///
/// # Errors
/// As [`ClaimUnitOfWork::decide`].
pub async fn decide(
    db: &Database,
    claim: ClaimId,
    decision: Decision,
    note: &str,
    now: Timestamp,
) -> Result<Claim> {
    let tx = db.begin().await?;
    let mut changes = ClaimUnitOfWork::new(&tx, now);
    changes.decide(claim, decision, note).await?;
    changes.append_history().await?;
    tx.commit().await?;
    find(db, claim).await
}

/// The claim with this id.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Database`].
pub async fn find(db: &Database, claim: ClaimId) -> Result<Claim> {
    let found = store::claim(db.reader(), claim).await?;
    found.ok_or_else(|| Error::not_found("claim", &claim))
}

/// What a device is told of the claims of a chain since `since`, each claim once and as it is now,
/// with the cursor from which to ask on.
pub async fn updates_since(
    tx: &Transaction,
    chain: ChainId,
    since: u64,
) -> Result<(Vec<ClaimUpdate>, u64)> {
    let events = store::events_since(&**tx, chain, since, EVENTS_AN_ANSWER).await?;
    let cursor = events.last().map_or(since, |(number, ..)| *number);
    let mut latest = BTreeMap::new();
    for (_, claim, event) in events {
        latest.insert(claim, ClaimUpdate { claim, state: event.state, reason: event.reason });
    }
    Ok((latest.into_values().collect(), cursor))
}

/// A page of claims, the first received first, with their histories.
pub async fn list(
    db: &Database,
    provider: Option<ProviderId>,
    state: Option<ClaimState>,
    after: Option<Cursor>,
) -> Result<Page> {
    let after = after.map(|cursor| (cursor.received, cursor.claim));
    let filter = Filter { provider, state, after };
    let mut claims = store::list(db.reader(), filter, PAGE + 1).await?;
    let more = claims.len() as u64 > PAGE;
    claims.truncate(PAGE as usize);
    let next = claims.last().filter(|_| more).map(Cursor::after);
    Ok(Page { claims, next })
}
