//! OpenG2P's vouchers: RS256 JSON Web Tokens (facts in docs/protocol.md §9). Read, never written.
//!
//! Keys come from the trust list alone; `iss` is never followed to fetch one.

use crate::id::{Audience, EntitlementId, IssuerId};
use crate::key::{Algorithm, PublicKey};
use crate::money::{Benefit, Money};
use crate::time::{Span, Timestamp};
use crate::trust::ForeignIssuer;
use crate::voucher::{Holder, Identity, Reference, Voucher};
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
    /// The header asks for something that must be understood (`crit`), or embeds a key.
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
        if fields.keys().any(|name| !["alg", "kid", "typ"].contains(&name.as_str())) {
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

/// Reads the claims of a verified payload as a voucher, with what the trust list says of its issuer.
///
/// # Errors
/// An error that names the claim.
pub fn voucher(payload: &[u8], issuer: &IssuerId, foreign: &ForeignIssuer) -> Result<Voucher> {
    let claims = object(payload)?;
    if text(&claims, "iss")? != issuer.as_str() {
        return Err(wrong("iss"));
    }
    let sub = text(&claims, "sub")?;
    let reference = match claims.get("code") {
        None | Some(Value::Null) => Reference::Sub(sub.clone()),
        Some(Value::String(code)) if !code.is_empty() => Reference::Code(code.clone()),
        Some(_) => return Err(wrong("code")),
    };
    let issued = instant(&claims, "iat")?;
    let exp = instant(&claims, "exp")?;
    // OpenG2P writes the start of the last valid day in its own zone as `exp` (openg2p.md, finding 5).
    let expires = if foreign.exp_is_last_day { exp.after(Span::days(1)) } else { exp };
    let minor = minor_units(&text(&claims, "amount")?, foreign.decimals)?;
    let voucher = Voucher {
        identity: Identity { issuer: issuer.clone(), reference },
        entitlement: EntitlementId::new(sub)?,
        audience: match claims.get("aud") {
            None | Some(Value::Null) => None,
            Some(_) => Some(Audience::new(text(&claims, "aud")?)?),
        },
        expires,
        not_before: match claims.get("nbf") {
            None => issued,
            Some(_) => instant(&claims, "nbf")?,
        },
        issued,
        programme: foreign.programme.clone(),
        benefit: Benefit::Money(Money::new(minor, foreign.currency)?),
        assistance: claims.get("type").and_then(Value::as_str).unwrap_or("voucher").to_owned(),
        holder: claims.get("bName").and_then(Value::as_str).map(|name| Holder {
            name: name.to_owned(),
            birth_year: None,
            id_tail: None,
        }),
        status: None,
        documents: Vec::new(),
    };
    voucher.check_times()?;
    Ok(voucher)
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

/// A claim that OpenG2P writes as text or as a number.
fn text(claims: &Map<String, Value>, name: &'static str) -> Result<String> {
    match claims.get(name) {
        Some(Value::String(text)) => Ok(text.clone()),
        Some(Value::Number(number)) => Ok(number.to_string()),
        Some(_) => Err(wrong(name)),
        None => Err(Error::Missing { object: "OpenG2P voucher", field: name }),
    }
}

fn instant(claims: &Map<String, Value>, name: &'static str) -> Result<Timestamp> {
    let value =
        claims.get(name).ok_or(Error::Missing { object: "OpenG2P voucher", field: name })?;
    value.as_u64().and_then(Timestamp::from_seconds).ok_or(wrong(name))
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
