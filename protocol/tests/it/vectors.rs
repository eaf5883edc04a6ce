//! The vectors of `test-vectors/`, read as any other implementation would read them.
//!
//! A file without vectors and a vector with an unknown field both fail. `verdict.json` is for the
//! phone's engine, whose tests read it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

use protocol::ack::{Ack, Batch};
use protocol::authenticity::{authenticate, read_text};
use protocol::bundle::{Answer, Bundle, verify};
use protocol::cbor;
use protocol::cose::{MultiSigned, ObjectType, Sign1};
use protocol::enrolment::{Offer, Request};
use protocol::key::{Kid, PublicKey};
use protocol::profile::Profile;
use protocol::record::Record;
use protocol::seal::{Sealed, UnsealingKey};
use protocol::session::SessionProof;
use protocol::trust::{IssuedSets, TrustFile, TrustList, TrustState};
use protocol::voucher::{Voucher, from_text, to_text};
use protocol::{Error, Hash, Result, Timestamp};
use samples::describe;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;

/// A file of vectors.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, bound = "V: DeserializeOwned")]
struct File<V> {
    #[allow(dead_code, reason = "for people who read the file")]
    about: String,
    #[serde(default)]
    trust: Option<Trust>,
    vectors: Vec<Named<V>>,
}

/// The trust under which a file's vectors are read.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Trust {
    file: Hex,
    pinned: Hex,
}

/// A vector with what every vector has; its own fields are checked by `V`.
struct Named<V> {
    name: String,
    own: V,
    expect: Value,
}

impl<'de, V: DeserializeOwned> Deserialize<'de> for Named<V> {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> std::result::Result<Self, D::Error> {
        use serde::de::Error;
        let mut members = serde_json::Map::deserialize(from)?;
        let mut take = |name| members.remove(name).ok_or_else(|| D::Error::missing_field(name));
        let name = take("name")?.as_str().map(str::to_owned);
        let name = name.ok_or_else(|| D::Error::custom("a name is text"))?;
        if !take("what")?.is_string() {
            return Err(D::Error::custom("what a vector shows is said in a sentence"));
        }
        let expect = take("expect")?;
        let own = V::deserialize(Value::Object(members))
            .map_err(|error| D::Error::custom(format!("{name}: {error}")))?;
        Ok(Named { name, own, expect })
    }
}

/// Bytes in hex.
struct Hex(Vec<u8>);

impl<'de> Deserialize<'de> for Hex {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> std::result::Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        hex::decode(text).map(Hex).map_err(serde::de::Error::custom)
    }
}

impl Hex {
    fn key(&self) -> PublicKey {
        PublicKey::from_bytes(&self.0).unwrap()
    }

    fn hash(&self) -> Hash {
        Hash::from_bytes(self.0.as_slice().try_into().unwrap())
    }
}

/// Bytes in hex with so many zeros after them.
fn padded(hex: &Hex, zeros: usize) -> Vec<u8> {
    [hex.0.as_slice(), &vec![0; zeros]].concat()
}

fn keys(all: &[Hex]) -> Vec<PublicKey> {
    all.iter().map(Hex::key).collect()
}

impl<V> File<V> {
    fn trust(&self) -> TrustState {
        let trust = self.trust.as_ref().unwrap();
        let file = TrustFile::decode(&trust.file.0).unwrap();
        TrustState::restore(trust.pinned.hash(), &file).unwrap()
    }
}

fn read<V: DeserializeOwned>(name: &str) -> File<V> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../test-vectors").join(name);
    let text = std::fs::read_to_string(&path).unwrap();
    let file: File<V> =
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
    assert!(!file.vectors.is_empty(), "{name} has no vectors");
    for (i, vector) in file.vectors.iter().enumerate() {
        let twice = file.vectors[..i].iter().any(|other| other.name == vector.name);
        assert!(!twice, "{name}: the name {} appears twice", vector.name);
    }
    file
}

/// Reads every vector of a file and compares; all that differ are told at once.
fn check<V: DeserializeOwned>(name: &str, outcome: impl Fn(&File<V>, &V) -> Result<Value>) {
    let file = read::<V>(name);
    let wrong: Vec<String> = file
        .vectors
        .iter()
        .filter_map(|vector| {
            let found = outcome(&file, &vector.own).unwrap_or_else(|error| describe::error(&error));
            (found != vector.expect).then(|| {
                format!("{}\n  expected {}\n  found    {found}", vector.name, vector.expect)
            })
        })
        .collect();
    assert!(wrong.is_empty(), "{name}:\n{}", wrong.join("\n"));
}

#[test]
fn every_file_is_read_by_a_test() {
    let known = [
        "ack.json",
        "batch.json",
        "bundle.json",
        "by_code.json",
        "cbor.json",
        "cose.json",
        "delegation.json",
        "enrolment.json",
        "issued.json",
        "key.json",
        "openg2p.json",
        "profile.json",
        "record.json",
        "restored.json",
        "sealed.json",
        "session.json",
        "status.json",
        "text.json",
        "trust.json",
        "verdict.json",
        "voucher.json",
    ];
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../test-vectors");
    let mut found: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".json"))
        .collect();
    found.sort();
    assert_eq!(found, known);
}

fn protocol_md() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/protocol.md");
    std::fs::read_to_string(path).unwrap()
}

#[test]
fn the_worked_example_of_the_document_is_a_vector() {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Own {
        text: String,
        hex: Hex,
        keys: Vec<Hex>,
    }
    let file = read::<Own>("voucher.json");
    let money = file.vectors.iter().find(|vector| vector.name == "money").unwrap();
    let page = protocol_md();
    let without_breaks = page.replace('\n', "");
    let key = money.own.keys[0].key();
    assert!(page.contains(&money.own.text));
    assert!(without_breaks.contains(&hex::encode(&money.own.hex.0)));
    for shown in [
        hex::encode(key.to_bytes()),
        key.thumbprint().to_string(),
        key.fingerprint_digits(),
        money.expect["payload_hash"].as_str().unwrap().to_owned(),
        money.expect["identity_hash"].as_str().unwrap().to_owned(),
    ] {
        assert!(page.contains(&shown), "{shown}");
    }
}

/// The words before the dot of an error code, as the source has them in quotes.
const LAYERS: [&str; 12] = [
    "cbor",
    "size",
    "cose",
    "key",
    "signature",
    "field",
    "rule",
    "text",
    "status",
    "jwt",
    "seal",
    "trust",
];

#[test]
fn the_document_lists_every_error_code_and_no_others() {
    let codes_in = |text: &str, before: &str, after: char| {
        let mut found: Vec<String> = LAYERS
            .iter()
            .flat_map(|layer| {
                text.split(&format!("{before}{layer}."))
                    .skip(1)
                    .filter_map(|rest| rest.split_once(after))
                    .map(|(word, _)| format!("{layer}.{word}"))
                    .collect::<Vec<_>>()
            })
            .collect();
        found.sort();
        found.dedup();
        found
    };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let source: String = ["", "trust"]
        .iter()
        .flat_map(|room| std::fs::read_dir(folder.join(room)).unwrap())
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|it| it == "rs"))
        .map(|path| std::fs::read_to_string(path).unwrap())
        .collect();
    let page = protocol_md();
    let (_, listed) = page.split_once("## 13. Error codes\n").unwrap();
    assert_eq!(codes_in(listed, "| `", '`'), codes_in(&source, "=> \"", '"'));
}

#[test]
fn cbor_json() {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Own {
        hex: Hex,
        #[serde(default)]
        zeros: usize,
    }
    check("cbor.json", |_, own: &Own| {
        let bytes = padded(&own.hex, own.zeros);
        match cbor::decode(&bytes) {
            Ok(value) => {
                assert_eq!(cbor::encode(&value).unwrap(), bytes);
                Ok(json!({ "valid": true }))
            }
            Err(Error::Cbor { at, fault }) => Ok(json!({ "error": fault.code(), "at": at })),
            Err(other) => Err(other),
        }
    });
}

#[test]
fn key_json() {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Own {
        hex: Hex,
    }
    check("key.json", |_, own: &Own| {
        let key = PublicKey::from_bytes(&own.hex.0)?;
        assert_eq!(key.to_bytes(), own.hex.0);
        Ok(describe::key(&key))
    });
}

#[test]
fn cose_json() {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Own {
        r#type: String,
        hex: Hex,
        #[serde(default)]
        zeros: usize,
        keys: Vec<Hex>,
    }
    check("cose.json", |_, own: &Own| {
        let keys = keys(&own.keys);
        let bytes = padded(&own.hex, own.zeros);
        let single = |kind| {
            let signed = Sign1::parse(kind, &bytes)?;
            let hash = signed.payload_hash().to_string();
            let verified = signed.verify(&keys)?;
            Ok(json!({ "payload": hex::encode(&verified.payload), "hash": hash }))
        };
        let multi = |kind| {
            let signed = MultiSigned::parse(kind, &bytes)?;
            Ok(json!({
                "payload": hex::encode(signed.unverified_payload()),
                "hash": signed.payload_hash().to_string(),
                "signers": signed.count_signers(&keys),
            }))
        };
        match own.r#type.as_str() {
            "voucher" => single(ObjectType::Voucher),
            "status" => single(ObjectType::StatusList),
            "record" => single(ObjectType::Record),
            "ack" => single(ObjectType::Ack),
            "profile" => single(ObjectType::Profile),
            "enrolment" => single(ObjectType::Enrolment),
            "session" => single(ObjectType::Session),
            "root" => multi(ObjectType::Root),
            "trust" => multi(ObjectType::TrustList),
            other => panic!("no type {other}"),
        }
    });
}

#[test]
fn text_json() {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Own {
        text: String,
    }
    check("text.json", |_, own: &Own| {
        let bytes = from_text(&own.text)?;
        assert_eq!(to_text(&bytes).unwrap(), own.text);
        Ok(json!({ "hex": hex::encode(bytes) }))
    });
}

#[test]
fn voucher_json() {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Own {
        text: String,
        hex: Hex,
        keys: Vec<Hex>,
    }
    check("voucher.json", |_, own: &Own| {
        let signed = from_text(&own.text)?;
        assert_eq!(signed, own.hex.0);
        let signed = Sign1::parse(ObjectType::Voucher, &signed)?;
        let hash = signed.payload_hash().to_string();
        let keys = keys(&own.keys);
        let verified = signed.verify(&keys)?;
        let mut described = describe::voucher(&Voucher::decode(&verified.payload)?);
        described["payload_hash"] = hash.into();
        Ok(described)
    });
}

#[test]
fn status_json() {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Own {
        hex: Hex,
        list: u32,
        #[serde(default)]
        held: Option<u64>,
    }
    check("status.json", |file, own: &Own| {
        let trust = file.trust();
        let entry = trust.list().status_list(own.list).unwrap();
        let held = own.held.and_then(Timestamp::from_seconds);
        let list = entry.accept(&own.hex.0, trust.list(), held)?;
        Ok(describe::status_list(&list))
    });
}

#[test]
fn trust_json() {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Own {
        pinned: Hex,
        /// Files that were accepted before, each at its time, oldest first.
        held: Vec<Held>,
        hex: Hex,
        now: u64,
        /// Whether the file was accepted before and is taken up again.
        #[serde(default)]
        restore: bool,
    }
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Held {
        hex: Hex,
        now: u64,
    }
    let accept = |state: Option<&TrustState>, pinned: &Hex, file: &Hex, now: Timestamp| {
        let file = TrustFile::decode(&file.0)?;
        match state {
            None => TrustState::first(pinned.hash(), &file, now),
            Some(state) => state.accept(&file, now),
        }
    };
    check("trust.json", |_, own: &Own| {
        let mut state = None;
        for held in &own.held {
            let now = Timestamp::from_seconds(held.now).unwrap();
            state = Some(accept(state.as_ref(), &own.pinned, &held.hex, now).unwrap());
        }
        let now = Timestamp::from_seconds(own.now).unwrap();
        let state = if own.restore {
            TrustState::restore(own.pinned.hash(), &TrustFile::decode(&own.hex.0)?)?
        } else {
            accept(state.as_ref(), &own.pinned, &own.hex, now)?
        };
        Ok(describe::trust(&state, now))
    });
}

#[test]
fn openg2p_json() {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Own {
        text: String,
    }
    check("openg2p.json", |file, own: &Own| {
        let trust = file.trust();
        Ok(judged(&own.text, trust.list(), &IssuedSets::none()))
    });
}

#[test]
fn issued_json() {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Own {
        text: String,
        set: Option<Hex>,
        key: Option<String>,
    }
    check("issued.json", |file, own: &Own| {
        let trust = file.trust();
        let mut sets = IssuedSets::none();
        if let (Some(set), Some(kid)) = (&own.set, &own.key) {
            let kid = Kid::from_hex(kid).unwrap();
            let key = trust.list().keys.iter().find(|key| key.key.kid() == kid).unwrap();
            let pinned = key.issued_set().unwrap();
            sets.insert(pinned.hash, Arc::new(pinned.accept(&set.0, kid)?));
        }
        Ok(judged(&own.text, trust.list(), &sets))
    });
}

/// What a text is as a voucher under this trust list.
fn judged(text: &str, trust: &TrustList, sets: &IssuedSets) -> Value {
    match read_text(text).and_then(|signed| authenticate(&signed, trust, sets)) {
        Ok(authentic) => {
            let mut described = describe::voucher(&authentic.voucher);
            described["key_in_force"] = authentic.key_in_force.into();
            described["payload_hash"] = authentic.payload_hash.to_string().into();
            described
        }
        Err(reason) => describe::not_authentic(&reason),
    }
}

#[test]
fn record_json() {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Own {
        hex: Hex,
        #[serde(default)]
        zeros: usize,
        key: Hex,
    }
    check("record.json", |_, own: &Own| open_record(&padded(&own.hex, own.zeros), &own.key.key()));
}

#[test]
fn sealed_json() {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Own {
        hex: Hex,
        #[serde(default)]
        zeros: usize,
        /// What the private key is derived from (RFC 9180 §7.1.3).
        seed: Hex,
    }
    check("sealed.json", |_, own: &Own| {
        let key = UnsealingKey::from_seed(own.seed.0.as_slice().try_into().unwrap());
        let sealed = Sealed::decode(&padded(&own.hex, own.zeros))?;
        Ok(json!({
            "kid": sealed.kid.to_string(),
            "hex": hex::encode(key.open(&sealed)?),
        }))
    });
}

#[test]
fn bundle_json() {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Own {
        kind: Kind,
        #[serde(default)]
        hex: Option<Hex>,
        /// The vector whose bytes the file is put together of.
        #[serde(default)]
        of: Option<String>,
        #[serde(default)]
        take: Vec<[usize; 2]>,
        /// What the private key is derived from (RFC 9180 §7.1.3).
        seed: Hex,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Kind {
        Bundle,
        Answer,
    }
    check("bundle.json", |all, own: &Own| {
        let key = UnsealingKey::from_seed(own.seed.0.as_slice().try_into().unwrap());
        let named = |name: &String| all.vectors.iter().find(|vector| vector.name == *name);
        let source = own.of.as_ref().and_then(named).map_or(own, |vector| &vector.own);
        let source = &source.hex.as_ref().unwrap().0;
        let file = match own.take.as_slice() {
            [] => source.clone(),
            ranges => ranges.iter().flat_map(|[from, to]| &source[*from..*to]).copied().collect(),
        };
        Ok(match own.kind {
            Kind::Bundle => describe::bundle(&verify::<Bundle>(&file, &key)?),
            Kind::Answer => describe::answer(&verify::<Answer>(&file, &key)?),
        })
    });
}

#[test]
fn batch_json() {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Own {
        hex: Hex,
    }
    check("batch.json", |_, own: &Own| read_batch(&own.hex.0));
}

#[test]
fn ack_json() {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Own {
        hex: Hex,
        keys: Vec<Hex>,
    }
    check("ack.json", |_, own: &Own| open_ack(&own.hex.0, &keys(&own.keys)));
}

#[test]
fn restored_json() {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Own {
        object: String,
        hex: Hex,
        key: Option<Hex>,
    }
    check("restored.json", |_, own: &Own| match (own.object.as_str(), &own.key) {
        ("record", Some(key)) => open_record(&own.hex.0, &key.key()),
        ("ack", Some(key)) => open_ack(&own.hex.0, &[key.key()]),
        ("batch", None) => read_batch(&own.hex.0),
        (object, _) => panic!("{object}: unknown, or with the wrong keys"),
    });
}

#[test]
fn by_code_json() {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Own {
        object: String,
        hex: Hex,
        key: Option<Hex>,
        pinned: Option<Hex>,
    }
    check("by_code.json", |_, own: &Own| match (own.object.as_str(), &own.key, &own.pinned) {
        ("record", Some(key), None) => open_record(&own.hex.0, &key.key()),
        ("trust", None, Some(pinned)) => {
            let file = TrustFile::decode(&own.hex.0)?;
            assert_eq!(file.encode().unwrap(), own.hex.0);
            let trust = TrustState::restore(pinned.hash(), &file)?;
            Ok(json!({ "by_code": trust.list().programmes[0].by_reference }))
        }
        (object, ..) => panic!("{object}: unknown, or with the wrong keys"),
    });
}

fn open_record(bytes: &[u8], key: &PublicKey) -> Result<Value> {
    let record = Record::decode(bytes)?;
    assert_eq!(record.encode().unwrap(), bytes);
    Ok(describe::record(&record.open(key)?))
}

fn read_batch(bytes: &[u8]) -> Result<Value> {
    let batch = Batch::decode(bytes)?;
    assert_eq!(batch.encode().unwrap(), bytes);
    Ok(describe::batch(&batch))
}

fn open_ack(signed: &[u8], keys: &[PublicKey]) -> Result<Value> {
    let (ack, hash) = Ack::open(signed, keys)?;
    let mut described = describe::ack(&ack);
    described["hash"] = hash.to_string().into();
    Ok(described)
}

#[test]
fn profile_json() {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Own {
        hex: Hex,
        keys: Vec<Hex>,
    }
    check("profile.json", |_, own: &Own| {
        Ok(describe::profile(&Profile::open(&own.hex.0, &keys(&own.keys))?))
    });
}

#[test]
fn enrolment_json() {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Own {
        #[serde(default)]
        text: Option<String>,
        #[serde(default)]
        hex: Option<Hex>,
    }
    check("enrolment.json", |_, own: &Own| match (&own.text, &own.hex) {
        (Some(text), None) => Ok(describe::offer(&Offer::from_text(text)?)),
        (None, Some(hex)) => Ok(describe::request(&Request::open(&hex.0)?)),
        _ => panic!("an offer's text or a request's bytes"),
    });
}

#[test]
fn session_json() {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Own {
        hex: Hex,
        key: Hex,
    }
    check("session.json", |_, own: &Own| {
        Ok(describe::session(&SessionProof::open(&own.hex.0, &own.key.key())?))
    });
}

#[test]
fn verdict_json() {
    verdicts("verdict.json");
}

#[test]
fn delegation_json() {
    verdicts("delegation.json");
}

/// What the bytes alone decide, and that what each vector is judged with can itself be read.
fn verdicts(name: &str) {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct File {
        #[allow(dead_code, reason = "for people who read the file")]
        about: String,
        trusts: std::collections::BTreeMap<String, Trust>,
        profiles: std::collections::BTreeMap<String, Hex>,
        status_lists: std::collections::BTreeMap<String, Hex>,
        vectors: Vec<Named<Own>>,
    }
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Own {
        text: String,
        trust: String,
        profile: String,
        status_lists: Vec<String>,
        clock: Clock,
        redeemed: Vec<Redeemed>,
        limit: Option<Value>,
        voucher: Option<Value>,
    }
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Clock {
        now: u64,
        floor: u64,
    }
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Redeemed {
        identity: Hex,
        claim: Hex,
        at: u64,
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../test-vectors").join(name);
    let file: File = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    assert!(!file.vectors.is_empty());
    for Named { name, own, expect } in &file.vectors {
        let trust = &file.trusts[&own.trust];
        let state =
            TrustState::restore(trust.pinned.hash(), &TrustFile::decode(&trust.file.0).unwrap())
                .unwrap();
        let purpose = protocol::key::KeyUse::Profile;
        let keys: Vec<PublicKey> =
            state.list().keys_for(purpose).map(|key| key.key.clone()).collect();
        assert!(Profile::open(&file.profiles[&own.profile].0, &keys).is_ok(), "{name}");
        for list in &own.status_lists {
            let token = &file.status_lists[list].0;
            let entries = &state.list().status_lists;
            assert!(
                entries.iter().any(|entry| entry.accept(token, state.list(), None).is_ok()),
                "{name}: {list}"
            );
        }
        for redeemed in &own.redeemed {
            assert_eq!((redeemed.identity.0.len(), redeemed.claim.0.len()), (32, 16), "{name}");
            assert!(redeemed.at <= own.clock.now.max(own.clock.floor), "{name}");
        }
        // Whatever the bytes alone decide is decided here already.
        let found = read_text(&own.text)
            .and_then(|signed| authenticate(&signed, state.list(), &IssuedSets::none()));
        match &found {
            Err(reason) => {
                let found = describe::not_authentic(reason);
                assert_eq!(found["refuse"], expect["refuse"], "{name}");
                assert_eq!(found.get("limit"), own.limit.as_ref(), "{name}");
            }
            Ok(found) => {
                if let Some(expected) = &own.voucher {
                    let mut described = describe::voucher(&found.voucher);
                    described["payload_hash"] = found.payload_hash.to_string().into();
                    if let Some(under) = found.delegated() {
                        described["delegation"] = under.hash.to_string().into();
                        described["number"] = under.number.into();
                    }
                    assert_eq!(described, *expected, "{name}");
                }
                let refused = expect.get("refuse").and_then(Value::as_str);
                let accepted = expect.get("accept").and_then(Value::as_array);
                assert!(refused.is_some() != accepted.is_some(), "{name}");
            }
        }
    }
}
