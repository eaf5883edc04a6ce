package org.vouchsafe.app.serve

import androidx.compose.runtime.Composable
import androidx.compose.runtime.LaunchedEffect
import androidx.compose.runtime.getValue
import androidx.compose.ui.res.stringResource
import androidx.lifecycle.compose.collectAsStateWithLifecycle
import androidx.lifecycle.viewmodel.compose.viewModel
import org.vouchsafe.app.LocalAppContainer
import org.vouchsafe.app.R
import org.vouchsafe.app.ui.Banner
import org.vouchsafe.app.ui.ErrorMessage
import org.vouchsafe.app.ui.Formats
import org.vouchsafe.app.ui.Page
import org.vouchsafe.app.ui.PrimaryButton
import org.vouchsafe.app.ui.Signal
import org.vouchsafe.app.ui.formats
import org.vouchsafe.app.verdict.refusalDisplay
import org.vouchsafe.app.verdict.warning
import org.vouchsafe.app.verdict.whyAndWhatToDo
import org.vouchsafe.core.Benefit
import org.vouchsafe.core.ReferenceRefusal
import org.vouchsafe.core.Refusal

/** Serves a voucher whose code cannot be read by the reference that is printed on it. */
@Composable
fun ByReferenceScreen(reference: String, onServed: (claim: String) -> Unit, onBack: () -> Unit) {
    val container = LocalAppContainer.current
    val model = viewModel { ByReferenceModel(container.phone, reference) }
    val state by model.state.collectAsStateWithLifecycle()
    LaunchedEffect(state.form.served) { state.form.served?.let(onServed) }
    ByReferencePage(state, model::redeem, onBack)
}

@Composable
fun ByReferencePage(state: ByReferenceState, onServe: (Benefit) -> Unit, onBack: () -> Unit) {
    val formats = formats()
    val voucher = state.form.voucher
    val refusal = state.refusal
    when {
        refusal != null -> Page(
            stringResource(R.string.serve_by_reference),
            onBack,
            actions = { PrimaryButton(stringResource(R.string.back), onBack) },
        ) { Banner(signal(refusal), message(refusal, formats)) }
        voucher == null -> Page(stringResource(R.string.serve_by_reference), onBack) { state.form.error?.let { ErrorMessage(it) } }
        else -> {
            val notes = listOf(stringResource(R.string.by_reference_means)) + state.warnings.map { warning(it, formats) }
            // First letters and asterisks have no direction of their own.
            val shown = voucher.copy(holder = voucher.holder?.let(formats::isolateLtr))
            ServeForm(shown, state.form, onServe, onBack, notes)
        }
    }
}

private fun signal(refusal: ReferenceRefusal): Signal = when (refusal) {
    ReferenceRefusal.NotListed, ReferenceRefusal.NotAllowed -> Signal.Attention
    is ReferenceRefusal.Refused -> refusalDisplay(refusal.reason).signal
}

@Composable
private fun message(refusal: ReferenceRefusal, formats: Formats): String = when (refusal) {
    ReferenceRefusal.NotListed -> stringResource(R.string.no_longer_listed)
    ReferenceRefusal.NotAllowed -> stringResource(R.string.by_reference_not_allowed)
    is ReferenceRefusal.Refused -> whyAndWhatToDo(Refusal(refusal.reason, voucher = null, mayBeOverridden = false), formats)
}
