//! Starting a program without fork(2), as the kernel starts init.

use super::{frames, image};
use crate::abi::Errno;
use crate::abi::flags::file::access_mode::RDWR;
use crate::abi::program::Answer;
use crate::abi::signal::SignalSet;
use crate::base::{NsId, ProcessId};
use crate::context::{Cx, Tables};
use crate::proc::{Body, Descriptor, FileKind, FileTable, Start};
use crate::task::life;

/// Starts a program at `cx.now`, with the console as its standard input, output and error.
///
/// # Errors
/// `ENOENT` if the loader knows none of that name, `EAGAIN`, `ENOMEM`, `E2BIG`.
pub fn spawn(t: &mut Tables, cx: &mut Cx, start: &Start) -> Result<ProcessId, Errno> {
    let program = cx.loader.load(&start.path, &[])?;
    let pid = t.proc.new_pid().ok_or(Errno::EAGAIN)?;
    let (space, sp) = image::lay_out(t, program.as_ref(), &start.arguments, &[])?;
    let mut process = life::empty_process(pid, program.name(), None);
    process.space = Some(space);
    process.cwd = t.fs.root(NsId(0));
    let mut table = FileTable::new();
    if let Some(console) = t.console {
        let file = t.proc.open.open(FileKind::Console(console), RDWR);
        for fd in 0..3 {
            table.set(fd, Descriptor { file, close_on_exec: false });
        }
        t.proc.open.hold(file);
        t.proc.open.hold(file);
    }
    process.files = Some(t.proc.files.insert(table));
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
    };
    life::start(t, cx, new, Some(program.start(sp)));
    frames::trim_cache(t);
    Ok(process)
}
