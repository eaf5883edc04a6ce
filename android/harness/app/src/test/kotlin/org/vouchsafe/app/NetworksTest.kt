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

    private val robot by lazy { AppRobot(rule).apply { allowCamera() } }
    private val phone get() = robot.container.phone

    @After
    fun `the phone is put down`() = robot.close()

    @Test
    fun `over mobile data records go at once, and documents when somebody allows it`() = Office(dir.root).use { office ->
        robot.enrol(office)
        robot.useMobileData()
        val claim = robot.redeem(textIn(office.issue()))
        runBlocking { phone.attach(claim, NewDocument("%PDF-1.4".toByteArray(), "application/pdf")) }
        robot.tap(R.string.health)
        robot.tap(R.string.sync_now)
        robot.see(R.string.all_sent)
        assertEquals(0uL, robot.health().unsentRecords)
        assertEquals(1uL, robot.health().unsentDocuments)
        robot.tap(R.string.documents_anywhere)
        robot.tap(R.string.sync_now)
        robot.see(R.string.sync_done)
        rule.waitUntil(PATIENCE_MILLIS) { robot.health().unsentDocuments == 0uL }
        robot.restartProcess()
        robot.see(R.string.documents_anywhere)
        assertEquals(true, robot.container.settings.documentsAnywhere.value)
    }

    @Test
    fun `in airplane mode vouchers are served, and go out when there is a network again`() {
        val office = Office(dir.root)
        robot.enrol(office)
        val voucher = office.issue()
        office.stopServer()
        robot.showToCamera(voucher)
        robot.tap(R.string.serve)
        robot.showNothing()
        robot.tap(R.string.confirm_giving, "₱5,000.00")
        robot.tap(R.string.next_voucher)
        robot.tap(R.string.health)
        robot.tap(R.string.sync_now)
        robot.see(R.string.sync_unreachable)
        robot.seePart("1 record unsent")
        office.startServer()
        robot.tap(R.string.sync_now)
        robot.see(R.string.all_sent)
        assertEquals(1, office.claims().size)
        office.close()
    }

    private companion object {
        const val PATIENCE_MILLIS = 30_000L
    }
}
