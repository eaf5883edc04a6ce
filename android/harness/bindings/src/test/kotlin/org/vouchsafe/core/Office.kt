package org.vouchsafe.core

import com.google.gson.JsonObject
import com.google.gson.JsonParser
import java.io.File
import java.net.ServerSocket

/** A programme office with its server, driven by the server's own commands. */
class Office(private val dir: File) : AutoCloseable {
    private val address = ServerSocket(0).use { "127.0.0.1:${it.localPort}" }
    private var server: Process

    init {
        run("init", "--origin", "http://$address", "--issuer", "welfare", "--name", "Provincial Welfare Office")
        run("trust", "ceremony", "--root-keys", "$dir/root-keys", "--roots", "3", "--threshold", "2")
        run("programme", "add", "--id", "aid", "--name", "Medical Aid", "--zone", "Asia/Manila", "--currency", "PHP")
        run("provider", "add", "--id", "mercy", "--name", "Mercy Pharmacy", "--programme", "aid")
        run("trust", "publish")
        server = started()
    }

    private fun started(): Process {
        val server = process("serve", "--listen", address).redirectError(ProcessBuilder.Redirect.DISCARD).start()
        checkNotNull(server.inputReader().readLine()) { "the server ended before it was ready" }
        return server
    }

    /** Nobody reaches the server until it is started again. */
    fun stopServer() = close()

    fun startServer() {
        server = started()
    }

    /** The picture of a new enrolment code. */
    fun offer(): File {
        val offer = run("enrolment", "offer", "--provider", "mercy", "--out", "$dir/enrolment", "--json")
        return File(offer.single()["png"].asString)
    }

    /** Confirms the phone that shows these digits. */
    fun confirm(digits: String) {
        val device = run("enrolment", "pending", "--json").single { it["digits"].asString == digits }
        run("enrolment", "confirm", device["device"].asString, "--digits", digits)
    }

    /** The picture of a new voucher over 5,000 pesos. */
    fun issue(): File = issue("--money", "5000.00").picture

    /** A new voucher that gives what [benefit] says, with other options of the command. */
    fun issue(vararg benefit: String): Issued {
        val last = if ("--until" in benefit) emptyArray() else arrayOf("--until", "2099-12-31")
        val voucher = run(
            "issue", "--json", "--programme", "aid", "--holder", "Maria Santos", "--assistance", "Medicine",
            "--out", "$dir/vouchers", *last, *benefit,
        ).single()
        return Issued(File(voucher["png"].asString), voucher["reference"].asString)
    }

    class Issued(val picture: File, val reference: String)

    /** Gives a command to the server's program, such as `revoke`. */
    fun command(vararg words: String) {
        run(*words)
    }

    /** Says that the key which signs vouchers is in wrong hands, and that nothing it signed stays good. */
    fun compromiseVoucherKey() {
        val keys = run("trust", "show", "--json").single()["keys"].asJsonArray.map { it.asJsonObject }
        val kid = keys.first { it["use"].asString == "voucher" && it["end"].isJsonNull }["kid"].asString
        run("trust", "compromise", kid, "--nothing")
    }

    /** Takes in files of phones; gives those that go back. */
    fun importBundle(files: List<File>): List<File> {
        val back = File(dir, "answers-${files.first().name}")
        run("bundle", "import", "--out", back.path, *files.map { it.path }.toTypedArray())
        return back.listFiles()!!.sorted()
    }

    /** Every claim that the server holds. */
    fun claims(): List<JsonObject> = run("claims", "--json")

    override fun close() {
        server.destroyForcibly().waitFor()
    }

    private fun process(vararg arguments: String) =
        ProcessBuilder(System.getProperty("vouchsafe.server"), "--home", "$dir/server", *arguments)

    /** Runs a command to its end; gives the JSON lines that it printed. */
    private fun run(vararg arguments: String): List<JsonObject> {
        val process = process(*arguments).redirectErrorStream(true).start()
        val said = process.inputReader().readText()
        check(process.waitFor() == 0) { "${arguments.joinToString(" ")}: $said" }
        return if ("--json" in arguments) said.lines().filter(String::isNotBlank).map(::json) else emptyList()
    }

    private fun json(line: String) = JsonParser.parseString(line).asJsonObject
}
