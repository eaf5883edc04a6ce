//! What the phone was told: enrolment, trust files, profiles, acks and status lists, whole and with
//! the clock's reading at their arrival. Nothing gets in that was not verified.

use crate::ledger::{DeviceClock, Ledger, LedgerError};
use protocol::ack::Ack;
use protocol::key::PublicKey;
use protocol::profile::Profile;
use protocol::record::Held;
use protocol::status::StatusList;
use protocol::trust::{StatusListEntry, TrustList, TrustState};
use protocol::{Hash, Timestamp};

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
    /// The storage failed.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

impl Ledger {
    /// Stores what enrolment agreed on (server, pinned root), in a form that the caller chooses.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn accept_enrolment(&mut self, agreed: &[u8], now: DeviceClock) -> Result<(), LedgerError> {
        todo!()
    }

    /// Stores a trust file that was accepted as `trust`.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn accept_trust(
        &mut self,
        file: &[u8],
        trust: &TrustState,
        now: DeviceClock,
    ) -> Result<(), LedgerError> {
        todo!()
    }

    /// Verifies a profile under the server's profile keys, and stores it when it is for this phone.
    ///
    /// # Errors
    /// [`AcceptError`].
    pub fn accept_profile(
        &mut self,
        signed: &[u8],
        keys: &[PublicKey],
        now: DeviceClock,
    ) -> Result<Profile, AcceptError> {
        todo!()
    }

    /// Verifies an ack under the server's ack keys, stores it when it is for this phone, and acts on
    /// it: items that are sent or refused, documents held, claims' states, the chain's head. An ack
    /// older than one held changes no claim and not the cursor.
    ///
    /// # Errors
    /// [`AcceptError`].
    pub fn accept_ack(
        &mut self,
        signed: &[u8],
        keys: &[PublicKey],
        now: DeviceClock,
    ) -> Result<Ack, AcceptError> {
        todo!()
    }

    /// Verifies a status list token as this entry of the trust list, not older than the one held, and
    /// stores it in that one's place.
    ///
    /// # Errors
    /// [`AcceptError`].
    pub fn accept_status_list(
        &mut self,
        entry: &StatusListEntry,
        trust: &TrustList,
        token: &[u8],
        now: DeviceClock,
    ) -> Result<StatusList, AcceptError> {
        todo!()
    }

    /// What enrolment agreed on.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn enrolment(&self) -> Result<Option<Arrived>, LedgerError> {
        todo!()
    }

    /// The last accepted trust file.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn trust_file(&self) -> Result<Option<Arrived>, LedgerError> {
        todo!()
    }

    /// The last accepted profile.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn profile(&self) -> Result<Option<Arrived>, LedgerError> {
        todo!()
    }

    /// The newest accepted ack.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn last_ack(&self) -> Result<Option<LastAck>, LedgerError> {
        todo!()
    }

    /// The status lists that are held, by number.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn status_lists(&self) -> Result<Vec<HeldStatusList>, LedgerError> {
        todo!()
    }

    /// What the phone holds now, for the header of a record; version 0 without a trust list.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn held(&self) -> Result<Held, LedgerError> {
        todo!()
    }

    /// Whether the server's view of the chain and the phone's agree.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn chain_state(&self) -> Result<ChainState, LedgerError> {
        todo!()
    }
}
