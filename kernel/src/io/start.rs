//! Starting a program without fork(2), as the kernel starts init.

use super::{frames, image};
use crate::abi::Errno;
use crate::abi::flags::file::access_mode::RDWR;
use crate::abi::program::Answer;
use crate::abi::signal::SignalSet;
use crate::base::{NsId, ProcessId};
use crate::context::{Cx, Tables};
use crate::proc::{Body, Descriptor, FileKind, FileTable, FsInfo, Handlers, Start};
use crate::task::{family, life};
use std::collections::BTreeMap;

/// Starts a program at `cx.now`, with the console as its standard input, output and error.
///
/// # Errors
/// `ENOENT` if the loader knows none of that name, `EAGAIN`, `ENOMEM`, `E2BIG`.
pub fn spawn(t: &mut Tables, cx: &mut Cx, start: &Start) -> Result<ProcessId, Errno> {
    let program = cx.loader.load(&start.path, &[])?;
    let pid = t.proc.new_pid().ok_or(Errno::EAGAIN)?;
    let (space, sp) = image::lay_out(t, program.as_ref(), &start.arguments, &[])?;
    let mut process = family::empty_process(pid, program.name(), None);
    process.space = Some(space);
    let handlers = Handlers { actions: BTreeMap::new(), users: 1 };
    process.handlers = Some(t.proc.handlers.insert(handlers));
    if t.tty.session.is_none() {
        // The world's first program owns the console, as a login shell would.
        (t.tty.session, t.tty.foreground) = (Some(pid), pid);
    }
    let cwd = t.fs.root(NsId(0));
    let info = t.proc.fs.insert(FsInfo { cwd, path: "/".to_owned(), umask: 0o022, users: 1 });
    let mut table = FileTable::new();
    if let Some(console) = t.console {
        let file = t.proc.open.open(FileKind::Console(console), RDWR);
        for fd in 0..3 {
            table.set(fd, Descriptor { file, close_on_exec: false });
        }
        t.proc.open.hold(file);
        t.proc.open.hold(file);
    }
    let files = t.proc.files.insert(table);
    let process = t.proc.add_process(process);
    let mut params = start.params;
    params.affinity = t.sched.sets().number(start.cpus);
    let new = life::NewThread {
        process,
        tid: pid,
        body: Body::User,
        answer: Answer::Retry,
        mask: SignalSet::EMPTY,
        params,
        files: Some(files),
        fs: Some(info),
    };
    life::start(t, cx, new, Some(program.start(sp)));
    frames::trim_cache(t);
    Ok(process)
}
