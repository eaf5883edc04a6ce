//! Phones restored from backups, phones whose key was lost, and supervisors' overrides.

use crate::on_both_engines;
use crate::phones::office::{Office, issue_request, pesos, provider_id};
use crate::phones::phone::{Phone, document, outcomes, redeem, told};
use program_server::providers::supervisors::{self, Pin};
use program_server::{devices, sync};
use protocol::ack::{Ack, Batch, Outcome};
use protocol::id::{ChainId, ClaimId, OperatorId};
use protocol::key::{KeyUse, P256Key};
use protocol::record::{Body, Record, RefusedSubject, Restart};
use protocol::{Hash, Span};

fn refused(code: &str) -> Outcome {
    Outcome::Refused(code.to_owned())
}

/// A phone on a backup of this one: the same key and session, and a chain of its own from here on.
fn copy_of(phone: &Phone) -> Phone {
    let scalar = phone.secret;
    Phone { key: P256Key::from_scalar(&scalar).unwrap(), token: phone.token.clone(), ..*phone }
}

/// Begins another chain.
fn begin_anew(phone: &mut Phone) -> ChainId {
    let closed = phone.chain;
    phone.chain = ChainId::from_bytes(crate::phones::phone::random());
    (phone.sequence, phone.previous, phone.cursor) = (0, None, 0);
    closed
}

fn restart(chain: ChainId, orphans: &[&Record]) -> Body {
    let orphans = orphans.iter().map(|orphan| orphan.hash().unwrap()).collect();
    Body::Restart(Restart { chain, shared: None, orphans })
}

/// The office, a phone that went on after a backup, and a restored one with an orphan and its claim.
async fn forked(office: &Office) -> (Phone, Phone, Record, ClaimId) {
    let mut phone = Phone::confirmed(office, "mercy").await;
    let first = office.issue(issue_request()).await;
    phone.serve(office, &[&first]).await;
    let mut restored = copy_of(&phone);
    let second = office.issue(issue_request()).await;
    phone.serve(office, &[&second]).await;
    let redeemed = redeem(&office.issue(issue_request()).await, pesos(100));
    let claim = redeemed.claim;
    let orphan = restored.record(office, Body::Redeem(redeemed)).await;
    (phone, restored, orphan, claim)
}

on_both_engines! {
    async fn an_orphan_that_a_restart_names_becomes_a_claim_in_review(server: TestServer) {
        let office = Office::open(server).await;
        let (_, mut restored, orphan, claim) = forked(&office).await;
        let ack = restored.send(&office, std::slice::from_ref(&orphan)).await;
        assert_eq!(outcomes(&ack), [&refused("sequence_conflict")]);
        let closed = begin_anew(&mut restored);
        let restart = restored.record(&office, restart(closed, &[&orphan])).await;
        let ack = restored.send(&office, &[restart, orphan.clone()]).await;
        assert_eq!(outcomes(&ack), [&Outcome::Accepted, &Outcome::Accepted]);
        assert_eq!((ack.head, told(&ack, claim)), (1, Some(("in_review", Some("after_restore")))));
        let again = restored.send(&office, &[orphan]).await;
        assert_eq!(outcomes(&again), [&Outcome::Duplicate]);
        assert_eq!(office.claims().await, 3);
        assert!(sync::refused(&office.app.db, restored.id()).await.unwrap().len() <= 1);
    }

    async fn orphan_and_restart_may_come_in_any_order(server: TestServer) {
        let office = Office::open(server).await;
        let (_, mut restored, orphan, claim) = forked(&office).await;
        let closed = begin_anew(&mut restored);
        let restart = restored.record(&office, restart(closed, &[&orphan])).await;
        let ack = restored.send(&office, std::slice::from_ref(&orphan)).await;
        assert_eq!(outcomes(&ack), [&refused("chain_foreign")]);
        let ack = restored.send(&office, &[restart]).await;
        assert_eq!(outcomes(&ack), [&Outcome::Accepted]);
        let ack = restored.send(&office, &[orphan]).await;
        assert_eq!(outcomes(&ack), [&Outcome::Accepted]);
        assert_eq!(told(&ack, claim), Some(("in_review", Some("after_restore"))));
    }

    async fn what_a_restart_names_and_the_chain_has_is_a_duplicate(server: TestServer) {
        let office = Office::open(server).await;
        let mut phone = Phone::confirmed(&office, "mercy").await;
        let redeemed = redeem(&office.issue(issue_request()).await, pesos(100));
        let record = phone.record(&office, Body::Redeem(redeemed)).await;
        phone.send(&office, std::slice::from_ref(&record)).await;
        let closed = begin_anew(&mut phone);
        let restart = phone.record(&office, restart(closed, &[&record])).await;
        let ack = phone.send(&office, &[restart, record]).await;
        assert_eq!(outcomes(&ack), [&Outcome::Accepted, &Outcome::Duplicate]);
        assert_eq!(office.claims().await, 1);
    }

    async fn a_void_among_the_orphans_takes_its_claim_back(server: TestServer) {
        let office = Office::open(server).await;
        let (_, mut restored, orphan, claim) = forked(&office).await;
        let void = restored.record(&office, Body::Void { claim, reason: "by mistake".into() }).await;
        let closed = begin_anew(&mut restored);
        let restart = restored.record(&office, restart(closed, &[&orphan, &void])).await;
        let ack = restored.send(&office, &[restart, void, orphan]).await;
        assert_eq!(outcomes(&ack), [&Outcome::Accepted; 3]);
        assert_eq!(told(&ack, claim).unwrap().0, "voided");
    }

    async fn what_follows_a_displaced_record_is_displaced_with_it(server: TestServer) {
        let office = Office::open(server).await;
        let (_, mut restored, orphan, _) = forked(&office).await;
        let mut records = vec![orphan];
        for number in 0..3_u8 {
            let subject = RefusedSubject::Text(Hash::of(&[number]));
            let body = Body::Refuse { reason: "expired".into(), subject };
            records.push(restored.record(&office, body).await);
        }
        let ack = restored.send(&office, &records).await;
        let broken = refused("chain_broken");
        assert_eq!(outcomes(&ack), [&refused("sequence_conflict"), &broken, &broken, &broken]);
        assert_eq!(ack.head, 2, "and the chain that came first stays whole");
    }

    async fn a_restart_of_another_provider_names_nothing_here(server: TestServer) {
        let office = Office::open(server).await;
        let (_, restored, orphan, _) = forked(&office).await;
        let mut other = Phone::confirmed(&office, "harbour").await;
        let restart = other.record(&office, restart(restored.chain, &[&orphan])).await;
        let ack = other.send(&office, &[restart, orphan]).await;
        assert_eq!(outcomes(&ack), [&Outcome::Accepted, &refused("record_forged")]);
    }

    async fn records_of_a_lost_key_come_by_another_phone_of_the_provider(server: TestServer) {
        let office = Office::open(server).await;
        let mut lost = Phone::confirmed(&office, "mercy").await;
        let photo = document(b"\x89PNG\r\n\x1a\n a photo");
        let mut redeemed = redeem(&office.issue(issue_request()).await, pesos(100));
        redeemed.documents = vec![photo.clone()];
        let claim = redeemed.claim;
        let record = lost.record(&office, Body::Redeem(redeemed)).await;
        let next = Phone::confirmed(&office, "mercy").await;
        let batch = Batch {
            items: vec![record.encode().unwrap()],
            device: Some(lost.id().0),
            ..lost.batch()
        };
        let answer = next.post(&office, batch.encode().unwrap()).await;
        let (ack, _) = Ack::open(&answer.body, &office.keys(KeyUse::Ack).await).unwrap();
        assert_eq!((ack.device, ack.chain, ack.head), (lost.id().0, lost.chain, 1));
        assert_eq!(outcomes(&ack), [&Outcome::Accepted]);
        let marked = Some(("documents_missing", Some("sent_by_another_device")));
        assert_eq!(told(&ack, claim), marked);
        let path = format!("/v1/documents/{}", photo.hash);
        let bearer = next.session();
        let headers = [bearer.as_header(), ("tus-resumable", "1.0.0")];
        let named = office.send("HEAD", &path, &headers, []).await;
        assert_eq!(named.status, 404, "not begun");
        let stranger = Phone::confirmed(&office, "corner").await;
        let answer = stranger.post(&office, batch.encode().unwrap()).await;
        let (ack, _) = Ack::open(&answer.body, &office.keys(KeyUse::Ack).await).unwrap();
        assert_eq!((ack.head, ack.claims.len()), (0, 0), "a stranger is told nothing");
        assert_eq!(outcomes(&ack), [&refused("chain_of_another_device")]);
    }

    async fn a_suspended_phones_records_wait_for_a_person_whoever_brings_them(server: TestServer) {
        let office = Office::open(server).await;
        let mut lost = Phone::confirmed(&office, "mercy").await;
        let (before, _) = lost.serve(&office, &[&office.issue(issue_request()).await]).await;
        devices::suspend(&office.app.db, &lost.device(&office).await).await.unwrap();
        let (after, ack) = lost.serve(&office, &[&office.issue(issue_request()).await]).await;
        assert_eq!(told(&ack, after[0]), Some(("in_review", Some("device_suspended"))));
        let body = Body::Redeem(redeem(&office.issue(issue_request()).await, pesos(100)));
        let Body::Redeem(redeemed) = &body else { unreachable!() };
        let claim = redeemed.claim;
        let record = lost.record(&office, body).await;
        let next = Phone::confirmed(&office, "mercy").await;
        let (items, device) = (vec![record.encode().unwrap()], Some(lost.id().0));
        let batch = Batch { items, device, ..lost.batch() };
        let answer = next.post(&office, batch.encode().unwrap()).await;
        assert_eq!(answer.status, 200);
        assert_eq!(office.state(claim).await, ("in_review".into(), Some("device_suspended".into())));
        assert_eq!(office.state(before[0]).await.0, "submitted", "recorded and sent before it was lost");
    }

    async fn an_ack_that_this_server_never_signed_shows_that_it_was_restored(server: TestServer) {
        let office = Office::open(server).await;
        let mut phone = Phone::confirmed(&office, "mercy").await;
        let (claims, ack) = phone.serve(&office, &[&office.issue(issue_request()).await]).await;
        assert!(!ack.restored);
        assert!(!phone.news(&office).await.restored);
        (phone.last_ack, phone.cursor) = (Some(Hash::of(b"after the backup")), 1 << 40);
        let ack = phone.news(&office).await;
        assert!(ack.restored);
        assert!(told(&ack, claims[0]).is_some(), "news are told from the beginning");
        assert!(ack.cursor < 1 << 40);
        assert!(!phone.news(&office).await.restored);
    }

    async fn a_claim_by_override_waits_for_a_person(server: TestServer) {
        let office = Office::open(server).await;
        let mut phone = Phone::confirmed(&office, "mercy").await;
        let voucher = office.issue(issue_request()).await;
        let supervisor = OperatorId::new("lorna").unwrap();
        let reason = "clock_turned_back".to_owned();
        let voucher_hash = Hash::of(b"identity");
        let body = Body::Override { voucher: voucher_hash, reason, supervisor };
        let allowed = phone.record(&office, body).await;
        let mut redeemed = redeem(&voucher, pesos(100));
        redeemed.overridden_by = Some(allowed.hash().unwrap());
        let claim = redeemed.claim;
        let served = phone.record(&office, Body::Redeem(redeemed)).await;
        let ack = phone.send(&office, &[allowed, served]).await;
        assert_eq!(outcomes(&ack), [&Outcome::Accepted; 2]);
        assert_eq!(told(&ack, claim), Some(("in_review", Some("overridden"))));
        let mut redeemed = redeem(&office.issue(issue_request()).await, pesos(100));
        redeemed.overridden_by = Some(Hash::of(b"no record of anybody"));
        let claim = redeemed.claim;
        let served = phone.record(&office, Body::Redeem(redeemed)).await;
        let ack = phone.send(&office, &[served]).await;
        assert_eq!(told(&ack, claim), Some(("in_review", Some("overridden"))));
    }

    async fn profiles_carry_the_providers_supervisors_with_hashed_pins(server: TestServer) {
        let office = Office::open(server).await;
        let phone = Phone::confirmed(&office, "mercy").await;
        let name = OperatorId::new("lorna").unwrap();
        let tx = office.app.db.begin().await.unwrap();
        supervisors::set(&tx, &provider_id("mercy"), &name, &Pin::new("271828").unwrap()).await.unwrap();
        supervisors::set(&tx, &provider_id("mercy"), &name, &Pin::new("314159").unwrap()).await.unwrap();
        tx.commit().await.unwrap();
        office.wait(Span::seconds(1));
        let profile = phone.profile(&office).await;
        assert_eq!(profile.supervisors.len(), 1);
        assert_eq!(profile.supervisors[0].name, name);
        assert!(profile.supervisors[0].pin_hash.starts_with("$argon2id$"));
        let tx = office.app.db.begin().await.unwrap();
        supervisors::remove(&tx, &provider_id("mercy"), &name).await.unwrap();
        assert!(supervisors::remove(&tx, &provider_id("mercy"), &name).await.is_err());
        tx.commit().await.unwrap();
        assert!(phone.profile(&office).await.supervisors.is_empty());
        assert!(Pin::new("12345").is_err(), "too short to withstand guessing");
    }
}
