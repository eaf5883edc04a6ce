//! A small world for tests and vectors: keys, documents, and bytes as someone else might write them.
//!
//! Every private key here is made of public numbers and is good for nothing else.
#![allow(clippy::unwrap_used, reason = "a sample that cannot be made is a failed test")]

pub mod describe;
pub mod field;
pub mod raw;

use protocol::ack::{Ack, Batch, ClaimState, ClaimUpdate, ItemResult, Outcome};
use protocol::enrolment::{Offer, Request};
use protocol::id::{
    Audience, BootId, ChainId, ClaimId, EntitlementId, IssuerId, OperatorId, ProgrammeId,
    ProviderId, VoucherId,
};
use protocol::key::{Ed25519Key, KeyUse, P256Key, PublicKey, Signer};
use protocol::printed::PrintedReference;
use protocol::profile::{Limits, Profile, Supervisor};
use protocol::record::{
    Body, ChainPoint, Document, Header, HowRead, Kind, Monotonic, ObservedState, Record, Redeem,
    RefusedSubject, Restart, ServeByReference, SignedVoucher,
};
use protocol::seal::UnsealingKey;
use protocol::session::SessionProof;
use protocol::status::{Entries, Status, StatusList};
use protocol::time::Zone;
use protocol::trust::{
    AppMinimum, ForeignIssuer, Freshness, IssuerKey, KeyEnd, Programme, Root, StatusListEntry,
    TooOldPolicy, TrustFile, TrustList,
};
use protocol::voucher::{
    Holder, Reference, StatusRef, SupportingDocument, Voucher, VoucherIdentity,
};
use protocol::{Benefit, Currency, GoodsLine, Hash, Money, Quantity, Span, Timestamp};

pub const ISSUER: &str = "vouchers.example.org";
pub const ORIGIN: &str = "https://vouchers.example.org";
pub const CASH: &str = "cash-2026";
pub const FOOD: &str = "food-2026";
pub const PROVIDER: &str = "pharmacy-17";
pub const FOREIGN_ISSUER: &str = "https://openg2p.example.org/api/v1/payments";
pub const FOREIGN_KID: &str = "0b9a6b0e-53ea-4d0c-9c0e-6d4c6f1a2b3c";

/// The primes of an RSA key of 2048 bits.
const FOREIGN_PRIMES: [&str; 2] = [
    "f9e932c83fbc486608d4f7a6da4390f614092c47eb618b76463c8167037bac06a304a300d555fd8927be8721c7dd28647c966245c73957915709e828649e7fef91ed211ffb68d801653832c6e044e5b869f5bc95deb5d8b6fce063a33d005368c9be218d452aae81b193a3f5de4f49193bd5ccde859677b223069e0c6aa5a437",
    "bb634fa48ca4126e962fd4fd692a634d3ba7cdb18107446812df02de8c1446960b0c49b10e2e812553ec668dad22dfa607d8edceca59ea7efacb6995f54a7c764eb23d89319467a1bcaa727dbc3ab34592af80f735688cdd356a069f33a30f34177c36f5dbd4fed767028208a79b579f5670dcb14274ace047661591faaea3ed",
];

/// The keys of this world, each with its one use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    Root1 = 1,
    Root2,
    Root3,
    Trust,
    Voucher,
    Status,
    Profile,
    Ack,
    /// Issues for the food programme alone.
    FoodVoucher,
    Compromised,
    /// Retired on 12 June.
    Retired,
    Stranger,
    NewRoot,
    NewTrust,
    DesktopDevice,
    /// Another status key of the cash programme, retired on 12 June.
    OldStatus,
}

pub fn key(who: Who) -> Ed25519Key {
    Ed25519Key::from_seed(&[who as u8; 32])
}

pub fn public(who: Who) -> PublicKey {
    key(who).public_key()
}

pub fn device() -> P256Key {
    P256Key::from_scalar(&[0x21; 32]).unwrap()
}

/// An issuer's key on P-256.
pub fn p256_issuer() -> P256Key {
    P256Key::from_scalar(&[0x22; 32]).unwrap()
}

pub fn sealing() -> UnsealingKey {
    UnsealingKey::from_seed(&[0x31; 32])
}

pub fn foreign_key() -> rsa::RsaPrivateKey {
    let [p, q] = FOREIGN_PRIMES.map(|hex| rsa::BigUint::from_bytes_be(&hex::decode(hex).unwrap()));
    rsa::RsaPrivateKey::from_p_q(p, q, rsa::BigUint::from(65537_u32)).unwrap()
}

pub fn foreign_public() -> PublicKey {
    use rsa::traits::PublicKeyParts;
    PublicKey::rsa(&foreign_key().n().to_bytes_be(), &[1, 0, 1]).unwrap()
}

pub fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

/// The moment at which most things here are judged.
pub fn now() -> Timestamp {
    at("2026-06-15T10:00:00Z")
}

pub fn programme_id(id: &str) -> ProgrammeId {
    ProgrammeId::new(id).unwrap()
}

pub fn issuer() -> IssuerId {
    IssuerId::new(ISSUER).unwrap()
}

pub fn php() -> Currency {
    Currency::new("PHP").unwrap()
}

pub fn root() -> Root {
    Root {
        version: 1,
        issued: at("2026-01-01T00:00:00Z"),
        expires: at("2027-01-01T00:00:00Z"),
        keys: [Who::Root1, Who::Root2, Who::Root3].map(public).to_vec(),
        threshold: 2,
        trust_keys: vec![public(Who::Trust)],
        trust_threshold: 1,
        min_trust_version: 1,
    }
}

pub fn sign_root(root: &Root, by: &[Who]) -> Vec<u8> {
    let keys: Vec<Ed25519Key> = by.iter().copied().map(key).collect();
    root.sign(&keys.iter().map(|key| key as &dyn Signer).collect::<Vec<_>>()).unwrap()
}

pub fn root_hash(root: &Root) -> Hash {
    file_of(vec![sign_root(root, &[Who::Root1])], Vec::new()).first_root_hash().unwrap()
}

pub fn file_of(roots: Vec<Vec<u8>>, list: Vec<u8>) -> TrustFile {
    TrustFile { roots, list }
}

/// The usual trust file: one root, one list.
pub fn trust_file() -> TrustFile {
    trust_file_with(&trust_list())
}

pub fn trust_file_with(list: &TrustList) -> TrustFile {
    file_of(
        vec![sign_root(&root(), &[Who::Root1, Who::Root3])],
        list.sign(&[&key(Who::Trust)]).unwrap(),
    )
}

pub fn issuer_key(key: PublicKey, purpose: KeyUse, programmes: &[&str]) -> IssuerKey {
    IssuerKey {
        key,
        purpose,
        issuer: issuer(),
        programmes: programmes.iter().copied().map(programme_id).collect(),
        not_before: at("2026-01-01T00:00:00Z"),
        not_after: at("2027-01-01T00:00:00Z"),
        end: None,
        foreign: None,
    }
}

pub fn trust_list() -> TrustList {
    let retired = || Some(KeyEnd::RetiredAt(at("2026-06-12T00:00:00Z")));
    let keys = vec![
        issuer_key(public(Who::Voucher), KeyUse::Voucher, &[CASH, FOOD]),
        issuer_key(p256_issuer().public_key(), KeyUse::Voucher, &[CASH]),
        issuer_key(public(Who::FoodVoucher), KeyUse::Voucher, &[FOOD]),
        IssuerKey {
            end: Some(KeyEnd::Compromised(None)),
            ..issuer_key(public(Who::Compromised), KeyUse::Voucher, &[CASH])
        },
        IssuerKey { end: retired(), ..issuer_key(public(Who::Retired), KeyUse::Voucher, &[CASH]) },
        issuer_key(public(Who::Status), KeyUse::Status, &[CASH, FOOD]),
        IssuerKey { end: retired(), ..issuer_key(public(Who::OldStatus), KeyUse::Status, &[CASH]) },
        issuer_key(public(Who::Profile), KeyUse::Profile, &[]),
        issuer_key(public(Who::Ack), KeyUse::Ack, &[]),
        IssuerKey {
            issuer: IssuerId::new(FOREIGN_ISSUER).unwrap(),
            foreign: Some(foreign()),
            ..issuer_key(foreign_public(), KeyUse::Voucher, &[CASH])
        },
    ];
    TrustList {
        version: 7,
        issued: at("2026-06-01T00:00:00Z"),
        expires: at("2026-12-01T00:00:00Z"),
        freshness: Freshness { stale_after: Span::days(30), too_old_after: Span::days(90) },
        status_freshness: Freshness { stale_after: Span::days(7), too_old_after: Span::days(30) },
        keys,
        programmes: vec![
            programme(CASH, "Medical cash assistance", TooOldPolicy::Refuse),
            programme(FOOD, "Food for families", TooOldPolicy::AskSupervisor),
        ],
        status_lists: vec![
            StatusListEntry {
                number: 1,
                address: "/v1/status/1".to_owned(),
                kids: vec![public(Who::Status).kid(), public(Who::OldStatus).kid()],
                programme: programme_id(CASH),
                least_issued: at("2026-06-01T00:00:00Z"),
            },
            StatusListEntry {
                number: 2,
                address: "/v1/status/2".to_owned(),
                kids: vec![public(Who::Status).kid()],
                programme: programme_id(FOOD),
                least_issued: at("2026-06-01T00:00:00Z"),
            },
        ],
        ended_delegations: vec![Hash::of(b"an ended delegation")],
        sealing_keys: vec![sealing().public().clone()],
        app_minimum: Some(AppMinimum { version: [0, 1, 0], from: at("2026-03-01T00:00:00Z") }),
    }
}

fn programme(id: &str, name: &str, too_old: TooOldPolicy) -> Programme {
    Programme {
        id: programme_id(id),
        name: name.to_owned(),
        zone: Zone::new("Asia/Manila").unwrap(),
        currency: php(),
        decimals: 2,
        too_old,
        clock_tolerance: Span::days(1),
        by_reference: false,
    }
}

pub fn foreign() -> ForeignIssuer {
    ForeignIssuer {
        kid: FOREIGN_KID.to_owned(),
        programme: programme_id(CASH),
        currency: php(),
        decimals: 2,
        exp_is_last_day: true,
    }
}

pub fn cti(last: u8) -> VoucherId {
    let mut id = *b"\x01\x97\x61\x2c\x4a\x00\x70\x00\x80\x00\x00\x00\x00\x00\x00\x00";
    id[15] = last;
    VoucherId::from_bytes(id)
}

/// The smallest usual voucher: money, for any provider, valid from 10 to 30 June in Manila.
pub fn voucher() -> Voucher {
    Voucher {
        identity: VoucherIdentity { issuer: issuer(), reference: Reference::Cti(cti(1)) },
        entitlement: EntitlementId::new("E-10021").unwrap(),
        audience: None,
        expires: at("2026-06-30T16:00:00Z"),
        not_before: at("2026-06-09T16:00:00Z"),
        issued: at("2026-06-10T01:30:00Z"),
        programme: programme_id(CASH),
        benefit: money(500_000),
        assistance: "medicines".to_owned(),
        holder: None,
        status: Some(StatusRef { list: 1, index: 4_711 }),
        documents: Vec::new(),
    }
}

/// A voucher with every field there is.
pub fn full_voucher() -> Voucher {
    Voucher {
        identity: VoucherIdentity { issuer: issuer(), reference: Reference::Cti(cti(2)) },
        audience: Some(Audience::new(PROVIDER).unwrap()),
        programme: programme_id(FOOD),
        benefit: goods(),
        assistance: "food".to_owned(),
        holder: Some(Holder {
            name: "Maria Dela Cruz-Peña".to_owned(),
            birth_year: Some(1984),
            id_tail: Some("0417".to_owned()),
        }),
        status: Some(StatusRef { list: 2, index: 1_048_575 }),
        documents: vec![SupportingDocument {
            hash: Hash::of(b"a letter"),
            label: "guarantee letter".to_owned(),
        }],
        ..voucher()
    }
}

pub fn money(minor: u64) -> Benefit {
    Benefit::Money(Money::new(minor, php()).unwrap())
}

pub fn goods() -> Benefit {
    let line = |item: &str, thousandths, unit: &str| GoodsLine {
        item: item.to_owned(),
        quantity: Quantity::from_thousandths(thousandths).unwrap(),
        unit: unit.to_owned(),
    };
    Benefit::Goods(vec![line("rice", 25_000, "kg"), line("cooking oil", 1_500, "l")])
}

pub fn sign_voucher(voucher: &Voucher, by: Who) -> Vec<u8> {
    protocol::voucher::sign(voucher, &key(by)).unwrap()
}

pub fn text_of(voucher: &Voucher, by: Who) -> String {
    protocol::voucher::to_text(&sign_voucher(voucher, by)).unwrap()
}

/// A list of `count` entries in which a few are not valid.
pub fn status_list(count: u32, marks: &[(u32, Status)]) -> StatusList {
    let mut entries = Entries::all_valid(count).unwrap();
    for (index, status) in marks {
        entries.set(*index, *status).unwrap();
    }
    StatusList {
        address: "/v1/status/1".to_owned(),
        issued: at("2026-06-14T00:00:00Z"),
        expires: Some(at("2026-06-21T00:00:00Z")),
        entries,
    }
}

pub fn chain() -> ChainId {
    ChainId::from_bytes([0xc1; 16])
}

pub fn claim() -> ClaimId {
    ClaimId::from_bytes(*b"\x01\x97\x7a\x10\x10\x00\x7a\xaa\x8b\xbb\xcc\xcc\xdd\xdd\xee\xee")
}

pub fn document() -> Document {
    Document { hash: Hash::of(b"a photo"), len: 48_213, media_type: "image/jpeg".to_owned() }
}

pub fn redeem() -> Body {
    Body::Redeem(Redeem {
        claim: claim(),
        voucher: SignedVoucher::Cose(sign_voucher(&voucher(), Who::Voucher)),
        how_read: HowRead::Camera,
        given: money(450_000),
        warnings: vec!["status_stale".to_owned()],
        documents: vec![document()],
        overridden_by: None,
    })
}

/// A body of each kind.
pub fn bodies() -> Vec<Body> {
    vec![
        redeem(),
        Body::Void { claim: claim(), reason: "typed the wrong amount".to_owned() },
        Body::Refuse {
            reason: "expired".to_owned(),
            subject: RefusedSubject::Voucher(voucher().identity.hash()),
        },
        Body::Refuse {
            reason: "forged".to_owned(),
            subject: RefusedSubject::Text(Hash::of(b"VS1:SOMETHING")),
        },
        Body::AttachDocument { claim: claim(), document: document() },
        Body::Issue { voucher: sign_voucher(&voucher(), Who::Voucher) },
        Body::Override {
            voucher: voucher().identity.hash(),
            reason: "trust_too_old".to_owned(),
            supervisor: OperatorId::new("lorna").unwrap(),
        },
        Body::Restart(Restart {
            chain: chain(),
            shared: Some(ChainPoint { sequence: 7, hash: Hash::of(b"the last both have") }),
            orphans: vec![Hash::of(b"an orphan")],
        }),
        serve_by_reference(),
    ]
}

pub fn serve_by_reference() -> Body {
    Body::ServeByReference(ServeByReference {
        claim: claim(),
        reference: PrintedReference::typed("7K2M-94QX").unwrap(),
        voucher: voucher().identity.hash(),
        given: money(450_000),
        warnings: vec!["status_stale".to_owned()],
        documents: vec![document()],
    })
}

pub fn header(sequence: u64, body: &Body) -> Header {
    Header {
        chain: chain(),
        sequence,
        previous: (sequence > 1).then(|| Hash::of(b"the header before")),
        device_time: now(),
        clock_floor: at("2026-06-14T00:00:00Z"),
        monotonic: Monotonic { millis: 8_640_000, boot: BootId::from_bytes([0xb0; 16]) },
        operator: Some(OperatorId::new("ana").unwrap()),
        observed: ObservedState {
            ack: Some(Hash::of(b"the last ack")),
            trust_version: 7,
            status_lists: vec![(1, at("2026-06-14T00:00:00Z")), (2, at("2026-06-13T00:00:00Z"))],
        },
        kind: body.kind(),
        body: Hash::of(&body.encode().unwrap()),
    }
}

pub fn record(sequence: u64, body: &Body) -> Record {
    Record::sign(&header(sequence, body), body, &device()).unwrap()
}

pub fn batch() -> Batch {
    Batch {
        chain: chain(),
        since: 12,
        last_ack: None,
        device: None,
        items: vec![record(1, &redeem()).encode().unwrap(), vec![1, 2, 3]],
    }
}

pub fn ack() -> Ack {
    let result = |item: &[u8], outcome| ItemResult { item: Hash::of(item), outcome };
    Ack {
        device: device().public_key().thumbprint(),
        chain: chain(),
        head: 3,
        head_hash: Some(Hash::of(b"the third header")),
        results: vec![
            result(b"1", Outcome::Accepted),
            result(b"2", Outcome::Duplicate),
            result(b"3", Outcome::Conflict),
            result(b"4", Outcome::Refused("signature.wrong".to_owned())),
            result(b"5", Outcome::Later),
        ],
        documents: vec![Hash::of(b"a photo")],
        claims: vec![
            ClaimUpdate { claim: claim(), state: ClaimState::Conflict, reason: None },
            ClaimUpdate {
                claim: ClaimId::from_bytes([7; 16]),
                state: ClaimState::Rejected,
                reason: Some("documents_unreadable".to_owned()),
            },
        ],
        cursor: 13,
        server_time: now(),
        restored: false,
    }
}

pub fn profile() -> Profile {
    Profile {
        issuer: issuer(),
        issued: at("2026-06-10T00:00:00Z"),
        device: device().public_key(),
        provider: ProviderId::new(PROVIDER).unwrap(),
        provider_name: "Botika ni Ana".to_owned(),
        groups: vec![Audience::new("pharmacies").unwrap()],
        programmes: vec![programme_id(CASH), programme_id(FOOD)],
        operators: vec![OperatorId::new("ana").unwrap(), OperatorId::new("ben").unwrap()],
        supervisors: vec![Supervisor {
            name: OperatorId::new("ana").unwrap(),
            pin_hash: "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaGhhc2g".to_owned(),
        }],
        limits: Limits { unsent_redemptions: Some(200), unsent_delegated: None },
        freshness: Freshness { stale_after: Span::days(30), too_old_after: Span::days(120) },
        confirmed: true,
        delegations: Vec::new(),
    }
}

pub fn offer() -> Offer {
    Offer {
        origin: ORIGIN.to_owned(),
        code: [0x5a; 16],
        root: root_hash(&root()),
        expires: at("2026-06-18T10:00:00Z"),
        sealing: None,
    }
}

pub fn request() -> Request {
    Request {
        code: [0x5a; 16],
        root: root_hash(&root()),
        origin: ORIGIN.to_owned(),
        key: device().public_key(),
        nonce: [0x0e; 16],
    }
}

pub fn session() -> SessionProof {
    SessionProof { nonce: [0x55; 32], origin: ORIGIN.to_owned() }
}

/// A JWT in compact form over exactly these texts.
pub fn jwt(header: &str, payload: &str) -> String {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use rsa::signature::{SignatureEncoding, Signer};
    let input = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
    let signer = rsa::pkcs1v15::SigningKey::<rsa::sha2::Sha256>::new(foreign_key());
    let signature = signer.sign(input.as_bytes()).to_vec();
    format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature))
}

pub fn jwt_header() -> String {
    format!(r#"{{"alg":"RS256","kid":"{FOREIGN_KID}","typ":"JWT"}}"#)
}

/// Claims as OpenG2P writes them: `exp` is the last valid day, 30 June, at midnight in UTC.
pub fn jwt_claims() -> serde_json::Value {
    serde_json::json!({
        "iss": FOREIGN_ISSUER,
        "sub": "1042",
        "aud": PROVIDER,
        "exp": at("2026-06-30T00:00:00Z").as_seconds(),
        "iat": at("2026-06-10T01:30:00Z").as_seconds(),
        "amount": "5000.0",
        "type": "voucher",
        "code": "2-37ec-47d3-a937-5d55",
        "bName": "Maria Dela Cruz",
        "bAddress": "12 Mabini Street",
        "spName": "Botika ni Ana",
        "docs": ["letter.pdf"]
    })
}

/// The claims with one of them changed, or taken out by null.
pub fn jwt_with(name: &str, value: serde_json::Value) -> String {
    let mut claims = jwt_claims();
    match value {
        serde_json::Value::Null => claims.as_object_mut().unwrap().remove(name),
        value => claims.as_object_mut().unwrap().insert(name.to_owned(), value),
    };
    jwt(&jwt_header(), &claims.to_string())
}

/// The kind of every record body, for loops.
pub const KINDS: [Kind; 8] = [
    Kind::Redeem,
    Kind::Void,
    Kind::Refuse,
    Kind::AttachDocument,
    Kind::Issue,
    Kind::Override,
    Kind::Restart,
    Kind::ServeByReference,
];
