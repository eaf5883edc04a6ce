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

/** Failures of networks, keys, disks and people: nothing is lost, and everything is named. */
@RunWith(AndroidJUnit4::class)
class FailureTest {
    @get:Rule val rule = createEmptyComposeRule()

    private val robot by lazy { AppRobot(rule).apply { allowCamera() } }
    private val phone get() = robot.container.phone

    @After
    fun `the phone is put down`() = robot.close()

    @Test
    fun `a network that wants a sign-in is named, and what waits goes out afterwards`() {
        robot.enrol(office)
        redeem()
        val page = "<html><body>Welcome to the hotel</body></html>".toByteArray()
        robot.environment.transport.stub = { HttpOutcome.Response(200u, listOf(Header("content-type", "text/html")), page) }
        robot.tap(R.string.health)
        robot.tap(R.string.sync_now)
        robot.see(R.string.sync_not_our_server)
        assertEquals(1uL, robot.health().unsentRecords)
        robot.environment.transport.stub = null
        robot.tap(R.string.sync_now)
        robot.see(R.string.all_sent)
    }

    @Test
    fun `what a stolen key signed is refused from the next sync on`() {
        robot.enrol(office)
        val voucher = office.issue()
        office.compromiseVoucherKey()
        robot.showToCamera(voucher)
        robot.see(R.string.verdict_valid)
        robot.showNothing()
        robot.back()
        assertEquals(null, runBlocking { phone.sync(robot.environment.transport::send) }!!.stopped)
        robot.see(R.string.scan_voucher)
        robot.showToCamera(voucher)
        robot.see(R.string.verdict_not_valid)
        robot.see(R.string.why_issuer_compromised)
    }

    @Test
    fun `a full disk is told, and nothing is said to be served that is not kept`() {
        robot.enrol(office)
        robot.showToCamera(office.issue())
        robot.tap(R.string.serve)
        robot.showNothing()
        robot.see(R.string.serve_title)
        FileSizeLimit.atMost(bytes = 4_096) {
            robot.tap(R.string.confirm_giving, "₱5,000.00")
            robot.seePart(robot.text(R.string.error_storage))
            assertEquals(emptyList<Claim>(), runBlocking { phone.claims(limit = 10) })
            assertEquals(0uL, robot.health().unsentRecords)
        }
        robot.tap(R.string.confirm_giving, "₱5,000.00")
        robot.see(R.string.recorded)
        robot.restartProcess()
        robot.see(R.string.recorded)
        assertEquals(1, runBlocking { phone.claims(limit = 10) }.size)
    }

    @Test
    fun `records go out and answers come in as files, and a full card loses nothing`() {
        robot.enrol(office)
        val claim = redeem()
        robot.tap(R.string.health)
        robot.see(R.string.label_digits)
        robot.tap(R.string.bundle_title)
        robot.tap(R.string.export_share)
        robot.seePart(robot.app.resources.getQuantityString(R.plurals.exported, 1, "1"))
        val sent = robot.asked().let { IntentCompat.getParcelableExtra(it, Intent.EXTRA_INTENT, Intent::class.java)!! }
        val stream = IntentCompat.getParcelableExtra(sent, Intent.EXTRA_STREAM, Uri::class.java)!!
        val file = File(server.dir.newFolder(), stream.lastPathSegment!!)
        robot.app.contentResolver.openInputStream(stream)!!.use { file.writeBytes(it.readBytes()) }

        assertTrue(runCatching { runBlocking { phone.export { File("/dev/full").outputStream() } } }.exceptionOrNull() is java.io.IOException)
        assertEquals(RecordDelivery.Waiting, runBlocking { phone.claim(claim) }.delivery)

        for (answer in office.importBundle(listOf(file))) {
            assertTrue(runBlocking { phone.import(answer.readBytes()) } is Imported.Done)
        }
        assertEquals(RecordDelivery.Sent, runBlocking { phone.claim(claim) }.delivery)
        assertTrue(office.claims().any { it["claim"].asString == claim })
        assertTrue(runBlocking { phone.import(file.readBytes()) } is Imported.Refused)
    }

    @Test
    fun `a voucher that another app shares is read and decided on`() {
        robot.enrol(office)
        val address = Uri.parse("content://messages/1")
        val picture = office.issue()
        shadowOf(robot.app.contentResolver).registerInputStreamSupplier(address) { picture.inputStream() }
        robot.receive(Intent(Intent.ACTION_SEND).setType("image/png").putExtra(Intent.EXTRA_STREAM, address))
        robot.see(R.string.verdict_valid)
    }

    @Test
    fun `what was served by mistake is taken back with a reason, and can be served again`() {
        robot.enrol(office)
        val voucher = textIn(office.issue())
        val claim = robot.redeem(voucher)
        robot.tap(R.string.claims)
        robot.tap("₱5,000.00")
        robot.tap(R.string.void_claim)
        rule.onNode(hasSetTextAction()).performTextInput("the wrong person")
        schedulesSync { robot.tapLast(R.string.void_claim) }
        robot.see(R.string.claim_voided_means)
        assertTrue(runBlocking { phone.claim(claim) }.voidedAt != null)
        assertNotEquals(claim, robot.redeem(voucher))
    }

    @Test
    fun `a photographed document is attached, sent, and left nowhere else`() {
        robot.enrol(office)
        val claim = redeem()
        robot.tap(R.string.claims)
        robot.tap("₱5,000.00")
        robot.tap(R.string.photograph_document)
        val asked = robot.asked()
        val address = IntentCompat.getParcelableExtra(asked, android.provider.MediaStore.EXTRA_OUTPUT, Uri::class.java)!!
        robot.app.contentResolver.openOutputStream(address)!!.use { it.write(DocumentReaderTest.photograph(1_200, 900)) }
        schedulesSync { robot.answer(asked, address) }
        robot.see(robot.text(R.string.documents_sent, "0", "1"))
        assertFalse(robot.app.cacheDir.walk().any(File::isFile))
        assertEquals(1uL, runBlocking { phone.sync(robot.environment.transport::send) }!!.documentsSent)
        robot.see(robot.text(R.string.documents_sent, "1", "1"))
        assertEquals(1u, runBlocking { phone.claim(claim) }.documentsSent)
    }

    /** Waits until another sync is scheduled, for when there is a network. */
    private fun schedulesSync(action: () -> Unit) {
        val manager = WorkManager.getInstance(robot.app)
        val scheduled = { manager.getWorkInfosForUniqueWork(WorkManagerSyncScheduler.ONCE).get().map { it.id } }
        val before = scheduled()
        action()
        rule.waitUntil("another sync is scheduled", timeoutMillis = 30_000) {
            rule.waitForIdle()
            (scheduled() - before.toSet()).isNotEmpty()
        }
    }

    /** Redeems a new voucher; gives the claim. */
    private fun redeem(): String = robot.redeem(textIn(office.issue()))

    companion object {
        @get:JvmStatic
        @get:ClassRule
        val server = ServerRule()

        private val office get() = server.office
    }
}
