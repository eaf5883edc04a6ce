package org.vouchsafe.core.vectors

import com.google.gson.JsonObject
import com.google.gson.JsonParser
import java.io.File

/** One file of test-vectors/, by the rules of its README: what is not known there is an error. */
class VectorFile(private val name: String, vararg fields: String, shared: Set<String> = emptySet()) {
    val whole: JsonObject = JsonParser.parseString(File(folder, name).readText()).asJsonObject
    val vectors: List<Vector> = whole["vectors"].asJsonArray.map { Vector(it.asJsonObject) }

    init {
        check(whole.keySet() == shared + setOf("about", "vectors")) { "$name: ${whole.keySet()}" }
        check(vectors.isNotEmpty()) { "$name has no vectors" }
        val known = fields.toSet() + setOf("name", "what", "expect")
        for (vector in vectors) check(known.containsAll(vector.own.keySet())) { "$name, ${vector.name}: ${vector.own.keySet()}" }
    }

    /** Plays every vector of which [take] says that the phone has a say; all that go wrong are told at once. */
    fun play(expected: Int, take: (Vector) -> Boolean = { true }, check: (Vector) -> Unit) {
        val taken = vectors.filter(take)
        val wrong = taken.mapNotNull { vector -> runCatching { check(vector) }.exceptionOrNull()?.let { "${vector.name}: $it" } }
        if (wrong.isNotEmpty()) throw AssertionError("$name:\n${wrong.joinToString("\n")}")
        if (taken.size != expected) throw AssertionError("$name: $expected vectors were to be played, ${taken.size} were")
    }

    companion object {
        val folder = File(System.getProperty("vouchsafe.vectors"))

        /** A file of verdicts, with all that a phone may hold when it is asked for one. */
        fun ofVerdicts(name: String) = VectorFile(
            name, "text", "trust", "profile", "status_lists", "clock", "redeemed", "limit", "voucher",
            shared = setOf("trusts", "profiles", "status_lists"),
        )
    }
}

class Vector(val own: JsonObject) {
    val name: String = own["name"].asString
    val expect: JsonObject = own["expect"].asJsonObject

    /** The code of the fault, where reading it must fail. */
    val error: String? = expect["error"]?.asString

    operator fun contains(field: String) = own.has(field)

    fun text(field: String): String = own[field].asString

    fun hex(field: String): ByteArray = bytes(text(field)) + ByteArray(own["zeros"]?.asInt ?: 0)
}
