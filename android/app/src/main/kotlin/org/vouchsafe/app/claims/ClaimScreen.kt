package org.vouchsafe.app.claims

import android.content.Intent
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.heightIn
import androidx.compose.material3.AlertDialog
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
import org.vouchsafe.app.ui.Band
import org.vouchsafe.app.ui.Fact
import org.vouchsafe.app.ui.MainButton
import org.vouchsafe.app.ui.Page
import org.vouchsafe.app.ui.SideButton
import org.vouchsafe.app.ui.Signal
import org.vouchsafe.app.ui.Trouble
import org.vouchsafe.app.ui.formats
import org.vouchsafe.app.verdict.receiptNumber

/** One claim: its receipt right after serving, and later what became of it. */
@Composable
fun ClaimScreen(id: String, justServed: Boolean, onDone: () -> Unit) {
    val parts = LocalParts.current
    val model = viewModel { ClaimsModel(parts.phone) }
    val state by model.state.collectAsStateWithLifecycle()
    val claim = state.claims.find { it.id == id }
    var takingBack by rememberSaveable { mutableStateOf(false) }
    val formats = formats()
    val number = receiptNumber(id)
    val given = claim?.let { given(it, formats) }.orEmpty()
    val receipt = claim?.let { stringResource(R.string.receipt_text, number, given, formats.moment(it.redeemedAt), it.reference.orEmpty()) }
    Page(
        stringResource(if (justServed) R.string.receipt else R.string.claim),
        onDone,
        actions = {
            if (justServed) MainButton(stringResource(R.string.next_voucher), onDone)
            if (receipt != null) Share(receipt)
            if (claim != null && claim.voidedAt == null) {
                TextButton({ takingBack = true }, Modifier.fillMaxWidth().heightIn(min = 48.dp)) { Text(stringResource(R.string.take_back)) }
            }
        },
    ) {
        if (justServed) Band(Signal.Good, stringResource(R.string.recorded))
        Text(number, style = MaterialTheme.typography.displaySmall, fontWeight = FontWeight.Bold)
        if (claim != null) {
            Text(given, style = MaterialTheme.typography.headlineSmall)
            val standing = standing(claim)
            Chip(standing.signal, stringResource(standing.word))
            Text(stringResource(standing.meaning), style = MaterialTheme.typography.bodyLarge)
            Fact(stringResource(R.string.fact_served), formats.moment(claim.redeemedAt))
            claim.voidedAt?.let { Fact(stringResource(R.string.fact_voided), formats.moment(it)) }
            claim.reference?.let { Fact(stringResource(R.string.fact_reference), it) }
        }
        state.trouble?.let { Trouble(it) }
    }
    if (takingBack) {
        TakeBack(onCancel = { takingBack = false }) { reason ->
            takingBack = false
            model.takeBack(id, reason)
        }
    }
}

@Composable
private fun Share(receipt: String) {
    val context = LocalContext.current
    SideButton(stringResource(R.string.share_receipt), {
        val text = Intent(Intent.ACTION_SEND).setType("text/plain").putExtra(Intent.EXTRA_TEXT, receipt)
        context.startActivity(Intent.createChooser(text, null))
    })
}

@Composable
private fun TakeBack(onCancel: () -> Unit, onConfirm: (String) -> Unit) {
    var reason by rememberSaveable { mutableStateOf("") }
    AlertDialog(
        onCancel,
        title = { Text(stringResource(R.string.take_back)) },
        text = {
            OutlinedTextField(
                reason,
                { reason = it },
                Modifier.fillMaxWidth(),
                label = { Text(stringResource(R.string.take_back_reason)) },
            )
        },
        confirmButton = {
            TextButton({ onConfirm(reason.trim()) }, enabled = reason.isNotBlank()) { Text(stringResource(R.string.take_back)) }
        },
        dismissButton = { TextButton(onCancel) { Text(stringResource(R.string.keep)) } },
    )
}
