package org.vouchsafe.app.claims

import android.content.ContentResolver
import android.graphics.Bitmap
import android.graphics.BitmapFactory
import android.graphics.Matrix
import android.media.ExifInterface
import android.net.Uri
import java.io.ByteArrayInputStream
import java.io.ByteArrayOutputStream
import java.io.IOException
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.withContext
import okio.buffer
import okio.source
import org.vouchsafe.core.NewDocument

/** Makes documents out of pictures and files. */
fun interface DocumentReader {
    /**
     * What a file holds, as it may leave this phone: a picture no larger than its text needs and without what the camera
     * wrote beside it (place, time, device), or a PDF as it stands. Nothing where it is neither.
     */
    suspend fun read(address: String): NewDocument?
}

/** From files that Android's picker or the camera hand over. */
class AndroidDocumentReader(private val files: ContentResolver) : DocumentReader {
    override suspend fun read(address: String): NewDocument? = withContext(Dispatchers.IO) {
        val uri = Uri.parse(address)
        try {
            val content = bytes(uri)
            when {
                content == null -> null
                content.startsWith(PDF) -> NewDocument(content, "application/pdf")
                else -> picture(content)?.let { NewDocument(it, "image/jpeg") }
            }
        } catch (_: IOException) {
            null
        } catch (_: SecurityException) {
            null
        }
    }

    private fun bytes(uri: Uri): ByteArray? = files.openInputStream(uri)?.source()?.buffer()?.use { content ->
        if (content.request(MOST_BYTES + 1)) null else content.readByteArray()
    }

    /** Only the pixels come through: upright, and made smaller where they are many. */
    private fun picture(content: ByteArray): ByteArray? {
        val size = BitmapFactory.Options().apply { inJustDecodeBounds = true }
        BitmapFactory.decodeByteArray(content, 0, content.size, size)
        var scale = 1
        while (maxOf(size.outWidth, size.outHeight) / (scale * 2) >= LONGEST_SIDE) scale *= 2
        val decode = BitmapFactory.Options().apply { inSampleSize = scale }
        val decoded = BitmapFactory.decodeByteArray(content, 0, content.size, decode) ?: return null
        val shrink = minOf(1f, LONGEST_SIDE.toFloat() / maxOf(decoded.width, decoded.height))
        val turn = Matrix().apply {
            postScale(shrink, shrink)
            postRotate(rotationOf(content))
        }
        val upright = Bitmap.createBitmap(decoded, 0, 0, decoded.width, decoded.height, turn, true)
        return ByteArrayOutputStream().also { upright.compress(Bitmap.CompressFormat.JPEG, QUALITY, it) }.toByteArray()
    }

    private fun rotationOf(content: ByteArray): Float =
        when (ExifInterface(ByteArrayInputStream(content)).getAttributeInt(ExifInterface.TAG_ORIENTATION, 0)) {
            ExifInterface.ORIENTATION_ROTATE_90 -> 90f
            ExifInterface.ORIENTATION_ROTATE_180 -> 180f
            ExifInterface.ORIENTATION_ROTATE_270 -> 270f
            else -> 0f
        }

    private fun ByteArray.startsWith(prefix: ByteArray) = size >= prefix.size && copyOf(prefix.size).contentEquals(prefix)

    private companion object {
        /** What the engine takes at most. */
        const val MOST_BYTES = 20_000_000L

        /** A4 at some 170 dots to an inch: small print stays readable. */
        const val LONGEST_SIDE = 2_000
        const val QUALITY = 80
        val PDF = "%PDF-".toByteArray()
    }
}
