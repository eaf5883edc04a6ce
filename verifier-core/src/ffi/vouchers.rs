//! What Kotlin sees of the list of vouchers that name the provider.

use super::{Benefit, DeviceClock, Programme, Result, Verifier};
use crate::{verifier, vouchers};
use protocol::printed::PrintedReference;

#[uniffi::export]
impl Verifier {
    /// The vouchers that name this phone's provider and are looked for; nothing while no list came. They are found, and
    /// not judged: what may be served is decided from a voucher's own code.
    ///
    /// # Errors
    /// `EngineError::Storage`.
    pub fn vouchers(
        &self,
        search: VoucherSearch,
        now: DeviceClock,
    ) -> Result<Option<VoucherListing>> {
        let listing = self.engine().vouchers(&search.into(), now.into())?;
        Ok(listing.map(VoucherListing::from))
    }

    /// The listed voucher with this reference, however it is typed; nothing where there is none.
    ///
    /// # Errors
    /// `EngineError::Storage`.
    pub fn listed_voucher(
        &self,
        reference: &str,
        now: DeviceClock,
    ) -> Result<Option<ListedVoucher>> {
        let Some(reference) = PrintedReference::typed(reference) else { return Ok(None) };
        let found = self.engine().listed_voucher(reference, now.into())?;
        Ok(found.map(ListedVoucher::from))
    }
}

/// What staff look for.
#[derive(Clone, Debug, uniffi::Record)]
pub struct VoucherSearch {
    /// A reference or a part of one, however it is typed, or a holder's name or its first letters; everything when there
    /// is nothing in it. A whole reference finds its voucher whatever else is asked for.
    pub text: String,
    /// The one kind of assistance; any when absent.
    pub category: Option<String>,
    /// Only those of this status; of any when empty.
    pub statuses: Vec<ListedStatusKind>,
    /// How many to give at most.
    pub most: u32,
}

/// What was found in the list.
#[derive(Clone, Debug, uniffi::Record)]
pub struct VoucherListing {
    /// When the list was fetched.
    pub listed: u64,
    /// How old it is, in seconds.
    pub age: u64,
    /// How many vouchers it has.
    pub total: u32,
    /// The kinds of assistance in it, each once.
    pub categories: Vec<String>,
    /// How many of them were looked for.
    pub matching: u32,
    /// The first of these, in the order of their references: as many as were asked for.
    pub found: Vec<ListedVoucher>,
}

/// A voucher as the office lists it.
#[derive(Clone, Debug, uniffi::Record)]
pub struct ListedVoucher {
    /// What is printed on it.
    pub reference: String,
    /// The first letters of the holder's names.
    pub holder: Option<String>,
    /// The kind of assistance.
    pub assistance: String,
    /// What it gives.
    pub benefit: Benefit,
    /// The first valid day, `2026-11-30`, in the programme's time zone.
    pub first_day: String,
    /// The last valid day.
    pub last_day: String,
    /// Its status, as far as this phone knows.
    pub status: ListedStatus,
    /// Its programme, where the trust list has it.
    pub programme: Option<Programme>,
    /// Whether the programme lets it be served by its reference.
    pub by_reference: bool,
}

/// What this phone knows of a listed voucher.
#[derive(Clone, Debug, uniffi::Enum)]
pub enum ListedStatus {
    /// It is there to be served.
    Open,
    /// Its first day is still to come.
    NotYet,
    /// Its last day is over.
    Expired,
    /// This phone served it, whatever the list says that was made before.
    ServedHere {
        /// The claim it made.
        claim: String,
        /// When, by the phone's clock.
        at: u64,
    },
    /// The office has a claim on it.
    Served,
    /// The office holds it until further notice.
    Suspended,
    /// The office took it back.
    Revoked,
}

/// The kinds of `ListedStatus`, to sort by.
#[derive(Clone, Copy, Debug, uniffi::Enum)]
pub enum ListedStatusKind {
    /// It is there to be served.
    Open,
    /// Its first day is still to come.
    NotYet,
    /// Its last day is over.
    Expired,
    /// This phone served it.
    ServedHere,
    /// The office has a claim on it.
    Served,
    /// The office holds it.
    Suspended,
    /// The office took it back.
    Revoked,
}

impl From<VoucherSearch> for vouchers::VoucherSearch {
    fn from(VoucherSearch { text, category, statuses, most }: VoucherSearch) -> Self {
        let statuses = statuses.into_iter().map(Into::into).collect();
        Self { text, category, statuses, most: usize::try_from(most).ok() }
    }
}

impl From<ListedStatusKind> for vouchers::ListedStatusKind {
    fn from(kind: ListedStatusKind) -> Self {
        match kind {
            ListedStatusKind::Open => Self::Open,
            ListedStatusKind::NotYet => Self::NotYet,
            ListedStatusKind::Expired => Self::Expired,
            ListedStatusKind::ServedHere => Self::ServedHere,
            ListedStatusKind::Served => Self::Served,
            ListedStatusKind::Suspended => Self::Suspended,
            ListedStatusKind::Revoked => Self::Revoked,
        }
    }
}

impl From<verifier::VoucherListing> for VoucherListing {
    fn from(listing: verifier::VoucherListing) -> Self {
        Self {
            listed: listing.listed.as_seconds(),
            age: listing.age.as_seconds(),
            total: u32::try_from(listing.total).unwrap_or(u32::MAX),
            matching: u32::try_from(listing.matching).unwrap_or(u32::MAX),
            categories: listing.categories,
            found: listing.found.into_iter().map(ListedVoucher::from).collect(),
        }
    }
}

impl From<verifier::FoundVoucher> for ListedVoucher {
    fn from(found: verifier::FoundVoucher) -> Self {
        let verifier::FoundVoucher { voucher, status, programme } = found;
        Self {
            reference: voucher.reference.to_string(),
            holder: voucher.holder,
            assistance: voucher.assistance,
            benefit: voucher.benefit.into(),
            first_day: voucher.first_day.to_string(),
            last_day: voucher.last_day.to_string(),
            status: status.into(),
            by_reference: programme.as_ref().is_some_and(|it| it.by_reference),
            programme: programme.map(|it| Programme { name: it.name, decimals: it.decimals }),
        }
    }
}

impl From<vouchers::ListedStatus> for ListedStatus {
    fn from(status: vouchers::ListedStatus) -> Self {
        use vouchers::ListedStatus as S;
        match status {
            S::Open => Self::Open,
            S::NotYet => Self::NotYet,
            S::Expired => Self::Expired,
            S::ServedHere(live) => Self::ServedHere {
                claim: live.claim.to_string(),
                at: live.redeemed_at.as_seconds(),
            },
            S::Served => Self::Served,
            S::Suspended => Self::Suspended,
            S::Revoked => Self::Revoked,
        }
    }
}
