//! What Kotlin sees of pictures: a camera's frames in, the texts of their symbols out.

use super::{Result, unpoisoned};
use std::sync::Mutex;

/// How far a frame must be turned clockwise to stand upright.
#[derive(Clone, Copy, Debug, Default, uniffi::Enum)]
pub enum Rotation {
    /// It stands upright already.
    #[default]
    None,
    /// By 90°.
    Quarter,
    /// By 180°.
    Half,
    /// By 270°.
    ThreeQuarters,
}

/// The part of a frame to look at, in the buffer's own pixels, before any turning.
#[derive(Clone, Copy, Debug, uniffi::Record)]
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

/// How a luma plane lies in its buffer.
#[derive(Clone, Copy, Debug, Default, uniffi::Record)]
pub struct FrameLayout {
    /// Pixels in a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Bytes from the start of one row to the start of the next; the last row may end with its last pixel.
    pub row_stride: u32,
    /// The part to look at; without it, all.
    pub crop: Option<Crop>,
    /// How the part lies.
    pub rotation: Rotation,
}

/// What a QR symbol says.
#[derive(Clone, Debug, uniffi::Enum)]
pub enum SymbolContent {
    /// Text.
    Text {
        /// The text, decoded.
        text: String,
    },
    /// Bytes that are no text.
    Bytes {
        /// The bytes, as the symbol holds them.
        bytes: Vec<u8>,
    },
}

/// A place in the part that was looked at, turned upright, in pixels: x to the right, y down.
#[derive(Clone, Copy, Debug, uniffi::Record)]
pub struct Corner {
    /// Pixels from the left edge.
    pub x: f32,
    /// Pixels from the upper edge.
    pub y: f32,
}

/// One QR symbol of a frame.
#[derive(Clone, Debug, uniffi::Record)]
pub struct Symbol {
    /// What it says.
    pub content: SymbolContent,
    /// The symbol's own top left, top right, bottom right and bottom left corners.
    pub corners: Vec<Corner>,
}

/// Reads every QR symbol of a camera's luma plane where it lies, without a copy.
///
/// `pixels` starts at the plane's first byte. A direct buffer's position is not looked at: pass `buffer.slice()`.
///
/// # Errors
/// `EngineError::Frame` if the layout does not fit the buffer.
#[uniffi::export]
pub fn scan_luma(pixels: &[u8], layout: FrameLayout) -> Result<Vec<Symbol>> {
    Ok(scan::read(&layout.of(pixels)?).into_iter().map(Symbol::from).collect())
}

/// The frames of one camera, one after the other: what none of them gives alone can come out of several.
///
/// One for each time that the camera is open. It keeps less than a megabyte, and never mixes what frames of two
/// symbols say.
#[derive(uniffi::Object)]
pub struct FrameStream(Mutex<Seen>);

#[derive(Default)]
struct Seen {
    stream: scan::Stream,
    /// Of no pixels at all, until it is told.
    layout: FrameLayout,
    found: Vec<scan::Symbol>,
}

#[uniffi::export]
impl FrameStream {
    /// A stream that has seen no frame.
    #[uniffi::constructor]
    #[must_use]
    pub fn new() -> Self {
        Self(Mutex::default())
    }

    /// Takes the next frame and reads what it gives, alone or with those before it, without a copy. What `pixels` must
    /// be is told by [`scan_luma`].
    ///
    /// # Errors
    /// `EngineError::Frame` if the layout does not fit the buffer; the stream is then as it was.
    pub fn read(&self, pixels: &[u8], layout: FrameLayout) -> Result<Vec<Symbol>> {
        let frame = layout.of(pixels)?;
        let read = unpoisoned(&self.0).stream.read(&frame);
        Ok(read.into_iter().map(Symbol::from).collect())
    }

    /// How the frames lie that [`FrameStream::look`] takes from now on.
    pub fn lay_out(&self, layout: FrameLayout) {
        unpoisoned(&self.0).layout = layout;
    }

    /// As `read`, for frames that all lie as [`FrameStream::lay_out`] said: tells how many symbols there are, mostly
    /// none, and keeps them for [`FrameStream::found`]. So what crosses for a frame is its address and a number.
    ///
    /// # Errors
    /// `EngineError::Frame` if the layout does not fit the buffer, or none was told.
    pub fn look(&self, pixels: &[u8]) -> Result<u32> {
        let mut seen = unpoisoned(&self.0);
        seen.found.clear();
        let frame = seen.layout.of(pixels)?;
        seen.found = seen.stream.read(&frame);
        Ok(u32::try_from(seen.found.len()).unwrap_or(u32::MAX))
    }

    /// The symbols of the last look. They are given once.
    pub fn found(&self) -> Vec<Symbol> {
        std::mem::take(&mut unpoisoned(&self.0).found).into_iter().map(Symbol::from).collect()
    }
}

impl Default for FrameStream {
    fn default() -> Self {
        Self::new()
    }
}

impl FrameLayout {
    /// The part of a buffer to look at, upright.
    fn of(self, pixels: &[u8]) -> Result<scan::Luma<'_>> {
        let Self { width, height, row_stride, crop, rotation } = self;
        let mut frame = scan::Luma::new(pixels, width, height, row_stride)?;
        if let Some(Crop { left, top, width, height }) = crop {
            frame = frame.crop(scan::Crop { left, top, width, height })?;
        }
        Ok(frame.rotated(rotation.into()))
    }
}

impl From<Rotation> for scan::Rotation {
    fn from(rotation: Rotation) -> Self {
        match rotation {
            Rotation::None => Self::None,
            Rotation::Quarter => Self::Quarter,
            Rotation::Half => Self::Half,
            Rotation::ThreeQuarters => Self::ThreeQuarters,
        }
    }
}

impl From<scan::Symbol> for Symbol {
    fn from(symbol: scan::Symbol) -> Self {
        let content = match symbol.content {
            scan::Content::Text(text) => SymbolContent::Text { text },
            scan::Content::Bytes(bytes) => SymbolContent::Bytes { bytes },
        };
        Self {
            content,
            corners: symbol.corners.map(|scan::Point { x, y }| Corner { x, y }).to_vec(),
        }
    }
}
