//! Issuing: from what an officer requests to signed vouchers.

use super::{IssuedVoucher, RevocationState, store};
use crate::programmes::{self, Programme};
use crate::{App, Error, Result, keys, providers, trust};
use jiff::civil::Date;
use protocol::id::{Audience, EntitlementId, ProgrammeId, VoucherId};
use protocol::key::KeyUse;
use protocol::printed::PrintedReference;
use protocol::time::Zone;
use protocol::voucher::{
    Holder, Reference, StatusRef, SupportingDocument, Voucher, VoucherIdentity, sign, to_text,
};
use protocol::{Benefit, Hash, Timestamp};
use sea_orm::ConnectionTrait;
use std::collections::{BTreeMap, BTreeSet};

/// A voucher to be issued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssueRequest {
    pub benefit: Benefit,
    /// The provider or group that may serve it; any of the programme's if absent.
    pub audience: Option<Audience>,
    /// The kind of assistance, in the programme's words.
    pub assistance: String,
    /// What it shows of the holder.
    pub holder: Option<Holder>,
    /// The first valid day in the programme's time zone; today if absent.
    pub first_day: Option<Date>,
    /// The last valid day in the programme's time zone.
    pub last_day: Date,
    /// The entitlement it stands for; the printed reference if absent.
    pub entitlement: Option<EntitlementId>,
    pub documents: Vec<SupportingDocument>,
    /// Where it stands in a list of requests that may be given twice.
    pub line: Option<Line>,
}

/// A line of a list of requests, for which one voucher is issued however often the list is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line {
    /// The digest of the list.
    pub list: Hash,
    pub number: u32,
}

/// Issues vouchers of one programme, all of them or none. They are stored when this returns.
///
/// # Errors
/// [`Error::NotFound`] for a programme or provider that is not there, [`Error::Invalid`] for a request
/// that makes no good voucher, [`Error::Conflict`] for a line that has its voucher already,
/// [`Error::Unavailable`] without a key.
pub async fn issue(
    app: &App,
    programme: &ProgrammeId,
    requests: &[IssueRequest],
) -> Result<Vec<IssuedVoucher>> {
    let tx = app.db.begin().await?;
    let programme = programmes::get(&*tx, programme).await?;
    let now = app.now();
    check_audiences(&*tx, &programme, requests).await?;
    let windows = requests
        .iter()
        .map(|request| window(request, &programme.zone, now))
        .collect::<Result<Vec<_>>>()?;

    let mut by_month: BTreeMap<Date, Vec<usize>> = BTreeMap::new();
    for (place, request) in requests.iter().enumerate() {
        by_month.entry(request.last_day.first_of_month()).or_default().push(place);
    }
    let mut places: BTreeMap<usize, StatusRef> = BTreeMap::new();
    for (month, requests) in by_month {
        let allocated =
            trust::allocate_indices(&tx, &programme.id, month, requests.len(), now).await?;
        places.extend(requests.into_iter().zip(allocated));
    }

    let signer = trust::signer(app, &*tx, KeyUse::Voucher, Some(&programme.id), now).await?;
    let ids = draw_ids(&*tx, requests.len()).await?;
    let mut issued = Vec::with_capacity(requests.len());
    for (place, ((request, window), (cti, reference))) in
        requests.iter().zip(windows).zip(ids).enumerate()
    {
        let entitlement = match &request.entitlement {
            Some(entitlement) => entitlement.clone(),
            None => EntitlementId::new(reference.as_str())?,
        };
        let voucher = Voucher {
            identity: VoucherIdentity {
                issuer: app.config.issuer.clone(),
                reference: Reference::Cti(cti),
            },
            entitlement,
            audience: request.audience.clone(),
            expires: window.expires,
            not_before: window.not_before,
            issued: now,
            programme: programme.id.clone(),
            benefit: request.benefit.clone(),
            assistance: request.assistance.clone(),
            holder: request.holder.clone(),
            status: places.get(&place).copied(),
            documents: request.documents.clone(),
        };
        let signed = sign(&voucher, &*signer)?;
        to_text(&signed).map_err(|_| {
            Error::invalid(
                "the voucher is too large for a QR code: give it fewer documents or goods, or \
                 shorter names",
            )
        })?;
        issued.push(IssuedVoucher {
            reference,
            voucher,
            signed,
            revocation: RevocationState::None,
        });
    }
    store::insert(&*tx, requests, &issued).await.map_err(|error| {
        if error.is_unique_violation() {
            Error::conflict("another command is issuing the same list now; wait for its end")
        } else {
            error
        }
    })?;
    tx.commit().await?;
    Ok(issued)
}

/// The vouchers that were issued for the lines of this list, by line.
pub async fn issued_lines(
    db: &impl ConnectionTrait,
    list: Hash,
) -> Result<BTreeMap<u32, IssuedVoucher>> {
    store::lines(db, list).await
}

struct Window {
    not_before: Timestamp,
    expires: Timestamp,
}

/// When a voucher is good: from the start of its first day to the end of its last.
fn window(request: &IssueRequest, zone: &Zone, now: Timestamp) -> Result<Window> {
    let today = zone.day_of(now);
    let first_day = request.first_day.unwrap_or(today);
    if request.last_day < today {
        return Err(Error::Invalid(format!(
            "the last day {} has passed: it is {today} in {}",
            request.last_day,
            zone.name()
        )));
    }
    if request.last_day < first_day {
        return Err(Error::Invalid(format!(
            "the last day {} is before the first day {first_day}",
            request.last_day
        )));
    }
    Ok(Window { not_before: zone.start_of(first_day)?, expires: zone.end_of(request.last_day)? })
}

async fn check_audiences(
    db: &impl ConnectionTrait,
    programme: &Programme,
    requests: &[IssueRequest],
) -> Result<()> {
    let audiences: BTreeSet<&Audience> =
        requests.iter().filter_map(|request| request.audience.as_ref()).collect();
    for audience in audiences {
        providers::audience_name(db, audience).await?;
        let members = providers::members(db, audience).await?;
        if !members.iter().any(|provider| provider.programmes.contains(&programme.id)) {
            return Err(Error::Invalid(format!(
                "{audience} does not serve the programme {}, so nobody could redeem the voucher",
                programme.id
            )));
        }
    }
    if requests.iter().any(|request| {
        matches!(&request.benefit, Benefit::Money(money) if money.currency() != programme.currency)
    }) {
        return Err(Error::Invalid(format!(
            "the programme {} pays in {}",
            programme.id, programme.currency
        )));
    }
    Ok(())
}

/// Draws voucher ids whose references nobody has yet.
async fn draw_ids(db: &impl ConnectionTrait, count: usize) -> Result<Vec<(VoucherId, String)>> {
    let mut drawn: BTreeMap<String, VoucherId> = BTreeMap::new();
    while drawn.len() < count {
        let mut new = BTreeMap::new();
        while drawn.len() + new.len() < count {
            let id = VoucherId::from_uuid(uuid::Uuid::now_v7());
            let mut random = [0; 5];
            keys::random(&mut random)?;
            let reference = PrintedReference::from_bits(random).to_string();
            if !drawn.contains_key(&reference) {
                new.insert(reference, id);
            }
        }
        for taken in store::references_taken(db, new.keys()).await? {
            new.remove(&taken);
        }
        drawn.extend(new);
    }
    Ok(drawn.into_iter().map(|(reference, id)| (id, reference)).collect())
}

/// Draws a reference that no voucher has yet.
pub(super) async fn draw_reference(db: &impl ConnectionTrait) -> Result<String> {
    Ok(draw_ids(db, 1).await?.pop().map(|(_, reference)| reference).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use protocol::{Currency, Money};

    fn request(first_day: Option<Date>, last_day: Date) -> IssueRequest {
        let money = Money::new(500, Currency::new("PHP").unwrap()).unwrap();
        IssueRequest {
            benefit: Benefit::Money(money),
            audience: None,
            assistance: "Food".to_owned(),
            holder: None,
            first_day,
            last_day,
            entitlement: None,
            documents: Vec::new(),
            line: None,
        }
    }

    #[test]
    fn a_voucher_ends_with_the_first_second_after_its_last_day_in_the_programmes_zone() {
        let manila = Zone::new("Asia/Manila").unwrap();
        // In Manila it is the 22nd already.
        let now = Timestamp::parse("2026-11-21T16:30:00Z").unwrap();
        let window = |request| window(&request, &manila, now).unwrap();
        let good = window(request(None, date(2026, 12, 31)));
        assert_eq!(good.not_before, Timestamp::parse("2026-11-21T16:00:00Z").unwrap());
        assert_eq!(good.expires, Timestamp::parse("2026-12-31T16:00:00Z").unwrap());
    }

    #[test]
    fn days_that_leave_no_time_to_serve_are_refused() {
        let manila = Zone::new("Asia/Manila").unwrap();
        let now = Timestamp::parse("2026-11-21T16:30:00Z").unwrap();
        let refused = |request| window(&request, &manila, now).is_err();
        assert!(refused(request(None, date(2026, 11, 21))));
        assert!(!refused(request(None, date(2026, 11, 22))));
        assert!(refused(request(Some(date(2026, 12, 2)), date(2026, 12, 1))));
    }
}
