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

    private val hand by lazy { Hand(rule).apply { allowCamera() } }

    @After
    fun `the phone is put down`() = hand.close()

    @Test
    fun `while a phone is enrolled`() {
        hand.openApp()
        again { hand.see(R.string.scan_enrolment) }
        hand.showToCamera(office.offer())
        again { hand.see(R.string.compare_digits) }
        hand.showNothing()
        hand.tap(R.string.confirm_check)
        hand.see(R.string.sync_done)
        hand.tap(R.string.confirm_later)
        again { hand.see(R.string.scan_voucher) }
        hand.tap(R.string.health)
        again { hand.see(R.string.not_confirmed) }
    }

    @Test
    fun `from the verdict to what was served, with what was typed`() {
        hand.enrol(office)
        hand.showToCamera(office.issue())
        hand.see(R.string.verdict_valid)
        hand.showNothing()
        again { hand.see(R.string.verdict_valid) }
        hand.tap(R.string.serve)
        hand.see(R.string.serve_title)
        rule.onNode(hasSetTextAction()).performTextReplacement("12.34")
        again { hand.see("12.34") }
        hand.tap(R.string.confirm_giving, "₱12.34")
        again { hand.see(R.string.recorded) }
        hand.tap(R.string.void_claim)
        rule.onNode(hasSetTextAction()).performTextInput("the wrong person")
        again { hand.see("the wrong person") }
        hand.tap(R.string.keep)
        hand.tap(R.string.next_voucher)
        again { hand.see(R.string.scan_voucher) }
    }

    @Test
    fun `among claims, with what was looked for, and by file`() {
        hand.enrol(office)
        hand.tap(R.string.claims)
        again { hand.see(R.string.no_claims) }
        hand.showToCamera(office.issue())
        hand.tap(R.string.scan)
        hand.tap(R.string.serve)
        hand.showNothing()
        hand.tap(R.string.confirm_giving, "₱5,000.00")
        hand.tap(R.string.next_voucher)
        hand.tap(R.string.claims)
        rule.onNode(hasSetTextAction()).performTextInput("5000")
        unsent().performClick()
        again {
            hand.see("5000")
            unsent().assertIsSelected()
        }
        hand.tap("₱5,000.00")
        again { hand.see(R.string.claim_unsent_means) }
        hand.back()
        hand.tap(R.string.health)
        again { hand.seePart("1 record unsent") }
        hand.tap(R.string.bundle_title)
        again { hand.see(R.string.bundle_how) }
        hand.back()
        hand.see(R.string.sync_now)
    }

    @Test
    fun `with a storage that cannot be used, until it can`() {
        val place = hand.app.noBackupFilesDir.resolve("phone")
        place.writeText("not a folder")
        hand.openApp()
        again { hand.see(R.string.try_again) }
        place.delete()
        hand.tap(R.string.try_again)
        hand.see(R.string.scan_enrolment)
    }

    /** The filter among claims; claims say the same word. */
    private fun unsent() = rule.onNode(isSelectable() and hasText(hand.text(R.string.claim_unsent)))

    /** Looks, and looks again after the phone was turned, and after Android ended the process behind the app. */
    private fun again(look: () -> Unit) {
        look()
        hand.recreate()
        look()
        hand.restartProcess()
        look()
        hand.recreate()
        look()
    }

    companion object {
        @get:JvmStatic
        @get:ClassRule
        val open = OpenOffice()

        private val office get() = open.office
    }
}
