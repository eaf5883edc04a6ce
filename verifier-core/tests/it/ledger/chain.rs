//! Records: durable, chained, and one live redemption a voucher.

use fixtures::ledger::{
    Phone, claim_id, clock, device, document, identity, key, sealing, serving, time, void,
};
use protocol::Hash;
use protocol::id::OperatorId;
use protocol::key::Signer;
use protocol::record::{Body, RefusedSubject};
use verifier_core::ledger::{Act, AppendError, LedgerError, LiveRedemption, NewRecord};

#[test]
fn what_was_recorded_is_there_after_a_restart() {
    let mut phone = Phone::on_a_new_ledger();
    let first = phone.redeem(10, 1, 1);
    let second = phone.redeem(20, 2, 2);
    let chain = phone.ledger.chain();
    let phone = phone.reopen();
    assert_eq!(phone.ledger.chain(), chain);
    let head = phone.ledger.head().unwrap().unwrap();
    assert_eq!((head.sequence, head.hash), (2, second.hash));
    assert_eq!(second.header.previous, Some(first.hash));
    assert!(phone.ledger.live_redemption(&identity(1)).unwrap().is_some());
    assert_eq!(phone.findings(), [""; 0]);
}

#[test]
fn a_copy_of_the_files_taken_right_after_a_record_holds_it() {
    let mut phone = Phone::on_a_new_ledger();
    let record = phone.redeem(10, 1, 1);
    // The ledger is still open: nothing is flushed by closing it.
    let copy = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(phone.dir.path()).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), copy.path().join(entry.file_name())).unwrap();
    }
    let ledger = fixtures::ledger::open(copy.path()).unwrap();
    assert_eq!(ledger.head().unwrap().unwrap().hash, record.hash);
    assert!(ledger.doctor().unwrap().findings.is_empty());
}

#[test]
fn a_voucher_is_served_once() {
    let mut phone = Phone::on_a_new_ledger();
    phone.redeem(10, 1, 1);
    let again = phone.act(20, Act::Redeem(serving(1, 2)));
    let Err(AppendError::AlreadyRedeemed(live)) = again else {
        panic!("served twice: {again:?}");
    };
    let operator = Some(OperatorId::new("ana").unwrap());
    assert_eq!(live, LiveRedemption { claim: claim_id(1), redeemed_at: time(10), operator });
    assert_eq!(phone.ledger.head().unwrap().unwrap().sequence, 1);
    assert!(phone.ledger.claim(claim_id(2)).unwrap().is_none());
}

#[test]
fn a_void_frees_the_voucher_and_the_claim_stays_listed() {
    let mut phone = Phone::on_a_new_ledger();
    phone.redeem(10, 1, 1);
    phone.act(20, void(1)).unwrap();
    assert_eq!(phone.ledger.live_redemption(&identity(1)).unwrap(), None);
    phone.redeem(30, 1, 2);
    let live = phone.ledger.live_redemption(&identity(1)).unwrap().unwrap();
    assert_eq!(live.claim, claim_id(2));
    assert!(phone.ledger.claim(claim_id(1)).unwrap().unwrap().voided.is_some());
    assert_eq!(phone.findings(), [""; 0]);
}

#[test]
fn a_void_names_a_claim_that_stands() {
    let mut phone = Phone::on_a_new_ledger();
    assert!(matches!(phone.act(10, void(1)), Err(AppendError::UnknownClaim(_))));
    phone.redeem(20, 1, 1);
    phone.act(30, void(1)).unwrap();
    assert!(matches!(phone.act(40, void(1)), Err(AppendError::AlreadyVoided(_))));
}

#[test]
fn the_uniqueness_of_a_live_redemption_is_the_databases_own() {
    let mut phone = Phone::on_a_new_ledger();
    phone.redeem(10, 1, 1);
    phone.act(20, void(1)).unwrap();
    phone.redeem(30, 1, 2);
    let file = phone.dir.path().join("ledger.db");
    drop(phone.ledger);
    let db = rusqlite::Connection::open(file).unwrap();
    let revived = db.execute("UPDATE claim SET live = 1", []);
    assert_eq!(
        revived.unwrap_err().sqlite_error_code(),
        Some(rusqlite::ErrorCode::ConstraintViolation)
    );
}

#[test]
fn a_claim_id_that_is_taken_records_nothing() {
    let mut phone = Phone::on_a_new_ledger();
    phone.redeem(10, 1, 1);
    assert!(phone.act(20, Act::Redeem(serving(2, 1))).is_err());
    assert_eq!(phone.ledger.head().unwrap().unwrap().sequence, 1);
    assert_eq!(phone.findings(), [""; 0]);
}

#[test]
fn only_the_chains_own_key_signs_it() {
    let mut phone = Phone::on_a_new_ledger();
    let new = NewRecord {
        act: Act::Redeem(serving(1, 1)),
        operator: None,
        clock_floor: time(0),
        observed: phone.ledger.observed_state().unwrap(),
    };
    let refused = phone.ledger.append(clock(10), &new, &key(99), &sealing());
    assert!(matches!(refused, Err(AppendError::Ledger(LedgerError::OtherDevice))));
    assert_eq!(phone.ledger.head().unwrap(), None);
}

#[test]
fn a_key_that_signs_wrongly_records_nothing() {
    struct Broken;
    impl Signer for Broken {
        fn public_key(&self) -> protocol::key::PublicKey {
            device().public_key()
        }
        fn sign(&self, _: &[u8]) -> protocol::Result<Vec<u8>> {
            Ok(vec![0; 64])
        }
    }
    let mut phone = Phone::on_a_new_ledger();
    let new = NewRecord {
        act: Act::Redeem(serving(1, 1)),
        operator: None,
        clock_floor: time(0),
        observed: phone.ledger.observed_state().unwrap(),
    };
    let refused = phone.ledger.append(clock(10), &new, &Broken, &sealing());
    assert!(matches!(refused, Err(AppendError::Protocol(protocol::Error::Signature))));
    assert_eq!(phone.ledger.head().unwrap(), None);
}

#[test]
fn a_record_says_what_was_held_and_who_worked() {
    let mut phone = Phone::on_a_new_ledger();
    let (file, state) = fixtures::ledger::trust(4, 1);
    phone.ledger.accept_trust(&file, &state, clock(1)).unwrap();
    let record = phone.redeem(10, 1, 1);
    assert_eq!(record.header.observed.trust_version, 4);
    assert_eq!(record.header.device_time, time(10));
    assert_eq!(record.header.operator, Some(OperatorId::new("ana").unwrap()));
}

#[test]
fn documents_are_kept_with_the_record_that_names_them() {
    let mut phone = Phone::on_a_new_ledger();
    let mut first = serving(1, 1);
    first.documents = vec![document(b"one"), document(b"two")];
    let record = phone.act(10, Act::Redeem(first)).unwrap();
    let Body::Redeem(redeem) = record.body else { panic!("no redemption") };
    assert_eq!(redeem.documents[1].hash, Hash::of(b"two"));
    let added = Act::AttachDocument { claim: claim_id(1), document: document(b"three") };
    phone.act(20, added).unwrap();
    let unknown = Act::AttachDocument { claim: claim_id(9), document: document(b"four") };
    assert!(matches!(phone.act(30, unknown), Err(AppendError::UnknownClaim(_))));
    let phone = phone.reopen();
    for content in [b"one".as_slice(), b"two", b"three"] {
        let read = phone.ledger.read_document(Hash::of(content)).unwrap();
        assert_eq!(read.as_deref(), Some(content));
    }
    assert_eq!(phone.ledger.read_document(Hash::of(b"four")).unwrap(), None);
}

#[test]
fn a_refusal_can_be_found_by_what_was_shown_and_why() {
    let mut phone = Phone::on_a_new_ledger();
    let subject = RefusedSubject::Voucher(identity(1).hash());
    let refuse = Act::Refuse { reason: "expired".into(), subject: subject.clone() };
    phone.act(10, refuse.clone()).unwrap();
    phone.act(5000, refuse).unwrap();
    let last =
        |subject: &RefusedSubject, reason| phone.ledger.last_refusal(subject, reason).unwrap();
    assert_eq!(last(&subject, "expired"), Some(time(5000)));
    assert_eq!(last(&subject, "revoked"), None);
    assert_eq!(last(&RefusedSubject::Text(identity(1).hash()), "expired"), None);
}
