//! One picture of a located symbol, sampled module by module: its levels without shade, and its point-spread function,
//! which is how light spreads from module to module.

use crate::grid::Grid;
use crate::linear::solved;
use crate::matching::level;
use crate::plane::Plane;

/// The point-spread radius: how far blur carries light, in modules; the side of that square, and its modules.
pub(crate) const PSF_RADIUS: usize = 2;
pub(crate) const PSF_SIDE: usize = 2 * PSF_RADIUS + 1;
pub(crate) const PSF_TAPS: usize = PSF_SIDE * PSF_SIDE;
/// Levels above this are glare, or white paper in too much light.
const SATURATED: f32 = 252.0;
/// The side of the least square without any ink that is glare, in modules: masks keep data from having such.
const GLARE: usize = 5;
/// How far around a module its light, its contrast and its noise are measured, in modules.
const SHADE_REACH: usize = 2;
const CONTRAST_REACH: usize = 4;
const NOISE_REACH: usize = 2;
/// The weight of the whole symbol's contrast as a prior for that of a place, as a variance of what is expected.
const CONTRAST_PRIOR: f32 = 0.3;
/// The least and the most contrast of a place, in parts of that of the whole.
const CONTRASTS: [f32; 2] = [0.2, 2.0];
/// The blur that is expected, along one direction, and how many modules' worth that counts.
const EXPECTED: [f64; PSF_SIDE] = [0.03, 0.22, 0.85, 0.22, 0.03];
const STIFFNESS: f64 = 12.0;
/// The least share of the variance that is noise: nothing is fitted better than this.
const MIN_NOISE: f64 = 0.03;
/// How many modules of a pattern must be seen to speak against it, and the least correlation with it then.
const LEAST_SEEN: f32 = 16.0;
const LEAST_CORRELATION: f32 = 0.2;
/// The least that a module must count to be looked at.
const LEAST_WEIGHT: f32 = 0.02;

/// A point-spread function: what the modules around one add to its darkness.
#[derive(Clone, Debug)]
pub(crate) struct PointSpread {
    pub(crate) taps: [f32; PSF_TAPS],
    /// The mean square of what they leave unexplained.
    pub(crate) noise: f32,
}

/// The darkness of modules in one picture, of the symbol and [`PSF_RADIUS`] modules around it.
pub(crate) struct ModuleSamples {
    side: usize,
    /// As the pixels are; not a number where the picture does not show the module.
    levels: Vec<f32>,
    /// Without shade, where the symbol's own contrast is 1.
    darkness: Vec<f32>,
    contrast: Vec<f32>,
    /// How much darkness says, up to 1; 0 where it is not known.
    weights: Vec<f32>,
}

impl ModuleSamples {
    pub(crate) fn of(picture: &Plane, grid: &Grid) -> Self {
        let side = grid.side();
        let count = (side + 2 * PSF_RADIUS).pow(2);
        let mut samples = Self {
            side,
            levels: sampled(picture, grid),
            darkness: vec![0.0; count],
            contrast: vec![1.0; count],
            weights: vec![0.0; count],
        };
        samples.level(&vec![0.0; count]);
        samples
    }

    pub(crate) fn side(&self) -> usize {
        self.side
    }

    /// The correlation of darkness with that of modules: dark (1), light (-1), or not looked at (0).
    pub(crate) fn correlation(&self, modules: &[f32]) -> f32 {
        let (mut product, mut squares, mut count) = (0.0, 0.0, 0.0);
        for (index, &dark) in modules.iter().enumerate() {
            let place = self.place(index % self.side, index / self.side);
            let weight = self.weights[place] * dark * dark;
            product += weight * self.darkness[place] * dark;
            squares += weight * self.darkness[place] * self.darkness[place];
            count += weight;
        }
        if squares * count > 0.0 { product / (squares * count).sqrt() } else { 0.0 }
    }

    /// Whether modules, dark (1) or light (-1), are to be seen and are not as they should be.
    pub(crate) fn contradicts(&self, modules: &[f32]) -> bool {
        let seen: f32 = modules
            .iter()
            .enumerate()
            .map(|(index, dark)| {
                dark * dark * self.weights[self.place(index % self.side, index / self.side)]
            })
            .sum();
        seen > LEAST_SEEN && self.correlation(modules) < LEAST_CORRELATION
    }

    /// Takes shade and differences of contrast off, as far as modules that are `likely` dark (1) or light (-1) tell
    /// them from ink.
    pub(crate) fn relight(&mut self, likely: &[f32], blur: &PointSpread) {
        let wide = self.wide();
        let padded = Padded::of(self.side, likely);
        let expected: Vec<f32> = (0..wide * wide)
            .map(|place| {
                let rows = blur.taps.chunks_exact(PSF_SIDE).enumerate();
                rows.map(|(dy, taps)| {
                    let modules = padded.row(place % wide, place / wide + dy);
                    taps.iter().zip(modules).map(|(tap, module)| tap * module).sum::<f32>()
                })
                .sum()
            })
            .collect();
        self.level(&expected);
    }

    /// The point-spread function, by least squares; each module counts by how `likely` it is dark (1) or light (-1).
    pub(crate) fn blur(&self, likely: &[f32]) -> PointSpread {
        let (wide, padded) = (self.wide(), Padded::of(self.side, likely));
        let mut products = [[0.0_f32; PSF_TAPS]; PSF_TAPS];
        let mut equations = [[0.0_f64; PSF_TAPS + 1]; PSF_TAPS];
        let (mut squares, mut count) = (0.0, 0.0);
        let mut inputs = [0.0_f32; PSF_TAPS];
        for place in 0..wide * wide {
            for (dy, row) in inputs.chunks_exact_mut(PSF_SIDE).enumerate() {
                row.copy_from_slice(padded.row(place % wide, place / wide + dy));
            }
            let (contrast, centre) = (self.contrast[place], inputs[PSF_TAPS / 2]);
            let weight = centre * centre * self.weights[place] * contrast * contrast;
            if weight < LEAST_WEIGHT {
                continue;
            }
            let darkness = self.darkness[place] / contrast;
            for (index, row) in products.iter_mut().enumerate() {
                let a = weight * inputs[index];
                row.iter_mut().zip(&inputs).for_each(|(sum, b)| *sum += a * b);
                // What a module may be beside what it is likely to be.
                let open = weight * (1.0 - inputs[index] * inputs[index]);
                equations[index][index] += f64::from(open);
                equations[index][PSF_TAPS] += f64::from(a * darkness);
            }
            squares += f64::from(weight * darkness * darkness);
            count += f64::from(weight);
        }
        for (row, products) in equations.iter_mut().zip(&products) {
            row.iter_mut().zip(products).for_each(|(sum, &product)| *sum += f64::from(product));
        }
        let taps = fitted(&equations);
        let explained: f64 = equations
            .iter()
            .zip(&taps)
            .map(|(row, a)| {
                let others: f64 = row.iter().zip(&taps).map(|(sum, b)| sum * b).sum();
                a * (2.0 * row[PSF_TAPS] - others)
            })
            .sum();
        let noise = (squares - explained) / f64::max(count - PSF_TAPS as f64, 1.0);
        PointSpread { taps: taps.map(|tap| tap as f32), noise: noise.clamp(MIN_NOISE, 1.0) as f32 }
    }

    /// The matched filter of a module: the darkness of all places that it shines on, and how much of that is shown.
    pub(crate) fn matched(&self, x: usize, y: usize, blur: &PointSpread) -> (f32, f32) {
        let wide = self.wide();
        let (mut sum, mut shown) = (0.0, 0.0);
        for (tap, value) in blur.taps.iter().enumerate() {
            // It lies in the point spread of its neighbours as they lie in its, seen from the other end.
            let place =
                (y + 2 * PSF_RADIUS - tap / PSF_SIDE) * wide + x + 2 * PSF_RADIUS - tap % PSF_SIDE;
            let part = value * self.contrast[place] * self.weights[place];
            sum += part * self.darkness[place];
            shown += part * self.contrast[place] * value;
        }
        (sum, shown)
    }

    fn wide(&self) -> usize {
        self.side + 2 * PSF_RADIUS
    }

    fn place(&self, x: usize, y: usize) -> usize {
        (y + PSF_RADIUS) * self.wide() + x + PSF_RADIUS
    }

    /// Darkness, contrast and weights from levels, where darkness should be as `expected` but for noise: around each
    /// place, levels are a line over what is expected.
    fn level(&mut self, expected: &[f32]) {
        let (wide, levels) = (self.wide(), &self.levels);
        let shown = |place: usize| if levels[place].is_nan() { 0.0 } else { 1.0 };
        let dark = |place: usize| if levels[place].is_nan() { 0.0 } else { -levels[place] };
        let counts = SummedAreaTable::of(wide, shown);
        let darks = SummedAreaTable::of(wide, dark);
        let expects = SummedAreaTable::of(wide, |place| shown(place) * expected[place]);
        let products = SummedAreaTable::of(wide, |place| dark(place) * expected[place]);
        let squares =
            SummedAreaTable::of(wide, |place| shown(place) * expected[place] * expected[place]);
        let means = |place: usize, reach: usize| {
            let count = counts.around(place, reach).max(1.0);
            (darks.around(place, reach) / count, expects.around(place, reach) / count)
        };
        let spreads = |place: usize, reach: usize| {
            let count = counts.around(place, reach).max(1.0);
            let (dark, expect) = means(place, reach);
            let product = products.around(place, reach) / count - dark * expect;
            (product, squares.around(place, reach) / count - expect * expect)
        };
        let (product, square) = spreads(wide * wide / 2, wide);
        // Before anything is expected, what differs from its surroundings is all there is to go by.
        let usual = if square > 1e-6 { Some((product / square).max(1e-3)) } else { None };
        let mut left = vec![0.0; wide * wide];
        for place in 0..wide * wide {
            let shade_reach = if usual.is_some() { SHADE_REACH } else { CONTRAST_REACH };
            let (dark_around, expected_around) = means(place, shade_reach);
            let contrast = usual.map_or(0.0, |usual| {
                let (product, square) = spreads(place, CONTRAST_REACH);
                let [least, most] = CONTRASTS.map(|part| part * usual);
                ((product + usual * CONTRAST_PRIOR) / (square + CONTRAST_PRIOR)).clamp(least, most)
            });
            self.contrast[place] = contrast;
            self.darkness[place] = dark(place) - dark_around + contrast * expected_around;
            left[place] =
                shown(place) * (self.darkness[place] - contrast * expected[place]).powi(2);
        }
        let left = SummedAreaTable::of(wide, |place| left[place]);
        let noise = |place: usize| {
            left.around(place, NOISE_REACH) / counts.around(place, NOISE_REACH).max(1.0)
        };
        let noises: Vec<f32> = (0..wide * wide).map(noise).collect();
        let mut sorted = noises.clone();
        let (_, &mut median, _) = sorted.select_nth_unstable_by(wide * wide / 2, f32::total_cmp);
        // Below a rounding error there is no noise.
        let median = median.max(0.25);
        let unit = usual.unwrap_or(median.sqrt());
        for place in 0..wide * wide {
            // Where nothing is shown, rounding may leave less than no noise.
            let noise = noises[place].max(median);
            self.weights[place] = if levels[place].is_nan() { 0.0 } else { median / noise };
            self.darkness[place] /= unit;
            self.contrast[place] = if usual.is_some() { self.contrast[place] / unit } else { 1.0 };
        }
    }
}

/// Modules with light ones around them, as far as the point spread goes.
struct Padded {
    wide: usize,
    modules: Vec<f32>,
}

impl Padded {
    fn of(side: usize, modules: &[f32]) -> Self {
        let wide = side + 4 * PSF_RADIUS;
        let mut padded = vec![-1.0; wide * wide];
        for (row, modules) in modules.chunks_exact(side).enumerate() {
            let start = (row + 2 * PSF_RADIUS) * wide + 2 * PSF_RADIUS;
            padded[start..start + side].copy_from_slice(modules);
        }
        Self { wide, modules: padded }
    }

    /// The modules that shine on a place of the samples, in one row.
    fn row(&self, x: usize, y: usize) -> &[f32] {
        &self.modules[y * self.wide + x..y * self.wide + x + PSF_SIDE]
    }
}

/// The solution of the normal equations, regularised towards what is expected.
fn fitted(equations: &[[f64; PSF_TAPS + 1]; PSF_TAPS]) -> [f64; PSF_TAPS] {
    let expected: [f64; PSF_TAPS] =
        std::array::from_fn(|tap| EXPECTED[tap % PSF_SIDE] * EXPECTED[tap / PSF_SIDE]);
    let mut held = *equations;
    for (index, row) in held.iter_mut().enumerate() {
        row[index] += STIFFNESS;
        row[PSF_TAPS] += STIFFNESS * expected[index];
    }
    solved(held).map_or(expected, |rows| rows.map(|row| row[PSF_TAPS]))
}

/// The level of each module and of those around the symbol, as a mean over its middle.
fn sampled(picture: &Plane, grid: &Grid) -> Vec<f32> {
    const OFF: f64 = 0.25;
    let wide = grid.side() + 2 * PSF_RADIUS;
    let middle = |index: usize| index as f64 + 0.5 - PSF_RADIUS as f64;
    let places = (0..wide * wide).map(|place| (middle(place % wide), middle(place / wide)));
    let mut levels: Vec<f32> = places
        .map(|(u, v)| {
            let parts = [(-OFF, -OFF), (OFF, -OFF), (-OFF, OFF), (OFF, OFF)];
            let sum: f32 = parts
                .iter()
                .map(|(du, dv)| {
                    let place = grid.place(u + du, v + dv);
                    level(picture, place.x, place.y)
                })
                .sum();
            sum / 4.0
        })
        .collect();
    without_glare(&mut levels, wide);
    levels
}

/// Leaves nothing of what glare hides.
fn without_glare(levels: &mut [f32], wide: usize) {
    let is_bright: Vec<bool> = levels.iter().map(|level| *level > SATURATED).collect();
    let dark = SummedAreaTable::of(wide, |place| f32::from(u8::from(!is_bright[place])));
    for y in GLARE / 2..wide - GLARE / 2 {
        for x in GLARE / 2..wide - GLARE / 2 {
            if dark.around(y * wide + x, GLARE / 2) > 0.5 {
                continue;
            }
            for row in y - GLARE / 2..=y + GLARE / 2 {
                levels[row * wide + x - GLARE / 2..=row * wide + x + GLARE / 2].fill(f32::NAN);
            }
        }
    }
}

/// A summed-area table (integral image): sums over squares of places, by sums over everything above and to the left.
pub(crate) struct SummedAreaTable {
    side: usize,
    sums: Vec<f64>,
}

impl SummedAreaTable {
    pub(crate) fn of(side: usize, value: impl Fn(usize) -> f32) -> Self {
        let wide = side + 1;
        let mut sums = vec![0.0; wide * wide];
        for y in 0..side {
            let mut row = 0.0;
            for x in 0..side {
                row += f64::from(value(y * side + x));
                sums[(y + 1) * wide + x + 1] = sums[y * wide + x + 1] + row;
            }
        }
        Self { side, sums }
    }

    /// Over the square that reaches so far around a place, as far as there is any of it.
    fn around(&self, place: usize, reach: usize) -> f32 {
        let [left, right, top, bottom] = self.range(place, reach);
        let at = |x: usize, y: usize| self.sums[y * (self.side + 1) + x];
        (at(right, bottom) + at(left, top) - at(left, bottom) - at(right, top)) as f32
    }

    /// The mean of the same.
    pub(crate) fn mean_around(&self, place: usize, reach: usize) -> f32 {
        let [left, right, top, bottom] = self.range(place, reach);
        self.around(place, reach) / ((right - left) * (bottom - top)) as f32
    }

    fn range(&self, place: usize, reach: usize) -> [usize; 4] {
        let (x, y) = (place % self.side, place / self.side);
        [
            x.saturating_sub(reach),
            (x + reach + 1).min(self.side),
            y.saturating_sub(reach),
            (y + reach + 1).min(self.side),
        ]
    }
}
