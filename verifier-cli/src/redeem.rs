//! `vouchsafe redeem`: serve a voucher and record it.

use crate::failure::{self, Failure};
use crate::presented::Presented;
use crate::{Outcome, phone, words};
use protocol::id::OperatorId;
use protocol::money::{GoodsLine, Quantity};
use protocol::trust::Programme;
use protocol::{Benefit, Money};
use serde_json::json;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, IsTerminal, Write};
use std::path::{Path, PathBuf};
use verifier_core::ledger::DocumentContent;
use verifier_core::verdict::Verdict;
use verifier_core::verifier::{Redemption, Service, Supervision};
use zeroize::Zeroizing;

/// Serve a voucher, and record that it was served
///
/// The record is on the disk before this says so. A voucher is served once: what is not given goes back to the fund.
/// Exit status: 0 recorded, 1 refused, 2 if nothing was recorded because something is broken.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    voucher: Presented,

    /// Give less than the whole amount, in the currency's unit (1250.50)
    #[arg(long, value_name = "N", conflicts_with = "goods")]
    amount: Option<String>,

    /// Give less than all goods: an item with its quantity and unit (Rice:10:kg); may be repeated
    #[arg(long, value_name = "ITEM:QUANTITY:UNIT")]
    goods: Vec<String>,

    /// Attach a document, such as a photo of the receipt; may be repeated
    #[arg(long, value_name = "FILE")]
    document: Vec<PathBuf>,

    /// Who serves
    #[arg(long, value_name = "NAME")]
    operator: Option<OperatorId>,

    /// Serve with this supervisor's leave what is refused because trust is too old or the clock was turned back. The PIN
    /// is read from the standard input
    #[arg(long = "override", value_name = "SUPERVISOR")]
    leave_of: Option<OperatorId>,

    /// Read the supervisor's PIN from this file
    #[arg(long, value_name = "FILE", requires = "leave_of")]
    pin_file: Option<PathBuf>,

    /// Print a JSON object instead of words
    #[arg(long)]
    pub(crate) json: bool,
}

pub(crate) fn run(
    arguments: &Arguments,
    home: &Path,
    out: &mut impl Write,
) -> failure::Result<Outcome> {
    let (text, how_read) = arguments.voucher.text()?;
    let documents =
        arguments.document.iter().map(|file| document(file)).collect::<Result<_, _>>()?;
    let mut verifier = phone::open(home)?;
    let clock = phone::clock();
    let given = match verifier.check(&text, clock)? {
        Verdict::Accept(accepted) => arguments.given_in(&accepted.programme)?,
        // What should be given can only be read against the programme, which the receipt names too.
        Verdict::Refuse(refusal) => match (&refusal.voucher, &refusal.programme) {
            (Some(_), Some(programme)) => arguments.given_in(programme)?,
            _ => None,
        },
    };
    let service = Service { given, how_read, operator: arguments.operator.clone(), documents };
    let redemption = match &arguments.leave_of {
        None => verifier.redeem(&text, service, clock)?,
        Some(supervisor) => {
            let pin = arguments.pin()?;
            let leave = Supervision { supervisor: supervisor.clone(), pin: pin.trim() };
            verifier.redeem_with_leave(&text, service, &leave, clock)?
        }
    };
    match redemption {
        Redemption::Done(receipt) => {
            let programme = Some(&receipt.accepted.programme);
            let given = words::benefit_words(&receipt.given, programme);
            if arguments.json {
                let mut object = words::accepted_json(&receipt.accepted);
                object["claim"] = json!(receipt.claim.to_string());
                object["sequence"] = json!(receipt.sequence);
                object["given"] = json!(given);
                writeln!(out, "{object}")?;
            } else {
                writeln!(out, "REDEEMED")?;
                writeln!(out, "  Give: {given}")?;
                writeln!(out, "  Receipt {} (record {})", receipt.claim, receipt.sequence)?;
                for warning in &receipt.accepted.warnings {
                    writeln!(out, "  Note: {}", words::warning_words(*warning))?;
                }
            }
            Ok(Outcome::Done)
        }
        Redemption::Refused(refusal) => {
            if arguments.json {
                writeln!(out, "{}", words::refusal_json(&refusal))?;
            } else {
                words::write_refusal(&refusal, out)?;
            }
            Ok(Outcome::Refused)
        }
        Redemption::NotWithinVoucher(accepted) => Err(Failure::Argument(format!(
            "the voucher gives {}; more than that, or anything else, cannot be given for it. Nothing was recorded",
            words::benefit_words(&accepted.voucher.benefit, Some(&accepted.programme))
        ))),
    }
}

/// Reads a file as a document to attach.
pub(crate) fn document(file: &Path) -> failure::Result<DocumentContent> {
    let content =
        fs::read(file).map_err(|error| Failure::File(file.display().to_string(), error))?;
    Ok(DocumentContent { media_type: media_type(&content).to_owned(), content })
}

/// The media type by the first bytes; what is not known is a plain byte stream.
fn media_type(content: &[u8]) -> &'static str {
    match content {
        [0xff, 0xd8, 0xff, ..] => "image/jpeg",
        [0x89, b'P', b'N', b'G', ..] => "image/png",
        [b'%', b'P', b'D', b'F', ..] => "application/pdf",
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => "image/webp",
        _ => "application/octet-stream",
    }
}

impl Arguments {
    /// The PIN as it was typed: never an argument, which other users of the machine can see.
    fn pin(&self) -> failure::Result<Zeroizing<String>> {
        let mut pin = Zeroizing::new(String::new());
        match &self.pin_file {
            Some(file) => {
                let failed = |error| Failure::File(file.display().to_string(), error);
                BufReader::new(File::open(file).map_err(failed)?)
                    .read_line(&mut pin)
                    .map_err(failed)?;
            }
            None => {
                let failed = |error| Failure::File("the standard input".to_owned(), error);
                if io::stdin().is_terminal() {
                    // Nobody looks over the shoulder: it is not shown.
                    return Ok(Zeroizing::new(
                        rpassword::prompt_password("PIN: ").map_err(failed)?,
                    ));
                }
                io::stdin().lock().read_line(&mut pin).map_err(failed)?;
            }
        }
        Ok(pin)
    }

    /// What should be given, if not the whole voucher.
    fn given_in(&self, programme: &Programme) -> failure::Result<Option<Benefit>> {
        if let Some(amount) = &self.amount {
            let money = minor_units(amount, programme.decimals)
                .and_then(|minor| Money::new(minor, programme.currency).ok());
            return match money {
                Some(money) => Ok(Some(Benefit::Money(money))),
                None => Err(Failure::Argument(format!(
                    "{amount}: not an amount of {} with at most {} decimal places",
                    programme.currency, programme.decimals
                ))),
            };
        }
        if self.goods.is_empty() {
            return Ok(None);
        }
        let lines = self.goods.iter().map(|text| {
            goods_line(text).ok_or_else(|| {
                Failure::Argument(format!(
                    "{text}: not an item with quantity and unit like Rice:10:kg"
                ))
            })
        });
        Ok(Some(Benefit::Goods(lines.collect::<Result<_, _>>()?)))
    }
}

pub(crate) fn goods_line(text: &str) -> Option<GoodsLine> {
    let (rest, unit) = text.rsplit_once(':')?;
    let (item, quantity) = rest.rsplit_once(':')?;
    let quantity = Quantity::from_thousandths(minor_units(quantity, 3)?).ok()?;
    Some(GoodsLine { item: item.to_owned(), quantity, unit: unit.to_owned() })
}

/// A decimal number as a whole number of its `places`-th decimal places.
pub(crate) fn minor_units(text: &str, places: u8) -> Option<u64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let places = usize::from(places);
    if whole.is_empty() || !digits(whole) || !digits(fraction) || fraction.len() > places {
        return None;
    }
    format!("{whole}{fraction:0<places$}").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_has_no_more_places_than_its_currency() {
        assert_eq!(minor_units("1250.5", 2), Some(125_050));
        assert_eq!(minor_units("7", 0), Some(7));
        assert_eq!(minor_units("0.005", 3), Some(5));
        for wrong in ["", ".5", "1,000", "-1", "1.005", "1e3", "1.2.3"] {
            assert_eq!(minor_units(wrong, 2), None, "{wrong}");
        }
    }

    #[test]
    fn goods_are_named_with_quantity_and_unit() {
        let line = goods_line("Oil: cooking:1.5:l").unwrap();
        assert_eq!(
            (line.item.as_str(), line.quantity.thousandths(), line.unit.as_str()),
            ("Oil: cooking", 1500, "l")
        );
        assert!(goods_line("Rice:ten:kg").is_none());
    }
}
