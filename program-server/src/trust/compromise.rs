//! Keys in wrong hands: what they truly signed, what takes their place, and what must be signed anew.

use super::EntityBody;
use super::keys::{self, TrustedKey, add_issuer_key, key, keys};
use super::store::key::Ending;
use super::store::{issued_set, status_change, status_list};
use crate::database::{Stored, Transaction};
use crate::{App, Error, Result};
use protocol::authenticity::{authenticate, read_text};
use protocol::key::{KeyUse, Kid};
use protocol::trust::{IssuedSet, IssuedSetRef, IssuedSets, TrustList};
use protocol::{Hash, Timestamp};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, EntityTrait as _, QueryFilter as _, QuerySelect as _, Set,
};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What came of saying that a key is in wrong hands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compromised {
    pub key: TrustedKey,
    /// How many payloads stay good under it.
    pub issued: usize,
    /// The key that was drawn in its place, when no other could sign.
    pub replacement: Option<TrustedKey>,
}

/// Says that a key is in wrong hands: nothing it signed is good any more but the payloads with these
/// hashes. Said again, the hashes take the place of those before. When no other key of the office can
/// do its work, one is drawn; status lists are signed anew.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::Invalid`] for payloads of a key that signs neither vouchers nor
/// delegations, or for too many.
pub async fn compromise(
    app: &App,
    tx: &Transaction,
    kid: Kid,
    issued: &[Hash],
) -> Result<Compromised> {
    let old = key(&**tx, kid).await?;
    if !issued.is_empty() && !matches!(old.purpose, KeyUse::Voucher | KeyUse::Delegation) {
        return Err(Error::Invalid(format!(
            "{kid} is a {} key: only vouchers and delegations can be named as truly issued",
            old.purpose.name()
        )));
    }
    keys::end(tx, &old.key, Ending::Compromised, None).await?;
    let thumbprint = Stored(old.key.thumbprint());
    issued_set::Entity::delete_by_id(thumbprint).exec(&**tx).await?;
    let count = match issued {
        [] => 0,
        _ => {
            let set = IssuedSet::new(kid, issued.iter().copied()).map_err(|_| {
                Error::invalid("a set names at most 1,048,576 vouchers; leave expired ones out")
            })?;
            let file = set.encode()?;
            let row = issued_set::ActiveModel {
                thumbprint: Set(thumbprint),
                hash: Set(Stored(Hash::of(&file))),
                file: Set(file),
            };
            issued_set::Entity::insert(row).exec_without_returning(&**tx).await?;
            set.count()
        }
    };
    let replacement = match old.foreign {
        Some(_) => None,
        None => replace(app, tx, &old).await?,
    };
    if old.purpose == KeyUse::Status {
        sign_all_status_lists_anew(tx, app.now()).await?;
    }
    Ok(Compromised { key: key(&**tx, kid).await?, issued: count, replacement })
}

/// A key in the place of one that was lost, unless another can sign for all that it signed for.
async fn replace(app: &App, tx: &Transaction, lost: &TrustedKey) -> Result<Option<TrustedKey>> {
    let programme = lost.programme.as_ref();
    let others = keys(&**tx).await?;
    if others.iter().any(|other| other.stands_in_for(lost, app.now())) {
        return Ok(None);
    }
    add_issuer_key(app, tx, lost.purpose, programme).await.map(Some)
}

/// Nothing that was signed before counts from the next trust list on.
async fn sign_all_status_lists_anew(tx: &Transaction, now: Timestamp) -> Result<()> {
    for number in super::status_lists(&**tx).await? {
        let row = status_list::ActiveModel {
            number: Set(Stored(number)),
            token: Set(None),
            made: Set(Stored(now)),
            ..Default::default()
        };
        status_list::Entity::update(row).exec(&**tx).await?;
        let change = status_change::ActiveModel { list: Set(Stored(number)), ..Default::default() };
        status_change::Entity::insert(change).exec_without_returning(&**tx).await?;
    }
    Ok(())
}

/// The payloads of vouchers that an office vouches for by their texts, one a line, each signed with the
/// key of this id. Empty lines are passed over.
///
/// # Errors
/// [`Error::Invalid`] that names the first line which is no such voucher.
pub async fn payloads_of_texts(
    db: &impl ConnectionTrait,
    list: &TrustList,
    kid: Kid,
    texts: &str,
) -> Result<Vec<Hash>> {
    let mut key = key(db, kid).await?;
    key.end = None;
    let programmes: Vec<_> = list.programmes.iter().map(|it| it.id.clone()).collect();
    let alone = TrustList { keys: vec![key.entry(&programmes)], ..list.clone() };
    let lines = texts.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(at, line)| {
            read_text(line)
                .and_then(|signed| authenticate(&signed, &alone, &IssuedSets::none()))
                .map(|authentic| authentic.payload_hash)
                .map_err(|error| Error::Invalid(format!("line {}: {error}", at + 1)))
        })
        .collect()
}

/// The set of issued vouchers with this hash, as it is served.
pub async fn issued_set_file(db: &impl ConnectionTrait, hash: Hash) -> Result<EntityBody> {
    let row = issued_set::Entity::find()
        .filter(issued_set::Column::Hash.eq(Stored(hash)))
        .one(db)
        .await?;
    let row = row.ok_or_else(|| Error::not_found("set of issued vouchers", &hash))?;
    Ok(EntityBody::new(row.file))
}

/// The sets that a trust list pins, to judge what phones bring.
pub(super) async fn issued_sets(db: &impl ConnectionTrait, list: &TrustList) -> Result<IssuedSets> {
    let mut sets = IssuedSets::none();
    for key in &list.keys {
        let Some(pinned) = key.issued_set() else { continue };
        // A set that was replaced since is as good as none until the next list.
        if let Ok(served) = issued_set_file(db, pinned.hash).await {
            let set = pinned.accept(&served.bytes, key.key.kid())?;
            sets.insert(pinned.hash, Arc::new(set));
        }
    }
    Ok(sets)
}

/// What the trust list says of each set, by the thumbprint of its key.
pub(super) async fn pinned_sets(db: &impl ConnectionTrait) -> Result<BTreeMap<Hash, IssuedSetRef>> {
    let rows: Vec<(Stored<Hash>, Stored<Hash>)> = issued_set::Entity::find()
        .select_only()
        .columns([issued_set::Column::Thumbprint, issued_set::Column::Hash])
        .into_tuple()
        .all(db)
        .await?;
    let pinned = |hash| IssuedSetRef { address: format!("/v1/issued/{hash}"), hash };
    Ok(rows.into_iter().map(|(key, hash)| (key.0, pinned(hash.0))).collect())
}

impl TrustedKey {
    /// Whether this key can sign now whatever `lost` could.
    fn stands_in_for(&self, lost: &TrustedKey, now: Timestamp) -> bool {
        self.purpose == lost.purpose
            && self.foreign.is_none()
            && (self.programme.is_none() || self.programme == lost.programme)
            && self.may_sign(lost.programme.as_ref(), now)
    }
}
