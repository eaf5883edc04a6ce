package org.vouchsafe.app.verdict

import androidx.lifecycle.ViewModel
import androidx.lifecycle.viewModelScope
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow
import kotlinx.coroutines.launch
import org.vouchsafe.app.device.Feedback
import org.vouchsafe.app.device.Phone
import org.vouchsafe.core.EngineException
import org.vouchsafe.core.Verdict

sealed interface VerdictState {
    data object Deciding : VerdictState

    data class Decided(val verdict: Verdict) : VerdictState

    /** Something is broken, and nothing was decided. */
    data class Failed(val error: EngineException) : VerdictState
}

/** Decides on one text, and lets it be heard and felt, once. */
class VerdictModel(phone: Phone, feedback: Feedback, voucher: String) : ViewModel() {
    private val current = MutableStateFlow<VerdictState>(VerdictState.Deciding)

    val state: StateFlow<VerdictState> = current.asStateFlow()

    init {
        viewModelScope.launch {
            try {
                val verdict = phone.check(voucher)
                when (verdict) {
                    is Verdict.Accept -> feedback.accepted()
                    is Verdict.Refuse -> feedback.refused()
                }
                current.value = VerdictState.Decided(verdict)
            } catch (error: EngineException) {
                feedback.refused()
                current.value = VerdictState.Failed(error)
            }
        }
    }
}
