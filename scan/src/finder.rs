//! Symbols in black and white pixels, by rxing's port of the finder of zxing-cpp: finder patterns, then three of them
//! that could be one symbol, then a grid of modules over them.

use rxing::common::cpp_essentials::{
    ConcentricPattern, FixedPattern, GetPatternRowTP, IsPattern, LocateConcentricPattern, Pattern,
    PatternRow, PatternView,
};
use rxing::common::{BitMatrix, DetectorRXingResult};
use rxing::qrcode::cpp_port::detector::{FinderPatternSet, GenerateFinderPatternSets, SampleQR};

use crate::decoder::decode;
use crate::guard::caught;
use crate::outline::Outline;
use crate::symbol::{Point, Symbol};

/// Widths of a finder pattern's dark and light stripes, in modules (ISO/IEC 18004 §6.3.3).
const STRIPES: Pattern<5> = [1, 1, 3, 1, 1];
/// Every third row meets the core of a pattern whose modules are one pixel and more.
const ROW_STEP: usize = 3;
/// The most finder patterns that are gathered in one picture: those of more than a thousand symbols. The search for
/// threesomes grows with the square of it.
const MAX_PATTERNS: usize = 4_096;
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
    pub(crate) fn add(&mut self, other: Self) {
        self.symbols.extend(other.symbols);
        self.unread.extend(other.unread);
    }

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
    let Some(sets) = caught(|| GenerateFinderPatternSets(&mut finder_patterns(black))) else {
        return findings;
    };
    let mut used: Vec<ConcentricPattern> = Vec::new();
    let mut unread: Vec<(FinderPatternSet, Outline)> = Vec::new();
    for set in sets.into_iter().take(MAX_SETS) {
        if touches(&set, &used) {
            continue;
        }
        match caught(|| examine(black, &set)).flatten() {
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

/// The finder patterns of a picture, from top to bottom until there are too many.
fn finder_patterns(black: &BitMatrix) -> Vec<ConcentricPattern> {
    let mut patterns: Vec<ConcentricPattern> = Vec::new();
    let mut row = PatternRow::default();
    for y in (0..black.getHeight()).skip(ROW_STEP - 1).step_by(ROW_STEP) {
        GetPatternRowTP(black, y, &mut row, false);
        // Runs of light and dark pixels in turn; the first is light.
        let view = row.into_pattern_view();
        let runs = view.data();
        let mut left = 0.0;
        for window in runs.windows(STRIPES.len() + 1).step_by(2) {
            let (space, stripes) = (window[0], &window[1..]);
            let start = left + f32::from(space);
            left = start + f32::from(stripes[0]);
            // Beyond the edge of the picture may be as much light as needed.
            let space_or_edge = if start == f32::from(space) { f32::MAX } else { f32::from(space) };
            if !is_plausible(space_or_edge, stripes) {
                continue;
            }
            let core = f32::from(stripes[0]) + f32::from(stripes[1]) + f32::from(stripes[2]) / 2.0;
            let middle = rxing::point(start + core, y as f32 + 0.5);
            let known = |pattern: &ConcentricPattern| {
                rxing::Point::distance(middle, pattern.p) < pattern.size as f32 / 2.0
            };
            if patterns.iter().any(known) {
                continue;
            }
            // Three times its width, since a slanted pattern reaches far down.
            let range = 3 * stripes.iter().map(|&run| i32::from(run)).sum::<i32>();
            let found = LocateConcentricPattern::<true, 5, 7>(black, &STRIPES, middle, range);
            patterns.extend(found);
            if patterns.len() == MAX_PATTERNS {
                return patterns;
            }
        }
    }
    patterns
}

/// Whether five runs of pixels with `space` light ones before them may be a cut through the middle of a finder pattern.
fn is_plausible(space: f32, stripes: &[u16]) -> bool {
    const PATTERN: FixedPattern<5, 7, false> = FixedPattern::new(STRIPES);
    // The part of a module that must be light beside the pattern.
    const QUIET_ZONE: f32 = 0.1;
    let core = stripes[2];
    let core_stands_out =
        core >= 3 && core >= 2 * stripes[0].max(stripes[4]) && core >= stripes[1].max(stripes[3]);
    let module_size = || {
        let stripes = PatternView::from_slice(stripes);
        IsPattern::<true, 5, 7, false>(&stripes, &PATTERN, Some(space), QUIET_ZONE, 0.0, 0.0)
    };
    core_stands_out && module_size() > 0.0
}

/// What three finder patterns turned out to be.
enum Sight {
    Read(Symbol),
    Unread(Outline),
}

fn examine(black: &BitMatrix, set: &FinderPatternSet) -> Option<Sight> {
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
