//! Writing a record: signed, sealed, encrypted and derived from in one transaction.

use crate::ledger::{DeviceClock, Ledger, LedgerError};
use protocol::id::{ClaimId, OperatorId};
use protocol::key::Signer;
use protocol::record::{Held, HowRead, OpenedRecord, RefusedSubject, SignedVoucher};
use protocol::seal::SealingKey;
use protocol::voucher::Identity;
use protocol::{Benefit, Timestamp};

/// What is to be recorded.
#[derive(Debug, Clone)]
pub struct Entry {
    /// What was done.
    pub act: Act,
    /// Who worked with the phone.
    pub operator: Option<OperatorId>,
    /// The clock floor by which it was judged.
    pub clock_floor: Timestamp,
    /// The lists and the ack by which it was judged; see [`Ledger::held`].
    pub held: Held,
}

/// What was done.
#[derive(Debug, Clone)]
pub enum Act {
    /// A voucher was served.
    Redeem(Serving),
    /// A redemption was taken back.
    Void {
        /// The claim it made.
        claim: ClaimId,
        /// Why, in staff's words.
        reason: String,
    },
    /// A voucher was refused, confirmed by staff.
    Refuse {
        /// The stable code of the verdict.
        reason: String,
        /// What was shown.
        subject: RefusedSubject,
    },
    /// A document was added to a claim.
    AttachDocument {
        /// The claim.
        claim: ClaimId,
        /// The document.
        document: DocumentContent,
    },
}

/// A voucher that was served.
#[derive(Debug, Clone)]
pub struct Serving {
    /// The claim that this makes: a UUIDv7.
    pub claim: ClaimId,
    /// The voucher's own signed bytes.
    pub voucher: SignedVoucher,
    /// Which voucher it is: one live redemption an identity.
    pub identity: Identity,
    /// The voucher's `iat` where it may raise the soft clock floor: signed directly by a pinned
    /// issuer, and cut at the trust list's `expires`.
    pub soft_floor: Option<Timestamp>,
    /// How it was read.
    pub how_read: HowRead,
    /// What was given; never more than the voucher.
    pub given: Benefit,
    /// The stable codes of the warnings that were shown.
    pub warnings: Vec<String>,
    /// The documents attached at once.
    pub documents: Vec<DocumentContent>,
}

/// A document with its content.
#[derive(Clone, PartialEq, Eq)]
pub struct DocumentContent {
    /// The content.
    pub content: Vec<u8>,
    /// Its media type, such as `image/jpeg`.
    pub media_type: String,
}

impl std::fmt::Debug for DocumentContent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "DocumentContent({}, {} bytes)", self.media_type, self.content.len())
    }
}

/// A redemption on this phone that was not taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveRedemption {
    /// The claim it made.
    pub claim: ClaimId,
    /// When, by the phone's clock.
    pub redeemed_at: Timestamp,
    /// By whom.
    pub operator: Option<OperatorId>,
}

/// Why nothing was recorded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AppendError {
    /// The voucher was served on this phone before.
    #[error("this voucher was served here already, on {}", .0.redeemed_at)]
    AlreadyRedeemed(LiveRedemption),
    /// There is no such claim on this phone.
    #[error("there is no claim {0} on this phone")]
    UnknownClaim(ClaimId),
    /// The claim was taken back before.
    #[error("claim {0} was taken back already")]
    AlreadyVoided(ClaimId),
    /// What should be recorded is no record by the protocol's rules, or the key does not sign.
    #[error("this cannot be recorded: {0}")]
    Protocol(#[from] protocol::Error),
    /// The storage failed.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

impl Ledger {
    /// Records an act: signs it as the next record of the chain, seals it to the server, and stores
    /// both with the documents' content. When this returns, the record is on the disk; when it fails,
    /// nothing of it is there.
    ///
    /// # Errors
    /// [`AppendError`].
    pub fn append(
        &mut self,
        now: DeviceClock,
        entry: &Entry,
        device: &dyn Signer,
        sealing: &SealingKey,
    ) -> Result<OpenedRecord, AppendError> {
        todo!()
    }

    /// The redemption of this voucher on this phone that was not taken back.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn live_redemption(
        &self,
        identity: &Identity,
    ) -> Result<Option<LiveRedemption>, LedgerError> {
        todo!()
    }

    /// When this was last recorded as refused for this reason, by the phone's clock.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn last_refusal(
        &self,
        subject: &RefusedSubject,
        reason: &str,
    ) -> Result<Option<Timestamp>, LedgerError> {
        todo!()
    }
}
