package org.vouchsafe.app.device

import android.content.Context
import androidx.core.content.edit
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow

/** What whoever holds the phone has chosen. */
class Settings(context: Context) {
    private val kept = context.getSharedPreferences("settings", Context.MODE_PRIVATE)
    private val strong = MutableStateFlow(kept.getBoolean(STRONG_CONTRAST, false))

    /** Black on white, for bright sunlight. */
    val strongContrast: StateFlow<Boolean> = strong.asStateFlow()

    fun chooseStrongContrast(wanted: Boolean) {
        kept.edit { putBoolean(STRONG_CONTRAST, wanted) }
        strong.value = wanted
    }

    private companion object {
        const val STRONG_CONTRAST = "strong contrast"
    }
}
