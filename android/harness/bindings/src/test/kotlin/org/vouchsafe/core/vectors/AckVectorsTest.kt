package org.vouchsafe.core.vectors

import java.io.File
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir
import org.vouchsafe.core.deviceClockAt

/**
 * The vectors of ack.json that are about claims. An ack names its phone's chain, whose id each phone draws by chance, so the
 * server of the test signs the same content for this phone.
 */
class AckVectorsTest {
    @TempDir lateinit var home: File

    @Test
    fun `claim state of a later version reads as in review`() {
        assertEquals("in_review", stateAfter("being_audited"))
    }

    @Test
    fun `a state that this version knows is the one that is told`() {
        assertEquals("paid", stateAfter("paid"))
    }

    private fun stateAfter(told: String): String {
        val world = VectorFile.ofVerdicts("verdict.json").whole
        val trust = world["trusts"].asJsonObject["usual"].asJsonObject
        val profile = bytes(world["profiles"].asJsonObject["usual"].asString)
        return VectorPhone(home, bytes(trust["pinned"].asString), profile).use { phone ->
            phone.enrolUnder(bytes(trust["file"].asString))
            val now = phone.engine.health(deviceClockAt(VectorPhone.BEGINNING)).trustIssued!!.toLong()
            val text = VectorPhone.voucher(ByteArray(16), from = now, until = now + VectorPhone.DAY)
            val claim = phone.redeem(text, now)
            phone.setClaimState(claim, told)
            phone.sync(VectorPhone.BEGINNING)
            phone.engine.claims(before = null, limit = 10u).single { it.id == claim }.state
        }
    }
}
