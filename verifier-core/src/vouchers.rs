//! The vouchers that name this phone's provider, as the office lists them, and how staff find one.
//!
//! The list is not signed: it finds a voucher, and proves nothing. Whether one is served is decided from its own
//! signed bytes alone.

mod page;

pub(crate) use page::{MAX_PAGES, MAX_VOUCHERS, Page};

use crate::ledger::LiveRedemption;
use jiff::civil::Date;
use protocol::id::ProgrammeId;
use protocol::printed::{self, PrintedReference};
use protocol::status::Status;
use protocol::{Benefit, Hash, Timestamp};
use std::collections::BTreeSet;

/// A voucher as the office lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedVoucher {
    /// What is printed on it.
    pub reference: PrintedReference,
    /// The digest of its identity, by which this phone knows it again when it has served it.
    pub identity: Hash,
    /// Its programme.
    pub programme: ProgrammeId,
    /// The first letters of the holder's names: `M*** S***`.
    pub holder: Option<String>,
    /// The kind of assistance, by which staff sort.
    pub assistance: String,
    /// What it gives.
    pub benefit: Benefit,
    /// The first valid day, in the programme's time zone.
    pub first_day: Date,
    /// The last valid day, in the programme's time zone.
    pub last_day: Date,
    /// How it stood with the office when the list was made.
    pub status: Status,
}

/// What this phone knows of a listed voucher, from the list, its dates and its own redemptions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListedStatus {
    /// It is there to be served.
    Open,
    /// Its first day is still to come.
    NotYet,
    /// Its last day is over.
    Expired,
    /// This phone served it, whatever the list says that was made before.
    ServedHere(LiveRedemption),
    /// The office has a claim on it.
    Served,
    /// The office holds it until further notice.
    Suspended,
    /// The office took it back.
    Revoked,
}

/// The kinds of [`ListedStatus`], to sort by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ListedStatusKind {
    /// [`ListedStatus::Open`].
    Open,
    /// [`ListedStatus::NotYet`].
    NotYet,
    /// [`ListedStatus::Expired`].
    Expired,
    /// [`ListedStatus::ServedHere`].
    ServedHere,
    /// [`ListedStatus::Served`].
    Served,
    /// [`ListedStatus::Suspended`].
    Suspended,
    /// [`ListedStatus::Revoked`].
    Revoked,
}

/// What staff look for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VoucherSearch {
    /// A reference or a part of one, however it is typed, or a holder's name or its first letters; everything when
    /// there is nothing in it. A whole reference finds its voucher whatever else is asked for.
    pub text: String,
    /// The one kind of assistance; any when absent.
    pub category: Option<String>,
    /// Only those of this status; of any when empty.
    pub statuses: BTreeSet<ListedStatusKind>,
    /// How many to give at most; all when absent.
    pub most: Option<usize>,
}

/// A whole list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct VoucherList {
    /// When its last page came.
    pub(crate) listed: Timestamp,
    /// The vouchers, in the order of their references.
    pub(crate) vouchers: Vec<NamedVoucher>,
}

impl VoucherList {
    /// The voucher with this reference.
    pub(crate) fn named(&self, reference: PrintedReference) -> Option<&NamedVoucher> {
        self.vouchers.iter().find(|voucher| voucher.reference == reference)
    }
}

impl NamedVoucher {
    /// Its status on the day that it is where its programme is, with this phone's own redemption of it.
    #[must_use]
    pub fn listed_status(&self, today: Date, live: Option<LiveRedemption>) -> ListedStatus {
        match (live, self.status) {
            (Some(live), _) => ListedStatus::ServedHere(live),
            (None, Status::Redeemed) => ListedStatus::Served,
            (None, Status::Suspended) => ListedStatus::Suspended,
            (None, Status::Revoked) => ListedStatus::Revoked,
            (None, Status::Valid) if today < self.first_day => ListedStatus::NotYet,
            (None, Status::Valid) if today > self.last_day => ListedStatus::Expired,
            (None, Status::Valid) => ListedStatus::Open,
        }
    }
}

impl ListedStatus {
    /// Which kind it is.
    #[must_use]
    pub fn kind(&self) -> ListedStatusKind {
        match self {
            ListedStatus::Open => ListedStatusKind::Open,
            ListedStatus::NotYet => ListedStatusKind::NotYet,
            ListedStatus::Expired => ListedStatusKind::Expired,
            ListedStatus::ServedHere(_) => ListedStatusKind::ServedHere,
            ListedStatus::Served => ListedStatusKind::Served,
            ListedStatus::Suspended => ListedStatusKind::Suspended,
            ListedStatus::Revoked => ListedStatusKind::Revoked,
        }
    }
}

impl ListedStatusKind {
    /// Every kind.
    pub const ALL: [ListedStatusKind; 7] = [
        ListedStatusKind::Open,
        ListedStatusKind::NotYet,
        ListedStatusKind::Expired,
        ListedStatusKind::ServedHere,
        ListedStatusKind::Served,
        ListedStatusKind::Suspended,
        ListedStatusKind::Revoked,
    ];

    /// Its stable name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            ListedStatusKind::Open => "open",
            ListedStatusKind::NotYet => "not_yet",
            ListedStatusKind::Expired => "expired",
            ListedStatusKind::ServedHere => "served_here",
            ListedStatusKind::Served => "served",
            ListedStatusKind::Suspended => "suspended",
            ListedStatusKind::Revoked => "revoked",
        }
    }

    /// The kind with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        ListedStatusKind::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

impl VoucherSearch {
    /// Whether a voucher is among what is looked for, but for how it stands.
    #[must_use]
    pub fn finds(&self, voucher: &NamedVoucher) -> bool {
        let whole = PrintedReference::typed(&self.text);
        if whole == Some(voucher.reference) {
            return true;
        }
        // Eight letters may be a name as well, but for those that stand as they are printed.
        let as_printed =
            |it: PrintedReference| it.to_string().eq_ignore_ascii_case(self.text.trim());
        let may_be_name = !whole.is_some_and(as_printed);
        self.category.as_ref().is_none_or(|category| *category == voucher.assistance)
            && (self.text.trim().is_empty()
                || has_letters(voucher.reference, &self.text)
                || (may_be_name
                    && is_of(voucher.holder.as_deref().unwrap_or_default(), &self.text)))
    }

    /// Whether it asks for what stands like this.
    #[must_use]
    pub fn asks_for(&self, voucher: &NamedVoucher, kind: ListedStatusKind) -> bool {
        self.statuses.is_empty()
            || self.statuses.contains(&kind)
            || PrintedReference::typed(&self.text) == Some(voucher.reference)
    }
}

/// Whether what was typed is a part of the reference.
fn has_letters(reference: PrintedReference, typed: &str) -> bool {
    printed::letters(typed)
        .is_some_and(|part| !part.is_empty() && reference.letters().contains(&part))
}

/// Whether the words that were typed can be names of a holder of whose names the first letters are known. Each
/// letter counts for one word, in whatever order people say their names.
fn is_of(masked: &str, typed: &str) -> bool {
    if typed.chars().any(char::is_numeric) {
        return false;
    }
    let mut known = initials(masked);
    let typed = initials(typed);
    !typed.is_empty()
        && typed.iter().all(|letter| {
            let place = known.iter().position(|it| it == letter);
            place.map(|place| known.swap_remove(place)).is_some()
        })
}

/// The first letter of each word, in lower case.
fn initials(words: &str) -> Vec<String> {
    words
        .split_whitespace()
        .filter_map(|word| word.chars().find(|c| c.is_alphanumeric()))
        .map(|letter| letter.to_lowercase().collect())
        .collect()
}

#[cfg(test)]
mod tests;
