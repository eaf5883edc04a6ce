package org.vouchsafe.app

import android.content.ComponentName
import android.graphics.Bitmap
import android.graphics.Canvas
import androidx.activity.ComponentActivity
import androidx.compose.material3.Surface
import androidx.compose.runtime.Composable
import androidx.compose.runtime.CompositionLocalProvider
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.setValue
import androidx.compose.ui.semantics.SemanticsActions
import androidx.compose.ui.semantics.SemanticsNode
import androidx.compose.ui.semantics.SemanticsProperties
import androidx.compose.ui.semantics.getOrNull
import androidx.compose.ui.test.junit4.createAndroidComposeRule
import androidx.compose.ui.test.onRoot
import java.io.File
import org.junit.After
import org.junit.Assert.assertTrue
import org.junit.Before
import org.junit.Rule
import org.junit.Test
import org.junit.rules.ExternalResource
import org.junit.rules.RuleChain
import org.junit.runner.RunWith
import org.robolectric.ParameterizedRobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import org.vouchsafe.app.device.EnginePhone
import org.vouchsafe.app.ui.VouchsafeTheme

/** Draws every screen in the readers' languages, on small and large phones, by day and night, in small and large type. */
@RunWith(ParameterizedRobolectricTestRunner::class)
class PicturesTest(private val look: Look, private val wanted: Set<String>?) {
    private val compose = createAndroidComposeRule<ComponentActivity>()

    @get:Rule
    val rules: RuleChain = RuleChain.outerRule(object : ExternalResource() {
        override fun before() {
            RuntimeEnvironment.setQualifiers(look.qualifiers)
            RuntimeEnvironment.setFontScale(look.fontScale)
            val stage = ComponentName(RuntimeEnvironment.getApplication(), ComponentActivity::class.java)
            shadowOf(RuntimeEnvironment.getApplication().packageManager).addActivityIfNotPresent(stage)
        }
    }).around(compose)

    private val app get() = compose.activity.application as TestApplication

    @After
    fun `the phone is put down`() = (app.parts.phone as EnginePhone).close()

    @Test
    fun `every screen can be read and used`() {
        var shown: @Composable () -> Unit by mutableStateOf({})
        compose.setContent {
            CompositionLocalProvider(LocalParts provides app.parts) {
                VouchsafeTheme(look.strongContrast) { Surface { shown() } }
            }
        }
        val faults = ArrayList<String>()
        for ((name, screen) in look.screens()) {
            if (wanted != null && name !in wanted) continue
            shown = screen
            compose.waitForIdle()
            draw("${look.name}/$name")
            faults += faultsOf(compose.onRoot().fetchSemanticsNode()).map { "$name: $it" }
        }
        assertTrue(faults.joinToString("\n"), faults.isEmpty())
    }

    private fun draw(name: String) = compose.runOnIdle {
        val view = compose.activity.window.decorView
        val picture = Bitmap.createBitmap(view.width, view.height, Bitmap.Config.ARGB_8888)
        view.draw(Canvas(picture))
        val file = File(System.getProperty("vouchsafe.pictures"), "$name.png")
        file.parentFile!!.mkdirs()
        file.outputStream().use { picture.compress(Bitmap.CompressFormat.PNG, 100, it) }
    }

    /** Whatever can be tapped has a name, and is no smaller than a fingertip. */
    private fun faultsOf(root: SemanticsNode): List<String> {
        val least = 48 * root.layoutInfo.density.density - 1
        return all(root).filter { SemanticsActions.OnClick in it.config }.flatMap { node ->
            val name = named(node)
            buildList {
                if (name.isEmpty()) add("a control without a name at ${node.boundsInRoot}")
                // A control that is scrolled out of sight takes no touches, but has its size.
                val width = maxOf(node.touchBoundsInRoot.width, node.size.width.toFloat())
                val height = maxOf(node.touchBoundsInRoot.height, node.size.height.toFloat())
                if (width < least || height < least) add("'$name' is $width × $height pixels, less than $least")
            }
        }
    }

    private fun named(node: SemanticsNode): String = all(node).flatMap { part ->
        part.config.getOrNull(SemanticsProperties.ContentDescription).orEmpty() +
            part.config.getOrNull(SemanticsProperties.Text).orEmpty().map { it.text } +
            listOfNotNull(part.config.getOrNull(SemanticsProperties.EditableText)?.text)
    }.joinToString(" ").trim()

    private fun all(node: SemanticsNode): List<SemanticsNode> = listOf(node) + node.children.flatMap(::all)

    companion object {
        @JvmStatic
        @ParameterizedRobolectricTestRunner.Parameters(name = "{0}")
        fun looks(): List<Array<Any?>> = when (System.getProperty("vouchsafe.looks")) {
            "all" -> Look.all.map { arrayOf(it, null) }
            else -> Look.dealt(MOST_PICTURES).map { (look, screens) -> arrayOf(look, screens) }
        }

        /** As many as are drawn for every change. */
        private const val MOST_PICTURES = 80
    }
}
