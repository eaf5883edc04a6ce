//! The way to the server: nothing is lost, nothing blocks the rest.

use fixtures::ledger::{Phone, claim_id, document, serving, time, unsealing, update, void};
use protocol::Hash;
use protocol::ack::{ClaimState, ItemResult, Outcome};
use protocol::record::Record;
use protocol::seal::Sealed;
use verifier_core::ledger::{Act, ChainState, Delivery};

#[test]
fn what_is_sent_opens_at_the_server_as_the_record_that_was_signed() {
    let mut phone = Phone::on_a_new_ledger();
    let signed = phone.redeem(10, 1, 1);
    let item = phone.ledger.outbox(1, usize::MAX).unwrap().remove(0);
    assert_eq!(item.item, Hash::of(&item.sealed));
    let opened = unsealing().open(&Sealed::decode(&item.sealed).unwrap()).unwrap();
    let record = Record::decode(&opened).unwrap().open(phone.ledger.device()).unwrap();
    assert_eq!(record, signed);
}

#[test]
fn a_resend_is_the_same_bytes() {
    let mut phone = Phone::on_a_new_ledger();
    phone.redeem(10, 1, 1);
    let before = phone.ledger.outbox(10, usize::MAX).unwrap();
    let phone = phone.reopen();
    assert_eq!(phone.ledger.outbox(10, usize::MAX).unwrap(), before);
}

#[test]
fn records_leave_in_order_and_within_the_limits_asked_for() {
    let mut phone = Phone::on_a_new_ledger();
    for number in 1..=5 {
        phone.redeem(u64::from(number), number, number);
    }
    let sequences = |limit, bytes| {
        let items = phone.ledger.outbox(limit, bytes).unwrap();
        items.iter().map(|item| item.sequence).collect::<Vec<_>>()
    };
    assert_eq!(sequences(3, usize::MAX), [1, 2, 3]);
    assert_eq!(sequences(500, 1), [1], "at least one, or a large record would wait for ever");
    let two = phone.ledger.outbox(2, usize::MAX).unwrap();
    let room = two.iter().map(|item| item.sealed.len()).sum::<usize>();
    assert_eq!(sequences(500, room), [1, 2]);
}

#[test]
fn accepted_duplicate_and_conflict_are_sent_and_later_waits() {
    let mut phone = Phone::on_a_new_ledger();
    for number in 1..=4 {
        phone.redeem(u64::from(number), number, number);
    }
    let outcomes = [Outcome::Accepted, Outcome::Duplicate, Outcome::Conflict, Outcome::Later];
    let mut ack = phone.ack(1, 100);
    for (item, outcome) in phone.ledger.outbox(10, usize::MAX).unwrap().iter().zip(outcomes) {
        ack.results.push(ItemResult { item: item.item, outcome });
    }
    phone.accept(&ack);
    let state = |number| phone.ledger.claim(claim_id(number)).unwrap().unwrap().state;
    assert_eq!(
        [1, 2, 3, 4].map(state),
        [ClaimState::Submitted, ClaimState::Submitted, ClaimState::Conflict, ClaimState::Recorded]
    );
    let waiting = phone.ledger.outbox(10, usize::MAX).unwrap();
    assert_eq!(waiting.iter().map(|item| item.sequence).collect::<Vec<_>>(), [4]);
    assert_eq!(phone.findings(), [""; 0]);
}

#[test]
fn a_refused_record_is_set_aside_with_its_reason_and_blocks_nothing() {
    let mut phone = Phone::on_a_new_ledger();
    phone.redeem(1, 1, 1);
    phone.answer(1, 100, &Outcome::Refused("quota".into()));
    phone.redeem(200, 2, 2);
    let waiting = phone.ledger.outbox(10, usize::MAX).unwrap();
    assert_eq!(waiting.iter().map(|item| item.sequence).collect::<Vec<_>>(), [2]);
    let claim = phone.ledger.claim(claim_id(1)).unwrap().unwrap();
    assert_eq!(claim.delivery, Delivery::Refused("quota".into()));
    assert_eq!(claim.state, ClaimState::Recorded);
    let unsent = phone.ledger.unsent().unwrap();
    assert_eq!((unsent.records, unsent.refused, unsent.since), (1, 1, Some(time(200))));
}

#[test]
fn what_became_of_a_record_is_told_by_its_result_and_not_by_the_head() {
    let mut phone = Phone::on_a_new_ledger();
    phone.redeem(1, 1, 1);
    let second = phone.redeem(2, 2, 2);
    let mut ack = phone.ack(1, 100);
    (ack.head, ack.head_hash) = (2, Some(second.hash));
    phone.accept(&ack);
    let waiting = phone.ledger.outbox(10, usize::MAX).unwrap();
    assert_eq!(waiting.iter().map(|item| item.sequence).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(phone.ledger.chain_state().unwrap(), ChainState::Agreed);

    let refused = Outcome::Refused("issuer_compromised".into());
    let outcomes = [Outcome::Duplicate, refused].into_iter();
    let results = waiting.iter().zip(outcomes);
    ack.results = results.map(|(it, outcome)| ItemResult { item: it.item, outcome }).collect();
    phone.accept(&ack);
    let delivery = |claim| phone.ledger.claim(claim_id(claim)).unwrap().unwrap().delivery;
    assert_eq!(delivery(1), Delivery::Sent);
    assert_eq!(delivery(2), Delivery::Refused("issuer_compromised".into()));
    assert_eq!(phone.findings(), [""; 0]);
}

#[test]
fn a_head_that_is_not_in_the_chain_is_told_and_sends_nothing() {
    for (head, hash) in [(1, Hash::of(b"another record")), (7, Hash::of(b"a later record"))] {
        let mut phone = Phone::on_a_new_ledger();
        phone.redeem(1, 1, 1);
        let mut ack = phone.ack(1, 100);
        (ack.head, ack.head_hash) = (head, Some(hash));
        phone.accept(&ack);
        let phone = phone.reopen();
        let diverged = ChainState::Diverged { server_head: head };
        assert_eq!(phone.ledger.chain_state().unwrap(), diverged);
        assert_eq!(phone.ledger.outbox(10, usize::MAX).unwrap().len(), 1);
        assert_eq!(phone.findings(), [""; 0]);
    }
}

#[test]
fn documents_follow_their_records_until_the_server_holds_them() {
    let mut phone = Phone::on_a_new_ledger();
    let mut first = serving(1, 1);
    first.documents = vec![document(b"one"), document(b"two")];
    phone.act(1, Act::Redeem(first)).unwrap();
    assert_eq!(phone.ledger.documents_to_send().unwrap(), []);
    assert_eq!(phone.ledger.unsent().unwrap().documents, 2);
    phone.answer(1, 100, &Outcome::Accepted);
    let hashes = |phone: &Phone| {
        let documents = phone.ledger.documents_to_send().unwrap();
        documents.iter().map(|document| document.hash).collect::<Vec<_>>()
    };
    let mut both = [Hash::of(b"one"), Hash::of(b"two")];
    both.sort();
    assert_eq!(hashes(&phone), both);
    let mut ack = phone.ack(2, 110);
    ack.documents = vec![Hash::of(b"one")];
    phone.accept(&ack);
    assert_eq!(hashes(&phone), [Hash::of(b"two")]);
    // Attached to another claim, it is not sent again.
    let mut second = serving(2, 2);
    second.documents = vec![document(b"one")];
    phone.act(120, Act::Redeem(second)).unwrap();
    phone.answer(3, 130, &Outcome::Accepted);
    assert_eq!(hashes(&phone), [Hash::of(b"two")]);
    let held = &phone.ledger.claim(claim_id(2)).unwrap().unwrap().documents[0];
    assert!(held.held_by_server);
}

#[test]
fn a_void_that_the_server_refuses_leaves_the_redemption_standing() {
    let mut phone = Phone::on_a_new_ledger();
    phone.redeem(1, 1, 1);
    phone.answer(1, 100, &Outcome::Accepted);
    phone.act(110, void(1)).unwrap();
    assert_eq!(phone.ledger.claim(claim_id(1)).unwrap().unwrap().state, ClaimState::Voided);
    phone.answer(2, 120, &Outcome::Refused("on_a_payable".into()));
    let claim = phone.ledger.claim(claim_id(1)).unwrap().unwrap();
    assert_eq!(claim.state, ClaimState::Submitted);
    assert_eq!(claim.voided.unwrap().delivery, Delivery::Refused("on_a_payable".into()));
    let live = phone.ledger.live_redemption(&fixtures::ledger::identity(1)).unwrap();
    assert_eq!(live.unwrap().claim, claim_id(1));
    phone.act(130, void(1)).unwrap();
    assert_eq!(phone.findings(), [""; 0]);
}

#[test]
fn a_refused_void_never_makes_two_live_redemptions() {
    let mut phone = Phone::on_a_new_ledger();
    phone.redeem(1, 1, 1);
    phone.answer(1, 100, &Outcome::Accepted);
    phone.act(110, void(1)).unwrap();
    phone.redeem(115, 1, 2);
    phone.answer(2, 120, &Outcome::Refused("on_a_payable".into()));
    let live = phone.ledger.live_redemption(&fixtures::ledger::identity(1)).unwrap();
    assert_eq!(live.unwrap().claim, claim_id(2));
}

#[test]
fn what_the_server_says_of_a_claim_is_overtaken_by_a_void_it_has_not_heard_of() {
    let mut phone = Phone::on_a_new_ledger();
    phone.redeem(1, 1, 1);
    phone.answer(1, 100, &Outcome::Accepted);
    phone.act(110, void(1)).unwrap();
    let mut ack = phone.ack(2, 120);
    ack.claims = vec![update(1, ClaimState::InReview)];
    phone.accept(&ack);
    assert_eq!(phone.ledger.claim(claim_id(1)).unwrap().unwrap().state, ClaimState::Voided);
    phone.answer(3, 130, &Outcome::Accepted);
    assert_eq!(phone.ledger.claim(claim_id(1)).unwrap().unwrap().state, ClaimState::Voided);
}
