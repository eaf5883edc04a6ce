//! By file as by network: what leaves a phone is sealed and whole, what comes back counts by the same
//! rules, and nothing is taken for sent before an ack says so.

use fixtures::{Phone, Server, StoredDocument, clock, document, text};
use protocol::Hash;
use protocol::ack::{Ack, Batch, ClaimState};
use protocol::bundle::{
    Answer, Bundle, MAX_FILE_LEN, Part, PartKind, Parts, Place, Writer, file_name, verify,
};
use protocol::enrolment::{Offer, Request};
use protocol::id::{BundleId, ClaimId};
use protocol::key::Signer;
use protocol::seal::{SealingKey, UnsealingKey};
use samples::{self, Who};
use std::collections::BTreeSet;
use verifier_core::bundle::{ImportRefusal, ImportReport, Imported};
use verifier_core::ledger::DocumentContent;
use verifier_core::verifier::EngineError;

/// The files of an export, as they lie on a stick.
fn export(phone: &Phone) -> Vec<Vec<u8>> {
    let export = phone.verifier.export(clock()).unwrap();
    let of = export.files.len() as u32;
    export
        .files
        .into_iter()
        .zip(1..)
        .map(|(mut file, number)| {
            let mut bytes = Vec::new();
            while let Some(more) = file.next(&phone.verifier).unwrap() {
                bytes.extend(more);
            }
            assert!(bytes.len() <= MAX_FILE_LEN);
            let bundle = verify::<Bundle>(&bytes, &samples::sealing()).unwrap();
            assert_eq!(bundle.place, Place { number, of });
            assert_eq!(file.name(), file_name(bundle.id, bundle.place, false));
            bytes
        })
        .collect()
}

/// What the office makes of a file: its acks.
fn take(server: &mut Server, file: &[u8]) -> Vec<Vec<u8>> {
    let bundle = verify::<Bundle>(file, &samples::sealing()).unwrap();
    let mut acks = Vec::new();
    let mut chain = None;
    for part in Parts::<Bundle>::of(file, &samples::sealing()).unwrap() {
        let (part, content) = part.unwrap();
        match part.kind {
            PartKind::Enrolment => {
                let request = Request::open(&content).unwrap();
                assert_eq!(request.key, bundle.device);
                server.profile.device = request.key;
            }
            PartKind::Batch => {
                let batch = Batch::decode(&content).unwrap();
                chain = Some(batch.chain);
                acks.push(server.acknowledge(&batch));
            }
            PartKind::Document { document, offset, total } => {
                let empty = StoredDocument { len: total, content: Vec::new() };
                let stored = server.documents.entry(document).or_insert(empty);
                assert_eq!(stored.content.len() as u64, offset);
                stored.content.extend(content);
            }
            other => panic!("a phone does not send {other:?}"),
        }
    }
    acks.push(server.acknowledge(&Batch::new(chain.unwrap(), 0, Vec::new())));
    acks.iter().map(|ack| ack.sign(&samples::key(Who::Ack)).unwrap()).collect()
}

/// The file that goes back, sealed to whom the phone named.
fn answer(server: &Server, file: &[u8], acks: Vec<Vec<u8>>) -> Vec<u8> {
    let bundle = verify::<Bundle>(file, &samples::sealing()).unwrap();
    let profile = server.profile.sign(&samples::key(Who::Profile)).unwrap();
    let mut contents =
        vec![(PartKind::Trust, server.trust_file.clone()), (PartKind::Profile, profile)];
    contents.extend(acks.into_iter().map(|ack| (PartKind::Ack, ack)));
    for entry in samples::trust_list().status_lists {
        let token = server.status_lists[&entry.address].clone();
        contents.push((PartKind::StatusList { list: entry.number }, token));
    }
    seal(bundle.device.thumbprint(), &bundle.answer_to, &contents)
}

fn seal(device: Hash, to: &SealingKey, contents: &[(PartKind, Vec<u8>)]) -> Vec<u8> {
    let header = Answer {
        device,
        id: BundleId::from_bytes([1; 16]),
        place: Place { number: 1, of: 1 },
        made: samples::now(),
        parts: contents.iter().map(|(kind, content)| Part::of(*kind, content)).collect(),
    };
    let (mut writer, mut file) = Writer::begin(to, &header.encode().unwrap()).unwrap();
    for (_, content) in contents {
        writer.write(content, &mut file).unwrap();
    }
    writer.finish(&mut file).unwrap();
    file
}

fn exchange(server: &mut Server, phone: &mut Phone) -> ImportReport {
    let files = export(phone);
    let acks = files.iter().flat_map(|file| take(server, file)).collect();
    import(phone, &answer(server, &files[0], acks))
}

fn import(phone: &mut Phone, file: &[u8]) -> ImportReport {
    match phone.verifier.import(file, clock()).unwrap() {
        Imported::Done(report) => *report,
        Imported::Refused(refusal) => panic!("not imported: {refusal}"),
    }
}

fn refusal(phone: &mut Phone, file: &[u8]) -> &'static str {
    match phone.verifier.import(file, clock()).unwrap() {
        Imported::Refused(refusal) => refusal.code(),
        Imported::Done(report) => panic!("imported: {report:?}"),
    }
}

/// A phone that has read an offer which names the office's sealing key.
fn with_offer() -> Phone {
    let mut phone = Phone::blank();
    let sealing = Some(samples::sealing().public().clone());
    let offer = Offer { sealing, ..samples::offer() };
    phone.verifier.enrol(&offer.to_text().unwrap(), clock()).unwrap();
    phone
}

fn enrolled() -> (Server, Phone) {
    let mut server = Server::new();
    let mut phone = with_offer();
    exchange(&mut server, &mut phone);
    (server, phone)
}

fn state(phone: &Phone, claim: ClaimId) -> ClaimState {
    phone.verifier.claim(claim).unwrap().state
}

fn large(filling: u8, len: usize) -> DocumentContent {
    document(&vec![filling; len])
}

#[test]
fn a_phone_that_never_had_a_network_enrols_serves_and_settles() {
    let mut server = Server::new();
    let mut phone = with_offer();
    let first = exchange(&mut server, &mut phone);
    assert_eq!((first.news.profile_renewed, first.acks_refused, first.passed_over), (true, 0, 0));
    assert!(phone.verifier.is_enrolled());
    assert_eq!(first.news.status_lists.len(), samples::trust_list().status_lists.len());
    let claim = phone.serve_with(1, vec![document(b"receipt")]);
    let second = exchange(&mut server, &mut phone);
    assert_eq!((second.news.accepted, phone.unsent()), (1, 0));
    assert_eq!(state(&phone, claim), ClaimState::Submitted);
    assert_eq!(server.redemptions(), [claim]);
    assert!(server.documents[&Hash::of(b"receipt")].is_whole());
    assert_eq!(phone.verifier.health(clock()).unwrap().unsent.documents, 0);
    let findings = phone.verifier.ledger().doctor().unwrap().findings;
    assert_eq!(findings, []);
}

#[test]
fn an_offer_without_a_sealing_key_is_for_networks_alone() {
    let refused = Phone::with_offer().verifier.export(clock()).err().unwrap();
    assert!(matches!(refused, EngineError::OfferWithoutKey), "{refused}");
    assert!(refused.to_string().contains("ask the programme office"));
    let refused = Phone::blank().verifier.export(clock()).err().unwrap();
    assert!(matches!(refused, EngineError::NotEnrolled), "{refused}");
}

#[test]
fn an_export_sends_nothing_until_its_ack_is_imported() {
    let (mut server, mut phone) = enrolled();
    let claim = phone.serve(1);
    let files = export(&phone);
    assert_eq!((phone.unsent(), state(&phone, claim)), (1, ClaimState::Recorded));
    let acks = take(&mut server, &files[0]);
    // The answer is lost; the phone exports again, and the office has the record already.
    let again = exchange(&mut server, &mut phone);
    assert_eq!((again.news.duplicates, phone.unsent()), (1, 0));
    // The lost answer turns up.
    let late = import(&mut phone, &answer(&server, &files[0], acks));
    assert_eq!(late.acks_refused, 0);
    assert_eq!(state(&phone, claim), ClaimState::Submitted);
}

#[test]
fn what_the_server_has_is_not_carried_again() {
    let (mut server, mut phone) = enrolled();
    phone.serve_with(1, vec![large(1, 100_000)]);
    exchange(&mut server, &mut phone);
    phone.serve_with(2, vec![large(2, 100)]);
    let next = phone.verifier.export(clock()).unwrap();
    assert_eq!((next.records, next.documents, next.enrols), (1, 1, false));
    let report = exchange(&mut server, &mut phone);
    assert_eq!((report.news.accepted, report.news.duplicates), (1, 0));
    let none = phone.verifier.export(clock()).unwrap();
    assert_eq!((none.records, none.documents, none.files.len()), (0, 0, 1));
}

#[test]
fn each_file_stands_for_itself_in_whatever_order_they_come() {
    let (server, mut phone) = enrolled();
    let documents: Vec<_> = (1..=4).map(|nth| large(nth, 9_000_000)).collect();
    for (number, one) in (1..).zip(&documents) {
        phone.serve_with(number, vec![one.clone()]);
    }
    let files = export(&phone);
    assert_eq!(files.len(), 2);
    for order in [[0, 1], [1, 0]] {
        let mut office = Server::new();
        office.profile = server.profile.clone();
        for nth in order {
            take(&mut office, &files[nth]);
            // Every document that is here has its record here.
            let named: BTreeSet<Hash> = office
                .records
                .values()
                .flat_map(|record| match &record.body {
                    protocol::record::Body::Redeem(redeem) => redeem.documents.clone(),
                    _ => Vec::new(),
                })
                .map(|document| document.hash)
                .collect();
            assert!(office.documents.keys().all(|document| named.contains(document)));
        }
        assert_eq!((office.records.len(), office.documents.len()), (4, 4));
    }
}

#[test]
fn the_largest_document_is_carried_in_two_files() {
    let (mut server, mut phone) = enrolled();
    let largest = large(3, 20_000_000);
    phone.serve_with(1, vec![largest.clone()]);
    let files = export(&phone);
    assert_eq!(files.len(), 2);
    let acks = files.iter().flat_map(|file| take(&mut server, file)).collect();
    assert_eq!(server.documents[&Hash::of(&largest.content)].content, largest.content);
    import(&mut phone, &answer(&server, &files[0], acks));
    assert_eq!(phone.verifier.health(clock()).unwrap().unsent.documents, 0);
}

#[test]
fn an_answer_that_was_altered_or_cut_changes_nothing() {
    let (mut server, mut phone) = enrolled();
    let claim = phone.serve(1);
    let files = export(&phone);
    let acks = take(&mut server, &files[0]);
    let file = answer(&server, &files[0], acks);
    for at in (0..file.len()).step_by(97).chain([file.len() - 1]) {
        let mut altered = file.clone();
        altered[at] ^= 0x10;
        let code = refusal(&mut phone, &altered);
        let known = ["bundle.damaged", "bundle.not_a_bundle", "bundle.version", "other_phone"];
        assert!(known.contains(&code), "byte {at}: {code}");
        assert_ne!(refusal(&mut phone, &file[..at]), "", "cut at {at}");
    }
    refusal(&mut phone, &[file.clone(), vec![0]].concat());
    refusal(&mut phone, &vec![0; MAX_FILE_LEN + 1]);
    assert_eq!((phone.unsent(), state(&phone, claim)), (1, ClaimState::Recorded));
    import(&mut phone, &file);
    assert_eq!((phone.unsent(), state(&phone, claim)), (0, ClaimState::Submitted));
}

#[test]
fn an_answer_for_another_phone_is_refused_with_words() {
    let (server, mut phone) = enrolled();
    let own = phone.verifier.ledger().answer_key().unwrap();
    let (stranger, device) = (UnsealingKey::from_seed(&[1; 32]), samples::device().public_key());
    let trust = vec![(PartKind::Trust, server.trust_file)];
    let sealed_to_another = seal(device.thumbprint(), stranger.public(), &trust);
    assert_eq!(refusal(&mut phone, &sealed_to_another), "other_phone");
    // A phone's own file is not its answer.
    let own_file = export(&phone).remove(0);
    assert_eq!(refusal(&mut phone, &own_file), "other_phone");
    let named_for_another = seal(Hash::of(b"another phone"), own.public(), &trust);
    assert_eq!(refusal(&mut phone, &named_for_another), "other_phone");
    assert!(ImportRefusal::OtherPhone.to_string().contains("not for this phone"));
}

#[test]
fn what_no_key_of_the_trust_list_signed_counts_for_nothing() {
    let (mut server, mut phone) = enrolled();
    let claim = phone.serve(1);
    let files = export(&phone);
    let bundle = verify::<Bundle>(&files[0], &samples::sealing()).unwrap();
    let genuine = take(&mut server, &files[0]);
    let (ack, _) = Ack::open(&genuine[0], [&samples::public(Who::Ack)]).unwrap();
    let by_stranger = |kind, bytes| (kind, bytes);
    let profile = protocol::profile::Profile { confirmed: true, ..server.profile.clone() };
    let contents = [
        by_stranger(PartKind::Ack, ack.sign(&samples::key(Who::Stranger)).unwrap()),
        by_stranger(PartKind::Profile, profile.sign(&samples::key(Who::Stranger)).unwrap()),
        by_stranger(PartKind::Trust, b"no trust file".to_vec()),
        by_stranger(PartKind::StatusList { list: 1 }, b"no token".to_vec()),
        by_stranger(PartKind::Other(99), b"of a later release".to_vec()),
    ];
    let file = seal(bundle.device.thumbprint(), &bundle.answer_to, &contents);
    let report = import(&mut phone, &file);
    assert_eq!((report.acks_refused, report.passed_over), (1, 1));
    assert!(report.profile_refused.is_some() && report.news.trust_refused.is_some());
    assert_eq!((phone.unsent(), state(&phone, claim)), (1, ClaimState::Recorded));
}

#[test]
fn answers_may_be_imported_twice_and_the_older_one_last() {
    let (mut server, mut phone) = enrolled();
    let claim = phone.serve(1);
    let older = {
        let files = export(&phone);
        let acks = take(&mut server, &files[0]);
        answer(&server, &files[0], acks)
    };
    server.claims =
        vec![protocol::ack::ClaimUpdate { claim, state: ClaimState::Approved, reason: None }];
    exchange(&mut server, &mut phone);
    assert_eq!(state(&phone, claim), ClaimState::Approved);
    let events = phone.verifier.ledger().doctor().unwrap().received;
    import(&mut phone, &older);
    assert_eq!(state(&phone, claim), ClaimState::Approved, "an older ack says nothing new");
    let once = phone.verifier.ledger().doctor().unwrap().received;
    import(&mut phone, &older);
    assert_eq!(
        phone.verifier.ledger().doctor().unwrap().received,
        once,
        "the same file again is nothing"
    );
    assert!(once > events);
    assert_eq!(phone.verifier.ledger().doctor().unwrap().findings, []);
}

#[test]
fn the_key_for_answers_stays_over_a_restart_and_never_leaves_the_phone() {
    let (_, phone) = enrolled();
    let before = phone.verifier.ledger().answer_key().unwrap().public().clone();
    let phone = phone.restart_after(|home| {
        for entry in std::fs::read_dir(home).unwrap() {
            let file = std::fs::read(entry.unwrap().path()).unwrap();
            assert!(!file.windows(32).any(|window| window == before.as_bytes()));
        }
    });
    assert_eq!(*phone.verifier.ledger().answer_key().unwrap().public(), before);
}

#[test]
fn a_carrier_reads_nothing() {
    let (_, mut phone) = enrolled();
    phone.serve_with(1, vec![document(b"a picture of a receipt, recognisable")]);
    let file = export(&phone).remove(0);
    let voucher = text(1);
    let device = samples::device().public_key();
    for secret in [
        b"a picture of a receipt".as_slice(),
        voucher.as_bytes(),
        device.thumbprint().as_bytes(),
        device.kid().as_bytes(),
        b"Santos",
    ] {
        assert!(!file.windows(secret.len()).any(|window| window == secret));
    }
}
