//! The verdict on a voucher: accept with warnings, or refuse with the one reason that comes first.
//!
//! Decided here and nowhere else (docs/protocol.md §10). Words, colours and sounds hang on the stable codes.

use crate::clock::{ClockTrust, DeviceClock, Floors, Now};
use crate::ledger::LiveRedemption;
use crate::vouchers::{ListedStatus, NamedVoucher};
use protocol::authenticity::{self, Authentic, NotAuthentic, SignedBy};
use protocol::delegation::Beyond;
use protocol::id::Audience;
use protocol::profile::Profile;
use protocol::record::SignedVoucher;
use protocol::status::{Status, StatusList};
use protocol::trust::{Grade, IssuedSets, Programme, TooOldPolicy, TrustList, TrustState};
use protocol::voucher::{StatusRef, Voucher, VoucherIdentity};
use protocol::{Span, Timestamp};

/// What the phone says of a text that was shown to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Serve it.
    Accept(Box<Accepted>),
    /// Do not serve it.
    Refuse(Box<Refusal>),
}

/// A voucher that may be served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// The voucher as its issuer signed it.
    pub signed: SignedVoucher,
    /// Its claims.
    pub voucher: Voucher,
    /// How its issuer signed it.
    pub signed_by: SignedBy,
    /// Its programme.
    pub programme: Programme,
    /// The time it was judged at.
    pub now: Now,
    /// What staff should know.
    pub warnings: Vec<Warning>,
}

/// A voucher, or some other text, that may not be served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The first reason that holds.
    pub reason: Reason,
    /// The claims, when a trusted issuer signed them.
    pub voucher: Option<Voucher>,
    /// Its programme, when the trust list has it.
    pub programme: Option<Programme>,
}

/// What staff should know of a voucher that is accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Warning {
    /// The trust list is old.
    TrustStale {
        /// How long ago it was issued.
        age: Span,
    },
    /// The status list is old.
    StatusStale {
        /// Its age.
        age: Span,
    },
    /// No status list covers the voucher: it may have been revoked.
    StatusUnknown,
    /// The device's clock does not agree with what the phone knows.
    ClockDoubtful(ClockTrust),
    /// The device profile is old.
    ProfileStale {
        /// How long ago it was issued.
        age: Span,
    },
}

impl Warning {
    /// The stable code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Warning::TrustStale { .. } => "trust_stale",
            Warning::StatusStale { .. } => "status_stale",
            Warning::StatusUnknown => "status_unknown",
            Warning::ClockDoubtful(_) => "clock_doubtful",
            Warning::ProfileStale { .. } => "profile_stale",
        }
    }
}

/// Why a text is refused, in the order in which reasons are looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// The text is no voucher at all.
    NotAVoucher,
    /// It looks like a voucher and cannot be read.
    Unreadable {
        /// The protocol's code of the fault.
        code: &'static str,
    },
    /// No key of the trust list has its key id.
    UnknownIssuer,
    /// The signature is not the issuer's.
    Forged,
    /// The issuer's key was compromised.
    IssuerCompromised,
    /// A field officer's phone issued it, beyond what was delegated to it.
    BeyondDelegation(Beyond),
    /// The issuer may not issue for that programme, or this phone does not serve it.
    WrongProgramme,
    /// Trust list or profile are too old.
    TrustTooOld {
        /// Which of them.
        what: Held,
        /// How long ago it was issued.
        age: Span,
    },
    /// The device's clock was turned back.
    ClockTurnedBack {
        /// By how much at least.
        by: Span,
    },
    /// This phone has served it.
    AlreadyRedeemed(LiveRedemption),
    /// It was taken back.
    Revoked,
    /// It is held until the suspension is lifted.
    Suspended,
    /// Another phone's claim on it reached the server.
    RedeemedElsewhere,
    /// It is for another provider.
    WrongProvider {
        /// Whom it is for.
        audience: Audience,
    },
    /// This provider's own phone issued it under a delegation.
    IssuedByThisProvider,
    /// The issuer's key was not in force when the voucher says it was issued.
    IssuerNotValid,
    /// Its time has not come.
    NotYetValid {
        /// The first valid second.
        from: Timestamp,
    },
    /// Its last day is over.
    Expired {
        /// The first second after the last valid day.
        expired: Timestamp,
    },
}

/// What a phone holds from the server and may have grown old.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Held {
    /// The trust list.
    TrustList,
    /// The device profile.
    Profile,
}

impl Reason {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Reason::NotAVoucher => "not_a_voucher",
            Reason::Unreadable { .. } => "unreadable",
            Reason::UnknownIssuer => "unknown_issuer",
            Reason::Forged => "forged",
            Reason::IssuerCompromised => "issuer_compromised",
            Reason::BeyondDelegation(_) => "beyond_delegation",
            Reason::WrongProgramme => "wrong_programme",
            Reason::TrustTooOld { .. } => "trust_too_old",
            Reason::ClockTurnedBack { .. } => "clock_turned_back",
            Reason::AlreadyRedeemed(_) => "already_redeemed",
            Reason::Revoked => "revoked",
            Reason::Suspended => "suspended",
            Reason::RedeemedElsewhere => "redeemed_elsewhere",
            Reason::WrongProvider { .. } | Reason::IssuedByThisProvider => "wrong_provider",
            Reason::IssuerNotValid => "issuer_not_valid",
            Reason::NotYetValid { .. } => "not_yet_valid",
            Reason::Expired { .. } => "expired",
        }
    }
}

/// What a supervisor may allow all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overridable {
    /// Trust list or profile are too old.
    TrustTooOld,
    /// The device's clock was turned back.
    ClockTurnedBack,
}

impl Overridable {
    /// The stable code of the reason.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Overridable::TrustTooOld => "trust_too_old",
            Overridable::ClockTurnedBack => "clock_turned_back",
        }
    }
}

impl Refusal {
    /// What of it a supervisor may allow.
    #[must_use]
    pub fn overridable(&self) -> Option<Overridable> {
        match self.reason {
            _ if !self.may_be_overridden() => None,
            Reason::TrustTooOld { .. } => Some(Overridable::TrustTooOld),
            Reason::ClockTurnedBack { .. } => Some(Overridable::ClockTurnedBack),
            _ => None,
        }
    }

    /// Whether the programme lets a supervisor allow the voucher all the same: only when trust is too
    /// old or the clock is in doubt.
    #[must_use]
    pub fn may_be_overridden(&self) -> bool {
        let asks =
            self.programme.as_ref().is_some_and(|p| p.too_old == TooOldPolicy::AskSupervisor);
        match self.reason {
            Reason::TrustTooOld { .. } => asks,
            Reason::ClockTurnedBack { .. } => true,
            _ => false,
        }
    }
}

/// What the phone knows when it decides.
pub struct Circumstances<'a> {
    /// The trust in force.
    pub trust: &'a TrustState,
    /// The sets that are held of what was truly issued under compromised keys.
    pub issued: &'a IssuedSets,
    /// The device profile.
    pub profile: &'a Profile,
    /// What the device's clocks say.
    pub clock: DeviceClock,
    /// What the ledger knows of passed times.
    pub floors: &'a Floors,
}

/// What the phone looks up once it knows which voucher it is.
pub trait Lookup {
    /// What can go wrong: broken machinery, never a verdict.
    type Error;

    /// The live redemption of a voucher on this phone.
    ///
    /// # Errors
    /// When storage is broken.
    fn redeemed(&self, identity: &VoucherIdentity) -> Result<Option<LiveRedemption>, Self::Error>;

    /// The status list of this number that the phone holds and that verifies under the trust list.
    ///
    /// # Errors
    /// When storage is broken.
    fn status_list(&self, number: u32) -> Result<Option<&StatusList>, Self::Error>;
}

/// Decides on a text. Writes nothing.
///
/// # Errors
/// Those of the look-ups alone; whatever is wrong with the voucher is a verdict.
pub fn decide<L: Lookup>(
    text: &str,
    circumstances: &Circumstances<'_>,
    lookup: &L,
) -> Result<Verdict, L::Error> {
    decide_with_override(text, circumstances, &[], lookup)
}

/// Decides on a text when a supervisor allows some reasons: what they allow is a warning, and all other
/// reasons are looked for as ever. Writes nothing.
///
/// # Errors
/// As [`decide`].
pub fn decide_with_override<L: Lookup>(
    text: &str,
    circumstances: &Circumstances<'_>,
    allowed: &[Overridable],
    lookup: &L,
) -> Result<Verdict, L::Error> {
    let trust = circumstances.trust.list();
    let authentic = authenticity::read_text(text).and_then(|signed| {
        Ok((authenticity::authenticate(&signed, trust, circumstances.issued)?, signed))
    });
    let (authentic, signed) = match authentic {
        Ok(found) => found,
        Err(reason) => return Ok(refuse(unauthentic(&reason), None, trust)),
    };
    let mut warnings = Vec::new();
    let now = circumstances.floors.effective_now(circumstances.clock, trust.expires);
    match find_reason(&authentic, circumstances, now, allowed, lookup, &mut warnings)? {
        Some(reason) => Ok(refuse(reason, Some(authentic.voucher), trust)),
        None => Ok(match trust.programme(&authentic.voucher.programme) {
            Some(programme) => Verdict::Accept(Box::new(Accepted {
                signed,
                programme: programme.clone(),
                voucher: authentic.voucher,
                signed_by: authentic.signed_by,
                now,
                warnings,
            })),
            None => refuse(Reason::WrongProgramme, Some(authentic.voucher), trust),
        }),
    }
}

fn refuse(reason: Reason, voucher: Option<Voucher>, trust: &TrustList) -> Verdict {
    let programme = voucher.as_ref().and_then(|it| trust.programme(&it.programme)).cloned();
    Verdict::Refuse(Box::new(Refusal { reason, voucher, programme }))
}

fn unauthentic(reason: &NotAuthentic) -> Reason {
    match reason {
        NotAuthentic::NotAVoucher => Reason::NotAVoucher,
        NotAuthentic::Unreadable(error) => Reason::Unreadable { code: error.code() },
        NotAuthentic::UnknownIssuer => Reason::UnknownIssuer,
        NotAuthentic::Forged => Reason::Forged,
        NotAuthentic::IssuerCompromised => Reason::IssuerCompromised,
        NotAuthentic::BeyondDelegation(limit) => Reason::BeyondDelegation(*limit),
        NotAuthentic::WrongProgramme => Reason::WrongProgramme,
    }
}

/// What the phone says of a reference that was typed: there are no signed bytes to judge, so it goes by the
/// office's list, and the programme must allow it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReferenceVerdict {
    /// It may be served; a person at the office decides on the claim.
    Accept(Box<AcceptedReference>),
    /// It may not.
    Refuse(ReferenceRefusal),
}

/// A listed voucher that may be served by its reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AcceptedReference {
    /// The voucher as the office lists it.
    pub voucher: NamedVoucher,
    /// Its programme.
    pub programme: Programme,
    /// The time it was judged at.
    pub now: Now,
    /// What staff should know.
    pub warnings: Vec<Warning>,
}

/// Why a voucher is not served by its reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReferenceRefusal {
    /// The office's list for this provider does not have it.
    NotListed,
    /// The programme's vouchers are not served by their references.
    NotAllowed,
    /// What would stand against a scanned voucher stands against it.
    Refused(Reason),
}

impl ReferenceRefusal {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            ReferenceRefusal::NotListed => "not_listed",
            ReferenceRefusal::NotAllowed => "by_reference_not_allowed",
            ReferenceRefusal::Refused(reason) => reason.code(),
        }
    }
}

/// Decides on a reference. `listed` is the voucher that the office's list has under it, and how old the list is;
/// `live` this phone's own redemption of it.
#[must_use]
pub fn decide_by_reference(
    listed: Option<(&NamedVoucher, Span)>,
    circumstances: &Circumstances<'_>,
    live: Option<LiveRedemption>,
) -> ReferenceVerdict {
    let Circumstances { trust, profile, .. } = circumstances;
    let refuse = |reason| ReferenceVerdict::Refuse(ReferenceRefusal::Refused(reason));
    let Some((voucher, age)) = listed else {
        return ReferenceVerdict::Refuse(ReferenceRefusal::NotListed);
    };
    let programme = trust.list().programme(&voucher.programme);
    let Some(programme) = programme.filter(|it| profile.programmes.contains(&it.id)) else {
        return refuse(Reason::WrongProgramme);
    };
    if !programme.by_reference {
        return ReferenceVerdict::Refuse(ReferenceRefusal::NotAllowed);
    }
    let now = circumstances.floors.effective_now(circumstances.clock, trust.list().expires);
    let mut warnings = Vec::new();
    if let Some(reason) = freshness(trust, profile, now.time, false, &mut warnings)
        .or_else(|| clock(now, programme, false, &mut warnings))
    {
        return refuse(reason);
    }
    if trust.list().status_freshness.grade(age) != Grade::Fresh {
        warnings.push(Warning::StatusStale { age });
    }
    let zone = &programme.zone;
    let expired = || zone.end_of(voucher.last_day).unwrap_or(now.time);
    let from = || zone.start_of(voucher.first_day).unwrap_or(now.time);
    match voucher.listed_status(zone.day_of(now.time), live) {
        ListedStatus::Open => ReferenceVerdict::Accept(Box::new(AcceptedReference {
            voucher: voucher.clone(),
            programme: programme.clone(),
            now,
            warnings,
        })),
        ListedStatus::ServedHere(live) => refuse(Reason::AlreadyRedeemed(live)),
        ListedStatus::Revoked => refuse(Reason::Revoked),
        ListedStatus::Suspended => refuse(Reason::Suspended),
        ListedStatus::Served => refuse(Reason::RedeemedElsewhere),
        ListedStatus::NotYet => refuse(Reason::NotYetValid { from: from() }),
        ListedStatus::Expired => refuse(Reason::Expired { expired: expired() }),
    }
}

/// The first reason that holds against an authentic voucher, in the order of docs/protocol.md §10.
fn find_reason<L: Lookup>(
    authentic: &Authentic,
    circumstances: &Circumstances<'_>,
    now: Now,
    allowed: &[Overridable],
    lookup: &L,
    warnings: &mut Vec<Warning>,
) -> Result<Option<Reason>, L::Error> {
    let Circumstances { trust, profile, .. } = circumstances;
    let voucher = &authentic.voucher;
    let programme = trust.list().programme(&voucher.programme);
    let Some(programme) = programme.filter(|_| profile.programmes.contains(&voucher.programme))
    else {
        return Ok(Some(Reason::WrongProgramme));
    };
    let is_allowed = |reason| allowed.contains(&reason);
    let age_is_allowed = is_allowed(Overridable::TrustTooOld);
    if let Some(reason) = freshness(trust, profile, now.time, age_is_allowed, warnings) {
        return Ok(Some(reason));
    }
    let clock_is_allowed = is_allowed(Overridable::ClockTurnedBack);
    if let Some(reason) = clock(now, programme, clock_is_allowed, warnings) {
        return Ok(Some(reason));
    }
    if let Some(live) = lookup.redeemed(&voucher.identity)? {
        return Ok(Some(Reason::AlreadyRedeemed(live)));
    }
    if let Some(reason) = status(voucher, trust.list(), now.time, lookup, warnings)? {
        return Ok(Some(reason));
    }
    if let Some(audience) = voucher.audience.as_ref().filter(|it| !profile.serves(Some(it))) {
        return Ok(Some(Reason::WrongProvider { audience: audience.clone() }));
    }
    if authentic.delegated().is_some_and(|it| it.issued_by(&profile.device, &profile.provider)) {
        return Ok(Some(Reason::IssuedByThisProvider));
    }
    if !authentic.key_in_force {
        return Ok(Some(Reason::IssuerNotValid));
    }
    if now.time < voucher.not_before {
        return Ok(Some(Reason::NotYetValid { from: voucher.not_before }));
    }
    if now.time >= voucher.expires {
        return Ok(Some(Reason::Expired { expired: voucher.expires }));
    }
    Ok(None)
}

fn clock(
    now: Now,
    programme: &Programme,
    is_allowed: bool,
    warnings: &mut Vec<Warning>,
) -> Option<Reason> {
    match now.trust {
        ClockTrust::Good => None,
        ClockTrust::Behind(by) if by > programme.clock_tolerance && !is_allowed => {
            Some(Reason::ClockTurnedBack { by })
        }
        doubt => {
            warnings.push(Warning::ClockDoubtful(doubt));
            None
        }
    }
}

fn freshness(
    trust: &TrustState,
    profile: &Profile,
    now: Timestamp,
    age_is_allowed: bool,
    warnings: &mut Vec<Warning>,
) -> Option<Reason> {
    // What is too old and allowed is shown as what is stale is.
    let graded = |grade| match grade {
        Grade::TooOld if age_is_allowed => Grade::Stale,
        grade => grade,
    };
    let age = trust.age(now);
    match graded(trust.grade(now)) {
        Grade::Fresh => {}
        Grade::Stale => warnings.push(Warning::TrustStale { age }),
        Grade::TooOld => return Some(Reason::TrustTooOld { what: Held::TrustList, age }),
    }
    let age = now.since(profile.issued);
    match graded(profile.freshness.grade(age)) {
        Grade::Fresh => {}
        Grade::Stale => warnings.push(Warning::ProfileStale { age }),
        Grade::TooOld => return Some(Reason::TrustTooOld { what: Held::Profile, age }),
    }
    None
}

/// What the status lists say. Unknown is not "not revoked": it is a warning.
fn status<L: Lookup>(
    voucher: &Voucher,
    trust: &TrustList,
    now: Timestamp,
    lookup: &L,
    warnings: &mut Vec<Warning>,
) -> Result<Option<Reason>, L::Error> {
    let covered = voucher.status.filter(|at| {
        trust.status_list(at.list).is_some_and(|entry| entry.programme == voucher.programme)
    });
    let found = match covered {
        None => None,
        Some(StatusRef { list, index }) => {
            lookup.status_list(list)?.and_then(|list| Some((list, list.entries.get(index).ok()?)))
        }
    };
    let Some((list, status)) = found else {
        warnings.push(Warning::StatusUnknown);
        return Ok(None);
    };
    let age = now.since(list.issued);
    let expired = list.expires.is_some_and(|expires| now >= expires);
    if expired || trust.status_freshness.grade(age) != Grade::Fresh {
        warnings.push(Warning::StatusStale { age });
    }
    Ok(match status {
        Status::Valid => None,
        Status::Revoked => Some(Reason::Revoked),
        Status::Suspended => Some(Reason::Suspended),
        Status::Redeemed => Some(Reason::RedeemedElsewhere),
    })
}
