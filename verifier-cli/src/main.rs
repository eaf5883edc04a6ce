//! The vouchsafe command: the phone's engine on a desktop.
//!
//! Here the arguments are parsed and the command is chosen. Each command is a file of its own; its arguments, with
//! their help, stand at its top.
#![forbid(unsafe_code)]

mod attach;
mod check;
mod claims;
mod code;
mod delegations;
mod doctor;
mod enrol;
mod export;
mod failure;
mod given;
mod import;
mod inspect;
mod issue;
mod network;
mod phone;
mod picture;
mod presented;
mod read;
mod redeem;
mod serve_by_reference;
mod status;
mod sync;
mod void;
mod vouchers;
mod words;

use failure::Failure;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Check vouchers with no network, serve them, and be paid.
///
/// A home is one phone: `enrol` makes it, `check` and `redeem` work without a network, `sync` sends what was recorded.
///
/// Exit status: 0 when the command did what it was asked, 1 when a voucher is refused, 2 when something is broken
/// (a file that cannot be opened, a wrong argument, a home that cannot be used).
#[derive(Parser)]
#[command(name = "vouchsafe", version, arg_required_else_help = true)]
struct Arguments {
    /// The directory in which this phone keeps everything
    #[arg(long, global = true, value_name = "DIR", env = "VOUCHSAFE_HOME")]
    home: Option<PathBuf>,

    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Enrol(enrol::Arguments),
    Check(check::Arguments),
    Redeem(redeem::Arguments),
    ServeByReference(serve_by_reference::Arguments),
    Attach(attach::Arguments),
    Void(void::Arguments),
    Claims(claims::Arguments),
    Vouchers(vouchers::Arguments),
    Issue(issue::Arguments),
    Delegations(delegations::Arguments),
    Status(status::Arguments),
    Sync(sync::Arguments),
    Export(export::Arguments),
    Import(import::Arguments),
    Doctor(doctor::Arguments),
    Read(read::Arguments),
    Inspect(inspect::Arguments),
}

/// How a command ended; the exit status of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// It did what it was asked.
    Done = 0,
    /// The voucher, or the code, was refused.
    Refused = 1,
    /// Something it needed is broken. What, has been said.
    Broken = 2,
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        Self::from(outcome as u8)
    }
}

fn main() -> ExitCode {
    scan::keep_caught_panics_quiet();
    let arguments = Arguments::parse();
    let mut out = io::stdout().lock();
    let outcome =
        run(&arguments, &mut out).and_then(|outcome| Ok(out.flush().map(|()| outcome)?));
    match outcome {
        Ok(outcome) => outcome.into(),
        // Whoever reads our output has seen enough (`vouchsafe … | head -1`).
        Err(Failure::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => {
            Outcome::Done.into()
        }
        Err(failure) => {
            // Where that cannot be said either, the exit status still tells it.
            let _ = writeln!(io::stderr(), "vouchsafe: {failure}");
            Outcome::Broken.into()
        }
    }
}

fn run(arguments: &Arguments, out: &mut impl Write) -> failure::Result<Outcome> {
    let home = || {
        arguments.home.as_deref().ok_or_else(|| {
            Failure::Argument("which phone? Name its home: vouchsafe --home DIR …".to_owned())
        })
    };
    match &arguments.command {
        Command::Enrol(it) => enrol::run(it, home()?, out),
        Command::Check(it) => check::run(it, home()?, out),
        Command::Redeem(it) => redeem::run(it, home()?, out),
        Command::ServeByReference(it) => serve_by_reference::run(it, home()?, out),
        Command::Attach(it) => attach::run(it, home()?, out),
        Command::Void(it) => void::run(it, home()?, out),
        Command::Claims(it) => claims::run(it, home()?, out),
        Command::Vouchers(it) => vouchers::run(it, home()?, out),
        Command::Issue(it) => issue::run(it, home()?, out),
        Command::Delegations(it) => delegations::run(it, home()?, out),
        Command::Status(it) => status::run(it, home()?, out),
        Command::Sync(it) => sync::run(it, home()?, out),
        Command::Export(it) => export::run(it, home()?, out),
        Command::Import(it) => import::run(it, home()?, out),
        Command::Doctor(it) => doctor::run(it, home()?, out),
        Command::Read(it) => Ok(read::run(it, out)?),
        Command::Inspect(it) => inspect::run(it, out),
    }
}
