package org.vouchsafe.app.device

import java.io.OutputStream
import kotlinx.coroutines.flow.StateFlow
import org.vouchsafe.core.Benefit
import org.vouchsafe.core.Claim
import org.vouchsafe.core.ReferenceRedemption
import org.vouchsafe.core.ReferenceVerdict
import org.vouchsafe.core.Health
import org.vouchsafe.core.HowRead
import org.vouchsafe.core.HttpOutcome
import org.vouchsafe.core.HttpRequest
import org.vouchsafe.core.Imported
import org.vouchsafe.core.OverrideOutcome
import org.vouchsafe.core.ListedVoucher
import org.vouchsafe.core.NewDocument
import org.vouchsafe.core.Redemption
import org.vouchsafe.core.SyncReport
import org.vouchsafe.core.Verdict
import org.vouchsafe.core.VoucherListing
import org.vouchsafe.core.VoucherSearch

/**
 * What this phone can do: the engine, in the app's words.
 *
 * The values are the engine's own. Calls may be made from any thread; they fail with `EngineException` when something is
 * broken or not allowed, and then nothing was recorded.
 */
interface Phone {
    /** Counts what changed on this phone: a screen that shows any of it reads again when this moves. */
    val changes: StateFlow<Int>

    suspend fun health(): Health

    /** The eight digits of this phone's key, for staff to compare with the office's screen. */
    suspend fun digits(): String

    /** Takes up an enrolment code; the next sync carries the request. */
    suspend fun enrol(code: String)

    /** Decides on the text of a symbol. Writes nothing. */
    suspend fun check(voucher: String): Verdict

    /** Records that a voucher was served; when it returns `Done`, the record is on the disk. */
    suspend fun redeem(voucher: String, request: RedemptionRequest): Redemption

    /** Who may override what this phone alone may not decide. */
    suspend fun supervisors(): List<String>

    /** As [redeem], where a supervisor overrides the refusal. */
    suspend fun redeemWithOverride(voucher: String, request: RedemptionRequest, by: SupervisorOverride): OverrideOutcome

    /** Voids a redemption: the claim is withdrawn, and the voucher can be served again. */
    suspend fun void(claim: String, reason: String)

    /** At most [limit] claims, newest first, from the one after [before] on. */
    suspend fun claims(before: String? = null, limit: Int): List<Claim>

    suspend fun claim(id: String): Claim

    /** The vouchers that the office listed for this provider, those that are looked for; nothing while no list came. */
    suspend fun vouchers(search: VoucherSearch): VoucherListing?

    /** The listed voucher with this reference; nothing where there is none. */
    suspend fun listedVoucher(reference: String): ListedVoucher?

    /** Decides on the reference of a listed voucher. Writes nothing. */
    suspend fun checkReference(reference: String): ReferenceVerdict

    /** Records that a voucher was served by its reference; when it returns `Done`, the record is on the disk. */
    suspend fun redeemByReference(reference: String, given: Benefit): ReferenceRedemption

    /** Attaches a document to a claim; when it returns, the document is on the disk. */
    suspend fun attach(claim: String, document: NewDocument)

    /** Writes sealed files that carry all that the server lacks, each to what [open] gives for its name. Blocks on [open]. */
    suspend fun export(open: (name: String) -> OutputStream): Exported

    /** Takes in a file that the office sent back. */
    suspend fun import(file: ByteArray): Imported

    suspend fun freeSpace(): Long

    /** Syncs all there is with the server; nothing while another sync is under way. */
    suspend fun sync(send: suspend (HttpRequest) -> HttpOutcome): SyncReport?
}

data class Exported(val records: Long, val documents: Long, val names: List<String>)

/** Who overrides a refusal, with the PIN that they typed. */
class SupervisorOverride(val supervisor: String, val pin: String)

/** What staff asks to be recorded as served. */
data class RedemptionRequest(
    /** What is given; the whole voucher when absent. */
    val given: Benefit?,
    val howRead: HowRead,
    val documents: List<NewDocument> = emptyList(),
)
