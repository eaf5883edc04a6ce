//! Pictures of a located symbol to the log-likelihood ratio of each module.
//!
//! A module's pixels hold light of its neighbours, since lenses and hands are not still. Each picture is taken as the
//! symbol seen through a point spread of its own, which is fitted to the modules that are known and, round after round,
//! to those that have become likely (expectation maximisation); `module_samples` does that. What its matched filter
//! gives is added up over pictures, and when modules are judged the light of their neighbours is taken off it again
//! (mean-field annealing).

use crate::grid::Grid;
use crate::module_samples::{
    ModuleSamples, PSF_RADIUS, PSF_SIDE, PSF_TAPS, PointSpread, SummedAreaTable,
};
use crate::plane::Plane;
use crate::soft_decoder::Llrs;

/// How far two modules may be apart and yet have light in common, and the modules of that square.
const OVERLAP: usize = 2 * PSF_RADIUS;
const OVERLAP_SPAN: usize = 2 * OVERLAP + 1;
const OVERLAPS: usize = OVERLAP_SPAN * OVERLAP_SPAN;
/// Light in common below this part of a module's own is not worth taking off.
const LEAST_OVERLAP: f32 = 0.01;
/// Rounds in which point spread and modules are fitted to each other.
const ROUNDS: usize = 4;
/// The temperature of each round while modules are fitted to each other: how much less certain they are taken to be.
const ANNEALING_SCHEDULE: [f32; 8] = [8.0, 6.0, 4.0, 3.0, 2.0, 1.5, 1.2, 1.0];
/// The variance that no number of pictures takes away, where a module is 1 or -1: ink that has come off, stains.
const VARIANCE_FLOOR: f32 = 0.35;
/// The most that one module tells about how wrong those around it are.
const MAX_MISFIT: f32 = 4.0;
/// How far around a module that is looked for.
const MISFIT_REACH: usize = 2;
/// Modules of which the pictures show less than this are not judged.
const LEAST_SHOWN: f32 = 0.0025;
/// The most that a log-likelihood ratio may be, either way.
const MAX_LLR: f32 = 30.0;

/// What pictures say of a symbol, added up before anything is decided of a module.
#[derive(Clone, Debug)]
pub(crate) struct SoftAccumulator {
    side: usize,
    /// Of each module the sum of matched filters: how dark it looks times how much that counts.
    matched: Vec<f32>,
    /// Of each module how much of it the pictures show, as a multiple of what one shows that shows it well.
    shown: Vec<f32>,
    /// What a module adds to the matched filters around it, if all pictures show both well.
    overlap: Vec<f32>,
    /// How many there are.
    pictures: f32,
}

impl SoftAccumulator {
    /// No pictures.
    pub(crate) fn none(side: usize) -> Self {
        Self {
            side,
            matched: vec![0.0; side * side],
            shown: vec![0.0; side * side],
            overlap: vec![0.0; OVERLAPS],
            pictures: 0.0,
        }
    }

    /// One picture of a symbol at `grid`. `known` tells of each module whether it is known to be dark (1) or light (-1)
    /// or neither (0).
    pub(crate) fn of(picture: &Plane, grid: &Grid, known: &[f32]) -> Self {
        let mut samples = ModuleSamples::of(picture, grid);
        let mut blur = samples.blur(known);
        let mut accumulator = Self::matched(&samples, &blur);
        for _ in 1..ROUNDS {
            let llrs = accumulator.llrs(known);
            let likely: Vec<f32> = known
                .iter()
                .zip(llrs.values())
                .map(|(&known, llr)| if known == 0.0 { (llr / 2.0).tanh() } else { known })
                .collect();
            samples.relight(&likely, &blur);
            blur = samples.blur(&likely);
            accumulator = Self::matched(&samples, &blur);
        }
        accumulator
    }

    fn matched(samples: &ModuleSamples, blur: &PointSpread) -> Self {
        let side = samples.side();
        let precision = 1.0 / blur.noise;
        let whole: f32 = blur.taps.iter().map(|tap| tap * tap).sum();
        let mut accumulator = Self::none(side);
        for place in 0..side * side {
            let (sum, shown) = samples.matched(place % side, place / side, blur);
            accumulator.matched[place] = sum * precision;
            accumulator.shown[place] = shown / whole;
        }
        let offset = |part: usize| part as isize - OVERLAP as isize;
        for (index, overlap) in accumulator.overlap.iter_mut().enumerate() {
            let (dx, dy) = (offset(index % OVERLAP_SPAN), offset(index / OVERLAP_SPAN));
            let beside = |tap: usize| {
                let x = (tap % PSF_SIDE).checked_add_signed(dx).filter(|x| *x < PSF_SIDE)?;
                let y = (tap / PSF_SIDE).checked_add_signed(dy).filter(|y| *y < PSF_SIDE)?;
                Some(blur.taps[y * PSF_SIDE + x])
            };
            let sum: f32 =
                (0..PSF_TAPS).filter_map(|tap| Some(blur.taps[tap] * beside(tap)?)).sum();
            *overlap = sum * precision;
        }
        accumulator.pictures = 1.0;
        accumulator
    }

    /// Adds other pictures of the same symbol.
    pub(crate) fn add(&mut self, other: &Self) {
        let pairs = [
            (&mut self.matched, &other.matched),
            (&mut self.shown, &other.shown),
            (&mut self.overlap, &other.overlap),
        ];
        for (sums, values) in pairs {
            sums.iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
        }
        self.pictures += other.pictures;
    }

    /// The same of less weight, as if there were fewer pictures.
    pub(crate) fn faded(&mut self, part: f32) {
        let all = self.matched.iter_mut().chain(&mut self.shown).chain(&mut self.overlap);
        all.for_each(|value| *value *= part);
        self.pictures *= part;
    }

    /// How many pictures there are, less what has faded.
    pub(crate) fn pictures(&self) -> f32 {
        self.pictures
    }

    /// The log-likelihood ratio of each module, given those that are `known` to be dark (1) or light (-1).
    pub(crate) fn llrs(&self, known: &[f32]) -> Llrs {
        let side = self.side;
        let own = self.overlap[OVERLAPS / 2];
        if own <= 0.0 {
            return Llrs::new(side, vec![0.0; side * side]);
        }
        let mut field = MeanField::of(self, known);
        let (mut means, mut variances) = (vec![0.0; side * side], vec![0.0; side * side]);
        let mut excess_noise = 1.0;
        for temperature in ANNEALING_SCHEDULE {
            for index in 0..side * side {
                let Some((mean, variance)) = field.judged(self.matched[index], index) else {
                    continue;
                };
                (means[index], variances[index]) = (mean, variance);
                if known[index] == 0.0 {
                    field.believe(
                        index,
                        mean / (variance * temperature * excess_noise + VARIANCE_FLOOR),
                    );
                }
            }
            // Modules that are known tell how much wronger the others are than noise alone makes them.
            let told =
                (0..side * side).filter(|&index| known[index] != 0.0 && variances[index] > 0.0);
            let (left, count) = told.fold((0.0, 0.0_f32), |(left, count), index| {
                (left + (means[index] - known[index]).powi(2) / variances[index], count + 1.0)
            });
            excess_noise = (left / count.max(1.0)).max(1.0);
        }
        // Around places that are neither dark nor light, something has happened to the paper.
        let misfit = |index: usize| {
            let wanted = if known[index] == 0.0 { means[index].signum() } else { known[index] };
            (means[index] - wanted).powi(2).min(MAX_MISFIT)
        };
        let misfits = SummedAreaTable::of(side, misfit);
        let llrs = (0..side * side).map(|index| {
            if variances[index] <= 0.0 {
                return 0.0;
            }
            let variance = variances[index].max(misfits.mean_around(index, MISFIT_REACH));
            (2.0 * means[index] / variance).clamp(-MAX_LLR, MAX_LLR)
        });
        Llrs::new(side, llrs.collect())
    }
}

/// Modules that are fitted to each other, with light around them.
struct MeanField {
    side: usize,
    wide: usize,
    /// From -1, surely light, to 1, surely dark.
    beliefs: Vec<f32>,
    /// The square root of how much of each module a picture shows on average.
    roots: Vec<f32>,
    own: f32,
    /// Where the others lie that have light in common with a module, and how much.
    others: Vec<(isize, f32)>,
}

impl MeanField {
    fn of(accumulator: &SoftAccumulator, known: &[f32]) -> Self {
        let side = accumulator.side;
        let wide = side + 2 * OVERLAP;
        let own = accumulator.overlap[OVERLAPS / 2];
        let offset = |part: usize| part as isize - OVERLAP as isize;
        let others = accumulator.overlap.iter().enumerate().filter_map(|(index, &part)| {
            let (dx, dy) = (offset(index % OVERLAP_SPAN), offset(index / OVERLAP_SPAN));
            let is_felt = (dx, dy) != (0, 0) && part.abs() > LEAST_OVERLAP * own;
            is_felt.then_some((dy * wide as isize + dx, part))
        });
        let mut field = Self {
            side,
            wide,
            beliefs: vec![-1.0; wide * wide],
            roots: vec![1.0; wide * wide],
            own,
            others: others.collect(),
        };
        for (index, (&known, shown)) in known.iter().zip(&accumulator.shown).enumerate() {
            let place = field.place(index);
            field.beliefs[place] = known;
            field.roots[place] = (shown / accumulator.pictures).sqrt();
        }
        field
    }

    fn place(&self, index: usize) -> usize {
        (index / self.side + OVERLAP) * self.wide + index % self.side + OVERLAP
    }

    /// How dark a module is without the light of others, and the variance of that by noise. `None` if it is not shown.
    fn judged(&self, matched: f32, index: usize) -> Option<(f32, f32)> {
        let place = self.place(index);
        let root = self.roots[place];
        if root * root < LEAST_SHOWN {
            return None;
        }
        let light: f32 = self
            .others
            .iter()
            .map(|&(offset, part)| {
                let other = place.wrapping_add_signed(offset);
                part * self.roots[other] * self.beliefs[other]
            })
            .sum();
        Some(((matched / root - light) / (self.own * root), 1.0 / (self.own * root * root)))
    }

    fn believe(&mut self, index: usize, half_odds: f32) {
        let place = self.place(index);
        self.beliefs[place] = half_odds.tanh();
    }
}

#[cfg(test)]
impl SoftAccumulator {
    /// Of modules that have no light in common: how dark each looks, where dark is 1 and light -1.
    pub(crate) fn apart(side: usize, darkness: &[f32], variance: f32) -> Self {
        let mut accumulator = Self::none(side);
        accumulator.matched = darkness.iter().map(|dark| dark / variance).collect();
        accumulator.shown.fill(1.0);
        accumulator.overlap[OVERLAPS / 2] = 1.0 / variance;
        accumulator.pictures = 1.0;
        accumulator
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::Luma;
    use crate::grid::Perspective;
    use crate::layout::Layout;
    use crate::symbol::Point;

    #[test]
    fn a_module_that_glare_hides_has_an_llr_of_zero_and_the_others_do_not() {
        let layout = Layout::of(5).unwrap();
        let known = layout.known();
        // Four pixels a module; the right half is white.
        let wide = 37 * 4 + 40;
        let level = |place: usize| {
            let (x, y) = (place % wide, place / wide);
            let module = (x.wrapping_sub(20) / 4, y.wrapping_sub(20) / 4);
            if x > wide / 2 {
                255
            } else if module.0 < 37 && module.1 < 37 {
                let index = module.1 * 37 + module.0;
                let dark = known[index] > 0.0 || (known[index] == 0.0 && index % 3 == 0);
                if dark { 40 } else { 200 }
            } else {
                200
            }
        };
        let pixels: Vec<u8> = (0..wide * wide).map(level).collect();
        let picture =
            Plane::of(&Luma::new(&pixels, wide as u32, wide as u32, wide as u32).unwrap());
        let point = |x, y| Point { x, y };
        let finders = [point(34.0, 34.0), point(154.0, 34.0), point(34.0, 154.0)];
        let grid = Grid::flat(37, Perspective { finders, nearer: [1.0, 1.0] });
        let llrs = SoftAccumulator::of(&picture, &grid, &known).llrs(&known);
        for y in 0..37 {
            for x in 0..37 {
                let llr = llrs.at((x, y));
                assert!(llr.is_finite());
                match x {
                    0..=14 => assert!(llr.abs() > 1.0, "{x} {y}: {llr}"),
                    22.. => assert_eq!(llr, 0.0, "{x} {y}"),
                    _ => {}
                }
            }
        }
    }
}
