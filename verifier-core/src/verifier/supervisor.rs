//! A supervisor's override: what the phone refuses because its trust is too old or its clock was turned
//! back, a supervisor may allow with their PIN. Everything else is judged all the same.

use crate::clock::DeviceClock;
use crate::ledger::{Overridden, PinFailures};
use crate::verdict::{Overridable, Verdict};
use crate::verifier::{EngineError, Redemption, Service, Verifier};
use argon2::{ARGON2ID_IDENT, Argon2, Params, PasswordHash, PasswordVerifier};
use protocol::Span;
use protocol::id::OperatorId;
use protocol::record::Monotonic;

/// How many wrong PINs cost no time: anyone mistypes.
const FREE_FAILURES: u32 = 3;

/// The wait after the first wrong PIN beyond those; each further one doubles it, up to a day.
const FIRST_WAIT: Span = Span::seconds(30);
const LONGEST_WAIT: Span = Span::days(1);

/// The most that a PIN's hash may cost: memory in KiB, passes over it, and lanes.
const MOST_KIBIBYTES: u32 = 64 * 1024;
const MOST_PASSES: u32 = 8;
const MOST_LANES: u32 = 4;

/// Who allows, with the PIN they typed.
pub struct Supervision<'s> {
    /// The supervisor, as the profile names them.
    pub supervisor: OperatorId,
    /// What they typed.
    pub pin: &'s str,
}

impl Verifier {
    /// Who may override, as the profile names them; nobody before the phone has its profile.
    pub fn supervisors(&self) -> impl Iterator<Item = &OperatorId> {
        let profile = self.in_force().map(|(_, profile)| profile).ok();
        profile.into_iter().flat_map(|profile| &profile.supervisors).map(|named| &named.name)
    }

    /// Decides on a text and records that it was served, as [`Verifier::redeem`] does, with a
    /// supervisor's override: what would be refused because trust is too old (where the programme lets a
    /// supervisor decide) or the clock was turned back is served all the same. The override is recorded
    /// with the redemption, which names it, in one transaction. Nothing else is passed over.
    ///
    /// # Errors
    /// [`EngineError::UnknownSupervisor`], [`EngineError::WrongPin`], [`EngineError::PinWait`]; when
    /// nothing was recorded because something is broken or not allowed.
    pub fn redeem_with_override(
        &mut self,
        text: &str,
        service: Service,
        supervision: &Supervision<'_>,
        now: DeviceClock,
    ) -> Result<Redemption, EngineError> {
        let mut allowed: Vec<Overridable> = Vec::new();
        loop {
            match self.decide(text, &allowed, now)? {
                Verdict::Accept(accepted) if allowed.is_empty() => {
                    return self.serve(*accepted, service, None, now);
                }
                Verdict::Accept(accepted) => {
                    self.verify_pin(supervision, now.monotonic)?;
                    let overridden = Overridden {
                        reasons: allowed.iter().map(|reason| reason.code().to_owned()).collect(),
                        supervisor: supervision.supervisor.clone(),
                    };
                    return self.serve(*accepted, service, Some(overridden), now);
                }
                Verdict::Refuse(refusal) => match refusal.overridable() {
                    Some(reason) if !allowed.contains(&reason) => allowed.push(reason),
                    _ => return Ok(Redemption::Refused(refusal)),
                },
            }
        }
    }

    /// Verifies a PIN. The attempt is counted before it is looked at, so that whoever ends the program
    /// in between gains nothing.
    fn verify_pin(
        &mut self,
        supervision: &Supervision<'_>,
        now: Monotonic,
    ) -> Result<(), EngineError> {
        let supervisor = &supervision.supervisor;
        let (_, profile) = self.in_force()?;
        let named = profile.supervisors.iter().find(|named| named.name == *supervisor);
        let hash = match named {
            Some(named) => named.pin_hash.clone(),
            None => return Err(EngineError::UnknownSupervisor(supervisor.clone())),
        };
        if let Some(before) = self.ledger.pin_failures(supervisor, &hash)? {
            let wait = wait_after(before, now);
            if wait > Span::seconds(0) {
                return Err(EngineError::PinWait(wait));
            }
        }
        self.ledger.count_pin_failure(supervisor, &hash, now)?;
        if !is_pin(&hash, supervision.pin) {
            return Err(EngineError::WrongPin);
        }
        Ok(self.ledger.forget_pin_failures(supervisor)?)
    }
}

/// How long there is still to wait. Nobody sets the monotonic clock; what passed before a reboot it
/// does not tell, so after one the wait begins anew.
fn wait_after(before: PinFailures, now: Monotonic) -> Span {
    let Some(doublings) = before.failures.checked_sub(FREE_FAILURES) else {
        return Span::seconds(0);
    };
    let doubled = FIRST_WAIT.as_seconds() << doublings.min(20);
    let whole = doubled.min(LONGEST_WAIT.as_seconds());
    let since = if now.boot == before.last.boot { before.last.millis } else { 0 };
    Span::seconds(whole.saturating_sub(now.millis.saturating_sub(since) / 1000))
}

/// Whether this is the PIN behind an Argon2id hash that a phone can afford.
fn is_pin(hash: &str, pin: &str) -> bool {
    let Ok(hash) = PasswordHash::new(hash) else { return false };
    hash.algorithm == ARGON2ID_IDENT
        && Params::try_from(&hash).is_ok_and(|cost| is_affordable(&cost))
        && Argon2::default().verify_password(pin.as_bytes(), &hash).is_ok()
}

/// Whether a cheap phone has the memory and the time. The office's own hashes ask for 19 MiB and two
/// passes (RFC 9106 §4 names 64 MiB for constrained devices).
fn is_affordable(cost: &Params) -> bool {
    cost.m_cost() <= MOST_KIBIBYTES && cost.t_cost() <= MOST_PASSES && cost.p_cost() <= MOST_LANES
}

#[cfg(test)]
mod tests {
    use super::*;
    use argon2::PasswordHasher;
    use protocol::id::BootId;

    fn at(boot: u8, seconds: u64) -> Monotonic {
        Monotonic { millis: seconds * 1000, boot: BootId::from_bytes([boot; 16]) }
    }

    fn wait(failures: u32, now: Monotonic) -> u64 {
        wait_after(PinFailures { failures, last: at(1, 1000) }, now).as_seconds()
    }

    #[test]
    fn a_hash_that_a_phone_cannot_afford_is_behind_no_pin() {
        let hashed = |memory, passes| {
            let params = Params::new(memory, passes, 1, None).unwrap();
            let argon = Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params);
            let hash: PasswordHash = argon.hash_password_with_salt(b"271828", &[7; 16]).unwrap();
            hash.to_string()
        };
        assert!(is_pin(&hashed(19_456, 2), "271828"));
        assert!(!is_pin(&hashed(19_456, 2), "314159"));
        assert!(!is_pin(&hashed(8, MOST_PASSES + 1), "271828"));
        let dear = hashed(8, 2).replace("m=8,", "m=4294967295,");
        assert!(!is_pin(&dear, "271828"));
    }

    #[test]
    fn the_wait_doubles_with_each_failure_up_to_a_day() {
        let at_once = at(1, 1000);
        assert_eq!([1, 2, 3, 4, 5].map(|failures| wait(failures, at_once)), [0, 0, 30, 60, 120]);
        assert_eq!(wait(u32::MAX, at_once), 86_400);
    }

    #[test]
    fn the_wait_passes_with_the_monotonic_clock_and_begins_anew_after_a_reboot() {
        assert_eq!([1010, 1029, 1030].map(|now| wait(3, at(1, now))), [20, 1, 0]);
        assert_eq!([0, 10, 30].map(|now| wait(3, at(2, now))), [30, 20, 0]);
    }
}
