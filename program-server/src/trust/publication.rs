//! Putting the trust list together, signing it, and handing out the newest.

use super::EntityBody;
use super::compromise::issued_sets;
use super::keys::keys;
use super::limits::{ended_delegations, freshness, limits};
use super::sealing::sealing_keys;
use super::status;
use super::store::{list, root};
use crate::database::{Stored, Transaction};
use crate::keys::Purpose;
use crate::programmes::{self, Programme};
use crate::{App, Error, Result};
use protocol::key::{KeyUse, Signer};
use protocol::trust::{IssuedSets, Root, TrustFile, TrustList, TrustState};
use protocol::{Hash, Span, Timestamp};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, EntityTrait as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _, Set,
};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

/// How old a list may grow before it is signed anew, so that phones see that the office is alive.
const RENEW_AFTER: Span = Span::days(1);

/// When a list says that the next is due.
const NEXT_DUE: Span = Span::days(30);

/// The newest trust file.
#[derive(Debug)]
pub struct Published {
    /// The file as phones get it.
    pub served: EntityBody,
    /// What it says, for judging what phones bring.
    pub state: TrustState,
    /// The sets of issued vouchers that it pins.
    pub issued: Arc<IssuedSets>,
}

/// The file that was read last, so that its signatures are not checked for every request.
#[derive(Clone, Default)]
pub struct TrustCache(Arc<Mutex<Option<Arc<Published>>>>);

/// The digest of the root that new phones pin.
///
/// # Errors
/// [`Error::Unavailable`] before the key ceremony.
pub async fn root_hash(db: &impl ConnectionTrait) -> Result<Hash> {
    Ok(last_root(db).await?.payload_hash.0)
}

/// The newest trust file as it is served.
///
/// # Errors
/// As [`current`].
pub async fn current_file(app: &App) -> Result<EntityBody> {
    Ok(current(app).await?.served.clone())
}

/// The newest trust file, signed anew when something in it changed or it has grown a day old. When
/// it cannot be signed now, the last one is given and the fault is logged.
///
/// # Errors
/// [`Error::Unavailable`] before the key ceremony.
pub async fn current(app: &App) -> Result<Arc<Published>> {
    let known = newest(app).await?;
    let due = match &known {
        None => true,
        Some(known) => {
            let mut list = assemble(app, app.db.reader()).await?;
            let last = known.state.list();
            let aged = known.state.age(app.now()) >= RENEW_AFTER;
            (list.version, list.issued, list.expires) = (last.version, last.issued, last.expires);
            aged || list != *last
        }
    };
    match known {
        Some(known) if !due => Ok(known),
        known => match (publish(app).await, known) {
            (Ok(published), _) => Ok(published),
            (Err(error), Some(known)) => {
                tracing::error!(%error, "the trust list is due and could not be signed");
                Ok(known)
            }
            (Err(error), None) => Err(error),
        },
    }
}

/// Signs and stores a new version of the trust list, whatever the last one says.
///
/// # Errors
/// [`Error::Unavailable`] before the key ceremony or without the trust key.
pub async fn publish(app: &App) -> Result<Arc<Published>> {
    publish_at_least(app, 0).await
}

/// The highest version that one command leaps to: a slip of the finger must not use the numbers up.
const LONGEST_LEAP: u64 = 1_000_000;

/// As [`publish`], with a version not below this one: phones of a server that was restored from a
/// backup have later lists than it knows of, and take none that is earlier.
///
/// # Errors
/// As [`publish`]; [`Error::Invalid`] more than a million versions ahead.
pub async fn publish_at_least(app: &App, version: u64) -> Result<Arc<Published>> {
    let known = newest(app).await?.ok_or_else(|| Error::broken("a root without a trust list"))?;
    let tx = app.db.begin().await?;
    tx.advisory_lock("trust").await?;
    if version > known.state.list().version.saturating_add(LONGEST_LEAP) {
        return Err(Error::Invalid(format!(
            "version {version} is too far ahead of version {}, the last one",
            known.state.list().version
        )));
    }
    publish_from(app, &tx, known.state.root(), version).await?;
    tx.commit().await?;
    newest(app).await?.ok_or_else(|| Error::broken("a trust list that was just stored is gone"))
}

/// As [`publish`], in a transaction with the advisory lock `trust`, signed by those of the root's trust keys that
/// are here; gives the file.
pub(super) async fn publish_in(app: &App, tx: &Transaction, under: &Root) -> Result<Vec<u8>> {
    publish_from(app, tx, under, 0).await
}

async fn publish_from(app: &App, tx: &Transaction, under: &Root, at_least: u64) -> Result<Vec<u8>> {
    let db = &**tx;
    let mut list = assemble(app, db).await?;
    if let Some(last) = last_file(db).await? {
        list.version = (last.version.0 + 1).max(under.min_trust_version).max(at_least);
        list.issued = app.now().max(last.issued.0);
        list.expires = list.issued.after(NEXT_DUE);
    }
    let roots = root::Entity::find().order_by_asc(root::Column::Version).all(db).await?;
    let roots: Vec<Vec<u8>> = roots.into_iter().map(|root| root.signed).collect();
    let mut trusted = app.keys.signers(Purpose::Signs(KeyUse::Trust))?;
    trusted.retain(|key| under.trust_keys.contains(&key.public_key()));
    let signed = {
        let signers: Vec<&dyn Signer> =
            trusted.iter().map(|key| key.as_ref() as &dyn Signer).collect();
        list.sign(&signers)?
    };
    let file = TrustFile { roots, list: signed };
    // Read as a phone would read it, so that what is stored can be accepted.
    let pinned = file.first_root_hash()?;
    let state = TrustState::restore(pinned, &file).map_err(|error| {
        Error::Unavailable(format!("the trust list cannot be signed with the keys here: {error}"))
    })?;
    let file = file.encode()?;
    list::Entity::insert(list::ActiveModel {
        version: Set(Stored(list.version)),
        list_hash: Set(Stored(state.list_hash())),
        issued: Set(Stored(list.issued)),
        file: Set(file.clone()),
    })
    .exec_without_returning(db)
    .await?;
    Ok(file)
}

/// When these versions of the trust list were issued, for those that this server signed.
pub async fn issue_times(
    db: &impl ConnectionTrait,
    versions: &BTreeSet<u64>,
) -> Result<BTreeMap<u64, Timestamp>> {
    let versions: Vec<Stored<u64>> = versions.iter().copied().map(Stored).collect();
    let rows: Vec<(Stored<u64>, Stored<Timestamp>)> = list::Entity::find()
        .filter(list::Column::Version.is_in(versions))
        .select_only()
        .columns([list::Column::Version, list::Column::Issued])
        .into_tuple()
        .all(db)
        .await?;
    Ok(rows.into_iter().map(|(version, issued)| (version.0, issued.0)).collect())
}

/// What the trust list says now, as version 1 of this moment.
async fn assemble(app: &App, db: &impl ConnectionTrait) -> Result<TrustList> {
    let programmes = programmes::all(db).await?;
    let ids: Vec<_> = programmes.iter().map(|programme| programme.id.clone()).collect();
    let keys: Vec<_> = keys(db).await?.iter().map(|key| key.entry(&ids)).collect();
    let status_lists = status::entries(db, &keys).await?;
    let sealing_keys = sealing_keys(db)
        .await?
        .iter()
        .filter(|key| key.left.is_none())
        .map(|key| Ok(app.keys.unsealing(key.kid)?.public().clone()))
        .collect::<Result<_>>()?;
    let limits = limits(db).await?;
    let (freshness, status_freshness) = freshness(app, &limits);
    let ended = ended_delegations(db).await?;
    let issued = app.now();
    Ok(TrustList {
        version: 1,
        issued,
        expires: issued.after(NEXT_DUE),
        freshness,
        status_freshness,
        keys,
        programmes: programmes.iter().map(Programme::for_trust_list).collect(),
        status_lists,
        ended_delegations: ended.into_iter().map(|ended| ended.hash).collect(),
        sealing_keys,
        app_minimum: limits.app,
    })
}

async fn newest(app: &App) -> Result<Option<Arc<Published>>> {
    let db = app.db.reader();
    let last_hash = list::Entity::find()
        .order_by_desc(list::Column::Version)
        .select_only()
        .column(list::Column::ListHash)
        .into_tuple::<Stored<Hash>>()
        .one(db)
        .await?;
    let Some(Stored(last_hash)) = last_hash else {
        last_root(db).await?;
        return Ok(None);
    };
    let TrustCache(cached) = &app.trust_cache;
    if let Some(known) = cached.lock().unwrap_or_else(PoisonError::into_inner).as_ref()
        && known.state.list_hash() == last_hash
    {
        return Ok(Some(known.clone()));
    }
    let row = last_file(db).await?.ok_or_else(|| Error::broken("the trust file is gone"))?;
    let file = TrustFile::decode(&row.file)?;
    let state = TrustState::restore(file.first_root_hash()?, &file)?;
    let issued = Arc::new(issued_sets(db, state.list()).await?);
    let published = Arc::new(Published { served: EntityBody::new(row.file), state, issued });
    *cached.lock().unwrap_or_else(PoisonError::into_inner) = Some(published.clone());
    Ok(Some(published))
}

async fn last_file(db: &impl ConnectionTrait) -> Result<Option<list::Model>> {
    Ok(list::Entity::find().order_by_desc(list::Column::Version).one(db).await?)
}

async fn last_root(db: &impl ConnectionTrait) -> Result<root::Model> {
    let last = root::Entity::find().order_by_desc(root::Column::Version).one(db).await?;
    last.ok_or_else(|| {
        Error::Unavailable(
            "the key ceremony was not performed yet: `vouchsafe-server trust ceremony --root-keys DIR`"
                .to_owned(),
        )
    })
}
