package org.vouchsafe.app.serve

import androidx.lifecycle.ViewModel
import androidx.lifecycle.viewModelScope
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow
import kotlinx.coroutines.flow.update
import kotlinx.coroutines.launch
import org.vouchsafe.app.device.Phone
import org.vouchsafe.app.device.RedemptionRequest
import org.vouchsafe.app.ui.Formats
import org.vouchsafe.core.Benefit
import org.vouchsafe.core.EngineException
import org.vouchsafe.core.HowRead
import org.vouchsafe.core.ListedVoucher
import org.vouchsafe.core.Programme
import org.vouchsafe.core.Redemption
import org.vouchsafe.core.Verdict
import org.vouchsafe.core.Voucher

/** What staff typed for each line of the voucher: one for money, one for each kind of goods. */
sealed interface EnteredAmount {
    /** Nothing of it can be given. */
    data object NotANumber : EnteredAmount

    data object Nothing : EnteredAmount

    data object TooMuch : EnteredAmount

    data class Valid(val given: Benefit, val all: Boolean) : EnteredAmount
}

/** What there is to give: to whom, for what, and how much at most. */
data class ToServe(val holder: String?, val assistance: String, val benefit: Benefit, val programme: Programme?)

fun Voucher.toServe() = ToServe(holderName, assistance, benefit, programme)

fun ListedVoucher.toServe() = ToServe(holder, assistance, benefit, programme)

data class ServeState(
    val voucher: ToServe? = null,
    val busy: Boolean = false,
    /** The claim that was recorded. */
    val served: String? = null,
    /** It is refused by now, or was never accepted: the verdict says why. */
    val refused: Boolean = false,
    val error: EngineException? = null,
)

/** Serves one voucher: takes in what is given, and records it once. */
class ServeModel(private val phone: Phone, private val text: String, private val howRead: HowRead) : ViewModel() {
    private val current = MutableStateFlow(ServeState())

    val state: StateFlow<ServeState> = current.asStateFlow()

    init {
        attempt {
            when (val verdict = phone.check(text)) {
                is Verdict.Accept -> current.update { it.copy(voucher = verdict.accepted.voucher.toServe()) }
                is Verdict.Refuse -> current.update { it.copy(refused = true) }
            }
        }
    }

    fun redeem(given: Benefit) {
        if (current.value.busy) return
        current.update { it.copy(busy = true, error = null) }
        attempt {
            when (val done = phone.redeem(text, RedemptionRequest(given, howRead))) {
                is Redemption.Done -> current.update { it.copy(served = done.claim) }
                is Redemption.Refused, is Redemption.NotWithinVoucher -> current.update { it.copy(refused = true) }
            }
        }
    }

    private fun attempt(call: suspend () -> Unit) = attempt({ change -> current.update(change) }, call)
}

/** Makes a call for a form. What fails stays to be seen, and the form is free again at the end. */
fun ViewModel.attempt(form: ((ServeState) -> ServeState) -> Unit, call: suspend () -> Unit) {
    viewModelScope.launch {
        try {
            call()
        } catch (error: EngineException) {
            form { it.copy(error = error) }
        } finally {
            form { it.copy(busy = false) }
        }
    }
}

/** What the typed numbers come to. */
fun enteredAmount(typed: List<String>, whole: Benefit, decimals: Int): EnteredAmount = when (whole) {
    is Benefit.Money -> {
        val amount = parseFixedPoint(typed.single(), decimals)
        when {
            amount == null -> EnteredAmount.NotANumber
            amount == 0uL -> EnteredAmount.Nothing
            amount > whole.minorUnits -> EnteredAmount.TooMuch
            else -> EnteredAmount.Valid(whole.copy(minorUnits = amount), all = amount == whole.minorUnits)
        }
    }
    is Benefit.Goods -> {
        val amounts = typed.map { parseFixedPoint(it, THOUSANDTHS) }
        val given = whole.lines.zip(amounts).mapNotNull { (line, amount) ->
            line.copy(thousandths = amount ?: 0uL).takeIf { it.thousandths > 0uL }
        }
        when {
            amounts.any { it == null } -> EnteredAmount.NotANumber
            given.isEmpty() -> EnteredAmount.Nothing
            whole.lines.zip(amounts).any { (line, amount) -> amount!! > line.thousandths } -> EnteredAmount.TooMuch
            else -> EnteredAmount.Valid(Benefit.Goods(given), all = given == whole.lines)
        }
    }
}

/** What stands in the fields at first: all of it. */
fun typedFor(whole: Benefit, decimals: Int, formats: Formats): List<String> = when (whole) {
    is Benefit.Money -> listOf(formats.typed(whole.minorUnits, decimals))
    is Benefit.Goods -> whole.lines.map { formats.typed(it.thousandths, decimals = 0, most = THOUSANDTHS) }
}

private const val THOUSANDTHS = 3
