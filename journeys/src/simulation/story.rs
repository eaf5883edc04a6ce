//! A story: what happens between the start and the moment when all faults stop.

use super::world::World;
use verifier_core::sync::SyncRun;

/// What may happen next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Event {
    Serve,
    ServeWithOverride,
    ServeNewest,
    Check,
    Void,
    Attach,
    BeginSync,
    ContinueSync,
    LateRequest,
    VoucherDecision,
    ClaimDecision,
    PhoneDecision,
    TrustChange,
    Issue,
    IssueInField,
    DelegationDecision,
    ForgeWithOfficersKey,
    Rotate,
    StealKey,
    ForgeWithOfficesKey,
    DeclareCompromised,
    Clock,
    Reboot,
    Kill,
    CrashPoint,
    Disk,
    OfficeDisk,
    KillOffice,
    OfficeCrashPoint,
    Hours,
    Export,
    DeliverFile,
    Import,
    BackUp,
    Restore,
    OfficeBackup,
}

/// Every event, with how likely it is among them.
const EVENTS: [(Event, u32); 36] = [
    (Event::Serve, 200),
    (Event::ServeWithOverride, 40),
    (Event::ServeNewest, 50),
    (Event::Check, 20),
    (Event::Void, 40),
    (Event::Attach, 50),
    (Event::BeginSync, 130),
    (Event::ContinueSync, 330),
    (Event::LateRequest, 40),
    (Event::VoucherDecision, 40),
    (Event::ClaimDecision, 30),
    (Event::PhoneDecision, 12),
    (Event::TrustChange, 12),
    (Event::Issue, 20),
    (Event::IssueInField, 120),
    (Event::DelegationDecision, 12),
    (Event::ForgeWithOfficersKey, 25),
    (Event::Rotate, 30),
    (Event::StealKey, 15),
    (Event::ForgeWithOfficesKey, 15),
    (Event::DeclareCompromised, 15),
    (Event::Clock, 25),
    (Event::Reboot, 20),
    (Event::Kill, 20),
    (Event::CrashPoint, 40),
    (Event::Disk, 20),
    (Event::OfficeDisk, 8),
    (Event::KillOffice, 8),
    (Event::OfficeCrashPoint, 15),
    (Event::Hours, 35),
    (Event::Export, 25),
    (Event::DeliverFile, 60),
    (Event::Import, 35),
    (Event::BackUp, 45),
    (Event::Restore, 35),
    (Event::OfficeBackup, 25),
];

/// How often two phones are shown one voucher in each story.
const DOUBLES: usize = 3;

impl World<'_> {
    /// Plays the story to its end.
    ///
    /// # Errors
    /// When something fails that no fault excuses.
    pub fn play(&mut self) -> Result<(), String> {
        self.take_up_offers()?;
        let length = self.random.between(18, 46);
        let mut doubles = self.doubles(length);
        for moment in 0..length {
            while let Some(place) = doubles.iter().position(|(at, ..)| *at == moment) {
                let (_, phone, voucher) = doubles.swap_remove(place);
                self.serve(phone, voucher)?;
            }
            let weights = EVENTS.map(|(_, weight)| weight);
            let event = EVENTS[self.random.weighed(&weights)].0;
            self.happen(event)?;
            if self.office.revive()? {
                self.tell("the office's server died over it and starts again");
            }
            let pause = self.random.between(1, 90);
            self.pass(pause);
        }
        Ok(())
    }

    /// Phones that have an offer read it.
    fn take_up_offers(&mut self) -> Result<(), String> {
        for place in 0..self.phones.len() {
            if let Some(offer) = self.phones[place].offer.clone() {
                let clock = self.phones[place].clocks.at(self.now);
                self.ask(place, "read its offer", |verifier| {
                    verifier.enrol(&offer, clock).map(|_| ())
                })?;
            }
        }
        Ok(())
    }

    /// When which phone is shown a voucher that another one is shown, too: moment, phone, voucher.
    fn doubles(&mut self, length: u64) -> Vec<(u64, usize, usize)> {
        let mut doubles = Vec::new();
        for voucher in 0..DOUBLES {
            let first = self.random.below(self.phones.len());
            let second = (first + 1 + self.random.below(self.phones.len() - 1)) % self.phones.len();
            let at = self.random.between(0, length / 2);
            let gap = self.random.between(0, 3);
            doubles.push((at, first, voucher));
            doubles.push(((at + gap).min(length - 1), second, voucher));
        }
        doubles
    }

    fn happen(&mut self, event: Event) -> Result<(), String> {
        let place = self.random.below(self.phones.len());
        match event {
            Event::Serve => {
                let voucher = self.random.below(self.vouchers.len());
                self.serve(place, voucher)?;
            }
            Event::ServeWithOverride => {
                let voucher = self.random.below(self.vouchers.len());
                let wrong = self.random.percent(60);
                let place = if wrong { self.set_clock_where_supervised() } else { place };
                self.serve_with_override(place, voucher)?;
            }
            Event::ServeNewest => {
                let newest = self.random.below(3);
                self.serve(place, self.vouchers.len().saturating_sub(1 + newest))?;
            }
            Event::Check => {
                let voucher = self.random.below(self.vouchers.len());
                self.check(place, voucher)?;
            }
            Event::Void => self.void(place)?,
            Event::Attach => self.attach(place)?,
            Event::BeginSync => {
                let phone = &self.phones[place];
                if phone.by_file {
                    self.export(place)?;
                } else if phone.run.is_none() && self.wake(place)? {
                    self.phones[place].run = Some(SyncRun::new());
                }
            }
            Event::ContinueSync => {
                let steps = self.random.between(1, 9);
                for _ in 0..steps {
                    self.step(place)?;
                }
            }
            Event::LateRequest => self.let_one_arrive()?,
            Event::VoucherDecision => self.decide_on_voucher()?,
            Event::ClaimDecision => self.decide_on_claim()?,
            Event::PhoneDecision => self.decide_on_phone()?,
            Event::TrustChange => self.change_trust()?,
            Event::Issue => self.issue()?,
            Event::IssueInField => self.issue_in_field()?,
            Event::DelegationDecision => self.decide_on_delegation()?,
            Event::ForgeWithOfficersKey => self.forge_with_officers_key()?,
            Event::Rotate => self.rotate()?,
            Event::StealKey => self.steal_key()?,
            Event::ForgeWithOfficesKey => self.forge_with_offices_key()?,
            Event::DeclareCompromised => self.declare_compromised()?,
            Event::Clock => self.set_clock(place),
            Event::Reboot => self.reboot(place),
            Event::Kill => self.kill(place),
            Event::CrashPoint => self.set_crash_point(place),
            Event::Disk => self.fill_disk(place)?,
            Event::OfficeDisk => self.fill_office_disk()?,
            Event::KillOffice => self.kill_office()?,
            Event::OfficeCrashPoint => self.set_office_crash_point(),
            Event::Hours => {
                let hours = self.random.between(1, 30);
                self.pass(hours * 3600);
            }
            Event::Export => {
                self.export(place)?;
            }
            Event::DeliverFile => self.deliver_file()?,
            Event::Import => self.import(place)?,
            Event::BackUp => self.back_up(place)?,
            Event::Restore => self.restore(place)?,
            Event::OfficeBackup if self.office_backup.is_none() => self.back_up_office()?,
            Event::OfficeBackup => self.restore_office()?,
        }
        Ok(())
    }

    /// Lets one request arrive that was under way for long.
    ///
    /// # Errors
    /// When the server does not start again.
    pub fn let_one_arrive(&mut self) -> Result<(), String> {
        let World { network, office, random, .. } = self;
        if let Some(request) = network.deliver_late(office, random)? {
            self.tell(format!("arrives late: {request}"));
        }
        Ok(())
    }
}
