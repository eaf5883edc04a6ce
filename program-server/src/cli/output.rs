//! What commands say: words for people, or JSON for scripts.

use indicatif::{ProgressBar, ProgressStyle};
use program_server::{Error, Result};
use serde_json::{Value, json};
use std::io::{ErrorKind, Write as _};
use std::path::Path;

/// Where a command's answer goes.
#[derive(Debug, Clone, Copy)]
pub struct Output {
    json: bool,
}

impl Output {
    /// Words, or JSON.
    pub fn new(json: bool) -> Self {
        Output { json }
    }

    /// Prints one thing: a line of words, or a line of JSON.
    ///
    /// # Errors
    /// [`Error::File`] when it cannot be written, so that no script takes silence for success.
    pub fn print(self, words: &str, value: &Value) -> Result<()> {
        let line = if self.json { value.to_string() } else { words.to_owned() };
        let mut out = std::io::stdout().lock();
        match writeln!(out, "{line}").and_then(|()| out.flush()) {
            // The reader had enough, as `head` has.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
            written => written.map_err(Error::file(Path::new("standard output"))),
        }
    }

    /// Prints something that scripts have no use for.
    ///
    /// # Errors
    /// As [`Output::print`].
    pub fn info(self, words: &str) -> Result<()> {
        if self.json { Ok(()) } else { self.print(words, &Value::Null) }
    }

    /// Prints on standard error what went wrong.
    pub fn error(self, error: &Error) {
        let line = if self.json {
            json!({ "error": error.to_string() }).to_string()
        } else {
            format!("vouchsafe-server: {error}")
        };
        // There is nowhere left to tell that standard error is closed.
        let _ = writeln!(std::io::stderr(), "{line}");
    }

    /// A bar for `steps` steps; none for scripts and single steps.
    pub fn progress(self, steps: usize) -> ProgressBar {
        if self.json || steps < 2 {
            return ProgressBar::hidden();
        }
        let style = ProgressStyle::with_template("{bar:40} {pos}/{len} {msg} ({eta} left)");
        let bar = ProgressBar::new(steps as u64);
        match style {
            Ok(style) => bar.with_style(style),
            Err(_) => bar,
        }
    }
}
