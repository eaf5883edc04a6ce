package org.vouchsafe.app.claims

import androidx.lifecycle.ViewModel
import androidx.lifecycle.viewModelScope
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow
import kotlinx.coroutines.flow.update
import kotlinx.coroutines.launch
import org.vouchsafe.app.device.Phone
import org.vouchsafe.core.Claim
import org.vouchsafe.core.EngineException

data class ClaimsState(
    val claims: List<Claim> = emptyList(),
    /** There are older ones. */
    val more: Boolean = false,
    val loaded: Boolean = false,
    val trouble: EngineException? = null,
)

/** This phone's claims, newest first, a page at a time; read again whenever something changed. */
class ClaimsModel(private val phone: Phone) : ViewModel() {
    private val current = MutableStateFlow(ClaimsState())

    val state: StateFlow<ClaimsState> = current.asStateFlow()

    init {
        viewModelScope.launch { phone.changes.collect { read(maxOf(PAGE, current.value.claims.size)) } }
    }

    fun more() {
        viewModelScope.launch { read(current.value.claims.size + PAGE) }
    }

    fun takeBack(claim: String, reason: String) {
        viewModelScope.launch { attempt { phone.takeBack(claim, reason) } }
    }

    private suspend fun read(limit: Int) = attempt {
        val claims = phone.claims(limit = limit + 1)
        current.update { it.copy(claims = claims.take(limit), more = claims.size > limit, loaded = true, trouble = null) }
    }

    private suspend fun attempt(call: suspend () -> Unit) = try {
        call()
    } catch (trouble: EngineException) {
        current.update { it.copy(trouble = trouble, loaded = true) }
    }

    private companion object {
        const val PAGE = 50
    }
}
