package org.vouchsafe.app.sync

import android.content.Context
import androidx.work.BackoffPolicy
import androidx.work.Constraints
import androidx.work.CoroutineWorker
import androidx.work.ExistingPeriodicWorkPolicy
import androidx.work.ExistingWorkPolicy
import androidx.work.NetworkType
import androidx.work.OneTimeWorkRequestBuilder
import androidx.work.PeriodicWorkRequestBuilder
import androidx.work.WorkManager
import androidx.work.WorkerParameters
import java.time.Duration
import org.vouchsafe.app.VouchsafeApplication
import org.vouchsafe.core.Stopped

/** Syncs while nobody looks. */
interface SyncScheduler {
    /** As soon as there is a network, and now and then from now on. */
    fun schedule()
}

/** By WorkManager, which outlives the process; one sync of each kind at a time, and only over a network. */
class WorkManagerSyncScheduler(private val context: Context) : SyncScheduler {
    private val online = Constraints.Builder().setRequiredNetworkType(NetworkType.CONNECTED).build()
    private val unmetered = Constraints.Builder().setRequiredNetworkType(NetworkType.UNMETERED).build()

    override fun schedule() {
        val manager = WorkManager.getInstance(context)
        val once = OneTimeWorkRequestBuilder<SyncWorker>()
            .setConstraints(online)
            .setBackoffCriteria(BackoffPolicy.EXPONENTIAL, FIRST_PAUSE)
            .build()
        // What was just recorded may be too late for a sync that runs, so another one follows it.
        manager.enqueueUniqueWork(ONCE, ExistingWorkPolicy.APPEND_OR_REPLACE, once)
        // Documents wait for a network that costs nothing, and go when there is one.
        val documents = OneTimeWorkRequestBuilder<SyncWorker>()
            .setConstraints(unmetered)
            .setBackoffCriteria(BackoffPolicy.EXPONENTIAL, FIRST_PAUSE)
            .build()
        manager.enqueueUniqueWork(DOCUMENTS, ExistingWorkPolicy.KEEP, documents)
        val often = PeriodicWorkRequestBuilder<SyncWorker>(PERIOD)
            .setConstraints(online)
            .setBackoffCriteria(BackoffPolicy.EXPONENTIAL, FIRST_PAUSE)
            .build()
        manager.enqueueUniquePeriodicWork(OFTEN, ExistingPeriodicWorkPolicy.KEEP, often)
    }

    companion object {
        const val ONCE = "sync once"
        const val OFTEN = "sync often"
        const val DOCUMENTS = "sync documents"
        private val FIRST_PAUSE = Duration.ofSeconds(30)
        private val PERIOD = Duration.ofHours(6)
    }
}

/** Runs one sync; asks to be tried again where that may help. */
class SyncWorker(context: Context, parameters: WorkerParameters) : CoroutineWorker(context, parameters) {
    override suspend fun doWork(): Result {
        val syncManager = (applicationContext as VouchsafeApplication).container.syncManager
        return when (val state = syncManager.run()) {
            is SyncState.Ended -> resultOf(state.report.stopped)
            is SyncState.Failed -> Result.failure()
            // Another sync is under way, and may have begun before what this one is for.
            null, SyncState.NotYet, SyncState.Running -> Result.retry()
        }
    }

    private fun resultOf(stopped: Stopped?): Result = when (stopped) {
        null -> Result.success()
        Stopped.UNREACHABLE, Stopped.INTERRUPTED, Stopped.BUSY, Stopped.NOT_OUR_SERVER -> Result.retry()
        // People have to do something first.
        Stopped.NOT_ENROLLED, Stopped.CERTIFICATE, Stopped.NOT_ADMITTED, Stopped.ENROLMENT_REFUSED -> Result.failure()
    }
}
