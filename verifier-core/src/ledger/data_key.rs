//! The key that encrypts personal fields, and how it is kept.

use std::fmt;
use zeroize::Zeroizing;

/// A 32-byte key for XChaCha20-Poly1305; wiped from memory when dropped.
#[derive(Clone)]
pub struct DataKey(Zeroizing<[u8; 32]>);

/// Why a data key cannot be wrapped or unwrapped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyWrapError {
    /// The file that should hold it is missing, or the key store has lost the key that opens it.
    #[error("the data key is missing")]
    Missing,
    /// It is not what was once stored.
    #[error("the stored data key is not what was once stored")]
    Malformed,
    /// The key store or passphrase does not open it.
    #[error("the stored data key does not open with this key store or passphrase")]
    Refused,
    /// The system gave no random bytes.
    #[error("the system gave no random bytes")]
    Random,
}

/// Keeps the data key for the ledger: Android's key store, a passphrase, or nothing but the file's
/// own permissions.
pub trait KeyWrap {
    /// The bytes to be stored for this key.
    fn wrap(&self, key: &DataKey) -> Result<Vec<u8>, KeyWrapError>;

    /// The key behind stored bytes.
    fn unwrap(&self, wrapped: &[u8]) -> Result<DataKey, KeyWrapError>;
}

/// Stores the key as it is: whoever can read the file (mode 0600) has it.
#[derive(Debug, Clone, Copy, Default)]
pub struct KeyInFile;

impl DataKey {
    /// The key with these bytes.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        DataKey(Zeroizing::new(bytes))
    }

    /// A new random key.
    ///
    /// # Errors
    /// [`KeyWrapError::Random`].
    pub fn generate() -> Result<Self, KeyWrapError> {
        let mut bytes = Zeroizing::new([0; 32]);
        getrandom::fill(bytes.as_mut_slice()).map_err(|_| KeyWrapError::Random)?;
        Ok(DataKey(bytes))
    }

    /// The bytes, to be wrapped.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for DataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DataKey")
    }
}

impl KeyWrap for KeyInFile {
    fn wrap(&self, key: &DataKey) -> Result<Vec<u8>, KeyWrapError> {
        Ok(key.as_bytes().to_vec())
    }

    fn unwrap(&self, wrapped: &[u8]) -> Result<DataKey, KeyWrapError> {
        wrapped.try_into().map(DataKey::from_bytes).map_err(|_| KeyWrapError::Malformed)
    }
}
