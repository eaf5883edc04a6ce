//! Finder patterns in grey levels, by correlation with a template: a dark core, a light ring and a dark ring around it,
//! whichever way they are turned.
//!
//! Black and white pixels lose a pattern as soon as noise breaks one of its edges. Means over rings bear it, since
//! each takes dozens of pixels together.

use crate::plane::Plane;
use crate::symbol::Point;

/// Places of each circle that is looked at, and how dark a pattern is there on average over all ways to turn it, a
/// little out of focus: from 1 for dark to -1 for light. Circles are one module apart, the first is the middle.
const CIRCLES: [(usize, f32); 5] = [(1, 1.0), (8, 0.9), (16, -0.7), (16, 0.5), (16, -0.2)];
/// All places of all circles.
const PLACES: usize = 57;
/// Pixels of a module in the sizes that are looked for; larger ones are looked for in a picture of half the size.
const MODULES: [f32; 4] = [1.7, 2.02, 2.4, 2.86];
/// The least side of a picture in which patterns are looked for, in pixels.
const LEAST_SIDE: usize = 100;
/// How much lighter the light ring must be than the core, in levels.
const LEAST_CONTRAST: f32 = 4.0;
/// The least correlation of levels with the template.
const LEAST_CORRELATION: f32 = 0.55;
/// The same for the coarse pass, which looks at every second place across and down, each for those beside it.
const LEAST_COARSE_CORRELATION: f32 = 0.3;
/// The most patterns that are told, the likeliest first.
const MAX_CANDIDATES: usize = 48;

/// A place that correlates with a finder pattern.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct FinderCandidate {
    pub(crate) middle: Point,
    /// Pixels of a module, within a tenth or so.
    pub(crate) module: f32,
    pub(crate) correlation: f32,
}

/// The likeliest finder patterns of a picture, in its own pixels.
pub(crate) fn find(picture: &Plane) -> Vec<FinderCandidate> {
    let mut found = Vec::new();
    search(&picture.softened(), 1.0, &mut found);
    let mut scale = 2.0;
    let mut smaller = picture.shrunk(2);
    while let Some(half) = smaller.filter(|half| half.width().min(half.height()) >= LEAST_SIDE) {
        search(&half.softened(), scale, &mut found);
        scale *= 2.0;
        smaller = half.shrunk(2);
    }
    likeliest(found)
}

fn search(picture: &Plane, scale: f32, found: &mut Vec<FinderCandidate>) {
    let (width, height) = (picture.width(), picture.height());
    for module in MODULES {
        // One pixel for rounding, and one for the places beside.
        let reach = ((CIRCLES.len() - 1) as f32 * module).ceil() as usize + 2;
        if width <= 2 * reach || height <= 2 * reach {
            continue;
        }
        let template = RingTemplate::new(module, width);
        for y in (reach..height - reach).step_by(2) {
            for x in (reach..width - reach).step_by(2) {
                let coarse = template.correlation(picture.pixels(), y * width + x);
                if coarse < LEAST_COARSE_CORRELATION {
                    continue;
                }
                let around = (y - 1..=y + 1).flat_map(|y| (x - 1..=x + 1).map(move |x| (x, y)));
                let (correlation, x, y) = around
                    .map(|(x, y)| (template.correlation(picture.pixels(), y * width + x), x, y))
                    .fold((coarse, x, y), |a, b| if b.0 > a.0 { b } else { a });
                if correlation > LEAST_CORRELATION {
                    let middle = Point { x: (x as f32 + 0.5) * scale, y: (y as f32 + 0.5) * scale };
                    found.push(FinderCandidate { middle, module: module * scale, correlation });
                }
            }
        }
    }
}

/// Each place once.
fn likeliest(mut found: Vec<FinderCandidate>) -> Vec<FinderCandidate> {
    found.sort_by(|a, b| b.correlation.total_cmp(&a.correlation));
    let mut kept: Vec<FinderCandidate> = Vec::new();
    for candidate in found {
        let is_near = |other: &FinderCandidate| {
            let (dx, dy) =
                (other.middle.x - candidate.middle.x, other.middle.y - candidate.middle.y);
            dx.hypot(dy) < 3.0 * other.module
        };
        if !kept.iter().any(is_near) {
            kept.push(candidate);
            if kept.len() == MAX_CANDIDATES {
                break;
            }
        }
    }
    kept
}

/// The template: where the pixels of a pattern of one size lie from its middle, in a picture of one width, and how dark
/// they should be, with a mean of 0 and a sum of squares of 1.
struct RingTemplate {
    places: [(isize, f32); PLACES],
    /// Places of the core and of the light ring that are enough to give most up.
    core: [isize; 5],
    light: [isize; 8],
}

impl RingTemplate {
    fn new(module: f32, width: usize) -> Self {
        let offset = |radius: f32, part: f32| {
            let angle = part * std::f32::consts::TAU;
            let (dx, dy) = (radius * module * angle.cos(), radius * module * angle.sin());
            dy.round() as isize * width as isize + dx.round() as isize
        };
        let mut places = [(0, 0.0); PLACES];
        let circles = CIRCLES.iter().enumerate().flat_map(|(radius, &(count, dark))| {
            (0..count).map(move |place| {
                (offset(radius as f32, (place as f32 + 0.5) / count as f32), dark)
            })
        });
        places.iter_mut().zip(circles).for_each(|(place, given)| *place = given);
        let mean = places.iter().map(|(_, dark)| dark).sum::<f32>() / PLACES as f32;
        let square: f32 = places.iter().map(|(_, dark)| (dark - mean).powi(2)).sum();
        places.iter_mut().for_each(|(_, dark)| *dark = (*dark - mean) / square.sqrt());
        let core = |place: usize| if place == 4 { 0 } else { offset(0.9, place as f32 / 4.0) };
        Self {
            places,
            core: std::array::from_fn(core),
            light: std::array::from_fn(|place| offset(2.0, place as f32 / 8.0)),
        }
    }

    /// The correlation of the pixels around `middle` with the template, 0 where it is clearly low.
    fn correlation(&self, pixels: &[u8], middle: usize) -> f32 {
        let at = |offset: isize| f32::from(pixels[middle.wrapping_add_signed(offset)]);
        let core = self.core.iter().map(|&offset| at(offset)).sum::<f32>() / 5.0;
        let light = self.light.iter().map(|&offset| at(offset)).sum::<f32>() / 8.0;
        if light - core < LEAST_CONTRAST {
            return 0.0;
        }
        let (mut product, mut sum, mut squares) = (0.0, 0.0, 0.0);
        for &(offset, dark) in &self.places {
            let level = at(offset);
            product -= level * dark;
            sum += level;
            squares += level * level;
        }
        product / (squares - sum * sum / PLACES as f32).max(1.0).sqrt()
    }
}
