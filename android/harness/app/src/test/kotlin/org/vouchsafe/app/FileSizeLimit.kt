package org.vouchsafe.app

import com.sun.jna.Library
import com.sun.jna.Native

/** The kernel's limit to the size of the files that this process writes: beyond it a write fails, as on a full disk. */
object FileSizeLimit {
    private interface C : Library {
        fun getrlimit(resource: Int, limits: LongArray): Int

        fun setrlimit(resource: Int, limits: LongArray): Int
    }

    private val c = Native.load("c", C::class.java)

    /** Does [work] while no file may be written beyond its first [bytes]. */
    fun atMost(bytes: Long, work: () -> Unit) {
        val usual = LongArray(2)
        check(c.getrlimit(RLIMIT_FSIZE, usual) == 0)
        check(c.setrlimit(RLIMIT_FSIZE, longArrayOf(bytes, usual[1])) == 0)
        try {
            work()
        } finally {
            check(c.setrlimit(RLIMIT_FSIZE, usual) == 0)
        }
    }

    /** Linux's number of it. */
    private const val RLIMIT_FSIZE = 1
}
