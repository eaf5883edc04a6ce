//! Two finder patterns whose third is too faint to be found by itself: it is looked for where it must be, and told from
//! what only looks like one by the timing patterns that lead to it.

use crate::finder_correlation::FinderCandidate;
use crate::finder_triple::{FinderTriple, best_size, between, correlation, length, stepped};
use crate::layout::{side, versions_about};
use crate::plane::Plane;
use crate::symbol::Point;
use crate::timing_pattern::Timing;

/// The likeliest patterns of which two are put together.
const STRONGEST: usize = 14;
/// How different their modules may be, as a part of their mean.
const MAX_DIFFERENCE: f32 = 0.25;
/// The least correlation of each, up to 1; how many pairs are looked into, and how many edges.
const LEAST_CORRELATION: f32 = 0.45;
const MAX_PAIRS: usize = 10;
const MAX_EDGES: usize = 3;
const MAX_ACROSS: usize = 2;
/// The least score of the timing pattern between two, in standard deviations.
const LEAST_SCORE: f32 = 3.2;
/// How far the third may be from where a symbol that is not slanted has it, in sides.
const STRAY: f32 = 0.2;
/// The sizes that its modules may have, as multiples of those of the other two.
const SIZES: [f32; 3] = [0.8, 0.93, 1.08];
/// The least correlation of it, and how many places are looked into.
const LEAST_FAINT: f32 = 0.3;
const MAX_PLACES: usize = 3;
/// How many standard deviations of a timing pattern a correlation of 1 is worth.
const CORRELATION_WORTH: f32 = 6.0;

/// A symbol that two patterns speak for.
pub(crate) struct CompletedTriple {
    pub(crate) triple: FinderTriple,
    pub(crate) version: u32,
    /// How much speaks for it, in standard deviations.
    score: f32,
}

/// The likeliest symbols by two of `candidates`, best first, and at most `count`.
pub(crate) fn completed(
    picture: &Plane,
    candidates: &[FinderCandidate],
    count: usize,
) -> Vec<CompletedTriple> {
    let strongest = &candidates[..candidates.len().min(STRONGEST)];
    let mut pairs: Vec<FinderPair> = Vec::new();
    for (first, a) in strongest.iter().enumerate() {
        for b in &strongest[first + 1..] {
            pairs.extend(FinderPair::of(picture, *a, *b));
        }
    }
    pairs.sort_by(|a, b| b.correlation.total_cmp(&a.correlation));
    pairs.truncate(MAX_PAIRS);
    let mut edges: Vec<Edge> = pairs.iter().flat_map(|pair| pair.edges(picture)).collect();
    edges.sort_by(|a, b| b.score.total_cmp(&a.score));
    edges.truncate(MAX_EDGES);
    let across = pairs.iter().filter(|pair| pair.placement == Placement::Across);
    let mut found: Vec<CompletedTriple> = edges
        .iter()
        .flat_map(|edge| edge.completed(picture))
        .chain(across.take(MAX_ACROSS).flat_map(|pair| pair.cornered(picture)))
        .flatten()
        .collect();
    found.sort_by(|a, b| b.score.total_cmp(&a.score));
    found.truncate(count);
    found
}

/// Two patterns that may be one symbol's.
#[derive(Clone, Copy)]
struct FinderPair {
    ends: [End; 2],
    placement: Placement,
    correlation: f32,
}

#[derive(Clone, Copy)]
struct End {
    middle: Point,
    /// Pixels of a module there.
    module: f32,
}

/// How two patterns lie in a symbol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Placement {
    /// At both ends of the upper edge or of the left one.
    Along,
    /// At the top right and the bottom left.
    Across,
}

/// Two patterns with a timing pattern between them; the symbol lies to the right of the way from one to the other.
struct Edge {
    ends: [End; 2],
    version: u32,
    score: f32,
}

impl FinderPair {
    /// As they lie more likely.
    fn of(picture: &Plane, a: FinderCandidate, b: FinderCandidate) -> Option<Self> {
        let mean = a.module.midpoint(b.module);
        if (a.module / mean - 1.0).abs() > MAX_DIFFERENCE {
            return None;
        }
        [Placement::Along, Placement::Across]
            .into_iter()
            .filter_map(|placement| {
                let axes = placement.axes(between(a.middle, b.middle));
                let sized = [a, b].map(|candidate| {
                    let (correlation, module) =
                        best_size(picture, candidate.middle, axes, candidate.module);
                    (correlation, End { middle: candidate.middle, module })
                });
                let [(one, start), (other, end)] = sized;
                (one.min(other) > LEAST_CORRELATION).then_some(Self {
                    ends: [start, end],
                    placement,
                    correlation: one + other,
                })
            })
            .max_by(|a, b| a.correlation.total_cmp(&b.correlation))
    }

    fn module(&self) -> f32 {
        self.ends[0].module.midpoint(self.ends[1].module)
    }

    /// Versions that symbols may have whose edge is so long in pixels.
    fn versions(&self, edge: f32) -> impl Iterator<Item = u32> + use<> {
        versions_about(f64::from(edge / self.module()) + 7.0)
    }

    fn edges(&self, picture: &Plane) -> Vec<Edge> {
        if self.placement == Placement::Across {
            return Vec::new();
        }
        let [a, b] = self.ends;
        self.versions(length(between(a.middle, b.middle)))
            .flat_map(|version| [([a, b], version), ([b, a], version)])
            .filter_map(|(ends, version)| {
                let [start, end] = ends.map(|end| end.middle);
                let timing = Timing::best(picture, side(version), start, end, beside(ends, 0));
                let score = timing.score + CORRELATION_WORTH * self.correlation;
                (timing.score > LEAST_SCORE).then_some(Edge { ends, version, score })
            })
            .collect()
    }

    /// With the pattern of the corner between them, on one side or the other.
    fn cornered(&self, picture: &Plane) -> [Option<CompletedTriple>; 2] {
        let [a, b] = self.ends;
        [[a, b], [b, a]].map(|[right, left]| {
            // From the middle half as far as between them, and a quarter turn.
            let [x, y] = between(right.middle, left.middle).map(|part| part / 2.0);
            let middle = Point { x: right.middle.x + x - y, y: right.middle.y + y + x };
            let edge = length([x, y]) * std::f32::consts::SQRT_2;
            let axes = self.placement.axes([x, y]);
            let symbols = places(picture, middle, axes, self.module(), edge);
            symbols
                .into_iter()
                .flat_map(|(correlation, corner)| {
                    self.versions(edge).map(move |version| (correlation, corner, version))
                })
                .filter_map(|(correlation, corner, version)| {
                    let side = side(version);
                    let seats = [corner, right, left];
                    let [top_left, top_right, bottom_left] = seats.map(|end| end.middle);
                    let upper = Timing::best(picture, side, top_left, top_right, bottom_left);
                    if upper.score < LEAST_SCORE {
                        return None;
                    }
                    let left = Timing::best(picture, side, top_left, bottom_left, top_right);
                    let score = upper.score
                        + left.score
                        + CORRELATION_WORTH * (self.correlation + correlation);
                    Some(CompletedTriple::new(seats, version, score))
                })
                .max_by(|a, b| a.score.total_cmp(&b.score))
                .map(|completed| completed.centred(picture))
        })
    }
}

impl Placement {
    /// The directions of a symbol's rows and columns, of length 1, by the way from one pattern to the other.
    fn axes(self, way: [f32; 2]) -> [[f32; 2]; 2] {
        let [x, y] = way.map(|part| part / length(way));
        let right = match self {
            Self::Along => [x, y],
            Self::Across => [(x + y), (y - x)].map(|part| part * std::f32::consts::FRAC_1_SQRT_2),
        };
        [right, [-right[1], right[0]]]
    }
}

/// A quarter turn to the right from an edge, at one of its ends.
fn beside(ends: [End; 2], end: usize) -> Point {
    let [x, y] = between(ends[0].middle, ends[1].middle);
    let from = ends[end].middle;
    Point { x: from.x - y, y: from.y + x }
}

impl Edge {
    /// With the third pattern beside one end or the other.
    fn completed(&self, picture: &Plane) -> [Option<CompletedTriple>; 2] {
        let [start, end] = self.ends;
        let way = between(start.middle, end.middle);
        let axes = Placement::Along.axes(way);
        let module = start.module.midpoint(end.module);
        [0, 1].map(|corner| {
            places(picture, beside(self.ends, corner), axes, module, length(way))
                .into_iter()
                .map(|(correlation, third)| {
                    let (seats, line) = if corner == 0 {
                        ([start, end, third], [start, third, end])
                    } else {
                        ([end, third, start], [end, third, start])
                    };
                    let [from, to, inside] = line.map(|end| end.middle);
                    let timing = Timing::best(picture, side(self.version), from, to, inside);
                    let more = timing.score + CORRELATION_WORTH * correlation;
                    CompletedTriple::new(seats, self.version, self.score + more)
                })
                .max_by(|a, b| a.score.total_cmp(&b.score))
                .map(|completed| completed.centred(picture))
        })
    }
}

impl CompletedTriple {
    fn new(seats: [End; 3], version: u32, score: f32) -> Self {
        let triple = FinderTriple::new(seats.map(|end| end.middle), seats.map(|end| end.module));
        Self { triple, version, score }
    }

    fn centred(self, picture: &Plane) -> Self {
        Self { triple: self.triple.centred(picture, 1.0), ..self }
    }
}

/// The places about `expected` that are likest to a finder pattern with these axes, and their correlation. `module`
/// and `edge` are the pixels of a module and of the symbol's edge.
fn places(
    picture: &Plane,
    expected: Point,
    axes: [[f32; 2]; 2],
    module: f32,
    edge: f32,
) -> Vec<(f32, End)> {
    const STEP: f32 = 0.75;
    let [right, down] = axes.map(|axis| axis.map(|part| part * module));
    let reach = (edge * STRAY / module / STEP) as i32;
    let mut found: Vec<(f32, End)> = Vec::new();
    for row in -reach..=reach {
        for column in -reach..=reach {
            let (u, v) = (column as f32 * STEP, row as f32 * STEP);
            let middle = stepped(expected, [u, v], [right, down]);
            for size in SIZES {
                let [right, down] = [right, down].map(|axis| axis.map(|part| part * size));
                let correlation = correlation(picture, middle, right, down);
                if correlation > LEAST_FAINT {
                    found.push((correlation, End { middle, module: size * module }));
                }
            }
        }
    }
    found.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    let mut kept: Vec<(f32, End)> = Vec::new();
    for place in found {
        let apart = |other: &End| length(between(other.middle, place.1.middle));
        if kept.iter().all(|(_, other)| apart(other) > 3.0 * module) {
            kept.push(place);
            if kept.len() == MAX_PLACES {
                break;
            }
        }
    }
    kept
}
