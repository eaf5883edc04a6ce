//! What is given for a voucher, as it is typed on the command line.

use crate::failure::{self, Failure};
use protocol::money::{GoodsLine, Quantity};
use protocol::trust::Programme;
use protocol::{Benefit, Money};

/// What is given; the whole voucher when nothing is said.
#[derive(clap::Args)]
pub(crate) struct Given {
    /// Give less than the whole amount, in the currency's unit (1250.50)
    #[arg(long, value_name = "N", conflicts_with = "goods")]
    amount: Option<String>,

    /// Give less than all goods: an item with its quantity and unit (Rice:10:kg); may be repeated
    #[arg(long, value_name = "ITEM:QUANTITY:UNIT")]
    goods: Vec<String>,
}

impl Given {
    /// What should be given, if not the whole voucher.
    pub(crate) fn of(&self, programme: &Programme) -> failure::Result<Option<Benefit>> {
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
