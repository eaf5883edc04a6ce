package org.vouchsafe.app.claims

import android.graphics.Bitmap
import android.graphics.BitmapFactory
import android.net.Uri
import androidx.test.core.app.ApplicationProvider
import androidx.test.ext.junit.runners.AndroidJUnit4
import java.io.ByteArrayOutputStream
import kotlinx.coroutines.runBlocking
import org.junit.After
import org.junit.Assert.assertArrayEquals
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.Shadows.shadowOf
import org.vouchsafe.app.TestApplication
import org.vouchsafe.app.device.EnginePhone
import org.vouchsafe.core.NewDocument

/** What may leave the phone of a picture or a file. */
@RunWith(AndroidJUnit4::class)
class DocumentReaderTest {
    private val app: TestApplication = ApplicationProvider.getApplicationContext()
    private val documentReader = AndroidDocumentReader(app.contentResolver)

    @After
    fun `the phone is put down`() = (app.container.phone as EnginePhone).close()

    @Test
    fun `a photograph is made upright and smaller, and tells nothing but its pixels`() {
        val photograph = photograph(3_000, 2_000)
        assertTrue(PLACE in photograph.decodeToString())
        val document = read(photograph)!!
        assertEquals("image/jpeg", document.mediaType)
        assertFalse(PLACE in document.content.decodeToString())
        assertFalse("Exif" in document.content.decodeToString())
        val size = BitmapFactory.Options().apply { inJustDecodeBounds = true }
        BitmapFactory.decodeByteArray(document.content, 0, document.content.size, size)
        assertEquals(1_333 to 2_000, size.outWidth to size.outHeight)
    }

    @Test
    fun `a PDF stays as it is, and what is neither is refused`() {
        val pdf = "%PDF-1.4 and so on".toByteArray()
        val document = read(pdf)!!
        assertEquals("application/pdf", document.mediaType)
        assertArrayEquals(pdf, document.content)
        assertEquals(null, read("just words".toByteArray()))
        assertEquals(null, read(ByteArray(0)))
    }

    private fun read(content: ByteArray): NewDocument? {
        val address = Uri.parse("content://files/${content.size}")
        shadowOf(app.contentResolver).registerInputStreamSupplier(address) { content.inputStream() }
        return runBlocking { documentReader.read(address.toString()) }
    }

    companion object {
        private const val PLACE = "14.5995 N, 120.9842 E"

        /** A camera's picture that lies on its side, and says where it was taken. */
        fun photograph(width: Int, height: Int): ByteArray {
            val pixels = Bitmap.createBitmap(width, height, Bitmap.Config.ARGB_8888)
            val plain = ByteArrayOutputStream().also { pixels.compress(Bitmap.CompressFormat.JPEG, 90, it) }.toByteArray()
            // TIFF, little-endian: one directory with one entry, orientation (0x0112), "turn by 90 degrees".
            val directory = byteArrayOf(1, 0, 0x12, 1, 3, 0, 1, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0)
            val tiff = "II".toByteArray() + byteArrayOf(42, 0, 8, 0, 0, 0) + directory + PLACE.toByteArray()
            val exif = "Exif".toByteArray() + byteArrayOf(0, 0) + tiff
            val length = exif.size + 2
            val segment = byteArrayOf(0xFF.toByte(), 0xE1.toByte(), (length shr 8).toByte(), length.toByte()) + exif
            return plain.copyOf(2) + segment + plain.drop(2)
        }
    }
}
