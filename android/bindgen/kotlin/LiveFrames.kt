package org.vouchsafe.core

import com.sun.jna.Native
import java.nio.ByteBuffer

/**
 * The frames of an open camera: a [FrameStream] that leaves next to nothing for the garbage collector, thirty times a second.
 * Generated calls make JNA's objects anew each time; here one of each serves all calls, so these come one at a time.
 */
class LiveFrames : FrameStream() {
    private val status = UniffiRustCallStatus().apply { setAutoSynch(false) }
    private val lent = ForeignBytes.ByValue().apply { setAutoSynch(false) }
    private var layout: FrameLayout? = null

    /**
     * Takes the next frame, as [read] does. [pixels] is a direct buffer that begins with the frame's first byte: a slice.
     * It is lent for the length of the call.
     */
    @Synchronized
    fun next(pixels: ByteBuffer, layout: FrameLayout): List<Symbol> {
        check(!uniffiIsDestroyed) { "the camera's frames were closed" }
        require(pixels.isDirect) { "a frame must lie in a direct buffer" }
        if (layout != this.layout) {
            layOut(layout)
            this.layout = layout
        }
        lent.pointer.setInt(0, pixels.remaining())
        lent.pointer.setPointer(Native.POINTER_SIZE.toLong(), Native.getDirectBufferPointer(pixels))
        status.pointer.setByte(0, FINE)
        val kept = UniffiLib.uniffi_verifier_core_fn_clone_framestream(handle, status)
        val found = UniffiLib.uniffi_verifier_core_fn_method_framestream_look(kept, lent, status)
        if (status.pointer.getByte(0) != FINE) {
            status.read()
            RustBuffer.free(status.error_buf)
            // Nothing was read. The generated call says why.
            look(pixels)
        }
        return if (found == 0) emptyList() else found()
    }

    @Synchronized
    override fun close() = super.close()

    private companion object {
        const val FINE: Byte = 0
    }
}
