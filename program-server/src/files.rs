//! Files that are there whole or not at all, whenever the machine stops.

use crate::{Error, Result};
use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

/// Who may read a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileMode {
    /// The owner alone: keys, passwords, personal data.
    OwnerOnly,
    /// Whoever the process's umask allows.
    Umask,
}

/// Writes a file whole: beside its place first, on disk, then renamed into it.
///
/// # Errors
/// [`Error::File`]; then the file is as it was before.
pub fn write(path: &Path, bytes: &[u8], mode: FileMode) -> Result<()> {
    let name = path.file_name().ok_or_else(|| Error::invalid("a file name is missing"))?;
    let folder = folder_of(path);
    let beside = folder.join(format!(".{}.{}", name.to_string_lossy(), uuid::Uuid::new_v4()));
    let written = write_new(&beside, bytes, mode)
        .and_then(|()| fs::rename(&beside, path))
        .and_then(|()| File::open(folder)?.sync_all());
    if written.is_err() {
        // Best effort: what matters is the failure that is told below.
        let _ = fs::remove_file(&beside);
    }
    written.map_err(Error::file(path))
}

fn write_new(path: &Path, bytes: &[u8], mode: FileMode) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    if mode == FileMode::OwnerOnly {
        options.mode(0o600);
    }
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Makes an empty file for the owner alone; one that is there is left as it is.
pub fn create_private(path: &Path) -> Result<()> {
    let mut options = OpenOptions::new();
    options.append(true).create(true).mode(0o600);
    options.open(path).map(|_| ()).map_err(Error::file(path))
}

/// Makes a folder for the owner alone, and those above it; one that is there is left as it is.
pub fn private_folder(path: &Path) -> Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(Error::file(path))?;
    File::open(folder_of(path)).and_then(|folder| folder.sync_all()).map_err(Error::file(path))
}

/// Reads a file that contains a secret.
///
/// # Errors
/// [`Error::Invalid`] when others may read or write it, [`Error::File`].
pub fn read_secret(path: &Path) -> Result<Vec<u8>> {
    let file = File::open(path).map_err(Error::file(path))?;
    let mode = file.metadata().map_err(Error::file(path))?.permissions().mode();
    if mode & 0o077 != 0 {
        return Err(Error::Invalid(format!(
            "{path} may be read or written by others (mode {mode:03o}), so the secret in it may be \
             known to them. If nobody else had access to this machine, `chmod 600 {path}` and try \
             again; otherwise replace the key",
            path = path.display(),
            mode = mode & 0o777,
        )));
    }
    std::io::read_to_string(file).map(String::into_bytes).map_err(Error::file(path))
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_that_others_may_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.key");
        write(&path, b"secret", FileMode::OwnerOnly).unwrap();
        assert_eq!(read_secret(&path).unwrap(), b"secret");
        for mode in [0o640, 0o604, 0o620, 0o602] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            let words = read_secret(&path).unwrap_err().to_string();
            assert!(words.contains("chmod 600"), "{words}");
        }
    }

    #[test]
    fn a_file_is_replaced_whole_and_nothing_is_left_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        write(&path, b"first", FileMode::Umask).unwrap();
        write(&path, b"second", FileMode::Umask).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"second");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
