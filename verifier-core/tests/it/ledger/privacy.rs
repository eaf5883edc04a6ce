//! Whoever reads the files without the key learns nothing of the people served.

use fixtures::ledger::{HOLDER, Phone, fill, identity, open_read_only, profile, signed_voucher};
use verifier_core::ledger::{LedgerError, Page};

/// Every byte of the home but for the secret keys.
fn stored_bytes(phone: &Phone) -> Vec<u8> {
    let mut bytes = Vec::new();
    for entry in std::fs::read_dir(phone.dir.path()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "key") {
            bytes.extend(std::fs::read(path).unwrap());
        }
    }
    bytes
}

fn holds(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[test]
fn no_personal_field_and_no_voucher_is_readable_in_the_files() {
    let mut phone = Phone::on_a_new_ledger();
    fill(&mut phone.ledger);
    let in_the_log = stored_bytes(&phone);
    let in_the_database = stored_bytes(&phone.reopen());
    for bytes in [in_the_log, in_the_database] {
        assert!(holds(&bytes, b"ana"), "the search works: the operator stands in signed headers");
        for secret in
            [HOLDER, "Maria", "prescription of", "wrong amount", "Aling Nena", "M*** C***"]
        {
            assert!(!holds(&bytes, secret.as_bytes()), "{secret} is readable");
        }
        for number in 1..=3 {
            let voucher = signed_voucher(number);
            assert!(!holds(&bytes, &voucher[voucher.len() - 64..]), "a voucher is readable");
            assert!(!holds(&bytes, identity(number).hash().as_bytes()), "an identity is readable");
        }
        assert!(!holds(&bytes, &profile(3)[..64]), "the profile is readable");
    }
}

#[test]
fn without_the_data_key_the_rest_is_still_listed() {
    let mut phone = Phone::on_a_new_ledger();
    fill(&mut phone.ledger);
    drop(phone.ledger);
    std::fs::remove_file(phone.dir.path().join("data.key")).unwrap();
    let ledger = open_read_only(phone.dir.path()).unwrap();
    let claims = ledger.claims(Page::ALL).unwrap();
    assert_eq!(claims.len(), 3);
    assert!(claims.iter().all(|claim| claim.served.is_none()));
    assert_eq!(ledger.outbox(10, usize::MAX).unwrap().len(), 4, "sealed: it can still be sent");
    assert!(matches!(ledger.trust_file(), Err(LedgerError::DataKey(_))));
    drop(ledger);
    let refused = fixtures::ledger::open(phone.dir.path());
    assert!(matches!(refused.err(), Some(LedgerError::DataKey(_))), "no second key is made");
}

#[test]
fn another_data_key_opens_nothing_and_breaks_nothing() {
    let mut phone = Phone::on_a_new_ledger();
    fill(&mut phone.ledger);
    drop(phone.ledger);
    std::fs::write(phone.dir.path().join("data.key"), [9; 32]).unwrap();
    let ledger = open_read_only(phone.dir.path()).unwrap();
    assert!(ledger.claims(Page::ALL).unwrap().iter().all(|claim| claim.served.is_none()));
    assert!(!ledger.doctor().unwrap().findings.is_empty());
}

#[cfg(unix)]
#[test]
fn every_file_of_a_home_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let mut phone = Phone::on_a_new_ledger();
    fill(&mut phone.ledger);
    let mut files = 0;
    for entry in std::fs::read_dir(phone.dir.path()).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{:?}", entry.file_name());
        files += 1;
    }
    assert_eq!(files, 5, "lock, data key, database, its log and its index");
}
