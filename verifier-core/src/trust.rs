//! The trust in force on this phone, and the status lists and sets of issued vouchers that verify
//! under it.

use protocol::key::{KeyUse, PublicKey};
use protocol::profile::Profile;
use protocol::status::StatusList;
use protocol::trust::{IssuedSetRef, IssuedSets, IssuerKey, KeyEnd, TrustFile, TrustState};
use protocol::{Hash, Result};
use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Accepted trust, with its status lists read when they are first needed.
pub(crate) struct Trust {
    state: TrustState,
    file_hash: Hash,
    lists: BTreeMap<u32, OnceCell<Option<StatusList>>>,
    issued: OnceCell<IssuedSets>,
}

impl Trust {
    /// Trust that was just accepted from this file.
    pub(crate) fn new(state: TrustState, file: &[u8]) -> Self {
        let numbers = state.list().status_lists.iter().map(|entry| entry.number);
        let lists = numbers.map(|number| (number, OnceCell::new())).collect();
        Trust { state, file_hash: Hash::of(file), lists, issued: OnceCell::new() }
    }

    /// Takes up the file that was accepted before.
    pub(crate) fn restore(pinned: Hash, file: &[u8]) -> Result<Self> {
        let state = TrustState::restore(pinned, &TrustFile::decode(file)?)?;
        Ok(Trust::new(state, file))
    }

    pub(crate) fn state(&self) -> &TrustState {
        &self.state
    }

    /// The digest of the file as it came.
    pub(crate) fn file_hash(&self) -> Hash {
        self.file_hash
    }

    /// The keys that may sign profiles now.
    pub(crate) fn profile_keys(&self) -> Vec<PublicKey> {
        self.keys(KeyUse::Profile)
    }

    /// The keys that may sign acks now.
    pub(crate) fn ack_keys(&self) -> Vec<PublicKey> {
        self.keys(KeyUse::Ack)
    }

    /// Verifies a profile as one of our server for this device.
    pub(crate) fn open_profile(&self, signed: &[u8], device: &PublicKey) -> Result<Profile> {
        let profile = Profile::open(signed, &self.profile_keys())?;
        if profile.device == *device { Ok(profile) } else { Err(protocol::Error::Signature) }
    }

    /// Takes up a profile that was accepted before. Its key may have been put away since; only a
    /// compromised one takes its profiles with it.
    pub(crate) fn restore_profile(&self, signed: &[u8]) -> Result<Profile> {
        let keys = self.state.list().keys_for(KeyUse::Profile);
        let good = keys.filter(|key| !key.is_compromised());
        Profile::open(signed, good.map(|key| &key.key))
    }

    /// The status list of this number, verified under the trust in force; `token` fetches the one that
    /// is held. A token that no longer verifies is as good as none.
    pub(crate) fn status_list<E>(
        &self,
        number: u32,
        token: impl FnOnce() -> std::result::Result<Option<Vec<u8>>, E>,
    ) -> std::result::Result<Option<&StatusList>, E> {
        let (Some(entry), Some(cell)) =
            (self.state.list().status_list(number), self.lists.get(&number))
        else {
            return Ok(None);
        };
        if let Some(list) = cell.get() {
            return Ok(list.as_ref());
        }
        let list = token()?.and_then(|token| entry.accept(&token, self.state.list(), None).ok());
        Ok(cell.get_or_init(|| list).as_ref())
    }

    /// Forgets what was read of a list, since another token came.
    pub(crate) fn forget_status_list(&mut self, number: u32) {
        self.lists.insert(number, OnceCell::new());
    }

    /// The sets of what was truly issued under compromised keys; `file` fetches one that is held, by its
    /// hash.
    pub(crate) fn issued_sets<E>(
        &self,
        file: impl Fn(Hash) -> std::result::Result<Option<Vec<u8>>, E>,
    ) -> std::result::Result<&IssuedSets, E> {
        if let Some(sets) = self.issued.get() {
            return Ok(sets);
        }
        let mut sets = IssuedSets::none();
        for (key, pinned) in self.pinned_sets() {
            let set = file(pinned.hash)?.and_then(|file| pinned.accept(&file, key.key.kid()).ok());
            if let Some(set) = set {
                sets.insert(pinned.hash, Arc::new(set));
            }
        }
        Ok(self.issued.get_or_init(|| sets))
    }

    /// The compromised keys for which the trust list pins a set.
    pub(crate) fn pinned_sets(&self) -> impl Iterator<Item = (&IssuerKey, &IssuedSetRef)> {
        self.state.list().keys.iter().filter_map(|key| Some((key, key.issued_set()?)))
    }

    /// Forgets the sets that were read, since another came.
    pub(crate) fn forget_issued_sets(&mut self) {
        self.issued = OnceCell::new();
    }

    /// The keys of this use that were not put away when the list was issued. Which of them signed a
    /// given object, its key id says.
    fn keys(&self, purpose: KeyUse) -> Vec<PublicKey> {
        let issued = self.state.list().issued;
        let usable = |key: &&IssuerKey| match key.end {
            Some(KeyEnd::Compromised(_)) => false,
            Some(KeyEnd::RetiredAt(at)) => at > issued,
            None => key.not_after > issued,
        };
        self.state.list().keys_for(purpose).filter(usable).map(|key| key.key.clone()).collect()
    }
}
