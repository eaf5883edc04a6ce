//! Checks the ledger against itself: signatures, digests and sequence of the chain, the inbox, the
//! blobs, and everything derived, which is derived again from these and compared row by row.

use crate::clock::DeviceClock;
use crate::ledger::chains::Chain;
use crate::ledger::cipher::AssociatedData;
use crate::ledger::derive::{self, Effect, Event, EventContext};
use crate::ledger::identity::ServedIdentity;
use crate::ledger::inbox::{self, InboxKind};
use crate::ledger::sql::{Column, get, get_some};
use crate::ledger::{Head, Ledger, LedgerError, guard, refuse_cut, schema};
use protocol::ack::Ack;
use protocol::key::PublicKey;
use protocol::profile::Profile;
use protocol::record::{OpenedRecord, Record, open_header};
use protocol::seal::Sealed;
use protocol::status::StatusList;
use protocol::trust::{IssuedSetRef, TrustFile, TrustState};
use protocol::{Hash, Timestamp};
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Row};
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;

/// Most findings that one report lists; a broken file may have as many as it has rows.
const MAX_FINDINGS: usize = 1000;

/// What doctor looked at and found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Records that were checked.
    pub records: u64,
    /// Things in the inbox that were checked.
    pub received: u64,
    /// Documents, status lists and sets of issued vouchers that were checked.
    pub blobs: u64,
    /// What is wrong, at most a thousand. Nothing, when it is empty.
    pub findings: Vec<Finding>,
}

/// One thing that is wrong. Its text is for people.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Finding {
    /// SQLite finds its own file damaged.
    Database {
        /// What it says.
        detail: String,
    },
    /// The chain misses records.
    Gap {
        /// The sequence that should follow.
        expected: u64,
        /// The one that does.
        found: u64,
    },
    /// A record is not what was signed.
    Record {
        /// Its place in the chain.
        sequence: u64,
        /// What is wrong with it.
        fault: String,
    },
    /// Something in the inbox is not what was accepted.
    Received {
        /// Its number among all events.
        arrival: u64,
        /// What it should be.
        kind: String,
        /// What is wrong with it.
        fault: String,
    },
    /// A document, status list or set of issued vouchers is not what its name says, or is missing.
    Blob {
        /// The digest that is its name.
        hash: Hash,
        /// What is wrong with it.
        fault: String,
    },
    /// A page of the list of vouchers does not decrypt.
    VoucherPage {
        /// Its place in the list.
        number: u64,
    },
    /// A derived row is not what follows from the sources.
    Derived {
        /// The table.
        table: &'static str,
        /// How the row differs.
        fault: DerivedFault,
    },
    /// What is derived was not compared, since the sources above are damaged.
    NotCompared,
}

/// How a derived row differs from what follows from the sources. Values are those of its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DerivedFault {
    /// It should be there.
    Missing(String),
    /// It should not be there.
    Extra(String),
    /// Its values are others.
    Different(String),
}

impl Ledger {
    /// Checks everything, and changes nothing: the file's structure, each record's signature, digests
    /// and place, everything in the inbox under the key that signed it, each blob's digest, and every
    /// derived row. Takes time in proportion to the ledger.
    ///
    /// # Errors
    /// [`LedgerError`] when the ledger cannot be read at all; damage that can be named is a finding.
    pub fn doctor(&self) -> Result<Report, LedgerError> {
        let mut visit = Visit { ledger: self, report: Report::default(), sound: true };
        let mut fresh = schema::empty()?;
        guard(&fresh)?;
        let fresh = fresh.transaction()?;
        visit.stage(Visit::structure)?;
        visit.stage(|visit| visit.sources(&fresh))?;
        visit.stage(|visit| visit.blobs(&fresh))?;
        visit.stage(Visit::voucher_list)?;
        if visit.sound {
            visit.stage(|visit| visit.derived(&fresh))?;
        } else {
            visit.report.findings.push(Finding::NotCompared);
        }
        Ok(visit.report)
    }
}

struct Visit<'l> {
    ledger: &'l Ledger,
    report: Report,
    /// Whether every source could be read, so that what is derived can be compared.
    sound: bool,
}

/// A row of `record`.
struct StoredRecord {
    chain: i64,
    sequence: u64,
    hash: Hash,
    signed_header: Vec<u8>,
    body: Vec<u8>,
    voucher: Option<Vec<u8>>,
    sealed: Vec<u8>,
}

/// A row of `inbox`.
struct StoredReceived {
    kind: String,
    number: Option<u64>,
    issued: Option<Timestamp>,
    hash: Hash,
    content: Option<Vec<u8>>,
    signer: Option<PublicKey>,
    clock: DeviceClock,
}

impl Visit<'_> {
    /// Damage that SQLite meets on the way ends a stage and not the visit.
    fn stage(
        &mut self,
        run: impl FnOnce(&mut Self) -> Result<(), LedgerError>,
    ) -> Result<(), LedgerError> {
        match run(self) {
            Err(LedgerError::Corrupt { detail }) => {
                self.source_fault(Finding::Database { detail });
                Ok(())
            }
            other => other,
        }
    }

    fn find(&mut self, finding: Finding) {
        if self.report.findings.len() < MAX_FINDINGS {
            self.report.findings.push(finding);
        }
    }

    fn source_fault(&mut self, finding: Finding) {
        self.sound = false;
        self.find(finding);
    }

    fn structure(&mut self) -> Result<(), LedgerError> {
        let db = &self.ledger.db;
        refuse_cut(db, &self.ledger.home.ledger_file())?;
        let mut check = db.prepare("PRAGMA integrity_check(100)")?;
        let said = check
            .query_map([], |row| row.get::<_, String>(0))?
            .collect::<rusqlite::Result<Vec<_>>>()?;
        for detail in said.into_iter().filter(|said| said != "ok") {
            self.source_fault(Finding::Database { detail });
        }
        let mut check = db.prepare("PRAGMA foreign_key_check")?;
        let tables = check
            .query_map([], |row| row.get::<_, String>(0))?
            .collect::<rusqlite::Result<Vec<_>>>()?;
        for table in tables {
            let detail = format!("a row of {table} refers to a row that is not there");
            self.find(Finding::Database { detail });
        }
        Ok(())
    }

    /// Takes every event, in order, to the fresh tables.
    fn sources(&mut self, fresh: &Connection) -> Result<(), LedgerError> {
        let db = &self.ledger.db;
        let mut select = db.prepare(
            "SELECT arrival, TRUE FROM record UNION ALL SELECT arrival, FALSE FROM inbox
             ORDER BY arrival",
        )?;
        let mut events = select.query([])?;
        let mut heads = BTreeMap::new();
        while let Some(event) = events.next()? {
            let arrival = get(event, 0)?;
            if event.get(1)? {
                let stored = stored_record(db, arrival)?;
                self.report.records += 1;
                self.record(fresh, arrival, &stored, &mut heads)?;
            } else {
                let stored = stored_received(db, arrival)?;
                self.report.received += 1;
                if let Err(fault) = self.received(fresh, arrival, &stored) {
                    let kind = stored.kind;
                    self.source_fault(Finding::Received { arrival, kind, fault });
                }
            }
        }
        Ok(())
    }

    /// Checks one record, and that it follows on the head of its chain, which it becomes.
    fn record(
        &mut self,
        fresh: &Connection,
        arrival: u64,
        stored: &StoredRecord,
        heads: &mut BTreeMap<i64, Head>,
    ) -> Result<(), LedgerError> {
        let opened = self.opened(stored);
        let head = heads.get(&stored.chain).copied();
        let expected = head.map_or(1, |head| head.sequence + 1);
        if stored.sequence != expected {
            let found = stored.sequence;
            self.source_fault(Finding::Gap { expected, found });
        } else if let Err(fault) = self.chained(stored, head, opened.as_ref().ok()) {
            self.source_fault(Finding::Record { sequence: stored.sequence, fault });
        }
        heads.insert(stored.chain, Head { sequence: stored.sequence, hash: stored.hash });
        match opened {
            Ok((opened, served)) => {
                if let Err(fault) =
                    self.derive_record(fresh, arrival, stored, &opened, served.as_ref())
                {
                    self.source_fault(Finding::Record { sequence: stored.sequence, fault });
                }
            }
            Err(fault) => self.source_fault(Finding::Record { sequence: stored.sequence, fault }),
        }
        Ok(())
    }

    /// Whether the signed header says what its row says, and follows on the record before. Its signature
    /// was checked already if the whole record was `opened`.
    fn chained(
        &self,
        stored: &StoredRecord,
        before: Option<Head>,
        opened: Option<&(OpenedRecord, Option<ServedIdentity>)>,
    ) -> Result<(), String> {
        let chain = self.chain(stored)?;
        let (header, hash) = match opened {
            Some((record, _)) => (record.header.clone(), record.hash),
            None => open_header(&stored.signed_header, &chain.device)
                .map_err(|error| format!("its signature or header does not hold: {error}"))?,
        };
        if hash != stored.hash {
            return Err("its digest is not the one stored beside it".into());
        }
        if header.chain != chain.id || header.sequence != stored.sequence {
            return Err("it was signed for another place in the chain".into());
        }
        if header.previous != before.map(|before| before.hash) {
            return Err("it does not follow on the record before it".into());
        }
        Sealed::decode(&stored.sealed)
            .map(|_| ())
            .map_err(|error| format!("what would be sent is damaged: {error}"))
    }

    fn chain(&self, stored: &StoredRecord) -> Result<&Chain, String> {
        let chain = self.ledger.chains.numbered(stored.chain);
        chain.ok_or_else(|| "it belongs to a chain that this phone never wrote".to_owned())
    }

    /// Decrypts and opens a record.
    fn opened(
        &self,
        stored: &StoredRecord,
    ) -> Result<(OpenedRecord, Option<ServedIdentity>), String> {
        let cipher = self.ledger.cipher().map_err(|error| error.to_string())?;
        let chain = self.chain(stored)?;
        let associated_data = |column| AssociatedData::record(chain.id, stored.sequence, column);
        let body = cipher
            .decrypt(associated_data("body"), &stored.body)
            .map_err(|_| "its body does not decrypt".to_owned())?;
        let record = Record { signed_header: stored.signed_header.clone(), body: body.to_vec() };
        let opened = record.open(&chain.device).map_err(|error| error.to_string())?;
        let served = match &stored.voucher {
            None => None,
            Some(voucher) => Some(
                cipher
                    .decrypt(associated_data("voucher"), voucher)
                    .ok()
                    .and_then(|plain| ServedIdentity::decode(&plain))
                    .ok_or("the identity of its voucher does not decrypt")?,
            ),
        };
        Ok((opened, served))
    }

    fn derive_record(
        &self,
        fresh: &Connection,
        arrival: u64,
        stored: &StoredRecord,
        opened: &OpenedRecord,
        served: Option<&ServedIdentity>,
    ) -> Result<(), String> {
        let cipher = self.ledger.cipher().map_err(|error| error.to_string())?;
        let header = &opened.header;
        let clock = DeviceClock { time: header.device_time, monotonic: header.monotonic };
        let at = EventContext { arrival, chain: stored.chain, clock };
        let effect = Effect::of(&opened.body, served, cipher)
            .ok_or("the identity of its voucher is missing")?;
        let item = Hash::of(&stored.sealed);
        let event = Event::Record { header, hash: opened.hash, item, effect };
        derive::apply(fresh, at, &event)
            .map_err(|error| format!("it contradicts what came before: {error}"))
    }

    /// Checks one thing that was received, and takes it to the fresh tables.
    fn received(
        &self,
        fresh: &Connection,
        arrival: u64,
        stored: &StoredReceived,
    ) -> Result<(), String> {
        let kind = InboxKind::from_name(&stored.kind).ok_or("its kind is unknown")?;
        let content = self.content(arrival, stored)?;
        let content = content.as_deref();
        let issued = stored.issued.ok_or("its issue time is missing");
        let number = stored.number.ok_or("its number is missing");
        let ack;
        let mut chain = self.ledger.chains.current().number;
        let event = match kind {
            InboxKind::Enrolment => Event::Enrolment,
            InboxKind::Trust => {
                let (issued, version) = (issued?, number?);
                if let Some(file) = content {
                    let list = reopen_trust(file).ok_or("its signatures do not hold")?;
                    if (list.list().issued, list.list().version) != (issued, version) {
                        return Err("it is another list than the one stored beside it".into());
                    }
                }
                Event::Trust { issued }
            }
            InboxKind::Profile => {
                if let Some(signed) = content {
                    let profile =
                        Profile::open(signed, &stored.signer).map_err(|error| error.to_string())?;
                    if profile.issued != issued? {
                        return Err("its issue time is not the one stored beside it".into());
                    }
                }
                Event::Profile
            }
            InboxKind::Ack => {
                let signed = content.ok_or("it is missing")?;
                ack = Ack::open(signed, &stored.signer).map_err(|error| error.to_string())?;
                if ack.0.server_time != issued? {
                    return Err("its time is not the one stored beside it".into());
                }
                let named = self.ledger.chains.named(ack.0.chain);
                chain = named.ok_or("it is about a chain that this phone never wrote")?.number;
                Event::Ack { ack: &ack.0, hash: ack.1 }
            }
            InboxKind::StatusList => {
                if let Some(token) = self.public_blob(kind, stored.hash)? {
                    let list = StatusList::open(&token, &stored.signer)
                        .map_err(|error| error.to_string())?;
                    if list.issued != issued? {
                        return Err("its issue time is not the one stored beside it".into());
                    }
                }
                Event::StatusList { number: number?, token: stored.hash, issued: issued? }
            }
            InboxKind::IssuedSet => {
                let key = stored.signer.as_ref().ok_or("the key is missing whose set it is")?;
                if let Some(file) = self.public_blob(kind, stored.hash)? {
                    let pinned = IssuedSetRef { address: String::new(), hash: stored.hash };
                    pinned.accept(&file, key.kid()).map_err(|error| error.to_string())?;
                }
                Event::IssuedSet { key: key.thumbprint(), file: stored.hash }
            }
        };
        let at = EventContext { arrival, chain, clock: stored.clock };
        derive::apply(fresh, at, &event).map_err(|error| error.to_string())
    }

    /// The content as it was received; `None` when a newer one replaced it.
    fn content(&self, arrival: u64, stored: &StoredReceived) -> Result<Option<Vec<u8>>, String> {
        let Some(content) = &stored.content else {
            return Ok(None);
        };
        let cipher = self.ledger.cipher().map_err(|error| error.to_string())?;
        let plain = cipher
            .decrypt(AssociatedData::inbox(self.ledger.chains.first(), arrival), content)
            .map_err(|_| "it does not decrypt")?;
        if Hash::of(&plain) == stored.hash {
            Ok(Some(plain.to_vec()))
        } else {
            Err("its digest is not the one stored beside it".into())
        }
    }

    /// A status list or a set of issued vouchers; `None` when a newer one replaced it.
    fn public_blob(&self, kind: InboxKind, hash: Hash) -> Result<Option<Vec<u8>>, String> {
        self.ledger
            .db
            .prepare_cached("SELECT content FROM blob WHERE hash = ?1 AND kind = ?2")
            .and_then(|mut select| {
                select.query_row((Column(hash), kind.name()), |row| row.get(0)).optional()
            })
            .map_err(|error| error.to_string())
    }

    /// Checks each blob against its name, and that just those are there which the sources name.
    fn blobs(&mut self, fresh: &Connection) -> Result<(), LedgerError> {
        let db = &self.ledger.db;
        let mut select = db.prepare("SELECT hash, kind, content FROM blob ORDER BY hash")?;
        let mut rows = select.query([])?;
        while let Some(row) = rows.next()? {
            let hash = get(row, 0)?;
            self.report.blobs += 1;
            let content = row.get_ref(2)?.as_blob().map_err(rusqlite::Error::from)?;
            let digest = if row.get_ref(1)?.as_str() == Ok("document") {
                let associated_data = AssociatedData::document(self.ledger.chains.first(), hash);
                match self.ledger.cipher() {
                    Ok(cipher) => {
                        cipher.decrypt(associated_data, content).ok().map(|it| Hash::of(&it))
                    }
                    Err(_) => None,
                }
            } else {
                Some(Hash::of(content))
            };
            let fault = match digest {
                None => "it does not decrypt",
                Some(digest) if digest != hash => "its content is not what its name says",
                Some(_) if self.sound && !is_named(fresh, hash)? => "no source names it",
                Some(_) => continue,
            };
            self.find(Finding::Blob { hash, fault: fault.into() });
        }
        let mut named = fresh.prepare(
            "SELECT document FROM attachment UNION SELECT hash FROM status_list
             UNION SELECT hash FROM issued_set",
        )?;
        let named =
            named.query_map([], |row| get(row, 0))?.collect::<rusqlite::Result<Vec<Hash>>>()?;
        let mut find = db.prepare("SELECT 1 FROM blob WHERE hash = ?1")?;
        for hash in named {
            if !find.exists([Column(hash)])? {
                self.find(Finding::Blob { hash, fault: "it is missing".into() });
            }
        }
        Ok(())
    }

    fn voucher_list(&mut self) -> Result<(), LedgerError> {
        for number in self.ledger.damaged_voucher_pages()? {
            self.find(Finding::VoucherPage { number });
        }
        Ok(())
    }

    /// Compares every derived table with the fresh one, and that the newest things are whole.
    fn derived(&mut self, fresh: &Connection) -> Result<(), LedgerError> {
        for (table, order) in derive::TABLES {
            self.compare(fresh, table, order)?;
        }
        let mut newest = fresh.prepare("SELECT arrival, kind FROM newest")?;
        let mut rows = newest.query([])?;
        while let Some(row) = rows.next()? {
            let (arrival, kind) = (get(row, 0)?, row.get(1)?);
            if stored_received(&self.ledger.db, arrival)?.content.is_none() {
                self.find(Finding::Received { arrival, kind, fault: "it is missing".into() });
            }
        }
        Ok(())
    }

    fn compare(
        &mut self,
        fresh: &Connection,
        table: &'static str,
        order: &'static str,
    ) -> Result<(), LedgerError> {
        let sql = format!("SELECT {order}, * FROM {table} ORDER BY {order}");
        let keys = order.split(", ").count();
        let (mut ours, mut theirs) = (self.ledger.db.prepare(&sql)?, fresh.prepare(&sql)?);
        let columns = ours.column_count();
        let (mut ours, mut theirs) = (ours.query([])?, theirs.query([])?);
        let (mut have, mut want) =
            (values(ours.next()?, columns)?, values(theirs.next()?, columns)?);
        loop {
            let order = match (&have, &want) {
                (None, None) => return Ok(()),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some(have), Some(want)) => compare_keys(&have[..keys], &want[..keys]),
            };
            let key = |row: &Option<Vec<Value>>| {
                row.iter().flatten().take(keys).map(word).collect::<Vec<_>>().join(" ")
            };
            let fault = match order {
                Ordering::Less => Some(DerivedFault::Extra(key(&have))),
                Ordering::Greater => Some(DerivedFault::Missing(key(&want))),
                Ordering::Equal if have != want => Some(DerivedFault::Different(key(&have))),
                Ordering::Equal => None,
            };
            if let Some(fault) = fault {
                self.find(Finding::Derived { table, fault });
            }
            if order.is_le() {
                have = values(ours.next()?, columns)?;
            }
            if order.is_ge() {
                want = values(theirs.next()?, columns)?;
            }
        }
    }
}

fn stored_record(db: &Connection, arrival: u64) -> Result<StoredRecord, LedgerError> {
    let stored = db
        .prepare_cached(
            "SELECT chain, sequence, hash, signed_header, body, voucher, sealed
             FROM record WHERE arrival = ?1",
        )?
        .query_row([Column(arrival)], |row| {
            Ok(StoredRecord {
                chain: row.get(0)?,
                sequence: get(row, 1)?,
                hash: get(row, 2)?,
                signed_header: row.get(3)?,
                body: row.get(4)?,
                voucher: row.get(5)?,
                sealed: row.get(6)?,
            })
        })?;
    Ok(stored)
}

fn stored_received(db: &Connection, arrival: u64) -> Result<StoredReceived, LedgerError> {
    let stored = db
        .prepare_cached(
            "SELECT kind, number, issued, hash, content, signer, time, millis, boot
             FROM inbox WHERE arrival = ?1",
        )?
        .query_row([Column(arrival)], |row| {
            Ok(StoredReceived {
                kind: row.get(0)?,
                number: get_some(row, 1)?,
                issued: get_some(row, 2)?,
                hash: get(row, 3)?,
                content: row.get(4)?,
                signer: get_some(row, 5)?,
                clock: inbox::clock(row, 6)?,
            })
        })?;
    Ok(stored)
}

/// Takes a stored trust file up again. Which of its roots was pinned is the enrolment's to know; here
/// it must hold together from one of them on.
fn reopen_trust(file: &[u8]) -> Option<TrustState> {
    let file = TrustFile::decode(file).ok()?;
    (0..file.roots.len()).find_map(|from| {
        let roots = file.roots[from..].to_vec();
        let rest = TrustFile { roots, list: file.list.clone() };
        TrustState::restore(rest.first_root_hash().ok()?, &rest).ok()
    })
}

fn is_named(fresh: &Connection, hash: Hash) -> rusqlite::Result<bool> {
    fresh
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM attachment WHERE document = ?1)
                 OR EXISTS (SELECT 1 FROM status_list WHERE hash = ?1)
                 OR EXISTS (SELECT 1 FROM issued_set WHERE hash = ?1)",
        )?
        .query_row([Column(hash)], |row| row.get(0))
}

fn values(row: Option<&Row<'_>>, columns: usize) -> rusqlite::Result<Option<Vec<Value>>> {
    row.map(|row| (0..columns).map(|column| row.get(column)).collect()).transpose()
}

/// SQLite's order of keys: strict tables hold one type in a column.
fn compare_keys(a: &[Value], b: &[Value]) -> Ordering {
    let compare = |(a, b): (&Value, &Value)| match (a, b) {
        (Value::Integer(a), Value::Integer(b)) => a.cmp(b),
        (Value::Text(a), Value::Text(b)) => a.as_bytes().cmp(b.as_bytes()),
        (Value::Blob(a), Value::Blob(b)) => a.cmp(b),
        _ => Ordering::Equal,
    };
    a.iter().zip(b).map(compare).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
}

fn word(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::Integer(number) => number.to_string(),
        Value::Real(number) => number.to_string(),
        Value::Text(text) => text.clone(),
        Value::Blob(bytes) => bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Finding::Database { detail } => write!(f, "the database file is damaged: {detail}"),
            Finding::Gap { expected, found } => {
                write!(
                    f,
                    "the chain has a gap: record {expected} should follow, record {found} does"
                )
            }
            Finding::Record { sequence, fault } => {
                write!(f, "record {sequence} is not what was signed: {fault}")
            }
            Finding::Received { arrival, kind, fault } => {
                write!(f, "what was received as event {arrival} ({kind}) is damaged: {fault}")
            }
            Finding::Blob { hash, fault } => {
                write!(
                    f,
                    "the document, status list or set of issued vouchers {hash} is damaged: {fault}"
                )
            }
            Finding::VoucherPage { number } => write!(
                f,
                "page {number} of the list of vouchers is damaged: it does not decrypt; sync, and another comes"
            ),
            Finding::Derived { table, fault } => write!(f, "table {table}: {fault}"),
            Finding::NotCompared => f.write_str(
                "what follows from the sources was not compared, since the sources are damaged",
            ),
        }
    }
}

impl fmt::Display for DerivedFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DerivedFault::Missing(key) => write!(f, "row {key} is missing"),
            DerivedFault::Extra(key) => write!(f, "row {key} follows from no source"),
            DerivedFault::Different(key) => {
                write!(f, "row {key} is not what follows from the sources")
            }
        }
    }
}
