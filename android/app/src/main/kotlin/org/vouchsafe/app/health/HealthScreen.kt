package org.vouchsafe.app.health

import androidx.compose.runtime.Composable
import androidx.compose.runtime.getValue
import androidx.compose.runtime.remember
import androidx.compose.ui.platform.LocalContext
import androidx.compose.ui.res.pluralStringResource
import androidx.compose.ui.res.stringResource
import androidx.lifecycle.compose.collectAsStateWithLifecycle
import androidx.lifecycle.viewmodel.compose.viewModel
import org.vouchsafe.app.LocalAppContainer
import org.vouchsafe.app.R
import org.vouchsafe.app.device.KeyStrength
import org.vouchsafe.app.device.share
import org.vouchsafe.app.sync.SyncBanner
import org.vouchsafe.app.sync.SyncState
import org.vouchsafe.app.ui.Banner
import org.vouchsafe.app.ui.ErrorMessage
import org.vouchsafe.app.ui.Formats
import org.vouchsafe.app.ui.LabelledValue
import org.vouchsafe.app.ui.Page
import org.vouchsafe.app.ui.PrimaryButton
import org.vouchsafe.app.ui.SecondaryButton
import org.vouchsafe.app.ui.Signal
import org.vouchsafe.app.ui.SwitchRow
import org.vouchsafe.app.ui.formats
import org.vouchsafe.app.verdict.warning
import org.vouchsafe.core.Health

/** How this phone is: what waits, how old its trust is, who it belongs to. */
@Composable
fun HealthScreen(onBundle: () -> Unit) {
    val container = LocalAppContainer.current
    val model = viewModel { HealthModel(container.phone) }
    val state by model.state.collectAsStateWithLifecycle()
    val syncState by container.syncManager.state.collectAsStateWithLifecycle()
    val strongContrast by container.settings.strongContrast.collectAsStateWithLifecycle()
    val documentsAnywhere by container.settings.documentsAnywhere.collectAsStateWithLifecycle()
    val context = LocalContext.current
    val key = remember(state.digits) { container.deviceInfo.keyStrength() }
    HealthPage(
        state,
        key,
        syncState,
        strongContrast,
        documentsAnywhere,
        HealthActions(
            onSync = container.syncManager::start,
            onBundle = onBundle,
            onContrast = container.settings::setStrongContrast,
            onDocumentsAnywhere = container.settings::setDocumentsAnywhere,
            onDiagnostics = { context.share("text/plain", text = diagnostics(container.deviceInfo, state, syncState)) },
        ),
    )
}

class HealthActions(
    val onSync: () -> Unit = {},
    val onBundle: () -> Unit = {},
    val onContrast: (Boolean) -> Unit = {},
    val onDocumentsAnywhere: (Boolean) -> Unit = {},
    val onDiagnostics: () -> Unit = {},
)

@Composable
fun HealthPage(
    state: HealthState,
    key: KeyStrength?,
    syncState: SyncState,
    strongContrast: Boolean,
    documentsAnywhere: Boolean,
    actions: HealthActions,
) {
    val formats = formats()
    Page(
        stringResource(R.string.health),
        onBack = null,
        actions = {
            PrimaryButton(stringResource(R.string.sync_now), actions.onSync, enabled = syncState != SyncState.Running)
        },
    ) {
        SyncBanner(syncState)
        state.error?.let { ErrorMessage(it) }
        state.health?.let { health ->
            Unsent(health, formats)
            if (!health.confirmed) Banner(Signal.Attention, stringResource(R.string.not_confirmed))
            health.clock?.let { Banner(Signal.Attention, warning(it, formats)) }
            state.freeSpace?.let { if (it < LITTLE_SPACE) Banner(Signal.Attention, stringResource(R.string.little_space)) }
            health.provider?.let { LabelledValue(stringResource(R.string.label_provider), it) }
            state.digits?.let { LabelledValue(stringResource(R.string.label_digits), formats.isolateLtr(grouped(it))) }
            health.trustIssued?.let { LabelledValue(stringResource(R.string.label_trust), formats.moment(it)) }
            val statusIssued = health.statusIssued?.let(formats::moment) ?: stringResource(R.string.not_there)
            LabelledValue(stringResource(R.string.label_status), statusIssued)
            state.freeSpace?.let {
                LabelledValue(stringResource(R.string.label_space), stringResource(R.string.megabytes, formats.count(it / MEGABYTE)))
            }
            key?.let { LabelledValue(stringResource(R.string.label_key), stringResource(label(it))) }
            health.origin?.let { LabelledValue(stringResource(R.string.label_server), it) }
        }
        SwitchRow(stringResource(R.string.documents_anywhere), documentsAnywhere, actions.onDocumentsAnywhere)
        SwitchRow(stringResource(R.string.strong_contrast), strongContrast, actions.onContrast)
        SecondaryButton(stringResource(R.string.bundle_title), actions.onBundle)
        SecondaryButton(stringResource(R.string.share_diagnostics), actions.onDiagnostics)
    }
}

@Composable
private fun Unsent(health: Health, formats: Formats) {
    val since = health.unsentSince
    if (since == null) {
        Banner(Signal.Good, stringResource(R.string.all_sent))
    } else {
        val records = health.unsentRecords.toLong()
        val quantity = records.coerceAtMost(Int.MAX_VALUE.toLong()).toInt()
        Banner(Signal.Attention, pluralStringResource(R.plurals.unsent, quantity, formats.count(records), formats.moment(since)))
    }
}

private fun label(key: KeyStrength): Int = when (key) {
    KeyStrength.STRONGBOX -> R.string.key_strongbox
    KeyStrength.HARDWARE -> R.string.key_hardware
    KeyStrength.SOFTWARE -> R.string.key_software
}

/** Below this, the phone may soon be unable to record anything. */
private const val LITTLE_SPACE = 100 * MEGABYTE

/** Eight digits in two groups, as they are read out. */
fun grouped(digits: String): String = digits.filter(Char::isDigit).chunked(4).joinToString(" ")
