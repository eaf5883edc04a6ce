package org.vouchsafe.app.claims

import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.PaddingValues
import androidx.compose.foundation.layout.fillMaxSize
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.padding
import androidx.compose.foundation.lazy.LazyColumn
import androidx.compose.foundation.lazy.items
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.OutlinedTextField
import androidx.compose.material3.Scaffold
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.runtime.LaunchedEffect
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.saveable.rememberSaveable
import androidx.compose.runtime.setValue
import androidx.compose.ui.Modifier
import androidx.compose.ui.res.pluralStringResource
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.unit.dp
import androidx.lifecycle.compose.collectAsStateWithLifecycle
import androidx.lifecycle.viewmodel.compose.viewModel
import org.vouchsafe.app.LocalAppContainer
import org.vouchsafe.app.R
import org.vouchsafe.app.ui.ErrorMessage
import org.vouchsafe.app.ui.FilterChips
import org.vouchsafe.app.ui.Formats
import org.vouchsafe.app.ui.ListRow
import org.vouchsafe.app.ui.SecondaryButton
import org.vouchsafe.app.ui.SpacedRow
import org.vouchsafe.app.ui.TopBar
import org.vouchsafe.app.ui.decimalsOf
import org.vouchsafe.app.ui.formats
import org.vouchsafe.app.verdict.receiptNumber
import org.vouchsafe.core.Benefit
import org.vouchsafe.core.Claim

@Composable
fun ClaimsScreen(onClaim: (String) -> Unit) {
    val container = LocalAppContainer.current
    val model = viewModel { ClaimsModel(container.phone) }
    val state by model.state.collectAsStateWithLifecycle()
    var typed by rememberSaveable { mutableStateOf("") }
    var filter by rememberSaveable { mutableStateOf(ClaimFilter.All) }
    LaunchedEffect(typed, filter) { model.search(typed, filter) }
    ClaimsList(state, typed, filter, { typed = it }, { filter = it }, onMore = model::more, onClaim = onClaim)
}

@Composable
fun ClaimsList(
    state: ClaimsState,
    typed: String,
    filter: ClaimFilter,
    onType: (String) -> Unit,
    onFilter: (ClaimFilter) -> Unit,
    onMore: () -> Unit,
    onClaim: (String) -> Unit,
) {
    val formats = formats()
    val searching = typed.isNotBlank() || filter != ClaimFilter.All
    Scaffold(topBar = { TopBar(stringResource(R.string.claims)) }) { inner ->
        LazyColumn(Modifier.fillMaxSize().padding(inner), contentPadding = PaddingValues(bottom = 16.dp)) {
            state.error?.let { item { ErrorMessage(it, Modifier.padding(16.dp)) } }
            if (state.loaded && state.claims.isEmpty() && !searching) {
                item { Text(stringResource(R.string.no_claims), Modifier.padding(16.dp), style = MaterialTheme.typography.bodyLarge) }
            } else {
                item { Totals(state, formats) }
                item { Search(typed, filter, onType, onFilter) }
            }
            if (state.loaded && state.claims.isEmpty() && searching) {
                item { Text(stringResource(R.string.no_such_claims), Modifier.padding(16.dp), style = MaterialTheme.typography.bodyLarge) }
            }
            items(state.claims, key = { it.id }) { claim ->
                ClaimRow(claim, formats) { onClaim(claim.id) }
            }
            if (state.more) item { SecondaryButton(stringResource(R.string.older_claims), onMore, Modifier.padding(16.dp)) }
        }
    }
}

@Composable
private fun Totals(state: ClaimsState, formats: Formats) {
    Column(Modifier.padding(16.dp, 4.dp), Arrangement.spacedBy(4.dp)) {
        state.today?.let { SpacedRow(stringResource(R.string.total_today), summary(it, formats)) }
        state.month?.let { SpacedRow(stringResource(R.string.total_month), summary(it, formats)) }
    }
}

@Composable
private fun summary(total: Total, formats: Formats): String {
    val claims = pluralStringResource(R.plurals.claims_served, total.claims, formats.count(total.claims.toLong()))
    val money = total.money.map { (currency, units) -> formats.money(units, currency, decimalsOf(Benefit.Money(units, currency))) }
    return (listOf(claims) + money).joinToString(" · ")
}

@Composable
private fun Search(typed: String, filter: ClaimFilter, onType: (String) -> Unit, onFilter: (ClaimFilter) -> Unit) {
    OutlinedTextField(
        typed,
        onType,
        Modifier.fillMaxWidth().padding(16.dp, 4.dp),
        label = { Text(stringResource(R.string.search)) },
        placeholder = { Text(stringResource(R.string.search_claims)) },
        singleLine = true,
    )
    FilterChips(ClaimFilter.entries.map { stringResource(it.label) to it }, filter, onFilter)
}

@Composable
private fun ClaimRow(claim: Claim, formats: Formats, onClick: () -> Unit) {
    val badge = badge(claim)
    ListRow(
        badge.signal,
        stringResource(badge.label),
        onClick,
        title = given(claim, formats),
        body = null,
        note = "${formats.moment(claim.redeemedAt)} · ${formats.isolateLtr(receiptNumber(claim.id))}",
    )
}

@Composable
fun given(claim: Claim, formats: Formats): String =
    claim.given?.let { formats.benefit(it, decimalsOf(it)) } ?: stringResource(R.string.claim_unreadable)
