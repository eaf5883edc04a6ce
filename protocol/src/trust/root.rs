//! Root documents: who may sign trust lists, and who may sign the next root.

use crate::cbor::Value;
use crate::cose::{MultiSigned, ObjectType, sign_multi};
use crate::fields::{Fields, Item, MapWriter, time, uint};
use crate::hash::Hash;
use crate::key::{PublicKey, Signer};
use crate::time::Timestamp;
use crate::{Error, Result};

/// Most keys of one role.
const MAX_KEYS: usize = 32;

/// A root document. Version N + 1 is signed by the thresholds of N and of N + 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Root {
    /// Its version, from 1.
    pub version: u64,
    /// When it was made.
    pub issued: Timestamp,
    /// When the next root is due. An expired root only makes the trust stale.
    pub expires: Timestamp,
    /// The root keys.
    pub keys: Vec<PublicKey>,
    /// How many of them must sign a root.
    pub threshold: usize,
    /// The keys of the trust role.
    pub trust_keys: Vec<PublicKey>,
    /// How many of them must sign a trust list.
    pub trust_threshold: usize,
    /// The trust list version that accepting this root sets as the least; lower than what is held
    /// when recovering from a version that ran away.
    pub min_trust_version: u64,
}

impl Root {
    /// Signs the document with root keys.
    ///
    /// # Errors
    /// As [`sign_multi`], [`Error::Field`] when a threshold can never be met, or [`Error::Rule`] when
    /// one key is in both roles.
    pub fn sign(&self, signers: &[&dyn Signer]) -> Result<Vec<u8>> {
        let payload = MapWriter::new()
            .put(1, uint(self.version))
            .put(2, time(self.issued))
            .put(3, time(self.expires))
            .put(4, keys_value(&self.keys))
            .put(5, uint(self.threshold as u64))
            .put(6, keys_value(&self.trust_keys))
            .put(7, uint(self.trust_threshold as u64))
            .put(8, uint(self.min_trust_version))
            .encode()?;
        Root::decode(&payload)?;
        sign_multi(ObjectType::Root, &payload, signers)
    }

    pub(super) fn decode(payload: &[u8]) -> Result<Self> {
        let mut fields = Fields::decode("root", payload)?;
        let (keys, threshold) = role(&mut fields, 4, "keys", 5, "threshold")?;
        let (trust_keys, trust_threshold) =
            role(&mut fields, 6, "trust keys", 7, "trust threshold")?;
        let root = Root {
            version: fields.required(1, "version")?.uint("version")?,
            issued: fields.required(2, "issued")?.time("issued")?,
            expires: fields.required(3, "expires")?.time("expires")?,
            keys,
            threshold,
            trust_keys,
            trust_threshold,
            min_trust_version: fields
                .required(8, "min_trust_version")?
                .uint("min_trust_version")?,
        };
        fields.close()?;
        if root.version == 0 {
            return Err(Error::Field { object: "root", field: "version" });
        }
        if root.keys.iter().any(|key| root.trust_keys.contains(key)) {
            return Err(Error::Rule { object: "root", rule: "a key is in both roles" });
        }
        Ok(root)
    }

    /// Whether enough root keys of this document signed the envelope.
    pub(super) fn approves(&self, signed: &MultiSigned) -> bool {
        signed.count_signers(&self.keys) >= self.threshold
    }
}

/// The digest by which a phone pins a root: that of its payload.
pub(super) fn hash(signed: &MultiSigned) -> Hash {
    signed.payload_hash()
}

fn keys_value(keys: &[PublicKey]) -> Value {
    Value::Array(keys.iter().map(PublicKey::to_value).collect())
}

fn role(
    fields: &mut Fields,
    keys_at: i64,
    keys_name: &'static str,
    threshold_at: i64,
    threshold_name: &'static str,
) -> Result<(Vec<PublicKey>, usize)> {
    let keys: Vec<PublicKey> = fields
        .required(keys_at, keys_name)?
        .list(keys_name)?
        .into_iter()
        .map(|key: Item| PublicKey::from_value(key.value()))
        .collect::<Result<_>>()?;
    let threshold = fields.required(threshold_at, threshold_name)?.uint(threshold_name)?;
    let twice = keys.iter().enumerate().any(|(i, key)| keys[..i].contains(key));
    let threshold = usize::try_from(threshold)
        .ok()
        .filter(|n| (1..=keys.len()).contains(n) && keys.len() <= MAX_KEYS && !twice)
        .ok_or(Error::Field { object: "root", field: threshold_name })?;
    Ok((keys, threshold))
}
