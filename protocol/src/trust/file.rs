//! The trust file as it travels, and the rules by which it replaces what is held (TUF 1.0 §5.3, §5.6
//! for one file).

use super::list::{Grade, TrustList};
use super::root::{self, Root};
use crate::cbor::Value;
use crate::cose::{MultiSigned, ObjectType};
use crate::fields::Item;
use crate::hash::Hash;
use crate::time::{Span, Timestamp};
use crate::{Error, Result};

/// Most root documents in one file.
const MAX_ROOTS: usize = 1024;

/// Why a trust file is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TrustFault {
    /// The chain does not contain the root that was pinned or is held.
    #[error("the chain of roots does not contain the root that is trusted here")]
    NotPinned,
    /// A root's version is not the one that follows.
    #[error("a root's version does not follow the one before")]
    RootVersion,
    /// Too few signatures of the root before, or of the new root itself.
    #[error("a root has too few signatures")]
    RootThreshold,
    /// The last root has expired.
    #[error("the last root of the chain has expired")]
    RootExpired,
    /// Too few signatures over the trust list.
    #[error("the trust list has too few signatures")]
    ListThreshold,
    /// The list's version is lower than one already accepted or than the root's minimum.
    #[error("the trust list is older than one already accepted")]
    Rollback,
    /// The version that is held, with another content.
    #[error("the trust list has the version that is held, and another content")]
    SameVersion,
    /// A set of issued vouchers is not the one that the trust list pins for its key.
    #[error("this is not the set of issued vouchers that the trust list names")]
    IssuedSet,
}

impl TrustFault {
    /// The stable code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            TrustFault::NotPinned => "trust.not_pinned",
            TrustFault::RootVersion => "trust.root_version",
            TrustFault::RootThreshold => "trust.root_threshold",
            TrustFault::RootExpired => "trust.root_expired",
            TrustFault::ListThreshold => "trust.list_threshold",
            TrustFault::Rollback => "trust.rollback",
            TrustFault::SameVersion => "trust.same_version",
            TrustFault::IssuedSet => "trust.issued_set",
        }
    }
}

/// One file with everything a phone must trust: `[[+ root], list]`, each as signed bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustFile {
    /// Signed root documents, oldest first, without gaps.
    pub roots: Vec<Vec<u8>>,
    /// The signed trust list.
    pub list: Vec<u8>,
}

impl TrustFile {
    /// Largest file, in bytes: every root and the list at their limits.
    pub const MAX_LEN: usize = MAX_ROOTS * (64 * 1024 + 8) + 4 * 1024 * 1024 + 16;

    /// Writes the file.
    ///
    /// # Errors
    /// [`Error::Field`] without a root or with more than 1,024.
    pub fn encode(&self) -> Result<Vec<u8>> {
        if !(1..=MAX_ROOTS).contains(&self.roots.len()) {
            return Err(Error::Field { object: "trust file", field: "roots" });
        }
        crate::cbor::encode(&Value::Array(vec![
            Value::Array(self.roots.iter().map(|root| Value::Bytes(root.clone())).collect()),
            Value::Bytes(self.list.clone()),
        ]))
    }

    /// Reads the file without judging its parts.
    ///
    /// # Errors
    /// [`Error::TooLarge`], [`Error::Cbor`] or [`Error::Field`].
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        let (len, max) = (bytes.len(), Self::MAX_LEN);
        if len > max {
            return Err(Error::TooLarge { what: "trust file", len, max });
        }
        let [roots, list] = Item::new("trust file", crate::cbor::decode(bytes)?).array("parts")?;
        let roots = roots
            .list("roots")?
            .into_iter()
            .map(|root| root.bytes("root"))
            .collect::<Result<Vec<_>>>()?;
        if !(1..=MAX_ROOTS).contains(&roots.len()) {
            return Err(Error::Field { object: "trust file", field: "roots" });
        }
        Ok(TrustFile { roots, list: list.bytes("list")? })
    }

    /// The pin of the file's first root: the digest of its payload.
    ///
    /// # Errors
    /// When the root's envelope is malformed.
    pub fn first_root_hash(&self) -> Result<Hash> {
        let first = self.roots.first().map(Vec::as_slice).unwrap_or_default();
        Ok(root::hash(&MultiSigned::parse(ObjectType::Root, first)?))
    }
}

/// Trust that was accepted: the last root of the chain and the list under it.
#[derive(Debug, Clone)]
pub struct TrustState {
    root: Root,
    root_hash: Hash,
    list: TrustList,
    list_hash: Hash,
    least_version: u64,
}

impl TrustState {
    /// Accepts the first trust file of a phone whose enrolment pinned a root.
    ///
    /// # Errors
    /// [`Error::Trust`] with the rule, or an error of a document.
    pub fn first(pinned: Hash, file: &TrustFile, now: Timestamp) -> Result<Self> {
        let chain = Chain::follow(Anchor::Pinned(pinned), file)?;
        chain.accept_list(file, None, Some(now))
    }

    /// Accepts a file in place of what is held. The same file again changes nothing.
    ///
    /// # Errors
    /// [`Error::Trust`] with the rule, or an error of a document. What is held stays good.
    pub fn accept(&self, file: &TrustFile, now: Timestamp) -> Result<Self> {
        let chain = Chain::follow(Anchor::Held(&self.root, self.root_hash), file)?;
        chain.accept_list(file, Some(self), Some(now))
    }

    /// Takes up again a file that was accepted before, whatever has expired since.
    ///
    /// # Errors
    /// When the stored file does not hold together.
    pub fn restore(pinned: Hash, file: &TrustFile) -> Result<Self> {
        Chain::follow(Anchor::Pinned(pinned), file)?.accept_list(file, None, None)
    }

    /// The trust list.
    #[must_use]
    pub fn list(&self) -> &TrustList {
        &self.list
    }

    /// The digest of the list's payload.
    #[must_use]
    pub fn list_hash(&self) -> Hash {
        self.list_hash
    }

    /// The last root.
    #[must_use]
    pub fn root(&self) -> &Root {
        &self.root
    }

    /// The grade at `now`: by the list's age, and at best stale once list or root have expired.
    #[must_use]
    pub fn grade(&self, now: Timestamp) -> Grade {
        let by_age = self.list.freshness.grade(self.age(now));
        let expired = now >= self.list.expires || now >= self.root.expires;
        if expired { by_age.max(Grade::Stale) } else { by_age }
    }

    /// How old the list is at `now`.
    #[must_use]
    pub fn age(&self, now: Timestamp) -> Span {
        now.since(self.list.issued)
    }
}

#[derive(Clone, Copy)]
enum Anchor<'a> {
    Pinned(Hash),
    Held(&'a Root, Hash),
}

struct Chain {
    last: Root,
    last_hash: Hash,
    /// Whether a root beyond the held one was accepted, which sets the least list version anew.
    advanced: bool,
}

impl Chain {
    fn follow(anchor: Anchor<'_>, file: &TrustFile) -> Result<Self> {
        let mut links = Vec::with_capacity(file.roots.len());
        for bytes in &file.roots {
            let signed = MultiSigned::parse(ObjectType::Root, bytes)?;
            let root = Root::decode(signed.unverified_payload())?;
            links.push((signed, root));
        }
        let wanted = match anchor {
            Anchor::Pinned(hash) | Anchor::Held(_, hash) => hash,
        };
        let mut links = links.into_iter().skip_while(|(signed, _)| root::hash(signed) != wanted);
        let (signed, pinned) = links.next().ok_or(Error::Trust(TrustFault::NotPinned))?;
        if !pinned.approves(&signed) {
            return Err(Error::Trust(TrustFault::RootThreshold));
        }
        let mut last = match anchor {
            Anchor::Held(held, _) => held.clone(),
            Anchor::Pinned(_) => pinned,
        };
        let (mut last_hash, mut advanced) = (wanted, false);
        for (signed, next) in links {
            if next.version != last.version + 1 {
                return Err(Error::Trust(TrustFault::RootVersion));
            }
            if !last.approves(&signed) || !next.approves(&signed) {
                return Err(Error::Trust(TrustFault::RootThreshold));
            }
            (last, last_hash, advanced) = (next, root::hash(&signed), true);
        }
        Ok(Chain { last, last_hash, advanced })
    }

    /// `now` is absent when a stored file is taken up again: expiry was judged when it came.
    fn accept_list(
        self,
        file: &TrustFile,
        held: Option<&TrustState>,
        now: Option<Timestamp>,
    ) -> Result<TrustState> {
        if now.is_some_and(|now| now >= self.last.expires) {
            return Err(Error::Trust(TrustFault::RootExpired));
        }
        let signed = MultiSigned::parse(ObjectType::TrustList, &file.list)?;
        if !TrustList::is_signed(&signed, &self.last) {
            return Err(Error::Trust(TrustFault::ListThreshold));
        }
        let list = TrustList::decode(signed.unverified_payload())?;
        let is_root_key = |key| self.last.keys.contains(key) || self.last.trust_keys.contains(key);
        if list.keys.iter().any(|key| is_root_key(&key.key)) {
            let rule = "a key of the list is a key of the root";
            return Err(Error::Rule { object: "trust list", rule });
        }
        let list_hash = signed.payload_hash();
        let least_version = match held {
            Some(held) if !self.advanced => held.least_version.max(held.list.version),
            _ => self.last.min_trust_version,
        };
        if list.version < least_version {
            return Err(Error::Trust(TrustFault::Rollback));
        }
        if held.is_some_and(|held| {
            held.list.version == list.version && held.list_hash != list_hash && !self.advanced
        }) {
            return Err(Error::Trust(TrustFault::SameVersion));
        }
        Ok(TrustState {
            root: self.last,
            root_hash: self.last_hash,
            list,
            list_hash,
            least_version,
        })
    }
}
