package org.vouchsafe.core.vectors

import com.google.gson.JsonObject
import com.google.gson.JsonParser
import org.junit.jupiter.api.Assertions.assertEquals
import org.vouchsafe.core.Benefit
import org.vouchsafe.core.Reason
import org.vouchsafe.core.Verdict
import org.vouchsafe.core.Voucher
import org.vouchsafe.core.Warning

/** The code of docs/protocol.md §10 for what the app is told. */
fun code(reason: Reason): String = when (reason) {
    Reason.NotAVoucher -> "not_a_voucher"
    is Reason.Unreadable -> "unreadable"
    Reason.UnknownIssuer -> "unknown_issuer"
    Reason.Forged -> "forged"
    Reason.IssuerCompromised -> "issuer_compromised"
    is Reason.BeyondDelegation -> "beyond_delegation"
    Reason.WrongProgramme -> "wrong_programme"
    is Reason.TrustTooOld, is Reason.ProfileTooOld -> "trust_too_old"
    is Reason.ClockTurnedBack -> "clock_turned_back"
    is Reason.AlreadyRedeemed -> "already_redeemed"
    Reason.Revoked -> "revoked"
    Reason.Suspended -> "suspended"
    Reason.RedeemedElsewhere -> "redeemed_elsewhere"
    is Reason.WrongProvider, Reason.IssuedByThisProvider -> "wrong_provider"
    Reason.IssuerNotValid -> "issuer_not_valid"
    is Reason.NotYetValid -> "not_yet_valid"
    is Reason.Expired -> "expired"
}

fun code(warning: Warning): String = when (warning) {
    is Warning.TrustStale -> "trust_stale"
    is Warning.StatusStale -> "status_stale"
    Warning.StatusUnknown -> "status_unknown"
    is Warning.ClockBehind, is Warning.ClockAhead -> "clock_doubtful"
    is Warning.ProfileStale -> "profile_stale"
}

/** The voucher of a verdict, be it accepted or refused. */
fun voucherOf(verdict: Verdict): Voucher? = when (verdict) {
    is Verdict.Accept -> verdict.accepted.voucher
    is Verdict.Refuse -> verdict.refusal.voucher
}

fun reasonOf(verdict: Verdict): Reason? = (verdict as? Verdict.Refuse)?.refusal?.reason

/** Everything that a screen shows of a voucher is what stands in the vector. */
fun assertReads(expected: JsonObject, verdict: Verdict) {
    val voucher = checkNotNull(voucherOf(verdict)) { "no voucher: $verdict" }
    fun text(name: String) = expected[name]?.asString
    assertEquals(text("issuer"), voucher.issuer)
    assertEquals(text("cti") ?: text("code")?.let { "code:$it" } ?: "sub:${text("sub")}", voucher.reference)
    assertEquals(text("assistance"), voucher.assistance)
    assertEquals(text("audience"), voucher.audience)
    assertEquals(expected["not_before"].asLong, voucher.notBefore.toLong())
    assertEquals(expected["expires"].asLong, voucher.expires.toLong())
    val holder = expected["holder"]?.asJsonObject
    assertEquals(holder?.get("name")?.asString, voucher.holderName)
    assertEquals(holder?.get("birth_year")?.asInt, voucher.holderBirthYear?.toInt())
    assertEquals(holder?.get("id_tail")?.asString, voucher.holderIdTail)
    val documents = expected["documents"]?.asJsonArray?.map { it.asJsonArray[0].asString to it.asJsonArray[1].asString }
    assertEquals(documents.orEmpty(), voucher.documents.map { it.sha256 to it.label })
    assertEquals(expected["benefit"].asJsonObject.toString(), json(voucher.benefit).toString())
}

private fun json(benefit: Benefit) = JsonObject().apply {
    val content = when (benefit) {
        is Benefit.Money -> "money" to """[${benefit.minorUnits},"${benefit.currency}"]"""
        is Benefit.Goods -> "goods" to benefit.lines.joinToString(",", "[", "]") { """["${it.item}",${it.thousandths},"${it.unit}"]""" }
    }
    add(content.first, JsonParser.parseString(content.second))
}
