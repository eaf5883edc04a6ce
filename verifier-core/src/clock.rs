//! What time it is, as far as the phone can know: a floor that no clock setting gets below.
//!
//! The hard floor is the highest issue time of accepted lists and acks. The soft floor is the issue
//! time of vouchers signed directly by pinned issuers; it counts up to the trust list's expiry and is
//! dropped at the next ack or list. Delegated and foreign vouchers, HTTP dates and the phone's own
//! clock raise neither (docs/protocol.md §10).

use protocol::record::Monotonic;
use protocol::{Span, Timestamp};

/// A device clock this far behind the floor is ordinary drift and not worth a warning.
const DRIFT: Span = Span::seconds(120);

/// What the device's clocks say at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeviceClock {
    /// The clock that people can set.
    pub time: Timestamp,
    /// The clock that only runs on, within one boot.
    pub monotonic: Monotonic,
}

/// A time that has surely passed, and the monotonic reading when the phone learnt it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FloorMark {
    /// The time that has passed.
    pub time: Timestamp,
    /// The monotonic clock when it was learnt.
    pub seen: Monotonic,
}

/// What the ledger knows of passed times. Of each kind the highest mark, and the one that gives the
/// latest time in each boot, are enough.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Floors {
    /// Issue times of accepted lists and acks.
    pub hard: Vec<FloorMark>,
    /// Issue times of directly signed vouchers that were served since the last list or ack.
    pub soft: Vec<FloorMark>,
}

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

impl Floors {
    /// The time to judge at: the device clock, never below the floor. `list_expires` is the expiry of the trust list in force.
    #[must_use]
    pub fn effective_now(&self, clock: DeviceClock, list_expires: Timestamp) -> Now {
        let soft = self.soft.iter().filter(|mark| mark.time <= list_expires);
        let marks = self.hard.iter().chain(soft);
        let floor = marks.map(|mark| mark.run_on(clock.monotonic)).max().unwrap_or(clock.time);
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
}

impl FloorMark {
    /// The mark's time and what has passed since, if that can be known: within the same boot.
    fn run_on(&self, now: Monotonic) -> Timestamp {
        if now.boot == self.seen.boot {
            let millis = now.millis.saturating_sub(self.seen.millis);
            self.time.after(Span::seconds(millis / 1000))
        } else {
            self.time
        }
    }
}

/// The issue time of a voucher that is served, where it may raise the soft floor: signed directly by
/// a pinned issuer, and not beyond the trust list's expiry, so that a voucher dated 2099 bricks
/// nothing.
#[must_use]
pub fn soft_floor(issued: Timestamp, ours: bool, list_expires: Timestamp) -> Option<Timestamp> {
    (ours && issued <= list_expires).then_some(issued)
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::id::BootId;

    const DAY: u64 = 86_400;

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_seconds(seconds).unwrap()
    }

    fn monotonic(boot: u8, seconds: u64) -> Monotonic {
        Monotonic { millis: seconds * 1000, boot: BootId::from_bytes([boot; 16]) }
    }

    fn mark(day: u64, boot: u8, uptime: u64) -> FloorMark {
        FloorMark { time: at(day * DAY), seen: monotonic(boot, uptime) }
    }

    fn now(hard: Vec<FloorMark>, soft: Vec<FloorMark>, time: u64, boot: u8, uptime: u64) -> Now {
        let clock = DeviceClock { time: at(time), monotonic: monotonic(boot, uptime) };
        Floors { hard, soft }.effective_now(clock, at(1_000 * DAY))
    }

    #[test]
    fn without_a_floor_the_device_clock_counts() {
        let now = now(vec![], vec![], 5 * DAY, 1, 0);
        assert_eq!((now.time, now.trust), (at(5 * DAY), ClockTrust::Good));
    }

    #[test]
    fn a_clock_turned_back_is_judged_at_the_floor() {
        let now = now(vec![mark(100, 1, 50)], vec![], 99 * DAY, 2, 0);
        assert_eq!(now.time, at(100 * DAY));
        assert_eq!(now.trust, ClockTrust::Behind(Span::days(1)));
    }

    #[test]
    fn the_floor_runs_on_within_a_boot_and_not_beyond() {
        let floor = |boot| now(vec![mark(100, 1, 50)], vec![], 0, boot, 50 + DAY).floor;
        assert_eq!(floor(1), at(101 * DAY));
        assert_eq!(floor(2), at(100 * DAY));
    }

    #[test]
    fn a_few_seconds_behind_is_drift() {
        let lag = |seconds| now(vec![mark(100, 1, 0)], vec![], 100 * DAY - seconds, 2, 0).trust;
        assert_eq!(lag(100), ClockTrust::Good);
        assert!(matches!(lag(121), ClockTrust::Behind(_)));
    }

    #[test]
    fn a_voucher_dated_2099_moves_no_floor() {
        assert_eq!(soft_floor(at(47_000 * DAY), true, at(1_000 * DAY)), None);
        let now = now(vec![mark(100, 1, 0)], vec![mark(47_000, 1, 0)], 100 * DAY, 1, 0);
        assert_eq!((now.floor, now.trust), (at(100 * DAY), ClockTrust::Good));
    }

    #[test]
    fn only_vouchers_signed_directly_by_pinned_issuers_move_the_floor() {
        assert_eq!(soft_floor(at(90 * DAY), true, at(1_000 * DAY)), Some(at(90 * DAY)));
        assert_eq!(soft_floor(at(90 * DAY), false, at(1_000 * DAY)), None);
    }

    #[test]
    fn a_voucher_signed_yesterday_raises_the_floor() {
        let now = now(vec![mark(100, 1, 0)], vec![mark(120, 1, 0)], 110 * DAY, 2, 0);
        assert_eq!(now.time, at(120 * DAY));
    }

    #[test]
    fn a_clock_beyond_the_lists_expiry_is_doubted_and_still_usable() {
        let now = now(vec![mark(100, 1, 0)], vec![], 1_002 * DAY, 1, 0);
        assert_eq!(now.trust, ClockTrust::Ahead(Span::days(2)));
        assert_eq!(now.time, at(1_002 * DAY));
    }
}
