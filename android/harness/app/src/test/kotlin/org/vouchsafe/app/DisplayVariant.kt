package org.vouchsafe.app

import android.Manifest
import androidx.compose.foundation.layout.Column
import androidx.compose.runtime.Composable
import androidx.compose.ui.res.stringResource
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import org.vouchsafe.app.claims.ClaimActions
import org.vouchsafe.app.claims.ClaimFilter
import org.vouchsafe.app.claims.ClaimPage
import org.vouchsafe.app.claims.ClaimState
import org.vouchsafe.app.claims.ClaimsList
import org.vouchsafe.app.claims.ClaimsState
import org.vouchsafe.app.claims.VoidClaimPage
import org.vouchsafe.app.claims.totalOf
import org.vouchsafe.app.device.Exported
import org.vouchsafe.app.device.KeyStrength
import org.vouchsafe.app.enrol.ConfirmScreen
import org.vouchsafe.app.enrol.EnrolScreen
import org.vouchsafe.app.health.HealthActions
import org.vouchsafe.app.health.HealthPage
import org.vouchsafe.app.health.HealthState
import org.vouchsafe.app.health.MEGABYTE
import org.vouchsafe.app.scan.CodeScanner
import org.vouchsafe.app.serve.ByReferencePage
import org.vouchsafe.app.serve.ByReferenceState
import org.vouchsafe.app.serve.OverridePage
import org.vouchsafe.app.serve.OverrideState
import org.vouchsafe.app.serve.PinError
import org.vouchsafe.app.serve.ServeForm
import org.vouchsafe.app.serve.ServeState
import org.vouchsafe.app.serve.toServe
import org.vouchsafe.app.sync.BundleOutcome
import org.vouchsafe.app.sync.BundlePage
import org.vouchsafe.app.sync.BundleState
import org.vouchsafe.app.sync.SyncState
import org.vouchsafe.app.ui.Screen
import org.vouchsafe.app.ui.Tabs
import org.vouchsafe.app.verdict.VerdictSheet
import org.vouchsafe.app.vouchers.VoucherFilter
import org.vouchsafe.app.vouchers.VoucherPage
import org.vouchsafe.app.vouchers.VoucherQuery
import org.vouchsafe.app.vouchers.VoucherState
import org.vouchsafe.app.vouchers.VouchersActions
import org.vouchsafe.app.vouchers.VouchersList
import org.vouchsafe.app.vouchers.VouchersState
import org.vouchsafe.core.Accepted
import org.vouchsafe.core.Benefit
import org.vouchsafe.core.Claim
import org.vouchsafe.core.ReferenceRefusal
import org.vouchsafe.core.EngineException
import org.vouchsafe.core.Goods
import org.vouchsafe.core.Health
import org.vouchsafe.core.ListedStatus
import org.vouchsafe.core.ListedVoucher
import org.vouchsafe.core.Programme
import org.vouchsafe.core.Reason
import org.vouchsafe.core.RecordDelivery
import org.vouchsafe.core.Refusal
import org.vouchsafe.core.Stopped
import org.vouchsafe.core.SyncReport
import org.vouchsafe.core.Verdict
import org.vouchsafe.core.Voucher
import org.vouchsafe.core.VoucherListing
import org.vouchsafe.core.Warning

/** One setting of language, size, type and colours in which a reader may see the app. */
class DisplayVariant(
    private val language: String,
    private val width: Int,
    val fontScale: Float,
    private val colourMode: ColourMode,
    private val height: Int = if (width < 400) 568 else 891,
) {
    private val rtl = if (language == "ar") "ldrtl" else "ldltr"

    val qualifiers = "$language-$rtl-w${width}dp-h${height}dp-port-${if (colourMode == ColourMode.DARK) "night" else "notnight"}-xhdpi"
    val name = "$language-$width-${if (fontScale > 1) "large" else "normal"}-${colourMode.name.lowercase()}"
    val strongContrast = colourMode == ColourMode.STRONG

    override fun toString() = name

    fun screens(): List<Pair<String, @Composable () -> Unit>> =
        verdicts.map { (name, verdict) -> name to @Composable { VerdictSheet(verdict, {}, {}, {}, {}) } } + others

    companion object {
        private val languages = listOf("en", "fr", "ar")

        val all = languages.flatMap { language ->
            listOf(320, 411).flatMap { width ->
                listOf(1f, 2f).flatMap { scale -> ColourMode.entries.map { DisplayVariant(language, width, scale, it) } }
            }
        }

        /** Nine of them, in which every two of language, size, scale and colours meet. */
        private val pairwise = listOf(
            DisplayVariant("en", 320, 1f, ColourMode.LIGHT),
            DisplayVariant("en", 411, 2f, ColourMode.DARK),
            DisplayVariant("en", 320, 2f, ColourMode.STRONG),
            DisplayVariant("fr", 411, 2f, ColourMode.LIGHT),
            DisplayVariant("fr", 320, 1f, ColourMode.DARK),
            DisplayVariant("fr", 411, 1f, ColourMode.STRONG),
            DisplayVariant("ar", 320, 2f, ColourMode.LIGHT),
            DisplayVariant("ar", 411, 1f, ColourMode.DARK),
            DisplayVariant("ar", 320, 2f, ColourMode.STRONG),
        )

        /**
         * At most [pictures] of these, each with the screens to draw: every screen in turn, and in another variant when its turn
         * comes again.
         */
        fun sampled(pictures: Int): List<Pair<DisplayVariant, Set<String>>> {
            val screens = pairwise.first().screens().map { it.first }
            val drawn = (0 until pictures).groupBy({ (it + it / screens.size) % pairwise.size }, { screens[it % screens.size] })
            return drawn.map { (variant, names) -> pairwise[variant] to names.toSet() }
        }
    }
}

/** Light, dark, and black on white. */
enum class ColourMode { LIGHT, DARK, STRONG }

private val money = Voucher(
    issuer = "welfare",
    reference = "01a1fe13b9fa7224a36a89b57f98c799",
    benefit = Benefit.Money(500_000uL, "PHP"),
    assistance = "Medicine",
    holderName = "Maria Concepción Santos-Villanueva",
    holderBirthYear = 1953.toUShort(),
    holderIdTail = "4471",
    audience = null,
    notBefore = 1_793_000_000uL,
    expires = 1_812_000_000uL,
    lastDay = "2027-06-03",
    programme = Programme("Medical Aid", 2u),
    documents = emptyList(),
)
private val goods = money.copy(
    benefit = Benefit.Goods(listOf(Goods("Rice", 25_000uL, "kg"), Goods("Cooking oil", 2_500uL, "l"))),
    assistance = "Food",
)

private fun refusal(reason: Reason, voucher: Voucher? = money, mayBeOverridden: Boolean = false) =
    Verdict.Refuse(Refusal(reason, voucher, mayBeOverridden))

private val warnings = listOf(Warning.TrustStale(900_000uL), Warning.StatusUnknown, Warning.ClockAhead(7_300uL))

val verdicts: List<Pair<String, Verdict>> = listOf(
    "verdict-valid" to Verdict.Accept(Accepted(money, emptyList())),
    "verdict-valid-goods-warnings" to Verdict.Accept(Accepted(goods, warnings)),
    "verdict-not-a-voucher" to refusal(Reason.NotAVoucher, null),
    "verdict-unreadable" to refusal(Reason.Unreadable("text.base45"), null),
    "verdict-unknown-issuer" to refusal(Reason.UnknownIssuer, null),
    "verdict-forged" to refusal(Reason.Forged, null),
    "verdict-issuer-compromised" to refusal(Reason.IssuerCompromised),
    "verdict-beyond-delegation" to refusal(Reason.BeyondDelegation("single")),
    "verdict-wrong-programme" to refusal(Reason.WrongProgramme),
    "verdict-trust-too-old" to refusal(Reason.TrustTooOld(8_000_000uL), mayBeOverridden = true),
    "verdict-profile-too-old" to refusal(Reason.ProfileTooOld(8_000_000uL)),
    "verdict-clock" to refusal(Reason.ClockTurnedBack(260_000uL), mayBeOverridden = true),
    "verdict-already-served" to refusal(Reason.AlreadyRedeemed("0193f0a2b4c6d8e0f102030405060708", 1_795_000_000uL, "ana")),
    "verdict-revoked" to refusal(Reason.Revoked),
    "verdict-suspended" to refusal(Reason.Suspended),
    "verdict-served-elsewhere" to refusal(Reason.RedeemedElsewhere),
    "verdict-wrong-provider" to refusal(Reason.WrongProvider("hope")),
    "verdict-issued-here" to refusal(Reason.IssuedByThisProvider),
    "verdict-issuer-not-valid" to refusal(Reason.IssuerNotValid),
    "verdict-not-yet" to refusal(Reason.NotYetValid(1_812_000_000uL)),
    "verdict-expired" to refusal(Reason.Expired(1_795_000_000uL)),
)

private fun claim(number: Int, state: String, delivery: RecordDelivery = RecordDelivery.Sent) = Claim(
    id = "0193f0a2b4c6d8e0f10203040506%04X".format(number),
    redeemedAt = 1_795_000_000uL + (number * 4_000).toULong(),
    operator = null,
    reference = "01a1fe13b9fa7224a36a89b57f98c799",
    given = if (number % 3 == 0) goods.benefit else Benefit.Money((120_000 + 37 * number).toULong(), "PHP"),
    byReference = false,
    state = state,
    reason = null,
    delivery = delivery,
    voidedAt = null,
    documents = 0u,
    documentsSent = 0u,
)

private val claims = listOf(
    claim(1, "recorded", RecordDelivery.Waiting), claim(2, "submitted"), claim(3, "in_review"), claim(4, "conflict"),
    claim(5, "approved"), claim(6, "paid"), claim(7, "rejected"),
)
private fun listed(reference: String, status: ListedStatus, of: Voucher = money) = ListedVoucher(
    reference = reference,
    holder = "M*** C*** S***",
    assistance = of.assistance,
    benefit = of.benefit,
    firstDay = "2026-12-01",
    lastDay = "2027-06-03",
    status = status,
    programme = of.programme,
    byReference = false,
)

private val listed = listOf(
    listed("0K2M-94QX", ListedStatus.Open),
    listed("1ZZ0-0042", ListedStatus.Open, goods),
    listed("7K2M-94QX", ListedStatus.ServedHere("0193f0a2b4c6d8e0f102030405060708", 1_795_000_000uL)),
    listed("8A00-94QX", ListedStatus.NotYet),
    listed("9A00-94QX", ListedStatus.Served, goods),
    listed("AA00-94QX", ListedStatus.Suspended),
    listed("BA00-94QX", ListedStatus.Revoked),
    listed("CA00-94QX", ListedStatus.Expired),
)
private val listing = VoucherListing(
    listed = 1_795_000_000uL,
    age = 3_600uL,
    total = 120u,
    categories = listOf("Food", "Medicine"),
    matching = 120u,
    found = listed,
)
private val health = Health(
    origin = "https://vouchers.example.org",
    provider = "Mercy Pharmacy",
    confirmed = true,
    trustVersion = 12uL,
    trustIssued = 1_795_000_000uL,
    statusIssued = 1_794_990_000uL,
    clock = null,
    unsentRecords = 3uL,
    unsentSince = 1_794_900_000uL,
    unsentDocuments = 1uL,
)
private val report = SyncReport(null, false, 0uL, 0uL, 0uL, 0uL, 0uL, 0uL, 0uL, 0uL, emptyList(), stopped = null)
private val full = EngineException.Storage("the disk is full")

private val overriding = OverrideState(
    ServeState(money.toServe()),
    supervisors = listOf("lorna", "benedicta"),
    overridden = refusal(Reason.TrustTooOld(8_000_000uL)).refusal,
)

private val others: List<Pair<String, @Composable () -> Unit>> = listOf(
    "enrol" to { WithCameraPermission(allowed = true) { EnrolScreen() } },
    "scan" to { WithCameraPermission(allowed = true) { CodeScanner(stringResource(R.string.scan_voucher), onType = {}) {} } },
    "scan-not-allowed" to { WithCameraPermission(allowed = false) { CodeScanner(stringResource(R.string.scan_voucher), onType = {}) {} } },
    "confirm" to { ConfirmScreen(health.copy(confirmed = false), "01678216", {}, {}) },
    "serve-money" to { ServeForm(money.toServe(), ServeState(money.toServe()), {}, {}) },
    "serve-goods-error" to { ServeForm(goods.toServe(), ServeState(goods.toServe(), error = full), {}, {}) },
    "serve-by-reference" to {
        val warnings = listOf(Warning.StatusStale(900_000uL))
        ByReferencePage(ByReferenceState(ServeState(listed[0].toServe()), warnings), {}, {})
    },
    "serve-by-reference-not-allowed" to { ByReferencePage(ByReferenceState(refusal = ReferenceRefusal.NotAllowed), {}, {}) },
    "serve-by-reference-revoked" to { ByReferencePage(ByReferenceState(refusal = ReferenceRefusal.Refused(Reason.Revoked)), {}, {}) },
    "override" to { OverridePage(overriding, { _, _ -> }, {}) },
    "override-pin-wrong" to { OverridePage(overriding.copy(supervisors = listOf("lorna"), pin = PinError.Wrong), { _, _ -> }, {}) },
    "override-pin-wait" to { OverridePage(overriding.copy(pin = PinError.Wait(1_790uL)), { _, _ -> }, {}) },
    "override-no-help" to { OverridePage(overriding.copy(refusal = refusal(Reason.Revoked).refusal), { _, _ -> }, {}) },
    "override-nobody" to { OverridePage(overriding.copy(supervisors = emptyList()), { _, _ -> }, {}) },
    "claim-by-reference" to { ClaimPage(claims[2].id, ClaimState(claims[2].copy(byReference = true)), false, ClaimActions()) },
    "claims" to { Claims(ClaimsState(claims, more = true, loaded = true, today = totalOf(claims.take(2)), month = totalOf(claims))) },
    "claims-none" to { Claims(ClaimsState(loaded = true)) },
    "claims-none-like-this" to { Claims(ClaimsState(loaded = true), "0506", ClaimFilter.Paid) },
    "vouchers" to { Vouchers(VouchersState(listing, loaded = true)) },
    "vouchers-old-category" to {
        val old = listing.copy(age = 900_000uL, matching = 1u, found = listing.found.take(1))
        Vouchers(VouchersState(old, loaded = true), VoucherQuery(category = "Medicine", filter = VoucherFilter.Open))
    },
    "vouchers-none-like-this" to {
        Vouchers(VouchersState(listing.copy(matching = 0u, found = emptyList()), loaded = true), VoucherQuery("7k2m 94qx"))
    },
    "vouchers-none" to {
        val none = listing.copy(total = 0u, matching = 0u, categories = emptyList(), found = emptyList())
        Vouchers(VouchersState(none, loaded = true))
    },
    "vouchers-no-list" to {
        Vouchers(VouchersState(loaded = true), syncState = SyncState.Ended(report.copy(stopped = Stopped.UNREACHABLE)))
    },
    "voucher-open" to { ListedPage(listed[0]) },
    "voucher-served-here" to { ListedPage(listed[2]) },
    "voucher-not-yet" to { ListedPage(listed[3]) },
    "voucher-open-by-reference" to { ListedPage(listed[0].copy(byReference = true)) },
    "voucher-not-listed" to { VoucherPage("7K2M-94QX", VoucherState(loaded = true), {}, {}, {}, {}) },
    "tabs" to { Column { Tabs(Screen.Vouchers) {} } },
    "receipt" to { ClaimPage(claims[0].id, ClaimState(claims[0]), justServed = true, ClaimActions()) },
    "claim-paid" to { ClaimPage(claims[5].id, ClaimState(claims[5].copy(documents = 2u, documentsSent = 1u)), false, ClaimActions()) },
    "claim-conflict" to { ClaimPage(claims[3].id, ClaimState(claims[3], noDocument = true), justServed = false, ClaimActions()) },
    "void-claim" to { VoidClaimPage(claims[0].id, {}, {}) },
    "health-unsent" to {
        val behind = health.copy(clock = Warning.ClockBehind(5_400uL))
        val state = HealthState(behind, "01678216", freeSpace = 60 * MEGABYTE)
        HealthPage(state, KeyStrength.SOFTWARE, SyncState.Ended(report.copy(stopped = Stopped.NOT_OUR_SERVER)), false, false, HealthActions())
    },
    "health-good" to {
        val state = HealthState(health.copy(unsentSince = null), "01678216", freeSpace = 4_200 * MEGABYTE)
        HealthPage(state, KeyStrength.STRONGBOX, SyncState.Ended(report), true, false, HealthActions())
    },
    "health-syncing" to {
        HealthPage(HealthState(health, "01678216"), KeyStrength.HARDWARE, SyncState.Running, false, true, HealthActions())
    },
    "bundle" to { BundlePage(BundleState(), {}, {}, {}, {}) },
    "bundle-exported" to { BundlePage(BundleState(outcomes = listOf(BundleOutcome.Written(Exported(3, 1, listOf("a"))))), {}, {}, {}, {}) },
    "bundle-not-written" to { BundlePage(BundleState(outcomes = listOf(BundleOutcome.NotWritten)), {}, {}, {}, {}) },
)

@Composable
private fun WithCameraPermission(allowed: Boolean, screen: @Composable () -> Unit) {
    val app = shadowOf(RuntimeEnvironment.getApplication())
    if (allowed) app.grantPermissions(Manifest.permission.CAMERA) else app.denyPermissions(Manifest.permission.CAMERA)
    screen()
}

@Composable
private fun Vouchers(state: VouchersState, query: VoucherQuery = VoucherQuery(), syncState: SyncState = SyncState.NotYet) =
    VouchersList(state, query, syncState, VouchersActions())

@Composable
private fun ListedPage(voucher: ListedVoucher) = VoucherPage(voucher.reference, VoucherState(voucher, loaded = true), {}, {}, {}, {})

@Composable
private fun Claims(state: ClaimsState, typed: String = "", filter: ClaimFilter = ClaimFilter.All) =
    ClaimsList(state, typed, filter, {}, {}, {}, {})
