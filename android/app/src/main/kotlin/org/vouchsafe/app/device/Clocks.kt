package org.vouchsafe.app.device

import android.content.Context
import android.os.SystemClock
import android.provider.Settings
import org.vouchsafe.core.DeviceClock

/** The engine reads no clock: it is told, with every call, what the device's clocks say. */
fun interface Clocks {
    fun now(): DeviceClock
}

/** Android's clocks; a boot is told from others by their count. */
class AndroidClocks(context: Context) : Clocks {
    private val boot = Settings.Global.getInt(context.contentResolver, Settings.Global.BOOT_COUNT, 0).toString()

    override fun now() = DeviceClock(
        time = (System.currentTimeMillis() / 1_000).coerceAtLeast(0).toULong(),
        elapsedMillis = SystemClock.elapsedRealtime().toULong(),
        boot = boot,
    )
}
