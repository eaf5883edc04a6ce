//! Programmes: for whose vouchers, in which currency and time zone, and by which policies.

mod store;

pub use store::schema;

use crate::database::Transaction;
use crate::{Error, Result};
use protocol::id::ProgrammeId;
use protocol::time::Zone;
use protocol::trust::TooOldPolicy;
use protocol::{Currency, Money, Span};
use sea_orm::ConnectionTrait;

/// How many days a claim waits for a second one on the same voucher, unless the programme says
/// otherwise.
pub const HOLDING_DAYS: u32 = 7;

/// A programme of social protection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Programme {
    /// Its id: in every voucher, so the shorter the better.
    pub id: ProgrammeId,
    /// Its name, for people.
    pub name: String,
    /// The time zone of its days.
    pub zone: Zone,
    pub currency: Currency,
    /// How many decimal places the currency has, at most four.
    pub decimals: u8,
    /// What phones do when their trust is too old.
    pub too_old: TooOldPolicy,
    /// How far a phone's clock may stand behind what it knows of the time.
    pub clock_tolerance: Span,
    /// Days before a claim may be paid, so that a second one on its voucher can come in.
    pub holding_days: u32,
    /// Whether providers may serve by a typed reference; a person decides on each such claim.
    pub by_reference: bool,
}

/// What of a programme's policies is to be changed; what is absent stays.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PolicyChange {
    /// What phones do when their trust is too old.
    pub too_old: Option<TooOldPolicy>,
    /// How far a phone's clock may stand behind what it knows of the time.
    pub clock_tolerance: Option<Span>,
    /// Whether providers may serve by a typed reference.
    pub by_reference: Option<bool>,
}

impl Programme {
    /// How long before a claim may be paid.
    #[must_use]
    pub fn holding(&self) -> Span {
        Span::days(u64::from(self.holding_days))
    }

    /// What phones must know of it.
    #[must_use]
    pub fn for_trust_list(&self) -> protocol::trust::Programme {
        protocol::trust::Programme {
            id: self.id.clone(),
            name: self.name.clone(),
            zone: self.zone.clone(),
            currency: self.currency,
            decimals: self.decimals,
            too_old: self.too_old,
            clock_tolerance: self.clock_tolerance,
            by_reference: self.by_reference,
        }
    }

    /// Reads an amount as people write it, such as `5000`, `5000.00` or `5,000.00`.
    ///
    /// # Errors
    /// [`Error::Invalid`] when it is none, is nothing, or has more places than the currency.
    pub fn amount(&self, text: &str) -> Result<Money> {
        let wrong = || {
            Error::Invalid(format!(
                "{text:?} is no amount in {}, which has {} decimal places: write it like {}",
                self.currency,
                self.decimals,
                if self.decimals == 0 { "5000" } else { "5000.00" }
            ))
        };
        let plain = text.replace(',', "");
        let (whole, places) = plain.split_once('.').unwrap_or((&plain, ""));
        let decimals = usize::from(self.decimals);
        let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !digits(whole) || !digits(places) || places.len() > decimals {
            return Err(wrong());
        }
        let minor = format!("{whole}{places:0<decimals$}").parse().map_err(|_| wrong())?;
        Money::new(minor, self.currency).map_err(|_| wrong())
    }
}

/// Adds a programme.
///
/// # Errors
/// [`Error::Conflict`] when the id is taken, [`Error::Invalid`] for a name or a policy out of range.
pub async fn add(tx: &Transaction, programme: &Programme) -> Result<()> {
    check_name(&programme.name)?;
    if programme.decimals > 4 {
        return Err(Error::invalid("a currency has at most 4 decimal places"));
    }
    store::insert(&**tx, programme).await.map_err(|error| {
        if error.is_unique_violation() {
            Error::Conflict(format!("there is a programme {} already", programme.id))
        } else {
            error
        }
    })
}

/// Changes a programme's policies.
pub async fn set_policy(
    tx: &Transaction,
    id: &ProgrammeId,
    change: PolicyChange,
) -> Result<Programme> {
    let old = get(&**tx, id).await?;
    let new = Programme {
        too_old: change.too_old.unwrap_or(old.too_old),
        clock_tolerance: change.clock_tolerance.unwrap_or(old.clock_tolerance),
        by_reference: change.by_reference.unwrap_or(old.by_reference),
        ..old
    };
    store::set_policy(&**tx, &new).await?;
    Ok(new)
}

/// Every programme, in the order of their ids.
pub async fn all(db: &impl ConnectionTrait) -> Result<Vec<Programme>> {
    store::all(db).await
}

/// The programme with this id.
pub async fn get(db: &impl ConnectionTrait, id: &ProgrammeId) -> Result<Programme> {
    store::find(db, id).await?.ok_or_else(|| Error::not_found("programme", id))
}

/// A name for people: one line that is not empty and fits on paper.
pub(crate) fn check_name(name: &str) -> Result<()> {
    let fits = !name.trim().is_empty() && name.len() <= 256 && !name.chars().any(char::is_control);
    if fits {
        Ok(())
    } else {
        Err(Error::Invalid(format!("{name:?} is no name: give one line of at most 256 bytes")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn programme(decimals: u8) -> Programme {
        Programme {
            id: ProgrammeId::new("food").unwrap(),
            name: "Food".to_owned(),
            zone: Zone::new("Asia/Manila").unwrap(),
            currency: Currency::new("PHP").unwrap(),
            decimals,
            too_old: TooOldPolicy::Refuse,
            clock_tolerance: Span::days(1),
            by_reference: false,
            holding_days: HOLDING_DAYS,
        }
    }

    #[test]
    fn an_amount_is_read_as_people_write_it() {
        let minor = |text| programme(2).amount(text).unwrap().minor();
        assert_eq!(minor("5000"), 500_000);
        assert_eq!(minor("5,000.5"), 500_050);
        assert_eq!(minor("0.01"), 1);
        assert_eq!(programme(0).amount("5000").unwrap().minor(), 5000);
    }

    #[test]
    fn what_is_no_amount_is_refused() {
        for wrong in ["", "0", "-1", "1.234", "1e3", "5 000", ".5", "90071992547410.00"] {
            assert!(programme(2).amount(wrong).is_err(), "{wrong}");
        }
        assert!(programme(0).amount("1.0").is_err());
    }
}
