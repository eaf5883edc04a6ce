//! What Kotlin sees of the engine. Without logic: every function here translates and calls.
//!
//! UniFFI generates the border from these items, the only unsafe code of this crate. A check's outcome is a value; an
//! exception means broken machinery, and says which.
#![allow(
    unsafe_code,
    reason = "UniFFI's generated functions are exported by name and take raw buffers"
)]

use thiserror::Error;

uniffi::setup_scaffolding!();

/// Machinery that failed. The message is for people; the type is what an app may decide by.
#[derive(Debug, Error, uniffi::Error)]
#[uniffi(flat_error)]
pub enum EngineError {
    /// The camera's buffer does not hold the frame that was announced.
    #[error(
        "The camera's picture cannot be used: {0}. Restart the camera; if it comes back, report it."
    )]
    Frame(#[from] scan::FrameError),
}

/// How far a frame must be turned clockwise to stand upright.
#[derive(Clone, Copy, Debug, uniffi::Enum)]
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
#[derive(Clone, Copy, Debug, uniffi::Record)]
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
/// [`EngineError::Frame`] if the layout does not fit the buffer.
#[uniffi::export]
pub fn scan_luma(pixels: &[u8], layout: FrameLayout) -> Result<Vec<Symbol>, EngineError> {
    let FrameLayout { width, height, row_stride, crop, rotation } = layout;
    let mut frame = scan::Luma::new(pixels, width, height, row_stride)?;
    if let Some(Crop { left, top, width, height }) = crop {
        frame = frame.crop(scan::Crop { left, top, width, height })?;
    }
    Ok(scan::read(&frame.rotated(rotation.into())).into_iter().map(Symbol::from).collect())
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
