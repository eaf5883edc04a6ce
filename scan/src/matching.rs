//! Where modules that are known lie in grey pixels: by correlation, which bears low contrast, noise and shade.

use crate::grid::{ControlPoint, Grid};
use crate::plane::Plane;
use crate::symbol::Point;

#[cfg(test)]
thread_local! {
    /// How often this thread has looked at a level.
    pub(crate) static LOOKS: std::cell::Cell<u64> = const { std::cell::Cell::new(0) };
}

/// Grey levels between pixels. Beyond the edge the last pixel goes on.
pub(crate) fn level(picture: &Plane, x: f32, y: f32) -> f32 {
    #[cfg(test)]
    LOOKS.set(LOOKS.get() + 1);
    let (width, height) = (picture.width(), picture.height());
    let (x, y) =
        ((x - 0.5).clamp(0.0, (width - 1) as f32), (y - 0.5).clamp(0.0, (height - 1) as f32));
    let (left, top) = (x as usize, y as usize);
    let (right, bottom) = ((left + 1).min(width - 1), (top + 1).min(height - 1));
    let (s, t) = (x - left as f32, y - top as f32);
    let pixels = picture.pixels();
    let at = |x: usize, y: usize| f32::from(pixels[y * width + x]);
    let upper = at(left, top) + s * (at(right, top) - at(left, top));
    let lower = at(left, bottom) + s * (at(right, bottom) - at(left, bottom));
    upper + t * (lower - upper)
}

/// How much higher the correlation of a place one module away must be, as grids are right more often than not.
const UNLIKELY: f32 = 0.04;

/// Some neighbouring modules, and which of them are dark.
#[derive(Clone, Debug)]
pub(crate) struct Patch {
    middle: [f64; 2],
    /// Each module's middle from the patch's middle, and how dark it is: above 0 is dark.
    modules: Vec<([f32; 2], f32)>,
}

impl Patch {
    /// Of modules with how dark they are, more for those that are more certain. `None` if they are all alike.
    pub(crate) fn new(modules: &[((usize, usize), f32)]) -> Option<Self> {
        let count = modules.len() as f64;
        let mean =
            |part: fn(&((usize, usize), f32)) -> f64| modules.iter().map(part).sum::<f64>() / count;
        let middle = [mean(|&((x, _), _)| x as f64 + 0.5), mean(|&((_, y), _)| y as f64 + 0.5)];
        let darkness = mean(|&(_, dark)| f64::from(dark)) as f32;
        let modules: Vec<([f32; 2], f32)> = modules
            .iter()
            .map(|&((x, y), dark)| {
                let from = [x as f64 + 0.5 - middle[0], y as f64 + 0.5 - middle[1]];
                (from.map(|part| part as f32), dark - darkness)
            })
            .collect();
        let varies = modules.iter().map(|(_, dark)| dark * dark).sum::<f32>() > 0.0;
        varies.then_some(Self { middle, modules })
    }

    /// The best place within `reach` modules in steps of `step`, and the correlation there, up to 1.
    pub(crate) fn found(&self, picture: &Plane, grid: &Grid, reach: f64, step: f64) -> Found {
        let [u, v] = self.middle;
        let origin = grid.place(u, v);
        let (right, down) = (grid.place(u + 1.0, v), grid.place(u, v + 1.0));
        let right = [right.x - origin.x, right.y - origin.y];
        let down = [down.x - origin.x, down.y - origin.y];
        let steps = (reach / step) as i32;
        let mut most = f32::MIN;
        let mut best = Found { middle: self.middle, by: [0.0; 2], correlation: -1.0 };
        for row in -steps..=steps {
            for column in -steps..=steps {
                let by = [f64::from(column) * step, f64::from(row) * step];
                let place = |from: [f32; 2]| {
                    let (u, v) = (from[0] + by[0] as f32, from[1] + by[1] as f32);
                    (origin.x + u * right[0] + v * down[0], origin.y + u * right[1] + v * down[1])
                };
                let correlation = self.correlation(picture, place);
                let likely = correlation - UNLIKELY * (by[0] * by[0] + by[1] * by[1]) as f32;
                if likely > most {
                    most = likely;
                    best = Found { by, correlation, ..best };
                }
            }
        }
        best
    }

    /// The correlation of darkness as it should be with that of pixels.
    fn correlation(&self, picture: &Plane, place: impl Fn([f32; 2]) -> (f32, f32)) -> f32 {
        let (mut product, mut sum, mut squares, mut template) = (0.0, 0.0, 0.0, 0.0);
        for &(from, dark) in &self.modules {
            let (x, y) = place(from);
            let darkness = 255.0 - level(picture, x, y);
            product += darkness * dark;
            sum += darkness;
            squares += darkness * darkness;
            template += dark * dark;
        }
        let variance = squares - sum * sum / self.modules.len() as f32;
        if variance < 1.0 { 0.0 } else { product / (variance * template).sqrt() }
    }
}

/// Where a square of modules lies best within `reach` modules, by how much levels at the middles of neighbouring
/// modules differ: between modules they are mixed. It goes from one column and row to before another.
pub(crate) fn contrasting(
    picture: &Plane,
    grid: &Grid,
    [from, to]: [[usize; 2]; 2],
    reach: f64,
    step: f64,
) -> Option<Sharpest> {
    let middle = [0, 1].map(|axis| (from[axis] + to[axis]) as f64 / 2.0);
    let origin = grid.place(middle[0], middle[1]);
    let ahead = [grid.place(middle[0] + 1.0, middle[1]), grid.place(middle[0], middle[1] + 1.0)];
    let [right, down] = ahead.map(|there| [there.x - origin.x, there.y - origin.y]);
    let places: Vec<Point> = (from[1]..to[1])
        .flat_map(|v| (from[0]..to[0]).map(move |u| (u, v)))
        .map(|(u, v)| grid.place(u as f64 + 0.5, v as f64 + 0.5))
        .collect();
    let wide = to[0] - from[0];
    let mut levels = vec![0.0; places.len()];
    let steps = (reach / step) as i32;
    let mut contrasts: Vec<([f64; 2], f32)> = Vec::new();
    for row in -steps..=steps {
        for column in -steps..=steps {
            let by = [f64::from(column) * step, f64::from(row) * step];
            let [u, v] = by.map(|by| by as f32);
            let (dx, dy) = (u * right[0] + v * down[0], u * right[1] + v * down[1]);
            for (there, place) in levels.iter_mut().zip(&places) {
                *there = level(picture, place.x + dx, place.y + dy);
            }
            contrasts.push((by, contrast(&levels, wide)));
        }
    }
    let most = contrasts.iter().map(|(_, contrast)| *contrast).fold(0.0, f32::max);
    let mean = contrasts.iter().map(|(_, contrast)| contrast).sum::<f32>() / contrasts.len() as f32;
    let here = contrasts[contrasts.len() / 2].1;
    let (by, _) = contrasts.into_iter().max_by(|(_, a), (_, b)| a.total_cmp(b))?;
    let weight = f64::from(most / mean - 1.0);
    (most > 0.0).then_some(Sharpest {
        control: ControlPoint { from: middle, by, weight },
        here,
        most,
    })
}

/// How much the levels of neighbouring modules differ, in all, in rows of `wide`.
pub(crate) fn contrast(levels: &[f32], wide: usize) -> f32 {
    let across = levels.chunks_exact(wide).flat_map(|row| row.windows(2));
    across.map(|pair| (pair[0] - pair[1]).abs()).sum::<f32>()
        + levels.iter().zip(&levels[wide..]).map(|(a, b)| (a - b).abs()).sum::<f32>()
}

/// Where neighbouring modules differ most.
pub(crate) struct Sharpest {
    pub(crate) control: ControlPoint,
    /// How much they differ where the grid has them, and there.
    pub(crate) here: f32,
    pub(crate) most: f32,
}

/// Where a patch lies.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Found {
    middle: [f64; 2],
    /// From where the grid had it, in modules.
    pub(crate) by: [f64; 2],
    pub(crate) correlation: f32,
}

impl Found {
    /// What it says about the grid, if it correlates by more than `chance`.
    pub(crate) fn control(&self, chance: f32, weight: f64) -> Option<ControlPoint> {
        let surplus = f64::from((self.correlation - chance) / (1.0 - chance));
        (surplus > 0.0).then_some(ControlPoint {
            from: self.middle,
            by: self.by,
            weight: weight * surplus,
        })
    }
}
