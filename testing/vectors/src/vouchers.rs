//! `voucher.json`: vouchers of our own form.

use crate::alter::{Altered, bytes, list, map};
use crate::{Vector, error, vector, write};
use protocol::Hash;
use protocol::cbor::Value as Cbor;
use protocol::cose::ObjectType;
use protocol::key::Signer;
use protocol::voucher::{Reference, VOUCHER_CLAIM, Voucher};
use samples::describe;
use samples::raw::{self, Envelope};
use samples::{Who, at, cti, full_voucher, goods, key, money, p256_issuer, public, voucher};
use serde_json::{Value, json};

pub fn write_all() {
    let vectors = [good(), broken(), envelopes()].into_iter().flatten().collect();
    write(
        "voucher.json",
        "Vouchers as QR texts: read `text` to the bytes `hex`, verify them with `keys`, read the \
         claims. `payload_hash` is SHA-256 of the signed payload; `identity_hash` is that of issuer \
         and reference (docs/protocol.md, section 3).",
        json!({}),
        vectors,
    );
}

fn case(
    name: &'static str,
    what: &str,
    signed: &[u8],
    signer: &dyn Signer,
    expect: Value,
) -> Vector {
    let text = protocol::voucher::to_text(signed).unwrap();
    let keys = [hex::encode(signer.public_key().to_bytes())];
    vector(
        name,
        what,
        json!({ "text": text, "hex": hex::encode(signed), "keys": keys, "expect": expect }),
    )
}

fn described(voucher: &Voucher, payload: &[u8]) -> Value {
    let mut expect = describe::voucher(voucher);
    expect["payload_hash"] = Hash::of(payload).to_string().into();
    expect
}

/// A voucher that is what it says.
fn taken(name: &'static str, what: &str, voucher: &Voucher, signer: &dyn Signer) -> Vector {
    let payload = voucher.encode().unwrap();
    let signed = Envelope::new(ObjectType::Voucher, &payload, signer).sign(signer);
    case(name, what, &signed, signer, described(voucher, &payload))
}

fn good() -> Vec<Vector> {
    let signer = key(Who::Voucher);
    let usual = voucher();
    let mut far = voucher();
    far.not_before = far.issued.after(protocol::Span::days(366));
    far.expires = far.not_before.after(protocol::Span::seconds(1));
    let mut hashed = voucher();
    hashed.identity.reference = Reference::Cti(protocol::id::VoucherId::from_bytes([0xff; 16]));
    let mut all = vec![
        taken("money", "A small usual voucher over money.", &usual, &signer),
        taken(
            "every field",
            "A voucher over goods with every field there is.",
            &full_voucher(),
            &signer,
        ),
        taken("on P-256", "The small voucher under ESP256.", &usual, &p256_issuer()),
        taken(
            "bearer of nothing but the needed",
            "No status and no holder.",
            &Voucher { status: None, ..voucher() },
            &signer,
        ),
        taken(
            "largest amount",
            "2^53 − 1 minor units.",
            &Voucher { benefit: money((1 << 53) - 1), ..voucher() },
            &signer,
        ),
        taken(
            "valid for one second a year from now",
            "nbf may be a year, 366 days, after iat.",
            &far,
            &signer,
        ),
        taken(
            "valid before it was issued",
            "nbf may lie before iat.",
            &Voucher { not_before: at("2020-01-01T00:00:00Z"), ..voucher() },
            &signer,
        ),
        taken(
            "cti that is no UUID",
            "The sixteen bytes of cti are not looked into.",
            &hashed,
            &signer,
        ),
    ];
    let payload = usual.encode().unwrap();
    let tagged =
        Envelope { tags: vec![61, 18], ..Envelope::new(ObjectType::Voucher, &payload, &signer) };
    all.push(case(
        "tag 61",
        "CWT's tag outside is read; the payload and the identity are the same.",
        &tagged.sign(&signer),
        &signer,
        described(&usual, &payload),
    ));
    let old = Envelope {
        protected: raw::protected(ObjectType::Voucher, -8, signer.public_key().kid().as_bytes()),
        ..Envelope::new(ObjectType::Voucher, &payload, &signer)
    };
    all.push(case(
        "EdDSA",
        "The older number of the algorithm, −8, is read.",
        &old.sign(&signer),
        &signer,
        described(&usual, &payload),
    ));
    let more = Altered::payload(&payload).with(&[38], "unknown").with_text_key(
        &[],
        "note",
        "also unknown",
    );
    all.push(case(
        "unknown claims",
        "Unknown claims at the top are passed over.",
        &more.sign(ObjectType::Voucher, &signer),
        &signer,
        described(&usual, &more.encode()),
    ));
    all
}

/// Signed payloads that break one rule each.
fn broken() -> Vec<Vector> {
    let signer = key(Who::Voucher);
    let start = || Altered::payload(&full_voucher().encode().unwrap());
    let refused = |name, what: &str, altered: Altered, code: &str| {
        case(name, what, &altered.sign(ObjectType::Voucher, &signer), &signer, error(code))
    };
    let own = VOUCHER_CLAIM;
    let money = |minor: Cbor, currency: &str| map([(0, list([minor, currency.into()]))]);
    let line =
        |item: &str, quantity: i64, unit: &str| list([item.into(), quantity.into(), unit.into()]);
    let goods = |lines: Vec<Cbor>| map([(1, list(lines))]);
    let iat = full_voucher().issued.as_seconds();
    let nbf = full_voucher().not_before.as_seconds();
    let holder = |entries: Vec<(i64, Cbor)>| map(entries);
    vec![
        refused("no iss", "A voucher without issuer.", start().without(&[1]), "field.missing"),
        refused(
            "iss with a space",
            "Names have no white space.",
            start().with(&[1], "vouchers example"),
            "field.wrong",
        ),
        refused("iss empty", "Names are not empty.", start().with(&[1], ""), "field.wrong"),
        refused("iss as bytes", "Names are text.", start().with(&[1], bytes(b"a")), "field.wrong"),
        refused("no sub", "A voucher without entitlement.", start().without(&[2]), "field.missing"),
        refused(
            "sub of 129 bytes",
            "Names have at most 128 bytes.",
            start().with(&[2], "x".repeat(129)),
            "field.wrong",
        ),
        refused(
            "aud as a list",
            "One provider or group.",
            start().with(&[3], list(["a".into()])),
            "field.wrong",
        ),
        refused("no exp", "A voucher without end.", start().without(&[4]), "field.missing"),
        refused(
            "exp as text",
            "Times are integers.",
            start().with(&[4], "2026-06-30"),
            "field.wrong",
        ),
        refused(
            "exp negative",
            "Times are not before 1970.",
            start().with(&[4], -1),
            "field.wrong",
        ),
        refused(
            "exp after the year 9999",
            "Times can be named by a calendar.",
            start().with(&[4], 253_402_207_201_i64),
            "field.wrong",
        ),
        refused("no nbf", "A voucher without beginning.", start().without(&[5]), "field.missing"),
        refused(
            "no iat",
            "A voucher without time of issue.",
            start().without(&[6]),
            "field.missing",
        ),
        refused(
            "nbf is exp",
            "A voucher that is never valid.",
            start().with(&[4], nbf),
            "rule.broken",
        ),
        refused(
            "nbf after exp",
            "A voucher that ends before it begins.",
            start().with(&[4], nbf - 1),
            "rule.broken",
        ),
        refused(
            "nbf more than a year after iat",
            "A second more than 366 days.",
            start().with(&[5], iat + 366 * 86_400 + 1).with(&[4], iat + 400 * 86_400),
            "rule.broken",
        ),
        refused("no cti", "A voucher without identity.", start().without(&[7]), "field.missing"),
        refused(
            "cti of 15 bytes",
            "An identity that is too short.",
            start().with(&[7], bytes(&[1; 15])),
            "field.wrong",
        ),
        refused(
            "cti as text",
            "An identity as text.",
            start().with(&[7], cti(1).to_string()),
            "field.wrong",
        ),
        refused(
            "no voucher claim",
            "A CWT without claim −65537 is no voucher.",
            start().without(&[own]),
            "field.missing",
        ),
        refused(
            "voucher claim is no map",
            "The voucher claim is a map.",
            start().with(&[own], 1),
            "field.wrong",
        ),
        refused(
            "unknown key in the voucher claim",
            "Unknown keys inside −65537 are refused.",
            start().with(&[own, 7], 1),
            "field.unknown",
        ),
        refused(
            "text key in the voucher claim",
            "So are keys of text.",
            start().with_text_key(&[own], "note", 1),
            "field.unknown",
        ),
        refused(
            "no programme",
            "A voucher without programme.",
            start().without(&[own, 1]),
            "field.missing",
        ),
        refused(
            "no benefit",
            "A voucher over nothing.",
            start().without(&[own, 2]),
            "field.missing",
        ),
        refused(
            "empty benefit",
            "A benefit that is neither money nor goods.",
            start().with(&[own, 2], map([])),
            "field.wrong",
        ),
        refused(
            "money and goods",
            "A benefit that is both.",
            start().with(
                &[own, 2],
                map([(0, list([1.into(), "PHP".into()])), (1, list([line("rice", 1, "kg")]))]),
            ),
            "field.wrong",
        ),
        refused(
            "unknown benefit",
            "A benefit of another kind.",
            start().with(&[own, 2], map([(2, 1.into())])),
            "field.unknown",
        ),
        refused(
            "zero money",
            "An amount of nothing.",
            start().with(&[own, 2], money(0.into(), "PHP")),
            "field.wrong",
        ),
        refused(
            "negative money",
            "An amount below nothing.",
            start().with(&[own, 2], money((-1).into(), "PHP")),
            "field.wrong",
        ),
        refused(
            "money as text",
            "An amount as text.",
            start().with(&[own, 2], money("5000.00".into(), "PHP")),
            "field.wrong",
        ),
        refused(
            "currency in lower case",
            "A currency is three capital letters.",
            start().with(&[own, 2], money(1.into(), "php")),
            "field.wrong",
        ),
        refused(
            "currency of four letters",
            "Three and no more.",
            start().with(&[own, 2], money(1.into(), "PHPX")),
            "field.wrong",
        ),
        refused(
            "money without currency",
            "An amount alone.",
            start().with(&[own, 2], map([(0, list([1.into()]))])),
            "field.wrong",
        ),
        refused(
            "no goods",
            "An empty list of goods.",
            start().with(&[own, 2], goods(vec![])),
            "field.wrong",
        ),
        refused(
            "one item twice",
            "Each item stands once.",
            start().with(&[own, 2], goods(vec![line("rice", 1, "kg"), line("rice", 2, "kg")])),
            "field.wrong",
        ),
        refused(
            "zero goods",
            "A quantity of nothing.",
            start().with(&[own, 2], goods(vec![line("rice", 0, "kg")])),
            "field.wrong",
        ),
        refused(
            "goods without unit",
            "A quantity of what?",
            start().with(&[own, 2], goods(vec![list(["rice".into(), 1.into()])])),
            "field.wrong",
        ),
        refused(
            "no assistance type",
            "A voucher without kind of assistance.",
            start().without(&[own, 3]),
            "field.missing",
        ),
        refused(
            "assistance type with a line break",
            "Words for people have no control characters.",
            start().with(&[own, 3], "food\n"),
            "field.wrong",
        ),
        refused(
            "assistance type of 257 bytes",
            "Words for people have at most 256 bytes.",
            start().with(&[own, 3], "x".repeat(257)),
            "field.wrong",
        ),
        refused(
            "holder without name",
            "A holder has a name.",
            start().with(&[own, 4], holder(vec![(2, 1984.into())])),
            "field.missing",
        ),
        refused(
            "holder born in 1799",
            "A year of birth that cannot be.",
            start().with(&[own, 4], holder(vec![(1, "A".into()), (2, 1799.into())])),
            "field.wrong",
        ),
        refused(
            "five characters of an identity number",
            "At most four are shown.",
            start().with(&[own, 4], holder(vec![(1, "A".into()), (3, "12345".into())])),
            "field.wrong",
        ),
        refused(
            "unknown field of the holder",
            "A holder's field that is not known.",
            start().with(&[own, 4], holder(vec![(1, "A".into()), (4, "x".into())])),
            "field.unknown",
        ),
        refused(
            "status of one number",
            "A list without index.",
            start().with(&[own, 5], list([1.into()])),
            "field.wrong",
        ),
        refused(
            "status index of 2^32",
            "An index that no list has.",
            start().with(&[own, 5], list([1.into(), (1_i64 << 32).into()])),
            "field.wrong",
        ),
        refused(
            "no documents in the list",
            "An empty list of documents is left out.",
            start().with(&[own, 6], list([])),
            "field.wrong",
        ),
        refused(
            "document digest of 31 bytes",
            "A digest that is too short.",
            start().with(&[own, 6], list([list([bytes(&[1; 31]), "letter".into()])])),
            "field.wrong",
        ),
        refused(
            "document without label",
            "A digest alone.",
            start().with(&[own, 6], list([list([bytes(&[1; 32])])])),
            "field.wrong",
        ),
        refused(
            "claims are no map",
            "A payload that is an array.",
            Altered::payload(&[0x80]),
            "field.wrong",
        ),
    ]
}

/// What can be wrong around the claims.
fn envelopes() -> Vec<Vector> {
    let signer = key(Who::Voucher);
    let payload = voucher().encode().unwrap();
    let usual = Envelope::new(ObjectType::Voucher, &payload, &signer);
    let refused = |name, what: &str, envelope: Envelope, code: &str| {
        case(name, what, &envelope.sign(&signer), &signer, error(code))
    };
    let nist = p256_issuer();
    let by_nist = Envelope::new(ObjectType::Voucher, &payload, &nist);
    let high = raw::other_s(&nist.sign(&by_nist.to_be_signed()).unwrap());
    let kid = public(Who::Voucher).kid();
    let mut with_typ =
        vec![(raw::int(1), raw::int(-19)), (raw::int(4), raw::bytes(kid.as_bytes()))];
    with_typ.push((raw::int(16), raw::text("application/vouchsafe-voucher+cose")));
    let more = Voucher { benefit: goods(), ..voucher() };
    vec![
        refused(
            "typ on a voucher",
            "A voucher has no type.",
            Envelope { protected: raw::map(&with_typ), ..usual.clone() },
            "cose.type",
        ),
        refused(
            "no tag",
            "A voucher without tag.",
            Envelope { tags: vec![], ..usual.clone() },
            "cbor.tag",
        ),
        refused(
            "tag 61 alone",
            "CWT's tag without COSE's.",
            Envelope { tags: vec![61], ..usual.clone() },
            "cbor.tag",
        ),
        refused(
            "key id outside",
            "An unprotected header.",
            Envelope {
                unprotected: raw::map(&[(raw::int(4), raw::bytes(kid.as_bytes()))]),
                ..usual.clone()
            },
            "cose.unprotected",
        ),
        refused(
            "detached",
            "A voucher without its claims.",
            Envelope { attached: false, ..usual.clone() },
            "cose.detached",
        ),
        refused(
            "claims out of order",
            "Signed claims that are not canonical.",
            Envelope {
                payload: raw::map(&[(raw::int(2), raw::text("E")), (raw::int(1), raw::text("I"))]),
                ..usual.clone()
            },
            "cbor.key_order",
        ),
        case(
            "high s",
            "An ECDSA signature with high s.",
            &by_nist.with_signature(&high),
            &nist,
            error("signature.wrong"),
        ),
        case(
            "signature of another voucher",
            "The signature of the same issuer's other voucher.",
            &usual.with_signature(
                &signer
                    .sign(
                        &Envelope::new(ObjectType::Voucher, &more.encode().unwrap(), &signer)
                            .to_be_signed(),
                    )
                    .unwrap(),
            ),
            &signer,
            error("signature.wrong"),
        ),
        case(
            "unknown key",
            "A voucher of a key that is not given.",
            &usual.sign(&signer),
            &key(Who::Stranger),
            error("key.unknown"),
        ),
        case(
            "signed by the device",
            "A device's key names itself as issuer's.",
            &usual.sign(&key(Who::Stranger)),
            &signer,
            error("signature.wrong"),
        ),
        case("nonsense", "Bytes that are no CBOR.", b"hello, world", &signer, error("cbor.tag")),
        case("nothing", "No bytes at all.", b"", &signer, error("cbor.truncated")),
    ]
}
