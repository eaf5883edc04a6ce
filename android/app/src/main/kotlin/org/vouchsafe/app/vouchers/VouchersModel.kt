package org.vouchsafe.app.vouchers

import androidx.lifecycle.ViewModel
import androidx.lifecycle.viewModelScope
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow
import kotlinx.coroutines.flow.collectLatest
import kotlinx.coroutines.flow.combine
import kotlinx.coroutines.flow.update
import kotlinx.coroutines.launch
import org.vouchsafe.app.device.Phone
import org.vouchsafe.core.EngineException
import org.vouchsafe.core.VoucherListing
import org.vouchsafe.core.VoucherSearch

data class VoucherQuery(
    val typed: String = "",
    val category: String? = null,
    val filter: VoucherFilter = VoucherFilter.All,
    val limit: Int = PAGE,
) {
    fun toSearch() = VoucherSearch(typed, category, filter.statuses, limit.toUInt())

    companion object {
        const val PAGE = 50
    }
}

data class VouchersState(
    /** What was found; nothing while the office's list has not come. */
    val listing: VoucherListing? = null,
    val loaded: Boolean = false,
    val error: EngineException? = null,
)

/** The vouchers that the office listed for this provider; looked for again whenever something changed. */
class VouchersModel(private val phone: Phone) : ViewModel() {
    private val query = MutableStateFlow(VoucherQuery())
    private val current = MutableStateFlow(VouchersState())

    val state: StateFlow<VouchersState> = current.asStateFlow()

    init {
        viewModelScope.launch {
            combine(phone.changes, query) { _, query -> query }.collectLatest(::find)
        }
    }

    fun search(typed: String, category: String?, filter: VoucherFilter) = query.update {
        if (typed == it.typed && category == it.category && filter == it.filter) it else VoucherQuery(typed, category, filter)
    }

    fun more() = query.update { it.copy(limit = it.limit + VoucherQuery.PAGE) }

    private suspend fun find(query: VoucherQuery) = try {
        current.value = VouchersState(phone.vouchers(query.toSearch()), loaded = true)
    } catch (error: EngineException) {
        current.update { it.copy(error = error, loaded = true) }
    }
}
