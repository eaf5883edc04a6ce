//! The reckoning after a story: both ends' files are read and compared with what phones said.

use super::phone::Deed;
use super::world::World;
use protocol::Benefit;
use rusqlite::{Connection, OpenFlags};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use verifier_core::ledger::{Delivery, Page};

/// What one story came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Records that the office holds.
    pub records: usize,
    /// Vouchers that phones said they served.
    pub redemptions: usize,
    /// Claims that were ever in conflict.
    pub conflicts: usize,
    /// Records or claims that were said and are nowhere.
    pub lost: usize,
    /// Records, claims or money that are there more than once.
    pub doubled: usize,
}

/// A record as the office holds it.
struct HeldRecord {
    chain: Vec<u8>,
    sequence: i64,
    hash: Vec<u8>,
    previous: Option<Vec<u8>>,
    outcome: String,
}

/// A claim as the office holds it.
struct HeldClaim {
    identity: Vec<u8>,
    amount: Option<i64>,
    live: bool,
    state: String,
    reason: Option<String>,
}

/// A chain, its head and that record's digest, and the highest number there is in it.
type ChainHead = (Vec<u8>, i64, Option<Vec<u8>>, i64);

/// What the office's file says.
pub struct OfficeBooks {
    records: Vec<HeldRecord>,
    heads: Vec<ChainHead>,
    claims: BTreeMap<Vec<u8>, HeldClaim>,
    contested: i64,
    refused: Vec<String>,
    /// What became of records that lost their place, by their digest.
    restored: BTreeMap<Vec<u8>, String>,
}

/// A record in a phone's ledger.
pub struct OwnRecord {
    /// The chain.
    pub chain: Vec<u8>,
    /// The place in it.
    pub sequence: i64,
    /// The digest of its header.
    pub hash: Vec<u8>,
}

impl World<'_> {
    /// Checks every promise that holds once all is quiet.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn reckon(&mut self) -> Result<Tally, String> {
        let books = OfficeBooks::read(&self.office_database())?;
        let mut tally = Tally {
            records: books.records.len() + books.restored.len(),
            redemptions: 0,
            conflicts: usize::try_from(books.contested).unwrap_or(0),
            lost: 0,
            doubled: 0,
        };
        self.check_chains(&books);
        self.check_money(&books, &mut tally);
        let mut known = BTreeSet::new();
        for place in 0..self.phones.len() {
            self.check_phone(place, &books, &mut tally, &mut known)?;
        }
        let held = books.records.iter().map(|record| &record.hash).chain(books.restored.keys());
        let strange = held.filter(|hash| !known.contains(*hash)).count();
        if strange > 0 {
            tally.doubled += strange;
            self.breach(format!("the office holds {strange} records of no phone"));
        }
        // A stale answer may have lent a phone another one's session; and a phone that was restored
        // learns from such refusals that it was.
        let restored = self.phones.iter().any(|phone| !phone.gone.is_empty());
        let excused = |reason: &str| match reason {
            "chain_of_another_device" | "record_forged" => true,
            "sequence_conflict" | "chain_broken" | "chain_foreign" => restored,
            _ => false,
        };
        for reason in books.refused.iter().filter(|reason| !excused(reason)) {
            self.breach(format!("the office refused an item that has no place: {reason}"));
        }
        Ok(tally)
    }

    /// The office's chains have no gap, and each record names the one before.
    fn check_chains(&mut self, books: &OfficeBooks) {
        for (chain, head, head_hash, highest) in &books.heads {
            let mut expected = 1;
            let mut before: Option<&Vec<u8>> = None;
            for record in books.records.iter().filter(|record| record.chain == *chain) {
                if record.sequence != expected || record.previous.as_ref() != before {
                    self.breach(format!("a chain at the office breaks at {}", record.sequence));
                }
                expected = record.sequence + 1;
                before = Some(&record.hash);
            }
            if *head + 1 != expected || highest != head || head_hash.as_ref() != before {
                self.breach(format!(
                    "a chain's head at the office is {head} of {highest}, its last record {}",
                    expected - 1
                ));
            }
        }
    }

    /// Each voucher has at most one live claim, over no more than it gives, and one if anything is
    /// claimed on it that was neither taken back nor decided against.
    fn check_money(&mut self, books: &OfficeBooks, tally: &mut Tally) {
        let mut by_voucher: BTreeMap<&[u8], Vec<&HeldClaim>> = BTreeMap::new();
        for claim in books.claims.values() {
            by_voucher.entry(&claim.identity).or_default().push(claim);
        }
        for (identity, claims) in by_voucher {
            let papers: Vec<_> = self
                .template
                .papers
                .iter()
                .filter(|paper| paper.voucher.identity.hash().as_bytes() == identity)
                .collect();
            let name = papers.first().map_or("a voucher that nobody issued", |paper| paper.name);
            let most = papers.iter().filter_map(|paper| match &paper.voucher.benefit {
                Benefit::Money(money) => i64::try_from(money.minor()).ok(),
                Benefit::Goods(_) => None,
            });
            let most = most.max().unwrap_or(0);
            let live: Vec<_> = claims.iter().filter(|claim| claim.live).collect();
            let sum: i64 = live.iter().filter_map(|claim| claim.amount).sum();
            let open = claims
                .iter()
                .filter(|claim| !matches!(&*claim.state, "voided" | "denied" | "rejected"))
                .count();
            if live.len() > 1 || sum > most {
                tally.doubled += 1;
                let count = live.len();
                self.breach(format!("{name} has {count} live claims over {sum} of {most}"));
            }
            if open > 0 && live.is_empty() {
                tally.lost += 1;
                self.breach(format!("{name} has {open} open claims and none is live"));
            }
        }
    }

    fn check_phone(
        &mut self,
        place: usize,
        books: &OfficeBooks,
        tally: &mut Tally,
        known: &mut BTreeSet<Vec<u8>>,
    ) -> Result<(), String> {
        let name = self.phones[place].name.clone();
        let doctor =
            self.ask(place, "see the doctor", |verifier| Ok(verifier.ledger().doctor()?))?;
        let doctor = doctor.ok_or_else(|| format!("{name} has no doctor"))?;
        for finding in doctor.findings {
            self.breach(format!("{name}'s doctor: {finding}"));
        }
        let own = own_records(&self.phones[place].dir.join("ledger.db"))?;
        known.extend(self.phones[place].gone.iter().cloned());
        for record in &own {
            known.insert(record.hash.clone());
            let held = books.holds(&record.hash);
            match held {
                0 => tally.lost += 1,
                1 => continue,
                _ => tally.doubled += 1,
            }
            self.breach(format!(
                "record {} of {name} is at the office {held} times",
                record.sequence
            ));
        }
        self.check_said(place, books, tally, &own);
        self.check_claims(place, books, tally)
    }

    /// What the phone said is in its own chain, and what it said it served is a claim.
    fn check_said(
        &mut self,
        place: usize,
        books: &OfficeBooks,
        tally: &mut Tally,
        own: &[OwnRecord],
    ) {
        let phone = self.phones[place].name.clone();
        for said in self.phones[place].said.clone() {
            let in_chain = own.iter().any(|record| {
                record.hash == said.hash.as_bytes()
                    && Ok(record.sequence) == i64::try_from(said.sequence)
                    && record.chain == said.chain.as_bytes()
            });
            let gone = self.phones[place].gone.contains(said.hash.as_bytes().as_slice());
            let there = in_chain || gone && books.holds(said.hash.as_bytes()) == 1;
            if !there {
                tally.lost += 1;
                self.breach(format!("{phone} said record {} and lost it", said.sequence));
            }
            let Deed::Served { claim, voucher } = said.deed else { continue };
            tally.redemptions += 1;
            let name = self.template.papers[voucher].name;
            let outcome = books.outcome(said.hash.as_bytes());
            let refused = outcome.and_then(|outcome| outcome.strip_prefix("refused:"));
            match (refused, books.claims.get(claim.as_bytes().as_slice())) {
                (None, Some(held)) => {
                    let identity = self.template.papers[voucher].voucher.identity.hash();
                    if held.identity != identity.as_bytes() {
                        self.breach(format!("claim {claim} on {name} is on another voucher"));
                    }
                }
                (None, None) => {
                    tally.lost += 1;
                    self.breach(format!("{phone} served {name}, and there is no claim {claim}"));
                }
                (Some(reason), _) => {
                    if !self.may_be_refused(reason, voucher) {
                        tally.lost += 1;
                        self.breach(format!("{phone} served {name}, and it was refused: {reason}"));
                    }
                }
            }
        }
    }

    /// Whether the office may refuse what an honest phone served: it had taken the voucher back
    /// before the phone's last ack, or the phone's clock ran ahead to the voucher's first day.
    fn may_be_refused(&self, reason: &str, paper: usize) -> bool {
        match reason {
            "revoked" => self.decisions.contains_key(&paper),
            "not_yet_valid" => {
                self.template.papers[paper].voucher.not_before > super::template::start()
            }
            _ => false,
        }
    }

    /// Both ends say the same of each claim.
    fn check_claims(
        &mut self,
        place: usize,
        books: &OfficeBooks,
        tally: &mut Tally,
    ) -> Result<(), String> {
        let phone = self.phones[place].name.clone();
        let claims = self.ask(place, "list its claims", |verifier| verifier.claims(Page::ALL))?;
        for claim in claims.into_iter().flatten() {
            let held = books.claims.get(claim.id.as_bytes().as_slice());
            let own = (claim.state.name(), claim.reason.as_deref());
            match (&claim.delivery, held) {
                (Delivery::Waiting, _) => {
                    tally.lost += 1;
                    self.breach(format!("{phone}'s claim {} was never sent", claim.id));
                }
                (Delivery::Refused(_), None) => {}
                (Delivery::Sent, Some(held)) => {
                    let office = (held.state.as_str(), held.reason.as_deref());
                    if own != office {
                        self.breach(format!(
                            "claim {} is {own:?} to {phone} and {office:?} to the office",
                            claim.id
                        ));
                    }
                    for attached in &claim.documents {
                        if !attached.held_by_server {
                            self.breach(format!(
                                "a document of {phone}'s claim {} is not at the office",
                                claim.id
                            ));
                        }
                    }
                }
                (delivery, held) => {
                    let there = if held.is_some() { "there" } else { "missing" };
                    self.breach(format!(
                        "{phone}'s claim {} is {delivery:?} and {there}",
                        claim.id
                    ));
                }
            }
        }
        let refused = self.ask(place, "count", |verifier| Ok(verifier.ledger().unsent()?))?;
        if let Some(unsent) = refused
            && unsent.records > 0
        {
            tally.lost += unsent.records as usize;
            self.breach(format!("{phone} has {} records unsent", unsent.records));
        }
        Ok(())
    }
}

impl OfficeBooks {
    /// How often the office has the record with this digest.
    #[must_use]
    pub fn holds(&self, hash: &[u8]) -> usize {
        let placed = self.records.iter().filter(|held| held.hash == hash).count();
        placed + usize::from(self.restored.contains_key(hash))
    }

    fn outcome(&self, hash: &[u8]) -> Option<&str> {
        let placed = self.records.iter().find(|held| held.hash == hash);
        placed.map(|held| &held.outcome).or_else(|| self.restored.get(hash)).map(String::as_str)
    }

    /// Reads the office's file.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn read(file: &Path) -> Result<Self, String> {
        let db = open(file)?;
        let read = || -> rusqlite::Result<OfficeBooks> {
            let records = db
                .prepare(
                    "SELECT chain, sequence, hash, previous, outcome FROM records
                     ORDER BY chain, sequence",
                )?
                .query_map([], |row| {
                    Ok(HeldRecord {
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
                .prepare("SELECT claim, identity, amount, live, state, reason FROM claims")?
                .query_map([], |row| {
                    let claim: Vec<u8> = row.get(0)?;
                    let held = HeldClaim {
                        identity: row.get(1)?,
                        amount: row.get(2)?,
                        live: row.get(3)?,
                        state: row.get(4)?,
                        reason: row.get(5)?,
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
            let restored = db
                .prepare("SELECT hash, outcome FROM restored_records")?
                .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect::<rusqlite::Result<_>>()?;
            Ok(OfficeBooks { records, heads, claims, contested, refused, restored })
        };
        read().map_err(|error| format!("the office's books: {error}"))
    }
}

/// Every record in a phone's ledger.
///
/// # Errors
/// When it cannot be read.
pub fn own_records(file: &Path) -> Result<Vec<OwnRecord>, String> {
    let db = open(file)?;
    let read = || -> rusqlite::Result<Vec<OwnRecord>> {
        db.prepare(
            "SELECT c.id, r.sequence, r.hash FROM record AS r JOIN chain AS c ON c.number = r.chain
             ORDER BY r.arrival",
        )?
        .query_map([], |row| {
            Ok(OwnRecord { chain: row.get(0)?, sequence: row.get(1)?, hash: row.get(2)? })
        })?
        .collect()
    };
    read().map_err(|error| format!("a phone's ledger: {error}"))
}

fn open(file: &Path) -> Result<Connection, String> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(file, flags).map_err(|error| format!("{}: {error}", file.display()))
}
