//! Keys rotated and keys stolen, with the real binaries: phones follow by sync, what was truly issued is
//! served and paid, and what a thief signs is not.

use journeys::enrolled::enrolled;
use journeys::folder;
use journeys::phone::Phone;
use journeys::programme::{Issued, Office, text_of};
use serde_json::Value;
use std::path::Path;

/// The verdict's code: `accept`, or the reason.
fn verdict(phone: &Phone, voucher: &Issued) -> String {
    let verdict = phone.check(&voucher.text, None).unwrap();
    verdict["reason"].as_str().or(verdict["verdict"].as_str()).unwrap().to_owned()
}

fn synced(phone: &Phone) -> Value {
    let report = phone.sync().unwrap();
    assert_eq!(report["stopped"], Value::Null, "{report}");
    assert_eq!(report["trust_refused"], Value::Null, "{report}");
    report
}

fn redeem(phone: &Phone, voucher: &Issued) {
    phone.run(&["redeem", "--text", &voucher.text]).unwrap().succeeded().unwrap();
}

fn kid(office: &Office, purpose: &str) -> String {
    let shown = office.admin(&["trust", "show", "--json"]).unwrap().json().unwrap();
    let keys = shown["keys"].as_array().unwrap();
    let key = keys.iter().rfind(|key| key["use"] == purpose && key["end"].is_null()).unwrap();
    key["kid"].as_str().unwrap().to_owned()
}

fn one_more(office: &Office) -> Issued {
    let extra = ["--money", "500.00", "--assistance", "Medicine"];
    office.issue("aid", &extra).unwrap().pop().unwrap()
}

#[test]
fn every_key_is_rotated_and_a_phone_goes_on_with_one_sync() {
    let dir = tempfile::tempdir().unwrap();
    let (office, phone, vouchers) = enrolled(dir.path(), 2);
    redeem(&phone, &vouchers[0]);
    for role in ["voucher", "delegation", "status", "profile", "ack", "seal"] {
        office.admin(&["trust", "rotate", role]).unwrap();
    }
    let root_keys = text_of(&office.root_keys());
    office.admin(&["trust", "rotate", "root", "--root-keys", &root_keys]).unwrap();
    office.admin(&["trust", "rotate", "trust", "--root-keys", &root_keys]).unwrap();
    let new = one_more(&office);
    assert_eq!(verdict(&phone, &new), "unknown_issuer", "the phone has not synced yet");
    let running = office.server.start().unwrap();
    assert_eq!(synced(&phone)["accepted"], 1, "sealed to the key before, taken in all the same");
    assert_eq!(verdict(&phone, &new), "accept");
    assert_eq!(verdict(&phone, &vouchers[1]), "accept");
    redeem(&phone, &new);
    assert_eq!(synced(&phone)["accepted"], 1);
    running.kill();
    assert_eq!(phone.run(&["doctor"]).unwrap().status, Some(0));
}

#[test]
fn after_a_stolen_voucher_key_what_was_truly_issued_is_served_and_what_the_thief_signed_is_not() {
    let dir = tempfile::tempdir().unwrap();
    let (office, phone, vouchers) = enrolled(dir.path(), 2);
    let stolen = stolen_copy(&office, dir.path());
    let forged = one_more(&stolen);
    assert_eq!(verdict(&phone, &forged), "accept", "the phone cannot know yet");
    redeem(&phone, &forged);
    redeem(&phone, &vouchers[0]);
    let kid = kid(&office, "voucher");
    let said = office.admin(&["trust", "compromise", &kid, "--json"]).unwrap().json().unwrap();
    assert_eq!(said["issued"], 2);
    let running = office.server.start().unwrap();
    let report = synced(&phone);
    assert_eq!(report["issued_sets"][0], kid.as_str());
    assert_eq!((&report["accepted"], &report["refused"]), (&1.into(), &1.into()));
    let claims = phone.claims().unwrap();
    let refusals: Vec<&Value> = claims.iter().map(|claim| &claim["refusal"]).collect();
    assert_eq!(refusals, [&Value::Null, &"issuer_compromised".into()], "the newest first");
    assert_eq!(verdict(&phone, &vouchers[1]), "accept");
    assert_eq!(verdict(&phone, &forged), "issuer_compromised");
    redeem(&phone, &vouchers[1]);
    assert_eq!(synced(&phone)["accepted"], 1, "the office takes the claim on it in");
    let new = one_more(&office);
    assert_eq!(verdict(&phone, &new), "accept", "under the key that took its place");
    running.kill();
    assert_eq!(phone.run(&["doctor"]).unwrap().status, Some(0));
}

/// A thief with a copy of the office's home, who issues from it.
fn stolen_copy(office: &Office, dir: &Path) -> Office {
    let thief = dir.join("thief");
    let from = office.root_keys().with_file_name("server");
    folder::copy(&from, &thief.join("server")).unwrap();
    Office::at(&journeys::binaries::built("vouchsafe-server").unwrap(), &thief).unwrap()
}
