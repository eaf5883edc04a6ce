//! The domain's values as columns: written once here, so that no module handles bare bytes or numbers.

use protocol::ack::ClaimState;
use protocol::id::{
    Audience, BootId, ChainId, ClaimId, EntitlementId, IssuerId, OperatorId, ProgrammeId,
    ProviderId, VoucherId,
};
use protocol::key::{KeyUse, Kid, PublicKey};
use protocol::time::Zone;
use protocol::{Currency, Hash, Span, Timestamp};
use sea_orm::sea_query::{self, ArrayType, ColumnType, Nullable, Value, ValueTypeErr};
use sea_orm::{ColIdx, DbErr, QueryResult, TryFromU64, TryGetError, TryGetable};

/// A domain value that a column holds: `Stored<Timestamp>` in an entity is a `BIGINT` in the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stored<T>(pub T);

/// How a domain value stands in a column.
pub trait Storable: Sized {
    /// What the column holds: `Vec<u8>`, `String` or `i64`.
    type Column: sea_query::ValueType + TryGetable + Nullable + Into<Value>;

    /// The value for the column.
    fn to_column(&self) -> Self::Column;

    /// The value from the column; `None` when the column holds what no such value can be.
    fn from_column(column: Self::Column) -> Option<Self>;
}

impl<T> From<T> for Stored<T> {
    fn from(value: T) -> Self {
        Stored(value)
    }
}

impl<T: Storable> From<Stored<T>> for Value {
    fn from(stored: Stored<T>) -> Value {
        stored.0.to_column().into()
    }
}

impl<T: Storable> sea_query::ValueType for Stored<T> {
    fn try_from(value: Value) -> Result<Self, ValueTypeErr> {
        let column = <T::Column as sea_query::ValueType>::try_from(value)?;
        T::from_column(column).map(Stored).ok_or(ValueTypeErr)
    }

    fn type_name() -> String {
        T::Column::type_name()
    }

    fn array_type() -> ArrayType {
        T::Column::array_type()
    }

    fn column_type() -> ColumnType {
        T::Column::column_type()
    }
}

impl<T: Storable> Nullable for Stored<T> {
    fn null() -> Value {
        T::Column::null()
    }
}

impl<T: Storable> TryGetable for Stored<T> {
    fn try_get_by<I: ColIdx>(row: &QueryResult, index: I) -> Result<Self, TryGetError> {
        let column = T::Column::try_get_by(row, index)?;
        T::from_column(column).map(Stored).ok_or_else(|| {
            let kind = std::any::type_name::<T>();
            TryGetError::DbErr(DbErr::Type(format!("a column holds no {kind}")))
        })
    }
}

/// No such value is drawn by the database.
impl<T: Storable> TryFromU64 for Stored<T> {
    fn try_from_u64(_: u64) -> Result<Self, DbErr> {
        Err(DbErr::ConvertFromU64(std::any::type_name::<T>()))
    }
}

macro_rules! storable {
    ($($type:ty as $column:ty: $to:expr, $from:expr;)*) => {$(
        impl Storable for $type {
            type Column = $column;

            fn to_column(&self) -> $column {
                let to: fn(&$type) -> $column = $to;
                to(self)
            }

            fn from_column(column: $column) -> Option<Self> {
                let from: fn($column) -> Option<$type> = $from;
                from(column)
            }
        }
    )*};
}

storable! {
    Hash as Vec<u8>: |it| it.as_bytes().to_vec(), |bytes| fixed(&bytes).map(Hash::from_bytes);
    Kid as Vec<u8>: |it| it.as_bytes().to_vec(), |bytes| fixed(&bytes).map(Kid::from_bytes);
    VoucherId as Vec<u8>: |it| it.as_bytes().to_vec(), |bytes| fixed(&bytes).map(VoucherId::from_bytes);
    ClaimId as Vec<u8>: |it| it.as_bytes().to_vec(), |bytes| fixed(&bytes).map(ClaimId::from_bytes);
    ChainId as Vec<u8>: |it| it.as_bytes().to_vec(), |bytes| fixed(&bytes).map(ChainId::from_bytes);
    BootId as Vec<u8>: |it| it.as_bytes().to_vec(), |bytes| fixed(&bytes).map(BootId::from_bytes);
    PublicKey as Vec<u8>: PublicKey::to_bytes, |bytes| PublicKey::from_bytes(&bytes).ok();
    IssuerId as String: ToString::to_string, |text| IssuerId::new(text).ok();
    ProgrammeId as String: ToString::to_string, |text| ProgrammeId::new(text).ok();
    Audience as String: ToString::to_string, |text| Audience::new(text).ok();
    ProviderId as String: ToString::to_string, |text| ProviderId::new(text).ok();
    EntitlementId as String: ToString::to_string, |text| EntitlementId::new(text).ok();
    OperatorId as String: ToString::to_string, |text| OperatorId::new(text).ok();
    Currency as String: ToString::to_string, |text| Currency::new(&text).ok();
    Zone as String: |it| it.name().to_owned(), |text| Zone::new(text).ok();
    KeyUse as String: |it| it.name().to_owned(),
        |text| KeyUse::ALL.into_iter().find(|each| each.name() == text);
    ClaimState as String: |it| it.name().to_owned(), |text| ClaimState::from_name(&text);
    Timestamp as i64: |it| signed(it.as_seconds()),
        |number| u64::try_from(number).ok().and_then(Timestamp::from_seconds);
    Span as i64: |it| signed(it.as_seconds()),
        |number| u64::try_from(number).ok().map(Span::seconds);
    u64 as i64: |it| signed(*it), |number| u64::try_from(number).ok();
    u32 as i64: |it| i64::from(*it), |number| u32::try_from(number).ok();
}

fn fixed<const N: usize>(bytes: &[u8]) -> Option<[u8; N]> {
    bytes.try_into().ok()
}

/// Everything counted here lies below 2^53 (docs/protocol.md §1), so nothing is cut off.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
