//! What a voucher gives, in numbers and words.

use proptest::prelude::*;
use protocol::cbor::MAX_INTEGER;
use protocol::voucher::Voucher;
use protocol::{Benefit, Currency, GoodsLine, Money, Quantity};
use samples::{goods, money, php, voucher};

#[test]
fn money_is_told_with_the_currencys_places() {
    let words = |minor, decimals| Money::new(minor, php()).unwrap().words(decimals);
    assert_eq!(words(500_000, 2), "PHP 5,000.00");
    assert_eq!(words(5, 2), "PHP 0.05");
    assert_eq!(words(1_234_567, 0), "PHP 1,234,567");
    assert_eq!(words(1_234_567, 3), "PHP 1,234.567");
    assert_eq!(words(999, 0), "PHP 999");
    assert_eq!(goods().words(2), "rice 25 kg, cooking oil 1.5 l");
}

#[test]
fn nothing_and_too_much_are_no_amounts() {
    assert!(Money::new(0, php()).is_err());
    assert!(Money::new(MAX_INTEGER + 1, php()).is_err());
    assert!(Quantity::from_thousandths(0).is_err());
    assert!(Quantity::from_thousandths(MAX_INTEGER + 1).is_err());
    for code in ["", "PH", "PHPP", "php", "P1P", "ÄÖÜ"] {
        assert!(Currency::new(code).is_err(), "{code}");
    }
}

#[test]
fn what_is_given_is_of_the_same_kind_and_never_more() {
    let usd = Benefit::Money(Money::new(1, Currency::new("USD").unwrap()).unwrap());
    assert!(money(5).is_within(&money(5)));
    assert!(!money(6).is_within(&money(5)));
    assert!(!usd.is_within(&money(5)));
    assert!(!money(5).is_within(&goods()));
    assert!(!goods().is_within(&money(5)));
    let line = |item: &str, thousandths, unit: &str| {
        Benefit::Goods(vec![GoodsLine {
            item: item.to_owned(),
            quantity: Quantity::from_thousandths(thousandths).unwrap(),
            unit: unit.to_owned(),
        }])
    };
    assert!(goods().is_within(&goods()));
    assert!(line("rice", 25_000, "kg").is_within(&goods()));
    assert!(!line("rice", 25_001, "kg").is_within(&goods()));
    assert!(!line("rice", 1, "sack").is_within(&goods()));
    assert!(!line("sugar", 1, "kg").is_within(&goods()));
}

#[test]
fn goods_are_named_once_and_not_at_all_is_no_benefit() {
    let Benefit::Goods(lines) = goods() else { panic!("goods") };
    let twice = Benefit::Goods(vec![lines[0].clone(), lines[0].clone()]);
    for benefit in [twice, Benefit::Goods(Vec::new())] {
        let voucher = Voucher { benefit, ..voucher() };
        assert_eq!(voucher.encode().unwrap_err().code(), "field.wrong");
    }
}

proptest! {
    #[test]
    fn words_say_the_whole_amount(minor in 1..=MAX_INTEGER, decimals in 0..=4_u8) {
        let words = Money::new(minor, php()).unwrap().words(decimals);
        let digits: String = words.chars().filter(char::is_ascii_digit).collect();
        prop_assert_eq!(digits.parse::<u64>().unwrap(), minor);
        let places = words.split_once('.').map_or(0, |(_, places)| places.len());
        prop_assert_eq!(places, usize::from(decimals));
    }

    #[test]
    fn a_quantity_is_told_exactly(thousandths in 1..=MAX_INTEGER) {
        let words = Quantity::from_thousandths(thousandths).unwrap().to_string();
        let (whole, places) = words.split_once('.').unwrap_or((&words, ""));
        let told = format!("{}{places:0<3}", whole.replace(',', ""));
        prop_assert_eq!(told.parse::<u64>().unwrap(), thousandths);
        prop_assert!(!places.ends_with('0'));
    }
}
