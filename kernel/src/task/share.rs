//! What tasks share or copy when one makes another (clone(2)): descriptors, the working directory, signal
//! actions. Each is a table with a count of users; the last one to let go frees it.

use super::files;
use crate::base::{FilesId, FsInfoId, HandlersId, ThreadId};
use crate::context::{Cx, Tables};
use crate::proc::{FileTable, FsInfo, Handlers};

/// One more thread uses a file table.
pub fn share_files(t: &mut Tables, id: FilesId) -> FilesId {
    if let Some(table) = t.proc.files.get_mut(id) {
        table.users += 1;
    }
    id
}

/// A copy of a file table: the same open files, one reference more each.
pub fn copy_files(t: &mut Tables, id: FilesId) -> FilesId {
    let copy = t.proc.files.get(id).map_or_else(FileTable::new, FileTable::duplicate);
    for (_, descriptor) in copy.iter() {
        t.proc.open.hold(descriptor.file);
    }
    t.proc.files.insert(copy)
}

/// A thread uses a file table no longer; with the last one its files are closed.
pub fn release_files(t: &mut Tables, cx: &mut Cx, id: FilesId) {
    let Some(table) = t.proc.files.get_mut(id) else {
        return;
    };
    table.users = table.users.saturating_sub(1);
    if table.users == 0
        && let Some(table) = t.proc.files.remove(id)
    {
        for (_, descriptor) in table.iter() {
            files::unlock_records(t, cx, id, descriptor.file);
            files::release(t, cx, descriptor.file);
        }
    }
}

/// The caller gets a file table of its own, if it has shared one.
pub fn unshare_files(t: &mut Tables, cx: &mut Cx) {
    let Some(id) = t.proc.threads.get(cx.caller).and_then(|thread| thread.files) else {
        return;
    };
    if t.proc.files.get(id).is_some_and(|table| table.users > 1) {
        let own = copy_files(t, id);
        release_files(t, cx, id);
        if let Some(thread) = t.proc.threads.get_mut(cx.caller) {
            thread.files = Some(own);
        }
    }
}

/// One more thread uses a working directory.
pub fn share_fs(t: &mut Tables, id: FsInfoId) -> FsInfoId {
    if let Some(info) = t.proc.fs.get_mut(id) {
        info.users += 1;
    }
    id
}

/// A copy of a working directory and umask.
pub fn copy_fs(t: &mut Tables, id: FsInfoId) -> Option<FsInfoId> {
    let copy = FsInfo { users: 1, ..t.proc.fs.get(id)?.clone() };
    Some(t.proc.fs.insert(copy))
}

/// A thread uses a working directory no longer.
fn release_fs(t: &mut Tables, id: FsInfoId) {
    if let Some(info) = t.proc.fs.get_mut(id) {
        info.users = info.users.saturating_sub(1);
        if info.users == 0 {
            t.proc.fs.remove(id);
        }
    }
}

/// A thread is about to go: it lets go of what it shares.
pub fn release_all(t: &mut Tables, cx: &mut Cx, thread: ThreadId) {
    let Some(thread) = t.proc.threads.get_mut(thread) else {
        return;
    };
    let (table, info) = (thread.files.take(), thread.fs.take());
    if let Some(table) = table {
        release_files(t, cx, table);
    }
    if let Some(info) = info {
        release_fs(t, info);
    }
}

/// One more process uses a table of signal actions.
pub fn share_handlers(t: &mut Tables, id: HandlersId) -> HandlersId {
    if let Some(handlers) = t.proc.handlers.get_mut(id) {
        handlers.users += 1;
    }
    id
}

/// A copy of a table of signal actions.
pub fn copy_handlers(t: &mut Tables, id: HandlersId) -> Option<HandlersId> {
    let copy = Handlers { users: 1, ..t.proc.handlers.get(id)?.clone() };
    Some(t.proc.handlers.insert(copy))
}

/// A process uses a table of signal actions no longer.
pub fn release_handlers(t: &mut Tables, id: HandlersId) {
    if let Some(handlers) = t.proc.handlers.get_mut(id) {
        handlers.users = handlers.users.saturating_sub(1);
        if handlers.users == 0 {
            t.proc.handlers.remove(id);
        }
    }
}
