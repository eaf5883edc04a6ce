//! Granting: from what the office wants a field officer to be able to do to a signed delegation.

use super::store::{self, ListPlace};
use crate::database::Transaction;
use crate::devices::{Device, DeviceId, DeviceStatus};
use crate::programmes::{self, Programme};
use crate::{App, Error, Result, keys, providers, trust};
use jiff::civil::Date;
use protocol::cose::{ObjectType, Sign1};
use protocol::delegation::{Ceiling, Delegation};
use protocol::id::{Audience, ProgrammeId};
use protocol::key::KeyUse;
use protocol::status::MAX_ENTRIES;
use protocol::voucher::StatusRef;
use protocol::{Benefit, Hash, Span, Timestamp};

/// Most vouchers of one delegation: each has its place in a status list from the start.
const MOST_VOUCHERS: u32 = 10_000;

/// Largest signed delegation, in bytes: a voucher under it with a holder's name still fits its QR code.
const LARGEST: usize = 310;

/// What a device is to be allowed.
#[derive(Debug, Clone)]
pub struct Grant {
    pub programme: ProgrammeId,
    /// The provider or group that may serve the vouchers; any of the programme's if absent.
    pub audience: Option<Audience>,
    /// The kinds of assistance.
    pub assistance: Vec<String>,
    /// The most of one voucher.
    pub single: Benefit,
    /// The most of all vouchers together.
    pub total: Benefit,
    pub count: u32,
    /// How many days a voucher may be valid.
    pub valid_days: u32,
    /// The first day on which vouchers may be issued; from now on if absent.
    pub from: Option<Date>,
    /// The last day on which vouchers may be issued.
    pub until: Date,
}

/// A delegation that was granted. It is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Granted {
    /// The digest by which it is known.
    pub hash: Hash,
    pub delegation: Delegation,
}

/// Grants a delegation to a device, which gets it with its next profile.
///
/// # Errors
/// [`Error::Conflict`] for a device that staff have not confirmed, [`Error::NotFound`] for a programme
/// or provider that is not there, [`Error::Invalid`] for limits that make no sense,
/// [`Error::Unavailable`] without a key.
pub async fn grant(app: &App, device: &Device, grant: Grant) -> Result<Granted> {
    if device.status != DeviceStatus::Confirmed {
        return Err(Error::conflict(
            "only a phone whose digits staff have compared may issue vouchers: confirm it first, or \
             enrol another in place of a suspended one",
        ));
    }
    let tx = app.db.begin().await?;
    let programme = programmes::get(&*tx, &grant.programme).await?;
    check_audience(&tx, device, &programme, &grant).await?;
    let now = app.now();
    let (from, until) = window(&grant, &programme, now)?;
    let longest = longest(grant.valid_days)?;
    if !(1..=MOST_VOUCHERS).contains(&grant.count) {
        return Err(Error::Invalid(format!("delegate 1 to {MOST_VOUCHERS} vouchers at a time")));
    }
    let mut nonce = [0; 8];
    keys::random(&mut nonce)?;
    let last_day = programme.zone.last_day_before(until.after(longest));
    let delegation = Delegation {
        device: device.key.clone(),
        programme: programme.id.clone(),
        provider: device.provider.clone(),
        audience: grant.audience,
        assistance: grant.assistance,
        ceiling: Ceiling::new(grant.single, grant.total)?,
        longest,
        count: grant.count,
        from,
        until,
        first_status: run(&tx, &programme.id, last_day, grant.count, now).await?,
        issued: now,
        nonce,
    };
    let signer = trust::signer(app, &*tx, KeyUse::Delegation, Some(&programme.id), now).await?;
    let signed = delegation.sign(&*signer)?;
    if signed.len() > LARGEST {
        return Err(Error::invalid(
            "the delegation would leave no room for a voucher in its QR code: name fewer kinds of \
             assistance or goods, or shorter ones",
        ));
    }
    let hash = Sign1::parse(ObjectType::Delegation, &signed)?.payload_hash();
    store::add(&*tx, hash, DeviceId(device.key.thumbprint()), &delegation, signed).await?;
    tx.commit().await?;
    Ok(Granted { hash, delegation })
}

/// Whether somebody could serve the vouchers: another than the provider whose phone issues them.
async fn check_audience(
    tx: &Transaction,
    device: &Device,
    programme: &Programme,
    grant: &Grant,
) -> Result<()> {
    let members = match &grant.audience {
        Some(audience) => {
            providers::audience_name(&**tx, audience).await?;
            providers::members(&**tx, audience).await?
        }
        None => providers::all(&**tx).await?,
    };
    let serves = |it: &providers::Provider| {
        it.id != device.provider && it.programmes.contains(&programme.id)
    };
    if !members.iter().any(serves) {
        return Err(Error::Invalid(format!(
            "nobody could redeem the vouchers: besides {}, whose phone issues them, nobody there serves \
             the programme {}",
            device.provider, programme.id
        )));
    }
    match &grant.single {
        Benefit::Money(money) if money.currency() != programme.currency => Err(Error::Invalid(
            format!("the programme {} pays in {}", programme.id, programme.currency),
        )),
        _ => Ok(()),
    }
}

fn window(grant: &Grant, programme: &Programme, now: Timestamp) -> Result<(Timestamp, Timestamp)> {
    let from = match grant.from {
        Some(day) => programme.zone.start_of(day)?,
        None => now,
    };
    let until = programme.zone.end_of(grant.until)?;
    if until <= now || until <= from {
        return Err(Error::Invalid(format!(
            "the last day {} has passed, or is before the first",
            grant.until
        )));
    }
    Ok((from, until))
}

/// So many days, with the hour that a day has more when clocks are put back.
fn longest(days: u32) -> Result<Span> {
    if !(1..=366).contains(&days) {
        return Err(Error::invalid("a voucher may be valid for 1 to 366 days"));
    }
    Ok(Span::hours(u64::from(days) * 24 + 1))
}

/// So many places of a status list, one after the other. Such lists are apart from those whose places
/// are drawn at random, in which no long run stays free.
async fn run(
    tx: &Transaction,
    programme: &ProgrammeId,
    last_day: Date,
    count: u32,
    now: Timestamp,
) -> Result<StatusRef> {
    tx.advisory_lock("status lists").await?;
    let month = last_day.strftime("%Y-%m").to_string();
    let place = match store::list_of(&**tx, programme, &month).await? {
        Some(place) if place.next + count <= MAX_ENTRIES => place,
        _ => {
            let list = trust::create_reserved_list(tx, programme, last_day, now).await?;
            let place = ListPlace { list, next: 0 };
            store::add_list(&**tx, place, programme, &month).await?;
            place
        }
    };
    let first = StatusRef { list: place.list, index: place.next };
    trust::reserve_range(tx, first, count).await?;
    let next = ListPlace { next: place.next + count, ..place };
    store::move_list(&**tx, next).await?;
    Ok(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_on_which_clocks_are_put_back_is_a_day_too() {
        assert_eq!(longest(7).unwrap(), Span::hours(7 * 24 + 1));
        assert!(longest(0).is_err() && longest(367).is_err());
    }
}
