package org.vouchsafe.core

import java.io.IOException
import java.net.ConnectException
import java.net.URI
import java.net.http.HttpClient
import java.net.http.HttpRequest.BodyPublishers
import java.net.http.HttpResponse.BodyHandlers
import java.time.Duration
import javax.net.ssl.SSLException

private val client = HttpClient.newBuilder()
    .version(HttpClient.Version.HTTP_1_1)
    .followRedirects(HttpClient.Redirect.NEVER)
    .connectTimeout(Duration.ofSeconds(10))
    .build()

/** Runs one sync to its end, over [send]. */
fun Verifier.sync(send: (HttpRequest) -> HttpOutcome = ::sendOverHttp): SyncReport {
    val run = checkNotNull(beginSync()) { "another sync is under way" }
    try {
        while (true) {
            when (val step = run.next()) {
                is SyncStep.Send -> run.answer(send(step.request), deviceClock())
                is SyncStep.Wait -> Thread.sleep(step.millis.toLong())
                is SyncStep.Done -> return step.report
            }
        }
    } finally {
        run.close()
    }
}

fun sendOverHttp(request: HttpRequest): HttpOutcome {
    val body = if (request.body.isEmpty()) BodyPublishers.noBody() else BodyPublishers.ofByteArray(request.body)
    val message = java.net.http.HttpRequest.newBuilder(URI(request.url)).method(request.method, body)
        .timeout(Duration.ofSeconds(60))
    request.headers.forEach { message.header(it.name, it.value) }
    return try {
        val response = client.send(message.build(), BodyHandlers.ofInputStream())
        val limit = request.maxResponse.toInt()
        val content = response.body().use { it.readNBytes(limit + 1) }
        if (content.size > limit) {
            HttpOutcome.Interrupted
        } else {
            val headers = response.headers().map().flatMap { (name, values) -> values.map { Header(name.lowercase(), it) } }
            HttpOutcome.Response(response.statusCode().toUShort(), headers, content)
        }
    } catch (_: ConnectException) {
        HttpOutcome.Unreachable
    } catch (_: SSLException) {
        HttpOutcome.Certificate
    } catch (_: IOException) {
        HttpOutcome.Interrupted
    }
}
