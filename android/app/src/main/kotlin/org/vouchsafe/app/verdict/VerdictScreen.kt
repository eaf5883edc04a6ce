package org.vouchsafe.app.verdict

import androidx.compose.foundation.background
import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Box
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.ColumnScope
import androidx.compose.foundation.layout.fillMaxSize
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.padding
import androidx.compose.foundation.layout.statusBarsPadding
import androidx.compose.foundation.rememberScrollState
import androidx.compose.foundation.verticalScroll
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.runtime.getValue
import androidx.compose.ui.Modifier
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.semantics.LiveRegionMode
import androidx.compose.ui.semantics.heading
import androidx.compose.ui.semantics.liveRegion
import androidx.compose.ui.semantics.semantics
import androidx.compose.ui.text.font.FontWeight
import androidx.compose.ui.text.style.Hyphens
import androidx.compose.ui.unit.dp
import androidx.lifecycle.compose.collectAsStateWithLifecycle
import androidx.lifecycle.viewmodel.compose.viewModel
import org.vouchsafe.app.LocalAppContainer
import org.vouchsafe.app.R
import org.vouchsafe.app.ui.Actions
import org.vouchsafe.app.ui.Banner
import org.vouchsafe.app.ui.ErrorMessage
import org.vouchsafe.app.ui.Formats
import org.vouchsafe.app.ui.LabelledValue
import org.vouchsafe.app.ui.PrimaryButton
import org.vouchsafe.app.ui.SecondaryButton
import org.vouchsafe.app.ui.SecureScreen
import org.vouchsafe.app.ui.Signal
import org.vouchsafe.app.ui.decimalsOf
import org.vouchsafe.app.ui.formats
import org.vouchsafe.core.Verdict
import org.vouchsafe.core.Voucher

/** One colour, one large word, then who, what and until when. It stays until staff have dealt with it. */
@Composable
fun VerdictScreen(voucher: String, onServe: () -> Unit, onOverride: () -> Unit, onSync: () -> Unit, onDone: () -> Unit) {
    val container = LocalAppContainer.current
    val model = viewModel { VerdictModel(container.phone, container.feedback, voucher) }
    val state by model.state.collectAsStateWithLifecycle()
    SecureScreen()
    when (val now = state) {
        // It takes milliseconds: a sign of waiting would only flicker.
        VerdictState.Deciding -> Box(Modifier.fillMaxSize())
        is VerdictState.Decided -> VerdictSheet(now.verdict, onServe, onOverride, onSync, onDone)
        is VerdictState.Failed -> Sheet(
            Signal.Neutral,
            stringResource(R.string.verdict_not_decided),
            { ErrorMessage(now.error) },
            { PrimaryButton(stringResource(R.string.back_to_scan), onDone) },
        )
    }
}

@Composable
fun VerdictSheet(verdict: Verdict, onServe: () -> Unit, onOverride: () -> Unit, onSync: () -> Unit, onDone: () -> Unit) {
    when (verdict) {
        is Verdict.Accept -> Accepted(verdict, onServe, onDone)
        is Verdict.Refuse -> Refused(verdict, onOverride, onSync, onDone)
    }
}

@Composable
private fun Accepted(verdict: Verdict.Accept, onServe: () -> Unit, onDone: () -> Unit) {
    val formats = formats()
    val accepted = verdict.accepted
    Sheet(
        Signal.Good,
        stringResource(R.string.verdict_valid),
        {
            Details(accepted.voucher, formats)
            accepted.warnings.forEach { Banner(Signal.Attention, warning(it, formats)) }
        },
        {
            PrimaryButton(stringResource(R.string.serve), onServe)
            SecondaryButton(stringResource(R.string.do_not_serve), onDone)
        },
    )
}

@Composable
private fun Refused(verdict: Verdict.Refuse, onOverride: () -> Unit, onSync: () -> Unit, onDone: () -> Unit) {
    val formats = formats()
    val refusal = verdict.refusal
    val display = refusalDisplay(refusal.reason)
    Sheet(
        display.signal,
        stringResource(display.label),
        {
            Text(why(refusal, formats), style = MaterialTheme.typography.titleLarge)
            Text(stringResource(display.whatToDo), style = MaterialTheme.typography.bodyLarge)
            refusal.voucher?.let { Details(it, formats) }
        },
        {
            if (display.syncHelps) {
                PrimaryButton(stringResource(R.string.sync_now), onSync)
            } else {
                PrimaryButton(stringResource(R.string.back_to_scan), onDone)
            }
            if (refusal.mayBeOverridden) SecondaryButton(stringResource(R.string.ask_supervisor), onOverride)
            if (display.syncHelps) SecondaryButton(stringResource(R.string.back_to_scan), onDone)
        },
    )
}

@Composable
private fun Sheet(
    signal: Signal,
    label: String,
    details: @Composable ColumnScope.() -> Unit,
    actions: @Composable ColumnScope.() -> Unit,
) {
    val scroll = rememberScrollState()
    Column(Modifier.fillMaxSize().background(MaterialTheme.colorScheme.background)) {
        Column(Modifier.weight(1f).verticalScroll(scroll)) {
            Box(Modifier.fillMaxWidth().background(signal.background).statusBarsPadding().padding(16.dp, 32.dp)) {
                Text(
                    label,
                    Modifier.semantics {
                        heading()
                        liveRegion = LiveRegionMode.Assertive
                    },
                    color = signal.text,
                    fontWeight = FontWeight.Bold,
                    style = MaterialTheme.typography.displayMedium.copy(hyphens = Hyphens.Auto),
                )
            }
            Column(Modifier.padding(16.dp), Arrangement.spacedBy(16.dp), content = details)
        }
        Actions(moreAbove = scroll.canScrollForward, actions)
    }
}

/** Who, what, until when. */
@Composable
fun Details(voucher: Voucher, formats: Formats) {
    voucher.holderName?.let { name ->
        Text(formats.name(name), style = MaterialTheme.typography.headlineMedium)
        val marks = listOfNotNull(
            voucher.holderBirthYear?.let { stringResource(R.string.born, formats.year(it.toInt())) },
            voucher.holderIdTail?.let { stringResource(R.string.id_ends, formats.isolateLtr(it)) },
        )
        if (marks.isNotEmpty()) Text(marks.joinToString(" · "), style = MaterialTheme.typography.bodyLarge)
    }
    val decimals = voucher.programme?.decimals?.toInt() ?: decimalsOf(voucher.benefit)
    Text(formats.benefit(voucher.benefit, decimals), style = MaterialTheme.typography.headlineMedium)
    LabelledValue(stringResource(R.string.label_assistance), voucher.assistance)
    LabelledValue(
        stringResource(R.string.label_until),
        voucher.lastDay?.let(formats::day) ?: formats.moment(voucher.expires),
    )
    voucher.programme?.let { LabelledValue(stringResource(R.string.label_programme), it.name) }
    LabelledValue(stringResource(R.string.label_reference), formats.reference(voucher.reference))
}
