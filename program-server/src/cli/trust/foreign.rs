//! `trust add-foreign-issuer`: the key of an OpenG2P office.

use super::{key_value, renew};
use crate::cli::output::Output;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clap::Args;
use program_server::trust::{self, Foreign};
use program_server::{App, Error, Result, programmes};
use protocol::id::{IssuerId, ProgrammeId};
use protocol::key::PublicKey;
use rsa::RsaPublicKey;
use rsa::pkcs1::DecodeRsaPublicKey as _;
use rsa::pkcs8::DecodePublicKey as _;
use rsa::traits::PublicKeyParts as _;
use serde::Deserialize;
use std::path::PathBuf;

/// Trust an office that issues OpenG2P's vouchers (RS256 tokens), for one programme.
#[derive(Debug, Args)]
pub struct AddForeignIssuer {
    /// Its public RSA key: a JWKS or JWK (JSON), or a PEM file with a public key. Take it from the
    /// office itself, not from a voucher.
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// What its vouchers say in `iss`.
    #[arg(long)]
    issuer: IssuerId,
    /// The `kid` in its vouchers; may be left out when the key file says it.
    #[arg(long)]
    kid: Option<String>,
    /// The programme that its vouchers belong to; they are in this programme's currency.
    #[arg(long, value_name = "ID")]
    programme: ProgrammeId,
    /// Its `exp` is the start of the last valid day, as OpenG2P writes it, and not the end.
    #[arg(long)]
    exp_is_last_day: bool,
}

impl AddForeignIssuer {
    pub async fn run(self, app: &App, output: &Output) -> Result<()> {
        let text = std::fs::read_to_string(&self.key).map_err(Error::file(&self.key))?;
        let (key, kid) = read_key(&text, self.kid.as_deref())?;
        let programme = programmes::get(app.db.reader(), &self.programme).await?;
        let foreign = Foreign {
            kid,
            currency: programme.currency,
            decimals: programme.decimals,
            exp_is_last_day: self.exp_is_last_day,
        };
        let tx = app.db.begin().await?;
        let key = trust::add_foreign_issuer(app, &tx, &key, &self.issuer, &self.programme, foreign)
            .await?;
        tx.commit().await?;
        renew(app).await?;
        output.print(
            &format!(
                "Vouchers of {} are trusted for {} under the key {}.",
                self.issuer,
                self.programme,
                key.key.kid()
            ),
            &key_value(&key),
        )
    }
}

#[derive(Deserialize)]
struct Jwks {
    keys: Vec<Jwk>,
}

/// A JSON Web Key (RFC 7517, RFC 7518 §6.3.1).
#[derive(Deserialize)]
struct Jwk {
    kty: String,
    kid: Option<String>,
    n: Option<String>,
    e: Option<String>,
}

/// Reads the one RSA key of a JWKS, a JWK or a PEM file, and the `kid` it goes by.
fn read_key(text: &str, kid: Option<&str>) -> Result<(PublicKey, String)> {
    if text.trim_start().starts_with("-----BEGIN") {
        let kid = kid.ok_or_else(|| {
            Error::invalid("a PEM file does not say the key's kid: give it with --kid")
        })?;
        return Ok((read_pem(text)?, kid.to_owned()));
    }
    let wrong = || Error::invalid("the key file is neither a JWKS, nor a JWK, nor PEM");
    let keys = match serde_json::from_str::<Jwks>(text) {
        Ok(jwks) => jwks.keys,
        Err(_) => vec![serde_json::from_str::<Jwk>(text).map_err(|_| wrong())?],
    };
    let mut matching = keys.into_iter().filter(|key| {
        key.kty == "RSA" && kid.is_none_or(|kid| key.kid.as_deref().is_none_or(|own| own == kid))
    });
    let (Some(key), None) = (matching.next(), matching.next()) else {
        return Err(Error::invalid(
            "the key file has none or several RSA keys that fit: name one by its --kid",
        ));
    };
    let number = |part: &Option<String>| {
        let text = part.as_deref().ok_or_else(wrong)?;
        URL_SAFE_NO_PAD.decode(text).map_err(|_| wrong())
    };
    let public = PublicKey::rsa(&number(&key.n)?, &number(&key.e)?)?;
    let kid = kid.map(str::to_owned).or(key.kid).ok_or_else(|| {
        Error::invalid("the key file does not say the key's kid: give it with --kid")
    })?;
    Ok((public, kid))
}

/// Reads `PUBLIC KEY` (SubjectPublicKeyInfo, RFC 5280 §4.1.2.7) or `RSA PUBLIC KEY` (PKCS #1,
/// RFC 8017 A.1.1).
fn read_pem(text: &str) -> Result<PublicKey> {
    let key = RsaPublicKey::from_public_key_pem(text)
        .ok()
        .or_else(|| RsaPublicKey::from_pkcs1_pem(text).ok())
        .ok_or_else(|| Error::invalid("the PEM file has no RSA public key"))?;
    Ok(PublicKey::rsa(&key.n().to_bytes_be(), &key.e().to_bytes_be())?)
}
