//! Beginning and ending: threads, processes, and who mourns them.

use super::{files, priority, signal, wait};
use crate::abi::Errno;
use crate::abi::program::{Answer, SavedProgram};
use crate::abi::signal::{SIG_IGN, Signal, SignalSet, code};
use crate::base::{Channel, Pid, ProcessId, SpaceId, ThreadId};
use crate::context::{Calls, Cx, Tables};
use crate::event::{Event, Leave, TaskEvent};
use crate::hw::PAGE_SIZE;
use crate::hw::mmu::Pte;
use crate::proc::{
    Body, Ended, FileTable, Interruptible, Pending, Process, Resume, State, Thread, Times,
};
use crate::sched::{Enqueue, Params};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A thread that nobody has seen yet.
pub struct NewThread {
    /// Its process.
    pub process: ProcessId,
    /// Its number.
    pub tid: Pid,
    /// What runs.
    pub body: Body,
    /// What is told to it first.
    pub answer: Answer,
    /// Its blocked signals.
    pub mask: SignalSet,
    /// What the scheduler is asked for it.
    pub params: Params,
}

/// Makes a thread and puts it on a run queue.
pub fn start(
    t: &mut Tables,
    cx: &mut Cx,
    new: NewThread,
    program: Option<Arc<dyn SavedProgram>>,
) -> ThreadId {
    let serial = t.proc.new_serial();
    let process = t.proc.processes.get(new.process);
    let (pid, name) = process.map_or((new.tid, ""), |process| (process.pid, &*process.name));
    let name = cx.engine.log.intern(name);
    let start = TaskEvent::Start { child: serial, tid: new.tid.0, pid: pid.0, name };
    let born = cx.emit(Event::Task(start));
    let id = t.proc.add_thread(Thread {
        tid: new.tid,
        serial,
        process: new.process,
        body: new.body,
        state: State::Ready,
        asked: None,
        cpu: cx.cpu,
        times: Times { started: cx.now, ready_since: cx.now, ..Times::default() },
        answer: new.answer,
        deferred: None,
        computing: None,
        woken: None,
        interruptible: Interruptible::No,
        mask: new.mask,
        signalled: false,
        pending: Pending::default(),
        interrupted: Vec::new(),
        cause: born,
        request: cx.request,
        clear_tid: 0,
    });
    if let Some(program) = program {
        cx.live.programs.set(id, program);
    }
    t.sched.add(id, new.params, cx.cpu);
    // What the newcomer does, it does because it was made.
    let cause = std::mem::replace(&mut cx.cause, born);
    wait::ready(t, cx, id, Enqueue::New);
    cx.cause = cause;
    id
}

/// A process with nothing in it, child of `parent`.
#[must_use]
pub fn empty_process(pid: Pid, name: &str, parent: Option<ProcessId>) -> Process {
    Process {
        pid,
        name: name.to_owned(),
        group: pid,
        session: pid,
        cred: crate::base::Cred::root(),
        namespaces: crate::base::Namespaces::default(),
        cgroup: crate::base::CgroupId::default(),
        parent,
        children: BTreeSet::new(),
        threads: Vec::new(),
        space: None,
        files: None,
        cwd: None,
        actions: BTreeMap::new(),
        pending: Pending::default(),
        stopped: false,
        exit: None,
    }
}

/// Makes a task of the kernel's own: no memory, no files, no parent.
pub fn start_kernel_task(
    t: &mut Tables,
    cx: &mut Cx,
    name: &str,
    body: Body,
) -> Result<ThreadId, Errno> {
    let tid = t.proc.new_pid().ok_or(Errno::EAGAIN)?;
    let process = t.proc.add_process(empty_process(tid, name, None));
    let new = NewThread {
        process,
        tid,
        body,
        answer: Answer::Retry,
        mask: SignalSet::EMPTY,
        params: Params::default(),
    };
    Ok(start(t, cx, new, None))
}

/// Ends one thread. With the last one the process ends with this wait status.
pub fn end_thread(t: &mut Tables, calls: &mut Calls, cx: &mut Cx, id: ThreadId, status: u32) {
    let Some(thread) = t.proc.threads.get_mut(id) else {
        return;
    };
    let (process, clear) = (thread.process, std::mem::take(&mut thread.clear_tid));
    if clear != 0 {
        tell_joiner(t, cx, process, clear);
    }
    remove(t, calls, cx, id, status);
    let Some(owner) = t.proc.processes.get_mut(process) else {
        return;
    };
    if owner.threads.is_empty() {
        owner.exit.get_or_insert(status);
        bury(t, cx, process);
    }
}

/// Ends a process with all its threads (exit_group(2), or a fatal signal), on behalf of one of them.
pub fn end_process(t: &mut Tables, calls: &mut Calls, cx: &mut Cx, id: ThreadId, status: u32) {
    let Some(process) = t.proc.process_of_mut(id) else {
        return;
    };
    process.exit.get_or_insert(status);
    for thread in process.threads.clone() {
        end_thread(t, calls, cx, thread, status);
    }
}

/// Ends all threads of the caller's process but the caller: execve(2).
pub fn end_siblings(t: &mut Tables, calls: &mut Calls, cx: &mut Cx, id: ThreadId) {
    let Some(process) = t.proc.process_of(id) else {
        return;
    };
    for thread in process.threads.clone() {
        if thread != id {
            remove(t, calls, cx, thread, 0);
        }
    }
}

/// CLONE_CHILD_CLEARTID: a zero in user memory, and a wake-up for who waits there.
fn tell_joiner(t: &mut Tables, cx: &mut Cx, process: ProcessId, address: u64) {
    let Some(space) = t.proc.processes.get(process).and_then(|process| process.space) else {
        return;
    };
    let _ = store_in(t, space, address, &[0; 4]);
    wait::wake(t, cx, Channel::Futex { space, address }, 1);
}

/// Stores in a space whose pages are mapped, but perhaps copy-on-write, when it is too late to fault: right after
/// fork(2), or at a thread's end.
///
/// # Errors
/// `EFAULT` if the page is not there, `ENOMEM`.
pub fn store_in(t: &mut Tables, space: SpaceId, address: u64, bytes: &[u8]) -> Result<(), Errno> {
    let last = address.saturating_add(bytes.len().saturating_sub(1) as u64);
    for page in [address, last].map(|at| at & !(PAGE_SIZE as u64 - 1)) {
        if let Some(pte) = t.mm.entry(space, &t.memory, page)
            && pte.has(Pte::COPY_ON_WRITE)
        {
            t.mm.copy(space, &mut t.memory, page, pte.frame()).map_err(|_| Errno::ENOMEM)?;
        }
    }
    t.memory.copy_out(t.mm.satp(space), address, bytes).map_err(|_| Errno::EFAULT)
}

/// A forked child goes on inside the handlers that its parent was in: what they interrupted is its own too.
pub fn inherit_interrupted(t: &mut Tables, parent: ThreadId, child: ThreadId) {
    let interrupted = t.proc.threads.get(parent).map(|thread| thread.interrupted.clone());
    let interrupted = interrupted.unwrap_or_default();
    for one in &interrupted {
        if let Resume::Restart(frame) = &one.resume {
            frame.held.iter().for_each(|&file| t.proc.open.hold(file));
            for &key in &frame.pinned {
                if let Some(pins) = t.fs.cache.pins_mut(key) {
                    *pins += 1;
                }
            }
        }
    }
    if let Some(child) = t.proc.threads.get_mut(child) {
        child.interrupted = interrupted;
    }
}

/// Takes a thread out of everything it is in.
fn remove(t: &mut Tables, calls: &mut Calls, cx: &mut Cx, id: ThreadId, status: u32) {
    let Some(thread) = t.proc.threads.get(id) else {
        return;
    };
    let state = thread.state.clone();
    let process = t.proc.processes.get(thread.process);
    let (pid, name) = process.map_or((thread.tid, ""), |process| (process.pid, &*process.name));
    t.proc.ended.add(Ended {
        serial: thread.serial,
        tid: thread.tid,
        pid,
        name: name.to_owned(),
        times: thread.times,
        at: cx.now,
        status,
    });
    let whole = std::mem::replace(&mut cx.serial, thread.serial);
    cx.emit(Event::Task(TaskEvent::Exit { status }));
    cx.serial = whole;
    match state {
        State::Ready => {
            t.sched.remove(id);
        }
        State::Parked(_) => wait::unpark(t, cx, id),
        State::Running(cpu) => t.cpus[usize::from(cpu.0)].resched = Some(Leave::Exited),
        State::Stopped | State::Dead => {}
    }
    priority::forget(t, cx, id);
    t.sched.forget(id);
    cx.left = true;
    t.boxes.withdraw(id);
    files::release_held(t, calls, id);
    forget_interrupted(t, calls, id);
    calls.of(id).active = false;
    cx.live.programs.remove(id);
    let process = t.proc.remove_thread(id).map(|thread| thread.process);
    if let Some(process) = process {
        signal::retarget(t, cx, process);
    }
}

/// What signal handlers interrupted will not go on: its calls let go of what they held.
pub fn forget_interrupted(t: &mut Tables, calls: &mut Calls, id: ThreadId) {
    let Some(thread) = t.proc.threads.get_mut(id) else { return };
    for interrupted in std::mem::take(&mut thread.interrupted) {
        if let Resume::Restart(frame) = interrupted.resume {
            *calls.of(id) = *frame;
            files::release_held(t, calls, id);
        }
    }
}

/// The last thread is gone: memory and files go, children find a new parent, the old one is told.
fn bury(t: &mut Tables, cx: &mut Cx, id: ProcessId) {
    let Some(process) = t.proc.processes.get_mut(id) else {
        return;
    };
    let (space, files, parent) = (process.space.take(), process.files.take(), process.parent);
    let children = std::mem::take(&mut process.children);
    if let Some(space) = space {
        t.mm.release(space, &mut t.memory);
    }
    if let Some(files) = files {
        release_files(t, files);
    }
    let init = t.proc.by_pid(Pid(1)).filter(|&init| init != id);
    for child in children {
        let Some(orphan) = t.proc.processes.get_mut(child) else {
            continue;
        };
        orphan.parent = init;
        let is_zombie = orphan.is_zombie();
        match init.and_then(|init| t.proc.processes.get_mut(init)) {
            Some(init) => {
                init.children.insert(child);
            }
            None if is_zombie => {
                t.proc.remove_process(child);
            }
            None => {}
        }
        if is_zombie && let Some(init) = init {
            tell_parent(t, cx, init, child);
        }
    }
    match parent {
        Some(parent) => tell_parent(t, cx, parent, id),
        None => {
            t.proc.remove_process(id);
        }
    }
}

/// A child ended: SIGCHLD, and whoever waits for it runs. A parent that ignores SIGCHLD has no zombies.
fn tell_parent(t: &mut Tables, cx: &mut Cx, parent: ProcessId, child: ProcessId) {
    let ignores = t
        .proc
        .processes
        .get(parent)
        .is_none_or(|parent| parent.action(Signal::CHLD).handler == SIG_IGN);
    let status = t.proc.processes.get(child).and_then(|child| child.exit).unwrap_or(0);
    if ignores {
        t.proc.remove_process(child);
    } else {
        let si_code = match status & 0xff {
            0 => code::CLD_EXITED,
            signal if signal & 0x80 != 0 => code::CLD_DUMPED,
            _ => code::CLD_KILLED,
        };
        let pid = t.proc.processes.get(child).map_or(0, |child| child.pid.0);
        let target = signal::Target::Process(parent);
        signal::send_from(t, cx, target, Signal::CHLD, (si_code, pid, 0));
    }
    wait::wake_all(t, cx, Channel::Child(parent));
}

/// A process uses a file table no longer.
pub fn release_files(t: &mut Tables, id: crate::base::FilesId) {
    let Some(table) = t.proc.files.get_mut(id) else {
        return;
    };
    table.users = table.users.saturating_sub(1);
    if table.users == 0
        && let Some(table) = t.proc.files.remove(id)
    {
        for (_, descriptor) in table.iter() {
            files::release(t, descriptor.file);
        }
    }
}

/// A copy of a file table: the same open files, one reference more each.
pub fn copy_files(t: &mut Tables, from: &FileTable) -> crate::base::FilesId {
    for (_, descriptor) in from.iter() {
        t.proc.open.hold(descriptor.file);
    }
    t.proc.files.insert(from.duplicate())
}
