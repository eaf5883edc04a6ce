package org.vouchsafe.app.enrol

import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.padding
import androidx.compose.foundation.layout.safeDrawingPadding
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.runtime.getValue
import androidx.compose.ui.Modifier
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.text.font.FontWeight
import androidx.compose.ui.unit.dp
import androidx.lifecycle.compose.collectAsStateWithLifecycle
import androidx.lifecycle.viewmodel.compose.viewModel
import org.vouchsafe.app.LocalAppContainer
import org.vouchsafe.app.R
import org.vouchsafe.app.health.grouped
import org.vouchsafe.app.scan.CodeScanner
import org.vouchsafe.app.sync.SyncBanner
import org.vouchsafe.app.sync.SyncState
import org.vouchsafe.app.ui.ErrorMessage
import org.vouchsafe.app.ui.Page
import org.vouchsafe.app.ui.PrimaryButton
import org.vouchsafe.app.ui.SecondaryButton
import org.vouchsafe.app.ui.formats
import org.vouchsafe.core.Health

/** A phone that belongs to nobody yet: it reads an enrolment code, and nothing else. */
@Composable
fun EnrolScreen() {
    val container = LocalAppContainer.current
    val model = viewModel { EnrolModel(container.phone, container.syncManager) }
    val error by model.error.collectAsStateWithLifecycle()
    Column(Modifier.safeDrawingPadding()) {
        error?.let { ErrorMessage(it, Modifier.padding(16.dp)) }
        CodeScanner(stringResource(R.string.scan_enrolment)) { model.enrol(it.text) }
    }
}

/** A phone whose request is under way, or that the office has yet to confirm: both sides compare eight digits. */
@Composable
fun ConfirmScreen(health: Health, digits: String, onAnotherCode: () -> Unit, onGoOn: () -> Unit) {
    val syncManager = LocalAppContainer.current.syncManager
    val state by syncManager.state.collectAsStateWithLifecycle()
    Page(
        stringResource(R.string.confirm_phone),
        onBack = null,
        actions = {
            PrimaryButton(stringResource(R.string.confirm_check), syncManager::start, enabled = state != SyncState.Running)
            if (health.provider != null) {
                SecondaryButton(stringResource(R.string.confirm_later), onGoOn)
            } else {
                SecondaryButton(stringResource(R.string.scan_another_code), onAnotherCode)
            }
        },
    ) {
        health.provider?.let { Text(it, style = MaterialTheme.typography.headlineSmall) }
        Text(formats().isolateLtr(grouped(digits)), style = MaterialTheme.typography.displayMedium, fontWeight = FontWeight.Bold)
        Text(stringResource(R.string.compare_digits), style = MaterialTheme.typography.bodyLarge)
        if (health.provider != null) {
            Text(stringResource(R.string.not_confirmed), style = MaterialTheme.typography.bodyLarge)
        }
        SyncBanner(state)
    }
}
