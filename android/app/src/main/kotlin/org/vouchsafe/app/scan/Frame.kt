package org.vouchsafe.app.scan

import androidx.compose.runtime.Composable
import androidx.compose.ui.Modifier
import java.nio.ByteBuffer
import org.vouchsafe.core.FrameLayout
import org.vouchsafe.core.LiveFrames
import org.vouchsafe.core.Symbol
import org.vouchsafe.core.SymbolContent
import org.vouchsafe.core.scanLuma

/** A camera's luma plane where it lies, lent for the length of a call: a direct buffer, from its position on. */
class Frame(private val luma: ByteBuffer, private val layout: FrameLayout) {
    /** The texts of its symbols, with what [before] it the camera has seen of them. */
    fun texts(before: LiveFrames): List<String> = texts(before.next(plane(), layout))

    /** The texts of the symbols of a picture that stands alone. */
    fun texts(): List<String> = texts(scanLuma(plane(), layout))

    // The engine does not look at a buffer's position: a slice begins where the plane does.
    private fun plane() = luma.slice()

    private fun texts(symbols: List<Symbol>) = symbols.mapNotNull { (it.content as? SymbolContent.Text)?.text }
}

/** Where live frames come from. */
interface FrameSource {
    /** Whether there is a camera at all. */
    val present: Boolean

    /**
     * Shows what the camera sees. While it is on the screen, hands the newest frame to [onFrame], one at a time, on a
     * thread of its own; a frame is lent until the call returns.
     */
    @Composable
    fun Viewfinder(torch: Boolean, onTorchFound: (Boolean) -> Unit, onFrame: (Frame) -> Unit, modifier: Modifier)
}
