//! One line a figure, in words or in JSON.

use serde_json::json;

/// One figure: a ratio, and the most that it may be.
pub(crate) struct Line {
    /// The benchmark's name, as it is asked for.
    pub(crate) benchmark: &'static str,
    /// What is divided by what.
    pub(crate) what: String,
    /// The ratio.
    pub(crate) ratio: f64,
    /// The goal; some figures are for the eye alone.
    pub(crate) at_most: Option<f64>,
    /// What stands behind the ratio, with units.
    pub(crate) detail: String,
}

impl Line {
    /// Whether the goal is met.
    pub(crate) fn holds(&self) -> bool {
        self.at_most.is_none_or(|most| self.ratio <= most)
    }

    pub(crate) fn words(&self) -> String {
        let goal = match self.at_most {
            None => "no goal".to_owned(),
            Some(most) => {
                format!("goal ≤ {most:.2}: {}", if self.holds() { "holds" } else { "MISSED" })
            }
        };
        let Line { benchmark, what, ratio, detail, .. } = self;
        format!("{benchmark:<7} {what}: {ratio:.3} ({goal}) [{detail}]")
    }

    pub(crate) fn json(&self) -> String {
        let Line { benchmark, what, ratio, at_most, detail } = self;
        json!({
            "benchmark": benchmark,
            "what": what,
            "ratio": (ratio * 1e4).round() / 1e4,
            "goal": at_most,
            "holds": self.holds(),
            "detail": detail,
        })
        .to_string()
    }
}
