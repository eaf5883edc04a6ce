//! Three finder patterns that lie like one symbol's, in grey levels.

use crate::matching::level;
use crate::plane::Plane;
use crate::rings::Rings;
use crate::symbol::Point;

/// The least sum of the agreements of three finder patterns, each up to 1.
const LEAST_AGREEMENT: f32 = 1.3;
/// Sides of symbols between the middles of finder patterns, in modules, with room for a wrong estimate.
const SIDES: std::ops::Range<f32> = 12.0..190.0;

/// Three finder patterns that could be one symbol's.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Threesome {
    /// The middles of the top left, the top right and the bottom left one.
    pub(crate) finders: [Point; 3],
    /// Pixels of a module.
    module: f32,
    /// The sum of their agreements.
    pub(crate) agreement: f32,
}

impl Threesome {
    /// The likeliest of all that `rings` make, best first, and at most `count`.
    pub(crate) fn likeliest(picture: &Plane, rings: &[Rings], count: usize) -> Vec<Self> {
        let mut found = Vec::new();
        for (first, a) in rings.iter().enumerate() {
            for (second, b) in rings.iter().enumerate().skip(first + 1) {
                let rest = rings.iter().skip(second + 1);
                found.extend(rest.filter_map(|c| Self::of(picture, [*a, *b, *c])));
            }
        }
        found.sort_by(|a, b| b.agreement.total_cmp(&a.agreement));
        found.truncate(count);
        found.into_iter().map(|threesome| threesome.centred(picture, 1.0)).collect()
    }

    /// Those that lie nearly as `before`, of which one pattern may be out of sight; best first, and at most `count`.
    pub(crate) fn again(
        picture: &Plane,
        before: &[Point; 3],
        module: f32,
        rings: &[Rings],
        count: usize,
    ) -> Vec<Self> {
        let mut found = Vec::new();
        for a in rings {
            for b in rings {
                for (first, second) in [(0, 1), (0, 2), (1, 2)] {
                    let Some(finders) = moved(before, (first, a.middle), (second, b.middle)) else {
                        continue;
                    };
                    let guess = Self { finders, module, agreement: 0.0 }.measured(picture);
                    if guess.agreement > LEAST_AGREEMENT * 0.7 {
                        found.push(guess);
                    }
                }
            }
        }
        found.sort_by(|a: &Self, b| b.agreement.total_cmp(&a.agreement));
        found.truncate(count);
        found.into_iter().map(|threesome| threesome.centred(picture, 2.0)).collect()
    }

    /// Modules of a side, by distances and sizes.
    pub(crate) fn side(&self) -> f64 {
        let [right, down] = self.sides();
        f64::from((length(right) + length(down)) / 2.0 / self.module) + 7.0
    }

    fn of(picture: &Plane, [a, b, c]: [Rings; 3]) -> Option<Self> {
        let module = (a.module + b.module + c.module) / 3.0;
        if ![a, b, c].iter().all(|rings| (rings.module / module - 1.0).abs() < 0.3) {
            return None;
        }
        let [a, b, c] = [a, b, c].map(|rings| rings.middle);
        // The top left pattern is the one across from the longest side.
        let apart = |a: Point, b: Point| length(between(a, b));
        let (longest, top_left, right, left) =
            [(apart(b, c), a, b, c), (apart(a, c), b, a, c), (apart(a, b), c, a, b)]
                .into_iter()
                .max_by(|(a, ..), (b, ..)| a.total_cmp(b))?;
        let turn = cross(between(top_left, right), between(top_left, left));
        let finders = if turn > 0.0 { [top_left, right, left] } else { [top_left, left, right] };
        let [upper, leftmost] = [1, 2].map(|index| apart(top_left, finders[index]));
        let is_straight =
            longest < 1.35 * upper.hypot(leftmost) && turn.abs() > 0.75 * upper * leftmost;
        let is_even = upper.max(leftmost) < 1.6 * upper.min(leftmost);
        let is_sized = [upper, leftmost].iter().all(|side| SIDES.contains(&(side / module)));
        if !(is_straight && is_even && is_sized) {
            return None;
        }
        // Rings are measured in coarse steps of size.
        let best = [0.86, 0.93, 1.0, 1.07, 1.15]
            .map(|factor| {
                Self { finders, module: module * factor, agreement: 0.0 }.measured(picture)
            })
            .into_iter()
            .max_by(|a, b| a.agreement.total_cmp(&b.agreement))?;
        (best.agreement > LEAST_AGREEMENT).then_some(best)
    }

    fn sides(&self) -> [[f32; 2]; 2] {
        let [top_left, top_right, bottom_left] = self.finders;
        [between(top_left, top_right), between(top_left, bottom_left)]
    }

    /// One module to the right and one down, in pixels.
    fn steps(&self) -> [[f32; 2]; 2] {
        self.sides().map(|side| side.map(|part| part / length(side) * self.module))
    }

    fn measured(self, picture: &Plane) -> Self {
        let [right, down] = self.steps();
        let agreement =
            self.finders.iter().map(|&finder| agreement(picture, finder, right, down)).sum();
        Self { agreement, ..self }
    }

    /// With each pattern where it agrees best within `reach` modules.
    fn centred(self, picture: &Plane, reach: f32) -> Self {
        const STEP: f32 = 0.25;
        let [right, down] = self.steps();
        let steps = (reach / STEP) as i32;
        let finders = self.finders.map(|finder| {
            let mut best = (f32::MIN, finder);
            for row in -steps..=steps {
                for column in -steps..=steps {
                    let (u, v) = (column as f32 * STEP, row as f32 * STEP);
                    let there = Point {
                        x: finder.x + u * right[0] + v * down[0],
                        y: finder.y + u * right[1] + v * down[1],
                    };
                    let agreement = agreement(picture, there, right, down);
                    if agreement > best.0 {
                        best = (agreement, there);
                    }
                }
            }
            // What is out of sight stays where it is thought to be.
            if best.0 > 0.4 { best.1 } else { finder }
        });
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

/// How well levels go with a finder pattern, as a correlation.
fn agreement(picture: &Plane, middle: Point, right: [f32; 2], down: [f32; 2]) -> f32 {
    let (mut product, mut sum, mut squares, mut balance, mut count) = (0.0, 0.0, 0.0, 0.0, 0.0_f32);
    for row in -3..=3_i32 {
        for column in -3..=3_i32 {
            let (u, v) = (column as f32, row as f32);
            let x = middle.x + u * right[0] + v * down[0];
            let y = middle.y + u * right[1] + v * down[1];
            let darkness = -level(picture, x, y);
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

fn between(from: Point, to: Point) -> [f32; 2] {
    [to.x - from.x, to.y - from.y]
}

fn length([x, y]: [f32; 2]) -> f32 {
    x.hypot(y)
}

fn cross(a: [f32; 2], b: [f32; 2]) -> f32 {
    a[0] * b[1] - a[1] * b[0]
}
