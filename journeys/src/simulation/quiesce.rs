//! The end of a story: every fault stops, and phones sync until both ends are quiescent.

use super::phone::Stepped;
use super::template::offer;
use super::world::World;
use verifier_core::sync::{SyncReport, SyncRun};
use verifier_core::verifier::Verifier;

/// Rounds in which every phone syncs once, until quiet. Few are needed; a story that needs more
/// never becomes quiet.
const ROUNDS: usize = 12;

/// Seconds by which a clock may stay wrong to the end. Further ahead a phone may find the root expired
/// that signs new keys, and then waits for the right time.
const TOLERATED: u64 = 2 * 3600;

/// Steps of one sync over a network without faults.
const STEPS: usize = 400;

impl World<'_> {
    /// Ends every fault and lets all phones sync until none has news.
    ///
    /// # Errors
    /// When something fails although nothing is broken any more.
    pub fn quiesce(&mut self) -> Result<(), String> {
        self.tell("all faults stop");
        self.network.faults = 0;
        self.office.leave_room(None)?;
        for phone in &mut self.phones {
            phone.stop();
            phone.room = None;
            phone.crash_point.disarm();
            if phone.clocks.ahead.unsigned_abs() > TOLERATED {
                phone.clocks.ahead = 0;
            }
        }
        while self.network.has_late() {
            self.let_one_arrive()?;
        }
        self.renew_offers()?;
        // How often the office learnt something, and how often it had when each phone synced last.
        let mut changes = 0;
        let mut seen: Vec<Option<usize>> = vec![None; self.phones.len()];
        for _ in 0..ROUNDS {
            for (place, seen) in seen.iter_mut().enumerate() {
                if *seen == Some(changes) {
                    continue;
                }
                self.pass(60);
                let report = match self.phones[place].by_file {
                    true => self.transfer_all(place)?,
                    false => self.sync_whole(place)?,
                };
                let waits =
                    self.ask(place, "count", |verifier| Ok(verifier.ledger().unsent()?))?;
                let done = report.stopped.is_none() && waits.is_some_and(|it| it.records == 0);
                changes += usize::from(
                    report.accepted + report.conflicts + report.duplicates + report.documents_sent
                        > 0,
                );
                *seen = done.then_some(changes);
            }
            if seen.iter().all(|seen| *seen == Some(changes)) {
                return Ok(());
            }
        }
        self.breach(format!("after {ROUNDS} rounds of syncs without a fault it is not quiet"));
        Ok(())
    }

    /// Whoever could not enrol before its offer ran out gets a new one.
    fn renew_offers(&mut self) -> Result<(), String> {
        for place in 0..self.phones.len() {
            self.wake(place)?;
            let phone = &self.phones[place];
            if phone.verifier.as_ref().is_none_or(Verifier::is_enrolled) {
                continue;
            }
            let provider = phone.provider;
            let offer = self.office.does(async |app| offer(app, provider).await)?;
            let offer = offer.map_err(|error| format!("no offer: {error}"))?;
            let clock = phone.clocks.at(self.now);
            self.ask(place, "enrol", |verifier| verifier.enrol(&offer, clock).map(|_| ()))?;
        }
        Ok(())
    }

    fn sync_whole(&mut self, place: usize) -> Result<SyncReport, String> {
        self.wake(place)?;
        self.phones[place].run = Some(SyncRun::new());
        for _ in 0..STEPS {
            match self.step(place)? {
                Stepped::Sent(_) | Stepped::Waited => {}
                Stepped::Over(report) => return Ok(report),
                Stepped::Idle | Stepped::Died => break,
                Stepped::Broke(error) => return Err(format!("a sync without a fault: {error}")),
            }
        }
        Err("a sync without a fault does not end".to_owned())
    }
}
