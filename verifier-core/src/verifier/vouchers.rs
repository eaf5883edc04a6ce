//! Finding a voucher that names this phone's provider, offline, in the list that the office sent last.

use super::{EngineError, Verifier};
use crate::clock::DeviceClock;
use crate::ledger::{KeptVoucherList, LedgerError};
use crate::vouchers::{ListedStatus, NamedVoucher, Page, VoucherList, VoucherSearch};
use protocol::printed::PrintedReference;
use protocol::time::Zone;
use protocol::trust::Programme;
use protocol::{Span, Timestamp};
use std::collections::BTreeSet;

/// What was found in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VoucherListing {
    /// When the list was fetched, as far as this phone knew the time.
    pub listed: Timestamp,
    /// How old it is.
    pub age: Span,
    /// How many vouchers it has.
    pub total: usize,
    /// The kinds of assistance in it, each once.
    pub categories: Vec<String>,
    /// How many of them were looked for.
    pub matching: usize,
    /// The first of these, in the order of their references: as many as were asked for.
    pub found: Vec<FoundVoucher>,
}

/// A listed voucher, and how it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundVoucher {
    /// The voucher as the office lists it.
    pub voucher: NamedVoucher,
    /// Its status, as far as this phone knows.
    pub status: ListedStatus,
    /// Its programme, where the trust list has it.
    pub programme: Option<Programme>,
}

impl Verifier {
    /// The vouchers that name this phone's provider and are looked for; `None` while no list came. An aid to find
    /// one, and no verdict: what may be served is decided from the voucher's own bytes.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn vouchers(
        &self,
        search: &VoucherSearch,
        now: DeviceClock,
    ) -> Result<Option<VoucherListing>, EngineError> {
        let Some(list) = self.voucher_list()? else { return Ok(None) };
        let now = self.judged_time(now)?;
        let most = search.most.unwrap_or(usize::MAX);
        let (mut matching, mut found) = (0, Vec::new());
        for voucher in list.vouchers.iter().filter(|voucher| search.finds(voucher)) {
            // How one stands takes a look into the ledger: only for what is shown or chosen by it.
            if found.len() == most && search.statuses.is_empty() {
                matching += 1;
                continue;
            }
            let one = self.stands(voucher, now)?;
            if search.asks_for(voucher, one.status.kind()) {
                matching += 1;
                found.extend((found.len() < most).then_some(one));
            }
        }
        let categories: BTreeSet<&String> = list.vouchers.iter().map(|it| &it.assistance).collect();
        Ok(Some(VoucherListing {
            listed: list.listed,
            age: now.since(list.listed),
            total: list.vouchers.len(),
            categories: categories.into_iter().cloned().collect(),
            matching,
            found,
        }))
    }

    /// The listed voucher with this reference.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn listed_voucher(
        &self,
        reference: PrintedReference,
        now: DeviceClock,
    ) -> Result<Option<FoundVoucher>, EngineError> {
        let now = self.judged_time(now)?;
        let list = self.voucher_list()?;
        let found = list.and_then(|list| list.named(reference));
        found.map(|voucher| self.stands(voucher, now)).transpose()
    }

    fn stands(&self, voucher: &NamedVoucher, now: Timestamp) -> Result<FoundVoucher, EngineError> {
        let trust = self.trust().map(|trust| trust.list());
        let programme = trust.and_then(|list| list.programme(&voucher.programme));
        // Where the programme is not known, its days are not either, but for those that are days everywhere.
        let today = programme.map_or_else(Zone::utc, |it| it.zone.clone()).day_of(now);
        let live = self.ledger.live_redemption_of(voucher.identity)?;
        Ok(FoundVoucher {
            status: voucher.listed_status(today, live),
            voucher: voucher.clone(),
            programme: programme.cloned(),
        })
    }

    /// The list that is held, read once.
    pub(super) fn voucher_list(&self) -> Result<Option<&VoucherList>, EngineError> {
        if self.vouchers.get().is_none() {
            let read = self.read_voucher_list()?;
            return Ok(self.vouchers.get_or_init(|| read).as_ref());
        }
        Ok(self.vouchers.get().and_then(Option::as_ref))
    }

    fn read_voucher_list(&self) -> Result<Option<VoucherList>, EngineError> {
        let Some(profile) = &self.profile else { return Ok(None) };
        // A phone that another provider has now does not show what the one before was to serve.
        let kept = self.ledger.voucher_list()?.filter(|kept| kept.provider == profile.provider);
        let Some(KeptVoucherList { listed, pages, .. }) = kept else { return Ok(None) };
        let mut vouchers = Vec::new();
        for page in &pages {
            let page = Page::read(page).map_err(|error| LedgerError::Corrupt {
                detail: format!("stored list of vouchers: {error}"),
            })?;
            vouchers.extend(page.vouchers);
        }
        Ok(Some(VoucherList { listed, vouchers }))
    }

    /// The pages of the list that is held. A list that cannot be read is as good as none, since another one comes.
    pub(crate) fn held_voucher_pages(&self) -> Vec<Vec<u8>> {
        self.ledger.voucher_list().ok().flatten().map(|list| list.pages).unwrap_or_default()
    }

    /// Keeps a list, whole, in place of the one that is held.
    pub(crate) fn keep_voucher_list(
        &mut self,
        pages: Vec<Vec<u8>>,
        now: DeviceClock,
    ) -> Result<(), EngineError> {
        let listed = self.judged_time(now)?;
        let Some(profile) = &self.profile else { return Err(EngineError::EnrolmentUnfinished) };
        let provider = profile.provider.clone();
        self.ledger.keep_voucher_list(&KeptVoucherList { provider, listed, pages })?;
        self.vouchers.take();
        Ok(())
    }
}
