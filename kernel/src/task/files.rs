//! Letting go of open files.

use super::wait;
use crate::base::{Channel, OpenFileId, ThreadId};
use crate::context::{Calls, Cx, Tables};
use crate::ipc::End;
use crate::proc::{CallFrame, FileKind};

/// One reference less to an open file; with the last one it is closed. Who waits at the other end of a
/// pipe learns of it.
pub fn release(t: &mut Tables, cx: &mut Cx, file: OpenFileId) {
    let Some(closed) = t.proc.open.release(file) else {
        return;
    };
    match closed.kind {
        FileKind::Socket(socket) => t.net.close(socket),
        FileKind::Pipe(pipe, end) => {
            t.pipes.close(pipe, end);
            let other = match end {
                End::Read => Channel::PipeWritable(pipe),
                End::Write => Channel::PipeReadable(pipe),
            };
            wait::wake_all(t, cx, other);
        }
        FileKind::Memory(object) => t.mm.unhold_object(&mut t.memory, object),
        FileKind::Inode(_) | FileKind::Console(_) => {}
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
