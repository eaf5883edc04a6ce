package org.vouchsafe.app

import androidx.test.core.app.ApplicationProvider
import androidx.test.ext.junit.runners.AndroidJUnit4
import androidx.work.ListenableWorker.Result
import androidx.work.NetworkType
import androidx.work.WorkInfo
import androidx.work.WorkManager
import androidx.work.testing.TestListenableWorkerBuilder
import kotlinx.coroutines.runBlocking
import org.junit.After
import org.junit.Assert.assertEquals
import org.junit.Test
import org.junit.runner.RunWith
import org.vouchsafe.app.device.EnginePhone
import org.vouchsafe.app.sync.SyncWorker
import org.vouchsafe.app.sync.WorkManagerSyncScheduler

/** Syncing while nobody looks. */
@RunWith(AndroidJUnit4::class)
class SyncWorkerTest {
    private val app: TestApplication = ApplicationProvider.getApplicationContext()

    @After
    fun `the phone is put down`() = (app.container.phone as EnginePhone).close()

    @Test
    fun `it waits for a network, and is scheduled once however often it is asked for`() {
        repeat(3) { app.container.syncScheduler.schedule() }
        val manager = WorkManager.getInstance(app)
        val often = manager.getWorkInfosForUniqueWork(WorkManagerSyncScheduler.OFTEN).get().single()
        assertEquals(WorkInfo.State.ENQUEUED, often.state)
        assertEquals(NetworkType.CONNECTED, often.constraints.requiredNetworkType)
        val once = manager.getWorkInfosForUniqueWork(WorkManagerSyncScheduler.ONCE).get()
        val documents = manager.getWorkInfosForUniqueWork(WorkManagerSyncScheduler.DOCUMENTS).get().single()
        assertEquals(NetworkType.UNMETERED, documents.constraints.requiredNetworkType)
        assertEquals(setOf(NetworkType.CONNECTED), once.map { it.constraints.requiredNetworkType }.toSet())
    }

    @Test
    fun `a phone that is not enrolled does not try again`() = runBlocking {
        val worker = TestListenableWorkerBuilder<SyncWorker>(app).build()
        assertEquals(Result.failure(), worker.doWork())
    }
}
