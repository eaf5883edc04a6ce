//! Whether a served voucher becomes a claim, decided from its signed bytes and the bracket of
//! service time. Plain rules on values; reasons are looked for in the order of docs/protocol.md §10.

use super::refusal::{Refusal, VoucherFault};
use super::service_time::{Notice, ServiceTime, Timeliness};
use crate::claims::{Hold, HowServed};
use crate::devices::{DeviceId, DeviceStatus};
use crate::providers::Provider;
use crate::vouchers;
use protocol::authenticity::{Authentic, NotAuthentic};
use protocol::id::ClaimId;
use protocol::record::{Document, HowRead, Redeem, ServeByReference};
use protocol::{Benefit, Timestamp};

/// What the programme's own register says of a voucher.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Registered {
    /// In force, or redeemed by an earlier claim.
    InForce,
    /// Revoked; published at this time.
    Revoked(Timestamp),
    Suspended,
    /// The issuer's vouchers are not registered here.
    Elsewhere,
    /// This server's own key signed it, and it is not in the register.
    Missing,
    /// A field officer's phone issued it, and has not reported it yet.
    NotReported,
    /// The register has another voucher under its identity.
    Twin,
}

/// What a record says that was served, however it says which voucher.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Service<'r> {
    /// The claim that it makes.
    pub claim: ClaimId,
    pub given: &'r Benefit,
    /// How the voucher came to be served.
    pub how: HowServed,
    /// Whether a supervisor allowed it.
    pub overridden: bool,
    /// The documents attached at once.
    pub documents: &'r [Document],
}

impl<'r> From<&'r Redeem> for Service<'r> {
    fn from(redeem: &'r Redeem) -> Self {
        Service {
            claim: redeem.claim,
            given: &redeem.given,
            how: HowServed::Read(redeem.how_read),
            overridden: redeem.overridden_by.is_some(),
            documents: &redeem.documents,
        }
    }
}

impl<'r> From<&'r ServeByReference> for Service<'r> {
    fn from(served: &'r ServeByReference) -> Self {
        Service {
            claim: served.claim,
            given: &served.given,
            how: HowServed::ByReference,
            overridden: false,
            documents: &served.documents,
        }
    }
}

/// A served voucher that becomes a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admitted {
    /// When it was served.
    pub service: ServiceTime,
    pub holds: Vec<Hold>,
}

impl Registered {
    /// What the register's entry says of a voucher; `ours` when it names this office as its issuer.
    #[must_use]
    pub fn of(authentic: &Authentic, entry: Option<&vouchers::Entry>, ours: bool) -> Self {
        match entry {
            None if authentic.delegated().is_some() => Registered::NotReported,
            None if ours => Registered::Missing,
            None => Registered::Elsewhere,
            Some(entry) if entry.payload_hash != authentic.payload_hash => Registered::Twin,
            Some(entry) => match entry.status {
                vouchers::VoucherStatus::InForce => Registered::InForce,
                vouchers::VoucherStatus::Suspended => Registered::Suspended,
                vouchers::VoucherStatus::Revoked(at) => Registered::Revoked(at),
            },
        }
    }
}

/// Judges what the signed bytes alone say: whether the voucher is real, for this provider, and
/// whether no more was given than it is for.
///
/// # Errors
/// The first [`Refusal`] that holds.
pub fn admissible<'a>(
    service: Service<'_>,
    authentic: &'a Result<Authentic, NotAuthentic>,
    provider: &Provider,
    signer: DeviceId,
) -> Result<&'a Authentic, Refusal> {
    let authentic = authentic.as_ref().map_err(Refusal::from)?;
    let voucher = &authentic.voucher;
    if !provider.programmes.contains(&voucher.programme) {
        return Err(Refusal::WrongProgramme);
    }
    if !provider.serves(voucher.audience.as_ref()) {
        return Err(Refusal::WrongProvider);
    }
    let own = authentic.delegated().map(|delegated| &delegated.delegation);
    if own.is_some_and(|it| it.provider == provider.id || it.device.thumbprint() == signer.0) {
        return Err(Refusal::WrongProvider);
    }
    if !authentic.key_in_force {
        return Err(Refusal::Voucher(VoucherFault::IssuerNotValid));
    }
    if !service.given.is_within(&voucher.benefit) {
        return Err(Refusal::MoreThanVoucher);
    }
    Ok(authentic)
}

/// Judges the time of service: the voucher's own dates, and what its status said when.
///
/// # Errors
/// The first [`Refusal`] that holds.
pub fn admit(
    service: Service<'_>,
    authentic: &Authentic,
    status: DeviceStatus,
    bracket: ServiceTime,
    registered: Registered,
) -> Result<Admitted, Refusal> {
    let voucher = &authentic.voucher;
    let mut holds = Vec::new();
    match registered {
        Registered::Revoked(published) => match bracket.notice_of(published) {
            Notice::Given => return Err(Refusal::Revoked),
            Notice::NotYetGiven => holds.push(Hold::ServedBeforeNotice),
        },
        Registered::Suspended => holds.push(Hold::Suspended),
        Registered::Missing => holds.push(Hold::NotInRegister),
        Registered::NotReported => holds.push(Hold::IssueRecordMissing),
        Registered::Twin => holds.push(Hold::TwinOfRegistered),
        Registered::InForce | Registered::Elsewhere => {}
    }
    let time = bracket.of(voucher);
    match time.within(voucher.not_before, voucher.expires) {
        Timeliness::InDate => {}
        Timeliness::ExpiredMeanwhile => holds.push(Hold::ExpiredMeanwhile),
        Timeliness::BecameValidMeanwhile => holds.push(Hold::BecameValidMeanwhile),
        Timeliness::Expired => return Err(Refusal::Expired),
        Timeliness::NotYetValid => return Err(Refusal::NotYetValid),
    }
    match service.how {
        HowServed::Read(HowRead::Typed) => holds.push(Hold::TypedIn),
        HowServed::ByReference => holds.push(Hold::ServedByReference),
        HowServed::Read(HowRead::Camera | HowRead::Picture | HowRead::Shared) => {}
    }
    if service.overridden {
        holds.push(Hold::Overridden);
    }
    holds.extend(status.hold());
    Ok(Admitted { service: time, holds })
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::authenticity::SignedBy;
    use protocol::id::{Audience, EntitlementId, IssuerId, ProgrammeId, ProviderId, VoucherId};
    use protocol::printed::PrintedReference;
    use protocol::record::SignedVoucher;
    use protocol::voucher::{Reference, Voucher, VoucherIdentity};
    use protocol::{Currency, Hash, Money};

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_seconds(seconds).unwrap()
    }

    fn pesos(minor: u64) -> Benefit {
        Benefit::Money(Money::new(minor, Currency::new("PHP").unwrap()).unwrap())
    }

    fn authentic() -> Authentic {
        Authentic {
            voucher: Voucher {
                identity: VoucherIdentity {
                    issuer: IssuerId::new("office").unwrap(),
                    reference: Reference::Cti(VoucherId::from_bytes([1; 16])),
                },
                entitlement: EntitlementId::new("e-1").unwrap(),
                audience: Some(Audience::new("pharmacies").unwrap()),
                expires: at(2000),
                not_before: at(1000),
                issued: at(900),
                programme: ProgrammeId::new("food").unwrap(),
                benefit: pesos(500),
                assistance: "medicine".into(),
                holder: None,
                status: None,
                documents: Vec::new(),
            },
            payload_hash: Hash::of(b"payload"),
            key_in_force: true,
            signed_by: SignedBy::Issuer,
        }
    }

    fn redeem(given: Benefit) -> Redeem {
        Redeem {
            claim: ClaimId::from_bytes([7; 16]),
            voucher: SignedVoucher::Cose(Vec::new()),
            how_read: HowRead::Camera,
            given,
            warnings: Vec::new(),
            documents: Vec::new(),
            overridden_by: None,
        }
    }

    fn signer() -> DeviceId {
        DeviceId(Hash::of(b"a phone"))
    }

    fn provider() -> Provider {
        Provider {
            id: ProviderId::new("corner").unwrap(),
            name: "Corner Pharmacy".into(),
            groups: vec![Audience::new("pharmacies").unwrap()],
            programmes: vec![ProgrammeId::new("food").unwrap()],
            account_name: None,
        }
    }

    fn judged(bracket: (u64, u64), registered: Registered) -> Result<Vec<Hold>, Refusal> {
        let bracket = ServiceTime::bracket([at(bracket.0)], at(bracket.1));
        admit(
            (&redeem(pesos(500))).into(),
            &authentic(),
            DeviceStatus::Confirmed,
            bracket,
            registered,
        )
        .map(|admitted| admitted.holds)
    }

    #[test]
    fn a_voucher_for_the_providers_group_served_in_date_is_admitted_without_a_hold() {
        let (redeem, authentic) = (redeem(pesos(500)), Ok(authentic()));
        assert!(admissible((&redeem).into(), &authentic, &provider(), signer()).is_ok());
        assert_eq!(judged((1100, 1200), Registered::InForce), Ok(vec![]));
    }

    #[test]
    fn what_is_not_for_this_provider_or_more_than_the_voucher_is_refused() {
        let authentic = Ok(authentic());
        let refused = |redeem: &Redeem, by: &Provider| {
            admissible(redeem.into(), &authentic, by, signer()).unwrap_err()
        };
        let other = Provider { groups: Vec::new(), ..provider() };
        assert_eq!(refused(&redeem(pesos(500)), &other), Refusal::WrongProvider);
        let other = Provider { programmes: Vec::new(), ..provider() };
        assert_eq!(refused(&redeem(pesos(500)), &other), Refusal::WrongProgramme);
        assert_eq!(refused(&redeem(pesos(501)), &provider()), Refusal::MoreThanVoucher);
    }

    #[test]
    fn a_key_that_was_not_in_force_issues_nothing() {
        let authentic = Ok(Authentic { key_in_force: false, ..authentic() });
        let refusal =
            admissible((&redeem(pesos(1))).into(), &authentic, &provider(), signer()).unwrap_err();
        assert_eq!(refusal.code(), "issuer_not_valid");
    }

    #[test]
    fn expired_before_the_bracket_is_refused_and_within_it_a_person_decides() {
        assert_eq!(judged((2000, 3000), Registered::InForce), Err(Refusal::Expired));
        assert_eq!(judged((1999, 3000), Registered::InForce), Ok(vec![Hold::ExpiredMeanwhile]));
        assert_eq!(judged((100, 950), Registered::InForce), Err(Refusal::NotYetValid));
    }

    #[test]
    fn a_bracket_never_opens_before_the_voucher_was_issued() {
        let voucher = Authentic {
            voucher: Voucher { not_before: at(900), ..authentic().voucher },
            ..authentic()
        };
        let bracket = ServiceTime::bracket([at(1)], at(1500));
        let admitted = admit(
            (&redeem(pesos(5))).into(),
            &voucher,
            DeviceStatus::Confirmed,
            bracket,
            Registered::InForce,
        )
        .unwrap();
        assert_eq!(admitted.service.earliest(), at(900));
        assert!(admitted.holds.is_empty());
    }

    #[test]
    fn a_revocation_counts_from_when_the_phone_was_told() {
        assert_eq!(judged((1100, 1200), Registered::Revoked(at(1100))), Err(Refusal::Revoked));
        assert_eq!(
            judged((1100, 1200), Registered::Revoked(at(1101))),
            Ok(vec![Hold::ServedBeforeNotice])
        );
    }

    #[test]
    fn what_a_person_must_look_at_is_a_hold_and_nothing_is_dropped() {
        let bracket = ServiceTime::bracket([at(1100)], at(1200));
        let typed = Redeem { how_read: HowRead::Typed, ..redeem(pesos(5)) };
        let admitted = admit(
            (&typed).into(),
            &authentic(),
            DeviceStatus::Unconfirmed,
            bracket,
            Registered::Suspended,
        )
        .unwrap();
        assert_eq!(admitted.holds, [Hold::Suspended, Hold::TypedIn, Hold::DeviceUnconfirmed]);
    }

    #[test]
    fn what_was_served_by_its_reference_always_has_a_hold() {
        let served = ServeByReference {
            claim: ClaimId::from_bytes([7; 16]),
            reference: PrintedReference::from_bits([7; 5]),
            voucher: authentic().voucher.identity.hash(),
            given: pesos(5),
            warnings: Vec::new(),
            documents: Vec::new(),
        };
        let bracket = ServiceTime::bracket([at(1100)], at(1200));
        let service = Service::from(&served);
        let admitted =
            admit(service, &authentic(), DeviceStatus::Confirmed, bracket, Registered::InForce)
                .unwrap();
        assert_eq!(admitted.holds, [Hold::ServedByReference]);
        assert!(Hold::ServedByReference.needs_a_person());
    }
}
