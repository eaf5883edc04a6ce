//! Symbols in black and white pixels, by rxing's port of the finder of zxing-cpp: finder patterns, then three of them
//! that could be one symbol, then a grid of modules over them.

use std::cmp::Reverse;

use rxing::common::cpp_essentials::{
    ConcentricPattern, FixedPattern, IsPattern, LocateConcentricPattern, Pattern, PatternView,
};
use rxing::common::{BitMatrix, DetectorRXingResult};
use rxing::qrcode::cpp_port::detector::{FinderPatternSet, GenerateFinderPatternSets, SampleQR};

use crate::decoder::decode;
use crate::guard::catch_panic;
use crate::outline::Outline;
use crate::symbol::{Point, Symbol};

/// Widths of a finder pattern's dark and light stripes, in modules (ISO/IEC 18004 §6.3.3).
const STRIPES: Pattern<5> = [1, 1, 3, 1, 1];
/// Every third row meets the core of a pattern whose modules are one pixel and more.
const ROW_STEP: usize = 3;
/// The most finder patterns that are gathered in one picture: those of more than a thousand symbols. The search for
/// triples grows with the square of it.
const MAX_PATTERNS: usize = 4_096;
/// The most cuts through what may be finder patterns that are looked into.
const MAX_CUTS: usize = 30_000;
/// How many cuts may turn out not to be finder patterns before the rest of a picture counts as noise, and for how many
/// pixels there may be one more.
const IN_VAIN: usize = 100;
const PIXELS_PER_IN_VAIN: u32 = 8_000;
/// A wide picture whose light and dark stripes are shorter than this on average, in pixels, shows noise there: no
/// finder pattern that small can be read.
const SHORTEST_STRIPES: usize = 3;
/// The least width of such a picture.
const WIDE: u32 = 1_000;
/// How many triples of finder patterns may turn out not to be symbols before the search ends, and how many more for
/// each pattern that was found.
const SETS_IN_VAIN: usize = 16;
const SETS_IN_VAIN_PER_PATTERN: usize = 8;
/// Finder patterns beyond this many buy no further triples.
const MAX_SYMBOLS: usize = 512;
/// Of how many patterns two are a sign of a symbol.
const SIGNIFICANT: usize = 16;
/// How many of the 147 modules of three finder patterns must be right for a grid to be a symbol that was found and
/// could not be read.
const SURE_FINDER_MODULES: u32 = 132;

/// What one look at a picture gave.
#[derive(Default)]
pub(crate) struct Findings {
    pub(crate) symbols: Vec<Symbol>,
    /// Where a symbol lies for sure that could not be read.
    pub(crate) unread: Vec<Outline>,
    pub(crate) sign: Sign,
}

/// How much speaks for a symbol, from less to more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Sign {
    #[default]
    None,
    /// Two finder patterns that could be one symbol's; the third may be hidden, or cut off by the picture's edge.
    Two,
    /// Three of them.
    Three,
}

impl Findings {
    pub(crate) fn add(&mut self, other: Self) {
        self.symbols.extend(other.symbols);
        self.unread.extend(other.unread);
        self.sign = self.sign.max(other.sign);
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

impl Sign {
    /// Two of the widest patterns are of one symbol only if they are about as wide and their middles at least two
    /// widths apart (version 1).
    fn of_pairs(patterns: &[ConcentricPattern]) -> Self {
        const ALIKE: f32 = 1.4;
        let widest = &patterns[..patterns.len().min(SIGNIFICANT)];
        let is_pair = |a: &ConcentricPattern, b: &ConcentricPattern| {
            let (a_width, b_width) = (a.size as f32, b.size as f32);
            let (less, more) = (a_width.min(b_width), a_width.max(b_width));
            more < less * ALIKE && rxing::Point::distance(a.p, b.p) > 2.0 * less
        };
        let mut pairs = widest
            .iter()
            .enumerate()
            .flat_map(|(place, a)| widest[place + 1..].iter().map(move |b| (a, b)));
        if pairs.any(|(a, b)| is_pair(a, b)) { Self::Two } else { Self::None }
    }
}

/// How much of a picture is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// The first symbol that can be read.
    One,
    All,
}

/// Finds and reads the symbols in `black` (`true` is dark), dark ones on light ground first, then light ones on dark.
pub(crate) fn find(black: &BitMatrix, wanted: Wanted) -> Findings {
    let [dark, light] = cuts(black);
    let mut findings = catch_panic(|| patterns(black, &dark))
        .map(|patterns| find_among(black, patterns, wanted))
        .unwrap_or_default();
    if light.len() >= 3 && (wanted == Wanted::All || findings.symbols.is_empty()) {
        let mut black = black.clone();
        black.flip_self();
        let patterns = catch_panic(|| patterns(&black, &light)).unwrap_or_default();
        findings.add(find_among(&black, patterns, wanted));
    }
    findings
}

fn find_among(black: &BitMatrix, mut patterns: Vec<ConcentricPattern>, wanted: Wanted) -> Findings {
    let mut findings = Findings { sign: Sign::of_pairs(&patterns), ..Findings::default() };
    let Some(sets) = catch_panic(|| GenerateFinderPatternSets(&mut patterns)) else {
        return findings;
    };
    if !sets.is_empty() {
        findings.sign = Sign::Three;
    }
    let mut used: Vec<ConcentricPattern> = Vec::new();
    let mut unread: Vec<(FinderPatternSet, Outline)> = Vec::new();
    let mut in_vain = 0;
    for set in sets {
        if touches(&set, &used) {
            continue;
        }
        match catch_panic(|| examine(black, &set)).flatten() {
            Some(Examined::Read(symbol)) => {
                findings.symbols.push(symbol);
                if wanted == Wanted::One {
                    return findings;
                }
                used.extend([set.bl, set.tl, set.tr]);
                continue;
            }
            Some(Examined::Unread(outline)) => unread.push((set, outline)),
            None => {}
        }
        in_vain += 1;
        if in_vain == SETS_IN_VAIN + SETS_IN_VAIN_PER_PATTERN * patterns.len().min(MAX_SYMBOLS) {
            break;
        }
    }
    findings.unread = unread
        .into_iter()
        .filter(|(set, _)| !touches(set, &used))
        .map(|(_, outline)| outline)
        .collect();
    findings
}

/// A cut through the middle of what may be a finder pattern.
#[derive(Clone, Copy, Debug)]
struct Cut {
    middle: rxing::Point,
    /// How many pixels wide the pattern is there.
    width: u32,
}

/// What may be finder patterns, the widest first: dark ones, and light ones on dark ground.
fn cuts(black: &BitMatrix) -> [Vec<Cut>; 2] {
    let mut cuts = [Vec::new(), Vec::new()];
    let mut edges = Vec::new();
    for y in (0..black.getHeight()).skip(ROW_STEP - 1).step_by(ROW_STEP) {
        find_edges(black, y, &mut edges);
        let width = black.getWidth();
        if width >= WIDE && edges.len() * SHORTEST_STRIPES > width as usize {
            continue;
        }
        let mut before = 0;
        for (place, window) in edges.windows(STRIPES.len() + 1).enumerate() {
            let space = window[0] - before;
            // Beyond the edge of the picture may be as much light as needed.
            let space = if before == 0 { f32::MAX } else { space as f32 };
            before = window[0];
            let stripe = |index: usize| (window[index + 1] - window[index]) as u16;
            let stripes = [stripe(0), stripe(1), stripe(2), stripe(3), stripe(4)];
            // The first edge is from light to dark, and so is every second one after it.
            let is_light = place % 2 == 1;
            if !core_stands_out(&stripes)
                || !is_plausible(space, &stripes)
                || cuts[usize::from(is_light)].len() == MAX_CUTS
            {
                continue;
            }
            let middle = window[2] + u32::from(stripes[2]) / 2;
            if !is_cut_downwards(black, middle, y, is_light) {
                continue;
            }
            let middle =
                rxing::point(window[2] as f32 + f32::from(stripes[2]) / 2.0, y as f32 + 0.5);
            let width = window[5] - window[0];
            cuts[usize::from(is_light)].push(Cut { middle, width });
        }
    }
    // Noise looks like small patterns sooner than like large ones.
    for cuts in &mut cuts {
        cuts.sort_by_key(|cut| Reverse(cut.width));
    }
    cuts
}

/// Where a row changes between light and dark, from a light beginning; the last is the end of the row.
fn find_edges(black: &BitMatrix, y: u32, edges: &mut Vec<u32>) {
    edges.clear();
    let row = black.getRow(y);
    let width = black.getWidth();
    let mut last = 0;
    for (index, &word) in row.getBitArray().iter().enumerate() {
        let mut changes = word ^ (word << 1 | last);
        last = word >> (usize::BITS - 1);
        while changes != 0 {
            let edge = index as u32 * usize::BITS + changes.trailing_zeros();
            if edge >= width {
                break;
            }
            edges.push(edge);
            changes &= changes - 1;
        }
    }
    edges.push(width);
}

/// Whether the column through the middle of a cut may be a cut through a finder pattern, too.
fn is_cut_downwards(black: &BitMatrix, x: u32, y: u32, is_light: bool) -> bool {
    let (height, core) = (black.getHeight(), !is_light);
    let stripes = |rows: &mut dyn Iterator<Item = u32>| {
        let mut lengths = [0_u16; 3];
        let mut stripe = 0;
        for row in rows {
            if black.get(x, row) != (core == (stripe % 2 == 0)) {
                stripe += 1;
                if stripe == lengths.len() {
                    break;
                }
            }
            lengths[stripe] += 1;
        }
        lengths
    };
    let [up, light_up, dark_up] = stripes(&mut (0..y).rev());
    let [down, light_down, dark_down] = stripes(&mut (y..height));
    dark_up > 0
        && dark_down > 0
        && is_plausible(f32::MAX, &[dark_up, light_up, up + down, light_down, dark_down])
}

fn patterns(black: &BitMatrix, cuts: &[Cut]) -> Vec<ConcentricPattern> {
    let mut patterns: Vec<ConcentricPattern> = Vec::new();
    let mut in_vain = 0;
    let most_in_vain =
        IN_VAIN + (black.getWidth() * black.getHeight() / PIXELS_PER_IN_VAIN) as usize;
    for &Cut { middle, width } in cuts {
        let known = |pattern: &ConcentricPattern| {
            rxing::Point::distance(middle, pattern.p) < pattern.size as f32 / 2.0
        };
        if patterns.iter().any(known) {
            continue;
        }
        // Three times its width, since a slanted pattern reaches far down.
        match LocateConcentricPattern::<true, 5, 7>(black, &STRIPES, middle, 3 * width as i32) {
            Some(pattern) => patterns.push(pattern),
            None => in_vain += 1,
        }
        if patterns.len() == MAX_PATTERNS || in_vain >= most_in_vain {
            break;
        }
    }
    patterns
}

/// Whether the middle one of five stripes is as much wider as a glance can tell.
fn core_stands_out(stripes: &[u16; 5]) -> bool {
    let core = stripes[2];
    core >= 3 && core >= 2 * stripes[0].max(stripes[4]) && core >= stripes[1].max(stripes[3])
}

/// Whether five runs of pixels with `space` light ones before them may be a cut through the middle of a finder pattern.
fn is_plausible(space: f32, stripes: &[u16; 5]) -> bool {
    const PATTERN: FixedPattern<5, 7, false> = FixedPattern::new(STRIPES);
    // The part of a module that must be light beside the pattern.
    const QUIET_ZONE: f32 = 0.1;
    let stripes = PatternView::from_slice(stripes);
    IsPattern::<true, 5, 7, false>(&stripes, &PATTERN, Some(space), QUIET_ZONE, 0.0, 0.0) > 0.0
}

/// What three finder patterns turned out to be.
enum Examined {
    Read(Symbol),
    Unread(Outline),
}

fn examine(black: &BitMatrix, set: &FinderPatternSet) -> Option<Examined> {
    let grid = SampleQR(black, set).ok()?;
    // rxing rounds its corners up by half a pixel, and tells the bottom left before the bottom right.
    let corner = |place: usize| {
        let point = grid.getPoints().get(place)?;
        Some(Point { x: point.x - 0.5, y: point.y - 0.5 })
    };
    let mut corners = [corner(0)?, corner(1)?, corner(3)?, corner(2)?];
    let Some(decoded) = decode(grid.getBits()) else {
        return (finder_modules(grid.getBits()) >= SURE_FINDER_MODULES)
            .then_some(Examined::Unread(Outline(corners)));
    };
    if decoded.mirrored {
        corners.swap(1, 3);
    }
    Some(Examined::Read(Symbol { content: decoded.content, corners }))
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
