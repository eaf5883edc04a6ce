//! The tables of the module, and the queries over them.

use super::KeptItem;
use super::chain::{Head, Link};
use super::refusal::Refusal;
use crate::Result;
use crate::database::{Migration, ModuleSchema, Step, Storable, Stored, Transaction, column};
use crate::devices::DeviceId;
use protocol::id::ChainId;
use protocol::record::{Kind, OpenedRecord, Record, Restart};
use protocol::{Hash, Timestamp};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, ExprTrait, Index, OnConflict, Table};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter,
    QueryOrder, QuerySelect, QueryTrait,
};
use std::collections::{BTreeMap, BTreeSet};

mod chain {
    use crate::database::Stored;
    use protocol::Hash;
    use protocol::id::ChainId;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "chains")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub chain: Stored<ChainId>,
        pub device: Stored<Hash>,
        pub head: Stored<u64>,
        pub head_hash: Option<Stored<Hash>>,
        /// The highest sequence that is here: above the head, if records lack between them.
        pub highest: Stored<u64>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

mod record {
    use super::RecordOutcome;
    use crate::database::Stored;
    use protocol::id::ChainId;
    use protocol::record::Kind;
    use protocol::{Hash, Timestamp};
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "records")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub chain: Stored<ChainId>,
        #[sea_orm(primary_key, auto_increment = false)]
        pub sequence: Stored<u64>,
        pub hash: Stored<Hash>,
        pub previous: Option<Stored<Hash>>,
        pub kind: Stored<Kind>,
        pub signed_header: Vec<u8>,
        pub body: Vec<u8>,
        pub received: Stored<Timestamp>,
        pub outcome: Stored<RecordOutcome>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

mod refused {
    use crate::database::Stored;
    use protocol::id::ChainId;
    use protocol::{Hash, Timestamp};
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "refused_items")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub device: Stored<Hash>,
        #[sea_orm(primary_key, auto_increment = false)]
        pub item: Stored<Hash>,
        pub chain: Stored<ChainId>,
        pub reason: String,
        pub len: Stored<u64>,
        /// Absent beyond the device's quota.
        pub bytes: Option<Vec<u8>>,
        pub received: Stored<Timestamp>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

mod ack {
    use crate::database::Stored;
    use protocol::{Hash, Timestamp};
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "acks")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub ack: Stored<Hash>,
        pub device: Stored<Hash>,
        pub server_time: Stored<Timestamp>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

mod quota {
    use crate::database::Stored;
    use protocol::Hash;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "device_days")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub device: Stored<Hash>,
        #[sea_orm(primary_key, auto_increment = false)]
        pub day: Stored<u64>,
        pub items: Stored<u64>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

mod orphan {
    use crate::database::Stored;
    use protocol::Hash;
    use protocol::id::ChainId;
    use sea_orm::entity::prelude::*;

    /// A record that a restart names.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "orphans")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub hash: Stored<Hash>,
        /// The chain whose restart names it.
        pub via: Stored<ChainId>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

mod restored {
    use super::RecordOutcome;
    use crate::database::Stored;
    use protocol::id::ChainId;
    use protocol::record::Kind;
    use protocol::{Hash, Timestamp};
    use sea_orm::entity::prelude::*;

    /// A record that lost its place in its chain and was taken in beside it.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "restored_records")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub hash: Stored<Hash>,
        pub device: Stored<Hash>,
        pub chain: Stored<ChainId>,
        pub sequence: Stored<u64>,
        pub via: Stored<ChainId>,
        pub previous: Option<Stored<Hash>>,
        pub kind: Stored<Kind>,
        pub signed_header: Vec<u8>,
        pub body: Vec<u8>,
        pub received: Stored<Timestamp>,
        pub outcome: Stored<RecordOutcome>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// The module's part of the schema.
#[must_use]
pub fn schema() -> ModuleSchema {
    let chains: Step = Table::create()
        .table(chain::Entity)
        .col(column::bytes("chain").primary_key())
        .col(column::bytes("device"))
        .col(column::number("head"))
        .col(column::bytes("head_hash").null())
        .col(column::number("highest"))
        .into();
    let records: Step = Table::create()
        .table(record::Entity)
        .col(column::bytes("chain"))
        .col(column::number("sequence"))
        .col(column::bytes("hash"))
        .col(column::bytes("previous").null())
        .col(column::number("kind"))
        .col(column::bytes("signed_header"))
        .col(column::bytes("body"))
        .col(column::number("received"))
        .col(column::text("outcome"))
        .primary_key(Index::create().col("chain").col("sequence"))
        .into();
    let refused: Step = Table::create()
        .table(refused::Entity)
        .col(column::bytes("device"))
        .col(column::bytes("item"))
        .col(column::bytes("chain"))
        .col(column::text("reason"))
        .col(column::number("len"))
        .col(column::bytes("bytes").null())
        .col(column::number("received"))
        .primary_key(Index::create().col("device").col("item"))
        .into();
    let refused_by_age: Step =
        Index::create().name("refused_items_by_age").table(refused::Entity).col("received").into();
    let acks: Step = Table::create()
        .table(ack::Entity)
        .col(column::bytes("ack").primary_key())
        .col(column::bytes("device"))
        .col(column::number("server_time"))
        .into();
    let days: Step = Table::create()
        .table(quota::Entity)
        .col(column::bytes("device"))
        .col(column::number("day"))
        .col(column::number("items"))
        .primary_key(Index::create().col("device").col("day"))
        .into();
    let orphans: Step = Table::create()
        .table(orphan::Entity)
        .col(column::bytes("hash").primary_key())
        .col(column::bytes("via"))
        .into();
    let restored: Step = Table::create()
        .table(restored::Entity)
        .col(column::bytes("hash").primary_key())
        .col(column::bytes("device"))
        .col(column::bytes("chain"))
        .col(column::number("sequence"))
        .col(column::bytes("via"))
        .col(column::bytes("previous").null())
        .col(column::number("kind"))
        .col(column::bytes("signed_header"))
        .col(column::bytes("body"))
        .col(column::number("received"))
        .col(column::text("outcome"))
        .into();
    let restored_by_device: Step = Index::create()
        .name("restored_records_by_device")
        .table(restored::Entity)
        .col("device")
        .into();
    let refused_by_item: Step =
        Index::create().name("refused_items_by_item").table(refused::Entity).col("item").into();
    let first = vec![chains, records, refused, refused_by_age, acks, days];
    let restarts = vec![orphans, restored, restored_by_device, refused_by_item];
    ModuleSchema { name: "sync", migrations: vec![Migration(first), Migration(restarts)] }
}

/// What became of a record that has its place in a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecordOutcome {
    Accepted,
    /// RecordOutcome in beside another claim on its voucher.
    Conflict,
    /// Its place is taken, what it says is not accepted; the code of the reason.
    Refused(String),
}

impl From<Refusal> for RecordOutcome {
    fn from(refusal: Refusal) -> Self {
        RecordOutcome::Refused(refusal.code().to_owned())
    }
}

/// What the column of a refused record begins with; the code follows.
const REFUSED: &str = "refused:";

impl Storable for RecordOutcome {
    type Column = String;

    fn to_column(&self) -> String {
        match self {
            RecordOutcome::Accepted => "accepted".to_owned(),
            RecordOutcome::Conflict => "conflict".to_owned(),
            RecordOutcome::Refused(code) => format!("{REFUSED}{code}"),
        }
    }

    fn from_column(column: String) -> Option<Self> {
        match column.as_str() {
            "accepted" => Some(RecordOutcome::Accepted),
            "conflict" => Some(RecordOutcome::Conflict),
            other => {
                other.strip_prefix(REFUSED).map(|code| RecordOutcome::Refused(code.to_owned()))
            }
        }
    }
}

/// By the protocol's own number.
impl Storable for Kind {
    type Column = i64;

    fn to_column(&self) -> i64 {
        self.number().to_column()
    }

    fn from_column(column: i64) -> Option<Self> {
        u64::from_column(column).and_then(Kind::from_number)
    }
}

/// A chain, whose row is locked until the end of the transaction.
#[derive(Debug, Clone)]
pub(super) struct Chain {
    pub id: ChainId,
    pub device: DeviceId,
    pub head: Head,
    pub highest: u64,
}

impl Chain {
    /// A chain that was not begun here, as if it were this device's: there is nothing to tell of it.
    pub(super) fn unknown(id: ChainId, device: DeviceId) -> Self {
        Chain { id, device, head: Head::default(), highest: 0 }
    }
}

/// Locks a chain's row, beginning the chain for `device` if it is new.
pub(super) async fn lock_chain(tx: &Transaction, id: ChainId, device: DeviceId) -> Result<Chain> {
    let new = chain::Model {
        chain: id.into(),
        device: device.0.into(),
        head: 0.into(),
        head_hash: None,
        highest: 0.into(),
    };
    chain::Entity::insert(new.into_active_model().reset_all())
        .on_conflict(OnConflict::column(chain::Column::Chain).do_nothing().to_owned())
        .exec_without_returning(&**tx)
        .await?;
    let chain = lock_known_chain(tx, id).await?;
    chain.ok_or_else(|| crate::Error::broken("a chain that was just begun is missing"))
}

/// Locks a chain's row if the chain was begun.
pub(super) async fn lock_known_chain(tx: &Transaction, id: ChainId) -> Result<Option<Chain>> {
    let row = chain::Entity::find_by_id(Stored(id)).lock_exclusive().one(&**tx).await?;
    Ok(row.map(|row| Chain {
        id,
        device: DeviceId(row.device.0),
        head: Head { sequence: row.head.0, hash: row.head_hash.map(|hash| hash.0) },
        highest: row.highest.0,
    }))
}

pub(super) async fn update_chain(db: &impl ConnectionTrait, chain: &Chain) -> Result<()> {
    let row = chain::ActiveModel {
        chain: Set(chain.id.into()),
        head: Set(chain.head.sequence.into()),
        head_hash: Set(chain.head.hash.map(Stored)),
        highest: Set(chain.highest.into()),
        ..Default::default()
    };
    row.update(db).await?;
    Ok(())
}

/// The records of a chain at these places.
pub(super) async fn links_at(
    db: &impl ConnectionTrait,
    chain: ChainId,
    sequences: &[u64],
) -> Result<BTreeMap<u64, (Link, RecordOutcome)>> {
    if sequences.is_empty() {
        return Ok(BTreeMap::new());
    }
    type Row = (Stored<u64>, Stored<Hash>, Option<Stored<Hash>>, Stored<RecordOutcome>);
    let rows: Vec<Row> = record::Entity::find()
        .select_only()
        .columns([
            record::Column::Sequence,
            record::Column::Hash,
            record::Column::Previous,
            record::Column::Outcome,
        ])
        .filter(record::Column::Chain.eq(Stored(chain)))
        .filter(record::Column::Sequence.is_in(sequences.iter().map(|&at| Stored(at))))
        .into_tuple()
        .all(db)
        .await?;
    Ok(rows
        .into_iter()
        .map(|(sequence, hash, previous, outcome)| {
            let link = Link { hash: hash.0, previous: previous.map(|hash| hash.0) };
            (sequence.0, (link, outcome.0))
        })
        .collect())
}

/// The records that follow `after`, in order, at most `limit`.
pub(super) async fn records_after(
    db: &impl ConnectionTrait,
    chain: ChainId,
    after: u64,
    limit: u64,
) -> Result<Vec<(u64, Hash)>> {
    let rows: Vec<(Stored<u64>, Stored<Hash>)> = record::Entity::find()
        .select_only()
        .columns([record::Column::Sequence, record::Column::Hash])
        .filter(record::Column::Chain.eq(Stored(chain)))
        .filter(record::Column::Sequence.gt(Stored(after)))
        .order_by_asc(record::Column::Sequence)
        .limit(limit)
        .into_tuple()
        .all(db)
        .await?;
    Ok(rows.into_iter().map(|(sequence, hash)| (sequence.0, hash.0)).collect())
}

/// The chains whose restarts name these records, by the record. Until the end of the transaction
/// nobody else takes such a record in.
pub(super) async fn restarted_in(
    tx: &Transaction,
    records: &[Hash],
) -> Result<BTreeMap<Hash, ChainId>> {
    let rows = orphan::Entity::find()
        .filter(orphan::Column::Hash.is_in(records.iter().copied().map(Stored)))
        .order_by_asc(orphan::Column::Hash)
        .lock_exclusive()
        .all(&**tx)
        .await?;
    Ok(rows.into_iter().map(|row| (row.hash.0, row.via.0)).collect())
}

/// What became of those of the records that are here, in whatever chain or beside one.
pub(super) async fn outcomes_anywhere(
    db: &impl ConnectionTrait,
    records: &[&OpenedRecord],
) -> Result<BTreeMap<Hash, RecordOutcome>> {
    type Row = (Stored<Hash>, Stored<RecordOutcome>);
    let hashes = || records.iter().map(|record| Stored(record.hash));
    let chains = records.iter().map(|record| Stored(record.header.chain));
    let sequences = records.iter().map(|record| Stored(record.header.sequence));
    let placed: Vec<Row> = record::Entity::find()
        .select_only()
        .columns([record::Column::Hash, record::Column::Outcome])
        .filter(record::Column::Chain.is_in(chains))
        .filter(record::Column::Sequence.is_in(sequences))
        .filter(record::Column::Hash.is_in(hashes()))
        .into_tuple()
        .all(db)
        .await?;
    let restored: Vec<Row> = restored::Entity::find()
        .select_only()
        .columns([restored::Column::Hash, restored::Column::Outcome])
        .filter(restored::Column::Hash.is_in(hashes()))
        .into_tuple()
        .all(db)
        .await?;
    Ok(placed.into_iter().chain(restored).map(|(hash, outcome)| (hash.0, outcome.0)).collect())
}

/// Keeps which records a restart in the chain `via` names.
pub(super) async fn name_orphans(
    db: &impl ConnectionTrait,
    restart: &Restart,
    via: ChainId,
) -> Result<()> {
    if restart.orphans.is_empty() {
        return Ok(());
    }
    let rows = restart
        .orphans
        .iter()
        .map(|hash| orphan::ActiveModel { hash: Set((*hash).into()), via: Set(via.into()) });
    orphan::Entity::insert_many(rows)
        .on_conflict(OnConflict::new().do_nothing().to_owned())
        .exec_without_returning(db)
        .await?;
    Ok(())
}

/// A record that lost its place in its chain and is taken in beside it.
#[derive(Debug)]
pub(super) struct RestoredRecord {
    pub chain: ChainId,
    pub via: ChainId,
    pub signer: DeviceId,
    pub record: PlacedRecord,
}

pub(super) async fn add_restored(
    db: &impl ConnectionTrait,
    records: Vec<RestoredRecord>,
    received: Timestamp,
) -> Result<()> {
    if records.is_empty() {
        return Ok(());
    }
    let rows = records.into_iter().map(|RestoredRecord { chain, via, signer, record }| {
        restored::ActiveModel {
            hash: Set(record.link.hash.into()),
            device: Set(signer.0.into()),
            chain: Set(chain.into()),
            sequence: Set(record.sequence.into()),
            via: Set(via.into()),
            previous: Set(record.link.previous.map(Stored)),
            kind: Set(record.kind.into()),
            signed_header: Set(record.signed_header),
            body: Set(record.body),
            received: Set(received.into()),
            outcome: Set(record.outcome.into()),
        }
    });
    restored::Entity::insert_many(rows).exec_without_returning(db).await?;
    Ok(())
}

/// A record that has its place in a chain.
#[derive(Debug)]
pub(super) struct PlacedRecord {
    pub sequence: u64,
    pub link: Link,
    pub kind: Kind,
    pub signed_header: Vec<u8>,
    pub body: Vec<u8>,
    pub outcome: RecordOutcome,
}

pub(super) async fn add_records(
    db: &impl ConnectionTrait,
    chain: ChainId,
    records: Vec<PlacedRecord>,
    received: Timestamp,
) -> Result<()> {
    if records.is_empty() {
        return Ok(());
    }
    let rows = records.into_iter().map(|placed| record::ActiveModel {
        chain: Set(chain.into()),
        sequence: Set(placed.sequence.into()),
        hash: Set(placed.link.hash.into()),
        previous: Set(placed.link.previous.map(Stored)),
        kind: Set(placed.kind.into()),
        signed_header: Set(placed.signed_header),
        body: Set(placed.body),
        received: Set(received.into()),
        outcome: Set(placed.outcome.into()),
    });
    record::Entity::insert_many(rows).exec_without_returning(db).await?;
    Ok(())
}

/// An item without a place in a chain.
#[derive(Debug)]
pub(super) struct RefusedItem {
    pub item: Hash,
    pub bytes: Vec<u8>,
    pub reason: Refusal,
}

/// Keeps refused items of a device: within `quota` bytes with their content, beyond it without.
pub(super) async fn add_refused(
    db: &impl ConnectionTrait,
    device: DeviceId,
    chain: ChainId,
    items: Vec<RefusedItem>,
    quota: u64,
    received: Timestamp,
) -> Result<()> {
    if items.is_empty() {
        return Ok(());
    }
    let kept: Option<i64> = refused::Entity::find()
        .select_only()
        .expr(Expr::col(refused::Column::Len).sum().cast_as("bigint"))
        .filter(refused::Column::Device.eq(Stored(device.0)))
        .filter(refused::Column::Bytes.is_not_null())
        .into_tuple::<Option<i64>>()
        .one(db)
        .await?
        .flatten();
    let mut left = quota.saturating_sub(u64::try_from(kept.unwrap_or(0)).unwrap_or(quota));
    let rows = items.into_iter().map(|refused| {
        let len = refused.bytes.len() as u64;
        let fits = len <= left;
        if fits {
            left -= len;
        }
        refused::ActiveModel {
            device: Set(device.0.into()),
            item: Set(refused.item.into()),
            chain: Set(chain.into()),
            reason: Set(refused.reason.code().to_owned()),
            len: Set(len.into()),
            bytes: Set(fits.then_some(refused.bytes)),
            received: Set(received.into()),
        }
    });
    let rows: Vec<_> = rows.collect();
    refused::Entity::insert_many(rows)
        .on_conflict(OnConflict::new().do_nothing().to_owned())
        .exec_without_returning(db)
        .await?;
    Ok(())
}

/// Forgets that items were refused, since they were taken in after all.
pub(super) async fn drop_refused(db: &impl ConnectionTrait, items: &[Hash]) -> Result<()> {
    if items.is_empty() {
        return Ok(());
    }
    refused::Entity::delete_many()
        .filter(refused::Column::Item.is_in(items.iter().copied().map(Stored)))
        .exec(db)
        .await?;
    Ok(())
}

/// Forgets refused items received before `time`.
pub(super) async fn drop_refused_before(db: &impl ConnectionTrait, time: Timestamp) -> Result<()> {
    refused::Entity::delete_many()
        .filter(refused::Column::Received.lt(Stored(time)))
        .exec(db)
        .await?;
    Ok(())
}

/// The records of a device that have their place in a chain and whose content was refused.
pub(super) async fn refused_records(
    db: &impl ConnectionTrait,
    device: DeviceId,
) -> Result<Vec<KeptItem>> {
    let of_device = chain::Entity::find()
        .select_only()
        .column(chain::Column::Chain)
        .filter(chain::Column::Device.eq(Stored(device.0)))
        .into_query();
    let rows = record::Entity::find()
        .filter(record::Column::Chain.in_subquery(of_device))
        .filter(record::Column::Outcome.like(format!("{REFUSED}%")))
        .order_by_asc(record::Column::Received)
        .order_by_asc(record::Column::Sequence)
        .all(db)
        .await?;
    let kept = |row: record::Model| {
        let RecordOutcome::Refused(reason) = row.outcome.0 else { return None };
        let record = Record { signed_header: row.signed_header, body: row.body };
        let bytes = record.encode().ok();
        Some(KeptItem { item: row.hash.0, reason, bytes, received: row.received.0 })
    };
    let beside = restored::Entity::find()
        .filter(restored::Column::Device.eq(Stored(device.0)))
        .filter(restored::Column::Outcome.like(format!("{REFUSED}%")))
        .order_by_asc(restored::Column::Received)
        .order_by_asc(restored::Column::Sequence)
        .all(db)
        .await?;
    let kept_beside = |row: restored::Model| {
        let RecordOutcome::Refused(reason) = row.outcome.0 else { return None };
        let record = Record { signed_header: row.signed_header, body: row.body };
        let bytes = record.encode().ok();
        Some(KeptItem { item: row.hash.0, reason, bytes, received: row.received.0 })
    };
    let placed = rows.into_iter().filter_map(kept);
    Ok(placed.chain(beside.into_iter().filter_map(kept_beside)).collect())
}

/// The items of a device that have no place in a chain.
pub(super) async fn refused_items(
    db: &impl ConnectionTrait,
    device: DeviceId,
) -> Result<Vec<KeptItem>> {
    let rows = refused::Entity::find()
        .filter(refused::Column::Device.eq(Stored(device.0)))
        .order_by_asc(refused::Column::Received)
        .all(db)
        .await?;
    let kept = |row: refused::Model| KeptItem {
        item: row.item.0,
        reason: row.reason,
        bytes: row.bytes,
        received: row.received.0,
    };
    Ok(rows.into_iter().map(kept).collect())
}

/// Counts `items` against a device's day.
pub(super) async fn count(
    db: &impl ConnectionTrait,
    device: DeviceId,
    day: u64,
    items: u64,
) -> Result<()> {
    let row = quota::ActiveModel {
        device: Set(device.0.into()),
        day: Set(day.into()),
        items: Set(items.into()),
    };
    let sum = Expr::col((quota::Entity, quota::Column::Items)).add(Expr::value(Stored(items)));
    let on_conflict = OnConflict::columns([quota::Column::Device, quota::Column::Day])
        .value(quota::Column::Items, sum)
        .to_owned();
    quota::Entity::insert(row).on_conflict(on_conflict).exec_without_returning(db).await?;
    Ok(())
}

/// How many items were counted against a device's day.
pub(super) async fn counted(db: &impl ConnectionTrait, device: DeviceId, day: u64) -> Result<u64> {
    let row = quota::Entity::find_by_id((Stored(device.0), Stored(day))).one(db).await?;
    Ok(row.map_or(0, |row| row.items.0))
}

/// When this server signed acks, by the device they were given to and their digests.
pub(super) async fn ack_times(
    db: &impl ConnectionTrait,
    acks: &BTreeSet<Hash>,
) -> Result<BTreeMap<(DeviceId, Hash), Timestamp>> {
    let rows = ack::Entity::find()
        .filter(ack::Column::Ack.is_in(acks.iter().copied().map(Stored)))
        .all(db)
        .await?;
    let time = |row: ack::Model| ((DeviceId(row.device.0), row.ack.0), row.server_time.0);
    Ok(rows.into_iter().map(time).collect())
}

/// Whether this server signed an ack.
pub(super) async fn knows_ack(db: &impl ConnectionTrait, ack: Hash) -> Result<bool> {
    Ok(ack::Entity::find_by_id(Stored(ack)).one(db).await?.is_some())
}

pub(super) async fn add_ack(
    db: &impl ConnectionTrait,
    ack: Hash,
    device: DeviceId,
    server_time: Timestamp,
) -> Result<()> {
    let row = ack::ActiveModel {
        ack: Set(ack.into()),
        device: Set(device.0.into()),
        server_time: Set(server_time.into()),
    };
    // Two answers with the same facts in the same second are the same ack.
    ack::Entity::insert(row)
        .on_conflict(OnConflict::new().do_nothing().to_owned())
        .exec_without_returning(db)
        .await?;
    Ok(())
}
