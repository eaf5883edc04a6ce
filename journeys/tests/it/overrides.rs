//! A supervisor's override, with the real binaries: set at the office, verified on the phone without a
//! network, recorded with what was served, and reviewed by a person.

use journeys::command::Answer;
use journeys::enrolled::enrolled;
use journeys::phone::Phone;
use journeys::programme::Office;
use serde_json::Value;
use std::fs;
use std::path::Path;

const PIN: &str = "271828";

/// Phones of this office find every trust list too old as soon as they hold it.
fn trust_ages_at_once(office: &Office) {
    let file = office.root_keys().with_file_name("server").join("config.json");
    let mut config: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    config["trust_age"] = serde_json::json!({ "stale_after_days": 0, "too_old_after_days": 0 });
    fs::write(&file, config.to_string()).unwrap();
    office.admin(&["trust", "publish"]).unwrap();
}

fn typed(dir: &Path, pin: &str) -> String {
    let file = dir.join("pin");
    fs::write(&file, format!("{pin}\n")).unwrap();
    file.to_str().unwrap().to_owned()
}

fn redeem_with_override(phone: &Phone, text: &str, pin_file: &str) -> Answer {
    let override_flags = ["--override", "lorna", "--pin-file", pin_file];
    phone.run(&[["redeem", "--json", "--text", text].as_slice(), &override_flags].concat()).unwrap()
}

#[test]
fn a_supervisor_lets_serve_what_is_refused_for_its_age_and_a_person_reviews_the_claim() {
    let dir = tempfile::tempdir().unwrap();
    let (office, phone, vouchers) = enrolled(dir.path(), 2);
    let pin = typed(dir.path(), PIN);
    let lorna = ["--provider", "mercy", "--name", "lorna", "--pin-file", &pin];
    office.admin(&[["provider", "supervisor", "set"].as_slice(), &lorna].concat()).unwrap();
    office.admin(&["programme", "policy", "aid", "--too-old", "ask-supervisor"]).unwrap();
    trust_ages_at_once(&office);
    let running = office.server.start().unwrap();
    phone.sync().unwrap();
    running.kill();

    let text = &vouchers[0].text;
    let refused = phone.run(&["redeem", "--json", "--text", text]).unwrap();
    assert_eq!(refused.status, Some(1));
    assert_eq!(refused.json().unwrap()["reason"], "trust_too_old");
    let guessed = redeem_with_override(&phone, text, &typed(dir.path(), "314159"));
    assert_eq!(guessed.status, Some(2), "{}", guessed.err);
    assert!(phone.claims().unwrap().is_empty(), "nothing was recorded");
    let served = redeem_with_override(&phone, text, &typed(dir.path(), PIN));
    assert_eq!(served.status, Some(0), "{}", served.err);
    let again = redeem_with_override(&phone, text, &typed(dir.path(), PIN));
    assert_eq!(again.json().unwrap()["reason"], "already_redeemed", "an override goes no further");

    let running = office.server.start().unwrap();
    let report = phone.sync().unwrap();
    assert_eq!((&report["accepted"], &report["refused"]), (&2.into(), &0.into()), "{report}");
    running.kill();
    let claims = office.claims().unwrap();
    assert_eq!(claims.len(), 1);
    assert_eq!(
        (&claims[0]["state"], &claims[0]["reason"]),
        (&"in_review".into(), &"overridden".into())
    );
    assert_eq!(phone.run(&["doctor"]).unwrap().status, Some(0));
}
