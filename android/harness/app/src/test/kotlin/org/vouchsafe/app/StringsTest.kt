package org.vouchsafe.app

import java.io.File
import javax.xml.parsers.DocumentBuilderFactory
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Test
import org.w3c.dom.Element

/** Every text is there in every language, and says the same things. */
class StringsTest {
    private val english = texts("values")

    @Test
    fun `no language lacks a text or has one too many`() {
        assertTrue(english.isNotEmpty())
        for (language in LANGUAGES) assertEquals(language, english.keys, texts(language).keys)
    }

    @Test
    fun `a text speaks of the same things in every language`() {
        for (language in LANGUAGES) {
            for ((name, text) in texts(language)) {
                assertEquals("$language: $name", placeholders(english.getValue(name)), placeholders(text))
            }
        }
    }

    @Test
    fun `a count has every form that its language knows`() {
        val forms = mapOf(
            "values" to setOf("one", "other"),
            "values-fr" to setOf("one", "many", "other"),
            "values-ar" to setOf("zero", "one", "two", "few", "many", "other"),
        )
        for ((language, expected) in forms) {
            for (plural in elements(language, "plurals")) {
                val items = plural.getElementsByTagName("item")
                val found = (0 until items.length).map { (items.item(it) as Element).getAttribute("quantity") }.toSet()
                assertEquals("$language: ${plural.getAttribute("name")}", expected, found)
            }
        }
    }

    private fun placeholders(text: String) = Regex("%\\d\\\$s").findAll(text).map { it.value }.toSortedSet()

    private fun texts(language: String): Map<String, String> = elements(language, "string")
        .filter { it.getAttribute("translatable") != "false" }
        .associate { it.getAttribute("name") to it.textContent }

    private fun elements(language: String, tag: String): List<Element> {
        val file = File(System.getProperty("vouchsafe.resources"), "$language/strings.xml")
        val found = DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(file).getElementsByTagName(tag)
        return (0 until found.length).map { found.item(it) as Element }
    }

    private companion object {
        val LANGUAGES = listOf("values-fr", "values-ar")
    }
}
