package org.vouchsafe.app.sync

import java.io.IOException
import java.io.InterruptedIOException
import java.net.ConnectException
import java.net.NoRouteToHostException
import java.net.UnknownHostException
import java.security.cert.CertificateException
import java.time.Duration
import javax.net.ssl.SSLHandshakeException
import javax.net.ssl.SSLPeerUnverifiedException
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.runInterruptible
import okhttp3.OkHttpClient
import okhttp3.Request
import okhttp3.RequestBody.Companion.toRequestBody
import okhttp3.Response
import org.vouchsafe.core.Header
import org.vouchsafe.core.HttpOutcome
import org.vouchsafe.core.HttpRequest

/** Carries the engine's requests, as they stand, and says what came of each. */
fun interface Transport {
    suspend fun send(request: HttpRequest): HttpOutcome
}

/** Over OkHttp: no redirects, no cookies, no cache, nothing tried twice. */
class OkHttpTransport(client: OkHttpClient = OkHttpClient()) : Transport {
    private val client = client.newBuilder()
        .followRedirects(false)
        .followSslRedirects(false)
        .retryOnConnectionFailure(false)
        .connectTimeout(Duration.ofSeconds(15))
        .callTimeout(Duration.ofMinutes(2))
        .build()

    override suspend fun send(request: HttpRequest): HttpOutcome = runInterruptible(Dispatchers.IO) {
        try {
            client.newCall(request.forOkHttp()).execute().use { it.outcome(request.maxResponse.toLong()) }
        } catch (failure: IOException) {
            outcomeOf(failure)
        }
    }

    private fun HttpRequest.forOkHttp(): Request {
        val content = if (method == "GET" || method == "HEAD") null else body.toRequestBody()
        val built = Request.Builder().url(url).method(method, content)
        headers.forEach { built.header(it.name, it.value) }
        return built.build()
    }

    private fun Response.outcome(limit: Long): HttpOutcome {
        val source = body.source()
        if (source.request(limit + 1)) return HttpOutcome.Interrupted
        val headers = headers.map { (name, value) -> Header(name.lowercase(), value) }
        return HttpOutcome.Response(code.toUShort(), headers, source.readByteArray())
    }

    private fun outcomeOf(failure: IOException): HttpOutcome = when {
        failure is UnknownHostException || failure is ConnectException || failure is NoRouteToHostException ->
            HttpOutcome.Unreachable
        failure is SSLPeerUnverifiedException -> HttpOutcome.Certificate
        failure is SSLHandshakeException && generateSequence<Throwable>(failure) { it.cause }.any { it is CertificateException } ->
            HttpOutcome.Certificate
        failure is InterruptedIOException && failure.message == "interrupted" -> throw failure
        else -> HttpOutcome.Interrupted
    }
}
