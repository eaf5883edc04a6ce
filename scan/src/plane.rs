//! The pixels that are worked on: a copy of the view at the size that suits an attempt, and its black and white form.

use std::borrow::Cow;

use rxing::common::BitMatrix;

use crate::frame::Luma;
use crate::threshold::{self, Classes};

/// Luma pixels row after row: the caller's own where they lie so, or a copy.
pub(crate) struct Plane<'a> {
    pixels: Cow<'a, [u8]>,
    width: usize,
    height: usize,
    /// Width of a pixel in pixels of the view that this came from.
    scale: f32,
}

/// Levels of a block of pixels that lie this far apart or less are noise, of the pixels as they are and of means.
const FLAT: u8 = 24;
const FLAT_OF_MEANS: u8 = 12;

/// How a pixel is judged to be black.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Threshold {
    /// Darker than its neighbourhood: bears shadows and gradients.
    Local,
    /// Darker than one level for the whole picture: bears flat pictures and very large modules.
    Global,
    /// A little darker than the lightest pixels of the whole picture: bears ink that is pale or drawn in outline.
    Pale,
}

impl<'a> Plane<'a> {
    pub(crate) fn of(frame: &Luma<'a>) -> Self {
        Self {
            pixels: frame.packed(),
            width: frame.width() as usize,
            height: frame.height() as usize,
            scale: 1.0,
        }
    }

    pub(crate) fn width(&self) -> usize {
        self.width
    }

    pub(crate) fn height(&self) -> usize {
        self.height
    }

    pub(crate) fn area(&self) -> usize {
        self.width * self.height
    }

    pub(crate) fn pixels(&self) -> &[u8] {
        &self.pixels
    }

    pub(crate) fn scale(&self) -> f32 {
        self.scale
    }

    /// Shrunk by the least factor that leaves `area` pixels or fewer; `None` if there are no more as it is.
    pub(crate) fn shrunk_to(&self, area: usize) -> Option<Plane<'static>> {
        if self.area() <= area {
            return None;
        }
        let factor = (2..).find(|factor| self.area() / (factor * factor) <= area)?;
        self.shrunk(factor)
    }

    /// Each square of `factor` × `factor` pixels becomes their mean; what is left over at the right and lower edge is
    /// dropped. `None` if nothing would be left.
    pub(crate) fn shrunk(&self, factor: usize) -> Option<Plane<'static>> {
        let (width, height) = (self.width / factor, self.height / factor);
        if width == 0 || height == 0 {
            return None;
        }
        let mut pixels = Vec::with_capacity(width * height);
        if factor == 2 {
            // By far the most frequent, so in a form that the compiler can take many pixels at a time in.
            for rows in self.pixels.chunks_exact(2 * self.width) {
                let (upper, lower) = rows.split_at(self.width);
                pixels.extend(upper.chunks_exact(2).zip(lower.chunks_exact(2)).map(|(a, b)| {
                    ((u16::from(a[0]) + u16::from(a[1]) + u16::from(b[0]) + u16::from(b[1])) / 4)
                        as u8
                }));
            }
        } else {
            let mut sums = vec![0_u32; width];
            for rows in self.pixels.chunks_exact(self.width * factor).take(height) {
                sums.fill(0);
                for row in rows.chunks_exact(self.width) {
                    for (sum, square) in sums.iter_mut().zip(row.chunks_exact(factor)) {
                        *sum += square.iter().map(|&pixel| u32::from(pixel)).sum::<u32>();
                    }
                }
                let count = (factor * factor) as u32;
                pixels.extend(sums.iter().map(|&sum| (sum / count) as u8));
            }
        }
        let scale = self.scale * factor as f32;
        Some(Plane { pixels: pixels.into(), width, height, scale })
    }

    /// Each pixel and those around it, weighed 1, 2, 1 in both directions. Those at the edges stay as they are.
    pub(crate) fn softened(&self) -> Plane<'static> {
        let (width, height) = (self.width, self.height);
        let mut pixels = self.pixels.to_vec();
        let mut sums = vec![0_u16; width];
        for y in 1..height.saturating_sub(1) {
            let row = |y: usize| &self.pixels[y * width..(y + 1) * width];
            let rows = row(y - 1).iter().zip(row(y)).zip(row(y + 1));
            for (sum, ((&above, &here), &below)) in sums.iter_mut().zip(rows) {
                *sum = u16::from(above) + 2 * u16::from(here) + u16::from(below);
            }
            let inner = &mut pixels[y * width + 1..((y + 1) * width).max(y * width + 2) - 1];
            for (pixel, three) in inner.iter_mut().zip(sums.windows(3)) {
                *pixel = ((three[0] + 2 * three[1] + three[2] + 8) / 16) as u8;
            }
        }
        Plane { pixels: pixels.into(), width, height, scale: self.scale }
    }

    /// Twice as wide and high, pixels between interpolated: the finders need modules of two pixels and more.
    pub(crate) fn doubled(&self) -> Plane<'static> {
        let (width, height) = (self.width * 2, self.height * 2);
        let mut pixels = Vec::with_capacity(width * height);
        for y in 0..height {
            let (near_y, far_y) = neighbours(y, self.height);
            for x in 0..width {
                let (near_x, far_x) = neighbours(x, self.width);
                let at = |x, y| u32::from(self.pixels[y * self.width + x]);
                let sum = 9 * at(near_x, near_y)
                    + 3 * (at(far_x, near_y) + at(near_x, far_y))
                    + at(far_x, far_y);
                pixels.push(((sum + 8) / 16) as u8);
            }
        }
        Plane { pixels: pixels.into(), width, height, scale: self.scale / 2.0 }
    }

    /// Black (`true`) and white, or `None` where the picture has no contrast to tell them apart.
    pub(crate) fn black(&self, threshold: Threshold) -> Option<BitMatrix> {
        let is_large = self.width.min(self.height) >= threshold::MIN_SIDE;
        match threshold {
            Threshold::Local if is_large => {
                // The means of more pixels have less noise, so fainter ink can be told from paper.
                let flat = if self.scale < 2.0 { FLAT } else { FLAT_OF_MEANS };
                threshold::local(&self.pixels, self.width, self.height, flat)
            }
            Threshold::Local | Threshold::Global => {
                let level = threshold::between_two_classes(&self.pixels)?.level;
                threshold::global(&self.pixels, self.width, self.height, level)
            }
            Threshold::Pale => {
                let Classes { level, light } = threshold::between_two_classes(&self.pixels)?;
                threshold::global(&self.pixels, self.width, self.height, level.midpoint(light))
            }
        }
    }
}

/// The nearest and the second nearest pixel of `side` for pixel `doubled` of the double side.
fn neighbours(doubled: usize, side: usize) -> (usize, usize) {
    let near = doubled / 2;
    let far =
        if doubled.is_multiple_of(2) { near.saturating_sub(1) } else { (near + 1).min(side - 1) };
    (near, far)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plane(pixels: &[u8], width: u32) -> Plane<'_> {
        let height = pixels.len() as u32 / width;
        Plane::of(&Luma::new(pixels, width, height, width).unwrap())
    }

    #[test]
    fn shrinking_takes_the_mean_of_each_square() {
        let shrunk = plane(&[10, 20, 99, 30, 40, 99, 99, 99, 99], 3).shrunk(2).unwrap();
        assert_eq!((shrunk.width, shrunk.height, shrunk.pixels()), (1, 1, [25].as_slice()));
        assert!(plane(&[1, 2, 3], 3).shrunk(2).is_none());
    }

    #[test]
    fn doubling_keeps_flat_areas_flat_and_levels_between_their_neighbours() {
        assert!(plane(&[77; 6], 3).doubled().pixels.iter().all(|&pixel| pixel == 77));
        assert_eq!(plane(&[0, 16], 2).doubled().pixels[..4], [0, 4, 12, 16]);
    }
}
