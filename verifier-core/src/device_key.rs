//! The key by which a phone is known: it signs records, the enrolment and sessions.

use crate::home::{Home, HomeError};
use protocol::key::{Ed25519Key, PublicKey, Signer};
use zeroize::Zeroizing;

/// A phone's key: Android's key store there, a file on a desktop.
pub trait DeviceKey: Signer {
    /// Where the key is kept, in words for people.
    fn kept(&self) -> String;
}

/// Why there is no device key.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DeviceKeyError {
    /// The file cannot be used.
    #[error(transparent)]
    Home(#[from] HomeError),
    /// The file is not a seed.
    #[error(
        "the device key file does not hold a key ({found} bytes, not 32): put back the file from before; without it this phone must be enrolled anew in a new home"
    )]
    Malformed {
        /// Its length in bytes.
        found: usize,
    },
    /// The system gave no random bytes.
    #[error("the system gave no random bytes for a new device key")]
    Random,
}

/// An Ed25519 seed in a file of the home that only its owner may read.
pub struct FileKey {
    key: Ed25519Key,
    kept: String,
}

impl FileKey {
    /// The key of this home; `None` when it has none yet.
    pub fn load(home: &Home) -> Result<Option<Self>, DeviceKeyError> {
        let file = home.device_key_file();
        let Some(stored) = home.read_secret(&file)? else {
            return Ok(None);
        };
        let mut seed = Zeroizing::new([0; 32]);
        if stored.len() != seed.len() {
            return Err(DeviceKeyError::Malformed { found: stored.len() });
        }
        seed.copy_from_slice(&stored);
        Ok(Some(FileKey { key: Ed25519Key::from_seed(&seed), kept: file.display().to_string() }))
    }

    /// The key of this home; a new one when it has none yet.
    pub fn load_or_create(home: &Home) -> Result<Self, DeviceKeyError> {
        if let Some(key) = Self::load(home)? {
            return Ok(key);
        }
        let mut seed = Zeroizing::new([0; 32]);
        getrandom::fill(seed.as_mut_slice()).map_err(|_| DeviceKeyError::Random)?;
        let file = home.device_key_file();
        home.write_secret(&file, seed.as_slice())?;
        Ok(FileKey { key: Ed25519Key::from_seed(&seed), kept: file.display().to_string() })
    }
}

impl Signer for FileKey {
    fn public_key(&self) -> PublicKey {
        self.key.public_key()
    }

    fn sign(&self, message: &[u8]) -> protocol::Result<Vec<u8>> {
        self.key.sign(message)
    }
}

impl DeviceKey for FileKey {
    fn kept(&self) -> String {
        self.kept.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phone_keeps_its_key() {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::open(dir.path()).unwrap();
        assert!(FileKey::load(&home).unwrap().is_none());
        let made = FileKey::load_or_create(&home).unwrap();
        let loaded = FileKey::load_or_create(&home).unwrap();
        assert_eq!(made.public_key(), loaded.public_key());
        let signature = loaded.sign(b"record").unwrap();
        made.public_key().verify(b"record", &signature).unwrap();
    }

    #[test]
    fn two_phones_have_two_keys() {
        let [one, two] = [(); 2].map(|()| {
            let dir = tempfile::tempdir().unwrap();
            FileKey::load_or_create(&Home::open(dir.path()).unwrap()).unwrap().public_key()
        });
        assert_ne!(one, two);
    }

    #[test]
    fn a_damaged_key_file_is_told_and_never_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::open(dir.path()).unwrap();
        home.write_secret(&home.device_key_file(), &[7; 31]).unwrap();
        let refused = FileKey::load_or_create(&home).err().unwrap();
        assert!(matches!(refused, DeviceKeyError::Malformed { found: 31 }));
        assert_eq!(std::fs::read(home.device_key_file()).unwrap(), [7; 31]);
    }
}
