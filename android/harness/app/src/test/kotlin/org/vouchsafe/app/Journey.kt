package org.vouchsafe.app

import androidx.compose.ui.test.hasSetTextAction
import androidx.compose.ui.test.junit4.ComposeTestRule
import androidx.compose.ui.test.performTextReplacement
import kotlinx.coroutines.runBlocking
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.vouchsafe.app.verdict.receiptNumber
import org.vouchsafe.core.Benefit
import org.vouchsafe.core.HttpOutcome
import org.vouchsafe.core.Office
import org.vouchsafe.core.RecordDelivery

/** From enrolment to a claim that the server holds, offline and through a restart. */
class Journey(private val rule: ComposeTestRule, private val hand: Hand, private val office: Office) {
    fun walk() {
        hand.enrol(office)

        hand.showToCamera(office.issue())
        hand.see(R.string.verdict_valid)
        hand.showNothing()
        hand.see("Maria Santos")
        hand.seePart("5,000.00")
        hand.draw("verdict-valid")
        hand.tap(R.string.serve)
        hand.see(R.string.serve_title)
        hand.draw("serve")
        rule.onNode(hasSetTextAction()).performTextReplacement("4000.50")
        hand.see(R.string.rest_goes_back)

        hand.around.air.instead = { HttpOutcome.Unreachable }
        hand.restartProcess()
        hand.allowCamera()
        hand.see(R.string.rest_goes_back)
        hand.around.air.instead = { HttpOutcome.Unreachable }
        hand.draw("serve-less")
        hand.tap(R.string.confirm_giving, "₱4,000.50")
        hand.see(R.string.recorded)
        hand.draw("receipt")

        val claim = runBlocking { hand.container.phone.claims(limit = 10) }.single()
        assertEquals(Benefit.Money(400_050uL, "PHP"), claim.given)
        hand.see(receiptNumber(claim.id))
        hand.tap(R.string.next_voucher)

        hand.tap(R.string.health)
        hand.seePart("1 record unsent")
        hand.tap(R.string.sync_now)
        hand.see(R.string.sync_unreachable)
        hand.draw("health-unsent")
        assertEquals(1uL, hand.health().unsentRecords)

        hand.around.air.instead = null
        hand.tap(R.string.sync_now)
        hand.see(R.string.sync_done)
        hand.see(R.string.all_sent)
        assertTrue(office.claims().any { it["claim"].asString == claim.id })
        assertEquals(RecordDelivery.Sent, runBlocking { hand.container.phone.claims(limit = 10) }.single().delivery)

        hand.tap(R.string.claims)
        hand.see(R.string.claim_received)
        hand.draw("claims")
    }
}
