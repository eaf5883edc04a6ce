package org.vouchsafe.core

import com.google.gson.JsonObject
import com.google.gson.JsonParser
import java.io.File
import org.junit.jupiter.api.AfterAll
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertInstanceOf
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.BeforeAll
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir

/** The phone's engine through the border, with a real server at the other end of the JVM's own HTTP. */
class VerifierTest {
    @Test
    fun `a phone says that it must be enrolled first`(@TempDir home: File) {
        Verifier.open(home.path).use { phone ->
            val refusal = assertThrows(EngineException.Enrolment::class.java) { phone.check("VS1:", deviceClock()) }
            assertTrue("not enrolled" in refusal.message!!, refusal.message)
        }
    }

    @Test
    fun `a home that is open already is told`(@TempDir home: File) {
        Verifier.open(home.path).use {
            val refusal = assertThrows(EngineException.Storage::class.java) { Verifier.open(home.path) }
            assertTrue("another program is using" in refusal.message!!, refusal.message)
        }
    }

    @Test
    fun `a phone that was closed is refused, and its home is free`(@TempDir home: File) {
        val phone = Verifier.open(home.path)
        val digits = phone.digits()
        phone.close()
        assertThrows(IllegalStateException::class.java) { phone.digits() }
        Verifier.open(home.path).use { assertEquals(digits, it.digits()) }
    }

    @Test
    fun `a voucher is no enrolment code`(@TempDir home: File) {
        Verifier.open(home.path).use { phone ->
            assertThrows(EngineException.Enrolment::class.java) { phone.enrol(textIn(office.issue()), deviceClock()) }
        }
    }

    @Test
    fun `one sync runs at a time`(@TempDir home: File) {
        Verifier.open(home.path).use { phone ->
            phone.beginSync()!!.use { assertNull(phone.beginSync()) }
            assertEquals(Stopped.NOT_ENROLLED, phone.sync().stopped)
        }
    }

    @Test
    fun `without a network a sync stops and nothing is lost`(@TempDir home: File) {
        enrolled(home).use { phone ->
            redeem(phone)
            assertEquals(Stopped.UNREACHABLE, phone.sync { HttpOutcome.Unreachable }.stopped)
            assertEquals(1uL, phone.health(deviceClock()).unsentRecords)
        }
    }

    @Test
    fun `a voucher of someone else's issuer is refused`(@TempDir home: File) {
        enrolled(home).use { phone ->
            for (vector in vectors("verdict.json").filter { it["expect"].asJsonObject.has("accept") }) {
                assertEquals(Reason.UnknownIssuer, refusal(phone, vector["text"].asString).reason, vector["name"].asString)
            }
        }
    }

    @Test
    fun `a voucher is read, checked, served once, and the server has the claim`(@TempDir home: File) {
        enrolled(home).use { phone ->
            val text = textIn(office.issue())
            val accepted = assertInstanceOf(Verdict.Accept::class.java, phone.check(text, deviceClock())).accepted
            assertEquals(Benefit.Money(500_000uL, "PHP"), accepted.voucher.benefit)
            assertEquals("Maria Santos", accepted.voucher.holderName)
            assertEquals("2099-12-31", accepted.voucher.lastDay)
            assertEquals(Programme("Medical Aid", 2u), accepted.voucher.programme)

            val less = Benefit.Money(400_050uL, "PHP")
            val more = Benefit.Money(500_001uL, "PHP")
            assertInstanceOf(Redemption.NotWithinVoucher::class.java, phone.redeem(text, service(more), deviceClock()))
            val done = assertInstanceOf(Redemption.Done::class.java, phone.redeem(text, service(less), deviceClock()))
            assertEquals(less, done.given)

            val again = assertInstanceOf(Redemption.Refused::class.java, phone.redeem(text, service(), deviceClock()))
            assertEquals(done.claim, assertInstanceOf(Reason.AlreadyRedeemed::class.java, again.refusal.reason).claim)

            assertEquals(1uL, phone.sync().accepted)
            val claim = phone.claims(before = null, limit = 10u).single()
            assertEquals(claim, phone.claim(done.claim))
            phone.attach(done.claim, NewDocument("%PDF-1.4".toByteArray(), "application/pdf"), null, deviceClock())
            assertEquals(1u, phone.claim(done.claim).documents)
            assertEquals(1uL, phone.sync().documentsSent)
            assertEquals(1u, phone.claim(done.claim).documentsSent)
            assertEquals(done.claim, claim.id)
            assertEquals(less, claim.given)
            assertEquals(RecordDelivery.Sent, claim.delivery)
            assertTrue(office.claims().any { it["claim"].asString == done.claim })
        }
    }

    @Test
    fun `a phone that is opened again knows what it served`(@TempDir home: File) {
        val (text, claim) = enrolled(home).use { redeem(it) }
        Verifier.open(home.path).use { phone ->
            val reason = refusal(phone, text).reason
            assertEquals(claim, assertInstanceOf(Reason.AlreadyRedeemed::class.java, reason).claim)

            phone.void(claim, "wrong person", null, deviceClock())
            assertInstanceOf(Verdict.Accept::class.java, phone.check(text, deviceClock()))
            assertThrows(EngineException.NotAllowed::class.java) { phone.void(claim, "again", null, deviceClock()) }
        }
    }

    @Test
    fun `a meaningless argument is refused and records nothing`(@TempDir home: File) {
        enrolled(home).use { phone ->
            val text = textIn(office.issue())
            val nothing = service(Benefit.Money(0uL, "PHP"))
            assertThrows(EngineException.Argument::class.java) { phone.redeem(text, nothing, deviceClock()) }
            assertThrows(EngineException.Argument::class.java) { phone.void("no claim", "", null, deviceClock()) }
            assertEquals(emptyList<Claim>(), phone.claims(before = null, limit = 10u))
        }
    }

    /** A phone of the programme whose digits the office has confirmed. */
    private fun enrolled(home: File): Verifier {
        val phone = Verifier.open(home.path)
        phone.enrol(textIn(office.offer()), deviceClock())
        assertNull(phone.sync().stopped)
        assertFalse(phone.health(deviceClock()).confirmed)
        office.confirm(phone.digits())
        assertTrue(phone.sync().profileRenewed)
        assertTrue(phone.health(deviceClock()).confirmed)
        return phone
    }

    /** Redeems a new voucher; gives its text and the claim. */
    private fun redeem(phone: Verifier): Pair<String, String> {
        val text = textIn(office.issue())
        val done = assertInstanceOf(Redemption.Done::class.java, phone.redeem(text, service(), deviceClock()))
        return text to done.claim
    }

    private fun service(given: Benefit? = null) = Service(given, HowRead.CAMERA, operator = null, documents = emptyList())

    private fun refusal(phone: Verifier, text: String): Refusal =
        assertInstanceOf(Verdict.Refuse::class.java, phone.check(text, deviceClock())).refusal

    private fun vectors(name: String): List<JsonObject> {
        val file = File(System.getProperty("vouchsafe.vectors"), name)
        val vectors = JsonParser.parseString(file.readText()).asJsonObject["vectors"].asJsonArray.map { it.asJsonObject }
        check(vectors.isNotEmpty()) { "$file has no vectors" }
        return vectors
    }

    companion object {
        private lateinit var office: Office

        @JvmStatic
        @BeforeAll
        fun `an office is set up`(@TempDir dir: File) {
            uniffiEnsureInitialized()
            office = Office(dir)
        }

        @JvmStatic
        @AfterAll
        fun `the office closes`() = office.close()
    }
}
