package org.vouchsafe.app.ui

import android.text.TextUtils
import android.view.View
import androidx.compose.runtime.Composable
import androidx.compose.runtime.ReadOnlyComposable
import androidx.compose.ui.platform.LocalConfiguration
import java.math.BigDecimal
import java.text.DateFormat
import java.text.NumberFormat
import java.util.Currency
import java.util.Date
import java.util.Locale
import org.vouchsafe.core.Benefit
import org.vouchsafe.core.Goods

/** Amounts, quantities and dates as the reader's language writes them. */
class Formats(private val locale: Locale) {
    fun money(minorUnits: ULong, currency: String, decimals: Int): String {
        val format = NumberFormat.getCurrencyInstance(locale)
        // A programme may count in units that no table of currencies has; its code does for a sign then.
        runCatching { Currency.getInstance(currency) }.onSuccess { format.currency = it }
        format.minimumFractionDigits = decimals
        format.maximumFractionDigits = decimals
        return format.format(BigDecimal(minorUnits.toString()).movePointLeft(decimals))
    }

    fun quantity(goods: Goods): String = "${thousandths(goods.thousandths)} ${isolate(goods.unit)}"

    fun thousandths(thousandths: ULong): String =
        NumberFormat.getNumberInstance(locale).apply { maximumFractionDigits = 3 }
            .format(BigDecimal(thousandths.toString()).movePointLeft(3))

    /** One line that says it all. */
    fun benefit(benefit: Benefit, decimals: Int): String = when (benefit) {
        is Benefit.Money -> money(benefit.minorUnits, benefit.currency, decimals)
        is Benefit.Goods -> benefit.lines.joinToString("\n") { "${isolate(it.item)}$comma ${quantity(it)}" }
    }

    /** A number for a field to type in: no marks but the decimal one. */
    fun typed(scaled: ULong, decimals: Int, most: Int = decimals): String =
        NumberFormat.getNumberInstance(locale).apply {
            isGroupingUsed = false
            minimumFractionDigits = decimals
            maximumFractionDigits = most
        }.format(BigDecimal(scaled.toString()).movePointLeft(most))

    fun count(number: Long): String = NumberFormat.getIntegerInstance(locale).format(number)

    fun year(year: Int): String = NumberFormat.getIntegerInstance(locale).apply { isGroupingUsed = false }.format(year)

    fun day(seconds: ULong): String = DateFormat.getDateInstance(DateFormat.LONG, locale).format(date(seconds))

    /** The day of an ISO date, which no time zone may move. */
    fun day(isoDay: String): String {
        val format = DateFormat.getDateInstance(DateFormat.LONG, locale)
        val midday = java.time.LocalDate.parse(isoDay).atTime(12, 0).atZone(format.timeZone.toZoneId())
        return format.format(Date.from(midday.toInstant()))
    }

    fun moment(seconds: ULong): String =
        DateFormat.getDateTimeInstance(DateFormat.MEDIUM, DateFormat.SHORT, locale).format(date(seconds))

    /** Letters and digits that people compare one by one: in their own order, whichever way the language runs. */
    fun isolateLtr(text: String): String = if (rightToLeft) "\u2066$text\u2069" else text

    /** A long reference, in two halves where a line is too short for it. */
    fun reference(text: String): String = isolateLtr(text.chunked(16).joinToString("\u200B"))

    /** A name that may go on in the next line after its hyphens. */
    fun name(name: String): String = name.replace("-", "-\u200B")

    /** Words that may run the other way than those around them. */
    private fun isolate(text: String): String = if (rightToLeft) "\u2068$text\u2069" else text

    private val rightToLeft get() = TextUtils.getLayoutDirectionFromLocale(locale) == View.LAYOUT_DIRECTION_RTL
    private val comma = if (locale.language == "ar") "،" else ","

    private fun date(seconds: ULong) = Date(seconds.toLong() * 1_000)
}

@Composable
@ReadOnlyComposable
fun formats() = Formats(LocalConfiguration.current.locales[0])

/** How many decimal places an amount has whose programme is not known: as the currency's users write it. */
fun decimalsOf(benefit: Benefit): Int = when (benefit) {
    is Benefit.Money -> runCatching { Currency.getInstance(benefit.currency).defaultFractionDigits }.getOrDefault(2).coerceAtLeast(0)
    is Benefit.Goods -> 0
}
