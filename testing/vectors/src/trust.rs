//! `trust.json` and `status.json`: what a phone must trust, and what it must know.

use crate::alter::{Altered, bytes as byte_string, list as items, map as entries};
use crate::bytes::usual_trust;
use crate::{Vector, error, vector, write};
use protocol::cbor::{self, Value as Cbor};
use protocol::cose::{MultiSigned, ObjectType, Sign1};
use protocol::key::{KeyUse, Signer};
use protocol::status::{MAX_ENTRIES, Status, StatusList};
use protocol::trust::{Root, TrustFile, TrustList};
use protocol::{Hash, Timestamp};
use samples::describe;
use samples::raw::{self, Envelope, bytes, int, map, text};
use samples::{
    Who, at, file_of, issuer_key, key, now, public, root, root_hash, sign_root, status_list,
    trust_file, trust_list,
};
use serde_json::{Value, json};
use std::io::Write;

pub fn write_all() {
    write(
        "trust.json",
        "Trust files: `held` are files that were accepted before, each at its time; the first was \
         accepted under the pin `pinned`, the digest of a root's payload. Then `hex` comes at `now`. \
         With `restore` it was accepted before and is taken up again, and nothing that expired since \
         counts against it. `grade` is that at `now`.",
        json!({}),
        [good(), chain(), lists(), files()].into_iter().flatten().collect(),
    );
    write(
        "status.json",
        "Status list tokens: read as list number `list` of the trust list, of which a token with the \
         `iat` `held` was accepted before. `entries` is how many fit, `not_valid` those that are not \
         valid.",
        json!({ "trust": usual_trust() }),
        statuses(),
    );
}

fn second_root() -> Root {
    Root {
        version: 2,
        issued: at("2026-06-01T00:00:00Z"),
        expires: at("2027-06-01T00:00:00Z"),
        keys: [Who::Root1, Who::Root2, Who::NewRoot].map(public).to_vec(),
        ..root()
    }
}

fn list_of(version: u64) -> TrustList {
    TrustList { version, ..trust_list() }
}

fn sign_list(list: &TrustList) -> Vec<u8> {
    list.sign(&[&key(Who::Trust)]).unwrap()
}

fn first_root() -> Vec<u8> {
    sign_root(&root(), &[Who::Root1, Who::Root2])
}

fn two_roots() -> Vec<Vec<u8>> {
    vec![first_root(), sign_root(&second_root(), &[Who::Root1, Who::Root2])]
}

struct Case<'a> {
    pinned: Hash,
    held: Vec<&'a TrustFile>,
    file: Vec<u8>,
    now: Timestamp,
    restore: bool,
}

impl Case<'_> {
    fn new(file: &TrustFile) -> Self {
        Case {
            pinned: root_hash(&root()),
            held: Vec::new(),
            file: file.encode().unwrap(),
            now: now(),
            restore: false,
        }
    }

    fn vector(self, name: &'static str, what: &str, expect: Value) -> Vector {
        let held: Vec<Value> = self
            .held
            .iter()
            .map(|file| {
                json!({ "hex": hex::encode(file.encode().unwrap()), "now": now().as_seconds() })
            })
            .collect();
        let mut own = json!({
            "pinned": self.pinned.to_string(),
            "held": held,
            "hex": hex::encode(self.file),
            "now": self.now.as_seconds(),
            "expect": expect,
        });
        if self.restore {
            own["restore"] = true.into();
        }
        vector(name, what, own)
    }
}

fn taken(root: &Root, list: &TrustList, grade: &str) -> Value {
    let signed = MultiSigned::parse(ObjectType::TrustList, &sign_list(list)).unwrap();
    json!({
        "root_version": root.version,
        "list_version": list.version,
        "list_hash": signed.payload_hash().to_string(),
        "grade": grade,
    })
}

fn good() -> Vec<Vector> {
    let usual = trust_file();
    let next = file_of(vec![first_root()], sign_list(&list_of(8)));
    let rotated = file_of(two_roots(), sign_list(&list_of(8)));
    let most = file_of(vec![first_root()], sign_list(&list_of(cbor::MAX_INTEGER)));
    let recovery = Root { min_trust_version: 5, ..second_root() };
    let recovered = file_of(
        vec![first_root(), sign_root(&recovery, &[Who::Root1, Who::Root2])],
        sign_list(&list_of(6)),
    );
    let fresh = |list: &TrustList| taken(&root(), list, "fresh");
    vec![
        Case::new(&usual).vector(
            "first",
            "The first file of a phone that pinned its root.",
            fresh(&trust_list()),
        ),
        Case { held: vec![&usual], ..Case::new(&usual) }.vector(
            "same again",
            "The file that is held changes nothing.",
            fresh(&trust_list()),
        ),
        Case { held: vec![&usual], ..Case::new(&next) }.vector(
            "newer list",
            "A higher version under the same root.",
            fresh(&list_of(8)),
        ),
        Case { held: vec![&usual], ..Case::new(&rotated) }.vector(
            "new root",
            "A root signed by the one before and by itself.",
            taken(&second_root(), &list_of(8), "fresh"),
        ),
        Case::new(&rotated).vector(
            "new root at first",
            "A phone may pin a root that was replaced since.",
            taken(&second_root(), &list_of(8), "fresh"),
        ),
        Case { pinned: root_hash(&second_root()), ..Case::new(&rotated) }.vector(
            "later root pinned",
            "Roots before the pinned one are passed over.",
            taken(&second_root(), &list_of(8), "fresh"),
        ),
        Case { held: vec![&most], ..Case::new(&recovered) }.vector(
            "a new root lowers the version",
            "The list's version had run away; the new root sets the least version anew.",
            taken(&recovery, &list_of(6), "fresh"),
        ),
        Case { now: at("2026-07-01T00:00:00Z"), ..Case::new(&usual) }.vector(
            "stale",
            "From thirty days on the list is stale, and still taken.",
            taken(&root(), &trust_list(), "stale"),
        ),
        Case { now: at("2026-08-30T00:00:00Z"), ..Case::new(&usual) }.vector(
            "too old",
            "From ninety days on it is too old, and still taken.",
            taken(&root(), &trust_list(), "too_old"),
        ),
        Case { restore: true, now: at("2027-02-01T00:00:00Z"), ..Case::new(&usual) }.vector(
            "expired root taken up again",
            "An expired root takes nothing away from what is held.",
            taken(&root(), &trust_list(), "too_old"),
        ),
    ]
}

fn chain() -> Vec<Vector> {
    let usual = trust_file();
    let list = || sign_list(&list_of(8));
    let third = Root {
        version: 3,
        issued: at("2027-05-01T00:00:00Z"),
        expires: at("2028-05-01T00:00:00Z"),
        ..second_root()
    };
    let three = [two_roots(), vec![sign_root(&third, &[Who::Root1, Who::Root2])]].concat();
    let update = |root: &Root, by: &[Who]| file_of(vec![first_root(), sign_root(root, by)], list());
    let fault = |name, what: &str, file: &TrustFile, code: &str| {
        Case { held: vec![&usual], ..Case::new(file) }.vector(name, what, error(code))
    };
    let with_version =
        |version| update(&Root { version, ..second_root() }, &[Who::Root1, Who::Root2]);
    let fork = Root { issued: at("2026-06-02T00:00:00Z"), ..second_root() };
    let rotated = file_of(two_roots(), list());
    let strangers = Root {
        keys: vec![public(Who::NewRoot), public(Who::Stranger)],
        threshold: 1,
        ..second_root()
    };
    vec![
        Case { pinned: Hash::of(b"another root"), ..Case::new(&usual) }.vector(
            "root not pinned",
            "A chain without the pinned root.",
            error("trust.not_pinned"),
        ),
        Case::new(&file_of(vec![sign_root(&root(), &[Who::Root1])], list())).vector(
            "one signature of two",
            "The pinned root with too few signatures.",
            error("trust.root_threshold"),
        ),
        Case::new(&file_of(vec![sign_root(&root(), &[Who::Root1, Who::Root1])], list())).vector(
            "one key signs twice",
            "Two signatures of one key count once.",
            error("trust.root_threshold"),
        ),
        fault(
            "not signed by the root before",
            "A new root that the old keys did not sign enough.",
            &update(&second_root(), &[Who::Root1, Who::NewRoot]),
            "trust.root_threshold",
        ),
        fault(
            "not signed by itself",
            "A new root that its own keys did not sign enough.",
            &update(&second_root(), &[Who::Root1, Who::Root3]),
            "trust.root_threshold",
        ),
        fault(
            "root of strangers",
            "A root that strangers made and signed.",
            &update(&strangers, &[Who::NewRoot, Who::Stranger]),
            "trust.root_threshold",
        ),
        fault("version gap", "Version 3 after version 1.", &with_version(3), "trust.root_version"),
        fault(
            "version again",
            "Version 1 after version 1.",
            &with_version(1),
            "trust.root_version",
        ),
        Case {
            held: vec![&rotated],
            ..Case::new(&file_of(vec![first_root()], sign_list(&list_of(9))))
        }
        .vector(
            "older chain",
            "A chain that ends before the root that is held.",
            error("trust.not_pinned"),
        ),
        Case { held: vec![&rotated], ..Case::new(&update(&fork, &[Who::Root1, Who::Root2])) }
            .vector(
                "forked chain",
                "Another root with the version that is held.",
                error("trust.not_pinned"),
            ),
        Case { now: at("2027-01-01T00:00:00Z"), ..Case::new(&usual) }.vector(
            "last root expired",
            "Nothing is accepted under an expired root.",
            error("trust.root_expired"),
        ),
        Case { held: vec![&usual], now: at("2027-01-01T00:00:00Z"), ..Case::new(&usual) }.vector(
            "last root expired on update",
            "Nor is an update.",
            error("trust.root_expired"),
        ),
        Case { now: at("2027-12-01T00:00:00Z"), ..Case::new(&file_of(three, list())) }.vector(
            "expired roots on the way",
            "Expired roots before the last one are fine.",
            taken(&third, &list_of(8), "too_old"),
        ),
    ]
}

fn lists() -> Vec<Vector> {
    let usual = trust_file();
    let under = |list: &TrustList| file_of(vec![first_root()], sign_list(list));
    let other = TrustList { expires: at("2026-12-02T00:00:00Z"), ..trust_list() };
    let strict = Root { min_trust_version: 8, ..root() };
    let strict_file =
        file_of(vec![sign_root(&strict, &[Who::Root1, Who::Root2])], sign_list(&trust_list()));
    let by =
        |signers: &[&dyn Signer]| file_of(vec![first_root()], trust_list().sign(signers).unwrap());
    let recovery = Root { min_trust_version: 9, ..second_root() };
    let below = file_of(
        vec![first_root(), sign_root(&recovery, &[Who::Root1, Who::Root2])],
        sign_list(&list_of(8)),
    );
    let mut shared = trust_list();
    shared.keys.push(issuer_key(public(Who::Root2), KeyUse::Ack, &[]));
    vec![
        Case { held: vec![&usual], ..Case::new(&under(&list_of(6))) }.vector(
            "rollback",
            "A version below the one that is held.",
            error("trust.rollback"),
        ),
        Case { held: vec![&usual], ..Case::new(&under(&other)) }.vector(
            "same version with another content",
            "One version has one content.",
            error("trust.same_version"),
        ),
        Case { pinned: root_hash(&strict), ..Case::new(&strict_file) }.vector(
            "below the root's least version",
            "The root asks for version 8 at least.",
            error("trust.rollback"),
        ),
        Case { held: vec![&usual], ..Case::new(&below) }.vector(
            "below the new root's least version",
            "The new root asks for version 9 at least.",
            error("trust.rollback"),
        ),
        Case::new(&by(&[&key(Who::Stranger)])).vector(
            "list by a stranger",
            "A list that the trust role did not sign.",
            error("trust.list_threshold"),
        ),
        Case::new(&by(&[&key(Who::Root1), &key(Who::Root2)])).vector(
            "list by root keys",
            "Root keys sign no lists.",
            error("trust.list_threshold"),
        ),
        Case::new(&by(&[&key(Who::Stranger), &key(Who::Trust)])).vector(
            "a stranger beside",
            "A further signature does no harm.",
            taken(&root(), &trust_list(), "fresh"),
        ),
        Case::new(&under(&shared)).vector(
            "root key in the list",
            "A root key has no other use.",
            error("rule.broken"),
        ),
    ]
}

/// Files whose parts break a rule of their form.
fn files() -> Vec<Vector> {
    let payload = |signed: &[u8], kind| {
        MultiSigned::parse(kind, signed).unwrap().unverified_payload().to_vec()
    };
    let list = payload(&sign_list(&trust_list()), ObjectType::TrustList);
    let with_list = |name, what: &str, altered: Altered, code: &str| {
        let signed =
            raw::multi(ObjectType::TrustList, &altered.encode(), &[(&key(Who::Trust), map(&[]))]);
        Case::new(&file_of(vec![first_root()], signed)).vector(name, what, error(code))
    };
    let with_list_taken = |name, what: &str, altered: Altered| {
        let signed =
            raw::multi(ObjectType::TrustList, &altered.encode(), &[(&key(Who::Trust), map(&[]))]);
        let mut expect = taken(&root(), &trust_list(), "fresh");
        expect["list_hash"] = Hash::of(&altered.encode()).to_string().into();
        Case::new(&file_of(vec![first_root()], signed)).vector(name, what, expect)
    };
    let first = payload(&first_root(), ObjectType::Root);
    let with_root = |name, what: &str, altered: Altered, code: &str| {
        let [one, two] = [key(Who::Root1), key(Who::Root2)];
        let signed =
            raw::multi(ObjectType::Root, &altered.encode(), &[(&one, map(&[])), (&two, map(&[]))]);
        let case = Case {
            pinned: Hash::of(&altered.encode()),
            ..Case::new(&file_of(vec![signed], sign_list(&trust_list())))
        };
        case.vector(name, what, error(code))
    };
    let raw_file = |name, what: &str, file: Vec<u8>, code: &str| {
        Case { file, ..Case::new(&trust_file()) }.vector(name, what, error(code))
    };
    let keys = |at: usize| Altered::payload(&list).keys(at);
    let all_keys = || items_of(&list, 6);
    let later_key =
        || Cbor::Map(vec![(2.into(), 10.into()), (3.into(), 7.into()), (9.into(), "new".into())]);
    let l = || Altered::payload(&list);
    let r = || Altered::payload(&first);
    vec![
        raw_file(
            "file without roots",
            "A file with a list alone.",
            raw::array(&[raw::array(&[]), bytes(&sign_list(&trust_list()))]),
            "field.wrong",
        ),
        raw_file(
            "file of three parts",
            "A file with something else in it.",
            raw::array(&[
                raw::array(&[bytes(&first_root())]),
                bytes(&sign_list(&trust_list())),
                int(0),
            ]),
            "field.wrong",
        ),
        raw_file(
            "file is no CBOR",
            "Text in place of a file.",
            b"trust me".to_vec(),
            "cbor.truncated",
        ),
        with_root(
            "root without version",
            "A root has a version.",
            r().without(&[1]),
            "field.missing",
        ),
        with_root("root of version 0", "Versions begin at 1.", r().with(&[1], 0), "field.wrong"),
        with_root("threshold of nobody", "A threshold of 0.", r().with(&[5], 0), "field.wrong"),
        with_root(
            "threshold that cannot be met",
            "Four of three.",
            r().with(&[5], 4),
            "field.wrong",
        ),
        with_root(
            "no trust keys",
            "A trust role that nobody has.",
            r().with(&[6], items([])),
            "field.wrong",
        ),
        with_root(
            "root with an unknown field",
            "A root is closed.",
            r().with(&[9], 1),
            "field.unknown",
        ),
        with_root(
            "one key in both roles",
            "A root key in the trust role.",
            r().with(&[6], items([public(Who::Root3).to_value()])),
            "rule.broken",
        ),
        with_root(
            "weak root key",
            "A key of small order in a root.",
            r().with(
                &[6],
                items([entries([(1, 1.into()), (-1, 6.into()), (-2, byte_string(&[0; 32]))])]),
            ),
            "key.weak",
        ),
        with_list(
            "list without version",
            "A list has a version.",
            l().without(&[1]),
            "field.missing",
        ),
        with_list(
            "list with an unknown field",
            "A list is closed.",
            l().with(&[12], 1),
            "field.unknown",
        ),
        with_list(
            "freshness the wrong way round",
            "Too old before it is stale.",
            l().with(&[4], items([2.into(), 1.into()])),
            "field.wrong",
        ),
        with_list(
            "one key twice",
            "One key has one use.",
            l().with(&[6], Cbor::Array([keys(0), keys(0)].concat())),
            "rule.broken",
        ),
        with_list_taken(
            "key of a use of a later version is passed over",
            "A use that this version does not know, beside the usual keys.",
            l().with(
                &[6],
                items(all_keys().into_iter().chain([with_entry(&keys(0)[0], 2, 10.into())])),
            ),
        ),
        with_list_taken(
            "key of a later use whose fields are new is passed over",
            "Of a key of an unknown use nothing but its use is read.",
            l().with(&[6], items(all_keys().into_iter().chain([later_key()]))),
        ),
        with_list(
            "key without a use",
            "No use, so nobody knows whether it may be passed over.",
            l().with(&[6], items([without_entry(&keys(0)[0], 2)])),
            "field.missing",
        ),
        with_list(
            "key whose use is a word",
            "A use is a number.",
            l().with(&[6], items([with_entry(&keys(0)[0], 2, "voucher".into())])),
            "field.wrong",
        ),
        with_list(
            "key of a negative use",
            "Uses are counted from 1.",
            l().with(&[6], items([with_entry(&keys(0)[0], 2, (-1).into())])),
            "field.wrong",
        ),
        with_list(
            "RSA key of ours",
            "RSA keys are for foreign vouchers.",
            l().with(&[6], items([without_entry(&keys(9)[0], 8)])),
            "field.wrong",
        ),
        with_list(
            "RSA key of 1024 bits",
            "A foreign key that is too short.",
            l().with(
                &[6],
                items([with_entry(
                    &keys(9)[0],
                    1,
                    entries([
                        (1, 3.into()),
                        (-1, byte_string(&[0xc1; 128])),
                        (-2, byte_string(&[1, 0, 1])),
                    ]),
                )]),
            ),
            "key.rsa_size",
        ),
        with_list(
            "unknown end of a key",
            "An end that is neither retired nor compromised.",
            l().with(&[6], items([with_entry(&keys(0)[0], 7, items([2.into()]))])),
            "field.wrong",
        ),
        with_list(
            "unknown time zone",
            "A programme in a zone that is not there.",
            l().with(&[7], items([with_entry(&items_of(&list, 7)[0], 3, "Asia/Atlantis".into())])),
            "field.wrong",
        ),
        with_list(
            "one programme twice",
            "A programme stands once.",
            l().with(
                &[7],
                Cbor::Array(vec![items_of(&list, 7)[0].clone(), items_of(&list, 7)[0].clone()]),
            ),
            "rule.broken",
        ),
        with_list(
            "one status list twice",
            "A status list stands once.",
            l().with(
                &[8],
                Cbor::Array(vec![items_of(&list, 8)[0].clone(), items_of(&list, 8)[0].clone()]),
            ),
            "rule.broken",
        ),
        with_list(
            "list with the voucher claim",
            "Nothing but a voucher carries claim −65537.",
            l().with(&[-65537], entries([])),
            "field.unknown",
        ),
    ]
}

pub fn items_of(payload: &[u8], field: i64) -> Vec<Cbor> {
    let value = cbor::decode(payload).unwrap();
    let map = value.into_map().unwrap();
    let found = map.into_iter().find(|(key, _)| *key == Cbor::from(field)).unwrap().1;
    found.into_array().unwrap()
}

fn without_entry(map: &Cbor, key: i64) -> Cbor {
    let mut map = map.as_map().unwrap().clone();
    map.retain(|(k, _)| *k != Cbor::from(key));
    Cbor::Map(map)
}

pub fn with_entry(map: &Cbor, key: i64, value: Cbor) -> Cbor {
    let Cbor::Map(mut entries) = without_entry(map, key) else { panic!("a map") };
    entries.push((key.into(), value));
    Cbor::Map(entries)
}

impl Altered {
    /// The key of a trust list at this place, alone.
    fn keys(&self, at: usize) -> Vec<Cbor> {
        vec![items_of(&self.encode(), 6)[at].clone()]
    }
}

fn zlib(content: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    out.write_all(content).unwrap();
    out.finish().unwrap()
}

fn statuses() -> Vec<Vector> {
    let signer = key(Who::Status);
    let marks = [
        (1, Status::Revoked),
        (2, Status::Suspended),
        (3, Status::Redeemed),
        (63, Status::Revoked),
    ];
    let usual = status_list(64, &marks);
    let case = |name, what: &str, list: u32, held: Option<&str>, token: &[u8], expect: Value| {
        let mut own = json!({ "hex": hex::encode(token), "list": list, "expect": expect });
        if let Some(held) = held {
            own["held"] = at(held).as_seconds().into();
        }
        vector(name, what, own)
    };
    let token = usual.sign(&signer).unwrap();
    let claims =
        Sign1::parse(ObjectType::StatusList, &token).unwrap().unverified_payload().to_vec();
    let sign =
        |payload: &[u8]| Envelope::new(ObjectType::StatusList, payload, &signer).sign(&signer);
    let refused = |name, what: &str, altered: Altered, code: &str| {
        case(name, what, 1, None, &sign(&altered.encode()), error(code))
    };
    let c = || Altered::payload(&claims);
    let packed = |bits: i64, lst: &[u8]| {
        Cbor::Map(vec![("bits".into(), bits.into()), ("lst".into(), byte_string(lst))])
    };
    let lst = |name, what: &str, lst: &[u8], code: &str| {
        refused(name, what, c().with(&[65533], packed(2, lst)), code)
    };
    let largest = status_list(MAX_ENTRIES, &[(MAX_ENTRIES - 1, Status::Revoked)]);
    let without_exp = StatusList { expires: None, ..usual.clone() };
    let old_key = |issued: &str| {
        StatusList { issued: at(issued), ..usual.clone() }.sign(&key(Who::OldStatus)).unwrap()
    };
    let taken = describe::status_list(&usual);
    let mut at_old_key = describe::status_list(&usual);
    at_old_key["issued"] = at("2026-06-11T23:59:59Z").as_seconds().into();
    let foreign = map(&[
        (int(2), text("/v1/status/1")),
        (int(6), int(at("2026-06-14T00:00:00Z").as_seconds() as i64)),
        (
            int(65533),
            map(&[
                (text("lst"), bytes(&zlib(&[0xe4]))),
                (text("bits"), int(2)),
                (text("aggregation_uri"), text("https://a.example")),
            ]),
        ),
        (int(65534), int(43_200)),
    ]);
    vec![
        case(
            "usual",
            "A token of sixty-four entries, of which four are not valid.",
            1,
            None,
            &token,
            taken.clone(),
        ),
        case(
            "same again",
            "A token with the iat of the one accepted last.",
            1,
            Some("2026-06-14T00:00:00Z"),
            &token,
            taken,
        ),
        case(
            "without exp",
            "A token without end.",
            1,
            None,
            &without_exp.sign(&signer).unwrap(),
            describe::status_list(&without_exp),
        ),
        case(
            "of another implementation",
            "A token with ttl and an aggregation address; the four lowest bits first.",
            1,
            None,
            &sign(&foreign),
            json!({ "address": "/v1/status/1", "issued": at("2026-06-14T00:00:00Z").as_seconds(), "entries": 4,
                    "not_valid": { "1": "revoked", "2": "suspended", "3": "redeemed" } }),
        ),
        case(
            "largest",
            "2^20 entries.",
            1,
            None,
            &largest.sign(&signer).unwrap(),
            describe::status_list(&largest),
        ),
        case(
            "older than held",
            "A second older than the one accepted last.",
            1,
            Some("2026-06-14T00:00:01Z"),
            &token,
            error("status.older"),
        ),
        case(
            "older than the trust list allows",
            "A token from before the least iat.",
            1,
            None,
            &StatusList { issued: at("2026-05-31T23:59:59Z"), ..usual.clone() }
                .sign(&signer)
                .unwrap(),
            error("status.older"),
        ),
        case(
            "another list's",
            "The token of list 1 shown as list 2.",
            2,
            None,
            &token,
            error("status.address"),
        ),
        case(
            "by a stranger",
            "A token of a key that the list does not name.",
            1,
            None,
            &usual.sign(&key(Who::Stranger)).unwrap(),
            error("key.unknown"),
        ),
        case(
            "by an issuer of vouchers",
            "A voucher key signs no status lists.",
            1,
            None,
            &usual.sign(&key(Who::Voucher)).unwrap(),
            error("key.unknown"),
        ),
        case(
            "by a key before it retired",
            "A retired key's earlier token stays good.",
            1,
            None,
            &old_key("2026-06-11T23:59:59Z"),
            at_old_key,
        ),
        case(
            "by a key after it retired",
            "A retired key's later token does not count, though the list's other key is in force.",
            1,
            None,
            &old_key("2026-06-12T00:00:00Z"),
            error("signature.wrong"),
        ),
        refused(
            "one bit an entry",
            "Lists have two bits an entry.",
            c().with(&[65533], packed(1, &zlib(&[0]))),
            "status.bits",
        ),
        refused(
            "eight bits an entry",
            "Neither more.",
            c().with(&[65533], packed(8, &zlib(&[0]))),
            "status.bits",
        ),
        refused("no list", "A token without list.", c().without(&[65533]), "field.missing"),
        refused("no address", "A token without sub.", c().without(&[2]), "field.missing"),
        refused("no iat", "A token without time of issue.", c().without(&[6]), "field.missing"),
        refused(
            "voucher claim",
            "Nothing but a voucher carries claim −65537.",
            c().with(&[-65537], entries([])),
            "field.unknown",
        ),
        lst(
            "bytes after the list",
            "Bytes after the compressed list.",
            &[zlib(&[0; 16]), vec![0]].concat(),
            "status.trailing",
        ),
        lst(
            "cut off",
            "A compressed list without its end.",
            &zlib(&[0x5a; 16])[..9],
            "status.inflate",
        ),
        lst(
            "wrong checksum",
            "A compressed list whose checksum is wrong.",
            &{
                let mut all = zlib(&[0; 16]);
                *all.last_mut().unwrap() ^= 1;
                all
            },
            "status.inflate",
        ),
        lst("not compressed", "A list that is not compressed.", &[0; 16], "status.inflate"),
        lst(
            "one entry too many",
            "2^20 entries and four.",
            &zlib(&vec![0; MAX_ENTRIES as usize / 4 + 1]),
            "status.too_long",
        ),
        lst(
            "bomb",
            "Sixteen megabytes in sixteen kilobytes.",
            &zlib(&vec![0; 16_000_000]),
            "status.too_long",
        ),
    ]
}
