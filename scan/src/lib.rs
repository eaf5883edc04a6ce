//! Pixels to QR symbols.
//!
//! One door: a [`Luma`] frame goes in, every QR symbol of the picture comes out of [`read`], with what it says and
//! where it is. No I/O, no clock, no C. Whatever the pixels are, reading ends and does not panic.
//!
//! Inside, the stages of reading are the rooms: [`frame`] looks at the caller's buffer, `reader` decides what is tried
//! in which order, `finder` and `second_finder` look for symbols in black and white pixels, `decoder` corrects a
//! symbol's codewords, `payload` reads their segments.
//!
//! ```
//! # fn main() -> Result<(), scan::FrameError> {
//! let (pixels, width, height, row_stride) = (vec![255; 48 * 36], 40, 36, 48);
//! let frame = scan::Luma::new(&pixels, width, height, row_stride)?;
//! assert!(scan::read(&frame).is_empty());
//! # Ok(())
//! # }
//! ```
#![forbid(unsafe_code)]

mod decoder;
mod finder;
pub mod frame;
mod guard;
mod outline;
mod payload;
mod plane;
mod reader;
mod second_finder;
mod symbol;
mod threshold;

pub use frame::{Crop, FrameError, Luma, Rotation};
pub use guard::keep_caught_panics_quiet;
pub use reader::{read, read_one};
pub use symbol::{Content, Point, Symbol};
