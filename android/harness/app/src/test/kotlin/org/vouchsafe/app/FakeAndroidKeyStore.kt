package org.vouchsafe.app

import android.security.keystore.KeyGenParameterSpec
import java.io.InputStream
import java.io.OutputStream
import java.security.Key
import java.security.KeyPair
import java.security.KeyPairGenerator
import java.security.KeyPairGeneratorSpi
import java.security.KeyStoreException
import java.security.KeyStoreSpi
import java.security.Provider
import java.security.PublicKey
import java.security.SecureRandom
import java.security.Security
import java.security.cert.Certificate
import java.security.spec.AlgorithmParameterSpec
import java.util.Collections
import java.util.Date
import java.util.Enumeration
import javax.crypto.KeyGenerator
import javax.crypto.KeyGeneratorSpi
import javax.crypto.SecretKey

/**
 * Robolectric has no AndroidKeyStore: this provider takes the real requests, and keeps keys in memory. It proves what is
 * asked of the key store and how its keys are used, and nothing about hardware.
 */
class FakeAndroidKeyStore : Provider("AndroidKeyStore", "1", "keys in memory") {
    init {
        put("KeyStore.AndroidKeyStore", Store::class.java.name)
        put("KeyPairGenerator.EC", PairGenerator::class.java.name)
        put("KeyGenerator.AES", SecretGenerator::class.java.name)
    }

    class PairGenerator : KeyPairGeneratorSpi() {
        private lateinit var spec: KeyGenParameterSpec

        override fun initialize(keysize: Int, random: SecureRandom?) = throw UnsupportedOperationException()

        override fun initialize(params: AlgorithmParameterSpec, random: SecureRandom?) {
            spec = params as KeyGenParameterSpec
        }

        override fun generateKeyPair(): KeyPair {
            asked += spec
            val pair = KeyPairGenerator.getInstance("EC").run {
                initialize(spec.algorithmParameterSpec)
                generateKeyPair()
            }
            pairs[spec.keystoreAlias] = pair
            return pair
        }
    }

    class SecretGenerator : KeyGeneratorSpi() {
        private lateinit var spec: KeyGenParameterSpec

        override fun engineInit(random: SecureRandom?) = throw UnsupportedOperationException()

        override fun engineInit(keysize: Int, random: SecureRandom?) = throw UnsupportedOperationException()

        override fun engineInit(params: AlgorithmParameterSpec, random: SecureRandom?) {
            spec = params as KeyGenParameterSpec
        }

        override fun engineGenerateKey(): SecretKey {
            asked += spec
            val other = Security.getProviders("KeyGenerator.AES").first { it.name != "AndroidKeyStore" }
            val key = KeyGenerator.getInstance("AES", other).apply { init(spec.keySize) }.generateKey()
            secrets[spec.keystoreAlias] = key
            return key
        }
    }

    class Store : KeyStoreSpi() {
        override fun engineGetKey(alias: String, password: CharArray?): Key? = pairs[alias]?.private ?: secrets[alias]

        override fun engineGetCertificate(alias: String): Certificate? = pairs[alias]?.let { Holder(it.public) }

        override fun engineGetCertificateChain(alias: String): Array<Certificate>? = engineGetCertificate(alias)?.let { arrayOf(it) }

        override fun engineGetCreationDate(alias: String): Date? = null

        override fun engineSetKeyEntry(a: String, k: Key, p: CharArray?, c: Array<Certificate>?) = throw KeyStoreException()

        override fun engineSetKeyEntry(a: String, k: ByteArray, c: Array<Certificate>?) = throw KeyStoreException()

        override fun engineSetCertificateEntry(a: String, c: Certificate) = throw KeyStoreException()

        override fun engineDeleteEntry(alias: String) {
            pairs.remove(alias)
            secrets.remove(alias)
        }

        override fun engineAliases(): Enumeration<String> = Collections.enumeration(pairs.keys + secrets.keys)

        override fun engineContainsAlias(alias: String) = alias in pairs || alias in secrets

        override fun engineSize() = pairs.size + secrets.size

        override fun engineIsKeyEntry(alias: String) = engineContainsAlias(alias)

        override fun engineIsCertificateEntry(alias: String) = false

        override fun engineGetCertificateAlias(certificate: Certificate): String? = null

        override fun engineStore(stream: OutputStream?, password: CharArray?) = Unit

        override fun engineLoad(stream: InputStream?, password: CharArray?) = Unit
    }

    private class Holder(private val key: PublicKey) : Certificate("key") {
        override fun getEncoded() = ByteArray(0)

        override fun verify(key: PublicKey) = Unit

        override fun verify(key: PublicKey, provider: String) = Unit

        override fun toString() = "a key"

        override fun getPublicKey() = key
    }

    companion object {
        val pairs = HashMap<String, KeyPair>()
        val secrets = HashMap<String, SecretKey>()

        /** Every key that was asked for, in order. */
        val asked = ArrayList<KeyGenParameterSpec>()

        fun install() {
            pairs.clear()
            secrets.clear()
            asked.clear()
            Security.removeProvider("AndroidKeyStore")
            Security.addProvider(FakeAndroidKeyStore())
        }
    }
}
