package org.vouchsafe.app

import android.content.ComponentName
import androidx.activity.ComponentActivity
import androidx.compose.material3.Surface
import androidx.compose.runtime.Composable
import androidx.compose.runtime.CompositionLocalProvider
import androidx.compose.runtime.getValue
import androidx.compose.runtime.key
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.setValue
import androidx.compose.ui.semantics.SemanticsNode
import androidx.compose.ui.semantics.SemanticsProperties
import androidx.compose.ui.semantics.getOrNull
import androidx.compose.ui.test.junit4.createAndroidComposeRule
import androidx.compose.ui.test.onRoot
import org.junit.rules.ExternalResource
import org.junit.rules.RuleChain
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import org.vouchsafe.app.device.EnginePhone
import org.vouchsafe.app.ui.VouchsafeTheme

fun SemanticsNode.all(): List<SemanticsNode> = listOf(this) + children.flatMap { it.all() }

/** All that is read out of a node and of what lies in it. */
fun SemanticsNode.spoken(): String = all().flatMap { part ->
    part.config.getOrNull(SemanticsProperties.ContentDescription).orEmpty() +
        part.config.getOrNull(SemanticsProperties.Text).orEmpty().map { it.text } +
        listOfNotNull(part.config.getOrNull(SemanticsProperties.EditableText)?.text)
}.joinToString(" ").trim()

/** Shows single screens in a [variant], without the app around them. */
class ScreenRule(private val variant: DisplayVariant, private val prepare: () -> Unit = {}) : ExternalResource() {
    private val compose = createAndroidComposeRule<ComponentActivity>()
    private var shown: Pair<String, @Composable () -> Unit> by mutableStateOf("" to {})

    val rules: RuleChain = RuleChain.outerRule(this).around(compose)
    val activity get() = compose.activity

    override fun before() {
        RuntimeEnvironment.setQualifiers(variant.qualifiers)
        RuntimeEnvironment.setFontScale(variant.fontScale)
        val application = RuntimeEnvironment.getApplication()
        shadowOf(application.packageManager).addActivityIfNotPresent(ComponentName(application, ComponentActivity::class.java))
        prepare()
    }

    /** Shows [screens] in turn, each to [see] when it is drawn. */
    fun showEach(screens: List<Pair<String, @Composable () -> Unit>>, see: (name: String, root: SemanticsNode) -> Unit) {
        val app = compose.activity.application as TestApplication
        try {
            compose.setContent {
                CompositionLocalProvider(LocalAppContainer provides app.container) {
                    VouchsafeTheme(variant.strongContrast) { Surface { key(shown.first) { shown.second() } } }
                }
            }
            for (screen in screens) {
                shown = screen
                compose.waitForIdle()
                see(screen.first, compose.onRoot().fetchSemanticsNode())
            }
        } finally {
            (app.container.phone as EnginePhone).close()
        }
    }
}
