//! What can be done with an inode, whichever kind of file system has it: one that stores its inodes, or one that the
//! kernel makes up ([`pseudo`]).

use super::txn;
use crate::abi::Errno;
use crate::base::{DentryId, InodeId, Location, OpenFileId};
use crate::context::{Cx, Tables};
use crate::fs::{Attributes, Change, Entry, Kind, New};
use crate::proc::{CallFrame, Stop};
use crate::pseudo;

/// What a handler hands on.
pub type Rest<'a> = (&'a mut CallFrame, &'a mut Tables, &'a mut Cx);

/// An inode at a place in the tree, and what is known of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Node {
    /// The place.
    pub at: Location,
    /// The inode.
    pub inode: InodeId,
    /// Its attributes.
    pub attributes: Attributes,
}

impl Node {
    /// Whether it is a directory.
    #[must_use]
    pub fn is_directory(&self) -> bool {
        self.attributes.kind == Kind::Directory
    }
}

/// An inode's attributes.
///
/// # Errors
/// `ESTALE`, or a park.
pub fn attributes(inode: InodeId, (frame, t, cx): Rest<'_>) -> Result<Attributes, Stop> {
    if t.fs.generated(inode).is_some() {
        return Ok(pseudo::attributes(t, cx, inode.number)?);
    }
    txn::run(t, cx, frame, inode, |fs, txn| fs.attributes(txn, inode.number))
}

/// The inode at a place, with its attributes.
///
/// # Errors
/// `ENOENT` for a name without an inode, `ESTALE`, or a park.
pub fn node_at(at: Location, (frame, t, cx): Rest<'_>) -> Result<Node, Stop> {
    let inode = t.fs.inode_at(at).ok_or(Errno::ENOENT)?;
    Ok(Node { at, inode, attributes: attributes(inode, (frame, t, cx))? })
}

/// The name in a directory, if it is there.
///
/// # Errors
/// `ENAMETOOLONG`, or a park.
pub fn lookup(
    directory: &Node,
    name: &str,
    (frame, t, cx): Rest<'_>,
) -> Result<Option<DentryId>, Stop> {
    let (parent, inode) = (directory.at.dentry, directory.inode);
    if t.fs.generated(inode).is_some() {
        // What the kernel makes up may be another thing by now, or gone.
        return match pseudo::lookup(t, cx, inode.number, name) {
            Ok(number) => {
                let found = InodeId { number, ..inode };
                Ok(Some(t.fs.dentries.enter(parent, name, Some(found))))
            }
            Err(Errno::ENOENT) => Ok(None),
            Err(errno) => Err(Stop::Fail(errno)),
        };
    }
    if let Some(known) = t.fs.dentries.find(parent, name) {
        return Ok(t.fs.dentries.inode(known).map(|_| known));
    }
    let found = match txn::run(t, cx, frame, inode, |fs, txn| fs.lookup(txn, inode.number, name)) {
        Ok(number) => Some(InodeId { number, ..inode }),
        Err(Stop::Fail(Errno::ENOENT)) => None,
        Err(stop) => return Err(stop),
    };
    let entered = t.fs.dentries.enter(parent, name, found);
    Ok(found.map(|_| entered))
}

/// Where a symbolic link leads: on along a path, or, for the links of /proc/PID, straight to a place.
pub enum Target {
    /// A path, which goes on from the directory that the link is in.
    Path(Box<str>),
    /// A place.
    Place(Location),
    /// An open file without a place.
    Open(OpenFileId),
}

/// Where a symbolic link leads.
///
/// # Errors
/// `EINVAL` for what is no link, `EACCES`, or a park.
pub fn follow(inode: InodeId, (frame, t, cx): Rest<'_>) -> Result<Target, Stop> {
    if t.fs.generated(inode).is_some() {
        return match pseudo::jump(t, cx, inode.number)? {
            Some(pseudo::Jump::Place(place)) => Ok(Target::Place(place)),
            Some(pseudo::Jump::Open(file)) => Ok(Target::Open(file)),
            None => Ok(Target::Path(pseudo::target(t, cx, inode.number)?.into())),
        };
    }
    let target = txn::run(t, cx, frame, inode, |fs, txn| fs.target(txn, inode.number))?;
    Ok(Target::Path(target))
}

/// Where a symbolic link says that it leads (readlink(2)).
///
/// # Errors
/// `EINVAL` for what is no link, `EACCES`, or a park.
pub fn target(inode: InodeId, (frame, t, cx): Rest<'_>) -> Result<Box<str>, Stop> {
    if t.fs.generated(inode).is_some() {
        return Ok(pseudo::target(t, cx, inode.number)?.into());
    }
    txn::run(t, cx, frame, inode, |fs, txn| fs.target(txn, inode.number))
}

/// The names of a directory from a cookie on.
///
/// # Errors
/// A park.
pub fn list(
    inode: InodeId,
    (from, count): (u64, usize),
    (frame, t, cx): Rest<'_>,
) -> Result<Vec<Entry>, Stop> {
    if t.fs.generated(inode).is_some() {
        let entries = pseudo::list(t, cx, inode.number)?;
        return Ok(entries.into_iter().filter(|entry| entry.next > from).take(count).collect());
    }
    txn::run(t, cx, frame, inode, |fs, txn| fs.list(txn, inode.number, from, count))
}

/// Changes attributes.
///
/// # Errors
/// `EPERM` for what the kernel makes up, or a park.
pub fn change(inode: InodeId, change: &Change, (frame, t, cx): Rest<'_>) -> Result<(), Stop> {
    if t.fs.generated(inode).is_some() {
        return Err(Stop::Fail(Errno::EPERM));
    }
    txn::run(t, cx, frame, inode, |fs, txn| fs.change(txn, inode.number, change))
}

/// Makes an inode with a name, and says where it is.
///
/// # Errors
/// `EPERM` for what the kernel makes up, those of the file system, or a park.
pub fn create(
    directory: &Node,
    name: &str,
    new: &New<'_>,
    (frame, t, cx): Rest<'_>,
) -> Result<Node, Stop> {
    let parent = directory.inode;
    if t.fs.generated(parent).is_some() {
        return Err(Stop::Fail(Errno::EPERM));
    }
    let (number, attributes) = txn::run(t, cx, frame, parent, |fs, txn| {
        let number = fs.create(txn, parent.number, name, new)?;
        Ok((number, fs.attributes(txn, number)?))
    })?;
    let inode = InodeId { number, ..parent };
    let dentry = t.fs.dentries.enter(directory.at.dentry, name, Some(inode));
    Ok(Node { at: Location { dentry, ..directory.at }, inode, attributes })
}
