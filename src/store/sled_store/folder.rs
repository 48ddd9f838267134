//! The folder of a database: its entries are brought onto the disk, and only its owner can use it,
//! as signing keys are among the records.
//!
//! A folder that is made here has mode 0700, and a file 0600, whatever the umask. sled makes its
//! files with the modes that the umask leaves: those that it opens are made before it does, and
//! others, which the folder protects, are restricted once they are found. Elsewhere than on Unix
//! nothing is restricted.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::path::Path;

/// Makes a folder, which is then on the disk together with the entries that name it. Those above it
/// are made with the modes that the umask leaves.
pub(super) fn make_folder(path: &Path) -> io::Result<()> {
    let named = |path: &&Path| !path.as_os_str().is_empty();
    let missing: Vec<&Path> =
        path.ancestors().filter(named).take_while(|folder| !folder.is_dir()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    match folder_builder().create(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => {}
        made => made?,
    }
    for folder in missing {
        let parent = folder.parent().filter(named).unwrap_or(Path::new("."));
        sync_folder(parent)?;
    }
    Ok(())
}

/// Brings the names of a folder's entries onto the disk.
pub(super) fn sync_folder(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    File::open(path)?.sync_all()?;
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}

fn folder_builder() -> DirBuilder {
    #[cfg_attr(not(unix), expect(unused_mut, reason = "there are no modes"))]
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
}

/// To open a file for writing, with its mode if that makes it.
pub(super) fn file_options() -> OpenOptions {
    let mut options = File::options();
    options.write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Makes what sled would make less private, and finds made.
pub(super) fn make_database(database: &Path) -> io::Result<()> {
    make_folder(database)?;
    make_folder(&database.join("blobs"))?;
    file_options().create(true).truncate(false).open(database.join("db")).map(drop)
}

/// Restricts the files of a database, in a folder that may have files of others.
pub(super) fn restrict_database(path: &Path, database: &Path) -> io::Result<()> {
    for name in ["lock", "commit"] {
        restrict_file(&path.join(name));
    }
    for folder in [database, &database.join("blobs")] {
        for entry in fs::read_dir(folder)? {
            restrict_file(&entry?.path());
        }
    }
    Ok(())
}

/// Restricts a file, if there is one, that sled has made, or a version that did not look at modes.
pub(super) fn restrict_file(path: &Path) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;

        let Ok(metadata) = fs::symlink_metadata(path) else { return };
        if metadata.is_file() && metadata.permissions().mode() & 0o077 != 0 {
            // It may be gone by now, or another user's, or on a disk without modes.
            drop(fs::set_permissions(path, fs::Permissions::from_mode(0o600)));
        }
    }
    #[cfg(not(unix))]
    let _ = path;
}
