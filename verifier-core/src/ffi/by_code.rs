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
    pub fn check_code(&self, reference: &str, now: DeviceClock) -> Result<CodeVerdict> {
        let Some(reference) = PrintedReference::typed(reference) else {
            return Ok(CodeVerdict::Refuse { refusal: CodeRefusal::NotListed });
        };
        Ok(self.engine().check_code(reference, now.into())?.into())
    }

    /// Decides on a reference and, if it is accepted, records that its voucher was served. When this returns
    /// [`CodeRedemption::Done`], the record is on the disk. A person at the office decides on the claim.
    ///
    /// # Errors
    /// Nothing was recorded, and why.
    pub fn serve_by_code(
        &self,
        reference: &str,
        service: CodeService,
        now: DeviceClock,
    ) -> Result<CodeRedemption> {
        let Some(reference) = PrintedReference::typed(reference) else {
            return Ok(CodeRedemption::Refused { refusal: CodeRefusal::NotListed });
        };
        let service = service.try_into()?;
        Ok(self.engine().serve_by_code(reference, service, now.into())?.into())
    }
}

/// What the phone says of a reference.
#[derive(Clone, Debug, uniffi::Enum)]
pub enum CodeVerdict {
    /// It may be served.
    Accept {
        /// The voucher, and what staff should know.
        accepted: AcceptedCode,
    },
    /// It may not.
    Refuse {
        /// Why.
        refusal: CodeRefusal,
    },
}

/// A listed voucher that may be served by its reference.
#[derive(Clone, Debug, uniffi::Record)]
pub struct AcceptedCode {
    /// The voucher as the office lists it.
    pub voucher: ListedVoucher,
    /// What staff should know.
    pub warnings: Vec<Warning>,
}

/// Why a voucher is not served by its reference.
#[derive(Clone, Debug, uniffi::Enum)]
pub enum CodeRefusal {
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
pub struct CodeService {
    /// What is given; the whole voucher when absent.
    pub given: Option<Benefit>,
    /// Who serves.
    pub operator: Option<String>,
    /// Documents to attach at once.
    pub documents: Vec<NewDocument>,
}

/// What came of asking to serve by a reference.
#[derive(Clone, Debug, uniffi::Enum)]
pub enum CodeRedemption {
    /// Recorded durably.
    Done {
        /// The claim.
        claim: String,
        /// What was given.
        given: Benefit,
    },
    /// Refused; nothing was recorded.
    Refused {
        /// Why.
        refusal: CodeRefusal,
    },
    /// What should be given is not within the voucher; nothing was recorded.
    NotWithinVoucher,
}

impl TryFrom<CodeService> for verifier::CodeService {
    type Error = EngineError;

    fn try_from(service: CodeService) -> Result<Self> {
        Ok(Self {
            given: service.given.map(protocol::Benefit::try_from).transpose()?,
            operator: operator_id(service.operator)?,
            documents: service.documents.into_iter().map(DocumentContent::from).collect(),
        })
    }
}

impl From<verdict::CodeVerdict> for CodeVerdict {
    fn from(verdict: verdict::CodeVerdict) -> Self {
        match verdict {
            verdict::CodeVerdict::Accept(accepted) => Self::Accept { accepted: (*accepted).into() },
            verdict::CodeVerdict::Refuse(refusal) => Self::Refuse { refusal: refusal.into() },
        }
    }
}

impl From<verdict::AcceptedCode> for AcceptedCode {
    fn from(accepted: verdict::AcceptedCode) -> Self {
        let verdict::AcceptedCode { voucher, programme, warnings, .. } = accepted;
        let programme = Some(programme);
        Self {
            voucher: FoundVoucher { voucher, status: ListedStatus::Open, programme }.into(),
            warnings: warnings.into_iter().filter_map(warning).collect(),
        }
    }
}

impl From<verdict::CodeRefusal> for CodeRefusal {
    fn from(refusal: verdict::CodeRefusal) -> Self {
        match refusal {
            verdict::CodeRefusal::NotListed => Self::NotListed,
            verdict::CodeRefusal::NotAllowed => Self::NotAllowed,
            verdict::CodeRefusal::Refused(reason) => Self::Refused { reason: reason.into() },
        }
    }
}

impl From<verifier::CodeRedemption> for CodeRedemption {
    fn from(redemption: verifier::CodeRedemption) -> Self {
        match redemption {
            verifier::CodeRedemption::Done(receipt) => {
                Self::Done { claim: receipt.claim.to_string(), given: receipt.given.into() }
            }
            verifier::CodeRedemption::Refused(refusal) => Self::Refused { refusal: refusal.into() },
            verifier::CodeRedemption::NotWithinVoucher(_) => Self::NotWithinVoucher,
        }
    }
}
