//! Damaged prints of QR symbols, and what a hand-held camera makes of them.
//!
//! A [`Print`] is one sheet with damage that stays: fading, stains, creases, a torn corner, a bend. Each [`Frame`] of it
//! has its own pose, blur, light, glare and noise. Seed and severity decide everything, to the last pixel and on every
//! machine: only operations that IEEE 754 defines exactly are used, and sines and roots from a library of our own
//! dependencies instead of the system's.
//!
//! What a severity means stands in [`damage`]. Its numbers were fixed before any reader was measured with them.
#![forbid(unsafe_code)]

mod camera;
pub mod damage;
mod paper;
mod random;
mod text;

use qrcode::EcLevel;

use camera::Camera;
use paper::Paper;
use random::Random;

pub use damage::Severity;

/// One damaged sheet with one symbol.
#[derive(Clone, Debug)]
pub struct Print {
    text: String,
    version: i16,
    paper: Paper,
    camera: Camera,
}

/// What the camera saw at one moment: 8-bit luma, rows without padding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Row after row.
    pub pixels: Vec<u8>,
    /// Pixels in a row.
    pub width: u32,
    pub height: u32,
}

impl Print {
    /// A sheet of a version between 5 and 25 and of an error correction level that the seed draws: M three times in
    /// four, as vouchers are printed, else another.
    #[must_use]
    pub fn new(seed: u64, severity: Severity) -> Self {
        let mut random = Random::of(seed, "symbol");
        let version = 5 + random.below(21) as i16;
        Self::of_version(seed, severity, version)
    }

    /// A sheet with a symbol of this version. Versions outside 1 to 40 are taken to the nearest one inside.
    #[must_use]
    pub fn of_version(seed: u64, severity: Severity, version: i16) -> Self {
        let version = version.clamp(1, 40);
        let mut random = Random::of(seed, "text");
        let level = match random.below(12) {
            0 => EcLevel::L,
            1 => EcLevel::Q,
            2 => EcLevel::H,
            _ => EcLevel::M,
        };
        let (text, code) = text::filling(version, level, &mut random);
        Self {
            text,
            version,
            paper: Paper::new(&code, seed, severity),
            camera: Camera::new(code.width(), seed, severity),
        }
    }

    /// What the symbol says.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    #[must_use]
    pub fn version(&self) -> i16 {
        self.version
    }

    /// The `index`-th picture that the camera takes of it. Any may be asked for, in any order.
    #[must_use]
    pub fn frame(&self, index: u32) -> Frame {
        self.camera.frame(&self.paper, index)
    }
}
