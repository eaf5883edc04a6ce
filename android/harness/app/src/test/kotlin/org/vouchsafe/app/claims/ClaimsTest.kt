package org.vouchsafe.app.claims

import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertTrue
import org.junit.Test
import org.vouchsafe.app.R
import org.vouchsafe.core.Benefit
import org.vouchsafe.core.Claim
import org.vouchsafe.core.RecordDelivery

/** How claims are found, sorted, added up and told. */
class ClaimsTest {
    private val paid = Claim(
        id = "0193f0a2b4c6d8e0f1020304a5060001",
        redeemedAt = 1_795_000_000uL,
        operator = null,
        reference = "01a1fe13b9fa7224a36a89b57f98c799",
        given = Benefit.Money(120_037uL, "PHP"),
        byReference = false,
        state = "paid",
        reason = null,
        delivery = RecordDelivery.Sent,
        voidedAt = null,
        documents = 0u,
        documentsSent = 0u,
    )
    private val waiting = paid.copy(state = "recorded", delivery = RecordDelivery.Waiting)

    @Test
    fun `a claim is found by its receipt number, its voucher's reference or its amount, as people type them`() {
        for (typed in listOf("", "A506 0001", "a5060001", "01A1FE13", "1200.37", "1200,37")) {
            assertTrue(typed, paid.matches(ClaimQuery(typed)))
        }
        for (typed in listOf("0002", "1200.38", "ff ff")) assertFalse(typed, paid.matches(ClaimQuery(typed)))
    }

    @Test
    fun `each state falls under one filter`() {
        assertEquals(ClaimFilter.Unsent, filterOf(waiting))
        assertEquals(ClaimFilter.Paid, filterOf(paid))
        assertEquals(ClaimFilter.Voided, filterOf(paid.copy(voidedAt = 1uL)))
        assertEquals(ClaimFilter.NeedsAttention, filterOf(paid.copy(delivery = RecordDelivery.Refused("record.hash"))))
        for (state in listOf("conflict", "denied", "rejected", "documents_missing", "payment_failed")) {
            assertEquals(state, ClaimFilter.NeedsAttention, filterOf(paid.copy(state = state)))
        }
        for (state in listOf("recorded", "submitted", "in_review", "approved", "a state of tomorrow")) {
            assertEquals(state, ClaimFilter.UnderWay, filterOf(paid.copy(state = state)))
        }
    }

    @Test
    fun `a total is by currency, and leaves out what was voided`() {
        val other = paid.copy(given = Benefit.Money(500uL, "XOF"))
        val total = totalOf(listOf(paid, paid, other, paid.copy(voidedAt = 1uL)))
        assertEquals(Total(3, mapOf("PHP" to 240_074uL, "XOF" to 500uL)), total)
    }

    @Test
    fun `a claim's timeline says what is done and what is still to come`() {
        fun done(claim: Claim) = timelineOf(claim).filter { it.done }.map { it.label }
        assertEquals(listOf(R.string.label_served), done(waiting))
        assertEquals(listOf(R.string.label_served, R.string.claim_received), done(paid.copy(state = "in_review")))
        assertEquals(5, done(paid).size)
        assertEquals(R.string.claim_conflict, timelineOf(paid.copy(state = "conflict")).last().label)
        assertEquals(R.string.claim_voided, timelineOf(waiting.copy(voidedAt = 5uL)).last().label)
    }
}
