//! The list of vouchers that name a provider, with the real binaries: fetched with a sync, searched without a
//! network, and never in the way of anything else.

use journeys::command::Answer;
use journeys::enrolled::{self, enrolled};
use journeys::phone::Phone;
use journeys::programme::{Issued, Office};
use serde_json::Value;

fn list(phone: &Phone, wanted: &[&str]) -> Vec<Value> {
    let arguments = [["vouchers", "--json"].as_slice(), wanted].concat();
    phone.run(&arguments).unwrap().succeeded().unwrap().json_lines().unwrap()
}

fn references(listed: &[Value]) -> Vec<String> {
    listed.iter().map(|it| it["reference"].as_str().unwrap().to_owned()).collect()
}

/// How the voucher with this reference stands on the phone.
fn status(phone: &Phone, reference: &str) -> String {
    let listed = list(phone, &["--search", reference]);
    assert_eq!(references(&listed), [reference]);
    listed[0]["status"].as_str().unwrap().to_owned()
}

fn issue(office: &Office, extra: &[&str]) -> Vec<Issued> {
    office.issue("aid", &[["--money", "500.00"].as_slice(), extra].concat()).unwrap()
}

fn sync(phone: &Phone) -> Value {
    let report = phone.sync().unwrap();
    assert_eq!(report["stopped"], Value::Null, "{report}");
    report
}

fn words(phone: &Phone, wanted: &[&str]) -> Answer {
    phone.run(&[["vouchers"].as_slice(), wanted].concat()).unwrap()
}

#[test]
fn a_provider_finds_its_vouchers_offline_and_sees_what_became_of_them() {
    let dir = tempfile::tempdir().unwrap();
    let (office, phone, for_all) = enrolled(dir.path(), 1);
    office.add_provider("hope", "Hope Hospital", "aid").unwrap();
    let mercy = ["--provider", "mercy", "--assistance", "Medicine"];
    let medicine = issue(&office, &[mercy.as_slice(), &["--count", "103"]].concat());
    let food = issue(&office, &["--provider", "mercy", "--assistance", "Food"]);
    let elsewhere = issue(&office, &["--provider", "hope", "--assistance", "Medicine"]);

    assert!(words(&phone, &[]).succeeded().unwrap().out.contains("0 of 0"), "an older list");
    let running = office.server.start().unwrap();
    assert_eq!(sync(&phone)["vouchers_listed"], 104);
    running.kill();

    let listed = references(&list(&phone, &[]));
    let mut issued: Vec<String> =
        medicine.iter().chain(&food).map(|voucher| voucher.printed.clone()).collect();
    issued.sort();
    assert_eq!(listed, issued, "those of this provider, and no others");
    for other in for_all.iter().chain(&elsewhere) {
        let found = list(&phone, &["--search", &other.printed]);
        assert!(found.is_empty(), "{} {found:?}", other.printed);
    }
    let food = &food[0];
    assert_eq!(references(&list(&phone, &["--category", "Food"])), [food.printed.as_str()]);
    let typed = food.printed.to_lowercase().replace('-', " ").replace('0', "o").replace('1', "l");
    let found = list(&phone, &["--search", &typed]);
    assert_eq!(references(&found), [food.printed.as_str()]);
    assert_eq!(
        (&found[0]["holder"], &found[0]["benefit"]),
        (&"M*** S***".into(), &"PHP 500.00".into())
    );
    assert_eq!(list(&phone, &["--search", "maria"]).len(), 104);
    assert!(!list(&phone, &[]).iter().any(|it| it.to_string().contains("Maria")));

    let redeemed = phone.run(&["redeem", "--json", "--text", &food.text]).unwrap().json().unwrap();
    assert_eq!(status(&phone, &food.printed), "served_here", "though the list is older");
    assert_eq!(list(&phone, &["--status", "served_here"])[0]["claim"], redeemed["claim"]);
    assert_eq!(list(&phone, &["--status", "open"]).len(), 103);

    let (revoked, held) = (&medicine[0].printed, &medicine[1].printed);
    office.admin(&["revoke", revoked, "--reason", "a mistake"]).unwrap();
    office.admin(&["suspend", held, "--reason", "to be looked at"]).unwrap();
    assert_eq!(status(&phone, revoked), "open", "the phone has not heard of it");
    let running = office.server.start().unwrap();
    sync(&phone);
    running.kill();
    assert_eq!(status(&phone, revoked), "revoked");
    assert_eq!(status(&phone, held), "suspended");
    assert_eq!(status(&phone, &food.printed), "served_here");
    let closed = list(&phone, &["--status", "revoked", "--status", "suspended"]);
    assert_eq!(closed.len(), 2);
    let told = words(&phone, &["--search", revoked]).succeeded().unwrap().out;
    assert!(told.contains(revoked) && told.contains("taken back"), "{told}");
    assert_eq!(words(&phone, &["--status", "lost"]).status, Some(2));
    assert_eq!(phone.run(&["doctor"]).unwrap().status, Some(0));
}

#[test]
fn what_another_phone_of_the_provider_served_is_listed_as_served() {
    let dir = tempfile::tempdir().unwrap();
    let (office, phone, _) = enrolled(dir.path(), 1);
    let voucher = &issue(&office, &["--provider", "mercy", "--assistance", "Food"])[0];
    let other = enrolled::phone(dir.path(), "other");
    let running = office.server.start().unwrap();
    office.enrol(&other, "mercy").unwrap();
    other.run(&["redeem", "--text", &voucher.text]).unwrap().succeeded().unwrap();
    sync(&other);
    sync(&phone);
    running.kill();
    assert_eq!(status(&phone, &voucher.printed), "served");
    assert_eq!(status(&other, &voucher.printed), "served_here");
}
