package org.vouchsafe.app.vouchers

import androidx.annotation.StringRes
import androidx.compose.runtime.Composable
import androidx.compose.ui.res.stringResource
import org.vouchsafe.app.R
import org.vouchsafe.app.ui.Formats
import org.vouchsafe.app.ui.Signal
import org.vouchsafe.app.verdict.receiptNumber
import org.vouchsafe.core.ListedStanding
import org.vouchsafe.core.ListedVoucher
import org.vouchsafe.core.StandingKind

enum class VoucherFilter(@param:StringRes val label: Int, val standings: List<StandingKind>) {
    All(R.string.voucher_all, emptyList()),
    Open(R.string.voucher_open, listOf(StandingKind.OPEN)),
    Served(R.string.voucher_served, listOf(StandingKind.SERVED_HERE, StandingKind.SERVED)),
    Closed(
        R.string.filter_closed,
        listOf(StandingKind.NOT_YET, StandingKind.EXPIRED, StandingKind.SUSPENDED, StandingKind.REVOKED),
    ),
}

/** The state of a listed voucher as staff say it. */
data class VoucherBadge(val signal: Signal, @param:StringRes val label: Int)

fun badge(standing: ListedStanding): VoucherBadge = when (standing) {
    ListedStanding.Open -> VoucherBadge(Signal.Good, R.string.voucher_open)
    ListedStanding.NotYet -> VoucherBadge(Signal.Neutral, R.string.verdict_not_yet)
    ListedStanding.Expired -> VoucherBadge(Signal.Neutral, R.string.verdict_expired)
    is ListedStanding.ServedHere -> VoucherBadge(Signal.Neutral, R.string.voucher_served_here)
    ListedStanding.Served -> VoucherBadge(Signal.Neutral, R.string.voucher_served)
    ListedStanding.Suspended -> VoucherBadge(Signal.Attention, R.string.verdict_suspended)
    ListedStanding.Revoked -> VoucherBadge(Signal.Bad, R.string.verdict_revoked)
}

/** What that means, and what to do. */
@Composable
fun meaning(voucher: ListedVoucher, formats: Formats): String = when (val standing = voucher.standing) {
    ListedStanding.Open -> stringResource(R.string.voucher_open_means)
    ListedStanding.NotYet -> stringResource(R.string.why_not_yet_valid, formats.day(voucher.firstDay))
    ListedStanding.Expired -> stringResource(R.string.why_expired, formats.day(voucher.lastDay))
    is ListedStanding.ServedHere -> stringResource(
        R.string.why_already_redeemed, formats.moment(standing.at), formats.isolateLtr(receiptNumber(standing.claim)),
    )
    ListedStanding.Served -> stringResource(R.string.voucher_served_means)
    ListedStanding.Suspended -> stringResource(R.string.why_suspended)
    ListedStanding.Revoked -> stringResource(R.string.why_revoked)
}
