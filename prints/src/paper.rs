//! The sheet: a symbol, words beside it, and the damage that stays.

use qrcode::{Color, QrCode};

use crate::damage::{self, Severity};
use crate::random::{Random, ValueNoise};

/// Dots of the sheet for each module's side.
const DOTS: usize = 5;
/// What ink and clean paper give back of the light.
const INK: f64 = 0.12;
const CLEAN: f64 = 1.0;
/// Paper around the symbol, in modules. The quiet zone of 4 stays empty, further out are words.
const MARGIN: f64 = 11.0;
const QUIET_ZONE: f64 = 4.5;
/// How far the shadow of a crease reaches, in modules.
const SHADOW: f64 = 3.0;
/// A line of words is so high, and lines are so far apart, in modules.
const LINE: f64 = 1.4;
const LINE_FEED: f64 = 2.6;

/// How light each place of the sheet is, and how it is bent. Places are in modules from the middle of the symbol.
#[derive(Clone, Debug)]
pub(crate) struct Paper {
    /// Parts of white in 255ths; dot after dot.
    dots: Vec<u8>,
    /// Dots in a row, and rows.
    side: usize,
    /// Half the sheet's side, in modules.
    reach: f64,
    /// Half the symbol's side, in modules.
    half: f64,
    torn: Torn,
    table: Table,
    /// Radians for each module.
    pub(crate) curvature: f64,
    /// Which way it is bent, in radians.
    pub(crate) bent_along: f64,
}

/// What the torn corner took: all beyond a ragged line.
#[derive(Clone, Copy, Debug)]
struct Torn {
    /// In modules along each edge.
    leg: f64,
    raggedness: ValueNoise,
}

/// What lies under the sheet.
#[derive(Clone, Copy, Debug)]
struct Table {
    level: f64,
    grain: ValueNoise,
}

impl Paper {
    pub(crate) fn new(code: &QrCode, seed: u64, severity: Severity) -> Self {
        let mut random = Random::of(seed, "paper");
        let modules = code.width() as f64;
        let (half, reach) = (modules / 2.0, modules / 2.0 + MARGIN);
        let damage = Damage::new(modules, severity, &mut random);
        let torn = Torn {
            leg: modules * damage::TORN_CORNER.draw(severity, &mut random),
            raggedness: ValueNoise(random.next()),
        };
        let table = Table { level: random.between(0.2, 0.7), grain: ValueNoise(random.next()) };
        let curvature = damage::BEND.draw(severity, &mut random) / modules;
        let bent_along = random.between(0.0, std::f64::consts::PI);
        let words = ValueNoise(random.next());
        let side = libm::ceil(2.0 * reach) as usize * DOTS;
        let colours = code.to_colors();
        let mut dots = Vec::with_capacity(side * side);
        for row in 0..side {
            for column in 0..side {
                let place = |index: usize| (index as f64 + 0.5) / DOTS as f64 - reach;
                let (x, y) = (place(column), place(row));
                let inside = x.abs() < half && y.abs() < half;
                let inked = if inside {
                    let module = (y + half) as usize * code.width() + (x + half) as usize;
                    colours[module] == Color::Dark
                } else {
                    is_word(x, y, half, words)
                };
                dots.push((damage.lightness(x, y, inked) * 255.0) as u8);
            }
        }
        Self { dots, side, reach, half, torn, table, curvature, bent_along }
    }

    /// How light a place is, in parts of white paper; beyond the sheet there is the table.
    pub(crate) fn lightness(&self, x: f64, y: f64) -> f64 {
        if x.abs() >= self.reach - 0.2
            || y.abs() >= self.reach - 0.2
            || self.torn.took(x, y, self.half)
        {
            return self.table.lightness(x, y);
        }
        let at = |place: f64| (place + self.reach) * DOTS as f64 - 0.5;
        let (x, y) = (at(x), at(y));
        let (left, top) = (x as usize, y as usize);
        let (part_x, part_y) = (x - left as f64, y - top as f64);
        let dot = |dx: usize, dy: usize| {
            f64::from(
                self.dots
                    [(top + dy).min(self.side - 1) * self.side + (left + dx).min(self.side - 1)],
            )
        };
        let upper = dot(0, 0) * (1.0 - part_x) + dot(1, 0) * part_x;
        let lower = dot(0, 1) * (1.0 - part_x) + dot(1, 1) * part_x;
        (upper * (1.0 - part_y) + lower * part_y) / 255.0
    }

    /// The same for the middle of the nearest dot's surroundings where nothing is left of the sheet.
    pub(crate) fn beyond(&self) -> f64 {
        self.table.level
    }
}

impl Torn {
    fn took(&self, x: f64, y: f64, half: f64) -> bool {
        // How far inside the torn-off triangle, in modules along an edge.
        let depth = x + y - (2.0 * half - self.leg);
        depth > -1.0 && depth + 2.0 * self.raggedness.at((x - y) / 2.5, 0.0) > 1.0
    }
}

impl Table {
    fn lightness(&self, x: f64, y: f64) -> f64 {
        self.level * (0.85 + 0.3 * self.grain.at(x / 1.7, y / 19.0))
    }
}

fn is_word(x: f64, y: f64, half: f64, words: ValueNoise) -> bool {
    let beside = x.abs().max(y.abs()) - half;
    let line = libm::floor(y / LINE_FEED);
    let on_line = y - line * LINE_FEED < LINE;
    (QUIET_ZONE..MARGIN - 1.5).contains(&beside)
        && on_line
        && words.at(x / 1.1, line * 7.0) > 0.45
        && words.at(x / 6.0 + 900.0, line * 7.0) > 0.3
}

/// Everything that happened to the ink and the paper.
struct Damage {
    fading: f64,
    faded: ValueNoise,
    grime: ValueNoise,
    stains: Vec<Stain>,
    creases: Vec<Crease>,
}

struct Stain {
    x: f64,
    y: f64,
    radius: f64,
    /// How much of the light it lets through.
    clear: f64,
    shape: ValueNoise,
}

struct Crease {
    /// The line: `x * across.0 + y * across.1 = offset`.
    across: (f64, f64),
    offset: f64,
    width: f64,
    cracks: ValueNoise,
}

impl Damage {
    fn new(modules: f64, severity: Severity, random: &mut Random) -> Self {
        let fading = damage::FADING.draw(severity, random);
        let stain_radius = modules * damage::STAIN_RADIUS.draw(severity, random);
        let stains = (0..damage::STAINS.draw(severity, random) as usize).map(|_| Stain {
            x: modules * random.between(-0.5, 0.5),
            y: modules * random.between(-0.5, 0.5),
            radius: stain_radius * random.between(0.5, 1.5),
            clear: random.between(0.15, 0.8),
            shape: ValueNoise(random.next()),
        });
        let stains = stains.collect();
        let crease_width = damage::CREASE_WIDTH.draw(severity, random);
        let creases = (0..damage::CREASES.draw(severity, random) as usize).map(|_| {
            let angle = random.between(0.0, std::f64::consts::PI);
            Crease {
                across: (libm::cos(angle), libm::sin(angle)),
                offset: modules * random.between(-0.4, 0.4),
                width: crease_width * random.between(0.6, 1.4),
                cracks: ValueNoise(random.next()),
            }
        });
        let creases = creases.collect();
        Self {
            fading,
            faded: ValueNoise(random.next()),
            grime: ValueNoise(random.next()),
            stains,
            creases,
        }
    }

    /// From 0 to 1.
    fn lightness(&self, x: f64, y: f64, inked: bool) -> f64 {
        let fading = (self.fading * (0.5 + self.faded.at(x / 9.0, y / 9.0))).min(0.95);
        let mut ink = if inked { 1.0 - fading } else { 0.0 };
        let mut light = 1.0 - 0.08 * self.grime.at(x / 4.0, y / 4.0);
        for crease in &self.creases {
            let distance = x * crease.across.0 + y * crease.across.1 - crease.offset;
            if !(-crease.width..SHADOW).contains(&distance) {
                continue;
            }
            let along = y * crease.across.0 - x * crease.across.1;
            let width = crease.width * (0.4 + 1.2 * crease.cracks.at(along / 1.5, 0.0));
            if distance.abs() < width / 2.0 {
                ink *= 0.1;
            }
            // One flank of the fold lies in its own shadow.
            if distance > 0.0 {
                light *= 0.8 + 0.2 * distance / SHADOW;
            }
        }
        for stain in &self.stains {
            let (dx, dy) = (x - stain.x, y - stain.y);
            let distance = libm::sqrt(dx * dx + dy * dy);
            if distance > 1.5 * stain.radius {
                continue;
            }
            let radius = stain.radius * (0.6 + 0.8 * stain.shape.at(x / 2.5, y / 2.5));
            let depth = 1.0 - distance / radius;
            if depth > 0.0 {
                // What dries up leaves most at its rim.
                let rim = if depth < 0.15 { 0.8 } else { 1.0 };
                light *= 1.0 - (1.0 - stain.clear * rim) * (depth * 12.0).min(1.0);
            }
        }
        ((CLEAN + (INK - CLEAN) * ink) * light).clamp(0.0, 1.0)
    }
}
