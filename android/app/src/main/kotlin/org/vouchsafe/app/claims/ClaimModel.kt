package org.vouchsafe.app.claims

import androidx.lifecycle.ViewModel
import androidx.lifecycle.viewModelScope
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow
import kotlinx.coroutines.flow.update
import kotlinx.coroutines.launch
import org.vouchsafe.app.device.Phone
import org.vouchsafe.app.sync.SyncScheduler
import org.vouchsafe.core.Claim
import org.vouchsafe.core.EngineException

data class ClaimState(
    val claim: Claim? = null,
    /** A document is being taken in. */
    val busy: Boolean = false,
    /** The last file was no picture and no PDF, or too large. */
    val noDocument: Boolean = false,
    val error: EngineException? = null,
)

/** One claim; read again whenever something changed. What is recorded of it goes out as soon as there is a network. */
class ClaimModel(
    private val phone: Phone,
    private val documentReader: DocumentReader,
    private val syncScheduler: SyncScheduler,
    private val id: String,
) : ViewModel() {
    private val current = MutableStateFlow(ClaimState())

    val state: StateFlow<ClaimState> = current.asStateFlow()

    init {
        viewModelScope.launch {
            phone.changes.collect {
                attempt {
                    val claim = phone.claim(id)
                    current.update { it.copy(claim = claim) }
                }
            }
        }
    }

    fun voidClaim(reason: String) {
        viewModelScope.launch { record { phone.void(id, reason) } }
    }

    /** Attaches what a file holds, and lets [onRead] know that the file is needed no more. */
    fun attach(address: String, onRead: () -> Unit = {}) {
        current.update { it.copy(busy = true, noDocument = false, error = null) }
        viewModelScope.launch {
            val document = documentReader.read(address)
            onRead()
            if (document == null) current.update { it.copy(noDocument = true) } else record { phone.attach(id, document) }
            current.update { it.copy(busy = false) }
        }
    }

    private suspend fun record(call: suspend () -> Unit) = attempt {
        call()
        syncScheduler.schedule()
    }

    private suspend fun attempt(call: suspend () -> Unit) = try {
        call()
    } catch (error: EngineException) {
        current.update { it.copy(error = error) }
    }
}
