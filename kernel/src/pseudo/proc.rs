//! The tree of /proc (proc(5)).

use crate::abi::Errno;
use crate::base::Location;
use crate::context::{Cx, Tables};
use crate::fs::{Attributes, Entry, Kind};

/// A file of /proc. In an inode's number the upper 32 bits say whose it is (0: nobody's), the lower ones what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Node {
    /// /proc
    Root,
    /// /proc/uptime
    Uptime,
}

const FILES: [(&str, Node); 1] = [("uptime", Node::Uptime)];

impl Node {
    /// The file with an inode's number.
    #[must_use]
    pub const fn from_number(number: u64) -> Option<Self> {
        match number {
            1 => Some(Self::Root),
            2 => Some(Self::Uptime),
            _ => None,
        }
    }

    /// Its inode's number.
    #[must_use]
    pub const fn number(self) -> u64 {
        match self {
            Self::Root => 1,
            Self::Uptime => 2,
        }
    }
}

fn node(number: u64) -> Result<Node, Errno> {
    Node::from_number(number).ok_or(Errno::ENOENT)
}

/// The file with this name in a directory.
///
/// # Errors
/// `ENOENT`, `ENOTDIR`.
pub fn lookup(_: &Tables, _: &Cx, directory: u64, name: &str) -> Result<u64, Errno> {
    if node(directory)? != Node::Root {
        return Err(Errno::ENOTDIR);
    }
    let found = FILES.iter().find(|(known, _)| *known == name);
    found.map(|(_, node)| node.number()).ok_or(Errno::ENOENT)
}

/// What is known of a file.
///
/// # Errors
/// `ENOENT` if what it tells of is gone.
pub fn attributes(_: &Tables, cx: &Cx, number: u64) -> Result<Attributes, Errno> {
    let (kind, mode) = match node(number)? {
        Node::Root => (Kind::Directory, 0o555),
        Node::Uptime => (Kind::Regular, 0o444),
    };
    let now = cx.now.into();
    Ok(Attributes { accessed: now, modified: now, changed: now, ..Attributes::new(kind, mode) })
}

/// The names in a directory.
///
/// # Errors
/// `ENOTDIR`, `ENOENT`.
pub fn list(_: &Tables, _: &Cx, directory: u64) -> Result<Vec<Entry>, Errno> {
    if node(directory)? != Node::Root {
        return Err(Errno::ENOTDIR);
    }
    let entry = |(n, (name, node)): (usize, &(&str, Node))| Entry {
        name: (*name).into(),
        inode: node.number(),
        kind: Kind::Regular,
        next: n as u64 + 1,
    };
    Ok(FILES.iter().enumerate().map(entry).collect())
}

/// Where a symbolic link says that it leads.
///
/// # Errors
/// `EINVAL` for what is no link.
pub fn target(_: &Tables, _: &Cx, _number: u64) -> Result<String, Errno> {
    Err(Errno::EINVAL)
}

/// The place that a link leads to without a path: /proc/PID/cwd, exe, root and fd. `None` for links that have one.
///
/// # Errors
/// `EACCES`, `ENOENT`.
pub fn jump(_: &Tables, _: &Cx, _number: u64) -> Result<Option<Location>, Errno> {
    Ok(None)
}

/// What a file says now.
///
/// # Errors
/// `EISDIR`, `ENOENT`, `ESRCH`.
pub fn render(_: &Tables, cx: &Cx, number: u64) -> Result<Vec<u8>, Errno> {
    match node(number)? {
        Node::Root => Err(Errno::EISDIR),
        Node::Uptime => {
            let hundredths = cx.now.0 / 10_000_000;
            Ok(format!("{}.{:02} 0.00\n", hundredths / 100, hundredths % 100).into_bytes())
        }
    }
}

/// Writes to a file, such as /proc/PID/oom_score_adj.
///
/// # Errors
/// `EACCES` for files that cannot be written, `EINVAL`.
pub fn store(_: &mut Tables, _: &mut Cx, _number: u64, _: &[u8]) -> Result<(), Errno> {
    Err(Errno::EACCES)
}
