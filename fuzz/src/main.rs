//! Runs one target: on given files, to see what they do, or on changed seeds for as long as one likes.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program for developers")]

use fuzz::{Mutator, TARGETS, Target};
use std::process::ExitCode;

const USAGE: &str = "fuzz TARGET FILE…   show these files to the target
fuzz TARGET ROUNDS [SEED]   show it ROUNDS changed seeds; the bytes that broke it go to a file";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some((target, rest)) = arguments
        .split_first()
        .and_then(|(name, rest)| Some((Target::named(name)?, rest)))
        .filter(|(_, rest)| !rest.is_empty())
    else {
        let names: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
        eprintln!("{USAGE}\ntargets: {}", names.join(", "));
        return ExitCode::from(2);
    };
    match rest[0].parse() {
        Ok(rounds) => change(target, rounds, rest.get(1).and_then(|it| it.parse().ok())),
        Err(_) if rest.iter().all(|file| show(target, file)) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn show(target: Target, file: &str) -> bool {
    match std::fs::read(file) {
        Ok(bytes) => holds(target, &bytes),
        Err(error) => {
            eprintln!("{file} cannot be read: {error}");
            false
        }
    }
}

fn holds(target: Target, bytes: &[u8]) -> bool {
    std::panic::catch_unwind(|| (target.run)(bytes)).is_ok()
}

fn change(target: Target, rounds: u64, seed: Option<u64>) -> ExitCode {
    let seeds = match target.seeds() {
        Ok(seeds) => seeds,
        Err(error) => {
            eprintln!("{} cannot be read: {error}", target.corpus().display());
            return ExitCode::from(2);
        }
    };
    let mut mutator = Mutator::seeded(seed.unwrap_or(1));
    for round in 0..rounds {
        let bytes = mutator.next(&seeds);
        if !holds(target, &bytes) {
            let file = format!("{}-{round}.broken", target.name);
            match std::fs::write(&file, &bytes) {
                Ok(()) => eprintln!("round {round} broke it; its bytes are in {file}"),
                Err(error) => eprintln!("round {round} broke it; {file}: {error}"),
            }
            return ExitCode::FAILURE;
        }
    }
    println!("{}: {rounds} rounds held", target.name);
    ExitCode::SUCCESS
}
