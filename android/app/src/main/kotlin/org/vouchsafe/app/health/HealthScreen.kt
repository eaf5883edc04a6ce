package org.vouchsafe.app.health

import androidx.compose.runtime.Composable
import androidx.compose.runtime.getValue
import androidx.compose.ui.res.pluralStringResource
import androidx.compose.ui.res.stringResource
import androidx.lifecycle.compose.collectAsStateWithLifecycle
import androidx.lifecycle.viewmodel.compose.viewModel
import org.vouchsafe.app.LocalParts
import org.vouchsafe.app.R
import org.vouchsafe.app.sync.SyncBand
import org.vouchsafe.app.sync.SyncState
import org.vouchsafe.app.ui.Band
import org.vouchsafe.app.ui.Fact
import org.vouchsafe.app.ui.Formats
import org.vouchsafe.app.ui.MainButton
import org.vouchsafe.app.ui.Page
import org.vouchsafe.app.ui.Signal
import org.vouchsafe.app.ui.Trouble
import org.vouchsafe.app.ui.formats
import org.vouchsafe.core.Health

/** How this phone is: what waits, how old its trust is, who it belongs to. */
@Composable
fun HealthScreen() {
    val parts = LocalParts.current
    val model = viewModel { HealthModel(parts.phone) }
    val state by model.state.collectAsStateWithLifecycle()
    val syncing by parts.syncing.state.collectAsStateWithLifecycle()
    HealthPage(state, syncing, onSync = parts.syncing::begin)
}

@Composable
fun HealthPage(state: HealthState, syncing: SyncState, onSync: () -> Unit) {
    val formats = formats()
    Page(
        stringResource(R.string.health),
        onBack = null,
        actions = {
            MainButton(stringResource(R.string.sync_now), onSync, enabled = syncing != SyncState.Running)
        },
    ) {
        SyncBand(syncing)
        state.trouble?.let { Trouble(it) }
        state.health?.let { health ->
            Unsent(health, formats)
            if (!health.confirmed) Band(Signal.Attention, stringResource(R.string.not_confirmed))
            health.provider?.let { Fact(stringResource(R.string.fact_provider), it) }
            state.digits?.let { Fact(stringResource(R.string.fact_digits), grouped(it)) }
            health.trustIssued?.let { Fact(stringResource(R.string.fact_trust), formats.moment(it)) }
            health.origin?.let { Fact(stringResource(R.string.fact_server), it) }
        }
    }
}

@Composable
private fun Unsent(health: Health, formats: Formats) {
    val since = health.unsentSince
    if (since == null) {
        Band(Signal.Good, stringResource(R.string.all_sent))
    } else {
        val records = health.unsentRecords.toLong()
        val quantity = records.coerceAtMost(Int.MAX_VALUE.toLong()).toInt()
        Band(Signal.Attention, pluralStringResource(R.plurals.unsent, quantity, formats.count(records), formats.moment(since)))
    }
}

/** Eight digits in two groups, as they are read out. */
fun grouped(digits: String): String = digits.filter(Char::isDigit).chunked(4).joinToString(" ")
