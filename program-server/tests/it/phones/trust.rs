//! What phones and their claims meet when keys are stolen, and when a phone overstates what it held.

use crate::on_both_engines;
use crate::phones::office::{Office, issue_request};
use crate::phones::phone::{Phone, outcomes, redeem, told};
use program_server::{trust, vouchers};
use protocol::Span;
use protocol::ack::Outcome;
use protocol::key::KeyUse;
use protocol::record::{Body, ObservedState};
use protocol::voucher::Voucher;

/// Declares the office's voucher key compromised, with what the register says was issued.
async fn compromise(office: &Office) {
    let kid = office.keys(KeyUse::Voucher).await[0].kid();
    let tx = office.app.db.begin().await.unwrap();
    let issued = vouchers::payloads_signed_with(&*tx, kid, None).await.unwrap();
    trust::compromise(&office.app, &tx, kid, &issued).await.unwrap();
    tx.commit().await.unwrap();
}

on_both_engines! {
    async fn a_claim_on_what_was_truly_issued_under_a_stolen_key_passes_and_a_thiefs_does_not(server: TestServer) {
        let office = Office::open(server).await;
        let mut phone = Phone::confirmed(&office, "mercy").await;
        let (voucher, signed) = office.issued(issue_request()).await;
        let other = Voucher { expires: voucher.expires.before(Span::days(1)), ..voucher };
        let forged = office.sign(&other).await;
        compromise(&office).await;
        let (claims, ack) = phone.serve(&office, &[&signed]).await;
        assert_eq!(told(&ack, claims[0]), Some(("submitted", None)));
        let (_, ack) = phone.serve(&office, &[&forged]).await;
        assert_eq!(outcomes(&ack), [&Outcome::Refused("issuer_compromised".to_owned())]);
    }

    async fn the_set_is_served_to_anyone_and_asked_for_once(server: TestServer) {
        let office = Office::open(server).await;
        office.issued(issue_request()).await;
        compromise(&office).await;
        let current = trust::current(&office.app).await.unwrap();
        let pinned = current.state.list().keys.iter().find_map(|key| key.issued_set()).unwrap();
        let answer = office.get(&pinned.address).await;
        assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/cbor")));
        let kid = office.keys(KeyUse::Voucher).await[0].kid();
        assert_eq!(pinned.accept(&answer.body, kid).unwrap().count(), 1);
        let etag = answer.header("etag").unwrap().to_owned();
        let again = office.send("GET", &pinned.address, &[("if-none-match", &etag)], []).await;
        assert_eq!(again.status, 304);
        for unknown in ["/v1/issued/", "/v1/issued/1", &format!("/v1/issued/{}", "0".repeat(64))] {
            assert_eq!(office.get(unknown).await.status, 404, "{unknown}");
        }
    }

    async fn a_status_list_that_was_never_published_says_nothing_of_the_time_of_service(server: TestServer) {
        let office = Office::open(server).await;
        let mut phone = Phone::confirmed(&office, "mercy").await;
        let (voucher, signed) = office.issued(issue_request()).await;
        let list = voucher.status.unwrap().list;
        trust::status_token(&office.app, list).await.unwrap();
        let trust_version = office.trust_version().await;
        let held_until = office.app.now();
        // The phone says that it held a list from after the voucher's end. None was published then, so
        // what it did hold counts: a person decides, and the claim is not refused as served too late.
        office.wait(Span::days(20));
        let overstated = vec![(list, office.app.now())];
        let (ack, status_lists) = (phone.last_ack, overstated);
        let observed = ObservedState { ack, trust_version, status_lists };
        let body = redeem(&signed, voucher.benefit.clone());
        let claim = body.claim;
        let record = phone.record_observing(&office, &Body::Redeem(body), observed);
        phone.open_session(&office).await;
        let answer = phone.send(&office, &[record]).await;
        assert_eq!(told(&answer, claim), Some(("in_review", Some("expired_meanwhile"))));
        // One that was published then counts.
        let (voucher, signed) = office.issued(late_request()).await;
        let list = voucher.status.unwrap().list;
        office.wait(Span::days(40));
        let token = trust::status_token(&office.app, list).await.unwrap();
        let keys = office.keys(KeyUse::Status).await;
        let issued = protocol::status::StatusList::open(&token.bytes, &keys).unwrap().issued;
        assert!(issued > held_until);
        let observed = ObservedState { ack: phone.last_ack, trust_version, status_lists: vec![(list, issued)] };
        let body = redeem(&signed, voucher.benefit.clone());
        let record = phone.record_observing(&office, &Body::Redeem(body), observed);
        phone.open_session(&office).await;
        let answer = phone.send(&office, &[record]).await;
        assert_eq!(outcomes(&answer), [&Outcome::Refused("expired".to_owned())]);
    }
}

/// A voucher until the end of December.
fn late_request() -> vouchers::IssueRequest {
    vouchers::IssueRequest { last_day: "2026-12-31".parse().unwrap(), ..issue_request() }
}
