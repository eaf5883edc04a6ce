package org.vouchsafe.core.vectors

import com.google.gson.JsonObject
import com.google.zxing.BarcodeFormat
import com.google.zxing.qrcode.QRCodeWriter
import java.io.File
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertInstanceOf
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.BeforeEach
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir
import org.vouchsafe.core.Offered
import org.vouchsafe.core.Reason
import org.vouchsafe.core.SymbolContent
import org.vouchsafe.core.Verdict
import org.vouchsafe.core.plane

/** Texts and the bytes behind them, shown to a phone of the vectors' programme. */
class TextVectorsTest {
    @TempDir lateinit var home: File

    private val world = VectorFile.ofVerdicts("verdict.json").whole
    private val phones = ArrayList<VectorPhone>()
    private lateinit var phone: VectorPhone

    @BeforeEach
    fun `a phone of the programme`() {
        phone = phoneUnder(world["trusts"].asJsonObject["usual"].asJsonObject)
    }

    @AfterEach
    fun `the phones are put down`() = phones.forEach(VectorPhone::close)

    @Test
    fun `text_json, a text that no voucher can have is refused with the protocol's code`() {
        VectorFile("text.json", "text").play(18) { vector ->
            val reason = reason(vector.text("text"))
            when (val error = vector.error) {
                // What is read is bytes, and these are no envelope.
                null -> assertTrue(reason is Reason.Unreadable && !reason.code.startsWith("text."), "$reason")
                "text.prefix" -> assertEquals(Reason.NotAVoucher, reason)
                else -> assertEquals(Reason.Unreadable(error), reason)
            }
        }
    }

    @Test
    fun `cbor_json, the byte-level rules hold in what a voucher says`() {
        VectorFile("cbor.json", "hex", "zeros").play(47, take = { it.name != TOO_LONG_FOR_A_TEXT }) { vector ->
            val voucher = VectorPhone.text(OfficeKey.VOUCHER.sign(null, vector.hex("hex")))
            val code = assertInstanceOf(Reason.Unreadable::class.java, reason(voucher)).code
            // What keeps the rules is still no voucher.
            if (vector.error == null) assertTrue(!code.startsWith("cbor."), code) else assertEquals(vector.error, code)
        }
    }

    @Test
    fun `cose_json, what is no voucher's envelope is none`() {
        VectorFile("cose.json", "type", "hex", "zeros", "keys").play(8, take = { it.text("type") == "voucher" }) { vector ->
            val expected = vector.error?.let { Reason.Unreadable(it) } ?: Reason.UnknownIssuer
            assertEquals(expected, reason(VectorPhone.text(vector.hex("hex"))))
        }
    }

    @Test
    fun `voucher_json, every voucher is read as it stands or refused with the protocol's code`() {
        // One vector is about a key that is unknown to whoever holds others; this phone knows it.
        val known = world["trusts"].asJsonObject["usual"].asJsonObject["file"].asString
        val holds = { vector: Vector -> vector.own["keys"].asJsonArray.all { pointOf(it.asString) in known } }
        VectorFile("voucher.json", "text", "hex", "keys").play(73, holds) { vector ->
            val text = vector.text("text")
            assertEquals(text, VectorPhone.text(vector.hex("hex")))
            when (val error = vector.error) {
                null -> assertReads(vector.expect, phone.check(text, VectorPhone.NOON))
                "signature.wrong" -> assertEquals(Reason.Forged, reason(text))
                else -> assertEquals(Reason.Unreadable(error), reason(text))
            }
        }
    }

    @Test
    fun `openg2p_json, every token is read as it stands or refused with the protocol's code`() {
        val file = VectorFile("openg2p.json", "text", shared = setOf("trust"))
        val phone = phoneUnder(file.whole["trust"].asJsonObject)
        file.play(48) { judged(phone, it) }
    }

    @Test
    fun `issued_json, of a compromised key only what its set names is good`() {
        val file = VectorFile("issued.json", "text", "set", "key", shared = setOf("trust"))
        // A set's address is its digest; of each key the first vector's set is the one that the trust list pins.
        val pinned = file.vectors.filter { "set" in it }.reversed()
            .associate { it.text("key") to "/v1/issued/${sha256(it.hex("set")).toHex()}" }
        file.play(11) { vector ->
            val phone = phoneUnder(file.whole["trust"].asJsonObject)
            if ("set" in vector) phone.server.files = mapOf(pinned.getValue(vector.text("key")) to vector.hex("set"))
            val refused = phone.sync(VectorPhone.BEGINNING).notAccepted
                .mapNotNull { news -> (news.what as? Offered.IssuedSet)?.let { it.key to news.code } }.toMap()
            assertTrue(phone.server.requestedPaths.containsAll(pinned.values), "${phone.server.requestedPaths}")
            if (vector.error != null) {
                assertEquals(vector.error, refused[vector.text("key")])
            } else {
                if ("set" in vector) assertTrue(vector.text("key") !in refused, "$refused")
                judged(phone, vector)
            }
        }
    }

    @Test
    fun `every text that a code can carry is read from a picture of it`() {
        val texts = listOf("voucher.json" to arrayOf("hex", "keys"), "openg2p.json" to emptyArray(), "enrolment.json" to arrayOf("hex"))
            .flatMap { (name, fields) ->
                val shared = if (name == "openg2p.json") setOf("trust") else emptySet()
                VectorFile(name, "text", *fields, shared = shared).vectors.filter { "text" in it && it.error == null }
            }
            .map { it.text("text") }
        assertEquals(29, texts.size)
        for (text in texts) {
            val modules = QRCodeWriter().encode(text, BarcodeFormat.QR_CODE, SIDE, SIDE)
            val read = plane(SIDE, SIDE) { x, y -> if (modules[x, y]) 0x10 else 0xE0 }.read()
            assertEquals(listOf(SymbolContent.Text(text)), read.map { it.content })
        }
    }

    /** Compares with what judging under the trust list alone gives. */
    private fun judged(phone: VectorPhone, vector: Vector) {
        val verdict = phone.check(vector.text("text"), VectorPhone.NOON)
        val refuse = vector.expect["refuse"]?.asString
        if (refuse == null) {
            assertReads(vector.expect, verdict)
            assertEquals(vector.expect["key_in_force"].asBoolean, reasonOf(verdict) != Reason.IssuerNotValid)
        } else {
            val reason = checkNotNull(reasonOf(verdict))
            assertEquals(refuse, code(reason))
            assertEquals(vector.error, (reason as? Reason.Unreadable)?.code)
        }
    }

    private fun reason(text: String): Reason = assertInstanceOf(Verdict.Refuse::class.java, phone.check(text, VectorPhone.NOON)).refusal.reason

    /** The x of a COSE_Key on Ed25519 or P-256, in hex. */
    private fun pointOf(key: String) = key.substringAfter("215820").take(64)

    private fun phoneUnder(trust: JsonObject): VectorPhone {
        val profile = bytes(world["profiles"].asJsonObject["usual"].asString)
        val phone = VectorPhone(File(home, "${phones.size}"), bytes(trust["pinned"].asString), profile)
        phones += phone
        phone.enrolUnder(bytes(trust["file"].asString))
        return phone
    }

    private companion object {
        const val SIDE = 700

        /** A quarter of a megabyte; a voucher's text has 4,296 characters at most. */
        const val TOO_LONG_FOR_A_TEXT = "too many items"
    }
}
