package org.vouchsafe.core.vectors

import java.io.ByteArrayOutputStream

/** Deterministic CBOR (docs/protocol.md §1) of numbers, texts, bytes, booleans, lists and maps, and of a [Tagged] one of them. */
fun cbor(value: Any): ByteArray = ByteArrayOutputStream().apply { item(value) }.toByteArray()

class Tagged(val tag: Int, val content: Any)

private fun ByteArrayOutputStream.item(value: Any) {
    when (value) {
        is Int -> item(value.toLong())
        is Long -> if (value >= 0) head(0, value) else head(1, -1 - value)
        is ByteArray -> { head(2, value.size.toLong()); writeBytes(value) }
        is String -> value.encodeToByteArray().let { head(3, it.size.toLong()); writeBytes(it) }
        is Boolean -> write(if (value) 0xF5 else 0xF4)
        is List<*> -> { head(4, value.size.toLong()); value.forEach { item(it!!) } }
        is Map<*, *> -> map(value.map { (key, content) -> cbor(key!!) to content!! })
        is Tagged -> { head(6, value.tag.toLong()); item(value.content) }
        else -> error("no CBOR for $value")
    }
}

private fun ByteArrayOutputStream.map(entries: List<Pair<ByteArray, Any>>) {
    head(5, entries.size.toLong())
    for ((key, content) in entries.sortedWith { a, b -> java.util.Arrays.compareUnsigned(a.first, b.first) }) {
        writeBytes(key)
        item(content)
    }
}

private fun ByteArrayOutputStream.head(major: Int, argument: Long) {
    val (information, width) = when {
        argument < 24 -> argument.toInt() to 0
        argument < 0x100 -> 24 to 1
        argument < 0x10000 -> 25 to 2
        argument < 0x1_0000_0000 -> 26 to 4
        else -> 27 to 8
    }
    write(major shl 5 or information)
    for (byte in width - 1 downTo 0) write((argument shr (8 * byte)).toInt())
}
