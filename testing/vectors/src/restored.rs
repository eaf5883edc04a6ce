//! `restored.json`: what phones and servers say after a backup was put back, and what a supervisor's override is told by.

use crate::alter::{Altered, bytes, list};
use crate::{Vector, error, vector, write};
use protocol::Hash;
use protocol::ack::{Ack, Batch};
use protocol::cose::{ObjectType, Sign1};
use protocol::key::Signer;
use protocol::record::{Body, OpenedRecord, Record, Redeem, Restart};
use samples::describe;
use samples::{Who, ack, batch, bodies, device, header, key, record, redeem};
use serde_json::{Value, json};

pub fn write_all() {
    write(
        "restored.json",
        "Records of the kinds override and restart, the batches of a phone that names the ack it held last or sends for \
         another device, and the acks of a server that was restored: `object` says which of them `hex` is.",
        json!({}),
        [records(), batches(), acks()].concat(),
    );
}

fn case(object: &str, name: &'static str, what: &str, hex: &[u8], expect: Value) -> Vector {
    let key = match object {
        "record" => Some(device().public_key()),
        "ack" => Some(key(Who::Ack).public_key()),
        _ => None,
    };
    let mut own = json!({ "object": object, "hex": hex::encode(hex), "expect": expect });
    if let Some(key) = key {
        own["key"] = hex::encode(key.to_bytes()).into();
    }
    vector(name, what, own)
}

fn records() -> Vec<Vector> {
    let good = |name, what: &str, body: Body| {
        let record = record(8, &body);
        let payload = Sign1::parse(ObjectType::Record, &record.signed_header).unwrap();
        let hash = Hash::of(payload.unverified_payload());
        let opened = OpenedRecord { header: header(8, &body), body, hash };
        case("record", name, what, &record.encode().unwrap(), describe::record(&opened))
    };
    let bad = |name, what: &str, body: &Body, alter: fn(Altered) -> Altered, code: &str| {
        let good = record(8, body);
        let body = alter(Altered::payload(&body.encode().unwrap())).encode();
        let parsed = Sign1::parse(ObjectType::Record, &good.signed_header).unwrap();
        let signed_header = Altered::payload(parsed.unverified_payload())
            .with(&[10], bytes(Hash::of(&body).as_bytes()))
            .sign(ObjectType::Record, &device());
        let whole = Record { signed_header, body }.encode().unwrap();
        case("record", name, what, &whole, error(code))
    };
    let of_kind = |wanted: fn(&Body) -> bool| bodies().into_iter().find(wanted).unwrap();
    let allowed = of_kind(|body| matches!(body, Body::Override { .. }));
    let restart = of_kind(|body| matches!(body, Body::Restart(_)));
    let (Body::Redeem(served), Body::Restart(restarted)) = (redeem(), restart.clone()) else {
        panic!("a sample of another kind");
    };
    let with_override = Redeem { overridden_by: Some(Hash::of(b"the override")), ..served };
    let nothing_shared = Restart { shared: None, orphans: Vec::new(), ..restarted };
    vec![
        good("override", "A supervisor allowed what was refused.", allowed.clone()),
        good(
            "redeem with leave",
            "A redemption names the override that allowed it.",
            Body::Redeem(with_override),
        ),
        good(
            "restart",
            "A chain goes on from another at the place that both have, and names what lost its place there.",
            restart.clone(),
        ),
        good(
            "restart from nothing",
            "The chain that was closed shares nothing with the server.",
            Body::Restart(nothing_shared),
        ),
        bad(
            "override by nobody",
            "An override without supervisor.",
            &allowed,
            |it| it.without(&[3]),
            "field.missing",
        ),
        bad(
            "override without reason",
            "An override that says not of what.",
            &allowed,
            |it| it.without(&[2]),
            "field.missing",
        ),
        bad(
            "restart without chain",
            "A restart that says not which chain it closes.",
            &restart,
            |it| it.without(&[1]),
            "field.missing",
        ),
        bad(
            "restart at place 0",
            "Places in a chain begin at 1.",
            &restart,
            |it| it.with(&[2], list([0.into(), bytes(&[1; 32])])),
            "field.wrong",
        ),
        bad(
            "restart with an unknown field",
            "A body is closed.",
            &restart,
            |it| it.with(&[9], 1),
            "field.unknown",
        ),
    ]
}

fn batches() -> Vec<Vector> {
    let good = |name, what: &str, batch: Batch| {
        case("batch", name, what, &batch.encode().unwrap(), describe::batch(&batch))
    };
    let bad = |name, what: &str, key: i64, value: protocol::cbor::Value| {
        let altered = Altered::payload(&batch().encode().unwrap()).with(&[key], value);
        case("batch", name, what, &altered.encode(), error("field.wrong"))
    };
    let last_ack = Some(Hash::of(b"the last ack"));
    let device = Some(Hash::of(b"the key that was lost"));
    vec![
        good(
            "batch after an ack",
            "The phone names the ack that it held last.",
            Batch { last_ack, ..batch() },
        ),
        good(
            "batch for another device",
            "A phone that lost its key sends what the old one signed.",
            Batch { last_ack, device, ..batch() },
        ),
        bad("batch after a short ack", "An ack is named by 32 bytes.", 5, bytes(&[1; 31])),
        bad("batch for a device with a name", "A device is named by 32 bytes.", 6, "mercy".into()),
    ]
}

fn acks() -> Vec<Vector> {
    let restored = Ack { restored: true, ..ack() };
    let signer = key(Who::Ack);
    let signed = restored.sign(&signer).unwrap();
    let envelope = Sign1::parse(ObjectType::Ack, &signed).unwrap();
    let mut expect = describe::ack(&restored);
    expect["hash"] = envelope.payload_hash().to_string().into();
    let payload = envelope.unverified_payload();
    let denied = Altered::payload(payload).with(&[11], false).sign(ObjectType::Ack, &signer);
    vec![
        case(
            "ack",
            "ack of a restored server",
            "It does not know the ack that was named.",
            &signed,
            expect,
        ),
        case(
            "ack",
            "ack that denies",
            "A server that was not restored leaves the field out.",
            &denied,
            error("field.wrong"),
        ),
    ]
}
