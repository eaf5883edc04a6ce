//! Backups of phones and of the office, and what is done when an old one is put back.

use super::reckoning::{OfficeBooks, own_records};
use super::world::World;
use crate::folder;
use program_server::trust;
use protocol::Timestamp;
use std::path::Path;

/// A backup of the office.
#[derive(Debug, Clone)]
pub struct Backup {
    made: Timestamp,
    enrolled: Vec<Option<bool>>,
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
        let held = own_records(&phone.dir.join("ledger.db"))?;
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
        self.office.stop()?;
        let home = self.office_home();
        replace(&home, &home.with_extension("backup"))?;
        self.office.start()?;
        self.office_backup = Some(Backup { made: self.now, enrolled });
        self.tell("the office is backed up");
        Ok(())
    }

    /// Puts the office's backup back, and publishes a trust list that phones can follow.
    ///
    /// # Errors
    /// When it cannot be put back, or the server does not start again.
    pub fn restore_office(&mut self) -> Result<(), String> {
        let Some(backup) = self.office_backup.clone() else { return Ok(()) };
        // A phone that enrolled since would be unknown, and enrolled anew by hand.
        if self.enrolled()? != backup.enrolled {
            return Ok(());
        }
        let newest = self.office.does(async |app| trust::current(app).await)?;
        let newest = newest.map_err(|error| format!("the office has no trust list: {error}"))?;
        let newest = newest.state.list().version;
        let made = backup.made;
        self.office.stop()?;
        let home = self.office_home();
        replace(&home.with_extension("backup"), &home)?;
        self.office.leave_room(None)?;
        self.tell(format!("the office's backup of {made} is put back"));
        for decisions in self.decisions.values_mut() {
            decisions.retain(|(at, _)| *at <= made);
        }
        self.decisions.retain(|_, decisions| !decisions.is_empty());
        self.publish_beyond(newest)?;
        self.forgive()
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
        let books = OfficeBooks::read(&self.office_database())?;
        for phone in self.phones.iter_mut().filter(|phone| !phone.gone.is_empty()) {
            let own = own_records(&phone.dir.join("ledger.db"))?;
            phone.said.retain(|said| {
                let hash = said.hash.as_bytes();
                own.iter().any(|record| record.hash == hash) || books.holds(hash) > 0
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
