//! Private keys: one file each, for the owner alone.

use crate::files::{self, FileMode};
use crate::{Error, Result};
use protocol::key::{Ed25519Key, KeyUse, Kid, PublicKey, Signer as _};
use protocol::seal::UnsealingKey;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use zeroize::{Zeroize as _, Zeroizing};

/// What a private key is for. One key has one purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// Signs root documents. Kept away from the server.
    Root,
    /// Signs objects of one kind.
    Signs(KeyUse),
    /// Opens what phones seal to the server.
    Unseals,
}

impl Purpose {
    /// The word in file names.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Purpose::Root => "root",
            Purpose::Signs(purpose) => purpose.name(),
            Purpose::Unseals => "seal",
        }
    }
}

/// The folder of private keys.
#[derive(Clone)]
pub struct KeyRing {
    folder: PathBuf,
    /// The keys that were used, so that each file is read once.
    used: Arc<Used>,
}

#[derive(Default)]
struct Used {
    signers: Mutex<HashMap<PathBuf, Arc<Ed25519Key>>>,
    unsealing: Mutex<HashMap<PathBuf, Arc<UnsealingKey>>>,
}

impl KeyRing {
    /// The keys in this folder.
    #[must_use]
    pub fn at(folder: impl Into<PathBuf>) -> Self {
        KeyRing { folder: folder.into(), used: Arc::default() }
    }

    /// Draws a new signing key and writes its file.
    ///
    /// # Errors
    /// [`Error::File`], [`Error::Unavailable`] when the system has no randomness.
    pub fn create_signer(&self, purpose: Purpose) -> Result<PublicKey> {
        let seed = random_seed()?;
        let public = Ed25519Key::from_seed(&seed).public_key();
        self.write(purpose, public.kid(), &seed)?;
        Ok(public)
    }

    /// Draws a new key to which phones may seal, and writes its file.
    ///
    /// # Errors
    /// As [`KeyRing::create_signer`].
    pub fn create_unsealing(&self) -> Result<Kid> {
        let seed = random_seed()?;
        let kid = UnsealingKey::from_seed(&seed).public().kid();
        self.write(Purpose::Unseals, kid, &seed)?;
        Ok(kid)
    }

    /// The signing key with this purpose and id.
    ///
    /// # Errors
    /// [`Error::File`] when it is not here, [`Error::Invalid`] when its file is open to others.
    pub fn signer(&self, purpose: Purpose, kid: Kid) -> Result<Arc<Ed25519Key>> {
        once(&self.used.signers, self.path(purpose, kid), |path| {
            let key = Ed25519Key::from_seed(&*read(path, purpose)?);
            Ok((key.public_key().kid() == kid).then_some(key))
        })
    }

    /// The key with this id that opens what phones seal.
    ///
    /// # Errors
    /// As [`KeyRing::signer`].
    pub fn unsealing(&self, kid: Kid) -> Result<Arc<UnsealingKey>> {
        once(&self.used.unsealing, self.path(Purpose::Unseals, kid), |path| {
            let key = UnsealingKey::from_seed(&*read(path, Purpose::Unseals)?);
            Ok((key.public().kid() == kid).then_some(key))
        })
    }

    /// Deletes the key with this id that opens what phones seal.
    pub fn destroy_unsealing(&self, kid: Kid) -> Result<()> {
        let path = self.path(Purpose::Unseals, kid);
        self.used.unsealing.lock().unwrap_or_else(PoisonError::into_inner).remove(&path);
        std::fs::remove_file(&path).map_err(Error::file(&path))
    }

    /// Every signing key with this purpose in the folder, in the order of their ids.
    ///
    /// # Errors
    /// As [`KeyRing::signer`].
    pub fn signers(&self, purpose: Purpose) -> Result<Vec<Arc<Ed25519Key>>> {
        let mut kids = Vec::new();
        for entry in std::fs::read_dir(&self.folder).map_err(Error::file(&self.folder))? {
            let name = entry.map_err(Error::file(&self.folder))?.file_name();
            let kid = name.to_str().and_then(|name| {
                name.strip_prefix(purpose.name())?.strip_prefix('-')?.strip_suffix(".key")
            });
            kids.extend(kid.and_then(Kid::from_hex));
        }
        kids.sort_unstable();
        kids.into_iter().map(|kid| self.signer(purpose, kid)).collect()
    }

    fn path(&self, purpose: Purpose, kid: Kid) -> PathBuf {
        self.folder.join(format!("{}-{kid}.key", purpose.name()))
    }

    fn write(&self, purpose: Purpose, kid: Kid, seed: &[u8; 32]) -> Result<()> {
        files::private_folder(&self.folder)?;
        let file = KeyFile {
            format: FORMAT.to_owned(),
            purpose: purpose.name().to_owned(),
            kid: kid.to_string(),
            seed: hex::encode(seed),
        };
        let text = serde_json::to_vec_pretty(&file).map(Zeroizing::new);
        let text = text.map_err(|error| Error::Invalid(format!("a key file: {error}")))?;
        files::write(&self.path(purpose, kid), &text, FileMode::OwnerOnly)
    }
}

/// The key from this file, read when it is first used; `read` gives none when the file has another.
fn once<K>(
    used: &Mutex<HashMap<PathBuf, Arc<K>>>,
    path: PathBuf,
    read: impl FnOnce(&Path) -> Result<Option<K>>,
) -> Result<Arc<K>> {
    let mut used = used.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(key) = used.get(&path) {
        return Ok(key.clone());
    }
    let key =
        read(&path)?.ok_or_else(|| Error::Broken(format!("{} has another key", path.display())))?;
    let key = Arc::new(key);
    used.insert(path, key.clone());
    Ok(key)
}

/// What a key file holds: the 32-byte seed of RFC 8032 or RFC 9180 §7.1.3 as hexadecimal digits.
#[derive(Serialize, Deserialize)]
struct KeyFile {
    format: String,
    #[serde(rename = "use")]
    purpose: String,
    kid: String,
    seed: String,
}

const FORMAT: &str = "vouchsafe-private-key-1";

impl Drop for KeyFile {
    fn drop(&mut self) {
        self.seed.zeroize();
    }
}

fn read(path: &Path, purpose: Purpose) -> Result<Zeroizing<[u8; 32]>> {
    let text = Zeroizing::new(files::read_secret(path)?);
    let wrong = || {
        Error::Invalid(format!("{} is no {} key of this program", path.display(), purpose.name()))
    };
    let file: KeyFile = serde_json::from_slice(&text).map_err(|_| wrong())?;
    if file.format != FORMAT || file.purpose != purpose.name() {
        return Err(wrong());
    }
    let mut seed = Zeroizing::new([0; 32]);
    hex::decode_to_slice(&file.seed, seed.as_mut_slice()).map_err(|_| wrong())?;
    Ok(seed)
}

fn random_seed() -> Result<Zeroizing<[u8; 32]>> {
    let mut seed = Zeroizing::new([0; 32]);
    random(seed.as_mut_slice())?;
    Ok(seed)
}

/// Fills `bytes` from the operating system's randomness.
pub fn random(bytes: &mut [u8]) -> Result<()> {
    getrandom::fill(bytes)
        .map_err(|error| Error::Unavailable(format!("the system gives no randomness: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_for_one_purpose() {
        let folder = tempfile::tempdir().unwrap();
        let ring = KeyRing::at(folder.path().join("keys"));
        let key = ring.create_signer(Purpose::Signs(KeyUse::Ack)).unwrap();
        let again = KeyRing::at(folder.path().join("keys"));
        let ack = again.signer(Purpose::Signs(KeyUse::Ack), key.kid()).unwrap();
        assert_eq!(ack.public_key(), key);
        let other = Purpose::Signs(KeyUse::Voucher);
        std::fs::rename(
            ring.path(Purpose::Signs(KeyUse::Ack), key.kid()),
            ring.path(other, key.kid()),
        )
        .unwrap();
        assert!(again.signer(other, key.kid()).is_err());
    }

    #[test]
    fn a_sealed_record_opens_with_the_key_from_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let ring = KeyRing::at(folder.path());
        let kid = ring.create_unsealing().unwrap();
        let sealed = ring.unsealing(kid).unwrap().public().seal(b"record").unwrap();
        let sealed = protocol::seal::Sealed::decode(&sealed).unwrap();
        assert_eq!(ring.unsealing(kid).unwrap().open(&sealed).unwrap().as_slice(), b"record");
    }
}
