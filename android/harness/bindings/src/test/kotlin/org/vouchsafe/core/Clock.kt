package org.vouchsafe.core

/** What this machine's clocks say, as the app tells it with `SystemClock.elapsedRealtime()` and `BOOT_COUNT`. */
fun deviceClock(): DeviceClock = deviceClockAt(System.currentTimeMillis() / 1_000)

/** The same with the clock that people can set at [seconds] since 1970. */
fun deviceClockAt(seconds: Long): DeviceClock =
    DeviceClock(time = seconds.toULong(), elapsedMillis = (System.nanoTime() / 1_000_000).toULong(), boot = "this test's")
