package org.vouchsafe.app.serve

import java.math.BigDecimal

/** A typed number as a count of its smallest parts; nothing if it is none, or is written with more than [decimals]. */
fun parseFixedPoint(typed: String, decimals: Int): ULong? {
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
    // A comma before three digits may mean thousands: an amount that is written finer than it can be is not guessed at.
    if (number.scale() > decimals) return null
    val scaled = number.movePointRight(decimals)
    return if (scaled > BigDecimal(Long.MAX_VALUE)) null else scaled.toLong().toULong()
}

/** Full stop, comma, and the Arabic decimal mark. */
private const val DECIMAL_MARKS = ".,٫"
