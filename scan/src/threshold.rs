//! Grey pixels to black and white, by the levels around each block of pixels.
//!
//! The rule is that of ZXing's hybrid binarizer: a block's level is the mean of its pixels; a block without contrast
//! takes the levels before it, or half its darkest pixel where paper is likely; five by five blocks are averaged.
//! Everything runs over whole rows, so that the compiler can take many pixels at a time.

use rxing::common::{BitArray, BitMatrix};

/// Pixels on each side of a block.
const BLOCK: usize = 8;
/// Blocks around a block, on each side, whose levels are averaged with its own.
const REACH: usize = 2;
/// One pixel in so many tells how levels are spread over a picture. A prime, so that columns do not fall into step.
const SAMPLED: usize = 7;
/// Pixels of a word of the bit matrix.
const WORD: usize = usize::BITS as usize;

/// The smallest side that has blocks enough, in pixels.
pub(crate) const MIN_SIDE: usize = BLOCK * (2 * REACH + 1);

/// Pixels that are not lighter than their surroundings are `true`. A block whose levels lie `flat` apart or less has no
/// contrast of its own. Both sides must be [`MIN_SIDE`] and more.
pub(crate) fn local(pixels: &[u8], width: usize, height: usize, flat: u8) -> Option<BitMatrix> {
    let (columns, rows) = (width.div_ceil(BLOCK), height.div_ceil(BLOCK));
    let levels = averaged(&block_levels(pixels, width, height, flat), columns, rows);
    let mut level_row = vec![0; width];
    let mut black = Rows::new(width, height)?;
    for (block_row, levels) in levels.chunks_exact(columns).enumerate() {
        for (place, &level) in level_row.chunks_mut(BLOCK).zip(levels) {
            place.fill(level);
        }
        for y in block_row * BLOCK..((block_row + 1) * BLOCK).min(height) {
            black.set(y, &pixels[y * width..(y + 1) * width], &level_row);
        }
    }
    Some(black.matrix)
}

/// Pixels that are not lighter than one level are `true`.
pub(crate) fn global(pixels: &[u8], width: usize, height: usize, level: u8) -> Option<BitMatrix> {
    let level_row = vec![level; width];
    let mut black = Rows::new(width, height)?;
    for (y, row) in pixels.chunks_exact(width).enumerate() {
        black.set(y, row, &level_row);
    }
    Some(black.matrix)
}

/// Two classes of pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Classes {
    /// The highest level of the darker class.
    pub(crate) level: u8,
    /// The mean of the lighter class.
    pub(crate) light: u8,
}

/// Parts pixels into the two classes that are most alike within (Otsu 1979). `None` where they are hardly apart.
pub(crate) fn between_two_classes(pixels: &[u8]) -> Option<Classes> {
    // The middles of the classes lie this far apart at least.
    const APART: f64 = 12.0;
    let mut counts = [0_u32; 256];
    for &pixel in pixels.iter().step_by(SAMPLED) {
        counts[usize::from(pixel)] += 1;
    }
    let weighted = |level: usize| level as f64 * f64::from(counts[level]);
    let all: f64 = counts.iter().map(|&count| f64::from(count)).sum();
    let whole: f64 = (0..256).map(weighted).sum();
    let (mut dark, mut darkness) = (0.0, 0.0);
    let mut best = (0.0, None);
    for level in 0..=u8::MAX {
        dark += f64::from(counts[usize::from(level)]);
        darkness += weighted(usize::from(level));
        let light = all - dark;
        if dark == 0.0 || light == 0.0 {
            continue;
        }
        let apart = (whole - darkness) / light - darkness / dark;
        let between = dark * light * apart * apart;
        if between > best.0 && apart > APART {
            let light = ((whole - darkness) / light) as u8;
            best = (between, Some(Classes { level, light }));
        }
    }
    best.1
}

/// A bit matrix that is filled row after row.
struct Rows {
    matrix: BitMatrix,
    row: BitArray,
    flags: Vec<u8>,
}

impl Rows {
    fn new(width: usize, height: usize) -> Option<Self> {
        let matrix = BitMatrix::new(width as u32, height as u32).ok()?;
        let flags = vec![0; width.next_multiple_of(WORD)];
        Some(Self { matrix, row: BitArray::with_size(width), flags })
    }

    fn set(&mut self, y: usize, pixels: &[u8], levels: &[u8]) {
        for ((flag, pixel), level) in self.flags.iter_mut().zip(pixels).zip(levels) {
            *flag = u8::from(pixel <= level);
        }
        for (index, flags) in self.flags.chunks_exact(WORD).enumerate() {
            let word = flags.chunks_exact(8).enumerate();
            let word = word.fold(0, |word, (byte, flags)| word | packed(flags) << (8 * byte));
            self.row.setBulk(index * WORD, word);
        }
        self.matrix.setRow(y as u32, &self.row);
    }
}

/// Eight bytes of 0 or 1 to eight bits, the first one lowest.
fn packed(flags: &[u8]) -> usize {
    let bytes = <[u8; 8]>::try_from(flags).map_or(0, u64::from_le_bytes);
    // Each factor moves one flag to its place in the highest byte; no two meet.
    (bytes.wrapping_mul(0x0102_0408_1020_4080) >> 56) as usize
}

/// The level of each block by itself, row after row of blocks.
fn block_levels(pixels: &[u8], width: usize, height: usize, flat: u8) -> Vec<u8> {
    let (columns, rows) = (width.div_ceil(BLOCK), height.div_ceil(BLOCK));
    let mut levels: Vec<u8> = Vec::with_capacity(columns * rows);
    let (mut sums, mut least, mut most) = (vec![0_u16; width], vec![0; width], vec![0; width]);
    for block_row in 0..rows {
        // The last blocks overlap those before them.
        let top = (block_row * BLOCK).min(height - BLOCK);
        sums.fill(0);
        least.fill(u8::MAX);
        most.fill(u8::MIN);
        for row in pixels[top * width..].chunks_exact(width).take(BLOCK) {
            for (sum, &pixel) in sums.iter_mut().zip(row) {
                *sum += u16::from(pixel);
            }
            for (least, &pixel) in least.iter_mut().zip(row) {
                *least = pixel.min(*least);
            }
            for (most, &pixel) in most.iter_mut().zip(row) {
                *most = pixel.max(*most);
            }
        }
        for column in 0..columns {
            let left = (column * BLOCK).min(width - BLOCK);
            let block = left..left + BLOCK;
            let darkest = least[block.clone()].iter().fold(u8::MAX, |a, &b| a.min(b));
            let lightest = most[block.clone()].iter().fold(u8::MIN, |a, &b| a.max(b));
            let level = if lightest - darkest > flat {
                let sum: u32 = sums[block].iter().map(|&sum| u32::from(sum)).sum();
                (sum / (BLOCK * BLOCK) as u32) as u8
            } else {
                flat_level(darkest, &levels, columns, column)
            };
            levels.push(level);
        }
    }
    levels
}

/// The level of a block without contrast, after the `levels` of the blocks before it.
fn flat_level(darkest: u8, levels: &[u8], columns: usize, column: usize) -> u8 {
    if levels.len() >= columns && column > 0 {
        let here = levels.len();
        let [above, before, corner] =
            [here - columns, here - 1, here - columns - 1].map(|place| u32::from(levels[place]));
        let around = ((above + 2 * before + corner) / 4) as u8;
        if darkest < around {
            return around;
        }
    }
    darkest / 2
}

/// The mean over the blocks around each block. Those at the edges take the nearest whole neighbourhood.
fn averaged(levels: &[u8], columns: usize, rows: usize) -> Vec<u8> {
    let count = (2 * REACH + 1) as u32;
    let middle = |index: usize, all: usize| index.clamp(REACH, all - REACH - 1);
    let mut averaged = Vec::with_capacity(levels.len());
    let mut sums = vec![0_u32; columns];
    for row in 0..rows {
        let top = middle(row, rows) - REACH;
        sums.fill(0);
        for levels in levels[top * columns..].chunks_exact(columns).take(2 * REACH + 1) {
            for (sum, &level) in sums.iter_mut().zip(levels) {
                *sum += u32::from(level);
            }
        }
        averaged.extend((0..columns).map(|column| {
            let left = middle(column, columns) - REACH;
            let sum: u32 = sums[left..left + 2 * REACH + 1].iter().sum();
            (sum / (count * count)) as u8
        }));
    }
    averaged
}

#[cfg(test)]
mod tests {
    use super::*;
    use rxing::common::HybridBinarizer;
    use rxing::{Binarizer, Luma8Source};

    /// A gradient with rings of ink, so that there are dark, light, flat and mixed blocks.
    fn picture(width: usize, height: usize) -> Vec<u8> {
        let level = |index: usize| {
            let (x, y) = (index % width, index / width);
            let paper = 90 + 130 * x / width;
            let ring = (x * x + y * y) / 900 % 3 == 0 && y > height / 3;
            if ring { paper - 60 } else { paper - (x * 7 + y * 13) % 9 }
        };
        (0..width * height).map(|index| level(index) as u8).collect()
    }

    #[test]
    fn black_and_white_are_those_of_the_hybrid_binarizer() {
        for (width, height) in [(40, 40), (200, 131), (64, 41), (129, 250)] {
            let pixels = picture(width, height);
            let source = Luma8Source::new_with_slice(&pixels, width as u32, height as u32).unwrap();
            let hybrid = HybridBinarizer::new(source);
            let expected = hybrid.get_black_matrix().unwrap();
            let found = local(&pixels, width, height, 24).unwrap();
            let differing = (0..height as u32)
                .flat_map(|y| (0..width as u32).map(move |x| (x, y)))
                .filter(|&(x, y)| expected.get(x, y) != found.get(x, y))
                .count();
            // Blocks that overlap at the edges are thresholded twice there, and their first result stays.
            assert!(differing * 50 < width * height, "{differing} of {width} × {height}");
        }
    }

    #[test]
    fn two_classes_are_parted_between_them() {
        let pixels: Vec<u8> = (0..700).map(|place| if place % 3 == 0 { 40 } else { 200 }).collect();
        assert_eq!(between_two_classes(&pixels), Some(Classes { level: 40, light: 200 }));
        assert_eq!(between_two_classes(&[90; 700]), None);
    }

    #[test]
    fn one_level_parts_pixels_at_the_level() {
        let pixels: Vec<u8> = (0..150).collect();
        let black = global(&pixels, 75, 2, 100).unwrap();
        for (index, &pixel) in pixels.iter().enumerate() {
            assert_eq!(black.get(index as u32 % 75, index as u32 / 75), pixel <= 100);
        }
    }
}
