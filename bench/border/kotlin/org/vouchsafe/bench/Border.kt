package org.vouchsafe.bench

import com.google.zxing.BarcodeFormat
import com.google.zxing.qrcode.QRCodeWriter
import com.sun.management.ThreadMXBean
import java.io.File
import java.lang.management.ManagementFactory
import java.nio.ByteBuffer
import java.nio.file.Files
import java.nio.file.StandardCopyOption
import kotlin.system.exitProcess
import org.vouchsafe.core.FrameLayout
import org.vouchsafe.core.FrameStream
import org.vouchsafe.core.LiveFrames
import org.vouchsafe.core.Office
import org.vouchsafe.core.Rotation
import org.vouchsafe.core.SymbolContent
import org.vouchsafe.core.Verdict
import org.vouchsafe.core.Verifier
import org.vouchsafe.core.deviceClock
import org.vouchsafe.core.sync
import org.vouchsafe.core.textIn
import org.vouchsafe.core.uniffiEnsureInitialized

/** What bench/border exports: Rust alone, and the call by raw JNI. */
object Twin {
    init {
        System.load(System.getProperty("vouchsafe.border"))
    }

    @JvmStatic external fun open(home: String): Long

    @JvmStatic external fun read(side: Long, pixels: ByteBuffer, width: Int, height: Int): Array<String>?

    @JvmStatic external fun alone(side: Long, pixels: ByteBuffer, width: Int, height: Int, seconds: Long, decide: Int): Long
}

private const val WIDTH = 1280
private const val HEIGHT = 720
private const val WARM_UP = 200
private const val TURNS = 1_000

/**
 * What a camera's frame costs between Kotlin and a verdict. Sides are measured in turns, and medians compared, so that whatever
 * else the machine does meets all alike.
 */
fun main() {
    uniffiEnsureInitialized()
    val dir = File(System.getProperty("vouchsafe.dir")).apply { mkdirs() }
    val (text, home) = Office(File(dir, "office")).use { office -> textIn(office.issue()) to enrolled(office, File(dir, "phone")) }
    // Two phones with one past: each side has a ledger of its own.
    val copy = File(dir, "copy")
    for (file in home.walk()) {
        // Nobody else may read a phone's key.
        Files.copy(file.toPath(), copy.resolve(file.relativeTo(home)).toPath(), StandardCopyOption.COPY_ATTRIBUTES)
    }
    val layout = FrameLayout(WIDTH.toUInt(), HEIGHT.toUInt(), WIDTH.toUInt(), null, Rotation.NONE)
    val coded = frame(text)
    val blank = frame(null)
    Verifier.open(home.path).use { phone ->
        LiveFrames().use { live ->
            FrameStream().use { plain -> measure(Sides(phone, live, plain, Twin.open(copy.path), layout), coded, blank) }
        }
    }
}

private class Sides(
    val phone: Verifier,
    val live: LiveFrames,
    val plain: FrameStream,
    val twin: Long,
    val layout: FrameLayout,
)

private fun measure(sides: Sides, coded: ByteBuffer, blank: ByteBuffer) = with(sides) {
    fun alone(pixels: ByteBuffer, decide: Int) = Twin.alone(twin, pixels, WIDTH, HEIGHT, System.currentTimeMillis() / 1_000, decide)
    fun verdict() {
        val symbol = live.next(coded.slice(), layout).single()
        check(phone.check((symbol.content as SymbolContent.Text).text, deviceClock()) is Verdict.Accept)
    }
    val toVerdict = inTurns({ nanos(::verdict) }, { alone(coded, 1) })
    // Where nothing is found there is the least work to hide the border behind, and most frames are so.
    val nothing = inTurns(
        { nanos { check(live.next(blank.slice(), layout).isEmpty()) } },
        { nanos { check(Twin.read(twin, blank, WIDTH, HEIGHT) == null) } },
        { nanos { check(plain.read(blank.slice(), layout).isEmpty()) } },
        { alone(blank, 0) },
    )
    var holds = line("from Kotlin to a verdict ÷ in Rust alone", toVerdict[0] / toVerdict[1], 1.02, micros(toVerdict))
    holds = line("a frame with nothing in it ÷ in Rust alone", nothing[0] / nothing[3], 1.02, micros(listOf(nothing[0], nothing[3]))) && holds
    line("the same through raw JNI ÷ in Rust alone", nothing[1] / nothing[3], null, micros(listOf(nothing[1], nothing[3])))
    line("the same through generated calls alone ÷ in Rust alone", nothing[2] / nothing[3], null, micros(listOf(nothing[2], nothing[3])))
    val garbage = listOf<() -> Unit>(
        { live.next(blank.slice(), layout) },
        { Twin.read(twin, blank, WIDTH, HEIGHT) },
        { plain.read(blank.slice(), layout) },
    ).map(::bytes)
    holds = line("garbage of a frame ÷ 1 KB", garbage[0] / 1024.0, 1.0, "${garbage[0]} bytes; JNI ${garbage[1]}, generated ${garbage[2]}") && holds
    if (!holds) exitProcess(1)
}

/** Medians in nanoseconds of what each side says that it took. */
private fun inTurns(vararg sides: () -> Long): List<Double> {
    repeat(WARM_UP) { sides.forEach { it() } }
    val taken = List(sides.size) { LongArray(TURNS) }
    for (turn in 0 until TURNS) {
        // Who comes first changes from turn to turn.
        for (at in sides.indices) ((at + turn) % sides.size).let { taken[it][turn] = sides[it]() }
    }
    return taken.map { it.sorted()[TURNS / 2].toDouble() }
}

private fun nanos(work: () -> Unit): Long {
    val start = System.nanoTime()
    work()
    return System.nanoTime() - start
}

/** Bytes of the Java heap that one call takes. */
private fun bytes(work: () -> Unit): Long {
    val threads = ManagementFactory.getThreadMXBean() as ThreadMXBean
    repeat(WARM_UP) { work() }
    val before = threads.currentThreadAllocatedBytes
    repeat(TURNS) { work() }
    return (threads.currentThreadAllocatedBytes - before) / TURNS
}

private fun line(what: String, ratio: Double, atMost: Double?, detail: String): Boolean {
    val holds = atMost == null || ratio <= atMost
    val goal = if (atMost == null) "no goal" else "goal ≤ %.2f: %s".format(atMost, if (holds) "holds" else "MISSED")
    println("border  %s: %.3f (%s) [%s]".format(what, ratio, goal, detail))
    return holds
}

private fun micros(nanos: List<Double>) = nanos.joinToString(" ÷ ") { "%.1f µs".format(it / 1_000) }

/** The luma plane of a page in a camera's frame, with the code of a text on it. */
private fun frame(text: String?): ByteBuffer {
    val side = 600
    val modules = text?.let { QRCodeWriter().encode(it, BarcodeFormat.QR_CODE, side, side) }
    val pixels = ByteBuffer.allocateDirect(WIDTH * HEIGHT)
    for (y in 0 until HEIGHT) {
        for (x in 0 until WIDTH) {
            val (column, row) = x - (WIDTH - side) / 2 to y - (HEIGHT - side) / 2
            val dark = modules != null && column in 0 until side && row in 0 until side && modules[column, row]
            pixels.put(if (dark) 0x20 else 0xD0.toByte())
        }
    }
    return pixels.flip()
}

/** The home of a phone that an office has confirmed. */
private fun enrolled(office: Office, home: File): File {
    home.mkdirs()
    Verifier.open(home.path).use { phone ->
        phone.enrol(textIn(office.offer()), deviceClock())
        check(phone.sync().stopped == null)
        office.confirm(phone.digits())
        check(phone.sync().stopped == null)
    }
    return home
}
