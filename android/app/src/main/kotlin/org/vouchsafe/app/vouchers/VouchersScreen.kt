package org.vouchsafe.app.vouchers

import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.PaddingValues
import androidx.compose.foundation.layout.fillMaxSize
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.padding
import androidx.compose.foundation.lazy.LazyColumn
import androidx.compose.foundation.lazy.items
import androidx.compose.foundation.text.KeyboardOptions
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
import androidx.compose.ui.text.input.ImeAction
import androidx.compose.ui.unit.dp
import androidx.lifecycle.compose.collectAsStateWithLifecycle
import androidx.lifecycle.viewmodel.compose.viewModel
import org.vouchsafe.app.LocalParts
import org.vouchsafe.app.R
import org.vouchsafe.app.sync.SyncBand
import org.vouchsafe.app.sync.SyncState
import org.vouchsafe.app.ui.Band
import org.vouchsafe.app.ui.Chips
import org.vouchsafe.app.ui.Entry
import org.vouchsafe.app.ui.Formats
import org.vouchsafe.app.ui.MainButton
import org.vouchsafe.app.ui.SideButton
import org.vouchsafe.app.ui.Signal
import org.vouchsafe.app.ui.Title
import org.vouchsafe.app.ui.Trouble
import org.vouchsafe.app.ui.decimalsOf
import org.vouchsafe.app.ui.formats
import org.vouchsafe.app.verdict.age
import org.vouchsafe.core.ListedVoucher
import org.vouchsafe.core.VoucherListing

/** The vouchers that the office listed for this provider, found by code, name, kind and how they stand. */
@Composable
fun VouchersScreen(onVoucher: (reference: String) -> Unit) {
    val parts = LocalParts.current
    val model = viewModel { VouchersModel(parts.phone) }
    val state by model.state.collectAsStateWithLifecycle()
    val syncing by parts.syncing.state.collectAsStateWithLifecycle()
    var typed by rememberSaveable { mutableStateOf("") }
    var category by rememberSaveable { mutableStateOf<String?>(null) }
    var kind by rememberSaveable { mutableStateOf(Kind.All) }
    LaunchedEffect(typed, category, kind) { model.look(typed, category, kind) }
    VouchersList(
        state,
        Wanted(typed, category, kind),
        syncing,
        VouchersActions(
            onType = { typed = it },
            onCategory = { category = it },
            onKind = { kind = it },
            onMore = model::more,
            onSync = parts.syncing::begin,
            onVoucher = onVoucher,
        ),
    )
}

class VouchersActions(
    val onType: (String) -> Unit = {},
    val onCategory: (String?) -> Unit = {},
    val onKind: (Kind) -> Unit = {},
    val onMore: () -> Unit = {},
    val onSync: () -> Unit = {},
    val onVoucher: (reference: String) -> Unit = {},
)

@Composable
fun VouchersList(state: VouchersState, wanted: Wanted, syncing: SyncState, actions: VouchersActions) {
    val formats = formats()
    val listing = state.listing
    Scaffold(topBar = { Title(stringResource(R.string.vouchers)) }) { inner ->
        LazyColumn(Modifier.fillMaxSize().padding(inner), contentPadding = PaddingValues(bottom = 16.dp)) {
            state.trouble?.let { item { Trouble(it, Modifier.padding(16.dp)) } }
            when {
                !state.loaded -> {}
                listing == null -> item { NoList(syncing, actions.onSync) }
                listing.total == 0u -> item { Listed(listing, R.string.no_vouchers, syncing, actions.onSync, formats) }
                else -> {
                    item { Listed(listing, null, syncing, actions.onSync, formats) }
                    item { Search(wanted, listing.categories, actions) }
                    item { Count(listing, formats) }
                    items(listing.found, key = { it.reference }) { voucher ->
                        Line(voucher, formats) { actions.onVoucher(voucher.reference) }
                    }
                    if (listing.matching > listing.found.size.toUInt()) {
                        item { SideButton(stringResource(R.string.more_vouchers), actions.onMore, Modifier.padding(16.dp)) }
                    }
                }
            }
        }
    }
}

/** The phone never got the list. */
@Composable
private fun NoList(syncing: SyncState, onSync: () -> Unit) {
    Column(Modifier.padding(16.dp), Arrangement.spacedBy(16.dp)) {
        Text(stringResource(R.string.no_voucher_list), style = MaterialTheme.typography.bodyLarge)
        SyncBand(syncing)
        MainButton(stringResource(R.string.sync_now), onSync, enabled = syncing != SyncState.Running)
    }
}

/** Of when the list is, what there is to say of it, and the way to a newer one where it is old. */
@Composable
private fun Listed(listing: VoucherListing, said: Int?, syncing: SyncState, onSync: () -> Unit, formats: Formats) {
    Column(Modifier.fillMaxWidth().padding(16.dp, 4.dp), Arrangement.spacedBy(8.dp)) {
        Text(
            stringResource(R.string.listed_on, formats.moment(listing.listed)),
            style = MaterialTheme.typography.bodyMedium,
            color = MaterialTheme.colorScheme.onSurfaceVariant,
        )
        said?.let { Text(stringResource(it), style = MaterialTheme.typography.bodyLarge) }
        if (listing.age >= OLD) {
            Band(Signal.Attention, stringResource(R.string.list_old, age(listing.age, formats)))
            SideButton(stringResource(R.string.sync_now), onSync, enabled = syncing != SyncState.Running)
        }
    }
}

@Composable
private fun Search(wanted: Wanted, categories: List<String>, actions: VouchersActions) {
    OutlinedTextField(
        wanted.typed,
        actions.onType,
        Modifier.fillMaxWidth().padding(16.dp, 4.dp),
        label = { Text(stringResource(R.string.search)) },
        placeholder = { Text(stringResource(R.string.search_vouchers)) },
        singleLine = true,
        // A code is no word of any language, and no word is to be put in its place.
        keyboardOptions = KeyboardOptions(autoCorrectEnabled = false, imeAction = ImeAction.Search),
    )
    Chips(Kind.entries.map { stringResource(it.word) to it }, wanted.kind, actions.onKind)
    if (categories.size > 1) {
        val any = listOf<Pair<String, String?>>(stringResource(R.string.any_category) to null)
        Chips(any + categories.map { it to it }, wanted.category, actions.onCategory)
    }
}

/** How many were found; and where none was, why that may be. */
@Composable
private fun Count(listing: VoucherListing, formats: Formats) {
    Column(Modifier.padding(16.dp, 8.dp), Arrangement.spacedBy(8.dp)) {
        if (listing.matching == 0u) {
            Text(stringResource(R.string.no_such_vouchers), style = MaterialTheme.typography.bodyLarge)
            Text(stringResource(R.string.not_listed_means), style = MaterialTheme.typography.bodyLarge)
        } else {
            val number = listing.matching.toLong()
            val quantity = number.coerceAtMost(Int.MAX_VALUE.toLong()).toInt()
            Text(
                pluralStringResource(R.plurals.vouchers_found, quantity, formats.count(number)),
                style = MaterialTheme.typography.titleMedium,
            )
        }
    }
}

@Composable
private fun Line(voucher: ListedVoucher, formats: Formats, onClick: () -> Unit) {
    val standing = standing(voucher.status)
    Entry(
        standing.signal,
        stringResource(standing.word),
        onClick,
        title = formats.inOrder(voucher.reference),
        body = benefit(voucher, formats),
        note = listOfNotNull(voucher.holder?.let(formats::inOrder), voucher.assistance).joinToString(" · "),
    )
}

fun benefit(voucher: ListedVoucher, formats: Formats): String =
    formats.benefit(voucher.benefit, voucher.programme?.decimals?.toInt() ?: decimalsOf(voucher.benefit))

/** From so many seconds on, a list is old enough to say so. */
private const val OLD = 259_200uL
