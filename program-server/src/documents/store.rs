//! The tables of the module, and the queries over them.

use super::DocumentReference;
use super::media_type::MediaType;
use crate::Result;
use crate::database::{Migration, ModuleSchema, Step, Storable, Stored, column};
use crate::devices::DeviceId;
use protocol::id::{ChainId, ClaimId};
use protocol::record::Document;
use protocol::{Hash, Timestamp};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Index, OnConflict, Query, SelectStatement, Table};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use std::collections::BTreeSet;

mod reference {
    use crate::database::Stored;
    use protocol::id::{ChainId, ClaimId};
    use protocol::{Hash, Timestamp};
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "document_references")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub claim: Stored<ClaimId>,
        #[sea_orm(primary_key, auto_increment = false)]
        pub document: Stored<Hash>,
        #[sea_orm(primary_key, auto_increment = false)]
        pub device: Stored<Hash>,
        pub chain: Stored<ChainId>,
        pub len: Stored<u64>,
        pub added: Stored<Timestamp>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

mod document {
    use super::super::media_type::MediaType;
    use crate::database::Stored;
    use protocol::{Hash, Timestamp};
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "documents")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub document: Stored<Hash>,
        pub len: Stored<u64>,
        pub media_type: Stored<MediaType>,
        pub arrived: Stored<Timestamp>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// The module's part of the schema.
#[must_use]
pub fn schema() -> ModuleSchema {
    let references: Step = Table::create()
        .table(reference::Entity)
        .col(column::bytes("claim"))
        .col(column::bytes("document"))
        .col(column::bytes("device"))
        .col(column::bytes("chain"))
        .col(column::number("len"))
        .col(column::number("added"))
        .primary_key(Index::create().col("claim").col("document").col("device"))
        .into();
    let by_document: Step = Index::create()
        .name("document_references_by_document")
        .table(reference::Entity)
        .col("document")
        .into();
    let by_chain: Step = Index::create()
        .name("document_references_by_chain")
        .table(reference::Entity)
        .col("chain")
        .col("added")
        .into();
    let documents: Step = Table::create()
        .table(document::Entity)
        .col(column::bytes("document").primary_key())
        .col(column::number("len"))
        .col(column::text("media_type"))
        .col(column::number("arrived"))
        .into();
    ModuleSchema {
        name: "documents",
        migrations: vec![Migration(vec![references, by_document, by_chain, documents])],
    }
}

impl Storable for MediaType {
    type Column = String;

    fn to_column(&self) -> String {
        self.name().to_owned()
    }

    fn from_column(column: String) -> Option<Self> {
        MediaType::from_name(&column)
    }
}

pub(super) async fn add_references(
    db: &impl ConnectionTrait,
    references: &[DocumentReference],
    now: Timestamp,
) -> Result<()> {
    if references.is_empty() {
        return Ok(());
    }
    let rows = references.iter().map(|added| reference::ActiveModel {
        claim: Set(added.claim.into()),
        document: Set(added.document.hash.into()),
        device: Set(added.device.0.into()),
        chain: Set(added.chain.into()),
        len: Set(added.document.len.into()),
        added: Set(now.into()),
    });
    reference::Entity::insert_many(rows)
        .on_conflict(OnConflict::new().do_nothing().to_owned())
        .exec_without_returning(db)
        .await?;
    Ok(())
}

/// What records of a chain name and has not arrived.
pub(super) async fn missing_references(
    db: &impl ConnectionTrait,
    chain: ChainId,
) -> Result<Vec<DocumentReference>> {
    let rows = reference::Entity::find()
        .filter(reference::Column::Chain.eq(Stored(chain)))
        .filter(reference::Column::Document.not_in_subquery(arrived()))
        .all(db)
        .await?;
    let reference = |row: reference::Model| DocumentReference {
        claim: row.claim.0,
        document: Document { hash: row.document.0, len: row.len.0, media_type: String::new() },
        device: DeviceId(row.device.0),
        chain,
    };
    Ok(rows.into_iter().map(reference).collect())
}

/// The length of a document as a record of this device gives it.
pub(super) async fn len_named_by(
    db: &impl ConnectionTrait,
    device: DeviceId,
    document: Hash,
) -> Result<Option<u64>> {
    let row = reference::Entity::find()
        .filter(reference::Column::Document.eq(Stored(document)))
        .filter(reference::Column::Device.eq(Stored(device.0)))
        .one(db)
        .await?;
    Ok(row.map(|row| row.len.0))
}

/// The claims whose records name a document.
pub(super) async fn claims_referring_to(
    db: &impl ConnectionTrait,
    document: Hash,
) -> Result<Vec<ClaimId>> {
    let claims: BTreeSet<ClaimId> = reference::Entity::find()
        .filter(reference::Column::Document.eq(Stored(document)))
        .all(db)
        .await?
        .into_iter()
        .map(|row| row.claim.0)
        .collect();
    Ok(claims.into_iter().collect())
}

/// The claims, each with a device that names a document of it which has not arrived.
pub(super) async fn missing(
    db: &impl ConnectionTrait,
    claims: &[ClaimId],
) -> Result<Vec<(ClaimId, DeviceId)>> {
    let query = reference::Entity::find()
        .select_only()
        .columns([reference::Column::Claim, reference::Column::Device])
        .filter(reference::Column::Claim.is_in(claims.iter().copied().map(Stored)))
        .filter(reference::Column::Document.not_in_subquery(arrived()));
    let found: Vec<(Stored<ClaimId>, Stored<Hash>)> = query.into_tuple().all(db).await?;
    Ok(found.into_iter().map(|(claim, device)| (claim.0, DeviceId(device.0))).collect())
}

/// The documents that have arrived of those that records of a chain name, the last named first.
pub(super) async fn arrived_of(
    db: &impl ConnectionTrait,
    chain: ChainId,
    limit: u64,
) -> Result<BTreeSet<Hash>> {
    let rows = reference::Entity::find()
        .filter(reference::Column::Chain.eq(Stored(chain)))
        .filter(reference::Column::Document.in_subquery(arrived()))
        .order_by_desc(reference::Column::Added)
        .limit(limit)
        .all(db)
        .await?;
    Ok(rows.into_iter().map(|row| row.document.0).collect())
}

fn arrived() -> SelectStatement {
    Query::select().column(document::Column::Document).from(document::Entity).take()
}

/// Notes that a document is whole and on disk; `false` if that was known.
pub(super) async fn add_document(
    db: &impl ConnectionTrait,
    document: Hash,
    len: u64,
    kind: MediaType,
    now: Timestamp,
) -> Result<bool> {
    let row = document::ActiveModel {
        document: Set(document.into()),
        len: Set(len.into()),
        media_type: Set(kind.into()),
        arrived: Set(now.into()),
    };
    let added = document::Entity::insert(row)
        .on_conflict(OnConflict::new().do_nothing().to_owned())
        .exec_without_returning(db)
        .await?;
    Ok(added == 1)
}
