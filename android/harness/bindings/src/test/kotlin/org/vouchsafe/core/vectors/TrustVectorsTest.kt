package org.vouchsafe.core.vectors

import com.google.gson.JsonObject
import java.io.ByteArrayOutputStream
import java.io.File
import java.util.zip.DeflaterOutputStream
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertInstanceOf
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir
import org.vouchsafe.core.EngineException
import org.vouchsafe.core.Offered
import org.vouchsafe.core.Reason
import org.vouchsafe.core.Stopped
import org.vouchsafe.core.SyncReport
import org.vouchsafe.core.Verdict
import org.vouchsafe.core.Verifier
import org.vouchsafe.core.deviceClockAt

/** What a phone takes from its server, and what it refuses: offers, trust files, profiles, status lists, and its own key. */
class TrustVectorsTest {
    @TempDir lateinit var homes: File

    private val world = VectorFile.ofVerdicts("verdict.json").whole
    private val usualProfile = bytes(world["profiles"].asJsonObject["usual"].asString)
    private val phones = ArrayList<VectorPhone>()

    @AfterEach
    fun `the phones are put down`() = phones.forEach(VectorPhone::close)

    @Test
    fun `trust_json, a trust file is accepted and graded or refused, and what was held stays`() {
        VectorFile("trust.json", "pinned", "held", "hex", "now", "restore").play(58) { vector ->
            val now = vector.own["now"].asLong
            var phone = phone(vector.hex("pinned"))
            phone.enrol(VectorPhone.BEGINNING)
            for (held in vector.own["held"].asJsonArray.map { it.asJsonObject }) {
                phone.server.trust = bytes(held["hex"].asString)
                assertNull(phone.sync(held["now"].asLong).stopped)
            }
            val before = version(phone)
            phone.server.trust = vector.hex("hex")
            val report = phone.sync(if ("restore" in vector) VectorPhone.BEGINNING else now)
            if ("restore" in vector) {
                phone.close()
                phone = again(phone, vector.hex("pinned"))
            }
            when (val error = vector.error) {
                null -> {
                    assertEquals(vector.expect["list_version"].asLong, version(phone))
                    assertEquals(vector.expect["grade"].asString, grade(phone, now))
                }
                else -> {
                    // What is no trust file at all is some other server's page to a phone.
                    if (vector.name.startsWith("file ")) {
                        assertEquals(Stopped.NOT_OUR_SERVER, report.stopped)
                    } else {
                        assertEquals(error, refused(report)[Offered.TrustList])
                    }
                    assertEquals(before, version(phone))
                }
            }
        }
    }

    @Test
    fun `status_json, a status list is taken in and looked up or refused`() {
        val file = VectorFile("status.json", "hex", "list", "held", shared = setOf("trust"))
        file.play(24) { vector ->
            val list = vector.own["list"].asInt
            val phone = under(file.whole["trust"].asJsonObject)
            vector.own["held"]?.let { held ->
                phone.server.files = mapOf(address(1) to statusList(issued = held.asLong))
                assertNull(refused(phone.sync(VectorPhone.BEGINNING))[Offered.StatusList(1u)])
            }
            phone.server.files = mapOf(address(list) to vector.hex("hex"))
            val refused = refused(phone.sync(VectorPhone.BEGINNING))[Offered.StatusList(list.toUInt())]
            assertEquals(vector.error, refused)
            if (vector.error == null) assertMarks(phone, vector.expect)
        }
    }

    @Test
    fun `cose_json, what is no status list's envelope is none, and no profile's`() {
        val file = VectorFile("cose.json", "type", "hex", "zeros", "keys")
        val usual = world["trusts"].asJsonObject["usual"].asJsonObject
        file.play(7, take = { it.text("type") == "status" }) { vector ->
            val phone = under(usual)
            phone.server.files = mapOf(address(1) to vector.hex("hex"))
            val refused = refused(phone.sync(VectorPhone.BEGINNING))
            // A good envelope, by nobody whom this programme knows.
            assertEquals(vector.error ?: "key.unknown", refused[Offered.StatusList(1u)])
        }
        file.play(7, take = { it.text("type") == "profile" }) { vector -> assertNotEnrolled(usual, vector.hex("hex")) }
    }

    @Test
    fun `profile_json, a profile says whose the phone is and what it serves, or the phone is nobody's`() {
        val usual = world["trusts"].asJsonObject["usual"].asJsonObject
        VectorFile("profile.json", "hex", "keys").play(17) { vector ->
            if (vector.error != null) {
                assertNotEnrolled(usual, vector.hex("hex"))
            } else {
                val phone = enrolling(usual, vector.hex("hex"))
                assertNull(phone.sync(VectorPhone.BEGINNING).stopped)
                val health = phone.engine.health(deviceClockAt(VectorPhone.BEGINNING))
                assertEquals(vector.expect["provider_name"].asString, health.provider)
                assertEquals(vector.expect["confirmed"].asBoolean, health.confirmed)
                val programmes = vector.expect["programmes"]?.asJsonArray?.map { it.asString }.orEmpty()
                val lists = programmes.map { mapOf("cash-2026" to address(1), "food-2026" to address(2)).getValue(it) }
                assertEquals(lists.toSet(), phone.server.requestedPaths.filter { it.startsWith("/v1/status/") }.toSet())
            }
        }
    }

    @Test
    fun `enrolment_json, an offer is taken up until it ends, or refused`() {
        VectorFile("enrolment.json", "text", "hex").play(13, take = { "text" in it }) { vector ->
            val phone = phone(ByteArray(32)).engine
            fun enrol(now: Long) = phone.enrol(vector.text("text"), deviceClockAt(now))
            if (vector.error == null) {
                val ends = vector.expect["expires"].asLong
                assertThrows(EngineException.Enrolment::class.java) { enrol(ends) }
                enrol(ends - 1)
                assertEquals(vector.expect["origin"].asString, phone.health(deviceClockAt(ends)).origin)
            } else {
                assertThrows(EngineException.Enrolment::class.java) { enrol(VectorPhone.BEGINNING) }
                assertNull(phone.health(deviceClockAt(VectorPhone.BEGINNING)).origin)
            }
        }
    }

    @Test
    fun `key_json, the digits of a phone's own key, which must be one`() {
        val point = Regex("a401022001215820([0-9a-f]{64})225820([0-9a-f]{64})")
        VectorFile("key.json", "hex").play(3, take = { point.matches(it.text("hex")) }) { vector ->
            val (x, y) = point.matchEntire(vector.text("hex"))!!.destructured
            val home = File(homes, vector.name)
            fun open() = Verifier.openWithKeys(home.path, VectorKeyStore(bytes("04$x$y")))
            if (vector.error != null) {
                assertThrows(EngineException::class.java, ::open)
            } else {
                open().use { assertEquals(vector.expect["digits"].asString, it.digits().filter(Char::isDigit)) }
            }
        }
    }

    private fun phone(pinned: ByteArray): VectorPhone = VectorPhone(File(homes, "${phones.size}"), pinned, usualProfile).also { phones += it }

    private fun again(phone: VectorPhone, pinned: ByteArray): VectorPhone =
        VectorPhone(File(homes, "${phones.indexOf(phone)}"), pinned, usualProfile).also { phones += it }

    private fun under(trust: JsonObject): VectorPhone =
        phone(bytes(trust["pinned"].asString)).also { it.enrolUnder(bytes(trust["file"].asString)) }

    /** A phone that has an enrolment code, and will be answered with this profile. */
    private fun enrolling(trust: JsonObject, profile: ByteArray): VectorPhone = phone(bytes(trust["pinned"].asString)).apply {
        server.trust = bytes(trust["file"].asString)
        server.profile = profile
        enrol(VectorPhone.BEGINNING)
    }

    private fun assertNotEnrolled(trust: JsonObject, profile: ByteArray) {
        val phone = enrolling(trust, profile)
        assertTrue(phone.sync(VectorPhone.BEGINNING).stopped in setOf(Stopped.NOT_OUR_SERVER, Stopped.NOT_ADMITTED))
        assertNull(phone.engine.health(deviceClockAt(VectorPhone.BEGINNING)).provider)
    }

    private fun refused(report: SyncReport): Map<Offered, String> = report.notAccepted.associate { it.what to it.code }

    private fun version(phone: VectorPhone) = phone.engine.health(deviceClockAt(VectorPhone.BEGINNING)).trustVersion?.toLong()

    /** As staff see it: in what is said of a voucher that is good. */
    private fun grade(phone: VectorPhone, now: Long): String {
        val voucher = VectorPhone.voucher(ByteArray(16), from = now - 1, until = now + VectorPhone.DAY)
        return when (val verdict = phone.check(voucher, now)) {
            is Verdict.Accept -> if ("trust_stale" in verdict.accepted.warnings.map(::code)) "stale" else "fresh"
            is Verdict.Refuse -> "too_old".also { assertInstanceOf(Reason.TrustTooOld::class.java, verdict.refusal.reason) }
        }
    }

    /** Each index that the vector names says what it says, its neighbours nothing, and one beyond the end is not known. */
    private fun assertMarks(phone: VectorPhone, expect: JsonObject) {
        val marks = expect["not_valid"].asJsonObject.entrySet().associate { (index, mark) -> index.toInt() to mark.asString }
        fun statusOf(index: Int): String {
            val voucher = VectorPhone.voucher(ByteArray(16), VectorPhone.NOON - 1, VectorPhone.NOON + 1, listOf(1, index))
            return when (val verdict = phone.check(voucher, VectorPhone.NOON)) {
                is Verdict.Refuse -> code(verdict.refusal.reason)
                is Verdict.Accept -> if ("status_unknown" in verdict.accepted.warnings.map(::code)) "unknown" else "valid"
            }
        }
        val words = mapOf("redeemed" to "redeemed_elsewhere")
        for ((index, mark) in marks) {
            assertEquals(words[mark] ?: mark, statusOf(index))
            if (index - 1 >= 0 && index - 1 !in marks) assertEquals("valid", statusOf(index - 1))
        }
        val entries = expect["entries"].asInt
        if (entries < MOST_ENTRIES) assertEquals("unknown", statusOf(entries))
    }

    /** 64 entries, all valid. */
    private fun statusList(issued: Long): ByteArray {
        val list = ByteArrayOutputStream().also { out -> DeflaterOutputStream(out).use { it.write(ByteArray(16)) } }.toByteArray()
        val claims = mapOf(2 to address(1), 6 to issued, 65_533 to mapOf("bits" to 2, "lst" to list))
        return OfficeKey.STATUS.sign("application/statuslist+cwt", cbor(claims))
    }

    private fun address(list: Int) = "/v1/status/$list"

    private companion object {
        const val MOST_ENTRIES = 1 shl 20
    }
}
