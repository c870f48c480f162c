//! The host's own e2fsprogs, who say whether a disk is as it should be.

use oscope_kernel::hw::PAGE_SIZE;
use oscope_kernel::hw::disk::Medium;
use std::fs;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A folder of this test's own, empty.
#[must_use]
pub fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("oscope-{}-{name}", std::process::id()));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("a folder");
    folder
}

/// Runs a program of the host; `None`, and a message, if it is not there.
#[must_use]
pub fn tool(name: &str, arguments: &[&str]) -> Option<Output> {
    for place in ["/usr/sbin", "/sbin", "/usr/bin"] {
        let path = Path::new(place).join(name);
        if path.exists() {
            return Some(Command::new(path).args(arguments).output().expect("it runs"));
        }
    }
    eprintln!("skipped: the host has no {name}");
    None
}

/// Writes a medium to a file, with holes where nothing was written.
pub fn save(medium: &Medium, path: &Path) {
    let file = fs::File::create(path).expect("a file");
    file.set_len(medium.blocks() * PAGE_SIZE as u64).expect("room");
    for number in 0..medium.blocks() {
        if let Some(page) = medium.block(number) {
            file.write_all_at(page, number * PAGE_SIZE as u64).expect("room");
        }
    }
}

/// Reads a medium from a file, up to its last whole page.
#[must_use]
pub fn load(path: &Path) -> Medium {
    let bytes = fs::read(path).expect("a file");
    let (pages, _) = bytes.as_chunks::<PAGE_SIZE>();
    let mut medium = Medium::new(pages.len() as u64);
    for (number, page) in (0..).zip(pages) {
        if page.iter().any(|byte| *byte != 0) {
            medium.set_block(number, page);
        }
    }
    medium
}

/// Asserts that e2fsck finds nothing wrong with a medium.
pub fn check(medium: &Medium, folder: &Path) {
    let image = folder.join("checked.img");
    save(medium, &image);
    if let Some(output) = tool("e2fsck", &["-fn", image.to_str().expect("a name")]) {
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    }
}
