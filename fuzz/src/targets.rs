//! The targets. What is signed is shown twice: as it is, and as a payload under a good signature.

use crate::Target;
use crate::altered::altered;
use crate::bundles::bundle;
use crate::field::{delegation, field_voucher};
use crate::fixtures::{FIXTURES, issuing_key, public, root_keys, signer, trust_key, unsealing};
use crate::moment::moment;
use crate::sync::sync;
use protocol::ack::{Ack, Batch};
use protocol::authenticity::{authenticate, read_text};
use protocol::cose::{MultiSigned, ObjectType, Sign1, sign_multi, sign1};
use protocol::enrolment::{Offer, Request};
use protocol::id::BootId;
use protocol::key::{Kid, PublicKey, Signer, ecdsa_from_der};
use protocol::openg2p::{self, Jwt};
use protocol::profile::Profile;
use protocol::record::{self, Body, Kind, Monotonic, Record, SignedVoucher};
use protocol::seal::Sealed;
use protocol::session::SessionProof;
use protocol::status::StatusList;
use protocol::trust::{IssuedSetRef, IssuedSets, TrustFile, TrustState};
use protocol::voucher::{self, Voucher, VoucherIdentity};
use protocol::{Hash, Timestamp, cbor};
use samples::raw;
use scan::{Crop, Luma, Rotation};
use std::convert::Infallible;
use verifier_core::clock::{DeviceClock, Floors};
use verifier_core::ledger::LiveRedemption;
use verifier_core::verdict::{Circumstances, Lookup, decide};

pub const TARGETS: [Target; 25] = [
    Target { name: "ack", run: ack },
    Target { name: "altered", run: altered },
    Target { name: "batch", run: batch },
    Target { name: "bundle", run: bundle },
    Target { name: "cbor", run: cbor },
    Target { name: "cose", run: cose },
    Target { name: "delegation", run: delegation },
    Target { name: "der_signature", run: der_signature },
    Target { name: "enrolment", run: enrolment },
    Target { name: "field_voucher", run: field_voucher },
    Target { name: "frame", run: frame },
    Target { name: "issued_set", run: issued_set },
    Target { name: "key", run: key },
    Target { name: "moment", run: moment },
    Target { name: "openg2p", run: openg2p },
    Target { name: "profile", run: profile },
    Target { name: "record", run: record },
    Target { name: "sealed", run: sealed },
    Target { name: "session", run: session },
    Target { name: "status_list", run: status_list },
    Target { name: "sync", run: sync },
    Target { name: "text", run: text },
    Target { name: "trust_file", run: trust_file },
    Target { name: "verdict", run: verdict },
    Target { name: "voucher", run: voucher },
];

/// The bytes as an object's payload, if they may be one.
fn signed(kind: ObjectType, payload: &[u8]) -> Vec<u8> {
    sign1(kind, payload, &signer()).unwrap_or_default()
}

fn ack(bytes: &[u8]) {
    let _ = Ack::open(bytes, [&public()]);
    if let Ok((ack, hash)) = Ack::open(&signed(ObjectType::Ack, bytes), [&public()]) {
        assert_eq!(hash, Hash::of(bytes));
        assert_eq!(ack.sign(&signer()), Ok(signed(ObjectType::Ack, bytes)));
    }
}

fn batch(bytes: &[u8]) {
    if let Ok(batch) = Batch::decode(bytes) {
        assert_eq!(batch.encode().as_deref(), Ok(bytes));
    }
}

fn cbor(bytes: &[u8]) {
    if let Ok(value) = cbor::decode(bytes) {
        assert_eq!(cbor::encode(&value).as_deref(), Ok(bytes));
    }
}

fn cose(bytes: &[u8]) {
    for kind in [
        ObjectType::Voucher,
        ObjectType::StatusList,
        ObjectType::Record,
        ObjectType::Ack,
        ObjectType::Profile,
        ObjectType::Enrolment,
        ObjectType::Session,
    ] {
        let _ = Sign1::parse(kind, bytes)
            .and_then(|envelope| envelope.verify([&public()]).map(|verified| verified.payload));
    }
    // The first byte says how long the protected header is; the signature over it is good.
    if let Some((&len, rest)) = bytes.split_first() {
        let (protected, payload) = rest.split_at(rest.len().min(len.into()));
        let envelope = raw::Envelope::new(ObjectType::Ack, payload, &signer());
        let signed = raw::Envelope { protected: protected.to_vec(), ..envelope }.sign(&signer());
        let key = public();
        let verified =
            Sign1::parse(ObjectType::Ack, &signed).and_then(|it| Ok(it.verify([&key])?.payload));
        if let Ok(verified) = verified {
            assert_eq!(verified, payload);
            assert_eq!(sign1(ObjectType::Ack, payload, &signer()), Ok(signed));
        }
    }
    for kind in [ObjectType::Root, ObjectType::TrustList] {
        let _ = MultiSigned::parse(kind, bytes).map(|it| it.count_signers(&[public()]));
    }
}

fn der_signature(bytes: &[u8]) {
    if let Ok(raw) = ecdsa_from_der(bytes) {
        assert_eq!(raw.len(), 64);
    }
}

fn enrolment(bytes: &[u8]) {
    let _ = Request::open(bytes);
    let _ = Request::open(&signed(ObjectType::Enrolment, bytes));
}

/// Size, stride, turn and part in eight bytes, then pixels.
fn frame(bytes: &[u8]) {
    let Some((&[width, height, spare, turn, left, top, columns, rows], pixels)) =
        bytes.split_first_chunk::<8>()
    else {
        return;
    };
    let (width, height) = (u32::from(width), u32::from(height));
    let Ok(luma) = Luma::new(pixels, width, height, width + u32::from(spare)) else { return };
    let part =
        Crop { left: left.into(), top: top.into(), width: columns.into(), height: rows.into() };
    let luma = luma.crop(part).unwrap_or(luma).rotated(match turn % 4 {
        0 => Rotation::None,
        1 => Rotation::Quarter,
        2 => Rotation::Half,
        _ => Rotation::ThreeQuarters,
    });
    for symbol in scan::read(&luma) {
        assert!(symbol.corners.iter().all(|point| point.x.is_finite() && point.y.is_finite()));
    }
}

fn issued_set(bytes: &[u8]) {
    // `{1: kid, ...`: the set names its key, and must be pinned for that one.
    let kid = bytes.get(3..).and_then(|rest| rest.first_chunk().copied()).unwrap_or_default();
    let pinned = IssuedSetRef { address: "/v1/issued/1".to_owned(), hash: Hash::of(bytes) };
    if let Ok(set) = pinned.accept(bytes, Kid::from_bytes(kid)) {
        assert_eq!(set.encode().as_deref(), Ok(bytes));
        assert!((1..=protocol::trust::MAX_ISSUED).contains(&set.count()));
    }
}

fn key(bytes: &[u8]) {
    if let Ok(key) = PublicKey::from_bytes(bytes) {
        assert_eq!(key.to_bytes(), bytes);
        assert!(key.verify(b"message", &[0; 64]).is_err());
    }
}

fn openg2p(bytes: &[u8]) {
    let fixtures = &*FIXTURES;
    if let Some(foreign) = &fixtures.foreign.foreign {
        let _ = openg2p::voucher(bytes, &fixtures.foreign.issuer, foreign, &fixtures.zone);
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = Jwt::parse(text);
        let _ = authenticate(
            &SignedVoucher::Jwt(text.to_owned()),
            fixtures.trust.list(),
            &IssuedSets::none(),
        );
    }
}

fn profile(bytes: &[u8]) {
    let _ = Profile::open(bytes, [&public()]);
    if let Ok(profile) = Profile::open(&signed(ObjectType::Profile, bytes), [&public()]) {
        assert!(profile.sign(&signer()).is_ok());
    }
}

fn record(bytes: &[u8]) {
    if let Ok(record) = Record::decode(bytes) {
        assert_eq!(record.encode().as_deref(), Ok(bytes));
        let _ = record.open(&public());
    }
    let _ = record::open_header(&signed(ObjectType::Record, bytes), &public());
    for kind in (1..).map_while(Kind::from_number) {
        if let Ok(body) = Body::decode(kind, bytes) {
            assert_eq!(body.encode().as_deref(), Ok(bytes));
        }
    }
}

fn sealed(bytes: &[u8]) {
    let _ = Sealed::decode(bytes).and_then(|sealed| unsealing().open(&sealed));
}

fn session(bytes: &[u8]) {
    let _ = SessionProof::open(bytes, &public());
    let envelope = signed(ObjectType::Session, bytes);
    if let Ok(proof) = SessionProof::open(&envelope, &public()) {
        assert_eq!(proof.sign(&signer()), Ok(envelope));
    }
}

fn status_list(bytes: &[u8]) {
    let _ = StatusList::open(bytes, [&public()]);
    if let Ok(list) = StatusList::open(&signed(ObjectType::StatusList, bytes), [&public()]) {
        let again = list.sign(&signer()).and_then(|token| StatusList::open(&token, [&public()]));
        assert_eq!(again, Ok(list));
    }
}

fn text(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(signed) = voucher::from_text(text) {
        assert_eq!(voucher::to_text(&signed).as_deref(), Ok(text));
    }
    if let Ok(offer) = Offer::from_text(text) {
        assert_eq!(offer.to_text().as_deref(), Ok(text));
    }
}

fn trust_file(bytes: &[u8]) {
    let fixtures = &*FIXTURES;
    let now = fixtures.trust.list().issued;
    if let Ok(file) = TrustFile::decode(bytes) {
        assert_eq!(file.encode().as_deref(), Ok(bytes));
        follow(fixtures.trust.accept(&file, now));
        let _ = file.first_root_hash().and_then(|pinned| TrustState::first(pinned, &file, now));
    }
    let list = sign_multi(ObjectType::TrustList, bytes, &[&trust_key()]).unwrap_or_default();
    follow(fixtures.trust.accept(&TrustFile { list, ..fixtures.file.clone() }, now));
    let keys = root_keys();
    let by: Vec<&dyn Signer> = keys.iter().map(|key| key as &dyn Signer).collect();
    let roots = vec![sign_multi(ObjectType::Root, bytes, &by).unwrap_or_default()];
    let file = TrustFile { roots, list: fixtures.file.list.clone() };
    let _ = TrustState::first(Hash::of(bytes), &file, now);
}

/// What is accepted in place of what is held is no older, and no other of the same version.
fn follow(next: protocol::Result<TrustState>) {
    let held = &FIXTURES.trust;
    if let Ok(next) = next {
        let (from, to) = (held.list().version, next.list().version);
        assert!(from < to || (from == to && held.list_hash() == next.list_hash()));
        assert!(held.root().version <= next.root().version);
    }
}

/// A phone that has served nothing and holds no status list.
struct NothingKnown;

impl Lookup for NothingKnown {
    type Error = Infallible;

    fn redeemed(&self, _: &VoucherIdentity) -> Result<Option<LiveRedemption>, Infallible> {
        Ok(None)
    }

    fn status_list(&self, _: u32) -> Result<Option<&StatusList>, Infallible> {
        Ok(None)
    }
}

fn verdict(bytes: &[u8]) {
    let fixtures = &*FIXTURES;
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let circumstances = Circumstances {
        trust: &fixtures.trust,
        issued: &IssuedSets::none(),
        profile: &fixtures.profile,
        clock: DeviceClock {
            time: Timestamp::from_seconds(1_781_517_600).unwrap_or(Timestamp::MAX),
            monotonic: Monotonic { millis: 0, boot: BootId::from_bytes([0; 16]) },
        },
        floors: &Floors::default(),
    };
    let Ok(first) = decide(text, &circumstances, &NothingKnown);
    let Ok(again) = decide(text, &circumstances, &NothingKnown);
    assert_eq!(first, again);
}

fn voucher(bytes: &[u8]) {
    let trust = FIXTURES.trust.list();
    let _ = authenticate(&SignedVoucher::Cose(bytes.to_vec()), trust, &IssuedSets::none());
    if let Ok(text) = voucher::to_text(bytes) {
        assert_eq!(read_text(&text), Ok(SignedVoucher::Cose(bytes.to_vec())));
    }
    let issued = sign1(ObjectType::Voucher, bytes, &issuing_key()).unwrap_or_default();
    if let Ok(authentic) = authenticate(&SignedVoucher::Cose(issued), trust, &IssuedSets::none()) {
        assert_eq!(authentic.payload_hash, Hash::of(bytes));
        assert!(trust.programme(&authentic.voucher.programme).is_some());
        assert!(authentic.voucher.not_before < authentic.voucher.expires);
    }
    if let Ok(read) = Voucher::decode(bytes) {
        let written = read.encode().and_then(|payload| Voucher::decode(&payload));
        assert_eq!(written, Ok(read));
    }
}
