package org.vouchsafe.app.serve

import androidx.lifecycle.ViewModel
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow
import kotlinx.coroutines.flow.update
import org.vouchsafe.app.device.Phone
import org.vouchsafe.core.Benefit
import org.vouchsafe.core.ReferenceRedemption
import org.vouchsafe.core.ReferenceRefusal
import org.vouchsafe.core.ReferenceVerdict
import org.vouchsafe.core.Warning

data class ByCodeState(
    val serving: ServeState = ServeState(),
    val warnings: List<Warning> = emptyList(),
    /** Why it is not served by its reference. */
    val refusal: ReferenceRefusal? = null,
)

/** Serves one voucher by its reference: takes in what is given, and records it once. */
class ByCodeModel(private val phone: Phone, private val reference: String) : ViewModel() {
    private val current = MutableStateFlow(ByCodeState())

    val state: StateFlow<ByCodeState> = current.asStateFlow()

    init {
        attempt {
            when (val verdict = phone.checkReference(reference)) {
                is ReferenceVerdict.Accept -> {
                    val serving = ServeState(verdict.accepted.voucher.toServe())
                    current.value = ByCodeState(serving, verdict.accepted.warnings)
                }
                is ReferenceVerdict.Refuse -> current.update { it.copy(refusal = verdict.refusal) }
            }
        }
    }

    fun serve(given: Benefit) {
        if (current.value.serving.busy) return
        serving { it.copy(busy = true, trouble = null) }
        attempt {
            when (val done = phone.serveByCode(reference, given)) {
                is ReferenceRedemption.Done -> serving { it.copy(served = done.claim) }
                is ReferenceRedemption.Refused -> current.update { it.copy(refusal = done.refusal) }
                ReferenceRedemption.NotWithinVoucher -> serving { it.copy(refused = true) }
            }
        }
    }

    private fun serving(change: (ServeState) -> ServeState) = current.update { it.copy(serving = change(it.serving)) }

    private fun attempt(call: suspend () -> Unit) = attempt(::serving, call)
}
