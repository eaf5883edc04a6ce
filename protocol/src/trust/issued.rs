//! What was truly issued under a key that fell into wrong hands: a file of digests that the trust
//! list pins, so that those who hold a good voucher do not pay for the theft (docs/protocol.md §5).

use super::TrustFault;
use crate::fields::{Fields, MapWriter, bytes};
use crate::hash::Hash;
use crate::key::Kid;
use crate::{Error, Result};
use std::collections::BTreeMap;
use std::sync::Arc;

/// How much of each payload's digest the set keeps: finding another payload that fits one of 2^20
/// takes 2^108 attempts.
const PREFIX: usize = 16;

/// Most payloads of one set.
pub const MAX_ISSUED: usize = 1 << 20;

/// Where the trust list says that the set of a key is, and which set it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuedSetRef {
    /// Its address, a path of the server.
    pub address: String,
    /// SHA-256 of the file.
    pub hash: Hash,
}

impl IssuedSetRef {
    /// Reads the file as the set that is pinned here for the key with this id.
    ///
    /// # Errors
    /// [`TrustFault::IssuedSet`] when it is another file, or an error of its form.
    pub fn accept(&self, file: &[u8], kid: Kid) -> Result<IssuedSet> {
        let (len, max) = (file.len(), IssuedSet::MAX_LEN);
        if len > max {
            return Err(Error::TooLarge { what: IssuedSet::OBJECT, len, max });
        }
        if Hash::of(file) != self.hash {
            return Err(Error::Trust(TrustFault::IssuedSet));
        }
        let set = IssuedSet::decode(file)?;
        if set.kid == kid { Ok(set) } else { Err(Error::Trust(TrustFault::IssuedSet)) }
    }
}

/// The payloads that were truly signed with one key, by the first half of their SHA-256.
///
/// Payloads and not identities: whoever has the key could sign a voucher with a known identity and
/// another amount.
#[derive(Clone, PartialEq, Eq)]
pub struct IssuedSet {
    kid: Kid,
    /// Prefixes in ascending order, each once, one after the other.
    prefixes: Vec<u8>,
}

impl IssuedSet {
    /// Largest file, in bytes.
    pub const MAX_LEN: usize = MAX_ISSUED * PREFIX + 17;

    const OBJECT: &'static str = "issued set";

    /// The set of these payloads' hashes, issued with the key of this id.
    ///
    /// # Errors
    /// [`Error::Field`] for none, or for more than [`MAX_ISSUED`].
    pub fn new(kid: Kid, payloads: impl IntoIterator<Item = Hash>) -> Result<Self> {
        let mut prefixes: Vec<[u8; PREFIX]> = payloads.into_iter().map(prefix).collect();
        prefixes.sort_unstable();
        prefixes.dedup();
        IssuedSet::checked(kid, prefixes.concat())
    }

    /// Writes the file.
    ///
    /// # Errors
    /// None that a set can cause.
    pub fn encode(&self) -> Result<Vec<u8>> {
        MapWriter::new().put(1, bytes(self.kid.as_bytes())).put(2, bytes(&self.prefixes)).encode()
    }

    fn decode(file: &[u8]) -> Result<Self> {
        let mut fields = Fields::decode(Self::OBJECT, file)?;
        let kid = Kid::from_bytes(fields.required(1, "kid")?.fixed("kid")?);
        let prefixes = fields.required(2, "issued")?.bytes("issued")?;
        fields.close()?;
        IssuedSet::checked(kid, prefixes)
    }

    fn checked(kid: Kid, prefixes: Vec<u8>) -> Result<Self> {
        let (entries, rest) = prefixes.as_chunks::<PREFIX>();
        let counted = (1..=MAX_ISSUED).contains(&entries.len()) && rest.is_empty();
        if counted && entries.is_sorted_by(|a, b| a < b) {
            Ok(IssuedSet { kid, prefixes })
        } else {
            Err(Error::Field { object: Self::OBJECT, field: "issued" })
        }
    }

    /// The id of the key.
    #[must_use]
    pub fn kid(&self) -> Kid {
        self.kid
    }

    /// How many payloads it holds.
    #[must_use]
    pub fn count(&self) -> usize {
        self.prefixes.len() / PREFIX
    }

    /// Whether the payload with this hash was truly issued.
    #[must_use]
    pub fn contains(&self, payload: Hash) -> bool {
        self.prefixes.as_chunks::<PREFIX>().0.binary_search(&prefix(payload)).is_ok()
    }
}

impl std::fmt::Debug for IssuedSet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "IssuedSet({} of {})", self.count(), self.kid)
    }
}

fn prefix(payload: Hash) -> [u8; PREFIX] {
    std::array::from_fn(|i| payload.as_bytes()[i])
}

/// The sets that a reader holds, each under the hash by which the trust list pins it.
#[derive(Debug, Clone, Default)]
pub struct IssuedSets(BTreeMap<Hash, Arc<IssuedSet>>);

impl IssuedSets {
    /// None: what a compromised key signed is refused without exception.
    #[must_use]
    pub const fn none() -> Self {
        IssuedSets(BTreeMap::new())
    }

    /// Adds a set that [`IssuedSetRef::accept`] gave for this hash.
    pub fn insert(&mut self, pinned: Hash, set: Arc<IssuedSet>) {
        self.0.insert(pinned, set);
    }

    /// Whether the set that the trust list pins is held.
    #[must_use]
    pub fn holds(&self, set: &IssuedSetRef) -> bool {
        self.0.contains_key(&set.hash)
    }

    /// Whether the set that the trust list pins is held and has the payload.
    #[must_use]
    pub fn contain(&self, set: &IssuedSetRef, payload: Hash) -> bool {
        self.0.get(&set.hash).is_some_and(|set| set.contains(payload))
    }
}
