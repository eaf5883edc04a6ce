//! Times as values: seconds since the Unix epoch, and days in a programme's time zone.

use crate::{Error, Result};
use std::fmt;

/// A point in time: whole seconds since 1970-01-01T00:00:00Z, as in a CWT NumericDate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(u64);

/// A length of time in whole seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span(u64);

impl Span {
    /// A span of `seconds`.
    #[must_use]
    pub const fn seconds(seconds: u64) -> Self {
        Span(seconds)
    }

    /// A span of `hours`.
    #[must_use]
    pub const fn hours(hours: u64) -> Self {
        Span(hours * 3600)
    }

    /// A span of `days` of 24 hours.
    #[must_use]
    pub const fn days(days: u64) -> Self {
        Span(days * 86_400)
    }

    /// The length in seconds.
    #[must_use]
    pub const fn as_seconds(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (count, unit) = match self.0 {
            0..=119 => (self.0, "second"),
            120..=7199 => (self.0 / 60, "minute"),
            7200..=172_799 => (self.0 / 3600, "hour"),
            _ => (self.0 / 86_400, "day"),
        };
        write!(f, "{count} {unit}{}", if count == 1 { "" } else { "s" })
    }
}

impl Timestamp {
    /// The latest time there is here: 9999-12-30T22:00:00Z, the last that calendars can name.
    pub const MAX: Timestamp = Timestamp(253_402_207_200);

    /// The time `seconds` after the epoch, if a calendar can name it.
    #[must_use]
    pub const fn from_seconds(seconds: u64) -> Option<Self> {
        if seconds <= Self::MAX.0 { Some(Timestamp(seconds)) } else { None }
    }

    /// Seconds since the epoch.
    #[must_use]
    pub const fn as_seconds(self) -> u64 {
        self.0
    }

    /// This time and `span`, no later than [`Timestamp::MAX`].
    #[must_use]
    pub const fn after(self, span: Span) -> Self {
        let sum = self.0.saturating_add(span.0);
        if sum > Self::MAX.0 { Self::MAX } else { Timestamp(sum) }
    }

    /// This time less `span`, no earlier than the epoch.
    #[must_use]
    pub const fn before(self, span: Span) -> Self {
        Timestamp(self.0.saturating_sub(span.0))
    }

    /// How long after `earlier` this is; nothing when it is not after.
    #[must_use]
    pub const fn since(self, earlier: Timestamp) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }

    /// Reads RFC 3339 (`2026-11-21T10:00:00Z`).
    ///
    /// # Errors
    /// [`Error::Field`] when the text is no such time or lies outside the range.
    pub fn parse(text: &str) -> Result<Self> {
        let wrong = Error::Field { object: "time", field: "rfc3339" };
        let parsed: jiff::Timestamp = text.parse().map_err(|_| wrong.clone())?;
        u64::try_from(parsed.as_second()).ok().and_then(Self::from_seconds).ok_or(wrong)
    }

    /// The same time for calendar work.
    #[must_use]
    pub fn to_jiff(self) -> jiff::Timestamp {
        i64::try_from(self.0)
            .ok()
            .and_then(|seconds| jiff::Timestamp::from_second(seconds).ok())
            .unwrap_or(jiff::Timestamp::MAX)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.to_jiff())
    }
}

/// The time zone of a programme, by its IANA name.
#[derive(Clone, PartialEq, Eq)]
pub struct Zone {
    name: String,
    rules: jiff::tz::TimeZone,
}

impl Zone {
    /// Looks up an IANA name such as `Asia/Manila`, in its one spelling, in the time-zone data built into the program.
    ///
    /// # Errors
    /// [`Error::Field`] when there is no such zone.
    pub fn new(name: impl Into<String>) -> Result<Self> {
        let name = name.into();
        let wrong = Error::Field { object: "time", field: "zone" };
        let rules = jiff::tz::TimeZone::get(&name).map_err(|_| wrong.clone())?;
        // The look-up also takes other spellings, and gives UTC for a zone called unknown.
        if rules.iana_name() == Some(&name) { Ok(Zone { name, rules }) } else { Err(wrong) }
    }

    /// Coordinated universal time.
    #[must_use]
    pub fn utc() -> Self {
        Zone { name: "UTC".to_owned(), rules: jiff::tz::TimeZone::UTC }
    }

    /// The IANA name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The calendar day that `time` falls on here.
    #[must_use]
    pub fn day_of(&self, time: Timestamp) -> jiff::civil::Date {
        self.rules.to_datetime(time.to_jiff()).date()
    }

    /// The first second after `day` ends here: a voucher's `exp` when `day` is its last valid day.
    ///
    /// # Errors
    /// [`Error::Field`] when the day lies outside the range of [`Timestamp`].
    pub fn end_of(&self, day: jiff::civil::Date) -> Result<Timestamp> {
        let wrong = Error::Field { object: "time", field: "day" };
        day.tomorrow().map_err(|_| wrong.clone()).and_then(|next| self.start_of(next))
    }

    /// The first second of `day` here.
    ///
    /// # Errors
    /// [`Error::Field`] when the day lies outside the range of [`Timestamp`].
    pub fn start_of(&self, day: jiff::civil::Date) -> Result<Timestamp> {
        let wrong = Error::Field { object: "time", field: "day" };
        let start = day.to_zoned(self.rules.clone()).map_err(|_| wrong.clone())?;
        u64::try_from(start.timestamp().as_second())
            .ok()
            .and_then(Timestamp::from_seconds)
            .ok_or(wrong)
    }

    /// The last valid day of something that ends at `exp`: the day of the second before.
    #[must_use]
    pub fn last_day_before(&self, exp: Timestamp) -> jiff::civil::Date {
        self.day_of(exp.before(Span::seconds(1)))
    }
}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Zone({})", self.name)
    }
}
