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

data class ByReferenceState(
    val form: ServeState = ServeState(),
    val warnings: List<Warning> = emptyList(),
    /** Why it is not served by its reference. */
    val refusal: ReferenceRefusal? = null,
)

/** Serves one voucher by its reference: takes in what is given, and records it once. */
class ByReferenceModel(private val phone: Phone, private val reference: String) : ViewModel() {
    private val current = MutableStateFlow(ByReferenceState())

    val state: StateFlow<ByReferenceState> = current.asStateFlow()

    init {
        attempt {
            when (val verdict = phone.checkReference(reference)) {
                is ReferenceVerdict.Accept -> {
                    val form = ServeState(verdict.accepted.voucher.toServe())
                    current.value = ByReferenceState(form, verdict.accepted.warnings)
                }
                is ReferenceVerdict.Refuse -> current.update { it.copy(refusal = verdict.refusal) }
            }
        }
    }

    fun redeem(given: Benefit) {
        if (current.value.form.busy) return
        updateForm { it.copy(busy = true, error = null) }
        attempt {
            when (val done = phone.redeemByReference(reference, given)) {
                is ReferenceRedemption.Done -> updateForm { it.copy(served = done.claim) }
                is ReferenceRedemption.Refused -> current.update { it.copy(refusal = done.refusal) }
                ReferenceRedemption.NotWithinVoucher -> updateForm { it.copy(refused = true) }
            }
        }
    }

    private fun updateForm(change: (ServeState) -> ServeState) = current.update { it.copy(form = change(it.form)) }

    private fun attempt(call: suspend () -> Unit) = attempt(::updateForm, call)
}
