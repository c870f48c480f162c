//! What is known of the files that were there, and the archive that is made of it.

use crate::script::tree::{Kind, Node};
use oscope_kernel::fs::cpio::{self, Archive};
use std::collections::{BTreeMap, BTreeSet};

/// The longest file that is made.
const LONGEST: u64 = 16 << 20;
/// How long all files may be together.
const ALL: u64 = 96 << 20;

/// What is known of a file.
#[derive(Clone, Debug, Default)]
pub(super) struct Facts {
    /// Its kind, as bits of a mode; 0: nobody knows.
    pub(super) kind: u32,
    /// Its permissions.
    pub(super) mode: Option<u32>,
    size: Option<u64>,
    /// What it holds, as far as somebody has read it.
    data: Vec<u8>,
    /// Where it leads, if it is a link.
    target: String,
    /// The log has changed it: from here on it says nothing of how it was.
    changed: bool,
}

/// What is known of all files.
#[derive(Clone, Debug, Default)]
pub(super) struct Files {
    found: BTreeMap<String, Facts>,
    made: BTreeSet<String>,
}

const REGULAR: u32 = 0o100_000;
const DIRECTORY: u32 = 0o040_000;
const LINK: u32 = 0o120_000;

impl Files {
    /// Whether anything is known of a path: that it was there, or that it was not.
    pub(super) fn is_known(&self, path: &str) -> bool {
        self.found.contains_key(path) || self.made.contains(path)
    }

    /// Whether the log makes it.
    pub(super) fn is_made(&self, path: &str) -> bool {
        self.made.contains(path)
    }

    /// Something was there.
    pub(super) fn something(&mut self, path: &str) -> Option<&mut Facts> {
        let inside_made = self.made.iter().any(|made| {
            path == made
                || path.strip_prefix(made.as_str()).is_some_and(|rest| rest.starts_with('/'))
        });
        if inside_made {
            return None;
        }
        Some(self.found.entry(path.to_owned()).or_default())
    }

    /// A regular file was there.
    pub(super) fn regular(&mut self, path: &str) -> &mut Facts {
        let facts = self.found.entry(path.to_owned()).or_default();
        facts.kind = REGULAR;
        facts
    }

    /// A directory was there.
    pub(super) fn directory(&mut self, path: &str) {
        if let Some(facts) = self.something(path) {
            facts.kind = DIRECTORY;
        }
    }

    /// A symbolic link was there.
    pub(super) fn link(&mut self, path: &str, target: &str) {
        if path.starts_with("/proc/") {
            return;
        }
        if let Some(facts) = self.something(path).filter(|facts| !facts.changed) {
            facts.kind = LINK;
            target.clone_into(&mut facts.target);
        }
    }

    /// The log makes it, if it was not known to be there.
    pub(super) fn made(&mut self, path: &str) {
        if !self.found.contains_key(path) {
            self.made.insert(path.to_owned());
        }
    }

    /// The log changes it, or takes it away.
    pub(super) fn changed(&mut self, path: &str) {
        if let Some(facts) = self.found.get_mut(path) {
            facts.changed = true;
        }
    }

    /// What `struct stat` said of it.
    pub(super) fn told(&mut self, path: &str, stat: Node<'_>) {
        let Some(facts) = self.something(path).filter(|facts| !facts.changed) else { return };
        for field in stat.children().filter(|field| field.kind() == Kind::Named) {
            let mut parts = field.children();
            let (Some(name), Some(value)) = (parts.next(), parts.next()) else { continue };
            match name.text() {
                "st_mode" | "stx_mode" => facts.told_mode(value.text()),
                "st_size" | "stx_size" => {
                    let size = value.integer().and_then(|size| u64::try_from(size).ok());
                    facts.size = facts.size.or(size);
                }
                _ => {}
            }
        }
    }

    /// What was read from it.
    pub(super) fn contents(&mut self, path: &str, at: u64, data: Vec<u8>, count: u64) {
        let Some(facts) = self.something(path).filter(|facts| !facts.changed) else { return };
        let end = at.saturating_add(count);
        if end > LONGEST {
            return;
        }
        let kept = data.len().min(count as usize);
        let needed = end as usize;
        if facts.data.len() < needed {
            facts.data.resize(needed, 0);
        }
        facts.data[at as usize..at as usize + kept].copy_from_slice(&data[..kept]);
    }

    /// The archive: the members of another one that are not named here, directories first, and all that was found.
    pub(super) fn archive(&self, base: &[u8]) -> Vec<u8> {
        let mut archive = Archive::default();
        let mut there: BTreeSet<String> = BTreeSet::new();
        for member in cpio::members(base).map_while(Result::ok) {
            let path = format!("/{}", member.name);
            let is_directory = member.mode & 0o170_000 == DIRECTORY;
            if self.made.contains(&path) || !is_directory && self.found.contains_key(&path) {
                continue;
            }
            archive.add(member.name, member.mode, member.data);
            there.insert(path);
        }
        let mut all = 0;
        for (path, facts) in &self.found {
            let inside = self.found.keys().any(|other| {
                other.strip_prefix(path.as_str()).is_some_and(|rest| rest.starts_with('/'))
            });
            let is_shown = ["/proc", "/dev"].iter().any(|top| {
                path.strip_prefix(top).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            });
            if path == "/" || there.contains(path) || is_shown {
                continue;
            }
            // What nobody has said of a directory is that it is one.
            let kind = if inside && facts.kind != LINK { DIRECTORY } else { facts.kind };
            let name = path.trim_start_matches('/');
            match kind {
                DIRECTORY => archive.add(name, DIRECTORY | facts.mode.unwrap_or(0o755), b""),
                LINK if !facts.target.is_empty() => {
                    archive.add(name, LINK | 0o777, facts.target.as_bytes());
                }
                REGULAR | 0 => {
                    let size = facts.size.unwrap_or(facts.data.len() as u64);
                    let size = if size > LONGEST || all + size > ALL { 0 } else { size };
                    all += size;
                    let mut data = facts.data.clone();
                    data.resize(size as usize, 0);
                    archive.add(name, REGULAR | facts.mode.unwrap_or(0o644), &data);
                }
                // A FIFO, a socket, a device: with its kind it is as good as there.
                other => archive.add(name, other | facts.mode.unwrap_or(0o644), b""),
            }
        }
        archive.finish()
    }
}

impl Facts {
    /// `S_IFREG|S_ISUID|0755`.
    fn told_mode(&mut self, text: &str) {
        let (mut kind, mut mode) = (0, 0);
        for part in text.split('|') {
            match part {
                "S_IFREG" => kind = REGULAR,
                "S_IFDIR" => kind = DIRECTORY,
                "S_IFLNK" => kind = LINK,
                "S_IFIFO" => kind = 0o010_000,
                "S_IFSOCK" => kind = 0o140_000,
                "S_IFCHR" => kind = 0o020_000,
                "S_IFBLK" => kind = 0o060_000,
                "S_ISUID" => mode |= 0o4000,
                "S_ISGID" => mode |= 0o2000,
                "S_ISVTX" => mode |= 0o1000,
                digits => mode |= u32::from_str_radix(digits, 8).unwrap_or(0),
            }
        }
        if kind != 0 && self.kind == 0 {
            self.kind = kind;
        }
        self.mode = self.mode.or(Some(mode));
    }
}
