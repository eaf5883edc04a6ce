package org.vouchsafe.app

import android.app.Application
import androidx.compose.runtime.staticCompositionLocalOf
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.SupervisorJob
import org.vouchsafe.app.claims.AndroidDocumentReader
import org.vouchsafe.app.claims.DocumentReader
import org.vouchsafe.app.device.AndroidClocks
import org.vouchsafe.app.device.AndroidFeedback
import org.vouchsafe.app.device.AndroidKeyStore
import org.vouchsafe.app.device.Clocks
import org.vouchsafe.app.device.DeviceInfo
import org.vouchsafe.app.device.EnginePhone
import org.vouchsafe.app.device.Feedback
import org.vouchsafe.app.device.Phone
import org.vouchsafe.app.device.Settings
import org.vouchsafe.app.device.SharedFiles
import org.vouchsafe.app.scan.AndroidPictureReader
import org.vouchsafe.app.scan.CameraFrameSource
import org.vouchsafe.app.scan.FrameSource
import org.vouchsafe.app.scan.PictureReader
import org.vouchsafe.app.sync.ActiveNetwork
import org.vouchsafe.app.sync.AndroidActiveNetwork
import org.vouchsafe.app.sync.MeteredNetworkTransport
import org.vouchsafe.app.sync.OkHttpTransport
import org.vouchsafe.app.sync.SyncManager
import org.vouchsafe.app.sync.SyncScheduler
import org.vouchsafe.app.sync.Transport
import org.vouchsafe.app.sync.WorkManagerSyncScheduler

/** One of each of what the app is made of, for the life of the process: dependency injection by hand. */
class AppContainer(
    application: Application,
    val frames: FrameSource = CameraFrameSource(application),
    val feedback: Feedback = AndroidFeedback(application),
    clocks: Clocks = AndroidClocks(application),
    transport: Transport = OkHttpTransport(),
    activeNetwork: ActiveNetwork = AndroidActiveNetwork(application),
) {
    val settings = Settings(application)
    val files = SharedFiles(application)
    val documentReader: DocumentReader = AndroidDocumentReader(application.contentResolver)
    val pictureReader: PictureReader = AndroidPictureReader(application.contentResolver)
    val syncScheduler: SyncScheduler = WorkManagerSyncScheduler(application)
    private val keys = AndroidKeyStore()
    val phone: Phone = EnginePhone(application.noBackupFilesDir.resolve("phone"), keys, clocks)
    val deviceInfo = DeviceInfo(application, keys)
    private val meteredTransport = MeteredNetworkTransport(transport, activeNetwork) { settings.documentsAnywhere.value }
    val syncManager = SyncManager(phone, meteredTransport, CoroutineScope(SupervisorJob() + Dispatchers.Default))
}

val LocalAppContainer = staticCompositionLocalOf<AppContainer> { error("no AppContainer was provided") }
