//! What is tried on a picture, in which order, and when that is enough.
//!
//! The order is by cost. What costs much is tried only where finder patterns show that there is something to read, or
//! where the picture is small: a camera's frame without a symbol costs little more than one with.

use crate::finder::{self, Findings, Sign, Wanted};
use crate::finder_correlation;
use crate::frame::{Luma, Rotation};
use crate::guard::catch_panic;
use crate::locate::{Located, locate};
use crate::outline::Outline;
use crate::plane::{Plane, Threshold};
use crate::second_finder;
use crate::soft_decoder;
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
    search(frame, Wanted::All, &Attempt::ALL)
}

/// Reads one QR symbol of a picture: the first that comes out, which is found sooner than all are.
///
/// Ends in bounded time and never panics, whatever the pixels.
#[must_use]
pub fn read_one(frame: &Luma) -> Option<Symbol> {
    search(frame, Wanted::One, &Attempt::ALL).pop()
}

/// Reads what is easily read: one attempt on the picture as it is.
pub(crate) fn decode_fast(frame: &Luma) -> Vec<Symbol> {
    search(frame, Wanted::All, &[Attempt::Local])
}

/// Reads what takes one more attempt, another one with each `turn`. Together as many turns as there are attempts read
/// what [`read`] does but for soft decision.
pub(crate) fn decode_retry(frame: &Luma, turn: u32) -> Vec<Symbol> {
    const RETRIES: [Attempt; 6] = [
        Attempt::Doubled,
        Attempt::Calm,
        Attempt::Second,
        Attempt::Half,
        Attempt::Global,
        Attempt::Pale,
    ];
    search(frame, Wanted::All, &[RETRIES[turn as usize % RETRIES.len()]])
}

/// A way to look at a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Attempt {
    /// As it is, against the levels around each pixel.
    Local,
    /// The same made smaller, if it is large.
    Calm,
    /// Made half as wide and high, which closes gaps and takes noise away.
    Half,
    /// Against one level for the whole picture.
    Global,
    /// The same, nearer to the level of paper.
    Pale,
    /// Made twice as wide and high, for modules of hardly a pixel.
    Doubled,
    /// By another finder.
    Second,
    /// By soft decision: grey levels give the log-likelihood ratio of each module, and error correction erases what is
    /// least reliable.
    Soft,
}

impl Attempt {
    /// In the order in which they are made.
    const ALL: [Self; 8] = [
        Self::Local,
        Self::Calm,
        Self::Half,
        Self::Global,
        Self::Pale,
        Self::Doubled,
        Self::Second,
        Self::Soft,
    ];

    /// The least sign of a symbol upon which this is made in a picture that is not small.
    fn needs(self) -> Sign {
        match self {
            Self::Local | Self::Calm | Self::Half => Sign::None,
            Self::Soft => Sign::Two,
            Self::Global | Self::Pale | Self::Doubled | Self::Second => Sign::Three,
        }
    }

    fn look(self, plane: &Plane, wanted: Wanted) -> Option<Findings> {
        match self {
            Self::Local => look(plane, Threshold::Local, wanted),
            Self::Calm => look(&plane.shrunk_to(CALM_AREA)?, Threshold::Local, wanted),
            Self::Half => look(&plane.shrunk(2)?, Threshold::Local, wanted),
            Self::Global => look(plane, Threshold::Global, wanted),
            Self::Pale => look(plane, Threshold::Pale, wanted),
            Self::Doubled if plane.area() > SMALL_AREA => None,
            Self::Doubled => look(&plane.doubled(), Threshold::Local, wanted),
            Self::Second => {
                let calm = plane.shrunk_to(CALM_AREA);
                Some(second_finder::find(calm.as_ref().unwrap_or(plane)))
            }
            Self::Soft => {
                let calm = plane.shrunk_to(CALM_AREA);
                Some(look_by_soft_decision(calm.as_ref().unwrap_or(plane)))
            }
        }
    }
}

fn look(plane: &Plane, threshold: Threshold, wanted: Wanted) -> Option<Findings> {
    Some(finder::find(&plane.black(threshold)?, wanted).scaled(plane.scale()))
}

fn look_by_soft_decision(plane: &Plane) -> Findings {
    let read = |located: &Located| {
        let decoded =
            soft_decoder::decode(&located.layout, |known| located.accumulator.llrs(known))?;
        let mut corners = located.grid.corners();
        if decoded.mirrored {
            corners.swap(1, 3);
        }
        Some(Symbol { content: decoded.content, corners })
    };
    let located =
        catch_panic(|| locate(plane, &finder_correlation::find(plane))).unwrap_or_default();
    let symbols =
        located.iter().filter_map(|located| catch_panic(|| read(located)).flatten()).collect();
    Findings { symbols, ..Findings::default() }.scaled(plane.scale())
}

fn search(frame: &Luma, wanted: Wanted, attempts: &[Attempt]) -> Vec<Symbol> {
    // A symbol reads the same whichever way round it lies, so the rows are read as they lie in memory.
    let (unturned, turn) = frame.unturned();
    let given = Plane::of(&unturned);
    let whole = given.shrunk_to(MAX_AREA).unwrap_or(given);
    let mut seen = Seen::default();
    for attempt in attempts {
        if seen.is_enough(wanted) {
            break;
        }
        if seen.sign >= attempt.needs() || whole.area() <= SMALL_AREA {
            seen.add(attempt.look(&whole, wanted).unwrap_or_default());
        }
    }
    if turn != Rotation::None {
        for corner in seen.symbols.iter_mut().flat_map(|symbol| &mut symbol.corners) {
            *corner = turn.turned(*corner, unturned.width(), unturned.height());
        }
    }
    seen.symbols
}

/// What all attempts so far have seen, each thing once.
#[derive(Default)]
struct Seen {
    symbols: Vec<Symbol>,
    unread: Vec<Outline>,
    sign: Sign,
}

impl Seen {
    fn add(&mut self, findings: Findings) {
        self.sign = self.sign.max(findings.sign);
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

    /// Whether every symbol that was located is read, or the one that was wanted.
    fn is_enough(&self, wanted: Wanted) -> bool {
        !self.symbols.is_empty() && (wanted == Wanted::One || self.unread.is_empty())
    }
}
