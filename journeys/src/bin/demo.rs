//! The main job from end to end, on embedded parts: issue, scan offline, redeem, sync, conflict.
//!
//! Drives the shipped binaries through their public commands alone, and checks each step. Exit status
//! 0 only if every step held.
#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, reason = "the demo tells a person what it does")]

use clap::Parser;
use image::Luma;
use journeys::binaries::built;
use journeys::camera::{Troubles, photograph};
use journeys::command::Answer;
use journeys::phone::Phone;
use journeys::programme::{Issued, LAST_DAY_IN, Office, day, text_at, text_of};
use journeys::server::Running;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{ExitCode, Stdio};
use std::thread;

/// Show Vouchsafe's main job on this machine, and check each step
#[derive(Parser)]
struct Arguments {
    /// Where to put everything that the demo makes; must be empty or not there yet
    #[arg(long, default_value = "out/demo")]
    out: PathBuf,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let mut table = Table::default();
    let ended = Demo::new(&arguments).and_then(|mut demo| demo.play(&mut table));
    if let Err(why) = &ended {
        table.row("the demo went on to its end", Err(why.clone()));
    }
    table.print();
    if table.all_held() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// What was checked, and whether it held.
#[derive(Default)]
struct Table(Vec<(String, Result<String, String>)>);

impl Table {
    fn title(&self, words: &str) {
        println!("\n{words}");
    }

    /// Notes a check that gives a detail worth showing.
    fn row(&mut self, what: &str, held: Result<String, String>) {
        match &held {
            Ok(detail) if detail.is_empty() => println!("  ok    {what}"),
            Ok(detail) => println!("  ok    {what}: {detail}"),
            Err(why) => println!("  FAIL  {what}: {why}"),
        }
        self.0.push((what.to_owned(), held));
    }

    /// Notes whether something is as it should be.
    #[expect(clippy::needless_pass_by_value, reason = "both are made for the comparison alone")]
    fn same<T: PartialEq + std::fmt::Debug>(&mut self, what: &str, found: T, wanted: T) {
        let held = if found == wanted {
            Ok(String::new())
        } else {
            Err(format!("found {found:?}, wanted {wanted:?}"))
        };
        self.row(what, held);
    }

    fn all_held(&self) -> bool {
        !self.0.is_empty() && self.0.iter().all(|(_, held)| held.is_ok())
    }

    fn print(&self) {
        println!("\nWhat happened");
        let width = self.0.iter().map(|(what, _)| what.chars().count()).max().unwrap_or(0);
        for (what, held) in &self.0 {
            println!("  {what:<width$}  {}", if held.is_ok() { "held" } else { "DID NOT HOLD" });
        }
        let held = self.0.iter().filter(|(_, held)| held.is_ok()).count();
        println!("\n{held} of {} checks held.", self.0.len());
    }
}

struct Demo {
    out: PathBuf,
    office: Office,
    /// An office that is nobody's: what a forger can set up by themselves.
    stranger: Office,
    phones: [Phone; 2],
    vouchers: BTreeMap<&'static str, Issued>,
}

impl Demo {
    fn new(arguments: &Arguments) -> Result<Self, String> {
        let (vouchsafe, server) = (built("vouchsafe")?, built("vouchsafe-server")?);
        let out = arguments.out.clone();
        if std::fs::read_dir(&out).is_ok_and(|mut files| files.next().is_some()) {
            return Err(format!("{} is not empty; name another place with --out", out.display()));
        }
        std::fs::create_dir_all(&out).map_err(|error| format!("{}: {error}", out.display()))?;
        let phone = |name: &str| Phone::new(&vouchsafe, &out.join(name));
        let office = |name: &str| Office::set_up(&server, &out.join(name), None);
        Ok(Demo {
            office: office("office")?,
            stranger: office("stranger")?,
            phones: [phone("phone-a"), phone("phone-b")],
            vouchers: BTreeMap::new(),
            out,
        })
    }

    fn play(&mut self, table: &mut Table) -> Result<(), String> {
        table.title("1. The programme office sets up its server and keys");
        let running = self.set_up(table)?;
        table.title("2. It issues vouchers as pictures");
        self.issue(table)?;
        table.title("3. Two phones are enrolled from the picture of an enrolment code");
        self.enrol(table)?;
        table.title("4. The server stops. Offline, the phones read photos of vouchers and decide");
        running.kill();
        self.work_offline(table)?;
        table.title(
            "5. The server comes back, is killed in the middle of a sync, and comes back again",
        );
        self.sync(table)
    }
}

/// Setting up: server, keys, programmes, providers.
impl Demo {
    fn set_up(&self, table: &mut Table) -> Result<Running, String> {
        let office = &self.office;
        table.same(
            "three root keys lie apart from the server",
            files_in(&office.root_keys())?.len(),
            3,
        );
        for (id, name) in [("aid", "Medical Aid"), ("other", "School Meals")] {
            office.add_programme(id, name)?;
        }
        self.stranger.add_programme("aid", "Medical Aid")?;
        for (id, name) in [("mercy", "Mercy Pharmacy"), ("corner", "Corner Shop")] {
            office.add_provider(id, name, "aid")?;
        }
        office.publish()?;
        let running = office.server.start()?;
        table.row("the server answers", Ok(office.server.origin()));
        Ok(running)
    }
}

/// Issuing.
impl Demo {
    fn issue(&mut self, table: &mut Table) -> Result<(), String> {
        let money = ["--money", "5000.00", "--assistance", "Medicine"];
        let goods = ["--goods", "Rice:25:kg", "--goods", "Oil:2:l", "--assistance", "Food"];
        let mercy = ["--provider", "mercy"];
        let corner = ["--provider", "corner"];
        let (from, until) = (day(100)?.to_string(), day(200)?.to_string());
        let later = ["--from", &from, "--until", &until];
        let kinds: [(&'static str, &str, Vec<&str>); 12] = [
            ("money for one provider", "aid", [&money[..], &mercy].concat()),
            ("money for any provider", "aid", money.to_vec()),
            ("goods for any provider", "aid", goods.to_vec()),
            ("goods for another provider", "aid", [&goods[..], &corner].concat()),
            ("for both phones", "aid", money.to_vec()),
            ("taken back later", "aid", money.to_vec()),
            ("never served", "aid", money.to_vec()),
            ("revoked", "aid", money.to_vec()),
            ("suspended", "aid", money.to_vec()),
            ("of another programme", "other", money.to_vec()),
            ("for later", "aid", [&money[..], &later].concat()),
            ("with a document", "aid", money.to_vec()),
        ];
        for (name, programme, extra) in kinds {
            let voucher = issue(&self.office, programme, &extra)?;
            self.vouchers.insert(name, voucher);
        }
        let fake = issue(&self.stranger, "aid", &money)?;
        self.vouchers.insert("of a stranger", fake);
        self.issue_under_other_keys(&money)?;
        self.office.admin(&["revoke", &self.reference("revoked")?, "--reason", "issued twice"])?;
        self.office.admin(&[
            "suspend",
            &self.reference("suspended")?,
            "--reason",
            "under review",
        ])?;
        self.office.admin(&["trust", "publish"])?;
        table.row(
            "vouchers are pictures that a person can look at",
            Ok(self.voucher("money for one provider")?.png.display().to_string()),
        );
        Ok(())
    }

    /// One voucher under a key that is stolen later, and one under a key that had been put away.
    fn issue_under_other_keys(&mut self, money: &[&str]) -> Result<(), String> {
        for name in ["under a stolen key", "under a key put away"] {
            let key = self.office.admin(&["trust", "add-issuer-key", "--json"])?.json()?;
            let kid = text_at(&key, "kid")?;
            // New vouchers are signed by the newest key.
            let voucher = issue(&self.office, "aid", money)?;
            self.vouchers.insert(name, voucher);
            match name {
                "under a stolen key" => self.office.admin(&["trust", "compromise", &kid])?,
                _ => {
                    self.office.admin(&["trust", "retire", &kid, "--at", "2020-01-01T00:00:00Z"])?
                }
            };
        }
        Ok(())
    }

    fn voucher(&self, name: &str) -> Result<&Issued, String> {
        self.vouchers.get(name).ok_or_else(|| format!("no voucher {name}"))
    }

    fn reference(&self, name: &str) -> Result<String, String> {
        Ok(self.voucher(name)?.reference.clone())
    }
}

/// Issues one voucher.
fn issue(office: &Office, programme: &str, extra: &[&str]) -> Result<Issued, String> {
    office.issue(programme, extra)?.into_iter().next().ok_or("nothing was issued".to_owned())
}

/// Enrolling.
impl Demo {
    fn enrol(&self, table: &mut Table) -> Result<(), String> {
        for (phone, provider) in self.phones.iter().zip(["mercy", "corner"]) {
            let name = name_of(phone.home());
            let picture = text_of(&self.office.offer(provider)?);
            let enrolled = phone.run(&["enrol", "--json", &picture])?.succeeded()?.json()?;
            let digits = text_at(&enrolled, "digits")?;
            let device = self.office.pending(&digits)?;
            let other = if digits == "00000000" { "00000001" } else { "00000000" };
            let wrong =
                self.office.server.run(&["enrolment", "confirm", &device, "--digits", other])?;
            table.same(
                &format!("{name}: wrong digits confirm nothing"),
                wrong.status == Some(0),
                false,
            );
            self.office.admin(&["enrolment", "confirm", &device, "--digits", &digits])?;
            let again = Phone::new(phone.binary(), &self.out.join("second-use"));
            let again = again.run(&["enrol", "--json", &picture])?;
            table.same(&format!("{name}: the code works once"), again.status, Some(1));
            phone.run(&["sync"])?.succeeded()?;
            let status = phone.run(&["status", "--json"])?.succeeded()?.json()?;
            table.same(
                &format!("{name}: staff compared {digits} and confirmed"),
                status["profile"]["confirmed"].as_bool(),
                Some(true),
            );
            std::fs::remove_dir_all(self.out.join("second-use")).map_err(|e| e.to_string())?;
        }
        Ok(())
    }
}

/// Working with no server.
impl Demo {
    fn work_offline(&self, table: &mut Table) -> Result<(), String> {
        let [a, b] = &self.phones;
        table.same(
            "nobody answers at the server's address",
            a.sync()?["stopped"].as_str().map(str::to_owned),
            Some("unreachable".to_owned()),
        );
        self.accept_photos(table)?;
        self.refuse(table)?;
        self.redeem(table, a, b)
    }

    /// Every voucher that may be served, read from a picture with a camera's troubles.
    fn accept_photos(&self, table: &mut Table) -> Result<(), String> {
        let [a, _] = &self.phones;
        let photos = self.out.join("photos");
        std::fs::create_dir_all(&photos).map_err(|error| error.to_string())?;
        let names = ["money for one provider", "money for any provider", "goods for any provider"];
        for (seed, name) in (1..).zip(names) {
            let photo = photos.join(format!("{}.jpg", name.replace(' ', "-")));
            let picture = image::open(&self.voucher(name)?.png).map_err(|e| e.to_string())?;
            let troubles = Troubles { seed, ..Troubles::default() };
            let taken = photograph(&picture.to_rgb8(), &troubles);
            taken.save(&photo).map_err(|error| error.to_string())?;
            let checked = a.run(&["check", "--json", &text_of(&photo)])?;
            let verdict = checked.json()?;
            table.same(
                &format!("a photo of {name} is accepted"),
                (checked.status, verdict["verdict"].as_str().map(str::to_owned)),
                (Some(0), Some("accept".to_owned())),
            );
        }
        Ok(())
    }

    fn refuse(&self, table: &mut Table) -> Result<(), String> {
        let good = self.voucher("money for any provider")?.text.clone();
        let text = |name: &str| self.voucher(name).map(|voucher| voucher.text.clone());
        let soon = |days: i64| day(days).map(|day| format!("{day}T12:00:00Z"));
        let cases: [(&str, String, Option<String>); 13] = [
            ("not_a_voucher", "https://example.org/menu".to_owned(), None),
            ("unreadable", good[..good.len() / 2].to_owned(), None),
            ("unknown_issuer", text("of a stranger")?, None),
            ("forged", forged(&good)?, None),
            ("issuer_compromised", text("under a stolen key")?, None),
            ("wrong_programme", text("of another programme")?, None),
            ("trust_too_old", good.clone(), Some(soon(800)?)),
            ("clock_turned_back", good.clone(), Some(soon(-5)?)),
            ("revoked", text("revoked")?, None),
            ("suspended", text("suspended")?, None),
            ("wrong_provider", text("goods for another provider")?, None),
            ("issuer_not_valid", text("under a key put away")?, None),
            ("not_yet_valid", text("for later")?, None),
        ];
        let expired = ("expired", good, Some(soon(LAST_DAY_IN + 2)?));
        for (reason, text, at) in cases.into_iter().chain([expired]) {
            let verdict = self.phones[0].check(&text, at.as_deref())?;
            table.same(
                &format!("refused as {reason}"),
                verdict["reason"].as_str().map(str::to_owned),
                Some(reason.to_owned()),
            );
        }
        Ok(())
    }

    fn redeem(&self, table: &mut Table, a: &Phone, b: &Phone) -> Result<(), String> {
        let redeem = |phone: &Phone, name: &str, extra: &[&str]| -> Result<Answer, String> {
            let picture = text_of(&self.voucher(name)?.png);
            phone.run(&[&["redeem", "--json", &picture], extra].concat())
        };
        let receipt = self.out.join("receipt.png");
        receipt_photo().save(&receipt).map_err(|error| error.to_string())?;
        let receipt = text_of(&receipt);
        let served = [
            ("phone-a gives the whole amount", a, "money for one provider", vec![]),
            (
                "phone-a gives less than the voucher",
                a,
                "money for any provider",
                vec!["--amount", "1250.50"],
            ),
            ("phone-a gives goods", a, "goods for any provider", vec!["--operator", "Ana"]),
            ("phone-a attaches a document", a, "with a document", vec!["--document", &receipt]),
            ("phone-a serves the voucher that both will serve", a, "for both phones", vec![]),
            ("phone-b serves it too; neither can know", b, "for both phones", vec![]),
            ("phone-b serves one that it will take back", b, "taken back later", vec![]),
        ];
        for (what, phone, name, extra) in served {
            table.same(what, redeem(phone, name, &extra)?.status, Some(0));
        }
        let more = redeem(a, "never served", &["--amount", "5000.01"])?;
        table.same("more than the voucher gives is not recorded", more.status, Some(2));
        let twice = redeem(a, "money for one provider", &[])?;
        table.same(
            "the same phone serves a voucher once",
            (twice.status, twice.json()?["reason"].as_str().map(str::to_owned)),
            (Some(1), Some("already_redeemed".to_owned())),
        );
        let claim = text_at(b.claims()?.first().unwrap_or(&Value::Null), "claim")?;
        b.run(&["void", &claim, "--reason", "wrong person"])?.succeeded()?;
        let verdict = b.check(&self.voucher("taken back later")?.text, None)?;
        table.same(
            "a voucher that was taken back can be served again",
            verdict["verdict"].as_str().map(str::to_owned),
            Some("accept".to_owned()),
        );
        for phone in [a, b] {
            let doctor = phone.run(&["doctor"])?;
            table.same(
                &format!("{}: the ledger is sound", name_of(phone.home())),
                doctor.status,
                Some(0),
            );
        }
        Ok(())
    }
}

/// Coming back to the network.
impl Demo {
    fn sync(&self, table: &mut Table) -> Result<(), String> {
        let [a, b] = &self.phones;
        let running = self.office.server.start()?;
        let cut = self.kill_during_sync(a, running)?;
        table.same("the sync was cut short", cut, true);
        let running = self.office.server.start()?;
        let mut stopped = Vec::new();
        for phone in [a, b, a, b] {
            stopped.push(phone.sync()?["stopped"].as_str().map(str::to_owned));
        }
        table.same("both phones sync to the end", stopped, vec![None; 4]);
        for phone in [a, b] {
            let name = name_of(phone.home());
            let unsent = phone.run(&["status", "--json"])?.succeeded()?.json()?["unsent"].as_u64();
            table.same(&format!("{name}: nothing is unsent"), unsent, Some(0));
            let doctor = phone.run(&["doctor"])?;
            table.same(&format!("{name}: the ledger is sound"), doctor.status, Some(0));
        }
        self.compare(table, a, b)?;
        drop(running);
        Ok(())
    }

    /// Starts a sync, waits until the server holds a claim of it, and kills the server. The document
    /// is large enough to be still on its way. Says whether the phone noticed.
    fn kill_during_sync(&self, phone: &Phone, running: Running) -> Result<bool, String> {
        let mut command = phone.command(&["sync", "--json"]);
        let child = command.stdout(Stdio::piped()).spawn().map_err(|error| error.to_string())?;
        let syncing = thread::spawn(move || child.wait_with_output());
        while !syncing.is_finished() && self.office.claims()?.is_empty() {
            thread::yield_now();
        }
        running.kill();
        let output = syncing
            .join()
            .map_err(|_| "the sync could not be watched".to_owned())?
            .map_err(|error| error.to_string())?;
        let report: Value = serde_json::from_slice(&output.stdout).map_err(|e| e.to_string())?;
        Ok(report["stopped"].is_string())
    }

    /// What the phones made against what the server holds.
    fn compare(&self, table: &mut Table, a: &Phone, b: &Phone) -> Result<(), String> {
        let mut made: Vec<String> = Vec::new();
        for phone in [a, b] {
            for claim in phone.claims()? {
                made.push(text_at(&claim, "claim")?);
            }
        }
        let held = self.office.claims()?;
        let mut ids = held.iter().map(|it| text_at(it, "claim")).collect::<Result<Vec<_>, _>>()?;
        made.sort();
        ids.sort();
        table.same("the server holds every claim once", ids, made);
        let contested = self.reference("for both phones")?;
        let mut states: Vec<String> = held
            .iter()
            .filter(|claim| claim["voucher"] == contested.as_str())
            .map(|claim| text_at(claim, "state"))
            .collect::<Result<_, _>>()?;
        states.sort();
        table.same(
            "of the two claims on one voucher, one is first and one the conflict",
            states,
            vec!["conflict".to_owned(), "in_review".to_owned()],
        );
        let known = [(a, "in_review", "conflict_first"), (b, "conflict", "redeemed_elsewhere")];
        for (phone, state, reason) in known {
            let claims = phone.claims()?;
            let claim = claims.iter().find(|claim| claim["voucher"] == contested.as_str());
            table.same(
                &format!("{}: the phone knows it", name_of(phone.home())),
                claim.map(|claim| (claim["state"].as_str(), claim["reason"].as_str())),
                Some((Some(state), Some(reason))),
            );
        }
        let documents: Vec<bool> = a
            .claims()?
            .iter()
            .filter_map(|claim| claim["documents"].as_array().cloned())
            .flatten()
            .map(|document| document["held_by_server"] == true)
            .collect();
        table.same("the server holds the document whole", documents, vec![true]);
        let elsewhere = b.check(&self.voucher("money for any provider")?.text, None)?;
        table.same(
            "a voucher served at one phone is refused at the other after a sync",
            elsewhere["reason"].as_str().map(str::to_owned),
            Some("redeemed_elsewhere".to_owned()),
        );
        Ok(())
    }
}

/// The voucher with one byte of its claims changed, as a forger who has no key would do it.
fn forged(text: &str) -> Result<String, String> {
    let digits = text.strip_prefix("VS1:").ok_or("not a voucher")?;
    let mut bytes = base45::decode(digits).map_err(|error| error.to_string())?;
    let name = b"Maria";
    let at = bytes.windows(name.len()).position(|part| part == name).ok_or("no holder")?;
    bytes[at..at + name.len()].copy_from_slice(b"Mario");
    Ok(format!("VS1:{}", base45::encode(&bytes)))
}

/// A photo of a receipt: noise, so that no compression makes it small.
fn receipt_photo() -> image::GrayImage {
    let mut state = 0x2545_f491_u32;
    image::GrayImage::from_fn(3000, 4000, |_, _| {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        Luma([(state >> 24) as u8])
    })
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn files_in(dir: &Path) -> Result<Vec<PathBuf>, String> {
    let entries = std::fs::read_dir(dir).map_err(|error| format!("{}: {error}", dir.display()))?;
    Ok(entries.filter_map(Result::ok).map(|entry| entry.path()).collect())
}
