//! OpenG2P's vouchers as they really are.

use proptest::prelude::*;
use protocol::authenticity::{NotAuthentic, authenticate, read_text};
use protocol::id::IssuerId;
use protocol::openg2p::{self, Jwt};
use protocol::time::Zone;
use protocol::trust::{ForeignIssuer, IssuedSets};
use protocol::voucher::{Reference, Voucher};
use protocol::{Benefit, Error};
use samples::{
    FOREIGN_KID, Who, at, foreign, jwt, jwt_claims, jwt_header, jwt_with, public, trust_list,
};
use serde_json::json;

fn read(text: &str) -> Result<Voucher, NotAuthentic> {
    read_text(text)
        .and_then(|signed| authenticate(&signed, &trust_list(), &IssuedSets::none()))
        .map(|it| it.voucher)
}

fn claim(name: &str, value: serde_json::Value) -> Result<Voucher, String> {
    read(&jwt_with(name, value)).map_err(|error| match error {
        NotAuthentic::Unreadable(Error::Field { field, .. }) => field.to_owned(),
        NotAuthentic::Unreadable(Error::Missing { field, .. }) => format!("no {field}"),
        other => other.to_string(),
    })
}

#[test]
fn a_voucher_is_read_whole() {
    let voucher = read(&jwt(&jwt_header(), &jwt_claims().to_string())).unwrap();
    assert_eq!(voucher.identity.reference, Reference::Code("2-37ec-47d3-a937-5d55".to_owned()));
    assert_eq!(voucher.benefit, samples::money(500_000));
    assert_eq!(voucher.not_before, voucher.issued);
    assert_eq!(voucher.expires, at("2026-06-30T16:00:00Z"), "the end of 30 June in Manila");
    assert_eq!(voucher.holder.unwrap().name, "Maria Dela Cruz");
    assert_eq!(voucher.assistance, "voucher");
    assert_eq!(voucher.status, None);
}

#[test]
fn exp_names_a_day_that_ends_in_the_programmes_zone() {
    let expires = |exp: &str, zone: &str, exp_is_last_day| {
        let mut claims = jwt_claims();
        claims["exp"] = at(exp).as_seconds().into();
        let issuer = IssuerId::new(samples::FOREIGN_ISSUER).unwrap();
        let foreign = ForeignIssuer { exp_is_last_day, ..foreign() };
        let payload = claims.to_string();
        let zone = Zone::new(zone).unwrap();
        openg2p::voucher(payload.as_bytes(), &issuer, &foreign, &zone).unwrap().expires
    };
    // midnight in UTC names that date, east and west of Greenwich
    let utc = "2026-06-30T00:00:00Z";
    assert_eq!(expires(utc, "Asia/Manila", true), at("2026-06-30T16:00:00Z"));
    assert_eq!(expires(utc, "America/Bogota", true), at("2026-07-01T05:00:00Z"));
    // midnight where the server stands names the day there
    assert_eq!(expires("2026-06-29T16:00:00Z", "Asia/Manila", true), at("2026-06-30T16:00:00Z"));
    assert_eq!(expires("2026-06-30T05:00:00Z", "America/Bogota", true), at("2026-07-01T05:00:00Z"));
    // an exact end stays what it is
    assert_eq!(expires(utc, "Asia/Manila", false), at(utc));
}

#[test]
fn amounts_are_read_to_the_minor_unit_or_not_at_all() {
    let minor = |amount: serde_json::Value| match claim("amount", amount)?.benefit {
        Benefit::Money(money) => Ok(money.minor()),
        Benefit::Goods(_) => Err("goods".to_owned()),
    };
    for (amount, expected) in [
        (json!("5000.0"), 500_000),
        (json!("5000"), 500_000),
        (json!("5000.10"), 500_010),
        (json!("5000.1000"), 500_010),
        (json!("0.01"), 1),
        (json!("5000."), 500_000),
        (json!(5000), 500_000),
        (json!(5000.5), 500_050),
        (json!("90071992547409.91"), 9_007_199_254_740_991),
    ] {
        assert_eq!(minor(amount.clone()), Ok(expected), "{amount}");
    }
    for amount in [
        json!(""),
        json!("."),
        json!(".5"),
        json!("5,000.00"),
        json!("-1"),
        json!("+1"),
        json!("1e3"),
        json!(1e30),
        json!("5000.001"),
        json!("0"),
        json!("90071992547409.92"),
        json!("99999999999999999999999"),
        json!("٥"),
        json!(true),
        json!([5000]),
    ] {
        assert!(minor(amount.clone()).is_err(), "{amount}");
    }
}

#[test]
fn claims_that_decide_must_be_what_they_should_be() {
    for name in ["iss", "sub", "exp", "iat", "amount"] {
        assert_eq!(claim(name, json!(null)), Err(format!("no {name}")));
        assert!(claim(name, json!(false)).is_err(), "{name}");
    }
    assert_eq!(claim("exp", json!(1.5)), Err("exp".to_owned()));
    assert_eq!(claim("exp", json!(-5)), Err("exp".to_owned()));
    assert_eq!(claim("iat", json!("1781055000")), Err("iat".to_owned()));
    assert_eq!(claim("code", json!(5)), Err("code".to_owned()));
    assert_eq!(claim("code", json!("")), Err("code".to_owned()));
    assert_eq!(claim("code", json!("x".repeat(300))), Err("code".to_owned()));
    assert_eq!(claim("sub", json!(1.5)), Err("sub".to_owned()));
    assert_eq!(claim("bName", json!("a\u{7}b")), Err("bName".to_owned()));
    assert_eq!(claim("iss", json!("https://evil.example")), Err(NotAuthentic::Forged.to_string()));
}

#[test]
fn claims_that_may_be_absent_may_be_absent() {
    let without_code = claim("code", json!(null)).unwrap();
    assert_eq!(without_code.identity.reference, Reference::Sub("1042".to_owned()));
    assert_eq!(claim("aud", json!(null)).unwrap().audience, None);
    assert_eq!(claim("aud", json!(17)).unwrap().audience.unwrap().as_str(), "17");
    assert_eq!(claim("sub", json!(1042)).unwrap().entitlement.as_str(), "1042");
    assert_eq!(claim("bName", json!(null)).unwrap().holder, None);
    assert_eq!(claim("bName", json!("")).unwrap().holder, None);
    assert_eq!(claim("bName", json!(false)).unwrap().holder, None);
    assert_eq!(claim("type", json!(null)).unwrap().assistance, "voucher");
    assert!(claim("anything", json!({"else": [1, 2]})).is_ok());
}

#[test]
fn a_header_names_rs256_a_key_and_nothing_that_changes_its_meaning() {
    let claims = jwt_claims().to_string();
    let code = |header: &str| match read(&jwt(header, &claims)) {
        Ok(_) => "none",
        Err(NotAuthentic::Unreadable(error)) => error.code(),
        Err(NotAuthentic::UnknownIssuer) => "unknown issuer",
        Err(_) => "another reason",
    };
    let kid = FOREIGN_KID;
    for (header, expected) in [
        (format!(r#"{{"alg":"RS256","kid":"{kid}"}}"#), "none"),
        (format!(r#"{{"alg":"RS256","kid":"{kid}","typ":"jwt"}}"#), "none"),
        (format!(r#"{{"alg":"none","kid":"{kid}"}}"#), "jwt.algorithm"),
        (format!(r#"{{"alg":"HS256","kid":"{kid}"}}"#), "jwt.algorithm"),
        (format!(r#"{{"alg":"RS512","kid":"{kid}"}}"#), "jwt.algorithm"),
        (format!(r#"{{"alg":"rs256","kid":"{kid}"}}"#), "jwt.algorithm"),
        (format!(r#"{{"kid":"{kid}"}}"#), "jwt.algorithm"),
        (format!(r#"{{"alg":"RS256","kid":"{kid}","crit":["b64"],"b64":false}}"#), "jwt.header"),
        (format!(r#"{{"alg":"RS256","kid":"{kid}","jwk":{{}}}}"#), "jwt.header"),
        (format!(r#"{{"alg":"RS256","kid":"{kid}","jku":"https://evil.example"}}"#), "jwt.header"),
        (format!(r#"{{"alg":"RS256","kid":"{kid}","typ":"at+jwt"}}"#), "jwt.header"),
        (format!(r#"{{"alg":"RS256","alg":"RS256","kid":"{kid}"}}"#), "jwt.json"),
        (r#"{"alg":"RS256"}"#.to_owned(), "jwt.key_id"),
        (r#"{"alg":"RS256","kid":5}"#.to_owned(), "jwt.key_id"),
        (r#"{"alg":"RS256","kid":"another"}"#.to_owned(), "unknown issuer"),
        (r#"{"alg":"RS256"}x"#.to_owned(), "jwt.json"),
    ] {
        assert_eq!(code(&header), expected, "{header}");
    }
}

#[test]
fn a_member_named_twice_is_refused_though_it_is_signed() {
    let claims = jwt_claims().to_string();
    let twice = claims.replacen('{', r#"{"amount":"9000.0","#, 1);
    let refused = read(&jwt(&jwt_header(), &twice)).unwrap_err();
    assert_eq!(refused, NotAuthentic::Unreadable(Error::Jwt(openg2p::JwtFault::Json)));
}

#[test]
fn base64_has_one_form() {
    let good = jwt(&jwt_header(), &jwt_claims().to_string());
    let parts: Vec<&str> = good.split('.').collect();
    // the same bytes with other spare bits, with padding, in the other alphabet, in four parts
    let last = parts[2].chars().last().unwrap();
    let spare = char::from_u32(last as u32 + 1).unwrap();
    let body = &parts[2][..parts[2].len() - 1];
    for text in [
        format!("{}.{}.{body}{spare}", parts[0], parts[1]),
        format!("{good}=="),
        format!("{}.{}+.{}", parts[0], parts[1], parts[2]),
        format!("{good}.AAAA"),
        format!("{}.{}", parts[0], parts[1]),
    ] {
        let refused = Jwt::parse(&text).unwrap_err();
        assert_eq!(refused.code(), "jwt.form", "{text}");
    }
}

#[test]
fn a_key_of_ours_verifies_no_token() {
    let token = Jwt::parse(&jwt(&jwt_header(), &jwt_claims().to_string())).unwrap();
    assert_eq!(token.verify(&public(Who::Voucher)), Err(Error::Signature));
}

proptest! {
    #[test]
    fn any_text_is_judged(text in "\\PC{0,80}") {
        let _ = read(&text);
        let _ = Jwt::parse(&text);
    }

    #[test]
    fn any_claims_under_a_good_signature_are_judged(
        name in proptest::sample::select(vec!["iss", "sub", "aud", "exp", "iat", "nbf", "amount", "code"]),
        text in any::<String>(),
        number in any::<i64>(),
        decimal in any::<f64>(),
    ) {
        let issuer = IssuerId::new(samples::FOREIGN_ISSUER).unwrap();
        for value in [json!(text), json!(number), json!(decimal)] {
            let mut claims = jwt_claims();
            claims[name] = value;
            let payload = claims.to_string();
            let _ = openg2p::voucher(payload.as_bytes(), &issuer, &foreign(), &Zone::utc());
        }
    }

    #[test]
    fn amounts_read_back(minor in 1..=protocol::cbor::MAX_INTEGER, decimals in 0..=4_u8) {
        let unit = 10_u64.pow(u32::from(decimals));
        let mut claims = jwt_claims();
        let width = usize::from(decimals);
        claims["amount"] = match decimals {
            0 => json!(minor.to_string()),
            _ => json!(format!("{}.{:0width$}", minor / unit, minor % unit)),
        };
        let issuer = IssuerId::new(samples::FOREIGN_ISSUER).unwrap();
        let foreign = ForeignIssuer { decimals, ..foreign() };
        let voucher =
            openg2p::voucher(claims.to_string().as_bytes(), &issuer, &foreign, &Zone::utc()).unwrap();
        prop_assert_eq!(voucher.benefit, samples::money(minor));
    }
}
