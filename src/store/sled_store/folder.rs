//! The folder of a database: durable directory entries, and access for its owner only, as the
//! records contain signing keys.
//!
//! New folders get mode 0700 and new files mode 0600, whatever the umask. sled creates its files
//! with the modes that the umask leaves. Files that sled opens by a known name are therefore
//! created beforehand; the folder protects the others until their modes are restricted. Systems
//! other than Unix have no such modes.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::path::Path;

/// Creates a folder and syncs the directory entries that lead to it. Missing folders above it get
/// the modes that the umask leaves.
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

/// Renames a folder and syncs the entry that leads to it.
pub(crate) fn move_folder(from: &Path, to: &Path) -> io::Result<()> {
    fs::rename(from, to)?;
    let parent = to.parent().filter(|parent| !parent.as_os_str().is_empty());
    sync_folder(parent.unwrap_or(Path::new(".")))
}

/// Syncs the entries of a folder.
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

/// Options that open a file for writing and create it with mode 0600.
pub(super) fn file_options() -> OpenOptions {
    let mut options = File::options();
    options.write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Creates the files that sled would create with wider modes.
pub(super) fn make_database(database: &Path) -> io::Result<()> {
    make_folder(database)?;
    make_folder(&database.join("blobs"))?;
    file_options().create(true).truncate(false).open(database.join("db")).map(drop)
}

/// Restricts the modes of a database's files. Other files in the folder stay as they are.
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

/// Restricts the mode of a file that sled or an earlier version has created, if the file exists.
pub(super) fn restrict_file(path: &Path) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;

        let Ok(metadata) = fs::symlink_metadata(path) else { return };
        if metadata.is_file() && metadata.permissions().mode() & 0o077 != 0 {
            // The file may be gone, or belong to another user, or be on a disk without modes.
            drop(fs::set_permissions(path, fs::Permissions::from_mode(0o600)));
        }
    }
    #[cfg(not(unix))]
    let _ = path;
}
