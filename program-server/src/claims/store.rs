//! The tables of the module, and the queries over them.
//!
//! `claims_live` is the partial UNIQUE index that decides which of two claims on a voucher came first;
//! those that are not live have `claims_not_live`.
//! `claim_history` is only ever added to; its numbers count up within a chain without a gap, and a
//! later number is never committed before an earlier one, so that a device that asks for what came
//! after a number misses nothing.

use super::state::{ConflictKind, Hold, Known};
use super::{Claim, Event, HowServed, NewClaim};
use crate::Result;
use crate::database::{Migration, ModuleSchema, Step, Storable, Stored, Transaction, column};
use crate::devices::DeviceId;
use protocol::ack::ClaimState;
use protocol::id::{ChainId, ClaimId, ProviderId, VoucherId};
use protocol::voucher::{Reference, VoucherIdentity};
use protocol::{Benefit, GoodsLine, Hash, Money, Quantity, Timestamp};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{ConditionalStatement, Expr, ExprTrait, Index, OnConflict, Table};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, ConnectionTrait, EntityTrait, IntoActiveModel, Order,
    QueryFilter, QueryOrder, QuerySelect, QueryTrait,
};
use std::collections::{BTreeMap, BTreeSet};

mod claim {
    use super::super::state::ConflictKind;
    use super::Goods;
    use crate::claims::HowServed;
    use crate::database::Stored;
    use protocol::ack::ClaimState;
    use protocol::id::{ChainId, ClaimId, IssuerId, ProgrammeId, ProviderId};
    use protocol::voucher::Reference;
    use protocol::{Currency, Hash, Timestamp};
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "claims")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub claim: Stored<ClaimId>,
        pub identity: Stored<Hash>,
        pub issuer: Stored<IssuerId>,
        pub reference: Stored<Reference>,
        pub payload_hash: Stored<Hash>,
        pub programme: Stored<ProgrammeId>,
        pub provider: Stored<ProviderId>,
        pub device: Stored<Hash>,
        pub chain: Stored<ChainId>,
        pub record: Stored<Hash>,
        pub how_read: Stored<HowServed>,
        pub amount: Option<Stored<u64>>,
        pub currency: Option<Stored<Currency>>,
        pub goods: Option<Stored<Goods>>,
        pub earliest: Stored<Timestamp>,
        pub received: Stored<Timestamp>,
        pub payable_from: Stored<Timestamp>,
        pub live: bool,
        pub upheld: bool,
        pub conflict: Option<Stored<ConflictKind>>,
        pub state: Stored<ClaimState>,
        pub reason: Option<String>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

mod history {
    use crate::database::Stored;
    use protocol::Timestamp;
    use protocol::ack::ClaimState;
    use protocol::id::{ChainId, ClaimId};
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "claim_history")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub chain: Stored<ChainId>,
        #[sea_orm(primary_key, auto_increment = false)]
        pub number: Stored<u64>,
        pub claim: Stored<ClaimId>,
        pub state: Stored<ClaimState>,
        pub reason: Option<String>,
        pub note: Option<String>,
        pub at: Stored<Timestamp>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

mod feed {
    use crate::database::Stored;
    use protocol::id::ChainId;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "claim_feeds")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub chain: Stored<ChainId>,
        pub last: Stored<u64>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

mod hold {
    use super::super::state::Hold;
    use crate::database::Stored;
    use protocol::id::ClaimId;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "claim_holds")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub claim: Stored<ClaimId>,
        #[sea_orm(primary_key, auto_increment = false)]
        pub hold: Stored<Hold>,
        pub open: bool,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

mod pending_void {
    use crate::database::Stored;
    use protocol::Hash;
    use protocol::id::ClaimId;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "pending_voids")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub claim: Stored<ClaimId>,
        #[sea_orm(primary_key, auto_increment = false)]
        pub device: Stored<Hash>,
        pub note: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub(super) use claim::Model as Row;

/// The module's part of the schema.
#[must_use]
pub fn schema() -> ModuleSchema {
    let claims: Step = Table::create()
        .table(claim::Entity)
        .col(column::bytes("claim").primary_key())
        .col(column::bytes("identity"))
        .col(column::text("issuer"))
        .col(column::text("reference"))
        .col(column::bytes("payload_hash"))
        .col(column::text("programme"))
        .col(column::text("provider"))
        .col(column::bytes("device"))
        .col(column::bytes("chain"))
        .col(column::bytes("record"))
        .col(column::text("how_read"))
        .col(column::number("amount").null())
        .col(column::text("currency").null())
        .col(column::text("goods").null())
        .col(column::number("earliest"))
        .col(column::number("received"))
        .col(column::number("payable_from"))
        .col(column::boolean("live"))
        .col(column::boolean("upheld"))
        .col(column::text("conflict").null())
        .col(column::text("state"))
        .col(column::text("reason").null())
        .check(Expr::col("amount").is_null().eq(Expr::col("currency").is_null()))
        .check(Expr::col("amount").is_null().ne(Expr::col("goods").is_null()))
        .into();
    let live: Step = Index::create()
        .name("claims_live")
        .table(claim::Entity)
        .col("identity")
        .unique()
        .cond_where(Expr::col("live"))
        .into();
    let not_live: Step = Index::create()
        .name("claims_not_live")
        .table(claim::Entity)
        .col("identity")
        .cond_where(Expr::col("live").not())
        .into();
    let index = |name: &'static str, columns: &[&'static str]| {
        let mut index = Index::create();
        index.name(name).table(claim::Entity);
        for column in columns {
            index.col(*column);
        }
        Step::from(&mut index)
    };
    let history: Step = Table::create()
        .table(history::Entity)
        .col(column::bytes("chain"))
        .col(column::number("number"))
        .col(column::bytes("claim"))
        .col(column::text("state"))
        .col(column::text("reason").null())
        .col(column::text("note").null())
        .col(column::number("at"))
        .primary_key(Index::create().col("chain").col("number"))
        .into();
    let history_by_claim: Step =
        Index::create().name("claim_history_by_claim").table(history::Entity).col("claim").into();
    let feeds: Step = Table::create()
        .table(feed::Entity)
        .col(column::bytes("chain").primary_key())
        .col(column::number("last"))
        .into();
    let holds: Step = Table::create()
        .table(hold::Entity)
        .col(column::bytes("claim"))
        .col(column::text("hold"))
        .col(column::boolean("open"))
        .primary_key(Index::create().col("claim").col("hold"))
        .into();
    let pending_voids: Step = Table::create()
        .table(pending_void::Entity)
        .col(column::bytes("claim"))
        .col(column::bytes("device"))
        .col(column::text("note"))
        .primary_key(Index::create().col("claim").col("device"))
        .into();
    ModuleSchema {
        name: "claims",
        migrations: vec![
            Migration(vec![
                claims,
                live,
                index("claims_by_identity", &["identity"]),
                index("claims_by_provider", &["provider", "received", "claim"]),
                index("claims_by_received", &["received", "claim"]),
                index("claims_by_device", &["device"]),
                history,
                history_by_claim,
                feeds,
                holds,
                pending_voids,
            ]),
            Migration(vec![Step::Sql { sqlite: NO_MORE, postgres: NO_MORE }, not_live]),
        ],
    }
}

/// Digests fall all over an index, so a second one over every claim costs each new claim a page.
const NO_MORE: &str = "DROP INDEX claims_by_identity";

macro_rules! stored_as_text {
    ($($type:ty: $name:expr, $from:expr;)*) => {$(
        impl Storable for $type {
            type Column = String;

            fn to_column(&self) -> String {
                let name: fn(&$type) -> String = $name;
                name(self)
            }

            fn from_column(column: String) -> Option<Self> {
                let from: fn(&str) -> Option<$type> = $from;
                from(&column)
            }
        }
    )*};
}

stored_as_text! {
    Hold: |it| it.code().to_owned(), Hold::from_code;
    ConflictKind: |it| it.code().to_owned(), ConflictKind::from_code;
    HowServed: |it| it.name().to_owned(), HowServed::from_name;
    Reference: ToString::to_string, reference;
    Goods: |it| serde_json::to_string(it).unwrap_or_default(),
        |text| serde_json::from_str(text).ok();
}

/// Goods as they are stored: item, thousandths, unit.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Goods(Vec<(String, u64, String)>);

impl Goods {
    fn of(lines: &[GoodsLine]) -> Self {
        let stored =
            |line: &GoodsLine| (line.item.clone(), line.quantity.thousandths(), line.unit.clone());
        Goods(lines.iter().map(stored).collect())
    }

    fn to_benefit(&self) -> Option<Benefit> {
        let line = |(item, thousandths, unit): &(String, u64, String)| {
            let quantity = Quantity::from_thousandths(*thousandths).ok()?;
            Some(GoodsLine { item: item.clone(), quantity, unit: unit.clone() })
        };
        self.0.iter().map(line).collect::<Option<_>>().map(Benefit::Goods)
    }
}

/// Reads a reference as its `Display` writes it.
fn reference(text: &str) -> Option<Reference> {
    match text.split_once(':') {
        Some(("code", code)) => Some(Reference::Code(code.to_owned())),
        Some(("sub", sub)) => Some(Reference::Sub(sub.to_owned())),
        _ => VoucherId::from_hex(text).map(Reference::Cti),
    }
}

impl Row {
    /// The row of a claim that was not yet stored.
    pub(super) fn new(claim: &NewClaim, known: &Known) -> Self {
        let (state, reason) = known.state_and_reason();
        let (live, conflict) = match known {
            Known::Live { .. } => (true, None),
            Known::Waiting(kind) => (false, Some(Stored(*kind))),
        };
        let (money, goods) = match &claim.given {
            Benefit::Money(money) => (Some(*money), None),
            Benefit::Goods(lines) => (None, Some(Goods::of(lines))),
        };
        let voucher = &claim.voucher;
        Row {
            claim: claim.claim.into(),
            identity: voucher.identity.hash().into(),
            issuer: voucher.identity.issuer.clone().into(),
            reference: voucher.identity.reference.clone().into(),
            payload_hash: claim.payload_hash.into(),
            programme: voucher.programme.clone().into(),
            provider: claim.provider.clone().into(),
            device: claim.device.0.into(),
            chain: claim.chain.into(),
            record: claim.record.into(),
            how_read: claim.how_served.into(),
            amount: money.map(|money| money.minor().into()),
            currency: money.map(|money| money.currency().into()),
            goods: goods.map(Stored),
            earliest: claim.service.earliest().into(),
            received: claim.service.latest().into(),
            payable_from: claim.payable_from.into(),
            live,
            upheld: false,
            conflict,
            state: state.into(),
            reason: reason.map(str::to_owned),
        }
    }

    pub(super) fn identity(&self) -> VoucherIdentity {
        VoucherIdentity { issuer: self.issuer.0.clone(), reference: self.reference.0.clone() }
    }

    fn given(&self) -> Option<Benefit> {
        match (&self.amount, &self.currency, &self.goods) {
            (Some(minor), Some(currency), None) => {
                Money::new(minor.0, currency.0).ok().map(Benefit::Money)
            }
            (None, None, Some(goods)) => goods.0.to_benefit(),
            _ => None,
        }
    }
}

impl TryFrom<Row> for Claim {
    type Error = crate::Error;

    fn try_from(row: Row) -> Result<Self> {
        let given =
            row.given().ok_or_else(|| crate::Error::broken("a claim's amount cannot be read"))?;
        Ok(Claim {
            id: row.claim.0,
            voucher: row.identity(),
            programme: row.programme.0,
            provider: row.provider.0,
            device: DeviceId(row.device.0),
            given,
            how_served: row.how_read.0,
            earliest: row.earliest.0,
            received: row.received.0,
            payable_from: row.payable_from.0,
            state: row.state.0,
            reason: row.reason,
            history: Vec::new(),
        })
    }
}

/// Stores rows; those whose claim id is taken, or whose voucher has a live claim when they would be
/// live too, are left out. Gives the ids of those that were stored.
pub(super) async fn insert_free(
    db: &impl ConnectionTrait,
    rows: Vec<&Row>,
) -> Result<BTreeSet<ClaimId>> {
    if rows.is_empty() {
        return Ok(BTreeSet::new());
    }
    let mut insert = claim::Entity::insert_many(rows.into_iter().cloned().map(all_set))
        .on_conflict(OnConflict::new().do_nothing().to_owned())
        .into_query();
    insert.returning_col(claim::Column::Claim);
    let stored = db.query_all(&insert).await?;
    stored.iter().map(|row| Ok(row.try_get::<Stored<ClaimId>>("", "claim")?.0)).collect()
}

/// An active model with every column set: inserting a row that was only read is inserting it whole.
fn all_set(row: Row) -> claim::ActiveModel {
    row.into_active_model().reset_all()
}

/// Reads claims with row locks (`FOR UPDATE`): nobody else changes them until the end of the
/// transaction.
pub(super) async fn lock_claims(tx: &Transaction, claims: &[ClaimId]) -> Result<Vec<Row>> {
    let ids = claims.iter().map(|&id| Stored(id));
    Ok(claim::Entity::find()
        .filter(claim::Column::Claim.is_in(ids))
        .order_by_asc(claim::Column::Identity)
        .lock_exclusive()
        .all(&**tx)
        .await?)
}

/// Which of these claim ids are taken.
pub(super) async fn used(
    db: &impl ConnectionTrait,
    claims: &[ClaimId],
) -> Result<BTreeSet<ClaimId>> {
    let query = claim::Entity::find()
        .select_only()
        .column(claim::Column::Claim)
        .filter(claim::Column::Claim.is_in(claims.iter().map(|&id| Stored(id))));
    let ids: Vec<Stored<ClaimId>> = query.into_tuple().all(db).await?;
    Ok(ids.into_iter().map(|id| id.0).collect())
}

/// The live claims of vouchers, with row locks.
pub(super) async fn lock_live(
    tx: &Transaction,
    identities: &BTreeSet<Hash>,
) -> Result<BTreeMap<Hash, Row>> {
    let rows = claim::Entity::find()
        .filter(claim::Column::Identity.is_in(identities.iter().map(|&hash| Stored(hash))))
        .filter(is_live())
        .order_by_asc(claim::Column::Identity)
        .lock_exclusive()
        .all(&**tx)
        .await?;
    Ok(rows.into_iter().map(|row| (row.identity.0, row)).collect())
}

/// Whether a claim is its voucher's live one, as the partial indices say it: an engine uses them for a
/// query that says the same without a value bound to it.
fn is_live() -> Expr {
    Expr::col((claim::Entity, claim::Column::Live))
}

/// The claims that wait behind the live one of a voucher, the first received first, with row locks.
pub(super) async fn lock_waiting(tx: &Transaction, identity: Hash) -> Result<Vec<Row>> {
    Ok(claim::Entity::find()
        .filter(claim::Column::Identity.eq(Stored(identity)))
        .filter(is_live().not())
        .filter(claim::Column::State.eq(Stored(ClaimState::Conflict)))
        .order_by_asc(claim::Column::Received)
        .order_by_asc(claim::Column::Claim)
        .lock_exclusive()
        .all(&**tx)
        .await?)
}

/// Stores what of a claim can change.
pub(super) async fn update(db: &impl ConnectionTrait, row: &Row) -> Result<()> {
    let changed = claim::ActiveModel {
        claim: Set(row.claim),
        live: Set(row.live),
        upheld: Set(row.upheld),
        conflict: Set(row.conflict),
        state: Set(row.state),
        reason: Set(row.reason.clone()),
        ..Default::default()
    };
    changed.update(db).await?;
    Ok(())
}

/// Opens holds. One that was released before is open again.
pub(super) async fn open_holds(db: &impl ConnectionTrait, holds: &[(ClaimId, Hold)]) -> Result<()> {
    if holds.is_empty() {
        return Ok(());
    }
    let rows = holds.iter().map(|&(claim, hold)| hold::ActiveModel {
        claim: Set(claim.into()),
        hold: Set(hold.into()),
        open: Set(true),
    });
    let again = OnConflict::columns([hold::Column::Claim, hold::Column::Hold])
        .update_column(hold::Column::Open)
        .to_owned();
    hold::Entity::insert_many(rows).on_conflict(again).exec_without_returning(db).await?;
    Ok(())
}

/// Releases a hold of a claim.
pub(super) async fn release_hold(
    db: &impl ConnectionTrait,
    claim: ClaimId,
    hold: Hold,
) -> Result<()> {
    hold::Entity::update_many()
        .col_expr(hold::Column::Open, false.into())
        .filter(hold::Column::Claim.eq(Stored(claim)))
        .filter(hold::Column::Hold.eq(Stored(hold)))
        .exec(db)
        .await?;
    Ok(())
}

/// The open holds of claims.
pub(super) async fn holds_of(
    db: &impl ConnectionTrait,
    claims: &[ClaimId],
) -> Result<BTreeMap<ClaimId, Vec<Hold>>> {
    let rows = hold::Entity::find()
        .filter(hold::Column::Claim.is_in(claims.iter().map(|&id| Stored(id))))
        .filter(hold::Column::Open.eq(true))
        .all(db)
        .await?;
    let mut open: BTreeMap<ClaimId, Vec<Hold>> = BTreeMap::new();
    for row in rows {
        open.entry(row.claim.0).or_default().push(row.hold.0);
    }
    Ok(open)
}

/// The claims of a device with this hold open.
pub(super) async fn claims_of_device_with_hold(
    db: &impl ConnectionTrait,
    device: DeviceId,
    hold: Hold,
) -> Result<Vec<ClaimId>> {
    let of_device = claim::Entity::find()
        .select_only()
        .column(claim::Column::Claim)
        .filter(claim::Column::Device.eq(Stored(device.0)))
        .into_query();
    let rows = hold::Entity::find()
        .filter(hold::Column::Claim.in_subquery(of_device))
        .filter(hold::Column::Hold.eq(Stored(hold)))
        .filter(hold::Column::Open.eq(true))
        .all(db)
        .await?;
    Ok(rows.into_iter().map(|row| row.claim.0).collect())
}

/// Keeps a void whose claim has not come yet.
pub(super) async fn add_pending_void(
    db: &impl ConnectionTrait,
    claim: ClaimId,
    device: DeviceId,
    note: &str,
) -> Result<()> {
    let row = pending_void::ActiveModel {
        claim: Set(claim.into()),
        device: Set(device.0.into()),
        note: Set(note.to_owned()),
    };
    pending_void::Entity::insert(row)
        .on_conflict(OnConflict::new().do_nothing().to_owned())
        .exec_without_returning(db)
        .await?;
    Ok(())
}

/// Takes out the voids of a device that came before these claims of its own.
pub(super) async fn take_pending_voids(
    db: &impl ConnectionTrait,
    claims: &[ClaimId],
    device: DeviceId,
) -> Result<Vec<(ClaimId, String)>> {
    let mine = Condition::all()
        .add(pending_void::Column::Claim.is_in(claims.iter().map(|&id| Stored(id))))
        .add(pending_void::Column::Device.eq(Stored(device.0)));
    let rows = pending_void::Entity::find().filter(mine.clone()).all(db).await?;
    if !rows.is_empty() {
        pending_void::Entity::delete_many().filter(mine).exec(db).await?;
    }
    Ok(rows.into_iter().map(|row| (row.claim.0, row.note)).collect())
}

/// Adds events to the history, with the next numbers of their chains. Called once, last in a
/// transaction, since it locks the chains' counters until the end.
pub(super) async fn append_history(
    db: &impl ConnectionTrait,
    events: Vec<(ChainId, ClaimId, Event)>,
) -> Result<()> {
    let mut by_chain: BTreeMap<ChainId, Vec<(ClaimId, Event)>> = BTreeMap::new();
    for (chain, claim, event) in events {
        by_chain.entry(chain).or_default().push((claim, event));
    }
    for (chain, events) in by_chain {
        let count = events.len() as u64;
        let first = feed::ActiveModel { chain: Set(chain.into()), last: Set(count.into()) };
        let further = OnConflict::column(feed::Column::Chain)
            .value(
                feed::Column::Last,
                Expr::col((feed::Entity, feed::Column::Last)).add(Expr::value(Stored(count))),
            )
            .to_owned();
        let last = feed::Entity::insert(first).on_conflict(further).exec_with_returning(db).await?;
        let before = last.last.0 - count;
        let rows = events.into_iter().zip(1..).map(|((claim, event), nth)| history::ActiveModel {
            chain: Set(chain.into()),
            number: Set((before + nth).into()),
            claim: Set(claim.into()),
            state: Set(event.state.into()),
            reason: Set(event.reason),
            note: Set(event.note),
            at: Set(event.at.into()),
        });
        history::Entity::insert_many(rows).exec_without_returning(db).await?;
    }
    Ok(())
}

/// What happened to claims of a chain after `since`, in order, at most `limit` events, each with its
/// number.
pub(super) async fn events_since(
    db: &impl ConnectionTrait,
    chain: ChainId,
    since: u64,
    limit: u64,
) -> Result<Vec<(u64, ClaimId, Event)>> {
    let rows = history::Entity::find()
        .filter(history::Column::Chain.eq(Stored(chain)))
        .filter(history::Column::Number.gt(Stored(since)))
        .order_by_asc(history::Column::Number)
        .limit(limit)
        .all(db)
        .await?;
    Ok(rows.into_iter().map(|row| (row.number.0, row.claim.0, row.into())).collect())
}

impl From<history::Model> for Event {
    fn from(row: history::Model) -> Self {
        Event { state: row.state.0, reason: row.reason, note: row.note, at: row.at.0 }
    }
}

/// Which claims to list.
#[derive(Debug, Clone, Default)]
pub(super) struct Filter {
    pub provider: Option<ProviderId>,
    pub state: Option<ClaimState>,
    /// Those received after this one alone.
    pub after: Option<(Timestamp, ClaimId)>,
}

/// Claims in the order in which they were received, at most `limit`, each with its history.
pub(super) async fn list(
    db: &impl ConnectionTrait,
    filter: Filter,
    limit: u64,
) -> Result<Vec<Claim>> {
    let mut query = claim::Entity::find();
    if let Some(provider) = filter.provider {
        query = query.filter(claim::Column::Provider.eq(Stored(provider)));
    }
    if let Some(state) = filter.state {
        query = query.filter(claim::Column::State.eq(Stored(state)));
    }
    if let Some((received, id)) = filter.after {
        let received = Stored(received);
        query = query.filter(
            claim::Column::Received
                .gt(received)
                .or(claim::Column::Received.eq(received).and(claim::Column::Claim.gt(Stored(id)))),
        );
    }
    let rows = query
        .order_by(claim::Column::Received, Order::Asc)
        .order_by(claim::Column::Claim, Order::Asc)
        .limit(limit)
        .all(db)
        .await?;
    with_history(db, rows).await
}

/// One claim with its history.
pub(super) async fn claim(db: &impl ConnectionTrait, id: ClaimId) -> Result<Option<Claim>> {
    let row = claim::Entity::find_by_id(Stored(id)).one(db).await?;
    Ok(with_history(db, row.into_iter().collect()).await?.pop())
}

async fn with_history(db: &impl ConnectionTrait, rows: Vec<Row>) -> Result<Vec<Claim>> {
    let ids: Vec<_> = rows.iter().map(|row| row.claim).collect();
    let events = history::Entity::find()
        .filter(history::Column::Claim.is_in(ids))
        .order_by_asc(history::Column::Number)
        .all(db)
        .await?;
    let mut histories: BTreeMap<ClaimId, Vec<Event>> = BTreeMap::new();
    for event in events {
        histories.entry(event.claim.0).or_default().push(event.into());
    }
    rows.into_iter()
        .map(|row| {
            let history = histories.remove(&row.claim.0).unwrap_or_default();
            Ok(Claim { history, ..Claim::try_from(row)? })
        })
        .collect()
}
