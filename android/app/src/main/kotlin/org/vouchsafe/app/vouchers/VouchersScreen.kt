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
import org.vouchsafe.app.LocalAppContainer
import org.vouchsafe.app.R
import org.vouchsafe.app.sync.SyncBanner
import org.vouchsafe.app.sync.SyncState
import org.vouchsafe.app.ui.Banner
import org.vouchsafe.app.ui.ErrorMessage
import org.vouchsafe.app.ui.FilterChips
import org.vouchsafe.app.ui.Formats
import org.vouchsafe.app.ui.ListRow
import org.vouchsafe.app.ui.PrimaryButton
import org.vouchsafe.app.ui.SecondaryButton
import org.vouchsafe.app.ui.Signal
import org.vouchsafe.app.ui.TopBar
import org.vouchsafe.app.ui.decimalsOf
import org.vouchsafe.app.ui.formats
import org.vouchsafe.app.verdict.age
import org.vouchsafe.core.ListedVoucher
import org.vouchsafe.core.VoucherListing

/** The vouchers that the office listed for this provider, found by reference, name, category and state. */
@Composable
fun VouchersScreen(onVoucher: (reference: String) -> Unit) {
    val container = LocalAppContainer.current
    val model = viewModel { VouchersModel(container.phone) }
    val state by model.state.collectAsStateWithLifecycle()
    val syncState by container.syncManager.state.collectAsStateWithLifecycle()
    var typed by rememberSaveable { mutableStateOf("") }
    var category by rememberSaveable { mutableStateOf<String?>(null) }
    var filter by rememberSaveable { mutableStateOf(VoucherFilter.All) }
    LaunchedEffect(typed, category, filter) { model.search(typed, category, filter) }
    VouchersList(
        state,
        VoucherQuery(typed, category, filter),
        syncState,
        VouchersActions(
            onType = { typed = it },
            onCategory = { category = it },
            onFilter = { filter = it },
            onMore = model::more,
            onSync = container.syncManager::start,
            onVoucher = onVoucher,
        ),
    )
}

class VouchersActions(
    val onType: (String) -> Unit = {},
    val onCategory: (String?) -> Unit = {},
    val onFilter: (VoucherFilter) -> Unit = {},
    val onMore: () -> Unit = {},
    val onSync: () -> Unit = {},
    val onVoucher: (reference: String) -> Unit = {},
)

@Composable
fun VouchersList(state: VouchersState, query: VoucherQuery, syncState: SyncState, actions: VouchersActions) {
    val formats = formats()
    val listing = state.listing
    Scaffold(topBar = { TopBar(stringResource(R.string.vouchers)) }) { inner ->
        LazyColumn(Modifier.fillMaxSize().padding(inner), contentPadding = PaddingValues(bottom = 16.dp)) {
            state.error?.let { item { ErrorMessage(it, Modifier.padding(16.dp)) } }
            when {
                !state.loaded -> {}
                listing == null -> item { NoList(syncState, actions.onSync) }
                listing.total == 0u -> item { Listed(listing, R.string.no_vouchers, syncState, actions.onSync, formats) }
                else -> {
                    item { Listed(listing, null, syncState, actions.onSync, formats) }
                    item { Search(query, listing.categories, actions) }
                    item { Count(listing, formats) }
                    items(listing.found, key = { it.reference }) { voucher ->
                        VoucherRow(voucher, formats) { actions.onVoucher(voucher.reference) }
                    }
                    if (listing.matching > listing.found.size.toUInt()) {
                        item { SecondaryButton(stringResource(R.string.more_vouchers), actions.onMore, Modifier.padding(16.dp)) }
                    }
                }
            }
        }
    }
}

/** The phone never got the list. */
@Composable
private fun NoList(syncState: SyncState, onSync: () -> Unit) {
    Column(Modifier.padding(16.dp), Arrangement.spacedBy(16.dp)) {
        Text(stringResource(R.string.no_voucher_list), style = MaterialTheme.typography.bodyLarge)
        SyncBanner(syncState)
        PrimaryButton(stringResource(R.string.sync_now), onSync, enabled = syncState != SyncState.Running)
    }
}

/** Of when the list is, what there is to say of it, and the way to a newer one where it is old. */
@Composable
private fun Listed(listing: VoucherListing, said: Int?, syncState: SyncState, onSync: () -> Unit, formats: Formats) {
    Column(Modifier.fillMaxWidth().padding(16.dp, 4.dp), Arrangement.spacedBy(8.dp)) {
        Text(
            stringResource(R.string.listed_on, formats.moment(listing.listed)),
            style = MaterialTheme.typography.bodyMedium,
            color = MaterialTheme.colorScheme.onSurfaceVariant,
        )
        said?.let { Text(stringResource(it), style = MaterialTheme.typography.bodyLarge) }
        if (listing.age >= OLD) {
            Banner(Signal.Attention, stringResource(R.string.list_old, age(listing.age, formats)))
            SecondaryButton(stringResource(R.string.sync_now), onSync, enabled = syncState != SyncState.Running)
        }
    }
}

@Composable
private fun Search(query: VoucherQuery, categories: List<String>, actions: VouchersActions) {
    OutlinedTextField(
        query.typed,
        actions.onType,
        Modifier.fillMaxWidth().padding(16.dp, 4.dp),
        label = { Text(stringResource(R.string.search)) },
        placeholder = { Text(stringResource(R.string.search_vouchers)) },
        singleLine = true,
        // A code is no word of any language, and no word is to be put in its place.
        keyboardOptions = KeyboardOptions(autoCorrectEnabled = false, imeAction = ImeAction.Search),
    )
    FilterChips(VoucherFilter.entries.map { stringResource(it.label) to it }, query.filter, actions.onFilter)
    if (categories.size > 1) {
        val any = listOf<Pair<String, String?>>(stringResource(R.string.any_category) to null)
        FilterChips(any + categories.map { it to it }, query.category, actions.onCategory)
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
private fun VoucherRow(voucher: ListedVoucher, formats: Formats, onClick: () -> Unit) {
    val badge = badge(voucher.status)
    ListRow(
        badge.signal,
        stringResource(badge.label),
        onClick,
        title = formats.isolateLtr(voucher.reference),
        body = benefit(voucher, formats),
        note = listOfNotNull(voucher.holder?.let(formats::isolateLtr), voucher.assistance).joinToString(" · "),
    )
}

fun benefit(voucher: ListedVoucher, formats: Formats): String =
    formats.benefit(voucher.benefit, voucher.programme?.decimals?.toInt() ?: decimalsOf(voucher.benefit))

/** From so many seconds on, a list is old enough to say so. */
private const val OLD = 259_200uL
