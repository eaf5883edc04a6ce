package org.vouchsafe.app.claims

import androidx.compose.foundation.background
import androidx.compose.foundation.border
import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Box
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.Row
import androidx.compose.foundation.layout.padding
import androidx.compose.foundation.layout.size
import androidx.compose.foundation.shape.CircleShape
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.ui.Modifier
import androidx.compose.ui.platform.LocalDensity
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.semantics.clearAndSetSemantics
import androidx.compose.ui.semantics.contentDescription
import androidx.compose.ui.unit.dp
import androidx.compose.ui.unit.sp
import org.vouchsafe.app.R
import org.vouchsafe.app.ui.Formats
import org.vouchsafe.core.Claim
import org.vouchsafe.core.RecordDelivery

/** Done, or still to come. */
data class TimelineStep(val label: Int, val at: ULong?, val done: Boolean)

/** From the counter to the money; where it was voided or stopped, that is the last step. */
fun timelineOf(claim: Claim): List<TimelineStep> {
    val sent = claim.delivery != RecordDelivery.Waiting
    val begun = listOf(
        TimelineStep(R.string.label_served, claim.redeemedAt, done = true),
        TimelineStep(R.string.claim_received, null, done = sent),
    )
    if (claim.voidedAt != null) return begun + TimelineStep(R.string.claim_voided, claim.voidedAt, done = true)
    if (filterOf(claim) == ClaimFilter.NeedsAttention || claim.state == "voided") {
        return begun + TimelineStep(badge(claim).label, null, done = true)
    }
    val reached = PAYMENT_STEPS.indexOfFirst { claim.state in it.second }
    return begun + PAYMENT_STEPS.mapIndexed { place, (label, _) -> TimelineStep(label, null, done = sent && place <= reached) }
}

private val PAYMENT_STEPS = listOf(
    R.string.claim_approved to setOf("approved", "payable", "upheld"),
    R.string.claim_payment_sent to setOf("sent"),
    R.string.claim_paid to setOf("paid"),
)

@Composable
fun ClaimTimeline(claim: Claim, formats: Formats) {
    Column(verticalArrangement = Arrangement.spacedBy(8.dp)) {
        for (step in timelineOf(claim)) {
            val label = stringResource(step.label)
            val at = step.at?.let(formats::moment).orEmpty()
            val toCome = stringResource(R.string.step_to_come, label)
            Row(Modifier.clearAndSetSemantics { contentDescription = if (step.done) "$label $at".trim() else toCome }) {
                val toTheLine = with(LocalDensity.current) { 6.sp.toDp() }
                val dot = Modifier.padding(top = toTheLine, end = 12.dp).size(12.dp)
                val ink = MaterialTheme.colorScheme.primary
                Box(if (step.done) dot.background(ink, CircleShape) else dot.border(2.dp, MaterialTheme.colorScheme.outline, CircleShape))
                Column {
                    Text(label, style = MaterialTheme.typography.bodyLarge)
                    if (at.isNotEmpty()) {
                        Text(at, style = MaterialTheme.typography.bodyMedium, color = MaterialTheme.colorScheme.onSurfaceVariant)
                    }
                }
            }
        }
    }
}
