//! A voucher whose code cannot be read, served by its printed reference with the real binaries: only where the
//! programme allows it, always reviewed, and in conflict with a scan of the same voucher.

use journeys::enrolled::{self, enrolled};
use journeys::phone::Phone;
use serde_json::Value;

fn serve_by_reference(phone: &Phone, reference: &str) -> (Option<i32>, Value) {
    let answer = phone.run(&["serve-by-reference", "--json", reference]).unwrap();
    (answer.status, answer.json().unwrap())
}

#[test]
fn a_code_is_served_where_the_programme_allows_it_reviewed_and_set_against_a_scan() {
    let dir = tempfile::tempdir().unwrap();
    let (office, phone, _) = enrolled(dir.path(), 1);
    let extra = ["--money", "500.00", "--assistance", "Medicine", "--provider", "mercy"];
    let voucher = office.issue("aid", &extra).unwrap().remove(0);
    let other = enrolled::phone(dir.path(), "other");
    let running = office.server.start().unwrap();
    office.enrol(&other, "mercy").unwrap();
    phone.sync().unwrap();
    running.kill();
    let (status, refused) = serve_by_reference(&phone, &voucher.printed);
    assert_eq!((status, &refused["reason"]), (Some(1), &"by_reference_not_allowed".into()));

    office.admin(&["programme", "policy", "aid", "--by-reference", "review"]).unwrap();
    let running = office.server.start().unwrap();
    phone.sync().unwrap();
    running.kill();
    let typed = voucher.printed.to_lowercase().replace('-', " ");
    let (status, served) = serve_by_reference(&phone, &typed);
    assert_eq!((status, &served["given"]), (Some(0), &"PHP 500.00".into()), "{served}");
    let (status, again) = serve_by_reference(&phone, &voucher.printed);
    assert_eq!((status, &again["reason"]), (Some(1), &"already_redeemed".into()));
    assert_eq!(phone.check(&voucher.text, None).unwrap()["reason"], "already_redeemed");
    assert_eq!(phone.claims().unwrap()[0]["by_reference"], true);

    other.run(&["redeem", "--text", &voucher.text]).unwrap().succeeded().unwrap();
    let running = office.server.start().unwrap();
    assert_eq!(phone.sync().unwrap()["accepted"], 1);
    let claims = office.claims().unwrap();
    assert_eq!(
        (&claims[0]["state"], &claims[0]["how_read"]),
        (&"in_review".into(), &"by_reference".into())
    );
    assert_eq!(claims[0]["reason"], "served_by_reference");
    assert_eq!(other.sync().unwrap()["conflicts"], 1);
    phone.sync().unwrap();
    running.kill();
    assert_eq!(phone.claims().unwrap()[0]["reason"], "conflict_first");
    assert_eq!(other.claims().unwrap()[0]["state"], "conflict");
    assert_eq!(phone.run(&["doctor"]).unwrap().status, Some(0));
}
