//! What the engine asks of a phone's own key store: Android's, where private keys cannot be taken out.

use super::{Result, Verifier};
use crate::device_key::DeviceKey;
use crate::home::Home;
use crate::ledger::{DataKey, KeyWrap, KeyWrapError, Ledger};
use crate::verifier;
use protocol::key::{KeyFault, PublicKey, Signer, ecdsa_from_der};
use std::sync::{Arc, Mutex};
use thiserror::Error;
use zeroize::Zeroizing;

/// Why a key store did not do what it was asked for.
#[derive(Debug, Error, uniffi::Error)]
pub enum KeyStoreError {
    /// The key is gone for good. The phone must be enrolled again.
    #[error("the key store has lost the key")]
    Lost,
    /// It cannot be used now.
    #[error("the key store cannot be used: {why}")]
    Unusable {
        /// What it said.
        why: String,
    },
}

impl From<uniffi::UnexpectedUniFFICallbackError> for KeyStoreError {
    fn from(error: uniffi::UnexpectedUniFFICallbackError) -> Self {
        Self::Unusable { why: error.reason }
    }
}

/// A key store: it keeps the device's P-256 key, and a key of its own under which it wraps the ledger's.
#[uniffi::export(with_foreign)]
pub trait KeyStore: Send + Sync {
    /// The device key's public half, as an uncompressed SEC 1 point of 65 bytes. Makes the key where there is none.
    fn public_key(&self) -> std::result::Result<Vec<u8>, KeyStoreError>;

    /// Signs by the device key: ECDSA with SHA-256, in DER.
    fn sign(&self, message: Vec<u8>) -> std::result::Result<Vec<u8>, KeyStoreError>;

    /// The bytes to be stored for the ledger's key of 32 bytes.
    fn wrap(&self, key: Vec<u8>) -> std::result::Result<Vec<u8>, KeyStoreError>;

    /// The key behind stored bytes.
    ///
    /// # Errors
    /// [`KeyStoreError::Lost`] when what wrapped it is gone.
    fn unwrap(&self, wrapped: Vec<u8>) -> std::result::Result<Vec<u8>, KeyStoreError>;
}

#[uniffi::export]
impl Verifier {
    /// Opens the phone that lives in a directory, with keys that a key store keeps; a new one where there is none.
    ///
    /// After the store has lost a key, what was recorded is kept and waits for the phone to be enrolled again; it is
    /// sent then, though this phone may not be able to show it any more.
    ///
    /// # Errors
    /// `EngineError::Storage`, also while another program has the directory open.
    #[uniffi::constructor]
    pub fn open_with_keys(home: &str, keys: Arc<dyn KeyStore>) -> Result<Arc<Self>> {
        let home = Home::open(home).map_err(verifier::EngineError::from)?;
        let device = StoredKey::open(Arc::clone(&keys))?;
        let ledger = Ledger::open_for_enrolment(home, &Wrap(keys), &device.public)
            .map_err(verifier::EngineError::from)?;
        let engine = verifier::Verifier::new(ledger, Box::new(device))?;
        Ok(Arc::new(Self { engine: Mutex::new(engine), sync: Mutex::default() }))
    }
}

/// The device key of a key store. The public half is asked for once.
struct StoredKey {
    keys: Arc<dyn KeyStore>,
    public: PublicKey,
}

impl StoredKey {
    fn open(keys: Arc<dyn KeyStore>) -> Result<Self> {
        let point = keys.public_key()?;
        let public = PublicKey::p256_sec1(&point)?;
        Ok(Self { keys, public })
    }
}

impl Signer for StoredKey {
    fn public_key(&self) -> PublicKey {
        self.public.clone()
    }

    fn sign(&self, message: &[u8]) -> protocol::Result<Vec<u8>> {
        let did_not_sign = protocol::Error::Key(KeyFault::DidNotSign);
        let der = self.keys.sign(message.to_vec()).map_err(|_| did_not_sign)?;
        Ok(ecdsa_from_der(&der)?.to_vec())
    }
}

impl DeviceKey for StoredKey {
    fn kept(&self) -> String {
        "the phone's key store".to_owned()
    }
}

/// The key store as the ledger asks it.
struct Wrap(Arc<dyn KeyStore>);

impl KeyWrap for Wrap {
    fn wrap(&self, key: &DataKey) -> std::result::Result<Vec<u8>, KeyWrapError> {
        self.0.wrap(key.as_bytes().to_vec()).map_err(|_| KeyWrapError::Refused)
    }

    fn unwrap(&self, wrapped: &[u8]) -> std::result::Result<DataKey, KeyWrapError> {
        let key = self.0.unwrap(wrapped.to_vec()).map_err(|error| match error {
            KeyStoreError::Lost => KeyWrapError::Missing,
            KeyStoreError::Unusable { .. } => KeyWrapError::Refused,
        })?;
        let key = Zeroizing::new(key);
        <[u8; 32]>::try_from(key.as_slice())
            .map(DataKey::from_bytes)
            .map_err(|_| KeyWrapError::Malformed)
    }
}
