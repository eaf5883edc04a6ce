package org.vouchsafe.app

import androidx.compose.ui.test.assertIsNotEnabled
import androidx.compose.ui.test.hasSetTextAction
import androidx.compose.ui.test.hasText
import androidx.compose.ui.test.junit4.createEmptyComposeRule
import androidx.compose.ui.test.performScrollTo
import androidx.compose.ui.test.performTextReplacement
import androidx.test.ext.junit.runners.AndroidJUnit4
import kotlinx.coroutines.runBlocking
import org.junit.After
import org.junit.Assert.assertEquals
import org.junit.ClassRule
import org.junit.Rule
import org.junit.Test
import org.junit.runner.RunWith
import org.vouchsafe.core.Office

/** What this phone alone may not decide, a supervisor may, with a PIN of their own. */
@RunWith(AndroidJUnit4::class)
class OverrideTest {
    @get:Rule val rule = createEmptyComposeRule()

    private val hand by lazy { Hand(rule).apply { allowCamera() } }

    @After
    fun `the phone is put down`() = hand.close()

    @Test
    fun `a supervisor lets serve what a wrong clock forbids, and the office looks at the claim`() {
        name("lorna")
        hand.enrol(office)
        ask(office.issue("--money", "70.00"))
        hand.see(R.string.confirm_giving, "₱70.00").assertIsNotEnabled()
        type("314159")
        hand.tap(R.string.confirm_giving, "₱70.00")
        hand.see(R.string.pin_wrong)
        assertEquals(0, runBlocking { hand.container.phone.claims(limit = 10) }.size)
        hand.restartProcess()
        hand.see(R.string.confirm_giving, "₱70.00").assertIsNotEnabled()
        type(PIN)
        hand.tap(R.string.confirm_giving, "₱70.00")
        hand.see(R.string.recorded)
        hand.around.clocks.shift = 0
        val claim = runBlocking { hand.container.phone.claims(limit = 10) }.single()
        assertEquals(null, runBlocking { hand.container.phone.sync(hand.around.air::send) }!!.stopped)
        assertEquals("in_review", office.claims().single { it["claim"].asString == claim.id }["state"].asString)
    }

    @Test
    fun `an override helps against nothing else, and guessing PINs takes time`() {
        name("lorna")
        hand.enrol(office)
        val voucher = office.issue("--money", "80.00")
        office.command("revoke", voucher.reference, "--reason", "a mistake")
        assertEquals(null, runBlocking { hand.container.phone.sync(hand.around.air::send) }!!.stopped)
        ask(voucher)
        type(PIN)
        hand.tap(R.string.confirm_giving, "₱80.00")
        hand.seePart(hand.text(R.string.why_revoked))
        hand.tap(R.string.back)
        hand.see(R.string.verdict_clock)
        hand.back()
        ask(office.issue("--money", "90.00"))
        repeat(FREE_PINS) {
            type("31415$it")
            hand.tap(R.string.confirm_giving, "₱90.00")
            hand.see(R.string.pin_wrong)
        }
        type(PIN)
        hand.tap(R.string.confirm_giving, "₱90.00")
        hand.see(hand.text(R.string.pin_wait, hand.app.resources.getQuantityString(R.plurals.minutes, 1, "1")))
        assertEquals(0, runBlocking { hand.container.phone.claims(limit = 10) }.size)
    }

    private fun name(supervisor: String) {
        val pin = open.dir.newFile().apply { writeText(PIN) }
        office.command("provider", "supervisor", "set", "--provider", "mercy", "--name", supervisor, "--pin-file", pin.path)
    }

    /** Shows a voucher to a phone whose clock is slow, and asks for a supervisor. */
    private fun ask(voucher: Office.Issued) {
        hand.around.clocks.shift = -3 * DAY
        hand.see(R.string.scan_voucher)
        hand.showToCamera(voucher.picture)
        hand.see(R.string.verdict_clock)
        hand.showNothing()
        hand.tap(R.string.ask_supervisor)
        hand.see(R.string.override_title)
    }

    private fun type(pin: String) {
        val field = rule.onNode(hasSetTextAction() and hasText(hand.text(R.string.supervisor_pin)))
        field.performScrollTo()
        field.performTextReplacement(pin)
    }

    companion object {
        private const val PIN = "271828"
        private const val FREE_PINS = 3
        private const val DAY = 86_400L

        @get:JvmStatic
        @get:ClassRule
        val open = OpenOffice()

        private val office get() = open.office
    }
}
