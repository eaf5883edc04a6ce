//! `vouchsafe vouchers`: the vouchers that name this provider, as the office listed them last.

use crate::failure::{self, Failure};
use crate::{Outcome, phone, words};
use serde_json::{Value, json};
use std::io::Write;
use std::path::Path;
use verifier_core::verifier::{FoundVoucher, VoucherListing};
use verifier_core::vouchers::{ListedStatus, ListedStatusKind, VoucherSearch};

/// List the vouchers that name this provider, as the office listed them at the last sync
///
/// The list finds a voucher, and is no verdict: what may be served is decided from the code on the voucher itself.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// A reference or a part of one, however it is typed, or a holder's name or its first letters
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    search: String,

    /// One kind of assistance
    #[arg(long, value_name = "NAME")]
    category: Option<String>,

    /// How it stands: open, not_yet, expired, served_here, served, suspended or revoked; may be repeated
    #[arg(long, value_name = "STATUS", value_parser = status_kind)]
    status: Vec<ListedStatusKind>,

    /// Print a JSON object a line instead of words
    #[arg(long)]
    json: bool,
}

fn status_kind(name: &str) -> Result<ListedStatusKind, String> {
    let known = ListedStatusKind::ALL.map(ListedStatusKind::name).join(", ");
    ListedStatusKind::from_name(name).ok_or_else(|| format!("it is one of {known}"))
}

pub(crate) fn run(
    arguments: &Arguments,
    home: &Path,
    out: &mut impl Write,
) -> failure::Result<Outcome> {
    let search = VoucherSearch {
        text: arguments.search.clone(),
        category: arguments.category.clone(),
        statuses: arguments.status.iter().copied().collect(),
        most: None,
    };
    let listing = phone::open_read_only(home)?.vouchers(&search, phone::clock())?;
    match listing {
        None if arguments.json => {}
        None => writeln!(out, "This phone has no list of vouchers yet: sync.")?,
        Some(listing) if arguments.json => {
            for one in &listing.found {
                writeln!(out, "{}", as_json(one))?;
            }
        }
        Some(listing) => write_words(&listing, out)?,
    }
    Ok(Outcome::Done)
}

fn as_json(one: &FoundVoucher) -> Value {
    let voucher = &one.voucher;
    let claim = match &one.status {
        ListedStatus::ServedHere(live) => Some(live.claim.to_string()),
        _ => None,
    };
    json!({
        "reference": voucher.reference.to_string(),
        "programme": voucher.programme.as_str(),
        "holder": voucher.holder,
        "assistance": voucher.assistance,
        "benefit": words::benefit_words(&voucher.benefit, one.programme.as_ref()),
        "first_day": voucher.first_day.to_string(),
        "last_day": voucher.last_day.to_string(),
        "status": one.status.kind().name(),
        "claim": claim,
    })
}

fn write_words(listing: &VoucherListing, out: &mut impl Write) -> Result<(), Failure> {
    for one in &listing.found {
        let voucher = &one.voucher;
        let benefit = words::benefit_words(&voucher.benefit, one.programme.as_ref());
        let holder = voucher.holder.as_deref().unwrap_or("no name");
        writeln!(out, "{}  {holder}  {benefit} for {}", voucher.reference, voucher.assistance)?;
        writeln!(out, "  {}", status_words(one))?;
    }
    let (found, total) = (listing.found.len(), listing.total);
    writeln!(out, "{found} of {total} vouchers, as the office listed them {} ago.", listing.age)?;
    Ok(())
}

fn status_words(one: &FoundVoucher) -> String {
    let voucher = &one.voucher;
    match &one.status {
        ListedStatus::Open => format!("to be served until {}", voucher.last_day),
        ListedStatus::NotYet => format!("not before {}", voucher.first_day),
        ListedStatus::Expired => format!("the last day was {}", voucher.last_day),
        ListedStatus::ServedHere(live) => {
            format!("served here on {}, receipt {}", live.redeemed_at, live.claim)
        }
        ListedStatus::Served => "served".to_owned(),
        ListedStatus::Suspended => "on hold: ask the programme office".to_owned(),
        ListedStatus::Revoked => "taken back by the programme office".to_owned(),
    }
}
