//! Every object reads back as it was written, and keeps its own rules.

use proptest::prelude::*;
use protocol::ack::{Ack, Batch, ClaimState, MAX_ITEMS, Outcome};
use protocol::cose::ObjectType;
use protocol::enrolment::Request;
use protocol::key::{KeyFault, P256Key, Signer};
use protocol::profile::Profile;
use protocol::record::{self, Body, Header, Kind, Record, RefusedSubject};
use protocol::seal::{Sealed, SealingKey, UnsealingKey};
use protocol::session::SessionProof;
use protocol::voucher::Voucher;
use protocol::{Error, Hash};
use samples::raw::{Envelope, array, bytes, int, map, text};
use samples::{
    self, Who, ack, batch, bodies, device, document, header, key, profile, public, record, redeem,
    request, sealing, session,
};

fn code<T>(result: Result<T, Error>) -> &'static str {
    result.err().map_or("none", |error| error.code())
}

#[test]
fn vouchers_read_back() {
    for voucher in [samples::voucher(), samples::full_voucher()] {
        let payload = voucher.encode().unwrap();
        assert_eq!(Voucher::decode(&payload).unwrap(), voucher);
        assert_eq!(Voucher::decode(&payload).unwrap().encode().unwrap(), payload);
    }
}

#[test]
fn a_foreign_voucher_is_never_written() {
    let mut voucher = samples::voucher();
    voucher.identity.reference = protocol::voucher::Reference::Code("2-37ec".to_owned());
    assert_eq!(code(voucher.encode()), "rule.broken");
}

#[test]
fn identities_differ_by_issuer_kind_and_reference() {
    use protocol::voucher::{Reference, VoucherIdentity};
    let of = |issuer: &str, reference| {
        let issuer = protocol::id::IssuerId::new(issuer).unwrap();
        VoucherIdentity { issuer, reference }.hash()
    };
    let hashes = [
        of("a", Reference::Code("b".to_owned())),
        of("a", Reference::Sub("b".to_owned())),
        of("b", Reference::Code("a".to_owned())),
        of("a", Reference::Cti(samples::cti(1))),
        of("a", Reference::Cti(samples::cti(2))),
    ];
    let different: std::collections::HashSet<Hash> = hashes.into_iter().collect();
    assert_eq!(different.len(), hashes.len());
}

#[test]
fn records_read_back_whole_and_without_their_bodies() {
    for (sequence, body) in bodies().iter().enumerate() {
        let sequence = sequence as u64 + 1;
        let record = record(sequence, body);
        let sent = Record::decode(&record.encode().unwrap()).unwrap();
        assert_eq!(sent, record);
        let opened = sent.open(&device().public_key()).unwrap();
        assert_eq!(opened.header, header(sequence, body));
        assert_eq!(&opened.body, body);
        assert_eq!(opened.hash, record.hash().unwrap());
        assert_eq!(record.kid().unwrap(), device().public_key().kid());
        let (alone, hash) =
            record::open_header(&record.signed_header, &device().public_key()).unwrap();
        assert_eq!((alone, hash), (opened.header, opened.hash));
    }
}

#[test]
fn a_records_digest_is_the_same_under_another_signature() {
    let signed = record(1, &redeem());
    let payload = protocol::cose::Sign1::parse(ObjectType::Record, &signed.signed_header).unwrap();
    let other = P256Key::from_scalar(&[9; 32]).unwrap();
    let again =
        protocol::cose::sign1(ObjectType::Record, payload.unverified_payload(), &other).unwrap();
    let again = Record { signed_header: again, body: signed.body.clone() };
    assert_ne!(again.signed_header, signed.signed_header);
    assert_eq!(again.hash().unwrap(), signed.hash().unwrap());
}

#[test]
fn a_record_holds_the_body_it_was_signed_for() {
    let [first, other] = [record(1, &bodies()[1]), record(1, &bodies()[2])];
    let swapped = Record { body: other.body, ..first };
    assert_eq!(code(swapped.open(&device().public_key())), "rule.broken");
    let header = header(1, &bodies()[1]);
    assert_eq!(code(Record::sign(&header, &bodies()[2], &device())), "rule.broken");
    let wrong_kind = Header { kind: Kind::Redeem, ..header };
    assert_eq!(code(Record::sign(&wrong_kind, &bodies()[1], &device())), "rule.broken");
}

#[test]
fn a_chain_begins_at_one_without_a_record_before() {
    let body = &bodies()[1];
    let previous = Some(Hash::of(b"before"));
    for wrong in [
        Header { sequence: 0, ..header(1, body) },
        Header { previous, ..header(1, body) },
        Header { previous: None, ..header(2, body) },
    ] {
        let signed = Record::sign(&wrong, body, &device());
        let read = signed.and_then(|record| record.open(&device().public_key()));
        assert_eq!(code(read), "field.wrong");
    }
}

#[test]
fn a_record_has_64_kib_at_most() {
    let long = Body::Void { claim: samples::claim(), reason: "x".repeat(300) };
    assert_eq!(code(long.encode()), "field.wrong");
    let Body::Redeem(mut huge) = redeem() else { panic!("redeem") };
    huge.documents = vec![document(); 1_500];
    let huge = Body::Redeem(huge);
    assert_eq!(code(Record::sign(&header(1, &huge), &huge, &device())), "size.too_large");
    assert_eq!(code(Record::decode(&vec![0; record::MAX_LEN + 1])), "size.too_large");
}

#[test]
fn kinds_and_ways_of_reading_have_numbers_of_their_own() {
    for kind in samples::KINDS {
        assert_eq!(Kind::from_number(kind.number()), Some(kind));
    }
    assert_eq!(Kind::from_number(0), None);
    for how in [0_i64, 5] {
        let body = map(&[
            (int(1), bytes(&[1; 16])),
            (int(2), bytes(&[1])),
            (int(3), int(how)),
            (int(4), map(&[(int(0), array(&[int(1), text("PHP")]))])),
        ]);
        assert_eq!(code(Body::decode(Kind::Redeem, &body)), "field.wrong");
    }
}

#[test]
fn a_refusal_names_a_voucher_or_a_text() {
    let reason = (int(1), text("expired"));
    let hash = || bytes(&[1; 32]);
    for body in [
        map(std::slice::from_ref(&reason)),
        map(&[reason.clone(), (int(2), hash()), (int(3), hash())]),
    ] {
        assert_eq!(code(Body::decode(Kind::Refuse, &body)), "field.wrong");
    }
    let text = map(&[reason, (int(3), hash())]);
    let read = Body::decode(Kind::Refuse, &text).unwrap();
    let subject = RefusedSubject::Text(Hash::from_bytes([1; 32]));
    assert_eq!(read, Body::Refuse { reason: "expired".to_owned(), subject });
}

#[test]
fn an_empty_list_is_left_out() {
    let set = |payload: &[u8], label: i64| {
        let mut map = protocol::cbor::decode(payload).unwrap();
        let entries = map.as_map_mut().unwrap();
        entries.retain(|(key, _)| *key != label.into());
        entries.push((label.into(), protocol::cbor::Value::Array(Vec::new())));
        protocol::cbor::encode(&map).unwrap()
    };
    let body = redeem().encode().unwrap();
    for label in [5, 6] {
        assert_eq!(code(Body::decode(Kind::Redeem, &set(&body, label))), "field.wrong");
    }
    let signed = ack().sign(&key(Who::Ack)).unwrap();
    let envelope = protocol::cose::Sign1::parse(ObjectType::Ack, &signed).unwrap();
    let with = |label| {
        let payload = set(envelope.unverified_payload(), label);
        let signed = Envelope::new(ObjectType::Ack, &payload, &key(Who::Ack));
        code(Ack::open(&signed.sign(&key(Who::Ack)), [&public(Who::Ack)]))
    };
    assert_eq!((with(5), with(6), with(7)), ("none", "field.wrong", "field.wrong"));
}

#[test]
fn batches_read_back_and_are_limited() {
    assert_eq!(Batch::decode(&batch().encode().unwrap()).unwrap(), batch());
    let of = |count, len| Batch { items: vec![vec![0; len]; count], ..batch() };
    assert_eq!(code(of(MAX_ITEMS, 10).encode()), "none");
    assert_eq!(code(of(MAX_ITEMS + 1, 10).encode()), "size.too_large");
    assert_eq!(code(of(5, 1024 * 1024).encode()), "size.too_large");
    assert_eq!(code(of(0, 0).encode()), "none");
}

#[test]
fn acks_read_back() {
    let signed = ack().sign(&key(Who::Ack)).unwrap();
    let (read, hash) = Ack::open(&signed, [&public(Who::Ack)]).unwrap();
    assert_eq!(read, ack());
    let envelope = protocol::cose::Sign1::parse(ObjectType::Ack, &signed).unwrap();
    assert_eq!(hash, envelope.payload_hash());
    assert_eq!(code(Ack::open(&signed, [&public(Who::Status)])), "key.unknown");
}

#[test]
fn a_batch_may_name_the_last_ack_and_another_device_and_an_ack_a_restored_server() {
    let (last_ack, device) = (Some(Hash::of(b"the last ack")), Some(Hash::of(b"a lost key")));
    let batch = Batch { last_ack, device, ..batch() };
    assert_eq!(Batch::decode(&batch.encode().unwrap()).unwrap(), batch);
    let restored = Ack { restored: true, ..ack() };
    let signed = restored.sign(&key(Who::Ack)).unwrap();
    assert_eq!(Ack::open(&signed, [&public(Who::Ack)]).unwrap().0, restored);
}

#[test]
fn an_ack_that_could_not_be_read_is_not_signed() {
    let mut long = ack();
    long.results[3].outcome = Outcome::Refused("x".repeat(300));
    assert_eq!(code(long.sign(&key(Who::Ack))), "field.wrong");
    let headless = Ack { head_hash: None, ..ack() };
    assert_eq!(code(headless.sign(&key(Who::Ack))), "rule.broken");
    let bodiless = Ack { head: 0, ..ack() };
    assert_eq!(code(bodiless.sign(&key(Who::Ack))), "rule.broken");
}

#[test]
fn claim_states_have_names_of_their_own() {
    for state in ClaimState::ALL {
        assert_eq!(ClaimState::from_name(state.name()), Some(state));
    }
    assert_eq!(ClaimState::from_name("lost"), None);
}

#[test]
fn profiles_read_back_and_say_whom_they_serve() {
    let signed = profile().sign(&key(Who::Profile)).unwrap();
    let read = Profile::open(&signed, [&public(Who::Profile)]).unwrap();
    assert_eq!(read, profile());
    let audience = |name: &str| protocol::id::Audience::new(name).unwrap();
    assert!(read.serves(None));
    assert!(read.serves(Some(&audience(samples::PROVIDER))));
    assert!(read.serves(Some(&audience("pharmacies"))));
    assert!(!read.serves(Some(&audience("hospitals"))));
    let nameless = Profile { provider_name: String::new(), ..profile() };
    assert_eq!(code(nameless.sign(&key(Who::Profile))), "field.wrong");
}

#[test]
fn a_profile_with_the_voucher_claim_is_no_profile() {
    let signed = profile().sign(&key(Who::Profile)).unwrap();
    let envelope = protocol::cose::Sign1::parse(ObjectType::Profile, &signed).unwrap();
    let mut claims = protocol::cbor::decode(envelope.unverified_payload()).unwrap();
    let entries = claims.as_map_mut().unwrap();
    entries.push((protocol::voucher::VOUCHER_CLAIM.into(), protocol::cbor::Value::Map(vec![])));
    let payload = protocol::cbor::encode(&claims).unwrap();
    let both =
        Envelope::new(ObjectType::Profile, &payload, &key(Who::Profile)).sign(&key(Who::Profile));
    assert_eq!(code(Profile::open(&both, [&public(Who::Profile)])), "field.unknown");
}

#[test]
fn a_request_is_signed_by_the_key_inside() {
    let signed = request().sign(&device()).unwrap();
    assert_eq!(Request::open(&signed).unwrap(), request());
    let by_another = request().sign(&key(Who::Stranger)).unwrap();
    assert_eq!(code(Request::open(&by_another)), "key.unknown");
}

#[test]
fn a_session_proof_is_the_devices_own() {
    let signed = session().sign(&device()).unwrap();
    assert_eq!(SessionProof::kid(&signed).unwrap(), device().public_key().kid());
    assert_eq!(SessionProof::open(&signed, &device().public_key()).unwrap(), session());
    assert_eq!(code(SessionProof::open(&signed, &public(Who::Stranger))), "key.unknown");
    let nowhere = SessionProof { origin: "somewhere".to_owned(), ..session() };
    assert_eq!(code(nowhere.sign(&device())), "field.wrong");
}

#[test]
fn a_sealed_record_opens_with_its_own_key_alone() {
    let content = record(1, &redeem()).encode().unwrap();
    let sealed = sealing().public().seal(&content).unwrap();
    assert_ne!(sealed, sealing().public().seal(&content).unwrap(), "sealed with fresh randomness");
    let read = Sealed::decode(&sealed).unwrap();
    assert_eq!(*sealing().open(&read).unwrap(), content);
    assert_eq!(code(UnsealingKey::from_seed(&[1; 32]).open(&read)), "seal.closed");
    for at in [4, 20, sealed.len() - 1] {
        let mut altered = sealed.clone();
        altered[at] ^= 1;
        let opened = Sealed::decode(&altered).and_then(|read| sealing().open(&read));
        assert!(opened.is_err(), "byte {at}");
    }
    let all_zero = SealingKey::from_bytes([0; 32]).seal(&content);
    assert_eq!(all_zero, Err(Error::Key(KeyFault::Malformed)));
}

#[test]
fn the_largest_record_can_be_sealed() {
    let sealed = sealing().public().seal(&vec![0; record::MAX_LEN]).unwrap();
    assert!(Sealed::decode(&sealed).is_ok());
}

struct Broken;

impl Signer for Broken {
    fn public_key(&self) -> protocol::key::PublicKey {
        device().public_key()
    }

    fn sign(&self, _: &[u8]) -> Result<Vec<u8>, Error> {
        Err(Error::Key(KeyFault::DidNotSign))
    }
}

#[test]
fn a_key_that_does_not_sign_is_said_so() {
    assert_eq!(code(session().sign(&Broken)), "key.did_not_sign");
}

proptest! {
    #[test]
    fn any_voucher_reads_back(
        minor in 1..=protocol::cbor::MAX_INTEGER,
        iat in 0..4_000_000_000_u64,
        start in 0..366 * 86_400_u64,
        length in 1..400 * 86_400_u64,
        name in "[^\\p{Cc}]{1,60}",
        list in any::<u32>(),
        index in any::<u32>(),
        cti in any::<[u8; 16]>(),
    ) {
        let time = |seconds| protocol::Timestamp::from_seconds(seconds).unwrap();
        let mut voucher = samples::full_voucher();
        voucher.benefit = samples::money(minor);
        voucher.issued = time(iat);
        voucher.not_before = time(iat + start);
        voucher.expires = time(iat + start + length);
        voucher.holder.as_mut().unwrap().name = name;
        voucher.status = Some(protocol::voucher::StatusRef { list, index });
        let cti = protocol::id::VoucherId::from_bytes(cti);
        voucher.identity.reference = protocol::voucher::Reference::Cti(cti);
        let payload = voucher.encode().unwrap();
        prop_assert_eq!(Voucher::decode(&payload).unwrap(), voucher);
    }
}
