//! Serving a voucher whose code cannot be read by the reference that is printed on it, where the programme allows it.

use super::{EngineError, Verifier, new_claim_id};
use crate::clock::DeviceClock;
use crate::ledger::{Act, DocumentContent, ReferenceServing};
use crate::verdict::{
    self, AcceptedReference, Circumstances, Reason, ReferenceRefusal, ReferenceVerdict,
};
use protocol::Benefit;
use protocol::id::{ClaimId, OperatorId};
use protocol::printed::PrintedReference;
use protocol::trust::IssuedSets;

/// What staff asks to be recorded as served by a reference.
#[derive(Debug, Clone)]
pub struct ReferenceService {
    /// What is given; the whole voucher when absent.
    pub given: Option<Benefit>,
    /// The operator who serves; one of the profile's, where it names any.
    pub operator: Option<OperatorId>,
    /// Documents to attach at once.
    pub documents: Vec<DocumentContent>,
}

/// What came of asking to serve by a reference.
#[derive(Debug)]
pub enum ReferenceRedemption {
    /// Recorded durably.
    Done(Box<ReferenceReceipt>),
    /// Refused; nothing was recorded.
    Refused(ReferenceRefusal),
    /// What should be given is not within the voucher; nothing was recorded.
    NotWithinVoucher(Box<AcceptedReference>),
}

/// Proof for staff that a voucher was served by its reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReferenceReceipt {
    /// The claim.
    pub claim: ClaimId,
    /// The record's place in the phone's chain.
    pub sequence: u64,
    /// What was given.
    pub given: Benefit,
    /// What was accepted.
    pub accepted: AcceptedReference,
}

impl Verifier {
    /// Decides on a reference that was typed. Writes nothing.
    ///
    /// # Errors
    /// When the phone is not enrolled or its storage is broken.
    pub fn check_reference(
        &self,
        reference: PrintedReference,
        now: DeviceClock,
    ) -> Result<ReferenceVerdict, EngineError> {
        let (trust, profile) = self.in_force()?;
        let floors = self.ledger.floors()?;
        let issued = &IssuedSets::none();
        let circumstances =
            Circumstances { trust: trust.state(), issued, profile, clock: now, floors: &floors };
        let list = self.voucher_list()?;
        let judged = self.judged_time(now)?;
        let listed =
            list.and_then(|list| Some((list.named(reference)?, judged.since(list.listed))));
        let live = match listed {
            Some((voucher, _)) => self.ledger.live_redemption_of(voucher.identity)?,
            None => None,
        };
        Ok(verdict::decide_by_reference(listed, &circumstances, live))
    }

    /// Decides on a reference and, if it is accepted, records that its voucher was served. When this returns
    /// [`ReferenceRedemption::Done`], the record is on the disk.
    ///
    /// # Errors
    /// When nothing was recorded because something is broken or not allowed.
    pub fn serve_by_reference(
        &mut self,
        reference: PrintedReference,
        service: ReferenceService,
        now: DeviceClock,
    ) -> Result<ReferenceRedemption, EngineError> {
        let accepted = match self.check_reference(reference, now)? {
            ReferenceVerdict::Accept(accepted) => *accepted,
            ReferenceVerdict::Refuse(refusal) => return Ok(ReferenceRedemption::Refused(refusal)),
        };
        self.check_may_serve(service.operator.as_ref(), &service.documents, accepted.now.time)?;
        let given = service.given.unwrap_or_else(|| accepted.voucher.benefit.clone());
        if !given.is_within(&accepted.voucher.benefit) {
            return Ok(ReferenceRedemption::NotWithinVoucher(Box::new(accepted)));
        }
        let claim = new_claim_id(accepted.now.time)?;
        let serving = ReferenceServing {
            claim,
            reference,
            voucher: accepted.voucher.identity,
            given: given.clone(),
            warnings: accepted.warnings.iter().map(|it| it.code().to_owned()).collect(),
            documents: service.documents,
        };
        match self.append(Act::ServeByReference(serving), service.operator, now) {
            Ok(record) => {
                let sequence = record.header.sequence;
                let receipt = ReferenceReceipt { claim, sequence, given, accepted };
                Ok(ReferenceRedemption::Done(Box::new(receipt)))
            }
            Err(EngineError::AlreadyServed(live)) => Ok(ReferenceRedemption::Refused(
                ReferenceRefusal::Refused(Reason::AlreadyRedeemed(live)),
            )),
            Err(error) => Err(error),
        }
    }
}
