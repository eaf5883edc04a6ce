package org.vouchsafe.app.claims

import androidx.compose.foundation.background
import androidx.compose.foundation.clickable
import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.PaddingValues
import androidx.compose.foundation.layout.Row
import androidx.compose.foundation.layout.fillMaxSize
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.heightIn
import androidx.compose.foundation.layout.padding
import androidx.compose.foundation.lazy.LazyColumn
import androidx.compose.foundation.lazy.items
import androidx.compose.foundation.shape.RoundedCornerShape
import androidx.compose.material3.ExperimentalMaterial3Api
import androidx.compose.material3.HorizontalDivider
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.Scaffold
import androidx.compose.material3.Text
import androidx.compose.material3.TopAppBar
import androidx.compose.runtime.Composable
import androidx.compose.runtime.getValue
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.semantics.heading
import androidx.compose.ui.semantics.semantics
import androidx.compose.ui.unit.dp
import androidx.lifecycle.compose.collectAsStateWithLifecycle
import androidx.lifecycle.viewmodel.compose.viewModel
import org.vouchsafe.app.LocalParts
import org.vouchsafe.app.R
import org.vouchsafe.app.ui.Formats
import org.vouchsafe.app.ui.SideButton
import org.vouchsafe.app.ui.Signal
import org.vouchsafe.app.ui.Trouble
import org.vouchsafe.app.ui.decimalsOf
import org.vouchsafe.app.ui.formats
import org.vouchsafe.app.verdict.receiptNumber
import org.vouchsafe.core.Claim

@Composable
fun ClaimsScreen(onClaim: (String) -> Unit) {
    val parts = LocalParts.current
    val model = viewModel { ClaimsModel(parts.phone) }
    val state by model.state.collectAsStateWithLifecycle()
    ClaimsList(state, onMore = model::more, onClaim = onClaim)
}

@OptIn(ExperimentalMaterial3Api::class)
@Composable
fun ClaimsList(state: ClaimsState, onMore: () -> Unit, onClaim: (String) -> Unit) {
    val formats = formats()
    Scaffold(
        topBar = { TopAppBar({ Text(stringResource(R.string.claims), Modifier.semantics { heading() }) }) },
    ) { inner ->
        LazyColumn(Modifier.fillMaxSize().padding(inner), contentPadding = PaddingValues(bottom = 16.dp)) {
            state.trouble?.let { item { Trouble(it, Modifier.padding(16.dp)) } }
            if (state.loaded && state.claims.isEmpty()) {
                item { Text(stringResource(R.string.no_claims), Modifier.padding(16.dp), style = MaterialTheme.typography.bodyLarge) }
            }
            items(state.claims, key = { it.id }) { claim ->
                Line(claim, formats) { onClaim(claim.id) }
                HorizontalDivider()
            }
            if (state.more) item { SideButton(stringResource(R.string.older_claims), onMore, Modifier.padding(16.dp)) }
        }
    }
}

@Composable
private fun Line(claim: Claim, formats: Formats, onClick: () -> Unit) {
    Row(
        Modifier.fillMaxWidth().clickable(onClick = onClick).heightIn(min = 72.dp).padding(16.dp, 12.dp),
        Arrangement.spacedBy(12.dp),
        Alignment.CenterVertically,
    ) {
        Column(Modifier.weight(1f)) {
            Text(given(claim, formats), style = MaterialTheme.typography.titleLarge)
            Text(
                "${formats.moment(claim.redeemedAt)} · ${receiptNumber(claim.id)}",
                style = MaterialTheme.typography.bodyMedium,
                color = MaterialTheme.colorScheme.onSurfaceVariant,
            )
        }
        val standing = standing(claim)
        Chip(standing.signal, stringResource(standing.word))
    }
}

@Composable
fun given(claim: Claim, formats: Formats): String =
    claim.given?.let { formats.benefit(it, decimalsOf(it)) } ?: stringResource(R.string.claim_unreadable)

@Composable
fun Chip(signal: Signal, text: String) {
    Text(
        text,
        Modifier.background(signal.ground, RoundedCornerShape(8.dp)).padding(10.dp, 6.dp),
        color = signal.text,
        style = MaterialTheme.typography.labelLarge,
    )
}
