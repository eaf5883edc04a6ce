package org.vouchsafe.app

import androidx.compose.material3.ColorScheme
import androidx.compose.ui.graphics.Color
import androidx.compose.ui.graphics.luminance
import org.junit.Assert.assertTrue
import org.junit.Test
import org.vouchsafe.app.ui.DarkColours
import org.vouchsafe.app.ui.LightColours
import org.vouchsafe.app.ui.Signal
import org.vouchsafe.app.ui.StrongColours

/** Text can be read on what lies under it: WCAG 2.1, 1.4.3. */
class ContrastTest {
    @Test
    fun `what a colour means is written so that it can be read`() {
        for (signal in listOf(Signal.Good, Signal.Attention, Signal.Bad, Signal.Neutral)) readable(signal.text, signal.background)
    }

    @Test
    fun `by day, by night and in bright sunlight`() {
        for (colours in listOf(LightColours, DarkColours, StrongColours)) {
            for ((text, background) in pairs(colours)) readable(text, background)
        }
    }

    private fun pairs(colours: ColorScheme) = with(colours) {
        listOf(
            onBackground to background, onSurface to surface, onSurfaceVariant to surface, onPrimary to primary,
            primary to surface, onPrimaryContainer to primaryContainer, onSecondaryContainer to secondaryContainer,
            onSurface to surfaceContainer, onSurfaceVariant to surfaceContainer, error to surface,
        )
    }

    private fun readable(text: Color, background: Color) {
        val (dark, light) = listOf(text.luminance(), background.luminance()).sorted()
        val contrast = (light + 0.05) / (dark + 0.05)
        assertTrue("$text on $background: $contrast", contrast >= 4.5)
    }
}
