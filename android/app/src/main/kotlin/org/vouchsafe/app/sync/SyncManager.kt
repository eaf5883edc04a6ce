package org.vouchsafe.app.sync

import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow
import kotlinx.coroutines.launch
import org.vouchsafe.app.device.Phone
import org.vouchsafe.core.EngineException
import org.vouchsafe.core.SyncReport

sealed interface SyncState {
    data object NotYet : SyncState

    data object Running : SyncState

    data class Ended(val report: SyncReport) : SyncState

    /** Not the network: something in this phone is broken. */
    data class Failed(val error: EngineException) : SyncState
}

/** Syncs with the server, once at a time, for the app's whole life: a screen that goes away ends none. */
class SyncManager(private val phone: Phone, private val transport: Transport, private val scope: CoroutineScope) {
    private val current = MutableStateFlow<SyncState>(SyncState.NotYet)

    val state: StateFlow<SyncState> = current.asStateFlow()

    /** Begins a sync, unless one is under way. */
    fun start() {
        scope.launch { run() }
    }

    /** Runs a sync to its end; gives nothing when another is under way. */
    suspend fun run(): SyncState? {
        val before = current.value
        if (before == SyncState.Running || !current.compareAndSet(before, SyncState.Running)) return null
        var after: SyncState = before
        try {
            after = phone.sync(transport::send)?.let(SyncState::Ended) ?: before
        } catch (cancelled: CancellationException) {
            throw cancelled
        } catch (error: EngineException) {
            after = SyncState.Failed(error)
        } finally {
            current.value = after
        }
        return after
    }
}
