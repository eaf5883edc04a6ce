package org.vouchsafe.app.claims

import android.graphics.Bitmap
import android.graphics.Canvas
import android.graphics.Color
import android.graphics.Typeface
import android.text.Layout
import android.text.StaticLayout
import android.text.TextDirectionHeuristics
import android.text.TextPaint
import androidx.compose.runtime.Composable
import androidx.compose.ui.res.stringResource
import java.io.File
import org.vouchsafe.app.R
import org.vouchsafe.app.ui.Formats
import org.vouchsafe.app.verdict.receiptNumber
import org.vouchsafe.core.Claim

/** What a provider hands out or keeps for a claim: its number in large letters, then line by line what was given. */
data class Receipt(val title: String, val lines: List<String>) {
    fun text(): String = (listOf(title) + lines).joinToString("\n")

    /** Draws it black on white, for a printer or a message. */
    fun drawTo(file: File) {
        val layouts = lines.map { layoutOf(it, LINE_SIZE, Typeface.DEFAULT) }.toMutableList()
        layouts.add(0, layoutOf(title, TITLE_SIZE, Typeface.DEFAULT_BOLD))
        val height = layouts.sumOf { it.height + GAP } + 2 * MARGIN
        val picture = Bitmap.createBitmap(WIDTH, height, Bitmap.Config.ARGB_8888)
        val canvas = Canvas(picture).apply {
            drawColor(Color.WHITE)
            translate(MARGIN.toFloat(), MARGIN.toFloat())
        }
        for (layout in layouts) {
            layout.draw(canvas)
            canvas.translate(0f, (layout.height + GAP).toFloat())
        }
        file.outputStream().use { picture.compress(Bitmap.CompressFormat.PNG, 100, it) }
    }

    private fun layoutOf(text: String, size: Float, face: Typeface): StaticLayout {
        val paint = TextPaint(TextPaint.ANTI_ALIAS_FLAG).apply {
            color = Color.BLACK
            textSize = size
            typeface = face
        }
        return StaticLayout.Builder.obtain(text, 0, text.length, paint, WIDTH - 2 * MARGIN)
            .setAlignment(Layout.Alignment.ALIGN_NORMAL)
            .setTextDirection(TextDirectionHeuristics.LOCALE)
            .build()
    }

    private companion object {
        const val WIDTH = 720
        const val MARGIN = 48
        const val GAP = 16
        const val TITLE_SIZE = 56f
        const val LINE_SIZE = 36f
    }
}

@Composable
fun receiptOf(claim: Claim, formats: Formats): Receipt = Receipt(
    stringResource(R.string.receipt_number, formats.isolateLtr(receiptNumber(claim.id))),
    listOfNotNull(
        given(claim, formats),
        formats.moment(claim.redeemedAt),
        claim.reference?.let { stringResource(R.string.receipt_voucher, formats.isolateLtr(it)) },
        claim.voidedAt?.let { stringResource(R.string.receipt_voided, formats.moment(it)) },
    ),
)
