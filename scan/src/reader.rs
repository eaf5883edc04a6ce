//! What is tried on a picture, in which order, and when that is enough.

use crate::finder::{self, Findings};
use crate::frame::Luma;
use crate::outline::Outline;
use crate::plane::{Plane, Threshold};
use crate::second_finder;
use crate::symbol::Symbol;

/// The most pixels that are searched; a larger picture is made smaller first.
const MAX_AREA: usize = 16_000_000;
/// The most pixels of a picture that is made smaller to average its noise away.
const CALM_AREA: usize = 1_500_000;
/// The most pixels of a picture whose modules may be too small for the finders as it stands.
const SMALL_AREA: usize = 500_000;

/// Reads every QR symbol of a picture.
///
/// Ends in bounded time and never panics, whatever the pixels. A symbol seen in several attempts is told once; two
/// symbols that say the same are two.
#[must_use]
pub fn read(frame: &Luma) -> Vec<Symbol> {
    let given = Plane::of(frame);
    let whole = given.shrunk_to(MAX_AREA).unwrap_or(given);
    let mut seen = Seen::default();
    seen.add(look_both_ways(&whole));
    let calm = whole.shrunk_to(CALM_AREA);
    let further_attempts: [&dyn Fn() -> Option<Findings>; 5] = [
        &|| calm.as_ref().map(|calm| look(calm, Threshold::Local)),
        &|| Some(look(&whole, Threshold::Global)),
        &|| (whole.area() <= SMALL_AREA).then(|| look(&whole.doubled(), Threshold::Local)),
        &|| whole.shrunk(2).map(|half| look(&half, Threshold::Local)),
        &|| Some(second_finder::find(calm.as_ref().unwrap_or(&whole))),
    ];
    for attempt in further_attempts {
        if seen.is_enough() {
            break;
        }
        seen.add(attempt().unwrap_or_default());
    }
    seen.symbols
}

/// For dark symbols on light ground.
fn look(plane: &Plane, threshold: Threshold) -> Findings {
    let Some(black) = plane.black(threshold) else { return Findings::default() };
    finder::find(&black).scaled(plane.scale())
}

/// For dark symbols on light ground and light ones on dark.
fn look_both_ways(plane: &Plane) -> Findings {
    let Some(mut black) = plane.black(Threshold::Local) else { return Findings::default() };
    let mut findings = finder::find(&black);
    black.flip_self();
    findings.add(finder::find(&black));
    findings.scaled(plane.scale())
}

/// What all attempts so far have seen, each thing once.
#[derive(Default)]
struct Seen {
    symbols: Vec<Symbol>,
    unread: Vec<Outline>,
}

impl Seen {
    fn add(&mut self, findings: Findings) {
        for symbol in findings.symbols {
            if !self.has_read(&Outline(symbol.corners)) {
                self.symbols.push(symbol);
            }
        }
        self.unread.extend(findings.unread);
        let unread = std::mem::take(&mut self.unread);
        self.unread = unread.into_iter().filter(|outline| !self.has_read(outline)).collect();
    }

    fn has_read(&self, outline: &Outline) -> bool {
        self.symbols.iter().any(|symbol| Outline(symbol.corners).is_same_place(outline))
    }

    /// Whether every symbol that was located is read.
    fn is_enough(&self) -> bool {
        !self.symbols.is_empty() && self.unread.is_empty()
    }
}
