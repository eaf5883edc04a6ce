//! How the protocol's values stand in columns.

use protocol::ack::ClaimState;
use protocol::id::{BootId, ChainId, ClaimId, OperatorId};
use protocol::key::PublicKey;
use protocol::record::Monotonic;
use protocol::{Hash, Timestamp};
use rusqlite::Row;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};

/// A value of the protocol on its way into or out of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Column<T>(pub(super) T);

/// The value in a column of this row.
pub(super) fn get<T>(row: &Row<'_>, column: usize) -> rusqlite::Result<T>
where
    Column<T>: FromSql,
{
    row.get::<_, Column<T>>(column).map(|value| value.0)
}

/// The value in a column that may be empty.
pub(super) fn get_some<T>(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<T>>
where
    Column<T>: FromSql,
{
    row.get::<_, Option<Column<T>>>(column).map(|value| value.map(|value| value.0))
}

/// The monotonic reading in two columns: milliseconds and boot.
pub(super) fn get_monotonic(row: &Row<'_>, column: usize) -> rusqlite::Result<Monotonic> {
    Ok(Monotonic { millis: get(row, column)?, boot: get(row, column + 1)? })
}

macro_rules! blob_column {
    ($($name:ident),+) => {$(
        impl ToSql for Column<$name> {
            fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                Ok(ToSqlOutput::Borrowed(ValueRef::Blob(self.0.as_bytes())))
            }
        }

        impl FromSql for Column<$name> {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
                FromSql::column_result(value).map(|bytes| Column($name::from_bytes(bytes)))
            }
        }
    )+};
}

blob_column!(Hash, ChainId, ClaimId, BootId);

impl ToSql for Column<u64> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        i64::try_from(self.0)
            .map(ToSqlOutput::from)
            .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))
    }
}

impl FromSql for Column<u64> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let number = value.as_i64()?;
        u64::try_from(number).map(Column).map_err(|_| FromSqlError::OutOfRange(number))
    }
}

impl ToSql for Column<Timestamp> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        i64::try_from(self.0.as_seconds())
            .map(ToSqlOutput::from)
            .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))
    }
}

impl FromSql for Column<Timestamp> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let Column(seconds) = Column::<u64>::column_result(value)?;
        Timestamp::from_seconds(seconds).map(Column).ok_or(FromSqlError::InvalidType)
    }
}

impl ToSql for Column<ClaimState> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::from(self.0.name()))
    }
}

impl FromSql for Column<ClaimState> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        ClaimState::from_name(value.as_str()?).map(Column).ok_or(FromSqlError::InvalidType)
    }
}

impl FromSql for Column<OperatorId> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        OperatorId::new(value.as_str()?)
            .map(Column)
            .map_err(|error| FromSqlError::Other(Box::new(error)))
    }
}

impl FromSql for Column<PublicKey> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        PublicKey::from_bytes(value.as_blob()?)
            .map(Column)
            .map_err(|error| FromSqlError::Other(Box::new(error)))
    }
}
