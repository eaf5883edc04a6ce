//! Reading a page of the list as the server sends it (`GET /v1/provider/vouchers`, docs/protocol.md §11).

use super::NamedVoucher;
use jiff::civil::Date;
use protocol::id::ProgrammeId;
use protocol::money::{GoodsLine, Quantity};
use protocol::printed::PrintedReference;
use protocol::status::Status;
use protocol::{Benefit, Currency, Error, Hash, Money, Result};
use serde::Deserialize;

/// Largest page, in bytes.
const MAX_LEN: usize = 1 << 20;

/// Most pages of a list. A server may send pages with few vouchers, or none.
pub(crate) const MAX_PAGES: usize = 1000;

/// Most vouchers of a list.
pub(crate) const MAX_VOUCHERS: usize = 20_000;

/// Longest cursor, in bytes.
const MAX_CURSOR: usize = 128;

const OBJECT: &str = "page of vouchers";

/// A page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Page {
    /// Its vouchers.
    pub(crate) vouchers: Vec<NamedVoucher>,
    /// What to ask for the next page by; absent on the last. Needs no escaping in a URL.
    pub(crate) next: Option<String>,
}

impl Page {
    /// Largest page, in bytes.
    pub(crate) const MAX_LEN: usize = MAX_LEN;

    /// Reads a page. Members that are not known are passed over, since a later server may say more.
    ///
    /// # Errors
    /// [`Error::TooLarge`], and [`Error::Field`] for whatever is not as it must be.
    pub(crate) fn read(json: &[u8]) -> Result<Self> {
        if json.len() > MAX_LEN {
            return Err(Error::TooLarge { what: OBJECT, len: json.len(), max: MAX_LEN });
        }
        let page: JsonPage = serde_json::from_slice(json).map_err(|_| wrong("json"))?;
        if page.vouchers.len() > MAX_VOUCHERS {
            let (len, max) = (page.vouchers.len(), MAX_VOUCHERS);
            return Err(Error::TooLarge { what: OBJECT, len, max });
        }
        if page.next.as_deref().is_some_and(|next| !is_cursor(next)) {
            return Err(wrong("next"));
        }
        let vouchers = page.vouchers.into_iter().map(JsonVoucher::read).collect::<Result<_>>()?;
        Ok(Page { vouchers, next: page.next })
    }
}

#[derive(Deserialize)]
struct JsonPage {
    vouchers: Vec<JsonVoucher>,
    next: Option<String>,
}

#[derive(Deserialize)]
struct JsonVoucher {
    reference: String,
    identity: String,
    programme: String,
    holder: Option<String>,
    assistance: String,
    benefit: JsonBenefit,
    first_day: String,
    last_day: String,
    status: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum JsonBenefit {
    Money { minor: u64, currency: String },
    Goods(Vec<JsonGoods>),
}

#[derive(Deserialize)]
struct JsonGoods {
    item: String,
    thousandths: u64,
    unit: String,
}

impl JsonVoucher {
    fn read(self) -> Result<NamedVoucher> {
        let reference = PrintedReference::parse(&self.reference).ok_or(wrong("reference"))?;
        let day = |text: &str, field| text.parse::<Date>().map_err(|_| wrong(field));
        let (first_day, last_day) =
            (day(&self.first_day, "first_day")?, day(&self.last_day, "last_day")?);
        if first_day > last_day {
            return Err(wrong("last_day"));
        }
        Ok(NamedVoucher {
            reference,
            identity: Hash::from_hex(&self.identity).ok_or(wrong("identity"))?,
            programme: ProgrammeId::new(self.programme)?,
            holder: self.holder.map(|holder| label(holder, "holder")).transpose()?,
            assistance: label(self.assistance, "assistance")?,
            benefit: self.benefit.read()?,
            first_day,
            last_day,
            status: match self.status.as_str() {
                "valid" => Status::Valid,
                "redeemed" => Status::Redeemed,
                "suspended" => Status::Suspended,
                "revoked" => Status::Revoked,
                _ => return Err(wrong("status")),
            },
        })
    }
}

impl JsonBenefit {
    fn read(self) -> Result<Benefit> {
        Ok(match self {
            JsonBenefit::Money { minor, currency } => {
                Benefit::Money(Money::new(minor, Currency::new(&currency)?)?)
            }
            JsonBenefit::Goods(lines) if lines.is_empty() => return Err(wrong("goods")),
            JsonBenefit::Goods(lines) => Benefit::Goods(
                lines
                    .into_iter()
                    .map(|line| {
                        Ok(GoodsLine {
                            item: label(line.item, "item")?,
                            quantity: Quantity::from_thousandths(line.thousandths)?,
                            unit: label(line.unit, "unit")?,
                        })
                    })
                    .collect::<Result<_>>()?,
            ),
        })
    }
}

/// A text that a screen can show in a line.
fn label(text: String, field: &'static str) -> Result<String> {
    let fits = !text.is_empty() && text.len() <= 1024 && !text.chars().any(char::is_control);
    if fits { Ok(text) } else { Err(wrong(field)) }
}

/// The characters that a URL's query holds as they are (RFC 3986 §2.3).
fn is_cursor(text: &str) -> bool {
    (1..=MAX_CURSOR).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
}

fn wrong(field: &'static str) -> Error {
    Error::Field { object: OBJECT, field }
}
