package org.vouchsafe.app.serve

import androidx.lifecycle.ViewModel
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow
import kotlinx.coroutines.flow.update
import org.vouchsafe.app.device.Leave
import org.vouchsafe.app.device.Phone
import org.vouchsafe.app.device.Serving
import org.vouchsafe.core.Benefit
import org.vouchsafe.core.HowRead
import org.vouchsafe.core.OverrideOutcome
import org.vouchsafe.core.Redemption
import org.vouchsafe.core.Refusal
import org.vouchsafe.core.Verdict

data class LeaveState(
    val serving: ServeState = ServeState(),
    /** Who may give leave. */
    val supervisors: List<String> = emptyList(),
    /** Why the voucher is not served without leave. */
    val asked: Refusal? = null,
    /** Why it is not served with leave either. */
    val refusal: Refusal? = null,
    val pin: PinTrouble? = null,
)

sealed interface PinTrouble {
    data object Wrong : PinTrouble

    /** No PIN is looked at for so long. */
    data class Wait(val seconds: ULong) : PinTrouble
}

/** Serves one voucher with a supervisor's leave: takes in who allows it and what is given, and records it once. */
class LeaveModel(private val phone: Phone, private val text: String, private val howRead: HowRead) : ViewModel() {
    private val current = MutableStateFlow(LeaveState())

    val state: StateFlow<LeaveState> = current.asStateFlow()

    init {
        attempt {
            val supervisors = phone.supervisors()
            when (val verdict = phone.check(text)) {
                // It needs no leave by now.
                is Verdict.Accept -> serving { it.copy(refused = true) }
                is Verdict.Refuse -> {
                    val voucher = verdict.refusal.voucher.takeIf { verdict.refusal.mayBeOverridden }
                    if (voucher == null) {
                        serving { it.copy(refused = true) }
                    } else {
                        current.value = LeaveState(ServeState(voucher.toServe()), supervisors, verdict.refusal)
                    }
                }
            }
        }
    }

    fun serve(given: Benefit, leave: Leave) {
        if (current.value.serving.busy) return
        current.update { it.copy(serving = it.serving.copy(busy = true, trouble = null), pin = null) }
        attempt {
            when (val done = phone.serveWithLeave(text, Serving(given, howRead), leave)) {
                is OverrideOutcome.Decided -> decided(done.redemption)
                OverrideOutcome.WrongPin -> current.update { it.copy(pin = PinTrouble.Wrong) }
                is OverrideOutcome.Wait -> current.update { it.copy(pin = PinTrouble.Wait(done.seconds)) }
            }
        }
    }

    private fun decided(redemption: Redemption) = when (redemption) {
        is Redemption.Done -> serving { it.copy(served = redemption.claim) }
        is Redemption.Refused -> current.update { it.copy(refusal = redemption.refusal) }
        is Redemption.NotWithinVoucher -> serving { it.copy(refused = true) }
    }

    private fun serving(change: (ServeState) -> ServeState) = current.update { it.copy(serving = change(it.serving)) }

    private fun attempt(call: suspend () -> Unit) = attempt(::serving, call)
}
