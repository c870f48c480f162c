//! Making tasks: clone(2), clone3(2) and set_tid_address(2).
//!
//! A fork, a vfork and a thread are one call with different flags: each part of the caller is either shared
//! with the new task or copied for it. Linux knows no more than that either (`copy_process`).

use super::Result;
use super::transfer::Rest;
use crate::abi::flags::CloneFlags;
use crate::abi::flags::process::{CLONE_SIGNAL_MASK, rlimit};
use crate::abi::program::Answer;
use crate::abi::signal::Signal;
use crate::abi::{Access, Errno};
use crate::base::{Channel, Duration, Pid, ProcessId};
use crate::context::{Cx, Tables};
use crate::event::Wait;
use crate::io::{block, user};
use crate::mm::{Forked, NoMemory};
use crate::proc::{Body, Interruptible, SignalStack, Stop, WaitFor};
use crate::task::{family, life, priority, share};

/// What there is none of yet: other namespaces, descriptors of processes.
const ABSENT: CloneFlags = CloneFlags::NEWNS
    .union(CloneFlags::NEWCGROUP)
    .union(CloneFlags::NEWUTS)
    .union(CloneFlags::NEWIPC)
    .union(CloneFlags::NEWUSER)
    .union(CloneFlags::NEWPID)
    .union(CloneFlags::NEWNET)
    .union(CloneFlags::PIDFD);

/// What both calls ask for.
#[derive(Clone, Copy, Debug)]
struct Wanted {
    flags: CloneFlags,
    exit_signal: Option<Signal>,
    /// Where the new task's stack begins, from above; 0: where the caller's does.
    stack: u64,
    parent_tid: u64,
    child_tid: u64,
}

/// clone(2).
///
/// # Errors
/// `EINVAL` for sets of flags that make no sense, `EAGAIN`, `ENOMEM`, `EFAULT`; with CLONE_VFORK it parks.
pub fn sys_clone([flags, stack, parent_tid, _tls, child_tid]: [u64; 5], rest: Rest<'_>) -> Result {
    let exit_signal = Signal::from_number(flags & CLONE_SIGNAL_MASK);
    let flags = CloneFlags::from_bits_truncate(flags & !CLONE_SIGNAL_MASK);
    clone(Wanted { flags, exit_signal, stack, parent_tid, child_tid }, rest)
}

/// The size of `struct clone_args` in its first version.
const CLONE_ARGS_SIZE: u64 = 64;

/// clone3(2): the same with its arguments in a structure that may grow. What an older kernel does not know
/// must be zero.
///
/// # Errors
/// As [`sys_clone`], and `E2BIG` for parts of the structure that are not known here.
pub fn sys_clone3(place: u64, size: u64, (frame, t, cx): Rest<'_>) -> Result {
    if size < CLONE_ARGS_SIZE {
        return Err(Stop::Fail(Errno::EINVAL));
    }
    if size > super::transfer::PAGE {
        return Err(Stop::Fail(Errno::E2BIG));
    }
    let mut bytes = vec![0; size as usize];
    user::read(t, cx, place, &mut bytes)?;
    let mut words = bytes.as_chunks().0.iter().map(|word| u64::from_le_bytes(*word));
    let mut next = || words.next().unwrap_or(0);
    let (flags, _pidfd, child_tid, parent_tid) = (next(), next(), next(), next());
    let (exit_signal, stack, stack_size, _tls) = (next(), next(), next(), next());
    let (_set_tid, set_tid_size, _cgroup) = (next(), next(), next());
    // Three words more came with Linux 5.5 and 5.7: two for chosen numbers, one for a control group.
    if bytes.iter().skip(88).any(|&byte| byte != 0) {
        return Err(Stop::Fail(Errno::E2BIG));
    }
    let known = CloneFlags::from_bits(flags).filter(|_| flags & CLONE_SIGNAL_MASK == 0);
    let flags = known.ok_or(Errno::EINVAL)?;
    let silent = flags.intersects(CloneFlags::THREAD | CloneFlags::PARENT);
    if exit_signal > 64
        || set_tid_size != 0
        || silent && exit_signal != 0
        || (stack == 0) != (stack_size == 0)
    {
        return Err(Stop::Fail(Errno::EINVAL));
    }
    let stack = stack.checked_add(stack_size).ok_or(Errno::EINVAL)?;
    let exit_signal = Signal::from_number(exit_signal);
    clone(Wanted { flags, exit_signal, stack, parent_tid, child_tid }, (frame, t, cx))
}

/// Which sets of flags make sense (`copy_process`).
fn check(flags: CloneFlags) -> std::result::Result<(), Errno> {
    let needs = |flag, other| flags.contains(flag) && !flags.contains(other);
    if flags.intersects(ABSENT)
        || needs(CloneFlags::THREAD, CloneFlags::SIGHAND)
        || needs(CloneFlags::SIGHAND, CloneFlags::VM)
    {
        return Err(Errno::EINVAL);
    }
    Ok(())
}

//DOC: clone
fn clone(wanted: Wanted, (frame, t, cx): Rest<'_>) -> Result {
    if frame.stage == 1 {
        return wait_for_vfork((frame, t, cx));
    }
    let Wanted { flags, stack, .. } = wanted;
    check(flags)?;
    if flags.contains(CloneFlags::PARENT_SETTID) {
        user::touch(t, cx, wanted.parent_tid, 4, Access::Store)?;
    }
    // In a space of its own the child's word is a copy, which is looked at again when there is one.
    if flags.contains(CloneFlags::CHILD_SETTID) {
        user::touch(t, cx, wanted.child_tid, 4, Access::Store)?;
    }
    if !flags.contains(CloneFlags::VM) {
        let space = t.proc.process_of(cx.caller).and_then(|process| process.space);
        let needed = space.map_or(0, |space| t.mm.frames_for_fork(space, &t.memory));
        block::reserve(t, cx, needed)?;
    }
    let caller = t.proc.threads.get(cx.caller).ok_or(Errno::ESRCH)?;
    let (process, mask) = (caller.process, caller.mask);
    let params = priority::asked(t, cx.caller).for_child();
    let (files, fs, alternate) = (caller.files, caller.fs, caller.alternate);
    check_processes(t, process)?;
    let tid = t.proc.new_pid().ok_or(Errno::EAGAIN)?;
    let program = if stack == 0 {
        cx.live.programs.save(cx.caller)
    } else {
        // What libc's wrapper does: the function and its argument lie on the new stack.
        cx.live.programs.live(cx.caller).map(|program| program.thread(stack))
    };
    let program = program.ok_or(Errno::ENOSYS)?;
    let is_thread = flags.contains(CloneFlags::THREAD);
    let owner = if is_thread {
        cx.charge(cx.costs.thread_create);
        process
    } else {
        make_process(t, cx, process, tid, &wanted)?
    };

    // From here on nothing can fail.
    let files = files.map(|files| match flags.contains(CloneFlags::FILES) {
        true => share::share_files(t, files),
        false => share::copy_files(t, files),
    });
    let fs = fs.and_then(|fs| match flags.contains(CloneFlags::FS) {
        true => Some(share::share_fs(t, fs)),
        false => share::copy_fs(t, fs),
    });
    let answer = if stack == 0 { Answer::Value(0) } else { Answer::Retry };
    let body = Body::User;
    let new = life::NewThread { process: owner, tid, body, answer, mask, params, files, fs };
    let id = life::start(t, cx, new, Some(program));
    if stack == 0 {
        life::inherit_interrupted(t, cx.caller, id);
    }
    if let Some(child) = t.proc.threads.get_mut(id) {
        if flags.contains(CloneFlags::CHILD_CLEARTID) {
            child.clear_tid = wanted.child_tid;
        }
        // Two tasks on one alternate stack would overwrite each other.
        let keeps = !flags.contains(CloneFlags::VM) || flags.contains(CloneFlags::VFORK);
        child.alternate = if keeps { alternate } else { SignalStack::default() };
    }
    // fork has just made the parent's own page copy-on-write as well. It is too late to fail; Linux does not
    // look at the result of these either.
    if flags.contains(CloneFlags::PARENT_SETTID) {
        store_tid(t, process, wanted.parent_tid, tid);
    }
    if flags.contains(CloneFlags::CHILD_SETTID) {
        store_tid(t, owner, wanted.child_tid, tid);
    }
    if flags.contains(CloneFlags::VFORK) && !is_thread {
        if let Some(child) = t.proc.processes.get_mut(owner) {
            child.vfork = true;
        }
        (frame.stage, frame.progress) = (1, u64::from(tid.0));
        return wait_for_vfork((frame, t, cx));
    }
    Ok(u64::from(tid.0))
}

fn store_tid(t: &mut Tables, process: ProcessId, place: u64, tid: Pid) {
    if let Some(space) = t.proc.processes.get(process).and_then(|process| process.space) {
        let _ = life::store_in(t, space, place, &tid.0.to_le_bytes());
    }
}

/// vfork(2): waits until the child, whose number is the frame's progress, has memory of its own or has
/// ended. No handler runs before that, as on Linux.
fn wait_for_vfork((frame, t, _): Rest<'_>) -> Result {
    let pid = Pid(u32::try_from(frame.progress).unwrap_or(0));
    let child = t.proc.by_pid(pid);
    let child = child.filter(|&child| t.proc.processes.get(child).is_some_and(|child| child.vfork));
    match child {
        Some(child) => {
            Err(Stop::Park(WaitFor::channel(Channel::Vfork(child), Wait::Child, Interruptible::No)))
        }
        None => Ok(frame.progress),
    }
}

/// RLIMIT_NPROC: how many tasks the caller's user may have. It does not bind root.
fn check_processes(t: &Tables, caller: ProcessId) -> std::result::Result<(), Errno> {
    let process = t.proc.processes.get(caller).ok_or(Errno::ESRCH)?;
    let (user, limit) = (process.cred.uid, process.limits.soft(rlimit::NPROC));
    if process.cred.is_root() || limit >= u64::from(crate::proc::PID_MAX) {
        return Ok(());
    }
    let own = t.proc.processes.iter().filter(|(_, process)| process.cred.uid == user);
    let tasks: usize = own.map(|(_, process)| process.threads.len().max(1)).sum();
    if tasks as u64 >= limit { Err(Errno::EAGAIN) } else { Ok(()) }
}

/// Makes the process of a task that is no thread of the caller's: memory and signal actions shared or
/// copied, the rest copied.
fn make_process(
    t: &mut Tables,
    cx: &mut Cx,
    caller: ProcessId,
    pid: Pid,
    wanted: &Wanted,
) -> std::result::Result<ProcessId, Errno> {
    let flags = wanted.flags;
    let from = t.proc.processes.get(caller).ok_or(Errno::ESRCH)?;
    let space = from.space.ok_or(Errno::ENOMEM)?;
    let (parent, exit_signal) = match flags.contains(CloneFlags::PARENT) {
        true => (from.parent, from.exit_signal),
        false => (Some(caller), wanted.exit_signal),
    };
    let mut child = family::empty_process(pid, &from.name, parent);
    child.group = from.group;
    child.session = from.session;
    child.cred = from.cred.clone();
    child.namespaces = from.namespaces;
    child.cgroup = from.cgroup;
    child.limits = from.limits.clone();
    child.oom_adjust = from.oom_adjust;
    child.exit_signal = exit_signal;
    let handlers = from.handlers;
    child.space = Some(if flags.contains(CloneFlags::VM) {
        t.mm.share(space);
        cx.charge(cx.costs.thread_create);
        space
    } else {
        let forked = t.mm.fork(space, &mut t.memory);
        let Forked { space, tables, pages, copied } = forked.map_err(|NoMemory| Errno::ENOMEM)?;
        let (table, page) = (cx.costs.fork_table.0, cx.costs.fork_page.0);
        let shared = Duration(table.saturating_mul(tables));
        cx.charge(cx.costs.fork + shared + Duration(page.saturating_mul(pages)));
        cx.charge(cx.costs.copy_page * copied);
        space
    });
    child.handlers = handlers.and_then(|handlers| match flags.contains(CloneFlags::SIGHAND) {
        true => Some(share::share_handlers(t, handlers)),
        false => share::copy_handlers(t, handlers),
    });
    let id = t.proc.add_process(child);
    if let Some(parent) = parent.and_then(|parent| t.proc.processes.get_mut(parent)) {
        parent.children.insert(id);
    }
    Ok(id)
}

/// set_tid_address(2): where a zero is written, and a futex woken, when the caller ends.
///
/// # Errors
/// None.
pub fn sys_set_tid_address(place: u64, t: &mut Tables, cx: &mut Cx) -> Result {
    let thread = t.proc.threads.get_mut(cx.caller).ok_or(Errno::ESRCH)?;
    thread.clear_tid = place;
    Ok(u64::from(thread.tid.0))
}
