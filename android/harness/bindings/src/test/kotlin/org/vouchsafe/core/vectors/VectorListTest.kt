package org.vouchsafe.core.vectors

import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Test

/** Which files of test-vectors/ are played through the bindings, and why the others cannot be. A new file must be in one list. */
class VectorListTest {
    @Test
    fun `every file is played, or has no door here`() {
        assertEquals(emptySet<String>(), PLAYED intersect NO_DOOR.keys)
        assertEquals((PLAYED + NO_DOOR.keys).sorted(), VectorFile.folder.list()!!.filter { it.endsWith(".json") }.sorted())
    }

    private companion object {
        /** Of three of them the part that reaches a phone; the tests of these files count it. */
        val PLAYED = setOf(
            "cbor.json",
            // Envelopes of vouchers, status lists and profiles.
            "cose.json",
            "delegation.json",
            // Offers; requests are what a phone sends.
            "enrolment.json",
            "issued.json",
            // The phone's own key; those of others come in trust lists.
            "key.json",
            "openg2p.json",
            "profile.json",
            "status.json",
            "text.json",
            "trust.json",
            "verdict.json",
            "voucher.json",
        )

        val NO_DOOR = mapOf(
            "ack.json" to "an ack names a chain of records, and each phone draws the id of its own by chance; AckVectorsTest signs its own",
            "batch.json" to "a phone writes batches and reads none",
            "bundle.json" to "bundles are sealed to the server, answers to a key that each phone makes for itself",
            "by_code.json" to "records, which a phone writes, and trust lists whose flag shows where a voucher is listed",
            "record.json" to "a phone writes records and reads none of others",
            "restored.json" to "records, batches and acks, as above",
            "sealed.json" to "sealed to the server's key",
            "session.json" to "a phone writes session proofs and reads none",
        )
    }
}
