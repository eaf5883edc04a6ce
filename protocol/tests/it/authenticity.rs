//! Whether a voucher was really issued. The order of reasons is pinned by `verdict.json` too.

use protocol::authenticity::{Authentic, NotAuthentic, authenticate, read_text};
use protocol::cose::ObjectType;
use protocol::id::IssuerId;
use protocol::key::{KeyUse, Signer};
use protocol::record::SignedVoucher;
use protocol::trust::{IssuedSets, TrustList};
use protocol::voucher::Voucher;
use protocol::{Benefit, Currency, Money};
use samples::raw::Envelope;
use samples::{
    self, CASH, FOOD, Who, at, issuer_key, key, p256_issuer, programme_id, public, sign_voucher,
    text_of, trust_list, voucher,
};

fn judge(voucher: &Voucher, by: Who) -> Result<Authentic, NotAuthentic> {
    authenticate(
        &SignedVoucher::Cose(sign_voucher(voucher, by)),
        &trust_list(),
        &IssuedSets::none(),
    )
}

#[test]
fn a_voucher_of_a_pinned_issuer_is_authentic() {
    let found = judge(&voucher(), Who::Voucher).unwrap();
    assert_eq!(found.voucher, voucher());
    assert!(found.key_in_force);
    let signed = protocol::voucher::sign(&voucher(), &p256_issuer()).unwrap();
    assert!(authenticate(&SignedVoucher::Cose(signed), &trust_list(), &IssuedSets::none()).is_ok());
}

#[test]
fn white_space_around_a_text_does_no_harm_and_inside_it_does() {
    let text = text_of(&voucher(), Who::Voucher);
    assert!(read_text(&format!(" {text}\r\n")).is_ok());
    assert!(read_text(&text.replacen("VS1:", "VS1: ", 1)).is_err());
    assert_eq!(read_text("https://example.org"), Err(NotAuthentic::NotAVoucher));
    assert_eq!(read_text(""), Err(NotAuthentic::NotAVoucher));
}

#[test]
fn a_key_of_another_use_signs_no_vouchers() {
    for who in [Who::Status, Who::Profile, Who::Ack, Who::Trust, Who::Root1, Who::Stranger] {
        assert_eq!(judge(&voucher(), who), Err(NotAuthentic::UnknownIssuer), "{who:?}");
    }
}

#[test]
fn an_issuer_speaks_for_itself_and_its_programmes() {
    let mut other = voucher();
    other.identity.issuer = IssuerId::new("other.example.org").unwrap();
    assert_eq!(judge(&other, Who::Voucher), Err(NotAuthentic::Forged));
    assert_eq!(judge(&voucher(), Who::FoodVoucher), Err(NotAuthentic::WrongProgramme));
    let unknown = Voucher { programme: programme_id("elsewhere"), ..voucher() };
    assert_eq!(judge(&unknown, Who::Voucher), Err(NotAuthentic::WrongProgramme));
    let usd = Money::new(1, Currency::new("USD").unwrap()).unwrap();
    let dollars = Voucher { benefit: Benefit::Money(usd), ..voucher() };
    assert_eq!(judge(&dollars, Who::Voucher), Err(NotAuthentic::WrongProgramme));
    let food = Voucher { programme: programme_id(FOOD), ..voucher() };
    assert!(judge(&food, Who::FoodVoucher).is_ok());
}

#[test]
fn a_compromised_key_and_a_retired_key_are_different_ends() {
    assert_eq!(judge(&voucher(), Who::Compromised), Err(NotAuthentic::IssuerCompromised));
    let before = Voucher { issued: at("2026-06-11T23:59:59Z"), ..voucher() };
    assert!(judge(&before, Who::Retired).unwrap().key_in_force);
    let after = Voucher { issued: at("2026-06-12T00:00:00Z"), ..voucher() };
    assert!(!judge(&after, Who::Retired).unwrap().key_in_force);
    let too_early = Voucher { issued: at("2025-12-31T23:59:59Z"), ..voucher() };
    assert!(!judge(&too_early, Who::Voucher).unwrap().key_in_force);
}

#[test]
fn the_signature_is_checked_before_a_claim_is_looked_at() {
    let nonsense = [0xa1, 0x01, 0x02];
    let signed = |signer: &dyn Signer| {
        let envelope = Envelope::new(ObjectType::Voucher, &nonsense, &key(Who::Voucher));
        SignedVoucher::Cose(envelope.sign(signer))
    };
    let forged = authenticate(&signed(&key(Who::Stranger)), &trust_list(), &IssuedSets::none());
    assert_eq!(forged, Err(NotAuthentic::Forged));
    let unreadable = authenticate(&signed(&key(Who::Voucher)), &trust_list(), &IssuedSets::none());
    assert!(matches!(unreadable, Err(NotAuthentic::Unreadable(_))));
}

#[test]
fn another_objects_bytes_are_no_voucher() {
    let ack = samples::ack().sign(&key(Who::Voucher)).unwrap();
    let refused =
        authenticate(&SignedVoucher::Cose(ack), &trust_list(), &IssuedSets::none()).unwrap_err();
    assert!(matches!(refused, NotAuthentic::Unreadable(error) if error.code() == "cose.type"));
}

#[test]
fn two_payloads_of_one_identity_are_told_apart_by_their_digest() {
    let more = Voucher { benefit: samples::money(600_000), ..voucher() };
    let [first, twin] = [voucher(), more].map(|it| judge(&it, Who::Voucher).unwrap());
    assert_eq!(first.voucher.identity, twin.voucher.identity);
    assert_ne!(first.payload_hash, twin.payload_hash);
    let [plain, tagged] = [vec![18], vec![61, 18]].map(|tags| {
        let payload = voucher().encode().unwrap();
        let envelope = Envelope::new(ObjectType::Voucher, &payload, &key(Who::Voucher));
        let signed = Envelope { tags, ..envelope }.sign(&key(Who::Voucher));
        authenticate(&SignedVoucher::Cose(signed), &trust_list(), &IssuedSets::none()).unwrap()
    });
    assert_eq!(plain, tagged);
}

#[test]
fn only_a_voucher_key_that_is_listed_counts() {
    let list = TrustList {
        keys: vec![issuer_key(public(Who::Voucher), KeyUse::Delegation, &[CASH])],
        ..trust_list()
    };
    let signed = SignedVoucher::Cose(sign_voucher(&voucher(), Who::Voucher));
    assert_eq!(authenticate(&signed, &list, &IssuedSets::none()), Err(NotAuthentic::UnknownIssuer));
}
