//! Where every story begins: an office after its ceremony, phones in all stages of enrolment, and a
//! drawer of vouchers. It is made once a process; each seed works on copies of its files.

use super::network::Straight;
use super::office::{Arrival, Handled, Office};
use super::phone::{Clocks, Phone, Seed, Stepped};
use super::{network::Middle, random::Random};
use crate::folder;
use jiff::civil::Date;
use program_server::app::Clock;
use program_server::config::{Config, Origin};
use program_server::programmes::{self, HOLDING_DAYS, Programme};
use program_server::providers::{self, Provider};
use program_server::trust::{self, Ceremony};
use program_server::vouchers::{self, Order};
use program_server::{App, devices};
use protocol::id::{Audience, BootId, IssuerId, ProgrammeId};
use protocol::key::{KeyUse, Signer};
use protocol::time::Zone;
use protocol::trust::TooOldPolicy;
use protocol::voucher::{Voucher, to_text};
use protocol::{Benefit, Currency, GoodsLine, Money, Quantity, Span, Timestamp};
use std::fmt::Display;
use std::path::{Path, PathBuf};
use verifier_core::sync::SyncRun;

/// When stories begin: 2026-11-21T10:00:00Z.
const START: u64 = 1_795_255_200;

/// Where phones reach the office.
pub const ORIGIN: &str = "https://vouchers.example.org";

/// Memory that looks like a folder, where there is one.
const MEMORY: &str = "/dev/shm";

/// Where every story begins.
pub struct Template {
    dir: tempfile::TempDir,
    /// The vouchers.
    pub papers: Vec<Paper>,
    /// The phones.
    pub kits: Vec<Kit>,
}

/// A voucher as it is shown to phones.
pub struct Paper {
    /// What it is called in histories.
    pub name: &'static str,
    /// The QR text.
    pub text: String,
    /// What it says.
    pub voucher: Voucher,
    /// Whether the office's register knows it.
    pub registered: bool,
}

/// A phone at the start.
pub struct Kit {
    name: &'static str,
    provider: &'static str,
    seed: Seed,
    offer: Option<String>,
}

/// Name, benefit in minor units (0 for goods), audience, first and last day.
type Lettered = (&'static str, u64, Option<&'static str>, Option<&'static str>, &'static str);

/// What the drawer holds.
const PAPERS: [Lettered; 13] = [
    ("plain 1", 500_000, None, None, "2026-11-30"),
    ("plain 2", 500_000, None, None, "2026-11-30"),
    ("plain 3", 120_000, None, None, "2026-11-30"),
    ("plain 4", 80_000, None, None, "2026-11-30"),
    ("plain 5", 75_000, None, None, "2026-11-30"),
    ("goods 1", 0, None, None, "2026-11-30"),
    ("goods 2", 0, None, None, "2026-11-30"),
    ("for mercy", 60_000, Some("mercy"), None, "2026-11-30"),
    ("for pharmacies", 90_000, Some("pharmacies"), None, "2026-11-30"),
    ("short", 40_000, None, None, "2026-11-23"),
    ("expired", 30_000, None, None, "2026-11-19"),
    ("early", 20_000, None, Some("2026-11-24"), "2026-11-30"),
    ("twin", 70_000, None, None, "2026-11-30"),
];

/// The phones: name, provider, how far they are.
const KITS: [(&str, &str, Stage); 5] = [
    ("mercy 1", "mercy", Stage::Confirmed),
    ("mercy 2", "mercy", Stage::Enrolled),
    ("corner 1", "corner", Stage::Confirmed),
    ("corner 2", "corner", Stage::Offered),
    ("harbour", "harbour", Stage::Confirmed),
];

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
        let papers = office.does(async |app| furnish(app).await)?.map_err(words)?;
        clock.set(start().before(Span::hours(2)));
        let mut kits = Vec::new();
        for (place, (name, provider, stage)) in KITS.into_iter().enumerate() {
            kits.push(kit(&mut office, dir.path(), (name, provider, stage), place as u8)?);
        }
        clock.set(start());
        office.stop()?;
        Ok(Template { dir, papers, kits })
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
            let boot = BootId::from_bytes(random.bytes());
            let booted = start().before(Span::hours(random.between(1, 200)));
            let clocks = Clocks { ahead: 0, boot, booted };
            let mut phone = Phone::new(kit.name, kit.provider, &dir, kit.seed, clocks);
            phone.offer.clone_from(&kit.offer);
            phones.push(phone);
        }
        Ok(phones)
    }

    /// The phones' keys, for whoever must play a phone that breaks its promises.
    ///
    /// # Errors
    /// When a key is none.
    pub fn device_keys(&self) -> Result<Vec<Box<dyn Signer + Send>>, String> {
        self.kits.iter().map(|kit| kit.seed.key()).collect()
    }

    /// A folder for one seed's files.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn scratch(&self) -> Result<tempfile::TempDir, String> {
        scratch()
    }
}

/// When stories begin.
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

/// Holds the ceremony, and makes the programme, the providers and the vouchers.
async fn furnish(app: &App) -> Result<Vec<Paper>, program_server::Error> {
    let root_keys = app.home.folder().join("root-keys");
    let ceremony = Ceremony { root_keys: &root_keys, roots: 2, threshold: 1 };
    trust::hold_ceremony(app, ceremony).await?;
    let aid = ProgrammeId::new("aid")?;
    let currency = Currency::new("PHP")?;
    let transaction = app.db.begin().await?;
    let programme = Programme {
        id: aid.clone(),
        name: "Medical Aid".to_owned(),
        zone: Zone::new("Asia/Manila")?,
        currency,
        decimals: 2,
        too_old: TooOldPolicy::Refuse,
        clock_tolerance: Span::days(1),
        holding_days: HOLDING_DAYS,
    };
    programmes::add(&transaction, &programme).await?;
    for (id, group) in
        [("mercy", Some("pharmacies")), ("corner", Some("pharmacies")), ("harbour", None)]
    {
        let provider = Provider {
            id: Audience::new(id)?,
            name: id.to_owned(),
            groups: group.map(Audience::new).into_iter().collect::<Result<_, _>>()?,
            programmes: vec![aid.clone()],
            account_name: None,
        };
        providers::add(&transaction, &provider).await?;
    }
    transaction.commit().await?;

    let mut orders = Vec::new();
    for (_, minor, audience, first_day, last_day) in PAPERS {
        let rice = |thousandths| -> protocol::Result<GoodsLine> {
            let quantity = Quantity::from_thousandths(thousandths)?;
            Ok(GoodsLine { item: "rice".to_owned(), quantity, unit: "kg".to_owned() })
        };
        let benefit = match minor {
            0 => Benefit::Goods(vec![rice(25_000)?]),
            _ => Benefit::Money(Money::new(minor, currency)?),
        };
        orders.push(Order {
            benefit,
            audience: audience.map(Audience::new).transpose()?,
            assistance: "Medicine".to_owned(),
            holder: None,
            first_day: first_day.map(day).transpose()?,
            last_day: day(last_day)?,
            entitlement: None,
            documents: Vec::new(),
            line: None,
        });
    }
    let issued = vouchers::issue(app, &aid, &orders).await?;
    let mut papers = Vec::new();
    for (issued, (name, ..)) in issued.into_iter().zip(PAPERS) {
        let text = issued.text()?;
        papers.push(Paper { name, text, voucher: issued.voucher, registered: true });
    }
    let twin = papers
        .last()
        .map(|paper| Voucher { assistance: "Food".to_owned(), ..paper.voucher.clone() });
    if let Some(twin) = twin {
        let db = app.db.reader();
        let signer = trust::signer(app, db, KeyUse::Voucher, Some(&aid), app.now()).await?;
        let text = to_text(&protocol::voucher::sign(&twin, &*signer)?)?;
        papers.push(Paper { name: "twin's twin", text, voucher: twin, registered: false });
    }
    trust::publish(app).await?;
    Ok(papers)
}

fn day(text: &str) -> Result<Date, program_server::Error> {
    text.parse().map_err(|_| program_server::Error::invalid("a day"))
}

/// An offer to a new phone of this provider.
///
/// # Errors
/// When the office cannot make it.
pub async fn offer(app: &App, provider: &str) -> program_server::Result<String> {
    let root = trust::root_hash(app.db.reader()).await?;
    let (origin, provider) = (app.config.origin.as_str(), Audience::new(provider)?);
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
    let seed =
        if place == 1 { Seed::P256([place + 1; 32]) } else { Seed::Ed25519([place + 1; 32]) };
    let offer = office.does(async |app| offer(app, provider).await)?.map_err(words)?;
    if stage == Stage::Offered {
        return Ok(Kit { name, provider, seed, offer: Some(offer) });
    }
    let now = start().before(Span::hours(2));
    let clocks = Clocks { ahead: 0, boot: BootId::from_bytes([place; 16]), booted: now };
    let mut phone = Phone::new(name, provider, &dir.join(name), seed, clocks);
    phone.start()?;
    let clock = phone.clocks.at(now);
    phone.ask(|verifier| verifier.enrol(&offer, clock).map(|_| ()))?;
    if stage == Stage::Confirmed {
        sync(&mut phone, office, now)?;
        let digits = phone.public_key()?.digits();
        let confirmed = office.does(async |app| {
            let all = devices::list(&app.db, None).await?;
            let own = all.into_iter().find(|device| device.key.digits() == digits);
            let own = own.ok_or_else(|| program_server::Error::invalid("no such device"))?;
            devices::confirm(&app.db, &own, &digits, app.now()).await
        })?;
        confirmed.map_err(words)?;
    }
    sync(&mut phone, office, now)?;
    phone.stop();
    Ok(Kit { name, provider, seed, offer: None })
}

/// Syncs over a network without faults.
fn sync(phone: &mut Phone, office: &mut Office, now: Timestamp) -> Result<(), String> {
    phone.run = Some(SyncRun::new());
    loop {
        let stepped = phone.step(now, &mut |request| match Straight.handle(
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
