//! What a voucher says to people: its benefit, holder and days in plain words.

use jiff::civil::Date;
use protocol::Benefit;
use protocol::voucher::Holder;

/// The benefit, one line an item: `PHP 5,000.00`, or `Rice 25 kg` and `Oil 1.5 l`. Money has
/// `decimals` places.
#[must_use]
pub fn benefit_lines(benefit: &Benefit, decimals: u8) -> Vec<String> {
    match benefit {
        Benefit::Money(money) => vec![money.words(decimals)],
        Benefit::Goods(lines) => lines
            .iter()
            .map(|line| format!("{} {} {}", line.item, line.quantity, line.unit))
            .collect(),
    }
}

/// What tells a holder from others of the same name: `Born 1984, identity number ending 4821`.
/// Empty when the programme shows neither.
#[must_use]
pub fn holder_details(holder: &Holder) -> String {
    match (holder.birth_year, holder.id_tail.as_deref()) {
        (Some(year), Some(tail)) => format!("Born {year}, identity number ending {tail}"),
        (Some(year), None) => format!("Born {year}"),
        (None, Some(tail)) => format!("Identity number ending {tail}"),
        (None, None) => String::new(),
    }
}

/// A calendar day in English: `31 Dec 2026`.
#[must_use]
pub fn day(day: Date) -> String {
    day.strftime("%-d %b %Y").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use protocol::{Currency, GoodsLine, Money, Quantity};

    #[test]
    fn an_amount_has_its_currency_separators_and_decimals() {
        let amount =
            |minor, code| Benefit::Money(Money::new(minor, Currency::new(code).unwrap()).unwrap());
        assert_eq!(benefit_lines(&amount(500_000, "PHP"), 2), ["PHP 5,000.00"]);
        assert_eq!(benefit_lines(&amount(1_250_000, "XAF"), 0), ["XAF 1,250,000"]);
        assert_eq!(benefit_lines(&amount(7, "TND"), 3), ["TND 0.007"]);
    }

    #[test]
    fn each_item_of_goods_has_a_line_without_idle_zeros() {
        let line = |item: &str, thousandths, unit: &str| GoodsLine {
            item: item.to_owned(),
            quantity: Quantity::from_thousandths(thousandths).unwrap(),
            unit: unit.to_owned(),
        };
        let goods = Benefit::Goods(vec![line("Rice", 25_000, "kg"), line("Oil", 1_500, "l")]);
        assert_eq!(benefit_lines(&goods, 2), ["Rice 25 kg", "Oil 1.5 l"]);
    }

    #[test]
    fn a_day_is_named_so_that_nobody_takes_it_for_a_month() {
        assert_eq!(day(date(2026, 12, 1)), "1 Dec 2026");
    }

    #[test]
    fn of_a_holder_only_what_the_programme_shows_is_said() {
        let holder = |birth_year, id_tail: Option<&str>| Holder {
            name: "Maria Santos".to_owned(),
            birth_year,
            id_tail: id_tail.map(str::to_owned),
        };
        assert_eq!(
            holder_details(&holder(Some(1984), Some("4821"))),
            "Born 1984, identity number ending 4821"
        );
        assert_eq!(holder_details(&holder(None, Some("4821"))), "Identity number ending 4821");
        assert_eq!(holder_details(&holder(None, None)), "");
    }
}
