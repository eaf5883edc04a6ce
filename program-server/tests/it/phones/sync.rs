//! Batches of records and the acks that answer them.

use crate::on_both_engines;
use crate::phones::office::{Office, issue_request, pesos};
use crate::phones::phone::{Phone, outcomes, redeem, told};
use program_server::devices;
use program_server::sync::{self, Quota};
use program_server::vouchers::{Decision, IssueRequest};
use protocol::ack::{Ack, Batch, Outcome};
use protocol::id::ChainId;
use protocol::key::KeyUse;
use protocol::record::{Body, HowRead, ObservedState, Record, RefusedSubject, SignedVoucher};
use protocol::voucher::Voucher;
use protocol::{Hash, Span, Timestamp};

fn refused(code: &str) -> Outcome {
    Outcome::Refused(code.to_owned())
}

fn holding(ack: Option<Hash>, trust_version: u64) -> ObservedState {
    ObservedState { ack, trust_version, status_lists: Vec::new() }
}

async fn kept(office: &Office, phone: &Phone) -> Vec<(String, bool)> {
    let kept = sync::refused(&office.app.db, phone.id()).await.unwrap();
    kept.into_iter().map(|item| (item.reason, item.bytes.is_some())).collect()
}

on_both_engines! {
    async fn a_record_is_taken_once_however_often_it_is_sent(server: TestServer) {
        let office = Office::open(server).await;
        let mut phone = Phone::confirmed(&office, "mercy").await;
        let voucher = office.issue(issue_request()).await;
        let redeem = redeem(&voucher, pesos(500_000));
        let claim = redeem.claim;
        let record = phone.record(&office, Body::Redeem(redeem)).await;
        let first = phone.send(&office, std::slice::from_ref(&record)).await;
        assert_eq!(outcomes(&first), [&Outcome::Accepted]);
        assert_eq!((first.head, first.head_hash), (1, Some(record.hash().unwrap())));
        assert_eq!(told(&first, claim), Some(("submitted", None)));
        let again = phone.send(&office, std::slice::from_ref(&record)).await;
        assert_eq!(outcomes(&again), [&Outcome::Duplicate]);
        assert_eq!((again.head, again.claims.len()), (1, 0));
        let plain = phone.send_items(&office, vec![record.encode().unwrap()]).await;
        assert_eq!(outcomes(&plain), [&Outcome::Duplicate]);
        assert_eq!(office.claims().await, 1);
    }

    async fn an_ack_that_was_lost_tells_its_claims_again(server: TestServer) {
        let office = Office::open(server).await;
        let mut phone = Phone::confirmed(&office, "mercy").await;
        let voucher = office.issue(issue_request()).await;
        let (claims, ack) = phone.serve(&office, &[&voucher]).await;
        assert_eq!(told(&ack, claims[0]), Some(("submitted", None)));
        phone.cursor = 0;
        assert_eq!(told(&phone.news(&office).await, claims[0]), Some(("submitted", None)));
        assert!(phone.news(&office).await.claims.is_empty());
    }

    async fn one_bad_record_does_not_block_the_rest(server: TestServer) {
        let office = Office::open(server).await;
        let mut phone = Phone::confirmed(&office, "mercy").await;
        let (a, b) = (office.issue(issue_request()).await, office.issue(issue_request()).await);
        let SignedVoucher::Cose(mut bytes) = office.issue(issue_request()).await else { panic!() };
        *bytes.last_mut().unwrap() ^= 1;
        let forged = SignedVoucher::Cose(bytes);
        let (_, ack) = phone.serve(&office, &[&a, &forged, &b]).await;
        assert_eq!(outcomes(&ack), [&Outcome::Accepted, &refused("forged"), &Outcome::Accepted]);
        assert_eq!(ack.head, 3, "a refused voucher's record keeps its place in the chain");
        assert_eq!(kept(&office, &phone).await, [("forged".to_owned(), true)]);
        assert_eq!(office.claims().await, 2);
    }

    async fn bytes_that_are_no_record_are_refused_kept_and_leave_the_chain_alone(server: TestServer) {
        let office = Office::open(server).await;
        let mut phone = Phone::confirmed(&office, "mercy").await;
        let mut stranger = Phone::new();
        stranger.chain = phone.chain;
        let body = || Body::Refuse { reason: "expired".into(), subject: RefusedSubject::Text(Hash::of(b"x")) };
        let good = phone.record(&office, body()).await;
        let foreign = stranger.record(&office, body()).await;
        let other_body = Record { body: Body::Void { claim: crate::phones::phone::new_claim(), reason: "x".into() }.encode().unwrap(), ..good.clone() };
        let sealed_elsewhere = protocol::seal::UnsealingKey::from_seed(&[5; 32]);
        let items = vec![
            b"not a record".to_vec(),
            foreign.encode().unwrap(),
            other_body.encode().unwrap(),
            sealed_elsewhere.public().seal(&good.encode().unwrap()).unwrap(),
            good.encode().unwrap(),
        ];
        let ack = phone.send_items(&office, items.clone()).await;
        let wanted = ["record_unreadable", "record_forged", "body_foreign", "sealed_to_another"];
        let refusals: Vec<Outcome> = wanted.map(refused).to_vec();
        assert_eq!(outcomes(&ack)[..4], refusals.iter().collect::<Vec<_>>());
        assert_eq!(outcomes(&ack)[4], &Outcome::Accepted);
        assert_eq!(ack.head, 1);
        let again = phone.send_items(&office, items).await;
        assert_eq!(outcomes(&again)[..4], refusals.iter().collect::<Vec<_>>());
        let kept = kept(&office, &phone).await;
        assert_eq!(kept.len(), 4);
        assert!(kept.iter().all(|(_, has_bytes)| *has_bytes));
    }

    async fn records_come_in_any_order_and_the_head_waits_for_gaps(server: TestServer) {
        let office = Office::open(server).await;
        let mut phone = Phone::confirmed(&office, "mercy").await;
        let mut records = Vec::new();
        for number in 0..5_u8 {
            let subject = RefusedSubject::Text(Hash::of(&[number]));
            let body = Body::Refuse { reason: "expired".into(), subject };
            records.push(phone.record(&office, body).await);
        }
        let ack = phone.send(&office, &[records[4].clone(), records[2].clone()]).await;
        assert_eq!(outcomes(&ack), [&Outcome::Accepted, &Outcome::Accepted]);
        assert_eq!((ack.head, ack.head_hash), (0, None));
        let ack = phone.send(&office, &records[..1]).await;
        assert_eq!((ack.head, ack.head_hash), (1, Some(records[0].hash().unwrap())));
        let ack = phone.send(&office, &records[1..2]).await;
        assert_eq!((ack.head, ack.head_hash), (3, Some(records[2].hash().unwrap())));
        let ack = phone.send(&office, &records).await;
        assert_eq!((ack.head, ack.head_hash), (5, Some(records[4].hash().unwrap())));
        assert_eq!(outcomes(&ack).iter().filter(|it| ***it == Outcome::Accepted).count(), 1);
    }

    async fn another_record_with_a_taken_number_is_refused_and_kept(server: TestServer) {
        let office = Office::open(server).await;
        let mut phone = Phone::confirmed(&office, "mercy").await;
        let voucher = office.issue(issue_request()).await;
        phone.serve(&office, &[&voucher]).await;
        let body = |number: u8| Body::Refuse { reason: "expired".into(), subject: RefusedSubject::Text(Hash::of(&[number])) };
        let (fork, _) = phone.make(&office, 1, None, &body(1), holding(None, 1));
        let (torn, _) = phone.make(&office, 2, Some(Hash::of(b"another")), &body(2), holding(None, 1));
        let ack = phone.send(&office, &[fork, torn]).await;
        assert_eq!(outcomes(&ack), [&refused("sequence_conflict"), &refused("chain_broken")]);
        assert_eq!(ack.head, 1);
        let next = phone.record(&office, body(3)).await;
        assert_eq!(outcomes(&phone.send(&office, &[next]).await), [&Outcome::Accepted]);
        assert_eq!(kept(&office, &phone).await.len(), 2);
    }

    async fn a_record_of_another_chain_and_a_chain_of_another_device_are_refused(server: TestServer) {
        let office = Office::open(server).await;
        let mut phone = Phone::confirmed(&office, "mercy").await;
        let mut thief = Phone::confirmed(&office, "corner").await;
        let voucher = office.issue(issue_request()).await;
        let (claims, _) = phone.serve(&office, &[&voucher]).await;
        thief.chain = phone.chain;
        let body = Body::Void { claim: claims[0], reason: "to take it over".into() };
        let record = thief.record(&office, body).await;
        let ack = thief.send(&office, std::slice::from_ref(&record)).await;
        assert_eq!(outcomes(&ack), [&refused("chain_of_another_device")]);
        assert_eq!((ack.head, ack.claims.len()), (0, 0), "nothing is told of another's chain");
        thief.chain = ChainId::from_bytes([3; 16]);
        let ack = thief.send(&office, &[record]).await;
        assert_eq!(outcomes(&ack), [&refused("chain_foreign")]);
        assert_eq!(office.state(claims[0]).await.0, "submitted");
    }

    async fn a_chain_is_its_signers_and_not_of_whoever_sent_its_first_batch(server: TestServer) {
        let office = Office::open(server).await;
        let mut other = Phone::confirmed(&office, "corner").await;
        let mut phone = Phone::confirmed(&office, "mercy").await;
        let voucher = office.issue(issue_request()).await;
        let served = redeem(&voucher, pesos(100));
        let claim = served.claim;
        let record = phone.record(&office, Body::Redeem(served)).await;
        let own = std::mem::replace(&mut phone.token, other.token.clone());
        let lent = Batch::new(phone.chain, 0, Vec::new());
        assert_eq!(phone.post(&office, lent.encode().unwrap()).await.status, 200);
        let lent = Batch::new(phone.chain, 0, vec![record.encode().unwrap()]);
        assert_eq!(phone.post(&office, lent.encode().unwrap()).await.status, 200);
        phone.token = own;
        let ack = phone.send(&office, &[record]).await;
        assert_eq!((outcomes(&ack), ack.head), (vec![&Outcome::Accepted], 1));
        assert_eq!(office.state(claim).await.0, "submitted");
        let news = other.news(&office).await;
        assert_eq!(news.head, 0);
    }

    async fn only_a_session_and_a_whole_batch_are_answered(server: TestServer) {
        let office = Office::open(server).await;
        let phone = Phone::confirmed(&office, "mercy").await;
        let answer = phone.post(&office, b"not a batch".to_vec()).await;
        assert_eq!(answer.problem(), (400, "unreadable".to_owned()));
        let too_large = phone.post(&office, vec![0; protocol::ack::MAX_BATCH_LEN + 1]).await;
        assert_eq!(too_large.problem(), (413, "too_large".to_owned()));
    }

    async fn beyond_its_share_of_a_day_a_phone_is_asked_to_come_again(server: TestServer) {
        let office = Office::open(server).await;
        let mut phone = Phone::confirmed(&office, "mercy").await;
        let device = phone.device(&office).await;
        let mut items = Vec::new();
        for number in 0..3_u8 {
            let subject = RefusedSubject::Text(Hash::of(&[number]));
            let body = Body::Refuse { reason: "expired".into(), subject };
            items.push(phone.record(&office, body).await.encode().unwrap());
        }
        let quota = Quota { items_a_day: 2, ..Quota::default() };
        let keys = office.keys(KeyUse::Ack).await;
        let send = async || {
            let batch = Batch { items: items.clone(), ..phone.batch() };
            let ack = sync::receive(&office.app, &device, batch, quota).await.unwrap();
            Ack::open(&ack, &keys).unwrap().0
        };
        let ack = send().await;
        assert_eq!(outcomes(&ack), [&Outcome::Accepted, &Outcome::Accepted, &Outcome::Later]);
        assert_eq!(outcomes(&send().await)[2], &Outcome::Later);
        office.wait(Span::days(1));
        assert_eq!(outcomes(&send().await)[2], &Outcome::Accepted);
    }

    async fn refused_bytes_beyond_a_phones_share_are_kept_by_digest_and_for_ninety_days(server: TestServer) {
        let office = Office::open(server).await;
        let phone = Phone::confirmed(&office, "mercy").await;
        let device = phone.device(&office).await;
        let quota = Quota { refused_bytes: 10, ..Quota::default() };
        let send = async |items: Vec<Vec<u8>>| {
            let batch = Batch { items, ..phone.batch() };
            sync::receive(&office.app, &device, batch, quota).await.unwrap();
        };
        send(vec![b"12345678".to_vec()]).await;
        send(vec![b"abcdefgh".to_vec()]).await;
        let bytes: Vec<bool> = kept(&office, &phone).await.into_iter().map(|it| it.1).collect();
        assert_eq!(bytes.iter().filter(|has| **has).count(), 1);
        assert_eq!(bytes.len(), 2);
        office.wait(Span::days(91));
        send(vec![b"new".to_vec()]).await;
        assert_eq!(kept(&office, &phone).await.len(), 1);
    }

    async fn a_voucher_is_judged_by_what_it_says_and_not_by_what_the_phone_says(server: TestServer) {
        let office = Office::open(server).await;
        let mut phone = Phone::confirmed(&office, "harbour").await;
        let for_others = IssueRequest { audience: Some(crate::phones::office::audience("pharmacies")), ..issue_request() };
        let for_others = office.issue(for_others).await;
        let (_, ack) = phone.serve(&office, &[&for_others]).await;
        assert_eq!(outcomes(&ack), [&refused("wrong_provider")]);
        let voucher = office.issue(issue_request()).await;
        let too_much = redeem(&voucher, pesos(500_001));
        let record = phone.record(&office, Body::Redeem(too_much)).await;
        assert_eq!(outcomes(&phone.send(&office, &[record]).await), [&refused("more_than_voucher")]);
        assert_eq!(office.claims().await, 0);
        let mut pharmacy = Phone::confirmed(&office, "corner").await;
        let (_, ack) = pharmacy.serve(&office, &[&for_others, &voucher]).await;
        assert_eq!(outcomes(&ack), [&Outcome::Accepted, &Outcome::Accepted]);
    }

    async fn a_voucher_that_expired_before_the_last_ack_is_refused_and_after_it_a_person_decides(server: TestServer) {
        let office = Office::open(server).await;
        let (mut early, mut late) =
            (Phone::confirmed(&office, "mercy").await, Phone::confirmed(&office, "corner").await);
        let (a, b) = (office.issue(issue_request()).await, office.issue(issue_request()).await);
        early.news(&office).await;
        let served = redeem(&a, pesos(100));
        let claim = served.claim;
        let record = early.record(&office, Body::Redeem(served)).await;
        office.wait(Span::days(12));
        early.open_session(&office).await;
        late.open_session(&office).await;
        late.news(&office).await;
        let (_, ack) = late.serve(&office, &[&b]).await;
        assert_eq!(outcomes(&ack), [&refused("expired")]);
        let ack = early.send(&office, &[record]).await;
        assert_eq!(outcomes(&ack), [&Outcome::Accepted]);
        assert_eq!(told(&ack, claim), Some(("in_review", Some("expired_meanwhile"))));
    }

    async fn an_ack_that_this_server_never_gave_this_phone_narrows_nothing(server: TestServer) {
        let office = Office::open(server).await;
        let mut phone = Phone::confirmed(&office, "mercy").await;
        let mut other = Phone::confirmed(&office, "corner").await;
        let voucher = office.issue(issue_request()).await;
        office.wait(Span::days(12));
        phone.open_session(&office).await;
        other.open_session(&office).await;
        other.news(&office).await;
        let served = redeem(&voucher, pesos(100));
        let claim = served.claim;
        let record = phone.record_observing(&office, &Body::Redeem(served), holding(other.last_ack, 1));
        phone.send(&office, &[record]).await;
        assert_eq!(office.state(claim).await, ("in_review".into(), Some("expired_meanwhile".into())));
    }

    async fn a_revocation_counts_from_the_phones_last_ack_on(server: TestServer) {
        let office = Office::open(server).await;
        let mut phone = Phone::confirmed(&office, "mercy").await;
        let (before, signed_before) = office.issued(issue_request()).await;
        let (after, signed_after) = office.issued(issue_request()).await;
        let (suspended, signed_suspended) = office.issued(issue_request()).await;
        office.decide(&before, Decision::Revoke).await;
        office.wait(Span::hours(1));
        phone.open_session(&office).await;
        phone.news(&office).await;
        office.wait(Span::seconds(10));
        office.decide(&after, Decision::Revoke).await;
        office.decide(&suspended, Decision::Suspend).await;
        let (claims, ack) =
            phone.serve(&office, &[&signed_before, &signed_after, &signed_suspended]).await;
        assert_eq!(outcomes(&ack), [&refused("revoked"), &Outcome::Accepted, &Outcome::Accepted]);
        assert_eq!(told(&ack, claims[1]), Some(("submitted", Some("served_before_notice"))));
        assert_eq!(told(&ack, claims[2]), Some(("in_review", Some("suspended"))));
    }

    async fn what_nobody_issued_or_was_typed_in_is_looked_at(server: TestServer) {
        let office = Office::open(server).await;
        let mut phone = Phone::confirmed(&office, "mercy").await;
        let (voucher, _) = office.issued(issue_request()).await;
        let unregistered = Voucher {
            identity: protocol::voucher::VoucherIdentity {
                issuer: voucher.identity.issuer.clone(),
                reference: protocol::voucher::Reference::Cti(protocol::id::VoucherId::from_bytes([4; 16])),
            },
            ..voucher.clone()
        };
        let (claims, ack) = phone.serve(&office, &[&office.sign(&unregistered).await]).await;
        assert_eq!(told(&ack, claims[0]), Some(("in_review", Some("not_in_register"))));
        let twin = Voucher { benefit: pesos(900_000), ..voucher };
        let (claims, ack) = phone.serve(&office, &[&office.sign(&twin).await]).await;
        assert_eq!(told(&ack, claims[0]), Some(("in_review", Some("twin_of_registered"))));
        let typed = office.issue(issue_request()).await;
        let typed = protocol::record::Redeem { how_read: HowRead::Typed, ..redeem(&typed, pesos(5)) };
        let claim = typed.claim;
        let record = phone.record(&office, Body::Redeem(typed)).await;
        let ack = phone.send(&office, &[record]).await;
        assert_eq!(told(&ack, claim), Some(("in_review", Some("typed_in"))));
    }

    async fn what_an_unconfirmed_phone_sends_is_kept_and_goes_on_once_it_is_confirmed(server: TestServer) {
        let office = Office::open(server).await;
        let mut phone = Phone::unconfirmed(&office, "mercy").await;
        let voucher = office.issue(issue_request()).await;
        let (claims, ack) = phone.serve(&office, &[&voucher]).await;
        assert_eq!(outcomes(&ack), [&Outcome::Accepted]);
        assert_eq!(told(&ack, claims[0]), Some(("in_review", Some("device_unconfirmed"))));
        let device = phone.device(&office).await;
        let digits = device.key.fingerprint_digits();
        devices::confirm(&office.app.db, &device, &digits, office.app.now()).await.unwrap();
        assert_eq!(told(&phone.news(&office).await, claims[0]), Some(("submitted", None)));
    }

    async fn what_a_suspended_phone_sends_is_kept_and_a_person_decides(server: TestServer) {
        let office = Office::open(server).await;
        let mut phone = Phone::confirmed(&office, "mercy").await;
        devices::suspend(&office.app.db, &phone.device(&office).await).await.unwrap();
        let voucher = office.issue(issue_request()).await;
        let (claims, ack) = phone.serve(&office, &[&voucher]).await;
        assert_eq!(told(&ack, claims[0]), Some(("in_review", Some("device_suspended"))));
    }

    async fn the_acks_time_is_the_servers(server: TestServer) {
        let office = Office::open(server).await;
        let mut phone = Phone::confirmed(&office, "mercy").await;
        office.app.clock.set(Timestamp::parse("2026-11-22T01:02:03Z").unwrap());
        phone.open_session(&office).await;
        assert_eq!(phone.news(&office).await.server_time, office.app.now());
    }
}
