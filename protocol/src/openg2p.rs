//! OpenG2P's vouchers: RS256 JSON Web Tokens (facts in docs/protocol.md §9). Read, never written.
//!
//! Keys come from the trust list alone; `iss` is never followed to fetch one.

use crate::fields::label;
use crate::id::{Audience, EntitlementId, IssuerId};
use crate::key::{Algorithm, PublicKey};
use crate::money::{Benefit, Money};
use crate::time::{Timestamp, Zone};
use crate::trust::ForeignIssuer;
use crate::voucher::{Holder, Reference, Voucher, VoucherIdentity};
use crate::{Error, Result};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

/// The rule for a JSON Web Token that does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JwtFault {
    /// Not three parts of base64url.
    #[error("not three parts of base64url")]
    Form,
    /// Header or payload is not a JSON object, or names a member twice.
    #[error("header or payload is not a JSON object with each member once")]
    Json,
    /// The algorithm is not RS256.
    #[error("the algorithm is not RS256")]
    Algorithm,
    /// The header asks for something that must be understood (`crit`), embeds a key, or says that
    /// the token is something else than a plain JWT.
    #[error("the header has a member that may not be there")]
    Header,
    /// No key id.
    #[error("no key id")]
    KeyId,
}

impl JwtFault {
    /// The stable code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            JwtFault::Form => "jwt.form",
            JwtFault::Json => "jwt.json",
            JwtFault::Algorithm => "jwt.algorithm",
            JwtFault::Header => "jwt.header",
            JwtFault::KeyId => "jwt.key_id",
        }
    }
}

/// A JWT whose form is good and whose signature is not yet checked.
#[derive(Debug, Clone)]
pub struct Jwt {
    signing_input: String,
    payload: Vec<u8>,
    signature: Vec<u8>,
    kid: String,
}

impl Jwt {
    /// Reads the compact form (RFC 7515 §3.1).
    ///
    /// # Errors
    /// [`Error::Jwt`] or [`Error::TooLarge`].
    pub fn parse(text: &str) -> Result<Self> {
        let (len, max) = (text.len(), crate::voucher::MAX_TEXT_LEN);
        if len > max {
            return Err(Error::TooLarge { what: "JWT", len, max });
        }
        let mut parts = text.split('.');
        let (Some(header), Some(payload), Some(signature), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(Error::Jwt(JwtFault::Form));
        };
        let decode =
            |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| Error::Jwt(JwtFault::Form));
        let fields = object(&decode(header)?)?;
        if fields.get("alg").and_then(Value::as_str) != Some("RS256") {
            return Err(Error::Jwt(JwtFault::Algorithm));
        }
        let other = fields.keys().any(|name| !["alg", "kid", "typ"].contains(&name.as_str()));
        let typ_is_jwt = match fields.get("typ") {
            None => true,
            Some(typ) => typ.as_str().is_some_and(|typ| typ.eq_ignore_ascii_case("JWT")),
        };
        if other || !typ_is_jwt {
            return Err(Error::Jwt(JwtFault::Header));
        }
        let kid = fields.get("kid").and_then(Value::as_str).ok_or(Error::Jwt(JwtFault::KeyId))?;
        Ok(Jwt {
            signing_input: format!("{header}.{payload}"),
            payload: decode(payload)?,
            signature: decode(signature)?,
            kid: kid.to_owned(),
        })
    }

    /// Whether a text looks like a JWT at all, so that its faults are worth telling.
    #[must_use]
    pub fn looks_like(text: &str) -> bool {
        text.starts_with("eyJ") && text.bytes().filter(|&byte| byte == b'.').count() == 2
    }

    /// The foreign key id that the signer names.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The payload as it claims to be, for display to people who debug.
    #[must_use]
    pub fn unverified_payload(&self) -> &[u8] {
        &self.payload
    }

    /// Checks the signature and gives the payload out.
    ///
    /// # Errors
    /// [`Error::Signature`].
    pub fn verify(self, key: &PublicKey) -> Result<Vec<u8>> {
        if key.algorithm() != Algorithm::Rs256 {
            return Err(Error::Signature);
        }
        key.verify(self.signing_input.as_bytes(), &self.signature)?;
        Ok(self.payload)
    }
}

/// Reads the claims of a verified payload as a voucher, with what the trust list says of its issuer
/// and the time zone of the programme, in which the last valid day ends.
///
/// # Errors
/// An error that names the claim.
pub fn voucher(
    payload: &[u8],
    issuer: &IssuerId,
    foreign: &ForeignIssuer,
    zone: &Zone,
) -> Result<Voucher> {
    let claims = object(payload)?;
    let iss = claims.get("iss").ok_or(missing("iss"))?;
    if iss.as_str() != Some(issuer.as_str()) {
        return Err(wrong("iss"));
    }
    let sub = name(&claims, "sub")?;
    let reference = match claims.get("code") {
        None | Some(Value::Null) => Reference::Sub(sub.clone()),
        Some(Value::String(code)) => {
            Reference::Code(label(code.clone(), "code").map_err(|_| wrong("code"))?)
        }
        Some(_) => return Err(wrong("code")),
    };
    let issued = instant(&claims, "iat")?;
    let exp = instant(&claims, "exp")?;
    let expires = if foreign.exp_is_last_day { end_of_named_day(exp, zone)? } else { exp };
    let minor = minor_units(&amount(&claims)?, foreign.decimals)?;
    let voucher = Voucher {
        identity: VoucherIdentity { issuer: issuer.clone(), reference },
        entitlement: EntitlementId::new(sub)?,
        audience: match claims.get("aud") {
            None | Some(Value::Null) => None,
            Some(_) => Some(Audience::new(name(&claims, "aud")?)?),
        },
        expires,
        not_before: match claims.get("nbf") {
            None => issued,
            Some(_) => instant(&claims, "nbf")?,
        },
        issued,
        programme: foreign.programme.clone(),
        benefit: Benefit::Money(Money::new(minor, foreign.currency)?),
        assistance: shown(&claims, "type")?.unwrap_or_else(|| "voucher".to_owned()),
        holder: shown(&claims, "bName")?.map(|name| Holder {
            name,
            birth_year: None,
            id_tail: None,
        }),
        status: None,
        documents: Vec::new(),
    };
    voucher.check_times()?;
    Ok(voucher)
}

/// The end of the day that `exp` names, in the programme's zone. OpenG2P writes a date as its first
/// second in UTC or in the server's zone: midnight in UTC names that date, and any other time the day
/// that it falls on in the zone.
fn end_of_named_day(exp: Timestamp, zone: &Zone) -> Result<Timestamp> {
    let in_utc = exp.to_jiff().to_zoned(jiff::tz::TimeZone::UTC);
    let midnight = in_utc.time() == jiff::civil::Time::midnight();
    let day = if midnight { in_utc.date() } else { zone.day_of(exp) };
    zone.end_of(day).map_err(|_| wrong("exp"))
}

/// A decimal amount such as `5000.0` in minor units; places beyond the currency's must be zeros.
fn minor_units(amount: &str, decimals: u8) -> Result<u64> {
    let decimals = usize::from(decimals);
    let (whole, places) = amount.split_once('.').unwrap_or((amount, ""));
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(places) {
        return Err(wrong("amount"));
    }
    let (kept, beyond) = places.split_at(places.len().min(decimals));
    if beyond.bytes().any(|byte| byte != b'0') {
        return Err(wrong("amount"));
    }
    format!("{whole}{kept:0<decimals$}").parse().map_err(|_| wrong("amount"))
}

/// The amount, which OpenG2P writes as text or as a number.
fn amount(claims: &Map<String, Value>) -> Result<String> {
    match claims.get("amount") {
        Some(Value::String(text)) => Ok(text.clone()),
        Some(Value::Number(number)) => Ok(number.to_string()),
        Some(_) => Err(wrong("amount")),
        None => Err(missing("amount")),
    }
}

/// A name, which OpenG2P writes as text or as the integer of a database row.
fn name(claims: &Map<String, Value>, name: &'static str) -> Result<String> {
    match claims.get(name) {
        Some(Value::String(text)) => Ok(text.clone()),
        Some(Value::Number(number)) if !number.is_f64() => Ok(number.to_string()),
        Some(_) => Err(wrong(name)),
        None => Err(missing(name)),
    }
}

/// A text that is shown and no more; absent when it is empty or no text, as templates leave it.
fn shown(claims: &Map<String, Value>, name: &'static str) -> Result<Option<String>> {
    match claims.get(name).and_then(Value::as_str) {
        None | Some("") => Ok(None),
        Some(text) => label(text.to_owned(), name).map(Some).map_err(|_| wrong(name)),
    }
}

fn instant(claims: &Map<String, Value>, name: &'static str) -> Result<Timestamp> {
    let value = claims.get(name).ok_or(missing(name))?;
    value.as_u64().and_then(Timestamp::from_seconds).ok_or(wrong(name))
}

fn missing(field: &'static str) -> Error {
    Error::Missing { object: "OpenG2P voucher", field }
}

fn wrong(field: &'static str) -> Error {
    Error::Field { object: "OpenG2P voucher", field }
}

/// Parses one JSON object. A member named twice is refused, since readers differ on which one counts.
fn object(json: &[u8]) -> Result<Map<String, Value>> {
    match serde_json::from_slice::<UniqueMembers>(json) {
        Ok(UniqueMembers(map)) => Ok(map),
        Err(_) => Err(Error::Jwt(JwtFault::Json)),
    }
}

struct UniqueMembers(Map<String, Value>);

impl<'de> serde::Deserialize<'de> for UniqueMembers {
    fn deserialize<D: serde::Deserializer<'de>>(
        deserializer: D,
    ) -> std::result::Result<Self, D::Error> {
        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = UniqueMembers;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object with each member once")
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(
                self,
                mut access: A,
            ) -> std::result::Result<UniqueMembers, A::Error> {
                let mut members = Map::new();
                while let Some((name, value)) = access.next_entry::<String, Value>()? {
                    if members.insert(name, value).is_some() {
                        return Err(serde::de::Error::custom("a member is named twice"));
                    }
                }
                Ok(UniqueMembers(members))
            }
        }
        deserializer.deserialize_map(Visitor)
    }
}
