package org.vouchsafe.app.serve

import androidx.compose.runtime.Composable
import androidx.compose.runtime.LaunchedEffect
import androidx.compose.runtime.getValue
import androidx.compose.ui.res.stringResource
import androidx.lifecycle.compose.collectAsStateWithLifecycle
import androidx.lifecycle.viewmodel.compose.viewModel
import org.vouchsafe.app.LocalParts
import org.vouchsafe.app.R
import org.vouchsafe.app.ui.Band
import org.vouchsafe.app.ui.Formats
import org.vouchsafe.app.ui.MainButton
import org.vouchsafe.app.ui.Page
import org.vouchsafe.app.ui.Signal
import org.vouchsafe.app.ui.Trouble
import org.vouchsafe.app.ui.formats
import org.vouchsafe.app.verdict.refused
import org.vouchsafe.app.verdict.warning
import org.vouchsafe.app.verdict.whyAndWhatToDo
import org.vouchsafe.core.Benefit
import org.vouchsafe.core.ReferenceRefusal
import org.vouchsafe.core.Refusal

/** Serves a voucher whose code cannot be read by the reference that is printed on it. */
@Composable
fun ByCodeScreen(reference: String, onServed: (claim: String) -> Unit, onBack: () -> Unit) {
    val parts = LocalParts.current
    val model = viewModel { ByCodeModel(parts.phone, reference) }
    val state by model.state.collectAsStateWithLifecycle()
    LaunchedEffect(state.serving.served) { state.serving.served?.let(onServed) }
    ByCodePage(state, model::serve, onBack)
}

@Composable
fun ByCodePage(state: ByCodeState, onServe: (Benefit) -> Unit, onBack: () -> Unit) {
    val formats = formats()
    val voucher = state.serving.voucher
    val refusal = state.refusal
    when {
        refusal != null -> Page(
            stringResource(R.string.serve_by_code),
            onBack,
            actions = { MainButton(stringResource(R.string.back), onBack) },
        ) { Band(signal(refusal), words(refusal, formats)) }
        voucher == null -> Page(stringResource(R.string.serve_by_code), onBack) { state.serving.trouble?.let { Trouble(it) } }
        else -> {
            val notes = listOf(stringResource(R.string.by_code_means)) + state.warnings.map { warning(it, formats) }
            // First letters and asterisks have no direction of their own.
            val shown = voucher.copy(holder = voucher.holder?.let(formats::inOrder))
            ServeForm(shown, state.serving, onServe, onBack, notes)
        }
    }
}

private fun signal(refusal: ReferenceRefusal): Signal = when (refusal) {
    ReferenceRefusal.NotListed, ReferenceRefusal.NotAllowed -> Signal.Attention
    is ReferenceRefusal.Refused -> refused(refusal.reason).signal
}

@Composable
private fun words(refusal: ReferenceRefusal, formats: Formats): String = when (refusal) {
    ReferenceRefusal.NotListed -> stringResource(R.string.no_longer_listed)
    ReferenceRefusal.NotAllowed -> stringResource(R.string.by_code_not_allowed)
    is ReferenceRefusal.Refused -> whyAndWhatToDo(Refusal(refusal.reason, voucher = null, mayBeOverridden = false), formats)
}
