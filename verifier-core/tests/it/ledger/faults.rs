//! Broken storage: a clear word, nothing said to be recorded that is not, and what can be read stays
//! readable.

use fixtures::ledger::{
    Phone, claim_id, clock, device, fill, open, open_read_only, sealing, serving, time,
};
use protocol::id::{ClaimId, VoucherId};
use protocol::key::Signer;
use protocol::voucher::Reference;
use std::fs;
use verifier_core::home::{Home, HomeError};
use verifier_core::ledger::{Act, AppendError, KeyInFile, Ledger, LedgerError, NewRecord, Page};

fn append(ledger: &mut Ledger) -> Result<(), AppendError> {
    let new = NewRecord {
        act: Act::Redeem(serving(9, 9)),
        operator: None,
        clock_floor: time(0),
        observed: ledger.observed_state().unwrap(),
    };
    ledger.append(clock(99), &new, &device(), &sealing()).map(|_| ())
}

#[test]
fn two_programs_on_one_home_are_told_apart() {
    let phone = Phone::on_a_new_ledger();
    let second = open(phone.dir.path()).err().unwrap();
    assert!(matches!(second, LedgerError::Home(HomeError::Busy { .. })));
    assert!(second.to_string().contains("try again"), "{second}");
    let phone = phone.reopen();
    assert_eq!(phone.findings(), [""; 0]);
}

#[test]
fn a_home_in_use_can_be_read_beside_it() {
    let mut phone = Phone::on_a_new_ledger();
    phone.redeem(1, 1, 1);
    let reader = open_read_only(phone.dir.path()).unwrap();
    assert_eq!(reader.claims(Page::ALL).unwrap().len(), 1);
    phone.redeem(2, 2, 2);
    assert_eq!(reader.claims(Page::ALL).unwrap().len(), 2);
    assert!(reader.doctor().unwrap().findings.is_empty());
}

#[test]
fn a_ledger_opened_for_reading_records_nothing_and_says_so() {
    let mut phone = Phone::on_a_new_ledger();
    phone.redeem(1, 1, 1);
    let mut reader = open_read_only(phone.dir.path()).unwrap();
    let refused = append(&mut reader).unwrap_err();
    assert!(matches!(refused, AppendError::Ledger(LedgerError::ReadOnly)), "{refused:?}");
    assert_eq!(phone.reopen().ledger.claims(Page::ALL).unwrap().len(), 1);
}

#[test]
fn another_writer_makes_an_append_fail_and_records_nothing() {
    let mut phone = Phone::on_a_new_ledger();
    phone.redeem(1, 1, 1);
    let other = rusqlite::Connection::open(phone.dir.path().join("ledger.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let refused = append(&mut phone.ledger).unwrap_err();
    assert!(matches!(refused, AppendError::Ledger(LedgerError::Busy)), "{refused:?}");
    other.execute_batch("ROLLBACK").unwrap();
    assert!(phone.ledger.claim(claim_id(9)).unwrap().is_none());
    append(&mut phone.ledger).unwrap();
    assert_eq!(phone.findings(), [""; 0]);
}

#[test]
fn a_file_that_is_no_database_is_told_and_left_as_it_is() {
    let phone = Phone::on_a_new_ledger();
    let file = phone.dir.path().join("ledger.db");
    let Phone { ledger, dir } = phone;
    drop(ledger);
    let garbage = vec![b'x'; 10_000];
    fs::write(&file, &garbage).unwrap();
    for refused in [open(dir.path()).err().unwrap(), open_read_only(dir.path()).err().unwrap()] {
        assert!(matches!(refused, LedgerError::Corrupt { .. }), "{refused:?}");
    }
    assert_eq!(fs::read(file).unwrap(), garbage);
}

#[test]
fn a_ledger_cut_short_is_told_and_records_nothing() {
    let mut phone = Phone::on_a_new_ledger();
    fill(&mut phone.ledger);
    let Phone { ledger, dir } = phone;
    drop(ledger);
    let file = dir.path().join("ledger.db");
    let whole = fs::read(&file).unwrap();
    for keep in [10, 100, 4096, whole.len() / 2, whole.len() - 4096, whole.len() - 1] {
        fs::write(&file, &whole[..keep]).unwrap();
        match open(dir.path()) {
            Err(LedgerError::Corrupt { .. }) => {}
            Err(other) => panic!("cut to {keep} bytes: {other:?}"),
            Ok(mut ledger) => {
                assert!(append(&mut ledger).is_err(), "cut to {keep} bytes: appended");
            }
        }
    }
    fs::write(&file, &whole).unwrap();
    assert!(open(dir.path()).unwrap().doctor().unwrap().findings.is_empty());
}

#[test]
fn what_is_left_of_a_ledger_cut_short_can_be_read() {
    let mut phone = Phone::on_a_new_ledger();
    for number in 1..=600_u16 {
        let mut id = [0; 16];
        id[..2].copy_from_slice(&number.to_be_bytes());
        let mut serving = serving(1, 1);
        serving.claim = ClaimId::from_bytes(id);
        serving.identity.reference = Reference::Cti(VoucherId::from_bytes(id));
        phone.act(u64::from(number), Act::Redeem(serving)).unwrap();
    }
    let Phone { ledger, dir } = phone;
    drop(ledger);
    let file = dir.path().join("ledger.db");
    let whole = fs::read(&file).unwrap();
    fs::write(&file, &whole[..whole.len() - 20 * 4096]).unwrap();
    assert!(matches!(open(dir.path()), Err(LedgerError::Corrupt { .. })));
    let left = open_read_only(dir.path()).unwrap().readable_claims();
    let whole = left.claims.iter().filter(|claim| claim.served.is_some()).count();
    assert!(whole > 400, "{whole} of 600 claims, {} places unreadable", left.unreadable);
    assert!(whole < 600 && left.unreadable > 0, "nothing was cut");
}

#[test]
fn of_a_sound_ledger_every_claim_is_readable() {
    let mut phone = Phone::on_a_new_ledger();
    fill(&mut phone.ledger);
    let readable = phone.ledger.readable_claims();
    assert_eq!(readable.claims, phone.ledger.claims(Page::ALL).unwrap());
    assert_eq!(readable.unreadable, 0);
}

#[test]
fn damaged_pages_never_panic_and_never_hide() {
    let mut phone = Phone::on_a_new_ledger();
    fill(&mut phone.ledger);
    let Phone { ledger, dir } = phone;
    drop(ledger);
    let file = dir.path().join("ledger.db");
    let whole = fs::read(&file).unwrap();
    for page in 0..whole.len() / 4096 {
        let mut damaged = whole.clone();
        damaged[page * 4096..(page + 1) * 4096].fill(0xA5);
        fs::write(&file, &damaged).unwrap();
        let Ok(ledger) = open_read_only(dir.path()) else {
            continue;
        };
        let readable = ledger.readable_claims();
        assert!(readable.claims.len() <= 3);
        let found = ledger.doctor().map(|report| report.findings);
        assert!(
            !matches!(found, Ok(findings) if findings.is_empty()),
            "page {page} is not noticed"
        );
    }
}

#[test]
fn a_newer_schema_is_not_touched() {
    let phone = Phone::on_a_new_ledger()
        .tamper("DELETE FROM newest; INSERT INTO newest VALUES ('trust', 1)");
    let Phone { ledger, dir } = phone;
    drop(ledger);
    let db = rusqlite::Connection::open(dir.path().join("ledger.db")).unwrap();
    db.pragma_update(None, "user_version", 99).unwrap();
    drop(db);
    for refused in [open(dir.path()).err().unwrap(), open_read_only(dir.path()).err().unwrap()] {
        assert!(matches!(refused, LedgerError::NewerSchema { found: 99, .. }), "{refused:?}");
        assert!(refused.to_string().contains("update the program"));
    }
}

#[test]
fn a_ledger_of_another_key_is_not_written() {
    let Phone { ledger, dir } = Phone::on_a_new_ledger();
    drop(ledger);
    let other = fixtures::ledger::key(99).public_key();
    let refused = Ledger::open(Home::open(dir.path()).unwrap(), &KeyInFile, &other);
    assert!(matches!(refused.err(), Some(LedgerError::OtherDevice)));
}

#[test]
fn a_home_without_a_ledger_has_nothing_to_read() {
    let dir = tempfile::tempdir().unwrap();
    assert!(matches!(open_read_only(dir.path()).err(), Some(LedgerError::Missing)));
    let nowhere = open_read_only(&dir.path().join("nowhere"));
    assert!(matches!(nowhere.err(), Some(LedgerError::Home(HomeError::Missing { .. }))));
}

/// Whoever runs this test as root writes wherever they like, so the check runs as an ordinary user,
/// in a second process where that is needed.
#[cfg(unix)]
#[test]
fn a_home_that_cannot_be_written_can_still_be_read() {
    use std::os::unix::fs::{PermissionsExt, chown};
    use std::os::unix::process::CommandExt;
    const HOME: &str = "VOUCHSAFE_TEST_READ_ONLY_HOME";
    const NOBODY: u32 = 65_534;
    if let Some(home) = std::env::var_os(HOME) {
        return read_and_fail_to_write(home.as_ref());
    }
    let mut phone = Phone::on_a_new_ledger();
    fill(&mut phone.ledger);
    let Phone { ledger, dir } = phone;
    drop(ledger);
    let am_root = chown(dir.path(), Some(NOBODY), Some(NOBODY)).is_ok();
    if am_root {
        for entry in fs::read_dir(dir.path()).unwrap() {
            chown(entry.unwrap().path(), Some(NOBODY), Some(NOBODY)).unwrap();
        }
    }
    let writable = |mode| {
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(mode)).unwrap();
    };
    writable(0o500);
    if am_root {
        // The program itself may lie where that user cannot go.
        let program = tempfile::tempdir().unwrap();
        fs::set_permissions(program.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let copy = program.path().join("ledger-test");
        fs::copy(std::env::current_exe().unwrap(), &copy).unwrap();
        let name = "ledger::faults::a_home_that_cannot_be_written_can_still_be_read";
        let output = std::process::Command::new(copy)
            .args(["--exact", name])
            .env(HOME, dir.path())
            .current_dir("/")
            .uid(NOBODY)
            .gid(NOBODY)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && said.contains("1 passed"), "{said}");
    } else {
        read_and_fail_to_write(dir.path());
    }
    writable(0o700);
}

#[cfg(unix)]
fn read_and_fail_to_write(home: &std::path::Path) {
    let refused = open(home).err().unwrap();
    let is_read_only =
        matches!(refused, LedgerError::ReadOnly | LedgerError::Home(HomeError::ReadOnly { .. }));
    assert!(is_read_only, "{refused:?}");
    let mut ledger = open_read_only(home).unwrap();
    assert_eq!(ledger.claims(Page::ALL).unwrap().len(), 3);
    assert!(ledger.claims(Page::ALL).unwrap()[0].served.is_some());
    assert!(ledger.doctor().unwrap().findings.is_empty());
    assert!(matches!(append(&mut ledger), Err(AppendError::Ledger(LedgerError::ReadOnly))));
}
