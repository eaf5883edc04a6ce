//! Delegations: what a programme signed beforehand so that a field officer's phone may issue vouchers
//! where there is no network (docs/protocol.md §3.1).
//!
//! A delegation bounds what its phone can issue: how many vouchers, how much each and all together,
//! for what, to be served by whom, and when. Every voucher carries its delegation, so a verifier needs
//! nothing but the trust list.

mod field_voucher;

pub use field_voucher::{Delegated, FieldVoucher, HEAD_START, MAX_TEXT_LEN, sign};

use crate::cbor::Value;
use crate::cose::{ObjectType, Sign1, sign1};
use crate::fields::{Fields, Item, MapWriter, bytes, label, time, uint};
use crate::hash::Hash;
use crate::id::{Audience, IssuerId, ProgrammeId, ProviderId, VoucherId};
use crate::key::{PublicKey, Signer};
use crate::money::{Benefit, Currency, GoodsLine, Money, Quantity};
use crate::status::MAX_ENTRIES;
use crate::time::{Span, Timestamp};
use crate::voucher::{Reference, StatusRef, VoucherIdentity};
use crate::{Error, Result};

/// What a phone may issue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delegation {
    /// The key of the phone, which signs the vouchers.
    pub device: PublicKey,
    /// The programme whose vouchers they are.
    pub programme: ProgrammeId,
    /// The provider whose phone it is. It may not redeem what its phone issued.
    pub provider: ProviderId,
    /// The provider or group that may serve the vouchers; when absent, each voucher may name one.
    pub audience: Option<Audience>,
    /// The kinds of assistance.
    pub assistance: Vec<String>,
    /// How much.
    pub ceiling: Ceiling,
    /// The longest time from a voucher's `iat` to its `exp`.
    pub longest: Span,
    /// How many vouchers: their numbers run from 1 to this one.
    pub count: u32,
    /// The first second in which a voucher may be issued.
    pub from: Timestamp,
    /// The first second in which none may be issued any more.
    pub until: Timestamp,
    /// Where the status of voucher 1 stands; the others' follow one after the other.
    pub first_status: StatusRef,
    /// When the delegation was signed.
    pub issued: Timestamp,
    /// Random bytes, so that no two delegations are the same.
    pub nonce: [u8; 8],
}

/// How much may be given by one voucher, and by all together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ceiling {
    single: Benefit,
    total: Benefit,
}

/// The limit of its delegation that a voucher oversteps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Beyond {
    /// The programme ended the delegation.
    #[error("the delegation was ended")]
    Ended,
    /// The voucher's number is not one of those delegated.
    #[error("it has a number that was not delegated")]
    Number,
    /// It gives more than one voucher may, or something else.
    #[error("it is for more than one voucher may give, or for something else")]
    Amount,
    /// Its kind of assistance is not one of those delegated.
    #[error("its kind of assistance was not delegated")]
    Assistance,
    /// It is for another provider or group.
    #[error("it is for a provider for whom nothing was delegated")]
    Audience,
    /// It was issued outside the delegation's window.
    #[error("it was issued outside the time that was delegated")]
    Window,
    /// It is valid long before it was issued, or for too long.
    #[error("it is valid long before it was issued, or for longer than was delegated")]
    Validity,
    /// With those before it, it gives more than all vouchers together may.
    #[error("all vouchers together would give more than was delegated")]
    Total,
}

impl Beyond {
    /// The stable code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Beyond::Ended => "ended",
            Beyond::Number => "number",
            Beyond::Amount => "amount",
            Beyond::Assistance => "assistance",
            Beyond::Audience => "audience",
            Beyond::Window => "window",
            Beyond::Validity => "validity",
            Beyond::Total => "total",
        }
    }
}

impl Delegation {
    /// Signs the delegation with a key of use delegation.
    ///
    /// # Errors
    /// As [`sign1`], and an error that names the field or rule.
    pub fn sign(&self, signer: &dyn Signer) -> Result<Vec<u8>> {
        let payload = self.encode()?;
        sign1(ObjectType::Delegation, &payload, signer)
    }

    /// Verifies a delegation under these keys and reads it; gives the digest by which it is known too.
    ///
    /// # Errors
    /// An error of the envelope, the signature, a field or a rule.
    pub fn open<'k>(
        signed: &[u8],
        keys: impl IntoIterator<Item = &'k PublicKey>,
    ) -> Result<(Delegation, Hash)> {
        let verified = Sign1::parse(ObjectType::Delegation, signed)?.verify(keys)?;
        Ok((Delegation::decode(&verified.payload)?, Hash::of(&verified.payload)))
    }

    /// Reads a delegation without checking its signature: for one that was verified when it was
    /// stored.
    ///
    /// # Errors
    /// An error of a field or a rule.
    pub fn read_stored(signed: &Sign1) -> Result<Delegation> {
        Delegation::decode(signed.unverified_payload())
    }

    /// The identity of the voucher with this number under a delegation of this digest: its `cti` is
    /// the first half of SHA-256 over the digest and the number as eight bytes, big-endian.
    #[must_use]
    pub fn identity(issuer: IssuerId, delegation: Hash, number: u32) -> VoucherIdentity {
        let digest = Hash::of_all(&[delegation.as_bytes(), &u64::from(number).to_be_bytes()]);
        let cti = std::array::from_fn(|i| digest.as_bytes()[i]);
        VoucherIdentity { issuer, reference: Reference::Cti(VoucherId::from_bytes(cti)) }
    }

    fn encode(&self) -> Result<Vec<u8>> {
        let at = self.first_status;
        let payload = MapWriter::new()
            .put(1, self.device.to_compressed_value())
            .put(2, self.programme.as_str())
            .put(3, self.provider.as_str())
            .put_some(4, self.audience.as_ref().map(Audience::as_str))
            .put(5, Value::Array(self.assistance.iter().map(|it| it.as_str().into()).collect()))
            .put(6, self.ceiling.to_value())
            .put(7, uint(self.longest.as_seconds()))
            .put(8, uint(u64::from(self.count)))
            .put(9, Value::Array(vec![time(self.from), time(self.until)]))
            .put(10, Value::Array(vec![uint(u64::from(at.list)), uint(u64::from(at.index))]))
            .put(11, time(self.issued))
            .put(12, bytes(&self.nonce))
            .encode()?;
        Delegation::decode(&payload)?;
        Ok(payload)
    }

    pub(crate) fn decode(payload: &[u8]) -> Result<Self> {
        let mut fields = Fields::decode(OBJECT, payload)?;
        let [from, until] = fields.required(9, "window")?.array("window")?;
        let [list, index] = fields.required(10, "status")?.array("status")?;
        let delegation = Delegation {
            device: PublicKey::from_compressed_value(fields.required(1, "device")?.value())?,
            programme: ProgrammeId::new(fields.required(2, "programme")?.text("programme")?)?,
            provider: ProviderId::new(fields.required(3, "provider")?.text("provider")?)?,
            audience: fields
                .optional(4, "audience")?
                .map(|audience| Audience::new(audience.text("audience")?))
                .transpose()?,
            assistance: fields
                .required(5, "assistance types")?
                .filled_list("assistance types")?
                .into_iter()
                .map(|item| item.label("assistance type"))
                .collect::<Result<_>>()?,
            ceiling: Ceiling::from_item(fields.required(6, "ceiling")?)?,
            longest: fields.required(7, "longest validity")?.span("longest validity")?,
            count: fields.required(8, "number")?.uint32("number")?,
            from: from.time("window")?,
            until: until.time("window")?,
            first_status: StatusRef {
                list: list.uint32("status list")?,
                index: index.uint32("status index")?,
            },
            issued: fields.required(11, "issued")?.time("issued")?,
            nonce: fields.required(12, "nonce")?.fixed("nonce")?,
        };
        fields.close()?;
        delegation.check()?;
        Ok(delegation)
    }

    fn check(&self) -> Result<()> {
        let rule = |rule| Err(Error::Rule { object: OBJECT, rule });
        let types = &self.assistance;
        if types.iter().enumerate().any(|(i, one)| types[..i].contains(one)) {
            return rule("a kind of assistance appears twice");
        }
        if self.from >= self.until {
            return rule("the window ends before it begins");
        }
        let end = self.first_status.index.checked_add(self.count);
        if self.count == 0 || end.is_none_or(|end| end > MAX_ENTRIES) {
            return rule("the vouchers' statuses do not fit the status list");
        }
        Ok(())
    }
}

impl Ceiling {
    /// At most `single` by one voucher and `total` by all.
    ///
    /// # Errors
    /// [`Error::Rule`] when the two are of different kinds or items, or `single` is above `total`.
    pub fn new(single: Benefit, total: Benefit) -> Result<Self> {
        let lines = |benefit: &Benefit| match benefit {
            Benefit::Money(_) => 1,
            Benefit::Goods(lines) => lines.len(),
        };
        if single.is_within(&total) && lines(&single) == lines(&total) {
            Ok(Ceiling { single, total })
        } else {
            Err(Error::Rule {
                object: OBJECT,
                rule: "one voucher could give more than all together, or something else",
            })
        }
    }

    /// The most that one voucher may give.
    #[must_use]
    pub fn single(&self) -> &Benefit {
        &self.single
    }

    /// The most that all vouchers may give together.
    #[must_use]
    pub fn total(&self) -> &Benefit {
        &self.total
    }

    /// What all vouchers gave together once `benefit` comes to what those before it did.
    ///
    /// # Errors
    /// [`Beyond::Total`] when that is more than they may.
    pub fn count(
        &self,
        before: Option<&Benefit>,
        benefit: &Benefit,
    ) -> std::result::Result<Benefit, Beyond> {
        let sum = match before {
            None => Some(benefit.clone()),
            Some(before) => before.plus(benefit),
        };
        sum.filter(|sum| sum.is_within(&self.total)).ok_or(Beyond::Total)
    }

    /// `{0: [single, total, currency]}` or `{1: [+ [item, single, total, unit]]}`.
    fn to_value(&self) -> Value {
        let (key, value) = match (&self.single, &self.total) {
            (Benefit::Money(single), Benefit::Money(total)) => {
                let currency = single.currency();
                let parts =
                    vec![uint(single.minor()), uint(total.minor()), currency.as_str().into()];
                (0, Value::Array(parts))
            }
            (Benefit::Goods(single), Benefit::Goods(total)) => {
                let line = |line: &GoodsLine| {
                    let all = total.iter().find(|all| all.item == line.item).unwrap_or(line);
                    Value::Array(vec![
                        line.item.as_str().into(),
                        uint(line.quantity.thousandths()),
                        uint(all.quantity.thousandths()),
                        line.unit.as_str().into(),
                    ])
                };
                (1, Value::Array(single.iter().map(line).collect()))
            }
            // The constructor lets no two kinds together.
            _ => (0, Value::Null),
        };
        Value::Map(vec![(uint(key), value)])
    }

    fn from_item(item: Item) -> Result<Self> {
        let mut fields = Fields::new("ceiling", item.value())?;
        let (money, goods) = (fields.optional(0, "money")?, fields.optional(1, "goods")?);
        fields.close()?;
        let (single, total) = match (money, goods) {
            (Some(money), None) => {
                let [single, total, currency] = money.array("money")?;
                let currency = Currency::new(&currency.text("currency")?)?;
                let money = |item: Item| Money::new(item.uint("minor units")?, currency);
                (Benefit::Money(money(single)?), Benefit::Money(money(total)?))
            }
            (None, Some(goods)) => {
                let (mut single, mut total) = (Vec::new(), Vec::new());
                for line in goods.filled_list("goods")? {
                    let [item, one, all, unit] = line.array("goods line")?;
                    let item = label(item.text("item")?, "item")?;
                    let unit = label(unit.text("unit")?, "unit")?;
                    if single.iter().any(|line: &GoodsLine| line.item == item) {
                        return Err(Error::Field { object: "ceiling", field: "goods" });
                    }
                    let quantity = |it: Item| Quantity::from_thousandths(it.uint("quantity")?);
                    let (one, all) = (quantity(one)?, quantity(all)?);
                    total.push(GoodsLine { item: item.clone(), quantity: all, unit: unit.clone() });
                    single.push(GoodsLine { item, quantity: one, unit });
                }
                (Benefit::Goods(single), Benefit::Goods(total))
            }
            _ => return Err(Error::Field { object: "ceiling", field: "kind" }),
        };
        Ceiling::new(single, total)
    }
}

const OBJECT: &str = "delegation";
