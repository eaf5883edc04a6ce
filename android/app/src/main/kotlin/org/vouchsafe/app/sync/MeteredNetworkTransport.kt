package org.vouchsafe.app.sync

import android.content.Context
import android.net.ConnectivityManager
import okhttp3.HttpUrl.Companion.toHttpUrlOrNull
import org.vouchsafe.core.HttpOutcome
import org.vouchsafe.core.HttpRequest

/** Whether the network that the phone is on is paid for by the megabyte. */
fun interface ActiveNetwork {
    fun isMetered(): Boolean
}

class AndroidActiveNetwork(private val context: Context) : ActiveNetwork {
    override fun isMetered() = context.getSystemService(ConnectivityManager::class.java)?.isActiveNetworkMetered ?: false
}

/**
 * Carries records over any network at once, and documents where they cost nothing or [documentsAllowed] says so. A document
 * that is kept back is told to the engine as one that the server does not take now: it goes on with the next, and asks again
 * another time.
 */
class MeteredNetworkTransport(
    private val delegate: Transport,
    private val activeNetwork: ActiveNetwork,
    private val documentsAllowed: () -> Boolean,
) : Transport {
    override suspend fun send(request: HttpRequest): HttpOutcome =
        if (carriesDocument(request) && !documentsAllowed() && activeNetwork.isMetered()) UNAVAILABLE else delegate.send(request)

    private fun carriesDocument(request: HttpRequest) =
        request.url.toHttpUrlOrNull()?.encodedPath?.startsWith(DOCUMENTS) ?: false

    private companion object {
        const val DOCUMENTS = "/v1/documents"
        val UNAVAILABLE = HttpOutcome.Response(status = 503u, headers = emptyList(), body = ByteArray(0))
    }
}
