//! No bytes make a decoder panic: random ones, and good ones with a change.

use proptest::prelude::*;
use protocol::ack::{Ack, Batch};
use protocol::authenticity::{authenticate, read_text};
use protocol::cbor;
use protocol::cose::{MultiSigned, ObjectType, Sign1};
use protocol::enrolment::{Offer, Request};
use protocol::key::{PublicKey, Signer, ecdsa_from_der};
use protocol::profile::Profile;
use protocol::record::{Body, Record, SignedVoucher};
use protocol::seal::Sealed;
use protocol::session::SessionProof;
use protocol::status::StatusList;
use protocol::trust::{IssuedSets, TrustFile, TrustState};
use protocol::voucher::Voucher;
use samples::{
    self, Who, ack, batch, device, key, now, offer, profile, public, record, redeem, request,
    sealing, session, status_list, text_of, trust_file, trust_list, voucher,
};

const KINDS: [ObjectType; 7] = [
    ObjectType::Voucher,
    ObjectType::StatusList,
    ObjectType::Record,
    ObjectType::Ack,
    ObjectType::Profile,
    ObjectType::Enrolment,
    ObjectType::Session,
];

/// Shows the bytes to every decoder as they are, and as a payload under a good signature.
fn show(bytes: &[u8]) {
    let trust = trust_list();
    let _ = cbor::decode(bytes);
    let _ = PublicKey::from_bytes(bytes);
    let _ = ecdsa_from_der(bytes);
    let _ = Voucher::decode(bytes);
    let _ = Sealed::decode(bytes).and_then(|sealed| sealing().open(&sealed));
    let _ = Batch::decode(bytes);
    let _ = Request::open(bytes);
    let _ = SessionProof::open(bytes, &device().public_key());
    let _ = Ack::open(bytes, [&public(Who::Ack)]);
    let _ = Profile::open(bytes, [&public(Who::Profile)]);
    let _ = StatusList::open(bytes, [&public(Who::Status)]);
    let _ = authenticate(&SignedVoucher::Cose(bytes.to_vec()), &trust, &IssuedSets::none());
    let _ = MultiSigned::parse(ObjectType::Root, bytes);
    let _ = MultiSigned::parse(ObjectType::TrustList, bytes);
    let _ = Record::decode(bytes).and_then(|record| record.open(&device().public_key()));
    for kind in samples::KINDS {
        let _ = Body::decode(kind, bytes);
    }
    let pinned = samples::root_hash(&samples::root());
    let _ = TrustFile::decode(bytes).and_then(|file| TrustState::first(pinned, &file, now()));
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ =
            read_text(text).and_then(|signed| authenticate(&signed, &trust, &IssuedSets::none()));
        let _ = Offer::from_text(text);
    }
    show_signed(bytes);
}

fn show_signed(payload: &[u8]) {
    let signed = |kind| protocol::cose::sign1(kind, payload, &device()).unwrap_or_default();
    let keys = [&device().public_key()];
    let _ = Ack::open(&signed(ObjectType::Ack), keys);
    let _ = Profile::open(&signed(ObjectType::Profile), keys);
    let _ = StatusList::open(&signed(ObjectType::StatusList), keys);
    let _ = SessionProof::open(&signed(ObjectType::Session), keys[0]);
    let _ = Request::open(&signed(ObjectType::Enrolment));
    let _ = protocol::record::open_header(&signed(ObjectType::Record), keys[0]);
}

/// One good example of everything, its payload too where it has one.
fn good() -> Vec<Vec<u8>> {
    let file = trust_file();
    let mut all = vec![
        samples::sign_voucher(&samples::full_voucher(), Who::Voucher),
        text_of(&voucher(), Who::Voucher).into_bytes(),
        samples::jwt(&samples::jwt_header(), &samples::jwt_claims().to_string()).into_bytes(),
        status_list(64, &[]).sign(&key(Who::Status)).unwrap(),
        record(1, &redeem()).encode().unwrap(),
        record(1, &redeem()).signed_header,
        batch().encode().unwrap(),
        ack().sign(&key(Who::Ack)).unwrap(),
        profile().sign(&key(Who::Profile)).unwrap(),
        request().sign(&device()).unwrap(),
        session().sign(&device()).unwrap(),
        offer().to_text().unwrap().into_bytes(),
        sealing().public().seal(b"a record").unwrap(),
        file.encode().unwrap(),
        file.roots[0].clone(),
        file.list,
        public(Who::Voucher).to_bytes(),
        device().public_key().to_bytes(),
    ];
    for body in samples::bodies() {
        all.push(body.encode().unwrap());
    }
    let payloads: Vec<Vec<u8>> = all
        .iter()
        .flat_map(|it| {
            let single = KINDS.into_iter().find_map(|kind| Sign1::parse(kind, it).ok());
            single.map(|signed| signed.unverified_payload().to_vec())
        })
        .collect();
    all.extend(payloads);
    all
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn on_random_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        show(&bytes);
    }

    #[test]
    fn on_good_bytes_with_changes(
        which in any::<proptest::sample::Index>(),
        changes in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..4),
        cut in proptest::option::of(any::<proptest::sample::Index>()),
    ) {
        let good = good();
        let mut bytes = good[which.index(good.len())].clone();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        show(&bytes);
    }
}
