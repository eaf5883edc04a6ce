//! Two finder patterns whose third is too faint to be found by itself: it is looked for where it must be, and told from
//! what only looks like one by the timing patterns that lead to it.

use crate::layout::{side, versions_about};
use crate::plane::Plane;
use crate::rings::Rings;
use crate::symbol::Point;
use crate::threesome::{Threesome, agreement, best_size, between, length, stepped};
use crate::timing::Timing;

/// The likeliest patterns of which two are put together.
const STRONGEST: usize = 14;
/// How different their modules may be, as a part of their mean.
const MAX_DIFFERENCE: f32 = 0.25;
/// The least that each must agree, up to 1; how many twosomes are looked into, and how many edges.
const LEAST_AGREEMENT: f32 = 0.45;
const MAX_TWOSOMES: usize = 10;
const MAX_EDGES: usize = 3;
const MAX_ACROSS: usize = 2;
/// How sure the timing pattern between two must be, in deviations.
const LEAST_SURENESS: f32 = 3.2;
/// How far the third may be from where a symbol that is not slanted has it, in sides.
const STRAY: f32 = 0.2;
/// The sizes that its modules may have, as multiples of those of the other two.
const SIZES: [f32; 3] = [0.8, 0.93, 1.08];
/// The least that it must agree, and how many places are looked into.
const LEAST_FAINT: f32 = 0.3;
const MAX_PLACES: usize = 3;
/// How many deviations of a timing pattern a whole agreement is worth.
const AGREEMENT_WORTH: f32 = 6.0;

/// A symbol that two patterns speak for.
pub(crate) struct Completed {
    pub(crate) threesome: Threesome,
    pub(crate) version: u32,
    /// How much speaks for it, in deviations.
    sureness: f32,
}

/// The likeliest symbols by two of `rings`, best first, and at most `count`.
pub(crate) fn completed(picture: &Plane, rings: &[Rings], count: usize) -> Vec<Completed> {
    let strongest = &rings[..rings.len().min(STRONGEST)];
    let mut twosomes: Vec<Twosome> = Vec::new();
    for (first, a) in strongest.iter().enumerate() {
        for b in &strongest[first + 1..] {
            twosomes.extend(Twosome::of(picture, *a, *b));
        }
    }
    twosomes.sort_by(|a, b| b.agreement.total_cmp(&a.agreement));
    twosomes.truncate(MAX_TWOSOMES);
    let mut edges: Vec<Edge> = twosomes.iter().flat_map(|twosome| twosome.edges(picture)).collect();
    edges.sort_by(|a, b| b.sureness.total_cmp(&a.sureness));
    edges.truncate(MAX_EDGES);
    let across = twosomes.iter().filter(|twosome| twosome.lies == Lies::Across);
    let mut found: Vec<Completed> = edges
        .iter()
        .flat_map(|edge| edge.completed(picture))
        .chain(across.take(MAX_ACROSS).flat_map(|twosome| twosome.cornered(picture)))
        .flatten()
        .collect();
    found.sort_by(|a, b| b.sureness.total_cmp(&a.sureness));
    found.truncate(count);
    found
}

/// Two patterns that may be one symbol's.
#[derive(Clone, Copy)]
struct Twosome {
    ends: [End; 2],
    lies: Lies,
    agreement: f32,
}

#[derive(Clone, Copy)]
struct End {
    middle: Point,
    /// Pixels of a module there.
    module: f32,
}

/// How two patterns lie in a symbol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lies {
    /// At both ends of the upper edge or of the left one.
    Along,
    /// At the top right and the bottom left.
    Across,
}

/// Two patterns with a timing pattern between them; the symbol lies to the right of the way from one to the other.
struct Edge {
    ends: [End; 2],
    version: u32,
    sureness: f32,
}

impl Twosome {
    /// As they lie more likely.
    fn of(picture: &Plane, a: Rings, b: Rings) -> Option<Self> {
        let mean = a.module.midpoint(b.module);
        if (a.module / mean - 1.0).abs() > MAX_DIFFERENCE {
            return None;
        }
        [Lies::Along, Lies::Across]
            .into_iter()
            .filter_map(|lies| {
                let axes = lies.axes(between(a.middle, b.middle));
                let sized = [a, b].map(|rings| {
                    let (agreement, module) = best_size(picture, rings.middle, axes, rings.module);
                    (agreement, End { middle: rings.middle, module })
                });
                let [(one, start), (other, end)] = sized;
                (one.min(other) > LEAST_AGREEMENT).then_some(Self {
                    ends: [start, end],
                    lies,
                    agreement: one + other,
                })
            })
            .max_by(|a, b| a.agreement.total_cmp(&b.agreement))
    }

    fn module(&self) -> f32 {
        self.ends[0].module.midpoint(self.ends[1].module)
    }

    /// Versions that symbols may have whose edge is so long in pixels.
    fn versions(&self, edge: f32) -> impl Iterator<Item = u32> + use<> {
        versions_about(f64::from(edge / self.module()) + 7.0)
    }

    fn edges(&self, picture: &Plane) -> Vec<Edge> {
        if self.lies == Lies::Across {
            return Vec::new();
        }
        let [a, b] = self.ends;
        self.versions(length(between(a.middle, b.middle)))
            .flat_map(|version| [([a, b], version), ([b, a], version)])
            .filter_map(|(ends, version)| {
                let [start, end] = ends.map(|end| end.middle);
                let timing = Timing::best(picture, side(version), start, end, beside(ends, 0));
                let sureness = timing.sureness + AGREEMENT_WORTH * self.agreement;
                (timing.sureness > LEAST_SURENESS).then_some(Edge { ends, version, sureness })
            })
            .collect()
    }

    /// With the pattern of the corner between them, on one side or the other.
    fn cornered(&self, picture: &Plane) -> [Option<Completed>; 2] {
        let [a, b] = self.ends;
        [[a, b], [b, a]].map(|[right, left]| {
            // From the middle half as far as between them, and a quarter turn.
            let [x, y] = between(right.middle, left.middle).map(|part| part / 2.0);
            let middle = Point { x: right.middle.x + x - y, y: right.middle.y + y + x };
            let edge = length([x, y]) * std::f32::consts::SQRT_2;
            let axes = self.lies.axes([x, y]);
            let symbols = places(picture, middle, axes, self.module(), edge);
            symbols
                .into_iter()
                .flat_map(|(agreement, corner)| {
                    self.versions(edge).map(move |version| (agreement, corner, version))
                })
                .filter_map(|(agreement, corner, version)| {
                    let side = side(version);
                    let seats = [corner, right, left];
                    let [top_left, top_right, bottom_left] = seats.map(|end| end.middle);
                    let upper = Timing::best(picture, side, top_left, top_right, bottom_left);
                    if upper.sureness < LEAST_SURENESS {
                        return None;
                    }
                    let left = Timing::best(picture, side, top_left, bottom_left, top_right);
                    let sureness = upper.sureness
                        + left.sureness
                        + AGREEMENT_WORTH * (self.agreement + agreement);
                    Some(Completed::new(seats, version, sureness))
                })
                .max_by(|a, b| a.sureness.total_cmp(&b.sureness))
                .map(|completed| completed.centred(picture))
        })
    }
}

impl Lies {
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
    fn completed(&self, picture: &Plane) -> [Option<Completed>; 2] {
        let [start, end] = self.ends;
        let way = between(start.middle, end.middle);
        let axes = Lies::Along.axes(way);
        let module = start.module.midpoint(end.module);
        [0, 1].map(|corner| {
            places(picture, beside(self.ends, corner), axes, module, length(way))
                .into_iter()
                .map(|(agreement, third)| {
                    let (seats, line) = if corner == 0 {
                        ([start, end, third], [start, third, end])
                    } else {
                        ([end, third, start], [end, third, start])
                    };
                    let [from, to, inside] = line.map(|end| end.middle);
                    let timing = Timing::best(picture, side(self.version), from, to, inside);
                    let more = timing.sureness + AGREEMENT_WORTH * agreement;
                    Completed::new(seats, self.version, self.sureness + more)
                })
                .max_by(|a, b| a.sureness.total_cmp(&b.sureness))
                .map(|completed| completed.centred(picture))
        })
    }
}

impl Completed {
    fn new(seats: [End; 3], version: u32, sureness: f32) -> Self {
        let threesome = Threesome::new(seats.map(|end| end.middle), seats.map(|end| end.module));
        Self { threesome, version, sureness }
    }

    fn centred(self, picture: &Plane) -> Self {
        Self { threesome: self.threesome.centred(picture, 1.0), ..self }
    }
}

/// The places about `expected` that are likest to a finder pattern with these axes, and how much they agree. `module`
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
                let agreement = agreement(picture, middle, right, down);
                if agreement > LEAST_FAINT {
                    found.push((agreement, End { middle, module: size * module }));
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
