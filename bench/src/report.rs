//! One line a figure, in words or in JSON.

use serde_json::json;

/// What a ratio is held against.
#[derive(Clone, Copy)]
pub(crate) enum Goal {
    /// It may be this at most.
    AtMost(f64),
    /// It may be this at least.
    AtLeast(f64),
    /// It is for the eye alone.
    None,
}

/// One figure: a ratio and its goal.
pub(crate) struct Line {
    /// The benchmark's name, as it is asked for.
    pub(crate) benchmark: &'static str,
    /// What is divided by what.
    pub(crate) what: String,
    pub(crate) ratio: f64,
    pub(crate) goal: Goal,
    /// What stands behind the ratio, with units.
    pub(crate) detail: String,
}

impl Line {
    /// Whether the goal is met.
    pub(crate) fn holds(&self) -> bool {
        match self.goal {
            Goal::AtMost(most) => self.ratio <= most,
            Goal::AtLeast(least) => self.ratio >= least,
            Goal::None => true,
        }
    }

    pub(crate) fn words(&self) -> String {
        let held = if self.holds() { "holds" } else { "MISSED" };
        let goal = match self.goal {
            Goal::None => "no goal".to_owned(),
            Goal::AtMost(most) => format!("goal ≤ {most:.2}: {held}"),
            Goal::AtLeast(least) => format!("goal ≥ {least:.2}: {held}"),
        };
        let Line { benchmark, what, ratio, detail, .. } = self;
        format!("{benchmark:<7} {what}: {ratio:.3} ({goal}) [{detail}]")
    }

    pub(crate) fn json(&self) -> String {
        let Line { benchmark, what, ratio, detail, .. } = self;
        let (at_most, at_least) = match self.goal {
            Goal::AtMost(most) => (Some(most), None),
            Goal::AtLeast(least) => (None, Some(least)),
            Goal::None => (None, None),
        };
        json!({
            "benchmark": benchmark,
            "what": what,
            "ratio": (ratio * 1e4).round() / 1e4,
            "at_most": at_most,
            "at_least": at_least,
            "holds": self.holds(),
            "detail": detail,
        })
        .to_string()
    }
}
