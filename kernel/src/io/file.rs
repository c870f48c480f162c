//! What regular files hold: a memory object, or pages in the cache with blocks behind them.

use super::node::Rest;
use super::{block, frames, txn};
use crate::abi::Errno;
use crate::base::{InodeId, ObjectId};
use crate::context::{Cx, Tables};
use crate::fs::{Home, Key, State};
use crate::hw::PAGE_SIZE;
use crate::mm::object::Kind;
use crate::proc::Stop;
use crate::task::files;

/// The memory object that holds a file's data; made if the file has none yet. `None` for files on disks.
///
/// # Errors
/// `ENOMEM`.
pub fn object(t: &mut Tables, inode: InodeId, size: u64) -> Result<Option<ObjectId>, Errno> {
    let Some(fs) = t.fs.stored_mut(inode).filter(|fs| fs.is_in_memory()) else { return Ok(None) };
    if let Some(known) = fs.object(inode.number) {
        return Ok(Some(known));
    }
    let made =
        t.mm.create_object(Kind::File(inode), size, (1, false)).map_err(|_| Errno::ENOMEM)?;
    fs.set_object(inode.number, made);
    Ok(Some(made))
}

/// Gives a file another size (truncate(2)). What lies behind it is gone, for those who map it too; what is new is zeroes.
///
/// # Errors
/// `EFBIG`, `ENOMEM`, those of the file system, or a park while a page that must go is being moved.
pub fn resize(
    inode: InodeId,
    (old, size): (u64, u64),
    (frame, t, cx): Rest<'_>,
) -> Result<(), Stop> {
    if t.fs.stored(inode).is_none_or(|fs| size > fs.largest()) {
        return Err(Stop::Fail(Errno::EFBIG));
    }
    if let Some(object) = t.fs.stored(inode).and_then(|fs| fs.object(inode.number)) {
        t.mm.resize_object(&mut t.memory, object, size).map_err(|_| Errno::ENOMEM)?;
    } else if size > 0 && object(t, inode, size)?.is_some() {
    } else if size < old {
        cut(inode, size, (frame, t, cx))?;
    }
    txn::run(t, cx, frame, inode, |fs, txn| fs.resize(txn, inode.number, size))
}

/// Takes the pages behind a size out of the cache, and clears the rest of the last one.
fn cut(inode: InodeId, size: u64, (frame, t, cx): Rest<'_>) -> Result<(), Stop> {
    let tail = (size % PAGE_SIZE as u64) as usize;
    let last = size / PAGE_SIZE as u64;
    if tail > 0 {
        // What is behind the end must read as zeroes if the file grows again: on the disk too.
        let found = txn::fetch_page(t, cx, frame, inode, last)?;
        let key = Key::Page(inode, last);
        let page = t.fs.cache.get(key);
        if page.is_some_and(|page| matches!(page.state, State::Writing { .. })) {
            return Err(block::wait_for(key));
        }
        if let Some(home) = page.and_then(|page| page.home) {
            // Blocks of it that lie wholly behind the end are not its own any more.
            let mut blocks = home.blocks;
            blocks.iter_mut().skip(tail.div_ceil(home.size)).for_each(|block| *block = None);
            t.fs.cache.set_home(key, Home { blocks, ..home });
            t.fs.cache.mark_dirty(key, cx.cause, cx.request);
        }
        t.memory.ram.page_mut(found)[tail..].fill(0);
    }
    let first = size.div_ceil(PAGE_SIZE as u64);
    let behind: Vec<_> = t.fs.cache.pages_of(inode, first).collect();
    for &key in &behind {
        let moves = |state| matches!(state, State::Reading | State::Writing { .. });
        if t.fs.cache.get(key).is_some_and(|page| moves(page.state)) {
            return Err(block::wait_for(key));
        }
    }
    files::release_pins(t, frame);
    for key in behind {
        if let Some(gone) = t.fs.cache.remove(key) {
            t.mm.unmap_everywhere(&mut t.memory, gone.frame, None);
            frames::release(t, gone.frame);
        }
    }
    Ok(())
}

/// Frees an inode that has neither names nor users. What must wait for a disk stays an orphan, and is tried again.
pub fn reap(inode: InodeId, (frame, t, cx): Rest<'_>) {
    let used = t.fs.inodes.get(inode).is_some_and(|found| found.opens > 0);
    if used || t.proc.fs.iter().any(|(_, info)| uses(t, info, inode)) || t.mm.maps_file(inode) {
        return;
    }
    if t.fs.stored(inode).is_some_and(|fs| !fs.is_in_memory())
        && cut(inode, 0, (frame, t, cx)).is_err()
    {
        return;
    }
    let gone = txn::run(t, cx, frame, inode, |fs, txn| fs.forget(txn, inode.number));
    files::release_pins(t, frame);
    match gone {
        Ok(Some(object)) => t.mm.unhold_object(&mut t.memory, object),
        Ok(None) | Err(Stop::Fail(_)) => {}
        Err(_) => return,
    }
    t.fs.inodes.settle(inode);
}

fn uses(t: &Tables, info: &crate::proc::FsInfo, inode: InodeId) -> bool {
    [info.cwd, info.root].into_iter().flatten().any(|at| t.fs.inode_at(at) == Some(inode))
}

/// Frees whatever orphans can be freed by now.
pub fn reap_orphans(t: &mut Tables, cx: &mut Cx) {
    if !t.fs.inodes.has_orphans() {
        return;
    }
    let orphans: Vec<InodeId> = t.fs.inodes.orphans().collect();
    let mut frame = crate::proc::CallFrame::default();
    for inode in orphans {
        reap(inode, (&mut frame, t, cx));
    }
    files::release_pins(t, &mut frame);
}

/// A file system is not mounted any more: what it keeps in memory is given back.
pub fn discard(t: &mut Tables, fs: u16) {
    let objects: Vec<ObjectId> = match t.fs.of(fs).map(|found| &found.content) {
        Some(crate::fs::Content::Stored(fs)) => fs.objects(),
        _ => Vec::new(),
    };
    t.fs.discard(fs);
    for object in objects {
        t.mm.unhold_object(&mut t.memory, object);
    }
}
