//! One phone: its key, its trust and its ledger behind the few things that staff do.

mod by_reference;
mod issue;
mod supervisor;
mod vouchers;

pub use by_reference::{ReferenceReceipt, ReferenceRedemption, ReferenceService};
pub use issue::{FieldOrder, HeldDelegation, IssuedInField};
pub use supervisor::Supervision;
pub use vouchers::{FoundVoucher, VoucherListing};

use crate::clock::{self, ClockTrust, DeviceClock, Floors};
use crate::device_key::{DeviceKey, DeviceKeyError};
use crate::home::HomeError;
use crate::ledger::{
    AcceptError, Act, AppendError, ChainRef, Claim, DocumentContent, Head, Ledger, LedgerError,
    LiveRedemption, NewRecord, Overridden, Page, Serving, Unsent,
};
use crate::trust::Trust;
use crate::verdict::{
    self, Accepted, Circumstances, Lookup, Overridable, Reason, Refusal, Verdict,
};
use crate::vouchers::VoucherList;
use protocol::ack::{Ack, Batch};
use protocol::authenticity::SignedBy;
use protocol::enrolment::{Offer, Request};
use protocol::id::{ClaimId, OperatorId};
use protocol::key::Kid;
use protocol::profile::Profile;
use protocol::record::{Document, HowRead, OpenedRecord, RefusedSubject, SignedVoucher};
use protocol::seal::SealingKey;
use protocol::session::SessionProof;
use protocol::status::StatusList;
use protocol::trust::{Grade, IssuedSetRef, TrustFile, TrustState};
use protocol::voucher::VoucherIdentity;
use protocol::{Benefit, Hash, Span, Timestamp};
use std::cell::OnceCell;
use std::collections::BTreeSet;

/// What is broken or missing: storage, keys, enrolment. Never a verdict on a voucher.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// The home cannot be used.
    #[error(transparent)]
    Home(#[from] HomeError),
    /// The device key cannot be used.
    #[error(transparent)]
    DeviceKey(#[from] DeviceKeyError),
    /// The ledger cannot be read or written.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// This phone was never enrolled.
    #[error(
        "this phone is not enrolled: ask the programme office for an enrolment code, and scan it"
    )]
    NotEnrolled,
    /// The enrolment is under way, and the server has not answered yet.
    #[error("this phone has not heard from its server yet: connect it to a network and sync")]
    EnrolmentUnfinished,
    /// The phone serves another server already.
    #[error("this phone is enrolled with {0} already: use a new home for another server")]
    EnrolledElsewhere(String),
    /// A text is no enrolment offer.
    #[error("this is not an enrolment code ({0}): ask the programme office for one")]
    NotAnOffer(protocol::Error),
    /// The enrolment offer has run out.
    #[error("the enrolment code ended on {0}: ask the programme office for a new one")]
    OfferExpired(Timestamp),
    /// No server key to seal records to is known. Nothing was recorded.
    #[error(
        "the trust list names no key to seal records to, so nothing was recorded: sync, and tell the programme office"
    )]
    NoSealingKey,
    /// The enrolment offer names no key to which a file could be sealed.
    #[error(
        "this enrolment code names no key to seal a file to: ask the programme office for a new one, or connect this phone to a network and sync"
    )]
    OfferWithoutKey,
    /// The operating system gives no random bytes. Nothing was recorded.
    #[error("the system gives no random numbers; nothing was recorded")]
    NoRandomness,
    /// No such claim on this phone.
    #[error("this phone has no claim {0}")]
    NoSuchClaim(ClaimId),
    /// The voucher was served on this phone before. Nothing was recorded.
    #[error("this voucher was served here already, on {}", .0.redeemed_at)]
    AlreadyServed(LiveRedemption),
    /// The claim was voided before.
    #[error("claim {0} was voided already")]
    ClaimVoided(ClaimId),
    /// A document is too large or empty.
    #[error("a document must have 1 byte to {} MB; nothing was recorded", MAX_DOCUMENT_LEN / 1_000_000)]
    DocumentSize,
    /// Staff not named in the profile.
    #[error(
        "{0} is not among this provider's staff, so nothing was recorded: ask the programme office to add them"
    )]
    UnknownOperator(OperatorId),
    /// Nobody of this name may override.
    #[error(
        "{0} is not among this provider's supervisors, so nothing was recorded: ask the programme office to add them"
    )]
    UnknownSupervisor(OperatorId),
    /// The supervisor's PIN is another.
    #[error("this is not the supervisor's PIN. Nothing was recorded")]
    WrongPin,
    /// After wrong PINs there is a wait.
    #[error(
        "after so many wrong PINs the next one counts in {} seconds; switching the phone off makes it longer. Nothing was recorded", .0.as_seconds()
    )]
    PinWait(Span),
    /// The device key is lost.
    #[error(
        "the device key of this home is missing: put its file back, or ask the programme office for a new enrolment code and enrol again. What was recorded is kept, and sent then"
    )]
    DeviceKeyLost,
    /// Too many redemptions wait unsent.
    #[error(
        "{0} redemptions wait to be sent, as many as this phone may hold: sync before serving more"
    )]
    TooManyUnsent(u64),
    /// The programme asks for a newer version of this program.
    #[error(
        "the programme asks for version {0} of this app or a later one: update it, then serve. Syncing works all the same"
    )]
    AppTooOld(String),
    /// Too many redemptions of delegated vouchers wait unsent.
    #[error(
        "{0} vouchers that field officers issued wait to be sent, as many as this phone may hold: sync before serving more of them"
    )]
    TooManyDelegated(u64),
    /// This phone holds no delegation, or not the one that was named. Nothing was issued.
    #[error(
        "this phone may not issue vouchers: ask the programme office for a delegation, then sync"
    )]
    NoDelegation,
    /// The voucher would overstep what was delegated. Nothing was issued.
    #[error("this may not be issued: {0}. What is left shows with `delegations`")]
    BeyondDelegation(protocol::delegation::Beyond),
    /// Nobody would accept the voucher. Nothing was issued.
    #[error("a voucher issued now would be refused ({0}): sync, and ask the programme office")]
    MayNotIssue(protocol::authenticity::NotAuthentic),
    /// This phone was restored from a backup, and may have issued more than it knows. Nothing was
    /// issued.
    #[error(
        "this phone was restored from a backup and may have issued more under this delegation than it knows: ask the programme office for a new one"
    )]
    IssuedBeforeBackup,
    /// The voucher's text is too long for a QR code that phones and small printers can show. Nothing
    /// was issued.
    #[error(
        "the voucher is too large for its QR code: shorten the holder's name, or give fewer goods"
    )]
    VoucherTooLong,
    /// Something of our own could not be written in the protocol's form. Nothing was recorded.
    #[error("this cannot be recorded: {0}")]
    Protocol(protocol::Error),
}

/// Largest document, in bytes.
pub const MAX_DOCUMENT_LEN: usize = 20_000_000;

/// A refusal is recorded at most once per subject and reason within this time.
const REFUSAL_WINDOW: Span = Span::hours(1);

/// One phone.
pub struct Verifier {
    ledger: Ledger,
    device: Box<dyn DeviceKey + Send>,
    offer: Option<Offer>,
    trust: Option<Trust>,
    profile: Option<Profile>,
    /// The office's list of vouchers, once it was asked for.
    vouchers: OnceCell<Option<VoucherList>>,
}

/// What staff asks to be redeemed.
#[derive(Debug, Clone)]
pub struct Service {
    /// What is given; the whole voucher when absent.
    pub given: Option<Benefit>,
    /// How the voucher was read.
    pub how_read: HowRead,
    /// The operator who serves; one of the profile's, where it names any.
    pub operator: Option<OperatorId>,
    /// Documents to attach at once.
    pub documents: Vec<DocumentContent>,
}

/// What came of asking to redeem.
#[derive(Debug)]
pub enum Redemption {
    /// Recorded durably.
    Done(Box<Receipt>),
    /// Refused; nothing was recorded.
    Refused(Box<Refusal>),
    /// What should be given is not within the voucher; nothing was recorded.
    NotWithinVoucher(Box<Accepted>),
}

/// Proof for staff that a voucher was served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The claim.
    pub claim: ClaimId,
    /// The record's place in the phone's chain.
    pub sequence: u64,
    /// What was given.
    pub given: Benefit,
    /// What was accepted.
    pub accepted: Accepted,
}

/// The phone's health at a glance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    /// The server it is enrolled with.
    pub origin: Option<String>,
    /// The eight digits of its key.
    pub digits: String,
    /// The profile in force, and its grade.
    pub profile: Option<(Profile, Grade)>,
    /// The trust list's version, issue time and grade.
    pub trust: Option<(u64, Timestamp, Grade)>,
    /// Number and issue time of each status list of the phone's programmes; none where none is held.
    pub status_lists: Vec<(u32, Option<Timestamp>)>,
    /// What waits to be sent.
    pub unsent: Unsent,
    /// The last record of the chain.
    pub head: Option<Head>,
    /// How the device clock stands to what the phone has heard.
    pub clock: ClockTrust,
}

impl Verifier {
    /// A phone with this ledger and this key.
    ///
    /// # Errors
    /// When the ledger cannot be read, or its trust file does not hold together.
    pub fn new(ledger: Ledger, device: Box<dyn DeviceKey + Send>) -> Result<Self, EngineError> {
        let vouchers = OnceCell::new();
        let mut verifier =
            Verifier { ledger, device, offer: None, trust: None, profile: None, vouchers };
        if let Some(agreed) = verifier.ledger.enrolment()? {
            let text = String::from_utf8_lossy(&agreed.bytes);
            verifier.offer = Some(Offer::from_text(&text).map_err(EngineError::NotAnOffer)?);
        }
        if let (Some(offer), Some(file)) = (&verifier.offer, verifier.ledger.trust_file()?) {
            let trust =
                Trust::restore(offer.root, &file.bytes).map_err(|error| broken_trust(&error))?;
            if let Some(signed) = verifier.ledger.profile()? {
                // After a lost key, the profile that is held is still the old key's.
                let own = verifier.device.public_key();
                let profile = trust.restore_profile(&signed.bytes).ok();
                verifier.profile = profile.filter(|profile| profile.device == own);
            }
            verifier.trust = Some(trust);
        }
        Ok(verifier)
    }

    /// Takes up an enrolment offer: the next sync carries the request. The same offer again changes
    /// nothing.
    ///
    /// # Errors
    /// When the text is no offer, has run out, or the phone serves another server.
    pub fn enrol(&mut self, text: &str, now: DeviceClock) -> Result<&Offer, EngineError> {
        let text = text.trim();
        let offer = Offer::from_text(text).map_err(EngineError::NotAnOffer)?;
        if let Some(held) = &self.offer
            && (self.profile.is_some() || self.trust.is_some())
            && (held.origin != offer.origin || held.root != offer.root)
        {
            return Err(EngineError::EnrolledElsewhere(held.origin.clone()));
        }
        if now.time >= offer.expires {
            return Err(EngineError::OfferExpired(offer.expires));
        }
        if self.offer.as_ref() != Some(&offer) {
            self.ledger.accept_enrolment(text.as_bytes(), now)?;
        }
        Ok(self.offer.insert(offer))
    }

    /// The eight digits of this phone's key, for staff to compare.
    #[must_use]
    pub fn digits(&self) -> String {
        self.device.public_key().fingerprint_digits()
    }

    /// The profile in force.
    #[must_use]
    pub fn profile(&self) -> Option<&Profile> {
        self.profile.as_ref()
    }

    /// The trust in force.
    #[must_use]
    pub fn trust(&self) -> Option<&TrustState> {
        self.trust.as_ref().map(Trust::state)
    }

    /// Decides on a text. Writes nothing.
    ///
    /// # Errors
    /// When the phone is not enrolled or its storage is broken.
    pub fn check(&self, text: &str, now: DeviceClock) -> Result<Verdict, EngineError> {
        self.decide(text, &[], now)
    }

    fn decide(
        &self,
        text: &str,
        allowed: &[Overridable],
        now: DeviceClock,
    ) -> Result<Verdict, EngineError> {
        let (trust, profile) = self.in_force()?;
        let floors = self.ledger.floors()?;
        let issued = trust.issued_sets(|hash| self.ledger.issued_set(hash))?;
        let circumstances =
            Circumstances { trust: trust.state(), issued, profile, clock: now, floors: &floors };
        let known = Known { ledger: &self.ledger, trust };
        verdict::decide_with_override(text, &circumstances, allowed, &known)
    }

    /// Decides on a text and, if it is accepted, records that it was served. When this returns
    /// [`Redemption::Done`], the record is on the disk.
    ///
    /// # Errors
    /// When nothing was recorded because something is broken or not allowed.
    pub fn redeem(
        &mut self,
        text: &str,
        service: Service,
        now: DeviceClock,
    ) -> Result<Redemption, EngineError> {
        match self.check(text, now)? {
            Verdict::Accept(accepted) => self.serve(*accepted, service, None, now),
            Verdict::Refuse(refusal) => Ok(Redemption::Refused(refusal)),
        }
    }

    /// Records that an accepted voucher was served.
    fn serve(
        &mut self,
        accepted: Accepted,
        service: Service,
        overridden: Option<Overridden>,
        now: DeviceClock,
    ) -> Result<Redemption, EngineError> {
        self.check_may_serve(service.operator.as_ref(), &service.documents, accepted.now.time)?;
        self.check_delegated(&accepted)?;
        let given = service.given.unwrap_or_else(|| accepted.voucher.benefit.clone());
        if !given.is_within(&accepted.voucher.benefit) {
            return Ok(Redemption::NotWithinVoucher(Box::new(accepted)));
        }
        let ours = matches!(accepted.signed, SignedVoucher::Cose(_))
            && accepted.signed_by == SignedBy::Issuer;
        let claim = new_claim_id(accepted.now.time)?;
        let serving = Serving {
            claim,
            voucher: accepted.signed.clone(),
            identity: accepted.voucher.identity.clone(),
            soft_floor: clock::soft_floor(
                accepted.voucher.issued,
                ours,
                self.in_force()?.0.state().list().expires,
            ),
            how_read: service.how_read,
            given: given.clone(),
            warnings: accepted.warnings.iter().map(|w| w.code().to_owned()).collect(),
            documents: service.documents,
            overridden,
        };
        match self.append(Act::Redeem(serving), service.operator, now) {
            Ok(record) => Ok(Redemption::Done(Box::new(Receipt {
                claim,
                sequence: record.header.sequence,
                given,
                accepted,
            }))),
            Err(EngineError::AlreadyServed(live)) => Ok(Redemption::Refused(Box::new(Refusal {
                reason: Reason::AlreadyRedeemed(live),
                programme: Some(accepted.programme),
                voucher: Some(accepted.voucher),
            }))),
            Err(error) => Err(error),
        }
    }

    /// Takes a redemption back. The voucher can be served again.
    ///
    /// # Errors
    /// When there is no such live claim, or something is broken.
    pub fn void(
        &mut self,
        claim: ClaimId,
        reason: &str,
        operator: Option<OperatorId>,
        now: DeviceClock,
    ) -> Result<OpenedRecord, EngineError> {
        self.append(Act::Void { claim, reason: reason.to_owned() }, operator, now)
    }

    /// Attaches a document to a claim.
    ///
    /// # Errors
    /// When there is no such live claim, the document is too large, or something is broken.
    pub fn attach(
        &mut self,
        claim: ClaimId,
        document: DocumentContent,
        operator: Option<OperatorId>,
        now: DeviceClock,
    ) -> Result<OpenedRecord, EngineError> {
        check_size(&document)?;
        self.append(Act::AttachDocument { claim, document }, operator, now)
    }

    /// Records a refusal that staff confirmed: without the holder's data, and at most once per subject
    /// and reason within an hour. Gives nothing when it was recorded before.
    ///
    /// # Errors
    /// When something is broken.
    pub fn confirm_refusal(
        &mut self,
        text: &str,
        refusal: &Refusal,
        operator: Option<OperatorId>,
        now: DeviceClock,
    ) -> Result<Option<OpenedRecord>, EngineError> {
        let subject = match &refusal.voucher {
            Some(voucher) => RefusedSubject::Voucher(voucher.identity.hash()),
            None => RefusedSubject::Text(Hash::of(text.as_bytes())),
        };
        let reason = refusal.reason.code().to_owned();
        let before = self.ledger.last_refusal(&subject, &reason)?;
        if before.is_some_and(|before| now.time.since(before) < REFUSAL_WINDOW) {
            return Ok(None);
        }
        self.append(Act::Refuse { reason, subject }, operator, now).map(Some)
    }

    /// The phone's claims, newest first.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn claims(&self, page: Page) -> Result<Vec<Claim>, EngineError> {
        Ok(self.ledger.claims(page)?)
    }

    /// One claim of this phone.
    ///
    /// # Errors
    /// [`EngineError::NoSuchClaim`], or when the ledger cannot be read.
    pub fn claim(&self, id: ClaimId) -> Result<Claim, EngineError> {
        self.ledger.claim(id)?.ok_or(EngineError::NoSuchClaim(id))
    }

    /// The phone's health at a glance.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn health(&self, now: DeviceClock) -> Result<Health, EngineError> {
        let (time, clock) = match self.trust() {
            None => (now.time, ClockTrust::Good),
            Some(trust) => {
                let judged = self.ledger.floors()?.effective_now(now, trust.list().expires);
                (judged.time, judged.trust)
            }
        };
        let held = self.ledger.status_lists()?;
        let issued = |number| held.iter().find(|list| list.number == number).map(|l| l.issued);
        Ok(Health {
            origin: self.origin().map(str::to_owned),
            digits: self.digits(),
            profile: self.profile.clone().map(|profile| {
                let grade = profile.freshness.grade(time.since(profile.issued));
                (profile, grade)
            }),
            trust: self
                .trust()
                .map(|trust| (trust.list().version, trust.list().issued, trust.grade(time))),
            status_lists: self.status_numbers().into_iter().map(|n| (n, issued(n))).collect(),
            unsent: self.ledger.unsent()?,
            head: self.ledger.head()?,
            clock,
        })
    }

    /// The ledger, to be examined.
    #[must_use]
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// The time to judge at; before there is trust, what the device's clock says.
    fn judged_time(&self, now: DeviceClock) -> Result<Timestamp, EngineError> {
        let Some(trust) = self.trust() else { return Ok(now.time) };
        Ok(self.ledger.floors()?.effective_now(now, trust.list().expires).time)
    }

    fn in_force(&self) -> Result<(&Trust, &Profile), EngineError> {
        match (&self.offer, &self.trust, &self.profile) {
            (None, _, _) => Err(EngineError::NotEnrolled),
            (Some(_), Some(trust), Some(profile)) => Ok((trust, profile)),
            (Some(_), _, _) => Err(EngineError::EnrolmentUnfinished),
        }
    }

    fn check_may_serve(
        &self,
        operator: Option<&OperatorId>,
        documents: &[DocumentContent],
        now: Timestamp,
    ) -> Result<(), EngineError> {
        let (trust, profile) = self.in_force()?;
        if let Some(minimum) = &trust.state().list().app_minimum
            && now >= minimum.from
            && app_version() < minimum.version
        {
            let [major, minor, patch] = minimum.version;
            return Err(EngineError::AppTooOld(format!("{major}.{minor}.{patch}")));
        }
        self.check_operator(operator)?;
        let waiting = self.ledger.unsent()?.redemptions;
        if profile.limits.unsent_redemptions.is_some_and(|most| waiting >= u64::from(most)) {
            return Err(EngineError::TooManyUnsent(waiting));
        }
        documents.iter().try_for_each(check_size)
    }

    fn check_operator(&self, operator: Option<&OperatorId>) -> Result<(), EngineError> {
        let named = &self.in_force()?.1.operators;
        match operator {
            Some(operator) if !named.is_empty() && !named.contains(operator) => {
                Err(EngineError::UnknownOperator(operator.clone()))
            }
            _ => Ok(()),
        }
    }

    /// The cap on what a provider accepts from field officers before the server has seen it.
    fn check_delegated(&self, accepted: &Accepted) -> Result<(), EngineError> {
        let Some(most) = self.in_force()?.1.limits.unsent_delegated else { return Ok(()) };
        if accepted.signed_by == SignedBy::Issuer {
            return Ok(());
        }
        match self.ledger.unsent_delegated()? {
            waiting if waiting >= u64::from(most) => Err(EngineError::TooManyDelegated(waiting)),
            _ => Ok(()),
        }
    }

    fn append(
        &mut self,
        act: Act,
        operator: Option<OperatorId>,
        now: DeviceClock,
    ) -> Result<OpenedRecord, EngineError> {
        // A number that the server has given to another record must not be used.
        self.restart_if_parted(now)?;
        let (sealing, expires) = self.sealing_key()?;
        let floors: Floors = self.ledger.floors()?;
        let new = NewRecord {
            act,
            operator,
            clock_floor: floors.effective_now(now, expires).floor,
            observed: self.ledger.observed_state()?,
        };
        Ok(self.ledger.append(now, &new, &*self.device, &sealing)?)
    }

    /// Begins another chain when an ack has shown that this phone was restored from a backup.
    fn restart_if_parted(&mut self, now: DeviceClock) -> Result<bool, EngineError> {
        if !self.ledger.needs_restart()? {
            return Ok(false);
        }
        let (sealing, expires) = self.sealing_key()?;
        let floor = self.ledger.floors()?.effective_now(now, expires).floor;
        let observed = self.ledger.observed_state()?;
        Ok(self.ledger.restart(now, floor, observed, &*self.device, &sealing)?)
    }

    fn sealing_key(&self) -> Result<(SealingKey, Timestamp), EngineError> {
        let list = self.in_force()?.0.state().list();
        let key = list.sealing_keys.first().cloned().ok_or(EngineError::NoSealingKey)?;
        Ok((key, list.expires))
    }
}

/// What a sync run asks of the phone.
impl Verifier {
    /// The server this phone is enrolled with.
    #[must_use]
    pub fn origin(&self) -> Option<&str> {
        self.offer.as_ref().map(|offer| offer.origin.as_str())
    }

    /// Whether the server has answered the enrolment.
    #[must_use]
    pub fn is_enrolled(&self) -> bool {
        self.profile.is_some()
    }

    /// The key that signs for this phone.
    pub(crate) fn device(&self) -> &dyn DeviceKey {
        &*self.device
    }

    /// The key to which what leaves by file is sealed: the trust list's first, and before there is
    /// one that of the enrolment offer.
    pub(crate) fn carried_to(&self) -> Result<SealingKey, EngineError> {
        match (self.trust(), &self.offer) {
            (Some(trust), _) => {
                trust.list().sealing_keys.first().cloned().ok_or(EngineError::NoSealingKey)
            }
            (None, Some(offer)) => offer.sealing.clone().ok_or(EngineError::OfferWithoutKey),
            (None, None) => Err(EngineError::NotEnrolled),
        }
    }

    pub(crate) fn trust_file_hash(&self) -> Option<Hash> {
        self.trust.as_ref().map(Trust::file_hash)
    }

    /// The request to be enrolled, while there is no profile, or none that came after the offer.
    pub(crate) fn enrolment_request(&self) -> Result<Option<Vec<u8>>, EngineError> {
        let pending = self.profile.is_none() || self.ledger.enrolment_is_unanswered()?;
        let Some(offer) = self.offer.as_ref().filter(|_| pending) else {
            return Ok(None);
        };
        let mut nonce = [0; 16];
        getrandom::fill(&mut nonce).map_err(|_| EngineError::NoRandomness)?;
        let request = Request {
            code: offer.code,
            root: offer.root,
            origin: offer.origin.clone(),
            key: self.device.public_key(),
            nonce,
        };
        request.sign(&*self.device).map(Some).map_err(EngineError::Protocol)
    }

    pub(crate) fn session_proof(&self, nonce: [u8; 32]) -> Result<Vec<u8>, EngineError> {
        let origin = self.origin().ok_or(EngineError::NotEnrolled)?.to_owned();
        SessionProof { nonce, origin }.sign(&*self.device).map_err(EngineError::Protocol)
    }

    /// Accepts a trust file in place of the one held; gives the version when the list is another.
    pub(crate) fn accept_trust(
        &mut self,
        file: &[u8],
        now: DeviceClock,
    ) -> Result<protocol::Result<Option<u64>>, EngineError> {
        let offer = self.offer.as_ref().ok_or(EngineError::NotEnrolled)?;
        let time = self.judged_time(now)?;
        let next = TrustFile::decode(file).and_then(|parsed| match &self.trust {
            Some(held) => held.state().accept(&parsed, time),
            None => TrustState::first(offer.root, &parsed, time),
        });
        let next = match next {
            Ok(next) => next,
            Err(error) => return Ok(Err(error)),
        };
        let held = self.trust.as_ref().map(Trust::file_hash);
        if held == Some(Hash::of(file)) {
            return Ok(Ok(None));
        }
        let another = self.trust().is_none_or(|held| held.list_hash() != next.list_hash());
        let version = next.list().version;
        self.ledger.accept_trust(file, &next, now)?;
        self.trust = Some(Trust::new(next, file));
        Ok(Ok(another.then_some(version)))
    }

    /// Accepts a profile in place of the one held, if it is newer; says whether it was.
    pub(crate) fn accept_profile(
        &mut self,
        signed: &[u8],
        now: DeviceClock,
    ) -> Result<protocol::Result<bool>, EngineError> {
        let Some(trust) = &self.trust else { return Err(EngineError::EnrolmentUnfinished) };
        let profile = match trust.open_profile(signed, &self.public_key()) {
            Ok(profile) => profile,
            Err(error) => return Ok(Err(error)),
        };
        // Staff may confirm a phone within the second in which it enrolled, so the same time is no older.
        if self
            .profile
            .as_ref()
            .is_some_and(|held| held.issued > profile.issued || *held == profile)
        {
            return Ok(Ok(false));
        }
        let keys = trust.profile_keys();
        match self.ledger.accept_profile(signed, &keys, now) {
            Ok(profile) => self.profile = Some(profile),
            Err(error) => return refused(error).map(Err),
        }
        self.vouchers.take();
        Ok(Ok(true))
    }

    /// The numbers of the status lists of this phone's programmes.
    pub(crate) fn status_numbers(&self) -> Vec<u32> {
        let (Some(trust), Some(profile)) = (self.trust(), &self.profile) else {
            return Vec::new();
        };
        let own =
            |list: &&protocol::trust::StatusListEntry| profile.programmes.contains(&list.programme);
        trust.list().status_lists.iter().filter(own).map(|list| list.number).collect()
    }

    /// Where a status list is, and the `ETag` of the token that is held.
    pub(crate) fn status_request(
        &self,
        number: u32,
    ) -> Result<Option<(String, Option<String>)>, EngineError> {
        let Some(entry) = self.trust().and_then(|trust| trust.list().status_list(number)) else {
            return Ok(None);
        };
        let held = self.ledger.status_lists()?;
        let etag = held
            .iter()
            .find(|list| list.number == number)
            .map(|list| format!("\"{}\"", Hash::of(&list.token)));
        Ok(Some((entry.address.clone(), etag)))
    }

    /// Accepts a status list in place of the one held; says whether it is another.
    pub(crate) fn accept_status_list(
        &mut self,
        number: u32,
        token: &[u8],
        now: DeviceClock,
    ) -> Result<protocol::Result<bool>, EngineError> {
        let Some(trust) = &mut self.trust else { return Err(EngineError::EnrolmentUnfinished) };
        let held = self.ledger.status_lists()?;
        if held.iter().any(|list| list.number == number && list.token == token) {
            return Ok(Ok(false));
        }
        let list = trust.state().list();
        let Some(entry) = list.status_list(number) else { return Ok(Ok(false)) };
        match self.ledger.accept_status_list(entry, list, token, now) {
            Ok(_) => {
                trust.forget_status_list(number);
                Ok(Ok(true))
            }
            Err(error) => refused(error).map(Err),
        }
    }

    /// The sets of issued vouchers that the trust list pins for keys of this phone's programmes and
    /// that are not held: each with the id of its key.
    pub(crate) fn issued_sets_to_fetch(&self) -> Result<Vec<(Kid, IssuedSetRef)>, EngineError> {
        let (Some(trust), Some(profile)) = (&self.trust, &self.profile) else {
            return Ok(Vec::new());
        };
        let mut wanted = Vec::new();
        for (key, pinned) in trust.pinned_sets() {
            let own = key.programmes.iter().any(|id| profile.programmes.contains(id));
            if own && !self.ledger.holds_issued_set(pinned.hash)? {
                wanted.push((key.key.kid(), pinned.clone()));
            }
        }
        Ok(wanted)
    }

    /// Accepts the set that the trust list pins for a key with this id.
    pub(crate) fn accept_issued_set(
        &mut self,
        kid: Kid,
        pinned: &IssuedSetRef,
        file: &[u8],
        now: DeviceClock,
    ) -> Result<protocol::Result<()>, EngineError> {
        let Some(trust) = &mut self.trust else { return Err(EngineError::EnrolmentUnfinished) };
        let key = trust.pinned_sets().find(|(key, its)| key.key.kid() == kid && *its == pinned);
        let key = key.map(|(key, _)| key.clone());
        let Some(key) = key else { return Ok(Err(protocol::Error::UnknownKey(kid))) };
        match self.ledger.accept_issued_set(&key, pinned, file, now) {
            Ok(_) => {
                trust.forget_issued_sets();
                Ok(Ok(()))
            }
            Err(error) => refused(error).map(Err),
        }
    }

    /// The next batch of a chain to send, without the items `except`; without any when nothing else of
    /// it waits.
    pub(crate) fn next_batch(
        &self,
        chain: ChainRef,
        except: &BTreeSet<Hash>,
        items: usize,
        bytes: usize,
    ) -> Result<Batch, EngineError> {
        let last_ack = self.ledger.last_ack_of(chain.id)?;
        let own = self.public_key().thumbprint();
        let items = self.ledger.outbox_of(chain.id, except, items, bytes)?;
        Ok(Batch {
            chain: chain.id,
            since: last_ack.as_ref().map_or(0, |ack| ack.cursor),
            items: items.into_iter().map(|item| item.sealed).collect(),
            last_ack: last_ack.map(|ack| ack.hash),
            device: (chain.device != own).then_some(chain.device),
        })
    }

    /// Accepts an ack for one of this phone's chains. Anything else than an ack of our server is none.
    /// When it shows that this phone was restored from a backup, another chain begins at once.
    pub(crate) fn accept_ack(
        &mut self,
        signed: &[u8],
        now: DeviceClock,
    ) -> Result<Option<Ack>, EngineError> {
        let Some(trust) = &self.trust else { return Ok(None) };
        let ack = match self.ledger.accept_ack(signed, &trust.ack_keys(), now) {
            Ok(ack) => ack,
            Err(AcceptError::Ledger(error)) => return Err(error.into()),
            Err(_) => return Ok(None),
        };
        match self.restart_if_parted(now) {
            // Without what a record needs there is none; it is asked for again before the next one.
            Ok(_) | Err(EngineError::NoSealingKey | EngineError::EnrolmentUnfinished) => {}
            Err(error) => return Err(error),
        }
        Ok(Some(ack))
    }

    /// Every chain of this phone, the one that is written first.
    pub(crate) fn chains(&self) -> Vec<ChainRef> {
        self.ledger.chains()
    }

    /// How many records wait to go in batches of a chain, the items `except` not counted.
    pub(crate) fn waiting_of(
        &self,
        chain: ChainRef,
        except: &BTreeSet<Hash>,
    ) -> Result<u64, EngineError> {
        Ok(self.ledger.waiting_of(chain.id, except)?)
    }

    pub(crate) fn documents_to_send(&self) -> Result<Vec<Document>, EngineError> {
        Ok(self.ledger.documents_to_send()?)
    }

    pub(crate) fn read_document(&self, hash: Hash) -> Result<Option<Vec<u8>>, EngineError> {
        Ok(self.ledger.read_document(hash)?)
    }

    fn public_key(&self) -> protocol::key::PublicKey {
        self.device.public_key()
    }
}

impl From<AppendError> for EngineError {
    fn from(error: AppendError) -> Self {
        match error {
            AppendError::AlreadyRedeemed(live) => EngineError::AlreadyServed(live),
            AppendError::UnknownClaim(claim) => EngineError::NoSuchClaim(claim),
            AppendError::AlreadyVoided(claim) => EngineError::ClaimVoided(claim),
            AppendError::Protocol(error) => EngineError::Protocol(error),
            AppendError::Ledger(error) => EngineError::Ledger(error),
        }
    }
}

/// What is known of a voucher beside its own bytes.
struct Known<'a> {
    ledger: &'a Ledger,
    trust: &'a Trust,
}

impl Lookup for Known<'_> {
    type Error = EngineError;

    fn redeemed(&self, identity: &VoucherIdentity) -> Result<Option<LiveRedemption>, EngineError> {
        Ok(self.ledger.live_redemption(identity)?)
    }

    fn status_list(&self, number: u32) -> Result<Option<&StatusList>, EngineError> {
        self.trust.status_list(number, || {
            let held = self.ledger.status_lists()?;
            Ok(held.into_iter().find(|list| list.number == number).map(|list| list.token))
        })
    }
}

/// Splits what the sender is to blame for from broken storage.
fn refused(error: AcceptError) -> Result<protocol::Error, EngineError> {
    match error {
        AcceptError::Ledger(error) => Err(error.into()),
        AcceptError::Protocol(error) => Ok(error),
        AcceptError::OtherDevice | AcceptError::OtherChain => Ok(protocol::Error::Signature),
        AcceptError::Older => Ok(protocol::Error::Rule {
            object: "answer",
            rule: "it is older than what this phone holds",
        }),
    }
}

/// A trust file was verified before it was stored; one that no longer holds together was altered.
fn broken_trust(error: &protocol::Error) -> EngineError {
    EngineError::Ledger(LedgerError::Corrupt { detail: format!("stored trust file: {error}") })
}

fn check_size(document: &DocumentContent) -> Result<(), EngineError> {
    match document.content.len() {
        1..=MAX_DOCUMENT_LEN => Ok(()),
        _ => Err(EngineError::DocumentSize),
    }
}

/// A UUIDv7 of the time that the voucher was judged at.
fn new_claim_id(now: Timestamp) -> Result<ClaimId, EngineError> {
    let mut random = [0; 10];
    getrandom::fill(&mut random).map_err(|_| EngineError::NoRandomness)?;
    let millis = now.as_seconds() * 1000;
    let uuid = uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid();
    Ok(ClaimId::from_uuid(uuid))
}

/// The version of this program.
fn app_version() -> [u32; 3] {
    let part = |text: &str| text.parse().unwrap_or(0);
    [
        part(env!("CARGO_PKG_VERSION_MAJOR")),
        part(env!("CARGO_PKG_VERSION_MINOR")),
        part(env!("CARGO_PKG_VERSION_PATCH")),
    ]
}
