//! Faults of phones and of the office, beside those of the network: wrong clocks, crashes, full disks.

use super::template::has_supervisor;
use super::world::World;
use protocol::Span;
use protocol::id::BootId;

/// A day in seconds.
const DAY: i64 = 86_400;

impl World<'_> {
    /// Sets a phone's clock to another time.
    pub fn set_clock(&mut self, place: usize) {
        let ahead = match self.random.below(8) {
            0 | 1 => 0,
            2 => -3600,
            3 => -2 * DAY,
            4 => 3 * DAY,
            5 => 366 * DAY,
            6 => -3650 * DAY,
            _ => self.random.between(0, 20 * 86_400) as i64 - 10 * DAY,
        };
        self.phones[place].clocks.ahead = ahead;
        let line = format!("{}'s clock is {ahead} s ahead from now on", self.phones[place].name);
        self.tell(line);
    }

    /// Sets the clock of a phone whose provider has a supervisor so that the phone refuses to serve by it.
    /// Gives which.
    pub fn set_clock_where_supervised(&mut self) -> usize {
        let supervised: Vec<usize> = (0..self.phones.len())
            .filter(|&place| has_supervisor(self.phones[place].provider))
            .collect();
        let place = self.random.pick(&supervised).copied().unwrap_or(0);
        let ahead = *self.random.pick(&[-2 * DAY, -30 * DAY, 4 * DAY]).unwrap_or(&0);
        self.phones[place].clocks.ahead = ahead;
        let line = format!("{}'s clock is {ahead} s ahead from now on", self.phones[place].name);
        self.tell(line);
        place
    }

    /// Starts a phone anew, its monotonic clock with it.
    pub fn reboot(&mut self, place: usize) {
        let boot = BootId::from_bytes(self.random.bytes());
        self.pass(40);
        let phone = &mut self.phones[place];
        phone.stop();
        phone.clocks.boot = boot;
        phone.clocks.booted = self.now.before(Span::seconds(20));
        let line = format!("{} reboots", phone.name);
        self.tell(line);
    }

    /// Kills a phone's program.
    pub fn kill(&mut self, place: usize) {
        self.phones[place].stop();
        let line = format!("{} is killed", self.phones[place].name);
        self.tell(line);
    }

    /// Lets a phone's program die at one of its next commits.
    pub fn set_crash_point(&mut self, place: usize) {
        let commits = self.random.below(5) as u32;
        self.phones[place].crash_point.arm(commits);
        let line = format!("{} will die after {commits} commits", self.phones[place].name);
        self.tell(line);
    }

    /// Fills a phone's disk but for some pages, or makes room again.
    ///
    /// # Errors
    /// When the phone does not start without excuse.
    pub fn fill_disk(&mut self, place: usize) -> Result<(), String> {
        let room = match self.phones[place].room {
            Some(_) => None,
            None => Some(self.random.below(12) as u32),
        };
        self.phones[place].room = room;
        self.phones[place].stop();
        let line = format!("{}'s disk has room for {room:?} pages", self.phones[place].name);
        self.tell(line);
        self.wake(place).map(|_| ())
    }

    /// Fills the office's disk but for some pages, or makes room again.
    ///
    /// # Errors
    /// When the server does not start again.
    pub fn fill_office_disk(&mut self) -> Result<(), String> {
        let room = if self.office.is_full() { None } else { Some(self.random.below(20) as u32) };
        self.office.leave_room(room)?;
        self.tell(format!("the office's disk has room for {room:?} pages"));
        Ok(())
    }

    /// Lets the office's server die at one of its next commits.
    pub fn set_office_crash_point(&mut self) {
        let commits = self.random.below(6) as u32;
        self.office.crash_point.arm(commits);
        self.tell(format!("the office's server will die after {commits} commits"));
    }

    /// Kills the office's server, which starts again.
    ///
    /// # Errors
    /// When it does not start again.
    pub fn kill_office(&mut self) -> Result<(), String> {
        self.office.start()?;
        self.tell("the office's server is killed and starts again");
        Ok(())
    }
}
