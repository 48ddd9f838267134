//! Files that others than their owner can use.

use std::path::Path;

use tracing::warn;

/// Warns if other users of the machine can use a file or a folder with a secret.
#[cfg(unix)]
pub(crate) fn warn_of_others(path: &Path, name: &str) {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    // A file that cannot be looked at is told of when it is opened.
    let Ok(metadata) = fs::metadata(path) else { return };
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        let path = path.display();
        warn!("other users of this machine can use {name} in {path}, which has mode {mode:03o}");
    }
}

#[cfg(not(unix))]
pub(crate) fn warn_of_others(_path: &Path, _name: &str) {}
