//! A hand-held camera over the sheet: where each pixel looks, and what light, lens and sensor do to it.

use crate::Frame;
use crate::damage::{self, Severity};
use crate::paper::Paper;
use crate::random::Random;

/// The camera's distance, in sides of the symbol.
const DISTANCE: f64 = 3.0;
/// The sizes of picture that it takes.
const SMALL: (u32, u32) = (640, 480);
const LARGE: (u32, u32) = (1280, 720);
/// The longest side of a symbol that goes into the small picture, in pixels.
const FITS_SMALL: f64 = 330.0;
/// Where pixels look is computed for every so many of them, and is in between in between.
const MESH: usize = 8;
/// What of its noise a sensor has without any light.
const DARK_NOISE: f64 = 0.5;

/// What stays the same over the frames of one print.
#[derive(Clone, Debug)]
pub(crate) struct Camera {
    seed: u64,
    size: (u32, u32),
    /// The symbol's side, in modules.
    modules: f64,
    module: f64,
    turn: f64,
    tilt: f64,
    tilted_to: f64,
    defocus: f64,
    motion: f64,
    noise: f64,
    exposure: f64,
    shade: f64,
    shaded_to: f64,
    glare: f64,
    /// Where the glare starts and how far it goes from frame to frame, in sides of the symbol.
    glare_start: (f64, f64),
    glare_step: (f64, f64),
}

impl Camera {
    pub(crate) fn new(modules: usize, seed: u64, severity: Severity) -> Self {
        let mut random = Random::of(seed, "camera");
        let mut draw = |scale: damage::Scale| scale.draw(severity, &mut random);
        let module = draw(damage::MODULE);
        let (tilt, defocus, motion, noise) =
            (draw(damage::TILT), draw(damage::DEFOCUS), draw(damage::MOTION), draw(damage::NOISE));
        let (exposure, shade, glare) =
            (draw(damage::EXPOSURE), draw(damage::SHADE), draw(damage::GLARE));
        let modules = modules as f64;
        let size = if modules * module > FITS_SMALL { LARGE } else { SMALL };
        let mut angle = || random.between(0.0, std::f64::consts::TAU);
        let (turn, tilted_to, shaded_to, glare_to) = (angle(), angle(), angle(), angle());
        let glare_start = (random.between(-0.4, 0.4), random.between(-0.4, 0.4));
        let glare_speed = random.between(0.05, 0.2);
        let glare_step = (glare_speed * libm::cos(glare_to), glare_speed * libm::sin(glare_to));
        Self {
            seed,
            size,
            modules,
            module,
            turn,
            tilt,
            tilted_to,
            defocus,
            motion,
            noise,
            exposure,
            shade,
            shaded_to,
            glare,
            glare_start,
            glare_step,
        }
    }

    pub(crate) fn frame(&self, paper: &Paper, index: u32) -> Frame {
        let mut random = Random::of(self.seed, &format!("frame {index}"));
        let (width, height) = (self.size.0 as usize, self.size.1 as usize);
        let mut light = self.rendered(paper, &mut random);
        let blur = self.module
            * self.defocus
            * random.between(1.0 - damage::HUNTING, 1.0 + damage::HUNTING);
        gaussian_blur(&mut light, width, &gaussian_weights(blur));
        let length = self.module * self.motion * random.unit();
        let direction = random.between(0.0, std::f64::consts::PI);
        motion_blur(&mut light, width, length, direction);
        self.expose(&mut light, index, &mut random);
        let pixels = self.developed(&light, &mut random);
        Frame { pixels, width: width as u32, height: height as u32 }
    }

    /// How light what each pixel looks at is.
    fn rendered(&self, paper: &Paper, random: &mut Random) -> Vec<f32> {
        let (width, height) = (self.size.0 as usize, self.size.1 as usize);
        let pose = Pose::new(self, paper, random);
        let columns = width.div_ceil(MESH) + 1;
        let rows = height.div_ceil(MESH) + 1;
        let nodes: Vec<Option<(f64, f64)>> = (0..rows * columns)
            .map(|node| pose.place((node % columns * MESH) as f64, (node / columns * MESH) as f64))
            .collect();
        let mut light = Vec::with_capacity(width * height);
        for y in 0..height {
            for x in 0..width {
                let node = y / MESH * columns + x / MESH;
                let corners = [
                    nodes[node],
                    nodes[node + 1],
                    nodes[node + columns],
                    nodes[node + columns + 1],
                ];
                let [Some(a), Some(b), Some(c), Some(d)] = corners else {
                    light.push(paper.beyond() as f32);
                    continue;
                };
                // A pixel gathers light from four places of its square.
                let mut sum = 0.0;
                for (dx, dy) in [(0.25, 0.25), (0.75, 0.25), (0.25, 0.75), (0.75, 0.75)] {
                    let (s, t) = (
                        ((x % MESH) as f64 + dx) / MESH as f64,
                        ((y % MESH) as f64 + dy) / MESH as f64,
                    );
                    let between = |a: f64, b: f64, c: f64, d: f64| {
                        (a * (1.0 - s) + b * s) * (1.0 - t) + (c * (1.0 - s) + d * s) * t
                    };
                    sum +=
                        paper.lightness(between(a.0, b.0, c.0, d.0), between(a.1, b.1, c.1, d.1));
                }
                light.push((sum / 4.0) as f32);
            }
        }
        light
    }

    /// Shade, glare and the amount of light.
    fn expose(&self, light: &mut [f32], index: u32, random: &mut Random) {
        let (width, height) = (self.size.0 as usize, self.size.1 as usize);
        let flicker = random.between(1.0 - damage::FLICKER, 1.0 + damage::FLICKER);
        let side = self.modules * self.module;
        let (cos, sin) = (libm::cos(self.shaded_to), libm::sin(self.shaded_to));
        let step = f64::from(index);
        let glare_x = bounced(self.glare_start.0 + step * self.glare_step.0);
        let glare_y = bounced(self.glare_start.1 + step * self.glare_step.1);
        for y in 0..height {
            let v = (y as f64 - height as f64 / 2.0) / side;
            for x in 0..width {
                let u = (x as f64 - width as f64 / 2.0) / side;
                let shade = 1.0 - self.shade * (0.5 + 0.5 * (u * cos + v * sin)).clamp(0.0, 1.0);
                let mut level = f64::from(light[y * width + x]) * shade * flicker * self.exposure;
                if self.glare > 0.01 {
                    let distance = ((u - glare_x) * (u - glare_x) + (v - glare_y) * (v - glare_y))
                        / (self.glare * self.glare);
                    if distance < 6.0 {
                        level += 260.0 / (1.0 + distance * distance * distance);
                    }
                }
                light[y * width + x] = level as f32;
            }
        }
    }

    /// Noise, and whole levels.
    fn developed(&self, light: &[f32], random: &mut Random) -> Vec<u8> {
        let noise = self.noise * self.exposure;
        light
            .iter()
            .map(|&level| {
                let level = f64::from(level);
                let grain =
                    noise * (DARK_NOISE + (1.0 - DARK_NOISE) * level.min(255.0) / self.exposure);
                (level + grain * random.bell()).clamp(0.0, 255.0) as u8
            })
            .collect()
    }
}

/// The pose of one frame. Its numbers turn a pixel into a ray in the sheet's own directions, whose x goes the way it is
/// bent, y along the fold that does not bend, and z away from the camera.
struct Pose {
    middle: (f64, f64),
    focal: f64,
    /// Rows are the directions of the sheet.
    turned: [[f64; 3]; 3],
    camera: [f64; 3],
    curvature: f64,
    bent: (f64, f64),
}

impl Pose {
    fn new(camera: &Camera, paper: &Paper, random: &mut Random) -> Self {
        let mut sway = |reach: f64| random.between(-reach, reach);
        let height = f64::from(camera.size.1);
        let middle = (
            f64::from(camera.size.0) / 2.0 + height * sway(damage::WANDER),
            height / 2.0 + height * sway(damage::WANDER),
        );
        let distance = camera.modules * DISTANCE * (1.0 + sway(damage::APPROACH));
        let turn = camera.turn + sway(damage::SWAY);
        let tilt = camera.tilt + sway(damage::SWAY);
        let tilted_to = camera.tilted_to + sway(damage::SWAY);
        // Tilting is turning about an axis in the picture's plane.
        let turned = product(
            &rotation_about(&[libm::cos(tilted_to), libm::sin(tilted_to), 0.0], tilt),
            &rotation_about(&[0.0, 0.0, 1.0], turn),
        );
        let bent = (libm::cos(paper.bent_along), libm::sin(paper.bent_along));
        let along = [[bent.0, bent.1, 0.0], [-bent.1, bent.0, 0.0], [0.0, 0.0, 1.0]];
        let turned = product(&along, &transposed(&turned));
        let camera_place = [0, 1, 2].map(|row| -distance * turned[row][2]);
        Self {
            middle,
            focal: camera.module * camera.modules * DISTANCE,
            turned,
            camera: camera_place,
            curvature: paper.curvature,
            bent,
        }
    }

    /// The place of the sheet at this place of the picture, in modules; `None` where a bent sheet has turned away.
    fn place(&self, x: f64, y: f64) -> Option<(f64, f64)> {
        let pixel = [x - self.middle.0, y - self.middle.1, self.focal];
        let ray = self.turned.map(|row| row[0] * pixel[0] + row[1] * pixel[1] + row[2] * pixel[2]);
        let from = self.camera;
        // The sheet is where curvature * (x² + z²) = 2 z: a cylinder, or a plane if it has no curvature.
        let bend = self.curvature;
        let a = bend * (ray[0] * ray[0] + ray[2] * ray[2]);
        let b = 2.0 * bend * (from[0] * ray[0] + from[2] * ray[2]) - 2.0 * ray[2];
        let c = bend * (from[0] * from[0] + from[2] * from[2]) - 2.0 * from[2];
        let inside = b * b - 4.0 * a * c;
        if inside < 0.0 || b == 0.0 {
            return None;
        }
        let root = libm::sqrt(inside);
        let far = -2.0 * c / (b + if b < 0.0 { -root } else { root });
        let [x, y, z] = [0, 1, 2].map(|axis| from[axis] + far * ray[axis]);
        let across = if bend == 0.0 { x } else { libm::atan2(bend * x, 1.0 - bend * z) / bend };
        Some((across * self.bent.0 - y * self.bent.1, across * self.bent.1 + y * self.bent.0))
    }
}

/// There and back between the symbol's edges.
fn bounced(place: f64) -> f64 {
    let period = place + 0.5;
    let part = period - 2.0 * libm::floor(period / 2.0);
    (if part > 1.0 { 2.0 - part } else { part }) - 0.5
}

/// The rotation about an axis of length 1 (Rodrigues).
fn rotation_about(axis: &[f64; 3], angle: f64) -> [[f64; 3]; 3] {
    let (cos, sin) = (libm::cos(angle), libm::sin(angle));
    let [x, y, z] = *axis;
    let cross = [[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]];
    let mut turned = [[0.0; 3]; 3];
    for row in 0..3 {
        for column in 0..3 {
            let same = if row == column { cos } else { 0.0 };
            turned[row][column] =
                same + sin * cross[row][column] + (1.0 - cos) * axis[row] * axis[column];
        }
    }
    turned
}

fn product(left: &[[f64; 3]; 3], right: &[[f64; 3]; 3]) -> [[f64; 3]; 3] {
    left.map(|row| {
        [0, 1, 2].map(|column| {
            row[0] * right[0][column] + row[1] * right[1][column] + row[2] * right[2][column]
        })
    })
}

fn transposed(turned: &[[f64; 3]; 3]) -> [[f64; 3]; 3] {
    [0, 1, 2].map(|row| [turned[0][row], turned[1][row], turned[2][row]])
}

/// A Gaussian, from the middle outwards; both sides and the middle together weigh 1.
fn gaussian_weights(deviation: f64) -> Vec<f32> {
    let reach = libm::ceil(2.5 * deviation) as usize;
    let weights: Vec<f64> = (0..=reach)
        .map(|distance| {
            libm::exp(-0.5 * (distance as f64 / deviation) * (distance as f64 / deviation))
        })
        .collect();
    let whole = 2.0 * weights.iter().sum::<f64>() - weights[0];
    weights.iter().map(|weight| (weight / whole) as f32).collect()
}

fn gaussian_blur(light: &mut [f32], width: usize, weights: &[f32]) {
    let height = light.len() / width;
    let given = light.to_vec();
    for y in 0..height {
        let row = &given[y * width..(y + 1) * width];
        for x in 0..width {
            let mut sum = row[x] * weights[0];
            for (distance, weight) in weights.iter().enumerate().skip(1) {
                sum +=
                    weight * (row[x.saturating_sub(distance)] + row[(x + distance).min(width - 1)]);
            }
            light[y * width + x] = sum;
        }
    }
    let given = light.to_vec();
    for y in 0..height {
        let out = &mut light[y * width..(y + 1) * width];
        for (sum, level) in out.iter_mut().zip(&given[y * width..]) {
            *sum = level * weights[0];
        }
        for (distance, weight) in weights.iter().enumerate().skip(1) {
            let above = &given[y.saturating_sub(distance) * width..];
            let below = &given[(y + distance).min(height - 1) * width..];
            for ((sum, above), below) in out.iter_mut().zip(above).zip(below) {
                *sum += weight * (above + below);
            }
        }
    }
}

/// Motion blur: the mean over a straight way of this length in pixels.
fn motion_blur(light: &mut [f32], width: usize, length: f64, direction: f64) {
    const PLACES: usize = 7;
    if length < 0.2 {
        return;
    }
    let height = light.len() / width;
    let given = light.to_vec();
    let (cos, sin) = (libm::cos(direction), libm::sin(direction));
    light.fill(0.0);
    for place in 0..PLACES {
        let part = length * (place as f64 / (PLACES - 1) as f64 - 0.5);
        let (dx, dy) = (part * cos, part * sin);
        let (left, top) = (libm::floor(dx), libm::floor(dy));
        let (s, t) = ((dx - left) as f32, (dy - top) as f32);
        let weights = [(1.0 - s) * (1.0 - t), s * (1.0 - t), (1.0 - s) * t, s * t]
            .map(|weight| weight / PLACES as f32);
        for y in 0..height {
            let at = |dy: isize| {
                (y as isize + top as isize + dy).clamp(0, height as isize - 1) as usize * width
            };
            let (upper, lower) = (&given[at(0)..at(0) + width], &given[at(1)..at(1) + width]);
            for x in 0..width {
                let near = (x as isize + left as isize).clamp(0, width as isize - 1) as usize;
                let far = (x as isize + left as isize + 1).clamp(0, width as isize - 1) as usize;
                light[y * width + x] += weights[0] * upper[near]
                    + weights[1] * upper[far]
                    + weights[2] * lower[near]
                    + weights[3] * lower[far];
            }
        }
    }
}
