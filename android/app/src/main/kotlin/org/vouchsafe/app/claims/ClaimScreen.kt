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
import org.vouchsafe.app.LocalParts
import org.vouchsafe.app.R
import org.vouchsafe.app.device.share
import org.vouchsafe.app.ui.Band
import org.vouchsafe.app.ui.Chip
import org.vouchsafe.app.ui.Fact
import org.vouchsafe.app.ui.MainButton
import org.vouchsafe.app.ui.Page
import org.vouchsafe.app.ui.SideButton
import org.vouchsafe.app.ui.Signal
import org.vouchsafe.app.ui.Trouble
import org.vouchsafe.app.ui.formats
import org.vouchsafe.app.verdict.receiptNumber
import org.vouchsafe.core.Claim

/** One claim: its receipt right after serving, and later what became of it. */
@Composable
fun ClaimScreen(id: String, justServed: Boolean, onDone: () -> Unit) {
    val parts = LocalParts.current
    val model = viewModel { ClaimModel(parts.phone, parts.documents, parts.background, id) }
    val state by model.state.collectAsStateWithLifecycle()
    val context = LocalContext.current
    val open = rememberLauncherForActivityResult(ActivityResultContracts.OpenDocument()) { file ->
        file?.let { model.attach(it.toString()) }
    }
    val photograph = rememberLauncherForActivityResult(ActivityResultContracts.TakePicture()) { taken ->
        val address = parts.files.lent(listOf(PHOTOGRAPH)).single().toString()
        // The picture is on the disk no longer than it takes to read it.
        if (taken) model.attach(address, onRead = parts.files::takeBack) else parts.files.takeBack()
    }
    ClaimPage(
        id,
        state,
        justServed,
        ClaimActions(
            onDone = onDone,
            onTakeBack = model::takeBack,
            onShareText = { context.share("text/plain", text = it.text()) },
            onSharePicture = {
                it.drawTo(parts.files.lend(RECEIPT))
                context.share("image/png", parts.files.lent(listOf(RECEIPT)))
            },
            onPhotograph = {
                parts.files.takeBack()
                parts.files.lend(PHOTOGRAPH).createNewFile()
                photograph.launch(parts.files.lent(listOf(PHOTOGRAPH)).single())
            },
            onOpenFile = { open.launch(arrayOf("image/*", "application/pdf")) },
        ),
    )
}

private const val RECEIPT = "receipt.png"
private const val PHOTOGRAPH = "document.jpg"

class ClaimActions(
    val onDone: () -> Unit = {},
    val onTakeBack: (reason: String) -> Unit = {},
    val onShareText: (Receipt) -> Unit = {},
    val onSharePicture: (Receipt) -> Unit = {},
    val onPhotograph: () -> Unit = {},
    val onOpenFile: () -> Unit = {},
)

@Composable
fun ClaimPage(id: String, state: ClaimState, justServed: Boolean, actions: ClaimActions) {
    val claim = state.claim
    var takingBack by rememberSaveable { mutableStateOf(false) }
    if (takingBack) {
        TakeBackPage(id, onBack = { takingBack = false }) { reason ->
            takingBack = false
            actions.onTakeBack(reason)
        }
        return
    }
    val formats = formats()
    Page(
        stringResource(if (justServed) R.string.receipt else R.string.claim),
        actions.onDone,
        actions = if (justServed) {
            { MainButton(stringResource(R.string.next_voucher), actions.onDone) }
        } else {
            null
        },
    ) {
        if (justServed) Band(Signal.Good, stringResource(R.string.recorded))
        Text(formats.inOrder(receiptNumber(id)), style = MaterialTheme.typography.displaySmall, fontWeight = FontWeight.Bold)
        state.trouble?.let { Trouble(it) }
        if (claim != null) {
            Text(given(claim, formats), style = MaterialTheme.typography.headlineSmall)
            val standing = standing(claim)
            Chip(standing.signal, stringResource(standing.word))
            Text(stringResource(standing.meaning), style = MaterialTheme.typography.bodyLarge)
            if (claim.byReference) Band(Signal.Attention, stringResource(R.string.by_code_claim))
            Life(claim, formats)
            claim.reference?.let { Fact(stringResource(R.string.fact_reference), formats.reference(it)) }
            val receipt = receiptOf(claim, formats)
            SideButton(stringResource(R.string.share_receipt), { actions.onShareText(receipt) })
            SideButton(stringResource(R.string.share_receipt_picture), { actions.onSharePicture(receipt) })
            if (claim.voidedAt == null) {
                AddDocuments(state, claim, actions)
                TextButton({ takingBack = true }, Modifier.fillMaxWidth().heightIn(min = 48.dp)) { Text(stringResource(R.string.take_back)) }
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
        Fact(stringResource(R.string.documents), sent)
    }
    if (state.busy) LinearProgressIndicator(Modifier.fillMaxWidth())
    if (state.noDocument) Band(Signal.Attention, stringResource(R.string.no_document))
    SideButton(stringResource(R.string.photograph_document), actions.onPhotograph, enabled = !state.busy)
    SideButton(stringResource(R.string.open_document), actions.onOpenFile, enabled = !state.busy)
}

@Composable
fun TakeBackPage(id: String, onBack: () -> Unit, onConfirm: (reason: String) -> Unit) {
    var reason by rememberSaveable { mutableStateOf("") }
    BackHandler(onBack = onBack)
    Page(
        stringResource(R.string.take_back),
        onBack,
        actions = {
            MainButton(stringResource(R.string.take_back), { onConfirm(reason.trim()) }, enabled = reason.isNotBlank())
            SideButton(stringResource(R.string.keep), onBack)
        },
    ) {
        Text(formats().inOrder(receiptNumber(id)), style = MaterialTheme.typography.displaySmall, fontWeight = FontWeight.Bold)
        Text(stringResource(R.string.take_back_means), style = MaterialTheme.typography.bodyLarge)
        OutlinedTextField(
            reason,
            { reason = it },
            Modifier.fillMaxWidth(),
            label = { Text(stringResource(R.string.take_back_reason)) },
        )
    }
}
