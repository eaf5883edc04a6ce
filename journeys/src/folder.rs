//! Copies of folders: backups, templates, and what a thief takes.

use std::fs;
use std::io;
use std::path::Path;

/// Copies a folder with everything in it; what is there already is written over.
///
/// # Errors
/// What could not be read or written, with its path.
pub fn copy(from: &Path, to: &Path) -> Result<(), String> {
    let fault = |path: &Path, error: io::Error| format!("{}: {error}", path.display());
    fs::create_dir_all(to).map_err(|error| fault(to, error))?;
    for entry in fs::read_dir(from).map_err(|error| fault(from, error))? {
        let path = entry.map_err(|error| fault(from, error))?.path();
        let target = to.join(path.file_name().unwrap_or_default());
        if path.is_dir() {
            copy(&path, &target)?;
        } else {
            fs::copy(&path, &target).map_err(|error| fault(&path, error))?;
        }
    }
    Ok(())
}
