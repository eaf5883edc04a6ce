//! The vouchsafe command: the phone's engine on a desktop.
//!
//! Here the arguments are parsed and the command is chosen. Each command is a file of its own; its arguments, with
//! their help, stand at its top.
#![forbid(unsafe_code)]

mod picture;
mod read;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Check and read programme vouchers.
///
/// Exit status: 0 when the command did what it was asked, 1 when a voucher is refused, 2 when something is broken
/// (a file that cannot be opened, a wrong argument).
#[derive(Parser)]
#[command(name = "vouchsafe", version, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Read(read::Arguments),
}

/// How a command ended; the exit status of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// It did what it was asked.
    Done = 0,
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
        run(arguments.command, &mut out).and_then(|outcome| out.flush().map(|()| outcome));
    match outcome {
        Ok(outcome) => outcome.into(),
        // Whoever reads our output has seen enough (`vouchsafe … | head -1`).
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Outcome::Done.into(),
        Err(error) => {
            // Where that cannot be said either, the exit status still tells it.
            let _ = writeln!(io::stderr(), "vouchsafe: cannot write the output: {error}");
            Outcome::Broken.into()
        }
    }
}

/// Runs a command. An error is one of writing to `out`; everything else is told as the command's outcome.
fn run(command: Command, out: &mut impl Write) -> io::Result<Outcome> {
    match command {
        Command::Read(arguments) => read::run(&arguments, out),
    }
}
