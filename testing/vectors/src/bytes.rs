//! `cbor.json`, `key.json`, `text.json`, `cose.json`: what holds for every object.

use crate::{Vector, error, vector, write};
use protocol::Hash;
use protocol::cbor::{MAX_DEPTH, MAX_ITEMS};
use protocol::cose::ObjectType;
use protocol::key::{PublicKey, Signer};
use samples::describe;
use samples::raw::{self, Envelope, array, bytes, int, map, tag, text};
use samples::{self, Who, device, foreign_public, key, p256_issuer, public};
use serde_json::{Value, json};

pub fn write_all() {
    write(
        "cbor.json",
        "The byte-level rules for every CBOR item (docs/protocol.md, section 1). `at` is the offset \
         of the item that breaks the rule.",
        json!({}),
        cbor(),
    );
    write(
        "key.json",
        "COSE_Keys with their thumbprint (RFC 9679), key id and the eight digits that people \
         compare, and keys that are refused.",
        json!({}),
        keys(),
    );
    write(
        "text.json",
        "The QR text of a voucher and the bytes behind it: `VS1:` and canonical base45 (RFC 9285).",
        json!({}),
        texts(),
    );
    write(
        "cose.json",
        "The rules for envelopes (docs/protocol.md, section 2): read `hex` as an object of `type` \
         and verify it with `keys`. `hash` is SHA-256 of the payload; `signers` is how many of \
         `keys` signed a root or trust list.",
        json!({}),
        envelopes(),
    );
}

fn cbor() -> Vec<Vector> {
    let good = |name, what: &str, bytes: Vec<u8>| {
        let expect = json!({ "valid": true });
        vector(name, what, json!({ "hex": hex::encode(bytes), "expect": expect }))
    };
    let bad = |name, what: &str, bytes: Vec<u8>, code: &str, at: usize| {
        let expect = json!({ "error": code, "at": at });
        vector(name, what, json!({ "hex": hex::encode(bytes), "expect": expect }))
    };
    let most = (1_i64 << 53) - 1;
    let nested = |depth: usize| [vec![0x81; depth], vec![0]].concat();
    let two = |first: Vec<u8>, second: Vec<u8>| map(&[(first, int(0)), (second, int(0))]);
    vec![
        good(
            "integers at every width",
            "Each width of integer at its least and most.",
            array(&[
                int(0),
                int(23),
                int(24),
                int(255),
                int(256),
                int(65_535),
                int(65_536),
                int(4_294_967_295),
                int(4_294_967_296),
                int(-1),
                int(-24),
                int(-25),
                int(-256),
                int(-257),
            ]),
        ),
        good("largest integer", "2^53 − 1, the largest integer there is.", int(most)),
        good("smallest integer", "−(2^53 − 1), the smallest integer there is.", int(-most)),
        good(
            "simple values",
            "False, true and null are the simple values there are.",
            array(&[vec![0xf4], vec![0xf5], vec![0xf6]]),
        ),
        good(
            "empty items",
            "Empty byte string, text, array and map.",
            array(&[bytes(&[]), text(""), array(&[]), map(&[])]),
        ),
        good(
            "keys in bytewise order",
            "1, −1 and text keys sort by their bytes, so 1 < −1 < \"\" < \"b\" < \"aa\".",
            map(&[
                (int(1), int(0)),
                (int(100), int(0)),
                (int(-1), int(0)),
                (text(""), int(0)),
                (text("b"), int(0)),
                (text("aa"), int(0)),
            ]),
        ),
        good("text of many scripts", "Text is any UTF-8.", text("Peña · 山田 · 🍚")),
        good("sixteen deep", "Sixteen arrays in one another.", nested(MAX_DEPTH)),
        bad(
            "seventeen deep",
            "Seventeen arrays in one another.",
            nested(MAX_DEPTH + 1),
            "cbor.depth",
            16,
        ),
        bad("nothing", "No bytes at all.", vec![], "cbor.truncated", 0),
        bad(
            "truncated integer",
            "The argument of an integer is missing.",
            vec![0x19, 0x01],
            "cbor.truncated",
            1,
        ),
        bad(
            "truncated text",
            "Text shorter than its length.",
            vec![0x63, b'a', b'b'],
            "cbor.truncated",
            1,
        ),
        bad(
            "truncated array",
            "An array with fewer items than it says.",
            vec![0x82, 0],
            "cbor.truncated",
            2,
        ),
        bad(
            "truncated map",
            "A map whose last key has no value.",
            vec![0xa1, 0],
            "cbor.truncated",
            2,
        ),
        bad(
            "length beyond memory",
            "A byte string of 2^64 − 1 bytes.",
            vec![0x5b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
            "cbor.truncated",
            9,
        ),
        bad("trailing byte", "A byte after the item.", vec![0, 0], "cbor.trailing", 1),
        bad("integer not shortest", "23 in two bytes.", vec![0x18, 23], "cbor.not_shortest", 0),
        bad(
            "integer not shortest in three bytes",
            "255 in three bytes.",
            vec![0x19, 0, 255],
            "cbor.not_shortest",
            0,
        ),
        bad(
            "integer not shortest in five bytes",
            "65535 in five bytes.",
            vec![0x1a, 0, 0, 255, 255],
            "cbor.not_shortest",
            0,
        ),
        bad(
            "integer not shortest in nine bytes",
            "2^32 − 1 in nine bytes.",
            vec![0x1b, 0, 0, 0, 0, 255, 255, 255, 255],
            "cbor.not_shortest",
            0,
        ),
        bad("negative not shortest", "−1 in two bytes.", vec![0x38, 0], "cbor.not_shortest", 0),
        bad(
            "length not shortest",
            "The length of a byte string in two bytes where one would do.",
            vec![0x58, 1, 0],
            "cbor.not_shortest",
            0,
        ),
        bad(
            "array length not shortest",
            "The length of an array in two bytes where one would do.",
            vec![0x98, 1, 0],
            "cbor.not_shortest",
            0,
        ),
        bad(
            "indefinite bytes",
            "A byte string of indefinite length.",
            vec![0x5f, 0x41, 0, 0xff],
            "cbor.indefinite",
            0,
        ),
        bad(
            "indefinite text",
            "Text of indefinite length.",
            vec![0x7f, 0x61, b'a', 0xff],
            "cbor.indefinite",
            0,
        ),
        bad(
            "indefinite array",
            "An array of indefinite length.",
            vec![0x9f, 0, 0xff],
            "cbor.indefinite",
            0,
        ),
        bad(
            "indefinite map",
            "A map of indefinite length.",
            vec![0xbf, 0, 0, 0xff],
            "cbor.indefinite",
            0,
        ),
        bad("break alone", "A break without a beginning.", vec![0xff], "cbor.indefinite", 0),
        bad("keys out of order", "2 before 1.", two(int(2), int(1)), "cbor.key_order", 3),
        bad(
            "negative key before positive",
            "−1 sorts after 1.",
            two(int(-1), int(1)),
            "cbor.key_order",
            3,
        ),
        bad(
            "longer text key first",
            "\"aa\" sorts after \"b\", as its length comes first.",
            two(text("aa"), text("b")),
            "cbor.key_order",
            5,
        ),
        bad("duplicate key", "One key twice.", two(int(1), int(1)), "cbor.duplicate_key", 3),
        bad(
            "duplicate key within",
            "One key twice, in a map in a map.",
            map(&[(int(0), two(int(1), int(1)))]),
            "cbor.duplicate_key",
            5,
        ),
        bad("no UTF-8", "A byte that begins no character.", vec![0x61, 0xff], "cbor.utf8", 0),
        bad("overlong UTF-8", "A slash in two bytes.", vec![0x62, 0xc0, 0xaf], "cbor.utf8", 0),
        bad("surrogate", "Half of a surrogate pair.", vec![0x63, 0xed, 0xa0, 0x80], "cbor.utf8", 0),
        bad("half float", "1.0 in half precision.", vec![0xf9, 0x3c, 0], "cbor.float", 0),
        bad("float", "1.0 in single precision.", vec![0xfa, 0x3f, 0x80, 0, 0], "cbor.float", 0),
        bad(
            "double",
            "1.1 in double precision.",
            vec![0xfb, 0x3f, 0xf1, 0x99, 0x99, 0x99, 0x99, 0x99, 0x9a],
            "cbor.float",
            0,
        ),
        bad("tag", "A time under tag 1.", tag(1, int(1_780_000_000)), "cbor.tag", 0),
        bad(
            "inner tag",
            "A big number under tag 2, in an array.",
            array(&[tag(2, bytes(&[1]))]),
            "cbor.tag",
            1,
        ),
        bad("undefined", "The simple value undefined.", vec![0xf7], "cbor.simple", 0),
        bad("other simple value", "An unassigned simple value.", vec![0xe0], "cbor.simple", 0),
        bad(
            "simple value in two bytes",
            "A simple value with its own byte.",
            vec![0xf8, 0x20],
            "cbor.simple",
            0,
        ),
        bad(
            "integer of 2^53",
            "The first integer that a double does not hold for sure.",
            int(most + 1),
            "cbor.integer_range",
            0,
        ),
        bad("integer of −2^53", "The same below zero.", int(-most - 1), "cbor.integer_range", 0),
        bad(
            "reserved length",
            "An initial byte that RFC 8949 reserves.",
            vec![0x1c],
            "cbor.reserved",
            0,
        ),
        vector(
            "too many items",
            "2^18 zeros in an array, which makes one item too many.",
            json!({
                "hex": hex::encode(raw::head(4, MAX_ITEMS as u64)),
                "zeros": MAX_ITEMS,
                "expect": { "error": "cbor.too_many", "at": MAX_ITEMS + 4 },
            }),
        ),
    ]
}

fn keys() -> Vec<Vector> {
    let good = |name, what: &str, key: &PublicKey| {
        vector(
            name,
            what,
            json!({ "hex": hex::encode(key.to_bytes()), "expect": describe::key(key) }),
        )
    };
    let bad = |name, what: &str, bytes: Vec<u8>, code: &str| {
        vector(name, what, json!({ "hex": hex::encode(bytes), "expect": error(code) }))
    };
    let okp = |x: &[u8]| map(&[(int(1), int(1)), (int(-1), int(6)), (int(-2), bytes(x))]);
    let ec2 = |x: &[u8], y: &[u8]| {
        map(&[(int(1), int(2)), (int(-1), int(1)), (int(-2), bytes(x)), (int(-3), bytes(y))])
    };
    let rsa =
        |n: &[u8], e: &[u8]| map(&[(int(1), int(3)), (int(-1), bytes(n)), (int(-2), bytes(e))]);
    let example = PublicKey::p256(
        &hex::decode("65eda5a12577c2bae829437fe338701a10aaa375e1bb5b5de108de439c08551d")
            .unwrap()
            .try_into()
            .unwrap(),
        &hex::decode("1e52ed75701163f7f9e40ddf9f341b3dc9ba860af7e0ca7ca7e9eecd0084d19c")
            .unwrap()
            .try_into()
            .unwrap(),
    )
    .unwrap();
    let x = [&[0x09; 31][..], &[0x08]].concat();
    let mut one_more = [0xff_u8; 32];
    (one_more[0], one_more[31]) = (0xf0, 0x7f);
    let odd = [vec![0xc1; 255], vec![0x01]].concat();
    vec![
        good("Ed25519", "A key on Ed25519.", &public(Who::Voucher)),
        good("P-256", "A key on P-256.", &device().public_key()),
        good(
            "example of RFC 9679",
            "The key of RFC 9679, section 6; its thumbprint is 496bd8af…53ec.",
            &example,
        ),
        good("RSA", "An RSA key of 2048 bits.", &foreign_public()),
        bad(
            "weak Ed25519 key",
            "The neutral element, under which one signature fits many messages.",
            okp(&[&[1_u8][..], &[0; 31]].concat()),
            "key.weak",
        ),
        bad(
            "weak Ed25519 key of order 8",
            "A point of order eight.",
            okp(&hex::decode("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05")
                .unwrap()),
            "key.weak",
        ),
        bad(
            "Ed25519 key in another encoding",
            "y = p + 3 in place of y = 3.",
            okp(&one_more),
            "key.malformed",
        ),
        bad("Ed25519 key of 31 bytes", "A byte too few.", okp(&x[1..]), "field.wrong"),
        bad(
            "no point of P-256",
            "Coordinates that are not on the curve.",
            ec2(&x, &x),
            "key.malformed",
        ),
        bad(
            "compressed P-256 key",
            "A sign in place of y.",
            map(&[
                (int(1), int(2)),
                (int(-1), int(1)),
                (int(-2), bytes(&x)),
                (int(-3), vec![0xf5]),
            ]),
            "field.wrong",
        ),
        bad(
            "another curve",
            "X25519, which signs nothing.",
            map(&[(int(1), int(1)), (int(-1), int(4)), (int(-2), bytes(&x))]),
            "key.type",
        ),
        bad(
            "another key type",
            "A symmetric key.",
            map(&[(int(1), int(4)), (int(-1), bytes(&x))]),
            "key.type",
        ),
        bad(
            "RSA key of 1024 bits",
            "A modulus that is too short.",
            rsa(&odd[128..], &[1, 0, 1]),
            "key.rsa_size",
        ),
        bad(
            "RSA key of 2047 bits",
            "A modulus that is one bit too short.",
            rsa(&[&[0x7f], &odd[1..]].concat(), &[1, 0, 1]),
            "key.rsa_size",
        ),
        bad(
            "RSA key with exponent 3",
            "An exponent other than 65537.",
            rsa(&odd, &[3]),
            "key.rsa_size",
        ),
        bad(
            "RSA key with a leading zero",
            "A modulus that begins with a zero byte.",
            rsa(&[&[0], &odd[..]].concat(), &[1, 0, 1]),
            "key.malformed",
        ),
        bad(
            "RSA key with an even modulus",
            "A modulus that is no product of odd primes.",
            rsa(&[&odd[..255], &[2]].concat(), &[1, 0, 1]),
            "key.malformed",
        ),
        bad(
            "private part",
            "A key with its private part.",
            map(&[
                (int(1), int(1)),
                (int(-1), int(6)),
                (int(-2), bytes(public(Who::Voucher).to_bytes().get(8..).unwrap())),
                (int(-4), bytes(&x)),
            ]),
            "field.unknown",
        ),
        bad(
            "optional parameter",
            "A key that names its algorithm.",
            map(&[
                (int(1), int(1)),
                (int(3), int(-19)),
                (int(-1), int(6)),
                (int(-2), bytes(public(Who::Voucher).to_bytes().get(8..).unwrap())),
            ]),
            "field.unknown",
        ),
        bad("no map", "Bytes in place of a COSE_Key.", bytes(&x), "field.wrong"),
    ]
}

fn texts() -> Vec<Vector> {
    let good = |name, what: &str, bytes: &[u8]| {
        let text = protocol::voucher::to_text(bytes).unwrap();
        vector(name, what, json!({ "text": text, "expect": { "hex": hex::encode(bytes) } }))
    };
    let bad = |name, what: &str, text: &str, code: &str| {
        vector(name, what, json!({ "text": text, "expect": error(code) }))
    };
    vec![
        good("nothing", "No bytes at all.", &[]),
        good("one byte", "One byte takes two characters.", &[0xff]),
        good("two bytes", "Two bytes take three characters.", &[0xff, 0xff]),
        good("example of RFC 9285", "ietf! becomes QED8WEX0.", b"ietf!"),
        good("largest", "2,860 bytes, which make 4,294 characters.", &[0x5a; 2860]),
        bad(
            "two characters overflow",
            "`::` would be 2024, which no byte holds; some libraries let it through.",
            "VS1:::",
            "text.base45",
        ),
        bad(
            "two characters overflow at the end",
            "The same after two good bytes.",
            "VS1:FGW::",
            "text.base45",
        ),
        bad("three characters overflow", "GGW would be 65536.", "VS1:GGW", "text.base45"),
        bad("one character alone", "No bytes take one character.", "VS1:A", "text.base45"),
        bad("one character left over", "Nor four.", "VS1:BB8A", "text.base45"),
        bad("lower case", "Base45 has capital letters.", "VS1:qed8wex0", "text.base45"),
        bad("foreign character", "An underscore is no digit.", "VS1:QED8_EX0", "text.base45"),
        bad("letter beyond ASCII", "Nor is É.", "VS1:QED8ÉEX0", "text.base45"),
        bad("line break within", "Nor is a line break.", "VS1:QED8\nWEX0", "text.base45"),
        bad("no prefix", "Base45 alone.", "QED8WEX0", "text.prefix"),
        bad("prefix in lower case", "Prefixes are capital letters.", "vs1:QED8WEX0", "text.prefix"),
        bad("another version", "A version that is not known.", "VS2:QED8WEX0", "text.prefix"),
        bad(
            "too long",
            "A character more than a QR code holds.",
            &format!("VS1:{}", "0".repeat(4293)),
            "size.too_large",
        ),
    ]
}

/// A payload that every type's envelope takes.
const PAYLOAD: [u8; 3] = [0xa1, 0x01, 0x02];

const KINDS: [(ObjectType, &str); 7] = [
    (ObjectType::Voucher, "voucher"),
    (ObjectType::StatusList, "status"),
    (ObjectType::Record, "record"),
    (ObjectType::Ack, "ack"),
    (ObjectType::Profile, "profile"),
    (ObjectType::Enrolment, "enrolment"),
    (ObjectType::Session, "session"),
];

fn case(
    name: &'static str,
    what: &str,
    kind: &str,
    signed: &[u8],
    key: &PublicKey,
    expect: Value,
) -> Vector {
    let keys = [hex::encode(key.to_bytes())];
    vector(
        name,
        what,
        json!({ "type": kind, "hex": hex::encode(signed), "keys": keys, "expect": expect }),
    )
}

fn taken() -> Value {
    json!({ "payload": hex::encode(PAYLOAD), "hash": Hash::of(&PAYLOAD).to_string() })
}

fn envelopes() -> Vec<Vector> {
    let signer = key(Who::Ack);
    let public = signer.public_key();
    let usual = Envelope::new(ObjectType::Ack, &PAYLOAD, &signer);
    let ack = |name, what: &str, envelope: &Envelope, expect: Value| {
        case(name, what, "ack", &envelope.sign(&signer), &public, expect)
    };
    let mut all = vec![
        ack("good", "An envelope that keeps every rule.", &usual, taken()),
        case(
            "good on P-256",
            "The same under ESP256.",
            "ack",
            &Envelope::new(ObjectType::Ack, &PAYLOAD, &device()).sign(&device()),
            &device().public_key(),
            taken(),
        ),
    ];
    all.extend(algorithms());
    all.extend(headers(&usual, &signer));
    all.extend(structures(&usual, &signer));
    all.extend(types());
    all.extend(several());
    all
}

fn algorithms() -> Vec<Vector> {
    let edwards = key(Who::Ack);
    let nist = p256_issuer();
    let wrong = || error("signature.wrong");
    let cases: [(&'static str, &str, &dyn Signer, i64, Value); 6] = [
        ("EdDSA on Ed25519", "−8 is read when the key is on Ed25519.", &edwards, -8, taken()),
        ("ES256 on P-256", "−7 is read when the key is on P-256.", &nist, -7, taken()),
        (
            "EdDSA on P-256",
            "−8 over a key on P-256, with a signature that would verify as ECDSA.",
            &nist,
            -8,
            wrong(),
        ),
        (
            "ES256 on Ed25519",
            "−7 over a key on Ed25519, with a signature that would verify as EdDSA.",
            &edwards,
            -7,
            wrong(),
        ),
        ("Ed25519 named for P-256", "−19 over a key on P-256.", &nist, -19, wrong()),
        (
            "RS256 in COSE",
            "−257 is no algorithm of envelopes.",
            &edwards,
            -257,
            error("cose.algorithm"),
        ),
    ];
    let mut all: Vec<Vector> = cases
        .into_iter()
        .map(|(name, what, signer, alg, expect)| {
            let public = signer.public_key();
            let protected = raw::protected(ObjectType::Ack, alg, public.kid().as_bytes());
            let envelope =
                Envelope { protected, ..Envelope::new(ObjectType::Ack, &PAYLOAD, signer) };
            case(name, what, "ack", &envelope.sign(signer), &public, expect)
        })
        .collect();
    let envelope = Envelope::new(ObjectType::Ack, &PAYLOAD, &nist);
    let high = raw::other_s(&nist.sign(&envelope.to_be_signed()).unwrap());
    all.push(case(
        "high s",
        "An ECDSA signature with the other s of the same point.",
        "ack",
        &envelope.with_signature(&high),
        &nist.public_key(),
        wrong(),
    ));
    let envelope = Envelope::new(ObjectType::Ack, &PAYLOAD, &edwards);
    let good = edwards.sign(&envelope.to_be_signed()).unwrap();
    let small_order_r = [[&[1_u8][..], &[0; 31]].concat(), good[32..].to_vec()].concat();
    all.push(case(
        "Ed25519 with R of small order",
        "An R that strict checking refuses.",
        "ack",
        &envelope.with_signature(&small_order_r),
        &edwards.public_key(),
        wrong(),
    ));
    let order =
        hex::decode("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010").unwrap();
    let mut beyond = good;
    let mut carry = 0;
    for (byte, add) in beyond[32..].iter_mut().zip(order) {
        let sum = u16::from(*byte) + u16::from(add) + carry;
        (*byte, carry) = (sum as u8, sum >> 8);
    }
    all.push(case(
        "Ed25519 with s beyond the order",
        "s + order: the same equation, another signature.",
        "ack",
        &envelope.with_signature(&beyond),
        &edwards.public_key(),
        wrong(),
    ));
    all
}

fn headers(usual: &Envelope, signer: &dyn Signer) -> Vec<Vector> {
    let public = signer.public_key();
    let kid = || (int(4), bytes(public.kid().as_bytes()));
    let alg = || (int(1), int(-19));
    let typ = || (int(16), text("application/vouchsafe-ack+cose"));
    let outside = |name, what: &str, unprotected: Vec<u8>| {
        let envelope = Envelope { unprotected, ..usual.clone() };
        case(name, what, "ack", &envelope.sign(signer), &public, error("cose.unprotected"))
    };
    let inside = |name, what: &str, protected: Vec<u8>, code: &str| {
        let envelope = Envelope { protected, ..usual.clone() };
        case(name, what, "ack", &envelope.sign(signer), &public, error(code))
    };
    vec![
        outside("kid outside", "A key id in the unprotected header.", map(&[kid()])),
        outside(
            "empty iv outside",
            "An empty value in the unprotected header, which some libraries drop.",
            map(&[(int(5), bytes(&[]))]),
        ),
        outside(
            "text label outside",
            "A label of text in the unprotected header.",
            map(&[(text("note"), int(1))]),
        ),
        inside(
            "crit",
            "A header that must be understood.",
            map(&[alg(), (int(2), array(&[int(16)])), kid(), typ()]),
            "cose.label",
        ),
        inside(
            "content type",
            "A header that is known to COSE and not used here.",
            map(&[alg(), (int(3), text("application/cbor")), kid(), typ()]),
            "cose.label",
        ),
        inside(
            "key chain",
            "An embedded certificate chain.",
            map(&[alg(), kid(), typ(), (int(33), bytes(&[0x30]))]),
            "cose.label",
        ),
        inside(
            "unknown label",
            "A label that nobody knows.",
            map(&[alg(), kid(), typ(), (int(-70_000), int(1))]),
            "cose.label",
        ),
        inside(
            "text label",
            "A label of text.",
            map(&[alg(), kid(), typ(), (text("note"), int(1))]),
            "cose.label",
        ),
        inside(
            "duplicate label",
            "The algorithm twice.",
            map(&[alg(), (int(1), int(-9)), kid(), typ()]),
            "cbor.duplicate_key",
        ),
        inside(
            "labels out of order",
            "The key id before the algorithm.",
            map(&[kid(), alg(), typ()]),
            "cbor.key_order",
        ),
        inside(
            "header not shortest",
            "The label 1 in two bytes.",
            [
                vec![0xa3, 0x18, 0x01],
                int(-19),
                int(4),
                bytes(public.kid().as_bytes()),
                int(16),
                text("application/vouchsafe-ack+cose"),
            ]
            .concat(),
            "cbor.not_shortest",
        ),
        inside(
            "no algorithm",
            "A header without algorithm.",
            map(&[kid(), typ()]),
            "cose.algorithm",
        ),
        inside(
            "algorithm as text",
            "An algorithm by its name.",
            map(&[(int(1), text("Ed25519")), kid(), typ()]),
            "cose.algorithm",
        ),
        inside(
            "ES384",
            "An algorithm that is not used here.",
            map(&[(int(1), int(-35)), kid(), typ()]),
            "cose.algorithm",
        ),
        inside("no key id", "A header without key id.", map(&[alg(), typ()]), "cose.key_id"),
        inside(
            "key id of seven bytes",
            "A key id that is too short.",
            map(&[alg(), (int(4), bytes(&[7; 7])), typ()]),
            "cose.key_id",
        ),
        inside(
            "empty key id",
            "A key id of no bytes.",
            map(&[alg(), (int(4), bytes(&[])), typ()]),
            "cose.key_id",
        ),
        inside("no type", "An ack without type.", map(&[alg(), kid()]), "cose.type"),
        inside(
            "type as a number",
            "A type as a content format.",
            map(&[alg(), kid(), (int(16), int(60))]),
            "cose.type",
        ),
        inside(
            "empty protected header",
            "A protected header of no bytes.",
            vec![],
            "cbor.truncated",
        ),
        inside(
            "protected header is no map",
            "An array in the protected header.",
            array(&[]),
            "cose.structure",
        ),
        inside(
            "tag in the protected header",
            "A tagged algorithm.",
            map(&[(int(1), tag(1, int(1))), kid(), typ()]),
            "cbor.tag",
        ),
    ]
}

fn structures(usual: &Envelope, signer: &dyn Signer) -> Vec<Vector> {
    let public = signer.public_key();
    let refused = |name, what: &str, signed: &[u8], code: &str| {
        case(name, what, "ack", signed, &public, error(code))
    };
    let with = |change: &dyn Fn(&mut Envelope)| {
        let mut envelope = usual.clone();
        change(&mut envelope);
        envelope.sign(signer)
    };
    let parts = [bytes(&usual.protected), map(&[]), bytes(&PAYLOAD), bytes(&[0; 64])];
    let good = usual.sign(signer);
    vec![
        refused(
            "detached payload",
            "Null in place of the payload.",
            &with(&|it| it.attached = false),
            "cose.detached",
        ),
        refused(
            "empty payload",
            "A payload of no bytes.",
            &with(&|it| it.payload = vec![]),
            "cbor.truncated",
        ),
        refused(
            "payload not canonical",
            "A signed payload with an integer that is not shortest.",
            &with(&|it| it.payload = vec![0xa1, 1, 0x18, 2]),
            "cbor.not_shortest",
        ),
        refused(
            "float in the payload",
            "A signed payload with a float.",
            &with(&|it| it.payload = vec![0xa1, 1, 0xf9, 0x3c, 0]),
            "cbor.float",
        ),
        refused(
            "tag in the payload",
            "A signed payload with a tag.",
            &with(&|it| it.payload = map(&[(int(1), tag(1, int(5)))])),
            "cbor.tag",
        ),
        refused(
            "two items in the payload",
            "A signed payload with a byte after its item.",
            &with(&|it| it.payload = vec![0xa0, 0xa0]),
            "cbor.trailing",
        ),
        refused(
            "no tag",
            "An envelope without its tag.",
            &with(&|it| it.tags = vec![]),
            "cbor.tag",
        ),
        refused(
            "tag 61 on an ack",
            "Only vouchers may carry CWT's tag.",
            &with(&|it| it.tags = vec![61, 18]),
            "cbor.tag",
        ),
        refused(
            "tag 98 on one signature",
            "The tag of several signatures.",
            &with(&|it| it.tags = vec![98]),
            "cbor.tag",
        ),
        refused("tag twice", "The tag in itself.", &with(&|it| it.tags = vec![18, 18]), "cbor.tag"),
        refused(
            "three parts",
            "An envelope without signature.",
            &tag(18, array(&parts[..3])),
            "cose.structure",
        ),
        refused(
            "five parts",
            "An envelope with a part too many.",
            &tag(18, array(&[&parts[..], &[int(0)]].concat())),
            "cose.structure",
        ),
        refused(
            "map in place of the parts",
            "An envelope that is a map.",
            &tag(18, map(&[])),
            "cose.structure",
        ),
        refused(
            "text payload",
            "A payload that is text.",
            &tag(18, array(&[parts[0].clone(), map(&[]), text("a"), bytes(&[0; 64])])),
            "cose.structure",
        ),
        refused(
            "signature of 63 bytes",
            "A signature that is too short.",
            &usual.with_signature(&[0; 63]),
            "cose.signature_length",
        ),
        refused(
            "signature in DER",
            "An ECDSA signature as key stores give it.",
            &usual.with_signature(
                &[&[0x30, 0x45, 2, 0x21, 0][..], &[0x80; 32], &[2, 0x20], &[0x40; 32]].concat(),
            ),
            "cose.signature_length",
        ),
        refused(
            "wrong signature",
            "A signature over something else.",
            &usual.with_signature(&[0x11; 64]),
            "signature.wrong",
        ),
        refused(
            "altered payload",
            "A payload with one byte changed.",
            &{
                let mut altered = good.clone();
                let at = altered.len() - 67;
                altered[at] ^= 1;
                altered
            },
            "signature.wrong",
        ),
        refused(
            "envelope not shortest",
            "The length of the payload in two bytes.",
            &tag(
                18,
                [
                    vec![0x84],
                    parts[0].clone(),
                    map(&[]),
                    vec![0x58, 3],
                    PAYLOAD.to_vec(),
                    bytes(&[0; 64]),
                ]
                .concat(),
            ),
            "cbor.not_shortest",
        ),
        refused(
            "trailing byte",
            "A byte after the envelope.",
            &[&good[..], &[0]].concat(),
            "cbor.trailing",
        ),
        refused(
            "unknown key",
            "A key id that no given key has.",
            &Envelope::new(ObjectType::Ack, &PAYLOAD, &key(Who::Stranger))
                .sign(&key(Who::Stranger)),
            "key.unknown",
        ),
        vector(
            "too large",
            "A session proof of more than 4,096 bytes.",
            json!({
                "type": "session",
                "hex": "",
                "zeros": 4_097,
                "keys": [hex::encode(public.to_bytes())],
                "expect": error("size.too_large"),
            }),
        ),
        case(
            "tag 61 on a voucher",
            "A voucher may carry CWT's tag.",
            "voucher",
            &Envelope {
                tags: vec![61, 18],
                ..Envelope::new(ObjectType::Voucher, &PAYLOAD, &key(Who::Ack))
            }
            .sign(signer),
            &public,
            taken(),
        ),
    ]
}

/// Every type shown as every other.
fn types() -> Vec<Vector> {
    let signer = key(Who::Ack);
    let mut all = Vec::new();
    for (made, made_name) in KINDS {
        for (_, read_name) in KINDS {
            let signed = Envelope::new(made, &PAYLOAD, &signer).sign(&signer);
            let same = made_name == read_name;
            let expect = if same { taken() } else { error("cose.type") };
            let name = format!("{made_name} read as {read_name}");
            let what = if same {
                "An object read as what it is."
            } else {
                "An object of one type shown as another."
            };
            all.push(case(name.leak(), what, read_name, &signed, &signer.public_key(), expect));
        }
    }
    all
}

fn several() -> Vec<Vector> {
    let [one, two] = [key(Who::Root1), key(Who::Root2)];
    let keys = [Who::Root1, Who::Root2, Who::Root3].map(|who| hex::encode(public(who).to_bytes()));
    let case = |name, what: &str, kind: &str, signed: Vec<u8>, expect: Value| {
        vector(
            name,
            what,
            json!({ "type": kind, "hex": hex::encode(signed), "keys": keys, "expect": expect }),
        )
    };
    let counted = |signers: usize| {
        let mut expect = taken();
        expect["signers"] = signers.into();
        expect
    };
    let by = |signers: &[&dyn Signer]| {
        let signers: Vec<(&dyn Signer, Vec<u8>)> =
            signers.iter().map(|it| (*it, map(&[]))).collect();
        raw::multi(ObjectType::Root, &PAYLOAD, &signers)
    };
    let iv = map(&[(int(5), bytes(&[]))]);
    let body = map(&[(int(16), text("application/vouchsafe-root+cose"))]);
    let alg_in_body =
        map(&[(int(1), int(-19)), (int(16), text("application/vouchsafe-root+cose"))]);
    let with_body = |body: &[u8]| {
        tag(
            98,
            array(&[
                bytes(body),
                map(&[]),
                bytes(&PAYLOAD),
                array(&[array(&[
                    bytes(&map(&[
                        (int(1), int(-19)),
                        (int(4), bytes(one.public_key().kid().as_bytes())),
                    ])),
                    map(&[]),
                    bytes(&[0; 64]),
                ])]),
            ]),
        )
    };
    let with_own = |own: Vec<u8>| {
        tag(
            98,
            array(&[
                bytes(&body),
                map(&[]),
                bytes(&PAYLOAD),
                array(&[array(&[bytes(&own), map(&[]), bytes(&[0; 64])])]),
            ]),
        )
    };
    vec![
        case("two of three", "Two of the keys signed.", "root", by(&[&one, &two]), counted(2)),
        case(
            "one key twice",
            "Two signatures of one key count once.",
            "root",
            by(&[&one, &one]),
            counted(1),
        ),
        case(
            "a stranger beside",
            "A signature of a key that is not given counts nothing and harms nothing.",
            "root",
            by(&[&one, &key(Who::Stranger)]),
            counted(1),
        ),
        case(
            "root read as trust list",
            "A root shown as a trust list.",
            "trust",
            by(&[&one]),
            error("cose.type"),
        ),
        case(
            "one signature read as several",
            "A COSE_Sign1 shown as a root.",
            "root",
            Envelope::new(ObjectType::Root, &PAYLOAD, &one).sign(&one),
            error("cbor.tag"),
        ),
        case(
            "no signatures",
            "A root that nobody signed.",
            "root",
            by(&[]),
            error("cose.structure"),
        ),
        case(
            "65 signatures",
            "More signatures than an object may have.",
            "root",
            by(&vec![&one as &dyn Signer; 65]),
            error("cose.structure"),
        ),
        case(
            "empty iv beside a signature",
            "An unprotected header beside a signature.",
            "root",
            raw::multi(ObjectType::Root, &PAYLOAD, &[(&one, iv)]),
            error("cose.unprotected"),
        ),
        case(
            "algorithm in the body",
            "The algorithm stands with each signature alone.",
            "root",
            with_body(&alg_in_body),
            error("cose.label"),
        ),
        case(
            "type beside a signature",
            "The type stands in the body alone.",
            "root",
            with_own(map(&[
                (int(1), int(-19)),
                (int(4), bytes(&[1; 8])),
                (int(16), text("application/vouchsafe-root+cose")),
            ])),
            error("cose.label"),
        ),
        case(
            "signature without key id",
            "A signature that names no key.",
            "root",
            with_own(map(&[(int(1), int(-19))])),
            error("cose.key_id"),
        ),
        case(
            "wrong signatures",
            "Signatures that do not verify count nothing.",
            "root",
            with_body(&body),
            counted(0),
        ),
        vector(
            "too large a root",
            "A root of more than 64 KiB.",
            json!({
                "type": "root",
                "hex": "",
                "zeros": 65_537,
                "keys": keys,
                "expect": error("size.too_large"),
            }),
        ),
    ]
}

/// The samples' trust file, as files that share one name it.
pub fn usual_trust() -> Value {
    trust_of(&samples::trust_list())
}

/// A trust file with this list, and the digest of its root.
pub fn trust_of(list: &protocol::trust::TrustList) -> Value {
    json!({
        "file": hex::encode(samples::trust_file_with(list).encode().unwrap()),
        "pinned": samples::root_hash(&samples::root()).to_string(),
    })
}
