//! Degradation by a camera: a flat picture becomes a photo of that picture lying on a table.
//!
//! The sheet is seen from an angle, lit from one side, a little out of focus, and the sensor adds its noise. The same
//! seed gives the same photo, so that a test can rely on it. Each kind of degradation is a function of its own on a
//! [`Photo`].

use std::f32::consts::TAU;

use image::{Rgb, RgbImage};

/// How much the camera degrades a picture. Nought everywhere gives the sheet straight on, on its table.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Degradation {
    /// How far the corners of the sheet are moved by the angle of view, in percent of its sides.
    pub perspective: f32,
    /// How far out of focus: standard deviation of the blur, in pixels.
    pub blur: f32,
    /// Noise of the sensor: standard deviation at full light, in levels of 255.
    pub noise: f32,
    /// How much darker the dark end of the table is than the bright one, in percent.
    pub light: f32,
    /// Which photo of all possible ones.
    pub seed: u64,
}

impl Default for Degradation {
    fn default() -> Self {
        Self { perspective: 7.0, blur: 1.0, noise: 7.0, light: 45.0, seed: 1 }
    }
}

/// How much wider and higher than the sheet the table in the photo is.
const TABLE: f32 = 1.35;
/// Colour of the table before light falls on it, and how far its grain goes from that, in levels of 255.
const WOOD: Colour = [142.0, 122.0, 102.0];
const GRAIN: f32 = 42.0;
/// What white paper is in a photo: cameras do not expose it to full white.
const PAPER_WHITE: f32 = 0.93;
/// How dark the shadow of the sheet on the table is, and how wide, in parts of the sheet's smaller side.
const SHADOW_DEPTH: f32 = 0.45;
const SHADOW_WIDTH: f32 = 0.012;

/// Takes the photo. It is larger than the picture by the table around it.
#[must_use]
pub fn photograph(picture: &RgbImage, degradation: &Degradation) -> RgbImage {
    let mut chance = Chance::new(degradation.seed);
    let (width, height) = (picture.width() as f32, picture.height() as f32);
    let mut photo = table((width * TABLE) as u32, (height * TABLE) as u32, &mut chance);
    let corners = corners_of_sheet(width, height, degradation.perspective, &mut chance);
    lay_sheet(&mut photo, picture, corners);
    blur(&mut photo, degradation.blur);
    light(&mut photo, degradation.light, &mut chance);
    noise(&mut photo, degradation.noise, &mut chance);
    photo.developed()
}

type Colour = [f32; 3];
type Place = [f32; 2];

/// A picture in the making: light that has not been rounded to levels yet.
#[derive(Clone)]
struct Photo {
    width: usize,
    height: usize,
    pixels: Vec<Colour>,
}

impl Photo {
    fn from_fn(width: usize, height: usize, colour: impl Fn(usize, usize) -> Colour) -> Self {
        let pixels = (0..height)
            .flat_map(|y| (0..width).map(move |x| (x, y)))
            .map(|(x, y)| colour(x, y))
            .collect();
        Self { width, height, pixels }
    }

    /// Each pixel with its place in the photo, from 0 to 1 both ways.
    fn places(&mut self) -> impl Iterator<Item = (Place, &mut Colour)> {
        let (width, height) = (self.width, self.height);
        let place = move |index: usize| {
            [(index % width) as f32 / width as f32, (index / width) as f32 / height as f32]
        };
        self.pixels.iter_mut().enumerate().map(move |(index, pixel)| (place(index), pixel))
    }

    fn developed(&self) -> RgbImage {
        RgbImage::from_fn(self.width as u32, self.height as u32, |x, y| {
            let colour = self.pixels[y as usize * self.width + x as usize];
            Rgb(colour.map(|level| level.round().clamp(0.0, 255.0) as u8))
        })
    }
}

/// A wooden table: smooth noise in three sizes, drawn out along the grain.
fn table(width: u32, height: u32, chance: &mut Chance) -> Photo {
    let octaves = [(0.012, 0.5), (0.04, 0.3), (0.3, 0.2)]
        .map(|(per_pixel, share)| (per_pixel, share, chance.next()));
    Photo::from_fn(width as usize, height as usize, |x, y| {
        let grain: f32 = octaves
            .iter()
            .map(|&(per_pixel, share, seed)| {
                share * smooth_noise([x as f32 * per_pixel * 0.12, y as f32 * per_pixel], seed)
            })
            .sum();
        WOOD.map(|level| level + (grain - 0.5) * 2.0 * GRAIN)
    })
}

/// Where the corners of the sheet come to lie in the photo: top left, top right, bottom right, bottom left. One edge
/// is farther away than the opposite one, and the sheet lies a little askew.
fn corners_of_sheet(width: f32, height: f32, perspective: f32, chance: &mut Chance) -> [Place; 4] {
    let most = perspective / 100.0;
    let askew = chance.signed() * most * 0.8;
    let (sin, cos) = askew.sin_cos();
    let middle = [width * TABLE / 2.0, height * TABLE / 2.0];
    let mut corners = [[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5]];
    // The far edge is shorter, and foreshortening moves it nearer.
    let far_edge = (chance.next() % 4) as usize;
    for corner in [far_edge, (far_edge + 1) % 4] {
        corners[corner] = corners[corner].map(|coordinate: f32| coordinate * (1.0 - most));
    }
    corners.map(|[x, y]| {
        let (x, y) = (x + chance.signed() * most * 0.2, y + chance.signed() * most * 0.2);
        let (x, y) = (x * width, y * height);
        [middle[0] + x * cos - y * sin, middle[1] + x * sin + y * cos]
    })
}

/// Draws the sheet with its shadow onto the table.
fn lay_sheet(photo: &mut Photo, picture: &RgbImage, corners: [Place; 4]) {
    let (width, height) = (picture.width() as f32, picture.height() as f32);
    let Some(to_sheet) = Projection::onto(corners).inverse() else { return };
    let shadow_width = SHADOW_WIDTH * width.min(height);
    let photo_width = photo.width;
    for (index, pixel) in photo.pixels.iter_mut().enumerate() {
        let place = [(index % photo_width) as f32 + 0.5, (index / photo_width) as f32 + 0.5];
        let [u, v] = to_sheet.of(place);
        let on_sheet = [u * width, v * height];
        // Pixels that the place is beyond the edge of the sheet, below zero inside. The shadow falls down right.
        let beyond = |[x, y]: Place| (-x).max(x - width).max((-y).max(y - height));
        let shadow_at = [on_sheet[0] - shadow_width, on_sheet[1] - shadow_width];
        let shade = SHADOW_DEPTH * (0.5 - beyond(shadow_at) / (2.0 * shadow_width)).clamp(0.0, 1.0);
        let cover = (0.5 - beyond(on_sheet)).clamp(0.0, 1.0);
        let paper = sample(picture, on_sheet);
        for channel in 0..3 {
            let table = pixel[channel] * (1.0 - shade);
            pixel[channel] = table + (paper[channel] * PAPER_WHITE - table) * cover;
        }
    }
}

/// The colour of a picture between its pixels' middles; beyond its edge, that of the edge.
fn sample(picture: &RgbImage, [x, y]: Place) -> Colour {
    let (x, y) = (x - 0.5, y - 0.5);
    let (left, top) = (x.floor(), y.floor());
    let (right_share, bottom_share) = (x - left, y - top);
    let at = |x: f32, y: f32| {
        let column = x.clamp(0.0, picture.width() as f32 - 1.0) as u32;
        let row = y.clamp(0.0, picture.height() as f32 - 1.0) as u32;
        picture.get_pixel(column, row).0.map(f32::from)
    };
    let corners =
        [at(left, top), at(left + 1.0, top), at(left, top + 1.0), at(left + 1.0, top + 1.0)];
    std::array::from_fn(|channel| {
        let [top_left, top_right, bottom_left, bottom_right] =
            corners.map(|colour| colour[channel]);
        let top = top_left + (top_right - top_left) * right_share;
        let bottom = bottom_left + (bottom_right - bottom_left) * right_share;
        top + (bottom - top) * bottom_share
    })
}

/// Blurs by a Gaussian of standard deviation `sigma` pixels, rows first, then columns.
fn blur(photo: &mut Photo, sigma: f32) {
    if sigma <= 0.0 {
        return;
    }
    let reach = (3.0 * sigma).ceil() as isize;
    let weights: Vec<f32> =
        (-reach..=reach).map(|offset| (-0.5 * (offset as f32 / sigma).powi(2)).exp()).collect();
    let sum: f32 = weights.iter().sum();
    for (dx, dy) in [(1, 0), (0, 1)] {
        let sharp = photo.clone();
        let (last_x, last_y) = (sharp.width as isize - 1, sharp.height as isize - 1);
        *photo = Photo::from_fn(sharp.width, sharp.height, |x, y| {
            let mut colour = [0.0; 3];
            for (offset, weight) in (-reach..=reach).zip(&weights) {
                let x = (x as isize + offset * dx).clamp(0, last_x) as usize;
                let y = (y as isize + offset * dy).clamp(0, last_y) as usize;
                let from = sharp.pixels[y * sharp.width + x];
                for channel in 0..3 {
                    colour[channel] += from[channel] * weight / sum;
                }
            }
            colour
        });
    }
}

/// Lights the table by a warm lamp at one side: `percent` darker at the far end, and a little at the edges of the lens.
fn light(photo: &mut Photo, percent: f32, chance: &mut Chance) {
    let (sin, cos) = (chance.unit() * TAU).sin_cos();
    let depth = percent / 100.0;
    for ([x, y], pixel) in photo.places() {
        let (x, y) = (x - 0.5, y - 0.5);
        let away = (x * cos + y * sin) / std::f32::consts::SQRT_2 + 0.5;
        let from_middle = (x * x + y * y) * 2.0;
        let level = (1.0 - depth * away) * (1.0 - 0.3 * depth * from_middle);
        for (channel, warmth) in pixel.iter_mut().zip([1.0, 0.98, 0.94]) {
            *channel *= level * (1.0 - depth * (1.0 - warmth));
        }
    }
}

/// Adds what a sensor adds: a little everywhere, more where there is more light, partly in colour.
fn noise(photo: &mut Photo, deviation: f32, chance: &mut Chance) {
    if deviation <= 0.0 {
        return;
    }
    for pixel in &mut photo.pixels {
        let luma = chance.normal();
        for channel in pixel {
            let strength = deviation * (0.4 + 0.6 * (channel.clamp(0.0, 255.0) / 255.0).sqrt());
            *channel += strength * (0.8 * luma + 0.6 * chance.normal());
        }
    }
}

/// A projective map of the plane, as a 3 × 3 matrix in rows.
struct Projection([[f32; 3]; 3]);

impl Projection {
    /// Takes the unit square to four corners (Heckbert, Fundamentals of Texture Mapping, 1989, §2.2.3).
    fn onto([p0, p1, p2, p3]: [Place; 4]) -> Self {
        let sum = [0, 1].map(|axis| p0[axis] - p1[axis] + p2[axis] - p3[axis]);
        let right = [0, 1].map(|axis| p1[axis] - p2[axis]);
        let bottom = [0, 1].map(|axis| p3[axis] - p2[axis]);
        let cross = |a: [f32; 2], b: [f32; 2]| a[0] * b[1] - a[1] * b[0];
        let area = cross(right, bottom);
        let (g, h) = (cross(sum, bottom) / area, cross(right, sum) / area);
        let row = |axis: usize| {
            [p1[axis] - p0[axis] + g * p1[axis], p3[axis] - p0[axis] + h * p3[axis], p0[axis]]
        };
        Self([row(0), row(1), [g, h, 1.0]])
    }

    /// The map back, unless everything falls onto a line.
    fn inverse(&self) -> Option<Self> {
        let [a, b, c] = &self.0;
        let cross = |u: &[f32; 3], v: &[f32; 3]| {
            [u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0]]
        };
        let columns = [cross(b, c), cross(c, a), cross(a, b)];
        let determinant: f32 = (0..3).map(|index| a[index] * columns[0][index]).sum();
        (determinant.is_normal()).then(|| {
            Self(std::array::from_fn(|row| columns.map(|column| column[row] / determinant)))
        })
    }

    fn of(&self, [x, y]: Place) -> Place {
        let [u, v, w] = self.0.map(|row| row[0] * x + row[1] * y + row[2]);
        [u / w, v / w]
    }
}

/// Noise from 0 to 1 that changes smoothly, about once for each unit of the place.
fn smooth_noise([x, y]: Place, seed: u64) -> f32 {
    let (left, top) = (x.floor(), y.floor());
    let ease = |share: f32| share * share * (3.0 - 2.0 * share);
    let (right_share, bottom_share) = (ease(x - left), ease(y - top));
    let at = |column: f32, row: f32| {
        let knot = (column as i64 as u64).wrapping_mul(0x9E37_79B9) ^ (row as i64 as u64) << 32;
        Chance::new(seed ^ knot).unit()
    };
    let upper = at(left, top) + (at(left + 1.0, top) - at(left, top)) * right_share;
    let lower =
        at(left, top + 1.0) + (at(left + 1.0, top + 1.0) - at(left, top + 1.0)) * right_share;
    upper + (lower - upper) * bottom_share
}

/// Numbers that look random and are always the same for a seed (SplitMix64).
struct Chance(u64);

impl Chance {
    fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ z >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ z >> 31
    }

    /// From 0 to below 1.
    fn unit(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1_u64 << 24) as f32
    }

    /// From −1 to 1.
    fn signed(&mut self) -> f32 {
        self.unit() * 2.0 - 1.0
    }

    /// Normally distributed around 0 with deviation 1 (Box and Muller).
    fn normal(&mut self) -> f32 {
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        radius * (self.unit() * TAU).cos()
    }
}
