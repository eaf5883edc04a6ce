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
        val symbols = frame(before = 4_096).read()
        assertEquals(listOf(SymbolContent.Text(SAID)), symbols.map { it.content })
        assertTrue(symbols.single().corners.all { it.x in 0f..SIDE.toFloat() && it.y in 0f..SIDE.toFloat() })
    }

    @Test
    fun `a turned frame is read too`() {
        val frame = frame()
        for (rotation in Rotation.entries) {
            val symbols = scanLuma(frame.buffer.slice(), frame.layout.copy(rotation = rotation))
            assertEquals(listOf(SymbolContent.Text(SAID)), symbols.map { it.content }, "turned by $rotation")
        }
    }

    @Test
    fun `a part without the symbol holds none`() {
        val frame = frame()
        val corner = frame.layout.copy(crop = Crop(left = 0u, top = 0u, width = 40u, height = 40u))
        assertEquals(emptyList<Symbol>(), scanLuma(frame.buffer.slice(), corner))
    }

    @Test
    fun `a buffer one byte too short is refused by a typed exception`() {
        val frame = frame()
        frame.buffer.limit(frame.buffer.limit() - 1)
        val refusal = assertThrows(EngineException.Frame::class.java) { frame.read() }
        assertTrue("needs 61424 bytes, the buffer has 61423" in refusal.message!!, refusal.message)
    }

    @Test
    fun `a buffer of the Java heap is refused`() {
        val frame = frame()
        val heap = ByteBuffer.allocate(frame.buffer.remaining())
        assertThrows(IllegalArgumentException::class.java) { scanLuma(heap, frame.layout) }
    }

    private fun frame(before: Int = 0): Plane {
        val modules = QRCodeWriter().encode(SAID, BarcodeFormat.QR_CODE, SIDE, SIDE)
        return plane(SIDE, SIDE, before) { x, y -> if (modules[x, y]) 0x10 else 0xE0 }
    }

    companion object {
        private const val SAID = "VS1:a frame from Kotlin"
        private const val SIDE = 240

        @JvmStatic
        @BeforeAll
        fun `the bindings belong to this library`() = uniffiEnsureInitialized()
    }
}
