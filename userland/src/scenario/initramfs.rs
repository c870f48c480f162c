//! The files of a machine that keeps its root in memory: programs, `/etc`, and a home, as the archive that its kernel
//! unpacks when it boots.

use crate::bin::{Builtins, file_of};
use oscope_kernel::fs::cpio::Archive;
use std::collections::BTreeMap;

/// Directories besides those of which files are named: path and permissions.
const DIRECTORIES: [(&str, u32); 11] = [
    ("bin", 0o755),
    ("dev", 0o755),
    ("etc", 0o755),
    ("home", 0o755),
    ("mnt", 0o755),
    ("proc", 0o555),
    ("root", 0o700),
    ("sys", 0o555),
    ("tmp", 0o1777),
    ("var", 0o755),
    ("home/student", 0o755),
];

/// Files besides the programs.
const FILES: [(&str, &str); 6] = [
    (
        "etc/passwd",
        "root:x:0:0:root:/root:/bin/sh\nstudent:x:1000:1000:Student:/home/student:/bin/sh\n\
         nobody:x:65534:65534:nobody:/:/bin/false\n",
    ),
    ("etc/group", "root:x:0:\ntty:x:5:\nstudent:x:1000:\nusers:x:100:student\nnogroup:x:65534:\n"),
    ("etc/os-release", "NAME=oscope\nID=oscope\nPRETTY_NAME=\"oscope\"\n"),
    ("etc/profile", "export PATH=/bin\n"),
    (
        "home/student/welcome.txt",
        "This machine is emulated, down to its system calls.\n\
         Look around: ls -l /, ps, cat /proc/self/maps, mount.\n",
    ),
    (
        "home/student/poem.txt",
        "roses are red\nviolets are blue\nkernels are small\nand so are you\n",
    ),
];

/// The archive for a machine of that name, with all programs of a loader. `hosts` is what it knows of other machines.
#[must_use]
pub fn initramfs(name: &str, hosts: &str, programs: &Builtins) -> Vec<u8> {
    const DIRECTORY: u32 = 0o040_000;
    const FILE: u32 = 0o100_000;
    let mut archive = Archive::default();
    for (path, mode) in DIRECTORIES {
        archive.add(path, DIRECTORY | mode, b"");
    }
    archive.add("etc/hostname", FILE | 0o644, format!("{name}\n").as_bytes());
    archive.add("etc/hosts", FILE | 0o644, hosts.as_bytes());
    for (path, text) in FILES {
        archive.add(path, FILE | 0o644, text.as_bytes());
    }
    let worlds = programs.names().map(|name| (format!("bin/{name}"), file_of(name)));
    let mut files: BTreeMap<String, Vec<u8>> = worlds.collect();
    // Where two have the same name, what a person types is the tool.
    files.extend(programs.tools_in("bin"));
    for (path, contents) in files {
        archive.add(&path, FILE | 0o755, &contents);
    }
    archive.finish()
}
