//! Three finder patterns that lie like one symbol's, in grey levels.

use crate::finder_correlation::FinderCandidate;
use crate::matching::level;
use crate::plane::Plane;
use crate::symbol::Point;

/// The least sum of the correlations of three finder patterns, each up to 1.
const LEAST_CORRELATION: f32 = 1.3;
/// The part of the best correlation that is as good as it.
const AS_GOOD: f32 = 0.99;
/// Sides of symbols between the middles of finder patterns, in modules, with room for a wrong estimate.
const SIDES: std::ops::Range<f32> = 12.0..190.0;

/// Three finder patterns that could be one symbol's.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FinderTriple {
    /// The middles of the top left, the top right and the bottom left one.
    pub(crate) finders: [Point; 3],
    /// Pixels of a module at each of them.
    modules: [f32; 3],
    /// The sum of their correlations.
    pub(crate) correlation: f32,
}

impl FinderTriple {
    /// The likeliest of all that `candidates` make, best first, and at most `count`.
    pub(crate) fn likeliest(
        picture: &Plane,
        candidates: &[FinderCandidate],
        count: usize,
    ) -> Vec<Self> {
        let mut found = Vec::new();
        for (first, a) in candidates.iter().enumerate() {
            for (second, b) in candidates.iter().enumerate().skip(first + 1) {
                let rest = candidates.iter().skip(second + 1);
                found.extend(rest.filter_map(|c| Self::of(picture, [*a, *b, *c])));
            }
        }
        found.sort_by(|a, b| b.correlation.total_cmp(&a.correlation));
        found.truncate(count);
        found.into_iter().map(|triple| triple.centred(picture, 1.0)).collect()
    }

    /// Of patterns with these middles and pixels of a module, which are not looked at.
    pub(crate) fn new(finders: [Point; 3], modules: [f32; 3]) -> Self {
        Self { finders, modules, correlation: 0.0 }
    }

    /// Those that lie nearly as `before`, of which one pattern may be out of view; best first, and at most `count`.
    pub(crate) fn again(
        picture: &Plane,
        before: &[Point; 3],
        modules: [f32; 3],
        candidates: &[FinderCandidate],
        count: usize,
    ) -> Vec<Self> {
        let mut found = Vec::new();
        for a in candidates {
            for b in candidates {
                for (first, second) in [(0, 1), (0, 2), (1, 2)] {
                    let Some(finders) = moved(before, (first, a.middle), (second, b.middle)) else {
                        continue;
                    };
                    let guess = Self::new(finders, modules).measured(picture);
                    if guess.correlation > LEAST_CORRELATION * 0.7 {
                        found.push(guess);
                    }
                }
            }
        }
        found.sort_by(|a: &Self, b| b.correlation.total_cmp(&a.correlation));
        found.truncate(count);
        found.into_iter().map(|triple| triple.centred(picture, 2.0)).collect()
    }

    /// Modules of a side, by distances and sizes.
    pub(crate) fn side(&self) -> f64 {
        let [right, down] = self.sides();
        let [corner, right_module, down_module] = self.modules;
        let between = |side, module: f32| length(side) / corner.midpoint(module);
        f64::from(between(right, right_module).midpoint(between(down, down_module))) + 7.0
    }

    fn of(picture: &Plane, [a, b, c]: [FinderCandidate; 3]) -> Option<Self> {
        let module = (a.module + b.module + c.module) / 3.0;
        if ![a, b, c].iter().all(|candidate| (candidate.module / module - 1.0).abs() < 0.3) {
            return None;
        }
        // The top left pattern is the one across from the longest side.
        let apart = |a: FinderCandidate, b: FinderCandidate| length(between(a.middle, b.middle));
        let (longest, top_left, right, left) =
            [(apart(b, c), a, b, c), (apart(a, c), b, a, c), (apart(a, b), c, a, b)]
                .into_iter()
                .max_by(|(a, ..), (b, ..)| a.total_cmp(b))?;
        let to = |other: FinderCandidate| between(top_left.middle, other.middle);
        let turn = cross(to(right), to(left));
        let candidates = if turn > 0.0 { [top_left, right, left] } else { [top_left, left, right] };
        let [upper, leftmost] = [1, 2].map(|index| apart(top_left, candidates[index]));
        let is_straight =
            longest < 1.35 * upper.hypot(leftmost) && turn.abs() > 0.75 * upper * leftmost;
        let is_even = upper.max(leftmost) < 1.6 * upper.min(leftmost);
        let is_sized = [upper, leftmost].iter().all(|side| SIDES.contains(&(side / module)));
        if !(is_straight && is_even && is_sized) {
            return None;
        }
        let finders = candidates.map(|candidate| candidate.middle);
        let best = Self::new(finders, candidates.map(|candidate| candidate.module)).sized(picture);
        (best.correlation > LEAST_CORRELATION).then_some(best)
    }

    /// With modules of the size at each pattern by which it correlates best.
    fn sized(self, picture: &Plane) -> Self {
        let axes = self.steps(1.0);
        let mut sized = Self { correlation: 0.0, ..self };
        for (&finder, module) in self.finders.iter().zip(&mut sized.modules) {
            let (correlation, best) = best_size(picture, finder, axes, *module);
            sized.correlation += correlation;
            *module = best;
        }
        sized
    }

    fn sides(&self) -> [[f32; 2]; 2] {
        let [top_left, top_right, bottom_left] = self.finders;
        [between(top_left, top_right), between(top_left, bottom_left)]
    }

    /// One module of this size to the right and one down, in pixels.
    fn steps(&self, module: f32) -> [[f32; 2]; 2] {
        self.sides().map(|side| side.map(|part| part / length(side) * module))
    }

    fn measured(self, picture: &Plane) -> Self {
        let correlations = self.finders.iter().zip(self.modules).map(|(&finder, module)| {
            let [right, down] = self.steps(module);
            correlation(picture, finder, right, down)
        });
        Self { correlation: correlations.sum(), ..self }
    }

    /// With each pattern where it correlates best within `reach` modules.
    pub(crate) fn centred(self, picture: &Plane, reach: f32) -> Self {
        const STEP: f32 = 0.25;
        let steps = (reach / STEP) as i32;
        let mut finders = self.finders;
        for (finder, module) in finders.iter_mut().zip(self.modules) {
            let [right, down] = self.steps(module);
            let mut places = Vec::new();
            for row in -steps..=steps {
                for column in -steps..=steps {
                    let (u, v) = (column as f32 * STEP, row as f32 * STEP);
                    let there = stepped(*finder, [u, v], [right, down]);
                    places.push((correlation(picture, there, right, down), there));
                }
            }
            let most = places.iter().map(|(correlation, _)| *correlation).fold(0.0, f32::max);
            // What is out of view stays where it is thought to be.
            if most > 0.4 {
                // In a sharp picture many places are as good, and the middle of them is meant.
                let as_good: Vec<Point> = places
                    .into_iter()
                    .filter_map(|(correlation, there)| {
                        (correlation >= AS_GOOD * most).then_some(there)
                    })
                    .collect();
                let mean = |part: fn(&Point) -> f32| {
                    as_good.iter().map(part).sum::<f32>() / as_good.len() as f32
                };
                *finder = Point { x: mean(|there| there.x), y: mean(|there| there.y) };
            }
        }
        Self { finders, ..self }.measured(picture)
    }
}

/// Where three finder patterns are if two of them went to new places, unless these are too far away or turned.
fn moved(before: &[Point; 3], first: (usize, Point), second: (usize, Point)) -> Option<[Point; 3]> {
    const MAX_TURN: f32 = 0.2;
    const MAX_GROWTH: f32 = 0.2;
    let was = between(before[first.0], before[second.0]);
    let is = between(first.1, second.1);
    let square = was[0] * was[0] + was[1] * was[1];
    // A turn and growth as a complex number.
    let cos = (was[0] * is[0] + was[1] * is[1]) / square;
    let sin = cross(was, is) / square;
    let way = length(between(before[first.0], first.1));
    if (cos - 1.0).abs() > MAX_GROWTH || sin.abs() > MAX_TURN || way > 0.4 * square.sqrt() {
        return None;
    }
    Some(before.map(|point| {
        let from = between(before[first.0], point);
        Point {
            x: first.1.x + cos * from[0] - sin * from[1],
            y: first.1.y + sin * from[0] + cos * from[1],
        }
    }))
}

/// The correlation of a finder pattern, and the size of its modules at which it is highest: candidates are measured in
/// coarse steps of size. The
/// axes have length 1.
pub(crate) fn best_size(
    picture: &Plane,
    middle: Point,
    axes: [[f32; 2]; 2],
    module: f32,
) -> (f32, f32) {
    [0.86, 0.93, 1.0, 1.07, 1.15].map(|factor| factor * module).into_iter().fold(
        (f32::MIN, module),
        |best, module| {
            let [right, down] = axes.map(|axis| axis.map(|part| part * module));
            let correlation = correlation(picture, middle, right, down);
            if correlation > best.0 { (correlation, module) } else { best }
        },
    )
}

/// How well levels go with a finder pattern, as a correlation.
pub(crate) fn correlation(picture: &Plane, middle: Point, right: [f32; 2], down: [f32; 2]) -> f32 {
    let (mut product, mut sum, mut squares, mut balance, mut count) = (0.0, 0.0, 0.0, 0.0, 0.0_f32);
    for row in -3..=3_i32 {
        for column in -3..=3_i32 {
            let (u, v) = (column as f32, row as f32);
            let there = stepped(middle, [u, v], [right, down]);
            let darkness = -level(picture, there.x, there.y);
            let dark = if row.abs().max(column.abs()) == 2 { -1.0 } else { 1.0 };
            product += darkness * dark;
            sum += darkness;
            squares += darkness * darkness;
            balance += dark;
            count += 1.0;
        }
    }
    let variance = squares - sum * sum / count;
    let template = count - balance * balance / count;
    if variance < 1.0 {
        0.0
    } else {
        (product - sum * balance / count) / (variance * template).sqrt()
    }
}

/// So many steps from a place, each as long as its axis.
pub(crate) fn stepped(from: Point, [u, v]: [f32; 2], [right, down]: [[f32; 2]; 2]) -> Point {
    Point { x: from.x + u * right[0] + v * down[0], y: from.y + u * right[1] + v * down[1] }
}

pub(crate) fn between(from: Point, to: Point) -> [f32; 2] {
    [to.x - from.x, to.y - from.y]
}

pub(crate) fn length([x, y]: [f32; 2]) -> f32 {
    x.hypot(y)
}

fn cross(a: [f32; 2], b: [f32; 2]) -> f32 {
    a[0] * b[1] - a[1] * b[0]
}
