//! Snapshots of what both ends' files say at the end of a story, read by nobody's code but this.

use protocol::Hash;
use protocol::id::ClaimId;
use rusqlite::{Connection, OpenFlags, OptionalExtension};
use std::collections::BTreeMap;
use std::path::Path;

/// A record as the office holds it.
pub struct OfficeRecord {
    pub chain: Vec<u8>,
    pub sequence: i64,
    /// The digest of its header.
    pub hash: Vec<u8>,
    pub previous: Option<Vec<u8>>,
    /// What became of it.
    pub outcome: String,
}

/// A claim as the office holds it.
pub struct OfficeClaim {
    /// The voucher's identity, as a digest.
    pub identity: Vec<u8>,
    /// The digest of what was signed as the voucher.
    pub payload: Vec<u8>,
    /// What was given, in minor units.
    pub amount: Option<i64>,
    /// Whether it is the live one of its voucher.
    pub live: bool,
    pub state: String,
    pub reason: Option<String>,
    /// Whether a person ever had to look at it.
    pub reviewed: bool,
}

impl OfficeClaim {
    /// Whether nobody has to look at it any more before it is paid.
    #[must_use]
    pub fn goes_on(&self) -> bool {
        self.live && !matches!(&*self.state, "in_review" | "conflict")
    }
}

/// A chain, its head and that record's digest, and the highest number there is in it.
pub type ChainHead = (Vec<u8>, i64, Option<Vec<u8>>, i64);

/// What the office's file says.
pub struct OfficeSnapshot {
    /// Every record that has its place in its chain, in order.
    pub records: Vec<OfficeRecord>,
    pub heads: Vec<ChainHead>,
    /// Every claim by its id.
    pub claims: BTreeMap<Vec<u8>, OfficeClaim>,
    /// How many claims were ever in conflict.
    pub contested: i64,
    /// Why items were refused.
    pub refused: Vec<String>,
    /// What became of records that lost their place, by their digest.
    pub orphans: BTreeMap<Vec<u8>, String>,
}

/// A record in a phone's ledger.
pub struct PhoneRecord {
    pub chain: Vec<u8>,
    pub sequence: i64,
    /// The digest of its header.
    pub hash: Vec<u8>,
}

impl OfficeSnapshot {
    /// How often the office has the record with this digest.
    #[must_use]
    pub fn holds(&self, hash: &[u8]) -> usize {
        let placed = self.records.iter().filter(|held| held.hash == hash).count();
        placed + usize::from(self.orphans.contains_key(hash))
    }

    /// What became of the record with this digest.
    #[must_use]
    pub fn outcome(&self, hash: &[u8]) -> Option<&str> {
        let placed = self.records.iter().find(|held| held.hash == hash);
        placed.map(|held| &held.outcome).or_else(|| self.orphans.get(hash)).map(String::as_str)
    }

    /// Reads the office's file.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn read(file: &Path) -> Result<Self, String> {
        let db = open(file)?;
        let read = || -> rusqlite::Result<OfficeSnapshot> {
            let records = db
                .prepare(
                    "SELECT chain, sequence, hash, previous, outcome FROM records
                     ORDER BY chain, sequence",
                )?
                .query_map([], |row| {
                    Ok(OfficeRecord {
                        chain: row.get(0)?,
                        sequence: row.get(1)?,
                        hash: row.get(2)?,
                        previous: row.get(3)?,
                        outcome: row.get(4)?,
                    })
                })?
                .collect::<rusqlite::Result<_>>()?;
            let heads = db
                .prepare("SELECT chain, head, head_hash, highest FROM chains")?
                .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?
                .collect::<rusqlite::Result<_>>()?;
            let claims = db
                .prepare(
                    "SELECT claim, identity, payload_hash, amount, live, state, reason, EXISTS (
                         SELECT 1 FROM claim_history AS h
                         WHERE h.claim = c.claim AND h.state IN ('in_review', 'conflict'))
                     FROM claims AS c",
                )?
                .query_map([], |row| {
                    let claim: Vec<u8> = row.get(0)?;
                    let held = OfficeClaim {
                        identity: row.get(1)?,
                        payload: row.get(2)?,
                        amount: row.get(3)?,
                        live: row.get(4)?,
                        state: row.get(5)?,
                        reason: row.get(6)?,
                        reviewed: row.get(7)?,
                    };
                    Ok((claim, held))
                })?
                .collect::<rusqlite::Result<_>>()?;
            let contested = db.query_row(
                "SELECT count(DISTINCT claim) FROM claim_history WHERE state = 'conflict'",
                [],
                |row| row.get(0),
            )?;
            let refused = db
                .prepare("SELECT reason FROM refused_items")?
                .query_map([], |row| row.get(0))?
                .collect::<rusqlite::Result<_>>()?;
            let orphans = db
                .prepare("SELECT hash, outcome FROM restored_records")?
                .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect::<rusqlite::Result<_>>()?;
            Ok(OfficeSnapshot { records, heads, claims, contested, refused, orphans })
        };
        read().map_err(|error| format!("the office's file: {error}"))
    }
}

/// The digest of what was signed as the voucher that a claim is on.
///
/// # Errors
/// When the office's file cannot be read.
pub fn claimed_payload(file: &Path, claim: ClaimId) -> Result<Option<Hash>, String> {
    let payload: Option<Vec<u8>> = open(file)?
        .query_row("SELECT payload_hash FROM claims WHERE claim = ?1", [claim.as_bytes()], |row| {
            row.get(0)
        })
        .optional()
        .map_err(|error| format!("the office's file: {error}"))?;
    Ok(payload.and_then(|bytes| Some(Hash::from_bytes(bytes.try_into().ok()?))))
}

/// Every record in a phone's ledger.
///
/// # Errors
/// When it cannot be read.
pub fn phone_records(file: &Path) -> Result<Vec<PhoneRecord>, String> {
    let db = open(file)?;
    let read = || -> rusqlite::Result<Vec<PhoneRecord>> {
        db.prepare(
            "SELECT c.id, r.sequence, r.hash FROM record AS r JOIN chain AS c ON c.number = r.chain
             ORDER BY r.arrival",
        )?
        .query_map([], |row| {
            Ok(PhoneRecord { chain: row.get(0)?, sequence: row.get(1)?, hash: row.get(2)? })
        })?
        .collect()
    };
    read().map_err(|error| format!("a phone's ledger: {error}"))
}

fn open(file: &Path) -> Result<Connection, String> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(file, flags).map_err(|error| format!("{}: {error}", file.display()))
}
