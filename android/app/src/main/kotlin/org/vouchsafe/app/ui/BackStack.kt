package org.vouchsafe.app.ui

import androidx.lifecycle.SavedStateHandle
import androidx.lifecycle.ViewModel
import androidx.lifecycle.ViewModelStore
import androidx.lifecycle.ViewModelStoreOwner
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow

/**
 * The screens that lie on each other, the uppermost last; never empty. Survives a turned phone as it is, and the end of
 * the process by name. Each entry owns the models of its screen, which end with it.
 */
class BackStack(private val saved: SavedStateHandle) : ViewModel() {
    class Entry(val key: Int, val screen: Screen) : ViewModelStoreOwner {
        override val viewModelStore = ViewModelStore()
    }

    private val current = MutableStateFlow(restore())

    val entries: StateFlow<List<Entry>> = current.asStateFlow()

    fun push(screen: Screen) = replace(current.value + entry(screen))

    /** Puts [screen] in the place of all that lies above the first. */
    fun replaceAbove(screen: Screen) = replace(current.value.take(1) + entry(screen))

    /** Goes to a screen with nothing below it; stays where that is where one is. */
    fun goTo(tab: Screen.Tab) {
        if (current.value.singleOrNull()?.screen != tab) replace(listOf(entry(tab)))
    }

    /** Goes one back; false at the bottom. */
    fun pop(): Boolean {
        if (current.value.size == 1) return false
        replace(current.value.dropLast(1))
        return true
    }

    private fun replace(next: List<Entry>) {
        val gone = current.value - next.toSet()
        current.value = next
        saved[SCREENS] = ArrayList(next.map { it.screen.save() })
        saved[KEYS] = next.map { it.key }.toIntArray()
        gone.forEach { it.viewModelStore.clear() }
    }

    private fun entry(screen: Screen) = Entry(current.value.maxOf { it.key } + 1, screen)

    private fun restore(): List<Entry> {
        val screens: List<List<String>> = saved[SCREENS] ?: return listOf(Entry(0, Screen.Scan))
        val keys: IntArray = saved[KEYS] ?: return listOf(Entry(0, Screen.Scan))
        return keys.zip(screens) { key, screen -> Entry(key, Screen.restore(screen)) }
    }

    override fun onCleared() = current.value.forEach { it.viewModelStore.clear() }

    private companion object {
        const val SCREENS = "screens"
        const val KEYS = "keys"
    }
}
