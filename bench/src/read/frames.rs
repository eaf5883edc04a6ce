//! Pictures drawn from seeds: sheets with a voucher's symbol as a camera sees them, and scenes without any.

use image::{GrayImage, Luma};
use prints::{Print, Severity};
use qrcode::{Color, EcLevel, QrCode};

/// Size of a camera's frame, in pixels.
pub(crate) const WIDTH: u32 = 1280;
pub(crate) const HEIGHT: u32 = 720;
/// Frames with a symbol.
const FRAMES: u64 = 60;
/// Damaged prints of each severity, how many severities from the least, and their first seed: none that tests use.
const PRINTS: u64 = 20;
const WORST_PRINTS: usize = 6;
const SEEDS_OF_PRINTS: u64 = 70_000;
/// Alphanumeric characters of the vouchers drawn: versions 6 to 15 at level M.
const CHARACTERS: [usize; 4] = [150, 250, 366, 580];

/// A picture and what its symbol says.
pub(crate) struct Picture {
    pub(crate) name: String,
    pub(crate) says: Vec<u8>,
    pub(crate) pixels: GrayImage,
}

/// Frames with one symbol each, from straight to slanted, sharp to soft, bright to dim.
pub(crate) fn with_symbol() -> Vec<Picture> {
    (0..FRAMES).map(|seed| draw(seed, WIDTH, HEIGHT)).collect()
}

/// Damaged prints, one picture of each: as many of every severity up to the one that hardly anything reads.
pub(crate) fn damaged() -> Vec<Picture> {
    let picture = |severity: Severity, seed: u64| {
        let print = Print::new(SEEDS_OF_PRINTS + seed, severity);
        let frame = print.frame(0);
        let pixels = GrayImage::from_raw(frame.width, frame.height, frame.pixels).unwrap();
        let name = format!("{}-{seed}", severity.level());
        Picture { name, says: print.text().as_bytes().to_vec(), pixels }
    };
    let severities = Severity::all().take(WORST_PRINTS);
    severities.flat_map(|severity| (0..PRINTS).map(move |seed| picture(severity, seed))).collect()
}

/// A photo as telephones take them.
pub(crate) fn twelve_megapixels() -> Picture {
    draw(FRAMES, 4000, 3000)
}

/// Scenes that hold no symbol: nothing at all, noise, stripes, a printed page, bricks.
pub(crate) fn without_symbol() -> Vec<Picture> {
    let scene = |name: &str, level: &dyn Fn(u32, u32) -> u8| Picture {
        name: name.to_owned(),
        says: Vec::new(),
        pixels: GrayImage::from_fn(WIDTH, HEIGHT, |x, y| Luma([level(x, y)])),
    };
    let hash = |x: u32, y: u32| Random::new(u64::from(x) << 32 | u64::from(y)).next();
    let level = |ink: bool| if ink { 40 } else { 210 };
    vec![
        scene("plain", &|_, _| 128),
        scene("noise", &|x, y| (hash(x, y) >> 56) as u8),
        scene("table", &|x, y| table(7, x, y) as u8),
        scene("stripes", &|x, y| level((x + y / 3) / 9 % 2 == 0)),
        // Squares of random ink, as letters look from afar and as a symbol without finder patterns would.
        scene("print", &|x, y| level(hash(x / 5, y / 5) % 2 == 0 && y / 5 % 8 > 2)),
        scene("modules", &|x, y| level(hash(x / 4, y / 4) % 2 == 0)),
    ]
}

fn draw(seed: u64, width: u32, height: u32) -> Picture {
    let mut random = Random::new(seed);
    let text = voucher(&mut random, CHARACTERS[seed as usize % CHARACTERS.len()]);
    let code = QrCode::with_error_correction_level(&text, EcLevel::M).unwrap();
    let modules = code.width() as f64;
    // The sheet's place: its middle, its turn, its size, and how much farther away one side is.
    let (w, h) = (f64::from(width), f64::from(height));
    let side = h * random.between(0.45, 0.8);
    let turn = random.between(-0.5, 0.5);
    let middle = (w * random.between(0.4, 0.6), h * random.between(0.48, 0.52));
    let away = (random.between(-0.25, 0.25), random.between(-0.25, 0.25));
    let pixels_per_module = side / modules;
    let (dark, light) = (random.between(20.0, 70.0), random.between(120.0, 235.0));
    let shade = random.between(-0.35, 0.35);
    let blur = random.between(0.0, 0.45) * pixels_per_module;
    let noise = random.between(0.0, 8.0);

    let sheet = |x: f64, y: f64| {
        // From the picture back to the sheet, in modules.
        let (dx, dy) = ((x - middle.0) / side, (y - middle.1) / side);
        let (u, v) = (dx * turn.cos() + dy * turn.sin(), dy * turn.cos() - dx * turn.sin());
        let depth = 1.0 + away.0 * u + away.1 * v;
        ((u / depth + 0.5) * modules, (v / depth + 0.5) * modules)
    };
    let ink = |x: f64, y: f64| {
        let (u, v) = sheet(x, y);
        let margin = 6.0;
        if u < -margin || v < -margin || u > modules + margin || v > modules + margin {
            return table(seed, x as u32, y as u32);
        }
        let inside = u >= 0.0 && v >= 0.0 && u < modules && v < modules;
        let is_dark = inside && code[(u as usize, v as usize)] == Color::Dark;
        let lit = 1.0 + shade * (x / w - 0.5);
        (if is_dark { dark } else { light }) * lit
    };
    // Defocus: the mean over a square of places around the pixel's middle.
    const TAPS: [f64; 3] = [-0.5, 0.0, 0.5];
    let spread = blur + 0.6;
    let pixels = GrayImage::from_fn(width, height, |x, y| {
        let sum: f64 = TAPS
            .iter()
            .flat_map(|dy| TAPS.iter().map(move |dx| (dx, dy)))
            .map(|(dx, dy)| ink(f64::from(x) + 0.5 + dx * spread, f64::from(y) + 0.5 + dy * spread))
            .sum();
        let grain = random.between(-noise, noise) + random.between(-noise, noise);
        Luma([(sum / 9.0 + grain).clamp(0.0, 255.0) as u8])
    });
    Picture { name: format!("{seed}"), says: text.into_bytes(), pixels }
}

fn voucher(random: &mut Random, characters: usize) -> String {
    const LETTERS: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";
    let letter = |_| char::from(LETTERS[(random.next() % 45) as usize]);
    format!("VS1:{}", (4..characters).map(letter).collect::<String>())
}

/// A table top: broad planks and a grain.
fn table(seed: u64, x: u32, y: u32) -> f64 {
    let plank = Random::new(seed ^ u64::from(y / 90)).next() % 60;
    let grain = Random::new(seed ^ u64::from(x / 40) << 20 ^ u64::from(y / 3)).next() % 25;
    70.0 + plank as f64 + grain as f64
}

/// SplitMix64: the same numbers on every machine.
struct Random(u64);

impl Random {
    fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ mixed >> 31
    }

    fn between(&mut self, least: f64, most: f64) -> f64 {
        least + (most - least) * (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }
}
