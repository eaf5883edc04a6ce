//! Times taken in turns, and their medians: whatever else the machine does meets both sides alike.

use std::hint::black_box;
use std::time::{Duration, Instant};

/// How long one call takes.
pub(crate) fn time<T>(work: impl FnOnce() -> T) -> Duration {
    let start = Instant::now();
    black_box(work());
    start.elapsed()
}

/// Times of one side.
#[derive(Default)]
pub(crate) struct Times(Vec<Duration>);

impl Times {
    pub(crate) fn push(&mut self, time: Duration) {
        self.0.push(time);
    }

    /// The one taken last, if any was.
    pub(crate) fn last(&self) -> Option<Duration> {
        self.0.last().copied()
    }

    /// The median; of an even count the upper one of the two in the middle.
    pub(crate) fn median(&self) -> Duration {
        self.quantile(0.5)
    }

    /// The time that this share of them does not pass.
    pub(crate) fn quantile(&self, share: f64) -> Duration {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        sorted[((sorted.len() as f64 * share) as usize).min(sorted.len() - 1)]
    }
}

impl Extend<Duration> for Times {
    fn extend<I: IntoIterator<Item = Duration>>(&mut self, times: I) {
        self.0.extend(times);
    }
}

/// One duration as a multiple of another.
pub(crate) fn ratio(over: Duration, under: Duration) -> f64 {
    over.as_secs_f64() / under.as_secs_f64()
}

/// A duration in microseconds.
pub(crate) fn micros(time: Duration) -> String {
    format!("{:.1} µs", time.as_secs_f64() * 1e6)
}
