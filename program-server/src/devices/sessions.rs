//! Sessions: a device answers the server's nonce with its signature and gets a token for an hour.
//!
//! Nonces and tokens lie in the database, by their digests, so that any process can answer.

use super::{Device, store};
use crate::database::Database;
use crate::{Error, Result};
use protocol::session::SessionProof;
use protocol::{Hash, Span, Timestamp};

/// How long a nonce may be answered.
const CHALLENGE_AGE: Span = Span::seconds(120);

/// How long a session lasts.
pub const SESSION_AGE: Span = Span::hours(1);

/// What opens a session's requests. It is kept nowhere but in the device.
#[derive(Clone, PartialEq, Eq)]
pub struct Token([u8; 32]);

/// Why no session is opened.
#[derive(Debug, thiserror::Error)]
pub enum SessionFault {
    /// The proof cannot be read.
    #[error(transparent)]
    Unreadable(protocol::Error),
    /// No device of this server has that key, or its signature is wrong.
    #[error("no device that is enrolled here signed this")]
    UnknownDevice,
    /// The proof is for another server.
    #[error("the proof is for another server")]
    OtherServer,
    /// The nonce was used, has expired, or never came from here.
    #[error("the nonce was used or has expired")]
    Nonce,
    /// The server's own trouble.
    #[error(transparent)]
    Server(#[from] Error),
}

impl Token {
    /// Reads a token as [`Token::to_text`] wrote it.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        let bytes = hex::decode(text).ok()?;
        bytes.try_into().ok().map(Token)
    }

    /// The token as text of 64 hexadecimal digits.
    #[must_use]
    pub fn to_text(&self) -> String {
        hex::encode(self.0)
    }

    fn hash(&self) -> Hash {
        Hash::of(&self.0)
    }
}

/// Gives out a nonce.
///
/// # Errors
/// [`Error::Database`], [`Error::Unavailable`].
pub async fn challenge(db: &Database, now: Timestamp) -> Result<[u8; 32]> {
    let nonce = super::random::<32>()?;
    let tx = db.begin().await?;
    store::sweep(&*tx, now).await?;
    store::add_challenge(&*tx, Hash::of(&nonce), now.after(CHALLENGE_AGE)).await?;
    tx.commit().await?;
    Ok(nonce)
}

/// Opens a session for the device that signed the proof. `origin` is this server's.
pub async fn open(
    db: &Database,
    proof: &[u8],
    origin: &str,
    now: Timestamp,
) -> std::result::Result<Token, SessionFault> {
    let kid = SessionProof::kid(proof).map_err(SessionFault::Unreadable)?;
    let candidates = store::devices_with(db.reader(), kid).await?;
    let (device, proof) = candidates
        .iter()
        .find_map(|device| Some((device, SessionProof::open(proof, &device.key).ok()?)))
        .ok_or(SessionFault::UnknownDevice)?;
    if proof.origin != origin {
        return Err(SessionFault::OtherServer);
    }
    let token = Token(super::random()?);
    let tx = db.begin().await?;
    if !store::take_challenge(&*tx, Hash::of(&proof.nonce), now).await? {
        return Err(SessionFault::Nonce);
    }
    let expires = now.after(SESSION_AGE);
    store::add_session(&*tx, token.hash(), device.id, expires).await?;
    tx.commit().await?;
    Ok(token)
}

/// The device whose session this is, if it lasts.
pub async fn device(db: &Database, token: &Token, now: Timestamp) -> Result<Option<Device>> {
    let db = db.reader();
    match store::session(db, token.hash(), now).await? {
        Some(id) => store::device(db, id).await,
        None => Ok(None),
    }
}
