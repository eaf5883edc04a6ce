//! Sync: batches of device records come in, signed acks go out.
//!
//! A record keeps its place in its device's chain whatever becomes of what it says, so that one bad
//! record never stops those after it. What cannot be placed is kept beside the chain. Nothing is
//! taken on the phone's word: claims are judged from the voucher's own signed bytes and from the
//! bracket of times between which it was served.

mod chain;
mod ingest;
mod judgement;
mod opening;
mod out_of_chain;
mod refusal;
mod routes;
mod service_time;
mod store;

pub use chain::{Head, Link, LinkCheck, Links};
pub use ingest::receive;
pub use judgement::{Admitted, Registered, admissible, admit};
pub use refusal::{Refusal, VoucherFault};
pub use routes::router;
pub use service_time::{Notice, ServiceTime, Timeliness};
pub use store::schema;

use crate::Result;
use crate::database::Database;
use crate::devices::DeviceId;
use protocol::{Hash, Timestamp};

/// How much a device may send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// New items a day (UTC). What goes beyond is to be sent again later.
    pub items_a_day: u64,
    /// Bytes of refused items that are kept for review. Of what goes beyond, only digest and reason
    /// are.
    pub refused_bytes: u64,
}

impl Default for Quota {
    fn default() -> Self {
        Quota { items_a_day: 20_000, refused_bytes: 64 * 1024 * 1024 }
    }
}

/// What a device sent and was refused, kept for review.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptItem {
    /// The digest of the record; of an item that has no place in a chain, that of the item as it was
    /// sent.
    pub item: Hash,
    /// The code of the reason.
    pub reason: String,
    /// The record, or the item within the device's quota.
    pub bytes: Option<Vec<u8>>,
    /// When it was received.
    pub received: Timestamp,
}

/// What was refused of a device: records that have their place in a chain, then items that have none.
pub async fn refused(db: &Database, device: DeviceId) -> Result<Vec<KeptItem>> {
    let mut refused = store::refused_records(db.reader(), device).await?;
    refused.extend(store::refused_items(db.reader(), device).await?);
    Ok(refused)
}
