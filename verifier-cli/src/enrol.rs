//! `vouchsafe enrol`: this home becomes a phone of the programme.

use crate::presented::Presented;
use crate::{Outcome, failure, network, phone};
use protocol::enrolment::Offer;
use serde_json::json;
use std::io::Write;
use std::path::Path;
use verifier_core::sync::{Stopped, SyncReport};
use verifier_core::verifier::{EngineError, Verifier};

/// Enrol this phone with the enrolment code that the programme office shows
///
/// Makes the phone's key, keeps the code, and asks the server for the phone's profile. Then staff compare the eight
/// digits printed here with those on the office's screen. Without a network the code is kept, and `sync` asks later.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    offer: Presented,

    /// Print a JSON object instead of words
    #[arg(long)]
    pub(crate) json: bool,
}

pub(crate) fn run(
    arguments: &Arguments,
    home: &Path,
    out: &mut impl Write,
) -> failure::Result<Outcome> {
    let (text, _) = arguments.offer.text()?;
    // A wrong code must not leave a home behind.
    Offer::from_text(text.trim()).map_err(EngineError::NotAnOffer)?;
    let mut verifier = phone::open_or_create(home)?;
    verifier.enrol(&text, phone::clock())?;
    let report = network::sync(&mut verifier)?;
    let refused = report.stopped == Some(Stopped::EnrolmentRefused);
    let profile = verifier.profile();
    if arguments.json {
        let object = json!({
            "enrolled": profile.is_some(),
            "confirmed": profile.is_some_and(|profile| profile.confirmed),
            "digits": verifier.digits(),
            "provider": profile.map(|profile| profile.provider.as_str()),
            "refused": refused,
        });
        writeln!(out, "{object}")?;
    } else if refused {
        writeln!(
            out,
            "The server refused the code: it was used before, has ended, or is unknown."
        )?;
        writeln!(out, "Ask the programme office for a new one.")?;
    } else {
        write_words(&verifier, &report, out)?;
    }
    Ok(if refused { Outcome::Refused } else { Outcome::Done })
}

fn write_words(
    verifier: &Verifier,
    report: &SyncReport,
    out: &mut impl Write,
) -> failure::Result<()> {
    match verifier.profile() {
        Some(profile) => writeln!(out, "This phone works for {}.", profile.provider_name)?,
        None => {
            writeln!(out, "The code is kept. The server has not answered yet; run `sync` later.")?;
            if let Some(stopped) = report.stopped {
                writeln!(out, "  {}", network::stopped_words(stopped))?;
            }
        }
    }
    writeln!(out, "Compare these digits with those on the office's screen: {}", verifier.digits())?;
    if verifier.profile().is_some_and(|profile| !profile.confirmed) {
        writeln!(out, "Until the office confirms them, claims are kept and not paid.")?;
    }
    Ok(())
}
