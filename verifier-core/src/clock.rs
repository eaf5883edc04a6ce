//! What time it is, as far as the phone can know: a floor that no clock setting gets below.
//!
//! The hard floor is the highest issue time of accepted lists and acks. The soft floor is the issue
//! time of vouchers signed directly by pinned issuers; it counts up to the trust list's expiry and is
//! dropped at the next ack or list. Delegated and foreign vouchers, HTTP dates and the phone's own
//! clock raise neither (design §4).

use crate::ledger::{DeviceClock, Floor, Floors};
use protocol::record::Monotonic;
use protocol::{Span, Timestamp};

/// A device clock this far behind the floor is ordinary drift and not worth a warning.
const DRIFT: Span = Span::seconds(120);

/// The time to judge at, and how far it can be relied on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// The later of the device clock and the floor run on.
    pub time: Timestamp,
    /// The floor, run on by the monotonic clock within the same boot.
    pub floor: Timestamp,
    /// How the device clock stands to it.
    pub trust: ClockTrust,
}

/// How the device clock stands to what the phone knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClockTrust {
    /// Nothing speaks against it.
    Good,
    /// Behind the floor by so much.
    Behind(Span),
    /// Beyond the expiry of the trust list by so much.
    Ahead(Span),
}

/// Judges the time. `list_expires` is the expiry of the trust list in force.
#[must_use]
pub fn judge(floors: &Floors, clock: DeviceClock, list_expires: Timestamp) -> Now {
    let floor = run_on(&floors.hard, clock.monotonic)
        .max(run_on(&floors.soft, clock.monotonic))
        .unwrap_or(clock.time);
    let behind = floor.since(clock.time);
    let trust = if behind > DRIFT {
        ClockTrust::Behind(behind)
    } else if clock.time > list_expires {
        ClockTrust::Ahead(clock.time.since(list_expires))
    } else {
        ClockTrust::Good
    };
    Now { time: clock.time.max(floor), floor, trust }
}

/// The issue time of a voucher that is served, where it may raise the soft floor: signed directly by
/// a pinned issuer, and not beyond the trust list's expiry, so that a voucher dated 2099 bricks
/// nothing.
#[must_use]
pub fn soft_floor(issued: Timestamp, ours: bool, list_expires: Timestamp) -> Option<Timestamp> {
    (ours && issued <= list_expires).then_some(issued)
}

/// The floor, and what has passed since it was seen in this boot.
fn run_on(floor: &Floor, now: Monotonic) -> Option<Timestamp> {
    let anchored = floor.anchor.map(|anchor| {
        anchor.issued.after(Span::seconds(now.millis.saturating_sub(anchor.millis) / 1000))
    });
    floor.highest.max(anchored)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::Anchor;
    use protocol::id::BootId;

    const DAY: u64 = 86_400;

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_seconds(seconds).unwrap()
    }

    fn seen(day: u64) -> Floor {
        Floor { highest: Some(at(day * DAY)), anchor: None }
    }

    fn judged(hard: Floor, soft: Floor, time: u64, uptime: u64) -> Now {
        let monotonic = Monotonic { millis: uptime * 1000, boot: BootId::from_bytes([1; 16]) };
        let clock = DeviceClock { time: at(time), monotonic };
        judge(&Floors { hard, soft }, clock, at(1_000 * DAY))
    }

    #[test]
    fn without_a_floor_the_device_clock_counts() {
        let now = judged(Floor::default(), Floor::default(), 5 * DAY, 0);
        assert_eq!((now.time, now.trust), (at(5 * DAY), ClockTrust::Good));
    }

    #[test]
    fn a_clock_turned_back_is_judged_at_the_floor() {
        let now = judged(seen(100), Floor::default(), 99 * DAY, 0);
        assert_eq!(now.time, at(100 * DAY));
        assert_eq!(now.trust, ClockTrust::Behind(Span::days(1)));
    }

    #[test]
    fn the_floor_runs_on_within_the_boot_that_saw_it() {
        let anchor = Some(Anchor { issued: at(100 * DAY), millis: 50_000 });
        let hard = Floor { highest: Some(at(100 * DAY)), anchor };
        assert_eq!(judged(hard, Floor::default(), 0, 50 + DAY).floor, at(101 * DAY));
        assert_eq!(judged(seen(100), Floor::default(), 0, 50 + DAY).floor, at(100 * DAY));
    }

    #[test]
    fn a_few_seconds_behind_is_drift() {
        let lag = |seconds| judged(seen(100), Floor::default(), 100 * DAY - seconds, 0).trust;
        assert_eq!(lag(100), ClockTrust::Good);
        assert!(matches!(lag(121), ClockTrust::Behind(_)));
    }

    #[test]
    fn a_voucher_dated_2099_moves_no_floor() {
        assert_eq!(soft_floor(at(47_000 * DAY), true, at(1_000 * DAY)), None);
    }

    #[test]
    fn only_vouchers_signed_directly_by_pinned_issuers_move_the_floor() {
        assert_eq!(soft_floor(at(90 * DAY), true, at(1_000 * DAY)), Some(at(90 * DAY)));
        assert_eq!(soft_floor(at(90 * DAY), false, at(1_000 * DAY)), None);
    }

    #[test]
    fn a_voucher_signed_yesterday_raises_the_floor() {
        assert_eq!(judged(seen(100), seen(120), 110 * DAY, 0).time, at(120 * DAY));
    }

    #[test]
    fn a_clock_beyond_the_lists_expiry_is_doubted_and_still_usable() {
        let now = judged(seen(100), Floor::default(), 1_002 * DAY, 0);
        assert_eq!(now.trust, ClockTrust::Ahead(Span::days(2)));
        assert_eq!(now.time, at(1_002 * DAY));
    }
}
