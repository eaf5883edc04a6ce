//! The office's keys and those of foreign issuers: who may sign what, from when to when.

use super::compromise;
use super::store::key::{ActiveModel, Column, Ending, Entity, Model};
use crate::database::{Stored, Transaction};
use crate::keys::Purpose;
use crate::{App, Error, Result, programmes};
use protocol::id::{IssuerId, ProgrammeId};
use protocol::key::{Algorithm, Ed25519Key, KeyUse, Kid, PublicKey};
use protocol::trust::{ForeignIssuer, IssuerKey, KeyEnd};
use protocol::{Currency, Span, Timestamp};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, EntityTrait as _, QueryFilter as _, QueryOrder as _, Set,
};
use std::sync::Arc;

/// How long a key of the office may sign.
const KEY_LIFE: Span = Span::days(2 * 365);

/// How long a foreign issuer's key is trusted before someone must look again.
const FOREIGN_KEY_LIFE: Span = Span::days(5 * 365);

/// A key as the trust list will name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustedKey {
    pub key: PublicKey,
    pub purpose: KeyUse,
    /// Whom it speaks for.
    pub issuer: IssuerId,
    /// The one programme it may sign for; every programme of this server when absent.
    pub programme: Option<ProgrammeId>,
    /// From when it may sign.
    pub not_before: Timestamp,
    /// Until when (exclusive) it may sign.
    pub not_after: Timestamp,
    /// How it ended, if it did.
    pub end: Option<KeyEnd>,
    /// What reading a foreign issuer's vouchers needs.
    pub foreign: Option<Foreign>,
}

/// What must be known of a foreign issuer to read its vouchers (docs/protocol.md §9).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Foreign {
    /// The `kid` in its tokens' headers.
    pub kid: String,
    /// The currency of its amounts.
    pub currency: Currency,
    /// How many decimal places the currency has.
    pub decimals: u8,
    /// Whether `exp` is the start of the last valid day and not the end.
    pub exp_is_last_day: bool,
}

impl TrustedKey {
    /// The entry in a trust list of these programmes.
    pub(super) fn entry(&self, programmes: &[ProgrammeId]) -> IssuerKey {
        IssuerKey {
            key: self.key.clone(),
            purpose: self.purpose,
            issuer: self.issuer.clone(),
            programmes: match &self.programme {
                Some(one) => vec![one.clone()],
                None => programmes.to_vec(),
            },
            not_before: self.not_before,
            not_after: self.not_after,
            end: self.end.clone(),
            foreign: self.foreign.as_ref().zip(self.programme.as_ref()).map(
                |(foreign, programme)| ForeignIssuer {
                    kid: foreign.kid.clone(),
                    programme: programme.clone(),
                    currency: foreign.currency,
                    decimals: foreign.decimals,
                    exp_is_last_day: foreign.exp_is_last_day,
                },
            ),
        }
    }

    pub(super) fn may_sign(&self, programme: Option<&ProgrammeId>, now: Timestamp) -> bool {
        let for_it = match (&self.programme, programme) {
            (None, _) => true,
            (Some(own), Some(asked)) => own == asked,
            (Some(_), None) => false,
        };
        let ended = match self.end {
            None => false,
            Some(KeyEnd::RetiredAt(at)) => at <= now,
            Some(KeyEnd::Compromised(_)) => true,
        };
        for_it && !ended && self.not_before <= now && now < self.not_after
    }
}

/// Every key, in the order they came.
pub async fn keys(db: &impl ConnectionTrait) -> Result<Vec<TrustedKey>> {
    let rows = Entity::find().order_by_asc(Column::Ordinal).all(db).await?;
    let sets = compromise::pinned_sets(db).await?;
    rows.into_iter()
        .map(|row| {
            let set = sets.get(&row.thumbprint.0);
            let mut key = TrustedKey::try_from(row)?;
            if let Some(KeyEnd::Compromised(its)) = &mut key.end {
                *its = set.cloned();
            }
            Ok(key)
        })
        .collect()
}

/// The one key with this id.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::Conflict`] when several keys share the id.
pub async fn key(db: &impl ConnectionTrait, kid: Kid) -> Result<TrustedKey> {
    let mut found = keys(db).await?;
    found.retain(|key| key.key.kid() == kid);
    match found.len() {
        0 => Err(Error::not_found("key", &kid)),
        1 => Ok(found.remove(0)),
        _ => Err(Error::Conflict(format!("several keys have the id {kid}"))),
    }
}

/// The key of this office that signs such objects dated `at`, for this programme where it matters: the
/// newest that may. Whatever is signed must bear that very time, since its key counts in its window
/// alone.
///
/// # Errors
/// [`Error::Unavailable`] when there is none, and those of [`crate::keys::KeyRing::signer`].
pub async fn signer(
    app: &App,
    db: &impl ConnectionTrait,
    purpose: KeyUse,
    programme: Option<&ProgrammeId>,
    at: Timestamp,
) -> Result<Arc<Ed25519Key>> {
    let newest =
        keys(db).await?.into_iter().rev().find(|key| {
            key.purpose == purpose && key.foreign.is_none() && key.may_sign(programme, at)
        });
    let newest = newest.ok_or_else(|| {
        Error::Unavailable(format!(
            "no {} key may sign at {at}: perform the key ceremony (`vouchsafe-server trust ceremony`), or \
             add a key",
            purpose.name()
        ))
    })?;
    app.keys.signer(Purpose::Signs(purpose), newest.key.kid())
}

/// Draws a new signing key of this office and trusts it from now on.
///
/// # Errors
/// [`Error::NotFound`] for a programme that is not there, and those of the key's file.
pub async fn add_issuer_key(
    app: &App,
    tx: &Transaction,
    purpose: KeyUse,
    programme: Option<&ProgrammeId>,
) -> Result<TrustedKey> {
    draw_issuer_key(app, tx, purpose, programme, app.now()).await
}

async fn draw_issuer_key(
    app: &App,
    tx: &Transaction,
    purpose: KeyUse,
    programme: Option<&ProgrammeId>,
    from: Timestamp,
) -> Result<TrustedKey> {
    if let Some(id) = programme {
        programmes::get(&**tx, id).await?;
    }
    let key = TrustedKey {
        key: app.keys.create_signer(Purpose::Signs(purpose))?,
        purpose,
        issuer: app.config.issuer.clone(),
        programme: programme.cloned(),
        not_before: from,
        not_after: from.after(KEY_LIFE),
        end: None,
        foreign: None,
    };
    insert(tx, &key).await?;
    Ok(key)
}

/// Trusts the key of an issuer whose vouchers are OpenG2P's.
///
/// # Errors
/// [`Error::Invalid`] for a key that is not RSA, or a currency that is not the programme's;
/// [`Error::Conflict`] when the key is trusted already.
pub async fn add_foreign_issuer(
    app: &App,
    tx: &Transaction,
    key: &PublicKey,
    issuer: &IssuerId,
    programme: &ProgrammeId,
    foreign: Foreign,
) -> Result<TrustedKey> {
    let its = programmes::get(&**tx, programme).await?;
    if key.algorithm() != Algorithm::Rs256 {
        return Err(Error::invalid("vouchers of OpenG2P are signed with RSA; this is no RSA key"));
    }
    if foreign.currency != its.currency || foreign.decimals != its.decimals {
        return Err(Error::Invalid(format!(
            "the programme {programme} pays in {} with {} decimal places",
            its.currency, its.decimals
        )));
    }
    let now = app.now();
    let key = TrustedKey {
        key: key.clone(),
        purpose: KeyUse::Voucher,
        issuer: issuer.clone(),
        programme: Some(programme.clone()),
        // Its vouchers may be older than our trust in it.
        not_before: now.before(FOREIGN_KEY_LIFE),
        not_after: now.after(FOREIGN_KEY_LIFE),
        end: None,
        foreign: Some(foreign),
    };
    insert(tx, &key).await.map_err(|error| {
        if error.is_unique_violation() {
            Error::conflict("this key is in the trust list already")
        } else {
            error
        }
    })?;
    Ok(key)
}

/// The soonest that a key can be retired with nothing spoilt that it signed. Times are whole seconds, and
/// it may have signed in this one.
#[must_use]
pub fn next_second(app: &App) -> Timestamp {
    app.now().after(Span::seconds(1))
}

/// What a rotation did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rotated {
    pub new: TrustedKey,
    /// The keys whose place it takes, retired when it begins.
    pub retired: Vec<TrustedKey>,
}

/// Draws a new key of this use that signs from `from` on, and retires those of this office that signed
/// before it, for the same programme, at that time. Until then phones have time to learn of it.
///
/// # Errors
/// As [`add_issuer_key`]; [`Error::Invalid`] for a time before [`next_second`].
pub async fn rotate(
    app: &App,
    tx: &Transaction,
    purpose: KeyUse,
    programme: Option<&ProgrammeId>,
    from: Timestamp,
) -> Result<Rotated> {
    let soonest = next_second(app);
    if from < soonest {
        return Err(Error::Invalid(format!(
            "{from} is too soon: the key before may have signed then. A new key begins at {soonest} \
             or later"
        )));
    }
    let before = keys(&**tx).await?;
    let new = draw_issuer_key(app, tx, purpose, programme, from).await?;
    let mut retired = Vec::new();
    for old in before {
        let in_force = match old.end {
            None => true,
            Some(KeyEnd::RetiredAt(at)) => at > from,
            Some(KeyEnd::Compromised(_)) => false,
        };
        if old.purpose == purpose
            && old.foreign.is_none()
            && old.programme.as_ref() == programme
            && in_force
        {
            retired.push(retire(tx, old.key.kid(), from).await?);
        }
    }
    Ok(Rotated { new, retired })
}

/// Puts a key away in good order: what it signed before `at` stays good.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::Conflict`] when it was compromised, which is for good.
pub async fn retire(tx: &Transaction, kid: Kid, at: Timestamp) -> Result<TrustedKey> {
    let old = key(&**tx, kid).await?;
    if matches!(old.end, Some(KeyEnd::Compromised(_))) {
        return Err(Error::Conflict(format!("the key {kid} was compromised, which is for good")));
    }
    end(tx, &old.key, Ending::Retired, Some(at)).await?;
    key(&**tx, kid).await
}

/// Writes down how a key ended.
pub(super) async fn end(
    tx: &Transaction,
    key: &PublicKey,
    ending: Ending,
    retired_at: Option<Timestamp>,
) -> Result<()> {
    let row = ActiveModel {
        ending: Set(ending),
        retired_at: Set(retired_at.map(Stored)),
        ..Default::default()
    };
    Entity::update_many()
        .set(row)
        .filter(Column::Thumbprint.eq(Stored(key.thumbprint())))
        .exec(&**tx)
        .await?;
    Ok(())
}

async fn insert(tx: &Transaction, key: &TrustedKey) -> Result<()> {
    tx.advisory_lock("trusted keys").await?;
    let last = Entity::find().order_by_desc(Column::Ordinal).one(&**tx).await?;
    let (ending, retired_at) = match key.end {
        None => (Ending::None, None),
        Some(KeyEnd::RetiredAt(at)) => (Ending::Retired, Some(Stored(at))),
        Some(KeyEnd::Compromised(_)) => (Ending::Compromised, None),
    };
    let foreign = key.foreign.as_ref();
    let row = ActiveModel {
        thumbprint: Set(Stored(key.key.thumbprint())),
        ordinal: Set(last.map_or(1, |last| last.ordinal + 1)),
        kid: Set(Stored(key.key.kid())),
        public_key: Set(Stored(key.key.clone())),
        purpose: Set(Stored(key.purpose)),
        issuer: Set(Stored(key.issuer.clone())),
        programme: Set(key.programme.clone().map(Stored)),
        not_before: Set(Stored(key.not_before)),
        not_after: Set(Stored(key.not_after)),
        ending: Set(ending),
        retired_at: Set(retired_at),
        foreign_kid: Set(foreign.map(|it| it.kid.clone())),
        foreign_currency: Set(foreign.map(|it| Stored(it.currency))),
        foreign_decimals: Set(foreign.map(|it| i64::from(it.decimals))),
        foreign_exp_is_last_day: Set(foreign.map(|it| it.exp_is_last_day)),
    };
    Entity::insert(row).exec_without_returning(&**tx).await?;
    Ok(())
}

impl TryFrom<Model> for TrustedKey {
    type Error = Error;
    fn try_from(row: Model) -> Result<Self> {
        let foreign = match (
            row.foreign_kid,
            row.foreign_currency,
            row.foreign_decimals.and_then(|places| u8::try_from(places).ok()),
            row.foreign_exp_is_last_day,
        ) {
            (Some(kid), Some(Stored(currency)), Some(decimals), Some(exp_is_last_day)) => {
                Some(Foreign { kid, currency, decimals, exp_is_last_day })
            }
            (None, None, None, None) => None,
            _ => return Err(Error::broken("a foreign issuer's key")),
        };
        let end = match (row.ending, row.retired_at) {
            (Ending::None, None) => None,
            (Ending::Retired, Some(Stored(at))) => Some(KeyEnd::RetiredAt(at)),
            (Ending::Compromised, None) => Some(KeyEnd::Compromised(None)),
            _ => return Err(Error::broken("how a key ended")),
        };
        Ok(TrustedKey {
            key: row.public_key.0,
            purpose: row.purpose.0,
            issuer: row.issuer.0,
            programme: row.programme.map(|programme| programme.0),
            not_before: row.not_before.0,
            not_after: row.not_after.0,
            end,
            foreign,
        })
    }
}
