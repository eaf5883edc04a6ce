//! Files that strangers bring: in any order, as often as they like, for one effect.

use crate::on_both_engines;
use crate::phones::office::{Answer, Office, issue_request, pesos};
use crate::phones::phone::{Phone, document, offer, random, redeem};
use program_server::bundles::{self, ImportError, ImportedBundle, Tally};
use program_server::devices::{self, DeviceStatus};
use program_server::documents::ImportOutcome;
use protocol::ack::{Ack, Batch, Outcome};
use protocol::bundle::{Answer as Head, Bundle, Part, PartKind, Parts, Place, Writer, verify};
use protocol::id::{BundleId, ClaimId};
use protocol::key::{KeyUse, Signer};
use protocol::profile::Profile;
use protocol::record::{Body, Record, Redeem};
use protocol::seal::{SealingKey, UnsealingKey};
use protocol::trust::{TrustFile, TrustState};
use protocol::{Hash, Span};
use std::sync::Arc;

type Content = (PartKind, Vec<u8>);

/// The key to which a phone lets answer.
fn own_key() -> UnsealingKey {
    UnsealingKey::from_seed(&[0x77; 32])
}

fn picture(filling: u8, len: usize) -> Vec<u8> {
    let mut bytes = vec![filling; len];
    bytes[..8].copy_from_slice(b"\x89PNG\r\n\x1a\n");
    bytes
}

async fn to_office(office: &Office) -> SealingKey {
    let trust = program_server::trust::current(&office.app).await.unwrap();
    trust.state.list().sealing_keys.first().unwrap().clone()
}

/// A file of this phone with these parts.
fn file(office: &Office, phone: &Phone, to: &SealingKey, contents: &[Content]) -> Vec<u8> {
    file_signed_by(&phone.key, phone, office, to, contents)
}

fn file_signed_by(
    signer: &dyn Signer,
    phone: &Phone,
    office: &Office,
    to: &SealingKey,
    contents: &[Content],
) -> Vec<u8> {
    let header = Bundle {
        device: phone.key.public_key(),
        id: BundleId::from_bytes(random()),
        place: Place { number: 1, of: 1 },
        made: office.app.now(),
        answer_to: own_key().public().clone(),
        parts: contents.iter().map(|(kind, content)| Part::of(*kind, content)).collect(),
    };
    let header = header.sign(signer).unwrap();
    let (mut writer, mut file) = Writer::begin(to, &header).unwrap();
    for (_, content) in contents {
        writer.write(content, &mut file).unwrap();
    }
    writer.finish(&mut file).unwrap();
    file
}

fn batch(phone: &Phone, to: &SealingKey, records: &[Record]) -> Content {
    let items = records.iter().map(|it| to.seal(&it.encode().unwrap()).unwrap()).collect();
    let batch = Batch::new(phone.chain, phone.cursor, items);
    (PartKind::Batch, batch.encode().unwrap())
}

fn whole(bytes: &[u8]) -> Content {
    piece(bytes, 0, bytes.len())
}

fn piece(bytes: &[u8], from: usize, to: usize) -> Content {
    let kind = PartKind::Document {
        document: Hash::of(bytes),
        offset: from as u64,
        total: bytes.len() as u64,
    };
    (kind, bytes[from..to].to_vec())
}

/// A record that serves a voucher and names documents.
async fn served(office: &Office, phone: &mut Phone, documents: &[&[u8]]) -> (ClaimId, Record) {
    let voucher = office.issue(issue_request()).await;
    let documents = documents.iter().map(|bytes| document(bytes)).collect();
    let served = Redeem { documents, ..redeem(&voucher, pesos(100)) };
    let claim = served.claim;
    (claim, phone.record(office, Body::Redeem(served)).await)
}

async fn take(office: &Office, file: &[u8]) -> Result<ImportedBundle, ImportError> {
    bundles::import(&office.app, Arc::from(file)).await
}

async fn taken(office: &Office, file: &[u8]) -> ImportedBundle {
    take(office, file).await.unwrap()
}

async fn refused(office: &Office, file: &[u8]) -> &'static str {
    take(office, file).await.unwrap_err().code()
}

async fn post(office: &Office, file: &[u8]) -> Answer {
    office.send("POST", "/v1/bundles", &[], file).await
}

/// The parts of an answer, opened with the phone's key.
fn opened(file: &[u8], phone: &Phone) -> Vec<Content> {
    let head = verify::<Head>(file, &own_key()).unwrap();
    assert_eq!(head.device, phone.id().0);
    let parts = Parts::<Head>::of(file, &own_key()).unwrap();
    parts.map(|part| part.map(|(part, content)| (part.kind, content)).unwrap()).collect()
}

async fn acks(office: &Office, phone: &Phone, answer: &[u8]) -> Vec<Ack> {
    let keys = office.keys(KeyUse::Ack).await;
    opened(answer, phone)
        .into_iter()
        .filter(|(kind, _)| *kind == PartKind::Ack)
        .map(|(_, signed)| Ack::open(&signed, &keys).unwrap().0)
        .collect()
}

async fn answered(office: &Office, taken: &[ImportedBundle]) -> Vec<u8> {
    let mut files = bundles::answer(&office.app, taken).await.unwrap();
    assert_eq!(files.len(), 1);
    files.remove(0).bytes
}

fn tally(accepted: usize, duplicates: usize) -> Tally {
    Tally { accepted, duplicates, ..Tally::default() }
}

on_both_engines! {
    async fn a_file_of_records_counts_once_however_often_it_is_brought(server: TestServer) {
        let office = Office::open(server).await;
        let to = to_office(&office).await;
        let mut phone = Phone::confirmed(&office, "mercy").await;
        let (claim, record) = served(&office, &mut phone, &[]).await;
        let file = file(&office, &phone, &to, &[batch(&phone, &to, &[record])]);
        let first = taken(&office, &file).await;
        assert_eq!(first.records, tally(1, 0));
        let again = taken(&office, &file).await;
        assert_eq!(again.records, tally(0, 1));
        assert_eq!(office.claims().await, 1);
        let acks = acks(&office, &phone, &answered(&office, &[first, again]).await).await;
        assert_eq!((acks.len(), acks[0].head), (3, 1));
        assert_eq!(acks[0].results[0].outcome, Outcome::Accepted);
        assert_eq!(acks[1].results[0].outcome, Outcome::Duplicate);
        assert_eq!(acks[2].claims.iter().map(|it| it.claim).collect::<Vec<_>>(), [claim]);
    }

    async fn any_carrier_brings_a_file_over_http_and_takes_the_answer_back(server: TestServer) {
        let office = Office::open(server).await;
        let to = to_office(&office).await;
        let mut phone = Phone::confirmed(&office, "mercy").await;
        let bytes = picture(1, 5000);
        let (claim, record) = served(&office, &mut phone, &[&bytes]).await;
        let contents = [batch(&phone, &to, &[record]), whole(&bytes)];
        let answer = post(&office, &file(&office, &phone, &to, &contents)).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        let parts = opened(&answer.body, &phone);
        assert_eq!(parts[0].0, PartKind::Trust);
        let trust = TrustFile::decode(&parts[0].1).unwrap();
        let pinned = trust.first_root_hash().unwrap();
        TrustState::first(pinned, &trust, office.app.now()).unwrap();
        assert_eq!(parts[1].0, PartKind::Profile);
        let keys = office.keys(KeyUse::Profile).await;
        assert_eq!(Profile::open(&parts[1].1, &keys).unwrap().device, phone.key.public_key());
        assert!(parts.iter().any(|(kind, _)| matches!(kind, PartKind::StatusList { .. })));
        let acks = acks(&office, &phone, &answer.body).await;
        assert_eq!(acks.last().unwrap().documents, [Hash::of(&bytes)]);
        assert_eq!(office.state(claim).await.0, "submitted");
    }

    async fn documents_come_before_after_or_without_the_record_that_names_them(server: TestServer) {
        let office = Office::open(server).await;
        let to = to_office(&office).await;
        let mut phone = Phone::confirmed(&office, "mercy").await;
        let bytes = picture(2, 9000);
        let (claim, record) = served(&office, &mut phone, &[&bytes]).await;
        let alone = file(&office, &phone, &to, &[whole(&bytes)]);
        let early = taken(&office, &alone).await;
        assert_eq!(early.documents, [(Hash::of(&bytes), ImportOutcome::Unnamed)]);
        assert!(early.waits());
        // In one file the order of the parts says nothing.
        let both = [whole(&bytes), batch(&phone, &to, &[record])];
        let late = taken(&office, &file(&office, &phone, &to, &both)).await;
        assert_eq!(late.documents, [(Hash::of(&bytes), ImportOutcome::Stored)]);
        assert_eq!(office.state(claim).await.0, "submitted");
        assert_eq!(taken(&office, &alone).await.documents, late.documents);
    }

    async fn a_document_in_pieces_is_whole_in_whatever_order_they_come(server: TestServer) {
        let office = Office::open(server).await;
        let to = to_office(&office).await;
        let mut phone = Phone::confirmed(&office, "mercy").await;
        let bytes = picture(3, 30_000);
        let (claim, record) = served(&office, &mut phone, &[&bytes]).await;
        let records = [batch(&phone, &to, &[record])];
        let pieces = [(20_000, 30_000), (0, 9_000), (20_000, 30_000), (9_000, 20_000)];
        for (nth, (from, end)) in pieces.into_iter().enumerate() {
            let contents = [records[0].clone(), piece(&bytes, from, end)];
            let fate = taken(&office, &file(&office, &phone, &to, &contents)).await.documents[0].1;
            assert_eq!(fate, if nth < 3 { ImportOutcome::Incomplete } else { ImportOutcome::Stored });
        }
        assert_eq!(office.state(claim).await.0, "submitted");
    }

    async fn a_document_counts_only_where_the_phones_own_record_names_it(server: TestServer) {
        let office = Office::open(server).await;
        let to = to_office(&office).await;
        let mut phone = Phone::confirmed(&office, "mercy").await;
        let stranger = Phone::confirmed(&office, "mercy").await;
        let bytes = picture(4, 4000);
        let (claim, record) = served(&office, &mut phone, &[&bytes]).await;
        taken(&office, &file(&office, &phone, &to, &[batch(&phone, &to, &[record])])).await;
        let fate = |taken: ImportedBundle| taken.documents[0].1;
        let brought = taken(&office, &file(&office, &stranger, &to, &[whole(&bytes)])).await;
        assert_eq!(fate(brought), ImportOutcome::Unnamed);
        assert_eq!(office.state(claim).await.0, "documents_missing");
        // Other bytes under its name are not it.
        let mut forged = whole(&bytes);
        forged.1[100] ^= 1;
        let forged = taken(&office, &file(&office, &phone, &to, &[forged])).await;
        assert_eq!(fate(forged), ImportOutcome::Refused("content"));
        let page = b"<!DOCTYPE html><script>alert(1)</script>".to_vec();
        let (_, named) = served(&office, &mut phone, &[&page]).await;
        let contents = [batch(&phone, &to, &[named]), whole(&page)];
        let html = taken(&office, &file(&office, &phone, &to, &contents)).await;
        assert_eq!(fate(html), ImportOutcome::Refused("media_type"));
        assert_eq!(fate(taken(&office, &file(&office, &phone, &to, &[whole(&bytes)])).await), ImportOutcome::Stored);
    }

    async fn a_phone_without_a_network_enrols_by_its_file(server: TestServer) {
        let office = Office::open(server).await;
        let mut phone = Phone::new();
        let offer = offer(&office, "mercy").await;
        let to = offer.sealing.clone().unwrap();
        let request = (PartKind::Enrolment, phone.enrolment(&offer));
        let news = batch(&phone, &to, &[]);
        let file = file(&office, &phone, &to, &[request, news]);
        let first = taken(&office, &file).await;
        assert_eq!(first.device.status, DeviceStatus::Unconfirmed);
        let profile = |answer: &[u8]| {
            let part = opened(answer, &phone).into_iter().find(|it| it.0 == PartKind::Profile);
            part.unwrap().1
        };
        let keys = office.keys(KeyUse::Profile).await;
        let before = profile(&answered(&office, &[first]).await);
        assert!(!Profile::open(&before, &keys).unwrap().confirmed);
        let device = phone.device(&office).await;
        let digits = device.key.fingerprint_digits();
        devices::confirm(&office.app.db, &device, &digits, office.app.now()).await.unwrap();
        // The same file again, days later: the code has ended, and the phone is known by its key.
        office.wait(Span::days(4));
        let again = taken(&office, &file).await;
        let after = profile(&answered(&office, &[again]).await);
        assert!(Profile::open(&after, &keys).unwrap().confirmed);
        let (_, record) = served(&office, &mut phone, &[]).await;
        let next = self::file(&office, &phone, &to, &[batch(&phone, &to, &[record])]);
        assert_eq!(taken(&office, &next).await.records, tally(1, 0));
    }

    async fn a_code_enrols_one_phone_by_file_too(server: TestServer) {
        let office = Office::open(server).await;
        let (phone, thief) = (Phone::new(), Phone::new());
        let offer = offer(&office, "mercy").await;
        let to = offer.sealing.clone().unwrap();
        let with = |phone: &Phone, request: Vec<u8>| {
            file(&office, phone, &to, &[(PartKind::Enrolment, request)])
        };
        taken(&office, &with(&phone, phone.enrolment(&offer))).await;
        assert_eq!(refused(&office, &with(&thief, thief.enrolment(&offer))).await, "code_used");
        let anothers = with(&thief, phone.enrolment(&offer));
        assert_eq!(refused(&office, &anothers).await, "device_unknown");
        let late = crate::phones::phone::offer(&office, "mercy").await;
        office.wait(Span::hours(73));
        assert_eq!(refused(&office, &with(&thief, thief.enrolment(&late))).await, "code_expired");
        let answer = post(&office, &with(&thief, thief.enrolment(&late))).await;
        assert_eq!(answer.problem(), (410, "code_expired".to_owned()));
    }

    async fn what_is_altered_foreign_or_cut_is_refused_whole(server: TestServer) {
        let office = Office::open(server).await;
        let to = to_office(&office).await;
        let mut phone = Phone::confirmed(&office, "mercy").await;
        let (_, record) = served(&office, &mut phone, &[]).await;
        let contents = [batch(&phone, &to, &[record])];
        let good = file(&office, &phone, &to, &contents);
        for at in (0..good.len()).step_by(61) {
            let mut altered = good.clone();
            altered[at] ^= 4;
            let code = refused(&office, &altered).await;
            assert!(code.starts_with("bundle.") || code == "sealed_to_another", "{at}: {code}");
            refused(&office, &good[..at]).await;
        }
        let stranger = UnsealingKey::from_seed(&[5; 32]);
        let elsewhere = file(&office, &phone, stranger.public(), &contents);
        assert_eq!(refused(&office, &elsewhere).await, "sealed_to_another");
        assert_eq!(post(&office, &elsewhere).await.problem(), (403, "sealed_to_another".into()));
        let thief = Phone::new();
        let forged = file_signed_by(&thief.key, &phone, &office, &to, &contents);
        assert_eq!(refused(&office, &forged).await, "key.unknown");
        let unknown = file(&office, &thief, &to, &contents);
        assert_eq!(refused(&office, &unknown).await, "device_unknown");
        let unreadable = [contents[0].clone(), (PartKind::Batch, b"no batch".to_vec())];
        refused(&office, &file(&office, &phone, &to, &unreadable)).await;
        assert_eq!(post(&office, b"hello").await.problem(), (400, "bundle.not_a_bundle".into()));
        let large = vec![0; 20_000_001];
        assert_eq!(post(&office, &large).await.problem(), (413, "too_large".into()));
        assert_eq!(office.claims().await, 0);
        assert_eq!(taken(&office, &good).await.records, tally(1, 0));
    }

    async fn a_key_that_was_rotated_out_still_opens_until_it_is_gone(server: TestServer) {
        let office = Office::open(server).await;
        let old = to_office(&office).await;
        let mut phone = Phone::confirmed(&office, "mercy").await;
        let (_, record) = served(&office, &mut phone, &[]).await;
        let sealed = file(&office, &phone, &old, &[batch(&phone, &old, &[record])]);
        let tx = office.app.db.begin().await.unwrap();
        program_server::trust::add_sealing_key(&office.app, &tx, true).await.unwrap();
        tx.commit().await.unwrap();
        office.wait(Span::days(360));
        assert_ne!(to_office(&office).await, old);
        assert_eq!(taken(&office, &sealed).await.records, tally(1, 0));
        let path = office.app.home.keys().join(format!("seal-{}.key", old.kid()));
        std::fs::remove_file(path).unwrap();
        let mut restarted = office.app.clone();
        restarted.keys = program_server::keys::KeyRing::at(office.app.home.keys());
        let gone = bundles::import(&restarted, Arc::from(sealed)).await.unwrap_err();
        assert_eq!(gone.code(), "sealed_to_another");
        assert!(gone.to_string().contains("from the backup"), "{gone}");
    }

    async fn a_suspended_phone_is_heard_and_gets_no_profile(server: TestServer) {
        let office = Office::open(server).await;
        let to = to_office(&office).await;
        let mut phone = Phone::confirmed(&office, "mercy").await;
        let device = phone.device(&office).await;
        devices::suspend(&office.app.db, &device).await.unwrap();
        let (claim, record) = served(&office, &mut phone, &[]).await;
        let file = file(&office, &phone, &to, &[batch(&phone, &to, &[record])]);
        let answer = answered(&office, &[taken(&office, &file).await]).await;
        assert!(opened(&answer, &phone).iter().all(|(kind, _)| *kind != PartKind::Profile));
        assert_eq!(office.state(claim).await, ("in_review".into(), Some("device_suspended".into())));
    }
}
