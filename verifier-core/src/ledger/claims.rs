//! The claims that this phone made, and what became of them.

use crate::ledger::{Delivery, Ledger, LedgerError};
use protocol::ack::ClaimState;
use protocol::id::{ClaimId, OperatorId};
use protocol::record::{Document, HowRead, SignedVoucher};
use protocol::voucher::Identity;
use protocol::{Benefit, Timestamp};

/// A claim of this phone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The claim.
    pub id: ClaimId,
    /// The place of its record in the chain.
    pub sequence: u64,
    /// When the voucher was served, by the phone's clock.
    pub redeemed_at: Timestamp,
    /// By whom.
    pub operator: Option<OperatorId>,
    /// What was served; `None` when this phone can no longer decrypt it.
    pub served: Option<Served>,
    /// Its state as far as the phone knows.
    pub state: ClaimState,
    /// What staff should know of the state; a stable code.
    pub reason: Option<String>,
    /// Whether the server has the record.
    pub delivery: Delivery,
    /// How it was taken back, if it was.
    pub voided: Option<Voided>,
    /// Its documents.
    pub documents: Vec<Attachment>,
}

/// What was served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Served {
    /// Which voucher.
    pub identity: Identity,
    /// Its own signed bytes.
    pub voucher: SignedVoucher,
    /// How it was read.
    pub how_read: HowRead,
    /// What was given.
    pub given: Benefit,
    /// The stable codes of the warnings that were shown.
    pub warnings: Vec<String>,
}

/// How a claim was taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Voided {
    /// When, by the phone's clock.
    pub at: Timestamp,
    /// Why, in staff's words; `None` when this phone can no longer decrypt it.
    pub reason: Option<String>,
    /// Whether the server has the record of it.
    pub delivery: Delivery,
}

/// A document of a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// The document.
    pub document: Document,
    /// Whether the server said that it holds it durably.
    pub held_by_server: bool,
}

/// Which claims to list, newest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// Only claims whose record stands before this place in the chain.
    pub before: Option<u64>,
    /// At most so many.
    pub limit: u32,
}

impl Page {
    /// All claims.
    pub const ALL: Page = Page { before: None, limit: u32::MAX };
}

impl Ledger {
    /// Claims, newest first.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn claims(&self, page: Page) -> Result<Vec<Claim>, LedgerError> {
        todo!()
    }

    /// One claim.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn claim(&self, id: ClaimId) -> Result<Option<Claim>, LedgerError> {
        todo!()
    }
}
