package org.vouchsafe.app.device

import android.content.ClipData
import android.content.Context
import android.content.Intent
import android.net.Uri
import android.provider.DocumentsContract
import androidx.core.content.FileProvider
import java.io.File
import java.io.IOException
import java.io.OutputStream
import okio.buffer
import okio.source

/** Files that leave the app or come to it: through other apps for as long as they need them, or in folders that people pick. */
class SharedFiles(private val context: Context) {
    private val shared = context.cacheDir.resolve("shared")

    /** A file to be shared; it may be written before another app gets it, or by that app. */
    fun fileFor(name: String): File {
        shared.mkdirs()
        return shared.resolve(File(name).name)
    }

    /** URIs under which other apps reach shared files. */
    fun urisOf(names: List<String>): List<Uri> =
        names.map { FileProvider.getUriForFile(context, "${context.packageName}.files", fileFor(it)) }

    fun deleteAll() {
        shared.deleteRecursively()
    }

    /** Begins a new file in a folder that the user picked. */
    fun createIn(folder: Uri, name: String): OutputStream {
        val parent = DocumentsContract.buildDocumentUriUsingTree(folder, DocumentsContract.getTreeDocumentId(folder))
        return try {
            val created = DocumentsContract.createDocument(context.contentResolver, parent, ANY_TYPE, name)
            created?.let(context.contentResolver::openOutputStream) ?: throw IOException("the folder takes no file")
        } catch (refused: SecurityException) {
            throw IOException(refused)
        } catch (refused: IllegalArgumentException) {
            throw IOException(refused)
        }
    }

    fun read(picked: Uri, most: Int): ByteArray = try {
        val stream = context.contentResolver.openInputStream(picked) ?: throw IOException("no such file")
        stream.source().buffer().use { content ->
            if (content.request(most + 1L)) throw IOException("the file has more than $most bytes")
            content.readByteArray()
        }
    } catch (refused: SecurityException) {
        throw IOException(refused)
    }

    companion object {
        const val ANY_TYPE = "application/octet-stream"
    }
}

/** Asks which app should have some files, or a text, or both. */
fun Context.share(type: String, files: List<Uri> = emptyList(), text: String? = null) {
    val send = if (files.size > 1) Intent(Intent.ACTION_SEND_MULTIPLE) else Intent(Intent.ACTION_SEND)
    send.type = type
    text?.let { send.putExtra(Intent.EXTRA_TEXT, it) }
    when (files.size) {
        0 -> {}
        1 -> send.putExtra(Intent.EXTRA_STREAM, files.single())
        else -> send.putParcelableArrayListExtra(Intent.EXTRA_STREAM, ArrayList(files))
    }
    if (files.isNotEmpty()) {
        // The chooser hands on the permission to read only for what stands here.
        send.clipData = files.drop(1).fold(ClipData.newRawUri(null, files.first())) { all, one ->
            all.apply { addItem(ClipData.Item(one)) }
        }
        send.addFlags(Intent.FLAG_GRANT_READ_URI_PERMISSION)
    }
    startActivity(Intent.createChooser(send, null))
}
