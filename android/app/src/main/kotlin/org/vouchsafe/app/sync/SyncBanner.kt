package org.vouchsafe.app.sync

import androidx.annotation.StringRes
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.material3.LinearProgressIndicator
import androidx.compose.runtime.Composable
import androidx.compose.ui.Modifier
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.semantics.contentDescription
import androidx.compose.ui.semantics.semantics
import org.vouchsafe.app.R
import org.vouchsafe.app.ui.Banner
import org.vouchsafe.app.ui.ErrorMessage
import org.vouchsafe.app.ui.Signal
import org.vouchsafe.core.Stopped

/** Why a sync ended early, and what to do; nothing is lost by any of them. */
@StringRes
fun message(stopped: Stopped): Int = when (stopped) {
    Stopped.NOT_ENROLLED -> R.string.sync_not_enrolled
    Stopped.UNREACHABLE -> R.string.sync_unreachable
    Stopped.INTERRUPTED -> R.string.sync_interrupted
    Stopped.CERTIFICATE -> R.string.sync_certificate
    Stopped.NOT_OUR_SERVER -> R.string.sync_not_our_server
    Stopped.NOT_ADMITTED -> R.string.sync_not_admitted
    Stopped.ENROLMENT_REFUSED -> R.string.sync_enrolment_refused
    Stopped.BUSY -> R.string.sync_busy
}

@Composable
fun SyncBanner(state: SyncState) {
    when (state) {
        SyncState.NotYet -> {}
        SyncState.Running -> {
            val running = stringResource(R.string.sync_running)
            LinearProgressIndicator(Modifier.fillMaxWidth().semantics { contentDescription = running })
        }
        is SyncState.Ended -> when (val stopped = state.report.stopped) {
            null -> Banner(Signal.Good, stringResource(R.string.sync_done))
            else -> Banner(Signal.Attention, stringResource(message(stopped)))
        }
        is SyncState.Failed -> ErrorMessage(state.error)
    }
}
