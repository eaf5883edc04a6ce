//! Finder patterns in grey levels: a dark core, a light ring and a dark ring around it, whichever way they are turned.
//!
//! Black and white pixels lose a pattern as soon as noise breaks one of its edges. Means over rings bear it, since
//! each takes dozens of pixels together.

use crate::plane::Plane;
use crate::symbol::Point;

/// Radii of the circles that are looked at, in modules. Circles of these radii stay within the square rings, but for a
/// few degrees at their corners.
const CORE: f32 = 0.9;
const LIGHT: f32 = 2.05;
const DARK: f32 = 3.2;
/// Places on each of the two rings.
const PLACES: usize = 16;
/// Pixels of a module in the sizes that are looked for; larger ones are looked for in a picture of half the size.
const MODULES: [f32; 4] = [1.7, 2.02, 2.4, 2.86];
/// The least side of a picture in which patterns are looked for, in pixels.
const LEAST_SIDE: usize = 100;
/// How much lighter the light ring must be than the core, in levels.
const LEAST_CONTRAST: i32 = 7;
/// How well levels must go with the rings, as a correlation.
const LEAST_LIKENESS: f32 = 0.6;
/// The most patterns that are told, the likeliest first.
const MAX_RINGS: usize = 24;

/// What looks like a finder pattern.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Rings {
    pub(crate) middle: Point,
    /// Pixels of a module, within a tenth or so.
    pub(crate) module: f32,
    pub(crate) likeness: f32,
}

/// The likeliest finder patterns of a picture, in its own pixels.
pub(crate) fn find(picture: &Plane) -> Vec<Rings> {
    let mut found = Vec::new();
    search(picture, 1.0, &mut found);
    let mut scale = 2.0;
    let mut smaller = picture.shrunk(2);
    while let Some(half) = smaller.filter(|half| half.width().min(half.height()) >= LEAST_SIDE) {
        search(&half, scale, &mut found);
        scale *= 2.0;
        smaller = half.shrunk(2);
    }
    likeliest(found)
}

fn search(picture: &Plane, scale: f32, found: &mut Vec<Rings>) {
    let (width, height) = (picture.width(), picture.height());
    for module in MODULES {
        let reach = (DARK * module).ceil() as usize + 1;
        if width <= 2 * reach || height <= 2 * reach {
            continue;
        }
        let step = if module < 2.2 { 1 } else { 2 };
        let sight = Sight::new(module, width);
        for y in (reach..height - reach).step_by(step) {
            for x in (reach..width - reach).step_by(step) {
                let likeness = sight.likeness(picture.pixels(), y * width + x);
                if likeness > LEAST_LIKENESS {
                    let middle = Point { x: (x as f32 + 0.5) * scale, y: (y as f32 + 0.5) * scale };
                    found.push(Rings { middle, module: module * scale, likeness });
                }
            }
        }
    }
}

/// Each place once.
fn likeliest(mut found: Vec<Rings>) -> Vec<Rings> {
    found.sort_by(|a, b| b.likeness.total_cmp(&a.likeness));
    let mut kept: Vec<Rings> = Vec::new();
    for rings in found {
        let is_near = |other: &Rings| {
            let (dx, dy) = (other.middle.x - rings.middle.x, other.middle.y - rings.middle.y);
            dx.hypot(dy) < 3.0 * other.module
        };
        if !kept.iter().any(is_near) {
            kept.push(rings);
            if kept.len() == MAX_RINGS {
                break;
            }
        }
    }
    kept
}

/// Where the pixels of a pattern of one size lie from its middle, in a picture of one width.
struct Sight {
    core: [isize; 9],
    light: [isize; PLACES],
    dark: [isize; PLACES],
}

impl Sight {
    fn new(module: f32, width: usize) -> Self {
        let offset = |dx: f32, dy: f32| dy.round() as isize * width as isize + dx.round() as isize;
        let circle = |radius: f32| {
            std::array::from_fn(|place| {
                let angle = (place as f32 + 0.5) / PLACES as f32 * std::f32::consts::TAU;
                offset(radius * module * angle.cos(), radius * module * angle.sin())
            })
        };
        let core = |place: usize| {
            let part = |index: usize| (index as f32 - 1.0) * CORE * module;
            offset(part(place % 3), part(place / 3))
        };
        Self { core: std::array::from_fn(core), light: circle(LIGHT), dark: circle(DARK) }
    }

    /// How well the pixels around `middle` go with the rings, 0 where they clearly do not.
    fn likeness(&self, pixels: &[u8], middle: usize) -> f32 {
        let at = |offset: &isize| i32::from(pixels[middle.wrapping_add_signed(*offset)]);
        let sum = |offsets: &[isize]| offsets.iter().map(at).sum::<i32>();
        // A few places are enough to give most up.
        let core = at(&self.core[4])
            + at(&self.core[1])
            + at(&self.core[3])
            + at(&self.core[5])
            + at(&self.core[7]);
        let light: i32 = self.light.iter().step_by(4).map(at).sum();
        if light * 5 - core * 4 < LEAST_CONTRAST * 20 {
            return 0.0;
        }
        let light = sum(&self.light);
        let dark = sum(&self.core) + sum(&self.dark);
        let (lights, darks) = (PLACES as i32, (9 + PLACES) as i32);
        let contrast = light * darks - dark * lights;
        if contrast < LEAST_CONTRAST * lights * darks {
            return 0.0;
        }
        let square = |offset: &isize| at(offset) * at(offset);
        let all = self.core.iter().chain(&self.light).chain(&self.dark);
        let squares: i32 = all.map(square).sum();
        let (count, whole) = ((lights + darks) as f32, (light + dark) as f32);
        let variance = squares as f32 / count - (whole / count) * (whole / count);
        let contrast = contrast as f32 / (lights * darks) as f32;
        let spread = ((lights * darks) as f32).sqrt() / count;
        contrast * spread / variance.max(1.0).sqrt()
    }
}
