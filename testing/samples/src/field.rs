//! A field officer's phone, what was delegated to it, and vouchers that it issues.

use crate::{CASH, FOOD, Who, at, issuer_key, key, money, php, programme_id, public, trust_list};
use protocol::Hash;
use protocol::delegation::{self, Ceiling, Delegation, FieldVoucher};
use protocol::id::{Audience, EntitlementId, ProviderId};
use protocol::key::{Ed25519Key, KeyUse, P256Key, Signer};
use protocol::trust::{IssuerKey, KeyEnd, TrustList};
use protocol::voucher::{Holder, StatusRef, to_text};
use protocol::{Benefit, GoodsLine, Money, Quantity, Span};

/// The key with which the office signs delegations.
pub fn delegating() -> Ed25519Key {
    Ed25519Key::from_seed(&[0x41; 32])
}

/// A key for delegations that was compromised.
pub fn stolen() -> Ed25519Key {
    Ed25519Key::from_seed(&[0x42; 32])
}

/// A key for delegations that retired on 1 June.
pub fn retired() -> Ed25519Key {
    Ed25519Key::from_seed(&[0x43; 32])
}

pub fn officer() -> P256Key {
    P256Key::from_scalar(&[0x23; 32]).unwrap()
}

pub fn delegation() -> Delegation {
    let single = Money::new(50_000, php()).unwrap();
    let total = Money::new(500_000, php()).unwrap();
    Delegation {
        device: officer().public_key(),
        programme: programme_id(CASH),
        provider: ProviderId::new("field-office-4").unwrap(),
        audience: Some(Audience::new("pharmacies").unwrap()),
        assistance: vec!["medicines".to_owned(), "food".to_owned()],
        ceiling: Ceiling::new(Benefit::Money(single), Benefit::Money(total)).unwrap(),
        longest: Span::days(14),
        count: 20,
        from: at("2026-06-01T00:00:00Z"),
        until: at("2026-07-01T00:00:00Z"),
        first_status: StatusRef { list: 1, index: 200 },
        issued: at("2026-05-31T08:00:00Z"),
        nonce: [0xd1; 8],
    }
}

/// A delegation over rice and oil, for any provider.
pub fn goods_delegation() -> Delegation {
    let line = |item: &str, thousandths, unit: &str| GoodsLine {
        item: item.to_owned(),
        quantity: Quantity::from_thousandths(thousandths).unwrap(),
        unit: unit.to_owned(),
    };
    let single = vec![line("rice", 10_000, "kg"), line("oil", 1_000, "l")];
    let total = vec![line("rice", 200_000, "kg"), line("oil", 10_000, "l")];
    Delegation {
        audience: None,
        assistance: vec!["food".to_owned()],
        ceiling: Ceiling::new(Benefit::Goods(single), Benefit::Goods(total)).unwrap(),
        ..delegation()
    }
}

pub fn rice(thousandths: u64) -> Benefit {
    let quantity = Quantity::from_thousandths(thousandths).unwrap();
    Benefit::Goods(vec![GoodsLine { item: "rice".to_owned(), quantity, unit: "kg".to_owned() }])
}

/// The third voucher of the delegation, as an officer issues it at a door.
pub fn field_voucher() -> FieldVoucher {
    FieldVoucher {
        number: 3,
        entitlement: Some(EntitlementId::new("E-10021").unwrap()),
        audience: None,
        expires: at("2026-06-24T16:00:00Z"),
        not_before: None,
        issued: at("2026-06-14T03:00:00Z"),
        benefit: money(50_000),
        assistance: Some("medicines".to_owned()),
        holder: Some(Holder {
            name: "Maria Clara Dela Cruz-Santos".to_owned(),
            birth_year: Some(1984),
            id_tail: Some("0417".to_owned()),
        }),
    }
}

/// A voucher of the goods delegation.
pub fn rice_voucher() -> FieldVoucher {
    FieldVoucher { benefit: rice(10_000), assistance: None, ..field_voucher() }
}

pub fn sign(voucher: &FieldVoucher, delegation: &Delegation) -> Vec<u8> {
    sign_with(voucher, delegation, &officer())
}

pub fn sign_with(voucher: &FieldVoucher, delegation: &Delegation, device: &dyn Signer) -> Vec<u8> {
    delegation::sign(voucher, &delegation.sign(&delegating()).unwrap(), device).unwrap()
}

pub fn text(voucher: &FieldVoucher, delegation: &Delegation) -> String {
    to_text(&sign(voucher, delegation)).unwrap()
}

pub fn hash(delegation: &Delegation) -> Hash {
    let signed = delegation.sign(&delegating()).unwrap();
    Delegation::open(&signed, [&delegating().public_key()]).unwrap().1
}

/// The usual trust list with keys for delegations.
pub fn field_trust_list() -> TrustList {
    let mut list = trust_list();
    let purpose = KeyUse::Delegation;
    let key_of = |key: Ed25519Key| issuer_key(key.public_key(), purpose, &[CASH, FOOD]);
    list.keys.extend([
        key_of(delegating()),
        IssuerKey { end: Some(KeyEnd::Compromised(None)), ..key_of(stolen()) },
        IssuerKey { end: Some(KeyEnd::RetiredAt(at("2026-06-01T00:00:00Z"))), ..key_of(retired()) },
        // One who may delegate for the food programme alone.
        issuer_key(public(Who::Stranger), purpose, &[FOOD]),
    ]);
    list
}

/// The key that may delegate for the food programme alone.
pub fn food_delegating() -> Ed25519Key {
    key(Who::Stranger)
}
