//! Sessions: a device signs the server's nonce and gets an opaque token. No client clock is involved.

use crate::Result;
use crate::cose::{ObjectType, Sign1, sign1};
use crate::enrolment::origin;
use crate::fields::{Fields, MapWriter, bytes};
use crate::key::{Kid, PublicKey, Signer};

/// What a device signs to open a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionProof {
    /// The nonce that the server gave out.
    pub nonce: [u8; 32],
    /// The server's origin as the device knows it, so that a proof for one server opens no other.
    pub origin: String,
}

impl SessionProof {
    /// Signs the proof with the device's key.
    ///
    /// # Errors
    /// As [`sign1`], and [`crate::Error::Field`] when the origin is none.
    pub fn sign(&self, device: &dyn Signer) -> Result<Vec<u8>> {
        let payload =
            MapWriter::new().put(1, bytes(&self.nonce)).put(2, self.origin.as_str()).encode()?;
        Self::decode(&payload)?;
        sign1(ObjectType::Session, &payload, device)
    }

    /// The key id that a proof names, so that its key can be looked up.
    ///
    /// # Errors
    /// When the envelope is malformed.
    pub fn kid(proof: &[u8]) -> Result<Kid> {
        Ok(Sign1::parse(ObjectType::Session, proof)?.kid())
    }

    /// Verifies a proof under the device's key.
    ///
    /// # Errors
    /// An error of the envelope, the signature or a field.
    pub fn open(proof: &[u8], device: &PublicKey) -> Result<Self> {
        let verified = Sign1::parse(ObjectType::Session, proof)?.verify([device])?;
        Self::decode(&verified.payload)
    }

    fn decode(payload: &[u8]) -> Result<Self> {
        let mut fields = Fields::decode("session", payload)?;
        let proof = SessionProof {
            nonce: fields.required(1, "nonce")?.fixed("nonce")?,
            origin: origin(fields.required(2, "origin")?.text("origin")?)?,
        };
        fields.close()?;
        Ok(proof)
    }
}
