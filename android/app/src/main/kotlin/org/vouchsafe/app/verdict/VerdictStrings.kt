package org.vouchsafe.app.verdict

import androidx.annotation.StringRes
import androidx.compose.runtime.Composable
import androidx.compose.ui.res.pluralStringResource
import androidx.compose.ui.res.stringResource
import org.vouchsafe.app.R
import org.vouchsafe.app.ui.Formats
import org.vouchsafe.app.ui.Signal
import org.vouchsafe.core.Reason
import org.vouchsafe.core.Refusal
import org.vouchsafe.core.Warning

/** What staff see of a refusal: one word, why, and what to do now. */
data class RefusalDisplay(
    val signal: Signal,
    @param:StringRes val label: Int,
    @param:StringRes val why: Int,
    @param:StringRes val whatToDo: Int,
    /** What to do is to sync. */
    val syncHelps: Boolean = false,
)

fun refusalDisplay(reason: Reason): RefusalDisplay = when (reason) {
    Reason.NotAVoucher ->
        RefusalDisplay(Signal.Neutral, R.string.verdict_no_voucher, R.string.why_not_a_voucher, R.string.do_scan_voucher)
    is Reason.Unreadable ->
        RefusalDisplay(Signal.Neutral, R.string.verdict_no_voucher, R.string.why_unreadable, R.string.do_scan_again)
    Reason.UnknownIssuer ->
        RefusalDisplay(Signal.Bad, R.string.verdict_unknown, R.string.why_unknown_issuer, R.string.do_sync_then_office, syncHelps = true)
    Reason.Forged ->
        RefusalDisplay(Signal.Bad, R.string.verdict_forged, R.string.why_forged, R.string.do_keep_and_report)
    Reason.IssuerCompromised ->
        RefusalDisplay(Signal.Bad, R.string.verdict_not_valid, R.string.why_issuer_compromised, R.string.do_send_to_office)
    is Reason.BeyondDelegation ->
        RefusalDisplay(Signal.Bad, R.string.verdict_not_valid, R.string.why_beyond_delegation, R.string.do_send_to_office)
    Reason.WrongProgramme ->
        RefusalDisplay(Signal.Bad, R.string.verdict_not_here, R.string.why_wrong_programme, R.string.do_send_to_office)
    is Reason.TrustTooOld ->
        RefusalDisplay(Signal.Attention, R.string.verdict_sync_first, R.string.why_trust_too_old, R.string.do_sync, syncHelps = true)
    is Reason.ProfileTooOld ->
        RefusalDisplay(Signal.Attention, R.string.verdict_sync_first, R.string.why_profile_too_old, R.string.do_sync, syncHelps = true)
    is Reason.ClockTurnedBack ->
        RefusalDisplay(Signal.Attention, R.string.verdict_clock, R.string.why_clock_turned_back, R.string.do_set_clock)
    is Reason.AlreadyRedeemed ->
        RefusalDisplay(Signal.Bad, R.string.verdict_served, R.string.why_already_redeemed, R.string.do_check_receipt)
    Reason.Revoked ->
        RefusalDisplay(Signal.Bad, R.string.verdict_revoked, R.string.why_revoked, R.string.do_send_to_office)
    Reason.Suspended ->
        RefusalDisplay(Signal.Bad, R.string.verdict_suspended, R.string.why_suspended, R.string.do_send_to_office)
    Reason.RedeemedElsewhere ->
        RefusalDisplay(Signal.Bad, R.string.verdict_served, R.string.why_redeemed_elsewhere, R.string.do_send_to_office)
    is Reason.WrongProvider ->
        RefusalDisplay(Signal.Bad, R.string.verdict_not_here, R.string.why_wrong_provider, R.string.do_send_to_provider)
    Reason.IssuedByThisProvider ->
        RefusalDisplay(Signal.Bad, R.string.verdict_not_here, R.string.why_issued_by_this_provider, R.string.do_send_elsewhere)
    Reason.IssuerNotValid ->
        RefusalDisplay(Signal.Bad, R.string.verdict_not_valid, R.string.why_issuer_not_valid, R.string.do_send_to_office)
    is Reason.NotYetValid ->
        RefusalDisplay(Signal.Bad, R.string.verdict_not_yet, R.string.why_not_yet_valid, R.string.do_come_back)
    is Reason.Expired ->
        RefusalDisplay(Signal.Bad, R.string.verdict_expired, R.string.why_expired, R.string.do_send_to_office)
}

/** Why, with what the reason carries. */
@Composable
fun why(refusal: Refusal, formats: Formats): String {
    val why = refusalDisplay(refusal.reason).why
    return when (val reason = refusal.reason) {
        is Reason.AlreadyRedeemed -> stringResource(why, formats.moment(reason.at), formats.isolateLtr(receiptNumber(reason.claim)))
        is Reason.WrongProvider -> stringResource(why, reason.audience)
        is Reason.NotYetValid -> stringResource(why, formats.day(reason.from))
        is Reason.Expired -> stringResource(why, refusal.voucher?.lastDay?.let(formats::day) ?: formats.day(reason.at))
        is Reason.TrustTooOld -> stringResource(why, age(reason.age, formats))
        is Reason.ProfileTooOld -> stringResource(why, age(reason.age, formats))
        is Reason.ClockTurnedBack -> stringResource(why, age(reason.by, formats))
        else -> stringResource(why)
    }
}

@Composable
fun whyAndWhatToDo(refusal: Refusal, formats: Formats): String =
    "${why(refusal, formats)}\n${stringResource(refusalDisplay(refusal.reason).whatToDo)}"

@Composable
fun warning(warning: Warning, formats: Formats): String = when (warning) {
    is Warning.TrustStale -> stringResource(R.string.warning_trust_stale, age(warning.age, formats))
    is Warning.StatusStale -> stringResource(R.string.warning_status_stale, age(warning.age, formats))
    Warning.StatusUnknown -> stringResource(R.string.warning_status_unknown)
    is Warning.ClockBehind -> stringResource(R.string.warning_clock_behind, age(warning.by, formats))
    is Warning.ClockAhead -> stringResource(R.string.warning_clock_ahead, age(warning.by, formats))
    is Warning.ProfileStale -> stringResource(R.string.warning_profile_stale, age(warning.age, formats))
}

/** A length of time in whole days, or in hours or minutes where it is shorter. */
@Composable
fun age(seconds: ULong, formats: Formats): String {
    val (unit, number) = when {
        seconds >= DAY -> R.plurals.days to seconds / DAY
        seconds >= HOUR -> R.plurals.hours to seconds / HOUR
        else -> R.plurals.minutes to seconds / MINUTE
    }
    val quantity = number.coerceAtMost(Int.MAX_VALUE.toULong()).toInt()
    return pluralStringResource(unit, quantity, formats.count(number.toLong()))
}

private const val MINUTE = 60uL
private const val HOUR = 3_600uL
private const val DAY = 86_400uL

/** What staff read out and write down: the claim's last eight digits, in two groups. */
fun receiptNumber(claim: String): String = claim.filter(Char::isLetterOrDigit).takeLast(8).uppercase().chunked(4).joinToString(NO_BREAK)

private const val NO_BREAK = "\u00A0"
