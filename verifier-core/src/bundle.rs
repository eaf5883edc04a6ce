//! Bundles on the phone: the network-free road to the server and back (docs/protocol.md §15).
//!
//! [`Verifier::export`](crate::verifier::Verifier::export) plans numbered files with all that the server lacks;
//! [`Verifier::import`](crate::verifier::Verifier::import) takes an answer in by the rules of a sync. An export marks
//! nothing as sent: only an ack does. No I/O here: files come in and go out as bytes.

mod export;
mod import;
mod packing;

pub use export::{Export, ExportedFile};
pub use import::{ImportRefusal, ImportReport, Imported};
