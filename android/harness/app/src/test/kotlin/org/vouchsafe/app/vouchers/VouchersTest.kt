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
import org.vouchsafe.app.Hand
import org.vouchsafe.app.OpenOffice
import org.vouchsafe.app.R
import org.vouchsafe.core.Benefit
import org.vouchsafe.core.HttpOutcome
import org.vouchsafe.core.Office
import org.vouchsafe.core.ReferenceRedemption
import org.vouchsafe.core.ReferenceRefusal
import org.vouchsafe.core.planeOf

/** Finding the vouchers of this provider, on the real activity with the real engine and a real server. */
@RunWith(AndroidJUnit4::class)
class VouchersTest {
    @get:Rule val rule = createEmptyComposeRule()

    private val hand by lazy { Hand(rule).apply { allowCamera() } }

    @After
    fun `the phone is put down`() = hand.close()

    @Test
    fun `a code that is typed finds its voucher offline, which shows as served when it was`() {
        val voucher = office.issue("--money", "250.00", "--provider", "mercy")
        hand.enrol(office)
        hand.around.air.instead = { HttpOutcome.Unreachable }

        hand.tap(R.string.type_code)
        hand.see(R.string.kind_closed)
        type(printed(voucher).replace("-", " ").lowercase().replace('0', 'o').replace('1', 'l'))
        hand.see(found(1))
        hand.tap(printed(voucher))
        hand.see(R.string.voucher_open_means)
        hand.see("M*** S***")
        hand.draw("voucher-found")
        hand.tap(R.string.scan_it)

        hand.see(R.string.scan_voucher)
        hand.showToCamera(planeOf(voucher.picture))
        hand.see(R.string.word_valid)
        hand.showNothing()
        hand.tap(R.string.serve)
        hand.tap(R.string.confirm_giving, "₱250.00")
        hand.see(R.string.recorded)
        hand.tap(R.string.next_voucher)

        hand.tap(R.string.vouchers)
        hand.see(R.string.kind_closed)
        type(printed(voucher))
        hand.see(R.string.voucher_served_here)
        hand.draw("vouchers-served")
        hand.restartProcess()
        hand.around.air.instead = { HttpOutcome.Unreachable }
        hand.see(R.string.voucher_served_here)
        type(printed(voucher).lowercase())
        hand.tap(printed(voucher))
        hand.tap(R.string.see_claim)
        hand.see(R.string.claim_unsent)
    }

    @Test
    fun `vouchers are sorted by kind and by how they stand, and what the office took back is known after a sync`() {
        val taken = office.issue("--money", "40.00", "--provider", "mercy")
        office.command(
            "issue", "--programme", "aid", "--provider", "mercy", "--money", "30.00", "--until", "2099-12-31",
            "--holder", "Juan Cruz", "--assistance", "Food", "--out", "${open.dir.root}/food",
        )
        hand.enrol(office)
        hand.tap(R.string.vouchers)
        hand.tap("Food")
        hand.see("J*** C*** · Food")
        hand.see(found(1))
        hand.tap(R.string.kind_closed)
        hand.see(R.string.no_such_vouchers)
        hand.see(R.string.not_listed_means)
        office.command("revoke", taken.reference, "--reason", "a mistake")
        assertEquals(null, runBlocking { hand.parts.phone.sync(hand.around.air::send) }!!.stopped)
        hand.tap(R.string.any_category)
        hand.see(printed(taken))
        hand.see(R.string.word_taken_back)
        type("nobody of this name")
        hand.see(R.string.no_such_vouchers)
    }

    @Test
    fun `a voucher whose code cannot be read is served without it where the programme allows that, and so marked`() {
        val voucher = office.issue("--money", "90.00", "--provider", "mercy")
        office.command("programme", "policy", "aid", "--by-reference", "review")
        hand.enrol(office)
        hand.around.air.instead = { HttpOutcome.Unreachable }
        hand.tap(R.string.vouchers)
        hand.see(R.string.kind_closed)
        type(printed(voucher).lowercase())
        hand.tap(printed(voucher))
        hand.tap(R.string.serve_by_code)
        hand.see(R.string.by_code_means)
        type("80.00")
        hand.see(R.string.rest_goes_back)
        hand.restartProcess()
        hand.around.air.instead = { HttpOutcome.Unreachable }
        hand.see(R.string.rest_goes_back)
        hand.tap(R.string.confirm_giving, "₱80.00")
        hand.see(R.string.recorded)
        hand.see(R.string.by_code_claim)
        val claim = runBlocking { hand.parts.phone.claims(limit = 10) }.single()
        assertEquals(Benefit.Money(8_000uL, "PHP"), claim.given)
        hand.around.air.instead = null
        assertEquals(null, runBlocking { hand.parts.phone.sync(hand.around.air::send) }!!.stopped)
        val held = office.claims().single { it["claim"].asString == claim.id }
        assertEquals("by_reference", held["how_read"].asString)
        assertEquals("in_review", held["state"].asString)
        val again = runBlocking { hand.parts.phone.serveByCode(voucher.reference, claim.given!!) }
        assertEquals(ReferenceRedemption.Refused(ReferenceRefusal.NotListed), again)
        office.command("programme", "policy", "aid", "--by-reference", "refuse")
    }

    /** The reference that is printed on a voucher names its picture. */
    private fun printed(voucher: Office.Issued) = voucher.picture.nameWithoutExtension

    private fun found(vouchers: Int) = hand.app.resources.getQuantityString(R.plurals.vouchers_found, vouchers, "$vouchers")

    private fun type(text: String) = rule.onNode(hasSetTextAction()).performTextReplacement(text)

    companion object {
        @get:JvmStatic
        @get:ClassRule
        val open = OpenOffice()

        private val office get() = open.office
    }
}
