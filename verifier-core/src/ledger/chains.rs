//! The chains of this phone: one that is written, and those before it, which are closed.
//!
//! A phone begins another chain when it finds that a backup was restored, or when its key was lost.
//! What closed chains hold is still sent, and acks for them are still taken in.

use crate::ledger::cipher::CipherFault;
use crate::ledger::sql::{Column, get};
use crate::ledger::{Ledger, LedgerError};
use protocol::Hash;
use protocol::id::ChainId;
use protocol::key::PublicKey;
use rusqlite::{Connection, params};

/// A chain of this phone, as it is named to the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChainRef {
    /// The chain.
    pub id: ChainId,
    /// The thumbprint of the key that signed it.
    pub device: Hash,
    /// Whether it is the one that is written now.
    pub current: bool,
}

/// A row of `chain`.
#[derive(Debug, Clone)]
pub(super) struct Chain {
    pub(super) number: i64,
    pub(super) id: ChainId,
    pub(super) device: PublicKey,
}

/// Every chain of a ledger: never none.
#[derive(Debug)]
pub(super) struct Chains {
    closed: Vec<Chain>,
    current: Chain,
}

impl Chains {
    /// The chains in the database; `None` when there is none yet.
    pub(super) fn read(db: &Connection) -> Result<Option<Self>, LedgerError> {
        let mut chains: Vec<Chain> = db
            .prepare("SELECT number, id, device FROM chain ORDER BY number")?
            .query_map([], |row| {
                Ok(Chain { number: row.get(0)?, id: get(row, 1)?, device: get(row, 2)? })
            })?
            .collect::<rusqlite::Result<_>>()?;
        Ok(chains.pop().map(|current| Chains { closed: chains, current }))
    }

    /// The chains in the database, or a first one of this device.
    pub(super) fn read_or_begin(db: &Connection, device: &PublicKey) -> Result<Self, LedgerError> {
        match Self::read(db)? {
            Some(chains) => Ok(chains),
            None => {
                let current = Chain::insert(db, ChainId::from_bytes(random()?), device)?;
                Ok(Chains { closed: Vec::new(), current })
            }
        }
    }

    /// The one that is written.
    pub(super) fn current(&self) -> &Chain {
        &self.current
    }

    /// The chain whose id binds what belongs to the whole ledger and to no chain: its first.
    pub(super) fn first(&self) -> ChainId {
        self.closed.first().unwrap_or(&self.current).id
    }

    pub(super) fn numbered(&self, number: i64) -> Option<&Chain> {
        self.all().find(|chain| chain.number == number)
    }

    pub(super) fn named(&self, id: ChainId) -> Option<&Chain> {
        self.all().find(|chain| chain.id == id)
    }

    /// All, the current one first, then the one before it, and so on.
    pub(super) fn all(&self) -> impl Iterator<Item = &Chain> {
        std::iter::once(&self.current).chain(self.closed.iter().rev())
    }

    /// Closes the current chain in favour of this one.
    pub(super) fn go_on_with(&mut self, next: Chain) {
        let closed = std::mem::replace(&mut self.current, next);
        self.closed.push(closed);
    }
}

impl Chain {
    pub(super) fn insert(
        db: &Connection,
        id: ChainId,
        device: &PublicKey,
    ) -> Result<Self, LedgerError> {
        db.execute(
            "INSERT INTO chain (id, device) VALUES (?1, ?2)",
            params![Column(id), device.to_bytes()],
        )?;
        Ok(Chain { number: db.last_insert_rowid(), id, device: device.clone() })
    }
}

/// The bytes of a new chain's id.
pub(super) fn random() -> Result<[u8; 16], LedgerError> {
    let mut id = [0; 16];
    getrandom::fill(&mut id).map_err(|_| CipherFault::Random)?;
    Ok(id)
}

impl Ledger {
    /// Every chain of this phone, the one that is written first: each is to be asked about at a sync,
    /// since records of a closed one may still wait, and its claims still have news.
    #[must_use]
    pub fn chains(&self) -> Vec<ChainRef> {
        let current = self.chains.current().number;
        let named = |chain: &Chain| ChainRef {
            id: chain.id,
            device: chain.device.thumbprint(),
            current: chain.number == current,
        };
        self.chains.all().map(named).collect()
    }
}
