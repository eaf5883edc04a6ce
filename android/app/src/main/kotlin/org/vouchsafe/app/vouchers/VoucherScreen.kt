package org.vouchsafe.app.vouchers

import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.runtime.getValue
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.text.font.FontWeight
import androidx.lifecycle.compose.collectAsStateWithLifecycle
import androidx.lifecycle.viewmodel.compose.viewModel
import org.vouchsafe.app.LocalParts
import org.vouchsafe.app.R
import org.vouchsafe.app.ui.Chip
import org.vouchsafe.app.ui.Fact
import org.vouchsafe.app.ui.MainButton
import org.vouchsafe.app.ui.Page
import org.vouchsafe.app.ui.SideButton
import org.vouchsafe.app.ui.Trouble
import org.vouchsafe.app.ui.formats
import org.vouchsafe.core.ListedStatus

/** One voucher as the office lists it: whose it may be, what it gives, and how it stands. */
@Composable
fun VoucherScreen(
    reference: String,
    onScan: () -> Unit,
    onClaim: (String) -> Unit,
    onServeByCode: () -> Unit,
    onBack: () -> Unit,
) {
    val parts = LocalParts.current
    val model = viewModel { VoucherModel(parts.phone, reference) }
    val state by model.state.collectAsStateWithLifecycle()
    VoucherPage(reference, state, onScan, onClaim, onServeByCode, onBack)
}

@Composable
fun VoucherPage(
    reference: String,
    state: VoucherState,
    onScan: () -> Unit,
    onClaim: (String) -> Unit,
    onServeByCode: () -> Unit,
    onBack: () -> Unit,
) {
    val formats = formats()
    val voucher = state.voucher
    val served = voucher?.status as? ListedStatus.ServedHere
    Page(
        stringResource(R.string.voucher),
        onBack,
        actions = when {
            served != null -> {
                { MainButton(stringResource(R.string.see_claim), { onClaim(served.claim) }) }
            }
            voucher?.status == ListedStatus.Open -> {
                {
                    MainButton(stringResource(R.string.scan_it), onScan)
                    if (voucher.byReference) SideButton(stringResource(R.string.serve_by_code), onServeByCode)
                }
            }
            else -> null
        },
    ) {
        Text(formats.inOrder(reference), style = MaterialTheme.typography.displaySmall, fontWeight = FontWeight.Bold)
        state.trouble?.let { Trouble(it) }
        if (voucher != null) {
            val standing = standing(voucher.status)
            Chip(standing.signal, stringResource(standing.word))
            Text(meaning(voucher, formats), style = MaterialTheme.typography.bodyLarge)
            Text(benefit(voucher, formats), style = MaterialTheme.typography.headlineMedium)
            voucher.holder?.let { Fact(stringResource(R.string.fact_holder), formats.inOrder(it)) }
            Fact(stringResource(R.string.fact_assistance), voucher.assistance)
            Fact(stringResource(R.string.fact_from), formats.day(voucher.firstDay))
            Fact(stringResource(R.string.fact_until), formats.day(voucher.lastDay))
            voucher.programme?.let { Fact(stringResource(R.string.fact_programme), it.name) }
        } else if (state.loaded && state.trouble == null) {
            Text(stringResource(R.string.no_longer_listed), style = MaterialTheme.typography.bodyLarge)
        }
    }
}
