package org.vouchsafe.app.health

import java.time.Instant
import org.vouchsafe.app.device.DeviceInfo
import org.vouchsafe.app.sync.SyncState
import org.vouchsafe.core.NotAccepted
import org.vouchsafe.core.Offered
import org.vouchsafe.core.Warning

/**
 * What a technician asks for, in English and in UTC: versions, counts and times. Nobody's name is in it, no voucher, no
 * claim, and not whose phone it is.
 */
fun diagnostics(device: DeviceInfo, state: HealthState, sync: SyncState): String {
    val health = state.health
    fun time(seconds: ULong?) = seconds?.let { Instant.ofEpochSecond(it.toLong()).toString() } ?: "none"
    return listOf(
        "app" to device.appVersion,
        "device" to device.model,
        "key" to (device.keyStrength()?.name ?: "not known"),
        "free space" to (state.freeSpace?.let { "${it / MEGABYTE} MB" } ?: "not known"),
        "confirmed" to "${health?.confirmed}",
        "trust list" to "${health?.trustVersion} of ${time(health?.trustIssued)}",
        "status list" to time(health?.statusIssued),
        "clock" to when (val clock = health?.clock) {
            is Warning.ClockBehind -> "behind by ${clock.by} s"
            is Warning.ClockAhead -> "ahead by ${clock.by} s"
            else -> "good"
        },
        "unsent" to "${health?.unsentRecords} records since ${time(health?.unsentSince)}, ${health?.unsentDocuments} documents",
        "last sync" to when (sync) {
            SyncState.NotYet -> "not yet"
            SyncState.Running -> "running"
            is SyncState.Ended -> sync.report.stopped?.name ?: "done"
            is SyncState.Failed -> sync.error::class.simpleName.orEmpty()
        },
        "not accepted" to
            (sync as? SyncState.Ended)?.report?.notAccepted.orEmpty().joinToString(transform = ::describe).ifEmpty { "nothing" },
    ).joinToString("\n") { (name, value) -> "$name: $value" }
}

private fun describe(news: NotAccepted): String = when (val what = news.what) {
    Offered.TrustList -> "trust list"
    is Offered.StatusList -> "status list ${what.number}"
    is Offered.IssuedSet -> "issued vouchers of key ${what.key}"
} + " (${news.code})"

const val MEGABYTE = 1_000_000L
