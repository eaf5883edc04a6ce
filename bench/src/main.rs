//! Ratios measured side by side in one run.
//!
//! A figure in microseconds says more about the machine than about the program. So each benchmark
//! divides what we do by what it cannot do without, both measured in turns in the same run, and
//! compares medians. docs/benchmarks.md says what each figure means.
#![allow(clippy::unwrap_used, reason = "a benchmark that cannot be set up has no figure to give")]
#![allow(clippy::print_stdout, reason = "its output is what it is for")]

mod check;
mod fsync;
mod measure;
mod memory;
mod redeem;
mod report;
mod status;

/// The programme, its server and its phones are those of the engine's tests.
#[path = "../../verifier-core/tests/programme/mod.rs"]
mod programme;

use clap::{Parser, ValueEnum};
use std::process::ExitCode;

/// Measures ratios, and compares them with the goals of docs/benchmarks.md.
#[derive(Parser)]
struct Arguments {
    /// What to measure; everything when none is named.
    names: Vec<Name>,
    /// Print one JSON object a line.
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Name {
    /// A verdict, against the one signature check that it needs.
    Check,
    /// A redemption, against the one fsync that it needs.
    Redeem,
    /// Loading status lists, against inflating them.
    Status,
}

fn main() -> ExitCode {
    let Arguments { names, json } = Arguments::parse();
    let mut all_hold = true;
    for name in Name::value_variants() {
        if !names.is_empty() && !names.contains(name) {
            continue;
        }
        let lines = match name {
            Name::Check => check::run(),
            Name::Redeem => redeem::run(),
            Name::Status => status::run(),
        };
        for line in lines {
            all_hold &= line.holds();
            println!("{}", if json { line.json() } else { line.words() });
        }
    }
    if all_hold { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
