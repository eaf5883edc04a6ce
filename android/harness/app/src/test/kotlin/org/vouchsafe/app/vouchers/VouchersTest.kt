package org.vouchsafe.app.vouchers

import androidx.compose.ui.test.hasSetTextAction
import androidx.compose.ui.test.junit4.createEmptyComposeRule
import androidx.compose.ui.test.performTextReplacement
import androidx.test.ext.junit.runners.AndroidJUnit4
import kotlinx.coroutines.runBlocking
import org.junit.After
import org.junit.Assert.assertEquals
import org.junit.ClassRule
import org.junit.Rule
import org.junit.Test
import org.junit.runner.RunWith
import org.vouchsafe.app.AppRobot
import org.vouchsafe.app.R
import org.vouchsafe.app.ServerRule
import org.vouchsafe.core.Benefit
import org.vouchsafe.core.ReferenceRedemption
import org.vouchsafe.core.ReferenceRefusal
import org.vouchsafe.core.HttpOutcome
import org.vouchsafe.core.Office
import org.vouchsafe.core.planeOf

/** Finding the vouchers of this provider, on the real activity with the real engine and a real server. */
@RunWith(AndroidJUnit4::class)
class VouchersTest {
    @get:Rule val rule = createEmptyComposeRule()

    private val robot by lazy { AppRobot(rule).apply { allowCamera() } }

    @After
    fun `the phone is put down`() = robot.close()

    @Test
    fun `a code that is typed finds its voucher offline, which shows as served when it was`() {
        val voucher = office.issue("--money", "250.00", "--provider", "mercy")
        robot.enrol(office)
        robot.environment.transport.stub = { HttpOutcome.Unreachable }

        robot.tap(R.string.type_reference)
        robot.see(R.string.filter_closed)
        type(printed(voucher).replace("-", " ").lowercase().replace('0', 'o').replace('1', 'l'))
        robot.see(found(1))
        robot.tap(printed(voucher))
        robot.see(R.string.voucher_open_means)
        robot.see("M*** S***")
        robot.draw("voucher-found")
        robot.tap(R.string.scan_it)

        robot.see(R.string.scan_voucher)
        robot.showToCamera(planeOf(voucher.picture))
        robot.see(R.string.verdict_valid)
        robot.showNothing()
        robot.tap(R.string.serve)
        robot.tap(R.string.confirm_giving, "₱250.00")
        robot.see(R.string.recorded)
        robot.tap(R.string.next_voucher)

        robot.tap(R.string.vouchers)
        robot.see(R.string.filter_closed)
        type(printed(voucher))
        robot.see(R.string.voucher_served_here)
        robot.draw("vouchers-served")
        robot.restartProcess()
        robot.environment.transport.stub = { HttpOutcome.Unreachable }
        robot.see(R.string.voucher_served_here)
        type(printed(voucher).lowercase())
        robot.tap(printed(voucher))
        robot.tap(R.string.see_claim)
        robot.see(R.string.claim_unsent)
    }

    @Test
    fun `vouchers are filtered by category and state, and what the office revoked is known after a sync`() {
        val taken = office.issue("--money", "40.00", "--provider", "mercy")
        office.command(
            "issue", "--programme", "aid", "--provider", "mercy", "--money", "30.00", "--until", "2099-12-31",
            "--holder", "Juan Cruz", "--assistance", "Food", "--out", "${server.dir.root}/food",
        )
        robot.enrol(office)
        robot.tap(R.string.vouchers)
        robot.tap("Food")
        robot.see("J*** C*** · Food")
        robot.see(found(1))
        robot.tap(R.string.filter_closed)
        robot.see(R.string.no_such_vouchers)
        robot.see(R.string.not_listed_means)
        office.command("revoke", taken.reference, "--reason", "a mistake")
        assertEquals(null, runBlocking { robot.container.phone.sync(robot.environment.transport::send) }!!.stopped)
        robot.tap(R.string.any_category)
        robot.see(printed(taken))
        robot.see(R.string.verdict_revoked)
        type("nobody of this name")
        robot.see(R.string.no_such_vouchers)
    }

    @Test
    fun `a voucher whose code cannot be read is served without it where the programme allows that, and so marked`() {
        val voucher = office.issue("--money", "90.00", "--provider", "mercy")
        office.command("programme", "policy", "aid", "--by-reference", "review")
        robot.enrol(office)
        robot.environment.transport.stub = { HttpOutcome.Unreachable }
        robot.tap(R.string.vouchers)
        robot.see(R.string.filter_closed)
        type(printed(voucher).lowercase())
        robot.tap(printed(voucher))
        robot.tap(R.string.serve_by_reference)
        robot.see(R.string.by_reference_means)
        type("80.00")
        robot.see(R.string.rest_goes_back)
        robot.restartProcess()
        robot.environment.transport.stub = { HttpOutcome.Unreachable }
        robot.see(R.string.rest_goes_back)
        robot.tap(R.string.confirm_giving, "₱80.00")
        robot.see(R.string.recorded)
        robot.see(R.string.by_reference_claim)
        val claim = runBlocking { robot.container.phone.claims(limit = 10) }.single()
        assertEquals(Benefit.Money(8_000uL, "PHP"), claim.given)
        robot.environment.transport.stub = null
        assertEquals(null, runBlocking { robot.container.phone.sync(robot.environment.transport::send) }!!.stopped)
        val held = office.claims().single { it["claim"].asString == claim.id }
        assertEquals("by_reference", held["how_read"].asString)
        assertEquals("in_review", held["state"].asString)
        val again = runBlocking { robot.container.phone.redeemByReference(voucher.reference, claim.given!!) }
        assertEquals(ReferenceRedemption.Refused(ReferenceRefusal.NotListed), again)
        office.command("programme", "policy", "aid", "--by-reference", "refuse")
    }

    /** The reference that is printed on a voucher names its picture. */
    private fun printed(voucher: Office.Issued) = voucher.picture.nameWithoutExtension

    private fun found(vouchers: Int) = robot.app.resources.getQuantityString(R.plurals.vouchers_found, vouchers, "$vouchers")

    private fun type(text: String) = rule.onNode(hasSetTextAction()).performTextReplacement(text)

    companion object {
        @get:JvmStatic
        @get:ClassRule
        val server = ServerRule()

        private val office get() = server.office
    }
}
