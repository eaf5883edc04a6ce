package org.vouchsafe.app.sync

import androidx.activity.compose.rememberLauncherForActivityResult
import androidx.activity.result.contract.ActivityResultContracts
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.material3.LinearProgressIndicator
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.runtime.LaunchedEffect
import androidx.compose.runtime.getValue
import androidx.compose.ui.Modifier
import androidx.compose.ui.platform.LocalContext
import androidx.compose.ui.res.pluralStringResource
import androidx.compose.ui.res.stringResource
import androidx.lifecycle.compose.collectAsStateWithLifecycle
import androidx.lifecycle.viewmodel.compose.viewModel
import org.vouchsafe.app.LocalAppContainer
import org.vouchsafe.app.R
import org.vouchsafe.app.device.Exported
import org.vouchsafe.app.device.SharedFiles
import org.vouchsafe.app.device.share
import org.vouchsafe.app.ui.Banner
import org.vouchsafe.app.ui.ErrorMessage
import org.vouchsafe.app.ui.Page
import org.vouchsafe.app.ui.SecondaryButton
import org.vouchsafe.app.ui.Signal
import org.vouchsafe.app.ui.formats
import org.vouchsafe.app.ui.withDetail
import org.vouchsafe.core.Imported

/** Where no network is: records leave as sealed files, and the office's answers come as such. */
@Composable
fun BundleScreen(onBack: () -> Unit) {
    val container = LocalAppContainer.current
    val model = viewModel { BundleModel(container.phone) }
    val state by model.state.collectAsStateWithLifecycle()
    val context = LocalContext.current
    val folder = rememberLauncherForActivityResult(ActivityResultContracts.OpenDocumentTree()) { folder ->
        folder?.let { picked -> model.export(share = false) { container.files.createIn(picked, it) } }
    }
    val answers = rememberLauncherForActivityResult(ActivityResultContracts.OpenMultipleDocuments()) { picked ->
        if (picked.isNotEmpty()) model.import(picked.map { { container.files.read(it, MOST_BYTES) } })
    }
    val toShare = state.outcomes.filterIsInstance<BundleOutcome.ReadyToShare>().firstOrNull()
    LaunchedEffect(toShare) {
        if (toShare != null) {
            if (toShare.exported.names.isNotEmpty()) context.share(SharedFiles.ANY_TYPE, container.files.urisOf(toShare.exported.names))
            model.shared()
        }
    }
    BundlePage(
        state,
        onSave = { folder.launch(null) },
        onShare = {
            container.files.deleteAll()
            model.export(share = true) { container.files.fileFor(it).outputStream() }
        },
        onImport = { answers.launch(arrayOf("*/*")) },
        onBack = onBack,
    )
}

@Composable
fun BundlePage(state: BundleState, onSave: () -> Unit, onShare: () -> Unit, onImport: () -> Unit, onBack: () -> Unit) {
    Page(stringResource(R.string.bundle_title), onBack) {
        Text(stringResource(R.string.bundle_how), style = MaterialTheme.typography.bodyLarge)
        if (state.busy) LinearProgressIndicator(Modifier.fillMaxWidth())
        state.outcomes.forEach { OutcomeBanner(it) }
        SecondaryButton(stringResource(R.string.export_save), onSave, enabled = !state.busy)
        SecondaryButton(stringResource(R.string.export_share), onShare, enabled = !state.busy)
        SecondaryButton(stringResource(R.string.import_answer), onImport, enabled = !state.busy)
    }
}

@Composable
private fun OutcomeBanner(outcome: BundleOutcome) {
    when (outcome) {
        is BundleOutcome.Written -> ExportedBanner(outcome.exported)
        is BundleOutcome.ReadyToShare -> ExportedBanner(outcome.exported)
        is BundleOutcome.Read -> when (val imported = outcome.imported) {
            is Imported.Done -> Banner(Signal.Good, stringResource(R.string.imported))
            is Imported.Refused -> Banner(Signal.Bad, withDetail(stringResource(R.string.import_refused), imported.words))
        }
        BundleOutcome.NotWritten -> Banner(Signal.Bad, stringResource(R.string.export_not_written))
        BundleOutcome.NotRead -> Banner(Signal.Bad, stringResource(R.string.import_not_read))
        is BundleOutcome.Failed -> ErrorMessage(outcome.error)
    }
}

@Composable
private fun ExportedBanner(exported: Exported) {
    val records = exported.records.coerceAtMost(Int.MAX_VALUE.toLong()).toInt()
    val carries = pluralStringResource(R.plurals.exported, records, formats().count(exported.records))
    Banner(Signal.Good, "$carries\n${stringResource(R.string.exported_means)}")
}

/** More than the office puts into one file. */
private const val MOST_BYTES = 64_000_000
