//! renameat2(2).

use super::Result;
use super::names::is_within;
use super::path::{cred, find_parent, lost_name, may_create, may_delete, read_path};
use super::transfer::Rest;
use crate::abi::Errno;
use crate::abi::flags::file::RenameFlags;
use crate::base::InodeId;
use crate::context::{Cx, Tables};
use crate::fs::{Want, permit};
use crate::io::node::Node;
use crate::io::walk::Parent;
use crate::io::{txn, walk};
use crate::proc::Stop;

/// renameat2(2).
///
/// # Errors
/// `EXDEV`, `EBUSY`, `EEXIST`, `ENOTEMPTY`, `EINVAL` for a directory into itself, those of removing and of making a name;
/// parks.
pub fn sys_renameat2(
    [old_directory, old, new_directory, new, flags]: [u64; 5],
    (frame, t, cx): Rest<'_>,
) -> Result {
    let flags = RenameFlags::from_bits(flags as u32).ok_or(Errno::EINVAL)?;
    let exchange = flags.contains(RenameFlags::EXCHANGE);
    let no_replace = flags.contains(RenameFlags::NOREPLACE);
    if flags.contains(RenameFlags::WHITEOUT) || exchange && no_replace {
        return Err(Stop::Fail(Errno::EINVAL));
    }
    let (old, new) = (read_path(t, cx, old)?, read_path(t, cx, new)?);
    let from = find_parent(old_directory, &old, false, (frame, t, cx))?;
    let to = find_parent(new_directory, &new, false, (frame, t, cx))?;
    if from.directory.at.mount != to.directory.at.mount {
        return Err(Stop::Fail(Errno::EXDEV));
    }
    if !from.is_name() {
        return Err(Stop::Fail(Errno::EBUSY));
    }
    if !to.is_name() {
        return Err(Stop::Fail(if no_replace { Errno::EEXIST } else { Errno::EBUSY }));
    }
    walk::writable(t, from.directory.at)?;
    let moved = from.child.ok_or(Errno::ENOENT)?;
    match to.child {
        Some(_) if no_replace => return Err(Stop::Fail(Errno::EEXIST)),
        None if exchange => return Err(Stop::Fail(Errno::ENOENT)),
        _ => {}
    }
    let slashes = from.slash || !exchange && to.slash;
    let other_slash = exchange && to.slash && to.child.is_some_and(|node| !node.is_directory());
    if !moved.is_directory() && slashes || other_slash {
        return Err(Stop::Fail(Errno::ENOTDIR));
    }
    if moved.is_directory() && is_within(t, &to, &moved) {
        return Err(Stop::Fail(Errno::EINVAL));
    }
    if let Some(target) = to.child.filter(Node::is_directory)
        && is_within(t, &from, &target)
    {
        return Err(Stop::Fail(if exchange { Errno::EINVAL } else { Errno::ENOTEMPTY }));
    }
    if to.child.is_some_and(|target| target.inode == moved.inode) {
        // Two names of one file: there is nothing to do (rename(2)).
        return Ok(0);
    }
    check(&from, &to, &moved, exchange, (t, cx))?;
    exchange_or_move(&from, &to, exchange, (frame, t, cx))?;
    Ok(0)
}

/// Whether the caller may do it.
fn check(
    from: &Parent,
    to: &Parent,
    moved: &Node,
    exchange: bool,
    (t, cx): (&Tables, &Cx),
) -> std::result::Result<(), Errno> {
    may_delete(&from.directory, moved, moved.is_directory(), (t, cx))?;
    match &to.child {
        None => may_create(&to.directory, t, cx)?,
        Some(target) => {
            let as_directory = if exchange { target } else { moved }.is_directory();
            may_delete(&to.directory, target, as_directory, (t, cx))?;
        }
    }
    // A directory that gets another parent has its `..` rewritten.
    if from.directory.inode != to.directory.inode {
        let cred = cred(t, cx)?;
        let other = to.child.filter(|_| exchange);
        for node in [Some(*moved), other].into_iter().flatten().filter(Node::is_directory) {
            permit(&node.attributes, &cred, Want::Write)?;
        }
    }
    Ok(())
}

fn exchange_or_move(
    from: &Parent,
    to: &Parent,
    exchange: bool,
    (frame, t, cx): Rest<'_>,
) -> Result<()> {
    let (source, target) = (from.directory.inode, to.directory.inode);
    if t.fs.generated(source).is_some() {
        return Err(Stop::Fail(Errno::EPERM));
    }
    let (old, new) = ((source.number, &*from.name), (target.number, &*to.name));
    let replaced = txn::run(t, cx, frame, source, |fs, txn| fs.rename(txn, old, new, exchange))?;
    let (old, new) = ((from.directory.at.dentry, &*from.name), (to.directory.at.dentry, &*to.name));
    if exchange {
        t.fs.dentries.exchange(old, new);
    } else {
        t.fs.dentries.rename(old, new);
    }
    match replaced {
        Some(number) => lost_name(InodeId { number, ..source }, (frame, t, cx)),
        None => Ok(()),
    }
}
