//! When a voucher was served, as far as the server can know it, and what follows from that.
//!
//! A phone's clock proves nothing. What a record names does: it was signed after the last ack and
//! the lists that it names were, and before it was received.

use protocol::Timestamp;
use protocol::voucher::Voucher;

/// The times between which a voucher was served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServiceTime {
    /// Not before this.
    earliest: Timestamp,
    /// Not after this: when the record was received.
    latest: Timestamp,
}

/// What the times of a voucher say of a claim on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Timeliness {
    /// Whenever it was served, it was valid.
    InDate,
    /// It was valid at one end and not at the other: a person decides.
    ExpiredMeanwhile,
    /// As before, at the voucher's first day.
    BecameValidMeanwhile,
    /// It had expired at the earliest time.
    Expired,
    /// It was not yet valid when the record came in.
    NotYetValid,
}

/// What a status other than valid says of a claim, by when phones could learn of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notice {
    /// The phone had been told.
    Given,
    /// It was published after the last ack or list that the phone had observed: served before notice.
    NotYetGiven,
}

impl ServiceTime {
    /// The bracket that begins with the latest of what the phone `observed` and ends with receipt. What
    /// a phone claims to have observed after the receipt counts as of the receipt. A phone that
    /// claims to have observed something newer than it did brings expiry and notice upon itself.
    #[must_use]
    pub fn bracket(observed: impl IntoIterator<Item = Timestamp>, received: Timestamp) -> Self {
        let latest = observed.into_iter().max();
        let earliest = latest.unwrap_or(received.before(protocol::Span::seconds(u64::MAX)));
        ServiceTime { earliest: earliest.min(received), latest: received }
    }

    /// The same, not before `voucher` was issued: nobody serves what does not exist.
    #[must_use]
    pub fn of(self, voucher: &Voucher) -> Self {
        ServiceTime { earliest: self.earliest.max(voucher.issued).min(self.latest), ..self }
    }

    /// The earliest time of service.
    #[must_use]
    pub fn earliest(self) -> Timestamp {
        self.earliest
    }

    /// The latest time of service.
    #[must_use]
    pub fn latest(self) -> Timestamp {
        self.latest
    }

    /// Judges a window of validity whose end is exclusive.
    #[must_use]
    pub fn within(self, not_before: Timestamp, expires: Timestamp) -> Timeliness {
        if self.earliest >= expires {
            Timeliness::Expired
        } else if self.latest < not_before {
            Timeliness::NotYetValid
        } else if self.latest >= expires {
            Timeliness::ExpiredMeanwhile
        } else if self.earliest < not_before {
            Timeliness::BecameValidMeanwhile
        } else {
            Timeliness::InDate
        }
    }

    /// Whether the phone had been told of something published at `published` when it served.
    #[must_use]
    pub fn notice_of(self, published: Timestamp) -> Notice {
        if published <= self.earliest { Notice::Given } else { Notice::NotYetGiven }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_seconds(seconds).unwrap()
    }

    fn between(earliest: u64, latest: u64) -> ServiceTime {
        ServiceTime::bracket([at(earliest)], at(latest))
    }

    #[test]
    fn in_date_only_if_the_whole_bracket_is() {
        assert_eq!(between(100, 199).within(at(100), at(200)), Timeliness::InDate);
        assert_eq!(between(100, 200).within(at(100), at(200)), Timeliness::ExpiredMeanwhile);
        assert_eq!(between(99, 150).within(at(100), at(200)), Timeliness::BecameValidMeanwhile);
    }

    #[test]
    fn refused_only_if_no_second_of_the_bracket_is_in_date() {
        assert_eq!(between(199, 500).within(at(100), at(200)), Timeliness::ExpiredMeanwhile);
        assert_eq!(between(200, 500).within(at(100), at(200)), Timeliness::Expired);
        assert_eq!(between(10, 99).within(at(100), at(200)), Timeliness::NotYetValid);
        assert_eq!(between(10, 100).within(at(100), at(200)), Timeliness::BecameValidMeanwhile);
    }

    #[test]
    fn the_latest_thing_observed_opens_the_bracket_and_receipt_closes_it() {
        let bracket = ServiceTime::bracket([at(10), at(30), at(20)], at(50));
        assert_eq!((bracket.earliest(), bracket.latest()), (at(30), at(50)));
        assert_eq!(ServiceTime::bracket([], at(50)).earliest(), at(0));
    }

    #[test]
    fn a_phone_that_claims_to_have_observed_the_future_gains_nothing() {
        let bracket = ServiceTime::bracket([at(99)], at(50));
        assert_eq!((bracket.earliest(), bracket.latest()), (at(50), at(50)));
    }

    #[test]
    fn notice_was_given_if_it_was_published_no_later_than_what_the_phone_observed() {
        assert_eq!(between(100, 200).notice_of(at(100)), Notice::Given);
        assert_eq!(between(100, 200).notice_of(at(101)), Notice::NotYetGiven);
    }
}
