//! Claims: one live a voucher, conflicts kept, voids, decisions.

use crate::on_both_engines;
use crate::phones::office::{Office, issue_request, pesos};
use crate::phones::phone::{Phone, new_claim, outcomes, redeem, told};
use program_server::claims::{self, Decision};
use program_server::trust;
use protocol::ack::Outcome;
use protocol::id::ClaimId;
use protocol::key::KeyUse;
use protocol::record::{Body, HowRead, Redeem, SignedVoucher};
use protocol::status::{Status, StatusList};
use protocol::voucher::Voucher;
use std::collections::BTreeMap;
use std::sync::Arc;

async fn status(office: &Office, voucher: &Voucher) -> Status {
    let at = voucher.status.unwrap();
    let token = trust::status_token(&office.app, at.list).await.unwrap();
    let list = StatusList::open(&token.bytes, &office.keys(KeyUse::Status).await).unwrap();
    list.entries.get(at.index).unwrap()
}

async fn void(office: &Office, phone: &mut Phone, claim: ClaimId) -> protocol::ack::Ack {
    let body = Body::Void { claim, reason: "the person changed their mind".into() };
    let record = phone.record(office, body).await;
    phone.send(office, &[record]).await
}

async fn decide(office: &Office, claim: ClaimId, decision: Decision) -> Result<(), String> {
    let decided = claims::decide(&office.app.db, claim, decision, "seen", office.app.now()).await;
    decided.map(drop).map_err(|error| error.to_string())
}

async fn two(office: &Office) -> (Phone, Phone) {
    (Phone::confirmed(office, "mercy").await, Phone::confirmed(office, "corner").await)
}

on_both_engines! {
    async fn of_two_claims_on_a_voucher_one_is_first_and_both_phones_learn_it(server: TestServer) {
        let office = Office::open(server).await;
        let (mut a, mut b) = two(&office).await;
        let (voucher, signed) = office.issued(issue_request()).await;
        let (first, ack) = a.serve(&office, &[&signed]).await;
        assert_eq!(told(&ack, first[0]), Some(("submitted", None)));
        assert_eq!(status(&office, &voucher).await, Status::Redeemed);
        let (second, ack) = b.serve(&office, &[&signed]).await;
        assert_eq!(outcomes(&ack), [&Outcome::Conflict]);
        assert_eq!(told(&ack, second[0]), Some(("conflict", Some("redeemed_elsewhere"))));
        let news = a.news(&office).await;
        assert_eq!(told(&news, first[0]), Some(("in_review", Some("conflict_first"))));
        assert!(a.news(&office).await.claims.is_empty());
        assert_eq!(office.claims().await, 2);
    }

    async fn of_many_phones_that_send_at_once_exactly_one_is_first(server: TestServer) {
        let office = Office::open(server).await;
        let mut phones = Vec::new();
        for _ in 0..4 {
            phones.push(Phone::confirmed(&office, "mercy").await);
        }
        let vouchers = [office.issue(issue_request()).await, office.issue(issue_request()).await, office.issue(issue_request()).await];
        let mut all = Vec::new();
        for (nth, phone) in phones.iter_mut().enumerate() {
            // Each in another order, so that they meet halfway.
            let (office, vouchers) = (&office, &vouchers);
            all.push(async move {
                let mut mine: Vec<&SignedVoucher> = vouchers.iter().collect();
                mine.rotate_left(nth % 3);
                phone.serve(office, &mine).await
            });
        }
        let [a, b, c, d] = all.try_into().map_err(|_| "four phones").unwrap();
        let (a, b, c, d) = tokio::join!(a, b, c, d);
        let mut states = Vec::new();
        for (claims, ack) in [a, b, c, d] {
            assert!(outcomes(&ack).iter().all(|it| matches!(it, Outcome::Accepted | Outcome::Conflict)));
            for claim in claims {
                states.push(office.state(claim).await.0);
            }
        }
        let count = |wanted: &str| states.iter().filter(|state| *state == wanted).count();
        assert_eq!((count("in_review"), count("conflict")), (3, 9), "{states:?}");
        for phone in &mut phones {
            phone.cursor = 0;
            let news = phone.news(&office).await;
            for update in news.claims {
                assert_eq!(office.state(update.claim).await.0, update.state.name());
            }
        }
    }

    async fn one_identity_with_two_contents_is_a_twin(server: TestServer) {
        let office = Office::open(server).await;
        let (mut a, mut b) = two(&office).await;
        let (voucher, signed) = office.issued(issue_request()).await;
        let twin = office.sign(&Voucher { benefit: pesos(900_000), ..voucher }).await;
        let (first, _) = a.serve(&office, &[&signed]).await;
        let (second, ack) = b.serve(&office, &[&twin]).await;
        assert_eq!(outcomes(&ack), [&Outcome::Conflict]);
        assert_eq!(told(&ack, second[0]), Some(("conflict", Some("twin"))));
        assert_eq!(told(&a.news(&office).await, first[0]), Some(("in_review", Some("conflict_first"))));
    }

    async fn a_void_takes_a_claim_back_and_frees_the_voucher(server: TestServer) {
        let office = Office::open(server).await;
        let (mut a, mut b) = two(&office).await;
        let (voucher, signed) = office.issued(issue_request()).await;
        let (claims, _) = a.serve(&office, &[&signed]).await;
        let ack = void(&office, &mut a, claims[0]).await;
        assert_eq!(outcomes(&ack), [&Outcome::Accepted]);
        assert_eq!(told(&ack, claims[0]), Some(("voided", None)));
        assert_eq!(status(&office, &voucher).await, Status::Valid);
        let (again, ack) = b.serve(&office, &[&signed]).await;
        assert_eq!(told(&ack, again[0]), Some(("submitted", None)));
        assert_eq!(status(&office, &voucher).await, Status::Redeemed);
    }

    async fn a_void_promotes_the_claim_that_waited(server: TestServer) {
        let office = Office::open(server).await;
        let (mut a, mut b) = two(&office).await;
        let (voucher, signed) = office.issued(issue_request()).await;
        let (first, _) = a.serve(&office, &[&signed]).await;
        let (second, _) = b.serve(&office, &[&signed]).await;
        void(&office, &mut a, first[0]).await;
        assert_eq!(told(&b.news(&office).await, second[0]), Some(("submitted", None)));
        assert_eq!(status(&office, &voucher).await, Status::Redeemed);
    }

    async fn when_the_second_claim_is_void_the_first_goes_on(server: TestServer) {
        let office = Office::open(server).await;
        let (mut a, mut b) = two(&office).await;
        let signed = office.issue(issue_request()).await;
        let (first, _) = a.serve(&office, &[&signed]).await;
        let (second, _) = b.serve(&office, &[&signed]).await;
        void(&office, &mut b, second[0]).await;
        assert_eq!(told(&a.news(&office).await, first[0]), Some(("submitted", None)));
        assert_eq!(office.state(second[0]).await.0, "voided");
    }

    async fn a_void_that_comes_before_its_claim_waits_for_it(server: TestServer) {
        let office = Office::open(server).await;
        let mut phone = Phone::confirmed(&office, "mercy").await;
        let (voucher, signed) = office.issued(issue_request()).await;
        let served = redeem(&signed, pesos(100));
        let claim = served.claim;
        let first = phone.record(&office, Body::Redeem(served)).await;
        let taken_back = Body::Void { claim, reason: "a mistake".into() };
        let second = phone.record(&office, taken_back).await;
        assert_eq!(outcomes(&phone.send(&office, &[second]).await), [&Outcome::Accepted]);
        let ack = phone.send(&office, &[first]).await;
        assert_eq!(told(&ack, claim), Some(("voided", None)));
        assert_eq!(status(&office, &voucher).await, Status::Valid);
    }

    async fn a_batch_is_taken_in_the_order_in_which_the_phone_worked(server: TestServer) {
        let office = Office::open(server).await;
        let mut phone = Phone::confirmed(&office, "mercy").await;
        let signed = office.issue(issue_request()).await;
        let (once, again) = (redeem(&signed, pesos(100)), redeem(&signed, pesos(200)));
        let (first, second) = (once.claim, again.claim);
        let mut records = Vec::new();
        for body in [
            Body::Redeem(once),
            Body::Void { claim: first, reason: "wrong amount".into() },
            Body::Redeem(again),
        ] {
            records.push(phone.record(&office, body).await);
        }
        records.reverse();
        let ack = phone.send(&office, &records).await;
        assert_eq!(outcomes(&ack), [&Outcome::Accepted; 3]);
        assert_eq!(told(&ack, first), Some(("voided", None)));
        assert_eq!(told(&ack, second), Some(("submitted", None)));
    }

    async fn nobody_voids_another_phones_claim(server: TestServer) {
        let office = Office::open(server).await;
        let (mut a, mut b) = two(&office).await;
        let signed = office.issue(issue_request()).await;
        let (claims, _) = a.serve(&office, &[&signed]).await;
        let ack = void(&office, &mut b, claims[0]).await;
        let refused = Outcome::Refused("claim_of_another_device".into());
        assert_eq!(outcomes(&ack), [&refused]);
        assert_eq!(office.state(claims[0]).await.0, "submitted");
        // A void by a stranger that comes first waits for nothing either.
        let early = new_claim();
        void(&office, &mut b, early).await;
        let mut served = redeem(&office.issue(issue_request()).await, pesos(1));
        served.claim = early;
        let record = a.record(&office, Body::Redeem(served)).await;
        assert_eq!(told(&a.send(&office, &[record]).await, early), Some(("submitted", None)));
    }

    async fn a_claim_id_names_one_claim(server: TestServer) {
        let office = Office::open(server).await;
        let (mut a, mut b) = two(&office).await;
        let (x, y) = (office.issue(issue_request()).await, office.issue(issue_request()).await);
        let (claims, _) = a.serve(&office, &[&x]).await;
        let mut records = Vec::new();
        let fresh = new_claim();
        for (claim, voucher) in [(claims[0], &y), (fresh, &y), (fresh, &x)] {
            let served = Redeem { claim, ..redeem(voucher, pesos(1)) };
            records.push(b.record(&office, Body::Redeem(served)).await);
        }
        let ack = b.send(&office, &records).await;
        let used = Outcome::Refused("claim_id_used".into());
        assert_eq!(outcomes(&ack), [&used, &Outcome::Accepted, &used]);
        assert_eq!(office.claims().await, 2);
    }

    async fn to_uphold_one_claim_is_to_deny_the_other_and_both_phones_learn_it(server: TestServer) {
        let office = Office::open(server).await;
        let (mut a, mut b) = two(&office).await;
        let signed = office.issue(issue_request()).await;
        let (first, _) = a.serve(&office, &[&signed]).await;
        let (second, _) = b.serve(&office, &[&signed]).await;
        decide(&office, second[0], Decision::Uphold).await.unwrap();
        assert_eq!(told(&a.news(&office).await, first[0]), Some(("denied", None)));
        assert_eq!(told(&b.news(&office).await, second[0]), Some(("upheld", None)));
        assert!(decide(&office, first[0], Decision::Uphold).await.is_err());
        let other = office.issue(issue_request()).await;
        let (first, _) = a.serve(&office, &[&other]).await;
        let (second, _) = b.serve(&office, &[&other]).await;
        decide(&office, first[0], Decision::Uphold).await.unwrap();
        assert_eq!(told(&a.news(&office).await, first[0]), Some(("upheld", None)));
        assert_eq!(told(&b.news(&office).await, second[0]), Some(("denied", None)));
    }

    async fn to_deny_the_first_claim_is_to_let_the_next_take_its_place(server: TestServer) {
        let office = Office::open(server).await;
        let (mut a, mut b) = two(&office).await;
        let (voucher, signed) = office.issued(issue_request()).await;
        let (first, _) = a.serve(&office, &[&signed]).await;
        let (second, _) = b.serve(&office, &[&signed]).await;
        decide(&office, first[0], Decision::Deny).await.unwrap();
        assert_eq!(office.state(second[0]).await.0, "submitted");
        assert_eq!(status(&office, &voucher).await, Status::Redeemed);
        let refused = Outcome::Refused("claim_final".into());
        assert_eq!(outcomes(&void(&office, &mut a, first[0]).await), [&refused]);
    }

    async fn a_claim_that_asks_nothing_waits_for_no_decision(server: TestServer) {
        let office = Office::open(server).await;
        let mut phone = Phone::confirmed(&office, "mercy").await;
        let signed = office.issue(issue_request()).await;
        let (claims, _) = phone.serve(&office, &[&signed]).await;
        assert!(decide(&office, claims[0], Decision::Uphold).await.is_err());
        assert!(decide(&office, new_claim(), Decision::Deny).await.is_err());
        let mut unknown = Phone::unconfirmed(&office, "corner").await;
        let (claims, _) = unknown.serve(&office, &[&office.issue(issue_request()).await]).await;
        let error = decide(&office, claims[0], Decision::Uphold).await.unwrap_err();
        assert!(error.contains("confirm the device first"), "{error}");
    }

    async fn a_claim_is_payable_after_the_holding_days_and_its_history_is_kept(server: TestServer) {
        let office = Office::open(server).await;
        let (mut a, mut b) = two(&office).await;
        let signed = office.issue(issue_request()).await;
        let (first, _) = a.serve(&office, &[&signed]).await;
        b.serve(&office, &[&signed]).await;
        decide(&office, first[0], Decision::Uphold).await.unwrap();
        let claim = claims::find(&office.app.db, first[0]).await.unwrap();
        assert_eq!(claim.payable_from, claim.received.after(protocol::Span::days(7)));
        let life: Vec<_> = claim.history.iter().map(|event| event.state.name()).collect();
        assert_eq!(life, ["submitted", "in_review", "upheld"]);
        assert_eq!(claim.history[2].note.as_deref(), Some("seen"));
    }

    async fn a_void_and_a_second_claim_at_once_leave_no_claim_waiting_for_nobody(server: TestServer) {
        let office = Office::open(server).await;
        let (mut a, mut b) = two(&office).await;
        for _ in 0..12 {
            let (voucher, signed) = office.issued(issue_request()).await;
            let (first, _) = a.serve(&office, &[&signed]).await;
            let served = redeem(&signed, pesos(100));
            let second = served.claim;
            let record = b.record(&office, Body::Redeem(served)).await;
            let records = [record];
            tokio::join!(void(&office, &mut a, first[0]), b.send(&office, &records));
            assert_eq!(office.state(first[0]).await.0, "voided");
            assert_eq!(office.state(second).await, ("submitted".to_owned(), None));
            assert_eq!(status(&office, &voucher).await, Status::Redeemed);
        }
    }

    async fn a_phone_that_asks_while_others_write_misses_nothing(server: TestServer) {
        let office = Office::open(server).await;
        let mut asking = Phone::confirmed(&office, "mercy").await;
        let mut others = Vec::new();
        for _ in 0..3 {
            others.push(Phone::confirmed(&office, "corner").await);
        }
        let mut vouchers = Vec::new();
        for _ in 0..12 {
            vouchers.push(office.issue(issue_request()).await);
        }
        let all: Vec<&SignedVoucher> = vouchers.iter().collect();
        let (claims, ack) = asking.serve(&office, &all).await;
        let mut known: BTreeMap<ClaimId, &str> =
            ack.claims.iter().map(|update| (update.claim, update.state.name())).collect();
        let mut writing = tokio::task::JoinSet::new();
        let office = Arc::new(office);
        for (nth, mut phone) in others.into_iter().enumerate() {
            let (office, mine) = (office.clone(), vouchers[nth * 4..nth * 4 + 4].to_vec());
            writing.spawn(async move {
                for voucher in mine {
                    let (claims, _) = phone.serve(&office, &[&voucher]).await;
                    void(&office, &mut phone, claims[0]).await;
                    phone.serve(&office, &[&voucher]).await;
                }
            });
        }
        while !writing.is_empty() {
            let news = asking.news(&office).await;
            known.extend(news.claims.iter().map(|update| (update.claim, update.state.name())));
            if let Some(done) = writing.try_join_next() {
                done.unwrap();
            }
        }
        let news = asking.news(&office).await;
        known.extend(news.claims.iter().map(|update| (update.claim, update.state.name())));
        for claim in claims {
            assert_eq!(known[&claim], "in_review");
            assert_eq!(office.state(claim).await.0, "in_review");
        }
    }

    async fn a_decision_keeps_the_mark_of_a_claim_served_before_notice(server: TestServer) {
        let office = Office::open(server).await;
        let mut phone = Phone::confirmed(&office, "mercy").await;
        let (voucher, signed) = office.issued(issue_request()).await;
        phone.news(&office).await;
        office.wait(protocol::Span::seconds(10));
        office.decide(&voucher, program_server::vouchers::Decision::Revoke).await;
        let typed = Redeem { how_read: HowRead::Typed, ..redeem(&signed, pesos(5)) };
        let claim = typed.claim;
        let record = phone.record(&office, Body::Redeem(typed)).await;
        phone.send(&office, &[record]).await;
        assert_eq!(office.state(claim).await.1.as_deref(), Some("typed_in"));
        decide(&office, claim, Decision::Uphold).await.unwrap();
        let marked = ("submitted".to_owned(), Some("served_before_notice".to_owned()));
        assert_eq!(office.state(claim).await, marked);
    }
}
