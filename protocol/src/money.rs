//! What a voucher gives: money in minor units with its currency, or goods in thousandths of a unit.

use crate::cbor::{MAX_INTEGER, Value};
use crate::fields::{Fields, label, uint};
use crate::{Error, Result};
use std::fmt;

/// An ISO 4217 code: three capital letters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency([u8; 3]);

impl Currency {
    /// Reads the code.
    ///
    /// # Errors
    /// [`Error::Field`] when it is not three capital letters.
    pub fn new(code: &str) -> Result<Self> {
        match code.as_bytes() {
            &[a, b, c] if [a, b, c].iter().all(u8::is_ascii_uppercase) => Ok(Currency([a, b, c])),
            _ => Err(Error::Field { object: "money", field: "currency" }),
        }
    }

    /// The code as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("XXX")
    }
}

impl std::str::FromStr for Currency {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self> {
        Currency::new(text)
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An amount: minor units (1 to 2^53 − 1) of a currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Money {
    minor: u64,
    currency: Currency,
}

impl Money {
    /// The amount of `minor` units.
    ///
    /// # Errors
    /// [`Error::Field`] for nothing, or for 2^53 and more.
    pub fn new(minor: u64, currency: Currency) -> Result<Self> {
        match minor {
            1..=MAX_INTEGER => Ok(Money { minor, currency }),
            _ => Err(Error::Field { object: "money", field: "minor units" }),
        }
    }

    /// The number of minor units.
    #[must_use]
    pub const fn minor(self) -> u64 {
        self.minor
    }

    /// The currency.
    #[must_use]
    pub const fn currency(self) -> Currency {
        self.currency
    }

    /// The amount in words that need no locale: `PHP 5,000.00` with `decimals` = 2.
    #[must_use]
    pub fn words(self, decimals: u8) -> String {
        let unit = 10_u64.checked_pow(u32::from(decimals)).unwrap_or(1);
        let whole = grouped(self.minor / unit);
        match decimals {
            0 => format!("{} {whole}", self.currency),
            _ => format!(
                "{} {whole}.{:0width$}",
                self.currency,
                self.minor % unit,
                width = usize::from(decimals)
            ),
        }
    }
}

/// A quantity of goods: thousandths of a unit (1 to 2^53 − 1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Quantity(u64);

impl Quantity {
    /// The quantity of so many thousandths.
    ///
    /// # Errors
    /// [`Error::Field`] for nothing, or for 2^53 and more.
    pub fn from_thousandths(thousandths: u64) -> Result<Self> {
        match thousandths {
            1..=MAX_INTEGER => Ok(Quantity(thousandths)),
            _ => Err(Error::Field { object: "goods", field: "quantity" }),
        }
    }

    /// The number of thousandths.
    #[must_use]
    pub const fn thousandths(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&grouped(self.0 / 1000))?;
        match self.0 % 1000 {
            0 => Ok(()),
            rest => f.write_str(format!(".{rest:03}").trim_end_matches('0')),
        }
    }
}

/// One kind of goods on a voucher, such as 25 kg of rice.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct GoodsLine {
    /// The item's name in the programme's list.
    pub item: String,
    /// How much of it.
    pub quantity: Quantity,
    /// The unit, such as `kg`.
    pub unit: String,
}

/// What a voucher gives, or what was given for it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Benefit {
    /// An amount of money.
    Money(Money),
    /// One or more kinds of goods, each item once.
    Goods(Vec<GoodsLine>),
}

impl Benefit {
    /// Whether this can be given for a voucher over `voucher`: the same kind, and never more.
    #[must_use]
    pub fn is_within(&self, voucher: &Benefit) -> bool {
        match (self, voucher) {
            (Benefit::Money(given), Benefit::Money(most)) => {
                given.currency == most.currency && given.minor <= most.minor
            }
            (Benefit::Goods(given), Benefit::Goods(most)) => given.iter().all(|line| {
                most.iter().any(|limit| {
                    line.item == limit.item
                        && line.unit == limit.unit
                        && line.quantity <= limit.quantity
                })
            }),
            _ => false,
        }
    }

    /// This and `other` together, line by line; `None` when they are of different kinds, currencies or
    /// units, or too much for a number.
    #[must_use]
    pub fn plus(&self, other: &Benefit) -> Option<Benefit> {
        match (self, other) {
            (Benefit::Money(a), Benefit::Money(b)) if a.currency == b.currency => {
                Money::new(a.minor.checked_add(b.minor)?, a.currency).ok().map(Benefit::Money)
            }
            (Benefit::Goods(a), Benefit::Goods(b)) => {
                let mut sum = a.clone();
                for line in b {
                    match sum.iter_mut().find(|held| held.item == line.item) {
                        None => sum.push(line.clone()),
                        Some(held) if held.unit == line.unit => {
                            let thousandths = held.quantity.0.checked_add(line.quantity.0)?;
                            held.quantity = Quantity::from_thousandths(thousandths).ok()?;
                        }
                        Some(_) => return None,
                    }
                }
                Some(Benefit::Goods(sum))
            }
            _ => None,
        }
    }

    /// What is left of this when `spent` was given; `None` when nothing is, or `spent` is not within it.
    #[must_use]
    pub fn minus(&self, spent: &Benefit) -> Option<Benefit> {
        match (self, spent) {
            _ if !spent.is_within(self) => None,
            (Benefit::Money(all), Benefit::Money(spent)) => {
                Money::new(all.minor - spent.minor, all.currency).ok().map(Benefit::Money)
            }
            (Benefit::Goods(all), Benefit::Goods(spent)) => {
                let left = |line: &GoodsLine| {
                    let spent = spent.iter().find(|it| it.item == line.item);
                    let spent = spent.map_or(0, |it| it.quantity.0);
                    let quantity = Quantity::from_thousandths(line.quantity.0 - spent).ok()?;
                    Some(GoodsLine { quantity, ..line.clone() })
                };
                let lines: Vec<GoodsLine> = all.iter().filter_map(left).collect();
                (!lines.is_empty()).then_some(Benefit::Goods(lines))
            }
            _ => None,
        }
    }

    /// The benefit in words that need no locale; money with `decimals` places.
    #[must_use]
    pub fn words(&self, decimals: u8) -> String {
        match self {
            Benefit::Money(money) => money.words(decimals),
            Benefit::Goods(lines) => lines
                .iter()
                .map(|line| format!("{} {} {}", line.item, line.quantity, line.unit))
                .collect::<Vec<_>>()
                .join(", "),
        }
    }

    /// The benefit as an item of its own, to be stored.
    ///
    /// # Errors
    /// [`Error::Cbor`] when a text or number is out of range.
    pub fn encode(&self) -> Result<Vec<u8>> {
        crate::cbor::encode(&self.to_value())
    }

    /// Reads what [`Benefit::encode`] wrote.
    ///
    /// # Errors
    /// [`Error::Cbor`] or an error of a field.
    pub fn decode(benefit: &[u8]) -> Result<Self> {
        Benefit::from_value(crate::cbor::decode(benefit)?)
    }

    pub(crate) fn to_value(&self) -> Value {
        let (key, value) = match self {
            Benefit::Money(money) => {
                (0, Value::Array(vec![uint(money.minor), Value::from(money.currency.as_str())]))
            }
            Benefit::Goods(lines) => (
                1,
                Value::Array(
                    lines
                        .iter()
                        .map(|line| {
                            Value::Array(vec![
                                Value::from(line.item.as_str()),
                                uint(line.quantity.0),
                                Value::from(line.unit.as_str()),
                            ])
                        })
                        .collect(),
                ),
            ),
        };
        Value::Map(vec![(uint(key), value)])
    }

    pub(crate) fn from_value(value: Value) -> Result<Self> {
        let mut fields = Fields::new("benefit", value)?;
        let money = fields.optional(0, "money")?;
        let goods = fields.optional(1, "goods")?;
        fields.close()?;
        match (money, goods) {
            (Some(money), None) => {
                let [minor, currency] = money.array("money")?;
                Ok(Benefit::Money(Money::new(
                    minor.uint("minor units")?,
                    Currency::new(&currency.text("currency")?)?,
                )?))
            }
            (None, Some(goods)) => {
                let lines = goods
                    .list("goods")?
                    .into_iter()
                    .map(|line| {
                        let [item, thousandths, unit] = line.array("goods line")?;
                        Ok(GoodsLine {
                            item: label(item.text("item")?, "item")?,
                            quantity: Quantity::from_thousandths(thousandths.uint("quantity")?)?,
                            unit: label(unit.text("unit")?, "unit")?,
                        })
                    })
                    .collect::<Result<Vec<_>>>()?;
                let twice = lines
                    .iter()
                    .enumerate()
                    .any(|(i, line)| lines[..i].iter().any(|other| other.item == line.item));
                if lines.is_empty() || twice {
                    return Err(Error::Field { object: "benefit", field: "goods" });
                }
                Ok(Benefit::Goods(lines))
            }
            _ => Err(Error::Field { object: "benefit", field: "kind" }),
        }
    }
}

fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}
