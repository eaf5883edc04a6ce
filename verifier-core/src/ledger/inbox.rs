//! What the phone was told: enrolment, trust files, profiles, acks, status lists and sets of issued
//! vouchers, whole and with the clock's reading at their arrival. Nothing gets in that was not verified.
//!
//! Of enrolments, trust files, profiles and status lists the newest is kept whole; of those before it
//! digest and issue time stay. Acks are all kept, since the claims' states follow from them.

use crate::clock::DeviceClock;
use crate::ledger::cipher::AssociatedData;
use crate::ledger::derive::{self, Event, EventContext};
use crate::ledger::sql::{Column, get, get_monotonic, get_some};
use crate::ledger::{Ledger, LedgerError};
use protocol::ack::Ack;
use protocol::cose::{ObjectType, Sign1};
use protocol::id::ChainId;
use protocol::key::PublicKey;
use protocol::profile::Profile;
use protocol::record::ObservedState;
use protocol::status::StatusList;
use protocol::trust::{StatusListEntry, TrustList, TrustState};
use protocol::{Hash, Timestamp};
use rusqlite::{OptionalExtension, Params, Row, params};

/// Something accepted, as it was received.
#[derive(Clone, PartialEq, Eq)]
pub struct Arrived {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// What the phone's clocks said at its arrival.
    pub clock: DeviceClock,
}

impl std::fmt::Debug for Arrived {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Arrived({} bytes, {:?})", self.bytes.len(), self.clock)
    }
}

/// The newest ack that was accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastAck {
    /// The digest of its payload.
    pub hash: Hash,
    /// The cursor to send with the next batch.
    pub cursor: u64,
    /// What the server's clock said.
    pub server_time: Timestamp,
    /// The server's contiguous head of this chain.
    pub head: u64,
    /// What the phone's clocks said at its arrival.
    pub clock: DeviceClock,
}

/// A status list that is held.
#[derive(Clone, PartialEq, Eq)]
pub struct HeldStatusList {
    /// Its number in the trust list.
    pub number: u32,
    /// The token as it was received.
    pub token: Vec<u8>,
    /// Its `iat`.
    pub issued: Timestamp,
}

impl std::fmt::Debug for HeldStatusList {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "HeldStatusList({}, {}, {} bytes)", self.number, self.issued, self.token.len())
    }
}

/// Whether the server's view of the chain and the phone's agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChainState {
    /// Every head that the server named is in the chain.
    Agreed,
    /// The server named a head that is not in the chain: this ledger was restored from a backup, or
    /// another phone has its key.
    Diverged {
        /// The sequence that the server named.
        server_head: u64,
    },
}

/// Why something that arrived is not accepted. What was held before stays.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AcceptError {
    /// It does not verify, or breaks a rule of the protocol.
    #[error("it cannot be accepted: {0}")]
    Protocol(#[from] protocol::Error),
    /// It is meant for another phone.
    #[error("it is meant for another phone")]
    OtherDevice,
    /// It is about another chain than this phone's.
    #[error("it is about a chain of records that is not this phone's")]
    OtherChain,
    /// It is older than what is held.
    #[error("it is older than what this phone holds")]
    Older,
    /// The storage failed.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

/// The kinds of things in the inbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum InboxKind {
    Enrolment,
    Trust,
    Profile,
    Ack,
    StatusList,
    IssuedSet,
}

impl InboxKind {
    /// Its name in the database.
    pub(super) fn name(self) -> &'static str {
        match self {
            InboxKind::Enrolment => "enrolment",
            InboxKind::Trust => "trust",
            InboxKind::Profile => "profile",
            InboxKind::Ack => "ack",
            InboxKind::StatusList => "status_list",
            InboxKind::IssuedSet => "issued_set",
        }
    }

    /// The kind with this name.
    pub(super) fn from_name(name: &str) -> Option<Self> {
        use InboxKind::{Ack, Enrolment, IssuedSet, Profile, StatusList, Trust};
        [Enrolment, Trust, Profile, Ack, StatusList, IssuedSet]
            .into_iter()
            .find(|kind| kind.name() == name)
    }

    /// Whether its content is public and stands in a blob of the same kind.
    fn in_blob(self) -> bool {
        matches!(self, InboxKind::StatusList | InboxKind::IssuedSet)
    }
}

/// Something that was verified, on its way into the inbox.
pub(super) struct Received<'r> {
    pub(super) kind: InboxKind,
    pub(super) number: Option<u64>,
    pub(super) issued: Option<Timestamp>,
    pub(super) bytes: &'r [u8],
    /// The key that signed it, or whose set it is.
    pub(super) signer: Option<&'r PublicKey>,
}

impl Ledger {
    /// Stores what enrolment agreed on (server, code, pinned root), in a form that the caller chooses.
    pub fn accept_enrolment(&mut self, agreed: &[u8], now: DeviceClock) -> Result<(), LedgerError> {
        let received = Received {
            kind: InboxKind::Enrolment,
            number: None,
            issued: None,
            bytes: agreed,
            signer: None,
        };
        self.receive(&received, &Event::Enrolment, now)
    }

    /// Stores a trust file that was accepted as `trust`.
    pub fn accept_trust(
        &mut self,
        file: &[u8],
        trust: &TrustState,
        now: DeviceClock,
    ) -> Result<(), LedgerError> {
        let list = trust.list();
        let received = Received {
            kind: InboxKind::Trust,
            number: Some(list.version),
            issued: Some(list.issued),
            bytes: file,
            signer: None,
        };
        self.receive(&received, &Event::Trust { issued: list.issued }, now)
    }

    /// Verifies a profile under the server's profile keys, and stores it when it is for this phone
    /// and not older than the one held.
    pub fn accept_profile(
        &mut self,
        signed: &[u8],
        keys: &[PublicKey],
        now: DeviceClock,
    ) -> Result<Profile, AcceptError> {
        let signer = Sign1::parse(ObjectType::Profile, signed)?.verify(keys)?.key;
        let profile = Profile::open(signed, [signer])?;
        if profile.device != *self.device() {
            return Err(AcceptError::OtherDevice);
        }
        let held = self.newest(InboxKind::Profile)?.and_then(|held| held.issued);
        if held.is_some_and(|held| profile.issued < held) {
            return Err(AcceptError::Older);
        }
        let received = Received {
            kind: InboxKind::Profile,
            number: None,
            issued: Some(profile.issued),
            bytes: signed,
            signer: Some(signer),
        };
        self.receive(&received, &Event::Profile, now)?;
        Ok(profile)
    }

    /// Verifies an ack under the server's ack keys, stores it when it is for a chain of this phone and
    /// the key that signed it, and acts on it: items that are sent or refused, documents held, claims'
    /// states, the chain's head. An ack older than one held changes no claim and not the cursor.
    pub fn accept_ack(
        &mut self,
        signed: &[u8],
        keys: &[PublicKey],
        now: DeviceClock,
    ) -> Result<Ack, AcceptError> {
        let signer = Sign1::parse(ObjectType::Ack, signed)?.verify(keys)?.key;
        let (ack, hash) = Ack::open(signed, [signer])?;
        let Some(chain) = self.chains.named(ack.chain) else {
            return Err(AcceptError::OtherChain);
        };
        if ack.device != chain.device.thumbprint() {
            return Err(AcceptError::OtherDevice);
        }
        let chain = chain.number;
        let received = Received {
            kind: InboxKind::Ack,
            number: None,
            issued: Some(ack.server_time),
            bytes: signed,
            signer: Some(signer),
        };
        self.receive_about(chain, &received, &Event::Ack { ack: &ack, hash }, now)?;
        Ok(ack)
    }

    /// Verifies a status list token as this entry of the trust list, not older than the one held if that
    /// one still verifies, and stores it in that one's place.
    pub fn accept_status_list(
        &mut self,
        entry: &StatusListEntry,
        trust: &TrustList,
        token: &[u8],
        now: DeviceClock,
    ) -> Result<StatusList, AcceptError> {
        let held = self.status_list_issued(entry, trust)?;
        let list = entry.accept(token, trust, held)?;
        let keys = trust.keys.iter().map(|key| &key.key);
        let signer = Sign1::parse(ObjectType::StatusList, token)?.verify(keys)?.key;
        let received = Received {
            kind: InboxKind::StatusList,
            number: Some(u64::from(entry.number)),
            issued: Some(list.issued),
            bytes: token,
            signer: Some(signer),
        };
        let event = Event::StatusList {
            number: u64::from(entry.number),
            token: Hash::of(token),
            issued: list.issued,
        };
        self.receive(&received, &event, now)?;
        Ok(list)
    }

    /// What enrolment agreed on last.
    pub fn enrolment(&self) -> Result<Option<Arrived>, LedgerError> {
        self.arrived(InboxKind::Enrolment)
    }

    /// Whether no profile came since this phone was enrolled last.
    pub fn enrolment_is_unanswered(&self) -> Result<bool, LedgerError> {
        let arrival =
            |kind: InboxKind| Ok::<_, LedgerError>(self.newest(kind)?.map(|it| it.arrival));
        let (enrolled, profile) = (arrival(InboxKind::Enrolment)?, arrival(InboxKind::Profile)?);
        Ok(enrolled > profile)
    }

    /// The last accepted trust file.
    pub fn trust_file(&self) -> Result<Option<Arrived>, LedgerError> {
        self.arrived(InboxKind::Trust)
    }

    /// The last accepted profile.
    pub fn profile(&self) -> Result<Option<Arrived>, LedgerError> {
        self.arrived(InboxKind::Profile)
    }

    /// The newest accepted ack, of whatever chain.
    pub fn last_ack(&self) -> Result<Option<LastAck>, LedgerError> {
        self.last_ack_where("TRUE ORDER BY a.server_time DESC, a.arrival DESC LIMIT 1", [])
    }

    /// The newest accepted ack of a chain.
    pub fn last_ack_of(&self, chain: ChainId) -> Result<Option<LastAck>, LedgerError> {
        match self.chains.named(chain) {
            Some(chain) => self.last_ack_where("a.chain = ?1", [chain.number]),
            None => Ok(None),
        }
    }

    fn last_ack_where(
        &self,
        condition: &str,
        values: impl Params,
    ) -> Result<Option<LastAck>, LedgerError> {
        let ack = self
            .db
            .prepare_cached(&format!(
                "SELECT a.hash, a.cursor, a.server_time, a.head, i.time, i.millis, i.boot
                 FROM last_ack AS a JOIN inbox AS i ON i.arrival = a.arrival WHERE {condition}"
            ))?
            .query_row(values, |row| {
                Ok(LastAck {
                    hash: get(row, 0)?,
                    cursor: get(row, 1)?,
                    server_time: get(row, 2)?,
                    head: get(row, 3)?,
                    clock: clock(row, 4)?,
                })
            })
            .optional()?;
        Ok(ack)
    }

    /// The status lists that are held, by number.
    pub fn status_lists(&self) -> Result<Vec<HeldStatusList>, LedgerError> {
        let lists = self
            .db
            .prepare_cached(
                "SELECT s.number, b.content, s.issued
                 FROM status_list AS s JOIN blob AS b ON b.hash = s.hash ORDER BY s.number",
            )?
            .query_map([], |row| {
                Ok(HeldStatusList { number: row.get(0)?, token: row.get(1)?, issued: get(row, 2)? })
            })?
            .collect::<rusqlite::Result<_>>()?;
        Ok(lists)
    }

    /// The observed state now, for the header of a record; version 0 without a trust list.
    pub fn observed_state(&self) -> Result<ObservedState, LedgerError> {
        // The server finds the time of an ack by the device to which it was given.
        let ack = self
            .db
            .prepare_cached(
                "SELECT a.hash FROM last_ack AS a JOIN chain AS c ON c.number = a.chain
                 WHERE c.device = ?1 ORDER BY a.server_time DESC, a.arrival DESC LIMIT 1",
            )?
            .query_row([self.device().to_bytes()], |row| get(row, 0))
            .optional()?;
        let trust = self.newest(InboxKind::Trust)?;
        let status_lists = self
            .db
            .prepare_cached("SELECT number, issued FROM status_list ORDER BY number")?
            .query_map([], |row| Ok((row.get(0)?, get(row, 1)?)))?
            .collect::<rusqlite::Result<_>>()?;
        let trust_version = trust.and_then(|trust| trust.number).unwrap_or(0);
        Ok(ObservedState { ack, trust_version, status_lists })
    }

    /// Whether the server's view of the chain that is written and the phone's agree.
    pub fn chain_state(&self) -> Result<ChainState, LedgerError> {
        let server_head = self
            .db
            .prepare_cached("SELECT server_head FROM divergence WHERE chain = ?1")?
            .query_row([self.chains.current().number], |row| get(row, 0))
            .optional()?;
        Ok(match server_head {
            Some(server_head) => ChainState::Diverged { server_head },
            None => ChainState::Agreed,
        })
    }

    /// The `iat` of the list that is held. One that no longer verifies sets no bar: a thief of a status
    /// key could set it so high that no true list comes after it.
    fn status_list_issued(
        &self,
        entry: &StatusListEntry,
        trust: &TrustList,
    ) -> Result<Option<Timestamp>, LedgerError> {
        let token: Option<Vec<u8>> = self
            .db
            .prepare_cached(
                "SELECT b.content FROM status_list AS s JOIN blob AS b ON b.hash = s.hash
                 WHERE s.number = ?1",
            )?
            .query_row([entry.number], |row| row.get(0))
            .optional()?;
        let held = token.and_then(|token| entry.accept(&token, trust, None).ok());
        Ok(held.map(|list| list.issued))
    }

    /// Stores and derives in one transaction. The same bytes as the newest of their kind change
    /// nothing, so a sync that brings no news writes nothing.
    pub(super) fn receive(
        &mut self,
        received: &Received<'_>,
        event: &Event<'_>,
        now: DeviceClock,
    ) -> Result<(), LedgerError> {
        self.receive_about(self.chains.current().number, received, event, now)
    }

    /// The same, of what is about the chain of this number.
    fn receive_about(
        &mut self,
        chain: i64,
        received: &Received<'_>,
        event: &Event<'_>,
        now: DeviceClock,
    ) -> Result<(), LedgerError> {
        let hash = Hash::of(received.bytes);
        let replaced = self.replaced_by(chain, received)?;
        // What went with a lost data key is stored again; blobs are not under it.
        let lost = match received.kind {
            InboxKind::Enrolment | InboxKind::Trust | InboxKind::Profile => {
                self.unreadable_through()?
            }
            _ => 0,
        };
        if replaced.as_ref().is_some_and(|held| held.hash == hash && held.arrival > lost) {
            return Ok(());
        }
        let at = EventContext { arrival: self.next_arrival()?, chain, clock: now };
        let in_blob = received.kind.in_blob();
        let content = if in_blob {
            None
        } else {
            let associated_data = AssociatedData::inbox(self.chains.first(), at.arrival);
            Some(self.cipher()?.encrypt(associated_data, received.bytes)?)
        };
        let transaction = self.begin()?;
        transaction
            .prepare_cached(
                "INSERT INTO inbox
                 (arrival, kind, number, issued, hash, content, signer, time, millis, boot)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            )?
            .execute(params![
                Column(at.arrival),
                received.kind.name(),
                received.number.map(Column),
                received.issued.map(Column),
                Column(hash),
                content,
                received.signer.map(PublicKey::to_bytes),
                Column(now.time),
                Column(now.monotonic.millis),
                Column(now.monotonic.boot)
            ])?;
        if in_blob {
            transaction
                .prepare_cached("INSERT INTO blob (hash, kind, content) VALUES (?1, ?2, ?3)")?
                .execute(params![Column(hash), received.kind.name(), received.bytes])?;
        }
        match replaced {
            Some(replaced) if in_blob => transaction
                .prepare_cached("DELETE FROM blob WHERE hash = ?1 AND kind = ?2")?
                .execute(params![Column(replaced.hash), received.kind.name()])?,
            Some(replaced) if received.kind != InboxKind::Ack => transaction
                .prepare_cached("UPDATE inbox SET content = NULL WHERE arrival = ?1")?
                .execute([Column(replaced.arrival)])?,
            _ => 0,
        };
        derive::apply(&transaction, at, event)?;
        transaction.commit()?;
        Ok(())
    }

    /// What is held now in the place that something received would take.
    fn replaced_by(
        &self,
        chain: i64,
        received: &Received<'_>,
    ) -> Result<Option<Newest>, LedgerError> {
        match (received.kind, received.number) {
            (InboxKind::StatusList, Some(number)) => {
                self.newest_at("SELECT arrival FROM status_list WHERE number = ?1", Column(number))
            }
            (InboxKind::IssuedSet, _) => self.newest_at(
                "SELECT arrival FROM issued_set WHERE key = ?1",
                received.signer.map(|key| Column(key.thumbprint())),
            ),
            (InboxKind::Ack, _) => {
                self.newest_at("SELECT arrival FROM last_ack WHERE chain = ?1", chain)
            }
            (kind, _) => self.newest(kind),
        }
    }

    /// The newest enrolment, trust file or profile.
    fn newest(&self, kind: InboxKind) -> Result<Option<Newest>, LedgerError> {
        self.newest_at("SELECT arrival FROM newest WHERE kind = ?1", kind.name())
    }

    fn newest_at(
        &self,
        arrival: &str,
        key: impl rusqlite::ToSql,
    ) -> Result<Option<Newest>, LedgerError> {
        let newest = self
            .db
            .prepare_cached(&format!(
                "SELECT arrival, hash, number, issued FROM inbox WHERE arrival = ({arrival})"
            ))?
            .query_row([key], |row| {
                Ok(Newest {
                    arrival: get(row, 0)?,
                    hash: get(row, 1)?,
                    number: get_some(row, 2)?,
                    issued: get_some(row, 3)?,
                })
            })
            .optional()?;
        Ok(newest)
    }

    /// Whether the newest things that are held open under the data key; also when there are none.
    pub(super) fn newest_is_readable(&self) -> Result<bool, LedgerError> {
        for kind in [InboxKind::Enrolment, InboxKind::Trust, InboxKind::Profile] {
            match self.arrived(kind) {
                Ok(_) => {}
                Err(LedgerError::Corrupt { .. }) => return Ok(false),
                Err(other) => return Err(other),
            }
        }
        Ok(true)
    }

    /// The newest of a kind, decrypted.
    fn arrived(&self, kind: InboxKind) -> Result<Option<Arrived>, LedgerError> {
        let lost = self.unreadable_through()?;
        let found = self
            .db
            .prepare_cached(
                "SELECT i.arrival, i.content, i.time, i.millis, i.boot
                 FROM newest AS n JOIN inbox AS i ON i.arrival = n.arrival WHERE n.kind = ?1",
            )?
            .query_row([kind.name()], |row| {
                Ok((get(row, 0)?, row.get::<_, Vec<u8>>(1)?, clock(row, 2)?))
            })
            .optional()?;
        let Some((arrival, content, clock)) = found.filter(|(arrival, ..)| *arrival > lost) else {
            return Ok(None);
        };
        let bytes = self
            .cipher()?
            .decrypt(AssociatedData::inbox(self.chains.first(), arrival), &content)?
            .to_vec();
        Ok(Some(Arrived { bytes, clock }))
    }
}

/// What is known of something in the inbox without decrypting it.
struct Newest {
    arrival: u64,
    hash: Hash,
    number: Option<u64>,
    issued: Option<Timestamp>,
}

/// The clock's reading in three columns: time, milliseconds and boot.
pub(super) fn clock(row: &Row<'_>, column: usize) -> rusqlite::Result<DeviceClock> {
    Ok(DeviceClock { time: get(row, column)?, monotonic: get_monotonic(row, column + 1)? })
}
