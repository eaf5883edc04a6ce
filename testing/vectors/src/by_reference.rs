//! `by_code.json`: services by a printed reference, and trust lists that allow them.

use crate::alter::{Altered, bytes, list as items};
use crate::trust::{items_of, with_entry};
use crate::{Vector, error, vector, write};
use protocol::Hash;
use protocol::cbor;
use protocol::cose::{MultiSigned, ObjectType, Sign1};
use protocol::key::Signer;
use protocol::record::{Body, OpenedRecord, Record, ServeByReference};
use protocol::trust::{Programme, TrustList};
use samples::describe;
use samples::{
    self, Who, device, header, key, raw, record, serve_by_reference, trust_file, trust_list,
};
use serde_json::{Value, json};

pub fn write_all() {
    write(
        "by_code.json",
        "Records of the kind serve by code, and trust files whose first programme says whether its vouchers may be \
         served so: `object` says which of them `hex` is. A trust file is accepted under `pinned` and tells `by_code`.",
        json!({}),
        [records(), trust_files()].concat(),
    );
}

fn records() -> Vec<Vector> {
    let key = device().public_key();
    let case = |name, what: &str, hex: &[u8], expect: Value| {
        let key = hex::encode(key.to_bytes());
        let own =
            json!({ "object": "record", "hex": hex::encode(hex), "key": key, "expect": expect });
        vector(name, what, own)
    };
    let good = |name, what: &str, body: Body| {
        let record = record(9, &body);
        let payload = Sign1::parse(ObjectType::Record, &record.signed_header).unwrap();
        let hash = Hash::of(payload.unverified_payload());
        let opened = OpenedRecord { header: header(9, &body), body, hash };
        case(name, what, &record.encode().unwrap(), describe::record(&opened))
    };
    let bad = |name, what: &str, alter: fn(Altered) -> Altered, code: &str| {
        let good = record(9, &serve_by_reference());
        let body = alter(Altered::payload(&serve_by_reference().encode().unwrap())).encode();
        let parsed = Sign1::parse(ObjectType::Record, &good.signed_header).unwrap();
        let signed_header = Altered::payload(parsed.unverified_payload())
            .with(&[10], bytes(Hash::of(&body).as_bytes()))
            .sign(ObjectType::Record, &device());
        case(name, what, &Record { signed_header, body }.encode().unwrap(), error(code))
    };
    let Body::ServeByReference(served) = serve_by_reference() else {
        panic!("a sample of another kind")
    };
    let plain = ServeByReference { warnings: Vec::new(), documents: Vec::new(), ..served };
    let text = "field.wrong";
    vec![
        good("served by code", "With a warning and a document.", serve_by_reference()),
        good("served by code alone", "With nothing besides.", Body::ServeByReference(plain)),
        bad(
            "reference in small letters",
            "A record has the reference as it is printed, however it was typed.",
            |it| it.with(&[2], "7k2m-94qx"),
            text,
        ),
        bad(
            "reference without its hyphen",
            "As it is printed.",
            |it| it.with(&[2], "7K2M94QX"),
            text,
        ),
        bad("reference too short", "Eight letters.", |it| it.with(&[2], "7K2M-94Q"), text),
        bad(
            "letter that no reference has",
            "There is no U.",
            |it| it.with(&[2], "7K2M-94QU"),
            text,
        ),
        bad("no reference", "It says not what was typed.", |it| it.without(&[2]), "field.missing"),
        bad(
            "no voucher",
            "It says not which voucher was listed.",
            |it| it.without(&[3]),
            "field.missing",
        ),
        bad(
            "short identity",
            "An identity's digest has 32 bytes.",
            |it| it.with(&[3], bytes(&[1; 31])),
            text,
        ),
        bad("nothing given", "It says not what was given.", |it| it.without(&[4]), "field.missing"),
        bad(
            "unknown field",
            "A body is closed.",
            |it| it.with(&[8], bytes(&[1; 32])),
            "field.unknown",
        ),
    ]
}

fn trust_files() -> Vec<Vector> {
    let pinned = samples::root_hash(&samples::root()).to_string();
    let list = |by_reference| {
        let mut list = trust_list();
        list.programmes[0] = Programme { by_reference, ..list.programmes[0].clone() };
        list
    };
    let case = |name, what: &str, file: Vec<u8>, expect: Value| {
        let own = json!({ "object": "trust", "hex": hex::encode(file), "pinned": pinned, "expect": expect });
        vector(name, what, own)
    };
    let good = |name, what: &str, list: &TrustList, by_reference: bool| {
        let file = samples::trust_file_with(list).encode().unwrap();
        case(name, what, file, json!({ "by_code": by_reference }))
    };
    let signed = list(true).sign(&[&key(Who::Trust)]).unwrap();
    let signed = MultiSigned::parse(ObjectType::TrustList, &signed).unwrap();
    let bad = |name, what: &str, value: cbor::Value| {
        let payload = signed.unverified_payload();
        let programme = with_entry(&items_of(payload, 7)[0], 8, value);
        let altered = Altered::payload(payload).with(&[7], items([programme])).encode();
        let signer = [(&key(Who::Trust) as &dyn Signer, raw::map(&[]))];
        let list = raw::multi(ObjectType::TrustList, &altered, &signer);
        let file = samples::file_of(trust_file().roots, list).encode().unwrap();
        case(name, what, file, error("field.wrong"))
    };
    vec![
        good("programme that allows it", "Its vouchers may be served by code.", &list(true), true),
        good("programme that does not", "What is not allowed is left out.", &list(false), false),
        bad("programme that says no", "What is not allowed is left out, not denied.", false.into()),
        bad("programme that says one", "It is true or absent.", 1.into()),
    ]
}
