//! A phone's home: one directory with everything that a phone keeps, and the lock on it.
//!
//! ```text
//! lock         held by the one program that writes
//! device.key   the seed that signs records (desktop; a phone has its key store)
//! data.key     the wrapped key that encrypts personal fields
//! ledger.db    the ledger, with ledger.db-wal and ledger.db-shm beside it while it is open
//! ```

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// A home that is open. The lock is held until this is dropped.
#[derive(Debug)]
pub struct Home {
    dir: PathBuf,
    _lock: Option<File>,
}

/// Why a home, or a file in it, cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HomeError {
    /// There is nothing at that place.
    #[error("there is no home at {}: check the path, or enrol there first", dir.display())]
    Missing {
        /// The directory.
        dir: PathBuf,
    },
    /// Another program has it.
    #[error(
        "another program is using the home {}: wait until it is done, or close it, and try again",
        dir.display()
    )]
    Busy {
        /// The directory.
        dir: PathBuf,
    },
    /// This user may not write there.
    #[error(
        "the home {} cannot be written (read-only storage, or another user's): what is there can be read; to record, use a home that this user can write",
        dir.display()
    )]
    ReadOnly {
        /// The directory.
        dir: PathBuf,
    },
    /// A secret file is open to others.
    #[error(
        "{} holds a secret and can be read by other users (mode {mode:o}): run `chmod 600 {}`, and think about who may have read it",
        file.display(),
        file.display()
    )]
    Exposed {
        /// The file.
        file: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The storage is full.
    #[error("the storage is full: free some space (photos, other apps) and try again")]
    Full,
    /// The system refused for another reason.
    #[error("{} cannot be used: {source}", path.display())]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl Home {
    /// Opens a home for writing: creates the directory (mode 0700) when it is missing, and takes the
    /// lock.
    ///
    /// # Errors
    /// [`HomeError`]; [`HomeError::Busy`] when another program has the lock.
    pub fn open(dir: impl Into<PathBuf>) -> Result<Self, HomeError> {
        let dir = dir.into();
        let fault = |source| HomeError::of_dir(&dir, source);
        create_private_dir(&dir).map_err(fault)?;
        let lock = private_file(OpenOptions::new().write(true).create(true).truncate(false))
            .open(dir.join("lock"))
            .map_err(fault)?;
        match lock.try_lock() {
            Ok(()) => Ok(Home { dir, _lock: Some(lock) }),
            Err(TryLockError::WouldBlock) => Err(HomeError::Busy { dir }),
            Err(TryLockError::Error(source)) => Err(fault(source)),
        }
    }

    /// Opens a home for reading alone: writes nothing and takes no lock.
    ///
    /// # Errors
    /// [`HomeError::Missing`] or [`HomeError::Io`].
    pub fn open_read_only(dir: impl Into<PathBuf>) -> Result<Self, HomeError> {
        let dir = dir.into();
        match fs::metadata(&dir) {
            Ok(found) if found.is_dir() => Ok(Home { dir, _lock: None }),
            Ok(_) => Err(HomeError::of_dir(&dir, io::ErrorKind::NotADirectory.into())),
            Err(source) => Err(HomeError::of_dir(&dir, source)),
        }
    }

    /// The directory.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Where the ledger is.
    #[must_use]
    pub fn ledger_file(&self) -> PathBuf {
        self.dir.join("ledger.db")
    }

    /// Where the wrapped data key is.
    #[must_use]
    pub fn data_key_file(&self) -> PathBuf {
        self.dir.join("data.key")
    }

    /// Where a desktop keeps the seed of its device key.
    #[must_use]
    pub fn device_key_file(&self) -> PathBuf {
        self.dir.join("device.key")
    }

    /// Reads a file that only its owner may read; `None` when there is none.
    ///
    /// # Errors
    /// [`HomeError::Exposed`] or [`HomeError::Io`].
    pub fn read_secret(&self, file: &Path) -> Result<Option<Zeroizing<Vec<u8>>>, HomeError> {
        let fault = |source| HomeError::Io { path: file.to_owned(), source };
        let mut opened = match File::open(file) {
            Ok(opened) => opened,
            Err(source) if source.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(fault(source)),
        };
        let metadata = opened.metadata().map_err(fault)?;
        refuse_exposed(file, &metadata)?;
        let mut secret = Zeroizing::new(Vec::with_capacity(metadata.len() as usize + 1));
        opened.read_to_end(&mut secret).map_err(fault)?;
        Ok(Some(secret))
    }

    /// Makes an empty file that only its owner may read, unless it is there already.
    ///
    /// # Errors
    /// [`HomeError::ReadOnly`], [`HomeError::Full`] or [`HomeError::Io`].
    pub fn create_secret(&self, file: &Path) -> Result<(), HomeError> {
        private_file(OpenOptions::new().write(true).create(true).truncate(false))
            .open(file)
            .map(|_| ())
            .map_err(|source| HomeError::of_dir(&self.dir, source))
    }

    /// Writes a file that only its owner may read, so that after a crash it is there whole or not
    /// at all.
    ///
    /// # Errors
    /// [`HomeError::ReadOnly`], [`HomeError::Full`] or [`HomeError::Io`].
    pub fn write_secret(&self, file: &Path, secret: &[u8]) -> Result<(), HomeError> {
        let fault = |source| HomeError::of_dir(&self.dir, source);
        let mut unfinished = file.as_os_str().to_owned();
        unfinished.push(".new");
        let unfinished = PathBuf::from(unfinished);
        // What a crash left behind may have any mode; a mode is only given to a file that is new.
        match fs::remove_file(&unfinished) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => return Err(fault(source)),
            _ => {}
        }
        let mut written = private_file(OpenOptions::new().write(true).create_new(true))
            .open(&unfinished)
            .map_err(fault)?;
        written
            .write_all(secret)
            .and_then(|()| written.sync_all())
            .and_then(|()| fs::rename(&unfinished, file))
            .and_then(|()| sync_dir(&self.dir))
            .map_err(fault)
    }
}

impl HomeError {
    fn of_dir(dir: &Path, source: io::Error) -> Self {
        let dir = dir.to_owned();
        match source.kind() {
            io::ErrorKind::NotFound => HomeError::Missing { dir },
            io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied => {
                HomeError::ReadOnly { dir }
            }
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => HomeError::Full,
            _ => HomeError::Io { path: dir, source },
        }
    }
}

#[cfg(unix)]
fn create_private_dir(dir: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)
}

#[cfg(not(unix))]
fn create_private_dir(dir: &Path) -> io::Result<()> {
    fs::create_dir_all(dir)
}

#[cfg(unix)]
fn private_file(options: &mut OpenOptions) -> &mut OpenOptions {
    use std::os::unix::fs::OpenOptionsExt;
    options.mode(0o600)
}

#[cfg(not(unix))]
fn private_file(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}

#[cfg(unix)]
fn refuse_exposed(file: &Path, metadata: &fs::Metadata) -> Result<(), HomeError> {
    use std::os::unix::fs::PermissionsExt;
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 == 0 { Ok(()) } else { Err(HomeError::Exposed { file: file.to_owned(), mode }) }
}

#[cfg(not(unix))]
fn refuse_exposed(_: &Path, _: &fs::Metadata) -> Result<(), HomeError> {
    Ok(())
}

/// A renamed file survives a power cut only once its directory is on the disk too.
#[cfg(unix)]
fn sync_dir(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

#[cfg(not(unix))]
fn sync_dir(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_home_is_one_programs_at_a_time_and_free_again_when_it_ends() {
        let dir = tempfile::tempdir().unwrap();
        let first = Home::open(dir.path()).unwrap();
        let second = Home::open(dir.path()).unwrap_err();
        assert!(matches!(second, HomeError::Busy { .. }));
        assert!(second.to_string().contains("close it"), "{second}");
        drop(first);
        Home::open(dir.path()).unwrap();
    }

    #[test]
    fn a_home_is_made_where_there_is_none_but_never_for_reading() {
        let dir = tempfile::tempdir().unwrap();
        let home = dir.path().join("phones/one");
        assert!(matches!(Home::open_read_only(&home), Err(HomeError::Missing { .. })));
        Home::open(&home).unwrap();
        Home::open_read_only(&home).unwrap();
    }

    #[test]
    fn a_secret_is_written_whole_and_replaces_what_a_crash_left_behind() {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::open(dir.path()).unwrap();
        let file = home.data_key_file();
        assert!(home.read_secret(&file).unwrap().is_none());
        fs::write(dir.path().join("data.key.new"), b"half").unwrap();
        home.write_secret(&file, b"secret").unwrap();
        assert_eq!(home.read_secret(&file).unwrap().unwrap().as_slice(), b"secret");
        assert!(!dir.path().join("data.key.new").exists());
    }

    #[cfg(unix)]
    #[test]
    fn a_secret_that_others_can_read_is_refused_with_what_to_do() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let home = Home::open(dir.path()).unwrap();
        let file = home.device_key_file();
        home.write_secret(&file, b"secret").unwrap();
        for mode in [0o640, 0o604, 0o666, 0o610] {
            fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
            let refused = home.read_secret(&file).unwrap_err();
            assert!(matches!(refused, HomeError::Exposed { .. }), "{mode:o}");
            assert!(refused.to_string().contains("chmod 600"), "{refused}");
        }
    }

    #[test]
    fn a_file_is_no_home() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        fs::write(&file, b"").unwrap();
        assert!(Home::open(&file).is_err());
        assert!(Home::open_read_only(&file).is_err());
    }
}
