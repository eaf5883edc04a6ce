package org.vouchsafe.app

import android.security.keystore.KeyProperties
import androidx.test.ext.junit.runners.AndroidJUnit4
import java.security.Signature
import org.junit.Assert.assertArrayEquals
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Before
import org.junit.Test
import org.junit.runner.RunWith
import org.vouchsafe.app.device.AndroidKeyStore
import org.vouchsafe.core.KeyStoreException

/** What is asked of Android's key store, and how its keys are used. */
@RunWith(AndroidJUnit4::class)
class AndroidKeyStoreTest {
    private val keys = AndroidKeyStore()

    @Before
    fun `a phone without keys`() = FakeAndroidKeyStore.install()

    @Test
    fun `the device key is P-256, made once, in StrongBox, and asks for nobody's presence`() {
        val point = keys.publicKey()
        assertEquals(65, point.size)
        assertArrayEquals(point, keys.publicKey())
        val asked = FakeAndroidKeyStore.asked.single()
        assertEquals(KeyProperties.PURPOSE_SIGN or KeyProperties.PURPOSE_VERIFY, asked.purposes)
        assertArrayEquals(arrayOf(KeyProperties.DIGEST_SHA256), asked.digests)
        assertTrue(asked.isStrongBoxBacked)
        assertFalse(asked.isUserAuthenticationRequired)
    }

    @Test
    fun `what it signs verifies`() {
        keys.publicKey()
        val message = "a record".toByteArray()
        val signature = keys.sign(message)
        val verifies = Signature.getInstance("SHA256withECDSA").run {
            initVerify(FakeAndroidKeyStore.pairs.values.single().public)
            update(message)
            verify(signature)
        }
        assertTrue(verifies)
    }

    @Test
    fun `the ledger's key comes back from what was stored`() {
        val key = ByteArray(32) { it.toByte() }
        val wrapped = keys.wrap(key)
        assertFalse(wrapped.toList().windowed(32).any { it == key.toList() })
        assertArrayEquals(key, keys.unwrap(wrapped))
    }

    @Test
    fun `a key that is gone is told from one that cannot be used now`() {
        val wrapped = keys.wrap(ByteArray(32))
        assertThrows(KeyStoreException.Unusable::class.java) { keys.unwrap(wrapped.copyOf(5)) }
        FakeAndroidKeyStore.install()
        assertThrows(KeyStoreException.Lost::class.java) { keys.unwrap(wrapped) }
        assertThrows(KeyStoreException.Lost::class.java) { keys.sign(ByteArray(1)) }
    }
}
