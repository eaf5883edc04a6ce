//! What the office itself fixed for phones: ages of lists, the oldest app, delegations that ended.

use super::store::{ended_delegation, limits};
use crate::database::{Stored, Transaction};
use crate::{App, Error, Result, programmes};
use protocol::trust::{AppMinimum, Freshness};
use protocol::{Hash, Timestamp};
use sea_orm::{ConnectionTrait, EntityTrait as _, QueryOrder as _, Set};

/// Limits in the trust list. Where the office set none, `config.json` says how old lists may grow, and
/// every version of the app may redeem.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Limits {
    /// Of trust lists.
    pub trust: Option<Freshness>,
    /// Of status lists.
    pub status: Option<Freshness>,
    /// The oldest app that may redeem.
    pub app: Option<AppMinimum>,
}

/// A delegation that was ended before its time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndedDelegation {
    /// The hash of its payload.
    pub hash: Hash,
    pub ended: Timestamp,
    /// Why, in the office's words.
    pub reason: String,
}

/// The limits that the office set.
pub async fn limits(db: &impl ConnectionTrait) -> Result<Limits> {
    let Some(row) = limits::Entity::find_by_id(1).one(db).await? else {
        return Ok(Limits::default());
    };
    let freshness = |stale: Option<Stored<_>>, too_old: Option<Stored<_>>| {
        let (Stored(stale_after), Stored(too_old_after)) = (stale?, too_old?);
        Some(Freshness { stale_after, too_old_after })
    };
    let app = (row.app_major.zip(row.app_minor)).zip(row.app_patch.zip(row.app_from));
    Ok(Limits {
        trust: freshness(row.trust_stale, row.trust_too_old),
        status: freshness(row.status_stale, row.status_too_old),
        app: app.map(|((major, minor), (patch, from))| AppMinimum {
            version: [major.0, minor.0, patch.0],
            from: from.0,
        }),
    })
}

/// Sets the limits.
///
/// # Errors
/// [`Error::Invalid`] when something would be too old before it is stale.
pub async fn set_limits(tx: &Transaction, limits: &Limits) -> Result<()> {
    for freshness in [limits.trust, limits.status].into_iter().flatten() {
        if freshness.stale_after > freshness.too_old_after {
            return Err(Error::invalid("nothing is too old before it is stale"));
        }
    }
    let app = limits.app.as_ref();
    let part = |at: usize| app.map(|app| Stored(app.version[at]));
    let row = limits::ActiveModel {
        only: Set(1),
        trust_stale: Set(limits.trust.map(|it| Stored(it.stale_after))),
        trust_too_old: Set(limits.trust.map(|it| Stored(it.too_old_after))),
        status_stale: Set(limits.status.map(|it| Stored(it.stale_after))),
        status_too_old: Set(limits.status.map(|it| Stored(it.too_old_after))),
        app_major: Set(part(0)),
        app_minor: Set(part(1)),
        app_patch: Set(part(2)),
        app_from: Set(app.map(|app| Stored(app.from))),
    };
    limits::Entity::delete_by_id(1).exec(&**tx).await?;
    limits::Entity::insert(row).exec_without_returning(&**tx).await?;
    Ok(())
}

/// How old trust lists and status lists may grow.
pub(super) fn freshness(app: &App, limits: &Limits) -> (Freshness, Freshness) {
    (
        limits.trust.unwrap_or(app.config.trust_age.freshness()),
        limits.status.unwrap_or(app.config.status_age.freshness()),
    )
}

/// Ends a delegation before its time: from the next list on, phones refuse every voucher under it.
///
/// # Errors
/// [`Error::Conflict`] when it was ended before; [`Error::Invalid`] without a reason.
pub async fn end_delegation(
    tx: &Transaction,
    hash: Hash,
    reason: &str,
    now: Timestamp,
) -> Result<()> {
    programmes::check_name(reason).map_err(|_| Error::invalid("give the reason in one line"))?;
    let row = ended_delegation::ActiveModel {
        hash: Set(Stored(hash)),
        ended: Set(Stored(now)),
        reason: Set(reason.to_owned()),
    };
    match ended_delegation::Entity::insert(row).exec_without_returning(&**tx).await {
        Ok(_) => Ok(()),
        Err(error) => {
            let error = Error::from(error);
            if error.is_unique_violation() {
                return Err(Error::Conflict(format!("the delegation {hash} was ended already")));
            }
            Err(error)
        }
    }
}

/// The delegations that were ended, in the order of their hashes.
pub async fn ended_delegations(db: &impl ConnectionTrait) -> Result<Vec<EndedDelegation>> {
    let rows = ended_delegation::Entity::find()
        .order_by_asc(ended_delegation::Column::Hash)
        .all(db)
        .await?;
    let ended = |row: ended_delegation::Model| EndedDelegation {
        hash: row.hash.0,
        ended: row.ended.0,
        reason: row.reason,
    };
    Ok(rows.into_iter().map(ended).collect())
}
