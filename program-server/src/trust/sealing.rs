//! The keys to which phones seal what they send, and which private parts open it.

use super::store::sealing::{ActiveModel, Column, Entity};
use crate::database::{Stored, Transaction};
use crate::{App, Error, Result};
use protocol::key::Kid;
use protocol::seal::UnsealingKey;
use protocol::{Span, Timestamp};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, EntityTrait as _, QueryFilter as _, QueryOrder as _, Set,
};
use std::sync::Arc;

/// How many sealing keys the trust list names at once: the newest, and the one before it for phones
/// that seal to an old list.
const CURRENT: usize = 2;

/// How long the private part of a key is kept after phones last learnt of it: a phone may have been
/// without a network for a year.
pub const SEALING_KEPT: Span = Span::days(13 * 31);

/// A sealing key of this office.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SealingKeyState {
    pub kid: Kid,
    /// When it was drawn.
    pub made: Timestamp,
    /// When it left the trust list; it is in the list when absent.
    pub left: Option<Timestamp>,
}

impl SealingKeyState {
    /// From when on nothing that was sealed to it can be waited for any more.
    #[must_use]
    pub fn kept_until(&self) -> Option<Timestamp> {
        self.left.map(|left| left.after(SEALING_KEPT))
    }
}

/// Every sealing key whose private part was not destroyed, newest first.
pub async fn sealing_keys(db: &impl ConnectionTrait) -> Result<Vec<SealingKeyState>> {
    let rows = Entity::find().order_by_desc(Column::Made).all(db).await?;
    let mut newer: Vec<Timestamp> = Vec::new();
    let mut keys = Vec::with_capacity(rows.len());
    for row in rows {
        // The key that pushed it out of the list is the CURRENT-th newer one.
        let pushed = newer.len().checked_sub(CURRENT).map(|at| newer[at]);
        let left = [pushed, row.dropped.map(|dropped| dropped.0)].into_iter().flatten().min();
        keys.push(SealingKeyState { kid: row.kid.0, made: row.made.0, left });
        if row.dropped.is_none() {
            newer.push(row.made.0);
        }
    }
    Ok(keys)
}

/// The key that opens what a phone sealed to the key with this id.
///
/// # Errors
/// [`Error::NotFound`] when this server never had it or destroyed it, and those of
/// [`crate::keys::KeyRing::unsealing`].
pub async fn unsealing(
    app: &App,
    db: &impl ConnectionTrait,
    kid: Kid,
) -> Result<Arc<UnsealingKey>> {
    match Entity::find_by_id(Stored(kid)).one(db).await? {
        Some(_) => app.keys.unsealing(kid),
        None => Err(Error::not_found("sealing key", &kid)),
    }
}

/// Draws a new key to which phones may seal, in front of those before it. With `drop_others` those
/// leave the trust list at once, since one of them is in wrong hands; what was sealed to them is
/// still opened.
///
/// # Errors
/// [`Error::Database`], and those of the key's file.
pub async fn add_sealing_key(app: &App, tx: &Transaction, drop_others: bool) -> Result<Kid> {
    tx.advisory_lock("sealing keys").await?;
    let rows = Entity::find().order_by_desc(Column::Made).all(&**tx).await?;
    let after_last = rows.first().map(|last| last.made.0.after(Span::seconds(1)));
    let made = after_last.map_or(app.now(), |least| least.max(app.now()));
    if drop_others {
        let row = ActiveModel { dropped: Set(Some(Stored(made))), ..Default::default() };
        let others = Entity::update_many().set(row).filter(Column::Dropped.is_null());
        others.exec(&**tx).await?;
    }
    let kid = app.keys.create_unsealing()?;
    let row = ActiveModel { kid: Set(Stored(kid)), made: Set(Stored(made)), dropped: Set(None) };
    Entity::insert(row).exec_without_returning(&**tx).await?;
    Ok(kid)
}

/// Destroys the private part of a key to which nothing can be sealed any more that is still on its
/// way, so that whoever finds old files cannot read them.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::Conflict`] while the key is in the list or left it less than
/// thirteen months ago.
pub async fn destroy_sealing_key(app: &App, tx: &Transaction, kid: Kid) -> Result<()> {
    tx.advisory_lock("sealing keys").await?;
    let keys = sealing_keys(&**tx).await?;
    let key = keys.into_iter().find(|key| key.kid == kid);
    let key = key.ok_or_else(|| Error::not_found("sealing key", &kid))?;
    match key.kept_until() {
        Some(until) if app.now() >= until => {}
        Some(until) => {
            return Err(Error::Conflict(format!(
                "phones without a network may still bring what they sealed to {kid}: it is kept \
                 until {until}"
            )));
        }
        None => {
            return Err(Error::Conflict(format!(
                "{kid} is in the trust list, so phones seal to it: rotate it first"
            )));
        }
    }
    Entity::delete_by_id(Stored(kid)).exec(&**tx).await?;
    app.keys.destroy_unsealing(kid)
}
