package org.vouchsafe.app

import androidx.compose.ui.test.assertIsSelected
import androidx.compose.ui.test.hasSetTextAction
import androidx.compose.ui.test.hasText
import androidx.compose.ui.test.isSelectable
import androidx.compose.ui.test.junit4.createEmptyComposeRule
import androidx.compose.ui.test.performClick
import androidx.compose.ui.test.performTextInput
import androidx.compose.ui.test.performTextReplacement
import androidx.test.ext.junit.runners.AndroidJUnit4
import org.junit.After
import org.junit.ClassRule
import org.junit.Rule
import org.junit.Test
import org.junit.runner.RunWith

/** Every screen is there again after the phone was turned and after Android ended the process, with what was typed. */
@RunWith(AndroidJUnit4::class)
class RecreatedTest {
    @get:Rule val rule = createEmptyComposeRule()

    private val robot by lazy { AppRobot(rule).apply { allowCamera() } }

    @After
    fun `the phone is put down`() = robot.close()

    @Test
    fun `while a phone is enrolled`() {
        robot.openApp()
        again { robot.see(R.string.scan_enrolment) }
        robot.showToCamera(office.offer())
        again { robot.see(R.string.compare_digits) }
        robot.showNothing()
        robot.tap(R.string.confirm_check)
        robot.see(R.string.sync_done)
        robot.tap(R.string.confirm_later)
        again { robot.see(R.string.scan_voucher) }
        robot.tap(R.string.health)
        again { robot.see(R.string.not_confirmed) }
    }

    @Test
    fun `from the verdict to what was served, with what was typed`() {
        robot.enrol(office)
        robot.showToCamera(office.issue())
        robot.see(R.string.verdict_valid)
        robot.showNothing()
        again { robot.see(R.string.verdict_valid) }
        robot.tap(R.string.serve)
        robot.see(R.string.serve_title)
        rule.onNode(hasSetTextAction()).performTextReplacement("12.34")
        again { robot.see("12.34") }
        robot.tap(R.string.confirm_giving, "₱12.34")
        again { robot.see(R.string.recorded) }
        robot.tap(R.string.void_claim)
        rule.onNode(hasSetTextAction()).performTextInput("the wrong person")
        again { robot.see("the wrong person") }
        robot.tap(R.string.keep)
        robot.tap(R.string.next_voucher)
        again { robot.see(R.string.scan_voucher) }
    }

    @Test
    fun `among claims, with what was looked for, and by file`() {
        robot.enrol(office)
        robot.tap(R.string.claims)
        again { robot.see(R.string.no_claims) }
        robot.showToCamera(office.issue())
        robot.tap(R.string.scan)
        robot.tap(R.string.serve)
        robot.showNothing()
        robot.tap(R.string.confirm_giving, "₱5,000.00")
        robot.tap(R.string.next_voucher)
        robot.tap(R.string.claims)
        rule.onNode(hasSetTextAction()).performTextInput("5000")
        unsent().performClick()
        again {
            robot.see("5000")
            unsent().assertIsSelected()
        }
        robot.tap("₱5,000.00")
        again { robot.see(R.string.claim_unsent_means) }
        robot.back()
        robot.tap(R.string.health)
        again { robot.seePart("1 record unsent") }
        robot.tap(R.string.bundle_title)
        again { robot.see(R.string.bundle_how) }
        robot.back()
        robot.see(R.string.sync_now)
    }

    @Test
    fun `with a storage that cannot be used, until it can`() {
        val place = robot.app.noBackupFilesDir.resolve("phone")
        place.writeText("not a folder")
        robot.openApp()
        again { robot.see(R.string.try_again) }
        place.delete()
        robot.tap(R.string.try_again)
        robot.see(R.string.scan_enrolment)
    }

    /** The filter among claims; claims say the same word. */
    private fun unsent() = rule.onNode(isSelectable() and hasText(robot.text(R.string.claim_unsent)))

    /** Looks, and looks again after the phone was turned, and after Android ended the process behind the app. */
    private fun again(look: () -> Unit) {
        look()
        robot.recreate()
        look()
        robot.restartProcess()
        look()
        robot.recreate()
        look()
    }

    companion object {
        @get:JvmStatic
        @get:ClassRule
        val server = ServerRule()

        private val office get() = server.office
    }
}
