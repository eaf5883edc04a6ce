//! The one function by which everything derived follows from the sources.
//!
//! [`apply`] takes one event, in order of arrival, to the derived tables. It reads and writes those
//! tables alone, so that the same events give the same tables in an empty database: that is how
//! doctor checks them.

use crate::clock::DeviceClock;
use crate::ledger::cipher::Cipher;
use crate::ledger::identity::ServedIdentity;
use crate::ledger::sql::{Column, get};
use protocol::ack::{Ack, ClaimState, ClaimUpdate, Outcome};
use protocol::id::ClaimId;
use protocol::record::{Body, Document, Header, Kind, RefusedSubject};
use protocol::voucher::Identity;
use protocol::{Hash, Timestamp};
use rusqlite::{Connection, OptionalExtension, params};

/// The derived tables with the order of their rows, parents before children.
pub(super) const TABLES: &[(&str, &str)] = &[
    ("outbox", "record"),
    ("claim", "id"),
    ("attachment", "claim, document"),
    ("refusal", "subject, reason"),
    ("clock_floor", "kind, role"),
    ("newest", "kind"),
    ("status_list", "number"),
    ("last_ack", "only"),
    ("divergence", "only"),
];

/// When and where an event happened.
#[derive(Debug, Clone, Copy)]
pub(super) struct Occasion {
    /// Its number among all events.
    pub(super) arrival: u64,
    /// The number of the chain that was written at the time.
    pub(super) chain: i64,
    /// What the clocks said.
    pub(super) clock: DeviceClock,
}

/// Something new in the sources.
pub(super) enum Event<'e> {
    /// A record was signed.
    Record {
        header: &'e Header,
        hash: Hash,
        /// The digest of its sealed bytes.
        item: Hash,
        effect: Effect<'e>,
    },
    /// This phone was enrolled.
    Enrolment,
    /// A trust file was accepted.
    Trust { issued: Timestamp },
    /// A profile was accepted.
    Profile,
    /// A status list was accepted; the digest is that of its token.
    StatusList { number: u64, token: Hash, issued: Timestamp },
    /// An ack was accepted; the digest is that of its payload.
    Ack { ack: &'e Ack, hash: Hash },
}

/// What a record does to the claims. Identities are keyed digests.
pub(super) enum Effect<'e> {
    Redeem {
        claim: ClaimId,
        identity: Hash,
        soft_floor: Option<Timestamp>,
        documents: &'e [Document],
    },
    Void {
        claim: ClaimId,
    },
    Refuse {
        subject: Hash,
        reason: &'e str,
    },
    AttachDocument {
        claim: ClaimId,
        document: &'e Document,
    },
    /// It does nothing to claims.
    None,
}

impl<'e> Effect<'e> {
    /// The effect of a body; `None` when a redemption lacks the identity of its voucher.
    pub(super) fn of(
        body: &'e Body,
        served: Option<&ServedIdentity>,
        cipher: &Cipher,
    ) -> Option<Self> {
        Some(match body {
            Body::Redeem(redeem) => {
                let served = served?;
                Effect::Redeem {
                    claim: redeem.claim,
                    identity: keyed_identity(cipher, &served.identity),
                    soft_floor: served.soft_floor,
                    documents: &redeem.documents,
                }
            }
            Body::Void { claim, .. } => Effect::Void { claim: *claim },
            Body::Refuse { reason, subject } => {
                Effect::Refuse { subject: keyed_subject(cipher, subject), reason }
            }
            Body::AttachDocument { claim, document } => {
                Effect::AttachDocument { claim: *claim, document }
            }
            Body::Issue { .. } | Body::Override { .. } | Body::Restart(_) => Effect::None,
        })
    }
}

/// The digest by which a voucher is looked up.
pub(super) fn keyed_identity(cipher: &Cipher, identity: &Identity) -> Hash {
    cipher.keyed_digest("identity", identity.hash())
}

/// The digest by which a refusal is looked up.
pub(super) fn keyed_subject(cipher: &Cipher, subject: &RefusedSubject) -> Hash {
    match subject {
        RefusedSubject::Voucher(hash) => cipher.keyed_digest("refused voucher", *hash),
        RefusedSubject::Text(hash) => cipher.keyed_digest("refused text", *hash),
    }
}

/// Takes one event to the derived tables.
pub(super) fn apply(db: &Connection, at: Occasion, event: &Event<'_>) -> rusqlite::Result<()> {
    match event {
        Event::Record { header, hash, item, effect } => {
            queue(db, at, header, *hash, *item)?;
            act(db, at, header, effect)
        }
        Event::Enrolment => newest(db, at, "enrolment"),
        Event::Trust { issued } => {
            newest(db, at, "trust")?;
            raise_hard_floor(db, *issued, at.clock)
        }
        Event::Profile => newest(db, at, "profile"),
        Event::StatusList { number, token, issued } => {
            db.prepare_cached(
                "INSERT OR REPLACE INTO status_list (number, arrival, hash, issued)
                 VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute(params![
                Column(*number),
                Column(at.arrival),
                Column(*token),
                Column(*issued)
            ])?;
            raise_hard_floor(db, *issued, at.clock)
        }
        Event::Ack { ack, hash } => {
            for result in &ack.results {
                deliver(db, result.item, &result.outcome)?;
            }
            follow_head(db, at, ack)?;
            hold_documents(db, &ack.documents)?;
            if is_newest(db, ack)? {
                ack.claims.iter().try_for_each(|update| update_claim(db, update))?;
                keep_last_ack(db, at, ack, *hash)?;
            }
            raise_hard_floor(db, ack.server_time, at.clock)
        }
    }
}

fn queue(
    db: &Connection,
    at: Occasion,
    header: &Header,
    hash: Hash,
    item: Hash,
) -> rusqlite::Result<()> {
    db.prepare_cached(
        "INSERT INTO outbox (record, chain, sequence, kind, hash, item, recorded_at, state)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 'waiting')",
    )?
    .execute(params![
        Column(at.arrival),
        at.chain,
        Column(header.sequence),
        Column(header.kind.number()),
        Column(hash),
        Column(item),
        Column(header.device_time)
    ])?;
    Ok(())
}

fn act(
    db: &Connection,
    at: Occasion,
    header: &Header,
    effect: &Effect<'_>,
) -> rusqlite::Result<()> {
    match effect {
        Effect::Redeem { claim, identity, soft_floor, documents } => {
            db.prepare_cached(
                "INSERT INTO claim (id, record, identity, live, redeemed_at, operator, state)
                 VALUES (?1, ?2, ?3, 1, ?4, ?5, ?6)",
            )?
            .execute(params![
                Column(*claim),
                Column(at.arrival),
                Column(*identity),
                Column(header.device_time),
                header.operator.as_ref().map(|operator| operator.as_str()),
                Column(ClaimState::Recorded)
            ])?;
            for document in *documents {
                attach(db, at, *claim, document)?;
            }
            match soft_floor {
                Some(issued) => raise_floor(db, "soft", *issued, at.clock),
                None => Ok(()),
            }
        }
        Effect::Void { claim } => {
            db.prepare_cached("UPDATE claim SET live = 0, void = ?2 WHERE id = ?1")?
                .execute(params![Column(*claim), Column(at.arrival)])?;
            Ok(())
        }
        Effect::Refuse { subject, reason } => {
            db.prepare_cached(
                "INSERT OR REPLACE INTO refusal (subject, reason, at) VALUES (?1, ?2, ?3)",
            )?
            .execute(params![Column(*subject), reason, Column(header.device_time)])?;
            Ok(())
        }
        Effect::AttachDocument { claim, document } => attach(db, at, *claim, document),
        Effect::None => Ok(()),
    }
}

/// A document that is attached to the same claim again stays where it was.
fn attach(
    db: &Connection,
    at: Occasion,
    claim: ClaimId,
    document: &Document,
) -> rusqlite::Result<()> {
    db.prepare_cached(
        "INSERT INTO attachment (claim, document, record, len, media_type, held)
         VALUES (?1, ?2, ?3, ?4, ?5,
                 EXISTS (SELECT 1 FROM attachment WHERE document = ?2 AND held = 1))
         ON CONFLICT (claim, document) DO NOTHING",
    )?
    .execute(params![
        Column(claim),
        Column(document.hash),
        Column(at.arrival),
        Column(document.len),
        document.media_type
    ])?;
    Ok(())
}

/// What became of one item at the server. Items that it has already stay as they are.
fn deliver(db: &Connection, item: Hash, outcome: &Outcome) -> rusqlite::Result<()> {
    let open = db
        .prepare_cached("SELECT record, kind FROM outbox WHERE item = ?1 AND state <> 'sent'")?
        .query_row([Column(item)], |row| Ok((get(row, 0)?, get(row, 1)?)))
        .optional()?;
    let Some((record, kind)) = open else {
        return Ok(());
    };
    match outcome {
        Outcome::Accepted | Outcome::Duplicate => sent(db, record, kind, ClaimState::Submitted),
        Outcome::Conflict => sent(db, record, kind, ClaimState::Conflict),
        Outcome::Refused(reason) => {
            db.prepare_cached(
                "UPDATE outbox SET state = 'refused', reason = ?2 WHERE record = ?1",
            )?
            .execute(params![Column(record), reason])?;
            // A void that the server did not take leaves the redemption standing, unless the voucher
            // was served again in the meantime.
            db.prepare_cached(
                "UPDATE claim SET live = 1 WHERE void = ?1 AND NOT EXISTS
                 (SELECT 1 FROM claim AS other WHERE other.identity = claim.identity AND other.live = 1)",
            )?
            .execute([Column(record)])?;
            Ok(())
        }
        Outcome::Later => Ok(()),
    }
}

/// The server has this record; a claim that it makes is in this state until the server says more.
fn sent(db: &Connection, record: u64, kind: u64, state: ClaimState) -> rusqlite::Result<()> {
    db.prepare_cached("UPDATE outbox SET state = 'sent', reason = NULL WHERE record = ?1")?
        .execute([Column(record)])?;
    match Kind::from_number(kind) {
        Some(Kind::Redeem) => {
            db.prepare_cached("UPDATE claim SET state = ?2 WHERE record = ?1 AND state = ?3")?
                .execute(params![Column(record), Column(state), Column(ClaimState::Recorded)])?;
        }
        Some(Kind::Void) => {
            db.prepare_cached(
                "UPDATE claim SET state = ?2, reason = NULL, live = 0 WHERE void = ?1",
            )?
            .execute(params![Column(record), Column(ClaimState::Voided)])?;
        }
        _ => {}
    }
    Ok(())
}

/// Whatever lies up to the server's head is sent, also when the ack that said so was lost. A head
/// that is not in the chain is kept as a divergence.
fn follow_head(db: &Connection, at: Occasion, ack: &Ack) -> rusqlite::Result<()> {
    let Some(head_hash) = ack.head_hash else {
        return Ok(());
    };
    let ours: Option<Hash> = db
        .prepare_cached("SELECT hash FROM outbox WHERE chain = ?1 AND sequence = ?2")?
        .query_row(params![at.chain, Column(ack.head)], |row| get(row, 0))
        .optional()?;
    if ours != Some(head_hash) {
        db.prepare_cached(
            "INSERT OR IGNORE INTO divergence (only, arrival, server_head) VALUES (1, ?1, ?2)",
        )?
        .execute(params![Column(at.arrival), Column(ack.head)])?;
        return Ok(());
    }
    let waiting = db
        .prepare_cached(
            "SELECT record, kind FROM outbox
             WHERE state <> 'sent' AND state = 'waiting' AND chain = ?1 AND sequence <= ?2",
        )?
        .query_map(params![at.chain, Column(ack.head)], |row| Ok((get(row, 0)?, get(row, 1)?)))?
        .collect::<rusqlite::Result<Vec<(u64, u64)>>>()?;
    waiting.into_iter().try_for_each(|(record, kind)| sent(db, record, kind, ClaimState::Submitted))
}

fn hold_documents(db: &Connection, documents: &[Hash]) -> rusqlite::Result<()> {
    let mut hold =
        db.prepare_cached("UPDATE attachment SET held = 1 WHERE document = ?1 AND held = 0")?;
    documents.iter().try_for_each(|document| hold.execute([Column(*document)]).map(|_| ()))
}

/// Acks may arrive out of order (by file); what an older one says of claims is overtaken. The
/// server's clock decides before its cursor, which starts lower again on a server that was restored.
fn is_newest(db: &Connection, ack: &Ack) -> rusqlite::Result<bool> {
    let held: Option<(Timestamp, u64)> = db
        .prepare_cached("SELECT server_time, cursor FROM last_ack")?
        .query_row([], |row| Ok((get(row, 0)?, get(row, 1)?)))
        .optional()?;
    Ok(held.is_none_or(|held| (ack.server_time, ack.cursor) >= held))
}

fn update_claim(db: &Connection, update: &ClaimUpdate) -> rusqlite::Result<()> {
    db.prepare_cached("UPDATE claim SET state = ?2, reason = ?3 WHERE id = ?1")?
        .execute(params![Column(update.claim), Column(update.state), update.reason])?;
    Ok(())
}

fn keep_last_ack(db: &Connection, at: Occasion, ack: &Ack, hash: Hash) -> rusqlite::Result<()> {
    db.prepare_cached(
        "INSERT OR REPLACE INTO last_ack (only, arrival, hash, cursor, server_time, head)
         VALUES (1, ?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![
        Column(at.arrival),
        Column(hash),
        Column(ack.cursor),
        Column(ack.server_time),
        Column(ack.head)
    ])?;
    Ok(())
}

fn newest(db: &Connection, at: Occasion, kind: &str) -> rusqlite::Result<()> {
    db.prepare_cached("INSERT OR REPLACE INTO newest (kind, arrival) VALUES (?1, ?2)")?
        .execute(params![kind, Column(at.arrival)])?;
    Ok(())
}

/// A list or ack raises the hard floor, and ends what vouchers said until then.
fn raise_hard_floor(
    db: &Connection,
    issued: Timestamp,
    clock: DeviceClock,
) -> rusqlite::Result<()> {
    db.prepare_cached("DELETE FROM clock_floor WHERE kind = 'soft'")?.execute([])?;
    raise_floor(db, "hard", issued, clock)
}

/// Two marks say all that many would: the highest issue time, which holds in every boot, and within
/// the latest boot the one from which the monotonic clock leads furthest.
fn raise_floor(
    db: &Connection,
    kind: &str,
    issued: Timestamp,
    clock: DeviceClock,
) -> rusqlite::Result<()> {
    let reading = clock.monotonic;
    db.prepare_cached(
        "INSERT INTO clock_floor (kind, role, issued, millis, boot)
         VALUES (?1, 'highest', ?2, ?3, ?4)
         ON CONFLICT (kind, role) DO UPDATE
         SET issued = excluded.issued, millis = excluded.millis, boot = excluded.boot
         WHERE excluded.issued > issued",
    )?
    .execute(params![kind, Column(issued), Column(reading.millis), Column(reading.boot)])?;
    db.prepare_cached(
        "INSERT INTO clock_floor (kind, role, issued, millis, boot)
         VALUES (?1, 'furthest', ?2, ?3, ?4)
         ON CONFLICT (kind, role) DO UPDATE
         SET issued = excluded.issued, millis = excluded.millis, boot = excluded.boot
         WHERE excluded.boot <> boot
            OR excluded.issued * 1000 - excluded.millis > issued * 1000 - millis",
    )?
    .execute(params![kind, Column(issued), Column(reading.millis), Column(reading.boot)])?;
    Ok(())
}
