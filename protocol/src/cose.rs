//! COSE envelopes (RFC 9052): one signature over most objects, several over roots and trust lists.
//!
//! An envelope gives its payload out only after a signature was checked. `alg` and `kid` stand in
//! the protected header and nowhere else; `typ` (RFC 9596) names the kind of object.

use crate::cbor;
use crate::hash::Hash;
use crate::key::{Algorithm, Kid, PublicKey, Signer};
use crate::{Error, Result};
use coset::iana;
use coset::{AsCborValue, CoseSign, CoseSign1, Header, Label, TaggedCborSerializable};

/// The rule for envelopes that does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EnvelopeFault {
    /// The structure is not the one that its tag names.
    #[error("the structure is not that of its tag")]
    Structure,
    /// The unprotected header is not empty.
    #[error("the unprotected header is not empty")]
    Unprotected,
    /// The protected header has a label that may not be there, `crit` among them.
    #[error("the protected header has a label that may not be there")]
    Label,
    /// No algorithm, or one that is not used here.
    #[error("no algorithm, or one that is not used here")]
    Algorithm,
    /// No key id of eight bytes.
    #[error("no key id of eight bytes")]
    KeyId,
    /// The type is not the one expected here.
    #[error("the type is not the one expected here")]
    Type,
    /// The payload is detached.
    #[error("the payload is detached")]
    Detached,
    /// A signature has the wrong length.
    #[error("a signature has the wrong length")]
    SignatureLength,
}

impl EnvelopeFault {
    /// The stable code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            EnvelopeFault::Structure => "cose.structure",
            EnvelopeFault::Unprotected => "cose.unprotected",
            EnvelopeFault::Label => "cose.label",
            EnvelopeFault::Algorithm => "cose.algorithm",
            EnvelopeFault::KeyId => "cose.key_id",
            EnvelopeFault::Type => "cose.type",
            EnvelopeFault::Detached => "cose.detached",
            EnvelopeFault::SignatureLength => "cose.signature_length",
        }
    }
}

/// A kind of signed object: its `typ` and its size limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ObjectType {
    /// A voucher, the one kind without `typ`.
    Voucher,
    /// A root document of the trust chain.
    Root,
    /// A trust list.
    TrustList,
    /// A status list token.
    StatusList,
    /// The header of a device record.
    Record,
    /// An ack to device records.
    Ack,
    /// A device profile.
    Profile,
    /// A phone's request to be enrolled.
    Enrolment,
    /// A phone's answer to a session challenge.
    Session,
}

impl ObjectType {
    /// The value of the protected `typ` header.
    #[must_use]
    pub fn typ(self) -> Option<&'static str> {
        match self {
            ObjectType::Voucher => None,
            ObjectType::Root => Some("application/vouchsafe-root+cose"),
            ObjectType::TrustList => Some("application/vouchsafe-trust+cose"),
            ObjectType::StatusList => Some("application/statuslist+cwt"),
            ObjectType::Record => Some("application/vouchsafe-record+cose"),
            ObjectType::Ack => Some("application/vouchsafe-ack+cose"),
            ObjectType::Profile => Some("application/vouchsafe-profile+cose"),
            ObjectType::Enrolment => Some("application/vouchsafe-enrolment+cose"),
            ObjectType::Session => Some("application/vouchsafe-session+cose"),
        }
    }

    /// The largest envelope of this kind, in bytes.
    #[must_use]
    pub fn max_len(self) -> usize {
        match self {
            ObjectType::Voucher => 2864,
            ObjectType::Root | ObjectType::Record | ObjectType::Profile => 64 * 1024,
            ObjectType::TrustList => 4 * 1024 * 1024,
            ObjectType::StatusList => 512 * 1024,
            ObjectType::Ack => 1024 * 1024,
            ObjectType::Enrolment | ObjectType::Session => 4096,
        }
    }

    fn name(self) -> &'static str {
        match self {
            ObjectType::Voucher => "voucher",
            ObjectType::Root => "root",
            ObjectType::TrustList => "trust list",
            ObjectType::StatusList => "status list",
            ObjectType::Record => "record",
            ObjectType::Ack => "ack",
            ObjectType::Profile => "profile",
            ObjectType::Enrolment => "enrolment",
            ObjectType::Session => "session",
        }
    }

    fn check_len(self, bytes: &[u8]) -> Result<()> {
        let (len, max) = (bytes.len(), self.max_len());
        if len > max { Err(Error::TooLarge { what: self.name(), len, max }) } else { Ok(()) }
    }
}

/// A COSE_Sign1 whose form is good and whose signature is not yet checked.
#[derive(Debug, Clone)]
pub struct Sign1 {
    envelope: CoseSign1,
    algorithm: Algorithm,
    kid: Kid,
}

/// A payload under a signature that was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified<'k> {
    /// The signed bytes: valid under the byte-level rules.
    pub payload: Vec<u8>,
    /// The key that signed.
    pub key: &'k PublicKey,
}

impl Sign1 {
    /// Reads the envelope: byte-level rules for it, its protected header and its payload, then the
    /// rules of docs/protocol.md §2. A voucher may carry CWT's tag 61 outside.
    ///
    /// # Errors
    /// [`Error::TooLarge`], [`Error::Cbor`] or [`Error::Cose`].
    pub fn parse(kind: ObjectType, bytes: &[u8]) -> Result<Self> {
        kind.check_len(bytes)?;
        let tagged_cwt = kind == ObjectType::Voucher && bytes.starts_with(&[0xd8, 61]);
        let inner = if tagged_cwt {
            cbor::validate_tagged(bytes, &[61, 18])?;
            &bytes[2..]
        } else {
            cbor::validate_tagged(bytes, &[18])?;
            bytes
        };
        let envelope = CoseSign1::from_tagged_slice(inner).map_err(refused)?;
        let protected = envelope.protected.original_data.as_deref().unwrap_or_default();
        let header = header(protected, &envelope.protected.header, &envelope.unprotected)?;
        if header.typ != kind.typ() {
            return Err(Error::Cose(EnvelopeFault::Type));
        }
        let (Some(algorithm), Some(kid)) = (header.algorithm, header.kid) else {
            return Err(missing(header.algorithm));
        };
        let Some(payload) = &envelope.payload else {
            return Err(Error::Cose(EnvelopeFault::Detached));
        };
        cbor::validate(payload)?;
        if envelope.signature.len() != 64 {
            return Err(Error::Cose(EnvelopeFault::SignatureLength));
        }
        Ok(Sign1 { envelope, algorithm, kid })
    }

    /// The key id that the signer names.
    #[must_use]
    pub fn kid(&self) -> Kid {
        self.kid
    }

    /// The digest of the payload, by which signed objects are known.
    #[must_use]
    pub fn payload_hash(&self) -> Hash {
        Hash::of(self.unverified_payload())
    }

    /// The payload as it claims to be. For display to people who debug, and for finding the signer's
    /// key where it stands in the object itself; nothing may be decided on it.
    #[must_use]
    pub fn unverified_payload(&self) -> &[u8] {
        self.envelope.payload.as_deref().unwrap_or_default()
    }

    /// Checks the signature with every candidate that has the signer's key id and algorithm.
    ///
    /// # Errors
    /// [`Error::UnknownKey`] when no candidate has the id, [`Error::Signature`] when none verifies.
    pub fn verify<'k>(
        self,
        candidates: impl IntoIterator<Item = &'k PublicKey>,
    ) -> Result<Verified<'k>> {
        let message = self.envelope.tbs_data(&[]);
        let mut known = false;
        for key in candidates.into_iter().filter(|key| key.kid() == self.kid) {
            known = true;
            if key.algorithm() == self.algorithm
                && key.verify(&message, &self.envelope.signature).is_ok()
            {
                let payload = self.envelope.payload.unwrap_or_default();
                return Ok(Verified { payload, key });
            }
        }
        Err(if known { Error::Signature } else { Error::UnknownKey(self.kid) })
    }
}

/// Signs a payload as an object of this kind and reads the result back.
///
/// # Errors
/// [`Error::Key`] when the key does not sign, and whatever [`Sign1::parse`] refuses.
pub fn sign1(kind: ObjectType, payload: &[u8], signer: &dyn Signer) -> Result<Vec<u8>> {
    let key = signer.public_key();
    let mut envelope = CoseSign1 {
        protected: protected(Some((key.algorithm(), key.kid())), kind.typ())?,
        payload: Some(payload.to_vec()),
        ..CoseSign1::default()
    };
    envelope.signature = signer.sign(&envelope.tbs_data(&[]))?;
    let bytes = envelope.to_tagged_vec().map_err(refused)?;
    Sign1::parse(kind, &bytes)?;
    Ok(bytes)
}

/// A COSE_Sign, several signatures over one payload, none of them checked yet.
#[derive(Debug, Clone)]
pub struct MultiSigned {
    envelope: CoseSign,
    signers: Vec<(Algorithm, Kid)>,
}

impl MultiSigned {
    /// Reads the envelope as [`Sign1::parse`] does. Each signature names its own `alg` and `kid`;
    /// the body's protected header carries `typ` alone.
    ///
    /// # Errors
    /// [`Error::TooLarge`], [`Error::Cbor`] or [`Error::Cose`].
    pub fn parse(kind: ObjectType, bytes: &[u8]) -> Result<Self> {
        kind.check_len(bytes)?;
        cbor::validate_tagged(bytes, &[98])?;
        let envelope = CoseSign::from_tagged_slice(bytes).map_err(refused)?;
        let body = envelope.protected.original_data.as_deref().unwrap_or_default();
        let body = header(body, &envelope.protected.header, &envelope.unprotected)?;
        if body.algorithm.is_some() || body.kid.is_some() {
            return Err(Error::Cose(EnvelopeFault::Label));
        }
        if body.typ != kind.typ() {
            return Err(Error::Cose(EnvelopeFault::Type));
        }
        let Some(payload) = &envelope.payload else {
            return Err(Error::Cose(EnvelopeFault::Detached));
        };
        cbor::validate(payload)?;
        let signers = envelope
            .signatures
            .iter()
            .map(|signature| {
                let own = signature.protected.original_data.as_deref().unwrap_or_default();
                let own = header(own, &signature.protected.header, &signature.unprotected)?;
                if own.typ.is_some() {
                    return Err(Error::Cose(EnvelopeFault::Label));
                }
                if signature.signature.len() != 64 {
                    return Err(Error::Cose(EnvelopeFault::SignatureLength));
                }
                match (own.algorithm, own.kid) {
                    (Some(algorithm), Some(kid)) => Ok((algorithm, kid)),
                    _ => Err(missing(own.algorithm)),
                }
            })
            .collect::<Result<Vec<_>>>()?;
        Ok(MultiSigned { envelope, signers })
    }

    /// The digest of the payload.
    #[must_use]
    pub fn payload_hash(&self) -> Hash {
        Hash::of(self.unverified_payload())
    }

    /// The payload as it claims to be; see [`Sign1::unverified_payload`].
    #[must_use]
    pub fn unverified_payload(&self) -> &[u8] {
        self.envelope.payload.as_deref().unwrap_or_default()
    }

    /// How many different keys of `candidates` signed; a key that signed twice counts once.
    #[must_use]
    pub fn count_signers(&self, candidates: &[PublicKey]) -> usize {
        let mut seen: Vec<Hash> = Vec::new();
        for (signature, (algorithm, kid)) in self.envelope.signatures.iter().zip(&self.signers) {
            let message = self.envelope.tbs_data(&[], signature);
            for key in candidates {
                if key.kid() == *kid
                    && key.algorithm() == *algorithm
                    && !seen.contains(&key.thumbprint())
                    && key.verify(&message, &signature.signature).is_ok()
                {
                    seen.push(key.thumbprint());
                }
            }
        }
        seen.len()
    }
}

/// Signs a payload with several keys.
///
/// # Errors
/// As [`sign1`].
pub fn sign_multi(kind: ObjectType, payload: &[u8], signers: &[&dyn Signer]) -> Result<Vec<u8>> {
    let mut envelope = CoseSign {
        protected: protected(None, kind.typ())?,
        payload: Some(payload.to_vec()),
        ..CoseSign::default()
    };
    for signer in signers {
        let key = signer.public_key();
        let mut signature = coset::CoseSignature {
            protected: protected(Some((key.algorithm(), key.kid())), None)?,
            ..coset::CoseSignature::default()
        };
        signature.signature = signer.sign(&envelope.tbs_data(&[], &signature))?;
        envelope.signatures.push(signature);
    }
    let bytes = envelope.to_tagged_vec().map_err(refused)?;
    MultiSigned::parse(kind, &bytes)?;
    Ok(bytes)
}

struct Protected<'a> {
    algorithm: Option<Algorithm>,
    kid: Option<Kid>,
    typ: Option<&'a str>,
}

fn header<'a>(bytes: &[u8], parsed: &'a Header, unprotected: &Header) -> Result<Protected<'a>> {
    if !unprotected.is_empty() {
        return Err(Error::Cose(EnvelopeFault::Unprotected));
    }
    let labels = cbor::decode(bytes)?;
    let allowed = |label: &cbor::Value| [ALG, KID, TYP].map(cbor::Value::from).contains(label);
    if !labels.as_map().is_some_and(|map| map.iter().all(|(label, _)| allowed(label))) {
        return Err(Error::Cose(EnvelopeFault::Label));
    }
    let typ = match parsed.rest.first() {
        None => None,
        Some((_, value)) => match value.as_text() {
            Some(text) => Some(text),
            None => return Err(Error::Cose(EnvelopeFault::Type)),
        },
    };
    let algorithm = match &parsed.alg {
        None => None,
        Some(coset::Algorithm::Assigned(iana::Algorithm::Ed25519 | iana::Algorithm::EdDSA)) => {
            Some(Algorithm::Ed25519)
        }
        Some(coset::Algorithm::Assigned(iana::Algorithm::ESP256 | iana::Algorithm::ES256)) => {
            Some(Algorithm::Esp256)
        }
        Some(_) => return Err(Error::Cose(EnvelopeFault::Algorithm)),
    };
    let kid = match parsed.key_id.as_slice() {
        [] => None,
        id => match <[u8; 8]>::try_from(id) {
            Ok(id) => Some(Kid::from_bytes(id)),
            Err(_) => return Err(Error::Cose(EnvelopeFault::KeyId)),
        },
    };
    Ok(Protected { algorithm, kid, typ })
}

/// The labels of `alg` and `kid` (RFC 9052 §3.1).
const ALG: i64 = 1;
const KID: i64 = 4;
/// The label of `typ` (RFC 9596).
const TYP: i64 = 16;

fn protected(
    signer: Option<(Algorithm, Kid)>,
    typ: Option<&'static str>,
) -> Result<coset::ProtectedHeader> {
    let mut header = Header::default();
    if let Some((algorithm, kid)) = signer {
        let algorithm = match algorithm {
            Algorithm::Ed25519 => iana::Algorithm::Ed25519,
            Algorithm::Esp256 => iana::Algorithm::ESP256,
            Algorithm::Rs256 => return Err(Error::Cose(EnvelopeFault::Algorithm)),
        };
        header.alg = Some(coset::Algorithm::Assigned(algorithm));
        header.key_id = kid.as_bytes().to_vec();
    }
    if let Some(typ) = typ {
        header.rest.push((Label::Int(TYP), typ.into()));
    }
    let value = header.clone().to_cbor_value().map_err(refused)?;
    let original_data = Some(cbor::encode(&value)?);
    Ok(coset::ProtectedHeader { original_data, header })
}

fn missing(algorithm: Option<Algorithm>) -> Error {
    Error::Cose(if algorithm.is_none() { EnvelopeFault::Algorithm } else { EnvelopeFault::KeyId })
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that map_err wants")]
fn refused(error: coset::CoseError) -> Error {
    Error::Cose(match error {
        coset::CoseError::UnregisteredIanaValue
        | coset::CoseError::UnregisteredIanaNonPrivateValue => EnvelopeFault::Algorithm,
        coset::CoseError::UnexpectedItem(..)
        | coset::CoseError::DecodeFailed(_)
        | coset::CoseError::DuplicateMapKey
        | coset::CoseError::EncodeFailed
        | coset::CoseError::ExtraneousData
        | coset::CoseError::OutOfRangeIntegerValue => EnvelopeFault::Structure,
    })
}
