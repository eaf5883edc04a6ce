//! Backups of phones and of the office, and what is done when an old one is put back.

use super::snapshots::{OfficeSnapshot, phone_records};
use super::vouchers::Origin;
use super::world::World;
use crate::folder;
use program_server::config::Home;
use program_server::trust;
use protocol::Timestamp;
use std::path::Path;

/// A backup of the office.
#[derive(Debug, Clone)]
pub struct Backup {
    made: Timestamp,
    enrolled: Vec<Option<bool>>,
    root: u64,
    /// How many vouchers and delegations there were.
    vouchers: usize,
    delegations: usize,
}

impl World<'_> {
    /// Copies a phone's files away.
    ///
    /// # Errors
    /// When they cannot be copied.
    pub fn back_up(&mut self, place: usize) -> Result<(), String> {
        let phone = &mut self.phones[place];
        phone.stop();
        let to = phone.dir.with_extension("backup");
        replace(&phone.dir, &to)?;
        let line = format!("{} is backed up", phone.name);
        self.tell(line);
        Ok(())
    }

    /// Puts a phone's backup back. What it held since then is gone, but for what the office has.
    ///
    /// # Errors
    /// When the files cannot be copied or read.
    pub fn restore(&mut self, place: usize) -> Result<(), String> {
        let phone = &mut self.phones[place];
        let backup = phone.dir.with_extension("backup");
        if !backup.exists() {
            return Ok(());
        }
        phone.stop();
        let held = phone_records(&phone.dir.join("ledger.db"))?;
        phone.gone.extend(held.into_iter().map(|record| record.hash));
        replace(&backup, &phone.dir)?;
        let line = format!("{}'s backup is put back", phone.name);
        self.tell(line);
        self.forgive()
    }

    /// Copies the office's home away, and notes when.
    ///
    /// # Errors
    /// When it cannot be copied, or the server does not start again.
    pub fn back_up_office(&mut self) -> Result<(), String> {
        let enrolled = self.enrolled()?;
        let (root, _) = self.published()?;
        self.office.stop()?;
        let home = self.office_home();
        replace(&home, &home.with_extension("backup"))?;
        self.office.start()?;
        let (vouchers, delegations) = (self.vouchers.len(), self.delegations.len());
        self.office_backup = Some(Backup { made: self.now, enrolled, root, vouchers, delegations });
        self.tell("the office is backed up");
        Ok(())
    }

    /// Puts the office's backup back beside its keys, of which a copy is made whenever one is drawn, and
    /// publishes a trust list that phones can follow.
    ///
    /// # Errors
    /// When it cannot be put back, or the server does not start again.
    pub fn restore_office(&mut self) -> Result<(), String> {
        let Some(backup) = self.office_backup.clone() else { return Ok(()) };
        // A phone that enrolled since would be unknown, and enrolled anew by hand.
        if self.enrolled()? != backup.enrolled {
            return Ok(());
        }
        let (root, newest) = self.published()?;
        // Phones follow roots one after the other, and would take no other in the place of one that
        // they hold.
        if root != backup.root {
            return Ok(());
        }
        let made = backup.made;
        self.office.stop()?;
        let home = self.office_home();
        let (keys, kept) = (Home::at(&home).keys(), home.with_extension("keys"));
        replace(&keys, &kept)?;
        replace(&home.with_extension("backup"), &home)?;
        folder::copy(&kept, &keys)?;
        self.office.leave_room(None)?;
        self.tell(format!("the office's backup of {made} is put back"));
        for decisions in self.decisions.values_mut() {
            decisions.retain(|(at, _)| *at <= made);
        }
        self.decisions.retain(|_, decisions| !decisions.is_empty());
        self.forget(&backup);
        self.publish_beyond(newest)?;
        self.forgive()
    }

    /// What the office did since its backup was made it no longer knows.
    fn forget(&mut self, backup: &Backup) {
        let since = backup.vouchers..self.vouchers.len();
        self.forgotten.extend(since.filter(|&at| self.vouchers[at].origin == Origin::Office));
        for limit in &mut self.delegations[backup.delegations..] {
            limit.forgotten = true;
        }
        for limit in &mut self.delegations {
            limit.ended = limit.ended.filter(|ended| *ended <= backup.made);
        }
        for stolen in &mut self.stolen {
            stolen.declared = stolen.declared.filter(|declared| *declared <= backup.made);
        }
    }

    /// The versions of the root and of the trust list.
    fn published(&mut self) -> Result<(u64, u64), String> {
        let newest = self.office.does(async |app| trust::current(app).await)?;
        let newest = newest.map_err(|error| format!("the office has no trust list: {error}"))?;
        Ok((newest.state.root().version, newest.state.list().version))
    }

    /// Phones never go back to an older trust list, so the office publishes one beyond the newest that
    /// there was. A number is not used again: a record names by it what the phone held.
    fn publish_beyond(&mut self, newest: u64) -> Result<(), String> {
        let published =
            self.office.does(async |app| trust::publish_at_least(app, newest + 1).await)?;
        let published =
            published.map_err(|error| format!("no trust list after a restore: {error}"))?;
        self.tell(format!("the office publishes trust list {}", published.state.list().version));
        Ok(())
    }

    /// Which phones are enrolled; none of a phone whose program does not start now.
    fn enrolled(&mut self) -> Result<Vec<Option<bool>>, String> {
        (0..self.phones.len())
            .map(|place| self.ask(place, "show its profile", |verifier| Ok(verifier.is_enrolled())))
            .collect()
    }

    /// What a restored phone no longer holds and the office does not either is gone with the disk that
    /// held it; nobody promised otherwise.
    fn forgive(&mut self) -> Result<(), String> {
        let snapshot = OfficeSnapshot::read(&self.office_database())?;
        for phone in self.phones.iter_mut().filter(|phone| !phone.gone.is_empty()) {
            let own = phone_records(&phone.dir.join("ledger.db"))?;
            phone.said.retain(|said| {
                let hash = said.hash.as_bytes();
                own.iter().any(|record| record.hash == hash) || snapshot.holds(hash) > 0
            });
        }
        Ok(())
    }
}

fn replace(from: &Path, to: &Path) -> Result<(), String> {
    let words = |error: std::io::Error| format!("{}: {error}", to.display());
    if to.exists() {
        std::fs::remove_dir_all(to).map_err(words)?;
    }
    folder::copy(from, to)
}
