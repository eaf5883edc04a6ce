package org.vouchsafe.core.vectors

import java.io.File
import java.util.Base64
import org.vouchsafe.core.DeviceClock
import org.vouchsafe.core.HttpOutcome
import org.vouchsafe.core.HttpRequest
import org.vouchsafe.core.SyncReport
import org.vouchsafe.core.SyncStep
import org.vouchsafe.core.Verifier

/** A programme's server that gives a phone what a vector says that it holds, byte for byte. */
class FakeServer(private val pinned: ByteArray) {
    var trust = ByteArray(0)
    var profile = ByteArray(0)

    /** What stands at other addresses, such as status lists. */
    var files = emptyMap<String, ByteArray>()

    /** Signs an ack for the chain that a batch names. */
    lateinit var ack: (chain: ByteArray) -> ByteArray

    /** The paths that were requested in the last sync. */
    val requestedPaths = ArrayList<String>()

    /** The text of an enrolment code. */
    fun offer(until: Long): String {
        val offer = mapOf(1 to ORIGIN, 2 to ByteArray(16), 3 to pinned, 4 to until)
        return "VSE1:" + base45(cbor(offer))
    }

    /** Runs one sync; its pauses are passed over. */
    fun syncWith(phone: Verifier, clock: DeviceClock): SyncReport {
        requestedPaths.clear()
        val run = phone.beginSync()!!
        run.use {
            while (true) {
                when (val step = run.next()) {
                    is SyncStep.Send -> run.answer(answer(step.request), clock)
                    is SyncStep.Wait -> {}
                    is SyncStep.Done -> return step.report
                }
            }
        }
    }

    private fun answer(request: HttpRequest): HttpOutcome {
        val path = request.url.removePrefix(ORIGIN)
        requestedPaths += path
        val body = when (path) {
            "/v1/trust" -> trust
            "/v1/enrolments", "/v1/profile" -> profile
            "/v1/sessions/challenge" -> """{"nonce":"${NONCE}"}""".encodeToByteArray()
            "/v1/sessions" -> """{"token":"a-token"}""".encodeToByteArray()
            // A batch is a map whose first entry is the chain, 16 bytes: a? 01 50 …
            "/v1/records" -> ack(request.body.copyOfRange(3, 19))
            else -> files[path]
        }
        return HttpOutcome.Response(if (body == null) 404u else 200u, emptyList(), body ?: ByteArray(0))
    }

    private companion object {
        const val ORIGIN = "https://vouchers.example.org"
        val NONCE: String = Base64.getUrlEncoder().withoutPadding().encodeToString(ByteArray(32))
    }
}
