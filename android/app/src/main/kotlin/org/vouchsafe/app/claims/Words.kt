package org.vouchsafe.app.claims

import androidx.annotation.StringRes
import org.vouchsafe.app.R
import org.vouchsafe.app.ui.Signal
import org.vouchsafe.core.Claim
import org.vouchsafe.core.RecordDelivery

/** How staff sort their claims. */
enum class Kind(@param:StringRes val word: Int) {
    All(R.string.kind_all),
    Unsent(R.string.claim_unsent),

    /** Somebody has to do something. */
    NeedsAttention(R.string.kind_needs_attention),
    UnderWay(R.string.kind_under_way),
    Paid(R.string.claim_paid),
    Voided(R.string.claim_voided),
}

fun kindOf(claim: Claim): Kind = when {
    claim.voidedAt != null -> Kind.Voided
    claim.delivery == RecordDelivery.Waiting -> Kind.Unsent
    claim.delivery is RecordDelivery.Refused -> Kind.NeedsAttention
    else -> when (claim.state) {
        "paid" -> Kind.Paid
        "voided" -> Kind.Voided
        "documents_missing", "conflict", "denied", "rejected", "payment_failed" -> Kind.NeedsAttention
        else -> Kind.UnderWay
    }
}

/** Where a claim stands, as staff say it, and what they can do. */
data class Standing(val signal: Signal, @param:StringRes val word: Int, @param:StringRes val meaning: Int)

fun standing(claim: Claim): Standing = when {
    claim.voidedAt != null -> Standing(Signal.Neutral, R.string.claim_voided, R.string.claim_voided_means)
    claim.delivery is RecordDelivery.Refused -> Standing(Signal.Bad, R.string.claim_not_taken, R.string.claim_not_taken_means)
    claim.delivery == RecordDelivery.Waiting -> Standing(Signal.Attention, R.string.claim_unsent, R.string.claim_unsent_means)
    else -> standing(claim.state)
}

private fun standing(state: String): Standing = when (state) {
    "recorded", "submitted" -> Standing(Signal.Neutral, R.string.claim_received, R.string.claim_received_means)
    "in_review" -> Standing(Signal.Neutral, R.string.claim_in_review, R.string.claim_in_review_means)
    "approved", "payable", "upheld" -> Standing(Signal.Good, R.string.claim_approved, R.string.claim_approved_means)
    "sent" -> Standing(Signal.Good, R.string.claim_payment_sent, R.string.claim_payment_sent_means)
    "paid" -> Standing(Signal.Good, R.string.claim_paid, R.string.claim_paid_means)
    "documents_missing" -> Standing(Signal.Attention, R.string.claim_documents, R.string.claim_documents_means)
    "conflict" -> Standing(Signal.Attention, R.string.claim_conflict, R.string.claim_conflict_means)
    "denied" -> Standing(Signal.Bad, R.string.claim_denied, R.string.claim_denied_means)
    "rejected" -> Standing(Signal.Bad, R.string.claim_rejected, R.string.claim_rejected_means)
    "payment_failed" -> Standing(Signal.Attention, R.string.claim_payment_failed, R.string.claim_payment_failed_means)
    "voided" -> Standing(Signal.Neutral, R.string.claim_voided, R.string.claim_voided_means)
    // A newer server may know states that this app does not.
    else -> Standing(Signal.Neutral, R.string.claim_received, R.string.claim_received_means)
}
