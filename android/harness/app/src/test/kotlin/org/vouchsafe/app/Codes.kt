package org.vouchsafe.app

import com.google.zxing.BarcodeFormat
import com.google.zxing.qrcode.QRCodeWriter
import org.vouchsafe.core.Plane
import org.vouchsafe.core.plane

/** A frame that shows the code of a text. */
fun codeOf(text: String): Plane {
    val side = 600
    val modules = QRCodeWriter().encode(text, BarcodeFormat.QR_CODE, side, side)
    return plane(side, side) { x, y -> if (modules[x, y]) 0x10 else 0xE0 }
}

/** The same voucher with another signature: the last of its bytes is changed. */
fun forged(voucher: String): String {
    val prefix = "VS1:"
    val bytes = fromBase45(voucher.removePrefix(prefix))
    bytes[bytes.size - 1] = (bytes.last().toInt() xor 1).toByte()
    return prefix + toBase45(bytes)
}

private const val BASE45 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"

private fun fromBase45(text: String): ByteArray = text.chunked(3).flatMap { group ->
    val number = group.reversed().fold(0) { sum, character -> sum * 45 + BASE45.indexOf(character) }
    if (group.length == 3) listOf((number shr 8).toByte(), number.toByte()) else listOf(number.toByte())
}.toByteArray()

private fun toBase45(bytes: ByteArray): String = bytes.toList().chunked(2).joinToString("") { pair ->
    var number = pair.fold(0) { sum, byte -> sum * 256 + (byte.toInt() and 0xFF) }
    (0..pair.size).map { BASE45[number % 45].also { number /= 45 } }.joinToString("")
}
