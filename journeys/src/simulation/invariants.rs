//! The invariants after a story: both ends' files are read and compared with what phones said.

use super::field::Limit;
use super::phone::{Action, Said};
use super::snapshots::{OfficeSnapshot, PhoneRecord, phone_records};
use super::vouchers::{Origin, PresentedVoucher};
use super::world::World;
use protocol::Hash;
use std::collections::BTreeSet;
use verifier_core::ledger::{Delivery, Page};

/// What one story came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Records that the office holds.
    pub records: usize,
    /// Vouchers that phones said they served.
    pub redemptions: usize,
    /// Claims that were ever in conflict.
    pub conflicts: usize,
    /// Records or claims that were said and are nowhere.
    pub lost: usize,
    /// Records, claims or money that are there more than once.
    pub doubled: usize,
}

impl World<'_> {
    /// Checks every invariant that holds once all is quiet.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn check_invariants(&mut self) -> Result<Tally, String> {
        let snapshot = OfficeSnapshot::read(&self.office_database())?;
        let mut tally = Tally {
            records: snapshot.records.len() + snapshot.orphans.len(),
            redemptions: 0,
            conflicts: usize::try_from(snapshot.contested).unwrap_or(0),
            lost: 0,
            doubled: 0,
        };
        self.check_chains(&snapshot);
        self.check_money(&snapshot, &mut tally);
        self.check_thieves(&snapshot, &mut tally);
        self.check_delegations(&snapshot, &mut tally);
        let mut known = BTreeSet::new();
        for place in 0..self.phones.len() {
            self.check_phone(place, &snapshot, &mut tally, &mut known)?;
        }
        let held =
            snapshot.records.iter().map(|record| &record.hash).chain(snapshot.orphans.keys());
        let strange = held.filter(|hash| !known.contains(*hash)).count();
        if strange > 0 {
            tally.doubled += strange;
            self.breach(format!("the office holds {strange} records of no phone"));
        }
        // A stale answer may have lent a phone another one's session; and a phone that was restored
        // learns from such refusals that it was.
        let restored = self.phones.iter().any(|phone| !phone.gone.is_empty());
        let excused = |reason: &str| match reason {
            "chain_of_another_device" | "record_forged" => true,
            "sequence_conflict" | "chain_broken" | "chain_foreign" => restored,
            _ => false,
        };
        for reason in snapshot.refused.iter().filter(|reason| !excused(reason)) {
            self.breach(format!("the office refused an item that has no place: {reason}"));
        }
        Ok(tally)
    }

    /// The office's chains have no gap, and each record names the one before.
    fn check_chains(&mut self, snapshot: &OfficeSnapshot) {
        for (chain, head, head_hash, highest) in &snapshot.heads {
            let mut expected = 1;
            let mut before: Option<&Vec<u8>> = None;
            for record in snapshot.records.iter().filter(|record| record.chain == *chain) {
                if record.sequence != expected || record.previous.as_ref() != before {
                    self.breach(format!("a chain at the office breaks at {}", record.sequence));
                }
                expected = record.sequence + 1;
                before = Some(&record.hash);
            }
            if *head + 1 != expected || highest != head || head_hash.as_ref() != before {
                self.breach(format!(
                    "a chain's head at the office is {head} of {highest}, its last record {}",
                    expected - 1
                ));
            }
        }
    }

    fn check_phone(
        &mut self,
        place: usize,
        snapshot: &OfficeSnapshot,
        tally: &mut Tally,
        known: &mut BTreeSet<Vec<u8>>,
    ) -> Result<(), String> {
        let name = self.phones[place].name.clone();
        let doctor =
            self.ask(place, "see the doctor", |verifier| Ok(verifier.ledger().doctor()?))?;
        let doctor = doctor.ok_or_else(|| format!("{name} has no doctor"))?;
        for finding in doctor.findings {
            self.breach(format!("{name}'s doctor: {finding}"));
        }
        let own = phone_records(&self.phones[place].dir.join("ledger.db"))?;
        known.extend(self.phones[place].gone.iter().cloned());
        for record in &own {
            known.insert(record.hash.clone());
            let held = snapshot.holds(&record.hash);
            match held {
                0 => tally.lost += 1,
                1 => continue,
                _ => tally.doubled += 1,
            }
            self.breach(format!(
                "record {} of {name} is at the office {held} times",
                record.sequence
            ));
        }
        self.check_said(place, snapshot, tally, &own);
        self.check_claims(place, snapshot, tally)
    }

    /// What the phone said is in its own chain, and what it said it served is a claim.
    fn check_said(
        &mut self,
        place: usize,
        snapshot: &OfficeSnapshot,
        tally: &mut Tally,
        own: &[PhoneRecord],
    ) {
        let phone = self.phones[place].name.clone();
        for said in self.phones[place].said.clone() {
            let in_chain = own.iter().any(|record| {
                record.hash == said.hash.as_bytes()
                    && Ok(record.sequence) == i64::try_from(said.sequence)
                    && record.chain == said.chain.as_bytes()
            });
            let gone = self.phones[place].gone.contains(said.hash.as_bytes().as_slice());
            let there = in_chain || gone && snapshot.holds(said.hash.as_bytes()) == 1;
            if !there {
                tally.lost += 1;
                self.breach(format!("{phone} said record {} and lost it", said.sequence));
            }
            match said.action {
                Action::Served { .. } => self.check_served_claim(&phone, &said, snapshot, tally),
                Action::Issued { voucher } => self.check_issued(&phone, &said, voucher, snapshot),
                Action::Voided(_) | Action::Attached(_) | Action::Refused => {}
            }
        }
    }

    /// What the phone said it served is a claim, or was refused for a reason that the story gives; what a
    /// supervisor allowed was looked at by a person.
    fn check_served_claim(
        &mut self,
        phone: &str,
        said: &Said,
        snapshot: &OfficeSnapshot,
        tally: &mut Tally,
    ) {
        let Action::Served { claim, voucher, overridden } = said.action else { return };
        tally.redemptions += 1;
        let shown = self.vouchers[voucher].clone();
        let name = &shown.name;
        let outcome = snapshot.outcome(said.hash.as_bytes());
        let refused = outcome.and_then(|outcome| outcome.strip_prefix("refused:"));
        match (refused, snapshot.claims.get(claim.as_bytes().as_slice())) {
            (None, Some(held)) => {
                let same = held.identity == shown.voucher.identity.hash().as_bytes()
                    && held.payload == shown.payload.as_bytes();
                if !same {
                    self.breach(format!("claim {claim} on {name} is on another voucher"));
                }
                if overridden && !held.reviewed {
                    self.breach(format!("nobody had to look at {claim}, which was overridden"));
                }
            }
            (None, None) => {
                tally.lost += 1;
                self.breach(format!("{phone} served {name}, and there is no claim {claim}"));
            }
            (Some(reason), _) => {
                if !self.may_be_refused(reason, voucher) {
                    tally.lost += 1;
                    self.breach(format!("{phone} served {name}, and it was refused: {reason}"));
                }
            }
        }
    }

    /// What the officer's phone said it issued was registered, or refused for a reason that the story
    /// gives.
    fn check_issued(
        &mut self,
        phone: &str,
        said: &Said,
        voucher: usize,
        snapshot: &OfficeSnapshot,
    ) {
        let outcome = snapshot.outcome(said.hash.as_bytes());
        let Some(reason) = outcome.and_then(|outcome| outcome.strip_prefix("refused:")) else {
            return;
        };
        // A voucher that was issued before the phone died, or was restored, is nobody's.
        let delegation = self.vouchers.get(voucher).and_then(PresentedVoucher::delegation);
        let restored = self.phones.iter().any(|it| it.name == phone && !it.gone.is_empty());
        let excused = match reason {
            "device_suspended" => true,
            "twin" => restored || self.has_thief_under(delegation),
            "beyond_delegation" => {
                restored || self.has_thief_under(delegation) || self.is_over(delegation)
            }
            "unknown_issuer" | "issuer_compromised" => self.is_forgotten(delegation),
            _ => false,
        };
        if !excused {
            self.breach(format!("{phone} reported what it issued, and it was refused: {reason}"));
        }
    }

    fn has_thief_under(&self, wanted: Option<Hash>) -> bool {
        self.vouchers.iter().any(|presented| match presented.origin {
            Origin::OfficersKey { delegation, .. } => Some(delegation) == wanted,
            _ => false,
        })
    }

    /// Whether the office ended this delegation, or forgot it.
    fn is_over(&self, wanted: Option<Hash>) -> bool {
        let is_over = |it: &Limit| it.ended.is_some() || it.forgotten;
        self.delegations.iter().any(|it| Some(it.hash) == wanted && is_over(it))
    }

    fn is_forgotten(&self, wanted: Option<Hash>) -> bool {
        self.delegations.iter().any(|it| Some(it.hash) == wanted && it.forgotten)
    }

    /// Whether the office may refuse what an honest phone served: it had taken the voucher back or ended
    /// its delegation before the phone's last ack, a clock ran ahead to the voucher's first day, a thief
    /// signed it, or a backup that was put back does not know the key that signed it.
    fn may_be_refused(&self, reason: &str, place: usize) -> bool {
        let presented = &self.vouchers[place];
        let forgotten =
            self.forgotten.contains(&place) || self.is_forgotten(presented.delegation());
        if presented.is_forged() {
            return true;
        }
        match reason {
            "revoked" => self.decisions.contains_key(&place),
            "not_yet_valid" => {
                let first = presented.voucher.not_before;
                first > presented.voucher.issued
                    || presented.delegation().is_some() && first > super::template::start()
            }
            "beyond_delegation" => self.is_over(presented.delegation()),
            "issuer_compromised" => presented.origin == Origin::OfficeTwice || forgotten,
            "unknown_issuer" => forgotten,
            _ => false,
        }
    }

    /// Both ends say the same of each claim.
    fn check_claims(
        &mut self,
        place: usize,
        snapshot: &OfficeSnapshot,
        tally: &mut Tally,
    ) -> Result<(), String> {
        let phone = self.phones[place].name.clone();
        let claims = self.ask(place, "list its claims", |verifier| verifier.claims(Page::ALL))?;
        for claim in claims.into_iter().flatten() {
            let held = snapshot.claims.get(claim.id.as_bytes().as_slice());
            let own = (claim.state.name(), claim.reason.as_deref());
            match (&claim.delivery, held) {
                (Delivery::Waiting, _) => {
                    tally.lost += 1;
                    self.breach(format!("{phone}'s claim {} was never sent", claim.id));
                }
                (Delivery::Refused(_), None) => {}
                (Delivery::Sent, Some(held)) => {
                    let office = (held.state.as_str(), held.reason.as_deref());
                    if own != office {
                        self.breach(format!(
                            "claim {} is {own:?} to {phone} and {office:?} to the office",
                            claim.id
                        ));
                    }
                    for attached in &claim.documents {
                        if !attached.held_by_server {
                            self.breach(format!(
                                "a document of {phone}'s claim {} is not at the office",
                                claim.id
                            ));
                        }
                    }
                }
                (delivery, held) => {
                    let there = if held.is_some() { "there" } else { "missing" };
                    self.breach(format!(
                        "{phone}'s claim {} is {delivery:?} and {there}",
                        claim.id
                    ));
                }
            }
        }
        let refused = self.ask(place, "count", |verifier| Ok(verifier.ledger().unsent()?))?;
        if let Some(unsent) = refused
            && unsent.records > 0
        {
            tally.lost += unsent.records as usize;
            self.breach(format!("{phone} has {} records unsent", unsent.records));
        }
        Ok(())
    }
}
