package org.vouchsafe.app.ui

import android.app.UiModeManager
import android.os.Build
import androidx.compose.foundation.isSystemInDarkTheme
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.Typography
import androidx.compose.material3.darkColorScheme
import androidx.compose.material3.lightColorScheme
import androidx.compose.runtime.Composable
import androidx.compose.runtime.Immutable
import androidx.compose.ui.graphics.Color
import androidx.compose.ui.platform.LocalContext
import androidx.compose.ui.text.font.FontWeight
import androidx.compose.ui.unit.sp

val LightColours = lightColorScheme(
    primary = Color(0xFF00513F),
    onPrimary = Color.White,
    primaryContainer = Color(0xFFCDE9DE),
    onPrimaryContainer = Color(0xFF00241B),
    secondaryContainer = Color(0xFFDCE5E0),
    onSecondaryContainer = Color(0xFF141D1A),
    background = Color(0xFFFAFDFB),
    onBackground = Color(0xFF171D1A),
    surface = Color(0xFFFAFDFB),
    onSurface = Color(0xFF171D1A),
    surfaceContainer = Color(0xFFEEF2EF),
    surfaceContainerHighest = Color(0xFFE2E8E4),
    surfaceVariant = Color(0xFFE2E8E4),
    onSurfaceVariant = Color(0xFF3C4742),
    outline = Color(0xFF5C6762),
    error = Color(0xFFA51C14),
    onError = Color.White,
)

val DarkColours = darkColorScheme(
    primary = Color(0xFF7FD8BA),
    onPrimary = Color(0xFF00382A),
    primaryContainer = Color(0xFF00513F),
    onPrimaryContainer = Color(0xFFCDE9DE),
    secondaryContainer = Color(0xFF34403B),
    onSecondaryContainer = Color(0xFFDCE5E0),
    background = Color(0xFF0F1512),
    onBackground = Color(0xFFDEE4E0),
    surface = Color(0xFF0F1512),
    onSurface = Color(0xFFDEE4E0),
    surfaceContainer = Color(0xFF1B221E),
    surfaceContainerHighest = Color(0xFF303733),
    surfaceVariant = Color(0xFF303733),
    onSurfaceVariant = Color(0xFFBFC9C3),
    outline = Color(0xFF89938E),
    error = Color(0xFFFFB4A9),
    onError = Color(0xFF690002),
)

/** For bright sunlight: nothing but black, white and what means something. */
val StrongColours = lightColorScheme(
    primary = Color.Black,
    onPrimary = Color.White,
    primaryContainer = Color.White,
    onPrimaryContainer = Color.Black,
    secondaryContainer = Color(0xFFD6D6D6),
    onSecondaryContainer = Color.Black,
    background = Color.White,
    onBackground = Color.Black,
    surface = Color.White,
    onSurface = Color.Black,
    surfaceContainer = Color.White,
    surfaceContainerHighest = Color.White,
    surfaceVariant = Color.White,
    onSurfaceVariant = Color.Black,
    outline = Color.Black,
    outlineVariant = Color.Black,
    error = Color(0xFF8C0009),
    onError = Color.White,
)

private val type = Typography().run {
    copy(
        headlineSmall = headlineSmall.copy(fontWeight = FontWeight.SemiBold),
        titleLarge = titleLarge.copy(fontWeight = FontWeight.SemiBold),
        labelLarge = labelLarge.copy(fontSize = 16.sp),
        bodyLarge = bodyLarge.copy(fontSize = 17.sp),
    )
}

private val strongType = type.run {
    copy(
        bodyMedium = bodyMedium.copy(fontWeight = FontWeight.Medium),
        bodyLarge = bodyLarge.copy(fontWeight = FontWeight.Medium),
        headlineMedium = headlineMedium.copy(fontWeight = FontWeight.SemiBold),
    )
}

/** The look of the app: as the phone is set, or with [strongContrast], which the phone may be set to as well. */
@Composable
fun VouchsafeTheme(strongContrast: Boolean, content: @Composable () -> Unit) {
    val strong = strongContrast || phoneWantsContrast()
    val colours = when {
        strong -> StrongColours
        isSystemInDarkTheme() -> DarkColours
        else -> LightColours
    }
    MaterialTheme(colours, typography = if (strong) strongType else type, content = content)
}

@Composable
private fun phoneWantsContrast(): Boolean {
    if (Build.VERSION.SDK_INT < Build.VERSION_CODES.UPSIDE_DOWN_CAKE) return false
    val modes = LocalContext.current.getSystemService(UiModeManager::class.java) ?: return false
    return modes.contrast > MEDIUM_CONTRAST
}

private const val MEDIUM_CONTRAST = 0.5f

/** The colours that mean something. The same by day and by night: staff learn them. */
@Immutable
data class Signal(val background: Color, val text: Color) {
    companion object {
        /** Go ahead. */
        val Good = Signal(Color(0xFF0B6B3A), Color.White)

        /** Look here, then go ahead. */
        val Attention = Signal(Color(0xFFFFC247), Color(0xFF241A00))

        /** Stop. */
        val Bad = Signal(Color(0xFFA51C14), Color.White)

        /** Nothing was decided. */
        val Neutral = Signal(Color(0xFF3C4742), Color.White)
    }
}
