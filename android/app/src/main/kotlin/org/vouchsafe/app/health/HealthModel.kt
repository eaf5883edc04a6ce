package org.vouchsafe.app.health

import androidx.lifecycle.ViewModel
import androidx.lifecycle.viewModelScope
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow
import kotlinx.coroutines.flow.update
import kotlinx.coroutines.launch
import org.vouchsafe.app.device.Phone
import org.vouchsafe.core.EngineException
import org.vouchsafe.core.Health

data class HealthState(
    val health: Health? = null,
    val digits: String? = null,
    val freeSpace: Long? = null,
    val error: EngineException? = null,
)

/** How this phone is; read again whenever something changed. */
class HealthModel(private val phone: Phone) : ViewModel() {
    private val current = MutableStateFlow(HealthState())

    val state: StateFlow<HealthState> = current.asStateFlow()

    init {
        viewModelScope.launch { phone.changes.collect { read() } }
    }

    fun readAgain() {
        viewModelScope.launch { read() }
    }

    private suspend fun read() = try {
        current.value = HealthState(phone.health(), phone.digits(), phone.freeSpace())
    } catch (error: EngineException) {
        current.update { it.copy(error = error) }
    }
}
