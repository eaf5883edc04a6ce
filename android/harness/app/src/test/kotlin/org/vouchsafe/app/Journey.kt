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
class Journey(private val rule: ComposeTestRule, private val robot: AppRobot, private val office: Office) {
    fun walk() {
        robot.enrol(office)

        robot.showToCamera(office.issue())
        robot.see(R.string.verdict_valid)
        robot.showNothing()
        robot.see("Maria Santos")
        robot.seePart("5,000.00")
        robot.draw("verdict-valid")
        robot.tap(R.string.serve)
        robot.see(R.string.serve_title)
        robot.draw("serve")
        rule.onNode(hasSetTextAction()).performTextReplacement("4000.50")
        robot.see(R.string.rest_goes_back)

        robot.environment.transport.stub = { HttpOutcome.Unreachable }
        robot.restartProcess()
        robot.allowCamera()
        robot.see(R.string.rest_goes_back)
        robot.environment.transport.stub = { HttpOutcome.Unreachable }
        robot.draw("serve-less")
        robot.tap(R.string.confirm_giving, "₱4,000.50")
        robot.see(R.string.recorded)
        robot.draw("receipt")

        val claim = runBlocking { robot.container.phone.claims(limit = 10) }.single()
        assertEquals(Benefit.Money(400_050uL, "PHP"), claim.given)
        robot.see(receiptNumber(claim.id))
        robot.tap(R.string.next_voucher)

        robot.tap(R.string.health)
        robot.seePart("1 record unsent")
        robot.tap(R.string.sync_now)
        robot.see(R.string.sync_unreachable)
        robot.draw("health-unsent")
        assertEquals(1uL, robot.health().unsentRecords)

        robot.environment.transport.stub = null
        robot.tap(R.string.sync_now)
        robot.see(R.string.sync_done)
        robot.see(R.string.all_sent)
        assertTrue(office.claims().any { it["claim"].asString == claim.id })
        assertEquals(RecordDelivery.Sent, runBlocking { robot.container.phone.claims(limit = 10) }.single().delivery)

        robot.tap(R.string.claims)
        robot.see(R.string.claim_received)
        robot.draw("claims")
    }
}
