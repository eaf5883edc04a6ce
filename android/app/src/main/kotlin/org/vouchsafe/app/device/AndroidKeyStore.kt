package org.vouchsafe.app.device

import android.os.Build
import android.security.keystore.KeyGenParameterSpec
import android.security.keystore.KeyInfo
import android.security.keystore.KeyPermanentlyInvalidatedException
import android.security.keystore.KeyProperties
import android.security.keystore.StrongBoxUnavailableException
import java.math.BigInteger
import java.security.GeneralSecurityException
import java.security.KeyFactory
import java.security.KeyPairGenerator
import java.security.PrivateKey
import java.security.Signature
import java.security.interfaces.ECPublicKey
import java.security.spec.ECGenParameterSpec
import javax.crypto.AEADBadTagException
import javax.crypto.Cipher
import javax.crypto.KeyGenerator
import javax.crypto.SecretKey
import javax.crypto.spec.GCMParameterSpec
import org.vouchsafe.core.KeyStore
import org.vouchsafe.core.KeyStoreException

/** Where a key lies. */
enum class KeyStrength { SOFTWARE, HARDWARE, STRONGBOX }

/**
 * Keys in Android's key store, whose private parts no app can take out: a P-256 key that signs, and an AES key that wraps
 * the ledger's. In StrongBox where the phone has one. Neither asks for the owner's presence, so a changed PIN destroys
 * neither.
 */
class AndroidKeyStore : KeyStore {
    private val store get() = java.security.KeyStore.getInstance(PROVIDER).apply { load(null) }

    override fun publicKey(): ByteArray = guarded {
        val key = store.getCertificate(DEVICE_KEY)?.publicKey ?: inStrongBox(::newDeviceKey)
        val point = (key as ECPublicKey).w
        byteArrayOf(UNCOMPRESSED) + coordinate(point.affineX) + coordinate(point.affineY)
    }

    /** How well the phone keeps the device key; nothing where it does not say. */
    fun strength(): KeyStrength? = try {
        val key = store.getKey(DEVICE_KEY, null) as PrivateKey?
        key?.let { KeyFactory.getInstance(it.algorithm, PROVIDER).getKeySpec(it, KeyInfo::class.java).strength() }
    } catch (_: GeneralSecurityException) {
        null
    }

    private fun KeyInfo.strength(): KeyStrength = when {
        Build.VERSION.SDK_INT < Build.VERSION_CODES.S ->
            @Suppress("DEPRECATION")
            if (isInsideSecureHardware) KeyStrength.HARDWARE else KeyStrength.SOFTWARE
        securityLevel == KeyProperties.SECURITY_LEVEL_STRONGBOX -> KeyStrength.STRONGBOX
        securityLevel == KeyProperties.SECURITY_LEVEL_SOFTWARE -> KeyStrength.SOFTWARE
        else -> KeyStrength.HARDWARE
    }

    override fun sign(message: ByteArray): ByteArray = guarded {
        val key = store.getKey(DEVICE_KEY, null) as PrivateKey? ?: throw KeyStoreException.Lost()
        Signature.getInstance("SHA256withECDSA").run {
            initSign(key)
            update(message)
            sign()
        }
    }

    override fun wrap(key: ByteArray): ByteArray = guarded {
        val wrapping = store.getKey(WRAPPING_KEY, null) as SecretKey? ?: inStrongBox(::newWrappingKey)
        Cipher.getInstance(AES).run {
            init(Cipher.ENCRYPT_MODE, wrapping)
            iv + doFinal(key)
        }
    }

    override fun unwrap(wrapped: ByteArray): ByteArray = guarded {
        val wrapping = store.getKey(WRAPPING_KEY, null) as SecretKey? ?: throw KeyStoreException.Lost()
        Cipher.getInstance(AES).run {
            init(Cipher.DECRYPT_MODE, wrapping, GCMParameterSpec(TAG_BITS, wrapped, 0, IV_BYTES))
            doFinal(wrapped, IV_BYTES, wrapped.size - IV_BYTES)
        }
    }

    private fun newDeviceKey(strongBox: Boolean) =
        KeyPairGenerator.getInstance(KeyProperties.KEY_ALGORITHM_EC, PROVIDER).run {
            val purposes = KeyProperties.PURPOSE_SIGN or KeyProperties.PURPOSE_VERIFY
            val spec = KeyGenParameterSpec.Builder(DEVICE_KEY, purposes)
                .setAlgorithmParameterSpec(ECGenParameterSpec("secp256r1"))
                .setDigests(KeyProperties.DIGEST_SHA256)
                .strongBox(strongBox)
            initialize(spec.build())
            generateKeyPair().public
        }

    private fun newWrappingKey(strongBox: Boolean) =
        KeyGenerator.getInstance(KeyProperties.KEY_ALGORITHM_AES, PROVIDER).run {
            val purposes = KeyProperties.PURPOSE_ENCRYPT or KeyProperties.PURPOSE_DECRYPT
            val spec = KeyGenParameterSpec.Builder(WRAPPING_KEY, purposes)
                .setKeySize(256)
                .setBlockModes(KeyProperties.BLOCK_MODE_GCM)
                .setEncryptionPaddings(KeyProperties.ENCRYPTION_PADDING_NONE)
                .strongBox(strongBox)
            init(spec.build())
            generateKey()
        }

    private fun KeyGenParameterSpec.Builder.strongBox(wanted: Boolean) = apply {
        if (wanted && Build.VERSION.SDK_INT >= Build.VERSION_CODES.P) setIsStrongBoxBacked(true)
    }

    private fun <T> inStrongBox(make: (strongBox: Boolean) -> T): T {
        if (Build.VERSION.SDK_INT < Build.VERSION_CODES.P) return make(false)
        return try {
            make(true)
        } catch (_: StrongBoxUnavailableException) {
            make(false)
        }
    }

    private fun coordinate(value: BigInteger): ByteArray {
        val bytes = value.toByteArray().takeLast(COORDINATE_BYTES).toByteArray()
        return ByteArray(COORDINATE_BYTES - bytes.size) + bytes
    }

    // Whatever is thrown here must be what the engine knows: anything else would be taken for success, or for a panic.
    private fun <T> guarded(call: () -> T): T = try {
        call()
    } catch (known: KeyStoreException) {
        throw known
    } catch (_: KeyPermanentlyInvalidatedException) {
        throw KeyStoreException.Lost()
    } catch (_: AEADBadTagException) {
        throw KeyStoreException.Lost()
    } catch (other: Throwable) {
        throw KeyStoreException.Unusable(other.toString())
    }

    private companion object {
        const val PROVIDER = "AndroidKeyStore"
        const val DEVICE_KEY = "device"
        const val WRAPPING_KEY = "ledger"
        const val AES = "AES/GCM/NoPadding"
        const val TAG_BITS = 128
        const val IV_BYTES = 12
        const val UNCOMPRESSED: Byte = 4
        const val COORDINATE_BYTES = 32
    }
}
