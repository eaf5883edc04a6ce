//! What Kotlin sees of the engine. Without logic: everything here translates and calls.
//!
//! UniFFI generates the border from these items, the only unsafe code of this crate. A check's outcome is a value; an
//! exception means broken machinery, and says which. Ids and days are text here, times are seconds since 1970.
#![allow(
    unsafe_code,
    reason = "UniFFI's generated functions are exported by name and take raw buffers"
)]

mod bundles;
mod by_reference;
mod frames;
mod keys;
mod overrides;
mod vouchers;

pub use bundles::{Export, ExportedFile, ImportReport, Imported};
pub use by_reference::{
    AcceptedReference, ReferenceRedemption, ReferenceRefusal, ReferenceService, ReferenceVerdict,
};
pub use frames::{
    Corner, Crop, FrameLayout, FrameStream, Rotation, Symbol, SymbolContent, scan_luma,
};
pub use keys::{KeyStore, KeyStoreError};
pub use overrides::OverrideOutcome;
pub use vouchers::{ListedStatus, ListedStatusKind, ListedVoucher, VoucherListing, VoucherSearch};

use crate::clock::{self, ClockTrust};
use crate::device_key::FileKey;
use crate::home::Home;
use crate::ledger::{self, Delivery, DocumentContent, KeyInFile, Ledger, Page, ServedVoucher};
use crate::verdict::{self, Held};
use crate::{sync, verifier};
use protocol::id::{Audience, BootId, ClaimId, EntitlementId, OperatorId};
use protocol::money::{GoodsLine, Quantity};
use protocol::record::Monotonic;
use protocol::voucher::Holder;
use protocol::{Hash, Money, Timestamp};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use thiserror::Error;

uniffi::setup_scaffolding!();

/// Machinery that failed, or a call that cannot be carried out. Nothing was recorded. The message is for people; the
/// type is what an app may decide by.
#[derive(Debug, Error, uniffi::Error)]
#[uniffi(flat_error)]
pub enum EngineError {
    /// The camera's buffer does not hold the frame that was announced.
    #[error(
        "the camera's picture cannot be used: {0}; restart the camera, and report it if it comes back"
    )]
    Frame(#[from] scan::FrameError),
    /// Home, device key or ledger cannot be used.
    #[error("{0}")]
    Storage(verifier::EngineError),
    /// This phone is not enrolled, or an enrolment code is not good.
    #[error("{0}")]
    Enrolment(verifier::EngineError),
    /// The programme's rules or what was recorded before stand against it.
    #[error("{0}")]
    NotAllowed(verifier::EngineError),
    /// The engine could not do its part.
    #[error("{0}")]
    Machinery(verifier::EngineError),
    /// The app passed a value that has no meaning.
    #[error("{0}")]
    Argument(protocol::Error),
    /// The phone's key store does not give or use its key.
    #[error("{0}; start the phone again, and tell the programme office if it comes back")]
    KeyStore(#[from] KeyStoreError),
}

impl From<verifier::EngineError> for EngineError {
    fn from(error: verifier::EngineError) -> Self {
        use verifier::EngineError as E;
        match error {
            E::Home(_) | E::DeviceKey(_) | E::Ledger(_) => Self::Storage(error),
            E::NotEnrolled
            | E::EnrolmentUnfinished
            | E::EnrolledElsewhere(_)
            | E::NotAnOffer(_)
            | E::OfferExpired(_)
            | E::DeviceKeyLost
            | E::OfferWithoutKey => Self::Enrolment(error),
            E::NoSuchClaim(_)
            | E::AlreadyServed(_)
            | E::ClaimVoided(_)
            | E::DocumentSize
            | E::UnknownOperator(_)
            | E::UnknownSupervisor(_)
            | E::WrongPin
            | E::PinWait(_)
            | E::TooManyUnsent(_)
            | E::TooManyDelegated(_)
            | E::NoDelegation
            | E::BeyondDelegation(_)
            | E::MayNotIssue(_)
            | E::IssuedBeforeBackup
            | E::VoucherTooLong
            | E::AppTooOld(_) => Self::NotAllowed(error),
            E::NoSealingKey | E::NoRandomness | E::Protocol(_) => Self::Machinery(error),
        }
    }
}

impl From<protocol::Error> for EngineError {
    fn from(error: protocol::Error) -> Self {
        Self::Argument(error)
    }
}

type Result<T> = std::result::Result<T, EngineError>;

// The phone

/// What the device's clocks say at one moment.
#[derive(Clone, Debug, uniffi::Record)]
pub struct DeviceClock {
    /// The clock that people can set: seconds since 1970, UTC.
    pub time: u64,
    /// The clock that only runs on, sleep included: milliseconds since the device was started.
    pub elapsed_millis: u64,
    /// Any text that stays the same until the device is started again, and never comes back after.
    pub boot: String,
}

/// One phone: its key, its trust and its ledger.
#[derive(uniffi::Object)]
pub struct Verifier {
    engine: Mutex<verifier::Verifier>,
    sync: Mutex<Weak<SyncRun>>,
}

#[uniffi::export]
impl Verifier {
    /// Opens the phone that lives in a directory; a new one where there is none. Its keys lie in files there.
    ///
    /// # Errors
    /// [`EngineError::Storage`], also while another program has the directory open.
    #[uniffi::constructor]
    pub fn open(home: &str) -> Result<Arc<Self>> {
        let home = Home::open(home).map_err(verifier::EngineError::from)?;
        let device = FileKey::load_or_create(&home).map_err(verifier::EngineError::from)?;
        let ledger = Ledger::open(home, &KeyInFile, &protocol::key::Signer::public_key(&device))
            .map_err(verifier::EngineError::from)?;
        let engine = verifier::Verifier::new(ledger, Box::new(device))?;
        Ok(Arc::new(Self { engine: Mutex::new(engine), sync: Mutex::default() }))
    }

    /// The eight digits of this phone's key, for staff to compare with the office's screen.
    pub fn digits(&self) -> String {
        self.engine().digits()
    }

    /// Takes up an enrolment code; the next sync carries the request.
    ///
    /// # Errors
    /// [`EngineError::Enrolment`] for a code that is none, or is over, or another server's.
    pub fn enrol(&self, text: &str, now: DeviceClock) -> Result<()> {
        self.engine().enrol(text, now.into())?;
        Ok(())
    }

    /// Decides on the text of a symbol. Writes nothing.
    ///
    /// # Errors
    /// [`EngineError::Enrolment`] before the phone has its profile, [`EngineError::Storage`].
    pub fn check(&self, text: &str, now: DeviceClock) -> Result<Verdict> {
        Ok(self.engine().check(text, now.into())?.into())
    }

    /// Decides on the text of a symbol and, if it is accepted, records that it was served. When this returns
    /// [`Redemption::Done`], the record is on the disk.
    ///
    /// # Errors
    /// Nothing was recorded, and why.
    pub fn redeem(&self, text: &str, service: Service, now: DeviceClock) -> Result<Redemption> {
        let service = service.try_into()?;
        Ok(self.engine().redeem(text, service, now.into())?.into())
    }

    /// Takes a redemption back; the voucher can be served again.
    ///
    /// # Errors
    /// [`EngineError::NotAllowed`] for a claim that is unknown or was taken back before.
    pub fn void(
        &self,
        claim: &str,
        reason: &str,
        operator: Option<String>,
        now: DeviceClock,
    ) -> Result<()> {
        let claim = claim_id(claim)?;
        self.engine().void(claim, reason, operator_id(operator)?, now.into())?;
        Ok(())
    }

    /// Attaches a document to a claim. When this returns, the record is on the disk, and the document with it.
    ///
    /// # Errors
    /// [`EngineError::NotAllowed`] for a claim that is unknown or was taken back, and for a document that is too large.
    pub fn attach(
        &self,
        claim: &str,
        document: NewDocument,
        operator: Option<String>,
        now: DeviceClock,
    ) -> Result<()> {
        let claim = claim_id(claim)?;
        self.engine().attach(claim, document.into(), operator_id(operator)?, now.into())?;
        Ok(())
    }

    /// The delegations under which this phone may issue.
    ///
    /// # Errors
    /// [`EngineError::Enrolment`] before the phone has its profile, [`EngineError::Storage`].
    pub fn delegations(&self) -> Result<Vec<HeldDelegation>> {
        Ok(self.engine().delegations()?.into_iter().map(HeldDelegation::from).collect())
    }

    /// Issues a voucher under a delegation. When this returns, the record is on the disk.
    ///
    /// # Errors
    /// Nothing was issued, and why: [`EngineError::NotAllowed`] beyond what was delegated.
    pub fn issue(
        &self,
        order: FieldOrder,
        operator: Option<String>,
        now: DeviceClock,
    ) -> Result<IssuedInField> {
        let order = order.try_into()?;
        Ok(self.engine().issue(&order, operator_id(operator)?, now.into())?.into())
    }

    /// At most `limit` claims of this phone, newest first, from the one after `before` on.
    ///
    /// # Errors
    /// [`EngineError::Storage`].
    pub fn claims(&self, before: Option<String>, limit: u32) -> Result<Vec<Claim>> {
        let before = before.map(|id| claim_id(&id)).transpose()?;
        let claims = self.engine().claims(Page { before, limit })?;
        Ok(claims.into_iter().map(Claim::from).collect())
    }

    /// One claim of this phone.
    ///
    /// # Errors
    /// [`EngineError::NotAllowed`] for a claim that is unknown, [`EngineError::Storage`].
    pub fn claim(&self, claim: &str) -> Result<Claim> {
        Ok(self.engine().claim(claim_id(claim)?)?.into())
    }

    /// The phone's health at a glance.
    ///
    /// # Errors
    /// [`EngineError::Storage`].
    pub fn health(&self, now: DeviceClock) -> Result<Health> {
        Ok(self.engine().health(now.into())?.into())
    }

    /// Begins an exchange with the server; nothing while another one is under way.
    pub fn begin_sync(self: Arc<Self>) -> Option<Arc<SyncRun>> {
        let mut current = unpoisoned(&self.sync);
        if current.strong_count() > 0 {
            return None;
        }
        let run = Arc::new(SyncRun { phone: Arc::clone(&self), run: Mutex::default() });
        *current = Arc::downgrade(&run);
        Some(run)
    }
}

impl Verifier {
    fn engine(&self) -> MutexGuard<'_, verifier::Verifier> {
        unpoisoned(&self.engine)
    }
}

/// A panic reaches the app as an exception, and the phone must go on: what counts is in the ledger, where a broken-off
/// write leaves nothing behind.
fn unpoisoned<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl From<DeviceClock> for clock::DeviceClock {
    fn from(DeviceClock { time, elapsed_millis, boot }: DeviceClock) -> Self {
        let boot = *Hash::of(boot.as_bytes()).as_bytes();
        Self {
            time: Timestamp::from_seconds(time).unwrap_or(Timestamp::MAX),
            monotonic: Monotonic {
                millis: elapsed_millis,
                boot: BootId::from_bytes(std::array::from_fn(|at| boot[at])),
            },
        }
    }
}

fn claim_id(text: &str) -> Result<ClaimId> {
    ClaimId::from_hex(text)
        .ok_or(EngineError::Argument(protocol::Error::Field { object: "call", field: "claim" }))
}

fn operator_id(text: Option<String>) -> Result<Option<OperatorId>> {
    Ok(text.map(OperatorId::new).transpose()?)
}

// Vouchers and verdicts

/// What a voucher gives, or what was given for it.
#[derive(Clone, Debug, uniffi::Enum)]
pub enum Benefit {
    /// An amount of money.
    Money {
        /// In the currency's smallest units.
        minor_units: u64,
        /// ISO 4217 code.
        currency: String,
    },
    /// Goods.
    Goods {
        /// Each item once.
        lines: Vec<Goods>,
    },
}

/// One kind of goods.
#[derive(Clone, Debug, uniffi::Record)]
pub struct Goods {
    /// The item's name in the programme's list.
    pub item: String,
    /// Thousandths of the unit.
    pub thousandths: u64,
    /// The unit, such as `kg`.
    pub unit: String,
}

impl From<protocol::Benefit> for Benefit {
    fn from(benefit: protocol::Benefit) -> Self {
        match benefit {
            protocol::Benefit::Money(money) => {
                Self::Money { minor_units: money.minor(), currency: money.currency().to_string() }
            }
            protocol::Benefit::Goods(lines) => Self::Goods {
                lines: lines
                    .into_iter()
                    .map(|GoodsLine { item, quantity, unit }| Goods {
                        item,
                        thousandths: quantity.thousandths(),
                        unit,
                    })
                    .collect(),
            },
        }
    }
}

impl TryFrom<Benefit> for protocol::Benefit {
    type Error = protocol::Error;

    fn try_from(benefit: Benefit) -> protocol::Result<Self> {
        Ok(match benefit {
            Benefit::Money { minor_units, currency } => {
                Self::Money(Money::new(minor_units, currency.parse()?)?)
            }
            Benefit::Goods { lines } => Self::Goods(
                lines
                    .into_iter()
                    .map(|Goods { item, thousandths, unit }| {
                        Ok(GoodsLine {
                            item,
                            quantity: Quantity::from_thousandths(thousandths)?,
                            unit,
                        })
                    })
                    .collect::<protocol::Result<_>>()?,
            ),
        })
    }
}

/// A programme, as far as a screen shows it.
#[derive(Clone, Debug, uniffi::Record)]
pub struct Programme {
    /// Its name, for people.
    pub name: String,
    /// How many decimal places its currency has.
    pub decimals: u8,
}

/// A voucher that a trusted issuer signed.
#[derive(Clone, Debug, uniffi::Record)]
pub struct Voucher {
    /// Who issued it.
    pub issuer: String,
    /// Its reference under that issuer.
    pub reference: String,
    /// What it gives.
    pub benefit: Benefit,
    /// The kind of assistance, in the programme's words.
    pub assistance: String,
    /// The holder's name, where the programme shows it.
    pub holder_name: Option<String>,
    /// The holder's year of birth.
    pub holder_birth_year: Option<u16>,
    /// The last characters of the holder's identity number.
    pub holder_id_tail: Option<String>,
    /// The one provider or group that may serve it; any of the programme's if absent.
    pub audience: Option<String>,
    /// The first valid second.
    pub not_before: u64,
    /// The first second after the last valid day.
    pub expires: u64,
    /// The last valid day, `2026-11-30`, in the programme's time zone; where the programme is known.
    pub last_day: Option<String>,
    /// Its programme, where the trust list has it.
    pub programme: Option<Programme>,
    /// What its supporting documents are.
    pub documents: Vec<SupportingDocument>,
}

/// A document that a voucher names.
#[derive(Clone, Debug, uniffi::Record)]
pub struct SupportingDocument {
    /// SHA-256 of the content, in hex.
    pub sha256: String,
    /// What it is, in words.
    pub label: String,
}

impl Voucher {
    fn of(
        voucher: protocol::voucher::Voucher,
        programme: Option<&protocol::trust::Programme>,
    ) -> Self {
        let (holder_name, holder_birth_year, holder_id_tail) = match voucher.holder {
            Some(holder) => (Some(holder.name), holder.birth_year, holder.id_tail),
            None => (None, None, None),
        };
        Self {
            issuer: voucher.identity.issuer.to_string(),
            reference: voucher.identity.reference.to_string(),
            benefit: voucher.benefit.into(),
            assistance: voucher.assistance,
            holder_name,
            holder_birth_year,
            holder_id_tail,
            audience: voucher.audience.map(|audience| audience.to_string()),
            not_before: voucher.not_before.as_seconds(),
            expires: voucher.expires.as_seconds(),
            last_day: programme.map(|it| it.zone.last_day_before(voucher.expires).to_string()),
            programme: programme
                .map(|it| Programme { name: it.name.clone(), decimals: it.decimals }),
            documents: voucher
                .documents
                .into_iter()
                .map(|it| SupportingDocument { sha256: it.hash.to_string(), label: it.label })
                .collect(),
        }
    }
}

/// What the phone says of a text that was shown to it.
#[derive(Clone, Debug, uniffi::Enum)]
pub enum Verdict {
    /// Serve it.
    Accept {
        /// The voucher, and what staff should know.
        accepted: Accepted,
    },
    /// Do not serve it.
    Refuse {
        /// Why.
        refusal: Refusal,
    },
}

/// A voucher that may be served.
#[derive(Clone, Debug, uniffi::Record)]
pub struct Accepted {
    /// The voucher.
    pub voucher: Voucher,
    /// What staff should know.
    pub warnings: Vec<Warning>,
}

/// A text that may not be served.
#[derive(Clone, Debug, uniffi::Record)]
pub struct Refusal {
    /// The first reason that holds.
    pub reason: Reason,
    /// The voucher, when a trusted issuer signed it.
    pub voucher: Option<Voucher>,
    /// Whether the programme lets a supervisor allow it all the same.
    pub may_be_overridden: bool,
}

/// What staff should know of a voucher that is accepted. Ages are seconds.
#[derive(Clone, Debug, uniffi::Enum)]
pub enum Warning {
    /// The trust list is old.
    TrustStale {
        /// Seconds since it was issued.
        age: u64,
    },
    /// The status list is old.
    StatusStale {
        /// Its age in seconds.
        age: u64,
    },
    /// No status list covers the voucher: it may have been revoked.
    StatusUnknown,
    /// The device's clock is slow.
    ClockBehind {
        /// By so many seconds at least.
        by: u64,
    },
    /// The device's clock may be fast.
    ClockAhead {
        /// By so many seconds.
        by: u64,
    },
    /// The device profile is old.
    ProfileStale {
        /// Seconds since it was issued.
        age: u64,
    },
}

/// Why a text is refused. Times are seconds since 1970, ages are seconds.
#[derive(Clone, Debug, uniffi::Enum)]
pub enum Reason {
    /// The text is no voucher at all.
    NotAVoucher,
    /// It looks like a voucher and cannot be read.
    Unreadable {
        /// The protocol's code of the fault.
        code: String,
    },
    /// No key of the trust list has its key id.
    UnknownIssuer,
    /// The signature is not the issuer's.
    Forged,
    /// The issuer's key was compromised.
    IssuerCompromised,
    /// A field officer's phone issued it, beyond what was delegated to it.
    BeyondDelegation {
        /// The protocol's code of the limit.
        limit: String,
    },
    /// The issuer may not issue for that programme, or this phone does not serve it.
    WrongProgramme,
    /// The trust list is too old.
    TrustTooOld {
        /// Seconds since it was issued.
        age: u64,
    },
    /// The device profile is too old.
    ProfileTooOld {
        /// Seconds since it was issued.
        age: u64,
    },
    /// The device's clock was turned back.
    ClockTurnedBack {
        /// By so many seconds at least.
        by: u64,
    },
    /// This phone has served it.
    AlreadyRedeemed {
        /// The claim it made.
        claim: String,
        /// When, by the phone's clock.
        at: u64,
        /// The operator who served, where one was named.
        operator: Option<String>,
    },
    /// It was taken back.
    Revoked,
    /// It is held until the suspension is lifted.
    Suspended,
    /// Another phone's claim on it reached the server.
    RedeemedElsewhere,
    /// It is for another provider.
    WrongProvider {
        /// Whom it is for.
        audience: String,
    },
    /// This provider's own phone issued it under a delegation.
    IssuedByThisProvider,
    /// The issuer's key was not in force when the voucher says it was issued.
    IssuerNotValid,
    /// Its time has not come.
    NotYetValid {
        /// The first valid second.
        from: u64,
    },
    /// Its last day is over.
    Expired {
        /// The first second after the last valid day.
        at: u64,
    },
}

impl From<verdict::Verdict> for Verdict {
    fn from(verdict: verdict::Verdict) -> Self {
        match verdict {
            verdict::Verdict::Accept(accepted) => Self::Accept { accepted: (*accepted).into() },
            verdict::Verdict::Refuse(refusal) => Self::Refuse { refusal: (*refusal).into() },
        }
    }
}

impl From<verdict::Accepted> for Accepted {
    fn from(accepted: verdict::Accepted) -> Self {
        Self {
            voucher: Voucher::of(accepted.voucher, Some(&accepted.programme)),
            warnings: accepted.warnings.into_iter().filter_map(warning).collect(),
        }
    }
}

impl From<verdict::Refusal> for Refusal {
    fn from(refusal: verdict::Refusal) -> Self {
        let may_be_overridden = refusal.may_be_overridden();
        let verdict::Refusal { reason, voucher, programme } = refusal;
        Self {
            reason: reason.into(),
            voucher: voucher.map(|voucher| Voucher::of(voucher, programme.as_ref())),
            may_be_overridden,
        }
    }
}

fn warning(warning: verdict::Warning) -> Option<Warning> {
    use verdict::Warning as W;
    Some(match warning {
        W::TrustStale { age } => Warning::TrustStale { age: age.as_seconds() },
        W::StatusStale { age } => Warning::StatusStale { age: age.as_seconds() },
        W::StatusUnknown => Warning::StatusUnknown,
        W::ClockDoubtful(ClockTrust::Behind(by)) => Warning::ClockBehind { by: by.as_seconds() },
        W::ClockDoubtful(ClockTrust::Ahead(by)) => Warning::ClockAhead { by: by.as_seconds() },
        W::ClockDoubtful(ClockTrust::Good) => return None,
        W::ProfileStale { age } => Warning::ProfileStale { age: age.as_seconds() },
    })
}

impl From<verdict::Reason> for Reason {
    fn from(reason: verdict::Reason) -> Self {
        use verdict::Reason as R;
        match reason {
            R::NotAVoucher => Self::NotAVoucher,
            R::Unreadable { code } => Self::Unreadable { code: code.to_owned() },
            R::UnknownIssuer => Self::UnknownIssuer,
            R::Forged => Self::Forged,
            R::IssuerCompromised => Self::IssuerCompromised,
            R::BeyondDelegation(limit) => Self::BeyondDelegation { limit: limit.code().to_owned() },
            R::WrongProgramme => Self::WrongProgramme,
            R::TrustTooOld { what: Held::TrustList, age } => {
                Self::TrustTooOld { age: age.as_seconds() }
            }
            R::TrustTooOld { what: Held::Profile, age } => {
                Self::ProfileTooOld { age: age.as_seconds() }
            }
            R::ClockTurnedBack { by } => Self::ClockTurnedBack { by: by.as_seconds() },
            R::AlreadyRedeemed(live) => Self::AlreadyRedeemed {
                claim: live.claim.to_string(),
                at: live.redeemed_at.as_seconds(),
                operator: live.operator.map(|operator| operator.to_string()),
            },
            R::Revoked => Self::Revoked,
            R::Suspended => Self::Suspended,
            R::RedeemedElsewhere => Self::RedeemedElsewhere,
            R::WrongProvider { audience } => Self::WrongProvider { audience: audience.to_string() },
            R::IssuedByThisProvider => Self::IssuedByThisProvider,
            R::IssuerNotValid => Self::IssuerNotValid,
            R::NotYetValid { from } => Self::NotYetValid { from: from.as_seconds() },
            R::Expired { expired } => Self::Expired { at: expired.as_seconds() },
        }
    }
}

// Issuing in the field

/// A voucher that a field officer asks to be issued.
#[derive(Clone, Debug, uniffi::Record)]
pub struct FieldOrder {
    /// The digest of the delegation, in hex; the first that allows the order when absent.
    pub delegation: Option<String>,
    /// What the voucher gives.
    pub benefit: Benefit,
    /// The kind of assistance; may be left out where the delegation has one.
    pub assistance: Option<String>,
    /// The holder's name, where the voucher is to show one.
    pub holder_name: Option<String>,
    /// The holder's year of birth.
    pub holder_birth_year: Option<u16>,
    /// The last characters of the holder's identity number, at most four.
    pub holder_id_tail: Option<String>,
    /// The entitlement, where the officer knows it.
    pub entitlement: Option<String>,
    /// Who may serve it, where the delegation names nobody.
    pub audience: Option<String>,
    /// How many days it is valid, today included; as long as it may be when absent.
    pub days: Option<u32>,
}

/// A voucher that was issued.
#[derive(Clone, Debug, uniffi::Record)]
pub struct IssuedInField {
    /// The text for its QR code.
    pub text: String,
    /// The voucher as verifiers read it.
    pub voucher: Voucher,
    /// Its number under the delegation.
    pub number: u32,
    /// The delegation as it stands now.
    pub under: HeldDelegation,
}

/// A delegation that this phone holds. Times are seconds since 1970.
#[derive(Clone, Debug, uniffi::Record)]
pub struct HeldDelegation {
    /// The digest by which it is known, in hex.
    pub hash: String,
    /// The programme.
    pub programme: String,
    /// The provider or group that may serve the vouchers, where it names one.
    pub audience: Option<String>,
    /// The kinds of assistance.
    pub assistance: Vec<String>,
    /// The most that one voucher may give.
    pub single: Benefit,
    /// What all vouchers may still give; nothing when all was given.
    pub left: Option<Benefit>,
    /// How many vouchers may still be issued.
    pub vouchers_left: u32,
    /// From when vouchers may be issued.
    pub from: u64,
    /// From when none may be issued any more.
    pub until: u64,
    /// Whether the programme ended it.
    pub ended: bool,
}

impl TryFrom<FieldOrder> for verifier::FieldOrder {
    type Error = protocol::Error;

    fn try_from(order: FieldOrder) -> protocol::Result<Self> {
        let no_hash = protocol::Error::Field { object: "order", field: "delegation" };
        let holder = order.holder_name.map(|name| Holder {
            name,
            birth_year: order.holder_birth_year,
            id_tail: order.holder_id_tail,
        });
        Ok(Self {
            delegation: match order.delegation {
                None => None,
                Some(hash) => Some(Hash::from_hex(&hash).ok_or(no_hash)?),
            },
            benefit: order.benefit.try_into()?,
            assistance: order.assistance,
            holder,
            entitlement: order.entitlement.map(EntitlementId::new).transpose()?,
            audience: order.audience.map(Audience::new).transpose()?,
            days: order.days,
        })
    }
}

impl From<verifier::IssuedInField> for IssuedInField {
    fn from(issued: verifier::IssuedInField) -> Self {
        Self {
            text: issued.text,
            voucher: Voucher::of(issued.voucher, Some(&issued.programme)),
            number: issued.number,
            under: issued.under.into(),
        }
    }
}

impl From<verifier::HeldDelegation> for HeldDelegation {
    fn from(held: verifier::HeldDelegation) -> Self {
        Self {
            left: held.benefit_left().map(Benefit::from),
            vouchers_left: held.vouchers_left(),
            hash: held.hash.to_string(),
            programme: held.delegation.programme.to_string(),
            audience: held.delegation.audience.map(|audience| audience.to_string()),
            assistance: held.delegation.assistance,
            single: held.delegation.ceiling.single().clone().into(),
            from: held.delegation.from.as_seconds(),
            until: held.delegation.until.as_seconds(),
            ended: held.ended,
        }
    }
}

// Serving

/// How a voucher was read.
#[derive(Clone, Copy, Debug, uniffi::Enum)]
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

/// A document to attach to a claim.
#[derive(Clone, uniffi::Record)]
pub struct NewDocument {
    /// The content.
    pub content: Vec<u8>,
    /// Its media type, such as `image/jpeg`.
    pub media_type: String,
}

/// What staff asks to be redeemed.
#[derive(Clone, uniffi::Record)]
pub struct Service {
    /// What is given; the whole voucher when absent.
    pub given: Option<Benefit>,
    /// How the voucher was read.
    pub how_read: HowRead,
    /// The operator who serves; one of the profile's, where it names any.
    pub operator: Option<String>,
    /// Documents to attach at once.
    pub documents: Vec<NewDocument>,
}

/// What came of asking to redeem.
#[derive(Clone, Debug, uniffi::Enum)]
pub enum Redemption {
    /// Recorded durably.
    Done {
        /// The claim's id: 32 hexadecimal digits.
        claim: String,
        /// What was given.
        given: Benefit,
        /// What was accepted.
        accepted: Accepted,
    },
    /// Refused; nothing was recorded.
    Refused {
        /// Why.
        refusal: Refusal,
    },
    /// What should be given is not within the voucher; nothing was recorded.
    NotWithinVoucher {
        /// What was accepted.
        accepted: Accepted,
    },
}

impl TryFrom<Service> for verifier::Service {
    type Error = EngineError;

    fn try_from(service: Service) -> Result<Self> {
        Ok(Self {
            given: service.given.map(protocol::Benefit::try_from).transpose()?,
            how_read: service.how_read.into(),
            operator: operator_id(service.operator)?,
            documents: service.documents.into_iter().map(DocumentContent::from).collect(),
        })
    }
}

impl From<NewDocument> for DocumentContent {
    fn from(NewDocument { content, media_type }: NewDocument) -> Self {
        Self { content, media_type }
    }
}

impl From<HowRead> for protocol::record::HowRead {
    fn from(how_read: HowRead) -> Self {
        match how_read {
            HowRead::Camera => Self::Camera,
            HowRead::Picture => Self::Picture,
            HowRead::Shared => Self::Shared,
            HowRead::Typed => Self::Typed,
        }
    }
}

impl From<verifier::Redemption> for Redemption {
    fn from(redemption: verifier::Redemption) -> Self {
        match redemption {
            verifier::Redemption::Done(receipt) => Self::Done {
                claim: receipt.claim.to_string(),
                given: receipt.given.into(),
                accepted: receipt.accepted.into(),
            },
            verifier::Redemption::Refused(refusal) => Self::Refused { refusal: (*refusal).into() },
            verifier::Redemption::NotWithinVoucher(accepted) => {
                Self::NotWithinVoucher { accepted: (*accepted).into() }
            }
        }
    }
}

// Claims and health

/// A claim of this phone.
#[derive(Clone, Debug, uniffi::Record)]
pub struct Claim {
    /// The claim's id: 32 hexadecimal digits.
    pub id: String,
    /// When the voucher was served, by the phone's clock.
    pub redeemed_at: u64,
    /// The operator who served, where one was named.
    pub operator: Option<String>,
    /// The voucher's reference; absent when this phone can no longer read it.
    pub reference: Option<String>,
    /// What was given; absent when this phone can no longer read it.
    pub given: Option<Benefit>,
    /// Whether it was served by its printed reference, which a person at the office decides on.
    pub by_reference: bool,
    /// The stable name of its state, as far as the phone knows.
    pub state: String,
    /// What staff should know of the state: a stable code.
    pub reason: Option<String>,
    /// Whether the server has its record.
    pub delivery: RecordDelivery,
    /// When it was taken back, if it was.
    pub voided_at: Option<u64>,
    /// How many documents are attached.
    pub documents: u32,
    /// How many of them the server holds.
    pub documents_sent: u32,
}

/// Whether the server has a record.
#[derive(Clone, Debug, uniffi::Enum)]
pub enum RecordDelivery {
    /// Not yet.
    Waiting,
    /// It acknowledged it.
    Sent,
    /// It did not take it.
    Refused {
        /// The stable code of why.
        reason: String,
    },
}

/// The phone's health at a glance.
#[derive(Clone, Debug, uniffi::Record)]
pub struct Health {
    /// The server it is enrolled with.
    pub origin: Option<String>,
    /// The name of the provider it works for, once the server has said so.
    pub provider: Option<String>,
    /// Whether the office confirmed the phone's digits.
    pub confirmed: bool,
    /// The version of the trust list in force.
    pub trust_version: Option<u64>,
    /// When that list was issued.
    pub trust_issued: Option<u64>,
    /// When the oldest status list of its programmes was issued; absent while one is missing.
    pub status_issued: Option<u64>,
    /// What speaks against the device's clock.
    pub clock: Option<Warning>,
    /// Records that wait to be sent.
    pub unsent_records: u64,
    /// When the oldest of them was made, by the phone's clock.
    pub unsent_since: Option<u64>,
    /// Documents that the server does not hold.
    pub unsent_documents: u64,
}

impl From<ledger::Claim> for Claim {
    fn from(claim: ledger::Claim) -> Self {
        let by_reference = claim
            .served
            .as_ref()
            .is_some_and(|served| matches!(served.voucher, ServedVoucher::ByReference(_)));
        let (reference, given) = match claim.served {
            Some(served) => (Some(served.voucher.reference()), Some(served.given.into())),
            None => (None, None),
        };
        Self {
            id: claim.id.to_string(),
            redeemed_at: claim.redeemed_at.as_seconds(),
            operator: claim.operator.map(|operator| operator.to_string()),
            reference,
            given,
            by_reference,
            state: claim.state.name().to_owned(),
            reason: claim.reason,
            delivery: match claim.delivery {
                Delivery::Waiting => RecordDelivery::Waiting,
                Delivery::Sent => RecordDelivery::Sent,
                Delivery::Refused(reason) => RecordDelivery::Refused { reason },
            },
            voided_at: claim.voided.map(|voided| voided.at.as_seconds()),
            documents: count(claim.documents.iter()),
            documents_sent: count(claim.documents.iter().filter(|it| it.held_by_server)),
        }
    }
}

fn count(of: impl Iterator) -> u32 {
    u32::try_from(of.count()).unwrap_or(u32::MAX)
}

impl From<verifier::Health> for Health {
    fn from(health: verifier::Health) -> Self {
        let status: Option<Vec<u64>> = health
            .status_lists
            .iter()
            .map(|(_, issued)| issued.map(Timestamp::as_seconds))
            .collect();
        let profile = health.profile.map(|(profile, _)| profile);
        Self {
            origin: health.origin,
            confirmed: profile.as_ref().is_some_and(|profile| profile.confirmed),
            provider: profile.map(|profile| profile.provider_name),
            trust_version: health.trust.map(|(version, _, _)| version),
            trust_issued: health.trust.map(|(_, issued, _)| issued.as_seconds()),
            status_issued: status.and_then(|issued| issued.into_iter().min()),
            clock: warning(verdict::Warning::ClockDoubtful(health.clock)),
            unsent_records: health.unsent.records,
            unsent_since: health.unsent.since.map(Timestamp::as_seconds),
            unsent_documents: health.unsent.documents,
        }
    }
}

// Sync

/// One exchange with the server. The app sends what [`SyncRun::next`] hands out, with its own HTTP stack, and gives
/// what comes back to [`SyncRun::answer`], until the run is done.
#[derive(uniffi::Object)]
pub struct SyncRun {
    phone: Arc<Verifier>,
    run: Mutex<sync::SyncRun>,
}

#[uniffi::export]
impl SyncRun {
    /// What to do next.
    ///
    /// # Errors
    /// [`EngineError::Storage`].
    pub fn next(&self) -> Result<SyncStep> {
        Ok(unpoisoned(&self.run).next(&self.phone.engine())?.into())
    }

    /// Takes in what came of the last request.
    ///
    /// # Errors
    /// [`EngineError::Storage`].
    pub fn answer(&self, outcome: HttpOutcome, now: DeviceClock) -> Result<()> {
        Ok(unpoisoned(&self.run).answer(&mut self.phone.engine(), outcome.into(), now.into())?)
    }
}

/// What the app does next for a sync.
#[derive(Clone, uniffi::Enum)]
pub enum SyncStep {
    /// Send this.
    Send {
        /// The request, to be sent as it stands. Redirects are not to be followed.
        request: HttpRequest,
    },
    /// Wait, then ask again.
    Wait {
        /// Milliseconds to wait.
        millis: u64,
    },
    /// The run is over.
    Done {
        /// What it did.
        report: SyncReport,
    },
}

/// A header of a request or a response.
#[derive(Clone, uniffi::Record)]
pub struct Header {
    /// In lower case.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// A request for the app's HTTP stack.
#[derive(Clone, uniffi::Record)]
pub struct HttpRequest {
    /// The method's name in HTTP.
    pub method: String,
    /// The absolute URL.
    pub url: String,
    /// The headers.
    pub headers: Vec<Header>,
    /// The body; empty for none.
    pub body: Vec<u8>,
    /// How many bytes of the response's body to read at most; more is an interrupted response.
    pub max_response: u64,
}

/// What came of a request.
#[derive(Clone, uniffi::Enum)]
pub enum HttpOutcome {
    /// A response, whoever it came from.
    Response {
        /// The status.
        status: u16,
        /// The headers.
        headers: Vec<Header>,
        /// The body.
        body: Vec<u8>,
    },
    /// No network, or the server's name or address cannot be reached.
    Unreachable,
    /// The connection broke, or no answer came in time.
    Interrupted,
    /// The server's certificate is not trusted.
    Certificate,
}

/// Why a run ended before all was done. Nothing is lost; the next run goes on.
#[derive(Clone, Copy, Debug, uniffi::Enum)]
pub enum Stopped {
    /// This phone has no enrolment to sync under.
    NotEnrolled,
    /// No network, or the server cannot be reached.
    Unreachable,
    /// The connection broke.
    Interrupted,
    /// The server's certificate is not trusted; often the device's clock is wrong.
    Certificate,
    /// Answers come, but not from the programme's server: a sign-in page of the network, perhaps.
    NotOurServer,
    /// The server does not know this phone, or has suspended it.
    NotAdmitted,
    /// The enrolment code is used, expired or unknown.
    EnrolmentRefused,
    /// The server asks to come back later.
    Busy,
}

/// What a run did.
#[derive(Clone, Debug, uniffi::Record)]
pub struct SyncReport {
    /// The version of a newer trust list that was accepted.
    pub trust_version: Option<u64>,
    /// Whether a newer device profile was accepted.
    pub profile_renewed: bool,
    /// Records that the server took in.
    pub accepted: u64,
    /// Records that it held already.
    pub duplicates: u64,
    /// Records that it took in beside another claim on the same voucher.
    pub conflicts: u64,
    /// Records that it did not take in.
    pub refused: u64,
    /// Records that are to be sent again another time.
    pub later: u64,
    /// Claims whose state changed.
    pub claims_changed: u64,
    /// Documents that were sent whole.
    pub documents_sent: u64,
    /// Documents that could not be sent this time.
    pub documents_failed: u64,
    /// What the server offered and this phone does not accept. What was held before stays in force.
    pub not_accepted: Vec<NotAccepted>,
    /// Why the run ended early.
    pub stopped: Option<Stopped>,
}

/// Something that was offered and is not accepted.
#[derive(Clone, Debug, uniffi::Record)]
pub struct NotAccepted {
    /// What it was to be.
    pub what: Offered,
    /// The protocol's code of the fault.
    pub code: String,
}

/// What a server offers.
#[derive(Clone, Debug, uniffi::Enum)]
pub enum Offered {
    /// A trust list.
    TrustList,
    /// A status list.
    StatusList {
        /// Its number in the trust list.
        number: u32,
    },
    /// The set of what was truly issued under a compromised key.
    IssuedSet {
        /// The key's id, in hex.
        key: String,
    },
}

impl From<sync::Step> for SyncStep {
    fn from(step: sync::Step) -> Self {
        match step {
            sync::Step::Send(request) => Self::Send {
                request: HttpRequest {
                    method: request.method.name().to_owned(),
                    url: request.url,
                    headers: request
                        .headers
                        .into_iter()
                        .map(|(name, value)| Header { name: name.to_owned(), value })
                        .collect(),
                    body: request.body,
                    max_response: request.max_response as u64,
                },
            },
            sync::Step::Wait(pause) => {
                Self::Wait { millis: u64::try_from(pause.as_millis()).unwrap_or(u64::MAX) }
            }
            sync::Step::Done(report) => Self::Done { report: report.into() },
        }
    }
}

impl From<HttpOutcome> for std::result::Result<sync::HttpResponse, sync::TransportFailure> {
    fn from(outcome: HttpOutcome) -> Self {
        match outcome {
            HttpOutcome::Response { status, headers, body } => Ok(sync::HttpResponse {
                status,
                headers: headers.into_iter().map(|Header { name, value }| (name, value)).collect(),
                body,
            }),
            HttpOutcome::Unreachable => Err(sync::TransportFailure::Unreachable),
            HttpOutcome::Interrupted => Err(sync::TransportFailure::Interrupted),
            HttpOutcome::Certificate => Err(sync::TransportFailure::Certificate),
        }
    }
}

impl From<sync::SyncReport> for SyncReport {
    fn from(report: sync::SyncReport) -> Self {
        let refused = |what, code: &str| NotAccepted { what, code: code.to_owned() };
        let trust = report.trust_refused.map(|code| refused(Offered::TrustList, code));
        let status = report
            .status_refused
            .iter()
            .map(|&(number, code)| refused(Offered::StatusList { number }, code));
        let issued = report
            .issued_refused
            .iter()
            .map(|(key, code)| refused(Offered::IssuedSet { key: key.to_string() }, code));
        Self {
            not_accepted: trust.into_iter().chain(status).chain(issued).collect(),
            trust_version: report.trust_version,
            profile_renewed: report.profile_renewed,
            accepted: report.accepted as u64,
            duplicates: report.duplicates as u64,
            conflicts: report.conflicts as u64,
            refused: report.refused as u64,
            later: report.later as u64,
            claims_changed: report.claims_changed as u64,
            documents_sent: report.documents_sent as u64,
            documents_failed: report.documents_failed as u64,
            stopped: report.stopped.map(Stopped::from),
        }
    }
}

impl From<sync::Stopped> for Stopped {
    fn from(stopped: sync::Stopped) -> Self {
        use sync::TransportFailure as F;
        match stopped {
            sync::Stopped::NotEnrolled => Self::NotEnrolled,
            sync::Stopped::Transport(F::Unreachable) => Self::Unreachable,
            sync::Stopped::Transport(F::Interrupted) => Self::Interrupted,
            sync::Stopped::Transport(F::Certificate) => Self::Certificate,
            sync::Stopped::NotOurServer => Self::NotOurServer,
            sync::Stopped::NotAdmitted => Self::NotAdmitted,
            sync::Stopped::EnrolmentRefused => Self::EnrolmentRefused,
            sync::Stopped::Busy => Self::Busy,
        }
    }
}
