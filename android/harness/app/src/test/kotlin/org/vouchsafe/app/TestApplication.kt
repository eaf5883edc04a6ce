package org.vouchsafe.app

import android.app.Application
import android.net.ConnectivityManager
import android.view.Choreographer
import androidx.compose.foundation.layout.Box
import androidx.compose.runtime.Composable
import androidx.compose.runtime.DisposableEffect
import androidx.compose.ui.Modifier
import androidx.compose.ui.platform.AndroidUiDispatcher
import androidx.core.content.FileProvider
import androidx.work.Configuration
import androidx.work.testing.SynchronousExecutor
import androidx.work.testing.WorkManagerTestInitHelper
import java.util.concurrent.Executors
import java.util.concurrent.TimeUnit
import kotlin.coroutines.ContinuationInterceptor
import kotlin.coroutines.EmptyCoroutineContext
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.runBlocking
import org.robolectric.Shadows.shadowOf
import org.robolectric.shadows.ShadowNetworkInfo
import org.vouchsafe.app.device.AndroidClocks
import org.vouchsafe.app.device.Clocks
import org.vouchsafe.app.device.EnginePhone
import org.vouchsafe.app.device.Feedback
import org.vouchsafe.app.scan.Frame
import org.vouchsafe.app.scan.FrameSource
import org.vouchsafe.app.sync.OkHttpTransport
import org.vouchsafe.app.sync.SyncState
import org.vouchsafe.app.sync.Transport
import org.vouchsafe.core.HttpOutcome
import org.vouchsafe.core.HttpRequest
import org.vouchsafe.core.Plane

/** The real app, but for the camera, the speaker, the clock and the network. */
class TestApplication : VouchsafeApplication() {
    lateinit var environment: TestEnvironment
        private set

    override val container get() = environment.container

    override fun onCreate() {
        super.onCreate()
        FakeAndroidKeyStore.install()
        if (usedBefore) {
            clearFileProviderCache()
            resetUiDispatcher()
        }
        usedBefore = true
        connectTo(WIFI)
        val configuration = Configuration.Builder().setExecutor(SynchronousExecutor()).build()
        WorkManagerTestInitHelper.initializeTestWorkManager(this, configuration)
        environment = TestEnvironment(this)
    }

    /** Each test's phone has folders of its own, and AndroidX keeps those of the first. */
    private fun clearFileProviderCache() {
        val kept = FileProvider::class.java.getDeclaredField("sCache").apply { isAccessible = true }
        (kept.get(null) as HashMap<*, *>).clear()
    }

    /**
     * Compose posts its work to one dispatcher for the life of the process, and Robolectric takes the posted messages away
     * after each test. What the last test left undone would be waited for for ever: changes of state reach no screen, and
     * Compose does not get idle.
     */
    private fun resetUiDispatcher() {
        val main = AndroidUiDispatcher.Main[ContinuationInterceptor] as AndroidUiDispatcher
        fun put(name: String, value: Any) =
            AndroidUiDispatcher::class.java.getDeclaredField(name).apply { isAccessible = true }.set(main, value)
        put("choreographer", Choreographer.getInstance())
        put("scheduledTrampolineDispatch", false)
        put("scheduledFrameDispatch", false)
        main.dispatch(EmptyCoroutineContext) {}
    }

    /** Puts the phone on a network of this type; Robolectric knows networks by the older names of these types alone. */
    @Suppress("DEPRECATION")
    fun connectTo(type: Int) {
        val connected = android.net.NetworkInfo.State.CONNECTED
        val network = ShadowNetworkInfo.newInstance(android.net.NetworkInfo.DetailedState.CONNECTED, type, 0, true, connected)
        shadowOf(getSystemService(ConnectivityManager::class.java)).setActiveNetworkInfo(network)
    }

    /** The process ends, and another begins in the same place. A sync would end with it; here it comes to its end. */
    fun restart() {
        runBlocking { container.syncManager.state.first { it != SyncState.Running } }
        (container.phone as EnginePhone).close()
        environment = TestEnvironment(this, environment)
    }

    companion object {
        /** Android's numbers. */
        const val MOBILE_DATA = 0
        const val WIFI = 1

        /** Whether another test ran in this JVM, whose traces AndroidX keeps. */
        private var usedBefore = false
    }
}

/** What surrounds one process of the app: camera, clocks, network. */
class TestEnvironment(application: Application, before: TestEnvironment? = null) {
    val frames: FakeFrameSource = before?.frames ?: FakeFrameSource()
    val feedback: RecordedFeedback = before?.feedback ?: RecordedFeedback()
    val clocks: AdjustableClocks = before?.clocks ?: AdjustableClocks(AndroidClocks(application))
    val transport: StubbableTransport = before?.transport ?: StubbableTransport()
    val container: AppContainer = AppContainer(application, frames, feedback, clocks, transport)
}

/** Gives pictures as a camera does: plane after plane in native memory, on one thread, as long as somebody looks. */
class FakeFrameSource : FrameSource {
    override var present = true

    @Volatile var plane: Plane? = null

    @Composable
    override fun Viewfinder(torch: Boolean, onTorchFound: (Boolean) -> Unit, onFrame: (Frame) -> Unit, modifier: Modifier) {
        DisposableEffect(Unit) {
            onTorchFound(true)
            val camera = Executors.newSingleThreadScheduledExecutor()
            camera.scheduleWithFixedDelay({ plane?.let { onFrame(Frame(it.buffer, it.layout)) } }, 0, 30, TimeUnit.MILLISECONDS)
            onDispose {
                camera.shutdown()
                camera.awaitTermination(10, TimeUnit.SECONDS)
            }
        }
        Box(modifier)
    }
}

class RecordedFeedback : Feedback {
    val given = ArrayList<String>()

    override fun accepted() {
        given += "accepted"
    }

    override fun refused() {
        given += "refused"
    }
}

/** The device's clocks, with the one that people set moved by [shift] seconds. */
class AdjustableClocks(private val real: Clocks) : Clocks {
    @Volatile var shift = 0L

    override fun now() = real.now().let { it.copy(time = (it.time.toLong() + shift).toULong()) }
}

/** The network: the real one, or what a test says it is. */
class StubbableTransport : Transport {
    private val real = OkHttpTransport()

    @Volatile var stub: ((HttpRequest) -> HttpOutcome)? = null

    override suspend fun send(request: HttpRequest): HttpOutcome = stub?.invoke(request) ?: real.send(request)
}
