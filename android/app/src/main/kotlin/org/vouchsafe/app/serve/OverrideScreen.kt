package org.vouchsafe.app.serve

import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.Row
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.heightIn
import androidx.compose.foundation.selection.selectable
import androidx.compose.foundation.selection.selectableGroup
import androidx.compose.foundation.text.KeyboardOptions
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.OutlinedTextField
import androidx.compose.material3.RadioButton
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.runtime.LaunchedEffect
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.remember
import androidx.compose.runtime.saveable.rememberSaveable
import androidx.compose.runtime.setValue
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.semantics.Role
import androidx.compose.ui.text.input.KeyboardType
import androidx.compose.ui.text.input.PasswordVisualTransformation
import androidx.compose.ui.unit.dp
import androidx.lifecycle.compose.collectAsStateWithLifecycle
import androidx.lifecycle.viewmodel.compose.viewModel
import org.vouchsafe.app.LocalAppContainer
import org.vouchsafe.app.R
import org.vouchsafe.app.device.SupervisorOverride
import org.vouchsafe.app.ui.Banner
import org.vouchsafe.app.ui.ErrorMessage
import org.vouchsafe.app.ui.Page
import org.vouchsafe.app.ui.PrimaryButton
import org.vouchsafe.app.ui.SecureScreen
import org.vouchsafe.app.ui.Signal
import org.vouchsafe.app.ui.formats
import org.vouchsafe.app.verdict.age
import org.vouchsafe.app.verdict.refusalDisplay
import org.vouchsafe.app.verdict.why
import org.vouchsafe.app.verdict.whyAndWhatToDo
import org.vouchsafe.core.Benefit
import org.vouchsafe.core.HowRead

/** A supervisor overrides what this phone alone may not decide. */
@Composable
fun OverrideScreen(text: String, howRead: HowRead, onServed: (claim: String) -> Unit, onRefused: () -> Unit, onBack: () -> Unit) {
    val container = LocalAppContainer.current
    val model = viewModel { OverrideModel(container.phone, text, howRead) }
    val state by model.state.collectAsStateWithLifecycle()
    SecureScreen()
    LaunchedEffect(state.form.served) { state.form.served?.let(onServed) }
    LaunchedEffect(state.form.refused) { if (state.form.refused) onRefused() }
    OverridePage(state, model::redeem, onBack)
}

@Composable
fun OverridePage(state: OverrideState, onServe: (Benefit, SupervisorOverride) -> Unit, onBack: () -> Unit) {
    val voucher = state.form.voucher
    val refusal = state.refusal
    val title = stringResource(R.string.override_title)
    when {
        refusal != null -> Page(title, onBack, actions = { PrimaryButton(stringResource(R.string.back), onBack) }) {
            Banner(refusalDisplay(refusal.reason).signal, whyAndWhatToDo(refusal, formats()))
        }
        voucher == null -> Page(title, onBack) { state.form.error?.let { ErrorMessage(it) } }
        state.supervisors.isEmpty() -> Page(title, onBack, actions = { PrimaryButton(stringResource(R.string.back), onBack) }) {
            Banner(Signal.Attention, stringResource(R.string.no_supervisors))
        }
        else -> {
            var name by rememberSaveable { mutableStateOf(state.supervisors.singleOrNull()) }
            // Never kept beyond the screen, nor with what Android saves of it.
            var pin by remember { mutableStateOf("") }
            val by = name?.let { SupervisorOverride(it, pin) }?.takeIf { pin.isNotEmpty() }
            ServeForm(
                voucher,
                state.form,
                { given -> by?.let { onServe(given, it) } },
                onBack,
                ready = by != null,
                title = title,
            ) {
                state.overridden?.let { Banner(Signal.Attention, why(it, formats())) }
                Text(stringResource(R.string.override_means), style = MaterialTheme.typography.bodyLarge)
                Supervisors(state.supervisors, name) { name = it }
                OutlinedTextField(
                    pin,
                    { pin = it },
                    Modifier.fillMaxWidth(),
                    label = { Text(stringResource(R.string.supervisor_pin)) },
                    isError = state.pin != null,
                    singleLine = true,
                    textStyle = MaterialTheme.typography.headlineMedium,
                    visualTransformation = PasswordVisualTransformation(),
                    keyboardOptions = KeyboardOptions(keyboardType = KeyboardType.NumberPassword),
                )
                state.pin?.let { Banner(Signal.Bad, message(it)) }
            }
        }
    }
}

/** Who overrides: the one that there is, or a choice. */
@Composable
private fun Supervisors(names: List<String>, chosen: String?, onChoose: (String) -> Unit) {
    Text(stringResource(R.string.supervisor), style = MaterialTheme.typography.titleMedium)
    Column(Modifier.selectableGroup()) {
        for (name in names) {
            Row(
                Modifier
                    .fillMaxWidth()
                    .selectable(name == chosen, role = Role.RadioButton) { onChoose(name) }
                    .heightIn(min = 48.dp),
                Arrangement.spacedBy(16.dp),
                Alignment.CenterVertically,
            ) {
                RadioButton(name == chosen, onClick = null)
                Text(formats().name(name), style = MaterialTheme.typography.bodyLarge)
            }
        }
    }
}

@Composable
private fun message(error: PinError): String = when (error) {
    PinError.Wrong -> stringResource(R.string.pin_wrong)
    is PinError.Wait -> stringResource(R.string.pin_wait, age(wholeMinutes(error.seconds), formats()))
}

private fun wholeMinutes(seconds: ULong): ULong = (seconds + 59uL) / 60uL * 60uL
