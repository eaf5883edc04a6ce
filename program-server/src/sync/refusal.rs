//! Why an item of a batch is not taken in.

use crate::claims::NotVoided;
use crate::delegations::ReportRefusal;
use protocol::authenticity::NotAuthentic;

/// Why an item is not taken in. Its bytes are kept for review all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// The bytes are neither a record nor a sealed record.
    RecordUnreadable,
    /// It is sealed to a key that this server does not have.
    SealedToAnother,
    /// The device's signature over the record is wrong, or another device's.
    RecordForged,
    /// The body is not the one that was signed for.
    BodyForeign,
    /// The record belongs to another chain than the batch.
    ChainForeign,
    /// The chain is another device's.
    ChainOfAnotherDevice,
    /// Another record of the chain has this sequence number.
    SequenceConflict,
    /// The record names another predecessor than the one that is here, or its successor does.
    ChainBroken,
    /// The voucher is none, or was not issued by whom it says.
    Voucher(VoucherFault),
    /// More was given than the voucher is for, or something else.
    MoreThanVoucher,
    /// The programme is not one that the provider serves.
    WrongProgramme,
    /// The voucher is for another provider.
    WrongProvider,
    /// The voucher had been revoked, and the phone had been told.
    Revoked,
    /// The voucher became valid after the record was received.
    NotYetValid,
    /// The voucher had expired at the earliest time of service.
    Expired,
    /// No voucher of this office has the reference, or another one than the phone meant.
    UnknownReference,
    /// The voucher names no provider, so it is on no list by which one could serve it by its reference.
    NotListed,
    /// The programme's vouchers are not served by a typed reference.
    ByReferenceNotAllowed,
    /// What a field officer's phone reports that it issued is not registered.
    Report(ReportRefusal),
    /// Another record made a claim with this id.
    ClaimIdUsed,
    /// The void came when the claim was on an account-payable order.
    ClaimOnPayable,
    /// The void came when the claim was decided, paid or void already.
    ClaimFinal,
    /// The claim is another device's.
    ClaimOfAnotherDevice,
}

/// Why a voucher does not count, without the details that only people who debug need.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum VoucherFault {
    /// Not a voucher at all.
    NotAVoucher,
    /// It looks like a voucher and cannot be read.
    Unreadable,
    /// No key of the trust list has its key id.
    UnknownIssuer,
    /// The signature is not the issuer's.
    Forged,
    /// The issuer's key was compromised.
    IssuerCompromised,
    /// A field officer's phone issued it, beyond what was delegated to it.
    BeyondDelegation,
    /// The issuer may not issue for that programme.
    WrongProgramme,
    /// The issuer's key was not in force when the voucher says it was issued.
    IssuerNotValid,
}

impl Refusal {
    /// The stable code; a phone's own verdict has the same one where both can find the reason.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Refusal::RecordUnreadable => "record_unreadable",
            Refusal::SealedToAnother => "sealed_to_another",
            Refusal::RecordForged => "record_forged",
            Refusal::BodyForeign => "body_foreign",
            Refusal::ChainForeign => "chain_foreign",
            Refusal::ChainOfAnotherDevice => "chain_of_another_device",
            Refusal::SequenceConflict => "sequence_conflict",
            Refusal::ChainBroken => "chain_broken",
            Refusal::Voucher(VoucherFault::NotAVoucher) => "not_a_voucher",
            Refusal::Voucher(VoucherFault::Unreadable) => "unreadable",
            Refusal::Voucher(VoucherFault::UnknownIssuer) => "unknown_issuer",
            Refusal::Voucher(VoucherFault::Forged) => "forged",
            Refusal::Voucher(VoucherFault::IssuerCompromised) => "issuer_compromised",
            Refusal::Voucher(VoucherFault::BeyondDelegation) => "beyond_delegation",
            Refusal::Voucher(VoucherFault::WrongProgramme) | Refusal::WrongProgramme => {
                "wrong_programme"
            }
            Refusal::Voucher(VoucherFault::IssuerNotValid) => "issuer_not_valid",
            Refusal::MoreThanVoucher => "more_than_voucher",
            Refusal::WrongProvider => "wrong_provider",
            Refusal::Revoked => "revoked",
            Refusal::NotYetValid => "not_yet_valid",
            Refusal::Expired => "expired",
            Refusal::UnknownReference => "unknown_reference",
            Refusal::NotListed => "not_listed",
            Refusal::ByReferenceNotAllowed => "by_reference_not_allowed",
            Refusal::Report(fault) => fault.code(),
            Refusal::ClaimIdUsed => "claim_id_used",
            Refusal::ClaimOnPayable => "claim_on_payable",
            Refusal::ClaimFinal => "claim_final",
            Refusal::ClaimOfAnotherDevice => "claim_of_another_device",
        }
    }
}

impl From<&NotAuthentic> for Refusal {
    fn from(fault: &NotAuthentic) -> Self {
        Refusal::Voucher(match fault {
            NotAuthentic::NotAVoucher => VoucherFault::NotAVoucher,
            NotAuthentic::Unreadable(_) => VoucherFault::Unreadable,
            NotAuthentic::UnknownIssuer => VoucherFault::UnknownIssuer,
            NotAuthentic::Forged => VoucherFault::Forged,
            NotAuthentic::IssuerCompromised => VoucherFault::IssuerCompromised,
            NotAuthentic::BeyondDelegation(_) => VoucherFault::BeyondDelegation,
            NotAuthentic::WrongProgramme => VoucherFault::WrongProgramme,
        })
    }
}

impl From<NotVoided> for Refusal {
    fn from(fault: NotVoided) -> Self {
        match fault {
            NotVoided::OnPayable => Refusal::ClaimOnPayable,
            NotVoided::Closed => Refusal::ClaimFinal,
            NotVoided::OfAnotherDevice => Refusal::ClaimOfAnotherDevice,
        }
    }
}
