package org.vouchsafe.app.enrol

import androidx.lifecycle.ViewModel
import androidx.lifecycle.viewModelScope
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow
import kotlinx.coroutines.launch
import org.vouchsafe.app.device.Phone
import org.vouchsafe.app.sync.SyncManager
import org.vouchsafe.core.EngineException

/** Takes up an enrolment code, and asks the server at once. */
class EnrolModel(private val phone: Phone, private val syncManager: SyncManager) : ViewModel() {
    private val current = MutableStateFlow<EngineException?>(null)

    /** Why the last code was not taken. */
    val error: StateFlow<EngineException?> = current.asStateFlow()

    fun enrol(code: String) {
        viewModelScope.launch {
            try {
                phone.enrol(code)
                current.value = null
                syncManager.start()
            } catch (error: EngineException) {
                current.value = error
            }
        }
    }
}
