//! Pixels to QR symbols.
//!
//! Two entry points: a [`Luma`] frame goes in, every QR symbol of the picture comes out of [`read`], with what it says and
//! where it is; or frames go into a [`Stream`] one after the other, which reads what no frame gives alone. No I/O, no
//! clock, no C. Whatever the pixels are, reading ends and does not panic.
//!
//! Inside, each stage of reading is a module: [`frame`] looks at the caller's buffer, `reader` decides what is tried in
//! which order, `finder` and `second_finder` look for symbols in binarised pixels (`threshold`), `decoder` corrects a
//! symbol's codewords by hard decision, `payload` reads their segments.
//!
//! A stream works on grey levels instead: `finder_correlation` finds finder patterns, `finder_triple`, `finder_pair`
//! and `timing_pattern` make grids of them that `locate` fits to what every symbol has (`layout`), `module_samples` and
//! `soft_accumulator` give the log-likelihood ratio of each module, and `soft_decoder` decodes these by soft decision
//! with `reed_solomon`.
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
mod finder;
mod finder_correlation;
mod finder_pair;
mod finder_triple;
pub mod frame;
mod grid;
mod guard;
mod layout;
mod linear;
mod locate;
mod matching;
mod module_samples;
mod outline;
mod payload;
mod plane;
mod reader;
mod reed_solomon;
mod second_finder;
mod soft_accumulator;
mod soft_decoder;
mod stream;
mod symbol;
mod threshold;
mod timing_pattern;

pub use frame::{Crop, FrameError, Luma, Rotation};
pub use guard::keep_caught_panics_quiet;
pub use reader::{read, read_one};
pub use stream::Stream;
pub use symbol::{Content, Point, Symbol};
