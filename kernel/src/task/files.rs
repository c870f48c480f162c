//! Letting go of open files.

use crate::base::{OpenFileId, ThreadId};
use crate::context::{Calls, Tables};
use crate::proc::{CallFrame, FileKind};

/// One reference less to an open file; with the last one it is closed.
pub fn release(t: &mut Tables, file: OpenFileId) {
    if let Some(closed) = t.proc.open.release(file)
        && let FileKind::Socket(socket) = closed.kind
    {
        t.net.close(socket);
    }
}

/// A call ended: what it held may go.
#[inline]
pub fn release_held(t: &mut Tables, calls: &mut Calls, thread: ThreadId) {
    let frame = calls.of(thread);
    if frame.held.is_empty() && frame.pinned.is_empty() {
        return;
    }
    while let Some(file) = calls.of(thread).held.pop() {
        release(t, file);
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
