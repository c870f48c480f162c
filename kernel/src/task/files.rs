//! Letting go of open files.

use super::{epoll, network, wait};
use crate::abi::flags::AccessMode;
use crate::base::{Channel, FilesId, InodeId, OpenFileId, ThreadId};
use crate::context::{Calls, Cx, Tables};
use crate::fs::lock::Owner;
use crate::ipc::End;
use crate::proc::{CallFrame, FileKind};

/// One reference less to an open file; with the last one it is closed. Who waits at the other end of a
/// pipe learns of it.
pub fn release(t: &mut Tables, cx: &mut Cx, file: OpenFileId) {
    let Some(closed) = t.proc.open.release(file) else {
        return;
    };
    epoll::forget_file(t, file);
    if let Some(place) = closed.place {
        unlock(t, cx, place.inode, file);
        t.fs.inodes.close(place.inode, AccessMode::of(closed.flags).writes());
    }
    match closed.kind {
        FileKind::Socket(socket) => {
            network::using(t, cx, |net, present| net.close(socket, present));
        }
        FileKind::Pipe(pipe, end) => {
            t.pipes.close(pipe, end);
            if end != End::Write {
                wait::wake_all(t, cx, Channel::PipeWritable(pipe));
            }
            if end != End::Read {
                wait::wake_all(t, cx, Channel::PipeReadable(pipe));
            }
        }
        FileKind::Memory(object) => t.mm.unhold_object(&mut t.memory, object),
        FileKind::Epoll(closed) => epoll::close(t, closed),
        FileKind::Counter(counter) => {
            t.events.counters.remove(counter);
        }
        FileKind::Timer(timer) => {
            let gone = t.events.timers.remove(timer);
            if let Some(ticket) = gone.and_then(|timer| timer.ticket) {
                cx.engine.agenda.cancel(ticket);
            }
        }
        FileKind::Inode(_)
        | FileKind::Generated(_)
        | FileKind::Path
        | FileKind::Special(_)
        | FileKind::Signals(_)
        | FileKind::Console(_) => {}
    }
}

/// The locks of an open file go with it.
fn unlock(t: &mut Tables, cx: &mut Cx, inode: InodeId, file: OpenFileId) {
    let Some(found) = t.fs.inodes.get_mut(inode).filter(|found| !found.locks.is_empty()) else {
        return;
    };
    let mut any = false;
    for owner in [Owner::File(file), Owner::Whole(file)] {
        any |= found.locks.clear(owner, 0, u64::MAX);
    }
    if any {
        wait::wake_all(t, cx, Channel::FileLock(inode));
    }
}

/// A descriptor of a process is closed: the record locks that it has on the file are gone, whoever else has it open
/// (fcntl(2)).
pub fn unlock_records(t: &mut Tables, cx: &mut Cx, files: FilesId, file: OpenFileId) {
    let Some(inode) = t.proc.open.get(file).and_then(|file| file.place).map(|place| place.inode)
    else {
        return;
    };
    let found = t.fs.inodes.get_mut(inode);
    if found.is_some_and(|found| found.locks.clear(Owner::Process(files), 0, u64::MAX)) {
        wait::wake_all(t, cx, Channel::FileLock(inode));
    }
}

/// A call ended: what it held may go.
#[inline]
pub fn release_held(t: &mut Tables, calls: &mut Calls, cx: &mut Cx, thread: ThreadId) {
    let frame = calls.of(thread);
    if frame.held.is_empty() && frame.pinned.is_empty() {
        return;
    }
    while let Some(file) = calls.of(thread).held.pop() {
        release(t, cx, file);
    }
    release_pins(t, calls.of(thread));
}

/// What a call has finished with may leave the cache.
pub fn release_pins(t: &mut Tables, frame: &mut CallFrame) {
    while let Some(key) = frame.pinned.pop() {
        if let Some(pins) = t.fs.cache.pins_mut(key) {
            *pins = pins.saturating_sub(1);
        }
    }
}
