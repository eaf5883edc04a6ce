package org.vouchsafe.core.vectors

import java.io.File
import org.vouchsafe.core.DeviceClock
import org.vouchsafe.core.HowRead
import org.vouchsafe.core.Redemption
import org.vouchsafe.core.Service
import org.vouchsafe.core.SyncReport
import org.vouchsafe.core.Verdict
import org.vouchsafe.core.Verifier

/** A phone that came to hold what a vector says through the app's own doors: enrolment, syncs, redemptions. */
class VectorPhone(home: File, pinned: ByteArray, profile: ByteArray) : AutoCloseable {
    private val keys = VectorKeyStore.of(profile)
    val server = FakeServer(pinned).also { it.profile = profile }
    val engine: Verifier = Verifier.openWithKeys(home.path, keys)

    init {
        setServerTime(BEGINNING)
    }

    /** Takes up an enrolment code of its server. */
    fun enrol(now: Long) = engine.enrol(server.offer(until = now + DAY), earlier(now))

    /** Syncs at a time of an earlier boot, so that floors do not run on. */
    fun sync(now: Long): SyncReport = server.syncWith(engine, earlier(now))

    fun enrolUnder(trust: ByteArray) {
        server.trust = trust
        enrol(BEGINNING)
        val report = sync(BEGINNING)
        check(report.stopped == null && report.profileRenewed) { "not enrolled: $report" }
    }

    /** The time in the acks of the server from now on; it raises the hard floor. */
    fun setServerTime(time: Long) = setAck(time, emptyMap())

    /** The server tells this state of this claim from now on. */
    fun setClaimState(claim: String, state: String) =
        setAck(BEGINNING, mapOf(7 to listOf(mapOf(1 to bytes(claim), 2 to state))))

    private fun setAck(time: Long, more: Map<Int, Any>) {
        server.ack = { chain ->
            val ack = mapOf(1 to keys.thumbprint, 2 to chain, 3 to 0, 5 to emptyList<Any>(), 8 to 0, 9 to time) + more
            OfficeKey.ACK.sign("application/vouchsafe-ack+cose", cbor(ack))
        }
    }

    /** Gives the claim's id. */
    fun redeem(text: String, now: Long): String {
        val service = Service(given = null, HowRead.CAMERA, operator = null, documents = emptyList())
        val done = engine.redeem(text, service, earlier(now))
        check(done is Redemption.Done) { "not redeemed: $done" }
        return done.claim
    }

    fun check(text: String, now: Long): Verdict = engine.check(text, DeviceClock(now.toULong(), 0uL, "a later boot"))

    override fun close() = engine.close()

    private fun earlier(time: Long) = DeviceClock(time.toULong(), 0uL, "an earlier boot")

    companion object {
        const val DAY = 86_400L

        /** Before anything that the vectors' programme issued. */
        const val BEGINNING = 1_767_312_000L

        /** When most vectors are judged: 15 June 2026, 10:00 UTC. */
        const val NOON = 1_781_517_600L

        /** A voucher of the vectors' cash programme, as its office would sign it. */
        fun voucher(id: ByteArray, from: Long, until: Long, status: List<Int>? = null): String {
            val own = mapOf(1 to "cash-2026", 2 to mapOf(0 to listOf(100, "PHP")), 3 to "medicines")
            val claims = mapOf(
                1 to "vouchers.example.org", 2 to "E-1", 4 to until, 5 to from, 6 to from, 7 to id,
                -65_537 to if (status == null) own else own + (5 to status),
            )
            return text(OfficeKey.VOUCHER.sign(null, cbor(claims)))
        }

        fun text(signed: ByteArray): String = "VS1:" + base45(signed)
    }
}
