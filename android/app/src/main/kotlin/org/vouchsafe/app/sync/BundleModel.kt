package org.vouchsafe.app.sync

import androidx.lifecycle.ViewModel
import androidx.lifecycle.viewModelScope
import java.io.IOException
import java.io.OutputStream
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow
import kotlinx.coroutines.flow.update
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext
import org.vouchsafe.app.device.Exported
import org.vouchsafe.app.device.Phone
import org.vouchsafe.core.EngineException
import org.vouchsafe.core.Imported

/** What came of the last export or import. */
sealed interface BundleOutcome {
    data class Written(val exported: Exported) : BundleOutcome

    /** The files are ready for another app. */
    data class ReadyToShare(val exported: Exported) : BundleOutcome

    data class Read(val imported: Imported) : BundleOutcome

    data object NotWritten : BundleOutcome

    data object NotRead : BundleOutcome

    data class Failed(val error: EngineException) : BundleOutcome
}

data class BundleState(val busy: Boolean = false, val outcomes: List<BundleOutcome> = emptyList())

/** Carries sealed records to the office, and its answers back, as files. */
class BundleModel(private val phone: Phone) : ViewModel() {
    private val current = MutableStateFlow(BundleState())

    val state: StateFlow<BundleState> = current.asStateFlow()

    /** Writes what waits to what [open] gives for each file's name. */
    fun export(share: Boolean, open: (name: String) -> OutputStream) = attempt {
        val exported = try {
            phone.export(open)
        } catch (_: IOException) {
            return@attempt BundleOutcome.NotWritten
        }
        if (share) BundleOutcome.ReadyToShare(exported) else BundleOutcome.Written(exported)
    }

    /** The files were handed to another app. */
    fun shared() = current.update { state ->
        state.copy(outcomes = state.outcomes.map { if (it is BundleOutcome.ReadyToShare) BundleOutcome.Written(it.exported) else it })
    }

    /** Takes in the files that [read] reads, in their order. */
    fun import(files: List<() -> ByteArray>) {
        current.value = BundleState(busy = true)
        viewModelScope.launch {
            for (read in files) {
                val outcome = catching {
                    try {
                        BundleOutcome.Read(phone.import(withContext(Dispatchers.IO) { read() }))
                    } catch (_: IOException) {
                        BundleOutcome.NotRead
                    }
                }
                current.update { it.copy(outcomes = it.outcomes + outcome) }
            }
            current.update { it.copy(busy = false) }
        }
    }

    private fun attempt(call: suspend () -> BundleOutcome) {
        current.value = BundleState(busy = true)
        viewModelScope.launch { current.value = BundleState(outcomes = listOf(catching(call))) }
    }

    private suspend fun catching(call: suspend () -> BundleOutcome): BundleOutcome = try {
        call()
    } catch (error: EngineException) {
        BundleOutcome.Failed(error)
    }
}
