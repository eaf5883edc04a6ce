package org.vouchsafe.core

import com.google.zxing.BarcodeFormat
import com.google.zxing.qrcode.QRCodeWriter
import com.sun.management.ThreadMXBean
import java.lang.management.ManagementFactory
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
    fun `a part that lies anywhere in a padded frame is read in each of the four turns, alone and as a stream`() {
        val modules = QRCodeWriter().encode(SAID, BarcodeFormat.QR_CODE, SIDE, SIDE)
        val frame = plane(500, 333) { x, y ->
            if (x - 201 in 0 until SIDE && y - 77 in 0 until SIDE && modules[x - 201, y - 77]) 0x10 else 0xE0
        }
        val part = Crop(left = 190u, top = 66u, width = 262u, height = 262u)
        for (rotation in Rotation.entries) {
            val layout = frame.layout.copy(crop = part, rotation = rotation)
            assertEquals(listOf(SymbolContent.Text(SAID)), scanLuma(frame.buffer.slice(), layout).map { it.content }, "$rotation")
            FrameStream().use { stream ->
                val read = stream.read(frame.buffer.slice(), layout).map { it.content }
                assertEquals(listOf(SymbolContent.Text(SAID)), read, "$rotation, in a stream")
            }
        }
    }

    @Test
    fun `a camera's frame crosses without a copy, and leaves less than a kilobyte of garbage`() {
        val blank = plane(640, 480) { _, _ -> 0xE0 }
        val threads = ManagementFactory.getThreadMXBean() as ThreadMXBean
        LiveFrames().use { live ->
            repeat(WARM_UP) { live.next(blank.buffer.slice(), blank.layout) }
            val before = threads.currentThreadAllocatedBytes
            repeat(FRAMES) { live.next(blank.buffer.slice(), blank.layout) }
            val each = (threads.currentThreadAllocatedBytes - before) / FRAMES
            assertTrue(each <= MOST_GARBAGE, "$each bytes a frame")
        }
    }

    @Test
    fun `a camera's frames are read as a stream's are, however they lie, and refused as they are`() {
        val frame = frame(before = 64)
        val short = frame.buffer.slice().apply { limit(limit() - 1) }
        val live = LiveFrames()
        for (rotation in Rotation.entries) {
            val layout = frame.layout.copy(rotation = rotation)
            assertEquals(listOf(SymbolContent.Text(SAID)), live.next(frame.buffer.slice(), layout).map { it.content }, "$rotation")
            assertEquals(emptyList<Symbol>(), live.found(), "what was found is given once")
            val refusal = assertThrows(EngineException.Frame::class.java) { live.next(short, layout) }
            assertTrue("needs 61424 bytes, the buffer has 61423" in refusal.message!!, refusal.message)
        }
        val heap = ByteBuffer.allocate(frame.buffer.remaining())
        assertThrows(IllegalArgumentException::class.java) { live.next(heap, frame.layout) }
        live.close()
        assertThrows(IllegalStateException::class.java) { live.next(frame.buffer.slice(), frame.layout) }
    }

    @Test
    fun `a frame of which nobody said how it lies is refused`() {
        FrameStream().use { stream ->
            assertThrows(EngineException.Frame::class.java) { stream.look(ByteBuffer.allocateDirect(100)) }
        }
    }

    @Test
    fun `a stream that was closed is refused, and closing it twice does nothing`() {
        val frame = frame()
        val stream = FrameStream()
        stream.close()
        stream.close()
        assertThrows(IllegalStateException::class.java) { stream.read(frame.buffer.slice(), frame.layout) }
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
        private const val WARM_UP = 200
        private const val FRAMES = 100

        /** Bytes, of a frame of 307,200. */
        private const val MOST_GARBAGE = 1_024

        @JvmStatic
        @BeforeAll
        fun `the bindings belong to this library`() = uniffiEnsureInitialized()
    }
}
