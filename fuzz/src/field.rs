//! Issuing in the field: delegations, and what is issued under them.

use protocol::Hash;
use protocol::authenticity::{SignedBy, authenticate};
use protocol::cose::{ObjectType, Sign1, sign1};
use protocol::delegation::{self, Delegation, FieldVoucher};
use protocol::id::{IssuerId, ProgrammeId};
use protocol::key::{Ed25519Key, P256Key, Signer};
use protocol::record::SignedVoucher;
use protocol::trust::{IssuedSets, TrustList};
use protocol::voucher::{self, Voucher};
use samples::{field, raw};
use std::sync::LazyLock;

/// What the officer's phone holds.
struct Officer {
    device: P256Key,
    office: Ed25519Key,
    trust: TrustList,
    /// One over money and one over goods, signed.
    delegations: [Vec<u8>; 2],
}

static OFFICER: LazyLock<Officer> = LazyLock::new(|| {
    let office = field::delegating();
    let delegations = [field::delegation(), field::goods_delegation()]
        .map(|delegation| delegation.sign(&office).unwrap_or_default());
    Officer { device: field::officer(), office, trust: field::field_trust_list(), delegations }
});

/// A delegation that is read is written to the same bytes.
pub(crate) fn delegation(bytes: &[u8]) {
    let officer = &*OFFICER;
    let keys = [officer.office.public_key()];
    let _ = Delegation::open(bytes, &keys);
    let signed = sign1(ObjectType::Delegation, bytes, &officer.office).unwrap_or_default();
    if let Ok((delegation, hash)) = Delegation::open(&signed, &keys) {
        assert_eq!(hash, Hash::of(bytes));
        assert_eq!(delegation.sign(&officer.office), Ok(signed.clone()));
        assert!(delegation.ceiling.single().is_within(delegation.ceiling.total()));
        let voucher = field::field_voucher();
        if let Ok(signed) = delegation::sign(&voucher, &signed, &officer.device) {
            judge(signed);
        }
    }
}

/// A voucher that the officer's phone signed is written to the same bytes, and counts only within its
/// delegation.
pub(crate) fn field_voucher(bytes: &[u8]) {
    let officer = &*OFFICER;
    for signed_delegation in &officer.delegations {
        let signed = carry(bytes, signed_delegation, &officer.device);
        let Ok(envelope) = Sign1::parse(ObjectType::Voucher, &signed) else { continue };
        if let Ok((_, own)) = FieldVoucher::read_stored(&envelope) {
            assert_eq!(
                delegation::sign(&own, signed_delegation, &officer.device),
                Ok(signed.clone())
            );
        }
        judge(signed);
    }
}

/// An envelope that carries the delegation, over any payload.
fn carry(payload: &[u8], delegation: &[u8], device: &P256Key) -> Vec<u8> {
    /// The label of the delegation in the protected header.
    const DELEGATION: i64 = -65_539;
    let key = device.public_key();
    let header = raw::map(&[
        (raw::int(1), raw::int(raw::alg_of(device))),
        (raw::int(4), raw::bytes(key.kid().as_bytes())),
        (raw::int(DELEGATION), raw::bytes(delegation)),
    ]);
    let envelope = raw::Envelope::new(ObjectType::Voucher, payload, device);
    raw::Envelope { protected: header, ..envelope }.sign(device)
}

fn judge(signed: Vec<u8>) {
    let text = voucher::to_text(&signed);
    let found = authenticate(&SignedVoucher::Cose(signed), &OFFICER.trust, &IssuedSets::none());
    let Ok(authentic) = found else { return };
    assert!(text.is_ok(), "it counts, and cannot be shown");
    let SignedBy::Delegate(delegated) = &authentic.signed_by else {
        unreachable!("it carries a delegation")
    };
    let (voucher, under) = (&authentic.voucher, &delegated.delegation);
    assert!((1..=under.count).contains(&delegated.number));
    assert!(voucher.benefit.is_within(under.ceiling.single()));
    assert!(under.assistance.contains(&voucher.assistance));
    assert!((under.from..under.until).contains(&voucher.issued));
    assert!(voucher.expires <= voucher.issued.after(under.longest));
    assert!(under.audience.is_none() || voucher.audience == under.audience);
    assert!(is_of(voucher, &under.programme, delegated.hash, delegated.number));
}

fn is_of(voucher: &Voucher, programme: &ProgrammeId, delegation: Hash, number: u32) -> bool {
    let issuer: IssuerId = voucher.identity.issuer.clone();
    voucher.programme == *programme
        && voucher.identity == Delegation::identity(issuer, delegation, number)
}
