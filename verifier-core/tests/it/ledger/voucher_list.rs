//! The list of vouchers: whole, the newest alone, and fetched again when it cannot be read.

use fixtures::ledger::{Phone, clock, device, fill, voucher_list};
use protocol::key::Signer;
use verifier_core::home::Home;
use verifier_core::ledger::{Finding, KeptVoucherList, KeyInFile, Ledger};

#[test]
fn a_list_is_there_after_a_restart_as_it_was_received() {
    let mut phone = Phone::on_a_new_ledger();
    assert_eq!(phone.ledger.voucher_list().unwrap(), None);
    phone.ledger.keep_voucher_list(&voucher_list(1)).unwrap();
    assert_eq!(phone.reopen().ledger.voucher_list().unwrap(), Some(voucher_list(1)));
}

#[test]
fn a_newer_list_leaves_nothing_of_the_one_before() {
    let mut phone = Phone::on_a_new_ledger();
    phone.ledger.keep_voucher_list(&voucher_list(1)).unwrap();
    let shorter = KeptVoucherList { pages: vec![b"{}".to_vec()], ..voucher_list(2) };
    phone.ledger.keep_voucher_list(&shorter).unwrap();
    assert_eq!(phone.ledger.voucher_list().unwrap(), Some(shorter));
    assert_eq!(phone.findings(), [""; 0]);
}

#[test]
fn the_same_list_again_is_as_old_as_its_last_fetching() {
    let mut phone = Phone::on_a_new_ledger();
    phone.ledger.keep_voucher_list(&voucher_list(1)).unwrap();
    phone.ledger.keep_voucher_list(&voucher_list(99)).unwrap();
    assert_eq!(phone.ledger.voucher_list().unwrap(), Some(voucher_list(99)));
}

#[test]
fn a_damaged_list_is_told_and_written_anew() {
    let mut phone = Phone::on_a_new_ledger();
    fill(&mut phone.ledger);
    let mut phone = phone.tamper("UPDATE voucher_page SET content = zeroblob(99)");
    assert!(phone.ledger.voucher_list().is_err());
    phone.ledger.keep_voucher_list(&voucher_list(80)).unwrap();
    assert_eq!(phone.ledger.voucher_list().unwrap(), Some(voucher_list(80)));
    assert_eq!(phone.findings(), [""; 0]);
}

#[test]
fn a_list_goes_with_a_lost_data_key() {
    let mut phone = Phone::on_a_new_ledger();
    phone.ledger.accept_enrolment(b"https://vouchers.example.org", clock(1)).unwrap();
    phone.ledger.keep_voucher_list(&voucher_list(1)).unwrap();
    let Phone { ledger, dir } = phone;
    drop(ledger);
    std::fs::remove_file(dir.path().join("data.key")).unwrap();
    let home = Home::open(dir.path()).unwrap();
    let ledger = Ledger::open_for_enrolment(home, &KeyInFile, &device().public_key()).unwrap();
    assert_eq!(ledger.voucher_list().unwrap(), None);
    let findings = ledger.doctor().unwrap().findings;
    assert!(!findings.iter().any(|it| matches!(it, Finding::VoucherPage { .. })), "{findings:?}");
}
