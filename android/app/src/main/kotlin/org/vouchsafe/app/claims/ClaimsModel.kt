package org.vouchsafe.app.claims

import androidx.lifecycle.ViewModel
import androidx.lifecycle.viewModelScope
import java.time.Instant
import java.time.LocalDate
import java.time.ZoneId
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow
import kotlinx.coroutines.flow.collectLatest
import kotlinx.coroutines.flow.combine
import kotlinx.coroutines.flow.update
import kotlinx.coroutines.launch
import org.vouchsafe.app.device.Phone
import org.vouchsafe.app.serve.parseFixedPoint
import org.vouchsafe.app.ui.decimalsOf
import org.vouchsafe.core.Benefit
import org.vouchsafe.core.Claim
import org.vouchsafe.core.EngineException

data class ClaimQuery(val typed: String = "", val filter: ClaimFilter = ClaimFilter.All, val limit: Int = PAGE) {
    companion object {
        const val PAGE = 50
    }
}

/** What was served in some time, without what was voided. */
data class Total(val claims: Int, val money: Map<String, ULong>)

data class ClaimsState(
    val claims: List<Claim> = emptyList(),
    /** There are older ones. */
    val more: Boolean = false,
    val loaded: Boolean = false,
    val today: Total? = null,
    val month: Total? = null,
    val error: EngineException? = null,
)

/** This phone's claims, newest first; read again whenever something changed. */
class ClaimsModel(private val phone: Phone, private val zone: ZoneId = ZoneId.systemDefault()) : ViewModel() {
    private val query = MutableStateFlow(ClaimQuery())
    private val current = MutableStateFlow(ClaimsState())

    val state: StateFlow<ClaimsState> = current.asStateFlow()

    init {
        viewModelScope.launch {
            combine(phone.changes, query) { _, query -> query }.collectLatest { query ->
                attempt { list(query) }
            }
        }
        viewModelScope.launch { phone.changes.collectLatest { attempt { total() } } }
    }

    fun search(typed: String, filter: ClaimFilter) = query.update {
        if (typed == it.typed && filter == it.filter) it else ClaimQuery(typed, filter)
    }

    fun more() = query.update { it.copy(limit = it.limit + ClaimQuery.PAGE) }

    private suspend fun list(query: ClaimQuery) {
        val found = ArrayList<Claim>()
        newestFirst { claim ->
            if (claim.matches(query)) found += claim
            found.size <= query.limit
        }
        val more = found.size > query.limit
        current.update { it.copy(claims = found.take(query.limit), more = more, loaded = true, error = null) }
    }

    private suspend fun total() {
        val today = LocalDate.now(zone)
        val ofMonth = ArrayList<Claim>()
        newestFirst { claim ->
            val inMonth = !dayOf(claim).isBefore(today.withDayOfMonth(1))
            if (inMonth) ofMonth += claim
            inMonth
        }
        val ofDay = ofMonth.filter { dayOf(it) == today }
        current.update { it.copy(today = totalOf(ofDay), month = totalOf(ofMonth)) }
    }

    /** Shows [visit] the claims one by one, until it has enough. */
    private suspend fun newestFirst(visit: (Claim) -> Boolean) {
        var last: String? = null
        while (true) {
            val page = phone.claims(last, READ_AT_ONCE)
            for (claim in page) if (!visit(claim)) return
            if (page.size < READ_AT_ONCE) return
            last = page.last().id
        }
    }

    private fun dayOf(claim: Claim): LocalDate = Instant.ofEpochSecond(claim.redeemedAt.toLong()).atZone(zone).toLocalDate()

    private suspend fun attempt(call: suspend () -> Unit) = try {
        call()
    } catch (error: EngineException) {
        current.update { it.copy(error = error, loaded = true) }
    }

    private companion object {
        const val READ_AT_ONCE = 100
    }
}

/** Whether a claim passes the filter, and has what was typed in its receipt number, its reference or its amount. */
fun Claim.matches(query: ClaimQuery): Boolean {
    if (query.filter != ClaimFilter.All && filterOf(this) != query.filter) return false
    val typed = query.typed.filter { it.isLetterOrDigit() }.lowercase()
    if (typed.isEmpty()) return true
    val money = given as? Benefit.Money
    return typed in id.lowercase() || typed in reference.orEmpty().lowercase() ||
        (money != null && parseFixedPoint(query.typed, decimalsOf(money)) == money.minorUnits)
}

fun totalOf(claims: List<Claim>): Total {
    val live = claims.filter { it.voidedAt == null }
    val money = live.mapNotNull { it.given as? Benefit.Money }
    return Total(live.size, money.groupBy { it.currency }.mapValues { (_, given) -> given.sumOf { it.minorUnits } })
}
