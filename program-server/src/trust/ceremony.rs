//! The key ceremony: root keys that people carry away, and one key of the office for each use.

use super::keys::add_issuer_key;
use super::publication::publish_in;
use super::sealing::add_sealing_key;
use super::store::root;
use crate::database::Stored;
use crate::keys::{KeyRing, Purpose};
use crate::{App, Error, Result};
use protocol::cose::{MultiSigned, ObjectType};
use protocol::key::{KeyUse, Kid, Signer};
use protocol::trust::Root;
use protocol::{Hash, Span, Timestamp};
use sea_orm::{EntityTrait as _, PaginatorTrait as _, Set};
use std::path::Path;

/// How long a root document is good before the next is due.
pub(super) const ROOT_LIFE: Span = Span::days(365);

/// The uses of the office's keys in the trust list, each with a key of its own.
const OFFICE_KEYS: [KeyUse; 5] =
    [KeyUse::Voucher, KeyUse::Delegation, KeyUse::Status, KeyUse::Profile, KeyUse::Ack];

/// What a ceremony is to make.
#[derive(Debug, Clone, Copy)]
pub struct Ceremony<'a> {
    /// Where the root keys are written, to be carried away from there.
    pub root_keys: &'a Path,
    /// How many root keys.
    pub roots: usize,
    /// How many of them must sign a root document.
    pub threshold: usize,
}

/// What a ceremony made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CeremonyReport {
    /// The digest that phones pin.
    pub root_hash: Hash,
    /// When the next root document is due.
    pub expires: Timestamp,
    pub roots: Vec<Kid>,
    /// The office's keys, each with the word for its use.
    pub office: Vec<(&'static str, Kid)>,
}

/// Performs the first ceremony of a server: root keys, the first root document, the office's keys and
/// the first trust list. Stopped before its end it leaves key files and nothing that trusts them.
///
/// # Errors
/// [`Error::Conflict`] when there was a ceremony already or `root_keys` has root keys;
/// [`Error::Invalid`] for numbers that cannot be.
pub async fn perform_ceremony(app: &App, ceremony: Ceremony<'_>) -> Result<CeremonyReport> {
    let Ceremony { root_keys, roots, threshold } = ceremony;
    if !(1..=32).contains(&roots) || !(1..=roots).contains(&threshold) {
        return Err(Error::invalid(
            "a ceremony makes 1 to 32 root keys, and at most as many must sign as there are",
        ));
    }
    let tx = app.db.begin().await?;
    tx.advisory_lock("trust").await?;
    if root::Entity::find().count(&*tx).await? > 0 {
        return Err(Error::conflict(
            "the key ceremony was performed already; phones pin its root, so it cannot be performed again",
        ));
    }
    let ring = KeyRing::at(root_keys);
    if root_keys.exists() && !ring.signers(Purpose::Root)?.is_empty() {
        return Err(Error::Conflict(format!(
            "{} has root keys already, of another server or of a ceremony that was stopped; name \
             an empty folder",
            root_keys.display()
        )));
    }
    let mut root_signers = Vec::with_capacity(roots);
    for _ in 0..roots {
        let key = ring.create_signer(Purpose::Root)?;
        root_signers.push(ring.signer(Purpose::Root, key.kid())?);
    }
    let trust_key = app.keys.create_signer(Purpose::Signs(KeyUse::Trust))?;
    let mut office = vec![(KeyUse::Trust.name(), trust_key.kid())];
    for purpose in OFFICE_KEYS {
        let key = add_issuer_key(app, &tx, purpose, None).await?;
        office.push((purpose.name(), key.key.kid()));
    }
    office.push((Purpose::Unseals.name(), add_sealing_key(app, &tx, false).await?));

    let now = app.now();
    let document = Root {
        version: 1,
        issued: now,
        expires: now.after(ROOT_LIFE),
        keys: root_signers.iter().map(|key| key.public_key()).collect(),
        threshold,
        trust_keys: vec![trust_key],
        trust_threshold: 1,
        min_trust_version: 1,
    };
    let signers: Vec<&dyn Signer> =
        root_signers.iter().take(threshold).map(|key| key.as_ref() as &dyn Signer).collect();
    let signed = document.sign(&signers)?;
    let root_hash = MultiSigned::parse(ObjectType::Root, &signed)?.payload_hash();
    root::Entity::insert(root::ActiveModel {
        version: Set(Stored(document.version)),
        payload_hash: Set(Stored(root_hash)),
        signed: Set(signed),
    })
    .exec_without_returning(&*tx)
    .await?;
    publish_in(app, &tx, &document).await?;
    tx.commit().await?;
    Ok(CeremonyReport {
        root_hash,
        expires: document.expires,
        roots: document.keys.iter().map(protocol::key::PublicKey::kid).collect(),
        office,
    })
}
