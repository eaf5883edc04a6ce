//! Plays stories of phones and an office from seeds, and checks after each that nothing is lost and
//! nothing doubled.

use clap::Parser;
use journeys::simulation::network::PassThrough;
use journeys::simulation::{Coverage, Played, Tally, Template, play};
use std::io::{Write as _, stderr, stdout};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

/// Play stories from seeds until so many counted. A story that serves nothing or meets no conflict
/// does not count, and another seed is drawn for it.
#[derive(Parser)]
#[command(name = "simulate")]
struct Arguments {
    /// How many stories must count.
    #[arg(long, default_value_t = 1000)]
    seeds: u64,
    /// The first seed.
    #[arg(long, default_value_t = 1)]
    from: u64,
    /// Print what happens in each story.
    #[arg(long)]
    trace: bool,
    /// How many stories are played at once; one a core when not given.
    #[arg(long)]
    jobs: Option<usize>,
}

/// What all stories came to.
#[derive(Default)]
struct Sum {
    counted: u64,
    passed_over: u64,
    tally: Tally,
    coverage: Coverage,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            let _ = writeln!(stderr(), "{error}");
            ExitCode::FAILURE
        }
    }
}

/// Plays; gives whether every invariant held.
fn run(arguments: &Arguments) -> Result<bool, String> {
    let template = Template::make()?;
    let cores = thread::available_parallelism().map_or(1, |cores| cores.get());
    let jobs = arguments.jobs.unwrap_or(cores).max(1);
    let next = AtomicU64::new(arguments.from);
    let failed = AtomicBool::new(false);
    let sum = Mutex::new(Sum::default());
    thread::scope(|scope| {
        for _ in 0..jobs {
            scope.spawn(|| {
                while !failed.load(Ordering::SeqCst) && !is_enough(&sum, arguments.seeds) {
                    let seed = next.fetch_add(1, Ordering::SeqCst);
                    let played = play(&template, seed, Box::new(PassThrough));
                    if !take(&sum, arguments, seed, &played) {
                        failed.store(true, Ordering::SeqCst);
                    }
                }
            });
        }
    });
    let sum = sum.into_inner().map_err(|_| "a story panicked")?;
    let Tally { records, redemptions, conflicts, lost, doubled } = sum.tally;
    if sum.passed_over > 0 {
        let passed_over = sum.passed_over;
        say(&format!(
            "{passed_over} more seeds served nothing or met no conflict and do not count."
        ));
    }
    let Coverage { issued, delegated, overridden, rotated, forged, compromised } = sum.coverage;
    say(&format!(
        "In the field {issued} issued, {delegated} served; {overridden} overridden; {rotated} keys rotated, \
         {compromised} compromised, {forged} forgeries served."
    ));
    say(&format!(
        "seeds {} records {records} redemptions {redemptions} conflicts {conflicts} lost {lost} doubled {doubled}",
        sum.counted
    ));
    Ok(!failed.into_inner())
}

fn is_enough(sum: &Mutex<Sum>, seeds: u64) -> bool {
    sum.lock().map_or(true, |sum| sum.counted >= seeds)
}

/// Adds a story to the sum; gives whether every invariant held.
fn take(sum: &Mutex<Sum>, arguments: &Arguments, seed: u64, played: &Played) -> bool {
    let Ok(mut sum) = sum.lock() else { return false };
    let failed = !played.broken.is_empty();
    if failed || arguments.trace {
        say(&format!("Seed {seed}:"));
        for line in &played.history {
            say(&format!("  {line}"));
        }
        for broken in &played.broken {
            say(&format!("Seed {seed} broke an invariant: {broken}"));
        }
        if failed {
            say(&format!("Play it alone: scripts/simulate --from {seed} --seeds 1 --trace"));
        }
    }
    if !failed && !played.counts() {
        sum.passed_over += 1;
        return true;
    }
    if sum.counted < arguments.seeds || failed {
        sum.counted += 1;
        let Tally { records, redemptions, conflicts, lost, doubled } = played.tally;
        sum.tally.records += records;
        sum.tally.redemptions += redemptions;
        sum.tally.conflicts += conflicts;
        sum.tally.lost += lost;
        sum.tally.doubled += doubled;
        sum.coverage.add(played.coverage);
    }
    !failed
}

fn say(line: &str) {
    // Nobody may be reading any more.
    let _ = writeln!(stdout(), "{line}");
}
