//! Starting a program without fork(2), as the kernel starts init.

use super::{frames, image, root};
use crate::abi::flags::file::access_mode::{RDONLY, RDWR, WRONLY};
use crate::abi::program::Answer;
use crate::abi::signal::SignalSet;
use crate::abi::{Errno, nr};
use crate::base::{Location, NsId, OpenFileId, ProcessId, Serial};
use crate::context::{Cx, Tables};
use crate::event::{CallEvent, Event, Moment, picture};
use crate::proc::{
    Body, Descriptor, FileKind, FileTable, FsInfo, Handlers, MAX_DESCRIPTORS, Place, Special, Start,
};
use crate::task::{family, files, life};
use std::collections::BTreeMap;

/// Starts a program at `cx.now`, with the console as its standard input, output and error.
///
/// # Errors
/// `ENOENT` if the loader knows none of that name, `EAGAIN`, `ENOMEM`, `E2BIG`.
pub fn spawn(t: &mut Tables, cx: &mut Cx, start: &Start) -> Result<ProcessId, Errno> {
    let program = cx.loader.load(&start.path, &[])?;
    let pid = t.proc.new_pid().ok_or(Errno::EAGAIN)?;
    let (space, sp) = image::lay_out(t, program.as_ref(), &start.arguments, &[])?;
    let file = root::find(t, start.file.as_deref().unwrap_or(&start.path));
    if let Some(space) = t.mm.space_mut(space) {
        space.command.file = file;
    }
    let mut process = family::empty_process(pid, program.name(), None);
    process.space = Some(space);
    process.oom_adjust = start.oom_adjust;
    let handlers = Handlers { actions: BTreeMap::new(), users: 1 };
    process.handlers = Some(t.proc.handlers.insert(handlers));
    if t.tty.session.is_none() && start.has_terminal {
        // The world's first program owns the console, as a login shell would.
        (t.tty.session, t.tty.foreground) = (Some(pid), pid);
    }
    let directory = start.directory.as_deref().and_then(|path| root::find(t, path));
    let cwd = directory.or(t.fs.root(NsId(0)));
    let info = t.proc.fs.insert(FsInfo { cwd, root: None, umask: 0o022, users: 1 });
    let mut table = FileTable::new();
    if let Some(console) = t.console {
        let place = place_of_console(t);
        let file = t.proc.open.open(FileKind::Console(console), RDWR, place);
        for fd in (0..3).filter(|fd| !start.open.iter().any(|(named, _)| named == fd)) {
            t.proc.open.hold(file);
            table.set(fd as usize, Descriptor { file, close_on_exec: false });
        }
        // The first reference was this function's own.
        files::release(t, cx, file);
    }
    for (fd, path) in &start.open {
        let fd = usize::try_from(*fd).unwrap_or(usize::MAX);
        if fd < MAX_DESCRIPTORS
            && let Some(file) = open_named(t, path, fd)
        {
            table.set(fd, Descriptor { file, close_on_exec: false });
        }
    }
    let files = t.proc.files.insert(table);
    let process = t.proc.add_process(process);
    let mut params = start.params;
    params.affinity = t.sched.sets().number(start.cpus).ok_or(Errno::ENOMEM)?;
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
    let thread = life::start(t, cx, new, Some(program.start(sp)));
    let serial = t.proc.threads.get(thread).map_or_else(Default::default, |thread| thread.serial);
    record(cx, serial, &start.path, &start.arguments, sp);
    frames::trim_cache(t);
    Ok(process)
}

/// Opens a file of the root for a program that starts: the first descriptors as a shell would that redirects them.
fn open_named(t: &mut Tables, path: &str, fd: usize) -> Option<OpenFileId> {
    let at = root::find(t, path)?;
    let inode = t.fs.inode_at(at)?;
    let mode = match fd {
        0 => RDONLY,
        1 | 2 => WRONLY,
        _ => RDWR,
    };
    let kind =
        if path == "/dev/null" { FileKind::Special(Special::Null) } else { FileKind::Inode(inode) };
    t.fs.inodes.open(inode, mode != RDONLY);
    Some(t.proc.open.open(kind, mode, Some(Place { at, inode })))
}

/// Where the console is in the tree, if somebody has put its device file there.
fn place_of_console(t: &mut Tables) -> Option<Place> {
    let root = t.fs.root(NsId(0))?;
    let device = t.fs.dentries.find(root.dentry, "dev")?;
    let directory = t.fs.top(Location { dentry: device, ..root });
    let dentry = t.fs.dentries.find(directory.dentry, "console")?;
    let inode = t.fs.dentries.inode(dentry)?;
    t.fs.inodes.open(inode, true);
    Some(Place { at: Location { dentry, ..directory }, inode })
}

/// Nobody made the execve(2) that stands at the beginning of every program; the kernel acted as if. It is
/// recorded all the same: a trace begins with it, and says from what file and with what arguments.
fn record(cx: &mut Cx, serial: Serial, path: &str, arguments: &[String], sp: u64) {
    if !cx.engine.log.is_on() {
        return;
    }
    // As the stack would lie in whoever called: path, arguments and their list, one below the other.
    let (mut at, mut regions, mut list) = (sp, Vec::new(), Vec::new());
    for text in arguments.iter().map(String::as_str).chain([path]) {
        at -= text.len() as u64 + 1;
        list.extend_from_slice(&at.to_le_bytes());
        picture::add(&mut regions, Moment::Before, at, |bytes| {
            bytes.extend_from_slice(text.as_bytes());
            bytes.push(0);
            true
        });
    }
    let path = at;
    // The path's place in the list becomes the null at its end.
    let end = list.len() - 8;
    list[end..].fill(0);
    let argv = (at - list.len() as u64) & !7;
    picture::add(&mut regions, Moment::Before, argv, |bytes| {
        bytes.extend_from_slice(&list);
        true
    });
    // An empty environment: a list with nothing but its null.
    let envp = argv - 8;
    picture::add(&mut regions, Moment::Before, envp, |bytes| {
        bytes.extend_from_slice(&[0; 8]);
        true
    });
    let words = picture::words(&[path, argv, envp, 0, 0, 0]);
    let detail = cx.engine.log.keep(&[&words, &regions]);
    let (number, entered) = (nr::EXECVE, cx.now);
    let caller = std::mem::replace(&mut cx.serial, serial);
    cx.emit(Event::Call(CallEvent::Done { number, entered, result: 0, restart: None, detail }));
    cx.serial = caller;
}
