//! The caller's pixels, looked at without copying: a luma plane with a row stride, of which a part may be cut out and
//! turned upright.

use std::borrow::Cow;

use thiserror::Error;

use crate::symbol::Point;

/// The longest side of a frame, in pixels.
pub const MAX_SIDE: u32 = 32_767;
/// The most pixels of a frame.
pub const MAX_PIXELS: u64 = 1 << 28;

/// A view on 8-bit luma pixels that belong to someone else: a camera's Y plane or a decoded picture.
///
/// Cutting and turning change the view and copy nothing. Points are always told in the pixels of the view that was
/// read: x to the right, y down, (0, 0) the outer corner of the first pixel.
#[derive(Clone, Copy, Debug)]
pub struct Luma<'a> {
    pixels: &'a [u8],
    /// Where the view's first pixel lies in `pixels`.
    origin: usize,
    /// How far the next pixel to the right and the next one below lie in `pixels`.
    step: (isize, isize),
    width: u32,
    height: u32,
}

/// The part of a frame to look at, in that frame's pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Crop {
    /// Columns to leave out on the left.
    pub left: u32,
    /// Rows to leave out at the top.
    pub top: u32,
    /// Columns that stay.
    pub width: u32,
    /// Rows that stay.
    pub height: u32,
}

/// How far a frame must be turned clockwise to stand upright, as Android's `rotationDegrees` tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rotation {
    /// It stands upright already.
    None,
    /// By 90°.
    Quarter,
    /// By 180°.
    Half,
    /// By 270°.
    ThreeQuarters,
}

impl Rotation {
    /// What undoes this.
    fn back(self) -> Self {
        match self {
            Self::None => Self::None,
            Self::Quarter => Self::ThreeQuarters,
            Self::Half => Self::Half,
            Self::ThreeQuarters => Self::Quarter,
        }
    }

    /// Where a place of a view of this size lies after the turn.
    pub(crate) fn turned(self, place: Point, width: u32, height: u32) -> Point {
        let (width, height, Point { x, y }) = (width as f32, height as f32, place);
        match self {
            Self::None => place,
            Self::Quarter => Point { x: height - y, y: x },
            Self::Half => Point { x: width - x, y: height - y },
            Self::ThreeQuarters => Point { x: y, y: width - x },
        }
    }
}

/// Why a buffer is no frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum FrameError {
    /// A frame has at least one pixel.
    #[error("the frame is empty: {width} × {height} pixels")]
    Empty {
        /// Width that was asked for, in pixels.
        width: u32,
        /// Height that was asked for, in pixels.
        height: u32,
    },
    /// The frame is beyond [`MAX_SIDE`] or [`MAX_PIXELS`].
    #[error(
        "the frame is too large: {width} × {height} pixels; a side may have {MAX_SIDE}, the whole {MAX_PIXELS}"
    )]
    TooLarge {
        /// Width that was asked for, in pixels.
        width: u32,
        /// Height that was asked for, in pixels.
        height: u32,
    },
    /// Rows would overlap.
    #[error("rows of {width} pixels do not fit into a row stride of {row_stride} bytes")]
    StrideTooShort {
        /// Width that was asked for, in pixels.
        width: u32,
        /// Distance from one row to the next, in bytes.
        row_stride: u32,
    },
    /// The frame would reach beyond the end of the buffer.
    #[error("the frame needs {needed} bytes, the buffer has {found}")]
    BufferTooShort {
        /// Bytes that the frame spans.
        needed: u64,
        /// Bytes that are there.
        found: u64,
    },
    /// The part to look at reaches beyond the frame.
    #[error("the part {crop:?} reaches beyond the frame of {width} × {height} pixels")]
    CropOutside {
        /// The part that was asked for.
        crop: Crop,
        /// Width of the frame, in pixels.
        width: u32,
        /// Height of the frame, in pixels.
        height: u32,
    },
}

impl<'a> Luma<'a> {
    /// Looks at `height` rows of `width` pixels, each row `row_stride` bytes after the one before. The last row may
    /// end with its last pixel, as camera buffers do.
    ///
    /// # Errors
    /// See [`FrameError`]; nothing outside `pixels` is ever looked at.
    pub fn new(
        pixels: &'a [u8],
        width: u32,
        height: u32,
        row_stride: u32,
    ) -> Result<Self, FrameError> {
        check_size(width, height)?;
        if row_stride < width {
            return Err(FrameError::StrideTooShort { width, row_stride });
        }
        // Below 2^32 * 2^15 + 2^15, so this cannot overflow.
        let needed = u64::from(row_stride) * u64::from(height - 1) + u64::from(width);
        let found = pixels.len() as u64;
        if found < needed {
            return Err(FrameError::BufferTooShort { needed, found });
        }
        let row_step =
            isize::try_from(row_stride).map_err(|_| FrameError::TooLarge { width, height })?;
        Ok(Self { pixels, origin: 0, step: (1, row_step), width, height })
    }

    /// Looks at a part of this view.
    ///
    /// # Errors
    /// [`FrameError::Empty`] or [`FrameError::CropOutside`].
    pub fn crop(self, crop: Crop) -> Result<Self, FrameError> {
        let Crop { left, top, width, height } = crop;
        check_size(width, height)?;
        let fits = |from: u32, length: u32, whole: u32| {
            from.checked_add(length).is_some_and(|end| end <= whole)
        };
        if !fits(left, width, self.width) || !fits(top, height, self.height) {
            return Err(FrameError::CropOutside { crop, width: self.width, height: self.height });
        }
        Ok(Self { origin: self.index(left, top), width, height, ..self })
    }

    /// Looks at this view turned clockwise.
    #[must_use]
    pub fn rotated(self, rotation: Rotation) -> Self {
        let (right, down) = self.step;
        let (last_column, last_row) = (self.width - 1, self.height - 1);
        let turned = Self { width: self.height, height: self.width, ..self };
        match rotation {
            Rotation::None => self,
            Rotation::Quarter => {
                Self { origin: self.index(0, last_row), step: (-down, right), ..turned }
            }
            Rotation::Half => {
                Self { origin: self.index(last_column, last_row), step: (-right, -down), ..self }
            }
            Rotation::ThreeQuarters => {
                Self { origin: self.index(last_column, 0), step: (down, -right), ..turned }
            }
        }
    }

    /// Width of the view, in pixels.
    #[must_use]
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Height of the view, in pixels.
    #[must_use]
    pub fn height(&self) -> u32 {
        self.height
    }

    /// The view's pixels row after row: where they lie if nothing is between the rows, or else packed together.
    pub(crate) fn packed(&self) -> Cow<'a, [u8]> {
        let (width, height) = (self.width as usize, self.height as usize);
        if self.step == (1, self.width as isize) {
            return Cow::Borrowed(&self.pixels[self.origin..self.origin + width * height]);
        }
        let mut packed = Vec::with_capacity(width * height);
        for y in 0..self.height {
            let start = self.index(0, y);
            if self.step.0 == 1 {
                packed.extend_from_slice(&self.pixels[start..start + width]);
            } else {
                packed.extend((0..self.width as isize).map(|x| {
                    let index = start.wrapping_add_signed(x * self.step.0);
                    self.pixels[index]
                }));
            }
        }
        Cow::Owned(packed)
    }

    /// This view as it was before it was turned, so that its rows lie in the buffer as they are, and the turn.
    pub(crate) fn unturned(self) -> (Self, Rotation) {
        let turn = match self.step {
            (1, _) => Rotation::None,
            (-1, _) => Rotation::Half,
            (right, _) if right < 0 => Rotation::Quarter,
            _ => Rotation::ThreeQuarters,
        };
        (self.rotated(turn.back()), turn)
    }

    /// Where a pixel of the view lies in the buffer. Inside the buffer by what [`Luma::new`] and [`Luma::crop`]
    /// checked, hence no overflow.
    fn index(&self, x: u32, y: u32) -> usize {
        self.origin.wrapping_add_signed(x as isize * self.step.0 + y as isize * self.step.1)
    }
}

fn check_size(width: u32, height: u32) -> Result<(), FrameError> {
    if width == 0 || height == 0 {
        return Err(FrameError::Empty { width, height });
    }
    if width > MAX_SIDE || height > MAX_SIDE || u64::from(width) * u64::from(height) > MAX_PIXELS {
        return Err(FrameError::TooLarge { width, height });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_stride_longer_than_the_row_skips_its_padding() {
        let pixels = [1, 2, 0, 0, 3, 4];
        assert_eq!(Luma::new(&pixels, 2, 2, 4).unwrap().packed()[..], [1, 2, 3, 4]);
    }

    #[test]
    fn a_buffer_one_byte_short_is_refused() {
        let pixels = [0; 5];
        assert_eq!(
            Luma::new(&pixels, 2, 2, 4).unwrap_err(),
            FrameError::BufferTooShort { needed: 6, found: 5 }
        );
    }

    #[test]
    fn sizes_that_would_overflow_are_refused() {
        assert!(matches!(
            Luma::new(&[], u32::MAX, u32::MAX, u32::MAX),
            Err(FrameError::TooLarge { .. })
        ));
        assert!(matches!(
            Luma::new(&[0; 9], 3, 3, u32::MAX),
            Err(FrameError::BufferTooShort { .. })
        ));
        let pixels = [0; 9];
        let frame = Luma::new(&pixels, 3, 3, 3).unwrap();
        let beyond = Crop { left: u32::MAX, top: 0, width: 2, height: 2 };
        assert!(matches!(frame.crop(beyond), Err(FrameError::CropOutside { .. })));
    }

    #[test]
    fn turning_is_clockwise() {
        // 1 2 3      4 1
        // 4 5 6  →   5 2
        //            6 3
        let pixels = [1, 2, 3, 4, 5, 6];
        let frame = Luma::new(&pixels, 3, 2, 3).unwrap();
        assert_eq!(frame.rotated(Rotation::Quarter).packed()[..], [4, 1, 5, 2, 6, 3]);
        assert_eq!(frame.rotated(Rotation::Half).packed()[..], [6, 5, 4, 3, 2, 1]);
        assert_eq!(frame.rotated(Rotation::ThreeQuarters).packed()[..], [3, 6, 2, 5, 1, 4]);
    }

    #[test]
    fn a_part_of_a_turned_view_is_cut_in_the_turned_pixels() {
        let pixels = [1, 2, 3, 4, 5, 6];
        let frame = Luma::new(&pixels, 3, 2, 3).unwrap().rotated(Rotation::Quarter);
        let part = frame.crop(Crop { left: 1, top: 1, width: 1, height: 2 }).unwrap();
        assert_eq!(part.packed()[..], [2, 3]);
    }

    fn rotation() -> impl Strategy<Value = Rotation> {
        prop_oneof![
            Just(Rotation::None),
            Just(Rotation::Quarter),
            Just(Rotation::Half),
            Just(Rotation::ThreeQuarters)
        ]
    }

    proptest! {
        #[test]
        fn a_view_that_was_accepted_stays_inside_its_buffer(
            length in 0_usize..400, width in 0_u32..24, height in 0_u32..24, row_stride in 0_u32..32,
            left in 0_u32..24, top in 0_u32..24, part_width in 0_u32..24, part_height in 0_u32..24,
            first in rotation(), second in rotation(),
        ) {
            let pixels = vec![7; length];
            let Ok(frame) = Luma::new(&pixels, width, height, row_stride) else { return Ok(()) };
            let crop = Crop { left, top, width: part_width, height: part_height };
            let Ok(part) = frame.rotated(first).crop(crop) else { return Ok(()) };
            let view = part.rotated(second);
            prop_assert_eq!(view.packed().len(), (view.width() * view.height()) as usize);
        }
    }
}
