//! Public keys, their ids and uses, and signatures.
//!
//! Ed25519 (RFC 8032, checked strictly), ECDSA on P-256 with low s as raw r‖s, and RSA public keys
//! for the vouchers of foreign issuers. Keys are COSE_Keys (RFC 9052 §7), their ids the first eight
//! bytes of the RFC 9679 thumbprint.

use crate::cbor::Value;
use crate::fields::{Fields, MapWriter, bytes};
use crate::hash::Hash;
use crate::{Error, Result};
use std::fmt;
use zeroize::Zeroizing;

/// What is wrong with a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyFault {
    /// The key's parameters name no point, or no modulus, that may be used.
    #[error("malformed key")]
    Malformed,
    /// A key of small order, under which one signature fits many messages.
    #[error("weak key")]
    Weak,
    /// An RSA modulus below 2048 bits or above 4096, or an unusual exponent.
    #[error("RSA key of a size that is not allowed")]
    RsaSize,
    /// A key type or curve that is not used here.
    #[error("key type that is not used here")]
    Type,
    /// The key that signs did not sign (hardware failure, key lost).
    #[error("the signing key did not sign")]
    DidNotSign,
}

impl KeyFault {
    /// The stable code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            KeyFault::Malformed => "key.malformed",
            KeyFault::Weak => "key.weak",
            KeyFault::RsaSize => "key.rsa_size",
            KeyFault::Type => "key.type",
            KeyFault::DidNotSign => "key.did_not_sign",
        }
    }
}

/// What a key may sign. One key has one use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum KeyUse {
    /// Vouchers.
    Voucher,
    /// Delegations to issue in the field.
    Delegation,
    /// Trust lists.
    Trust,
    /// Status lists.
    Status,
    /// Device profiles.
    Profile,
    /// Acks to device records.
    Ack,
    /// Account-payable orders.
    Payable,
    /// The payment switch's reports.
    Settlement,
    /// Device records, enrolments and sessions.
    Device,
}

impl KeyUse {
    /// Every use, in the order of its number.
    pub const ALL: [KeyUse; 9] = [
        KeyUse::Voucher,
        KeyUse::Delegation,
        KeyUse::Trust,
        KeyUse::Status,
        KeyUse::Profile,
        KeyUse::Ack,
        KeyUse::Payable,
        KeyUse::Settlement,
        KeyUse::Device,
    ];

    /// The number that stands for it in a trust list, from 1.
    #[must_use]
    pub fn number(self) -> u64 {
        match self {
            KeyUse::Voucher => 1,
            KeyUse::Delegation => 2,
            KeyUse::Trust => 3,
            KeyUse::Status => 4,
            KeyUse::Profile => 5,
            KeyUse::Ack => 6,
            KeyUse::Payable => 7,
            KeyUse::Settlement => 8,
            KeyUse::Device => 9,
        }
    }

    /// The use with this number.
    #[must_use]
    pub fn from_number(number: u64) -> Option<Self> {
        KeyUse::ALL.into_iter().find(|each| each.number() == number)
    }

    /// The word for it, as commands and file names use it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            KeyUse::Voucher => "voucher",
            KeyUse::Delegation => "delegation",
            KeyUse::Trust => "trust",
            KeyUse::Status => "status",
            KeyUse::Profile => "profile",
            KeyUse::Ack => "ack",
            KeyUse::Payable => "payable",
            KeyUse::Settlement => "settlement",
            KeyUse::Device => "device",
        }
    }
}

/// A key id: the first eight bytes of the key's thumbprint. Two keys may share one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Kid([u8; 8]);

impl Kid {
    /// The id with these bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 8]) -> Self {
        Kid(bytes)
    }

    /// The bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 8] {
        &self.0
    }

    /// Reads 16 hexadecimal digits.
    #[must_use]
    pub fn from_hex(text: &str) -> Option<Self> {
        crate::id::hex_bytes(text).map(Kid)
    }
}

impl fmt::Display for Kid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Kid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Kid({self})")
    }
}

/// Signature algorithms (RFC 9053, RFC 9864).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// EdDSA over Ed25519: COSE −19, read as −8 too.
    Ed25519,
    /// ECDSA over P-256 with SHA-256: COSE −9, read as −7 too.
    Esp256,
    /// RSASSA-PKCS1-v1_5 with SHA-256: JOSE RS256, in foreign vouchers alone.
    Rs256,
}

/// A public key that was checked when it was read.
#[derive(Clone)]
pub struct PublicKey {
    material: Material,
    thumbprint: Hash,
}

#[derive(Clone)]
enum Material {
    Ed25519(ed25519_dalek::VerifyingKey),
    P256(Box<p256::ecdsa::VerifyingKey>),
    Rsa(Box<rsa::RsaPublicKey>),
}

impl PublicKey {
    /// Reads an Ed25519 key.
    ///
    /// # Errors
    /// [`KeyFault::Malformed`] when it is no point in its one encoding, [`KeyFault::Weak`].
    pub fn ed25519(x: &[u8; 32]) -> Result<Self> {
        let key = ed25519_dalek::VerifyingKey::from_bytes(x)
            .map_err(|_| Error::Key(KeyFault::Malformed))?;
        if key.is_weak() {
            return Err(Error::Key(KeyFault::Weak));
        }
        // A second encoding of the same point would be a second thumbprint of the same key.
        if key.to_edwards().compress().as_bytes() != x {
            return Err(Error::Key(KeyFault::Malformed));
        }
        Ok(Self::of(Material::Ed25519(key)))
    }

    /// Reads a P-256 key from its affine coordinates.
    ///
    /// # Errors
    /// [`KeyFault::Malformed`] when they are no point of the curve.
    pub fn p256(x: &[u8; 32], y: &[u8; 32]) -> Result<Self> {
        let mut point = [4; 65];
        point[1..33].copy_from_slice(x);
        point[33..].copy_from_slice(y);
        Self::p256_sec1(&point)
    }

    /// Reads a P-256 key as an uncompressed SEC 1 point (65 bytes).
    ///
    /// # Errors
    /// [`KeyFault::Malformed`] when it is none.
    pub fn p256_sec1(point: &[u8]) -> Result<Self> {
        let malformed = Error::Key(KeyFault::Malformed);
        if point.len() != 65 {
            return Err(malformed);
        }
        let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(point).map_err(|_| malformed)?;
        Ok(Self::of(Material::P256(Box::new(key))))
    }

    /// Reads an RSA key from modulus and exponent, big-endian without leading zeros.
    ///
    /// # Errors
    /// [`KeyFault::RsaSize`] unless the modulus has 2048 to 4096 bits and the exponent is 65537;
    /// [`KeyFault::Malformed`] for leading zeros or an even modulus.
    pub fn rsa(modulus: &[u8], exponent: &[u8]) -> Result<Self> {
        if modulus.first() == Some(&0) {
            return Err(Error::Key(KeyFault::Malformed));
        }
        let n = rsa::BigUint::from_bytes_be(modulus);
        if !(2048..=4096).contains(&n.bits()) || exponent != [1, 0, 1] {
            return Err(Error::Key(KeyFault::RsaSize));
        }
        let key = rsa::RsaPublicKey::new(n, rsa::BigUint::from_bytes_be(exponent))
            .map_err(|_| Error::Key(KeyFault::Malformed))?;
        Ok(Self::of(Material::Rsa(Box::new(key))))
    }

    fn of(material: Material) -> Self {
        let thumbprint = Hash::of(&encode_or_empty(&material));
        PublicKey { material, thumbprint }
    }

    /// The RFC 9679 thumbprint with SHA-256.
    #[must_use]
    pub fn thumbprint(&self) -> Hash {
        self.thumbprint
    }

    /// The key id.
    #[must_use]
    pub fn kid(&self) -> Kid {
        let mut kid = [0; 8];
        kid.copy_from_slice(&self.thumbprint.as_bytes()[..8]);
        Kid(kid)
    }

    /// Eight decimal digits of the thumbprint (its bytes 8 to 15 as a number, modulo 10^8), which two
    /// people compare when a phone is enrolled.
    #[must_use]
    pub fn fingerprint_digits(&self) -> String {
        let number = self.thumbprint.as_bytes()[8..16]
            .iter()
            .fold(0_u64, |sum, &byte| (sum << 8) | u64::from(byte));
        format!("{:08}", number % 100_000_000)
    }

    /// The algorithm of this key's signatures.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        match self.material {
            Material::Ed25519(_) => Algorithm::Ed25519,
            Material::P256(_) => Algorithm::Esp256,
            Material::Rsa(_) => Algorithm::Rs256,
        }
    }

    /// Checks a signature: Ed25519 strictly, ECDSA as raw r‖s with low s.
    ///
    /// # Errors
    /// [`Error::Signature`].
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Result<()> {
        let holds = match &self.material {
            Material::Ed25519(key) => ed25519_dalek::Signature::from_slice(signature)
                .is_ok_and(|signature| key.verify_strict(message, &signature).is_ok()),
            Material::P256(key) => {
                use p256::ecdsa::signature::Verifier;
                p256::ecdsa::Signature::from_slice(signature).is_ok_and(|signature| {
                    signature.normalize_s() == signature && key.verify(message, &signature).is_ok()
                })
            }
            Material::Rsa(key) => {
                use rsa::signature::Verifier;
                let key = rsa::pkcs1v15::VerifyingKey::<rsa::sha2::Sha256>::new((**key).clone());
                rsa::pkcs1v15::Signature::try_from(signature)
                    .is_ok_and(|signature| key.verify(message, &signature).is_ok())
            }
        };
        if holds { Ok(()) } else { Err(Error::Signature) }
    }

    /// The key as a COSE_Key with its required parameters alone.
    #[must_use]
    pub fn to_value(&self) -> Value {
        self.material.to_value()
    }

    /// Reads a COSE_Key that has the required parameters and no others.
    ///
    /// # Errors
    /// [`Error::Key`], or an error that names the parameter.
    pub fn from_value(value: Value) -> Result<Self> {
        let mut fields = Fields::new("COSE_Key", value)?;
        let kty = fields.required(1, "kty")?.uint("kty")?;
        let key = match kty {
            1 => {
                let curve = fields.required(-1, "crv")?.uint("crv")?;
                let x = fields.required(-2, "x")?.fixed("x")?;
                match curve {
                    6 => PublicKey::ed25519(&x)?,
                    _ => return Err(Error::Key(KeyFault::Type)),
                }
            }
            2 => {
                let curve = fields.required(-1, "crv")?.uint("crv")?;
                let x = fields.required(-2, "x")?.fixed("x")?;
                let y = fields.required(-3, "y")?.fixed("y")?;
                match curve {
                    1 => PublicKey::p256(&x, &y)?,
                    _ => return Err(Error::Key(KeyFault::Type)),
                }
            }
            3 => {
                let n = fields.required(-1, "n")?.bytes("n")?;
                let e = fields.required(-2, "e")?.bytes("e")?;
                PublicKey::rsa(&n, &e)?
            }
            _ => return Err(Error::Key(KeyFault::Type)),
        };
        fields.close()?;
        Ok(key)
    }

    /// The key as a COSE_Key whose point, on P-256, is compressed (RFC 9053 §7.1.1): for objects that
    /// a QR code must hold. Thumbprint and key id are those of [`PublicKey::to_value`].
    #[must_use]
    pub(crate) fn to_compressed_value(&self) -> Value {
        match &self.material {
            Material::P256(key) => {
                let point = key.to_sec1_point(true);
                let point = point.as_bytes();
                MapWriter::new()
                    .put(1, 2)
                    .put(-1, 1)
                    .put(-2, bytes(&point[1..]))
                    .put(-3, point[0] == 3)
                    .value()
            }
            other => other.to_value(),
        }
    }

    /// Reads a COSE_Key as [`PublicKey::to_compressed_value`] writes it, and in no other form.
    ///
    /// # Errors
    /// As [`PublicKey::from_value`].
    pub(crate) fn from_compressed_value(value: Value) -> Result<Self> {
        let mut fields = Fields::new("COSE_Key", value.clone())?;
        if fields.required(1, "kty")?.uint("kty")? != 2 {
            return PublicKey::from_value(value);
        }
        if fields.required(-1, "crv")?.uint("crv")? != 1 {
            return Err(Error::Key(KeyFault::Type));
        }
        let mut point = [2; 33];
        point[1..].copy_from_slice(&fields.required(-2, "x")?.fixed::<32>("x")?);
        point[0] += u8::from(fields.required(-3, "y")?.bool("y")?);
        fields.close()?;
        let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(&point)
            .map_err(|_| Error::Key(KeyFault::Malformed))?;
        Ok(Self::of(Material::P256(Box::new(key))))
    }

    /// The COSE_Key as bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        encode_or_empty(&self.material)
    }

    /// Reads the bytes of a COSE_Key.
    ///
    /// # Errors
    /// As [`PublicKey::from_value`], and [`Error::Cbor`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        PublicKey::from_value(crate::cbor::decode(bytes)?)
    }
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.thumbprint == other.thumbprint
    }
}

impl Eq for PublicKey {}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({:?}, {})", self.algorithm(), self.kid())
    }
}

impl Material {
    fn to_value(&self) -> Value {
        match self {
            Material::Ed25519(key) => {
                MapWriter::new().put(1, 1).put(-1, 6).put(-2, bytes(key.as_bytes())).value()
            }
            Material::P256(key) => {
                let point = key.to_sec1_point(false);
                let point = point.as_bytes();
                MapWriter::new()
                    .put(1, 2)
                    .put(-1, 1)
                    .put(-2, bytes(&point[1..33]))
                    .put(-3, bytes(&point[33..]))
                    .value()
            }
            Material::Rsa(key) => {
                use rsa::traits::PublicKeyParts;
                MapWriter::new()
                    .put(1, 3)
                    .put(-1, bytes(&key.n().to_bytes_be()))
                    .put(-2, bytes(&key.e().to_bytes_be()))
                    .value()
            }
        }
    }
}

/// A map of small integers and byte strings always encodes.
fn encode_or_empty(material: &Material) -> Vec<u8> {
    crate::cbor::encode(&material.to_value()).unwrap_or_default()
}

/// Something that signs with one key: a file, a phone's key store, a token.
pub trait Signer {
    /// The public half.
    fn public_key(&self) -> PublicKey;

    /// Signs the message: 64 bytes, for ECDSA r‖s with low s.
    ///
    /// # Errors
    /// [`KeyFault::DidNotSign`] when the key cannot be used now.
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>>;
}

/// An Ed25519 key in memory.
pub struct Ed25519Key(ed25519_dalek::SigningKey);

impl Ed25519Key {
    /// The key with this 32-byte seed (RFC 8032 §5.1.5).
    #[must_use]
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Ed25519Key(ed25519_dalek::SigningKey::from_bytes(seed))
    }

    /// The seed, to be stored.
    #[must_use]
    pub fn seed(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.0.to_bytes())
    }
}

impl Signer for Ed25519Key {
    fn public_key(&self) -> PublicKey {
        PublicKey::of(Material::Ed25519(self.0.verifying_key()))
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>> {
        use ed25519_dalek::Signer as _;
        Ok(self.0.sign(message).to_bytes().to_vec())
    }
}

/// A P-256 key in memory.
pub struct P256Key(p256::ecdsa::SigningKey);

impl P256Key {
    /// The key with this 32-byte secret scalar.
    ///
    /// # Errors
    /// [`KeyFault::Malformed`] for zero or a number not below the group's order.
    pub fn from_scalar(scalar: &[u8; 32]) -> Result<Self> {
        p256::ecdsa::SigningKey::from_slice(scalar)
            .map(P256Key)
            .map_err(|_| Error::Key(KeyFault::Malformed))
    }
}

impl Signer for P256Key {
    fn public_key(&self) -> PublicKey {
        PublicKey::of(Material::P256(Box::new(*self.0.verifying_key())))
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>> {
        use p256::ecdsa::signature::Signer as _;
        let signature: p256::ecdsa::Signature =
            self.0.try_sign(message).map_err(|_| Error::Key(KeyFault::DidNotSign))?;
        Ok(signature.normalize_s().to_bytes().to_vec())
    }
}

/// Turns an ECDSA signature from DER, as Android's key store gives it, into r‖s with low s.
///
/// # Errors
/// [`Error::Signature`] when it is no DER signature.
pub fn ecdsa_from_der(der: &[u8]) -> Result<[u8; 64]> {
    let signature = p256::ecdsa::Signature::from_der(der).map_err(|_| Error::Signature)?;
    Ok(signature.normalize_s().to_bytes().into())
}
