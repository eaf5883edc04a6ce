//! The main job from end to end, on embedded parts: issue, scan offline, redeem, sync, conflict.
//!
//! Drives the shipped binaries through their public commands alone, and checks each step. Exit status
//! 0 only if every step held.
#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, reason = "the demo tells a person what it does")]

mod by_file;
mod enrol;
mod field_officer;
mod issue;
mod keys;
mod offline;
mod sync;
mod table;

use clap::Parser;
use journeys::binaries::built;
use journeys::phone::Phone;
use journeys::programme::{Issued, Office};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use table::Table;

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

struct Demo {
    out: PathBuf,
    server: PathBuf,
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
            server,
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
        self.sync(table)?;
        table.title("6. A phone without a network sends what it did by file");
        self.carry_by_file(table)?;
        table.title("7. Keys are stolen; the office changes them, and phones follow");
        self.change_keys(table)?;
        table.title("8. A field officer issues a voucher where there is no network");
        self.issue_in_the_field(table)
    }
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
