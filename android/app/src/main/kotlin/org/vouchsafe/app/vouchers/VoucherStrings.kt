package org.vouchsafe.app.vouchers

import androidx.annotation.StringRes
import androidx.compose.runtime.Composable
import androidx.compose.ui.res.stringResource
import org.vouchsafe.app.R
import org.vouchsafe.app.ui.Formats
import org.vouchsafe.app.ui.Signal
import org.vouchsafe.app.verdict.receiptNumber
import org.vouchsafe.core.ListedStatus
import org.vouchsafe.core.ListedVoucher
import org.vouchsafe.core.ListedStatusKind

enum class VoucherFilter(@param:StringRes val label: Int, val statuses: List<ListedStatusKind>) {
    All(R.string.voucher_all, emptyList()),
    Open(R.string.voucher_open, listOf(ListedStatusKind.OPEN)),
    Served(R.string.voucher_served, listOf(ListedStatusKind.SERVED_HERE, ListedStatusKind.SERVED)),
    Closed(
        R.string.filter_closed,
        listOf(ListedStatusKind.NOT_YET, ListedStatusKind.EXPIRED, ListedStatusKind.SUSPENDED, ListedStatusKind.REVOKED),
    ),
}

/** The state of a listed voucher as staff say it. */
data class VoucherBadge(val signal: Signal, @param:StringRes val label: Int)

fun badge(status: ListedStatus): VoucherBadge = when (status) {
    ListedStatus.Open -> VoucherBadge(Signal.Good, R.string.voucher_open)
    ListedStatus.NotYet -> VoucherBadge(Signal.Neutral, R.string.verdict_not_yet)
    ListedStatus.Expired -> VoucherBadge(Signal.Neutral, R.string.verdict_expired)
    is ListedStatus.ServedHere -> VoucherBadge(Signal.Neutral, R.string.voucher_served_here)
    ListedStatus.Served -> VoucherBadge(Signal.Neutral, R.string.voucher_served)
    ListedStatus.Suspended -> VoucherBadge(Signal.Attention, R.string.verdict_suspended)
    ListedStatus.Revoked -> VoucherBadge(Signal.Bad, R.string.verdict_revoked)
}

/** What that means, and what to do. */
@Composable
fun meaning(voucher: ListedVoucher, formats: Formats): String = when (val status = voucher.status) {
    ListedStatus.Open -> stringResource(R.string.voucher_open_means)
    ListedStatus.NotYet -> stringResource(R.string.why_not_yet_valid, formats.day(voucher.firstDay))
    ListedStatus.Expired -> stringResource(R.string.why_expired, formats.day(voucher.lastDay))
    is ListedStatus.ServedHere -> stringResource(
        R.string.why_already_redeemed, formats.moment(status.at), formats.isolateLtr(receiptNumber(status.claim)),
    )
    ListedStatus.Served -> stringResource(R.string.voucher_served_means)
    ListedStatus.Suspended -> stringResource(R.string.why_suspended)
    ListedStatus.Revoked -> stringResource(R.string.why_revoked)
}
