//! Calls on processes and threads: who am I, clone(2), execve(2), wait4(2).

use super::{Result, Return};
use crate::abi::flags::file::AT_FDCWD;
use crate::abi::flags::{CloneFlags, WaitFlags};
use crate::abi::program::Answer;
use crate::abi::signal::SIG_IGN;
use crate::abi::{Access, Errno};
use crate::base::{Channel, Duration, InodeId, Pid, ProcessId};
use crate::context::{Cx, Tables};
use crate::event::{Event, TaskEvent, Wait};
use crate::fs::{Kind, Want};
use crate::io::{image, txn, user};
use crate::mm::NoMemory;
use crate::proc::{Body, CallFrame, Interruptible, Stop, WaitFor};
use crate::task::{files, life, priority};

/// getpid(2).
///
/// # Errors
/// None.
pub fn sys_getpid(t: &Tables, cx: &Cx) -> Result {
    Ok(t.proc.process_of(cx.caller).map_or(0, |process| u64::from(process.pid.0)))
}

/// gettid(2).
///
/// # Errors
/// None.
pub fn sys_gettid(t: &Tables, cx: &Cx) -> Result {
    Ok(t.proc.threads.get(cx.caller).map_or(0, |thread| u64::from(thread.tid.0)))
}

/// getppid(2): 0 when the parent is the kernel itself.
///
/// # Errors
/// None.
pub fn sys_getppid(t: &Tables, cx: &Cx) -> Result {
    let parent = t.proc.process_of(cx.caller).and_then(|process| process.parent);
    Ok(parent.and_then(|p| t.proc.processes.get(p)).map_or(0, |parent| u64::from(parent.pid.0)))
}

/// What a fork may ask for besides its exit signal.
const FORK: CloneFlags = CloneFlags::PARENT_SETTID
    .union(CloneFlags::CHILD_SETTID)
    .union(CloneFlags::CHILD_CLEARTID)
    .union(CloneFlags::SETTLS);

/// What makes a thread: all of it shared.
const THREAD: CloneFlags = CloneFlags::VM
    .union(CloneFlags::FS)
    .union(CloneFlags::FILES)
    .union(CloneFlags::SIGHAND)
    .union(CloneFlags::THREAD);

/// clone(2) as fork(2) and pthread_create(3) use it. (Other sets of flags are to come.)
///
/// # Errors
/// `EINVAL` for other flags, `EAGAIN`, `ENOMEM`, `EFAULT`.
pub fn sys_clone(
    [flags, stack, parent_tid, _tls, child_tid]: [u64; 5],
    t: &mut Tables,
    cx: &mut Cx,
) -> Result {
    let set = CloneFlags::from_bits_truncate(flags & !0xff);
    let thread = set.contains(THREAD);
    let rest = if thread { set.difference(THREAD | CloneFlags::SYSVSEM) } else { set };
    if rest.difference(FORK) != CloneFlags::empty() || thread && stack == 0 {
        return Err(Stop::Fail(Errno::EINVAL));
    }
    if set.contains(CloneFlags::PARENT_SETTID) {
        user::touch(t, cx, parent_tid, 4, Access::Store)?;
    }
    if set.contains(CloneFlags::CHILD_SETTID) {
        user::touch(t, cx, child_tid, 4, Access::Store)?;
    }
    let parent = t.proc.threads.get(cx.caller).ok_or(Errno::ESRCH)?;
    let (process, mask, params) =
        (parent.process, parent.mask, priority::asked(t, cx.caller).for_child());
    let tid = t.proc.new_pid().ok_or(Errno::EAGAIN)?;
    let program = if thread {
        cx.charge(cx.costs.thread_create);
        cx.live.programs.live(cx.caller).map(|program| program.thread(stack))
    } else {
        cx.live.programs.save(cx.caller)
    };
    let program = program.ok_or(Errno::ENOSYS)?;
    let owner = if thread { process } else { fork_process(t, cx, process, tid)? };
    let answer = if thread { Answer::Retry } else { Answer::Value(0) };
    let new = life::NewThread { process: owner, tid, body: Body::User, answer, mask, params };
    let id = life::start(t, cx, new, Some(program));
    if !thread {
        life::inherit_interrupted(t, cx.caller, id);
    }
    if set.contains(CloneFlags::PARENT_SETTID)
        && let Some(space) = t.proc.processes.get(process).and_then(|parent| parent.space)
    {
        // fork has just made the parent's own page copy-on-write as well. It is too late to fail; Linux does
        // not look at the result of this either.
        let _ = life::store_in(t, space, parent_tid, &tid.0.to_le_bytes());
    }
    if set.contains(CloneFlags::CHILD_CLEARTID)
        && let Some(child) = t.proc.threads.get_mut(id)
    {
        child.clear_tid = child_tid;
    }
    if set.contains(CloneFlags::CHILD_SETTID)
        && let Some(space) = t.proc.processes.get(owner).and_then(|child| child.space)
    {
        let _ = life::store_in(t, space, child_tid, &tid.0.to_le_bytes());
    }
    Ok(u64::from(tid.0))
}

/// Makes the process of a forked child: memory, files, signal actions, all copied.
fn fork_process(
    t: &mut Tables,
    cx: &mut Cx,
    parent: ProcessId,
    pid: Pid,
) -> std::result::Result<ProcessId, Errno> {
    let from = t.proc.processes.get(parent).ok_or(Errno::ESRCH)?.clone();
    let space = from.space.ok_or(Errno::ENOMEM)?;
    let (space, pages) = t.mm.fork(space, &mut t.memory).map_err(|NoMemory| Errno::ENOMEM)?;
    cx.charge(cx.costs.fork + Duration(cx.costs.fork_page.0.saturating_mul(pages)));
    let files = from.files.and_then(|files| t.proc.files.get(files).cloned());
    let files = files.map(|table| life::copy_files(t, &table));
    let mut child = life::empty_process(pid, &from.name, Some(parent));
    child.group = from.group;
    child.session = from.session;
    child.cred = from.cred;
    child.namespaces = from.namespaces;
    child.cgroup = from.cgroup;
    child.space = Some(space);
    child.files = files;
    child.cwd = from.cwd;
    child.actions = from.actions;
    let id = t.proc.add_process(child);
    if let Some(parent) = t.proc.processes.get_mut(parent) {
        parent.children.insert(id);
    }
    Ok(id)
}

/// execve(2) of programs found by their file's first bytes.
///
/// # Errors
/// Those of path walks, `EACCES`, `ENOEXEC`, `E2BIG`, `ENOMEM`, `EFAULT`; parks.
pub fn sys_execve(
    path: u64,
    arguments: u64,
    environment: u64,
    frame: &mut CallFrame,
    t: &mut Tables,
    cx: &mut Cx,
) -> Result<Return> {
    let path = user::read_string(t, cx, path, 4095)?;
    let arguments = read_strings(t, cx, arguments)?;
    let environment = read_strings(t, cx, environment)?;
    let start = super::file::start_directory(AT_FDCWD, &path, t, cx)?;
    let cred = t.proc.process_of(cx.caller).ok_or(Errno::ESRCH)?.cred.clone();
    let inode = txn::run(t, cx, frame, start, |vfs, fs, txn| {
        let (directory, name) = vfs.resolve(txn, (start, &cred), &path)?;
        let number = fs.lookup(txn, directory.number, name.ok_or(Errno::EACCES)?)?;
        let attributes = fs.attributes(txn, number)?;
        if attributes.kind != Kind::Regular {
            return Err(Errno::EACCES.into());
        }
        crate::fs::permit(&attributes, &cred, Want::Execute)?;
        Ok(InodeId { number, ..directory })
    })?;
    let first = txn::fetch_page(t, cx, frame, inode, 0)?;
    let head = *t.memory.ram.page(first);
    let image = cx.loader.load(&path, &head)?;
    let (space, sp) = image::lay_out(t, image.as_ref(), &arguments, &environment)?;

    // From here on nothing can fail.
    let name: String = image.name().chars().take(15).collect();
    let symbol = cx.engine.log.intern(&name);
    cx.emit(Event::Task(TaskEvent::Exec { name: symbol }));
    let process = t.proc.process_of_mut(cx.caller).ok_or(Errno::ESRCH)?;
    let old = process.space.replace(space);
    process.name = name;
    process.actions.retain(|_, action| action.handler == SIG_IGN);
    let table = process.files;
    if let Some(old) = old {
        t.mm.release(old, &mut t.memory);
    }
    if cx.runner == cx.caller {
        let cpu = &mut t.cpus[usize::from(cx.cpu.0)];
        (cpu.space, cpu.satp) = (space, t.mm.satp(space));
    }
    if let Some(table) = table.and_then(|table| t.proc.files.get_mut(table)) {
        let closing: Vec<u64> =
            table.iter().filter(|(_, d)| d.close_on_exec).map(|(fd, _)| fd).collect();
        let closed: Vec<_> = closing.into_iter().filter_map(|fd| table.take(fd)).collect();
        for descriptor in closed {
            files::release(t, descriptor.file);
        }
    }
    if let Some(thread) = t.proc.threads.get_mut(cx.caller) {
        thread.answer = Answer::Retry;
        thread.computing = None;
        thread.clear_tid = 0;
    }
    cx.live.programs.set(cx.caller, image.start(sp));
    Ok(Return::Exec)
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

/// wait4(2). (The resource usage of the child is to come: the fourth argument is ignored.)
///
/// # Errors
/// `ECHILD`, `EINVAL`, `EINTR`, `EFAULT`; parks.
pub fn sys_wait4(
    (pid, status, options, _usage): (u64, u64, u64, u64),
    frame: &mut CallFrame,
    t: &mut Tables,
    cx: &mut Cx,
) -> Result {
    let Some(options) = WaitFlags::from_bits(options as u32) else {
        return Err(Stop::Fail(Errno::EINVAL));
    };
    let me = t.proc.threads.get(cx.caller).ok_or(Errno::ESRCH)?.process;
    let mine = t.proc.processes.get(me).ok_or(Errno::ESRCH)?;
    let (pid, group) = (i64::from(pid as i32), mine.group);
    let matches = |id: &ProcessId| {
        t.proc.processes.get(*id).is_some_and(|child| match pid {
            -1 => true,
            0 => child.group == group,
            1.. => i64::from(child.pid.0) == pid,
            _ => i64::from(child.group.0) == -pid,
        })
    };
    let candidates: Vec<ProcessId> = mine.children.iter().copied().filter(matches).collect();
    if candidates.is_empty() {
        return Err(Stop::Fail(Errno::ECHILD));
    }
    let zombie = candidates
        .into_iter()
        .find(|&child| t.proc.processes.get(child).is_some_and(|child| child.is_zombie()));
    let Some(zombie) = zombie else {
        if options.contains(WaitFlags::NOHANG) {
            return Ok(0);
        }
        if let Some(count) = frame.interrupted()? {
            return Ok(count);
        }
        return Err(Stop::Park(WaitFor::channel(
            Channel::Child(me),
            Wait::Child,
            Interruptible::UnlessRestarted,
        )));
    };
    let child = t.proc.processes.get(zombie).ok_or(Errno::ECHILD)?;
    let (pid, exit) = (child.pid, child.exit.unwrap_or(0));
    if status != 0 {
        user::write(t, cx, status, &exit.to_le_bytes())?;
    }
    t.proc.remove_process(zombie);
    cx.emit(Event::Task(TaskEvent::Reap { pid: pid.0 }));
    Ok(u64::from(pid.0))
}
