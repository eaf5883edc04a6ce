//! One picture of a located symbol to how sure each module is.
//!
//! A module's pixels hold light of its neighbours, since lenses and hands are not still. How much, the modules tell that
//! are the same in every symbol: a linear equaliser is fitted to them, and what it leaves unexplained is the noise that
//! confidences are measured by (minimum mean square error estimation).

use crate::grid::Grid;
use crate::layout::Layout;
use crate::linear::solved;
use crate::matching::level;
use crate::plane::Plane;
use crate::soft::Confidences;

/// Modules are compared with the mean of their surroundings up to so many modules away.
const SURROUNDINGS: usize = 4;
/// Levels above this are glare or paper that the camera cannot tell from it.
const SATURATED: f32 = 252.0;
/// The most confidence that one picture gives to a module: what deceives one picture must not outweigh all others.
const MAX_CONFIDENCE: f32 = 6.0;
/// The least share of the variance that is noise: nothing is fitted better than this.
const MIN_NOISE: f64 = 0.03;
/// How much the weights are held back, in parts of what the known modules say.
const RIDGE: f64 = 0.002;
/// Inputs of the equaliser: a module, its neighbours in a row, in a column and on both diagonals, and 1.
const INPUTS: usize = 6;

/// What one picture says of a symbol.
#[derive(Clone, Debug)]
pub(crate) struct Evidence {
    pub(crate) confidences: Confidences,
    /// The share of the variance of fixed modules that is not explained, from 0 to 1: 1 is no symbol at all.
    pub(crate) noise: f64,
}

/// Weighs the modules of a symbol at `grid`. `known` tells of each module whether it is known to be
/// dark (1) or light (-1) or neither (0).
pub(crate) fn weigh(picture: &Plane, layout: &Layout, grid: &Grid, known: &[f32]) -> Evidence {
    let side = layout.side();
    let darkness = levelled(&sampled(picture, grid, side), side);
    let equaliser = Equaliser::fitted(&darkness, side, known);
    let values = (0..side * side)
        .map(|index| {
            if darkness[index] == 0.0 {
                return 0.0;
            }
            // The estimate is of a mean of 1 - noise with a variance of noise (1 - noise).
            let odds = 2.0 * equaliser.estimate(&darkness, side, index) / equaliser.noise;
            (odds as f32).clamp(-MAX_CONFIDENCE, MAX_CONFIDENCE)
        })
        .collect();
    Evidence { confidences: Confidences::new(side, values), noise: equaliser.noise }
}

/// What makes darkness of modules from that of their pixels.
struct Equaliser {
    weights: [f64; INPUTS],
    /// The mean square of what is left.
    noise: f64,
}

impl Equaliser {
    /// By least squares over the known modules.
    fn fitted(darkness: &[f64], side: usize, known: &[f32]) -> Self {
        let known = || known.iter().enumerate().filter(|(_, known)| **known != 0.0);
        let mut sums = [[0.0; INPUTS + 1]; INPUTS];
        let mut count = 0.0;
        for (index, &target) in known() {
            let inputs = inputs(darkness, side, index);
            for (row, a) in sums.iter_mut().zip(inputs) {
                for (sum, b) in row.iter_mut().zip(inputs.iter().chain([&target.into()])) {
                    *sum += a * b;
                }
            }
            count += 1.0;
        }
        for (index, row) in sums.iter_mut().enumerate() {
            row[index] += RIDGE * count;
        }
        let weights = solved(sums).map_or([0.0; INPUTS], |rows| rows.map(|row| row[INPUTS]));
        let mut equaliser = Self { weights, noise: 1.0 };
        let left: f64 = known()
            .map(|(index, &target)| {
                (equaliser.estimate(darkness, side, index) - f64::from(target)).powi(2)
            })
            .sum();
        equaliser.noise = (left / f64::max(count - INPUTS as f64, 1.0)).clamp(MIN_NOISE, 1.0);
        equaliser
    }

    fn estimate(&self, darkness: &[f64], side: usize, index: usize) -> f64 {
        inputs(darkness, side, index)
            .iter()
            .zip(self.weights)
            .map(|(input, weight)| input * weight)
            .sum()
    }
}

/// The level of each module, as a mean over its middle; not a number where it is saturated.
fn sampled(picture: &Plane, grid: &Grid, side: usize) -> Vec<f32> {
    const OFF: f64 = 0.2;
    let mut levels = Vec::with_capacity(side * side);
    for y in 0..side {
        for x in 0..side {
            let (u, v) = (x as f64 + 0.5, y as f64 + 0.5);
            let places = [(u - OFF, v), (u + OFF, v), (u, v - OFF), (u, v + OFF)];
            let sum: f32 = places
                .iter()
                .map(|&(u, v)| {
                    let place = grid.place(u, v);
                    level(picture, place.x, place.y)
                })
                .sum();
            let mean = sum / 4.0;
            levels.push(if mean > SATURATED { f32::NAN } else { mean });
        }
    }
    levels
}

/// How much darker each module is than its surroundings, in deviations of the symbol as a whole, so that places without
/// contrast stay near 0; 0 where it is saturated.
fn levelled(levels: &[f32], side: usize) -> Vec<f64> {
    // Sums and counts over everything above and to the left.
    let mut sums = vec![[0.0_f64; 2]; (side + 1) * (side + 1)];
    for y in 0..side {
        for x in 0..side {
            let level = levels[y * side + x];
            let own = if level.is_nan() { [0.0; 2] } else { [f64::from(level), 1.0] };
            let at = |x: usize, y: usize| sums[y * (side + 1) + x];
            let sum = [0, 1]
                .map(|part| own[part] + at(x, y + 1)[part] + at(x + 1, y)[part] - at(x, y)[part]);
            sums[(y + 1) * (side + 1) + x + 1] = sum;
        }
    }
    let mut darkness: Vec<f64> = (0..side * side)
        .map(|index| {
            if levels[index].is_nan() {
                return 0.0;
            }
            let range = |middle: usize| {
                (middle.saturating_sub(SURROUNDINGS), (middle + SURROUNDINGS + 1).min(side))
            };
            let ((left, right), (top, bottom)) = (range(index % side), range(index / side));
            let at = |x: usize, y: usize| sums[y * (side + 1) + x];
            let [sum, count] = [0, 1].map(|part| {
                at(right, bottom)[part] + at(left, top)[part]
                    - at(left, bottom)[part]
                    - at(right, top)[part]
            });
            sum / count - f64::from(levels[index])
        })
        .collect();
    let deviation = (darkness.iter().map(|it| it * it).sum::<f64>() / darkness.len() as f64).sqrt();
    if deviation > 0.0 {
        darkness.iter_mut().for_each(|it| *it /= deviation);
    }
    darkness
}

fn inputs(darkness: &[f64], side: usize, index: usize) -> [f64; INPUTS] {
    let (x, y) = ((index % side) as isize, (index / side) as isize);
    let at = |dx: isize, dy: isize| {
        let (x, y) = (x + dx, y + dy);
        let inside = (0..side as isize).contains(&x) && (0..side as isize).contains(&y);
        // The quiet zone is light.
        if inside { darkness[y as usize * side + x as usize] } else { -1.0 }
    };
    [
        at(0, 0),
        at(-1, 0) + at(1, 0),
        at(0, -1) + at(0, 1),
        at(-1, -1) + at(1, 1),
        at(1, -1) + at(-1, 1),
        1.0,
    ]
}
