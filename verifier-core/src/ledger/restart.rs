//! Going on after a restored backup: the chain that the server knows otherwise is closed, and another
//! begins with the names of the records that lost their place (docs/protocol.md §7).

use crate::clock::DeviceClock;
use crate::ledger::append::{AppendPoint, RecordContext};
use crate::ledger::chains::{self, Chain};
use crate::ledger::derive::HAS_NO_PLACE;
use crate::ledger::sql::get;
use crate::ledger::{AppendError, Ledger, LedgerError};
use protocol::id::ChainId;
use protocol::key::Signer;
use protocol::record::{Body, ChainPoint, ObservedState, Restart};
use protocol::seal::SealingKey;
use protocol::{Hash, Timestamp};
use rusqlite::{OptionalExtension, params};

/// Most orphans that one record names; what more there are, the next ones name.
const ORPHANS_A_RECORD: usize = 1000;

impl Ledger {
    /// Whether the server's view of this phone's records and the phone's own have parted, so that
    /// [`Ledger::restart`] has something to do.
    pub fn needs_restart(&self) -> Result<bool, LedgerError> {
        let current = self.chains.current().number;
        for chain in self.chains.all() {
            if (chain.number == current && self.has_diverged(chain)?)
                || self.has_displaced(chain)?
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Closes the chain that parted from the server's, and begins another: its first records name the
    /// closed one, the last point that both ends share, and the records that lost their place, which
    /// from then on are sent beside the new chain's own, as they were signed. Does nothing unless
    /// [`Ledger::needs_restart`]; says whether it did something.
    pub fn restart(
        &mut self,
        now: DeviceClock,
        clock_floor: Timestamp,
        observed: ObservedState,
        device: &dyn Signer,
        sealing: &SealingKey,
    ) -> Result<bool, AppendError> {
        if !self.needs_restart()? {
            return Ok(false);
        }
        if device.public_key() != *self.device() {
            return Err(LedgerError::OtherDevice.into());
        }
        let current = self.chains.current().clone();
        // What a closed chain lost needs no other chain than the one that is written.
        let begun = if self.has_diverged(&current)? || self.has_displaced(&current)? {
            Some(ChainId::from_bytes(chains::random()?))
        } else {
            None
        };
        let mut bodies = Vec::new();
        for chain in self.chains.all() {
            let closes = begun.is_some() && chain.number == current.number;
            if closes || self.has_displaced(chain)? {
                bodies.extend(self.restarts_of(chain)?);
            }
        }
        let context = RecordContext { now, operator: None, clock_floor, observed, device, sealing };
        let mut point = match begun {
            Some(chain) => AppendPoint { chain, head: None },
            None => AppendPoint { chain: current.id, head: self.head()? },
        };
        let mut records = Vec::with_capacity(bodies.len());
        for body in bodies {
            let record = self.prepare(&context, point, &body, None, &[])?;
            point = point.after(&record);
            records.push(record);
        }
        self.write(now, begun, &records)?;
        Ok(true)
    }

    /// Whether the server named a head that is not in the chain.
    fn has_diverged(&self, chain: &Chain) -> Result<bool, LedgerError> {
        let mut select = self.db.prepare_cached("SELECT 1 FROM divergence WHERE chain = ?1")?;
        Ok(select.exists([chain.number])?)
    }

    /// Whether the server refused records of the chain because others have their place.
    fn has_displaced(&self, chain: &Chain) -> Result<bool, LedgerError> {
        let mut select = self.db.prepare_cached(
            "SELECT 1 FROM outbox WHERE state <> 'sent' AND state = 'refused' AND chain = ?1
             AND via = ?1 AND reason IN (?2, ?3, ?4)",
        )?;
        let [one, two, three] = HAS_NO_PLACE;
        Ok(select.exists(params![chain.number, one, two, three])?)
    }

    /// The records that name what a chain lost: at least one.
    fn restarts_of(&self, chain: &Chain) -> Result<Vec<Body>, LedgerError> {
        let [one, two, three] = HAS_NO_PLACE;
        let orphans = self
            .db
            .prepare_cached(
                "SELECT sequence, hash FROM outbox
                 WHERE state <> 'sent' AND chain = ?1 AND via = ?1
                   AND (state = 'waiting' OR reason IN (?2, ?3, ?4)) ORDER BY record",
            )?
            .query_map(params![chain.number, one, two, three], |row| {
                Ok((get(row, 0)?, get(row, 1)?))
            })?
            .collect::<rusqlite::Result<Vec<(u64, Hash)>>>()?;
        let before = orphans.iter().map(|(sequence, _)| *sequence).min();
        let shared = self
            .db
            .prepare_cached(
                "SELECT sequence, hash FROM outbox WHERE chain = ?1 AND (?2 IS NULL OR sequence < ?2)
                 ORDER BY sequence DESC LIMIT 1",
            )?
            .query_row(params![chain.number, before.map(|it| it as i64)], |row| {
                Ok(ChainPoint { sequence: get(row, 0)?, hash: get(row, 1)? })
            })
            .optional()?;
        let named: Vec<Hash> = orphans.into_iter().map(|(_, hash)| hash).collect();
        let restart =
            |orphans: &[Hash]| Restart { chain: chain.id, shared, orphans: orphans.to_vec() };
        let mut bodies: Vec<Body> =
            named.chunks(ORPHANS_A_RECORD).map(|orphans| Body::Restart(restart(orphans))).collect();
        if bodies.is_empty() {
            bodies.push(Body::Restart(restart(&[])));
        }
        Ok(bodies)
    }
}
