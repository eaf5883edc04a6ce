//! Pixels to QR symbols.
//!
//! Two doors: a [`Luma`] frame goes in, every QR symbol of the picture comes out of [`read`], with what it says and
//! where it is; or frames go into a [`Stream`] one after the other, which reads what no frame gives alone. No I/O, no
//! clock, no C. Whatever the pixels are, reading ends and does not panic.
//!
//! Inside, the stages of reading are the rooms: [`frame`] looks at the caller's buffer, `reader` decides what is tried
//! in which order, `finder` and `second_finder` look for symbols in black and white pixels, `decoder` corrects a
//! symbol's codewords, `payload` reads their segments.
//!
//! A stream works on grey levels instead: `rings` finds finder patterns, `threesome`, `twosome` and `timing` make grids
//! of them that `locate` fits to what every symbol has (`layout`), `sight` and `evidence` say how sure each module is, and
//! `soft` decodes such confidences by `reed_solomon`.
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
#![warn(missing_docs)]

mod decoder;
mod evidence;
mod finder;
pub mod frame;
mod grid;
mod guard;
mod layout;
mod linear;
mod locate;
mod matching;
mod outline;
mod payload;
mod plane;
mod reader;
mod reed_solomon;
mod rings;
mod second_finder;
mod sight;
mod soft;
mod stream;
mod symbol;
mod threesome;
mod threshold;
mod timing;
mod twosome;

pub use frame::{Crop, FrameError, Luma, Rotation};
pub use guard::keep_caught_panics_quiet;
pub use reader::{read, read_one};
pub use stream::Stream;
pub use symbol::{Content, Point, Symbol};
