package org.vouchsafe.core

import com.google.zxing.BarcodeFormat
import com.google.zxing.qrcode.QRCodeWriter
import java.nio.ByteBuffer
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.BeforeAll
import org.junit.jupiter.api.Test

/** A camera's frame crosses the border and comes back as what its symbols say. */
class ScanTest {
    @Test
    fun `a frame in the middle of a direct buffer is read where it lies`() {
        val camera = frame(SAID, before = 4_096)
        val symbols = scanLuma(camera.buffer.slice(), camera.layout)
        assertEquals(listOf(SymbolContent.Text(SAID)), symbols.map { it.content })
        assertTrue(symbols.single().corners.all { it.x in 0f..SIDE.toFloat() && it.y in 0f..SIDE.toFloat() })
    }

    @Test
    fun `a turned frame is read too`() {
        val camera = frame(SAID)
        for (rotation in Rotation.entries) {
            val symbols = scanLuma(camera.buffer.slice(), camera.layout.copy(rotation = rotation))
            assertEquals(listOf(SymbolContent.Text(SAID)), symbols.map { it.content }, "turned by $rotation")
        }
    }

    @Test
    fun `a part without the symbol holds none`() {
        val camera = frame(SAID)
        val corner = camera.layout.copy(crop = Crop(left = 0u, top = 0u, width = 40u, height = 40u))
        assertEquals(emptyList<Symbol>(), scanLuma(camera.buffer.slice(), corner))
    }

    @Test
    fun `a buffer one byte too short is refused by a typed exception`() {
        val camera = frame(SAID)
        camera.buffer.limit(camera.buffer.limit() - 1)
        val refusal = assertThrows(EngineException.Frame::class.java) { scanLuma(camera.buffer.slice(), camera.layout) }
        assertTrue("needs 61424 bytes, the buffer has 61423" in refusal.message!!, refusal.message)
    }

    @Test
    fun `a buffer of the Java heap is refused`() {
        val camera = frame(SAID)
        val heap = ByteBuffer.allocate(camera.buffer.remaining())
        assertThrows(IllegalArgumentException::class.java) { scanLuma(heap, camera.layout) }
    }

    private class CameraFrame(val buffer: ByteBuffer, val layout: FrameLayout)

    /** A picture of [text] as Android's camera gives it: padded rows, the last of them cut short, [before] bytes in. */
    private fun frame(text: String, before: Int = 0): CameraFrame {
        val modules = QRCodeWriter().encode(text, BarcodeFormat.QR_CODE, SIDE, SIDE)
        val buffer = ByteBuffer.allocateDirect(before + (SIDE - 1) * ROW_STRIDE + SIDE)
        for (y in 0 until SIDE) {
            for (x in 0 until SIDE) {
                buffer.put(before + y * ROW_STRIDE + x, if (modules[x, y]) 0x10 else 0xE0.toByte())
            }
        }
        buffer.position(before)
        return CameraFrame(buffer, FrameLayout(SIDE.toUInt(), SIDE.toUInt(), ROW_STRIDE.toUInt(), null, Rotation.NONE))
    }

    companion object {
        private const val SAID = "VS1:a frame from Kotlin"
        private const val SIDE = 240
        private const val ROW_STRIDE = 256

        @JvmStatic
        @BeforeAll
        fun `the bindings belong to this library`() = uniffiEnsureInitialized()
    }
}
