//! `vouchsafe issue`: issue a voucher in the field, under a delegation.

use crate::code::Format;
use crate::failure::{self, Failure};
use crate::given::{goods_line, minor_units};
use crate::{Outcome, delegations, phone, words};
use protocol::id::{Audience, EntitlementId, OperatorId};
use protocol::voucher::Holder;
use protocol::{Benefit, Money};
use serde_json::json;
use std::io::Write;
use std::path::{Path, PathBuf};
use verifier_core::verifier::{FieldOrder, HeldDelegation, Verifier};

/// Issue a voucher without a network, within what the programme delegated to this phone
///
/// The record is on the disk before the voucher is shown, and each number is used once. Sync as soon as you can: a
/// claim on the voucher is paid when its record has reached the office.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The amount, in the currency's unit (1250.50)
    #[arg(long, value_name = "N", required_unless_present = "goods", conflicts_with = "goods")]
    amount: Option<String>,

    /// An item with its quantity and unit (Rice:10:kg); may be repeated
    #[arg(long, value_name = "ITEM:QUANTITY:UNIT")]
    goods: Vec<String>,

    /// The kind of assistance; may be left out where the delegation has one
    #[arg(long, value_name = "WORDS")]
    assistance: Option<String>,

    /// The holder's name
    #[arg(long, value_name = "NAME")]
    holder: Option<String>,

    /// The holder's year of birth
    #[arg(long, value_name = "YEAR", requires = "holder")]
    birth_year: Option<u16>,

    /// The last characters of the holder's identity number, at most four
    #[arg(long, value_name = "CHARACTERS", requires = "holder")]
    id_tail: Option<String>,

    /// The entitlement that it is for, where you know it
    #[arg(long, value_name = "NAME")]
    entitlement: Option<EntitlementId>,

    /// The provider or group that may serve it, where the delegation names none
    #[arg(long, value_name = "ID")]
    audience: Option<Audience>,

    /// How many days it is valid, today included [default: as many as may be]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    days: Option<u32>,

    /// Under which delegation, by the first digits of its hash [default: the first that allows it]
    #[arg(long, value_name = "HASH")]
    delegation: Option<String>,

    /// Write the QR code to a file that ends with .png or .svg
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,

    /// Who issues
    #[arg(long, value_name = "NAME")]
    operator: Option<OperatorId>,

    /// Print a JSON object instead of words
    #[arg(long)]
    pub(crate) json: bool,
}

pub(crate) fn run(
    arguments: &Arguments,
    home: &Path,
    out: &mut impl Write,
) -> failure::Result<Outcome> {
    let picture = match &arguments.out {
        Some(file) => Some((file, Format::of(file)?)),
        None => None,
    };
    let mut verifier = phone::open(home)?;
    let order = arguments.order(&verifier)?;
    let issued = verifier.issue(&order, arguments.operator.clone(), phone::clock())?;
    let programme = Some(&issued.programme);
    if arguments.json {
        let object = json!({
            "text": issued.text,
            "number": issued.number,
            "sequence": issued.sequence,
            "voucher": words::voucher_json(&issued.voucher, programme),
            "under": delegations::as_json(&issued.under, programme),
        });
        writeln!(out, "{object}")?;
    } else {
        let (number, of) = (issued.number, issued.under.delegation.count);
        writeln!(out, "ISSUED number {number} of {of} (record {})", issued.sequence)?;
        words::write_voucher(&issued.voucher, programme, out)?;
        writeln!(out, "  {}", issued.text)?;
    }
    // The voucher is issued and its text is shown, whatever becomes of the picture.
    if let Some((file, format)) = picture {
        std::fs::write(file, format.draw(&issued.text)?)
            .map_err(|error| Failure::File(file.display().to_string(), error))?;
        if !arguments.json {
            writeln!(out, "  QR code: {}", file.display())?;
        }
    }
    Ok(Outcome::Done)
}

impl Arguments {
    fn order(&self, verifier: &Verifier) -> failure::Result<FieldOrder> {
        let named = self.delegation.as_ref();
        let named = named.map(|prefix| delegations::find(verifier, prefix)).transpose()?;
        let holder = self.holder.as_ref().map(|name| Holder {
            name: name.clone(),
            birth_year: self.birth_year,
            id_tail: self.id_tail.clone(),
        });
        Ok(FieldOrder {
            benefit: self.benefit(verifier, named.as_ref())?,
            delegation: named.map(|held| held.hash),
            assistance: self.assistance.clone(),
            holder,
            entitlement: self.entitlement.clone(),
            audience: self.audience.clone(),
            days: self.days,
        })
    }

    fn benefit(
        &self,
        verifier: &Verifier,
        named: Option<&HeldDelegation>,
    ) -> failure::Result<Benefit> {
        let Some(amount) = &self.amount else {
            let lines = self.goods.iter().map(|text| {
                goods_line(text).ok_or_else(|| {
                    Failure::Argument(format!(
                        "{text}: not an item with quantity and unit like Rice:10:kg"
                    ))
                })
            });
            return Ok(Benefit::Goods(lines.collect::<Result<_, _>>()?));
        };
        let held = match named {
            Some(held) => vec![held.clone()],
            None => verifier.delegations()?,
        };
        let over_money = |held: &HeldDelegation| {
            let Benefit::Money(most) = held.delegation.ceiling.single() else { return None };
            let programme = delegations::programme(verifier, held)?;
            Some((most.currency(), programme.decimals))
        };
        let (currency, decimals) = held.iter().find_map(over_money).ok_or_else(|| {
            Failure::Argument("this phone may not issue vouchers over money".to_owned())
        })?;
        minor_units(amount, decimals)
            .and_then(|minor| Money::new(minor, currency).ok())
            .map(Benefit::Money)
            .ok_or_else(|| {
                Failure::Argument(format!(
                    "{amount}: not an amount of {currency} with at most {decimals} decimal places"
                ))
            })
    }
}
