//! Where every story begins: an office after its ceremony, phones in all stages of enrolment, and some
//! vouchers. It is made once a process; each seed works on copies of its files.

use super::field::grant;
use super::keys::ROOT_KEYS;
use super::network::PassThrough;
use super::office::{Arrival, Handled, Office};
use super::phone::{Clocks, Phone, Seed, Stepped};
use super::vouchers::{PresentedVoucher, issue_initial_vouchers};
use super::{network::Interceptor, random::Random};
use crate::folder;
use program_server::app::Clock;
use program_server::config::{Config, Origin};
use program_server::delegations::Granted;
use program_server::programmes::{self, HOLDING_DAYS, Programme};
use program_server::providers::supervisors::{self, Pin};
use program_server::providers::{self, Provider};
use program_server::trust::{self, Ceremony, Limits};
use program_server::{App, devices};
use protocol::id::{Audience, IssuerId, OperatorId, ProgrammeId, ProviderId};
use protocol::key::Signer;
use protocol::time::Zone;
use protocol::trust::{Freshness, TooOldPolicy};
use protocol::{Currency, Span, Timestamp};
use std::fmt::Display;
use std::path::{Path, PathBuf};
use verifier_core::sync::SyncRun;

/// When stories begin: 2026-11-21T10:00:00Z.
const START: u64 = 1_795_255_200;

/// Where phones reach the office.
pub const ORIGIN: &str = "https://vouchers.example.org";

/// When a trust list is too old to serve by: stories are as long as that.
const TOO_OLD_AFTER: Span = Span::days(3);

/// Memory that looks like a folder, where there is one.
const MEMORY: &str = "/dev/shm";

/// Where every story begins.
pub struct Template {
    dir: tempfile::TempDir,
    pub vouchers: Vec<PresentedVoucher>,
    pub kits: Vec<Kit>,
    /// What the officer's phone may issue.
    pub delegation: Granted,
}

/// A phone at the start.
pub struct Kit {
    name: &'static str,
    provider: &'static str,
    seed: Seed,
    offer: Option<String>,
}

/// The phones: name, provider, how far they are.
const KITS: [(&str, &str, Stage); 6] = [
    ("mercy 1", "mercy", Stage::Confirmed),
    ("mercy 2", "mercy", Stage::Enrolled),
    ("corner 1", "corner", Stage::Confirmed),
    ("corner 2", "corner", Stage::Offered),
    ("harbour", "harbour", Stage::Confirmed),
    ("officer", "field", Stage::Confirmed),
];

/// The place of the field officer's phone among them.
pub const OFFICER: usize = 5;

/// Who may allow what a pharmacy's phones refuse, and the PIN.
pub const SUPERVISOR: (&str, &str) = ("lorna", "246810");

/// How far a phone is when stories begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// It has an offer that nobody has read.
    Offered,
    /// It is enrolled, and nobody has compared its digits.
    Enrolled,
    /// Its digits were compared.
    Confirmed,
}

impl Template {
    /// Makes office, phones and vouchers.
    ///
    /// # Errors
    /// When something of it fails.
    pub fn make() -> Result<Self, String> {
        let dir = scratch()?;
        let home = dir.path().join("office");
        let clock = Clock::standing_at(start().before(Span::days(6)));
        let mut office = Office::found(clock.clone(), &home, async |home, clock| {
            let config = Config::new(
                Origin::parse(ORIGIN)?,
                IssuerId::new("vouchers.example.org")?,
                "Provincial Welfare Office".to_owned(),
                None,
            );
            App::init(home, config, clock).await
        })?;
        let vouchers = office.does(async |app| seed_office(app).await)?.map_err(words)?;
        clock.set(start().before(Span::hours(2)));
        let mut kits = Vec::new();
        for (place, (name, provider, stage)) in KITS.into_iter().enumerate() {
            kits.push(kit(&mut office, dir.path(), (name, provider, stage), place as u8)?);
        }
        let mut officer =
            kits[OFFICER].phone(dir.path(), Clocks::new([0; 16], start().before(Span::hours(3))));
        let key = officer.public_key()?;
        let delegation = office.does(async |app| grant(app, &key).await)?.map_err(words)?;
        officer.start()?;
        sync(&mut officer, &mut office, start().before(Span::hours(2)))?;
        officer.stop();
        clock.set(start());
        office.stop()?;
        Ok(Template { dir, vouchers, kits, delegation })
    }

    /// Copies everything to a place of a seed's own: the office's home, and the phones with these
    /// numbers.
    ///
    /// # Errors
    /// When files cannot be copied.
    pub fn copy_to(
        &self,
        to: &Path,
        kits: &[usize],
        random: &mut Random,
    ) -> Result<Vec<Phone>, String> {
        folder::copy(&self.dir.path().join("office"), &to.join("office"))?;
        let mut phones = Vec::new();
        for kit in kits.iter().filter_map(|&place| self.kits.get(place)) {
            let dir = to.join(kit.name);
            let from = self.dir.path().join(kit.name);
            if from.exists() {
                folder::copy(&from, &dir)?;
            }
            let boot = random.bytes();
            let booted = start().before(Span::hours(random.between(1, 200)));
            let mut phone = kit.phone(to, Clocks::new(boot, booted));
            phone.offer.clone_from(&kit.offer);
            phones.push(phone);
        }
        Ok(phones)
    }

    /// The phones' keys, for whoever must play a phone that breaks an invariant.
    ///
    /// # Errors
    /// When a key is none.
    pub fn device_keys(&self) -> Result<Vec<Box<dyn Signer + Send>>, String> {
        self.kits.iter().map(|kit| kit.seed.key()).collect()
    }

    /// What the phone with this number is called.
    #[must_use]
    pub fn kit_name(&self, kit: usize) -> &'static str {
        self.kits.get(kit).map_or("", |kit| kit.name)
    }

    /// A folder for one seed's files.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn scratch(&self) -> Result<tempfile::TempDir, String> {
        scratch()
    }
}

/// Whether this provider has a supervisor: pharmacies do.
#[must_use]
pub fn has_supervisor(provider: &str) -> bool {
    ["mercy", "corner"].contains(&provider)
}

impl Kit {
    /// The phone, with its files below this folder.
    fn phone(&self, below: &Path, clocks: Clocks) -> Phone {
        Phone::new(self.name, self.provider, &below.join(self.name), self.seed, clocks)
    }
}

#[must_use]
pub fn start() -> Timestamp {
    Timestamp::from_seconds(START).unwrap_or(Timestamp::MAX)
}

fn scratch() -> Result<tempfile::TempDir, String> {
    let place =
        if Path::new(MEMORY).is_dir() { PathBuf::from(MEMORY) } else { std::env::temp_dir() };
    tempfile::Builder::new().prefix("vouchsafe-simulation-").tempdir_in(place).map_err(words)
}

fn words(error: impl Display) -> String {
    error.to_string()
}

/// Seeds the office: holds the ceremony, and makes the programme, the providers and the vouchers.
async fn seed_office(app: &App) -> Result<Vec<PresentedVoucher>, program_server::Error> {
    let root_keys = app.home.folder().join(ROOT_KEYS);
    let ceremony = Ceremony { root_keys: &root_keys, roots: 2, threshold: 1 };
    trust::perform_ceremony(app, ceremony).await?;
    let aid = ProgrammeId::new("aid")?;
    let currency = Currency::new("PHP")?;
    let transaction = app.db.begin().await?;
    let programme = Programme {
        id: aid.clone(),
        name: "Medical Aid".to_owned(),
        zone: Zone::new("Asia/Manila")?,
        currency,
        decimals: 2,
        too_old: TooOldPolicy::AskSupervisor,
        clock_tolerance: Span::days(1),
        by_reference: false,
        holding_days: HOLDING_DAYS,
    };
    programmes::add(&transaction, &programme).await?;
    for (id, group) in [
        ("mercy", Some("pharmacies")),
        ("corner", Some("pharmacies")),
        ("harbour", None),
        ("field", None),
    ] {
        let provider = Provider {
            id: ProviderId::new(id)?,
            name: id.to_owned(),
            groups: group.map(Audience::new).into_iter().collect::<Result<_, _>>()?,
            programmes: vec![aid.clone()],
            account_name: None,
        };
        providers::add(&transaction, &provider).await?;
        if has_supervisor(id) {
            let (name, pin) = (OperatorId::new(SUPERVISOR.0)?, Pin::new(SUPERVISOR.1)?);
            supervisors::set(&transaction, &provider.id, &name, &pin).await?;
        }
    }
    let trust = Freshness { stale_after: Span::days(1), too_old_after: TOO_OLD_AFTER };
    trust::set_limits(&transaction, &Limits { trust: Some(trust), ..Limits::default() }).await?;
    transaction.commit().await?;

    let vouchers = issue_initial_vouchers(app, &aid).await?;
    trust::publish(app).await?;
    Ok(vouchers)
}

/// An offer to a new phone of this provider.
///
/// # Errors
/// When the office cannot make it.
pub async fn offer(app: &App, provider: &str) -> program_server::Result<String> {
    let root = trust::root_hash(app.db.reader()).await?;
    let (origin, provider) = (app.config.origin.as_str(), ProviderId::new(provider)?);
    let open_for = Span::hours(72);
    let sealing = trust::current(app).await?.state.list().sealing_keys.first().cloned();
    let now = app.now();
    let offer = devices::offer(&app.db, &provider, origin, root, sealing, open_for, now).await?;
    Ok(offer.to_text()?)
}

/// A phone, as far as it has come.
fn kit(
    office: &mut Office,
    dir: &Path,
    (name, provider, stage): (&'static str, &'static str, Stage),
    place: u8,
) -> Result<Kit, String> {
    let bytes = [place + 1; 32];
    let is_p256 = [1, OFFICER].contains(&usize::from(place));
    let seed = if is_p256 { Seed::P256(bytes) } else { Seed::Ed25519(bytes) };
    let offer = office.does(async |app| offer(app, provider).await)?.map_err(words)?;
    if stage == Stage::Offered {
        return Ok(Kit { name, provider, seed, offer: Some(offer) });
    }
    let now = start().before(Span::hours(2));
    let kit = Kit { name, provider, seed, offer: None };
    let mut phone = kit.phone(dir, Clocks::new([place; 16], now));
    phone.start()?;
    let clock = phone.clocks.at(now);
    phone.ask(|verifier| verifier.enrol(&offer, clock).map(|_| ()))?;
    if stage == Stage::Confirmed {
        sync(&mut phone, office, now)?;
        let digits = phone.public_key()?.fingerprint_digits();
        let confirmed = office.does(async |app| {
            let all = devices::list(&app.db, None).await?;
            let own = all.into_iter().find(|device| device.key.fingerprint_digits() == digits);
            let own = own.ok_or_else(|| program_server::Error::invalid("no such device"))?;
            devices::confirm(&app.db, &own, &digits, app.now()).await
        })?;
        confirmed.map_err(words)?;
    }
    sync(&mut phone, office, now)?;
    phone.stop();
    Ok(kit)
}

/// Syncs over a network without faults.
fn sync(phone: &mut Phone, office: &mut Office, now: Timestamp) -> Result<(), String> {
    phone.run = Some(SyncRun::new());
    loop {
        let stepped = phone.step(now, &mut |request| match PassThrough.handle(
            office,
            request,
            Arrival::Whole,
        )? {
            Handled::Answered(answer) => Ok(Ok(answer)),
            Handled::Died => Err("the server died over nothing".to_owned()),
        })?;
        match stepped {
            Stepped::Sent(_) | Stepped::Waited => {}
            Stepped::Over(report) if report.stopped.is_none() => return Ok(()),
            Stepped::Over(report) => return Err(format!("no sync: {:?}", report.stopped)),
            _ => return Err("no sync".to_owned()),
        }
    }
}
