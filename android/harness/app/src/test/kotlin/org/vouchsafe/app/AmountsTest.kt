package org.vouchsafe.app

import java.util.Locale
import org.junit.Assert.assertEquals
import org.junit.Test
import org.vouchsafe.app.serve.Choice
import org.vouchsafe.app.serve.choice
import org.vouchsafe.app.serve.parts
import org.vouchsafe.app.serve.typedFor
import org.vouchsafe.app.ui.Formats
import org.vouchsafe.core.Benefit
import org.vouchsafe.core.Goods

/** What staff type is what is given. */
class AmountsTest {
    private val english = Formats(Locale.ENGLISH)

    @Test
    fun `an amount is read as people write it`() {
        assertEquals(400_050uL, parts("4000.50", decimals = 2))
        assertEquals(400_050uL, parts(" 4000,5 ", decimals = 2))
        assertEquals(400_050uL, parts("٤٠٠٠٫٥٠", decimals = 2))
        assertEquals(12uL, parts("12", decimals = 0))
    }

    @Test
    fun `what is no amount, or finer than the currency, is refused`() {
        for (typed in listOf("", ".", "1.2.3", "-1", "1e3", "5 000", "0.005", "99999999999999999999")) {
            assertEquals(typed, null, parts(typed, decimals = 2))
        }
    }

    @Test
    fun `a comma that may mean thousands is not guessed at`() {
        assertEquals(null, parts("4,000", decimals = 2))
        assertEquals(null, parts("4.000", decimals = 2))
    }

    @Test
    fun `the fields begin with the whole, written as the reader's language writes it`() {
        val whole = Benefit.Money(500_050uL, "PHP")
        assertEquals(listOf("5000,50"), typedFor(whole, 2, Formats(Locale.FRANCE)))
        for (language in listOf("en", "fr", "ar")) {
            assertEquals(Choice.Give(whole, all = true), choice(typedFor(whole, 2, Formats(Locale.forLanguageTag(language))), whole, 2))
        }
    }

    @Test
    fun `money is never more than the voucher, and never nothing`() {
        val whole = Benefit.Money(500_000uL, "PHP")
        assertEquals(Choice.Give(whole, all = true), choice(typedFor(whole, 2, english), whole, 2))
        assertEquals(Choice.Give(Benefit.Money(1uL, "PHP"), all = false), choice(listOf("0.01"), whole, 2))
        assertEquals(Choice.TooMuch, choice(listOf("5000.01"), whole, 2))
        assertEquals(Choice.Nothing, choice(listOf("0"), whole, 2))
        assertEquals(Choice.NotANumber, choice(listOf("all"), whole, 2))
    }

    @Test
    fun `goods that are not given are left out`() {
        val whole = Benefit.Goods(listOf(Goods("Rice", 25_000uL, "kg"), Goods("Oil", 2_500uL, "l")))
        assertEquals(listOf("25", "2.5"), typedFor(whole, 0, english))
        assertEquals(Choice.Give(whole, all = true), choice(typedFor(whole, 0, english), whole, 0))
        val rice = Benefit.Goods(listOf(Goods("Rice", 10_000uL, "kg")))
        assertEquals(Choice.Give(rice, all = false), choice(listOf("10", "0"), whole, 0))
        assertEquals(Choice.TooMuch, choice(listOf("10", "2.501"), whole, 0))
    }
}
