//! `vouchsafe delegations`: what this phone may issue, and what is left of it.

use crate::failure::{self, Failure};
use crate::{Outcome, phone, words};
use protocol::trust::Programme;
use serde_json::{Value, json};
use std::io::Write;
use std::path::Path;
use verifier_core::verifier::{HeldDelegation, Verifier};

/// Show the delegations under which this phone may issue vouchers, and what is left of each
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Print a JSON object for each delegation instead of words
    #[arg(long)]
    pub(crate) json: bool,
}

pub(crate) fn run(
    arguments: &Arguments,
    home: &Path,
    out: &mut impl Write,
) -> failure::Result<Outcome> {
    let verifier = phone::open_read_only(home)?;
    let held = verifier.delegations()?;
    if held.is_empty() && !arguments.json {
        writeln!(out, "This phone may not issue vouchers.")?;
    }
    for held in held {
        let programme = programme(&verifier, &held);
        if arguments.json {
            writeln!(out, "{}", as_json(&held, programme))?;
        } else {
            write_words(&held, programme, out)?;
        }
    }
    Ok(Outcome::Done)
}

/// The one delegation whose digest begins with these hexadecimal digits.
pub(crate) fn find(verifier: &Verifier, prefix: &str) -> failure::Result<HeldDelegation> {
    let wanted = prefix.to_ascii_lowercase();
    let mut found = verifier.delegations()?.into_iter();
    found.find(|held| !wanted.is_empty() && held.hash.to_string().starts_with(&wanted)).ok_or_else(
        || Failure::Argument(format!("this phone has no delegation {prefix}; see `delegations`")),
    )
}

/// The programme of a delegation, where the trust list has it.
pub(crate) fn programme<'v>(
    verifier: &'v Verifier,
    held: &HeldDelegation,
) -> Option<&'v Programme> {
    verifier.trust()?.list().programme(&held.delegation.programme)
}

pub(crate) fn as_json(held: &HeldDelegation, programme: Option<&Programme>) -> Value {
    let delegation = &held.delegation;
    json!({
        "delegation": held.hash.to_string(),
        "programme": delegation.programme.as_str(),
        "audience": delegation.audience.as_ref().map(|it| it.as_str()),
        "assistance": delegation.assistance,
        "most_each": words::benefit_words(delegation.ceiling.single(), programme),
        "most_together": words::benefit_words(delegation.ceiling.total(), programme),
        "left": held.benefit_left().map(|left| words::benefit_words(&left, programme)),
        "vouchers": delegation.count,
        "vouchers_left": held.vouchers_left(),
        "from": delegation.from.to_string(),
        "until": delegation.until.to_string(),
        "ended": held.ended,
    })
}

fn write_words(
    held: &HeldDelegation,
    programme: Option<&Programme>,
    out: &mut impl Write,
) -> failure::Result<()> {
    let delegation = &held.delegation;
    let ceiling = &delegation.ceiling;
    writeln!(out, "Delegation {}", held.hash)?;
    if held.ended {
        writeln!(out, "  ENDED by the programme: nothing may be issued under it")?;
    }
    writeln!(out, "  {} for {}", delegation.programme, delegation.assistance.join(", "))?;
    if let Some(audience) = &delegation.audience {
        writeln!(out, "  To be used at {audience}")?;
    }
    let left = match held.benefit_left() {
        Some(left) => words::benefit_words(&left, programme),
        None => "nothing".to_owned(),
    };
    writeln!(
        out,
        "  Left: {} of {} vouchers; {left} of {}",
        held.vouchers_left(),
        delegation.count,
        words::benefit_words(ceiling.total(), programme)
    )?;
    writeln!(
        out,
        "  Each at most {}, valid for at most {}",
        words::benefit_words(ceiling.single(), programme),
        delegation.longest
    )?;
    writeln!(out, "  To be issued from {} until before {}", delegation.from, delegation.until)?;
    Ok(())
}
