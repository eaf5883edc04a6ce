package org.vouchsafe.app.sync

import android.content.Context
import android.net.ConnectivityManager
import okhttp3.HttpUrl.Companion.toHttpUrlOrNull
import org.vouchsafe.core.HttpOutcome
import org.vouchsafe.core.HttpRequest

/** Whether the network that the phone is on is paid for by the megabyte. */
fun interface Metering {
    fun metered(): Boolean
}

class AndroidMetering(private val context: Context) : Metering {
    override fun metered() = context.getSystemService(ConnectivityManager::class.java)?.isActiveNetworkMetered ?: false
}

/**
 * Carries records over any network at once, and documents where they cost nothing or [allowed] says so. A document that is kept
 * back is told to the engine as one that the server does not take now: it goes on with the next, and asks again another time.
 */
class ThriftyTransport(
    private val carrier: Transport,
    private val metering: Metering,
    private val allowed: () -> Boolean,
) : Transport {
    override suspend fun send(request: HttpRequest): HttpOutcome =
        if (carriesDocument(request) && !allowed() && metering.metered()) KEPT_BACK else carrier.send(request)

    private fun carriesDocument(request: HttpRequest) =
        request.url.toHttpUrlOrNull()?.encodedPath?.startsWith(DOCUMENTS) ?: false

    private companion object {
        const val DOCUMENTS = "/v1/documents"
        val KEPT_BACK = HttpOutcome.Response(status = 503u, headers = emptyList(), body = ByteArray(0))
    }
}
