//! Ledgers that earlier versions wrote. Each was made once, by `testing/vectors/src/bin/stored_ledger.rs` as it was
//! then, and is never made again.

use fixtures::ledger::{claim_id, digest, identity, identity_in, open, serving, voucher_list};
use protocol::ack::ClaimState;
use std::fs;
use std::path::Path;
use verifier_core::home::Home;
use verifier_core::ledger::{Act, Ledger, Page};

/// The data key of every stored ledger.
const DATA_KEY: [u8; 32] = [8; 32];

/// Puts a stored ledger into a new home.
fn home_with(stored: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let home = Home::open(dir.path()).unwrap();
    home.write_secret(&home.data_key_file(), &DATA_KEY).unwrap();
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ledgers").join(stored);
    fs::copy(file, home.ledger_file()).unwrap();
    dir
}

#[test]
fn a_ledger_of_version_1_opens_with_everything_in_it() {
    let dir = home_with("v1.db");
    let ledger = open_with_everything(dir.path());
    let mut phone = fixtures::ledger::Phone { ledger, dir };
    assert!(phone.act(100, Act::Redeem(serving(1, 9))).is_err(), "served before");
    phone.redeem(100, 4, 4);
    assert_eq!(phone.ledger.head().unwrap().unwrap().sequence, 7);
}

#[test]
fn a_ledger_of_version_6_takes_a_list_of_vouchers() {
    let dir = home_with("v6.db");
    let mut ledger = open_with_everything(dir.path());
    assert_eq!(ledger.voucher_list().unwrap(), None);
    ledger.keep_voucher_list(&voucher_list(90)).unwrap();
    assert_eq!(ledger.voucher_list().unwrap(), Some(voucher_list(90)));
    assert!(ledger.doctor().unwrap().findings.is_empty());
}

#[test]
fn a_ledger_of_version_7_opens_with_its_list_of_vouchers() {
    let dir = home_with("v7.db");
    let ledger = open_with_everything(dir.path());
    assert_eq!(ledger.voucher_list().unwrap(), Some(voucher_list(80)));
}

/// Opens a ledger that `fill` filled; looks for everything that it has had since version 1.
fn open_with_everything(dir: &Path) -> Ledger {
    let ledger = open(dir).unwrap();
    assert!(ledger.doctor().unwrap().findings.is_empty());
    let states = [3, 2, 1].map(|number| (claim_id(number), number));
    let claims = ledger.claims(Page::ALL).unwrap();
    assert_eq!(claims.iter().map(|claim| claim.id).collect::<Vec<_>>(), states.map(|it| it.0));
    let expected = [ClaimState::Recorded, ClaimState::Voided, ClaimState::Submitted];
    assert_eq!(claims.iter().map(|claim| claim.state).collect::<Vec<_>>(), expected);
    assert_eq!(identity_in(&claims[2]), Some(identity(1)));
    let content = ledger.read_document(digest(b"receipt of Maria")).unwrap();
    assert_eq!(content.as_deref(), Some(b"receipt of Maria".as_slice()));
    assert_eq!(ledger.observed_state().unwrap().trust_version, 2);
    assert_eq!(ledger.last_ack().unwrap().unwrap().cursor, 5);
    assert_eq!(ledger.outbox(10, usize::MAX).unwrap().len(), 4);
    ledger
}
