//! Supervisors of a provider, who may allow what a phone refuses because its trust is too old or its
//! clock was turned back. Phones verify their PINs offline, by the hash that profiles carry.

use super::{get, store};
use crate::database::Transaction;
use crate::{Error, Result, keys};
use argon2::{Argon2, PasswordHash, PasswordHasher};
use protocol::id::{OperatorId, ProviderId};
use protocol::profile::Supervisor;
use sea_orm::ConnectionTrait;
use zeroize::Zeroizing;

/// The shortest PIN, in characters: the hash lies on every phone of the provider.
pub const SHORTEST_PIN: usize = 6;

/// The longest PIN, in characters.
pub const LONGEST_PIN: usize = 64;

/// A PIN as the supervisor chose it; wiped from memory when dropped.
pub struct Pin(Zeroizing<String>);

impl Pin {
    /// Reads a PIN; white space around it is not part of it.
    ///
    /// # Errors
    /// [`Error::Invalid`] when it is too short or too long.
    pub fn new(typed: &str) -> Result<Self> {
        let pin = typed.trim();
        match pin.chars().count() {
            SHORTEST_PIN..=LONGEST_PIN => Ok(Pin(Zeroizing::new(pin.to_owned()))),
            _ => Err(Error::Invalid(format!(
                "a PIN has {SHORTEST_PIN} to {LONGEST_PIN} characters: phones keep its hash, and a \
                 short one is guessed from that"
            ))),
        }
    }

    /// The Argon2id hash as a PHC string, under a new salt.
    fn hash(&self) -> Result<String> {
        let mut salt = [0; 16];
        keys::random(&mut salt)?;
        let hash: std::result::Result<PasswordHash, _> =
            Argon2::default().hash_password_with_salt(self.0.as_bytes(), &salt);
        hash.map(|hash| hash.to_string()).map_err(|_| Error::broken("a PIN that Argon2id refuses"))
    }
}

/// Makes somebody a supervisor of a provider, or gives them another PIN.
///
/// # Errors
/// [`Error::NotFound`] without such a provider, [`Error::Database`].
pub async fn set(
    tx: &Transaction,
    provider: &ProviderId,
    name: &OperatorId,
    pin: &Pin,
) -> Result<()> {
    get(&**tx, provider).await?;
    store::set_supervisor(&**tx, provider, name, pin.hash()?).await
}

/// Removes a supervisor; phones learn it at their next sync.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Database`].
pub async fn remove(tx: &Transaction, provider: &ProviderId, name: &OperatorId) -> Result<()> {
    if store::remove_supervisor(&**tx, provider, name).await? {
        Ok(())
    } else {
        Err(Error::not_found("supervisor", name))
    }
}

/// The supervisors of a provider, in the order of their names.
pub async fn of(db: &impl ConnectionTrait, provider: &ProviderId) -> Result<Vec<Supervisor>> {
    store::supervisors(db, provider).await
}
