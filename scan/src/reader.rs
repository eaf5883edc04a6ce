//! What is tried on a picture, in which order, and when that is enough.

use rxing::common::BitMatrix;

use crate::finder::{self, Findings};
use crate::frame::Luma;
use crate::outline::Outline;
use crate::plane::{Plane, Threshold};
use crate::second_finder;
use crate::symbol::Symbol;

/// The most pixels that are searched; a larger picture is made smaller first.
const MAX_AREA: usize = 16_000_000;
/// The most pixels of the quick first look: a symbol that fills a good part of a photo needs no more.
const QUICK_AREA: usize = 1_500_000;
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
    let quick = whole.shrunk_to(QUICK_AREA);
    let attempts: [&dyn Fn() -> Findings; 7] = [
        &|| quick.as_ref().map(|quick| look(quick, Threshold::Local)).unwrap_or_default(),
        &|| look(&whole, Threshold::Local),
        &|| look(&whole, Threshold::Global),
        &|| look_at_negative(&whole),
        &|| {
            if whole.area() <= SMALL_AREA {
                look(&whole.doubled(), Threshold::Local)
            } else {
                Findings::default()
            }
        },
        &|| whole.shrunk(2).map(|half| look(&half, Threshold::Local)).unwrap_or_default(),
        &|| second_finder::find(quick.as_ref().unwrap_or(&whole)),
    ];
    let mut seen = Seen::default();
    for attempt in attempts {
        seen.add(attempt());
        if seen.is_enough() {
            break;
        }
    }
    seen.symbols
}

fn look(plane: &Plane, threshold: Threshold) -> Findings {
    plane
        .black(threshold)
        .map(|black| finder::find(&black))
        .unwrap_or_default()
        .scaled(plane.scale())
}

/// Light modules on dark ground.
fn look_at_negative(plane: &Plane) -> Findings {
    let negative = |mut black: BitMatrix| {
        black.flip_self();
        black
    };
    let black = plane.black(Threshold::Local).map(negative);
    black.map(|black| finder::find(&black)).unwrap_or_default().scaled(plane.scale())
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
