//! Symbols in black and white pixels, by rxing's port of the finder of zxing-cpp: finder patterns, then three of them
//! that could be one symbol, then a grid of modules over them.

use rxing::common::cpp_essentials::ConcentricPattern;
use rxing::common::{BitMatrix, DetectorRXingResult};
use rxing::qrcode::cpp_port::detector::{
    FindFinderPatterns, FinderPatternSet, GenerateFinderPatternSets, SampleQR,
};

use crate::decoder::decode;
use crate::guard::caught;
use crate::outline::Outline;
use crate::symbol::{Point, Symbol};

/// The most threesomes of finder patterns that are tried in one picture. A sheet of a hundred symbols stays below it;
/// noise that looks like thousands of patterns must not hold a phone up.
const MAX_SETS: usize = 4_096;
/// How many of the 147 modules of three finder patterns must be right for a grid to be a symbol that was found and
/// could not be read.
const SURE_FINDER_MODULES: u32 = 132;

/// What one look at a picture gave.
#[derive(Default)]
pub(crate) struct Findings {
    pub(crate) symbols: Vec<Symbol>,
    /// Where a symbol lies for sure that could not be read.
    pub(crate) unread: Vec<Outline>,
}

impl Findings {
    /// The same in the pixels of a picture that is `scale` times as wide and high.
    pub(crate) fn scaled(mut self, scale: f32) -> Self {
        for symbol in &mut self.symbols {
            symbol.corners = Outline(symbol.corners).scaled(scale).0;
        }
        for outline in &mut self.unread {
            *outline = outline.scaled(scale);
        }
        self
    }
}

/// Finds and reads the symbols in `black` (`true` is dark).
pub(crate) fn find(black: &BitMatrix) -> Findings {
    let mut findings = Findings::default();
    let Some(sets) = caught(|| GenerateFinderPatternSets(&mut FindFinderPatterns(black, true, 0)))
    else {
        return findings;
    };
    let mut used: Vec<ConcentricPattern> = Vec::new();
    let mut unread: Vec<(FinderPatternSet, Outline)> = Vec::new();
    for set in sets.into_iter().take(MAX_SETS) {
        if touches(&set, &used) {
            continue;
        }
        match caught(|| look(black, &set)).flatten() {
            Some(Sight::Read(symbol)) => {
                findings.symbols.push(symbol);
                used.extend([set.bl, set.tl, set.tr]);
            }
            Some(Sight::Unread(outline)) => unread.push((set, outline)),
            None => {}
        }
    }
    findings.unread = unread
        .into_iter()
        .filter(|(set, _)| !touches(set, &used))
        .map(|(_, outline)| outline)
        .collect();
    findings
}

enum Sight {
    Read(Symbol),
    Unread(Outline),
}

fn look(black: &BitMatrix, set: &FinderPatternSet) -> Option<Sight> {
    let grid = SampleQR(black, set).ok()?;
    // rxing rounds its corners up by half a pixel, and tells the bottom left before the bottom right.
    let corner = |place: usize| {
        let point = grid.getPoints().get(place)?;
        Some(Point { x: point.x - 0.5, y: point.y - 0.5 })
    };
    let mut corners = [corner(0)?, corner(1)?, corner(3)?, corner(2)?];
    let Some(decoded) = decode(grid.getBits()) else {
        return (finder_modules(grid.getBits()) >= SURE_FINDER_MODULES)
            .then_some(Sight::Unread(Outline(corners)));
    };
    if decoded.mirrored {
        corners.swap(1, 3);
    }
    Some(Sight::Read(Symbol { content: decoded.content, corners }))
}

fn touches(set: &FinderPatternSet, used: &[ConcentricPattern]) -> bool {
    [set.bl, set.tl, set.tr].iter().any(|pattern| used.contains(pattern))
}

/// How many modules of the three finder patterns are as they should be.
fn finder_modules(modules: &BitMatrix) -> u32 {
    let far = modules.getWidth().saturating_sub(7);
    let mut right = 0;
    for (left, top) in [(0, 0), (far, 0), (0, far)] {
        for y in 0..7_u32 {
            for x in 0..7_u32 {
                // Rings around the middle: the dark 3 × 3 core, a light ring, a dark one.
                let ring = x.abs_diff(3).max(y.abs_diff(3));
                right += u32::from(modules.get(left + x, top + y) == (ring != 2));
            }
        }
    }
    right
}
