package org.vouchsafe.app

import android.accessibilityservice.AccessibilityServiceInfo
import android.content.res.Resources
import android.os.Bundle
import android.view.accessibility.AccessibilityManager
import android.view.accessibility.AccessibilityNodeProvider
import androidx.compose.foundation.layout.Column
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.ui.Modifier
import androidx.compose.ui.platform.ViewRootForTest
import androidx.compose.ui.semantics.SemanticsNode
import androidx.compose.ui.semantics.semantics
import androidx.compose.ui.semantics.traversalIndex
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertTrue
import org.junit.Rule
import org.junit.Test
import org.junit.rules.RuleChain
import org.junit.runner.RunWith
import org.robolectric.ParameterizedRobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf

/**
 * What TalkBack reads to somebody who goes through a screen: the whole of it where all is in sight, from left to right and from
 * right to left; and as much of it as a small phone shows, in the same order.
 */
@RunWith(ParameterizedRobolectricTestRunner::class)
class ReadingOrderTest(private val variant: DisplayVariant, private val allInSight: Boolean) {
    private val screenRule = ScreenRule(variant, prepare = ::turnOnTalkBack)

    @get:Rule val rules: RuleChain = screenRule.rules

    @Test
    fun `every screen is read in the order in which it is dealt with`() {
        val faults = ArrayList<String>()
        screenRule.showEach(variant.screens()) { name, root ->
            val read = read(root)
            val expected = ReadingOrder.of(name)
            if (read.isEmpty() || !follows(read, expected)) {
                faults += "$name is read: ${read.joinToString(" | ")}\n  and not: ${words(expected)}"
            }
        }
        assertTrue(faults.joinToString("\n"), faults.isEmpty())
    }

    @Test
    fun `the order is TalkBack's and not that of the places, and a wrong one is found`() {
        val turned: @Composable () -> Unit = {
            Column {
                Text("then", Modifier.semantics { traversalIndex = 1f })
                Text("first")
            }
        }
        screenRule.showEach(listOf("turned" to turned)) { _, root ->
            assertEquals(listOf("first", "then"), read(root))
            assertFalse(follows(read(root), listOf(Said.Part("then"), Said.Part("first"))))
        }
    }

    private fun turnOnTalkBack() {
        val talkBack = AccessibilityServiceInfo().apply { feedbackType = AccessibilityServiceInfo.FEEDBACK_SPOKEN }
        shadowOf(RuntimeEnvironment.getApplication().getSystemService(AccessibilityManager::class.java)).run {
            setEnabled(true)
            setEnabledAccessibilityServiceList(listOf(talkBack))
        }
    }

    /** What each stop says, from the first on; Compose tells of each which one it comes before. */
    private fun read(root: SemanticsNode): List<String> {
        val provider = (root.root as ViewRootForTest).view.accessibilityNodeProvider
        val nodes = root.all().associateBy { it.id }
        val next = nodes.keys.mapNotNull { id -> comesBefore(provider, id)?.let { id to it } }.toMap()
        val stops = generateSequence((next.keys - next.values.toSet()).singleOrNull(), next::get).toList()
        assertEquals("stops that are read once", next.size + 1, stops.size)
        return stops.mapNotNull(nodes::get).map { it.spoken() }.filter { it.isNotEmpty() }
    }

    private fun comesBefore(provider: AccessibilityNodeProvider, id: Int): Int? {
        val node = provider.createAccessibilityNodeInfo(id) ?: return null
        provider.addExtraDataToAccessibilityNodeInfo(id, node, COMES_BEFORE, Bundle())
        return if (COMES_BEFORE in node.extras.keySet()) node.extras.getInt(COMES_BEFORE) else null
    }

    /** Whether all that is read is [expected], and in this order; and nothing is left out, where all is in sight. */
    private fun follows(read: List<String>, expected: List<Said>): Boolean {
        val said = expected.firstOrNull()
        return when {
            said == null -> read.isEmpty()
            said == Said.Several -> follows(read, expected.drop(1)) || (read.isNotEmpty() && follows(read.drop(1), expected))
            read.isNotEmpty() && said.isIn(read.first()) && follows(read.drop(1), expected.drop(1)) -> true
            else -> !allInSight && follows(read, expected.drop(1))
        }
    }

    private fun Said.isIn(spoken: String): Boolean = when (this) {
        is Said.Text -> resources.getString(id).split(PLACE).all { it in spoken }
        is Said.Part -> words in spoken
        Said.Several -> true
    }

    private fun words(expected: List<Said>) = expected.joinToString(" | ") {
        when (it) {
            is Said.Text -> resources.getString(it.id)
            is Said.Part -> it.words
            Said.Several -> "…"
        }
    }

    private val resources: Resources get() = screenRule.activity.resources

    companion object {
        @JvmStatic
        @ParameterizedRobolectricTestRunner.Parameters(name = "{0}")
        fun variants(): List<Array<Any>> = listOf(
            arrayOf(DisplayVariant("en", 411, 1f, ColourMode.LIGHT, height = 2_400), true),
            arrayOf(DisplayVariant("ar", 411, 1f, ColourMode.LIGHT, height = 2_400), true),
            arrayOf(DisplayVariant("fr", 320, 2f, ColourMode.LIGHT), false),
            arrayOf(DisplayVariant("ar", 320, 2f, ColourMode.LIGHT), false),
        )

        /** Asked for by Compose's own tests: the real one cannot be read back. */
        private const val COMES_BEFORE = "android.view.accessibility.extra.EXTRA_DATA_TEST_TRAVERSALBEFORE_VAL"

        private val PLACE = Regex("%\\d\\\$s")
    }
}
