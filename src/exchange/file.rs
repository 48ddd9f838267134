//! Files: an export replaces one as a whole, and an import reads regular ones only.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use crate::exchange::ExchangeError;

/// Opens a file to read it. A folder, a pipe or a device is refused.
pub(crate) fn open_regular(path: &Path) -> Result<File, ExchangeError> {
    // Opening a pipe would wait for a writer.
    if !fs::metadata(path)?.is_file() {
        return Err(ExchangeError::NotAFile { path: path.to_owned() });
    }
    Ok(File::open(path)?)
}

/// Writes a file beside the one at `path`, syncs it and moves it there, for an export that does not
/// come from an [`Engine`](crate::Engine) of this process. The earlier file stays as it was if
/// anything fails. On Unix the file has mode 0600.
///
/// # Errors
///
/// * [`NotAFile`](ExchangeError::NotAFile): the path names a folder, a pipe or a device.
/// * [`Io`](ExchangeError::Io): the file cannot be written.
/// * The error of `write`.
///
/// # Example: a file that is written whole or not at all
///
/// ```
/// use std::fs;
/// use std::io::Write;
///
/// use cognate::exchange::{ExchangeError, replace_file};
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("backup.jsonl");
/// replace_file(&path, |mut file| file.write_all(b"whole").map_err(ExchangeError::from))?;
/// let failed = replace_file(&path, |mut file| {
///     file.write_all(b"half")?;
///     Err::<(), _>(ExchangeError::NoView)
/// });
/// assert!(failed.is_err());
/// assert_eq!(fs::read(&path)?, b"whole");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn replace_file<T, E: From<ExchangeError>>(
    path: &Path,
    write: impl FnOnce(&File) -> Result<T, E>,
) -> Result<T, E> {
    let (aside, file) = beside(path)?;
    let written = write(&file)?;
    put_in_place(&aside, &file, path).map_err(ExchangeError::Io)?;
    Ok(written)
}

/// A new file beside the one at `path`.
fn beside(path: &Path) -> Result<(Aside, File), ExchangeError> {
    let name = path.file_name().ok_or_else(|| ExchangeError::NotAFile { path: path.to_owned() })?;
    match fs::metadata(path) {
        Ok(found) if !found.is_file() => Err(ExchangeError::NotAFile { path: path.to_owned() }),
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.into()),
        Ok(_) | Err(_) => Ok(Aside::beside(path, name)?),
    }
}

fn put_in_place(aside: &Aside, file: &File, path: &Path) -> io::Result<()> {
    file.sync_all()?;
    fs::rename(&aside.path, path)?;
    sync_folder(path)
}

/// A file that is removed unless it was moved.
struct Aside {
    path: PathBuf,
}

impl Aside {
    /// A new file. On Unix it is for the owner only: it tells the users of every identity.
    fn beside(path: &Path, name: &OsStr) -> io::Result<(Self, File)> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let process = std::process::id();
        let mut number: u64 = 0;
        loop {
            let mut aside = OsString::from(".");
            aside.push(name);
            aside.push(format!(".{process}-{number}.part"));
            let path = path.with_file_name(aside);
            match options.open(&path) {
                Ok(file) => return Ok((Self { path }, file)),
                // Of another export, or of a process that was killed.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    number = number.saturating_add(1);
                }
                Err(error) => return Err(error),
            }
        }
    }
}

impl Drop for Aside {
    fn drop(&mut self) {
        // After the move there is nothing to remove.
        drop(fs::remove_file(&self.path));
    }
}

/// Makes the move durable.
fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    if cfg!(unix) {
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?;
    }
    Ok(())
}
