package org.vouchsafe.app.serve

import java.math.BigDecimal

/** A typed number as a count of its smallest parts; nothing if it is none, or has more [decimals] than there are. */
fun parts(typed: String, decimals: Int): ULong? {
    val plain = buildString {
        for (character in typed.trim()) {
            when {
                character.isDigit() -> append(Character.getNumericValue(character))
                character in DECIMAL_MARKS -> append('.')
                else -> return null
            }
        }
    }
    val number = plain.toBigDecimalOrNull() ?: return null
    val parts = number.movePointRight(decimals).stripTrailingZeros()
    if (parts.scale() > 0 || parts > BigDecimal(Long.MAX_VALUE)) return null
    return parts.toLong().toULong()
}

/** Full stop, comma, and the Arabic decimal mark. */
private const val DECIMAL_MARKS = ".,٫"

/** The number as somebody would type it. */
fun typed(parts: ULong, decimals: Int): String = BigDecimal(parts.toString()).movePointLeft(decimals).toPlainString()
