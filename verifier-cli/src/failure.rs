//! Why a command could not do its work, said once at the end of the program.

use crate::presented::PresentedError;
use std::io;
use verifier_core::verifier::EngineError;

/// A command that broke off.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The output cannot be written; nobody may be listening.
    #[error("cannot write the output: {0}")]
    Output(#[from] io::Error),
    /// The phone's machinery is broken, or not set up.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// What was shown gives no text.
    #[error(transparent)]
    Presented(#[from] PresentedError),
    /// A file given as an argument cannot be used.
    #[error("{0}: {1}")]
    File(String, io::Error),
    /// An argument means nothing here.
    #[error("{0}")]
    Argument(String),
}

/// How a command ends that did not break off on an error.
pub(crate) type Result<T> = std::result::Result<T, Failure>;
