//! `record.json`, `sealed.json`, `batch.json`, `ack.json`, `profile.json`, `enrolment.json` and
//! `session.json`: what goes between a phone and its server.

use crate::alter::{Altered, bytes, list, map};
use crate::{Vector, error, vector, write};
use protocol::Hash;
use protocol::ack::{Batch, ClaimState, ClaimUpdate};
use protocol::cbor::Value as Cbor;
use protocol::cose::{ObjectType, Sign1};
use protocol::enrolment::Offer;
use protocol::id::ClaimId;
use protocol::key::Signer;
use protocol::record::{OpenedRecord, Record};
use protocol::seal::UnsealingKey;
use samples::describe;
use samples::raw::{self, Envelope};
use samples::{
    Who, ack, batch, bodies, device, header, key, now, offer, profile, public, record, redeem,
    request, sealing, session,
};
use serde_json::{Value, json};

pub fn write_all() {
    write(
        "record.json",
        "Device records: `[signed header, body]`, verified with the device's key. `hash` is SHA-256 of \
         the header's payload, by which a record is known.",
        json!({}),
        records(),
    );
    write(
        "sealed.json",
        "Sealed records (HPKE, RFC 9180): open `hex` with the key pair that DeriveKeyPair makes of \
         `seed`; `expect.hex` is what was sealed.",
        json!({}),
        sealed(),
    );
    write("batch.json", "Batches of records on their way in.", json!({}), batches());
    write(
        "ack.json",
        "The server's signed answers. `hash` is SHA-256 of the payload.",
        json!({}),
        acks(),
    );
    write("profile.json", "Device profiles.", json!({}), profiles());
    write(
        "enrolment.json",
        "Enrolment: `text` is an offer's QR text, `hex` a phone's request.",
        json!({}),
        enrolments(),
    );
    write("session.json", "A device's answer to a session challenge.", json!({}), sessions());
}

fn payload_of(kind: ObjectType, signed: &[u8]) -> Vec<u8> {
    Sign1::parse(kind, signed).unwrap().unverified_payload().to_vec()
}

fn records() -> Vec<Vector> {
    let signer = device();
    let case = |name, what: &str, record: &[u8], signer: &dyn Signer, expect: Value| {
        let key = hex::encode(signer.public_key().to_bytes());
        vector(name, what, json!({ "hex": hex::encode(record), "key": key, "expect": expect }))
    };
    let names = [
        ("redeem", "A voucher was served."),
        ("void", "A redemption was taken back."),
        ("refuse a voucher", "A voucher was refused; its holder is not named."),
        ("refuse a text", "A text that did not verify; only its digest is kept."),
        ("attach a document", "A document was added to a claim."),
    ];
    let mut all = Vec::new();
    for (i, (body, (name, what))) in bodies().into_iter().zip(names).enumerate() {
        let sequence = i as u64 + 1;
        let record = record(sequence, &body);
        let hash = Hash::of(&payload_of(ObjectType::Record, &record.signed_header));
        let opened = OpenedRecord { header: header(sequence, &body), body, hash };
        all.push(case(name, what, &record.encode().unwrap(), &signer, describe::record(&opened)));
    }
    let body = redeem();
    let encoded = body.encode().unwrap();
    let payload = payload_of(ObjectType::Record, &record(1, &body).signed_header);
    let h = || Altered::payload(&payload);
    let whole = |signed_header: Vec<u8>, body: &[u8]| {
        Record { signed_header, body: body.to_vec() }.encode().unwrap()
    };
    let with_header = |name, what: &str, altered: Altered, code: &str| {
        let signed = altered.sign(ObjectType::Record, &signer);
        case(name, what, &whole(signed, &encoded), &signer, error(code))
    };
    let with_body = |name, what: &str, altered: Altered, code: &str| {
        let body = altered.encode();
        let signed =
            h().with(&[10], bytes(Hash::of(&body).as_bytes())).sign(ObjectType::Record, &signer);
        case(name, what, &whole(signed, &body), &signer, error(code))
    };
    let b = || Altered::payload(&encoded);
    let good = record(1, &body);
    let stranger = key(Who::Stranger);
    let envelope = Envelope::new(ObjectType::Record, &payload, &signer);
    let high = raw::other_s(&signer.sign(&envelope.to_be_signed()).unwrap());
    all.extend([
        with_header("no chain", "A record without chain.", h().without(&[1]), "field.missing"),
        with_header(
            "chain of 15 bytes",
            "A chain id that is too short.",
            h().with(&[1], bytes(&[1; 15])),
            "field.wrong",
        ),
        with_header("sequence 0", "Sequences begin at 1.", h().with(&[2], 0), "field.wrong"),
        with_header(
            "first with a record before",
            "The first record has none before it.",
            h().with(&[3], bytes(&[1; 32])),
            "field.wrong",
        ),
        with_header(
            "second without a record before",
            "Every other record has one.",
            h().with(&[2], 2),
            "field.wrong",
        ),
        with_header("unknown kind", "A kind without number.", h().with(&[4], 99), "field.wrong"),
        with_header("no device time", "A record without time.", h().without(&[5]), "field.missing"),
        with_header(
            "no clock floor",
            "A record without floor.",
            h().without(&[6]),
            "field.missing",
        ),
        with_header(
            "monotonic time without boot",
            "A reading of no boot.",
            h().with(&[7], list([5.into()])),
            "field.wrong",
        ),
        with_header(
            "operator with a space",
            "Names have no white space.",
            h().with(&[8], "ana maria"),
            "field.wrong",
        ),
        with_header(
            "nothing held",
            "A record that says not what the phone held.",
            h().without(&[9]),
            "field.missing",
        ),
        with_header(
            "no body digest",
            "A header without its body's digest.",
            h().without(&[10]),
            "field.missing",
        ),
        with_header(
            "unknown field in the header",
            "A header is closed.",
            h().with(&[11], 1),
            "field.unknown",
        ),
        with_header(
            "header of another kind",
            "A redeem body under a void header.",
            h().with(&[4], 2),
            "field.wrong",
        ),
        with_body("no claim", "A redemption without claim.", b().without(&[1]), "field.missing"),
        with_body(
            "no voucher",
            "A redemption without voucher.",
            b().without(&[2]),
            "field.missing",
        ),
        with_body(
            "voucher as a number",
            "A voucher is bytes or a token's text.",
            b().with(&[2], 5),
            "field.wrong",
        ),
        with_body(
            "unknown way of reading",
            "A way of reading without number.",
            b().with(&[3], 9),
            "field.wrong",
        ),
        with_body(
            "nothing given",
            "A redemption of nothing.",
            b().with(&[4], map([(0, list([0.into(), "PHP".into()]))])),
            "field.wrong",
        ),
        with_body(
            "unknown field in the body",
            "A body is closed.",
            b().with(&[7], 1),
            "field.unknown",
        ),
        with_body(
            "document of two parts",
            "A document has digest, length and type.",
            b().with(&[6], list([list([bytes(&[1; 32]), 5.into()])])),
            "field.wrong",
        ),
        case(
            "another body",
            "A body that was not signed for.",
            &whole(good.signed_header.clone(), &bodies()[1].encode().unwrap()),
            &signer,
            error("rule.broken"),
        ),
        case(
            "another device",
            "A record of another device.",
            &good.encode().unwrap(),
            &stranger,
            error("key.unknown"),
        ),
        case(
            "wrong signature",
            "A record that its device did not sign.",
            &whole(envelope.sign(&stranger), &encoded),
            &signer,
            error("signature.wrong"),
        ),
        case(
            "high s",
            "A signature with high s.",
            &whole(envelope.with_signature(&high), &encoded),
            &signer,
            error("signature.wrong"),
        ),
        case(
            "header of another type",
            "A profile in place of the header.",
            &whole(Envelope::new(ObjectType::Profile, &payload, &signer).sign(&signer), &encoded),
            &signer,
            error("cose.type"),
        ),
        case(
            "three parts",
            "A record with a part too many.",
            &raw::array(&[raw::bytes(&good.signed_header), raw::bytes(&encoded), raw::int(0)]),
            &signer,
            error("field.wrong"),
        ),
        vector(
            "too large",
            "A record of more than 64 KiB.",
            json!({
                "hex": "",
                "zeros": 65_537,
                "key": hex::encode(signer.public_key().to_bytes()),
                "expect": error("size.too_large"),
            }),
        ),
    ]);
    all
}

fn sealed() -> Vec<Vector> {
    let seed = [0x31; 32];
    let content = record(1, &bodies()[1]).encode().unwrap();
    let kid = sealing().public().kid();
    let good = sealing().public().seal(&content).unwrap();
    let parts = protocol::cbor::decode(&good).unwrap().into_array().unwrap();
    let with = |at: usize, value: Cbor| {
        let mut parts = parts.clone();
        parts[at] = value;
        protocol::cbor::encode(&Cbor::Array(parts)).unwrap()
    };
    let altered = |at: usize| {
        let mut bytes = parts[at].as_bytes().unwrap().clone();
        *bytes.last_mut().unwrap() ^= 1;
        with(at, Cbor::Bytes(bytes))
    };
    let case = |name, what: &str, sealed: &[u8], seed: [u8; 32], expect: Value| {
        vector(
            name,
            what,
            json!({ "hex": hex::encode(sealed), "seed": hex::encode(seed), "expect": expect }),
        )
    };
    let other = UnsealingKey::from_seed(&[0x32; 32]);
    let renamed = with(1, bytes(other.public().kid().as_bytes()));
    vec![
        case(
            "good",
            "A sealed record.",
            &good,
            seed,
            json!({ "kid": kid.to_string(), "hex": hex::encode(&content) }),
        ),
        case(
            "another key",
            "A record that is sealed to another key.",
            &good,
            [0x32; 32],
            error("seal.closed"),
        ),
        case(
            "renamed key",
            "The key id changed to that of another key, which still opens nothing.",
            &renamed,
            [0x32; 32],
            error("seal.closed"),
        ),
        case(
            "altered ciphertext",
            "A bit of the ciphertext changed.",
            &altered(3),
            seed,
            error("seal.closed"),
        ),
        case(
            "altered encapsulated key",
            "A bit of the encapsulated key changed.",
            &altered(2),
            seed,
            error("seal.closed"),
        ),
        case(
            "encapsulated key of small order",
            "All zeros.",
            &with(2, bytes(&[0; 32])),
            seed,
            error("seal.closed"),
        ),
        case(
            "no ciphertext",
            "A ciphertext of no bytes.",
            &with(3, bytes(&[])),
            seed,
            error("seal.closed"),
        ),
        case(
            "another version",
            "A version that is not known.",
            &with(0, 2.into()),
            seed,
            error("field.wrong"),
        ),
        case(
            "key id of seven bytes",
            "A key id that is too short.",
            &with(1, bytes(&[1; 7])),
            seed,
            error("field.wrong"),
        ),
        case(
            "three parts",
            "An envelope without ciphertext.",
            &protocol::cbor::encode(&Cbor::Array(parts[..3].to_vec())).unwrap(),
            seed,
            error("field.wrong"),
        ),
        vector(
            "too large",
            "A sealed record that is longer than a record can be.",
            json!({
                "hex": "",
                "zeros": 65_793,
                "seed": hex::encode(seed),
                "expect": error("size.too_large"),
            }),
        ),
    ]
}

fn batches() -> Vec<Vector> {
    let case = |name, what: &str, batch: &[u8], expect: Value| {
        vector(name, what, json!({ "hex": hex::encode(batch), "expect": expect }))
    };
    let good = |name, what: &str, batch: &Batch| {
        case(name, what, &batch.encode().unwrap(), describe::batch(batch))
    };
    let usual = batch().encode().unwrap();
    let b = || Altered::payload(&usual);
    let bad = |name, what: &str, altered: Altered, code: &str| {
        case(name, what, &altered.encode(), error(code))
    };
    vec![
        good(
            "two items",
            "A record and something that is none; items are not judged here.",
            &batch(),
        ),
        good(
            "no items",
            "An empty batch asks for news.",
            &Batch { since: 0, items: vec![], ..batch() },
        ),
        good(
            "500 items",
            "As many items as there may be.",
            &Batch { items: vec![vec![0]; 500], ..batch() },
        ),
        bad(
            "501 items",
            "One more.",
            b().with(&[3], Cbor::Array(vec![bytes(&[0]); 501])),
            "size.too_large",
        ),
        bad("no chain", "A batch without chain.", b().without(&[1]), "field.missing"),
        bad("no cursor", "A batch without cursor.", b().without(&[2]), "field.missing"),
        bad(
            "items as text",
            "Items are byte strings.",
            b().with(&[3], list(["a".into()])),
            "field.wrong",
        ),
        bad("unknown field", "A batch is closed.", b().with(&[4], 1), "field.unknown"),
        case("no CBOR", "Text in place of a batch.", b"batch", error("cbor.trailing")),
    ]
}

fn acks() -> Vec<Vector> {
    let signer = key(Who::Ack);
    let keys = [hex::encode(signer.public_key().to_bytes())];
    let case = |name, what: &str, signed: &[u8], expect: Value| {
        vector(name, what, json!({ "hex": hex::encode(signed), "keys": keys, "expect": expect }))
    };
    let good = |name, what: &str, ack: &protocol::ack::Ack| {
        let signed = ack.sign(&signer).unwrap();
        let mut expect = describe::ack(ack);
        expect["hash"] = Hash::of(&payload_of(ObjectType::Ack, &signed)).to_string().into();
        case(name, what, &signed, expect)
    };
    let payload = payload_of(ObjectType::Ack, &ack().sign(&signer).unwrap());
    let a = || Altered::payload(&payload);
    let bad = |name, what: &str, altered: Altered, code: &str| {
        case(name, what, &altered.sign(ObjectType::Ack, &signer), error(code))
    };
    let result = |parts: Vec<Cbor>| list([list(parts)]);
    let item = || bytes(&[1; 32]);
    let update = |state: &str| list([map([(1, bytes(&[1; 16])), (2, state.into())])]);
    let empty = protocol::ack::Ack {
        head: 0,
        head_hash: None,
        results: vec![],
        documents: vec![],
        claims: vec![],
        ..ack()
    };
    vec![
        good(
            "every outcome",
            "An ack with a result of each kind, a document and two claims.",
            &ack(),
        ),
        good("nothing held", "An ack of a server that holds nothing of the chain.", &empty),
        bad("no device", "An ack to nobody.", a().without(&[1]), "field.missing"),
        bad("no head", "An ack without head.", a().without(&[3]), "field.missing"),
        bad(
            "head without digest",
            "A head comes with its digest.",
            a().without(&[4]),
            "rule.broken",
        ),
        bad("digest without head", "And no head without.", a().with(&[3], 0), "rule.broken"),
        bad(
            "no results",
            "An ack without its list of results.",
            a().without(&[5]),
            "field.missing",
        ),
        bad(
            "unknown outcome",
            "An outcome without number.",
            a().with(&[5], result(vec![item(), 9.into()])),
            "field.wrong",
        ),
        bad(
            "refused without reason",
            "A refusal says why.",
            a().with(&[5], result(vec![item(), 3.into()])),
            "field.wrong",
        ),
        bad(
            "accepted with reason",
            "Nothing else does.",
            a().with(&[5], result(vec![item(), 0.into(), "x".into()])),
            "field.wrong",
        ),
        bad(
            "result of four parts",
            "A result with a part too many.",
            a().with(&[5], result(vec![item(), 3.into(), "x".into(), 1.into()])),
            "field.wrong",
        ),
        {
            let mut later = ack();
            later.claims = vec![ClaimUpdate {
                claim: ClaimId::from_bytes([1; 16]),
                state: ClaimState::InReview,
                reason: None,
            }];
            let altered = a().with(&[7], update("being_audited"));
            let mut expect = describe::ack(&later);
            expect["hash"] = Hash::of(&altered.encode()).to_string().into();
            case(
                "claim state of a later version reads as in review",
                "A state that this version does not know.",
                &altered.sign(ObjectType::Ack, &signer),
                expect,
            )
        },
        bad(
            "claim state without name",
            "A state has a name.",
            a().with(&[7], update("")),
            "field.wrong",
        ),
        bad("no server time", "An ack without time.", a().without(&[9]), "field.missing"),
        bad("unknown field", "An ack is closed.", a().with(&[10], 1), "field.unknown"),
        case(
            "by another key",
            "An ack that another key signed.",
            &ack().sign(&key(Who::Status)).unwrap(),
            error("key.unknown"),
        ),
        case(
            "wrong signature",
            "An ack with a wrong signature.",
            &Envelope::new(ObjectType::Ack, &payload, &signer).with_signature(&[5; 64]),
            error("signature.wrong"),
        ),
        case(
            "a profile",
            "A profile shown as an ack.",
            &profile().sign(&signer).unwrap(),
            error("cose.type"),
        ),
        case(
            "an unsigned answer",
            "A web page in place of an ack.",
            b"<!doctype html><title>Sign in to the network</title>",
            error("cbor.reserved"),
        ),
    ]
}

fn profiles() -> Vec<Vector> {
    let signer = key(Who::Profile);
    let keys = [hex::encode(signer.public_key().to_bytes())];
    let case = |name, what: &str, signed: &[u8], expect: Value| {
        vector(name, what, json!({ "hex": hex::encode(signed), "keys": keys, "expect": expect }))
    };
    let usual = profile();
    let bare = protocol::profile::Profile {
        groups: vec![],
        programmes: vec![],
        operators: vec![],
        supervisors: vec![],
        limits: protocol::profile::Limits::default(),
        confirmed: false,
        delegations: Vec::new(),
        ..profile()
    };
    let payload = payload_of(ObjectType::Profile, &usual.sign(&signer).unwrap());
    let p = || Altered::payload(&payload);
    let own = -65538;
    let bad = |name, what: &str, altered: Altered, code: &str| {
        case(name, what, &altered.sign(ObjectType::Profile, &signer), error(code))
    };
    let other_key = map([(1, key(Who::Stranger).public_key().to_value())]);
    let p2 = p().with(&[99], "unknown");
    vec![
        case(
            "usual",
            "A profile with everything.",
            &usual.sign(&signer).unwrap(),
            describe::profile(&usual),
        ),
        case(
            "bare",
            "A phone that staff have not confirmed and that may serve nothing yet.",
            &bare.sign(&signer).unwrap(),
            describe::profile(&bare),
        ),
        case(
            "unknown claim",
            "Unknown claims at the top are passed over.",
            &p2.sign(ObjectType::Profile, &signer),
            describe::profile(&usual),
        ),
        bad(
            "no profile claim",
            "A CWT without claim −65538.",
            p().without(&[own]),
            "field.missing",
        ),
        bad(
            "voucher claim",
            "Nothing but a voucher carries claim −65537.",
            p().with(&[-65537], map([])),
            "field.unknown",
        ),
        bad("no cnf", "A profile without the device's key.", p().without(&[8]), "field.missing"),
        bad(
            "key of another device",
            "A subject that is not the key's thumbprint.",
            p().with(&[8], other_key),
            "field.wrong",
        ),
        bad(
            "further confirmation method",
            "A key and something else.",
            p().with(&[8, 3], bytes(&[1])),
            "field.unknown",
        ),
        bad("no provider", "A phone of nobody.", p().without(&[own, 1]), "field.missing"),
        bad(
            "provider with a space",
            "Names have no white space.",
            p().with(&[own, 1], "pharmacy 17"),
            "field.wrong",
        ),
        bad("no limits", "A profile without limits.", p().without(&[own, 7]), "field.missing"),
        bad(
            "unknown limit",
            "A limit that is not known.",
            p().with(&[own, 7, 2], 5),
            "field.unknown",
        ),
        bad(
            "freshness the wrong way round",
            "Too old before it is stale.",
            p().with(&[own, 8], list([2.into(), 1.into()])),
            "field.wrong",
        ),
        bad("confirmed as a number", "Yes or no.", p().with(&[own, 9], 1), "field.wrong"),
        bad(
            "unknown field",
            "The profile claim is closed.",
            p().with(&[own, 10], 1),
            "field.unknown",
        ),
        case(
            "by another key",
            "A profile that another key signed.",
            &usual.sign(&key(Who::Ack)).unwrap(),
            error("key.unknown"),
        ),
        case(
            "an ack",
            "An ack shown as a profile.",
            &ack().sign(&signer).unwrap(),
            error("cose.type"),
        ),
    ]
}

fn enrolments() -> Vec<Vector> {
    let offered = |name, what: &str, text: String, expect: Value| {
        vector(name, what, json!({ "text": text, "expect": expect }))
    };
    let asked = |name, what: &str, signed: &[u8], expect: Value| {
        vector(name, what, json!({ "hex": hex::encode(signed), "expect": expect }))
    };
    let text = offer().to_text().unwrap();
    let content = base45::decode(&text["VSE1:".len()..]).unwrap();
    let o = || Altered::payload(&content);
    let bad_offer = |name, what: &str, altered: Altered, code: &str| {
        offered(name, what, format!("VSE1:{}", base45::encode(altered.encode())), error(code))
    };
    let local = Offer { origin: "http://192.168.1.20:8080".to_owned(), ..offer() };
    let signer = device();
    let signed = request().sign(&signer).unwrap();
    let payload = payload_of(ObjectType::Enrolment, &signed);
    let r = || Altered::payload(&payload);
    let bad_request = |name, what: &str, altered: Altered, code: &str| {
        asked(name, what, &altered.sign(ObjectType::Enrolment, &signer), error(code))
    };
    vec![
        offered("offer", "An offer.", text.clone(), describe::offer(&offer())),
        offered(
            "offer of a server in the room",
            "An offer with an address and a port.",
            local.to_text().unwrap(),
            describe::offer(&local),
        ),
        offered(
            "offer in lower case",
            "Base45 has capital letters.",
            text.to_lowercase(),
            error("text.prefix"),
        ),
        offered(
            "voucher for an offer",
            "A voucher's prefix.",
            text.replacen("VSE1:", "VS1:", 1),
            error("text.prefix"),
        ),
        offered(
            "offer that is no base45",
            "Two characters overflow.",
            "VSE1:::".to_owned(),
            error("text.base45"),
        ),
        offered(
            "offer too long",
            "More than 2,048 characters.",
            format!("VSE1:{}", "0".repeat(2046)),
            error("size.too_large"),
        ),
        bad_offer(
            "offer with a path",
            "An origin ends with the port.",
            o().with(&[1], "https://vouchers.example.org/enrol"),
            "field.wrong",
        ),
        bad_offer(
            "offer with a name before the host",
            "An origin has no user.",
            o().with(&[1], "https://vouchers.example.org@evil.example"),
            "field.wrong",
        ),
        bad_offer(
            "offer of another scheme",
            "HTTP alone.",
            o().with(&[1], "ftp://vouchers.example.org"),
            "field.wrong",
        ),
        bad_offer(
            "offer in capitals",
            "Origins are lower case.",
            o().with(&[1], "https://Vouchers.example.org"),
            "field.wrong",
        ),
        bad_offer(
            "offer with a short code",
            "Sixteen bytes of code.",
            o().with(&[2], bytes(&[1; 15])),
            "field.wrong",
        ),
        bad_offer(
            "offer without root",
            "A phone must pin a root.",
            o().without(&[3]),
            "field.missing",
        ),
        bad_offer(
            "offer with an unknown field",
            "An offer is closed.",
            o().with(&[5], 1),
            "field.unknown",
        ),
        asked(
            "request",
            "A request, signed by the key inside.",
            &signed,
            describe::request(&request()),
        ),
        asked(
            "request by another key",
            "A request that another key signed.",
            &request().sign(&key(Who::Stranger)).unwrap(),
            error("key.unknown"),
        ),
        asked(
            "request with a wrong signature",
            "A request that nobody signed.",
            &Envelope::new(ObjectType::Enrolment, &payload, &signer).with_signature(&[5; 64]),
            error("signature.wrong"),
        ),
        bad_request(
            "request without key",
            "A request of no phone.",
            r().without(&[4]),
            "field.missing",
        ),
        bad_request(
            "request with a short nonce",
            "Sixteen bytes of nonce.",
            r().with(&[5], bytes(&[1; 8])),
            "field.wrong",
        ),
        bad_request(
            "request with an unknown field",
            "A request is closed.",
            r().with(&[6], 1),
            "field.unknown",
        ),
        asked(
            "session proof for a request",
            "A session proof shown as a request.",
            &session().sign(&signer).unwrap(),
            error("cose.type"),
        ),
    ]
}

fn sessions() -> Vec<Vector> {
    let signer = device();
    let case = |name, what: &str, signed: &[u8], expect: Value| {
        let key = hex::encode(signer.public_key().to_bytes());
        vector(name, what, json!({ "hex": hex::encode(signed), "key": key, "expect": expect }))
    };
    let signed = session().sign(&signer).unwrap();
    let payload = payload_of(ObjectType::Session, &signed);
    let s = || Altered::payload(&payload);
    let bad = |name, what: &str, altered: Altered, code: &str| {
        case(name, what, &altered.sign(ObjectType::Session, &signer), error(code))
    };
    let other = public(Who::DesktopDevice);
    assert_ne!(other, signer.public_key());
    vec![
        case("proof", "A proof.", &signed, describe::session(&session())),
        bad(
            "nonce of 31 bytes",
            "A nonce that is too short.",
            s().with(&[1], bytes(&[1; 31])),
            "field.wrong",
        ),
        bad("no origin", "A proof for no server.", s().without(&[2]), "field.missing"),
        bad(
            "origin with a path",
            "An origin ends with the port.",
            s().with(&[2], "https://vouchers.example.org/"),
            "field.wrong",
        ),
        bad(
            "unknown field",
            "A proof is closed.",
            s().with(&[3], now().as_seconds()),
            "field.unknown",
        ),
        case(
            "by another device",
            "A proof of another device.",
            &session().sign(&key(Who::DesktopDevice)).unwrap(),
            error("key.unknown"),
        ),
        case(
            "a request",
            "A request shown as a proof.",
            &request().sign(&signer).unwrap(),
            error("cose.type"),
        ),
    ]
}
