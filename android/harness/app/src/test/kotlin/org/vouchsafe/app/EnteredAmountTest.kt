package org.vouchsafe.app

import java.util.Locale
import org.junit.Assert.assertEquals
import org.junit.Test
import org.vouchsafe.app.serve.EnteredAmount
import org.vouchsafe.app.serve.enteredAmount
import org.vouchsafe.app.serve.parseFixedPoint
import org.vouchsafe.app.serve.typedFor
import org.vouchsafe.app.ui.Formats
import org.vouchsafe.core.Benefit
import org.vouchsafe.core.Goods

/** What staff type is what is given. */
class EnteredAmountTest {
    private val english = Formats(Locale.ENGLISH)

    @Test
    fun `an amount is read as people write it`() {
        assertEquals(400_050uL, parseFixedPoint("4000.50", decimals = 2))
        assertEquals(400_050uL, parseFixedPoint(" 4000,5 ", decimals = 2))
        assertEquals(400_050uL, parseFixedPoint("٤٠٠٠٫٥٠", decimals = 2))
        assertEquals(12uL, parseFixedPoint("12", decimals = 0))
    }

    @Test
    fun `what is no amount, or finer than the currency, is refused`() {
        for (typed in listOf("", ".", "1.2.3", "-1", "1e3", "5 000", "0.005", "99999999999999999999")) {
            assertEquals(typed, null, parseFixedPoint(typed, decimals = 2))
        }
    }

    @Test
    fun `a comma that may mean thousands is not guessed at`() {
        assertEquals(null, parseFixedPoint("4,000", decimals = 2))
        assertEquals(null, parseFixedPoint("4.000", decimals = 2))
    }

    @Test
    fun `the fields begin with the whole, written as the reader's language writes it`() {
        val whole = Benefit.Money(500_050uL, "PHP")
        assertEquals(listOf("5000,50"), typedFor(whole, 2, Formats(Locale.FRANCE)))
        for (language in listOf("en", "fr", "ar")) {
            val typed = typedFor(whole, 2, Formats(Locale.forLanguageTag(language)))
            assertEquals(EnteredAmount.Valid(whole, all = true), enteredAmount(typed, whole, 2))
        }
    }

    @Test
    fun `money is never more than the voucher, and never nothing`() {
        val whole = Benefit.Money(500_000uL, "PHP")
        assertEquals(EnteredAmount.Valid(whole, all = true), enteredAmount(typedFor(whole, 2, english), whole, 2))
        assertEquals(EnteredAmount.Valid(Benefit.Money(1uL, "PHP"), all = false), enteredAmount(listOf("0.01"), whole, 2))
        assertEquals(EnteredAmount.TooMuch, enteredAmount(listOf("5000.01"), whole, 2))
        assertEquals(EnteredAmount.Nothing, enteredAmount(listOf("0"), whole, 2))
        assertEquals(EnteredAmount.NotANumber, enteredAmount(listOf("all"), whole, 2))
    }

    @Test
    fun `goods that are not given are left out`() {
        val whole = Benefit.Goods(listOf(Goods("Rice", 25_000uL, "kg"), Goods("Oil", 2_500uL, "l")))
        assertEquals(listOf("25", "2.5"), typedFor(whole, 0, english))
        assertEquals(EnteredAmount.Valid(whole, all = true), enteredAmount(typedFor(whole, 0, english), whole, 0))
        val rice = Benefit.Goods(listOf(Goods("Rice", 10_000uL, "kg")))
        assertEquals(EnteredAmount.Valid(rice, all = false), enteredAmount(listOf("10", "0"), whole, 0))
        assertEquals(EnteredAmount.TooMuch, enteredAmount(listOf("10", "2.501"), whole, 0))
    }
}
