package org.vouchsafe.app.scan

import android.content.ContentResolver
import android.graphics.Bitmap
import android.graphics.BitmapFactory
import android.graphics.Color
import android.graphics.pdf.PdfRenderer
import android.net.Uri
import java.io.IOException
import java.nio.ByteBuffer
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.withContext
import org.vouchsafe.core.FrameLayout
import org.vouchsafe.core.Rotation

/** Reads codes from picture files and pages. */
fun interface PictureReader {
    /** The texts of the symbols in a file; none where it is no picture. */
    suspend fun textsIn(address: String): List<String>
}

/** Files that Android's picker or another app hands over. Large ones are read at a size that codes survive. */
class AndroidPictureReader(private val files: ContentResolver) : PictureReader {
    override suspend fun textsIn(address: String): List<String> = withContext(Dispatchers.IO) {
        val uri = Uri.parse(address)
        try {
            if (files.getType(uri) == "application/pdf") pages(uri) else picture(uri)?.let(::texts).orEmpty()
        } catch (_: IOException) {
            emptyList()
        } catch (_: SecurityException) {
            emptyList()
        }
    }

    private fun picture(uri: Uri): Bitmap? {
        val size = BitmapFactory.Options().apply { inJustDecodeBounds = true }
        files.openInputStream(uri)?.use { BitmapFactory.decodeStream(it, null, size) }
        var scale = 1
        while (size.outWidth.toLong() * size.outHeight / (scale * scale) > MOST_PIXELS) scale *= 2
        val decode = BitmapFactory.Options().apply { inSampleSize = scale }
        return files.openInputStream(uri)?.use { BitmapFactory.decodeStream(it, null, decode) }
    }

    private fun pages(uri: Uri): List<String> = files.openFileDescriptor(uri, "r")?.use { file ->
        PdfRenderer(file).use { document ->
            (0 until minOf(document.pageCount, MOST_PAGES)).flatMap { number ->
                document.openPage(number).use { page ->
                    val scale = minOf(PDF_SCALE, kotlin.math.sqrt(MOST_PIXELS.toFloat() / (page.width * page.height)))
                    val drawn = Bitmap.createBitmap(
                        (page.width * scale).toInt(), (page.height * scale).toInt(), Bitmap.Config.ARGB_8888,
                    )
                    drawn.eraseColor(Color.WHITE)
                    page.render(drawn, null, null, PdfRenderer.Page.RENDER_MODE_FOR_PRINT)
                    texts(drawn)
                }
            }
        }
    }.orEmpty()

    private fun texts(picture: Bitmap): List<String> = frameOf(picture).texts()

    private companion object {
        const val MOST_PIXELS = 12_000_000L
        const val MOST_PAGES = 20

        /** Of the 72 points to an inch: about 200 pixels to an inch. */
        const val PDF_SCALE = 2.8f
    }
}

/** The luma plane of a picture; what is transparent counts as paper. */
fun frameOf(picture: Bitmap): Frame {
    val luma = ByteBuffer.allocateDirect(picture.width * picture.height)
    val row = IntArray(picture.width)
    for (y in 0 until picture.height) {
        picture.getPixels(row, 0, picture.width, 0, y, picture.width, 1)
        for (colour in row) {
            val ink = 299 * Color.red(colour) + 587 * Color.green(colour) + 114 * Color.blue(colour)
            val opacity = Color.alpha(colour)
            luma.put(((ink / 1_000 * opacity + 255 * (255 - opacity)) / 255).toByte())
        }
    }
    luma.flip()
    return Frame(luma, FrameLayout(picture.width.toUInt(), picture.height.toUInt(), picture.width.toUInt(), null, Rotation.NONE))
}
