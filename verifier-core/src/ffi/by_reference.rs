//! What Kotlin sees of serving by a printed reference.

use super::{
    Benefit, DeviceClock, EngineError, ListedVoucher, NewDocument, Reason, Result, Verifier,
    Warning, operator_id, warning,
};
use crate::ledger::DocumentContent;
use crate::verifier::FoundVoucher;
use crate::vouchers::ListedStatus;
use crate::{verdict, verifier};
use protocol::printed::PrintedReference;

#[uniffi::export]
impl Verifier {
    /// Decides on a reference, however it is typed. Writes nothing.
    ///
    /// # Errors
    /// `EngineError::Enrolment` before the phone has its profile, `EngineError::Storage`.
    pub fn check_reference(&self, reference: &str, now: DeviceClock) -> Result<ReferenceVerdict> {
        let Some(reference) = PrintedReference::typed(reference) else {
            return Ok(ReferenceVerdict::Refuse { refusal: ReferenceRefusal::NotListed });
        };
        Ok(self.engine().check_reference(reference, now.into())?.into())
    }

    /// Decides on a reference and, if it is accepted, records that its voucher was served. When this returns
    /// [`ReferenceRedemption::Done`], the record is on the disk. A person at the office decides on the claim.
    ///
    /// # Errors
    /// Nothing was recorded, and why.
    pub fn serve_by_reference(
        &self,
        reference: &str,
        service: ReferenceService,
        now: DeviceClock,
    ) -> Result<ReferenceRedemption> {
        let Some(reference) = PrintedReference::typed(reference) else {
            return Ok(ReferenceRedemption::Refused { refusal: ReferenceRefusal::NotListed });
        };
        let service = service.try_into()?;
        Ok(self.engine().serve_by_reference(reference, service, now.into())?.into())
    }
}

/// What the phone says of a reference.
#[derive(Clone, Debug, uniffi::Enum)]
pub enum ReferenceVerdict {
    /// It may be served.
    Accept {
        /// The voucher, and what staff should know.
        accepted: AcceptedReference,
    },
    /// It may not.
    Refuse {
        /// Why.
        refusal: ReferenceRefusal,
    },
}

/// A listed voucher that may be served by its reference.
#[derive(Clone, Debug, uniffi::Record)]
pub struct AcceptedReference {
    /// The voucher as the office lists it.
    pub voucher: ListedVoucher,
    /// What staff should know.
    pub warnings: Vec<Warning>,
}

/// Why a voucher is not served by its reference.
#[derive(Clone, Debug, uniffi::Enum)]
pub enum ReferenceRefusal {
    /// The office's list for this provider does not have it.
    NotListed,
    /// The programme's vouchers are not served by their references.
    NotAllowed,
    /// What would stand against a scanned voucher stands against it.
    Refused {
        /// The first reason that holds.
        reason: Reason,
    },
}

/// What staff asks to be recorded as served by a reference.
#[derive(Clone, uniffi::Record)]
pub struct ReferenceService {
    /// What is given; the whole voucher when absent.
    pub given: Option<Benefit>,
    /// The operator who serves; one of the profile's, where it names any.
    pub operator: Option<String>,
    /// Documents to attach at once.
    pub documents: Vec<NewDocument>,
}

/// What came of asking to serve by a reference.
#[derive(Clone, Debug, uniffi::Enum)]
pub enum ReferenceRedemption {
    /// Recorded durably.
    Done {
        /// The claim's id: 32 hexadecimal digits.
        claim: String,
        /// What was given.
        given: Benefit,
    },
    /// Refused; nothing was recorded.
    Refused {
        /// Why.
        refusal: ReferenceRefusal,
    },
    /// What should be given is not within the voucher; nothing was recorded.
    NotWithinVoucher,
}

impl TryFrom<ReferenceService> for verifier::ReferenceService {
    type Error = EngineError;

    fn try_from(service: ReferenceService) -> Result<Self> {
        Ok(Self {
            given: service.given.map(protocol::Benefit::try_from).transpose()?,
            operator: operator_id(service.operator)?,
            documents: service.documents.into_iter().map(DocumentContent::from).collect(),
        })
    }
}

impl From<verdict::ReferenceVerdict> for ReferenceVerdict {
    fn from(verdict: verdict::ReferenceVerdict) -> Self {
        match verdict {
            verdict::ReferenceVerdict::Accept(accepted) => {
                Self::Accept { accepted: (*accepted).into() }
            }
            verdict::ReferenceVerdict::Refuse(refusal) => Self::Refuse { refusal: refusal.into() },
        }
    }
}

impl From<verdict::AcceptedReference> for AcceptedReference {
    fn from(accepted: verdict::AcceptedReference) -> Self {
        let verdict::AcceptedReference { voucher, programme, warnings, .. } = accepted;
        let programme = Some(programme);
        Self {
            voucher: FoundVoucher { voucher, status: ListedStatus::Open, programme }.into(),
            warnings: warnings.into_iter().filter_map(warning).collect(),
        }
    }
}

impl From<verdict::ReferenceRefusal> for ReferenceRefusal {
    fn from(refusal: verdict::ReferenceRefusal) -> Self {
        match refusal {
            verdict::ReferenceRefusal::NotListed => Self::NotListed,
            verdict::ReferenceRefusal::NotAllowed => Self::NotAllowed,
            verdict::ReferenceRefusal::Refused(reason) => Self::Refused { reason: reason.into() },
        }
    }
}

impl From<verifier::ReferenceRedemption> for ReferenceRedemption {
    fn from(redemption: verifier::ReferenceRedemption) -> Self {
        match redemption {
            verifier::ReferenceRedemption::Done(receipt) => {
                Self::Done { claim: receipt.claim.to_string(), given: receipt.given.into() }
            }
            verifier::ReferenceRedemption::Refused(refusal) => {
                Self::Refused { refusal: refusal.into() }
            }
            verifier::ReferenceRedemption::NotWithinVoucher(_) => Self::NotWithinVoucher,
        }
    }
}
