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

    private val robot by lazy { AppRobot(rule).apply { allowCamera() } }

    @After
    fun `the phone is put down`() = robot.close()

    @Test
    fun `a supervisor lets serve what a wrong clock forbids, and the office looks at the claim`() {
        name("lorna")
        robot.enrol(office)
        ask(office.issue("--money", "70.00"))
        robot.see(R.string.confirm_giving, "₱70.00").assertIsNotEnabled()
        type("314159")
        robot.tap(R.string.confirm_giving, "₱70.00")
        robot.see(R.string.pin_wrong)
        assertEquals(0, runBlocking { robot.container.phone.claims(limit = 10) }.size)
        robot.restartProcess()
        robot.see(R.string.confirm_giving, "₱70.00").assertIsNotEnabled()
        type(PIN)
        robot.tap(R.string.confirm_giving, "₱70.00")
        robot.see(R.string.recorded)
        robot.environment.clocks.shift = 0
        val claim = runBlocking { robot.container.phone.claims(limit = 10) }.single()
        assertEquals(null, runBlocking { robot.container.phone.sync(robot.environment.transport::send) }!!.stopped)
        assertEquals("in_review", office.claims().single { it["claim"].asString == claim.id }["state"].asString)
    }

    @Test
    fun `an override helps against nothing else, and guessing PINs takes time`() {
        name("lorna")
        robot.enrol(office)
        val voucher = office.issue("--money", "80.00")
        office.command("revoke", voucher.reference, "--reason", "a mistake")
        assertEquals(null, runBlocking { robot.container.phone.sync(robot.environment.transport::send) }!!.stopped)
        ask(voucher)
        type(PIN)
        robot.tap(R.string.confirm_giving, "₱80.00")
        robot.seePart(robot.text(R.string.why_revoked))
        robot.tap(R.string.back)
        robot.see(R.string.verdict_clock)
        robot.back()
        ask(office.issue("--money", "90.00"))
        repeat(FREE_PINS) {
            type("31415$it")
            robot.tap(R.string.confirm_giving, "₱90.00")
            robot.see(R.string.pin_wrong)
        }
        type(PIN)
        robot.tap(R.string.confirm_giving, "₱90.00")
        robot.see(robot.text(R.string.pin_wait, robot.app.resources.getQuantityString(R.plurals.minutes, 1, "1")))
        assertEquals(0, runBlocking { robot.container.phone.claims(limit = 10) }.size)
    }

    private fun name(supervisor: String) {
        val pin = server.dir.newFile().apply { writeText(PIN) }
        office.command("provider", "supervisor", "set", "--provider", "mercy", "--name", supervisor, "--pin-file", pin.path)
    }

    /** Shows a voucher to a phone whose clock is slow, and asks for a supervisor. */
    private fun ask(voucher: Office.Issued) {
        robot.environment.clocks.shift = -3 * DAY
        robot.see(R.string.scan_voucher)
        robot.showToCamera(voucher.picture)
        robot.see(R.string.verdict_clock)
        robot.showNothing()
        robot.tap(R.string.ask_supervisor)
        robot.see(R.string.override_title)
    }

    private fun type(pin: String) {
        val field = rule.onNode(hasSetTextAction() and hasText(robot.text(R.string.supervisor_pin)))
        field.performScrollTo()
        field.performTextReplacement(pin)
    }

    companion object {
        private const val PIN = "271828"
        private const val FREE_PINS = 3
        private const val DAY = 86_400L

        @get:JvmStatic
        @get:ClassRule
        val server = ServerRule()

        private val office get() = server.office
    }
}
