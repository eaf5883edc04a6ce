package org.vouchsafe.core

import java.io.File
import java.nio.ByteBuffer
import javax.imageio.ImageIO

/** A luma plane in native memory, as Android's camera hands it over. */
class Plane(val buffer: ByteBuffer, val layout: FrameLayout) {
    fun read(): List<Symbol> = scanLuma(buffer.slice(), layout)
}

/** The luma plane of [width] × [height] pixels, with padded rows of which the last is cut short, [before] bytes in. */
fun plane(width: Int, height: Int, before: Int = 0, luma: (x: Int, y: Int) -> Int): Plane {
    val rowStride = (width + 63) / 64 * 64
    val buffer = ByteBuffer.allocateDirect(before + (height - 1) * rowStride + width)
    for (y in 0 until height) {
        for (x in 0 until width) {
            buffer.put(before + y * rowStride + x, luma(x, y).toByte())
        }
    }
    buffer.position(before)
    return Plane(buffer, FrameLayout(width.toUInt(), height.toUInt(), rowStride.toUInt(), null, Rotation.NONE))
}

/** The luma plane of a picture file. */
fun planeOf(picture: File): Plane {
    val image = ImageIO.read(picture)
    return plane(image.width, image.height) { x, y ->
        val colour = image.getRGB(x, y)
        (299 * (colour shr 16 and 0xFF) + 587 * (colour shr 8 and 0xFF) + 114 * (colour and 0xFF)) / 1000
    }
}

/** The text of the one symbol of a picture file. */
fun textIn(picture: File): String = (planeOf(picture).read().single().content as SymbolContent.Text).text
