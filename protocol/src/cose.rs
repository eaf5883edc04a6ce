//! COSE envelopes (RFC 9052): one signature over most objects, several over roots and trust lists.
//!
//! Envelopes are read here part by part, after the byte-level rules were checked for the envelope, its
//! protected headers and its payload; coset writes them and builds what is signed. An envelope gives
//! its payload out only after a signature was checked. `alg` and `kid` stand in
//! the protected header and nowhere else; `typ` (RFC 9596) names the kind of object.

use crate::cbor::{self, Value};
use crate::fields::MapWriter;
use crate::hash::Hash;
use crate::key::{Algorithm, Kid, PublicKey, Signer};
use crate::{Error, Result};
use coset::iana::{self, EnumI64};
use coset::{CoseSign, CoseSign1, ProtectedHeader, SignatureContext, TaggedCborSerializable};

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
    /// A delegation to issue in the field.
    Delegation,
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
    /// The header of a sealed bundle.
    Bundle,
    /// A phone's answer to a session challenge.
    Session,
}

impl ObjectType {
    /// The value of the protected `typ` header.
    #[must_use]
    pub fn typ(self) -> Option<&'static str> {
        match self {
            ObjectType::Voucher => None,
            ObjectType::Delegation => Some("application/vouchsafe-delegation+cose"),
            ObjectType::Root => Some("application/vouchsafe-root+cose"),
            ObjectType::TrustList => Some("application/vouchsafe-trust+cose"),
            ObjectType::StatusList => Some("application/statuslist+cwt"),
            ObjectType::Record => Some("application/vouchsafe-record+cose"),
            ObjectType::Ack => Some("application/vouchsafe-ack+cose"),
            ObjectType::Profile => Some("application/vouchsafe-profile+cose"),
            ObjectType::Enrolment => Some("application/vouchsafe-enrolment+cose"),
            ObjectType::Bundle => Some("application/vouchsafe-bundle+cose"),
            ObjectType::Session => Some("application/vouchsafe-session+cose"),
        }
    }

    /// The largest envelope of this kind, in bytes.
    #[must_use]
    pub fn max_len(self) -> usize {
        match self {
            ObjectType::Voucher => 2864,
            ObjectType::Delegation => 1024,
            ObjectType::Root | ObjectType::Record | ObjectType::Profile => 64 * 1024,
            ObjectType::TrustList => 4 * 1024 * 1024,
            ObjectType::StatusList => 512 * 1024,
            ObjectType::Ack => 1024 * 1024,
            ObjectType::Enrolment | ObjectType::Session => 4096,
            ObjectType::Bundle => 60 * 1024,
        }
    }

    fn name(self) -> &'static str {
        match self {
            ObjectType::Voucher => "voucher",
            ObjectType::Delegation => "delegation",
            ObjectType::Root => "root",
            ObjectType::TrustList => "trust list",
            ObjectType::StatusList => "status list",
            ObjectType::Record => "record",
            ObjectType::Ack => "ack",
            ObjectType::Profile => "profile",
            ObjectType::Enrolment => "enrolment",
            ObjectType::Bundle => "bundle",
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
    protected: Vec<u8>,
    payload: Vec<u8>,
    signature: Vec<u8>,
    algorithm: Algorithm,
    kid: Kid,
    delegation: Option<Vec<u8>>,
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
        let tags: &[u64] = if kind == ObjectType::Voucher && bytes.starts_with(&TAG_CWT) {
            &[61, 18]
        } else {
            &[18]
        };
        let [protected, unprotected, payload, signature] = parts(bytes, tags)?;
        let (protected, header) = header(protected, &unprotected)?;
        if header.typ.as_deref() != kind.typ() {
            return Err(Error::Cose(EnvelopeFault::Type));
        }
        if header.delegation.is_some() && kind != ObjectType::Voucher {
            return Err(Error::Cose(EnvelopeFault::Label));
        }
        let (algorithm, kid) = header.signer()?;
        Ok(Sign1 {
            protected,
            payload: attached(payload)?,
            signature: signature_bytes(signature)?,
            algorithm,
            kid,
            delegation: header.delegation,
        })
    }

    /// The signed delegation that a delegated voucher carries, not yet checked.
    #[must_use]
    pub fn delegation(&self) -> Option<&[u8]> {
        self.delegation.as_deref()
    }

    /// The key id that the signer names.
    #[must_use]
    pub fn kid(&self) -> Kid {
        self.kid
    }

    /// The digest of the payload, by which signed objects are known.
    #[must_use]
    pub fn payload_hash(&self) -> Hash {
        Hash::of(&self.payload)
    }

    /// The payload as it claims to be. For display to people who debug, and for finding the signer's
    /// key where it stands in the object itself; nothing may be decided on it.
    #[must_use]
    pub fn unverified_payload(&self) -> &[u8] {
        &self.payload
    }

    /// Checks the signature with every candidate that has the signer's key id and algorithm.
    ///
    /// # Errors
    /// [`Error::UnknownKey`] when no candidate has the id, [`Error::Signature`] when none verifies.
    pub fn verify<'k>(
        self,
        candidates: impl IntoIterator<Item = &'k PublicKey>,
    ) -> Result<Verified<'k>> {
        let message = to_be_signed(&self.protected, None, &self.payload);
        let mut known = false;
        for key in candidates.into_iter().filter(|key| key.kid() == self.kid) {
            known = true;
            if key.algorithm() == self.algorithm && key.verify(&message, &self.signature).is_ok() {
                return Ok(Verified { payload: self.payload, key });
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
    sign1_with(kind, payload, None, signer)
}

/// Signs a voucher that carries the signed delegation under which it is issued.
///
/// # Errors
/// As [`sign1`].
pub(crate) fn sign1_delegated(
    payload: &[u8],
    delegation: &[u8],
    signer: &dyn Signer,
) -> Result<Vec<u8>> {
    sign1_with(ObjectType::Voucher, payload, Some(delegation), signer)
}

fn sign1_with(
    kind: ObjectType,
    payload: &[u8],
    delegation: Option<&[u8]>,
    signer: &dyn Signer,
) -> Result<Vec<u8>> {
    let key = signer.public_key();
    let protected = protected(Some((key.algorithm(), key.kid())), kind.typ(), delegation)?;
    let signature = signer.sign(&to_be_signed(&protected, None, payload))?;
    let envelope = CoseSign1 {
        protected: as_signed(&protected),
        payload: Some(payload.to_vec()),
        signature,
        ..CoseSign1::default()
    };
    let bytes = envelope.to_tagged_vec().map_err(|_| Error::Cose(EnvelopeFault::Structure))?;
    Sign1::parse(kind, &bytes)?;
    Ok(bytes)
}

/// A COSE_Sign, several signatures over one payload, none of them checked yet.
#[derive(Debug, Clone)]
pub struct MultiSigned {
    protected: Vec<u8>,
    payload: Vec<u8>,
    signatures: Vec<Signature>,
}

/// One signature of a COSE_Sign.
#[derive(Debug, Clone)]
struct Signature {
    protected: Vec<u8>,
    algorithm: Algorithm,
    kid: Kid,
    bytes: Vec<u8>,
}

impl MultiSigned {
    /// Reads the envelope as [`Sign1::parse`] does. Each signature names its own `alg` and `kid`;
    /// the body's protected header carries `typ` alone.
    ///
    /// # Errors
    /// [`Error::TooLarge`], [`Error::Cbor`] or [`Error::Cose`].
    pub fn parse(kind: ObjectType, bytes: &[u8]) -> Result<Self> {
        kind.check_len(bytes)?;
        let [protected, unprotected, payload, signatures] = parts(bytes, &[98])?;
        let (protected, body) = header(protected, &unprotected)?;
        if body.algorithm.is_some() || body.kid.is_some() || body.delegation.is_some() {
            return Err(Error::Cose(EnvelopeFault::Label));
        }
        if body.typ.as_deref() != kind.typ() {
            return Err(Error::Cose(EnvelopeFault::Type));
        }
        let payload = attached(payload)?;
        let Value::Array(signatures) = signatures else {
            return Err(Error::Cose(EnvelopeFault::Structure));
        };
        // Each signature costs a check over the whole payload, before anyone is known to have signed.
        if !(1..=MAX_SIGNATURES).contains(&signatures.len()) {
            return Err(Error::Cose(EnvelopeFault::Structure));
        }
        let signatures = signatures.into_iter().map(Signature::parse).collect::<Result<_>>()?;
        Ok(MultiSigned { protected, payload, signatures })
    }

    /// The digest of the payload.
    #[must_use]
    pub fn payload_hash(&self) -> Hash {
        Hash::of(&self.payload)
    }

    /// The payload as it claims to be; see [`Sign1::unverified_payload`].
    #[must_use]
    pub fn unverified_payload(&self) -> &[u8] {
        &self.payload
    }

    /// How many different keys of `candidates` signed; a key that signed twice counts once.
    #[must_use]
    pub fn count_signers(&self, candidates: &[PublicKey]) -> usize {
        candidates
            .iter()
            .enumerate()
            .filter(|(i, key)| !candidates[..*i].contains(key) && self.is_signed_by(key))
            .count()
    }

    fn is_signed_by(&self, key: &PublicKey) -> bool {
        self.signatures
            .iter()
            .filter(|it| it.kid == key.kid() && it.algorithm == key.algorithm())
            .any(|it| {
                let message = to_be_signed(&self.protected, Some(&it.protected), &self.payload);
                key.verify(&message, &it.bytes).is_ok()
            })
    }
}

impl Signature {
    fn parse(value: Value) -> Result<Self> {
        let [protected, unprotected, bytes] = array(value)?;
        let (protected, own) = header(protected, &unprotected)?;
        if own.typ.is_some() || own.delegation.is_some() {
            return Err(Error::Cose(EnvelopeFault::Label));
        }
        let (algorithm, kid) = own.signer()?;
        Ok(Signature { protected, algorithm, kid, bytes: signature_bytes(bytes)? })
    }
}

/// Signs a payload with several keys.
///
/// # Errors
/// As [`sign1`].
pub fn sign_multi(kind: ObjectType, payload: &[u8], signers: &[&dyn Signer]) -> Result<Vec<u8>> {
    let body = protected(None, kind.typ(), None)?;
    let mut envelope = CoseSign {
        protected: as_signed(&body),
        payload: Some(payload.to_vec()),
        ..CoseSign::default()
    };
    for signer in signers {
        let key = signer.public_key();
        let own = protected(Some((key.algorithm(), key.kid())), None, None)?;
        envelope.signatures.push(coset::CoseSignature {
            signature: signer.sign(&to_be_signed(&body, Some(&own), payload))?,
            protected: as_signed(&own),
            ..coset::CoseSignature::default()
        });
    }
    let bytes = envelope.to_tagged_vec().map_err(|_| Error::Cose(EnvelopeFault::Structure))?;
    MultiSigned::parse(kind, &bytes)?;
    Ok(bytes)
}

/// Most signatures over one object: every root key of the root before and of the new one.
const MAX_SIGNATURES: usize = 64;

/// The bytes of CWT's tag 61.
const TAG_CWT: [u8; 2] = [0xd8, 61];

/// The four parts of an envelope under exactly these tags.
fn parts(bytes: &[u8], tags: &[u64]) -> Result<[Value; 4]> {
    array(cbor::decode_tagged(bytes, tags)?)
}

fn array<const N: usize>(value: Value) -> Result<[Value; N]> {
    let structure = Error::Cose(EnvelopeFault::Structure);
    match value {
        Value::Array(parts) => parts.try_into().map_err(|_| structure),
        _ => Err(structure),
    }
}

fn attached(payload: Value) -> Result<Vec<u8>> {
    match payload {
        Value::Bytes(payload) => {
            cbor::validate(&payload)?;
            Ok(payload)
        }
        Value::Null => Err(Error::Cose(EnvelopeFault::Detached)),
        _ => Err(Error::Cose(EnvelopeFault::Structure)),
    }
}

fn signature_bytes(signature: Value) -> Result<Vec<u8>> {
    match signature {
        Value::Bytes(signature) if signature.len() == 64 => Ok(signature),
        Value::Bytes(_) => Err(Error::Cose(EnvelopeFault::SignatureLength)),
        _ => Err(Error::Cose(EnvelopeFault::Structure)),
    }
}

/// The Sig_structure (RFC 9052 §4.4), with nothing external.
fn to_be_signed(body: &[u8], own: Option<&[u8]>, payload: &[u8]) -> Vec<u8> {
    let context = match own {
        None => SignatureContext::CoseSign1,
        Some(_) => SignatureContext::CoseSignature,
    };
    coset::sig_structure_data(context, as_signed(body), own.map(as_signed), &[], payload)
}

/// A protected header for coset, which then uses these bytes as they are.
fn as_signed(protected: &[u8]) -> ProtectedHeader {
    ProtectedHeader { original_data: Some(protected.to_vec()), ..ProtectedHeader::default() }
}

/// What a protected header says.
struct Protected {
    algorithm: Option<Algorithm>,
    kid: Option<Kid>,
    typ: Option<String>,
    delegation: Option<Vec<u8>>,
}

impl Protected {
    fn signer(&self) -> Result<(Algorithm, Kid)> {
        let algorithm = self.algorithm.ok_or(Error::Cose(EnvelopeFault::Algorithm))?;
        let kid = self.kid.ok_or(Error::Cose(EnvelopeFault::KeyId))?;
        Ok((algorithm, kid))
    }
}

/// Reads a pair of headers; gives the protected one's bytes too.
fn header(protected: Value, unprotected: &Value) -> Result<(Vec<u8>, Protected)> {
    let structure = Error::Cose(EnvelopeFault::Structure);
    let (Value::Bytes(bytes), Value::Map(outside)) = (protected, unprotected) else {
        return Err(structure);
    };
    if !outside.is_empty() {
        return Err(Error::Cose(EnvelopeFault::Unprotected));
    }
    let Value::Map(labels) = cbor::decode(&bytes)? else {
        return Err(structure);
    };
    let mut found = Protected { algorithm: None, kid: None, typ: None, delegation: None };
    for (label, value) in labels {
        match label.as_integer().and_then(|label| i64::try_from(label).ok()) {
            Some(ALG) => found.algorithm = Some(algorithm(&value)?),
            Some(KID) => found.kid = Some(key_id(&value)?),
            Some(TYP) => match value {
                Value::Text(typ) => found.typ = Some(typ),
                _ => return Err(Error::Cose(EnvelopeFault::Type)),
            },
            Some(DELEGATION) => match value {
                Value::Bytes(delegation) => found.delegation = Some(delegation),
                _ => return Err(Error::Cose(EnvelopeFault::Label)),
            },
            _ => return Err(Error::Cose(EnvelopeFault::Label)),
        }
    }
    Ok((bytes, found))
}

fn algorithm(value: &Value) -> Result<Algorithm> {
    let number = value.as_integer().and_then(|number| i64::try_from(number).ok());
    match number.and_then(iana::Algorithm::from_i64) {
        Some(iana::Algorithm::Ed25519 | iana::Algorithm::EdDSA) => Ok(Algorithm::Ed25519),
        Some(iana::Algorithm::ESP256 | iana::Algorithm::ES256) => Ok(Algorithm::Esp256),
        _ => Err(Error::Cose(EnvelopeFault::Algorithm)),
    }
}

fn key_id(value: &Value) -> Result<Kid> {
    let bytes = value.as_bytes().and_then(|id| <[u8; 8]>::try_from(id.as_slice()).ok());
    bytes.map(Kid::from_bytes).ok_or(Error::Cose(EnvelopeFault::KeyId))
}

/// The labels of `alg` and `kid` (RFC 9052 §3.1).
const ALG: i64 = 1;
const KID: i64 = 4;
/// The label of `typ` (RFC 9596).
const TYP: i64 = 16;
/// The label, of those for private use (RFC 9052 §11.1), of the delegation in a delegated voucher.
const DELEGATION: i64 = -65539;

fn protected(
    signer: Option<(Algorithm, Kid)>,
    typ: Option<&'static str>,
    delegation: Option<&[u8]>,
) -> Result<Vec<u8>> {
    let mut header = MapWriter::new();
    if let Some((algorithm, kid)) = signer {
        let algorithm = match algorithm {
            Algorithm::Ed25519 => iana::Algorithm::Ed25519,
            Algorithm::Esp256 => iana::Algorithm::ESP256,
            Algorithm::Rs256 => return Err(Error::Cose(EnvelopeFault::Algorithm)),
        };
        header =
            header.put(ALG, algorithm.to_i64()).put(KID, Value::Bytes(kid.as_bytes().to_vec()));
    }
    let delegation = delegation.map(|signed| Value::Bytes(signed.to_vec()));
    header.put_some(TYP, typ).put_some(DELEGATION, delegation).encode()
}
