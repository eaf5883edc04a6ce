//! Where the project's binaries are, for journeys that run them.

use std::path::PathBuf;

/// The built binary of this name: beside this program, or one directory up when this is a test.
///
/// # Errors
/// When it was not built.
pub fn built(name: &str) -> Result<PathBuf, String> {
    let this = std::env::current_exe().map_err(|error| error.to_string())?;
    this.ancestors()
        .skip(1)
        .take(2)
        .map(|dir| dir.join(name))
        .find(|path| path.is_file())
        .ok_or_else(|| format!("{name} is not built: run `cargo build` first"))
}
