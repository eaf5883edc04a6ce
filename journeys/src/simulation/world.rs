//! One seed's world: an office, a network, some phones, and the time that passes for all of them.

use super::Coverage;
use super::backups::Backup;
use super::field::Limit;
use super::file_transfer::InTransit;
use super::keys::Stolen;
use super::network::{Interceptor, Network};
use super::office::Office;
use super::phone::{Asked, Phone, Stepped};
use super::random::Random;
use super::template::{OFFICER, Template, start};
use super::vouchers::PresentedVoucher;
use program_server::app::Clock;
use program_server::vouchers::Decision;
use protocol::{Span, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::PathBuf;
use verifier_core::verifier::{EngineError, Verifier};

pub struct World<'t> {
    /// Where the story began.
    pub template: &'t Template,
    /// The vouchers of the story, those that the story added last.
    pub vouchers: Vec<PresentedVoucher>,
    /// What the officer's phone may issue.
    pub delegations: Vec<Limit>,
    /// The office's keys that a thief has.
    pub stolen: Vec<Stolen>,
    /// Vouchers that the office issued and forgot, since an older backup was put back.
    pub forgotten: BTreeSet<usize>,
    pub random: Random,
    /// The true time, which the office's clock shows.
    pub now: Timestamp,
    pub office: Office,
    pub network: Network,
    pub phones: Vec<Phone>,
    /// What the office decided of each voucher, and when.
    pub decisions: BTreeMap<usize, Vec<(Timestamp, Decision)>>,
    pub in_transit: InTransit,
    pub office_backup: Option<Backup>,
    /// How often what is rare happened.
    pub coverage: Coverage,
    /// What happened, for people.
    pub history: Vec<String>,
    /// Invariants that were broken on the way.
    pub broken: Vec<String>,
    clock: Clock,
    files: tempfile::TempDir,
}

impl<'t> World<'t> {
    /// A world at the start of its story.
    ///
    /// # Errors
    /// When its files cannot be made.
    pub fn new(
        template: &'t Template,
        seed: u64,
        interceptor: Box<dyn Interceptor>,
    ) -> Result<Self, String> {
        let mut random = Random::from_seed(seed);
        let files = template.scratch()?;
        // One phone of each of two providers always, so that one voucher may be served twice.
        let mut kits = vec![if random.percent(85) { 0 } else { 1 }, 2];
        for more in [1, 3, 4] {
            if !kits.contains(&more) && random.percent(16) {
                kits.push(more);
            }
        }
        if random.percent(50) {
            kits.push(OFFICER);
        }
        let mut phones = template.copy_to(files.path(), &kits, &mut random)?;
        for phone in &mut phones {
            phone.by_file = random.percent(8);
        }
        let clock = Clock::standing_at(start());
        let office = Office::open(&files.path().join("office"), clock.clone())?;
        let faults = *random.pick(&[0, 10, 20, 30, 45]).unwrap_or(&0);
        Ok(World {
            template,
            vouchers: template.vouchers.clone(),
            delegations: vec![Limit::of(&template.delegation)],
            stolen: Vec::new(),
            forgotten: BTreeSet::new(),
            random,
            now: start(),
            office,
            network: Network::new(faults, interceptor),
            phones,
            decisions: BTreeMap::new(),
            in_transit: InTransit::default(),
            office_backup: None,
            coverage: Coverage::default(),
            history: Vec::new(),
            broken: Vec::new(),
            clock,
            files,
        })
    }

    /// Writes down what happened.
    pub fn tell(&mut self, what: impl AsRef<str>) {
        let mut line = String::new();
        // Writing to a string cannot fail.
        let _ = write!(line, "{} {}", self.now, what.as_ref());
        self.history.push(line);
    }

    /// Writes down that an invariant was broken.
    pub fn breach(&mut self, what: String) {
        self.tell(format!("BROKEN: {what}"));
        self.broken.push(what);
    }

    pub fn pass(&mut self, seconds: u64) {
        self.now = self.now.after(Span::seconds(seconds));
        self.clock.set(self.now);
    }

    /// Makes a phone's program run; gives whether it does.
    ///
    /// # Errors
    /// When it does not start without excuse.
    pub fn wake(&mut self, place: usize) -> Result<bool, String> {
        let phone = &mut self.phones[place];
        if phone.verifier.is_some() {
            return Ok(true);
        }
        let runs = phone.start()?;
        let line = format!("{} starts{}", phone.name, if runs { "" } else { ", and cannot" });
        self.tell(line);
        Ok(runs)
    }

    /// Asks a phone's engine for something, and writes down when it does not do it.
    ///
    /// # Errors
    /// When its storage failed without excuse.
    pub fn ask<T>(
        &mut self,
        place: usize,
        what: &str,
        work: impl FnOnce(&mut Verifier) -> Result<T, EngineError>,
    ) -> Result<Option<T>, String> {
        if !self.wake(place)? {
            return Ok(None);
        }
        let phone = &mut self.phones[place];
        let name = phone.name.clone();
        Ok(match phone.ask(work)? {
            None => None,
            Some(Asked::Did(done)) => Some(done),
            Some(Asked::Died) => {
                self.tell(format!("{name} dies while it should {what}"));
                None
            }
            Some(Asked::Told(error)) => {
                self.tell(format!("{name} does not {what}: {error}"));
                None
            }
        })
    }

    /// Takes a phone's sync one step on; gives whether it goes on.
    ///
    /// # Errors
    /// When storage failed without excuse, or the server does not start again.
    pub fn step(&mut self, place: usize) -> Result<Stepped, String> {
        let World { phones, network, office, random, history, now, .. } = self;
        let phone = &mut phones[place];
        let name = phone.name.clone();
        let stepped = phone.step(*now, &mut |request| {
            let (answer, fault) = network.send(office, random, request.clone())?;
            let came = match &answer {
                Ok(answer) => format!("{} ({} bytes)", answer.status, answer.body.len()),
                Err(failure) => format!("{failure:?}"),
            };
            let fault = fault.map(|fault| format!(" [{fault:?}]")).unwrap_or_default();
            history.push(format!("{now} {name}: {request:?}{fault} -> {came}"));
            Ok(answer)
        })?;
        match &stepped {
            Stepped::Sent(_) => self.pass(1),
            Stepped::Waited => self.pass(2),
            Stepped::Idle => {}
            Stepped::Over(report) => {
                let line = format!(
                    "{name}'s sync is over: {} accepted, {} duplicates, {} conflicts, {} refused, {} later, {} news, stopped {:?}{}{}",
                    report.accepted,
                    report.duplicates,
                    report.conflicts,
                    report.refused,
                    report.later,
                    report.claims_changed,
                    report.stopped,
                    if report.restarted { ", restarted" } else { "" },
                    if report.server_restored { ", the server was restored" } else { "" }
                );
                self.tell(line);
            }
            Stepped::Broke(error) => {
                let line = format!("{name}'s sync breaks: {error}");
                self.tell(line);
            }
            Stepped::Died => self.tell(format!("{name} dies in its sync")),
        }
        Ok(stepped)
    }

    /// Where the office's files are.
    #[must_use]
    pub fn office_home(&self) -> PathBuf {
        self.files.path().join("office")
    }

    /// Where the office's database is.
    #[must_use]
    pub fn office_database(&self) -> PathBuf {
        self.office_home().join("programme.sqlite")
    }
}
