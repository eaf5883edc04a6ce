package org.vouchsafe.app.ui

import org.vouchsafe.core.HowRead

/** Where one can be in the app, with all that it takes to be there again after Android has ended the process. */
sealed interface Screen {
    /** Those that the bar at the bottom leads to. */
    sealed interface Tab : Screen

    data object Scan : Tab

    data object Vouchers : Tab

    data object Claims : Tab

    data object Health : Tab

    data class Verdict(val voucher: String, val howRead: HowRead) : Screen

    data class Serve(val voucher: String, val howRead: HowRead) : Screen

    data class Override(val voucher: String, val howRead: HowRead) : Screen

    /** What was just served. */
    data class Receipt(val claim: String) : Screen

    data class Claim(val claim: String) : Screen

    /** A voucher as the office lists it. */
    data class Voucher(val reference: String) : Screen

    data class ServeByReference(val reference: String) : Screen

    /** Records out and answers in, as files. */
    data object Bundle : Screen

    fun save(): ArrayList<String> = when (this) {
        Scan -> arrayListOf("scan")
        Vouchers -> arrayListOf("vouchers")
        Claims -> arrayListOf("claims")
        Health -> arrayListOf("health")
        is Verdict -> arrayListOf("verdict", voucher, howRead.name)
        is Serve -> arrayListOf("serve", voucher, howRead.name)
        is Override -> arrayListOf("override", voucher, howRead.name)
        is Receipt -> arrayListOf("receipt", claim)
        is Claim -> arrayListOf("claim", claim)
        is Voucher -> arrayListOf("voucher", reference)
        is ServeByReference -> arrayListOf("serve by reference", reference)
        Bundle -> arrayListOf("bundle")
    }

    companion object {
        fun restore(saved: List<String>): Screen = when (val name = saved[0]) {
            "scan" -> Scan
            "vouchers" -> Vouchers
            "claims" -> Claims
            "health" -> Health
            "verdict" -> Verdict(saved[1], HowRead.valueOf(saved[2]))
            "serve" -> Serve(saved[1], HowRead.valueOf(saved[2]))
            "override" -> Override(saved[1], HowRead.valueOf(saved[2]))
            "receipt" -> Receipt(saved[1])
            "claim" -> Claim(saved[1])
            "voucher" -> Voucher(saved[1])
            "serve by reference" -> ServeByReference(saved[1])
            "bundle" -> Bundle
            else -> error("no screen is called $name")
        }
    }
}
