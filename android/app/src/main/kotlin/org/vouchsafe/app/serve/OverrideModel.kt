package org.vouchsafe.app.serve

import androidx.lifecycle.ViewModel
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow
import kotlinx.coroutines.flow.update
import org.vouchsafe.app.device.Phone
import org.vouchsafe.app.device.RedemptionRequest
import org.vouchsafe.app.device.SupervisorOverride
import org.vouchsafe.core.Benefit
import org.vouchsafe.core.HowRead
import org.vouchsafe.core.OverrideOutcome
import org.vouchsafe.core.Redemption
import org.vouchsafe.core.Refusal
import org.vouchsafe.core.Verdict

data class OverrideState(
    val form: ServeState = ServeState(),
    val supervisors: List<String> = emptyList(),
    /** Why the voucher is not served without an override. */
    val overridden: Refusal? = null,
    /** Why it is not served with an override either. */
    val refusal: Refusal? = null,
    val pin: PinError? = null,
)

sealed interface PinError {
    data object Wrong : PinError

    /** No PIN is looked at for so long. */
    data class Wait(val seconds: ULong) : PinError
}

/** Serves one voucher by a supervisor's override: takes in who allows it and what is given, and records it once. */
class OverrideModel(private val phone: Phone, private val text: String, private val howRead: HowRead) : ViewModel() {
    private val current = MutableStateFlow(OverrideState())

    val state: StateFlow<OverrideState> = current.asStateFlow()

    init {
        attempt {
            val supervisors = phone.supervisors()
            when (val verdict = phone.check(text)) {
                // It needs no override by now.
                is Verdict.Accept -> updateForm { it.copy(refused = true) }
                is Verdict.Refuse -> {
                    val voucher = verdict.refusal.voucher.takeIf { verdict.refusal.mayBeOverridden }
                    if (voucher == null) {
                        updateForm { it.copy(refused = true) }
                    } else {
                        current.value = OverrideState(ServeState(voucher.toServe()), supervisors, verdict.refusal)
                    }
                }
            }
        }
    }

    fun redeem(given: Benefit, by: SupervisorOverride) {
        if (current.value.form.busy) return
        current.update { it.copy(form = it.form.copy(busy = true, error = null), pin = null) }
        attempt {
            when (val done = phone.redeemWithOverride(text, RedemptionRequest(given, howRead), by)) {
                is OverrideOutcome.Decided -> decided(done.redemption)
                OverrideOutcome.WrongPin -> current.update { it.copy(pin = PinError.Wrong) }
                is OverrideOutcome.Wait -> current.update { it.copy(pin = PinError.Wait(done.seconds)) }
            }
        }
    }

    private fun decided(redemption: Redemption) = when (redemption) {
        is Redemption.Done -> updateForm { it.copy(served = redemption.claim) }
        is Redemption.Refused -> current.update { it.copy(refusal = redemption.refusal) }
        is Redemption.NotWithinVoucher -> updateForm { it.copy(refused = true) }
    }

    private fun updateForm(change: (ServeState) -> ServeState) = current.update { it.copy(form = change(it.form)) }

    private fun attempt(call: suspend () -> Unit) = attempt(::updateForm, call)
}
