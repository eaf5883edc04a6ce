//! Delegated vouchers: within the limits they are as good as the office's own. Each limit overstepped
//! is a vector of `delegation.json`.

use protocol::authenticity::{Authentic, NotAuthentic, authenticate};
use protocol::cose::{ObjectType, Sign1};
use protocol::delegation::{Beyond, Ceiling, Delegation, FieldVoucher, MAX_TEXT_LEN};
use protocol::key::Signer;
use protocol::record::SignedVoucher;
use protocol::trust::{IssuedSets, TrustList};
use protocol::voucher::{Reference, StatusRef};
use protocol::{Hash, Span};
use samples::field::{
    self, delegating, delegation, field_trust_list, field_voucher, goods_delegation, hash, officer,
    rice, rice_voucher, sign, text,
};
use samples::{self, at, issuer, money};

fn judge(signed: Vec<u8>, trust: &TrustList) -> Result<Authentic, NotAuthentic> {
    authenticate(&SignedVoucher::Cose(signed), trust, &IssuedSets::none())
}

#[test]
fn a_delegated_voucher_is_the_voucher_that_its_delegation_makes_of_it() {
    let found = judge(sign(&field_voucher(), &delegation()), &field_trust_list()).unwrap();
    let under = found.delegated().unwrap();
    assert_eq!((under.number, under.hash), (3, hash(&delegation())));
    assert_eq!(under.delegation, delegation());
    let voucher = &found.voucher;
    assert_eq!(voucher.identity.issuer, issuer());
    assert_eq!(voucher.programme, delegation().programme);
    assert_eq!(voucher.audience, delegation().audience);
    assert_eq!(voucher.not_before, voucher.issued.before(Span::days(1)));
    assert_eq!(voucher.status, Some(StatusRef { list: 1, index: 202 }));
    let number = [&[0; 7][..], &[3]].concat();
    let digest = Hash::of_all(&[under.hash.as_bytes(), &number]);
    let Reference::Cti(cti) = &voucher.identity.reference else { panic!("no cti") };
    assert_eq!(cti.as_bytes()[..], digest.as_bytes()[..16]);
    assert!(found.key_in_force);
}

#[test]
fn a_realistic_delegated_voucher_fits_a_qr_code_of_version_17() {
    let text = text(&field_voucher(), &delegation());
    assert!(text.len() <= MAX_TEXT_LEN, "{} characters", text.len());
    let goods = field::text(&rice_voucher(), &goods_delegation());
    assert!(goods.len() <= MAX_TEXT_LEN, "{} characters", goods.len());
}

#[test]
fn two_contents_under_one_number_are_one_voucher_and_another_number_is_another() {
    let identity = |voucher: &FieldVoucher| {
        judge(sign(voucher, &delegation()), &field_trust_list()).unwrap().voucher.identity
    };
    let third = field_voucher();
    let twin = FieldVoucher { benefit: money(1), ..third.clone() };
    let fourth = FieldVoucher { number: 4, ..third.clone() };
    assert_eq!(identity(&third), identity(&twin));
    assert_ne!(identity(&third), identity(&fourth));
    let again = Delegation { nonce: [0; 8], ..delegation() };
    let under_another = judge(sign(&third, &again), &field_trust_list()).unwrap().voucher.identity;
    assert_ne!(identity(&third), under_another);
}

#[test]
fn what_is_not_said_follows_from_the_delegation() {
    let bare = FieldVoucher { entitlement: None, holder: None, ..rice_voucher() };
    let found = judge(sign(&bare, &goods_delegation()), &field_trust_list()).unwrap().voucher;
    assert_eq!(found.assistance, "food");
    assert_eq!(found.audience, None);
    assert_eq!(found.entitlement.as_str(), found.identity.reference.to_string());
}

#[test]
fn an_ended_delegation_issues_nothing_any_more() {
    let mut trust = field_trust_list();
    trust.ended_delegations.push(hash(&delegation()));
    let ended = Err(NotAuthentic::BeyondDelegation(Beyond::Ended));
    assert_eq!(judge(sign(&field_voucher(), &delegation()), &trust), ended);
    let other = Delegation { nonce: [0; 8], ..delegation() };
    assert!(judge(sign(&field_voucher(), &other), &trust).is_ok());
}

#[test]
fn only_the_phone_that_is_named_signs() {
    let signed = field::sign_with(&field_voucher(), &delegation(), &samples::device());
    assert_eq!(judge(signed, &field_trust_list()), Err(NotAuthentic::Forged));
    // Nobody delegates onward: the officer's key signs vouchers and no delegations.
    let onward = Delegation { device: samples::device().public_key(), ..delegation() };
    let onward = onward.sign(&officer()).unwrap();
    let signed = protocol::delegation::sign(&field_voucher(), &onward, &samples::device()).unwrap();
    assert_eq!(judge(signed, &field_trust_list()), Err(NotAuthentic::UnknownIssuer));
}

#[test]
fn a_stored_delegated_voucher_reads_back_without_its_issuer() {
    let signed = sign(&field_voucher(), &delegation());
    let envelope = Sign1::parse(ObjectType::Voucher, &signed).unwrap();
    let (under, own) = FieldVoucher::read_stored(&envelope).unwrap();
    assert_eq!(own, field_voucher());
    assert_eq!((under.hash, under.number), (hash(&delegation()), 3));
    let office = samples::sign_voucher(&samples::voucher(), samples::Who::Voucher);
    let envelope = Sign1::parse(ObjectType::Voucher, &office).unwrap();
    assert!(FieldVoucher::read_stored(&envelope).is_err());
}

#[test]
fn a_delegation_that_contradicts_itself_is_not_signed() {
    let fails = |delegation: Delegation| delegation.sign(&delegating()).is_err();
    assert!(!fails(delegation()));
    assert!(fails(Delegation { count: 0, ..delegation() }));
    assert!(fails(Delegation { until: delegation().from, ..delegation() }));
    assert!(fails(Delegation { assistance: vec![], ..delegation() }));
    assert!(fails(Delegation { assistance: vec!["food".into(), "food".into()], ..delegation() }));
    let last = |count| Delegation {
        count,
        first_status: StatusRef { list: 1, index: (1 << 20) - 20 },
        ..delegation()
    };
    assert!(!fails(last(20)));
    assert!(fails(last(21)));
    assert!(Ceiling::new(money(2), money(1)).is_err());
    assert!(Ceiling::new(money(1), rice(1)).is_err());
}

#[test]
fn all_vouchers_together_give_no_more_than_the_total() {
    let ceiling = Ceiling::new(money(400), money(1000)).unwrap();
    let first = ceiling.count(None, &money(400)).unwrap();
    let second = ceiling.count(Some(&first), &money(400)).unwrap();
    assert_eq!(ceiling.count(Some(&second), &money(200)), Ok(money(1000)));
    assert_eq!(ceiling.count(Some(&second), &money(201)), Err(Beyond::Total));
    assert_eq!(ceiling.total().minus(&second), Some(money(200)));
    assert_eq!(ceiling.total().minus(&money(1000)), None);
}

#[test]
fn the_keys_window_is_judged_at_the_delegations_date() {
    let late = Delegation { issued: at("2027-01-01T00:00:00Z"), ..delegation() };
    let found = judge(sign(&field_voucher(), &late), &field_trust_list()).unwrap();
    assert!(!found.key_in_force);
    let long = Delegation { longest: Span::days(400), ..delegation() };
    assert!(judge(sign(&field_voucher(), &long), &field_trust_list()).unwrap().key_in_force);
}
