//! Sealing: HPKE (RFC 9180) in base mode with DHKEM(X25519, HKDF-SHA256), HKDF-SHA256
//! and ChaCha20-Poly1305. Whoever carries a sealed record learns nothing but to which key it goes.

use crate::cbor::Value;
use crate::fields::{Fields, Item, MapWriter, bytes, uint};
use crate::hash::Hash;
use crate::key::{KeyFault, Kid};
use crate::{Error, Result};
use hpke::aead::{AeadCtxR, AeadCtxS, ChaCha20Poly1305};
use hpke::kdf::HkdfSha256;
use hpke::kem::X25519HkdfSha256;
use hpke::{Deserializable, Kem, OpModeR, OpModeS, Serializable};
use zeroize::Zeroizing;

/// The version of the envelope's form.
const VERSION: u64 = 1;

/// What the context of a single record is bound to, before the key's thumbprint.
const RECORD: &[u8] = b"vouchsafe/1/record";

/// The largest sealed record, in bytes: a record at its limit and the envelope around it.
pub const MAX_LEN: usize = 64 * 1024 + 256;

/// The public half of a key to which phones seal.
#[derive(Clone, PartialEq, Eq)]
pub struct SealingKey([u8; 32]);

/// The private half.
pub struct UnsealingKey {
    private: <X25519HkdfSha256 as Kem>::PrivateKey,
    public: SealingKey,
}

impl SealingKey {
    /// The key with this X25519 public value.
    #[must_use]
    pub fn from_bytes(x: [u8; 32]) -> Self {
        SealingKey(x)
    }

    /// The X25519 public value.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The RFC 9679 thumbprint of the COSE_Key.
    #[must_use]
    pub fn thumbprint(&self) -> Hash {
        Hash::of(&crate::cbor::encode(&self.to_value()).unwrap_or_default())
    }

    /// The key id, by which the envelope names the key.
    #[must_use]
    pub fn kid(&self) -> Kid {
        let mut kid = [0; 8];
        kid.copy_from_slice(&self.thumbprint().as_bytes()[..8]);
        Kid::from_bytes(kid)
    }

    /// Begins a stream of chunks in one context; gives the encapsulated key too.
    pub(crate) fn begin(&self, label: &[u8]) -> Result<([u8; 32], Sealing)> {
        let malformed = |_| Error::Key(KeyFault::Malformed);
        let recipient =
            <X25519HkdfSha256 as Kem>::PublicKey::from_bytes(&self.0).map_err(malformed)?;
        let (encapsulated, context) = hpke::setup_sender::<
            ChaCha20Poly1305,
            HkdfSha256,
            X25519HkdfSha256,
        >(&OpModeS::Base, &recipient, &self.info(label))
        .map_err(malformed)?;
        let mut bytes = [0; 32];
        bytes.copy_from_slice(&encapsulated.to_bytes());
        Ok((bytes, Sealing(context)))
    }

    /// Seals one record: `[1, key id, encapsulated key, ciphertext]`.
    ///
    /// # Errors
    /// [`Error::Key`] when the key is no point that can be used.
    pub fn seal(&self, record: &[u8]) -> Result<Vec<u8>> {
        let malformed = |_| Error::Key(KeyFault::Malformed);
        let recipient =
            <X25519HkdfSha256 as Kem>::PublicKey::from_bytes(&self.0).map_err(malformed)?;
        let (encapsulated, ciphertext) =
            hpke::single_shot_seal::<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>(
                &OpModeS::Base,
                &recipient,
                &self.info(RECORD),
                record,
                &[],
            )
            .map_err(malformed)?;
        crate::cbor::encode(&Value::Array(vec![
            uint(VERSION),
            bytes(self.kid().as_bytes()),
            bytes(&encapsulated.to_bytes()),
            Value::Bytes(ciphertext),
        ]))
    }

    fn info(&self, label: &[u8]) -> Vec<u8> {
        [label, self.thumbprint().as_bytes()].concat()
    }

    pub(crate) fn to_value(&self) -> Value {
        MapWriter::new().put(1, 1).put(-1, 4).put(-2, bytes(&self.0)).value()
    }

    pub(crate) fn from_item(item: Item) -> Result<Self> {
        let mut fields = Fields::new("sealing key", item.value())?;
        let (kty, crv) = (fields.required(1, "kty")?, fields.required(-1, "crv")?);
        if (kty.uint("kty")?, crv.uint("crv")?) != (1, 4) {
            return Err(Error::Key(KeyFault::Type));
        }
        let key = SealingKey(fields.required(-2, "x")?.fixed("x")?);
        fields.close()?;
        Ok(key)
    }
}

impl std::fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SealingKey({})", self.kid())
    }
}

impl UnsealingKey {
    /// The key that RFC 9180 §7.1.3 derives from 32 random bytes.
    #[must_use]
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        let (private, public) = X25519HkdfSha256::derive_keypair(seed);
        let mut x = [0; 32];
        x.copy_from_slice(&public.to_bytes());
        UnsealingKey { private, public: SealingKey(x) }
    }

    /// The public half.
    #[must_use]
    pub fn public(&self) -> &SealingKey {
        &self.public
    }

    /// Begins to open a stream of chunks.
    pub(crate) fn begin(&self, encapsulated: &[u8; 32], label: &[u8]) -> Result<Opening> {
        let encapsulated = <X25519HkdfSha256 as Kem>::EncappedKey::from_bytes(encapsulated)
            .map_err(|_| Error::Seal)?;
        hpke::setup_receiver(&OpModeR::Base, &self.private, &encapsulated, &self.public.info(label))
            .map(Opening)
            .map_err(|_| Error::Seal)
    }

    /// Opens a sealed record.
    ///
    /// # Errors
    /// [`Error::Seal`] when it was sealed to another key or altered.
    pub fn open(&self, sealed: &Sealed) -> Result<Zeroizing<Vec<u8>>> {
        if sealed.kid != self.public.kid() {
            return Err(Error::Seal);
        }
        let encapsulated = <X25519HkdfSha256 as Kem>::EncappedKey::from_bytes(&sealed.encapsulated)
            .map_err(|_| Error::Seal)?;
        hpke::single_shot_open::<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>(
            &OpModeR::Base,
            &self.private,
            &encapsulated,
            &self.public.info(RECORD),
            &sealed.ciphertext,
            &[],
        )
        .map(Zeroizing::new)
        .map_err(|_| Error::Seal)
    }
}

/// A context that seals chunk after chunk.
pub(crate) struct Sealing(AeadCtxS<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>);

impl Sealing {
    pub(crate) fn seal(&mut self, chunk: &[u8], associated: &[u8]) -> Result<Vec<u8>> {
        self.0.seal(chunk, associated).map_err(|_| Error::Seal)
    }
}

/// A context that opens chunk after chunk.
pub(crate) struct Opening(AeadCtxR<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>);

impl Opening {
    pub(crate) fn open(&mut self, sealed: &[u8], associated: &[u8]) -> Result<Vec<u8>> {
        self.0.open(sealed, associated).map_err(|_| Error::Seal)
    }
}

/// A sealed record as it travels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// The key it is sealed to.
    pub kid: Kid,
    encapsulated: [u8; 32],
    ciphertext: Vec<u8>,
}

impl Sealed {
    /// Reads the envelope.
    ///
    /// # Errors
    /// [`Error::TooLarge`], [`Error::Cbor`] or [`Error::Field`].
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        let (len, max) = (bytes.len(), MAX_LEN);
        if len > max {
            return Err(Error::TooLarge { what: "sealed record", len, max });
        }
        let item = Item::new("sealed record", crate::cbor::decode(bytes)?);
        let [version, kid, encapsulated, ciphertext] = item.array("parts")?;
        if version.uint("version")? != VERSION {
            return Err(Error::Field { object: "sealed record", field: "version" });
        }
        Ok(Sealed {
            kid: Kid::from_bytes(kid.fixed("key id")?),
            encapsulated: encapsulated.fixed("encapsulated key")?,
            ciphertext: ciphertext.bytes("ciphertext")?,
        })
    }
}
