package org.vouchsafe.app.vouchers

import androidx.annotation.StringRes
import androidx.compose.runtime.Composable
import androidx.compose.ui.res.stringResource
import org.vouchsafe.app.R
import org.vouchsafe.app.ui.Formats
import org.vouchsafe.app.ui.Signal
import org.vouchsafe.app.verdict.receiptNumber
import org.vouchsafe.core.ListedStatus
import org.vouchsafe.core.ListedStatusKind
import org.vouchsafe.core.ListedVoucher

/** How staff sort the vouchers that they are to serve. */
enum class Kind(@param:StringRes val word: Int, val standings: List<ListedStatusKind>) {
    All(R.string.voucher_all, emptyList()),
    Open(R.string.voucher_open, listOf(ListedStatusKind.OPEN)),
    Served(R.string.voucher_served, listOf(ListedStatusKind.SERVED_HERE, ListedStatusKind.SERVED)),
    Closed(
        R.string.kind_closed,
        listOf(ListedStatusKind.NOT_YET, ListedStatusKind.EXPIRED, ListedStatusKind.SUSPENDED, ListedStatusKind.REVOKED),
    ),
}

/** How a listed voucher stands, as staff say it. */
data class Standing(val signal: Signal, @param:StringRes val word: Int)

fun standing(standing: ListedStatus): Standing = when (standing) {
    ListedStatus.Open -> Standing(Signal.Good, R.string.voucher_open)
    ListedStatus.NotYet -> Standing(Signal.Neutral, R.string.word_not_yet)
    ListedStatus.Expired -> Standing(Signal.Neutral, R.string.word_expired)
    is ListedStatus.ServedHere -> Standing(Signal.Neutral, R.string.voucher_served_here)
    ListedStatus.Served -> Standing(Signal.Neutral, R.string.voucher_served)
    ListedStatus.Suspended -> Standing(Signal.Attention, R.string.word_on_hold)
    ListedStatus.Revoked -> Standing(Signal.Bad, R.string.word_taken_back)
}

/** What that means, and what to do. */
@Composable
fun meaning(voucher: ListedVoucher, formats: Formats): String = when (val standing = voucher.status) {
    ListedStatus.Open -> stringResource(R.string.voucher_open_means)
    ListedStatus.NotYet -> stringResource(R.string.why_not_yet_valid, formats.day(voucher.firstDay))
    ListedStatus.Expired -> stringResource(R.string.why_expired, formats.day(voucher.lastDay))
    is ListedStatus.ServedHere -> stringResource(
        R.string.why_already_redeemed, formats.moment(standing.at), formats.inOrder(receiptNumber(standing.claim)),
    )
    ListedStatus.Served -> stringResource(R.string.voucher_served_means)
    ListedStatus.Suspended -> stringResource(R.string.why_suspended)
    ListedStatus.Revoked -> stringResource(R.string.why_revoked)
}
