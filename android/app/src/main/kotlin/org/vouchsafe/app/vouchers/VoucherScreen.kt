package org.vouchsafe.app.vouchers

import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.runtime.getValue
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.text.font.FontWeight
import androidx.lifecycle.compose.collectAsStateWithLifecycle
import androidx.lifecycle.viewmodel.compose.viewModel
import org.vouchsafe.app.LocalAppContainer
import org.vouchsafe.app.R
import org.vouchsafe.app.ui.Badge
import org.vouchsafe.app.ui.ErrorMessage
import org.vouchsafe.app.ui.LabelledValue
import org.vouchsafe.app.ui.Page
import org.vouchsafe.app.ui.PrimaryButton
import org.vouchsafe.app.ui.SecondaryButton
import org.vouchsafe.app.ui.formats
import org.vouchsafe.core.ListedStatus

/** One voucher as the office lists it: whose it may be, what it gives, and how it stands. */
@Composable
fun VoucherScreen(
    reference: String,
    onScan: () -> Unit,
    onClaim: (String) -> Unit,
    onServeByReference: () -> Unit,
    onBack: () -> Unit,
) {
    val container = LocalAppContainer.current
    val model = viewModel { VoucherModel(container.phone, reference) }
    val state by model.state.collectAsStateWithLifecycle()
    VoucherPage(reference, state, onScan, onClaim, onServeByReference, onBack)
}

@Composable
fun VoucherPage(
    reference: String,
    state: VoucherState,
    onScan: () -> Unit,
    onClaim: (String) -> Unit,
    onServeByReference: () -> Unit,
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
                { PrimaryButton(stringResource(R.string.see_claim), { onClaim(served.claim) }) }
            }
            voucher?.status == ListedStatus.Open -> {
                {
                    PrimaryButton(stringResource(R.string.scan_it), onScan)
                    if (voucher.byReference) SecondaryButton(stringResource(R.string.serve_by_reference), onServeByReference)
                }
            }
            else -> null
        },
    ) {
        Text(formats.isolateLtr(reference), style = MaterialTheme.typography.displaySmall, fontWeight = FontWeight.Bold)
        state.error?.let { ErrorMessage(it) }
        if (voucher != null) {
            val badge = badge(voucher.status)
            Badge(badge.signal, stringResource(badge.label))
            Text(meaning(voucher, formats), style = MaterialTheme.typography.bodyLarge)
            Text(benefit(voucher, formats), style = MaterialTheme.typography.headlineMedium)
            voucher.holder?.let { LabelledValue(stringResource(R.string.label_holder), formats.isolateLtr(it)) }
            LabelledValue(stringResource(R.string.label_assistance), voucher.assistance)
            LabelledValue(stringResource(R.string.label_from), formats.day(voucher.firstDay))
            LabelledValue(stringResource(R.string.label_until), formats.day(voucher.lastDay))
            voucher.programme?.let { LabelledValue(stringResource(R.string.label_programme), it.name) }
        } else if (state.loaded && state.error == null) {
            Text(stringResource(R.string.no_longer_listed), style = MaterialTheme.typography.bodyLarge)
        }
    }
}
