package org.vouchsafe.app

import android.content.Intent
import android.net.Uri
import androidx.compose.ui.test.hasSetTextAction
import androidx.compose.ui.test.junit4.createEmptyComposeRule
import androidx.compose.ui.test.performTextInput
import androidx.core.content.IntentCompat
import androidx.test.ext.junit.runners.AndroidJUnit4
import androidx.work.WorkManager
import java.io.File
import kotlinx.coroutines.runBlocking
import org.junit.After
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertNotEquals
import org.junit.Assert.assertTrue
import org.junit.ClassRule
import org.junit.Rule
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.Shadows.shadowOf
import org.vouchsafe.app.claims.DocumentReaderTest
import org.vouchsafe.app.sync.WorkManagerSyncScheduler
import org.vouchsafe.core.Claim
import org.vouchsafe.core.Header
import org.vouchsafe.core.HttpOutcome
import org.vouchsafe.core.Imported
import org.vouchsafe.core.RecordDelivery
import org.vouchsafe.core.textIn

/** What may happen to a phone and to those who hold it: nothing is lost, and everything is named. */
@RunWith(AndroidJUnit4::class)
class MishapsTest {
    @get:Rule val rule = createEmptyComposeRule()

    private val hand by lazy { Hand(rule).apply { allowCamera() } }
    private val phone get() = hand.container.phone

    @After
    fun `the phone is put down`() = hand.close()

    @Test
    fun `a network that wants a sign-in is named, and what waits goes out afterwards`() {
        hand.enrol(office)
        redeem()
        val page = "<html><body>Welcome to the hotel</body></html>".toByteArray()
        hand.around.air.instead = { HttpOutcome.Response(200u, listOf(Header("content-type", "text/html")), page) }
        hand.tap(R.string.health)
        hand.tap(R.string.sync_now)
        hand.see(R.string.sync_not_our_server)
        assertEquals(1uL, hand.health().unsentRecords)
        hand.around.air.instead = null
        hand.tap(R.string.sync_now)
        hand.see(R.string.all_sent)
    }

    @Test
    fun `what a stolen key signed is refused from the next sync on`() {
        hand.enrol(office)
        val voucher = office.issue()
        office.loseVoucherKey()
        hand.showToCamera(voucher)
        hand.see(R.string.verdict_valid)
        hand.showNothing()
        hand.back()
        assertEquals(null, runBlocking { phone.sync(hand.around.air::send) }!!.stopped)
        hand.see(R.string.scan_voucher)
        hand.showToCamera(voucher)
        hand.see(R.string.verdict_not_valid)
        hand.see(R.string.why_issuer_compromised)
    }

    @Test
    fun `a full disk is told, and nothing is said to be served that is not kept`() {
        hand.enrol(office)
        hand.showToCamera(office.issue())
        hand.tap(R.string.serve)
        hand.showNothing()
        hand.see(R.string.serve_title)
        FileSizes.atMost(bytes = 4_096) {
            hand.tap(R.string.confirm_giving, "₱5,000.00")
            hand.seePart(hand.text(R.string.error_storage))
            assertEquals(emptyList<Claim>(), runBlocking { phone.claims(limit = 10) })
            assertEquals(0uL, hand.health().unsentRecords)
        }
        hand.tap(R.string.confirm_giving, "₱5,000.00")
        hand.see(R.string.recorded)
        hand.restartProcess()
        hand.see(R.string.recorded)
        assertEquals(1, runBlocking { phone.claims(limit = 10) }.size)
    }

    @Test
    fun `records go out and answers come in as files, and a full card loses nothing`() {
        hand.enrol(office)
        val claim = redeem()
        hand.tap(R.string.health)
        hand.see(R.string.label_digits)
        hand.tap(R.string.bundle_title)
        hand.tap(R.string.export_share)
        hand.seePart(hand.app.resources.getQuantityString(R.plurals.exported, 1, "1"))
        val sent = hand.asked().let { IntentCompat.getParcelableExtra(it, Intent.EXTRA_INTENT, Intent::class.java)!! }
        val stream = IntentCompat.getParcelableExtra(sent, Intent.EXTRA_STREAM, Uri::class.java)!!
        val file = File(open.dir.newFolder(), stream.lastPathSegment!!)
        hand.app.contentResolver.openInputStream(stream)!!.use { file.writeBytes(it.readBytes()) }

        assertTrue(runCatching { runBlocking { phone.export { File("/dev/full").outputStream() } } }.exceptionOrNull() is java.io.IOException)
        assertEquals(RecordDelivery.Waiting, runBlocking { phone.claim(claim) }.delivery)

        for (answer in office.takeIn(listOf(file))) {
            assertTrue(runBlocking { phone.import(answer.readBytes()) } is Imported.Done)
        }
        assertEquals(RecordDelivery.Sent, runBlocking { phone.claim(claim) }.delivery)
        assertTrue(office.claims().any { it["claim"].asString == claim })
        assertTrue(runBlocking { phone.import(file.readBytes()) } is Imported.Refused)
    }

    @Test
    fun `a voucher that another app shares is read and decided on`() {
        hand.enrol(office)
        val address = Uri.parse("content://messages/1")
        val picture = office.issue()
        shadowOf(hand.app.contentResolver).registerInputStreamSupplier(address) { picture.inputStream() }
        hand.receive(Intent(Intent.ACTION_SEND).setType("image/png").putExtra(Intent.EXTRA_STREAM, address))
        hand.see(R.string.verdict_valid)
    }

    @Test
    fun `what was served by mistake is taken back with a reason, and can be served again`() {
        hand.enrol(office)
        val voucher = textIn(office.issue())
        val claim = hand.redeem(voucher)
        hand.tap(R.string.claims)
        hand.tap("₱5,000.00")
        hand.tap(R.string.void_claim)
        rule.onNode(hasSetTextAction()).performTextInput("the wrong person")
        plansToSync { hand.tapLast(R.string.void_claim) }
        hand.see(R.string.claim_voided_means)
        assertTrue(runBlocking { phone.claim(claim) }.voidedAt != null)
        assertNotEquals(claim, hand.redeem(voucher))
    }

    @Test
    fun `a photographed document is attached, sent, and left nowhere else`() {
        hand.enrol(office)
        val claim = redeem()
        hand.tap(R.string.claims)
        hand.tap("₱5,000.00")
        hand.tap(R.string.photograph_document)
        val asked = hand.asked()
        val address = IntentCompat.getParcelableExtra(asked, android.provider.MediaStore.EXTRA_OUTPUT, Uri::class.java)!!
        hand.app.contentResolver.openOutputStream(address)!!.use { it.write(DocumentReaderTest.photograph(1_200, 900)) }
        plansToSync { hand.answer(asked, address) }
        hand.see(hand.text(R.string.documents_sent, "0", "1"))
        assertFalse(hand.app.cacheDir.walk().any(File::isFile))
        assertEquals(1uL, runBlocking { phone.sync(hand.around.air::send) }!!.documentsSent)
        hand.see(hand.text(R.string.documents_sent, "1", "1"))
        assertEquals(1u, runBlocking { phone.claim(claim) }.documentsSent)
    }

    /** Waits until another sync is planned, for when there is a network. */
    private fun plansToSync(deed: () -> Unit) {
        val manager = WorkManager.getInstance(hand.app)
        val planned = { manager.getWorkInfosForUniqueWork(WorkManagerSyncScheduler.ONCE).get().map { it.id } }
        val before = planned()
        deed()
        rule.waitUntil("another sync is planned", timeoutMillis = 30_000) {
            rule.waitForIdle()
            (planned() - before.toSet()).isNotEmpty()
        }
    }

    /** Redeems a new voucher; gives the claim. */
    private fun redeem(): String = hand.redeem(textIn(office.issue()))

    companion object {
        @get:JvmStatic
        @get:ClassRule
        val open = OpenOffice()

        private val office get() = open.office
    }
}
