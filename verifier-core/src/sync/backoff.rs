//! When to try again: doubling pauses with jitter, as rules on values.

use std::time::Duration;

/// The first pause within one run.
const FIRST_PAUSE: Duration = Duration::from_millis(500);

/// How often one request is tried within one run.
pub(super) const ATTEMPTS: u32 = 4;

/// The pause between two runs after the first failed one, and the longest.
const FIRST_RUN_PAUSE: Duration = Duration::from_secs(30);
const LONGEST_RUN_PAUSE: Duration = Duration::from_secs(60 * 60);

/// The pause before attempt `attempt` (from 2) of one request. `noise` is any random number: phones
/// that lost the same network do not come back in step.
pub(super) fn between_attempts(attempt: u32, noise: u32) -> Duration {
    let doubled = FIRST_PAUSE.saturating_mul(1 << attempt.saturating_sub(2).min(8));
    jittered(doubled, noise)
}

/// The pause before the next run after `failures` failed runs in a row.
#[must_use]
pub fn between_runs(failures: u32, noise: u32) -> Duration {
    let doubled = FIRST_RUN_PAUSE.saturating_mul(1 << failures.saturating_sub(1).min(16));
    jittered(doubled.min(LONGEST_RUN_PAUSE), noise)
}

/// Between half the pause and the whole.
fn jittered(pause: Duration, noise: u32) -> Duration {
    let half = pause / 2;
    half + half.mul_f64(f64::from(noise) / f64::from(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_stay_within_their_limit() {
        for failures in 1..40 {
            let least = between_runs(failures, 0);
            let most = between_runs(failures, u32::MAX);
            assert!(least >= FIRST_RUN_PAUSE / 2 && most <= LONGEST_RUN_PAUSE);
            assert!(least <= between_runs(failures + 1, 0));
        }
        assert_eq!(between_runs(40, u32::MAX), LONGEST_RUN_PAUSE);
        assert!(between_attempts(3, 0) > between_attempts(2, 0));
    }
}
