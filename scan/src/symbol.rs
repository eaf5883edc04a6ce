//! What reading finds.

/// One QR symbol of a picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Symbol {
    /// What it says.
    pub content: Content,
    /// The outer corners of the symbol without its quiet zone, in pixels of the view that was read. The order is the
    /// symbol's own, whichever way it lies in the picture: top left, top right, bottom right, bottom left.
    pub corners: [Point; 4],
}

/// What a symbol says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// Text: its bytes are UTF-8, or the symbol says what else they are, or they can be nothing but Shift JIS.
    Text(String),
    /// Bytes that are no text, as the symbol holds them.
    Bytes(Vec<u8>),
}

/// A place in a picture, in pixels: x to the right, y down, (0, 0) the outer corner of the first pixel.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// Pixels from the left edge.
    pub x: f32,
    /// Pixels from the upper edge.
    pub y: f32,
}
