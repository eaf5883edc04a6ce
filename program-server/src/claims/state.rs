//! The state of a claim and its holds, from what is known of it. Plain rules on values.

use protocol::ack::ClaimState;

/// Why a claim does not go on before a person has decided; a mark stops nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Hold {
    /// A second claim on the voucher came in.
    ConflictFirst,
    /// The device was suspended when the record came in.
    DeviceSuspended,
    /// Nobody has compared the device's digits yet.
    DeviceUnconfirmed,
    /// This server's own key signed the voucher, and the register does not have it.
    NotInRegister,
    /// A field officer's phone issued the voucher and has not reported it yet.
    IssueRecordMissing,
    /// The register has another voucher under the identity of this one.
    TwinOfRegistered,
    /// The voucher is suspended.
    Suspended,
    /// The voucher was revoked, and the phone had not been told: a mark, since the claim is payable.
    ServedBeforeNotice,
    /// The voucher expired at some time between the earliest and the latest time of service.
    ExpiredMeanwhile,
    /// The voucher became valid between the earliest and the latest time of service.
    BecameValidMeanwhile,
    /// A supervisor allowed what the phone would have refused.
    Overridden,
    /// The record lost its place in its chain when the phone was restored from a backup.
    AfterRestore,
    /// The voucher was typed in, not scanned.
    TypedIn,
    /// Only the voucher's reference was typed, and nobody has shown its signed bytes.
    ServedByReference,
    /// Another phone of the provider sent what this claim's phone had signed: a mark, since the
    /// signature is its own.
    SentByAnother,
}

/// How a claim stands to another claim on its voucher that came first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ConflictKind {
    /// The same voucher was served twice.
    Double,
    /// Two vouchers with one identity and different content: equivocation of their signer.
    Twin,
    /// The first claim is on an account-payable order or paid.
    Late,
}

/// What is known of a claim that was neither decided against nor taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Known {
    /// It is the live claim of its voucher.
    Live {
        holds: Vec<Hold>,
        /// Whether a document that its records name has not arrived.
        documents_missing: bool,
        /// Whether a person decided a conflict for it.
        upheld: bool,
    },
    /// Another claim came first.
    Waiting(ConflictKind),
}

/// A claim's state, with a stable code of why where there is something to say.
pub type StateAndReason = (ClaimState, Option<&'static str>);

impl Hold {
    /// Every hold, the gravest first.
    pub const ALL: [Hold; 15] = [
        Hold::ConflictFirst,
        Hold::DeviceSuspended,
        Hold::DeviceUnconfirmed,
        Hold::NotInRegister,
        Hold::IssueRecordMissing,
        Hold::TwinOfRegistered,
        Hold::Suspended,
        Hold::ServedBeforeNotice,
        Hold::ExpiredMeanwhile,
        Hold::BecameValidMeanwhile,
        Hold::Overridden,
        Hold::AfterRestore,
        Hold::ServedByReference,
        Hold::TypedIn,
        Hold::SentByAnother,
    ];

    /// The stable code, also in the database.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Hold::ConflictFirst => "conflict_first",
            Hold::DeviceSuspended => "device_suspended",
            Hold::DeviceUnconfirmed => "device_unconfirmed",
            Hold::NotInRegister => "not_in_register",
            Hold::IssueRecordMissing => "issue_record_missing",
            Hold::TwinOfRegistered => "twin_of_registered",
            Hold::Suspended => "suspended",
            Hold::ServedBeforeNotice => "served_before_notice",
            Hold::ExpiredMeanwhile => "expired_meanwhile",
            Hold::BecameValidMeanwhile => "became_valid_meanwhile",
            Hold::TypedIn => "typed_in",
            Hold::ServedByReference => "served_by_reference",
            Hold::Overridden => "overridden",
            Hold::AfterRestore => "after_restore",
            Hold::SentByAnother => "sent_by_another_device",
        }
    }

    /// Whether a person must decide it before the claim goes on.
    #[must_use]
    pub fn needs_a_person(self) -> bool {
        !matches!(self, Hold::ServedBeforeNotice | Hold::SentByAnother)
    }

    /// The hold with this code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Hold::ALL.into_iter().find(|hold| hold.code() == code)
    }
}

impl ConflictKind {
    pub const ALL: [ConflictKind; 3] =
        [ConflictKind::Double, ConflictKind::Twin, ConflictKind::Late];

    /// The stable code, also in the database.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            ConflictKind::Double => "redeemed_elsewhere",
            ConflictKind::Twin => "twin",
            ConflictKind::Late => "late_conflict",
        }
    }

    /// The kind with this code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        ConflictKind::ALL.into_iter().find(|kind| kind.code() == code)
    }

    /// The kind of a claim that came second.
    #[must_use]
    pub fn of(same_content: bool, first: ClaimState) -> Self {
        if !same_content {
            ConflictKind::Twin
        } else if is_stoppable(first) {
            ConflictKind::Double
        } else {
            ConflictKind::Late
        }
    }
}

impl Known {
    /// The state that follows.
    #[must_use]
    pub fn state_and_reason(&self) -> StateAndReason {
        match self {
            Known::Waiting(kind) => (ClaimState::Conflict, Some(kind.code())),
            Known::Live { holds, documents_missing, upheld } => {
                let open = holds.iter().filter(|hold| hold.needs_a_person()).min();
                let mark = holds.iter().min().map(|mark| mark.code());
                match open {
                    Some(hold) => (ClaimState::InReview, Some(hold.code())),
                    None if *documents_missing => (ClaimState::DocumentsMissing, mark),
                    None if *upheld => (ClaimState::Upheld, mark),
                    None => (ClaimState::Submitted, mark),
                }
            }
        }
    }
}

/// Whether a claim in this state can still be stopped for a person: it is on no order yet.
#[must_use]
pub fn is_stoppable(state: ClaimState) -> bool {
    match state {
        ClaimState::Recorded
        | ClaimState::Submitted
        | ClaimState::InReview
        | ClaimState::Approved
        | ClaimState::DocumentsMissing
        | ClaimState::Conflict
        | ClaimState::Upheld => true,
        // States yet to be named are no reason to stop a payment's course.
        _ => false,
    }
}

/// Whether a claim in this state has come to its end without pay.
#[must_use]
pub fn is_closed(state: ClaimState) -> bool {
    matches!(state, ClaimState::Denied | ClaimState::Rejected | ClaimState::Voided)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn live(holds: &[Hold], documents_missing: bool) -> StateAndReason {
        Known::Live { holds: holds.to_vec(), documents_missing, upheld: false }.state_and_reason()
    }

    #[test]
    fn a_claim_without_a_hold_and_with_its_documents_is_submitted() {
        assert_eq!(live(&[], false), (ClaimState::Submitted, None));
    }

    #[test]
    fn a_person_decides_before_documents_are_waited_for_and_the_gravest_hold_is_named() {
        assert_eq!(live(&[], true), (ClaimState::DocumentsMissing, None));
        assert_eq!(
            live(&[Hold::TypedIn, Hold::ConflictFirst], true),
            (ClaimState::InReview, Some("conflict_first"))
        );
    }

    #[test]
    fn a_claim_served_before_notice_of_a_revocation_is_marked_and_goes_on() {
        let mark = Some("served_before_notice");
        assert_eq!(live(&[Hold::ServedBeforeNotice], false), (ClaimState::Submitted, mark));
        assert_eq!(
            live(&[Hold::ServedBeforeNotice, Hold::TypedIn], false),
            (ClaimState::InReview, Some("typed_in"))
        );
    }

    #[test]
    fn a_second_claim_waits_and_a_twin_is_told_from_a_double() {
        let second = |same_content, first| {
            Known::Waiting(ConflictKind::of(same_content, first)).state_and_reason().1
        };
        assert_eq!(second(true, ClaimState::Submitted), Some("redeemed_elsewhere"));
        assert_eq!(second(false, ClaimState::Paid), Some("twin"));
        assert_eq!(second(true, ClaimState::Payable), Some("late_conflict"));
    }

    #[test]
    fn codes_name_one_thing_each() {
        for hold in Hold::ALL {
            assert_eq!(Hold::from_code(hold.code()), Some(hold));
        }
        for kind in ConflictKind::ALL {
            assert_eq!(ConflictKind::from_code(kind.code()), Some(kind));
        }
    }

    #[test]
    fn what_is_on_an_order_is_not_stopped_and_what_is_closed_is_not_either() {
        for state in ClaimState::ALL {
            let on_an_order = matches!(
                state,
                ClaimState::Payable
                    | ClaimState::Sent
                    | ClaimState::Paid
                    | ClaimState::PaymentFailed
            );
            assert_eq!(is_stoppable(state), !on_an_order && !is_closed(state), "{state:?}");
        }
    }
}
