//! A small disk.

use std::fs;
use std::process::Command;

use super::command::{folder, give_to_postgres, run};

/// A disk of limited size, mounted at a folder.
#[derive(Debug)]
pub(crate) struct Disk {
    path: String,
}

impl Disk {
    pub(crate) fn new(mebibytes: u32) -> Self {
        let path = folder("disk");
        let options = format!("size={mebibytes}m,mode=700");
        run(Command::new("mount").args(["-t", "tmpfs", "-o", &options, "disk", &path]));
        give_to_postgres(&path);
        Self { path }
    }

    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// Fills what is left of the disk.
    pub(crate) fn fill(&self) {
        let file = self.ballast();
        // It ends with the error that the disk is full.
        let filled = Command::new("dd")
            .args(["if=/dev/zero", &format!("of={file}"), "bs=64k"])
            .output()
            .expect("`dd` runs");
        assert!(!filled.status.success(), "the disk is not full");
    }

    /// Makes room again.
    pub(crate) fn clear(&self) {
        fs::remove_file(self.ballast()).expect("a file");
    }

    fn ballast(&self) -> String {
        format!("{}/ballast", self.path)
    }
}
