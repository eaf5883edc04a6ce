//! Issuing in the field: vouchers under a delegation that the programme signed beforehand.
//!
//! Nothing is signed that a verifier with the same trust list would refuse, and the record is on the
//! disk before the voucher's text is given out (docs/protocol.md §3.1).

use super::{EngineError, Verifier};
use crate::clock::DeviceClock;
use crate::ledger::{Act, Used};
use protocol::authenticity::{NotAuthentic, authenticate};
use protocol::delegation::{self, Beyond, Delegation, FieldVoucher, MAX_TEXT_LEN};
use protocol::id::{Audience, EntitlementId, IssuerId, OperatorId};
use protocol::key::KeyUse;
use protocol::record::SignedVoucher;
use protocol::trust::Programme;
use protocol::voucher::{Holder, Voucher, to_text};
use protocol::{Benefit, Hash, Timestamp};

/// What the officer asks to be issued.
#[derive(Debug, Clone)]
pub struct FieldOrder {
    /// Under which delegation; the first that allows it when absent.
    pub delegation: Option<Hash>,
    /// What the voucher gives.
    pub benefit: Benefit,
    /// The kind of assistance; may be left out where the delegation has one.
    pub assistance: Option<String>,
    /// What it shows of the holder.
    pub holder: Option<Holder>,
    /// The entitlement it stands for, where the officer knows it.
    pub entitlement: Option<EntitlementId>,
    /// Who may serve it, where the delegation names nobody.
    pub audience: Option<Audience>,
    /// How many days it is valid, today included; as long as it may be when absent.
    pub days: Option<u32>,
}

/// A voucher that was issued. Its record is on the disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuedInField {
    /// The QR text.
    pub text: String,
    /// The voucher as verifiers read it.
    pub voucher: Voucher,
    /// Its programme.
    pub programme: Programme,
    /// Its number under the delegation.
    pub number: u32,
    /// The record's place in the phone's chain.
    pub sequence: u64,
    /// The delegation as it stands now.
    pub under: HeldDelegation,
}

/// A delegation that this phone holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldDelegation {
    /// The delegation.
    pub delegation: Delegation,
    /// The digest by which it is known.
    pub hash: Hash,
    /// In whose name the phone issues.
    pub issuer: IssuerId,
    /// How far it is used up.
    pub used: Used,
    /// Whether the trust list ended it.
    pub ended: bool,
    signed: Vec<u8>,
}

impl HeldDelegation {
    /// How many vouchers may still be issued.
    #[must_use]
    pub fn vouchers_left(&self) -> u32 {
        self.delegation.count.saturating_sub(self.used.count)
    }

    /// What they may still give together; nothing when all was given.
    #[must_use]
    pub fn benefit_left(&self) -> Option<Benefit> {
        let total = self.delegation.ceiling.total();
        match &self.used.given {
            None => Some(total.clone()),
            Some(given) => total.minus(given),
        }
    }
}

impl Verifier {
    /// The delegations under which this phone may issue, as its profile and its trust list have them.
    ///
    /// # Errors
    /// When the phone is not enrolled or its ledger cannot be read.
    pub fn delegations(&self) -> Result<Vec<HeldDelegation>, EngineError> {
        let (trust, profile) = self.in_force()?;
        let list = trust.state().list();
        let own = self.device.public_key();
        let mut held = Vec::new();
        for signed in &profile.delegations {
            let opened = list.keys_for(KeyUse::Delegation).find_map(|key| {
                let (delegation, hash) = Delegation::open(signed, [&key.key]).ok()?;
                (delegation.device == own).then(|| (delegation, hash, key.issuer.clone()))
            });
            let Some((delegation, hash, issuer)) = opened else { continue };
            let used = self.ledger.used(hash)?;
            let ended = list.ended_delegations.contains(&hash);
            let signed = signed.clone();
            held.push(HeldDelegation { delegation, hash, issuer, used, ended, signed });
        }
        Ok(held)
    }

    /// Issues a voucher. When this returns, its record is on the disk; when it fails, nothing was
    /// issued and no number is used.
    ///
    /// # Errors
    /// [`EngineError::NoDelegation`], [`EngineError::BeyondDelegation`], [`EngineError::MayNotIssue`]
    /// when no verifier would accept the voucher, or when something is broken.
    pub fn issue(
        &mut self,
        order: &FieldOrder,
        operator: Option<OperatorId>,
        now: DeviceClock,
    ) -> Result<IssuedInField, EngineError> {
        self.check_operator(operator.as_ref())?;
        // What a backup does not know was issued must not be issued again.
        self.restart_if_parted(now)?;
        let issued = self.judged_time(now)?;
        let (held, own) = self.choose(order, issued)?;
        let given = held
            .delegation
            .ceiling
            .count(held.used.given.as_ref(), &own.benefit)
            .map_err(EngineError::BeyondDelegation)?;
        let signed =
            delegation::sign(&own, &held.signed, &*self.device).map_err(EngineError::Protocol)?;
        let text = to_text(&signed).map_err(EngineError::Protocol)?;
        if text.len() > MAX_TEXT_LEN {
            return Err(EngineError::VoucherTooLong);
        }
        let (voucher, programme) = self.read_back(&signed)?;
        let record = self.append(Act::Issue { voucher: signed }, operator, now)?;
        let used = Used { count: own.number, given: Some(given) };
        Ok(IssuedInField {
            text,
            voucher,
            programme,
            number: own.number,
            sequence: record.header.sequence,
            under: HeldDelegation { used, ..held },
        })
    }

    /// The delegation to issue under, with the voucher's own claims: the first that allows the order,
    /// or else why the first one does not.
    fn choose(
        &self,
        order: &FieldOrder,
        issued: Timestamp,
    ) -> Result<(HeldDelegation, FieldVoucher), EngineError> {
        let restarted = self.ledger.restarted()?;
        let mut refused = None;
        for held in self.delegations()? {
            if order.delegation.is_some_and(|wanted| wanted != held.hash) {
                continue;
            }
            let usable = if restarted.is_some_and(|at| held.delegation.issued <= at) {
                Err(EngineError::IssuedBeforeBackup)
            } else {
                self.field_voucher(order, &held, issued)
            };
            match usable {
                Ok(own) => return Ok((held, own)),
                Err(error) => refused = refused.or(Some(error)),
            }
        }
        Err(refused.unwrap_or(EngineError::NoDelegation))
    }

    /// The claims of the next voucher of a delegation, if it allows them.
    fn field_voucher(
        &self,
        order: &FieldOrder,
        held: &HeldDelegation,
        issued: Timestamp,
    ) -> Result<FieldVoucher, EngineError> {
        let HeldDelegation { delegation, used, .. } = held;
        if held.ended {
            return Err(EngineError::BeyondDelegation(Beyond::Ended));
        }
        let list = self.in_force()?.0.state().list();
        let programme = list
            .programme(&delegation.programme)
            .ok_or(EngineError::MayNotIssue(NotAuthentic::WrongProgramme))?;
        // The one kind of assistance there is follows; said by the officer it need not be said again.
        let only =
            matches!(&delegation.assistance[..], [only] if order.assistance.as_ref() == Some(only));
        let implied = delegation.audience.is_some() && order.audience == delegation.audience;
        let own = FieldVoucher {
            number: used.count + 1,
            entitlement: order.entitlement.clone(),
            audience: order.audience.clone().filter(|_| !implied),
            expires: expiry(order.days, delegation, programme, issued)?,
            not_before: None,
            issued,
            benefit: order.benefit.clone(),
            assistance: order.assistance.clone().filter(|_| !only),
            holder: order.holder.clone(),
        };
        delegation.admits(&own).map_err(EngineError::BeyondDelegation)?;
        Ok(own)
    }

    /// Reads a signed voucher as a verifier with this trust list would.
    fn read_back(&self, signed: &[u8]) -> Result<(Voucher, Programme), EngineError> {
        let trust = self.in_force()?.0;
        let list = trust.state().list();
        let issued = trust.issued_sets(|hash| self.ledger.issued_set(hash))?;
        let found = authenticate(&SignedVoucher::Cose(signed.to_vec()), list, issued)
            .map_err(EngineError::MayNotIssue)?;
        let programme = list.programme(&found.voucher.programme).cloned();
        let programme = programme.ok_or(EngineError::MayNotIssue(NotAuthentic::WrongProgramme))?;
        Ok((found.voucher, programme))
    }
}

/// The end of the last valid day; without a number of days, of the last one that the delegation lets
/// end, or as late as may be when not even today may.
fn expiry(
    days: Option<u32>,
    delegation: &Delegation,
    programme: &Programme,
    issued: Timestamp,
) -> Result<Timestamp, EngineError> {
    let zone = &programme.zone;
    let latest = issued.after(delegation.longest);
    let Some(days) = days else {
        let midnight = zone.start_of(zone.day_of(latest)).map_err(EngineError::Protocol)?;
        return Ok(if midnight > issued { midnight } else { latest });
    };
    let span = jiff::Span::new().try_days(i64::from(days) - 1);
    let last_day = span.and_then(|span| zone.day_of(issued).checked_add(span));
    let last_day = last_day.map_err(|_| EngineError::BeyondDelegation(Beyond::Validity))?;
    zone.end_of(last_day).map_err(EngineError::Protocol)
}
