//! Where everything is in a symbol of a version (ISO/IEC 18004 §6.3 and §7.7 to §7.10): modules that are the same in
//! every symbol, those that tell the format, and those that hold codewords in their order.

use rxing::qrcode::common::{ErrorCorrectionLevel, VERSION_DECODE_INFO, Version, VersionRef};

/// A module's column and row.
pub(crate) type Place = (usize, usize);

/// Bits of the format's words, and how many copies a symbol holds.
pub(crate) const FORMAT_BITS: usize = 15;
/// What every format word is combined with, and the polynomial of its check bits.
const FORMAT_MASK: u16 = 0x5412;
const FORMAT_POLYNOMIAL: u16 = 0x537;

/// The plan of a version.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    version: VersionRef,
    side: usize,
    /// Row after row: dark, light, or not the same in every symbol.
    fixed: Vec<Option<bool>>,
    data: Vec<Place>,
}

/// Error correction level and mask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Format {
    pub(crate) level: ErrorCorrectionLevel,
    pub(crate) mask: u8,
}

/// A block of codewords: where each lies in the symbol's order, data first, and how many of them are parity.
#[derive(Clone, Debug)]
pub(crate) struct Block {
    pub(crate) codewords: Vec<usize>,
    pub(crate) parity: usize,
}

/// Modules on each side of a symbol.
pub(crate) fn side(version: u32) -> usize {
    17 + 4 * version as usize
}

/// Versions whose side may have been taken for this many modules.
pub(crate) fn versions_about(estimate: f64) -> impl Iterator<Item = u32> {
    /// How far off the estimate may be, in parts of it.
    const TOLERANCE: f64 = 0.08;
    (1..=40).filter(move |version| {
        (side(*version) as f64 - estimate).abs() <= 2.0 + TOLERANCE * estimate
    })
}

impl Layout {
    /// `None` for a version that does not exist.
    pub(crate) fn of(version: u32) -> Option<Self> {
        let version = Version::getVersionForNumber(version).ok()?;
        let side = version.getDimensionForVersion() as usize;
        let mut layout = Self { version, side, fixed: vec![None; side * side], data: Vec::new() };
        layout.draw();
        let taken = version.buildFunctionPattern().ok()?;
        layout.data = in_order(side)
            .filter(|&(x, y)| !taken.get(x as u32, y as u32))
            .take(8 * version.getTotalCodewords() as usize)
            .collect();
        Some(layout)
    }

    pub(crate) fn version(&self) -> u32 {
        self.version.getVersionNumber()
    }

    /// Modules on each side.
    pub(crate) fn side(&self) -> usize {
        self.side
    }

    /// Whether a module is dark in every symbol or light in every symbol.
    pub(crate) fn fixed(&self, (x, y): Place) -> Option<bool> {
        self.fixed[y * self.side + x]
    }

    /// The fixed modules row after row: 1 is dark, -1 is light, 0 is not fixed.
    pub(crate) fn known(&self) -> Vec<f32> {
        let sign = |dark| if dark { 1.0 } else { -1.0 };
        self.fixed.iter().map(|fixed| fixed.map_or(0.0, sign)).collect()
    }

    /// The fixed modules but those of finder patterns, which are the same in every version.
    pub(crate) fn telling(&self) -> Vec<f32> {
        self.known_where(|place| self.finder_at(place).is_none())
    }

    /// The fixed modules of each finder pattern: top left, top right, bottom left.
    pub(crate) fn finders(&self) -> [Vec<f32>; 3] {
        [0, 1, 2].map(|finder| self.known_where(|place| self.finder_at(place) == Some(finder)))
    }

    fn known_where(&self, is_wanted: impl Fn(Place) -> bool) -> Vec<f32> {
        let mut known = self.known();
        for (index, dark) in known.iter_mut().enumerate() {
            if !is_wanted((index % self.side, index / self.side)) {
                *dark = 0.0;
            }
        }
        known
    }

    fn finder_at(&self, (x, y): Place) -> Option<usize> {
        const NEAR: usize = 8;
        let far = self.side - NEAR;
        match (x, y) {
            (..NEAR, ..NEAR) => Some(0),
            (x, ..NEAR) if x >= far => Some(1),
            (..NEAR, y) if y >= far => Some(2),
            _ => None,
        }
    }

    /// The modules of codewords, eight for each, highest bit first.
    pub(crate) fn data(&self) -> &[Place] {
        &self.data
    }

    /// The modules of one codeword, highest bit first.
    pub(crate) fn codeword(&self, index: usize) -> &[Place] {
        &self.data[8 * index..8 * (index + 1)]
    }

    /// The middles of the alignment patterns.
    pub(crate) fn alignment_patterns(&self) -> Vec<Place> {
        let centres = self.version.getAlignmentPatternCenters();
        let (Some(&first), Some(&last)) = (centres.first(), centres.last()) else {
            return Vec::new();
        };
        let finders = [(first, first), (first, last), (last, first)];
        let all = centres.iter().flat_map(|&y| centres.iter().map(move |&x| (x, y)));
        all.filter(|place| !finders.contains(place))
            .map(|(x, y)| (x as usize, y as usize))
            .collect()
    }

    /// Where both copies of the format's word are, lowest bit first.
    pub(crate) fn format_places(&self) -> [[Place; FORMAT_BITS]; 2] {
        let side = self.side;
        let around_the_corner = |bit: usize| match bit {
            0..=5 => (8, bit),
            6 => (8, 7),
            7 => (8, 8),
            8 => (7, 8),
            _ => (14 - bit, 8),
        };
        let along_the_edges =
            |bit: usize| if bit < 8 { (side - 1 - bit, 8) } else { (8, side - 15 + bit) };
        [std::array::from_fn(around_the_corner), std::array::from_fn(along_the_edges)]
    }

    /// The blocks of codewords at a level.
    pub(crate) fn blocks(&self, level: ErrorCorrectionLevel) -> Vec<Block> {
        let plan = self.version.getECBlocksForLevel(level);
        let parity = plan.getECCodewordsPerBlock() as usize;
        let lengths: Vec<usize> = plan
            .getECBlocks()
            .iter()
            .flat_map(|group| (0..group.getCount()).map(|_| group.getDataCodewords() as usize))
            .collect();
        let mut blocks: Vec<Block> =
            lengths.iter().map(|_| Block { codewords: Vec::new(), parity }).collect();
        let mut next = 0;
        let mut deal = |blocks: &mut Vec<Block>, round: usize, is_parity: bool| {
            for (block, &length) in blocks.iter_mut().zip(&lengths) {
                if is_parity || round < length {
                    block.codewords.push(next);
                    next += 1;
                }
            }
        };
        let longest = lengths.iter().copied().max().unwrap_or(0);
        (0..longest).for_each(|round| deal(&mut blocks, round, false));
        (0..parity).for_each(|round| deal(&mut blocks, round, true));
        blocks
    }

    fn draw(&mut self) {
        let far = self.side - 7;
        for along in 8..self.side - 8 {
            self.set((along, 6), along % 2 == 0);
            self.set((6, along), along % 2 == 0);
        }
        for (left, top) in [(0, 0), (far, 0), (0, far)] {
            self.draw_rings((left + 3, top + 3), 4, |ring| ring != 2 && ring != 4);
        }
        for middle in self.alignment_patterns() {
            self.draw_rings(middle, 2, |ring| ring != 1);
        }
        self.set((8, self.side - 8), true);
        let version = self.version() as usize;
        if let Some(word) = version.checked_sub(7).and_then(|index| VERSION_DECODE_INFO.get(index))
        {
            for bit in 0..18 {
                let (across, along) = (self.side - 11 + bit % 3, bit / 3);
                let dark = word >> bit & 1 == 1;
                self.set((across, along), dark);
                self.set((along, across), dark);
            }
        }
    }

    /// Squares around a middle, as far as they are inside the symbol.
    fn draw_rings(&mut self, (x, y): Place, reach: usize, is_dark: impl Fn(usize) -> bool) {
        for row in y.saturating_sub(reach)..=(y + reach).min(self.side - 1) {
            for column in x.saturating_sub(reach)..=(x + reach).min(self.side - 1) {
                self.set((column, row), is_dark(column.abs_diff(x).max(row.abs_diff(y))));
            }
        }
    }

    fn set(&mut self, (x, y): Place, dark: bool) {
        self.fixed[y * self.side + x] = Some(dark);
    }
}

impl Format {
    /// Each with its word, lowest bit first.
    pub(crate) fn all() -> impl Iterator<Item = (Self, [bool; FORMAT_BITS])> {
        use ErrorCorrectionLevel::{H, L, M, Q};
        (0..32_u16).map(|number| {
            let check = (0..10).fold(number, |rest, _| {
                let shifted = rest << 1;
                if shifted & 0x400 == 0 { shifted } else { shifted ^ FORMAT_POLYNOMIAL }
            });
            let word = (number << 10 | check & 0x3FF) ^ FORMAT_MASK;
            let level = [M, L, H, Q][usize::from(number >> 3)];
            (
                Self { level, mask: (number & 7) as u8 },
                std::array::from_fn(|bit| word >> bit & 1 == 1),
            )
        })
    }

    /// Whether the mask turns a data module over.
    pub(crate) fn masks(self, (x, y): Place) -> bool {
        match self.mask {
            0 => (x + y) % 2 == 0,
            1 => y % 2 == 0,
            2 => x % 3 == 0,
            3 => (x + y) % 3 == 0,
            4 => (x / 3 + y / 2) % 2 == 0,
            5 => x * y % 2 + x * y % 3 == 0,
            6 => (x * y % 2 + x * y % 3) % 2 == 0,
            _ => ((x + y) % 2 + x * y % 3) % 2 == 0,
        }
    }
}

/// All modules in the order in which codewords are laid: pairs of columns from right to left, upwards and downwards in
/// turn, past the column of the timing pattern.
fn in_order(side: usize) -> impl Iterator<Item = Place> {
    let rights = (7..side).rev().step_by(2).chain([5, 3, 1]);
    rights.enumerate().flat_map(move |(pair, right)| {
        (0..side).flat_map(move |step| {
            let y = if pair % 2 == 0 { side - 1 - step } else { step };
            [(right, y), (right - 1, y)]
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use qrcode::{Color, EcLevel, QrCode};

    #[test]
    fn fixed_modules_are_those_that_an_encoder_draws() {
        for version in 1..=40 {
            let layout = Layout::of(version).unwrap();
            let code =
                QrCode::with_version("1", qrcode::Version::Normal(version as i16), EcLevel::L);
            let code = code.unwrap();
            for y in 0..layout.side() {
                for x in 0..layout.side() {
                    if let Some(dark) = layout.fixed((x, y)) {
                        assert_eq!(
                            code[(x, y)] == Color::Dark,
                            dark,
                            "version {version}: {x}, {y}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn blocks_share_all_codewords_out() {
        use ErrorCorrectionLevel::{H, L, M, Q};
        for version in 1..=40 {
            let layout = Layout::of(version).unwrap();
            for level in [L, M, Q, H] {
                let blocks = layout.blocks(level);
                let mut codewords: Vec<usize> =
                    blocks.iter().flat_map(|block| block.codewords.iter().copied()).collect();
                codewords.sort_unstable();
                assert!(
                    codewords.iter().copied().eq(0..layout.data().len() / 8),
                    "version {version}"
                );
            }
        }
    }
}
