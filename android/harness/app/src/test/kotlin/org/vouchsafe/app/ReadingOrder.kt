package org.vouchsafe.app

import org.vouchsafe.app.verdict.refusalDisplay
import org.vouchsafe.core.Verdict
import org.vouchsafe.core.Voucher

/** One thing that is read out, by words that are in it. */
sealed interface Said {
    /** A string of the app, whatever stands in its places. */
    data class Text(val id: Int) : Said

    /** What the office or the phone wrote. */
    data class Part(val words: String) : Said

    /** However many things of one kind, as a row of chips. */
    data object Several : Said
}

/** In which order each picture's screen is read: its name, what it is about, what is typed, and then what can be done. */
object ReadingOrder {
    fun of(screen: String): List<Said> = screens[screen] ?: error("in which order is $screen read?")

    /** An amount or a time, which each language writes in its own way. */
    private const val ANYTHING = ""

    private val labels = said(
        R.string.label_provider, R.string.label_digits, R.string.label_trust, R.string.label_status, R.string.label_space,
        R.string.label_key, R.string.label_server, R.string.documents_anywhere, R.string.strong_contrast, R.string.bundle_title,
        R.string.share_diagnostics, R.string.sync_now,
    )
    private val sharing = said(R.string.label_reference, R.string.share_receipt, R.string.share_receipt_picture)
    private val adding = said(R.string.photograph_document, R.string.open_document, R.string.void_claim)
    private val timeline =
        said(R.string.label_served, R.string.claim_received, R.string.claim_approved, R.string.claim_payment_sent, R.string.claim_paid)
    private val viewfinder = said(R.string.torch_on, R.string.open_picture)
    private val files = said(R.string.export_save, R.string.export_share, R.string.import_answer)
    private val search = said(R.string.search, Said.Several)

    private val screens: Map<String, List<Said>> = verdicts.associate { (name, verdict) -> name to of(verdict) } + mapOf(
        "enrol" to said(R.string.scan_enrolment) + viewfinder,
        "scan" to said(R.string.scan_voucher) + viewfinder + said(R.string.type_reference),
        "scan-not-allowed" to said(R.string.camera_needed, R.string.allow_camera, R.string.open_picture, R.string.type_reference),
        "confirm" to said(
            R.string.confirm_phone, "Mercy Pharmacy", "0167 8216", R.string.compare_digits, R.string.not_confirmed, R.string.confirm_check,
            R.string.confirm_later,
        ),
        "serve-money" to serving("Maria", "Medicine", R.string.amount_in),
        "serve-goods-error" to serving("Maria", "Food", "Rice", "Cooking oil", R.string.error_storage),
        "serve-by-reference" to serving("M***", "Medicine", R.string.amount_in, R.string.by_reference_means, R.string.warning_status_stale),
        "serve-by-reference-not-allowed" to below(R.string.serve_by_reference, R.string.by_reference_not_allowed, R.string.back),
        "serve-by-reference-revoked" to below(R.string.serve_by_reference, R.string.why_revoked, R.string.back),
        "override" to overriding("lorna", "benedicta", R.string.supervisor_pin),
        "override-pin-wrong" to overriding("lorna", R.string.supervisor_pin, R.string.pin_wrong),
        "override-pin-wait" to overriding("lorna", "benedicta", R.string.supervisor_pin, R.string.pin_wait),
        "override-no-help" to below(R.string.override_title, R.string.why_revoked, R.string.back),
        "override-nobody" to below(R.string.override_title, R.string.no_supervisors, R.string.back),
        "claim-by-reference" to
            below(R.string.claim, "0003", "Rice", R.string.claim_in_review, R.string.claim_in_review_means, R.string.by_reference_claim) +
            timeline + sharing + adding,
        "claims" to said(R.string.claims, R.string.total_today, R.string.total_month) + search +
            said("0001", "0002", "0003", "0004", "0005", "0006", "0007", R.string.older_claims),
        "claims-none" to said(R.string.claims, R.string.no_claims),
        "claims-none-like-this" to said(R.string.claims) + search + said(R.string.no_such_claims),
        "vouchers" to said(R.string.vouchers, R.string.listed_on) + search + said(
            "0K2M-94QX", "1ZZ0-0042", "7K2M-94QX", "8A00-94QX", "9A00-94QX", "AA00-94QX", "BA00-94QX", "CA00-94QX", R.string.more_vouchers,
        ),
        "vouchers-old-category" to
            said(R.string.vouchers, R.string.listed_on, R.string.list_old, R.string.sync_now) + search + said("0K2M-94QX"),
        "vouchers-none-like-this" to
            said(R.string.vouchers, R.string.listed_on) + search + said(R.string.no_such_vouchers, R.string.not_listed_means),
        "vouchers-none" to said(R.string.vouchers, R.string.listed_on, R.string.no_vouchers),
        "vouchers-no-list" to said(R.string.vouchers, R.string.no_voucher_list, R.string.sync_unreachable, R.string.sync_now),
        "voucher-open" to listed(R.string.voucher_open, R.string.voucher_open_means) + said(R.string.scan_it),
        "voucher-open-by-reference" to
            listed(R.string.voucher_open, R.string.voucher_open_means) + said(R.string.scan_it, R.string.serve_by_reference),
        "voucher-served-here" to listed(R.string.voucher_served_here, R.string.why_already_redeemed) + said(R.string.see_claim),
        "voucher-not-yet" to listed(R.string.verdict_not_yet, R.string.why_not_yet_valid),
        "voucher-not-listed" to below(R.string.voucher, "7K2M-94QX", R.string.no_longer_listed),
        "tabs" to said(R.string.scan, R.string.vouchers, R.string.claims, R.string.health),
        "receipt" to
            below(R.string.receipt, R.string.recorded, "0001", ANYTHING, R.string.claim_unsent, R.string.claim_unsent_means) +
            timeline + sharing + adding + said(R.string.next_voucher),
        "claim-paid" to
            below(R.string.claim, "0006", "Rice", R.string.claim_paid, R.string.claim_paid_means) +
            timeline + sharing + said(R.string.documents) + adding,
        "claim-conflict" to
            below(R.string.claim, "0004", ANYTHING, R.string.claim_conflict, R.string.claim_conflict_means) +
            said(R.string.label_served, R.string.claim_received, R.string.claim_conflict) + sharing + said(R.string.no_document) + adding,
        "void-claim" to
            below(R.string.void_claim, "0001", R.string.void_claim_means, R.string.void_claim_reason, R.string.void_claim, R.string.keep),
        "health-unsent" to
            said(R.string.health, R.string.sync_not_our_server, ANYTHING, R.string.warning_clock_behind, R.string.little_space) + labels,
        "health-good" to said(R.string.health, R.string.sync_done, R.string.all_sent) + labels,
        "health-syncing" to
            said(R.string.health, R.string.sync_running, ANYTHING) + labels.filter { it != Said.Text(R.string.label_space) },
        "bundle" to below(R.string.bundle_title, R.string.bundle_how) + files,
        "bundle-exported" to below(R.string.bundle_title, R.string.bundle_how, R.string.exported_means) + files,
        "bundle-not-written" to below(R.string.bundle_title, R.string.bundle_how, R.string.export_not_written) + files,
    )

    /** The large word; whether to go on, and what to do instead; who, what, until when; what can be done. */
    private fun of(verdict: Verdict): List<Said> = when (verdict) {
        is Verdict.Accept ->
            said(R.string.verdict_valid) + details(verdict.accepted.voucher) + verdict.accepted.warnings.map { Said.Several }.take(1) +
                said(R.string.serve, R.string.do_not_serve)
        is Verdict.Refuse -> {
            val display = refusalDisplay(verdict.refusal.reason)
            val asking = if (verdict.refusal.mayBeOverridden) said(R.string.ask_supervisor) else emptyList()
            said(display.label, display.why, display.whatToDo) + verdict.refusal.voucher?.let(::details).orEmpty() +
                if (display.syncHelps) {
                    said(R.string.sync_now) + asking + said(R.string.back_to_scan)
                } else {
                    said(R.string.back_to_scan) + asking
                }
        }
    }

    private fun details(voucher: Voucher) = said(
        "Maria", voucher.holderIdTail!!, if (voucher.assistance == "Food") "Rice" else ANYTHING,
        R.string.label_assistance, R.string.label_until, R.string.label_programme, R.string.label_reference,
    )

    private fun serving(vararg things: Any) = below(R.string.serve_title, *things, R.string.confirm_giving)

    private fun overriding(vararg things: Any) = below(
        R.string.override_title, "Maria", "Medicine", R.string.amount_in, R.string.why_trust_too_old, R.string.override_means,
        R.string.supervisor, *things, R.string.confirm_giving,
    )

    private fun listed(status: Int, meaning: Int) = below(
        R.string.voucher, "94QX", status, meaning, ANYTHING, R.string.label_holder, R.string.label_assistance, R.string.label_from,
        R.string.label_until, R.string.label_programme,
    )

    /** A screen with a way back before its name. */
    private fun below(title: Int, vararg things: Any) = said(R.string.back, title, *things)

    private fun said(vararg things: Any): List<Said> = things.map {
        when (it) {
            is Int -> Said.Text(it)
            is String -> Said.Part(it)
            else -> it as Said
        }
    }
}
