//! Broken homes of the real `vouchsafe`: a clear message, what is readable stays readable, and
//! nothing claims to be recorded that is not.

use journeys::command::{Answer, run};
use journeys::enrolled::enrolled;
use journeys::phone::Phone;
use journeys::programme::Issued;
use std::fs::{self, File};
use std::path::Path;
use std::process::Command;

#[test]
fn a_truncated_ledger_is_told_and_records_nothing() {
    let (dir, phone, vouchers) = phone_with_one_claim();
    let copy = copy_of(&phone, &dir.path().join("truncated"));
    let ledger = copy.home().join("ledger.db");
    let len = fs::metadata(&ledger).unwrap().len();
    File::options().write(true).open(&ledger).unwrap().set_len(len / 2).unwrap();
    refuses_to_record(&copy, &vouchers[1], "damaged");
    assert_eq!(copy.run(&["doctor"]).unwrap().status, Some(2));
}

#[test]
fn a_ledger_full_of_rubbish_is_told_and_records_nothing() {
    let (dir, phone, vouchers) = phone_with_one_claim();
    let copy = copy_of(&phone, &dir.path().join("rubbish"));
    let ledger = copy.home().join("ledger.db");
    let len = usize::try_from(fs::metadata(&ledger).unwrap().len()).unwrap();
    fs::write(&ledger, vec![0x5a; len]).unwrap();
    refuses_to_record(&copy, &vouchers[1], "damaged");
}

#[test]
fn two_programs_on_one_home_are_told_apart() {
    let (_dir, phone, vouchers) = phone_with_one_claim();
    let lock = File::options().write(true).open(phone.home().join("lock")).unwrap();
    lock.try_lock().unwrap();
    refuses_to_record(&phone, &vouchers[1], "another program");
    assert_eq!(phone.claims().unwrap().len(), 1, "reading goes on beside a writer");
    drop(lock);
    phone.run(&["redeem", "--text", &vouchers[1].text]).unwrap().succeeded().unwrap();
}

#[test]
fn a_read_only_home_can_be_read_and_not_written() {
    let (dir, phone, vouchers) = phone_with_one_claim();
    let copy = copy_of(&phone, &dir.path().join("read-only"));
    let home = copy.home().display().to_string();
    let mounted = |arguments: &str| {
        let binary = phone.binary().display();
        in_own_mounts(&format!(
            "mount --bind {home} {home} && mount -o remount,ro,bind {home} && {binary} --home {home} {arguments}"
        ))
    };
    let redeemed = mounted(&format!("redeem --text '{}'", vouchers[1].text));
    assert_eq!(redeemed.status, Some(2), "{redeemed:?}");
    assert!(redeemed.err.contains("cannot be written"), "{redeemed:?}");
    let claims = mounted("claims --json");
    assert_eq!(claims.status, Some(0), "{claims:?}");
    assert_eq!(claims.json_lines().unwrap().len(), 1);
    let checked = mounted(&format!("check --text '{}'", vouchers[1].text));
    assert_eq!(checked.status, Some(0), "{checked:?}");
}

#[test]
fn a_full_disk_is_told_and_what_was_recorded_stays() {
    let (dir, phone, vouchers) = phone_with_one_claim();
    let mount = dir.path().join("small-disk");
    fs::create_dir(&mount).unwrap();
    let (mount, home) = (mount.display(), phone.home().display());
    let binary = phone.binary().display();
    let documents = [500_000, 3_000_000].map(|len| {
        let document = dir.path().join(format!("document-{len}"));
        fs::write(&document, vec![7; len]).unwrap();
        document.display().to_string()
    });
    let answer = in_own_mounts(&format!(
        "mount -t tmpfs -o size=2000k tmpfs {mount} && cp -a {home} {mount}/phone \
         && {binary} --home {mount}/phone redeem --text '{}' --document {}; echo \"first $?\" \
         ; {binary} --home {mount}/phone redeem --text '{}' --document {}; echo \"second $?\" \
         ; {binary} --home {mount}/phone claims --json",
        vouchers[1].text, documents[0], vouchers[2].text, documents[1],
    ));
    let claims = answer.out.lines().filter(|line| line.starts_with('{')).count();
    let recorded = answer.out.matches("REDEEMED").count();
    assert_eq!(claims, 1 + recorded, "{answer:?}");
    assert!(answer.out.contains("second 2"), "{answer:?}");
    assert!(answer.err.contains("full"), "{answer:?}");
}

/// An enrolled phone with one claim, and vouchers of which the first was served.
fn phone_with_one_claim() -> (tempfile::TempDir, Phone, Vec<Issued>) {
    let dir = tempfile::tempdir().unwrap();
    let (_office, phone, vouchers) = enrolled(dir.path(), 3);
    phone.run(&["redeem", "--text", &vouchers[0].text]).unwrap().succeeded().unwrap();
    (dir, phone, vouchers)
}

fn copy_of(phone: &Phone, home: &Path) -> Phone {
    run(Command::new("cp").arg("-a").arg(phone.home()).arg(home)).unwrap().succeeded().unwrap();
    Phone::new(phone.binary(), home)
}

/// The phone refuses with status 2 and these words, and does not say that it redeemed.
fn refuses_to_record(phone: &Phone, voucher: &Issued, words: &str) {
    let answer = phone.run(&["redeem", "--text", &voucher.text]).unwrap();
    assert_eq!(answer.status, Some(2), "{answer:?}");
    assert!(answer.err.contains(words), "{answer:?}");
    assert!(!answer.out.contains("REDEEMED"), "{answer:?}");
}

/// Runs a script where mounts are seen by it alone; an ordinary user becomes root of a namespace.
fn in_own_mounts(script: &str) -> Answer {
    let is_root = run(Command::new("id").arg("-u")).unwrap().out.trim() == "0";
    let flags = if is_root { "-m" } else { "-rm" };
    run(Command::new("unshare").args([flags, "sh", "-c", script])).unwrap()
}
