//! Ratios measured side by side in one run.
//!
//! A figure in microseconds says more about the machine than about the program. So each benchmark
//! divides what we do by what it cannot do without, both measured in turns in the same run, and
//! compares medians. docs/benchmarks.md says what each figure means.
#![allow(clippy::unwrap_used, reason = "a benchmark that cannot be set up has no figure to give")]
#![allow(clippy::print_stdout, reason = "its output is what it is for")]

mod check;
mod fsync;
mod ingest;
mod measure;
mod memory;
mod news;
mod read;
mod redeem;
mod report;
mod status;

use clap::{Parser, ValueEnum};
use std::path::PathBuf;
use std::process::ExitCode;

/// Measures ratios, and compares them with the goals of docs/benchmarks.md.
#[derive(Parser)]
struct Arguments {
    /// What to measure; everything when none is named.
    names: Vec<Name>,
    /// An empty PostgreSQL database of one's own for each engine's run; SQLite alone is measured if
    /// none is named.
    #[arg(long, value_name = "URL")]
    postgres: Option<String>,
    /// A folder of photos for `read`: N.png, with what it says in N.txt or N.bin. Can be given several times.
    #[arg(long, value_name = "FOLDER")]
    photos: Vec<PathBuf>,
    /// How many damaged prints of each severity `prints` reads.
    #[arg(long, value_name = "COUNT", default_value_t = 500)]
    prints: u64,
    /// Where `prints` keeps what it read of each print, as CSV, and goes on after an interruption. Only for one build:
    /// another one may read more or less.
    #[arg(long, value_name = "FILE")]
    kept: Option<PathBuf>,
    /// Where `prints` draws its curves, as SVG.
    #[arg(long, value_name = "FILE")]
    plot: Option<PathBuf>,
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
    /// Reading pictures, against zxing-cpp, rxing and rqrr: frames drawn here, and the photos of the folders given.
    Read,
    /// How many damaged prints are read, from one frame and from ten, against zxing-cpp. Measured only when it is named:
    /// it takes some hours.
    Prints,
    /// What phones fetch in a month of a programme with 100,000 vouchers. Measured only when it is
    /// named: it takes some minutes.
    News,
    /// Taking batches in over HTTP, against the two signature checks that a record needs.
    Ingest,
    /// The same where the tables hold ten million records already. Measured only when it is named:
    /// it takes a quarter of an hour and 12 GB of disk.
    IngestUponMany,
}

fn main() -> ExitCode {
    let Arguments { names, postgres, photos, prints, kept, plot, json } = Arguments::parse();
    let mut all_hold = true;
    for name in Name::value_variants() {
        let wanted = match names.is_empty() {
            true => !matches!(name, Name::IngestUponMany | Name::News | Name::Prints),
            false => names.contains(name),
        };
        if !wanted {
            continue;
        }
        let lines = match name {
            Name::Check => check::run(),
            Name::Redeem => redeem::run(),
            Name::Status => status::run(),
            Name::Read => read::run(&photos),
            Name::Prints => read::run_prints(prints, kept.as_deref(), plot.as_deref()),
            Name::News => news::run(),
            Name::Ingest => ingest::run(postgres.as_deref()),
            Name::IngestUponMany => ingest::run_upon_many(postgres.as_deref()),
        };
        for line in lines {
            all_hold &= line.holds();
            println!("{}", if json { line.json() } else { line.words() });
        }
    }
    if all_hold { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
