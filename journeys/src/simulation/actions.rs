//! Actions of staff at a phone, and the invariants that can be checked at once.

use super::phone::{Action, Said};
use super::template::SUPERVISOR;
use super::vouchers::{Origin, PresentedVoucher};
use super::world::World;
use program_server::vouchers::Decision;
use protocol::id::{ClaimId, OperatorId};
use protocol::key::Kid;
use protocol::record::{HowRead, ObservedState};
use protocol::trust::TrustState;
use protocol::{Benefit, GoodsLine, Hash, Money, Quantity, Timestamp};
use verifier_core::ledger::{DocumentContent, LastAck, Page};
use verifier_core::verdict::Verdict;
use verifier_core::verifier::{EngineError, Receipt, Redemption, Service, Supervision, Verifier};

/// What a phone held when it decided.
struct KnownState {
    ack: Option<LastAck>,
    observed: ObservedState,
    /// Keys of the office that its trust list says are compromised.
    compromised: Vec<Kid>,
    /// Delegations that its trust list says are ended.
    ended: Vec<Hash>,
    /// Whether only a supervisor could allow what was asked.
    needs_override: bool,
}

impl KnownState {
    fn of(verifier: &Verifier, needs_override: bool) -> Result<Self, EngineError> {
        let ledger = verifier.ledger();
        let list = verifier.trust().map(TrustState::list);
        let keys = list.iter().flat_map(|list| &list.keys).filter(|key| key.is_compromised());
        Ok(KnownState {
            ack: ledger.last_ack()?,
            observed: ledger.observed_state()?,
            compromised: keys.map(|key| key.key.kid()).collect(),
            ended: list.map(|list| list.ended_delegations.clone()).unwrap_or_default(),
            needs_override,
        })
    }
}

/// Of a hundred records, so many are on the disk when the program dies, and nobody was told.
const UNSAID: u32 = 5;

impl World<'_> {
    /// Shows a voucher to a phone, which serves it if it may.
    ///
    /// # Errors
    /// When storage failed without excuse.
    pub fn serve(&mut self, place: usize, voucher: usize) -> Result<(), String> {
        self.serve_by(place, voucher, None)
    }

    /// As [`World::serve`], with a supervisor beside who types a PIN if one is asked for.
    ///
    /// # Errors
    /// When storage failed without excuse.
    pub fn serve_with_override(&mut self, place: usize, voucher: usize) -> Result<(), String> {
        let (_, right) = SUPERVISOR;
        let pin = if self.random.percent(15) { "135791" } else { right };
        self.serve_by(place, voucher, Some(pin))
    }

    fn serve_by(
        &mut self,
        place: usize,
        voucher: usize,
        pin: Option<&'static str>,
    ) -> Result<(), String> {
        let Some(shown) = self.vouchers.get(voucher).cloned() else { return Ok(()) };
        let clock = self.phones[place].clocks.at(self.now);
        let service = Service {
            given: self.part_of(&shown.voucher.benefit),
            how_read: self.how_read(),
            operator: None,
            documents: if self.random.percent(15) { vec![self.document()] } else { Vec::new() },
        };
        let what = format!("serve {}", shown.name);
        let known_state = self.ask(place, &what, |verifier| {
            let needs_override = match pin {
                Some(_) => verifier.check(&shown.text, clock)?,
                None => return KnownState::of(verifier, false),
            };
            let needs_override =
                matches!(needs_override, Verdict::Refuse(refusal) if refusal.overridable().is_some());
            KnownState::of(verifier, needs_override)
        })?;
        let Some(known_state) = known_state else { return Ok(()) };
        let supervisor = OperatorId::new(SUPERVISOR.0).map_err(|error| error.to_string())?;
        let answer = self.ask(place, &what, |verifier| match pin {
            None => verifier.redeem(&shown.text, service, clock),
            Some(pin) => {
                let supervision = Supervision { supervisor, pin };
                verifier.redeem_with_override(&shown.text, service, &supervision, clock)
            }
        })?;
        let name = self.phones[place].name.clone();
        match answer {
            None => {}
            Some(Redemption::Done(receipt)) => {
                self.check_served(place, voucher, &known_state);
                let line = format!("{name} serves {} as claim {}", shown.name, receipt.claim);
                self.tell(line);
                let Receipt { claim, .. } = *receipt;
                let overridden = known_state.needs_override;
                self.coverage.overridden += usize::from(overridden);
                self.coverage.delegated += usize::from(shown.delegation().is_some());
                self.coverage.forged += usize::from(shown.is_forged());
                self.say(place, Action::Served { claim, voucher, overridden })?;
            }
            Some(Redemption::Refused(refusal)) => {
                let line = format!("{name} refuses {}: {}", shown.name, refusal.reason.code());
                self.tell(line);
                if self.random.percent(30) {
                    let confirmed = self.ask(place, "record a refusal", |verifier| {
                        verifier.confirm_refusal(&shown.text, &refusal, None, clock)
                    })?;
                    if let Some(Some(_)) = confirmed {
                        self.say(place, Action::Refused)?;
                    }
                }
            }
            Some(Redemption::NotWithinVoucher(_)) => {
                self.breach(format!("{name} takes a part of {} for more than it", shown.name));
            }
        }
        Ok(())
    }

    /// Checks a voucher and nothing more. It may not fail, whatever the clocks say.
    ///
    /// # Errors
    /// When storage failed without excuse.
    pub fn check(&mut self, place: usize, voucher: usize) -> Result<(), String> {
        let Some(shown) = self.vouchers.get(voucher).cloned() else { return Ok(()) };
        let clock = self.phones[place].clocks.at(self.now);
        let verdict = self.ask(place, "check", |verifier| verifier.check(&shown.text, clock))?;
        let word = match verdict {
            None => return Ok(()),
            Some(Verdict::Accept(_)) => "accept",
            Some(Verdict::Refuse(refusal)) => refusal.reason.code(),
        };
        let line = format!("{} checks {}: {word}", self.phones[place].name, shown.name);
        self.tell(line);
        Ok(())
    }

    /// Takes back one of a phone's claims.
    ///
    /// # Errors
    /// When storage failed without excuse.
    pub fn void(&mut self, place: usize) -> Result<(), String> {
        let clock = self.phones[place].clocks.at(self.now);
        let Some(claim) = self.some_claim(place)? else { return Ok(()) };
        let voided =
            self.ask(place, "void", |verifier| verifier.void(claim, "wrong amount", None, clock))?;
        if voided.is_some() {
            let line = format!("{} voids {claim}", self.phones[place].name);
            self.tell(line);
            self.say(place, Action::Voided(claim))?;
        }
        Ok(())
    }

    /// Attaches a document to one of a phone's claims.
    ///
    /// # Errors
    /// When storage failed without excuse.
    pub fn attach(&mut self, place: usize) -> Result<(), String> {
        let clock = self.phones[place].clocks.at(self.now);
        let Some(claim) = self.some_claim(place)? else { return Ok(()) };
        let document = self.document();
        let attached =
            self.ask(place, "attach", |verifier| verifier.attach(claim, document, None, clock))?;
        if attached.is_some() {
            let line = format!("{} attaches a document to {claim}", self.phones[place].name);
            self.tell(line);
            self.say(place, Action::Attached(claim))?;
        }
        Ok(())
    }

    /// The phone has said that its last record is on the disk, unless it dies before that. Gives whether
    /// it said so.
    pub(super) fn say(&mut self, place: usize, action: Action) -> Result<bool, String> {
        if self.random.percent(UNSAID) {
            self.phones[place].stop();
            let line = format!("{} dies before it says so", self.phones[place].name);
            self.tell(line);
            return Ok(false);
        }
        let head = self.ask(place, "name its head", |verifier| {
            let ledger = verifier.ledger();
            Ok((ledger.chain(), ledger.head()?))
        })?;
        let name = self.phones[place].name.clone();
        match head {
            Some((chain, Some(head))) => {
                let said = Said { chain, sequence: head.sequence, hash: head.hash, action };
                self.phones[place].said.push(said);
            }
            _ => self.breach(format!("{name} has no head after it recorded something")),
        }
        Ok(true)
    }

    fn some_claim(&mut self, place: usize) -> Result<Option<ClaimId>, String> {
        let claims = self.ask(place, "list its claims", |verifier| verifier.claims(Page::ALL))?;
        let claims: Vec<ClaimId> = claims.into_iter().flatten().map(|claim| claim.id).collect();
        // Newest first, but their order within the list is the phone's own, so chance is fair.
        Ok(self.random.pick(&claims).copied())
    }

    /// A phone may serve no voucher that had expired by a time which it surely knew had passed, none
    /// that a status list which it held says is taken back, and nothing that its trust list warns of.
    fn check_served(&mut self, place: usize, voucher: usize, known_state: &KnownState) {
        let PresentedVoucher { voucher: content, name, origin, .. } =
            self.vouchers[voucher].clone();
        let phone = self.phones[place].name.clone();
        let clock = self.phones[place].clocks.at(self.now);
        let passed = known_state.ack.as_ref().map(|ack| {
            let seen = ack.clock.monotonic;
            let millis = match seen.boot == clock.monotonic.boot {
                true => clock.monotonic.millis.saturating_sub(seen.millis),
                false => 0,
            };
            ack.server_time.after(protocol::Span::seconds(millis / 1000))
        });
        let known = passed.map_or(clock.time, |passed| passed.max(clock.time));
        if known >= content.expires {
            self.breach(format!("{phone} serves {name} although it knows that it is {known}"));
        }
        let warned = match origin {
            Origin::OfficesKey(kid) => known_state.compromised.contains(&kid),
            Origin::OfficersKey { beyond: true, .. } => true,
            Origin::Field(delegation) | Origin::OfficersKey { delegation, .. } => {
                known_state.ended.contains(&delegation)
            }
            Origin::Office | Origin::OfficeTwice => false,
        };
        if warned {
            self.breach(format!("{phone} serves {name} although its trust list warns of it"));
        }
        let Some(status) = content.status else { return };
        let observed =
            known_state.observed.status_lists.iter().find(|(number, _)| *number == status.list);
        if let Some((_, issued)) = observed
            && let Some(decision) = self.stands(voucher, *issued)
            && decision != Decision::Lift
        {
            self.breach(format!(
                "{phone} serves {name} although its list of {issued} says {decision:?}"
            ));
        }
    }

    /// The decision that surely stands in a status list issued then; none where there is none, or
    /// where both happened in the same second.
    fn stands(&self, voucher: usize, issued: Timestamp) -> Option<Decision> {
        let decisions = self.decisions.get(&voucher)?;
        if decisions.iter().any(|(at, _)| *at == issued) {
            return None;
        }
        decisions.iter().rev().find(|(at, _)| *at < issued).map(|(_, decision)| *decision)
    }

    /// A part of what a voucher gives; most often all of it.
    fn part_of(&mut self, benefit: &Benefit) -> Option<Benefit> {
        if self.random.percent(60) {
            return None;
        }
        match benefit {
            Benefit::Money(money) => {
                let minor = self.random.between(1, money.minor());
                Money::new(minor, money.currency()).ok().map(Benefit::Money)
            }
            Benefit::Goods(lines) => {
                let line = lines.first()?;
                let most = line.quantity.thousandths();
                let quantity = Quantity::from_thousandths(self.random.between(1, most)).ok()?;
                Some(Benefit::Goods(vec![GoodsLine { quantity, ..line.clone() }]))
            }
        }
    }

    fn how_read(&mut self) -> HowRead {
        match self.random.below(20) {
            0 => HowRead::Typed,
            1 => HowRead::Shared,
            2 | 3 => HowRead::Picture,
            _ => HowRead::Camera,
        }
    }

    /// A small picture, sometimes one that was there before.
    fn document(&mut self) -> DocumentContent {
        let mut content = b"\x89PNG\r\n\x1a\n".to_vec();
        let number = self.random.below(6) as u8;
        content.extend((0..200 + usize::from(number) * 50).map(|at| (at as u8) ^ number));
        DocumentContent { content, media_type: "image/png".to_owned() }
    }
}
