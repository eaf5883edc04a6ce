//! Enrolment: the offer that staff show as a QR code, and the request that a phone signs for it.

use crate::cose::{ObjectType, Sign1, sign1};
use crate::fields::{Fields, MapWriter, bytes, label, time};
use crate::hash::Hash;
use crate::key::{PublicKey, Signer};
use crate::seal::SealingKey;
use crate::time::Timestamp;
use crate::{Error, Result};

/// What the QR text of an offer begins with.
pub const TEXT_PREFIX: &str = "VSE1:";

/// Longest text of an offer.
const MAX_TEXT_LEN: usize = 2048;

/// An offer to enrol one phone. Unsigned: it comes from staff's screen or paper into staff's hands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// The server, such as `https://vouchers.example.org`.
    pub origin: String,
    /// The one-time code.
    pub code: [u8; 16],
    /// The digest of the root document that the phone pins.
    pub root: Hash,
    /// When the code ends; at most 72 hours after it was made.
    pub expires: Timestamp,
    /// To which key a request that travels by file is sealed, since a phone without trust knows no
    /// other. An offer without it serves networks alone.
    pub sealing: Option<SealingKey>,
}

impl Offer {
    /// The QR text, all alphanumeric.
    ///
    /// # Errors
    /// [`Error::Field`] when the origin is none.
    pub fn to_text(&self) -> Result<String> {
        let payload = MapWriter::new()
            .put(1, self.origin.as_str())
            .put(2, bytes(&self.code))
            .put(3, bytes(self.root.as_bytes()))
            .put(4, time(self.expires))
            .put_some(6, self.sealing.as_ref().map(|key| bytes(key.as_bytes())))
            .encode()?;
        let text = format!("{TEXT_PREFIX}{}", base45::encode(&payload));
        Offer::from_text(&text)?;
        Ok(text)
    }

    /// Reads the QR text.
    ///
    /// # Errors
    /// [`Error::Prefix`], [`Error::Base45`] or an error of a field.
    pub fn from_text(text: &str) -> Result<Self> {
        let (len, max) = (text.len(), MAX_TEXT_LEN);
        if len > max {
            return Err(Error::TooLarge { what: "enrolment offer", len, max });
        }
        let payload = crate::voucher::prefixed_base45(TEXT_PREFIX, text)?;
        let mut fields = Fields::decode("enrolment offer", &payload)?;
        let offer = Offer {
            origin: origin(fields.required(1, "origin")?.text("origin")?)?,
            code: fields.required(2, "code")?.fixed("code")?,
            root: fields.required(3, "root")?.hash("root")?,
            expires: fields.required(4, "expires")?.time("expires")?,
            sealing: fields
                .optional(6, "sealing key")?
                .map(|key| Ok::<_, Error>(SealingKey::from_bytes(key.fixed("sealing key")?)))
                .transpose()?,
        };
        fields.close()?;
        Ok(offer)
    }
}

/// What a phone signs to be enrolled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The code of the offer.
    pub code: [u8; 16],
    /// The root of the offer.
    pub root: Hash,
    /// The origin of the offer.
    pub origin: String,
    /// The phone's new key, which signs the request.
    pub key: PublicKey,
    /// Random bytes, so that two requests differ.
    pub nonce: [u8; 16],
}

impl Request {
    /// Signs the request with the new key.
    ///
    /// # Errors
    /// As [`sign1`], and [`Error::Field`] when the origin is none.
    pub fn sign(&self, device: &dyn Signer) -> Result<Vec<u8>> {
        let payload = MapWriter::new()
            .put(1, bytes(&self.code))
            .put(2, bytes(self.root.as_bytes()))
            .put(3, self.origin.as_str())
            .put(4, self.key.to_value())
            .put(5, bytes(&self.nonce))
            .encode()?;
        Self::decode(&payload)?;
        sign1(ObjectType::Enrolment, &payload, device)
    }

    /// Reads a request and checks that the key in it signed it.
    ///
    /// # Errors
    /// An error of the envelope, a field or the signature.
    pub fn open(request: &[u8]) -> Result<Self> {
        let signed = Sign1::parse(ObjectType::Enrolment, request)?;
        let opened = Request::decode(signed.unverified_payload())?;
        signed.verify([&opened.key])?;
        Ok(opened)
    }

    fn decode(payload: &[u8]) -> Result<Self> {
        let mut fields = Fields::decode("enrolment", payload)?;
        let request = Request {
            code: fields.required(1, "code")?.fixed("code")?,
            root: fields.required(2, "root")?.hash("root")?,
            origin: origin(fields.required(3, "origin")?.text("origin")?)?,
            key: PublicKey::from_value(fields.required(4, "key")?.value())?,
            nonce: fields.required(5, "nonce")?.fixed("nonce")?,
        };
        fields.close()?;
        Ok(request)
    }
}

/// An HTTP origin: scheme, host and port in lower case, nothing after (RFC 6454 §6.2).
pub(crate) fn origin(text: String) -> Result<String> {
    let wrong = Error::Field { object: "enrolment", field: "origin" };
    let text = label(text, "origin")?;
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let good = host.is_some_and(|host| {
        !host.is_empty()
            && host.bytes().all(|byte| {
                byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-:[]".contains(&byte)
            })
    });
    if good { Ok(text) } else { Err(wrong) }
}
