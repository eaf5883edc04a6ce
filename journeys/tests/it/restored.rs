//! Backups restored and keys lost, with the real binaries: every record reaches the office once.

use journeys::enrolled::enrolled;
use journeys::folder;
use journeys::phone::Phone;
use journeys::programme::{Issued, Office};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Puts a copy in a folder's place.
fn restore(copied: &Path, place: &Path) {
    fs::remove_dir_all(place).unwrap();
    folder::copy(copied, place).unwrap();
}

fn serve(phone: &Phone, vouchers: &[Issued]) {
    for voucher in vouchers {
        let picture = voucher.png.display().to_string();
        phone.run(&["redeem", &picture]).unwrap().succeeded().unwrap();
    }
}

fn synced(phone: &Phone) -> Value {
    let report = phone.sync().unwrap();
    assert_eq!(report["stopped"], Value::Null, "{report}");
    report
}

/// The office holds one claim for each of these vouchers and no other; gives why each waits, if it does.
fn claims_of(office: &Office, vouchers: &[Issued]) -> BTreeMap<String, Option<String>> {
    let claims = office.claims().unwrap();
    assert_eq!(claims.len(), vouchers.len(), "{claims:#?}");
    let text = |claim: &Value, key: &str| claim[key].as_str().map(str::to_owned);
    let reasons: BTreeMap<_, _> = claims
        .iter()
        .map(|claim| (text(claim, "voucher").unwrap(), text(claim, "reason")))
        .collect();
    assert_eq!(reasons.len(), vouchers.len(), "each once");
    assert!(vouchers.iter().all(|voucher| reasons.contains_key(&voucher.reference)));
    reasons
}

fn sound(phone: &Phone) {
    assert_eq!(phone.run(&["doctor"]).unwrap().status, Some(0));
    let status = phone.run(&["status", "--json"]).unwrap().json().unwrap();
    assert_eq!(status["unsent"], 0, "{status}");
}

#[test]
fn a_phone_restored_from_a_backup_and_used_offline_loses_no_claim() {
    let dir = tempfile::tempdir().unwrap();
    let (office, phone, vouchers) = enrolled(dir.path(), 6);
    let backup = dir.path().join("backup");
    let running = office.server.start().unwrap();
    serve(&phone, &vouchers[..2]);
    synced(&phone);
    folder::copy(phone.home(), &backup).unwrap();
    serve(&phone, &vouchers[2..4]);
    synced(&phone);
    restore(&backup, phone.home());
    serve(&phone, &vouchers[4..5]);
    let report = synced(&phone);
    assert_eq!((&report["restarted"], &report["refused"]), (&true.into(), &0.into()), "{report}");
    serve(&phone, &vouchers[5..]);
    assert_eq!(synced(&phone)["restarted"], false);
    let reasons = claims_of(&office, &vouchers);
    assert_eq!(reasons[&vouchers[4].reference].as_deref(), Some("after_restore"));
    assert_eq!(reasons[&vouchers[5].reference], None, "what the new chain holds is as ever");
    sound(&phone);
    drop(running);
}

#[test]
fn a_server_restored_from_a_backup_is_sent_again_what_it_lost() {
    let dir = tempfile::tempdir().unwrap();
    let (office, phone, vouchers) = enrolled(dir.path(), 5);
    let (server, backup) = (dir.path().join("server"), dir.path().join("backup"));
    let photo = dir.path().join("receipt.png");
    fs::write(&photo, b"\x89PNG\r\n\x1a\n a receipt").unwrap();
    let running = office.server.start().unwrap();
    serve(&phone, &vouchers[..1]);
    synced(&phone);
    running.kill();
    folder::copy(&server, &backup).unwrap();
    let running = office.server.start().unwrap();
    serve(&phone, &vouchers[1..3]);
    let picture = vouchers[3].png.display().to_string();
    let photo = photo.display().to_string();
    phone.run(&["redeem", &picture, "--document", &photo]).unwrap().succeeded().unwrap();
    synced(&phone);
    office.publish().unwrap();
    synced(&phone);
    running.kill();
    restore(&backup, &server);
    let running = office.server.start().unwrap();
    serve(&phone, &vouchers[4..]);
    let report = synced(&phone);
    assert_eq!(report["server_restored"], true, "{report}");
    let reasons = claims_of(&office, &vouchers);
    assert!(reasons.values().all(Option::is_none), "no claim waits for anything: {reasons:?}");
    let claims = phone.claims().unwrap();
    assert!(claims.iter().all(|claim| claim["state"] == "submitted"), "{claims:#?}");
    sound(&phone);
    assert_eq!(synced(&phone)["server_restored"], false);
    drop(running);
}

#[test]
fn records_of_a_phone_that_lost_its_keys_still_arrive_once_it_is_enrolled_again() {
    for lost in [&["device.key"][..], &["device.key", "data.key"]] {
        let dir = tempfile::tempdir().unwrap();
        let (office, phone, vouchers) = enrolled(dir.path(), 3);
        serve(&phone, &vouchers[..2]);
        for file in lost {
            fs::remove_file(phone.home().join(file)).unwrap();
        }
        let refused = phone.run(&["redeem", "--text", &vouchers[2].text]).unwrap();
        assert_eq!(refused.status, Some(2), "nothing is served without a key");
        let running = office.server.start().unwrap();
        office.enrol(&phone, "mercy").unwrap();
        serve(&phone, &vouchers[2..]);
        synced(&phone);
        let reasons = claims_of(&office, &vouchers);
        let by_another = Some("sent_by_another_device".to_owned());
        assert_eq!(reasons[&vouchers[0].reference], by_another);
        assert_eq!(reasons[&vouchers[2].reference], None);
        let status = phone.run(&["status", "--json"]).unwrap().json().unwrap();
        assert_eq!(status["unsent"], 0);
        drop(running);
    }
}

#[test]
fn two_homes_with_one_key_take_turns_and_lose_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (office, phone, vouchers) = enrolled(dir.path(), 8);
    let twin = Phone::new(phone.binary(), &dir.path().join("twin"));
    folder::copy(phone.home(), twin.home()).unwrap();
    let running = office.server.start().unwrap();
    let mut restarts = 0;
    for pair in vouchers.chunks(2) {
        serve(&phone, &pair[..1]);
        serve(&twin, &pair[1..]);
        for each in [&phone, &twin] {
            restarts += u32::from(synced(each)["restarted"] == true);
        }
    }
    assert_eq!(restarts, 1, "each has its own chain from then on");
    claims_of(&office, &vouchers);
    sound(&phone);
    sound(&twin);
    drop(running);
}
