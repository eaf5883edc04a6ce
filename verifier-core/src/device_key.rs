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
    ///
    /// # Errors
    /// [`DeviceKeyError`].
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
    ///
    /// # Errors
    /// [`DeviceKeyError`].
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
