//! `openg2p.json`: RS256 tokens as OpenG2P writes them.

use crate::bytes::usual_trust;
use crate::{Vector, vector, write};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use protocol::Hash;
use protocol::id::{Audience, EntitlementId, IssuerId};
use protocol::voucher::{Holder, Reference, Voucher, VoucherIdentity};
use samples::describe;
use samples::{
    self, FOREIGN_ISSUER, FOREIGN_KID, PROVIDER, at, jwt, jwt_claims, jwt_header, jwt_with,
};
use serde_json::{Value, json};

pub fn write_all() {
    write(
        "openg2p.json",
        "OpenG2P's vouchers: RS256 tokens, judged under the trust list (docs/protocol.md, section \
         9). A refusal names the reason of the verdict, and the error when it is `unreadable`.",
        json!({ "trust": usual_trust() }),
        [good(), headers(), claims()].into_iter().flatten().collect(),
    );
}

/// What the samples' claims stand for.
fn voucher() -> Voucher {
    Voucher {
        identity: VoucherIdentity {
            issuer: IssuerId::new(FOREIGN_ISSUER).unwrap(),
            reference: Reference::Code("2-37ec-47d3-a937-5d55".to_owned()),
        },
        entitlement: EntitlementId::new("1042").unwrap(),
        audience: Some(Audience::new(PROVIDER).unwrap()),
        not_before: at("2026-06-10T01:30:00Z"),
        assistance: "voucher".to_owned(),
        holder: Some(Holder {
            name: "Maria Dela Cruz".to_owned(),
            birth_year: None,
            id_tail: None,
        }),
        status: None,
        ..samples::voucher()
    }
}

fn case(name: &'static str, what: &str, text: String, expect: Value) -> Vector {
    vector(name, what, json!({ "text": text, "expect": expect }))
}

fn unreadable(code: &str) -> Value {
    json!({ "refuse": "unreadable", "error": code })
}

/// The token with one claim set, or taken out by null, and what it stands for.
fn taken(name: &'static str, what: &str, claim: &str, value: Value, voucher: &Voucher) -> Vector {
    let text = jwt_with(claim, value);
    let payload = URL_SAFE_NO_PAD.decode(text.split('.').nth(1).unwrap()).unwrap();
    let mut expect = describe::voucher(voucher);
    expect["key_in_force"] = true.into();
    expect["payload_hash"] = Hash::of(&payload).to_string().into();
    case(name, what, text, expect)
}

fn good() -> Vec<Vector> {
    let exp = |text: &str| json!(at(text).as_seconds());
    let mut by_sub = voucher();
    by_sub.identity.reference = Reference::Sub("1042".to_owned());
    let money = |minor| Voucher { benefit: samples::money(minor), ..voucher() };
    vec![
        taken(
            "usual",
            "A voucher as OpenG2P writes it; exp is midnight UTC of the last valid day, which ends in Manila.",
            "type",
            json!("voucher"),
            &voucher(),
        ),
        taken(
            "exp in the server's zone",
            "exp is midnight in Manila of the last valid day.",
            "exp",
            exp("2026-06-29T16:00:00Z"),
            &voucher(),
        ),
        taken(
            "exp within the day",
            "exp is some time of the last valid day in Manila.",
            "exp",
            exp("2026-06-30T02:00:00Z"),
            &voucher(),
        ),
        taken(
            "no code",
            "Without a code the identity is the entitlement's.",
            "code",
            Value::Null,
            &by_sub,
        ),
        taken(
            "no audience",
            "Any provider may serve it.",
            "aud",
            Value::Null,
            &Voucher { audience: None, ..voucher() },
        ),
        taken(
            "sub as a number",
            "OpenG2P writes some names as numbers.",
            "sub",
            json!(1042),
            &voucher(),
        ),
        taken("amount as a number", "And some amounts.", "amount", json!(5000.5), &money(500_050)),
        taken(
            "amount without places",
            "An amount of whole units.",
            "amount",
            json!("5000"),
            &money(500_000),
        ),
        taken(
            "amount with zeros beyond",
            "Places beyond the currency's are zeros.",
            "amount",
            json!("5000.1000"),
            &money(500_010),
        ),
        taken(
            "nbf",
            "A voucher with its own beginning.",
            "nbf",
            json!(at("2026-06-12T00:00:00Z").as_seconds()),
            &Voucher { not_before: at("2026-06-12T00:00:00Z"), ..voucher() },
        ),
        taken(
            "no name",
            "Nothing is shown of the holder.",
            "bName",
            Value::Null,
            &Voucher { holder: None, ..voucher() },
        ),
        taken(
            "empty name",
            "An empty name is no name.",
            "bName",
            json!(""),
            &Voucher { holder: None, ..voucher() },
        ),
    ]
}

fn headers() -> Vec<Vector> {
    let claims = jwt_claims().to_string();
    let good = jwt(&jwt_header(), &claims);
    let parts: Vec<&str> = good.split('.').collect();
    let with = |header: String| jwt(&header, &claims);
    let kid = FOREIGN_KID;
    let other_claims = jwt_with("amount", json!("9000.0"));
    let other_payload = other_claims.split('.').nth(1).unwrap();
    let unsigned = format!(
        "{}.{}.",
        URL_SAFE_NO_PAD.encode(format!(r#"{{"alg":"none","kid":"{kid}"}}"#)),
        parts[1]
    );
    vec![
        case("alg none", "A token without signature.", unsigned, unreadable("jwt.algorithm")),
        case(
            "alg HS256",
            "A token under a shared key.",
            with(format!(r#"{{"alg":"HS256","kid":"{kid}"}}"#)),
            unreadable("jwt.algorithm"),
        ),
        case(
            "alg RS512",
            "Another hash.",
            with(format!(r#"{{"alg":"RS512","kid":"{kid}"}}"#)),
            unreadable("jwt.algorithm"),
        ),
        case(
            "no alg",
            "A header without algorithm.",
            with(format!(r#"{{"kid":"{kid}"}}"#)),
            unreadable("jwt.algorithm"),
        ),
        case(
            "no kid",
            "A header without key id.",
            with(r#"{"alg":"RS256"}"#.to_owned()),
            unreadable("jwt.key_id"),
        ),
        case(
            "embedded key",
            "A header that brings its own key.",
            with(format!(r#"{{"alg":"RS256","kid":"{kid}","jwk":{{}}}}"#)),
            unreadable("jwt.header"),
        ),
        case(
            "key address",
            "A header that says where to fetch a key.",
            with(format!(r#"{{"alg":"RS256","kid":"{kid}","jku":"https://evil.example"}}"#)),
            unreadable("jwt.header"),
        ),
        case(
            "crit",
            "A header that must be understood.",
            with(format!(r#"{{"alg":"RS256","kid":"{kid}","crit":["exp"]}}"#)),
            unreadable("jwt.header"),
        ),
        case(
            "access token",
            "A token of another type under the same key.",
            with(format!(r#"{{"alg":"RS256","kid":"{kid}","typ":"at+jwt"}}"#)),
            unreadable("jwt.header"),
        ),
        case(
            "member twice in the header",
            "A member named twice.",
            with(format!(r#"{{"alg":"RS256","alg":"RS256","kid":"{kid}"}}"#)),
            unreadable("jwt.json"),
        ),
        case(
            "unknown kid",
            "A key id that the trust list does not have.",
            with(r#"{"alg":"RS256","kid":"another"}"#.to_owned()),
            json!({ "refuse": "unknown_issuer" }),
        ),
        case(
            "altered claims",
            "The signature of other claims.",
            format!("{}.{other_payload}.{}", parts[0], parts[2]),
            json!({ "refuse": "forged" }),
        ),
        case(
            "padding",
            "Base64 with padding.",
            format!("{}.{}.{}==", parts[0], parts[1], parts[2]),
            unreadable("jwt.form"),
        ),
        case(
            "another alphabet",
            "Base64 with a plus sign.",
            format!("{}.{}.+{}", parts[0], parts[1], &parts[2][1..]),
            unreadable("jwt.form"),
        ),
        case(
            "two parts",
            "Two parts are no token.",
            format!("{}.{}", parts[0], parts[1]),
            json!({ "refuse": "not_a_voucher" }),
        ),
        case(
            "too long",
            "A token longer than a QR code holds.",
            jwt_with("docs", json!(["x".repeat(3000)])),
            unreadable("size.too_large"),
        ),
    ]
}

fn claims() -> Vec<Vector> {
    let refused = |name, what: &str, claim: &str, value: Value, code: &str| {
        case(name, what, jwt_with(claim, value), unreadable(code))
    };
    let twice = jwt_claims().to_string().replacen('{', r#"{"amount":"9000.0","#, 1);
    vec![
        case(
            "member twice in the claims",
            "Two amounts, and readers differ on which counts.",
            jwt(&jwt_header(), &twice),
            unreadable("jwt.json"),
        ),
        case(
            "claims are no object",
            "A list of claims.",
            jwt(&jwt_header(), "[]"),
            unreadable("jwt.json"),
        ),
        case(
            "another issuer",
            "A key does not speak for another issuer.",
            jwt_with("iss", json!("https://evil.example")),
            json!({ "refuse": "forged" }),
        ),
        refused("no iss", "A token without issuer.", "iss", Value::Null, "field.missing"),
        refused("no sub", "A token without entitlement.", "sub", Value::Null, "field.missing"),
        refused("no exp", "A token without end.", "exp", Value::Null, "field.missing"),
        refused("no iat", "A token without time of issue.", "iat", Value::Null, "field.missing"),
        refused("no amount", "A token over nothing.", "amount", Value::Null, "field.missing"),
        refused(
            "amount with a comma",
            "An amount as people write it.",
            "amount",
            json!("5,000.00"),
            "field.wrong",
        ),
        refused(
            "amount with too many places",
            "A tenth of a centavo.",
            "amount",
            json!("5000.001"),
            "field.wrong",
        ),
        refused(
            "amount below zero",
            "An amount below nothing.",
            "amount",
            json!("-5000.0"),
            "field.wrong",
        ),
        refused("amount of zero", "An amount of nothing.", "amount", json!("0.00"), "field.wrong"),
        refused(
            "amount beyond 2^53",
            "An amount that is too large.",
            "amount",
            json!("90071992547409.92"),
            "field.wrong",
        ),
        refused("exp as text", "Times are numbers.", "exp", json!("1782777600"), "field.wrong"),
        refused(
            "exp as a fraction",
            "Times are whole seconds.",
            "exp",
            json!(1_782_777_600.5),
            "field.wrong",
        ),
        refused(
            "ends before it begins",
            "A last valid day before the day of issue.",
            "exp",
            json!(at("2026-06-08T00:00:00Z").as_seconds()),
            "rule.broken",
        ),
        refused("code as a number", "A code is text.", "code", json!(5), "field.wrong"),
        refused("empty code", "A code is not empty.", "code", json!(""), "field.wrong"),
        refused(
            "name with a control character",
            "Words for people have none.",
            "bName",
            json!("Maria\u{7}"),
            "field.wrong",
        ),
        refused("sub as a fraction", "A name is no fraction.", "sub", json!(1.5), "field.wrong"),
    ]
}
