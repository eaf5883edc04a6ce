package org.vouchsafe.core.vectors

import java.math.BigInteger
import java.security.AlgorithmParameters
import java.security.KeyFactory
import java.security.KeyPairGenerator
import java.security.MessageDigest
import java.security.SecureRandom
import java.security.Signature
import java.security.interfaces.ECPublicKey
import java.security.spec.ECGenParameterSpec
import java.security.spec.ECParameterSpec
import java.security.spec.ECPoint
import java.security.spec.ECPrivateKeySpec
import java.security.spec.ECPublicKeySpec
import java.security.spec.NamedParameterSpec
import org.vouchsafe.core.KeyStore

/**
 * A key of the vectors' office: Ed25519, its seed 32 times one byte. All private keys behind the vectors are made of public
 * numbers (testing/samples), so that a test can play their office and their phone.
 */
enum class OfficeKey(seed: Int) {
    VOUCHER(5),
    STATUS(6),
    ACK(8),
    ;

    private val pair = KeyPairGenerator.getInstance("Ed25519").run {
        initialize(NamedParameterSpec.ED25519, object : SecureRandom() {
            override fun nextBytes(bytes: ByteArray) = bytes.fill(seed.toByte())
        })
        generateKeyPair()
    }

    // The last 32 bytes of the X.509 form are the point of RFC 8032.
    private val kid = sha256(cbor(mapOf(1 to 1, -1 to 6, -2 to pair.public.encoded.takeLast(32).toByteArray()))).copyOf(8)

    /** An envelope of docs/protocol.md §2; a voucher's has no [type]. */
    fun sign(type: String?, payload: ByteArray): ByteArray {
        val head = mapOf(1 to -19, 4 to kid) + if (type == null) emptyMap() else mapOf(16 to type)
        val protected = cbor(head)
        val signature = Signature.getInstance("Ed25519").run {
            initSign(pair.private)
            update(cbor(listOf("Signature1", protected, ByteArray(0), payload)))
            sign()
        }
        return cbor(Tagged(18, listOf(protected, emptyMap<Int, Int>(), payload, signature)))
    }
}

/** A phone's key store with a P-256 key of the vectors, whose private part is 32 times one byte. */
class VectorKeyStore(private val point: ByteArray) : KeyStore {
    /** The digest by which an ack names the phone. */
    val thumbprint: ByteArray
        get() = sha256(cbor(mapOf(1 to 2, -1 to 1, -2 to point.copyOfRange(1, 33), -3 to point.copyOfRange(33, 65))))

    private val key by lazy {
        SCALARS.map { scalar -> EC.generatePrivate(ECPrivateKeySpec(BigInteger(1, ByteArray(32) { scalar.toByte() }), P256)) }
            .first { key ->
                val signed = signer().run { initSign(key); update(point); sign() }
                signer().run { initVerify(public()); update(point); verify(signed) }
            }
    }

    override fun publicKey() = point

    override fun sign(message: ByteArray): ByteArray = signer().run {
        initSign(key)
        update(message)
        sign()
    }

    override fun wrap(key: ByteArray) = key

    override fun unwrap(wrapped: ByteArray) = wrapped

    private fun public(): ECPublicKey {
        val (x, y) = listOf(1..32, 33..64).map { BigInteger(1, point.sliceArray(it)) }
        return EC.generatePublic(ECPublicKeySpec(ECPoint(x, y), P256)) as ECPublicKey
    }

    private fun signer() = Signature.getInstance("SHA256withECDSA")

    companion object {
        private val EC = KeyFactory.getInstance("EC")
        private val P256 = AlgorithmParameters.getInstance("EC").run {
            init(ECGenParameterSpec("secp256r1"))
            getParameterSpec(ECParameterSpec::class.java)
        }

        /** The phone's and the field officer's. */
        private val SCALARS = listOf(0x21, 0x23)

        /** With the first P-256 key that stands in these bytes. */
        fun of(signed: ByteArray): VectorKeyStore {
            val found = checkNotNull(COSE_KEY.find(signed.toHex())) { "no P-256 key" }
            return VectorKeyStore(bytes("04" + found.groupValues[1] + found.groupValues[2]))
        }

        private val COSE_KEY = Regex("a401022001215820([0-9a-f]{64})225820([0-9a-f]{64})")
    }
}

fun sha256(bytes: ByteArray): ByteArray = MessageDigest.getInstance("SHA-256").digest(bytes)

fun bytes(hex: String): ByteArray = java.util.HexFormat.of().parseHex(hex)

fun ByteArray.toHex(): String = java.util.HexFormat.of().formatHex(this)

private const val BASE45 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"

/** RFC 9285. */
fun base45(bytes: ByteArray): String = bytes.toList().chunked(2).joinToString("") { pair ->
    var number = pair.fold(0) { sum, byte -> sum * 256 + (byte.toInt() and 0xFF) }
    (0..pair.size).map { BASE45[number % 45].also { number /= 45 } }.joinToString("")
}
