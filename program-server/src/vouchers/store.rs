//! The tables of issued vouchers and the decisions on them.

use super::{
    Decision, DecisionTaken, Entry, IssueRequest, IssuedVoucher, Line, RevocationState,
    VoucherStatus,
};
use crate::database::{Migration, ModuleSchema, Stored, column};
use crate::{Error, Result};
use protocol::cose::{ObjectType, Sign1};
use protocol::id::{Audience, VoucherId};
use protocol::key::Kid;
use protocol::voucher::{Reference, StatusRef};
use protocol::{Hash, Timestamp};
use sea_orm::sea_query::{Expr, ExprTrait as _, ForeignKey, Index, Table};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, EntityTrait as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _, Set,
};
use std::collections::BTreeMap;

mod voucher {
    use super::super::RevocationState;
    use crate::database::Stored;
    use protocol::id::{Audience, IssuerId, ProgrammeId, VoucherId};
    use protocol::{Hash, Timestamp};
    use sea_orm::entity::prelude::*;

    #[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "vouchers")]
    pub struct Model {
        /// The digest of issuer and `cti`.
        #[sea_orm(primary_key, auto_increment = false)]
        pub identity: Stored<Hash>,
        pub issuer: Stored<IssuerId>,
        pub cti: Stored<VoucherId>,
        pub reference: String,
        pub programme: Stored<ProgrammeId>,
        pub audience: Option<Stored<Audience>>,
        pub issued: Stored<Timestamp>,
        pub expires: Stored<Timestamp>,
        pub status_list: Stored<u32>,
        pub status_position: Stored<u32>,
        pub payload_hash: Stored<Hash>,
        pub signed: Vec<u8>,
        pub revocation: RevocationState,
        /// Since when.
        pub revocation_since: Stored<Timestamp>,
        pub request_list: Option<Stored<Hash>>,
        pub request_line: Option<Stored<u32>>,
    }

    #[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// Decisions: written, never changed.
mod decision {
    use crate::database::Stored;
    use protocol::{Hash, Timestamp};
    use sea_orm::entity::prelude::*;

    #[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "voucher_decisions")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i64,
        pub identity: Stored<Hash>,
        pub decision: Kind,
        pub reason: String,
        pub taken: Stored<Timestamp>,
    }

    #[derive(Debug, Clone, Copy, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
    #[sea_orm(rs_type = "String", db_type = "Text")]
    pub enum Kind {
        #[sea_orm(string_value = "revoke")]
        Revoke,
        #[sea_orm(string_value = "suspend")]
        Suspend,
        #[sea_orm(string_value = "lift")]
        Lift,
    }

    #[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// Rows in one statement: both engines bound the number of values.
const ROWS_AT_ONCE: usize = 500;

#[must_use]
pub fn schema() -> ModuleSchema {
    use voucher::Column::{
        Audience, Cti, Expires, Issued, Issuer, Programme, Reference, RequestLine, RequestList,
        StatusList, StatusPosition,
    };
    let one_of_each = |name, columns: &[voucher::Column]| {
        let mut index = Index::create().name(name).table(voucher::Entity).unique().take();
        for column in columns {
            index.col(*column);
        }
        (&mut index).into()
    };
    let vouchers = Table::create()
        .table(voucher::Entity)
        .col(column::bytes("identity").primary_key())
        .col(column::text("issuer"))
        .col(column::bytes("cti"))
        .col(column::text("reference").unique_key())
        .col(column::text("programme"))
        .col(column::text("audience").null())
        .col(column::number("issued"))
        .col(column::number("expires"))
        .col(column::number("status_list"))
        .col(column::number("status_position"))
        .col(column::bytes("payload_hash"))
        .col(column::bytes("signed"))
        .col(column::text("revocation").check(Expr::col("revocation").is_in([
            "none",
            "suspended",
            "revoked",
        ])))
        .col(column::number("revocation_since"))
        .col(column::bytes("request_list").null())
        .col(column::number("request_line").null())
        .check(Expr::col(Issued).lt(Expr::col(Expires)))
        .foreign_key(ForeignKey::create().from(voucher::Entity, Programme).to("programmes", "id"))
        .foreign_key(ForeignKey::create().from(voucher::Entity, Audience).to("audiences", "id"))
        .foreign_key(
            ForeignKey::create()
                .from(voucher::Entity, (StatusList, StatusPosition))
                .to("status_entries", ("list", "position")),
        )
        .into();
    let by_audience = Index::create()
        .name("vouchers_by_audience")
        .table(voucher::Entity)
        .col(Audience)
        .col(Reference)
        .into();
    let decisions = Table::create()
        .table(decision::Entity)
        .col(column::number("id").auto_increment().primary_key())
        .col(column::bytes("identity"))
        .col(
            column::text("decision")
                .check(Expr::col("decision").is_in(["revoke", "suspend", "lift"])),
        )
        .col(column::text("reason"))
        .col(column::number("taken"))
        .foreign_key(
            ForeignKey::create()
                .from(decision::Entity, decision::Column::Identity)
                .to(voucher::Entity, voucher::Column::Identity),
        )
        .into();
    let decisions_by_voucher = Index::create()
        .name("voucher_decisions_by_voucher")
        .table(decision::Entity)
        .col(decision::Column::Identity)
        .into();
    let steps = vec![
        vouchers,
        one_of_each("vouchers_one_cti_an_issuer", &[Issuer, Cti]),
        one_of_each("vouchers_one_a_status_entry", &[StatusList, StatusPosition]),
        one_of_each("vouchers_one_a_request_line", &[RequestList, RequestLine]),
        by_audience,
        decisions,
        decisions_by_voucher,
    ];
    ModuleSchema { name: "vouchers", migrations: vec![Migration(steps)] }
}

pub(super) async fn insert(
    db: &impl ConnectionTrait,
    requests: &[IssueRequest],
    issued: &[IssuedVoucher],
) -> Result<()> {
    let rows = requests
        .iter()
        .zip(issued)
        .map(|(request, issued)| row(issued, request.line))
        .collect::<Result<Vec<_>>>()?;
    for some in rows.chunks(ROWS_AT_ONCE) {
        voucher::Entity::insert_many(some.to_vec()).exec_without_returning(db).await?;
    }
    Ok(())
}

/// Stores a voucher that was issued elsewhere and reported.
pub(super) async fn insert_reported(
    db: &impl ConnectionTrait,
    issued: &IssuedVoucher,
) -> Result<()> {
    voucher::Entity::insert(row(issued, None)?).exec_without_returning(db).await?;
    Ok(())
}

fn row(issued: &IssuedVoucher, line: Option<Line>) -> Result<voucher::ActiveModel> {
    let voucher = &issued.voucher;
    let (Reference::Cti(cti), Some(status)) = (&voucher.identity.reference, voucher.status) else {
        return Err(Error::invalid("only vouchers of our own form are kept"));
    };
    Ok(voucher::ActiveModel {
        identity: Set(Stored(voucher.identity.hash())),
        issuer: Set(Stored(voucher.identity.issuer.clone())),
        cti: Set(Stored(*cti)),
        reference: Set(issued.reference.clone()),
        programme: Set(Stored(voucher.programme.clone())),
        audience: Set(voucher.audience.clone().map(Stored)),
        issued: Set(Stored(voucher.issued)),
        expires: Set(Stored(voucher.expires)),
        status_list: Set(Stored(status.list)),
        status_position: Set(Stored(status.index)),
        payload_hash: Set(Stored(issued.payload_hash()?)),
        signed: Set(issued.signed.clone()),
        revocation: Set(RevocationState::None),
        revocation_since: Set(Stored(voucher.issued)),
        request_list: Set(line.map(|line| Stored(line.list))),
        request_line: Set(line.map(|line| Stored(line.number))),
    })
}

pub(super) async fn references_taken(
    db: &impl ConnectionTrait,
    references: impl Iterator<Item = &String>,
) -> Result<Vec<String>> {
    let references: Vec<&String> = references.collect();
    let mut taken = Vec::new();
    for some in references.chunks(ROWS_AT_ONCE) {
        let found: Vec<String> = voucher::Entity::find()
            .filter(voucher::Column::Reference.is_in(some.iter().map(|one| one.as_str())))
            .select_only()
            .column(voucher::Column::Reference)
            .into_tuple()
            .all(db)
            .await?;
        taken.extend(found);
    }
    Ok(taken)
}

pub(super) async fn find(
    db: &impl ConnectionTrait,
    identity: Hash,
) -> Result<Option<IssuedVoucher>> {
    read(voucher::Entity::find_by_id(Stored(identity)).one(db).await?)
}

pub(super) async fn find_cti(
    db: &impl ConnectionTrait,
    cti: VoucherId,
) -> Result<Option<IssuedVoucher>> {
    let row = voucher::Entity::find().filter(voucher::Column::Cti.eq(Stored(cti)));
    read(row.one(db).await?)
}

pub(super) async fn find_reference(
    db: &impl ConnectionTrait,
    reference: &str,
) -> Result<Option<IssuedVoucher>> {
    let row = voucher::Entity::find().filter(voucher::Column::Reference.eq(reference));
    read(row.one(db).await?)
}

pub(super) async fn lines(
    db: &impl ConnectionTrait,
    list: Hash,
) -> Result<BTreeMap<u32, IssuedVoucher>> {
    let rows = voucher::Entity::find()
        .filter(voucher::Column::RequestList.eq(Stored(list)))
        .all(db)
        .await?;
    rows.into_iter()
        .filter_map(|row| row.request_line.map(|line| (line.0, row)))
        .map(|(line, row)| Ok((line, IssuedVoucher::try_from(row)?)))
        .collect()
}

pub(super) async fn naming(
    db: &impl ConnectionTrait,
    audiences: &[Audience],
    after: Option<&str>,
    most: u64,
) -> Result<Vec<IssuedVoucher>> {
    let mut query = voucher::Entity::find()
        .filter(voucher::Column::Audience.is_in(audiences.iter().cloned().map(Stored)))
        .order_by_asc(voucher::Column::Reference)
        .limit(most);
    if let Some(after) = after {
        query = query.filter(voucher::Column::Reference.gt(after));
    }
    query.all(db).await?.into_iter().map(IssuedVoucher::try_from).collect()
}

/// Where the statuses of those of these vouchers stand that were issued here.
pub(super) async fn places(
    db: &impl ConnectionTrait,
    identities: &[Hash],
) -> Result<Vec<StatusRef>> {
    let mut places = Vec::with_capacity(identities.len());
    for some in identities.chunks(ROWS_AT_ONCE) {
        let rows: Vec<(Stored<u32>, Stored<u32>)> = voucher::Entity::find()
            .filter(voucher::Column::Identity.is_in(some.iter().copied().map(Stored)))
            .select_only()
            .columns([voucher::Column::StatusList, voucher::Column::StatusPosition])
            .into_tuple()
            .all(db)
            .await?;
        places.extend(
            rows.into_iter().map(|(Stored(list), Stored(index))| StatusRef { list, index }),
        );
    }
    Ok(places)
}

pub(super) async fn entries(
    db: &impl ConnectionTrait,
    identities: &[Hash],
) -> Result<Vec<(Hash, Entry)>> {
    use voucher::Column::{Identity, PayloadHash, Revocation, RevocationSince};
    type Row = (Stored<Hash>, Stored<Hash>, RevocationState, Stored<Timestamp>);
    let mut entries = Vec::with_capacity(identities.len());
    for some in identities.chunks(ROWS_AT_ONCE) {
        let rows: Vec<Row> = voucher::Entity::find()
            .filter(Identity.is_in(some.iter().copied().map(Stored)))
            .select_only()
            .columns([Identity, PayloadHash, Revocation, RevocationSince])
            .into_tuple()
            .all(db)
            .await?;
        entries.extend(rows.into_iter().map(|(identity, payload_hash, revocation, since)| {
            let status = match revocation {
                RevocationState::None => VoucherStatus::InForce,
                RevocationState::Suspended => VoucherStatus::Suspended,
                RevocationState::Revoked => VoucherStatus::Revoked(since.0),
            };
            (identity.0, Entry { payload_hash: payload_hash.0, status })
        }));
    }
    Ok(entries)
}

/// Rows whose signed bytes are read at a time.
const READ_AT_ONCE: u64 = 2000;

pub(super) async fn payloads_signed_with(
    db: &impl ConnectionTrait,
    kid: Kid,
    before: Option<Timestamp>,
) -> Result<Vec<Hash>> {
    use voucher::Column::{Identity, Issued, PayloadHash, Signed};
    let mut payloads = Vec::new();
    let mut after: Option<Stored<Hash>> = None;
    loop {
        let mut query = voucher::Entity::find().order_by_asc(Identity).limit(READ_AT_ONCE);
        if let Some(after) = after {
            query = query.filter(Identity.gt(after));
        }
        if let Some(before) = before {
            query = query.filter(Issued.lt(Stored(before)));
        }
        let rows: Vec<(Stored<Hash>, Stored<Hash>, Vec<u8>)> = query
            .select_only()
            .columns([Identity, PayloadHash, Signed])
            .into_tuple()
            .all(db)
            .await?;
        let Some((last, ..)) = rows.last() else { return Ok(payloads) };
        after = Some(*last);
        for (_, payload, signed) in rows {
            // A field officer's voucher is of another form, and under no key of the office.
            let envelope = Sign1::parse(ObjectType::Voucher, &signed);
            if envelope.is_ok_and(|envelope| envelope.kid() == kid) {
                payloads.push(payload.0);
            }
        }
    }
}

pub(super) async fn decide(
    db: &impl ConnectionTrait,
    identity: Hash,
    revocation: RevocationState,
    taken: &DecisionTaken,
) -> Result<()> {
    voucher::Entity::update_many()
        .set(voucher::ActiveModel {
            revocation: Set(revocation),
            revocation_since: Set(Stored(taken.at)),
            ..Default::default()
        })
        .filter(voucher::Column::Identity.eq(Stored(identity)))
        .exec(db)
        .await?;
    let row = decision::ActiveModel {
        identity: Set(Stored(identity)),
        decision: Set(match taken.decision {
            Decision::Revoke => decision::Kind::Revoke,
            Decision::Suspend => decision::Kind::Suspend,
            Decision::Lift => decision::Kind::Lift,
        }),
        reason: Set(taken.reason.clone()),
        taken: Set(Stored(taken.at)),
        ..Default::default()
    };
    decision::Entity::insert(row).exec_without_returning(db).await?;
    Ok(())
}

pub(super) async fn decisions(
    db: &impl ConnectionTrait,
    identity: Hash,
) -> Result<Vec<DecisionTaken>> {
    let rows = decision::Entity::find()
        .filter(decision::Column::Identity.eq(Stored(identity)))
        .order_by_asc(decision::Column::Id)
        .all(db)
        .await?;
    let taken = rows.into_iter().map(|row| DecisionTaken {
        decision: match row.decision {
            decision::Kind::Revoke => Decision::Revoke,
            decision::Kind::Suspend => Decision::Suspend,
            decision::Kind::Lift => Decision::Lift,
        },
        reason: row.reason,
        at: row.taken.0,
    });
    Ok(taken.collect())
}

fn read(row: Option<voucher::Model>) -> Result<Option<IssuedVoucher>> {
    row.map(IssuedVoucher::try_from).transpose()
}

impl TryFrom<voucher::Model> for IssuedVoucher {
    type Error = Error;
    fn try_from(row: voucher::Model) -> Result<Self> {
        let hash = Sign1::parse(ObjectType::Voucher, &row.signed)?.payload_hash();
        if hash != row.payload_hash.0 {
            return Err(Error::Broken(format!("the bytes of voucher {} changed", row.reference)));
        }
        IssuedVoucher::read(row.reference, row.issuer.0, row.signed, row.revocation)
    }
}
