//! Finder patterns to the grids of symbols, by what every symbol has: timing patterns tell version and perspective,
//! alignment patterns the rest. Works on grey levels, so that pictures do whose single modules are lost in noise.

use crate::evidence::{Evidence, weigh};
use crate::grid::{Grid, Perspective};
use crate::layout::{Layout, Place};
use crate::matching::Patch;
use crate::plane::Plane;
use crate::rings;
use crate::soft::Confidences;
use crate::symbol::Point;
use crate::threesome::Threesome;
use crate::timing::Timing;

/// The most threesomes of finder patterns that are looked into, and how many versions of each.
const MAX_THREESOMES: usize = 6;
const MAX_VERSIONS: usize = 3;
/// How far off the estimate of the symbol's side may be, in parts of it.
const SIDE_TOLERANCE: f64 = 0.08;
/// The share of noise below which a symbol is found and no other explanation is tried.
const CLEAR: f64 = 0.5;
/// The share of noise above which there is no symbol.
const MAX_NOISE: f64 = 0.8;
/// Modules on each side of the blocks that frames are aligned by.
const BLOCK: usize = 9;

/// A symbol that was found.
#[derive(Clone, Debug)]
pub(crate) struct Located {
    pub(crate) layout: Layout,
    pub(crate) grid: Grid,
    /// What its picture says by itself.
    pub(crate) evidence: Evidence,
}

/// The symbols of a picture whose finder patterns are to be seen. Those that were seen in the picture before, by
/// `before`, are looked for first, and may have lost one of theirs to glare.
pub(crate) fn locate<'a>(
    picture: &Plane,
    before: impl Iterator<Item = (&'a Layout, &'a Grid)>,
) -> Vec<Located> {
    let rings = rings::find(picture);
    let mut located: Vec<Located> = Vec::new();
    for (layout, grid) in before {
        let again = Threesome::again(picture, &grid.finders(), grid.module(), &rings, 2);
        located.extend(
            again.iter().find_map(|threesome| found_again(picture, layout, grid, threesome)),
        );
    }
    if !located.is_empty() {
        return located;
    }
    let mut used: Vec<Point> = Vec::new();
    for threesome in Threesome::likeliest(picture, &rings, MAX_THREESOMES) {
        let is_used = |finder: &Point| {
            used.iter().any(|used| (used.x - finder.x).hypot(used.y - finder.y) < 8.0)
        };
        if threesome.finders.iter().any(is_used) {
            continue;
        }
        if let Some(found) = found(picture, &threesome) {
            located.push(found);
            used.extend(threesome.finders);
        }
    }
    located
}

fn found(picture: &Plane, threesome: &Threesome) -> Option<Located> {
    let estimate = threesome.side();
    let mut guesses: Vec<(f32, u32, Grid)> = (1..=40)
        .filter(|version| {
            (f64::from(17 + 4 * version) - estimate).abs() <= 2.0 + SIDE_TOLERANCE * estimate
        })
        .map(|version| {
            let (sureness, grid) = timed(picture, 17 + 4 * version as usize, threesome);
            (sureness, version, grid)
        })
        .collect();
    guesses.sort_by(|(a, ..), (b, ..)| b.total_cmp(a));
    let mut best: Option<Located> = None;
    for (_, version, grid) in guesses.into_iter().take(MAX_VERSIONS) {
        let found = judged(picture, &Layout::of(version)?, grid);
        if best.as_ref().is_none_or(|best| found.evidence.noise < best.evidence.noise) {
            best = Some(found);
        }
        if best.as_ref().is_some_and(|best| best.evidence.noise < CLEAR) {
            break;
        }
    }
    best.filter(|best| best.evidence.noise < MAX_NOISE)
}

/// A symbol that the last picture showed already, held a little differently.
fn found_again(
    picture: &Plane,
    layout: &Layout,
    before: &Grid,
    threesome: &Threesome,
) -> Option<Located> {
    let held_alike = judged(picture, layout, before.with_finders(threesome.finders));
    let anew = judged(picture, layout, timed(picture, layout.side(), threesome).1);
    let better = if held_alike.evidence.noise < anew.evidence.noise { held_alike } else { anew };
    (better.evidence.noise < MAX_NOISE).then_some(better)
}

/// A grid by both timing patterns, and how sure they are to be some.
fn timed(picture: &Plane, side: usize, threesome: &Threesome) -> (f32, Grid) {
    let [a, b, c] = threesome.finders;
    let (upper, left) =
        (Timing::best(picture, side, a, b, c), Timing::best(picture, side, a, c, b));
    let perspective = Perspective {
        finders: threesome.finders,
        nearer: [upper.nearer, left.nearer].map(f64::from),
    };
    let flat = Grid::flat(side, perspective);
    (upper.sureness + left.sureness, flat.bowed(upper.bow.into(), left.bow.into()))
}

fn judged(picture: &Plane, layout: &Layout, grid: Grid) -> Located {
    let grid = settled(picture, layout, grid);
    let evidence = weigh(picture, layout, &grid, &layout.known());
    Located { layout: layout.clone(), grid, evidence }
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

/// Corrected once more by modules that earlier frames told.
pub(crate) fn resettled(picture: &Plane, grid: &Grid, sums: &Confidences) -> Grid {
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
