//! Stores: their conformance, damage to sled databases, folders, closing, and races.

mod backward;
mod closing;
mod conformance;
mod damage;
mod folders;
mod journal;
mod kill;
#[cfg(unix)]
mod permissions;
mod planted;
mod races;
mod relaxed;
mod replay;
mod retries;
mod views;

use std::fs;
use std::path::Path;

/// The factor for the size of every test: the environment variable `COGNATE_EFFORT`, or 1.
fn effort() -> u64 {
    std::env::var("COGNATE_EFFORT").map_or(1, |effort| effort.parse().expect("a whole number"))
}

/// Copies a folder with all that is in it.
fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let to = to.join(entry.file_name());
        if entry.file_type().expect("a type").is_dir() {
            copy_folder(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).expect("copies");
        }
    }
}
