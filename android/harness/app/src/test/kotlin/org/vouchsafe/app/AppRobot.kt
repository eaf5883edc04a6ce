package org.vouchsafe.app

import android.Manifest
import android.app.Activity
import android.content.Intent
import android.graphics.Bitmap
import android.graphics.Canvas
import android.net.Uri
import android.os.Bundle
import androidx.compose.ui.test.SemanticsNodeInteraction
import androidx.compose.ui.test.hasText
import androidx.compose.ui.test.junit4.ComposeTestRule
import androidx.compose.ui.test.onAllNodesWithText
import androidx.compose.ui.test.onLast
import androidx.compose.ui.test.onNodeWithText
import androidx.compose.ui.test.performClick
import androidx.compose.ui.test.performScrollTo
import androidx.test.core.app.ApplicationProvider
import androidx.work.testing.WorkManagerTestInitHelper
import java.io.File
import kotlinx.coroutines.runBlocking
import org.robolectric.Robolectric
import org.robolectric.Shadows.shadowOf
import org.robolectric.android.controller.ActivityController
import org.vouchsafe.app.device.EnginePhone
import org.vouchsafe.app.device.RedemptionRequest
import org.vouchsafe.core.Health
import org.vouchsafe.core.HowRead
import org.vouchsafe.core.Office
import org.vouchsafe.core.Plane
import org.vouchsafe.core.Redemption
import org.vouchsafe.core.planeOf

/** What a user does with the phone, and sees on it. */
class AppRobot(private val rule: ComposeTestRule) : AutoCloseable {
    val app: TestApplication = ApplicationProvider.getApplicationContext()
    val container get() = app.container
    val environment get() = app.environment
    private var activity: ActivityController<MainActivity>? = null

    fun allowCamera() = shadowOf(app).grantPermissions(Manifest.permission.CAMERA)

    fun forbidCamera() = shadowOf(app).denyPermissions(Manifest.permission.CAMERA)

    fun useMobileData() = app.connectTo(TestApplication.MOBILE_DATA)

    fun openApp() {
        activity = Robolectric.buildActivity(MainActivity::class.java).setup()
    }

    /** Android ends the process behind the app, and the user comes back to it. */
    fun restartProcess() {
        val saved = Bundle()
        activity!!.saveInstanceState(saved).pause().stop().destroy()
        app.restart()
        activity = Robolectric.buildActivity(MainActivity::class.java).create(saved).start().restoreInstanceState(saved).resume().visible()
    }

    /** The phone is turned, or its language changed. */
    fun recreate() {
        activity!!.recreate()
    }

    /** Another app hands something over. */
    fun receive(intent: Intent) {
        rule.runOnUiThread { activity!!.newIntent(intent) }
    }

    /** The app that this one asked for something gives its answer. */
    fun answer(asked: Intent, address: Uri?) = rule.runOnUiThread {
        val code = if (address == null) Activity.RESULT_CANCELED else Activity.RESULT_OK
        shadowOf(activity!!.get()).receiveResult(asked, code, Intent().setData(address))
    }

    /** What the app asked other apps for last. */
    fun asked(): Intent {
        rule.waitForIdle()
        return checkNotNull(shadowOf(activity!!.get()).nextStartedActivity) { "nothing was asked of another app" }
    }

    fun showToCamera(picture: File) = showToCamera(planeOf(picture))

    fun showToCamera(plane: Plane) {
        environment.frames.plane = plane
    }

    fun showNothing() {
        environment.frames.plane = null
    }

    fun text(id: Int, vararg arguments: Any): String = app.getString(id, *arguments)

    /** Waits until a text is on the screen. */
    fun see(text: String): SemanticsNodeInteraction {
        rule.waitUntil("'$text' on the screen", PATIENCE_MILLIS) { rule.onAllNodesWithText(text).fetchSemanticsNodes().isNotEmpty() }
        return rule.onNodeWithText(text)
    }

    fun see(id: Int, vararg arguments: Any) = see(text(id, *arguments))

    /** Waits until some text on the screen contains this one. */
    fun seePart(text: String) {
        rule.waitUntil("…$text… on the screen", PATIENCE_MILLIS) {
            rule.onAllNodes(hasText(text, substring = true)).fetchSemanticsNodes().isNotEmpty()
        }
    }

    fun tap(id: Int, vararg arguments: Any) = tap(text(id, *arguments))

    fun tap(text: String) {
        val node = see(text)
        runCatching { node.performScrollTo() }
        node.performClick()
    }

    /** Taps the uppermost of several that say the same: a dialog's button. */
    fun tapLast(id: Int) = rule.onAllNodesWithText(text(id)).onLast().performClick()

    fun back() = rule.runOnUiThread { activity!!.get().onBackPressedDispatcher.onBackPressed() }

    fun health(): Health = runBlocking { container.phone.health() }

    /** Enrols at an office that confirms the digits at once, and gets to the viewfinder. */
    fun enrol(office: Office) {
        showToCamera(office.offer())
        openApp()
        see(R.string.compare_digits)
        showNothing()
        see(R.string.sync_done)
        office.confirm(runBlocking { container.phone.digits() })
        tap(R.string.confirm_check)
        see(R.string.scan_voucher)
    }

    /** Redeems all that a voucher gives, without the screens; gives the claim. */
    fun redeem(voucher: String): String =
        (runBlocking { container.phone.redeem(voucher, RedemptionRequest(null, HowRead.CAMERA)) } as Redemption.Done).claim

    fun draw(name: String) {
        rule.waitForIdle()
        rule.runOnUiThread {
            val view = activity!!.get().window.decorView
            val picture = Bitmap.createBitmap(view.width, view.height, Bitmap.Config.ARGB_8888)
            view.draw(Canvas(picture))
            val file = File(System.getProperty("vouchsafe.pictures"), "$name.png")
            file.parentFile!!.mkdirs()
            file.outputStream().use { picture.compress(Bitmap.CompressFormat.PNG, 100, it) }
        }
    }

    override fun close() {
        activity?.close()
        (container.phone as EnginePhone).close()
        WorkManagerTestInitHelper.closeWorkDatabase()
    }

    private companion object {
        const val PATIENCE_MILLIS = 30_000L
    }
}

