//! The one function by which everything derived follows from the sources.
//!
//! [`apply`] takes one event, in order of arrival, to the derived tables. It reads and writes those
//! tables alone, so that the same events give the same tables in an empty database: that is how
//! doctor checks them.

use crate::clock::DeviceClock;
use crate::ledger::cipher::Cipher;
use crate::ledger::identity::ServedIdentity;
use crate::ledger::issues::Issued;
use crate::ledger::sql::{Column, get};
use protocol::ack::{Ack, ClaimState, ClaimUpdate, Outcome};
use protocol::id::ClaimId;
use protocol::record::{Body, Document, Header, Kind, RefusedSubject};
use protocol::{Hash, Timestamp};
use rusqlite::{Connection, OptionalExtension, params};
use std::collections::BTreeSet;

/// The derived tables with the order of their rows, parents before children.
pub(super) const TABLES: &[(&str, &str)] = &[
    ("outbox", "record"),
    ("claim", "id"),
    ("attachment", "claim, document"),
    ("issue", "delegation, number"),
    ("refusal", "subject, reason"),
    ("clock_floor", "kind, role"),
    ("newest", "kind"),
    ("status_list", "number"),
    ("issued_set", "key"),
    ("last_ack", "chain"),
    ("divergence", "chain"),
];

/// The codes by which the server refuses a record that has no place in its chain, because another
/// record has it. The record itself may be good.
pub(super) const HAS_NO_PLACE: [&str; 3] = ["sequence_conflict", "chain_broken", "chain_foreign"];

/// Whether a code is one of those, so that the record goes again once a restart names it.
pub(crate) fn has_no_place(code: &str) -> bool {
    HAS_NO_PLACE.contains(&code)
}

/// When and where an event happened.
#[derive(Debug, Clone, Copy)]
pub(super) struct EventContext {
    /// Its number among all events.
    pub(super) arrival: u64,
    /// The number of the chain that the event is about: a record's own, the one that an ack names.
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
    /// The set of what was truly issued under the key with this thumbprint was accepted.
    IssuedSet { key: Hash, file: Hash },
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
        delegated: bool,
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
    /// These records lost their place when a backup was restored.
    Restart {
        orphans: &'e [Hash],
    },
    /// A voucher was issued under a delegation.
    Issue(Issued),
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
                    identity: keyed_identity(cipher, served.identity.hash()),
                    soft_floor: served.soft_floor,
                    documents: &redeem.documents,
                    delegated: redeem.voucher.names_delegation(),
                }
            }
            Body::Void { claim, .. } => Effect::Void { claim: *claim },
            Body::Refuse { reason, subject } => {
                Effect::Refuse { subject: keyed_subject(cipher, subject), reason }
            }
            Body::AttachDocument { claim, document } => {
                Effect::AttachDocument { claim: *claim, document }
            }
            Body::Restart(restart) => Effect::Restart { orphans: &restart.orphans },
            Body::Issue { voucher } => Effect::Issue(Issued::read(voucher)?),
            Body::ServeByReference(served) => Effect::Redeem {
                claim: served.claim,
                identity: keyed_identity(cipher, served.voucher),
                soft_floor: None,
                documents: &served.documents,
                delegated: false,
            },
            Body::Override { .. } => Effect::None,
        })
    }
}

/// The digest by which the voucher is looked up whose identity has this one.
pub(super) fn keyed_identity(cipher: &Cipher, identity: Hash) -> Hash {
    cipher.keyed_digest("identity", identity)
}

/// The digest by which a refusal is looked up.
pub(super) fn keyed_subject(cipher: &Cipher, subject: &RefusedSubject) -> Hash {
    match subject {
        RefusedSubject::Voucher(hash) => cipher.keyed_digest("refused voucher", *hash),
        RefusedSubject::Text(hash) => cipher.keyed_digest("refused text", *hash),
    }
}

/// Takes one event to the derived tables.
pub(super) fn apply(db: &Connection, at: EventContext, event: &Event<'_>) -> rusqlite::Result<()> {
    match event {
        Event::Record { header, hash, item, effect } => {
            put_in_outbox(db, at, header, *hash, *item)?;
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
        Event::IssuedSet { key, file } => {
            db.prepare_cached(
                "INSERT OR REPLACE INTO issued_set (key, arrival, hash) VALUES (?1, ?2, ?3)",
            )?
            .execute(params![Column(*key), Column(at.arrival), Column(*file)])?;
            Ok(())
        }
        Event::Ack { ack, hash } => {
            if has_gone_back(db, at.chain, ack)? {
                send_again(db, at.chain, ack)?;
            }
            for result in &ack.results {
                deliver(db, result.item, &result.outcome)?;
            }
            compare_heads(db, at, ack)?;
            hold_documents(db, &ack.documents)?;
            if is_newest(db, at.chain, ack)? {
                ack.claims.iter().try_for_each(|update| update_claim(db, update))?;
                keep_last_ack(db, at, ack, *hash)?;
            }
            raise_hard_floor(db, ack.server_time, at.clock)
        }
    }
}

fn put_in_outbox(
    db: &Connection,
    at: EventContext,
    header: &Header,
    hash: Hash,
    item: Hash,
) -> rusqlite::Result<()> {
    db.prepare_cached(
        "INSERT INTO outbox (record, chain, sequence, kind, hash, item, recorded_at, state, via)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 'waiting', ?2)",
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
    at: EventContext,
    header: &Header,
    effect: &Effect<'_>,
) -> rusqlite::Result<()> {
    match effect {
        Effect::Redeem { claim, identity, soft_floor, documents, delegated } => {
            db.prepare_cached(
                "INSERT INTO claim
                 (id, record, identity, live, redeemed_at, operator, state, delegated)
                 VALUES (?1, ?2, ?3, 1, ?4, ?5, ?6, ?7)",
            )?
            .execute(params![
                Column(*claim),
                Column(at.arrival),
                Column(*identity),
                Column(header.device_time),
                header.operator.as_ref().map(|operator| operator.as_str()),
                Column(ClaimState::Recorded),
                delegated
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
        Effect::Restart { orphans } => send_by(db, at.chain, orphans),
        Effect::Issue(issued) => issued.count(db, at.arrival),
        Effect::None => Ok(()),
    }
}

/// A document that is attached to the same claim again stays where it was.
fn attach(
    db: &Connection,
    at: EventContext,
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

/// Records that lost their place wait again, and go in batches of this chain.
fn send_by(db: &Connection, chain: i64, orphans: &[Hash]) -> rusqlite::Result<()> {
    let orphans: BTreeSet<&Hash> = orphans.iter().collect();
    let open = db
        .prepare_cached("SELECT record, hash FROM outbox WHERE state <> 'sent'")?
        .query_map([], |row| Ok((get(row, 0)?, get(row, 1)?)))?
        .collect::<rusqlite::Result<Vec<(u64, Hash)>>>()?;
    let mut send = db.prepare_cached(
        "UPDATE outbox SET via = ?2, state = 'waiting', reason = NULL WHERE record = ?1",
    )?;
    let lost = open.iter().filter(|(_, hash)| orphans.contains(hash));
    lost.map(|(record, _)| record)
        .try_for_each(|record| send.execute(params![Column(*record), chain]).map(|_| ()))
}

/// Whether the server holds less of a chain than it said before: it was restored from a backup.
fn has_gone_back(db: &Connection, chain: i64, ack: &Ack) -> rusqlite::Result<bool> {
    if ack.restored {
        return Ok(true);
    }
    let lower =
        last_ack(db, chain)?.is_some_and(|last| last.head > ack.head && last.is_no_newer_than(ack));
    Ok(lower && shares_head(db, chain, ack)?)
}

/// What the server acknowledged and no longer holds waits again: everything beyond the head that
/// both ends have. What it holds beyond a gap comes back as held.
fn send_again(db: &Connection, chain: i64, ack: &Ack) -> rusqlite::Result<()> {
    let shared = if shares_head(db, chain, ack)? { ack.head } else { 0 };
    let lost = "SELECT record FROM outbox
                WHERE via = ?1 AND (chain <> ?1 OR sequence > ?2) AND state <> 'waiting'";
    db.prepare_cached(&format!(
        "UPDATE claim SET state = ?3, reason = NULL WHERE record IN ({lost})"
    ))?
    .execute(params![chain, Column(shared), Column(ClaimState::Recorded)])?;
    db.prepare_cached(&format!(
        "UPDATE outbox SET state = 'waiting', reason = NULL WHERE record IN ({lost})"
    ))?
    .execute(params![chain, Column(shared)])?;
    // Documents may be lost also where their records are not; the ack names those that are held.
    db.prepare_cached(
        "UPDATE attachment SET held = 0
         WHERE record IN (SELECT record FROM outbox WHERE via = ?1)",
    )?
    .execute([chain])?;
    Ok(())
}

/// What became of one item at the server. Items that it has already stay as they are.
fn deliver(db: &Connection, item: Hash, outcome: &Outcome) -> rusqlite::Result<()> {
    let open = db
        .prepare_cached(
            "SELECT record, kind, via <> chain FROM outbox WHERE item = ?1 AND state <> 'sent'",
        )?
        .query_row([Column(item)], |row| Ok((get(row, 0)?, get(row, 1)?, row.get(2)?)))
        .optional()?;
    let Some((record, kind, is_orphan)) = open else {
        return Ok(());
    };
    match outcome {
        // The server has yet to hear of the restart that names it.
        Outcome::Refused(reason) if is_orphan && has_no_place(reason) => Ok(()),
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
        Some(Kind::Redeem | Kind::ServeByReference) => {
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

/// A head that is not in the chain is kept as a divergence. It settles no record: what became of one
/// is told by its own result alone, since the server also holds records whose content it refused.
fn compare_heads(db: &Connection, at: EventContext, ack: &Ack) -> rusqlite::Result<()> {
    if ack.head_hash.is_some() && !shares_head(db, at.chain, ack)? {
        db.prepare_cached(
            "INSERT OR IGNORE INTO divergence (chain, arrival, server_head) VALUES (?1, ?2, ?3)",
        )?
        .execute(params![at.chain, Column(at.arrival), Column(ack.head)])?;
    }
    Ok(())
}

/// Whether the record at the server's head is one of this phone's chain.
fn shares_head(db: &Connection, chain: i64, ack: &Ack) -> rusqlite::Result<bool> {
    let ours: Option<Hash> = db
        .prepare_cached("SELECT hash FROM outbox WHERE chain = ?1 AND sequence = ?2")?
        .query_row(params![chain, Column(ack.head)], |row| get(row, 0))
        .optional()?;
    Ok(ours.is_some() && ours == ack.head_hash)
}

fn hold_documents(db: &Connection, documents: &[Hash]) -> rusqlite::Result<()> {
    let mut hold =
        db.prepare_cached("UPDATE attachment SET held = 1 WHERE document = ?1 AND held = 0")?;
    documents.iter().try_for_each(|document| hold.execute([Column(*document)]).map(|_| ()))
}

/// Acks may arrive out of order (by file); what an older one says of claims is overtaken. The
/// server's clock decides before its cursor, which starts lower again on a server that was restored.
fn is_newest(db: &Connection, chain: i64, ack: &Ack) -> rusqlite::Result<bool> {
    Ok(last_ack(db, chain)?.is_none_or(|last| last.is_no_newer_than(ack)))
}

/// What is kept of the newest ack of a chain.
struct Acked {
    server_time: Timestamp,
    cursor: u64,
    head: u64,
}

impl Acked {
    fn is_no_newer_than(&self, ack: &Ack) -> bool {
        let cursor = if ack.restored { u64::MAX } else { ack.cursor };
        (self.server_time, self.cursor) <= (ack.server_time, cursor)
    }
}

fn last_ack(db: &Connection, chain: i64) -> rusqlite::Result<Option<Acked>> {
    db.prepare_cached("SELECT server_time, cursor, head FROM last_ack WHERE chain = ?1")?
        .query_row([chain], |row| {
            Ok(Acked { server_time: get(row, 0)?, cursor: get(row, 1)?, head: get(row, 2)? })
        })
        .optional()
}

fn update_claim(db: &Connection, update: &ClaimUpdate) -> rusqlite::Result<()> {
    db.prepare_cached("UPDATE claim SET state = ?2, reason = ?3 WHERE id = ?1")?
        .execute(params![Column(update.claim), Column(update.state), update.reason])?;
    Ok(())
}

fn keep_last_ack(db: &Connection, at: EventContext, ack: &Ack, hash: Hash) -> rusqlite::Result<()> {
    db.prepare_cached(
        "INSERT OR REPLACE INTO last_ack (chain, arrival, hash, cursor, server_time, head)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute(params![
        at.chain,
        Column(at.arrival),
        Column(hash),
        Column(ack.cursor),
        Column(ack.server_time),
        Column(ack.head)
    ])?;
    Ok(())
}

fn newest(db: &Connection, at: EventContext, kind: &str) -> rusqlite::Result<()> {
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
