//! `vouchsafe check`: the verdict on a voucher, with nothing written.

use crate::failure::{self, Failure};
use crate::presented::Presented;
use crate::{Outcome, phone, words};
use protocol::Timestamp;
use std::io::Write;
use std::path::Path;
use verifier_core::verdict::Verdict;

/// Check a voucher, and record nothing
///
/// Needs no network. Exit status: 0 accept, 1 refuse, 2 if the check could not be made.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    voucher: Presented,

    /// Judge as if the clock showed this time (2026-11-21T10:00:00Z)
    #[arg(long, value_name = "TIME")]
    at: Option<String>,

    /// Print a JSON object instead of words
    #[arg(long)]
    pub(crate) json: bool,
}

pub(crate) fn run(
    arguments: &Arguments,
    home: &Path,
    out: &mut impl Write,
) -> failure::Result<Outcome> {
    let mut clock = phone::clock();
    if let Some(at) = &arguments.at {
        clock.time = Timestamp::parse(at).map_err(|_| {
            Failure::Argument(format!("{at}: not a time like 2026-11-21T10:00:00Z"))
        })?;
    }
    let (text, _) = arguments.voucher.text()?;
    let verdict = phone::open_read_only(home)?.check(&text, clock)?;
    if arguments.json {
        writeln!(out, "{}", words::verdict_json(&verdict))?;
    } else {
        words::write_verdict(&verdict, out)?;
    }
    Ok(match verdict {
        Verdict::Accept(_) => Outcome::Done,
        Verdict::Refuse(_) => Outcome::Refused,
    })
}
