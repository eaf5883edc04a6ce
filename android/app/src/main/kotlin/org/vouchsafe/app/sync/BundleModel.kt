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
sealed interface Carried {
    data class Out(val exported: Exported) : Carried

    /** The files are ready for another app. */
    data class ToShare(val exported: Exported) : Carried

    data class In(val imported: Imported) : Carried

    data object NotWritten : Carried

    data object NotRead : Carried

    data class Broken(val error: EngineException) : Carried
}

data class BundleState(val busy: Boolean = false, val carried: List<Carried> = emptyList())

/** Carries sealed records to the office, and its answers back, as files. */
class BundleModel(private val phone: Phone) : ViewModel() {
    private val current = MutableStateFlow(BundleState())

    val state: StateFlow<BundleState> = current.asStateFlow()

    /** Writes what waits to what [open] gives for each file's name. */
    fun export(share: Boolean, open: (name: String) -> OutputStream) = attempt {
        val exported = try {
            phone.export(open)
        } catch (_: IOException) {
            return@attempt Carried.NotWritten
        }
        if (share) Carried.ToShare(exported) else Carried.Out(exported)
    }

    /** The files were handed to another app. */
    fun shared() = current.update { state ->
        state.copy(carried = state.carried.map { if (it is Carried.ToShare) Carried.Out(it.exported) else it })
    }

    /** Takes in the files that [read] reads, in their order. */
    fun import(files: List<() -> ByteArray>) {
        current.value = BundleState(busy = true)
        viewModelScope.launch {
            for (read in files) {
                val carried = carrying {
                    try {
                        Carried.In(phone.import(withContext(Dispatchers.IO) { read() }))
                    } catch (_: IOException) {
                        Carried.NotRead
                    }
                }
                current.update { it.copy(carried = it.carried + carried) }
            }
            current.update { it.copy(busy = false) }
        }
    }

    private fun attempt(call: suspend () -> Carried) {
        current.value = BundleState(busy = true)
        viewModelScope.launch { current.value = BundleState(carried = listOf(carrying(call))) }
    }

    private suspend fun carrying(call: suspend () -> Carried): Carried = try {
        call()
    } catch (error: EngineException) {
        Carried.Broken(error)
    }
}
