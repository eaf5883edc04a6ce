//! Status lists: an index for each voucher, what is known of it, and the signed tokens.

use super::EntityBody;
use super::keys::signer;
use super::store::{status_change, status_entry, status_list, status_publication};
use crate::database::{Stored, Transaction};
use crate::{App, Error, Result, keys};
use protocol::id::ProgrammeId;
use protocol::key::KeyUse;
use protocol::status::{Entries, MAX_ENTRIES, Status, StatusList};
use protocol::trust::{IssuerKey, StatusListEntry};
use protocol::voucher::StatusRef;
use protocol::{Span, Timestamp};
use sea_orm::sea_query::{Expr, ExprTrait as _};
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait, DeriveActiveEnum, EntityTrait as _, EnumIter,
    IntoActiveModel as _, QueryFilter as _, QueryOrder as _, QuerySelect as _, Set,
};
use std::collections::{BTreeMap, BTreeSet};

/// Indices of one list that are given out before another list begins: half of them, so that a
/// random one is free after two draws on average.
const CAPACITY: u32 = MAX_ENTRIES / 2;

/// How old a token may grow before it is signed anew although nothing changed.
const RENEW_AFTER: Span = Span::hours(1);

/// Rows in one statement: both engines bound the number of values.
const ROWS_AT_ONCE: usize = 500;

/// What the office decided of a voucher after it was issued.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum RevocationState {
    /// Nothing against it.
    #[sea_orm(string_value = "none")]
    None,
    /// Not to be served until the suspension is lifted.
    #[sea_orm(string_value = "suspended")]
    Suspended,
    /// Taken back for good.
    #[sea_orm(string_value = "revoked")]
    Revoked,
}

/// What the list says of an index. A voucher that was taken back stays so, served or not; a served
/// one is never shown as merely suspended.
fn published(revocation: RevocationState, redeemed: bool) -> Status {
    match (revocation, redeemed) {
        (RevocationState::Revoked, _) => Status::Revoked,
        (_, true) => Status::Redeemed,
        (RevocationState::Suspended, false) => Status::Suspended,
        (RevocationState::None, false) => Status::Valid,
    }
}

/// The address of a list: the path where it is served, and the `sub` of its tokens.
#[must_use]
pub fn status_address(number: u32) -> String {
    format!("/v1/status/{number}")
}

/// Allocates `count` random free indices for vouchers of this programme that expire in this month.
///
/// # Errors
/// [`Error::Database`], [`Error::Unavailable`] without randomness.
pub async fn allocate_indices(
    tx: &Transaction,
    programme: &ProgrammeId,
    month: jiff::civil::Date,
    count: usize,
    now: Timestamp,
) -> Result<Vec<StatusRef>> {
    tx.advisory_lock("status lists").await?;
    let month = month.strftime("%Y-%m").to_string();
    let mut allocated = Vec::with_capacity(count);
    while allocated.len() < count {
        let list = list_with_room(tx, programme, &month, now).await?;
        let room = (CAPACITY - list.taken.0) as usize;
        let wanted = (count - allocated.len()).min(room).min(ROWS_AT_ONCE);
        let drawn = draw_free(tx, list.number.0, wanted).await?;
        status_entry::Entity::insert_many(drawn.iter().map(|position| status_entry::ActiveModel {
            list: Set(list.number),
            position: Set(Stored(*position)),
            revocation: Set(RevocationState::None),
            redeemed: Set(false),
        }))
        .exec_without_returning(&**tx)
        .await?;
        let mut row = list.clone().into_active_model();
        row.taken = Set(Stored(list.taken.0 + drawn.len() as u32));
        status_list::Entity::update(row).exec(&**tx).await?;
        allocated.extend(drawn.into_iter().map(|index| StatusRef { list: list.number.0, index }));
    }
    Ok(allocated)
}

/// Creates a status list of this programme and month whose places are not drawn at random, but given
/// out by the caller with [`reserve_range`].
pub async fn create_reserved_list(
    tx: &Transaction,
    programme: &ProgrammeId,
    month: jiff::civil::Date,
    now: Timestamp,
) -> Result<u32> {
    let month = month.strftime("%Y-%m").to_string();
    // Counted as full, so that nothing is drawn from it.
    Ok(insert_list(tx, programme, &month, MAX_ENTRIES, now).await?.number.0)
}

/// Reserves `count` places of a list that [`create_reserved_list`] gave, one after the other.
///
/// # Errors
/// [`Error::Database`]; a place that is taken is a unique violation.
pub async fn reserve_range(tx: &Transaction, first: StatusRef, count: u32) -> Result<()> {
    let places: Vec<u32> = (first.index..first.index + count).collect();
    for some in places.chunks(ROWS_AT_ONCE) {
        let rows = some.iter().map(|position| status_entry::ActiveModel {
            list: Set(Stored(first.list)),
            position: Set(Stored(*position)),
            revocation: Set(RevocationState::None),
            redeemed: Set(false),
        });
        status_entry::Entity::insert_many(rows).exec_without_returning(&**tx).await?;
    }
    Ok(())
}

async fn list_with_room(
    tx: &Transaction,
    programme: &ProgrammeId,
    month: &str,
    now: Timestamp,
) -> Result<status_list::Model> {
    let with_room = status_list::Entity::find()
        .filter(status_list::Column::Programme.eq(Stored(programme.clone())))
        .filter(status_list::Column::Month.eq(month))
        .filter(status_list::Column::Taken.lt(Stored(CAPACITY)))
        .order_by_asc(status_list::Column::Number)
        .one(&**tx)
        .await?;
    if let Some(list) = with_room {
        return Ok(list);
    }
    insert_list(tx, programme, month, 0, now).await
}

async fn insert_list(
    tx: &Transaction,
    programme: &ProgrammeId,
    month: &str,
    taken: u32,
    now: Timestamp,
) -> Result<status_list::Model> {
    let last =
        status_list::Entity::find().order_by_desc(status_list::Column::Number).one(&**tx).await?;
    let list = status_list::Model {
        number: Stored(last.map_or(1, |last| last.number.0 + 1)),
        programme: Stored(programme.clone()),
        month: month.to_owned(),
        taken: Stored(taken),
        made: Stored(now),
        token_issued: None,
        token: None,
    };
    status_list::Entity::insert(list.clone().into_active_model())
        .exec_without_returning(&**tx)
        .await?;
    Ok(list)
}

/// Draws positions that no voucher has, in random order.
async fn draw_free(tx: &Transaction, list: u32, count: usize) -> Result<Vec<u32>> {
    let mut free: Vec<u32> = Vec::with_capacity(count);
    while free.len() < count {
        let mut drawn: Vec<u32> = Vec::new();
        while free.len() + drawn.len() < count {
            let mut bytes = [0; 4];
            keys::random(&mut bytes)?;
            // The number of entries is a power of two, so no position is favoured.
            let position = u32::from_be_bytes(bytes) % MAX_ENTRIES;
            if !free.contains(&position) && !drawn.contains(&position) {
                drawn.push(position);
            }
        }
        let taken: BTreeSet<u32> = status_entry::Entity::find()
            .filter(status_entry::Column::List.eq(Stored(list)))
            .filter(status_entry::Column::Position.is_in(drawn.iter().copied().map(Stored)))
            .all(&**tx)
            .await?
            .into_iter()
            .map(|row| row.position.0)
            .collect();
        free.extend(drawn.into_iter().filter(|position| !taken.contains(position)));
    }
    Ok(free)
}

/// Says of each of these vouchers whether it was served.
///
/// # Errors
/// [`Error::Broken`] for an index that no voucher has.
pub async fn mark_redeemed(tx: &Transaction, vouchers: &[StatusRef], redeemed: bool) -> Result<()> {
    let row = status_entry::ActiveModel { redeemed: Set(redeemed), ..Default::default() };
    mark(tx, vouchers, row).await
}

/// Says what the office decided of a voucher.
///
/// # Errors
/// [`Error::Broken`] for an index that no voucher has.
pub async fn set_revocation(
    tx: &Transaction,
    voucher: StatusRef,
    revocation: RevocationState,
) -> Result<()> {
    let row = status_entry::ActiveModel { revocation: Set(revocation), ..Default::default() };
    mark(tx, &[voucher], row).await
}

async fn mark(
    tx: &Transaction,
    vouchers: &[StatusRef],
    row: status_entry::ActiveModel,
) -> Result<()> {
    let mut places: BTreeMap<u32, BTreeSet<u32>> = BTreeMap::new();
    for at in vouchers {
        places.entry(at.list).or_default().insert(at.index);
    }
    for (list, positions) in &places {
        let positions: Vec<u32> = positions.iter().copied().collect();
        for some in positions.chunks(ROWS_AT_ONCE) {
            let marked = status_entry::Entity::update_many()
                .set(row.clone())
                .filter(status_entry::Column::List.eq(Stored(*list)))
                .filter(status_entry::Column::Position.is_in(some.iter().copied().map(Stored)))
                .exec(&**tx)
                .await?;
            if marked.rows_affected != some.len() as u64 {
                return Err(Error::Broken(format!(
                    "of indices {some:?} of list {list}, not every one has a voucher"
                )));
            }
        }
    }
    for list in places.into_keys() {
        let change = status_change::ActiveModel { list: Set(Stored(list)), ..Default::default() };
        status_change::Entity::insert(change).exec_without_returning(&**tx).await?;
    }
    Ok(())
}

/// The newest token of a list, signed anew when an entry changed or it has grown an hour old.
///
/// # Errors
/// [`Error::NotFound`] when there is no such list; those of [`signer`] when there is no token yet.
pub async fn status_token(app: &App, number: u32) -> Result<EntityBody> {
    let row = list(app.db.reader(), number).await?;
    let changed = status_change::Entity::find()
        .filter(status_change::Column::List.eq(Stored(number)))
        .one(app.db.reader())
        .await?
        .is_some();
    match row.token {
        Some(token) if !changed && !is_old(row.token_issued, app.now()) => {
            Ok(EntityBody::new(token))
        }
        last => match (sign(app, number).await, last) {
            (Ok(token), _) => Ok(EntityBody::new(token)),
            (Err(error), Some(token)) => {
                tracing::error!(%error, list = number, "a status list could not be signed");
                Ok(EntityBody::new(token))
            }
            (Err(error), None) => Err(error),
        },
    }
}

fn is_old(issued: Option<Stored<Timestamp>>, now: Timestamp) -> bool {
    issued.is_none_or(|issued| now.since(issued.0) >= RENEW_AFTER)
}

async fn sign(app: &App, number: u32) -> Result<Vec<u8>> {
    let tx = app.db.begin().await?;
    tx.advisory_lock(&format!("status list {number}")).await?;
    let row = list(&*tx, number).await?;
    let changes: Vec<i64> = status_change::Entity::find()
        .filter(status_change::Column::List.eq(Stored(number)))
        .select_only()
        .column(status_change::Column::Id)
        .into_tuple()
        .all(&*tx)
        .await?;
    if let Some(token) = &row.token
        && changes.is_empty()
        && !is_old(row.token_issued, app.now())
    {
        return Ok(token.clone());
    }
    let mut entries = Entries::all_valid(MAX_ENTRIES)?;
    let told = Condition::any()
        .add(status_entry::Column::Redeemed.eq(true))
        .add(status_entry::Column::Revocation.ne(RevocationState::None));
    let rows = status_entry::Entity::find()
        .filter(status_entry::Column::List.eq(Stored(number)))
        .filter(told)
        .all(&*tx)
        .await?;
    for row in rows {
        entries.set(row.position.0, published(row.revocation, row.redeemed))?;
    }
    let after_last = row.token_issued.map(|last| last.0.after(Span::seconds(1)));
    let issued = after_last.map_or(app.now(), |least| least.max(app.now())).max(row.made.0);
    let programme = Some(&row.programme.0);
    let signer = signer(app, &*tx, KeyUse::Status, programme, issued).await?;
    let token = StatusList { address: status_address(number), issued, expires: None, entries }
        .sign(&*signer)?;
    let mut row = row.into_active_model();
    row.token = Set(Some(token.clone()));
    row.token_issued = Set(Some(Stored(issued)));
    status_list::Entity::update(row).exec(&*tx).await?;
    let publication =
        status_publication::ActiveModel { list: Set(Stored(number)), issued: Set(Stored(issued)) };
    status_publication::Entity::insert(publication).exec_without_returning(&*tx).await?;
    for some in changes.chunks(ROWS_AT_ONCE) {
        status_change::Entity::delete_many()
            .filter(Expr::col(status_change::Column::Id).is_in(some.iter().copied()))
            .exec(&*tx)
            .await?;
    }
    tx.commit().await?;
    Ok(token)
}

async fn list(db: &impl ConnectionTrait, number: u32) -> Result<status_list::Model> {
    let row = status_list::Entity::find_by_id(Stored(number)).one(db).await?;
    row.ok_or_else(|| Error::not_found("status list", &number))
}

/// What the lists say of these vouchers now, by list and index.
pub async fn statuses(
    db: &impl ConnectionTrait,
    vouchers: &[StatusRef],
) -> Result<BTreeMap<(u32, u32), Status>> {
    let mut by_list: BTreeMap<u32, Vec<Stored<u32>>> = BTreeMap::new();
    for at in vouchers {
        by_list.entry(at.list).or_default().push(Stored(at.index));
    }
    let mut statuses = BTreeMap::new();
    for (list, positions) in by_list {
        for some in positions.chunks(ROWS_AT_ONCE) {
            let rows = status_entry::Entity::find()
                .filter(status_entry::Column::List.eq(Stored(list)))
                .filter(status_entry::Column::Position.is_in(some.to_vec()))
                .all(db)
                .await?;
            statuses.extend(
                rows.into_iter()
                    .map(|row| ((list, row.position.0), published(row.revocation, row.redeemed))),
            );
        }
    }
    Ok(statuses)
}

/// Those of these tokens, each named by its list and `iat`, that this server published.
pub async fn published_tokens(
    db: &impl ConnectionTrait,
    named: &BTreeSet<(u32, Timestamp)>,
) -> Result<BTreeSet<(u32, Timestamp)>> {
    let mut by_list: BTreeMap<u32, Vec<Stored<Timestamp>>> = BTreeMap::new();
    for (list, issued) in named {
        by_list.entry(*list).or_default().push(Stored(*issued));
    }
    let mut found = BTreeSet::new();
    for (list, times) in by_list {
        for some in times.chunks(ROWS_AT_ONCE) {
            let rows = status_publication::Entity::find()
                .filter(status_publication::Column::List.eq(Stored(list)))
                .filter(status_publication::Column::Issued.is_in(some.to_vec()))
                .all(db)
                .await?;
            found.extend(rows.into_iter().map(|row| (list, row.issued.0)));
        }
    }
    Ok(found)
}

/// The numbers of every list.
pub async fn status_lists(db: &impl ConnectionTrait) -> Result<Vec<u32>> {
    let numbers: Vec<Stored<u32>> = status_list::Entity::find()
        .select_only()
        .column(status_list::Column::Number)
        .order_by_asc(status_list::Column::Number)
        .into_tuple()
        .all(db)
        .await?;
    Ok(numbers.into_iter().map(|number| number.0).collect())
}

/// The entries of the trust list.
pub(super) async fn entries(
    db: &impl ConnectionTrait,
    keys: &[IssuerKey],
) -> Result<Vec<StatusListEntry>> {
    use status_list::Column::{Made, Number, Programme};
    let rows: Vec<(Stored<u32>, Stored<ProgrammeId>, Stored<Timestamp>)> =
        status_list::Entity::find()
            .select_only()
            .columns([Number, Programme, Made])
            .order_by_asc(Number)
            .into_tuple()
            .all(db)
            .await?;
    Ok(rows
        .into_iter()
        .map(|(Stored(number), Stored(programme), Stored(made))| StatusListEntry {
            number,
            address: status_address(number),
            kids: keys
                .iter()
                .filter(|key| key.purpose == KeyUse::Status && key.programmes.contains(&programme))
                .map(|key| key.key.kid())
                .collect(),
            programme,
            least_issued: made,
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_voucher_taken_back_stays_so_and_a_served_one_is_shown_as_served() {
        use RevocationState::{None, Revoked, Suspended};
        assert_eq!(published(None, false), Status::Valid);
        assert_eq!(published(None, true), Status::Redeemed);
        assert_eq!(published(Suspended, false), Status::Suspended);
        assert_eq!(published(Suspended, true), Status::Redeemed);
        assert_eq!(published(Revoked, false), Status::Revoked);
        assert_eq!(published(Revoked, true), Status::Revoked);
    }
}
