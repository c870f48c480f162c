//! The files of a small system: the shell, the tools, what they look up in /etc, and a home.

use crate::bin::Builtins;
use oscope_kernel::fs::cpio::Archive;
use std::sync::Arc;

const DIRECTORY: u32 = 0o040_000;
const REGULAR: u32 = 0o100_000;

/// Directories with their permissions (hier(7)).
const DIRECTORIES: [(&str, u32); 13] = [
    ("bin", 0o755),
    ("dev", 0o755),
    ("etc", 0o755),
    ("home", 0o755),
    ("home/student", 0o755),
    ("mnt", 0o755),
    ("proc", 0o555),
    ("root", 0o700),
    ("run", 0o755),
    ("sys", 0o555),
    ("tmp", 0o1777),
    ("var", 0o755),
    ("var/log", 0o755),
];

/// Files of /etc.
const ETC: [(&str, &str); 7] = [
    (
        "etc/passwd",
        "root:x:0:0:root:/root:/bin/sh\n\
         student:x:1000:1000:A student:/home/student:/bin/sh\n\
         nobody:x:65534:65534:nobody:/:/bin/false\n",
    ),
    ("etc/group", "root:x:0:\ntty:x:5:\nstaff:x:50:student\nstudent:x:1000:\nnogroup:x:65534:\n"),
    ("etc/hostname", "box\n"),
    ("etc/hosts", "127.0.0.1\tlocalhost\n127.0.1.1\tbox\n"),
    ("etc/shells", "/bin/sh\n"),
    ("etc/motd", "This is oscope. `ls /bin` shows what there is to run.\n"),
    ("etc/fstab", "rootfs\t/\trootfs\tdefaults\t0 0\nproc\t/proc\tproc\tdefaults\t0 0\n"),
];

/// The archive from which a machine's root is filled when it is switched on.
#[must_use]
pub fn archive(programs: &Builtins) -> Arc<[u8]> {
    let mut archive = Archive::default();
    for (name, mode) in DIRECTORIES {
        archive.add(name, DIRECTORY | mode, b"");
    }
    for (name, text) in ETC {
        archive.add(name, REGULAR | 0o644, text.as_bytes());
    }
    let worlds = programs.names().map(|name| (format!("bin/{name}"), crate::bin::file_of(name)));
    let mut files: std::collections::BTreeMap<String, Vec<u8>> = worlds.collect();
    // Where two have the same name, what a person types is the tool.
    files.extend(programs.tools_in("bin"));
    for (name, contents) in files {
        archive.add(&name, REGULAR | 0o755, &contents);
    }
    archive.finish().into()
}
