//! Finder patterns to the grids of symbols, by what every symbol has: timing patterns tell version and perspective,
//! alignment patterns the rest. Works on grey levels, so that pictures do whose single modules are lost in noise.

use crate::finder_correlation::FinderCandidate;
use crate::finder_pair::{self, CompletedTriple};
use crate::finder_triple::FinderTriple;
use crate::grid::{Grid, Perspective};
use crate::layout::{Layout, Place, side, versions_about};
use crate::matching::{Patch, Sharpest, contrast, contrasting, level};
use crate::module_samples::ModuleSamples;
use crate::plane::Plane;
use crate::soft_accumulator::SoftAccumulator;
use crate::soft_decoder::Llrs;
use crate::symbol::Point;
use crate::timing_pattern::Timing;

/// The most triples of finder patterns that are looked into, and how many versions of each.
const MAX_TRIPLES: usize = 6;
const MAX_VERSIONS: usize = 3;
/// The same for those of which two patterns were found.
const MAX_COMPLETED: usize = 3;
/// The least score of both timing patterns together, in standard deviations, for a symbol that was not found to be
/// looked at closer.
const LEAST_TIMING_SCORE: f32 = 6.5;
/// The correlation above which a symbol is found and no other explanation is tried, and below which there is none.
const CLEAR: f32 = 0.6;
const LEAST_CORRELATION: f32 = 0.5;
/// The part of the contrast that there is anywhere from which on a grid is taken to be right.
const SHARP: f32 = 0.98;
/// Modules on each side of the blocks that frames are aligned by.
const BLOCK: usize = 12;

/// A symbol that was found.
#[derive(Clone, Debug)]
pub(crate) struct Located {
    pub(crate) layout: Layout,
    pub(crate) grid: Grid,
    /// What its picture says by itself.
    pub(crate) accumulator: SoftAccumulator,
    /// Whether it can hardly be anything else.
    pub(crate) is_clear: bool,
}

impl Located {
    /// The log-likelihood ratio of each module by this picture alone.
    pub(crate) fn llrs(&self) -> Llrs {
        self.accumulator.llrs(&self.layout.known())
    }
}

/// The symbols of a picture whose finder patterns are to be seen among `candidates`.
pub(crate) fn locate(picture: &Plane, candidates: &[FinderCandidate]) -> Vec<Located> {
    let mut located: Vec<Located> = Vec::new();
    let mut used: Vec<Point> = Vec::new();
    let mut missed: Vec<Timed> = Vec::new();
    for triple in FinderTriple::likeliest(picture, candidates, MAX_TRIPLES) {
        let is_used = |finder: &Point| {
            used.iter().any(|used| (used.x - finder.x).hypot(used.y - finder.y) < 8.0)
        };
        if triple.finders.iter().any(is_used) {
            continue;
        }
        let likeliest = Timed::likeliest(picture, &triple);
        if let Some(found) = found(picture, &likeliest) {
            located.push(found);
            used.extend(triple.finders);
        } else {
            missed.extend(likeliest.into_iter().next());
        }
    }
    if located.is_empty() {
        located.extend(focused(picture, missed));
    }
    if located.is_empty() {
        located.extend(found_by_two(picture, candidates));
    }
    located
}

/// A symbol that the last picture showed already, held a little differently. One of its finder patterns may be lost to
/// glare.
pub(crate) fn locate_again(
    picture: &Plane,
    candidates: &[FinderCandidate],
    layout: &Layout,
    before: &Grid,
) -> Option<Located> {
    let moved = FinderTriple::again(picture, &before.finders(), before.modules(), candidates, 2);
    moved.iter().find_map(|triple| {
        let held_alike = Hypothesis::of(picture, layout, before.with_finders(triple.finders));
        let anew =
            Hypothesis::of(picture, layout, Timed::of(picture, layout.version(), triple).grid);
        let better = if held_alike.correlation > anew.correlation { held_alike } else { anew };
        better.located(picture)
    })
}

/// A symbol that was held still, however many of its finder patterns are lost to glare.
pub(crate) fn locate_where_it_was(
    picture: &Plane,
    layout: &Layout,
    before: &Grid,
) -> Option<Located> {
    Hypothesis::of(picture, layout, before.clone()).located(picture)
}

/// The first of these that is clearly a symbol, or the one that is most like it, if any is.
fn found(picture: &Plane, likeliest: &[Timed]) -> Option<Located> {
    let mut best: Option<Hypothesis> = None;
    for timed in likeliest {
        let hypothesis = Hypothesis::of(picture, &Layout::of(timed.version)?, timed.grid.clone());
        if best.as_ref().is_none_or(|best| hypothesis.correlation > best.correlation) {
            best = Some(hypothesis);
        }
        if best.as_ref().is_some_and(|best| best.correlation > CLEAR) {
            break;
        }
    }
    best?.located(picture)
}

/// A symbol of which one finder pattern is too faint to be among `candidates`.
fn found_by_two(picture: &Plane, candidates: &[FinderCandidate]) -> Option<Located> {
    let likeliest: Vec<Timed> = finder_pair::completed(picture, candidates, MAX_COMPLETED)
        .iter()
        .map(|CompletedTriple { triple, version, .. }| Timed::of(picture, *version, triple))
        .collect();
    found(picture, &likeliest).or_else(|| focused(picture, likeliest))
}

/// The surest of several that were not found as their timing patterns tell the perspective: as neighbouring modules
/// tell it, which are many more.
fn focused(picture: &Plane, missed: Vec<Timed>) -> Option<Located> {
    let surest = missed.into_iter().max_by(|a, b| a.score.total_cmp(&b.score))?;
    if surest.score < LEAST_TIMING_SCORE {
        return None;
    }
    let layout = Layout::of(surest.version)?;
    Hypothesis::of(picture, &layout, contrasted(picture, surest.grid)).located(picture)
}

/// Where timing patterns say that a symbol could be.
struct Timed {
    version: u32,
    grid: Grid,
    /// Of both patterns, in standard deviations.
    score: f32,
}

impl Timed {
    /// Of the versions that a triple may be, the highest scores first.
    fn likeliest(picture: &Plane, triple: &FinderTriple) -> Vec<Self> {
        let versions = versions_about(triple.side());
        let mut timed: Vec<Self> =
            versions.map(|version| Self::of(picture, version, triple)).collect();
        timed.sort_by(|a, b| b.score.total_cmp(&a.score));
        timed.truncate(MAX_VERSIONS);
        timed
    }

    fn of(picture: &Plane, version: u32, triple: &FinderTriple) -> Self {
        let side = side(version);
        let [a, b, c] = triple.finders;
        let (upper, left) =
            (Timing::best(picture, side, a, b, c), Timing::best(picture, side, a, c, b));
        let perspective = Perspective {
            finders: triple.finders,
            nearer: [upper.nearer, left.nearer].map(f64::from),
        };
        let grid = Grid::flat(side, perspective).bowed(upper.bow.into(), left.bow.into());
        Self { version, grid, score: upper.score + left.score }
    }
}

/// A symbol that may be there, and the correlation that speaks for it.
struct Hypothesis {
    layout: Layout,
    grid: Grid,
    correlation: f32,
}

impl Hypothesis {
    fn of(picture: &Plane, layout: &Layout, grid: Grid) -> Self {
        let grid = settled(picture, layout, grid);
        let samples = ModuleSamples::of(picture, &grid);
        // Turned by a quarter, a symbol has most alignment patterns where it should, and two of three finder patterns.
        let is_turned = layout.finders().iter().any(|finder| samples.contradicts(finder));
        let correlation = if is_turned { 0.0 } else { samples.correlation(&layout.telling()) };
        Self { layout: layout.clone(), grid, correlation }
    }

    fn located(self, picture: &Plane) -> Option<Located> {
        let Self { layout, grid, correlation } = self;
        if correlation < LEAST_CORRELATION {
            return None;
        }
        let grid = sharpened(picture, grid);
        let accumulator = SoftAccumulator::of(picture, &grid, &layout.known());
        Some(Located { layout, grid, accumulator, is_clear: correlation > CLEAR })
    }
}

/// Corrected by the patterns that every symbol of the layout has, from coarse to fine.
fn settled(picture: &Plane, layout: &Layout, grid: Grid) -> Grid {
    let far = layout.side() - 4;
    let finders: Vec<Patch> = [(3, 3), (far, 3), (3, far)]
        .iter()
        .filter_map(|&middle| pattern(layout, middle, 4))
        .collect();
    let alignments: Vec<Patch> = layout
        .alignment_patterns()
        .iter()
        .filter_map(|&middle| pattern(layout, middle, 2))
        .collect();
    [(2.4, 0.4), (1.2, 0.3), (0.6, 0.2)].into_iter().fold(grid, |grid, (reach, step)| {
        let found = |patches: &[Patch], reach: f64, chance: f32, weight: f64| {
            let found = patches.iter().map(|patch| patch.found(picture, &grid, reach, step));
            found.filter_map(|found| found.control(chance, weight)).collect::<Vec<_>>()
        };
        let mut controls = found(&finders, f64::min(reach, 1.2), 0.3, 4.0);
        controls.extend(found(&alignments, reach, 0.5, 1.0));
        grid.bent(&controls)
    })
}

/// Seen in the perspective in which neighbouring modules differ most.
fn contrasted(picture: &Plane, grid: Grid) -> Grid {
    [(2, 0.05), (2, 0.02)].into_iter().fold(grid, |grid, (reach, step)| {
        let mut factors: Vec<[i32; 2]> = (-reach..=reach)
            .flat_map(|right| (-reach..=reach).map(move |left| [right, left]))
            .collect();
        // Of several that are as good, the first one counts.
        factors.sort_by_key(|[right, left]| right * right + left * left);
        let best = factors
            .into_iter()
            .map(|steps| grid.nearer_by(steps.map(|by| (f64::from(by) * step).exp())))
            .map(|grid| (-contrast(&middles(picture, &grid), grid.side()), grid))
            .min_by(|(a, _), (b, _)| a.total_cmp(b));
        best.map_or(grid, |(_, best)| best)
    })
}

/// The levels at the middles of all modules.
fn middles(picture: &Plane, grid: &Grid) -> Vec<f32> {
    let side = grid.side();
    let places = (0..side * side)
        .map(|index| grid.place((index % side) as f64 + 0.5, (index / side) as f64 + 0.5));
    places.map(|place| level(picture, place.x, place.y)).collect()
}

/// Corrected so that the middles of modules are where levels differ most.
fn sharpened(picture: &Plane, grid: Grid) -> Grid {
    let side = grid.side();
    let count = side.div_ceil(BLOCK);
    let edge = |index: usize| index * side / count;
    [(0.5, 0.125), (0.375, 0.125)].into_iter().fold(grid, |grid, (reach, step)| {
        let sharpest: Vec<Sharpest> = (0..count * count)
            .filter_map(|block| {
                let (column, row) = (block % count, block / count);
                let (from, to) = ([edge(column), edge(row)], [edge(column + 1), edge(row + 1)]);
                contrasting(picture, &grid, [from, to], reach, step)
            })
            .collect();
        let (here, most) = sharpest
            .iter()
            .fold((0.0, 0.0), |(here, most), block| (here + block.here, most + block.most));
        // A picture that is sharp already tells no place from another.
        if here > SHARP * most {
            return grid;
        }
        grid.bent(&sharpest.iter().map(|block| block.control).collect::<Vec<_>>())
    })
}

/// Corrected once more by modules that earlier frames told.
pub(crate) fn resettled(picture: &Plane, grid: &Grid, sums: &Llrs) -> Grid {
    let side = sums.side();
    let count = side.div_ceil(BLOCK);
    let edge = |index: usize| index * side / count;
    let blocks: Vec<Patch> = (0..count * count)
        .filter_map(|block| {
            let (column, row) = (block % count, block / count);
            let rows = edge(row)..edge(row + 1);
            let modules: Vec<(Place, f32)> = rows
                .flat_map(|y| (edge(column)..edge(column + 1)).map(move |x| (x, y)))
                .map(|place| (place, (sums.at(place) / 2.0).tanh()))
                .collect();
            Patch::new(&modules)
        })
        .collect();
    [(1.0, 0.25), (0.45, 0.15)].into_iter().fold(grid.clone(), |grid, (reach, step)| {
        let found = blocks.iter().map(|patch| patch.found(picture, &grid, reach, step));
        let controls: Vec<_> = found.filter_map(|found| found.control(0.35, 1.0)).collect();
        grid.bent(&controls)
    })
}

/// The fixed modules within a square around a middle.
fn pattern(layout: &Layout, (x, y): Place, reach: usize) -> Option<Patch> {
    let last = layout.side() - 1;
    let rows = y.saturating_sub(reach)..=(y + reach).min(last);
    let modules: Vec<(Place, f32)> = rows
        .flat_map(|row| {
            (x.saturating_sub(reach)..=(x + reach).min(last)).map(move |column| (column, row))
        })
        .filter_map(|place| Some((place, if layout.fixed(place)? { 1.0 } else { -1.0 })))
        .collect();
    Patch::new(&modules)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finder_correlation;
    use crate::frame::Luma;
    use crate::matching::LOOKS;

    const SIDE: u32 = 900;

    /// What it takes to locate symbols, in looks at levels.
    fn looks(level: impl Fn(u32, u32) -> u8) -> u64 {
        let pixels: Vec<u8> =
            (0..SIDE * SIDE).map(|place| level(place % SIDE, place / SIDE)).collect();
        let plane = Plane::of(&Luma::new(&pixels, SIDE, SIDE, SIDE).unwrap());
        let before = LOOKS.get();
        let located = locate(&plane, &finder_correlation::find(&plane));
        assert!(located.is_empty(), "there is no symbol");
        LOOKS.get() - before
    }

    #[test]
    fn whatever_a_picture_shows_it_is_looked_at_a_bounded_number_of_times() {
        const MOST: u64 = 30_000_000;
        let patterns = |spacing: u32, module: u32| {
            move |x: u32, y: u32| {
                let place = |at: u32| (at / module % spacing).abs_diff(spacing / 2);
                let ring = place(x).max(place(y));
                if ring == 2 || ring >= 4 { 230 } else { 20 }
            }
        };
        let noise = |x: u32, y: u32| {
            (x.wrapping_mul(2_654_435_761) ^ y.wrapping_mul(40_503))
                .wrapping_mul(2_246_822_519)
                .to_be_bytes()[0]
        };
        for (name, looks) in [
            ("patterns side by side", looks(patterns(9, 2))),
            ("patterns apart", looks(patterns(21, 3))),
            ("patterns far apart", looks(patterns(80, 2))),
            ("noise", looks(noise)),
        ] {
            assert!(looks < MOST, "{name}: {looks}");
        }
    }
}
