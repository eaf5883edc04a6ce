package org.vouchsafe.core.vectors

import com.google.gson.JsonObject
import java.io.File
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir
import org.vouchsafe.core.Reason
import org.vouchsafe.core.Verdict
import org.vouchsafe.core.deviceClockAt

/**
 * What a phone says of a text, given what it holds: each phone gets there through the app's own doors, with a key store in
 * Kotlin and a fake server.
 */
class VerdictVectorsTest {
    @TempDir lateinit var homes: File

    private val phones = HashMap<List<Any?>, VectorPhone>()

    @AfterEach
    fun `the phones are put down`() = phones.values.forEach(VectorPhone::close)

    @Test
    fun `every text gets the verdict of its vector`() = decide("verdict.json", 166)

    @Test
    fun `every voucher that was issued in the field gets the verdict of its vector, and says which limit it oversteps`() =
        decide("delegation.json", 61)

    private fun decide(name: String, expected: Int) {
        val file = VectorFile.ofVerdicts(name)
        file.play(expected) { vector ->
            val held = Holding.of(file, vector)
            val verdict = phones.getOrPut(held.key) { phone(file.whole, held) }.check(vector.text("text"), held.now)
            when (verdict) {
                is Verdict.Accept -> {
                    val warnings = verdict.accepted.warnings.map(::code)
                    assertEquals(warnings.distinct(), warnings)
                    // Unknown, where the status list is not yet out by the phone's clocks.
                    val unknown = if (held.withheld) setOf("status_unknown") else emptySet()
                    assertEquals(vector.expect["accept"].asJsonArray.map { it.asString }.toSet() + unknown, warnings.toSet())
                }
                is Verdict.Refuse -> assertEquals(vector.expect["refuse"]?.asString, code(verdict.refusal.reason))
            }
            assertEquals(vector.own["limit"]?.asString, (reasonOf(verdict) as? Reason.BeyondDelegation)?.limit)
            vector.own["voucher"]?.let { assertReads(it.asJsonObject, verdict) }
        }
    }

    private fun phone(world: JsonObject, held: Holding): VectorPhone {
        val trust = world["trusts"].asJsonObject[held.trust].asJsonObject
        val profile = bytes(world["profiles"].asJsonObject[held.profile].asString)
        val phone = VectorPhone(File(homes, "${phones.size}"), bytes(trust["pinned"].asString), profile)
        phone.enrolUnder(bytes(trust["file"].asString))
        val began = phone.engine.health(deviceClockAt(VectorPhone.BEGINNING)).trustIssued!!.toLong()
        for (redeemed in held.redeemed) {
            val id = idOf(redeemed.identity)
            // Its status is not known yet, and it may be served long before the vector's moment.
            if (id != null) {
                val early = began + 3_600
                phone.redeem(VectorPhone.voucher(id, from = early, until = early + VectorPhone.DAY), early)
            } else {
                val same = held.texts.first { phone.check(it, redeemed.at) is Verdict.Accept }
                phone.redeem(same, redeemed.at)
            }
        }
        phone.server.files = held.lists.associateBy(StatusToken::address, StatusToken::signed)
        if (held.floor > began) phone.setServerTime(held.floor)
        phone.sync(VectorPhone.BEGINNING)
        return phone
    }
}

/** What a vector's phone holds, as far as it differs between phones. */
private class Holding(
    val trust: String,
    val profile: String,
    val lists: List<StatusToken>,
    /** Lists of a time that this phone's clocks do not know of: to hold one is to know. */
    val withheld: Boolean,
    val floor: Long,
    val now: Long,
    val redeemed: List<Redeemed>,
    /** The texts of the vectors that hold the same redemptions. */
    val texts: List<String>,
) {
    val key get() = listOf(trust, profile, lists.map { it.name }, floor, redeemed)

    companion object {
        fun of(file: VectorFile, vector: Vector): Holding {
            val own = vector.own
            val (now, floor) = own["clock"].asJsonObject.let { it["now"].asLong to it["floor"].asLong }
            val all = own["status_lists"].asJsonArray.map { it.asString }
                .map { StatusToken(it, bytes(file.whole["status_lists"].asJsonObject[it].asString)) }
            val lists = all.filter { it.issued <= maxOf(now, floor) }
            val redeemed = own["redeemed"].asJsonArray.map { it.asJsonObject }
            return Holding(
                own["trust"].asString, own["profile"].asString, lists, lists.size < all.size, floor, now,
                redeemed.map { Redeemed(it["identity"].asString, it["at"].asLong) },
                file.vectors.filter { it.own["redeemed"] == own["redeemed"] }.map { it.text("text") },
            )
        }
    }
}

private data class Redeemed(val identity: String, val at: Long)

/** A signed status list; `sub` and `iat` stand one after the other in it, with `exp` between them at most. */
private class StatusToken(val name: String, val signed: ByteArray) {
    private val found = checkNotNull(CLAIMS.find(signed.toHex()))
    val address = bytes(found.groupValues[1]).decodeToString()
    val issued = found.groupValues[2].toLong(16)

    private companion object {
        /** `/v1/status/` and a digit, in hex. */
        val CLAIMS = Regex("(2f76312f7374617475732f3[0-9])(?:041a[0-9a-f]{8})?061a([0-9a-f]{8})")
    }
}

/** The vectors' vouchers differ in the last byte of their id. */
private fun idOf(identity: String): ByteArray? = (0..255)
    .map { bytes("0197612c4a00700080000000000000") + it.toByte() }
    .firstOrNull { sha256("vouchers.example.org\u0000cti\u0000".encodeToByteArray() + it).toHex() == identity }
