package org.vouchsafe.app

import android.graphics.Bitmap
import android.graphics.Canvas
import androidx.compose.ui.semantics.SemanticsActions
import androidx.compose.ui.semantics.SemanticsNode
import java.io.File
import org.junit.Assert.assertTrue
import org.junit.Rule
import org.junit.Test
import org.junit.rules.RuleChain
import org.junit.runner.RunWith
import org.robolectric.ParameterizedRobolectricTestRunner

/** Draws every screen in the readers' languages, on small and large phones, by day and night, in small and large type. */
@RunWith(ParameterizedRobolectricTestRunner::class)
class PicturesTest(private val variant: DisplayVariant, private val wanted: Set<String>?) {
    private val screenRule = ScreenRule(variant)

    @get:Rule val rules: RuleChain = screenRule.rules

    @Test
    fun `every screen can be read and used`() {
        val faults = ArrayList<String>()
        screenRule.showEach(variant.screens().filter { (name, _) -> wanted == null || name in wanted }) { name, root ->
            draw("${variant.name}/$name")
            faults += faultsOf(root).map { "$name: $it" }
        }
        assertTrue(faults.joinToString("\n"), faults.isEmpty())
    }

    private fun draw(name: String) {
        val view = screenRule.activity.window.decorView
        val picture = Bitmap.createBitmap(view.width, view.height, Bitmap.Config.ARGB_8888)
        view.draw(Canvas(picture))
        val file = File(System.getProperty("vouchsafe.pictures"), "$name.png")
        file.parentFile!!.mkdirs()
        file.outputStream().use { picture.compress(Bitmap.CompressFormat.PNG, 100, it) }
    }

    /** Whatever can be tapped has a name, and is no smaller than a fingertip. */
    private fun faultsOf(root: SemanticsNode): List<String> {
        val least = 48 * root.layoutInfo.density.density - 1
        return root.all().filter { SemanticsActions.OnClick in it.config }.flatMap { node ->
            val name = node.spoken()
            buildList {
                if (name.isEmpty()) add("a control without a name at ${node.boundsInRoot}")
                // A control that is scrolled out of sight takes no touches, but has its size.
                val width = maxOf(node.touchBoundsInRoot.width, node.size.width.toFloat())
                val height = maxOf(node.touchBoundsInRoot.height, node.size.height.toFloat())
                if (width < least || height < least) add("'$name' is $width × $height pixels, less than $least")
            }
        }
    }

    companion object {
        @JvmStatic
        @ParameterizedRobolectricTestRunner.Parameters(name = "{0}")
        fun variants(): List<Array<Any?>> = when (System.getProperty("vouchsafe.variants")) {
            "all" -> DisplayVariant.all.map { arrayOf(it, null) }
            else -> DisplayVariant.sampled(MOST_PICTURES).map { (variant, screens) -> arrayOf(variant, screens) }
        }

        /** As many as are drawn for every change. */
        private const val MOST_PICTURES = 80
    }
}
