//! Fuzz targets, one a decoder, with their corpora.
//!
//! A [`Target`] takes any bytes. It ends whatever they are, panics only when an invariant is broken, and
//! checks on the way that what was read writes back to the same bytes. `corpus/NAME/` holds its seeds;
//! `tests/replay.rs` runs them and a fixed number of mutated ones on the stable compiler, and the
//! program `fuzz` goes on for as long as one likes.
#![forbid(unsafe_code)]

mod altered;
mod bundles;
mod field;
mod fixtures;
mod moment;
mod mutator;
mod script;
mod sync;
mod targets;

pub use mutator::Mutator;
pub use targets::TARGETS;

use std::path::{Path, PathBuf};

/// One entry point for bytes from outside.
#[derive(Clone, Copy)]
pub struct Target {
    /// Its name, and that of its folder in `corpus/`.
    pub name: &'static str,
    /// Shows the bytes to the decoder.
    pub run: fn(&[u8]),
}

impl Target {
    /// The target with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        TARGETS.into_iter().find(|target| target.name == name)
    }

    /// Where its seeds are.
    #[must_use]
    pub fn corpus(&self) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(self.name)
    }

    /// Its seeds, in the order of their file names.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn seeds(&self) -> std::io::Result<Vec<Vec<u8>>> {
        let mut files: Vec<PathBuf> = std::fs::read_dir(self.corpus())?
            .map(|entry| Ok(entry?.path()))
            .collect::<std::io::Result<_>>()?;
        files.sort();
        files.into_iter().map(std::fs::read).collect()
    }
}
