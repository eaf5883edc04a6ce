//! Sealed bundles: files that carry between phone and server what a network would, in strangers'
//! hands (docs/protocol.md §15).
//!
//! A file is signed, then sealed: outside stand the version, the id of the key it is sealed to and
//! the encapsulated key; inside a header that lists the parts, and the parts. [`stream`] seals and
//! opens it chunk by chunk, [`Reader`] and [`Writer`] work on its contents.

mod header;
mod reader;
pub mod stream;
mod writer;

pub use header::{Answer, Bundle, Head, Part, PartKind, Place};
pub use reader::{Event, Parts, Reader, verify};
pub use writer::{Writer, file_len};

use crate::id::BundleId;

/// The largest file, in bytes: 20 MB.
pub const MAX_FILE_LEN: usize = 20_000_000;

/// Most parts of one file.
pub const MAX_PARTS: usize = 500;

/// Most files of one bundle.
pub const MAX_FILES: u32 = 9_999;

/// What the file names of bundles end in.
pub const FILE_SUFFIX: &str = "vsb";

/// Why a file is no bundle that can be taken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BundleFault {
    /// The file does not begin as a bundle does.
    #[error("the file does not begin as a bundle does")]
    NotABundle,
    /// A later version of the format.
    #[error("the bundle has a version that this program does not know")]
    Version,
    /// It is sealed to another key than the one at hand.
    #[error("the bundle is sealed to another key")]
    OtherKey,
    /// A chunk does not open: the file was altered, cut short, lengthened or put together anew.
    #[error("the bundle was altered or cut short on its way")]
    Damaged,
    /// The contents are not those that the header lists.
    #[error("the bundle's contents are not those that its header lists")]
    Contents,
}

impl BundleFault {
    /// The stable code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            BundleFault::NotABundle => "bundle.not_a_bundle",
            BundleFault::Version => "bundle.version",
            BundleFault::OtherKey => "bundle.other_key",
            BundleFault::Damaged => "bundle.damaged",
            BundleFault::Contents => "bundle.contents",
        }
    }
}

/// The name by which people know a file: `vouchsafe-3FA85F64-2-of-3.vsb`, and with `answer-` before
/// the id for one that goes back to a phone.
#[must_use]
pub fn file_name(bundle: BundleId, place: Place, is_answer: bool) -> String {
    let id = bundle.to_string().to_uppercase();
    let answer = if is_answer { "answer-" } else { "" };
    let Place { number, of } = place;
    format!("vouchsafe-{answer}{}-{number}-of-{of}.{FILE_SUFFIX}", &id[..8])
}
