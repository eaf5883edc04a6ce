package org.vouchsafe.app.vouchers

import androidx.lifecycle.ViewModel
import androidx.lifecycle.viewModelScope
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow
import kotlinx.coroutines.flow.update
import kotlinx.coroutines.launch
import org.vouchsafe.app.device.Phone
import org.vouchsafe.core.EngineException
import org.vouchsafe.core.ListedVoucher

data class VoucherState(
    /** The voucher, while the office's list has it. */
    val voucher: ListedVoucher? = null,
    val loaded: Boolean = false,
    val error: EngineException? = null,
)

/** One listed voucher; read again whenever something changed. */
class VoucherModel(private val phone: Phone, private val reference: String) : ViewModel() {
    private val current = MutableStateFlow(VoucherState())

    val state: StateFlow<VoucherState> = current.asStateFlow()

    init {
        viewModelScope.launch { phone.changes.collect { read() } }
    }

    private suspend fun read() = try {
        current.value = VoucherState(phone.listedVoucher(reference), loaded = true)
    } catch (error: EngineException) {
        current.update { it.copy(error = error, loaded = true) }
    }
}
