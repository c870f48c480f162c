//! execve(2): another program in the same process.
//!
//! A typical sequence: the path is walked, the file's first page is read; `#!` names an interpreter, and
//! the search begins again with that; the loader finds an image; a new address space is laid out. Only then
//! does anything change: other threads end, memory is exchanged, handlers become default actions, and
//! descriptors marked so are closed.

use super::path;
use super::transfer::Rest;
use super::{Result, Return};
use crate::abi::Errno;
use crate::abi::flags::AtFlags;
use crate::abi::flags::file::{AT_FDCWD, MountFlags};
use crate::abi::program::{Answer, Image};
use crate::abi::signal::{SIG_IGN, Signal};
use crate::base::InodeId;
use crate::context::{Cx, Tables};
use crate::event::{Event, TaskEvent};
use crate::fs::{Attributes, Kind, Want};
use crate::hw::PAGE_SIZE;
use crate::io::node::Node;
use crate::io::{block, image, object, txn, user};
use crate::proc::{SignalStack, Stop};
use crate::task::{family, files, life, share};
use std::sync::Arc;

/// How many interpreters may lead to each other (Linux: `BINPRM` depth).
const MAX_DEPTH: usize = 5;
/// How much of a file's beginning is looked at (`BINPRM_BUF_SIZE`).
const HEAD: usize = 256;

/// What execve(2) is asked to run.
struct Wanted {
    arguments: Vec<String>,
    environment: Vec<String>,
}

/// How many frames a small image takes: text, stack, page tables.
const FRAMES_FOR_AN_IMAGE: u32 = 16;

/// execve(2) of programs found by their file's first bytes.
///
/// # Errors
/// Those of path walks, `EACCES`, `ENOEXEC`, `E2BIG`, `ELOOP`, `ENOMEM`, `EFAULT`; parks.
pub fn sys_execve(
    path: u64,
    arguments: u64,
    environment: u64,
    (frame, t, cx): Rest<'_>,
) -> Result<Return> {
    sys_execveat([AT_FDCWD as u64, path, arguments, environment, 0], (frame, t, cx))
}

/// execveat(2): the same, with a path relative to a directory, or with the file itself (AT_EMPTY_PATH).
///
/// # Errors
/// As [`sys_execve`], and `EBADF`, `EINVAL`.
pub fn sys_execveat(
    [directory, path, arguments, environment, flags]: [u64; 5],
    (frame, t, cx): Rest<'_>,
) -> Result<Return> {
    let flags = AtFlags::from_bits(flags as u32).ok_or(Errno::EINVAL)?;
    if flags.intersects((AtFlags::EMPTY_PATH | AtFlags::SYMLINK_NOFOLLOW).complement()) {
        return Err(Stop::Fail(Errno::EINVAL));
    }
    let path = user::read_string(t, cx, path, 4095)?;
    let arguments = read_strings(t, cx, arguments)?;
    let environment = read_strings(t, cx, environment)?;
    let mut wanted = Wanted { arguments, environment };
    let how = (!flags.contains(AtFlags::SYMLINK_NOFOLLOW), flags.contains(AtFlags::EMPTY_PATH));
    let node = path::find(directory, &path, how, (frame, t, cx))?;
    if node.attributes.kind == Kind::Symlink {
        return Err(Stop::Fail(Errno::ELOOP));
    }
    let node = runnable(node, t, cx)?;
    let (found, node) = load(path, node, &mut wanted, (frame, t, cx))?;
    if wanted.arguments.is_empty() {
        // Linux 5.18 and later: nobody is without a name.
        wanted.arguments.push(String::new());
    }
    // What the image takes at least; if that is not there, it is worth waiting for.
    block::reserve(t, cx, FRAMES_FOR_AN_IMAGE)?;
    let (space, sp) = image::lay_out(t, found.as_ref(), &wanted.arguments, &wanted.environment)?;
    if let Some(space) = t.mm.space_mut(space) {
        space.command.file = Some(node.at);
    }

    // From here on nothing can fail.
    let name: String = found.name().chars().take(15).collect();
    let symbol = cx.engine.log.intern(&name);
    cx.emit(Event::Task(TaskEvent::Exec { name: symbol }));
    life::leave_memory(t, cx, cx.caller);
    let thread = t.proc.threads.get_mut(cx.caller).ok_or(Errno::ESRCH)?;
    thread.answer = Answer::Retry;
    thread.computing = None;
    thread.name = None;
    thread.alternate = SignalStack::default();
    let id = thread.process;
    let process = t.proc.processes.get_mut(id).ok_or(Errno::ESRCH)?;
    let old = process.space.replace(space);
    process.name = name;
    process.has_execed = true;
    process.exit_signal = Some(Signal::CHLD);
    become_owner(&mut process.cred, &node.attributes);
    if let Some(old) = old {
        t.mm.release(old, &mut t.memory);
    }
    if cx.runner == cx.caller {
        let cpu = &mut t.cpus[usize::from(cx.cpu.0)];
        (cpu.space, cpu.satp) = (space, t.mm.satp(space));
    }
    reset_handlers(t, cx);
    close_marked(t, cx);
    family::end_vfork(t, cx, id);
    cx.live.programs.set(cx.caller, found.start(sp));
    Ok(Return::Exec)
}

/// Finds the file behind a path, which must be one that the caller may run.
fn find(directory: u64, path: &str, (frame, t, cx): Rest<'_>) -> Result<Node> {
    let found = path::find(directory, path, (true, false), (frame, t, cx))?;
    runnable(found, t, cx)
}

/// Whether the caller may run a file; without set-user-ID if its mount says so.
fn runnable(mut found: Node, t: &Tables, cx: &Cx) -> Result<Node> {
    let flags = t.fs.mount_of(found.at.mount).map_or(MountFlags::empty(), |mount| mount.flags);
    if found.attributes.kind != Kind::Regular || flags.contains(MountFlags::NOEXEC) {
        return Err(Stop::Fail(Errno::EACCES));
    }
    crate::fs::permit(&found.attributes, &path::cred(t, cx)?, Want::Execute)?;
    if flags.contains(MountFlags::NOSUID) {
        found.attributes.mode &= !0o6000;
    }
    Ok(found)
}

/// The first page of a file, zeroes behind its end.
fn first_page(inode: InodeId, (frame, t, cx): Rest<'_>) -> Result<[u8; PAGE_SIZE]> {
    if t.fs.generated(inode).is_some() {
        return Err(Stop::Fail(Errno::EACCES));
    }
    if t.fs.stored(inode).is_some_and(|fs| fs.is_in_memory()) {
        let object = t.fs.stored(inode).and_then(|fs| fs.object(inode.number));
        let Some(object) =
            object.filter(|id| t.mm.object(*id).is_some_and(|o| o.page(0).is_some()))
        else {
            return Ok([0; PAGE_SIZE]);
        };
        let (first, _) = object::page(t, cx, frame, (object, 0))?;
        return Ok(*t.memory.ram.page(first));
    }
    let first = txn::fetch_page(t, cx, frame, inode, 0)?;
    Ok(*t.memory.ram.page(first))
}

/// Finds the image of a file, through interpreters if need be.
fn load(
    path: String,
    mut node: Node,
    wanted: &mut Wanted,
    (frame, t, cx): Rest<'_>,
) -> Result<(Arc<dyn Image>, Node)> {
    let mut path = path;
    for _ in 0..=MAX_DEPTH {
        let head = first_page(node.inode, (frame, t, cx))?;
        // What lies behind the end of a short file is zero.
        let Some((interpreter, argument)) = interpreter(&head)? else {
            return Ok((cx.loader.load(&path, &head)?, node));
        };
        let mut arguments = vec![interpreter.clone()];
        arguments.extend(argument);
        arguments.push(path);
        arguments.extend(wanted.arguments.drain(..).skip(1));
        wanted.arguments = arguments;
        node = find(AT_FDCWD as u64, &interpreter, (frame, t, cx))?;
        path = interpreter;
    }
    Err(Stop::Fail(Errno::ELOOP))
}

/// The interpreter and its argument in a file's first line, if that begins with `#!` (execve(2)).
fn interpreter(
    head: &[u8; PAGE_SIZE],
) -> std::result::Result<Option<(String, Option<String>)>, Errno> {
    let head = head.get(..HEAD).unwrap_or(head);
    let Some(line) = head.strip_prefix(b"#!") else {
        return Ok(None);
    };
    let end = line.iter().position(|&byte| byte == b'\n' || byte == 0).unwrap_or(line.len());
    let line = std::str::from_utf8(&line[..end]).map_err(|_| Errno::ENOEXEC)?;
    let line = line.trim_matches([' ', '\t']);
    let (path, rest) = line.split_once([' ', '\t']).unwrap_or((line, ""));
    let argument = rest.trim_start_matches([' ', '\t']);
    if path.is_empty() {
        return Err(Errno::ENOEXEC);
    }
    // Everything after the interpreter is one argument, spaces and all.
    Ok(Some((path.to_owned(), (!argument.is_empty()).then(|| argument.to_owned()))))
}

/// Set-user-ID and set-group-ID files run with their owner's rights.
fn become_owner(cred: &mut crate::base::Cred, attributes: &Attributes) {
    if attributes.mode & 0o4000 != 0 {
        cred.euid = attributes.uid;
    }
    // Without the right to run it as a group the bit means something else.
    if attributes.mode & 0o2010 == 0o2010 {
        cred.egid = attributes.gid;
    }
    (cred.suid, cred.sgid) = (cred.euid, cred.egid);
}

/// Handlers are functions of the old program: they become default actions. What is ignored stays so. Who
/// shared the table goes on with it.
fn reset_handlers(t: &mut Tables, cx: &Cx) {
    let Some(process) = t.proc.process_of(cx.caller) else { return };
    let Some(shared) = process.handlers else { return };
    let own = share::copy_handlers(t, shared);
    share::release_handlers(t, shared);
    if let Some(handlers) = own.and_then(|own| t.proc.handlers.get_mut(own)) {
        handlers.actions.retain(|_, action| action.handler == SIG_IGN);
    }
    if let Some(process) = t.proc.process_of_mut(cx.caller) {
        process.handlers = own;
    }
}

/// Closes the descriptors with FD_CLOEXEC, in a table that belongs to this process alone.
fn close_marked(t: &mut Tables, cx: &mut Cx) {
    share::unshare_files(t, cx);
    let Some(table) = t.proc.files_of_mut(cx.caller) else { return };
    let closing: Vec<u64> =
        table.iter().filter(|(_, d)| d.close_on_exec).map(|(fd, _)| fd).collect();
    let closed: Vec<_> = closing.into_iter().filter_map(|fd| table.take(fd)).collect();
    for descriptor in closed {
        files::release(t, cx, descriptor.file);
    }
}

/// A list of pointers to strings that ends with a null, as execve(2) takes it; a null list is empty.
fn read_strings(t: &mut Tables, cx: &mut Cx, list: u64) -> Result<Vec<String>> {
    let mut strings = Vec::new();
    let mut room = image::ARGUMENTS_MAX;
    if list == 0 {
        return Ok(strings);
    }
    for n in 0.. {
        let pointer = user::read_word(t, cx, list.saturating_add(n * 8))?;
        if pointer == 0 {
            break;
        }
        let text = user::read_string(t, cx, pointer, room).map_err(|stop| match stop {
            Stop::Fail(Errno::ENAMETOOLONG) => Stop::Fail(Errno::E2BIG),
            stop => stop,
        })?;
        room = room.checked_sub(text.len() + 9).ok_or(Errno::E2BIG)?;
        strings.push(text);
    }
    Ok(strings)
}
