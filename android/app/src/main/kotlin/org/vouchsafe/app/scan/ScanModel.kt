package org.vouchsafe.app.scan

import androidx.lifecycle.ViewModel
import androidx.lifecycle.viewModelScope
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow
import kotlinx.coroutines.flow.update
import kotlinx.coroutines.launch
import org.vouchsafe.core.EngineException
import org.vouchsafe.core.HowRead
import org.vouchsafe.core.LiveFrames

/** A text that was found, to be acted on once. */
data class Found(val text: String, val howRead: HowRead)

data class ScanState(
    val found: Found? = null,
    val hasTorch: Boolean = false,
    val torch: Boolean = false,
    /** A picture is being looked at. */
    val reading: Boolean = false,
    /** The last picture held no code. */
    val nothingFound: Boolean = false,
    val error: EngineException? = null,
)

class ScanModel(private val pictureReader: PictureReader, private val nanos: () -> Long = System::nanoTime) : ViewModel() {
    private val current = MutableStateFlow(ScanState())

    val state: StateFlow<ScanState> = current.asStateFlow()

    /** What was acted on last, and until when it is not found again, since the phone still points at it. */
    @Volatile private var cooldown: Pair<String, Long>? = null

    /** What the camera has seen since it was opened: some symbols are read from several frames only. */
    private var stream: LiveFrames? = null

    /** Looks at a frame that is lent for the length of this call, on the camera's own thread. */
    @Synchronized
    fun frame(frame: Frame) {
        if (current.value.found != null) return
        try {
            val stream = stream ?: LiveFrames().also { stream = it }
            val text = frame.texts(before = stream).firstOrNull { !inCooldown(it) } ?: return
            current.update { it.copy(found = Found(text, HowRead.CAMERA), nothingFound = false, error = null) }
        } catch (error: EngineException) {
            current.update { it.copy(error = error) }
        }
    }

    fun picture(address: String, howRead: HowRead) {
        current.update { it.copy(reading = true, nothingFound = false, error = null) }
        viewModelScope.launch {
            try {
                val found = pictureReader.textsIn(address).firstOrNull()?.let { Found(it, howRead) }
                current.update { it.copy(reading = false, found = found, nothingFound = found == null) }
            } catch (error: EngineException) {
                current.update { it.copy(reading = false, error = error) }
            }
        }
    }

    /** What was found has been acted on. */
    fun consumed() {
        current.value.found?.let { cooldown = it.text to nanos() + COOLDOWN_NANOS }
        current.update { it.copy(found = null, torch = false) }
    }

    /** The viewfinder is there again; the phone may still point at what was acted on. */
    fun shown() {
        cooldown = cooldown?.copy(second = nanos() + COOLDOWN_NANOS)
    }

    /** The viewfinder is gone, and its camera with it. Waits for the frame that is being looked at. */
    @Synchronized
    fun hidden() {
        stream?.close()
        stream = null
    }

    override fun onCleared() = hidden()

    fun torchFound(present: Boolean) = current.update { it.copy(hasTorch = present) }

    fun toggleTorch() = current.update { it.copy(torch = !it.torch) }

    private fun inCooldown(text: String): Boolean {
        val (cooldown, until) = cooldown ?: return false
        return cooldown == text && nanos() < until
    }

    private companion object {
        const val COOLDOWN_NANOS = 2_000_000_000L
    }
}
