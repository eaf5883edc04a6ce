package org.vouchsafe.app.serve

import androidx.compose.foundation.layout.ColumnScope
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.text.KeyboardOptions
import androidx.compose.material3.LinearProgressIndicator
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.OutlinedTextField
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.runtime.LaunchedEffect
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.saveable.rememberSaveable
import androidx.compose.runtime.setValue
import androidx.compose.ui.Modifier
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.text.input.KeyboardType
import androidx.lifecycle.compose.collectAsStateWithLifecycle
import androidx.lifecycle.viewmodel.compose.viewModel
import org.vouchsafe.app.LocalAppContainer
import org.vouchsafe.app.R
import org.vouchsafe.app.ui.Banner
import org.vouchsafe.app.ui.ErrorMessage
import org.vouchsafe.app.ui.Formats
import org.vouchsafe.app.ui.Page
import org.vouchsafe.app.ui.PrimaryButton
import org.vouchsafe.app.ui.SecureScreen
import org.vouchsafe.app.ui.Signal
import org.vouchsafe.app.ui.decimalsOf
import org.vouchsafe.app.ui.formats
import org.vouchsafe.core.Benefit
import org.vouchsafe.core.HowRead

@Composable
fun ServeScreen(text: String, howRead: HowRead, onServed: (String) -> Unit, onRefused: () -> Unit, onBack: () -> Unit) {
    val container = LocalAppContainer.current
    val model = viewModel { ServeModel(container.phone, text, howRead) }
    val state by model.state.collectAsStateWithLifecycle()
    SecureScreen()
    LaunchedEffect(state.served) { state.served?.let(onServed) }
    LaunchedEffect(state.refused) { if (state.refused) onRefused() }
    val voucher = state.voucher
    if (voucher == null) {
        Page(stringResource(R.string.serve_title), onBack) { state.error?.let { ErrorMessage(it) } }
    } else {
        ServeForm(voucher, state, model::redeem, onBack)
    }
}

@Composable
fun ServeForm(
    voucher: ToServe,
    state: ServeState,
    onServe: (Benefit) -> Unit,
    onBack: () -> Unit,
    notes: List<String> = emptyList(),
    title: String = stringResource(R.string.serve_title),
    /** Whether all else is there that it takes. */
    ready: Boolean = true,
    more: @Composable ColumnScope.() -> Unit = {},
) {
    val formats = formats()
    val decimals = voucher.programme?.decimals?.toInt() ?: decimalsOf(voucher.benefit)
    var typed by rememberSaveable { mutableStateOf(typedFor(voucher.benefit, decimals, formats)) }
    val entered = enteredAmount(typed, voucher.benefit, decimals)
    Page(
        title,
        onBack,
        actions = {
            if (state.busy) LinearProgressIndicator(Modifier.fillMaxWidth())
            val label = when (entered) {
                is EnteredAmount.Valid -> stringResource(R.string.confirm_giving, formats.benefit(entered.given, decimals))
                else -> stringResource(R.string.confirm)
            }
            val valid = entered as? EnteredAmount.Valid
            PrimaryButton(label, { valid?.let { onServe(it.given) } }, enabled = valid != null && ready && !state.busy)
        },
    ) {
        voucher.holder?.let { Text(formats.name(it), style = MaterialTheme.typography.headlineSmall) }
        Text(voucher.assistance, style = MaterialTheme.typography.bodyLarge)
        typed.forEachIndexed { line, value ->
            OutlinedTextField(
                value,
                { new -> typed = typed.toMutableList().also { it[line] = new } },
                Modifier.fillMaxWidth(),
                label = { Text(label(voucher.benefit, line)) },
                supportingText = {
                    Text(
                        stringResource(R.string.at_most, most(voucher.benefit, line, formats, decimals)),
                        style = MaterialTheme.typography.bodyLarge,
                    )
                },
                isError = entered !is EnteredAmount.Valid,
                singleLine = true,
                textStyle = MaterialTheme.typography.headlineMedium,
                keyboardOptions = KeyboardOptions(keyboardType = KeyboardType.Decimal),
            )
        }
        when (entered) {
            EnteredAmount.NotANumber -> Banner(Signal.Attention, stringResource(R.string.type_a_number))
            EnteredAmount.Nothing -> Banner(Signal.Attention, stringResource(R.string.give_something))
            EnteredAmount.TooMuch -> Banner(Signal.Bad, stringResource(R.string.more_than_voucher))
            is EnteredAmount.Valid -> if (!entered.all) Banner(Signal.Attention, stringResource(R.string.rest_goes_back))
        }
        notes.forEach { Banner(Signal.Attention, it) }
        more()
        state.error?.let { ErrorMessage(it) }
    }
}

@Composable
private fun label(whole: Benefit, line: Int): String = when (whole) {
    is Benefit.Money -> stringResource(R.string.amount_in, whole.currency)
    is Benefit.Goods -> whole.lines[line].let { stringResource(R.string.goods_in, it.item, it.unit) }
}

private fun most(whole: Benefit, line: Int, formats: Formats, decimals: Int): String = when (whole) {
    is Benefit.Money -> formats.benefit(whole, decimals)
    is Benefit.Goods -> formats.quantity(whole.lines[line])
}
