package org.vouchsafe.app

import androidx.compose.ui.test.junit4.createEmptyComposeRule
import androidx.test.ext.junit.runners.AndroidJUnit4
import kotlinx.coroutines.runBlocking
import org.junit.After
import org.junit.Assert.assertEquals
import org.junit.Rule
import org.junit.Test
import org.junit.rules.TemporaryFolder
import org.junit.runner.RunWith
import org.vouchsafe.core.NewDocument
import org.vouchsafe.core.Office
import org.vouchsafe.core.textIn

/** Networks that cost money, and none at all, over the app's own HTTP. */
@RunWith(AndroidJUnit4::class)
class NetworksTest {
    @get:Rule val rule = createEmptyComposeRule()
    @get:Rule val dir = TemporaryFolder()

    private val hand by lazy { Hand(rule).apply { allowCamera() } }
    private val phone get() = hand.container.phone

    @After
    fun `the phone is put down`() = hand.close()

    @Test
    fun `over mobile data records go at once, and documents when somebody allows it`() = Office(dir.root).use { office ->
        hand.enrol(office)
        hand.rideOnMobileData()
        val claim = hand.redeem(textIn(office.issue()))
        runBlocking { phone.attach(claim, NewDocument("%PDF-1.4".toByteArray(), "application/pdf")) }
        hand.tap(R.string.health)
        hand.tap(R.string.sync_now)
        hand.see(R.string.all_sent)
        assertEquals(0uL, hand.health().unsentRecords)
        assertEquals(1uL, hand.health().unsentDocuments)
        hand.tap(R.string.documents_anywhere)
        hand.tap(R.string.sync_now)
        hand.see(R.string.sync_done)
        rule.waitUntil(PATIENCE_MILLIS) { hand.health().unsentDocuments == 0uL }
        hand.restartProcess()
        hand.see(R.string.documents_anywhere)
        assertEquals(true, hand.container.settings.documentsAnywhere.value)
    }

    @Test
    fun `in airplane mode vouchers are served, and go out when there is a network again`() {
        val office = Office(dir.root)
        hand.enrol(office)
        val voucher = office.issue()
        office.leaveTheNet()
        hand.showToCamera(voucher)
        hand.tap(R.string.serve)
        hand.showNothing()
        hand.tap(R.string.confirm_giving, "₱5,000.00")
        hand.tap(R.string.next_voucher)
        hand.tap(R.string.health)
        hand.tap(R.string.sync_now)
        hand.see(R.string.sync_unreachable)
        hand.seePart("1 record unsent")
        office.comeBack()
        hand.tap(R.string.sync_now)
        hand.see(R.string.all_sent)
        assertEquals(1, office.claims().size)
        office.close()
    }

    private companion object {
        const val PATIENCE_MILLIS = 30_000L
    }
}
