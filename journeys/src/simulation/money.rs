//! The invariants of money: what is claimed once, what thieves signed, and what was delegated.

use super::field::Limit;
use super::invariants::Tally;
use super::snapshots::{OfficeClaim, OfficeSnapshot};
use super::vouchers::PresentedVoucher;
use super::world::World;
use std::collections::BTreeMap;

impl World<'_> {
    /// Each voucher has at most one live claim, over no more than it gives, and one if anything is
    /// claimed on it that was neither taken back nor decided against.
    pub(super) fn check_money(&mut self, snapshot: &OfficeSnapshot, tally: &mut Tally) {
        let mut by_voucher: BTreeMap<&[u8], Vec<&OfficeClaim>> = BTreeMap::new();
        for claim in snapshot.claims.values() {
            by_voucher.entry(&claim.identity).or_default().push(claim);
        }
        for (identity, claims) in by_voucher {
            let known = |presented: &&PresentedVoucher| {
                presented.voucher.identity.hash().as_bytes() == identity
            };
            let presented = self.vouchers.iter().find(known);
            let name =
                presented.map_or("a voucher that nobody issued".to_owned(), |it| it.name.clone());
            let live: Vec<_> = claims.iter().filter(|claim| claim.live).collect();
            let sum: i64 = live.iter().filter_map(|claim| claim.amount).sum();
            let gives =
                |claim: &OfficeClaim| self.presented_of(claim).map_or(0, PresentedVoucher::minor);
            let most = live.iter().map(|claim| gives(claim)).max().unwrap_or(0);
            let most = i64::try_from(most).unwrap_or(i64::MAX);
            let open = claims
                .iter()
                .filter(|claim| !matches!(&*claim.state, "voided" | "denied" | "rejected"))
                .count();
            if live.len() > 1 || sum > most {
                tally.doubled += 1;
                let count = live.len();
                self.breach(format!("{name} has {count} live claims over {sum} of {most}"));
            }
            if open > 0 && live.is_empty() {
                tally.lost += 1;
                self.breach(format!("{name} has {open} open claims and none is live"));
            }
        }
    }

    /// Nothing that a thief signed with a key of the office goes on to be paid.
    pub(super) fn check_thieves(&mut self, snapshot: &OfficeSnapshot, tally: &mut Tally) {
        let is_forged =
            |claim: &OfficeClaim| self.presented_of(claim).is_some_and(PresentedVoucher::is_forged);
        let paid = snapshot.claims.values().filter(|claim| claim.goes_on() && is_forged(claim));
        let paid = paid.count();
        if paid > 0 {
            tally.doubled += paid;
            self.breach(format!("{paid} claims on vouchers that a thief signed go on to be paid"));
        }
    }

    /// Under each delegation no more goes on to be paid than was delegated, whoever signed.
    pub(super) fn check_delegations(&mut self, snapshot: &OfficeSnapshot, tally: &mut Tally) {
        for Limit { hash, .. } in self.delegations.clone() {
            let is_under = |claim: &OfficeClaim| {
                self.presented_of(claim)
                    .is_some_and(|presented| presented.delegation() == Some(hash))
            };
            let under = snapshot.claims.values().filter(|claim| claim.goes_on() && is_under(claim));
            let sum: i64 = under.filter_map(|claim| claim.amount).sum();
            if sum > Limit::total() {
                tally.doubled += 1;
                let total = Limit::total();
                self.breach(format!("{sum} goes on to be paid under {hash}, of {total}"));
            }
        }
    }

    /// The voucher that a claim is on, by what was signed.
    fn presented_of(&self, claim: &OfficeClaim) -> Option<&PresentedVoucher> {
        self.vouchers
            .iter()
            .find(|presented| presented.payload.as_bytes().as_slice() == claim.payload)
    }
}
