//! What a severity means: each kind of damage at severity 0 and at severity 10, and in even steps between.
//!
//! All kinds come at once. A print has up to a fifth more or less of each kind than its severity says, by its seed.
//! Lengths are in modules of the symbol, or in sides of the symbol where it says so; levels of light are in parts of
//! what white paper gives.

use crate::random::Random;

/// How bad it is, from 0 (a fresh print in good light) to 10 (hopeless).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Severity(u8);

impl Severity {
    pub const WORST: Self = Self(10);

    /// `None` above 10.
    #[must_use]
    pub fn new(severity: u8) -> Option<Self> {
        (severity <= Self::WORST.0).then_some(Self(severity))
    }

    /// From 0 to 10, one after the other.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..=Self::WORST.0).map(Self)
    }

    /// As a number.
    #[must_use]
    pub fn level(self) -> u8 {
        self.0
    }
}

/// One kind of damage.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scale {
    /// At severity 0.
    at_best: f64,
    /// At severity 10.
    at_worst: f64,
}

const fn scale(at_best: f64, at_worst: f64) -> Scale {
    Scale { at_best, at_worst }
}

impl Scale {
    /// How much a print of this severity has, by its own seed.
    pub(crate) fn draw(self, severity: Severity, random: &mut Random) -> f64 {
        let part = f64::from(severity.0) / f64::from(Severity::WORST.0) * random.between(0.8, 1.2);
        self.at_best + (self.at_worst - self.at_best) * part
    }
}

// Damage that stays with the print.

/// How much of its contrast the ink has lost, parts of it.
pub(crate) const FADING: Scale = scale(0.0, 0.6);
/// Stains on the symbol; each darkens by 20 to 85 %.
pub(crate) const STAINS: Scale = scale(0.0, 8.0);
/// The radius of a stain on average, in sides of the symbol.
pub(crate) const STAIN_RADIUS: Scale = scale(0.01, 0.055);
/// Creases across the symbol; ink has come off along them.
pub(crate) const CREASES: Scale = scale(0.0, 5.0);
/// The width of what came off along a crease, in modules.
pub(crate) const CREASE_WIDTH: Scale = scale(0.3, 1.1);
/// How far along both edges the torn corner reaches, in sides of the symbol. 0.55 takes 15 % of the modules, which is
/// what level M corrects. It is the corner without a finder pattern: nobody finds a symbol that has lost one of those.
pub(crate) const TORN_CORNER: Scale = scale(-0.1, 0.7);
/// How far the sheet is bent from one side of the symbol to the other, in radians.
pub(crate) const BEND: Scale = scale(0.0, 0.7);

// How the camera is held and what it can do.

/// The camera's tilt against the sheet, in radians.
pub(crate) const TILT: Scale = scale(0.05, 0.6);
/// Pixels of a module in the middle of the symbol, before tilt and bend.
pub(crate) const MODULE: Scale = scale(4.0, 1.8);
/// Defocus: the deviation of a Gaussian, in modules.
pub(crate) const DEFOCUS: Scale = scale(0.2, 0.6);
/// Motion blur: how far the symbol moves at most while the shutter is open, in modules.
pub(crate) const MOTION: Scale = scale(0.2, 1.6);
/// Noise: the deviation of what white paper gives.
pub(crate) const NOISE: Scale = scale(0.01, 0.16);
/// How much darker the sheet is on one side than on the other, parts of the light.
pub(crate) const SHADE: Scale = scale(0.1, 0.6);
/// What white paper gives where it is lightest, in levels of 255.
pub(crate) const EXPOSURE: Scale = scale(215.0, 110.0);
/// Radius of the glare, in sides of the symbol.
pub(crate) const GLARE: Scale = scale(0.0, 0.24);

// What differs from frame to frame, at every severity.

/// How far the symbol wanders from where it was in the first frame, in parts of the picture's height.
pub(crate) const WANDER: f64 = 0.03;
/// How much further away or nearer it is, parts of the distance.
pub(crate) const APPROACH: f64 = 0.04;
/// How far the camera turns and tilts, in radians.
pub(crate) const SWAY: f64 = 0.04;
/// How much more or less defocus there is, parts of it: the lens hunts.
pub(crate) const HUNTING: f64 = 0.3;
/// How much more or less light there is, parts of it.
pub(crate) const FLICKER: f64 = 0.1;
