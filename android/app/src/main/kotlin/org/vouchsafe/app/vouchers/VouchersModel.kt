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

/** Which vouchers to list, at most [limit] of them. */
data class Wanted(val typed: String = "", val category: String? = null, val kind: Kind = Kind.All, val limit: Int = PAGE) {
    fun search() = VoucherSearch(typed, category, kind.standings, limit.toUInt())

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
    private val wanted = MutableStateFlow(Wanted())
    private val current = MutableStateFlow(VouchersState())

    val state: StateFlow<VouchersState> = current.asStateFlow()

    init {
        viewModelScope.launch {
            combine(phone.changes, wanted) { _, wanted -> wanted }.collectLatest(::find)
        }
    }

    fun look(typed: String, category: String?, kind: Kind) = wanted.update {
        if (typed == it.typed && category == it.category && kind == it.kind) it else Wanted(typed, category, kind)
    }

    fun more() = wanted.update { it.copy(limit = it.limit + Wanted.PAGE) }

    private suspend fun find(wanted: Wanted) = try {
        current.value = VouchersState(phone.vouchers(wanted.search()), loaded = true)
    } catch (error: EngineException) {
        current.update { it.copy(error = error, loaded = true) }
    }
}
