package org.vouchsafe.app

import androidx.compose.ui.test.junit4.createEmptyComposeRule
import androidx.test.ext.junit.runners.AndroidJUnit4
import java.time.LocalDate
import java.time.ZoneId
import kotlinx.coroutines.runBlocking
import org.junit.After
import org.junit.AfterClass
import org.junit.Assert.assertEquals
import org.junit.BeforeClass
import org.junit.ClassRule
import org.junit.Rule
import org.junit.Test
import org.junit.rules.TemporaryFolder
import org.junit.runner.RunWith
import org.vouchsafe.app.device.RedemptionRequest
import org.vouchsafe.core.HowRead
import org.vouchsafe.core.Office
import org.vouchsafe.core.Plane
import org.vouchsafe.core.planeOf
import org.vouchsafe.core.textIn

/** What staff see for each voucher that is held before the camera. */
@RunWith(AndroidJUnit4::class)
class VerdictTest {
    @get:Rule val rule = createEmptyComposeRule()

    private val robot by lazy { AppRobot(rule).apply { allowCamera() } }

    @After
    fun `the phone is put down`() = robot.close()

    @Test
    fun `each refusal has its word, and is heard`() {
        robot.enrol(office)
        refuses(R.string.verdict_no_voucher, codeOf("https://example.org/menu"))
        refuses(R.string.verdict_no_voucher, codeOf("VS1:NOT A VOUCHER AT ALL"))
        refuses(R.string.verdict_unknown, planeOf(another.issue()))
        refuses(R.string.verdict_forged, codeOf(forged(textIn(office.issue()))))
        refuses(R.string.verdict_not_here, planeOf(office.issue("--money", "10.00", "--provider", "hope").picture))
        val later = today.plusDays(5).toString()
        refuses(R.string.verdict_not_yet, planeOf(office.issue("--money", "10.00", "--from", later).picture))
        val served = textIn(office.issue())
        runBlocking { robot.container.phone.redeem(served, RedemptionRequest(given = null, HowRead.CAMERA)) }
        refuses(R.string.verdict_served, codeOf(served))
        assertEquals(listOf("refused"), robot.environment.feedback.given.distinct())
    }

    @Test
    fun `what the office revokes or suspends is refused after the next sync`() {
        robot.enrol(office)
        val revoked = office.issue("--money", "10.00")
        val held = office.issue("--money", "10.00")
        accepts(planeOf(revoked.picture))
        office.command("revoke", revoked.reference, "--reason", "a mistake")
        office.command("suspend", held.reference, "--reason", "to be looked at")
        assertEquals(null, runBlocking { robot.container.phone.sync(robot.environment.transport::send) }!!.stopped)
        refuses(R.string.verdict_revoked, planeOf(revoked.picture))
        refuses(R.string.verdict_suspended, planeOf(held.picture))
    }

    @Test
    fun `a clock that is wrong is told, and weeks without the programme end in a request to sync`() {
        robot.enrol(office)
        val voucher = office.issue("--money", "10.00", "--until", today.plusDays(2).toString()).picture
        accepts(planeOf(voucher))
        robot.environment.clocks.shift = -3 * DAY
        refuses(R.string.verdict_clock, planeOf(voucher))
        robot.environment.clocks.shift = 5 * DAY
        refuses(R.string.verdict_expired, planeOf(voucher))
        robot.environment.clocks.shift = 500 * DAY
        refuses(R.string.verdict_sync_first, planeOf(office.issue()))
    }

    @Test
    fun `without permission to use the camera, the app says what to do`() {
        robot.enrol(office)
        robot.forbidCamera()
        robot.restartProcess()
        robot.see(R.string.camera_needed)
        robot.see(R.string.allow_camera)
        robot.see(R.string.open_picture)
    }

    private fun accepts(plane: Plane) = decides(R.string.verdict_valid, plane)

    private fun refuses(word: Int, plane: Plane) = decides(word, plane)

    private fun decides(word: Int, plane: Plane) {
        robot.see(R.string.scan_voucher)
        robot.showToCamera(plane)
        robot.see(word)
        robot.showNothing()
        robot.back()
    }

    companion object {
        private const val DAY = 86_400L
        private val today = LocalDate.now(ZoneId.of("Asia/Manila"))

        @get:JvmStatic
        @get:ClassRule
        val dir = TemporaryFolder()

        private lateinit var office: Office
        private lateinit var another: Office

        @JvmStatic
        @BeforeClass
        fun `two offices are set up`() {
            office = Office(dir.newFolder())
            office.command("provider", "add", "--id", "hope", "--name", "Hope Hospital", "--programme", "aid")
            another = Office(dir.newFolder())
        }

        @JvmStatic
        @AfterClass
        fun `the offices close`() {
            office.close()
            another.close()
        }
    }
}
