//! The next root document: other root keys, another threshold, another trust key, a new expiry.

use super::ceremony::ROOT_LIFE;
use super::publication::publish_in;
use super::store::root;
use crate::database::Stored;
use crate::keys::{KeyRing, Purpose};
use crate::{App, Error, Result};
use protocol::cose::{MultiSigned, ObjectType};
use protocol::key::{Ed25519Key, KeyUse, Kid, PublicKey, Signer};
use protocol::trust::{Root, TrustFile, TrustState};
use protocol::{Hash, Timestamp};
use sea_orm::{EntityTrait as _, Set};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What the next root document is to change. What is not named stays.
#[derive(Debug, Clone, Default)]
pub struct RootChange<'a> {
    /// The media with the root keys of the holders who are present.
    pub media: &'a [PathBuf],
    /// New root keys: how many, and the empty folder that they are written to.
    pub new_keys: Option<(usize, &'a Path)>,
    /// Root keys that are root keys no more.
    pub dropped: &'a [Kid],
    /// How many root keys must sign from now on.
    pub threshold: Option<usize>,
    /// When the root after this one is due; a year on when absent.
    pub expires: Option<Timestamp>,
    /// Whether a new trust key takes the place of those before.
    pub new_trust_key: bool,
    /// The least version of trust lists that phones take under this root, higher or lower than what
    /// they have; the next version when absent.
    pub min_trust_version: Option<u64>,
}

/// What a rotation of the root made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RootReport {
    /// The new root document.
    pub root: Root,
    /// Its digest, which new phones pin.
    pub hash: Hash,
    /// The root keys that were drawn.
    pub drawn: Vec<Kid>,
    /// The root keys that signed.
    pub signed_by: Vec<Kid>,
    /// The version of the trust list that was signed under it.
    pub list_version: u64,
}

/// Makes, signs and publishes the next root document: signed by the threshold of the root before it and
/// by its own, with a trust list under it. Nothing is stored that a phone would refuse.
///
/// # Errors
/// [`Error::Invalid`] when too few root keys are present or the numbers cannot be;
/// [`Error::Unavailable`] before the key ceremony.
pub async fn rotate_root(app: &App, change: RootChange<'_>) -> Result<RootReport> {
    let last = super::current(app).await?;
    let old = last.state.root().clone();
    let tx = app.db.begin().await?;
    tx.advisory_lock("trust").await?;
    let present = present(change.media)?;
    let drawn = match change.new_keys {
        Some((count, folder)) => draw(count, folder)?,
        None => Vec::new(),
    };
    let now = app.now();
    let next = Root {
        version: old.version + 1,
        issued: now,
        expires: change.expires.unwrap_or(now.after(ROOT_LIFE)),
        keys: next_keys(&old, change.dropped, &drawn)?,
        threshold: change.threshold.unwrap_or(old.threshold),
        trust_keys: if change.new_trust_key {
            vec![app.keys.create_signer(Purpose::Signs(KeyUse::Trust))?]
        } else {
            old.trust_keys.clone()
        },
        trust_threshold: if change.new_trust_key { 1 } else { old.trust_threshold },
        min_trust_version: change.min_trust_version.unwrap_or(last.state.list().version + 1),
    };
    if next.expires <= now {
        return Err(Error::Invalid(format!("a root that ends on {} has ended", next.expires)));
    }
    if next.threshold == 0 || next.threshold > next.keys.len() {
        return Err(Error::Invalid(format!(
            "{} of {} root keys cannot sign: name another --threshold",
            next.threshold,
            next.keys.len()
        )));
    }
    let all: Vec<Arc<Ed25519Key>> = present.into_iter().chain(drawn.iter().cloned()).collect();
    let signers = enough(&old, &next, &all)?;
    let by: Vec<&dyn Signer> = signers.iter().map(|key| key.as_ref() as &dyn Signer).collect();
    let signed = next.sign(&by)?;
    let hash = MultiSigned::parse(ObjectType::Root, &signed)?.payload_hash();
    root::Entity::insert(root::ActiveModel {
        version: Set(Stored(next.version)),
        payload_hash: Set(Stored(hash)),
        signed: Set(signed),
    })
    .exec_without_returning(&*tx)
    .await?;
    let file = publish_in(app, &tx, &next).await?;
    // A phone that has the list before must take this one now.
    let file = TrustFile::decode(&file)?;
    let state: TrustState = last.state.accept(&file, now)?;
    tx.commit().await?;
    Ok(RootReport {
        hash,
        drawn: drawn.iter().map(|key| key.public_key().kid()).collect(),
        signed_by: signers.iter().map(|key| key.public_key().kid()).collect(),
        list_version: state.list().version,
        root: next,
    })
}

/// The root keys on these media.
fn present(media: &[PathBuf]) -> Result<Vec<Arc<Ed25519Key>>> {
    let mut keys = Vec::new();
    for medium in media {
        let found = KeyRing::at(medium).signers(Purpose::Root)?;
        if found.is_empty() {
            return Err(Error::Invalid(format!("{} has no root key", medium.display())));
        }
        keys.extend(found);
    }
    Ok(keys)
}

/// Draws root keys into an empty folder. Stopped after this, nothing trusts them.
fn draw(count: usize, folder: &Path) -> Result<Vec<Arc<Ed25519Key>>> {
    let ring = KeyRing::at(folder);
    if folder.exists() && !ring.signers(Purpose::Root)?.is_empty() {
        return Err(Error::Conflict(format!(
            "{} has root keys already; name an empty folder",
            folder.display()
        )));
    }
    (0..count)
        .map(|_| ring.signer(Purpose::Root, ring.create_signer(Purpose::Root)?.kid()))
        .collect()
}

fn next_keys(old: &Root, dropped: &[Kid], drawn: &[Arc<Ed25519Key>]) -> Result<Vec<PublicKey>> {
    if let Some(unknown) = dropped.iter().find(|kid| !old.keys.iter().any(|it| it.kid() == **kid)) {
        return Err(Error::not_found("root key", unknown));
    }
    let kept = old.keys.iter().filter(|key| !dropped.contains(&key.kid())).cloned();
    Ok(kept.chain(drawn.iter().map(|key| key.public_key())).collect())
}

/// Those of the keys that sign, enough for the old root and for the new one.
fn enough(old: &Root, next: &Root, all: &[Arc<Ed25519Key>]) -> Result<Vec<Arc<Ed25519Key>>> {
    let mut signers: Vec<Arc<Ed25519Key>> = Vec::new();
    for (root, name) in [(old, "the root in force"), (next, "the new root")] {
        let mut count = 0;
        for key in all {
            let public = key.public_key();
            let new = !signers.iter().any(|it| it.public_key() == public);
            if !root.keys.contains(&public) {
                continue;
            }
            if new {
                signers.push(key.clone());
            }
            count += 1;
        }
        if count < root.threshold {
            let kids: Vec<String> = root.keys.iter().map(|key| key.kid().to_string()).collect();
            return Err(Error::Invalid(format!(
                "{name} must be signed by {} of the root keys {}; {count} of them are here: name \
                 the folder of each with --root-keys",
                root.threshold,
                kids.join(", ")
            )));
        }
    }
    Ok(signers)
}
