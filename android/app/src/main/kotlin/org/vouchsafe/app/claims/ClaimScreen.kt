package org.vouchsafe.app.claims

import androidx.activity.compose.BackHandler
import androidx.activity.compose.rememberLauncherForActivityResult
import androidx.activity.result.contract.ActivityResultContracts
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.heightIn
import androidx.compose.material3.LinearProgressIndicator
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.OutlinedTextField
import androidx.compose.material3.Text
import androidx.compose.material3.TextButton
import androidx.compose.runtime.Composable
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.saveable.rememberSaveable
import androidx.compose.runtime.setValue
import androidx.compose.ui.Modifier
import androidx.compose.ui.platform.LocalContext
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.text.font.FontWeight
import androidx.compose.ui.unit.dp
import androidx.lifecycle.compose.collectAsStateWithLifecycle
import androidx.lifecycle.viewmodel.compose.viewModel
import org.vouchsafe.app.LocalAppContainer
import org.vouchsafe.app.R
import org.vouchsafe.app.device.share
import org.vouchsafe.app.ui.Badge
import org.vouchsafe.app.ui.Banner
import org.vouchsafe.app.ui.ErrorMessage
import org.vouchsafe.app.ui.LabelledValue
import org.vouchsafe.app.ui.Page
import org.vouchsafe.app.ui.PrimaryButton
import org.vouchsafe.app.ui.SecondaryButton
import org.vouchsafe.app.ui.Signal
import org.vouchsafe.app.ui.formats
import org.vouchsafe.app.verdict.receiptNumber
import org.vouchsafe.core.Claim

/** One claim: its receipt right after serving, and later what became of it. */
@Composable
fun ClaimScreen(id: String, justServed: Boolean, onDone: () -> Unit) {
    val container = LocalAppContainer.current
    val model = viewModel { ClaimModel(container.phone, container.documentReader, container.syncScheduler, id) }
    val state by model.state.collectAsStateWithLifecycle()
    val context = LocalContext.current
    val open = rememberLauncherForActivityResult(ActivityResultContracts.OpenDocument()) { file ->
        file?.let { model.attach(it.toString()) }
    }
    val photograph = rememberLauncherForActivityResult(ActivityResultContracts.TakePicture()) { taken ->
        val address = container.files.urisOf(listOf(PHOTOGRAPH)).single().toString()
        // The picture is on the disk no longer than it takes to read it.
        if (taken) model.attach(address, onRead = container.files::deleteAll) else container.files.deleteAll()
    }
    ClaimPage(
        id,
        state,
        justServed,
        ClaimActions(
            onDone = onDone,
            onVoid = model::voidClaim,
            onShareText = { context.share("text/plain", text = it.text()) },
            onSharePicture = {
                it.drawTo(container.files.fileFor(RECEIPT))
                context.share("image/png", container.files.urisOf(listOf(RECEIPT)))
            },
            onPhotograph = {
                container.files.deleteAll()
                container.files.fileFor(PHOTOGRAPH).createNewFile()
                photograph.launch(container.files.urisOf(listOf(PHOTOGRAPH)).single())
            },
            onOpenFile = { open.launch(arrayOf("image/*", "application/pdf")) },
        ),
    )
}

private const val RECEIPT = "receipt.png"
private const val PHOTOGRAPH = "document.jpg"

class ClaimActions(
    val onDone: () -> Unit = {},
    val onVoid: (reason: String) -> Unit = {},
    val onShareText: (Receipt) -> Unit = {},
    val onSharePicture: (Receipt) -> Unit = {},
    val onPhotograph: () -> Unit = {},
    val onOpenFile: () -> Unit = {},
)

@Composable
fun ClaimPage(id: String, state: ClaimState, justServed: Boolean, actions: ClaimActions) {
    val claim = state.claim
    var voiding by rememberSaveable { mutableStateOf(false) }
    if (voiding) {
        VoidClaimPage(id, onBack = { voiding = false }) { reason ->
            voiding = false
            actions.onVoid(reason)
        }
        return
    }
    val formats = formats()
    Page(
        stringResource(if (justServed) R.string.receipt else R.string.claim),
        actions.onDone,
        actions = if (justServed) {
            { PrimaryButton(stringResource(R.string.next_voucher), actions.onDone) }
        } else {
            null
        },
    ) {
        if (justServed) Banner(Signal.Good, stringResource(R.string.recorded))
        Text(formats.isolateLtr(receiptNumber(id)), style = MaterialTheme.typography.displaySmall, fontWeight = FontWeight.Bold)
        state.error?.let { ErrorMessage(it) }
        if (claim != null) {
            Text(given(claim, formats), style = MaterialTheme.typography.headlineSmall)
            val badge = badge(claim)
            Badge(badge.signal, stringResource(badge.label))
            Text(stringResource(badge.meaning), style = MaterialTheme.typography.bodyLarge)
            if (claim.byReference) Banner(Signal.Attention, stringResource(R.string.by_reference_claim))
            ClaimTimeline(claim, formats)
            claim.reference?.let { LabelledValue(stringResource(R.string.label_reference), formats.reference(it)) }
            val receipt = receiptOf(claim, formats)
            SecondaryButton(stringResource(R.string.share_receipt), { actions.onShareText(receipt) })
            SecondaryButton(stringResource(R.string.share_receipt_picture), { actions.onSharePicture(receipt) })
            if (claim.voidedAt == null) {
                AddDocuments(state, claim, actions)
                TextButton({ voiding = true }, Modifier.fillMaxWidth().heightIn(min = 48.dp)) { Text(stringResource(R.string.void_claim)) }
            }
        }
    }
}

/** Each document is on the disk as soon as it is added: what Android ends after that takes none away. */
@Composable
private fun AddDocuments(state: ClaimState, claim: Claim, actions: ClaimActions) {
    if (claim.documents > 0u) {
        val formats = formats()
        val sent = stringResource(
            R.string.documents_sent, formats.count(claim.documentsSent.toLong()), formats.count(claim.documents.toLong()),
        )
        LabelledValue(stringResource(R.string.documents), sent)
    }
    if (state.busy) LinearProgressIndicator(Modifier.fillMaxWidth())
    if (state.noDocument) Banner(Signal.Attention, stringResource(R.string.no_document))
    SecondaryButton(stringResource(R.string.photograph_document), actions.onPhotograph, enabled = !state.busy)
    SecondaryButton(stringResource(R.string.open_document), actions.onOpenFile, enabled = !state.busy)
}

@Composable
fun VoidClaimPage(id: String, onBack: () -> Unit, onConfirm: (reason: String) -> Unit) {
    var reason by rememberSaveable { mutableStateOf("") }
    BackHandler(onBack = onBack)
    Page(
        stringResource(R.string.void_claim),
        onBack,
        actions = {
            PrimaryButton(stringResource(R.string.void_claim), { onConfirm(reason.trim()) }, enabled = reason.isNotBlank())
            SecondaryButton(stringResource(R.string.keep), onBack)
        },
    ) {
        Text(formats().isolateLtr(receiptNumber(id)), style = MaterialTheme.typography.displaySmall, fontWeight = FontWeight.Bold)
        Text(stringResource(R.string.void_claim_means), style = MaterialTheme.typography.bodyLarge)
        OutlinedTextField(
            reason,
            { reason = it },
            Modifier.fillMaxWidth(),
            label = { Text(stringResource(R.string.void_claim_reason)) },
        )
    }
}
