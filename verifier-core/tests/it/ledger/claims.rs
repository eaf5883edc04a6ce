//! Claims as staff see them.

use fixtures::ledger::{
    Phone, claim_id, document, identity, identity_in, serving, time, update, void,
};
use protocol::Hash;
use protocol::ack::{ClaimState, ClaimUpdate, Outcome};
use protocol::record::{HowRead, SignedVoucher};
use verifier_core::ledger::{Act, Delivery, Page, ServedVoucher};

#[test]
fn a_claim_shows_what_was_served_and_by_whom() {
    let mut phone = Phone::on_a_new_ledger();
    let mut serving = serving(1, 1);
    serving.documents = vec![document(b"prescription")];
    phone.act(10, Act::Redeem(serving.clone())).unwrap();
    let claim = phone.ledger.claim(claim_id(1)).unwrap().unwrap();
    assert_eq!((claim.sequence, claim.redeemed_at), (1, time(10)));
    assert_eq!(claim.operator.unwrap().as_str(), "ana");
    assert_eq!((claim.state, claim.delivery), (ClaimState::Recorded, Delivery::Waiting));
    assert_eq!(claim.documents[0].document.hash, Hash::of(b"prescription"));
    assert!(!claim.documents[0].held_by_server);
    let served = claim.served.unwrap();
    let read = ServedVoucher::Read {
        identity: identity(1),
        signed: serving.voucher,
        how: HowRead::Picture,
    };
    assert_eq!((served.voucher, served.given), (read, serving.given));
    assert_eq!(served.warnings, ["status_stale"]);
}

#[test]
fn a_foreign_voucher_is_listed_and_found_again_by_its_code() {
    use protocol::id::IssuerId;
    use protocol::voucher::{Reference, VoucherIdentity};
    let mut phone = Phone::on_a_new_ledger();
    let mut serving = serving(1, 1);
    serving.voucher = SignedVoucher::Jwt("eyJhbGciOiJSUzI1NiJ9.e30.c2ln".into());
    serving.identity = VoucherIdentity {
        issuer: IssuerId::new("openg2p").unwrap(),
        reference: Reference::Code("123456".into()),
    };
    phone.act(10, Act::Redeem(serving.clone())).unwrap();
    let claim = phone.ledger.claim(claim_id(1)).unwrap().unwrap();
    assert_eq!(identity_in(&claim), Some(serving.identity.clone()));
    assert!(phone.ledger.live_redemption(&serving.identity).unwrap().is_some());
}

#[test]
fn claims_are_listed_newest_first_and_by_page() {
    let mut phone = Phone::on_a_new_ledger();
    for number in 1..=5 {
        phone.redeem(u64::from(number), number, number);
    }
    let list = |page| {
        let claims = phone.ledger.claims(page).unwrap();
        claims.iter().map(|claim| claim.id).collect::<Vec<_>>()
    };
    assert_eq!(list(Page::ALL), [5, 4, 3, 2, 1].map(claim_id));
    assert_eq!(list(Page { before: None, limit: 2 }), [5, 4].map(claim_id));
    assert_eq!(list(Page { before: Some(claim_id(4)), limit: 2 }), [3, 2].map(claim_id));
}

#[test]
fn a_voided_claim_says_when_and_why() {
    let mut phone = Phone::on_a_new_ledger();
    phone.redeem(10, 1, 1);
    phone.act(20, void(1)).unwrap();
    let claim = phone.ledger.claim(claim_id(1)).unwrap().unwrap();
    assert_eq!(claim.state, ClaimState::Voided);
    let voided = claim.voided.unwrap();
    assert_eq!((voided.at, voided.delivery), (time(20), Delivery::Waiting));
    assert_eq!(voided.reason.as_deref(), Some("wrong amount for Maria"));
}

#[test]
fn the_servers_word_on_a_claim_is_shown_with_its_reason() {
    let mut phone = Phone::on_a_new_ledger();
    phone.redeem(10, 1, 1);
    phone.answer(1, 20, &Outcome::Accepted);
    let mut ack = phone.ack(2, 30);
    let reason = Some("amount_unclear".to_owned());
    let state = ClaimState::Rejected;
    ack.claims = vec![ClaimUpdate { claim: claim_id(1), state, reason: reason.clone() }];
    phone.accept(&ack);
    let claim = phone.reopen().ledger.claim(claim_id(1)).unwrap().unwrap();
    assert_eq!((claim.state, claim.reason), (ClaimState::Rejected, reason));
}

#[test]
fn an_older_ack_that_comes_late_turns_no_claim_back() {
    let mut phone = Phone::on_a_new_ledger();
    phone.redeem(10, 1, 1);
    phone.answer(1, 20, &Outcome::Accepted);
    let mut newer = phone.ack(9, 50);
    newer.claims = vec![update(1, ClaimState::Paid)];
    let mut older = phone.ack(5, 40);
    older.claims = vec![update(1, ClaimState::InReview)];
    phone.accept(&newer);
    phone.accept(&older);
    assert_eq!(phone.ledger.claim(claim_id(1)).unwrap().unwrap().state, ClaimState::Paid);
    assert_eq!(phone.ledger.last_ack().unwrap().unwrap().cursor, 9);
    assert_eq!(phone.findings(), [""; 0]);
}

#[test]
fn a_server_that_was_restored_is_listened_to() {
    let mut phone = Phone::on_a_new_ledger();
    phone.redeem(10, 1, 1);
    phone.answer(9, 20, &Outcome::Accepted);
    let mut restored = phone.ack(3, 50);
    restored.claims = vec![update(1, ClaimState::Approved)];
    phone.accept(&restored);
    assert_eq!(phone.ledger.claim(claim_id(1)).unwrap().unwrap().state, ClaimState::Approved);
    assert_eq!(phone.ledger.last_ack().unwrap().unwrap().cursor, 3);
}
