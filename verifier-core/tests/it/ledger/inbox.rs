//! What the phone was told: verified, whole, never replaced by something older.

use fixtures::ledger::{
    Phone, clock, device, key, profile, profile_of, server, server_keys, status_token, time, trust,
};
use protocol::Hash;
use protocol::id::ChainId;
use protocol::key::Signer;
use verifier_core::ledger::AcceptError;

#[test]
fn what_was_accepted_is_there_after_a_restart_as_it_was_received() {
    let mut phone = Phone::on_a_new_ledger();
    let (file, state) = trust(1, 1);
    phone.ledger.accept_enrolment(b"https://vouchers.example.org", clock(1)).unwrap();
    phone.ledger.accept_trust(&file, &state, clock(2)).unwrap();
    phone.ledger.accept_profile(&profile(3), &server_keys(), clock(3)).unwrap();
    let token = status_token(4);
    let entry = &state.list().status_lists[0];
    phone.ledger.accept_status_list(entry, state.list(), &token, clock(4)).unwrap();
    let ack = phone.ack(7, 5);
    let signed = ack.sign(&server()).unwrap();
    phone.ledger.accept_ack(&signed, &server_keys(), clock(6)).unwrap();

    let ledger = phone.reopen().ledger;
    assert_eq!(ledger.enrolment().unwrap().unwrap().bytes, b"https://vouchers.example.org");
    let stored = ledger.trust_file().unwrap().unwrap();
    assert_eq!((stored.bytes, stored.clock), (file, clock(2)));
    assert_eq!(ledger.profile().unwrap().unwrap().bytes, profile(3));
    let lists = ledger.status_lists().unwrap();
    assert_eq!((lists[0].number, lists[0].issued, &lists[0].token), (1, time(4), &token));
    let last = ledger.last_ack().unwrap().unwrap();
    assert_eq!((last.cursor, last.server_time, last.clock), (7, time(5), clock(6)));
    let observed = ledger.observed_state().unwrap();
    assert_eq!(observed.ack, Some(last.hash));
    assert_eq!((observed.trust_version, observed.status_lists), (1, vec![(1, time(4))]));
}

#[test]
fn the_newest_takes_the_place_of_the_one_before() {
    let mut phone = Phone::on_a_new_ledger();
    for (version, seconds) in [(1, 1), (2, 2)] {
        let (file, state) = trust(version, seconds);
        phone.ledger.accept_trust(&file, &state, clock(seconds)).unwrap();
        let entry = &state.list().status_lists[0];
        let token = status_token(seconds);
        phone.ledger.accept_status_list(entry, state.list(), &token, clock(seconds)).unwrap();
    }
    assert_eq!(phone.ledger.trust_file().unwrap().unwrap().bytes, trust(2, 2).0);
    let lists = phone.ledger.status_lists().unwrap();
    assert_eq!(lists.len(), 1);
    assert_eq!(lists[0].token, status_token(2));
    assert_eq!(phone.ledger.doctor().unwrap().blobs, 1, "the replaced token is gone");
    assert_eq!(phone.findings(), [""; 0]);
}

#[test]
fn an_ack_under_another_key_or_for_another_phone_changes_nothing() {
    let mut phone = Phone::on_a_new_ledger();
    let record = phone.redeem(1, 1, 1);
    let mut ack = phone.ack(1, 10);
    (ack.head, ack.head_hash) = (1, Some(record.hash));
    let forged = ack.sign(&key(99)).unwrap();
    let accept = |phone: &mut Phone, signed: &[u8]| {
        phone.ledger.accept_ack(signed, &server_keys(), clock(10)).unwrap_err()
    };
    assert!(matches!(accept(&mut phone, &forged), AcceptError::Protocol(_)));
    let mut other = ack.clone();
    other.device = Hash::of(b"another phone");
    let other = other.sign(&server()).unwrap();
    assert!(matches!(accept(&mut phone, &other), AcceptError::OtherDevice));
    let mut other = ack;
    other.chain = ChainId::from_bytes([9; 16]);
    let other = other.sign(&server()).unwrap();
    assert!(matches!(accept(&mut phone, &other), AcceptError::OtherChain));
    assert_eq!(phone.ledger.outbox(10, usize::MAX).unwrap().len(), 1);
    assert_eq!(phone.ledger.last_ack().unwrap(), None);
}

#[test]
fn a_profile_for_another_phone_or_an_older_one_is_not_taken() {
    let mut phone = Phone::on_a_new_ledger();
    let accept = |phone: &mut Phone, signed: &[u8]| {
        phone.ledger.accept_profile(signed, &server_keys(), clock(50))
    };
    let other = profile_of(key(99).public_key(), 1);
    assert!(matches!(accept(&mut phone, &other), Err(AcceptError::OtherDevice)));
    accept(&mut phone, &profile(20)).unwrap();
    assert!(matches!(accept(&mut phone, &profile(10)), Err(AcceptError::Older)));
    assert_eq!(phone.ledger.profile().unwrap().unwrap().bytes, profile(20));
    assert_eq!(phone.ledger.device(), &device().public_key());
}

#[test]
fn an_older_status_list_is_not_taken() {
    let mut phone = Phone::on_a_new_ledger();
    let (_, state) = trust(1, 1);
    let entry = &state.list().status_lists[0];
    phone.ledger.accept_status_list(entry, state.list(), &status_token(9), clock(9)).unwrap();
    let older = phone.ledger.accept_status_list(entry, state.list(), &status_token(8), clock(10));
    assert!(matches!(older, Err(AcceptError::Protocol(protocol::Error::StatusList(_)))));
    assert_eq!(phone.ledger.status_lists().unwrap()[0].issued, time(9));
}

#[test]
fn a_sync_without_news_writes_nothing() {
    let mut phone = Phone::on_a_new_ledger();
    let (file, state) = trust(1, 1);
    let ack = phone.ack(7, 5);
    for seconds in [10, 20] {
        phone.ledger.accept_trust(&file, &state, clock(seconds)).unwrap();
        phone.ledger.accept_profile(&profile(3), &server_keys(), clock(seconds)).unwrap();
        let entry = &state.list().status_lists[0];
        let token = status_token(4);
        phone.ledger.accept_status_list(entry, state.list(), &token, clock(seconds)).unwrap();
        phone.accept(&ack);
    }
    assert_eq!(phone.ledger.doctor().unwrap().received, 4);
}
