package org.vouchsafe.app.device

import android.content.Context
import androidx.core.content.edit
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow

/** What whoever holds the phone has chosen. */
class Settings(context: Context) {
    private val preferences = context.getSharedPreferences("settings", Context.MODE_PRIVATE)
    private val strong = MutableStateFlow(preferences.getBoolean(STRONG_CONTRAST, false))

    /** Black on white, for bright sunlight. */
    val strongContrast: StateFlow<Boolean> = strong.asStateFlow()

    private val anywhere = MutableStateFlow(preferences.getBoolean(DOCUMENTS_ANYWHERE, false))

    /** Documents may go over a network that is paid for by the megabyte. */
    val documentsAnywhere: StateFlow<Boolean> = anywhere.asStateFlow()

    fun setDocumentsAnywhere(enabled: Boolean) {
        preferences.edit { putBoolean(DOCUMENTS_ANYWHERE, enabled) }
        anywhere.value = enabled
    }

    fun setStrongContrast(enabled: Boolean) {
        preferences.edit { putBoolean(STRONG_CONTRAST, enabled) }
        strong.value = enabled
    }

    private companion object {
        const val DOCUMENTS_ANYWHERE = "documents anywhere"
        const val STRONG_CONTRAST = "strong contrast"
    }
}
