package org.vouchsafe.app.claims

import androidx.annotation.StringRes
import org.vouchsafe.app.R
import org.vouchsafe.app.ui.Signal
import org.vouchsafe.core.Claim
import org.vouchsafe.core.RecordDelivery

enum class ClaimFilter(@param:StringRes val label: Int) {
    All(R.string.filter_all),
    Unsent(R.string.claim_unsent),

    /** Somebody has to do something. */
    NeedsAttention(R.string.filter_needs_attention),
    UnderWay(R.string.filter_under_way),
    Paid(R.string.claim_paid),
    Voided(R.string.claim_voided),
}

fun filterOf(claim: Claim): ClaimFilter = when {
    claim.voidedAt != null -> ClaimFilter.Voided
    claim.delivery == RecordDelivery.Waiting -> ClaimFilter.Unsent
    claim.delivery is RecordDelivery.Refused -> ClaimFilter.NeedsAttention
    else -> when (claim.state) {
        "paid" -> ClaimFilter.Paid
        "voided" -> ClaimFilter.Voided
        "documents_missing", "conflict", "denied", "rejected", "payment_failed" -> ClaimFilter.NeedsAttention
        else -> ClaimFilter.UnderWay
    }
}

/** The state of a claim as staff say it, and what they can do. */
data class ClaimBadge(val signal: Signal, @param:StringRes val label: Int, @param:StringRes val meaning: Int)

fun badge(claim: Claim): ClaimBadge = when {
    claim.voidedAt != null -> ClaimBadge(Signal.Neutral, R.string.claim_voided, R.string.claim_voided_means)
    claim.delivery is RecordDelivery.Refused -> ClaimBadge(Signal.Bad, R.string.claim_not_taken, R.string.claim_not_taken_means)
    claim.delivery == RecordDelivery.Waiting -> ClaimBadge(Signal.Attention, R.string.claim_unsent, R.string.claim_unsent_means)
    else -> badge(claim.state)
}

private fun badge(state: String): ClaimBadge = when (state) {
    "recorded", "submitted" -> ClaimBadge(Signal.Neutral, R.string.claim_received, R.string.claim_received_means)
    "in_review" -> ClaimBadge(Signal.Neutral, R.string.claim_in_review, R.string.claim_in_review_means)
    "approved", "payable", "upheld" -> ClaimBadge(Signal.Good, R.string.claim_approved, R.string.claim_approved_means)
    "sent" -> ClaimBadge(Signal.Good, R.string.claim_payment_sent, R.string.claim_payment_sent_means)
    "paid" -> ClaimBadge(Signal.Good, R.string.claim_paid, R.string.claim_paid_means)
    "documents_missing" -> ClaimBadge(Signal.Attention, R.string.claim_documents, R.string.claim_documents_means)
    "conflict" -> ClaimBadge(Signal.Attention, R.string.claim_conflict, R.string.claim_conflict_means)
    "denied" -> ClaimBadge(Signal.Bad, R.string.claim_denied, R.string.claim_denied_means)
    "rejected" -> ClaimBadge(Signal.Bad, R.string.claim_rejected, R.string.claim_rejected_means)
    "payment_failed" -> ClaimBadge(Signal.Attention, R.string.claim_payment_failed, R.string.claim_payment_failed_means)
    "voided" -> ClaimBadge(Signal.Neutral, R.string.claim_voided, R.string.claim_voided_means)
    // A newer server may know states that this app does not.
    else -> ClaimBadge(Signal.Neutral, R.string.claim_received, R.string.claim_received_means)
}
