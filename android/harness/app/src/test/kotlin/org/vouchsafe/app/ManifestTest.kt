package org.vouchsafe.app

import java.io.File
import javax.xml.parsers.DocumentBuilderFactory
import org.junit.Assert.assertEquals
import org.junit.Test
import org.w3c.dom.Element

/** What the app asks of a phone, and offers to other apps, with all that its libraries add. */
class ManifestTest {
    private val manifest: Element =
        DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(File(System.getProperty("vouchsafe.manifest"))).documentElement

    @Test
    fun `it asks for these permissions and no others`() {
        val expected = setOf(
            "android.permission.ACCESS_NETWORK_STATE",
            "android.permission.CAMERA",
            "android.permission.INTERNET",
            "android.permission.VIBRATE",
            // WorkManager's: to go on after a restart of the phone, and to finish what it began.
            "android.permission.FOREGROUND_SERVICE",
            "android.permission.RECEIVE_BOOT_COMPLETED",
            "android.permission.WAKE_LOCK",
            "org.vouchsafe.app.DYNAMIC_RECEIVER_NOT_EXPORTED_PERMISSION",
        )
        assertEquals(expected, elements("uses-permission").map { it.name }.toSet())
    }

    @Test
    fun `other apps can open the activity, and nothing else without a system permission`() {
        val open = listOf("activity", "activity-alias", "service", "receiver", "provider").flatMap(::elements)
            .filter { it.getAttribute("android:exported") == "true" && it.getAttribute("android:permission").isEmpty() }
        assertEquals(listOf("org.vouchsafe.app.MainActivity"), open.map { it.name })
    }

    @Test
    fun `nothing leaves in clear text or by a backup`() {
        val application = elements("application").single()
        assertEquals("false", application.getAttribute("android:usesCleartextTraffic"))
        assertEquals("false", application.getAttribute("android:allowBackup"))
        assertEquals("", application.getAttribute("android:debuggable"))
    }

    private val Element.name get() = getAttribute("android:name")

    private fun elements(tag: String): List<Element> {
        val found = manifest.getElementsByTagName(tag)
        return (0 until found.length).map { found.item(it) as Element }
    }
}
