package org.vouchsafe.app.device

import java.io.File
import java.io.OutputStream
import java.nio.ByteBuffer
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow
import kotlinx.coroutines.flow.update
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withContext
import org.vouchsafe.core.Benefit
import org.vouchsafe.core.Claim
import org.vouchsafe.core.ReferenceRedemption
import org.vouchsafe.core.ReferenceService
import org.vouchsafe.core.ReferenceVerdict
import org.vouchsafe.core.Health
import org.vouchsafe.core.HttpOutcome
import org.vouchsafe.core.HttpRequest
import org.vouchsafe.core.Imported
import org.vouchsafe.core.KeyStore
import org.vouchsafe.core.OverrideOutcome
import org.vouchsafe.core.ListedVoucher
import org.vouchsafe.core.NewDocument
import org.vouchsafe.core.Redemption
import org.vouchsafe.core.Service
import org.vouchsafe.core.SyncReport
import org.vouchsafe.core.SyncStep
import org.vouchsafe.core.Verdict
import org.vouchsafe.core.Verifier
import org.vouchsafe.core.VoucherListing
import org.vouchsafe.core.VoucherSearch
import org.vouchsafe.core.uniffiEnsureInitialized

/**
 * The one owner of the engine. It opens it off the main thread, lends it to nobody, and lets one call in at a time; only
 * the network's part of a sync runs beside other calls.
 */
class EnginePhone(
    private val home: File,
    private val keys: KeyStore,
    private val clocks: Clocks,
    io: CoroutineDispatcher = Dispatchers.IO,
) : Phone, AutoCloseable {
    private val thread = io.limitedParallelism(1)
    private val changed = MutableStateFlow(0)

    /** Seen by [thread] alone. A phone whose storage is full says so where it is asked, and opens when asked again. */
    private var verifier: Verifier? = null

    override val changes: StateFlow<Int> = changed.asStateFlow()

    override suspend fun health(): Health = engine { it.health(clocks.now()) }

    override suspend fun digits(): String = engine { it.digits() }

    override suspend fun enrol(code: String) = changing { it.enrol(code, clocks.now()) }

    override suspend fun check(voucher: String): Verdict = engine { it.check(voucher, clocks.now()) }

    override suspend fun redeem(voucher: String, request: RedemptionRequest): Redemption =
        changing { it.redeem(voucher, request.toService(), clocks.now()) }

    override suspend fun supervisors(): List<String> = engine { it.supervisors() }

    override suspend fun redeemWithOverride(voucher: String, request: RedemptionRequest, by: SupervisorOverride): OverrideOutcome =
        changing { it.redeemWithOverride(voucher, request.toService(), by.supervisor, by.pin, clocks.now()) }

    override suspend fun void(claim: String, reason: String) = changing { it.void(claim, reason, null, clocks.now()) }

    override suspend fun claims(before: String?, limit: Int): List<Claim> = engine { it.claims(before, limit.toUInt()) }

    override suspend fun claim(id: String): Claim = engine { it.claim(id) }

    override suspend fun vouchers(search: VoucherSearch): VoucherListing? = engine { it.vouchers(search, clocks.now()) }

    override suspend fun listedVoucher(reference: String): ListedVoucher? = engine { it.listedVoucher(reference, clocks.now()) }

    override suspend fun checkReference(reference: String): ReferenceVerdict = engine { it.checkReference(reference, clocks.now()) }

    override suspend fun redeemByReference(reference: String, given: Benefit): ReferenceRedemption = changing {
        it.serveByReference(reference, ReferenceService(given, operator = null, documents = emptyList()), clocks.now())
    }

    override suspend fun attach(claim: String, document: NewDocument) =
        changing { it.attach(claim, document, operator = null, clocks.now()) }

    override suspend fun export(open: (name: String) -> OutputStream): Exported = engine { verifier ->
        val export = verifier.exportBundle(clocks.now())
        try {
            val names = export.files.map { file ->
                val name = file.name()
                open(name).use { out ->
                    while (true) out.write(file.nextBytes() ?: break)
                }
                name
            }
            Exported(export.records.toLong(), export.documents.toLong(), names)
        } finally {
            export.files.forEach { it.close() }
        }
    }

    override suspend fun import(file: ByteArray): Imported {
        val buffer = ByteBuffer.allocateDirect(file.size).put(file)
        return changing { it.importBundle(buffer.apply { flip() }, clocks.now()) }
    }

    override suspend fun freeSpace(): Long = engine { home.usableSpace }

    override suspend fun sync(send: suspend (HttpRequest) -> HttpOutcome): SyncReport? {
        val run = engine { it.beginSync() } ?: return null
        try {
            while (true) {
                when (val step = withContext(thread) { run.next() }) {
                    is SyncStep.Send -> {
                        val outcome = send(step.request)
                        withContext(thread) { run.answer(outcome, clocks.now()) }
                    }
                    is SyncStep.Wait -> delay(step.millis.toLong())
                    is SyncStep.Done -> return step.report
                }
            }
        } finally {
            run.close()
            changed.update { it + 1 }
        }
    }

    /** Gives the phone's storage free; the next call opens it again. */
    override fun close() = runBlocking(thread) {
        verifier?.close()
        verifier = null
    }

    private suspend fun <T> engine(call: (Verifier) -> T): T = withContext(thread) {
        call(verifier ?: open().also { verifier = it })
    }

    private fun open(): Verifier {
        uniffiEnsureInitialized()
        home.mkdirs()
        return Verifier.openWithKeys(home.path, keys)
    }

    private suspend fun <T> changing(call: (Verifier) -> T): T = engine(call).also { changed.update { it + 1 } }
}

private fun RedemptionRequest.toService() = Service(given, howRead, operator = null, documents)
