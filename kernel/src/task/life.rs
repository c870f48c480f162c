//! Beginning and ending: threads, processes, and who mourns them.

use super::{family, files, priority, robust, share, signal, turn, wait};
use crate::abi::Errno;
use crate::abi::program::{Answer, SavedProgram};
use crate::abi::signal::SignalSet;
use crate::base::{Channel, FilesId, FsInfoId, Pid, ProcessId, SpaceId, ThreadId};
use crate::context::{Calls, Cx, Tables};
use crate::event::{Event, Leave, SchedEvent, TaskEvent};
use crate::hw::PAGE_SIZE;
use crate::hw::mmu::Pte;
use crate::proc::{
    Body, Ended, Interruptible, Pending, Resume, SignalStack, State, Thread, Times, Usage, Woken,
};
use crate::sched::{Enqueue, Params};
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
    /// Its descriptors; it becomes a user of the table that the caller has counted.
    pub files: Option<FilesId>,
    /// Its working directory, counted likewise.
    pub fs: Option<FsInfoId>,
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
        files: new.files,
        fs: new.fs,
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
        saved_mask: None,
        awaited: SignalSet::EMPTY,
        pending: Pending::default(),
        alternate: SignalStack::default(),
        interrupted: Vec::new(),
        cause: born,
        request: cx.request,
        is_asker: false,
        is_answered: false,
        clear_tid: 0,
        robust_list: 0,
        board: t.proc.threads.get(cx.caller).and_then(|parent| parent.board),
        name: None,
    });
    if let Some(program) = program {
        cx.live.programs.set(id, program);
    }
    t.sched.add(id, new.params, cx.cpu);
    let priority = new.params.kernel_priority();
    if priority != Params::default().kernel_priority() {
        cx.emit(Event::Sched(SchedEvent::Priority { thread: serial, priority, inherited: false }));
    }
    // What the newcomer does, it does because it was made.
    let cause = std::mem::replace(&mut cx.cause, born);
    wait::ready(t, cx, id, Enqueue::New);
    cx.cause = cause;
    id
}

/// Makes a task of the kernel's own: no memory, no files, no parent.
pub fn start_kernel_task(
    t: &mut Tables,
    cx: &mut Cx,
    name: &str,
    body: Body,
) -> Result<ThreadId, Errno> {
    let tid = t.proc.new_pid().ok_or(Errno::EAGAIN)?;
    let process = t.proc.add_process(family::empty_process(tid, name, None));
    let (answer, mask, params) = (Answer::Retry, SignalSet::EMPTY, Params::default());
    let new = NewThread { process, tid, body, answer, mask, params, files: None, fs: None };
    Ok(start(t, cx, new, None))
}

/// Ends one thread. With the last one the process ends with this wait status.
pub fn end_thread(t: &mut Tables, calls: &mut Calls, cx: &mut Cx, id: ThreadId, status: u32) {
    let Some(process) = t.proc.threads.get(id).map(|thread| thread.process) else {
        return;
    };
    leave_memory(t, cx, id);
    remove(t, calls, cx, id, status);
    let Some(owner) = t.proc.processes.get_mut(process) else {
        return;
    };
    if owner.threads.is_empty() {
        owner.exit.get_or_insert(status);
        family::bury(t, cx, process);
    }
}

/// Ends a process with all its threads (exit_group(2), or a fatal signal), on behalf of one of them.
//DOC: end-process
pub fn end_process(t: &mut Tables, calls: &mut Calls, cx: &mut Cx, id: ThreadId, status: u32) {
    let Some(process) = t.proc.process_of_mut(id) else {
        return;
    };
    process.exit.get_or_insert(status);
    // The youngest first: so each is the last of the list when it leaves it.
    for thread in process.threads.clone().into_iter().rev() {
        end_thread(t, calls, cx, thread, status);
    }
}

/// Ends all threads of the caller's process but the caller, which takes the process's number: execve(2).
pub fn end_siblings(t: &mut Tables, calls: &mut Calls, cx: &mut Cx, id: ThreadId) {
    let Some(process) = t.proc.process_of(id) else {
        return;
    };
    let pid = process.pid;
    for thread in process.threads.clone() {
        if thread != id {
            remove(t, calls, cx, thread, 0);
        }
    }
    if t.proc.threads.get(id).is_some_and(|thread| thread.tid != pid) {
        t.proc.renumber(id, pid);
    }
}

/// What a thread leaves in its memory when it goes, or when the memory does (execve(2)).
pub fn leave_memory(t: &mut Tables, cx: &mut Cx, id: ThreadId) {
    let Some(thread) = t.proc.threads.get_mut(id) else {
        return;
    };
    let leaving = thread.clone();
    (thread.clear_tid, thread.robust_list) = (0, 0);
    if (leaving.clear_tid, leaving.robust_list) != (0, 0)
        && let Some(space) = t.proc.process_of(id).and_then(|process| process.space)
    {
        robust::leave(t, cx, space, &leaving);
    }
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
            && t.mm
                .space(space)
                .and_then(|space| space.find(page))
                .is_some_and(|vma| vma.rights.write)
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
    if let Some(State::Running(cpu)) = t.proc.threads.get(id).map(|thread| &thread.state) {
        let cpu = *cpu;
        wait::disturb(t, cx, cpu);
    }
    turn::leave(t, cx, id, status);
    let Some(thread) = t.proc.threads.get(id) else {
        return;
    };
    let (state, times) = (thread.state.clone(), thread.times);
    // A wake-up that it can make no use of any more belongs to the next in line. (That of a futex is lost
    // with it, as on Linux.)
    let woken = match thread.woken {
        Some(Woken::Channel(channel))
            if !matches!(channel, Channel::Futex { .. } | Channel::SharedFutex { .. }) =>
        {
            Some(channel)
        }
        _ => None,
    };
    let process = t.proc.processes.get(thread.process);
    let (pid, name) = process.map_or((thread.tid, ""), |process| (process.pid, &*process.name));
    let (serial, tid, name, at) = (thread.serial, thread.tid, name.to_owned(), cx.now);
    t.proc.ended.add(Ended { serial, tid, pid, name, times, at, status });
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
    files::release_held(t, calls, cx, id);
    forget_interrupted(t, calls, cx, id);
    calls.of(id).active = false;
    cx.live.programs.remove(id);
    share::release_all(t, cx, id);
    let process = t.proc.remove_thread(id).map(|thread| thread.process);
    if let Some(process) = process {
        if let Some(process) = t.proc.processes.get_mut(process) {
            process.ended.add(Usage::from(times));
        }
        signal::retarget(t, cx, process);
    }
    if let Some(channel) = woken {
        wait::wake(t, cx, channel, 1);
    }
}

/// What signal handlers interrupted will not go on: its calls let go of what they held.
pub fn forget_interrupted(t: &mut Tables, calls: &mut Calls, cx: &mut Cx, id: ThreadId) {
    let Some(thread) = t.proc.threads.get_mut(id) else { return };
    for interrupted in std::mem::take(&mut thread.interrupted) {
        if let Resume::Restart(frame) = interrupted.resume {
            *calls.of(id) = *frame;
            files::release_held(t, calls, cx, id);
        }
    }
}
