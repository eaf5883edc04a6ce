//! COSE envelopes: one reading, one type, one signer.

use protocol::Error;
use protocol::cose::{EnvelopeFault, MultiSigned, ObjectType, Sign1, sign_multi, sign1};
use protocol::key::{PublicKey, Signer};
use samples::raw::{self, Envelope, array, bytes, int, map, tag, text};
use samples::{Who, device, key, p256_issuer, public};

const SINGLE: [ObjectType; 7] = [
    ObjectType::Voucher,
    ObjectType::StatusList,
    ObjectType::Record,
    ObjectType::Ack,
    ObjectType::Profile,
    ObjectType::Enrolment,
    ObjectType::Session,
];

/// A payload that every type's envelope takes.
const PAYLOAD: [u8; 3] = [0xa1, 0x01, 0x02];

fn usual(kind: ObjectType) -> Envelope {
    Envelope::new(kind, &PAYLOAD, &key(Who::Voucher))
}

fn open(kind: ObjectType, envelope: &[u8], key: &PublicKey) -> Result<Vec<u8>, Error> {
    Ok(Sign1::parse(kind, envelope)?.verify([key])?.payload)
}

fn read(envelope: &[u8]) -> Result<Vec<u8>, Error> {
    open(ObjectType::Record, envelope, &public(Who::Voucher))
}

fn fault(envelope: &[u8]) -> &'static str {
    match read(envelope) {
        Ok(_) => "none",
        Err(error) => error.code(),
    }
}

#[test]
fn what_is_signed_here_is_what_the_standard_says() {
    for kind in SINGLE {
        let signer = key(Who::Voucher);
        let ours = sign1(kind, &PAYLOAD, &signer).unwrap();
        assert_eq!(ours, usual(kind).sign(&signer), "{kind:?}");
        assert_eq!(open(kind, &ours, &public(Who::Voucher)).unwrap(), PAYLOAD);
    }
    let signers = [key(Who::Root1), key(Who::Root2)];
    let ours = sign_multi(ObjectType::Root, &PAYLOAD, &[&signers[0], &signers[1]]).unwrap();
    let theirs: Vec<(&dyn Signer, Vec<u8>)> =
        signers.iter().map(|signer| (signer as &dyn Signer, map(&[]))).collect();
    assert_eq!(ours, raw::multi(ObjectType::Root, &PAYLOAD, &theirs));
}

#[test]
fn an_object_of_one_type_is_no_object_of_another() {
    for made in SINGLE {
        let signed = usual(made).sign(&key(Who::Voucher));
        for wanted in SINGLE {
            let read = open(wanted, &signed, &public(Who::Voucher));
            if made == wanted {
                assert!(read.is_ok(), "{made:?}");
            } else {
                assert_eq!(read, Err(Error::Cose(EnvelopeFault::Type)), "{made:?} as {wanted:?}");
            }
        }
    }
    let signer: [&dyn Signer; 1] = [&key(Who::Root1)];
    let root = sign_multi(ObjectType::Root, &PAYLOAD, &signer).unwrap();
    let list = MultiSigned::parse(ObjectType::TrustList, &root).unwrap_err();
    assert_eq!(list, Error::Cose(EnvelopeFault::Type));
    for kind in SINGLE {
        assert_eq!(Sign1::parse(kind, &root).unwrap_err().code(), "cbor.tag");
    }
}

#[test]
fn the_unprotected_header_is_empty_even_of_empty_values() {
    for unprotected in [
        map(&[(int(5), bytes(&[]))]),
        map(&[(int(6), bytes(&[]))]),
        map(&[(int(4), bytes(&[]))]),
        map(&[(int(7), array(&[]))]),
        map(&[(int(4), bytes(&[1; 8]))]),
        map(&[(text("note"), int(1))]),
    ] {
        let envelope = Envelope { unprotected, ..usual(ObjectType::Record) };
        assert_eq!(fault(&envelope.sign(&key(Who::Voucher))), "cose.unprotected");
    }
    let signer = key(Who::Root1);
    let root = raw::multi(ObjectType::Root, &PAYLOAD, &[(&signer, map(&[(int(5), bytes(&[]))]))]);
    let refused = MultiSigned::parse(ObjectType::Root, &root).unwrap_err();
    assert_eq!(refused, Error::Cose(EnvelopeFault::Unprotected));
}

#[test]
fn the_protected_header_has_three_labels_and_keeps_the_byte_rules() {
    let kid = public(Who::Voucher).kid();
    let kid = || (int(4), bytes(kid.as_bytes()));
    let alg = || (int(1), int(-19));
    let typ = || (int(16), text("application/vouchsafe-record+cose"));
    let cases: [(Vec<u8>, &str); 17] = [
        (map(&[alg(), (int(2), array(&[int(1)])), kid(), typ()]), "cose.label"),
        (map(&[alg(), (int(2), array(&[])), kid(), typ()]), "cose.label"),
        (map(&[alg(), (int(3), text("application/cbor")), kid(), typ()]), "cose.label"),
        (map(&[alg(), kid(), (int(5), bytes(&[])), typ()]), "cose.label"),
        (map(&[alg(), kid(), typ(), (text("x"), int(1))]), "cose.label"),
        (map(&[alg(), kid(), kid(), typ()]), "cbor.duplicate_key"),
        (map(&[kid(), alg(), typ()]), "cbor.key_order"),
        (map(&[kid(), typ()]), "cose.algorithm"),
        (map(&[(int(1), int(-257)), kid(), typ()]), "cose.algorithm"),
        (map(&[(int(1), text("Ed25519")), kid(), typ()]), "cose.algorithm"),
        (map(&[alg(), typ()]), "cose.key_id"),
        (map(&[alg(), (int(4), bytes(&[])), typ()]), "cose.key_id"),
        (map(&[alg(), (int(4), bytes(&[0; 9])), typ()]), "cose.key_id"),
        (map(&[alg(), kid()]), "cose.type"),
        (map(&[alg(), kid(), (int(16), int(60))]), "cose.type"),
        (Vec::new(), "cbor.truncated"),
        (map(&[]), "cose.type"),
    ];
    for (protected, code) in cases {
        let envelope = Envelope { protected, ..usual(ObjectType::Record) };
        assert_eq!(fault(&envelope.sign(&key(Who::Voucher))), code, "{envelope:?}");
    }
}

#[test]
fn old_algorithm_numbers_are_read_when_the_keys_curve_agrees() {
    let edwards = key(Who::Voucher);
    let nist = p256_issuer();
    let cases: [(&dyn Signer, i64, &str); 8] = [
        (&edwards, -19, "none"),
        (&edwards, -8, "none"),
        (&edwards, -9, "signature.wrong"),
        (&edwards, -7, "signature.wrong"),
        (&nist, -9, "none"),
        (&nist, -7, "none"),
        (&nist, -19, "signature.wrong"),
        (&nist, -8, "signature.wrong"),
    ];
    for (signer, alg, code) in cases {
        let public = signer.public_key();
        let protected = raw::protected(ObjectType::Record, alg, public.kid().as_bytes());
        let envelope = Envelope { protected, ..usual(ObjectType::Record) }.sign(signer);
        let read = open(ObjectType::Record, &envelope, &public);
        assert_eq!(read.err().map_or("none", |error| error.code()), code, "{alg} {public:?}");
    }
}

#[test]
fn a_detached_payload_is_refused() {
    let envelope = Envelope { attached: false, ..usual(ObjectType::Record) };
    assert_eq!(fault(&envelope.sign(&key(Who::Voucher))), "cose.detached");
}

#[test]
fn a_payload_keeps_the_byte_rules_whoever_signed_it() {
    for (payload, code) in [
        (vec![], "cbor.truncated"),
        (vec![0xa1, 0x01, 0x18, 0x02], "cbor.not_shortest"),
        (tag(24, int(0)), "cbor.tag"),
        (vec![0xa1, 0x01, 0x02, 0x00], "cbor.trailing"),
    ] {
        let envelope = Envelope { payload, ..usual(ObjectType::Record) };
        assert_eq!(fault(&envelope.sign(&key(Who::Voucher))), code);
    }
}

#[test]
fn tag_61_is_for_vouchers_alone() {
    for kind in SINGLE {
        let envelope = Envelope { tags: vec![61, 18], ..usual(kind) }.sign(&key(Who::Voucher));
        let read = open(kind, &envelope, &public(Who::Voucher));
        assert_eq!(read.is_ok(), kind == ObjectType::Voucher, "{kind:?}");
    }
    for tags in [vec![], vec![18, 18], vec![61], vec![61, 61, 18], vec![18, 61], vec![98]] {
        let envelope = Envelope { tags, ..usual(ObjectType::Voucher) }.sign(&key(Who::Voucher));
        let refused = Sign1::parse(ObjectType::Voucher, &envelope).unwrap_err();
        assert!(matches!(refused.code(), "cbor.tag" | "cose.structure"), "{refused:?}");
    }
}

#[test]
fn a_signature_has_64_bytes_and_a_structure_its_parts() {
    let envelope = usual(ObjectType::Record);
    assert_eq!(fault(&envelope.with_signature(&[0; 63])), "cose.signature_length");
    assert_eq!(fault(&envelope.with_signature(&[0; 65])), "cose.signature_length");
    assert_eq!(fault(&envelope.with_signature(&[0; 64])), "signature.wrong");
    let empty = map(&[]);
    let protected = bytes(&envelope.protected);
    let payload = bytes(&PAYLOAD);
    for parts in [
        array(&[protected.clone(), empty.clone(), payload.clone()]),
        array(&[protected.clone(), empty.clone(), payload.clone(), bytes(&[0; 64]), int(0)]),
        array(&[protected.clone(), empty.clone(), payload.clone(), int(0)]),
        array(&[protected.clone(), empty.clone(), int(0), bytes(&[0; 64])]),
        array(&[protected, array(&[]), payload.clone(), bytes(&[0; 64])]),
        array(&[int(0), empty.clone(), payload.clone(), bytes(&[0; 64])]),
        array(&[bytes(&array(&[])), empty.clone(), payload, bytes(&[0; 64])]),
        empty,
    ] {
        assert_eq!(fault(&tag(18, parts)), "cose.structure");
    }
}

#[test]
fn every_byte_under_the_signature_counts() {
    let signed = usual(ObjectType::Record).sign(&key(Who::Voucher));
    for at in 0..signed.len() {
        let mut altered = signed.clone();
        altered[at] ^= 1;
        assert!(read(&altered).is_err(), "byte {at}");
    }
}

#[test]
fn the_other_s_of_an_ecdsa_signature_is_refused() {
    let envelope = Envelope::new(ObjectType::Record, &PAYLOAD, &device());
    let signature = device().sign(&envelope.to_be_signed()).unwrap();
    let public = device().public_key();
    let low = envelope.with_signature(&signature);
    assert!(open(ObjectType::Record, &low, &public).is_ok());
    let high = envelope.with_signature(&raw::other_s(&signature));
    assert_eq!(open(ObjectType::Record, &high, &public), Err(Error::Signature));
}

#[test]
fn every_key_with_the_id_is_tried() {
    let signed = usual(ObjectType::Record).sign(&key(Who::Voucher));
    let [stranger, signer] = [public(Who::Stranger), public(Who::Voucher)];
    let verify = |keys: &[PublicKey]| {
        Sign1::parse(ObjectType::Record, &signed).unwrap().verify(keys).map(|it| it.key.clone())
    };
    assert_eq!(verify(&[stranger.clone(), signer.clone()]), Ok(signer.clone()));
    assert_eq!(verify(&[stranger]), Err(Error::UnknownKey(signer.kid())));
    assert_eq!(verify(&[]), Err(Error::UnknownKey(signer.kid())));
}

#[test]
fn each_type_has_its_limit() {
    for kind in SINGLE {
        let room = kind.max_len();
        let of_len = |len: usize| {
            let rest = Envelope { payload: Vec::new(), ..usual(kind) }.with_signature(&[0; 64]);
            // The payload is one byte string of `fill` bytes in another, each with a head of 1 + n.
            let heads = if len > 65_536 + 200 { 9 } else { 5 };
            let fill = len - rest.len() - heads;
            Envelope { payload: bytes(&vec![0; fill]), ..usual(kind) }.sign(&key(Who::Voucher))
        };
        let most = of_len(room);
        assert!(most.len() <= room && most.len() + 4 > room, "{kind:?}: {} {room}", most.len());
        assert!(Sign1::parse(kind, &most).is_ok(), "{kind:?}");
        let more = [most, vec![0; 5]].concat();
        assert_eq!(Sign1::parse(kind, &more).unwrap_err().code(), "size.too_large", "{kind:?}");
    }
}

#[test]
fn signatures_of_one_object_are_counted_by_key_and_limited() {
    let signers = [key(Who::Root1), key(Who::Root2)];
    let keys = [public(Who::Root1), public(Who::Root2), public(Who::Root3)];
    let count = |by: &[&dyn Signer]| {
        let by: Vec<(&dyn Signer, Vec<u8>)> = by.iter().map(|it| (*it, map(&[]))).collect();
        let signed = raw::multi(ObjectType::Root, &PAYLOAD, &by);
        MultiSigned::parse(ObjectType::Root, &signed).map(|it| it.count_signers(&keys))
    };
    assert_eq!(count(&[&signers[0], &signers[1]]), Ok(2));
    assert_eq!(count(&[&signers[0], &signers[0]]), Ok(1));
    assert_eq!(count(&[&signers[0], &key(Who::Stranger)]), Ok(1));
    let many: Vec<&dyn Signer> = (0..64).map(|_| &signers[0] as &dyn Signer).collect();
    assert_eq!(count(&many), Ok(1));
    let more: Vec<&dyn Signer> = (0..65).map(|_| &signers[0] as &dyn Signer).collect();
    assert_eq!(count(&more), Err(Error::Cose(EnvelopeFault::Structure)));
    assert_eq!(count(&[]), Err(Error::Cose(EnvelopeFault::Structure)));
}

#[test]
fn one_key_given_twice_counts_once() {
    let signer: [&dyn Signer; 1] = [&key(Who::Root1)];
    let signed = sign_multi(ObjectType::Root, &PAYLOAD, &signer).unwrap();
    let signed = MultiSigned::parse(ObjectType::Root, &signed).unwrap();
    assert_eq!(signed.count_signers(&[public(Who::Root1), public(Who::Root1)]), 1);
}
