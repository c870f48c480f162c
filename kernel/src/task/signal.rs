//! Sending signals, and taking them (signal(7)).

use super::{family, jobs, life, wait};
use crate::abi::flags::PollEvents;
use crate::abi::flags::process::rlimit;
use crate::abi::nr;
use crate::abi::program::{Answer, SignalFrame};
use crate::abi::signal::{ActionFlags, DefaultAction, SIG_DFL, SIG_IGN, Signal, SignalSet};
use crate::base::{Channel, Pid, ProcessId, ThreadId};
use crate::context::{Calls, Cx, Tables};
use crate::event::{Bytes, CallEvent, Event, Leave, TaskEvent, picture};
use crate::proc::{
    Interrupted, Interruptible, Report, Resume, SignalInfo, State, Tale, Thread, Woken,
};
use crate::sched::Enqueue;

/// Who gets a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// Any thread of a process.
    Process(ProcessId),
    /// This thread.
    Thread(ThreadId),
}

const STOPPING: [Signal; 4] = [Signal::STOP, Signal::TSTP, Signal::TTIN, Signal::TTOU];

fn stop_signals() -> SignalSet {
    let mut set = SignalSet::EMPTY;
    for signal in STOPPING {
        set.insert(signal);
    }
    set
}

/// Sends a signal on behalf of the caller.
pub fn send(
    t: &mut Tables,
    cx: &mut Cx,
    target: Target,
    signal: Signal,
    si_code: i32,
    address: u64,
) {
    let sender = t.proc.process_of(cx.caller);
    let (pid, uid) = sender.map_or((0, 0), |sender| (sender.pid.0, sender.cred.uid));
    send_info(t, cx, target, SignalInfo { pid, uid, address, ..SignalInfo::new(signal, si_code) });
}

/// Sends a signal. What the receiver ignores is dropped here, as POSIX allows. `false` if its queue is full.
pub fn send_info(t: &mut Tables, cx: &mut Cx, target: Target, info: SignalInfo) -> bool {
    let signal = info.signal;
    let process = match target {
        Target::Process(process) => process,
        Target::Thread(thread) => match t.proc.threads.get(thread) {
            Some(thread) => thread.process,
            None => return true,
        },
    };
    let Some(receiver) = t.proc.processes.get(process) else {
        return true;
    };
    let named = match target {
        Target::Thread(thread) => Some(thread),
        Target::Process(_) => receiver.threads.first().copied(),
    };
    // Kernel threads take no signals; neither does a zombie.
    let (Some(named), Some(_)) = (named, receiver.space) else {
        return true;
    };
    let serial = t.proc.threads.get(named).map_or_else(Default::default, |thread| thread.serial);
    let cause = cx.emit(Event::Task(TaskEvent::Signal { target: serial, signal: signal.number() }));
    if signal == Signal::CONT || signal == Signal::KILL {
        go_on(t, cx, process, signal);
    }
    if signal == Signal::CONT {
        discard(t, process, stop_signals());
    } else if STOPPING.contains(&signal) {
        discard(t, process, SignalSet::of(Signal::CONT));
    }
    let Some(receiver) = t.proc.processes.get(process) else {
        return true;
    };
    let (threads, limit) = (receiver.threads.clone(), receiver.limits.soft(rlimit::SIGPENDING));
    let blocked = match target {
        Target::Thread(thread) => blocks(t, thread, signal),
        Target::Process(_) => threads.iter().all(|&thread| blocks(t, thread, signal)),
    };
    if !blocked && is_ignored(t.proc.action(process, signal).handler, signal) {
        let (signal, info) = (signal.number(), tell(cx, &info));
        cx.emit(Event::Task(TaskEvent::Discard { target: serial, signal, info }));
        return true;
    }
    let info = SignalInfo { cause, ..info };
    let queued = queue(t, cx, target, info, (&threads, limit));
    wait::announce(t, cx, Channel::Signals(process), 1, PollEvents::IN);
    queued
}

/// Puts a signal where it waits to be taken, and makes somebody look. `false` if the queue is full.
fn queue(
    t: &mut Tables,
    cx: &mut Cx,
    target: Target,
    info: SignalInfo,
    (threads, limit): (&[ThreadId], u64),
) -> bool {
    let signal = info.signal;
    match target {
        Target::Thread(thread) => {
            let queued =
                t.proc.threads.get_mut(thread).is_none_or(|thread| thread.pending.add(info, limit));
            notice(t, cx, thread, signal);
            queued
        }
        Target::Process(process) => {
            let receiver = t.proc.processes.get_mut(process);
            let queued = receiver.is_none_or(|receiver| receiver.pending.add(info, limit));
            if let Some(thread) = taker(t, threads, signal) {
                notice(t, cx, thread, signal);
            }
            queued
        }
    }
}

/// Gives the log what is told with a signal, for the record that comes next.
fn tell(cx: &mut Cx, info: &SignalInfo) -> Bytes {
    cx.engine.log.keep(&[&info.told().to_bytes()[..48]])
}

/// The thread that is to take a signal of its process: one that does not block it, rather one that is not
/// in a wait which no signal ends.
fn taker(t: &Tables, threads: &[ThreadId], signal: Signal) -> Option<ThreadId> {
    let mut willing = threads.iter().copied().filter(|&thread| takes(t, thread, signal));
    let deep = |thread: &ThreadId| {
        let state = t.proc.threads.get(*thread).map(|thread| &thread.state);
        matches!(state, Some(State::Parked(p)) if p.interruptible == Interruptible::No)
    };
    let first = willing.next()?;
    if deep(&first) { willing.find(|thread| !deep(thread)).or(Some(first)) } else { Some(first) }
}

/// Whether a thread would take a signal: it does not block it, or waits for it (sigtimedwait(2)).
fn takes(t: &Tables, thread: ThreadId, signal: Signal) -> bool {
    let awaits = |thread: &Thread| thread.awaited.contains(signal);
    !blocks(t, thread, signal) || t.proc.threads.get(thread).is_some_and(awaits)
}

/// Forgets pending signals of a process and its threads.
pub fn discard(t: &mut Tables, id: ProcessId, signals: SignalSet) {
    let Some(process) = t.proc.processes.get_mut(id) else {
        return;
    };
    process.pending.discard(signals);
    for &thread in &process.threads {
        if let Some(thread) = t.proc.threads.get_mut(thread) {
            thread.pending.discard(signals);
        }
    }
}

fn blocks(t: &Tables, thread: ThreadId, signal: Signal) -> bool {
    t.proc.threads.get(thread).is_some_and(|thread| thread.mask.contains(signal))
}

/// Whether a handler word means that nothing happens.
#[must_use]
pub fn is_ignored(handler: u64, signal: Signal) -> bool {
    let by_default =
        matches!(signal.default_action(), DefaultAction::Ignore | DefaultAction::Continue);
    handler == SIG_IGN || handler == SIG_DFL && by_default
}

/// Makes a thread look at its pending signals soon.
fn notice(t: &mut Tables, cx: &mut Cx, id: ThreadId, signal: Signal) {
    let Some(thread) = t.proc.threads.get_mut(id) else {
        return;
    };
    if thread.mask.contains(signal) && !thread.awaited.contains(signal) {
        return;
    }
    thread.signalled = true;
    match &thread.state {
        State::Parked(parked) if parked.interruptible != Interruptible::No => {
            wait::resume(t, cx, id, Woken::Signal);
        }
        State::Running(cpu) => {
            let cpu = *cpu;
            wait::disturb(t, cx, cpu);
        }
        _ => {}
    }
}

/// Finds somebody for the signals that wait for any thread of a process: whoever was to take them has gone, or
/// blocks them now (Linux' `retarget_shared_pending`).
pub fn retarget(t: &mut Tables, cx: &mut Cx, id: ProcessId) {
    let Some(process) =
        t.proc.processes.get(id).filter(|process| !process.pending.set().is_empty())
    else {
        return;
    };
    let (pending, threads) = (process.pending.set(), process.threads.clone());
    for signal in pending.iter() {
        if let Some(thread) = taker(t, &threads, signal) {
            notice(t, cx, thread, signal);
        }
    }
}

/// Lets a stopped process go on. (SIGKILL does too, but that is nothing to tell the parent.)
fn go_on(t: &mut Tables, cx: &mut Cx, id: ProcessId, signal: Signal) {
    let Some(process) = t.proc.processes.get_mut(id) else {
        return;
    };
    if !std::mem::take(&mut process.stopped) {
        return;
    }
    for thread in process.threads.clone() {
        if t.proc.threads.get(thread).is_some_and(|thread| thread.state == State::Stopped) {
            wait::ready(t, cx, thread, Enqueue::Woken);
        }
    }
    if signal == Signal::CONT {
        family::tell_report(t, cx, id, Report::Continued);
    }
}

/// Whether a thread would take a signal now.
#[must_use]
pub fn is_pending(t: &Tables, id: ThreadId) -> bool {
    let Some(thread) = t.proc.threads.get(id) else {
        return false;
    };
    let own = thread.pending.peek(thread.mask);
    own.or_else(|| t.proc.process_of(id)?.pending.peek(thread.mask)).is_some()
}

/// What became of a thread that looked at its signals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It goes on: with its call if one is under way, else with its program.
    GoOn,
    /// A handler must run, and the call under way must end first: run it once more.
    EndCall,
    /// It does not go on: it was stopped, or has ended.
    Gone,
}

/// Takes the signals of a thread that is about to go on, until none is left or one changes its way.
pub fn take(t: &mut Tables, calls: &mut Calls, cx: &mut Cx, id: ThreadId) -> Taken {
    loop {
        let Some(thread) = t.proc.threads.get_mut(id) else {
            return Taken::Gone;
        };
        let (mask, process) = (thread.mask, thread.process);
        let in_call = calls.of(id).active;
        // A call that was not interrupted goes on; its thread looks again when the call is done.
        if in_call && thread.woken != Some(Woken::Signal) {
            return Taken::GoOn;
        }
        let Some(owner) = t.proc.processes.get(process) else {
            return Taken::Gone;
        };
        let next = thread.pending.peek(mask).or_else(|| owner.pending.peek(mask));
        let Some(info) = next else {
            if !in_call && let Some(mask) = thread.saved_mask.take() {
                // The call that blocked something else for a while is over: so is that.
                thread.mask = mask;
                continue;
            }
            thread.signalled = false;
            // The signal that woke the call was taken elsewhere, or had no handler.
            if thread.woken == Some(Woken::Signal) {
                thread.woken = Some(Woken::Restart);
            }
            return Taken::GoOn;
        };
        let interruptible = thread.interruptible;
        let action = t.proc.action(process, info.signal);
        let handled = action.handler != SIG_DFL && action.handler != SIG_IGN;
        let restarts = action.known_flags().contains(ActionFlags::RESTART);
        // A call that will end with EINTR ends before the handler's frame is pushed.
        let ends = handled && (interruptible == Interruptible::Always || !restarts);
        if in_call && (ends || interruptible == Interruptible::Ends) {
            return Taken::EndCall;
        }
        take_pending(t, id, SignalSet::of(info.signal));
        if let Some(thread) = t.proc.threads.get_mut(id) {
            thread.cause = info.cause;
        }
        cx.cause = info.cause;
        let signal = info.signal.number();
        if in_call {
            interrupt(t, calls, cx, id);
        }
        let told = tell(cx, &info);
        cx.emit(Event::Task(TaskEvent::Deliver { signal, handled, info: told }));
        if handled {
            return push_handler(t, calls, cx, id, info);
        }
        match info.signal.default_action() {
            _ if action.handler == SIG_IGN => {}
            DefaultAction::Ignore | DefaultAction::Continue => {}
            DefaultAction::Stop => {
                let group = t.proc.process_of(id).map(|process| process.group);
                // Nobody could continue an orphaned group that a terminal stopped.
                let spared = info.signal != Signal::STOP
                    && group.is_some_and(|group| jobs::is_orphaned(t, group, None));
                if !spared {
                    stop(t, cx, id, info.signal);
                    return Taken::Gone;
                }
            }
            DefaultAction::Terminate | DefaultAction::Core => {
                // Nothing is written; whether something would be is what RLIMIT_CORE says (core(5)).
                let may_dump = t
                    .proc
                    .process_of(id)
                    .is_some_and(|process| process.limits.soft(rlimit::CORE) > 0);
                let core = may_dump && info.signal.default_action() == DefaultAction::Core;
                let status = u32::from(signal) | if core { 0x80 } else { 0 };
                life::end_process(t, calls, cx, id, status);
                return Taken::Gone;
            }
        }
    }
}

/// Takes the lowest signal of a set that is pending for a thread, or for its process.
pub fn take_pending(t: &mut Tables, id: ThreadId, set: SignalSet) -> Option<SignalInfo> {
    let others = SignalSet::FULL.difference(set);
    let thread = t.proc.threads.get_mut(id)?;
    if let Some(own) = thread.pending.take(others) {
        return Some(own);
    }
    t.proc.process_of_mut(id)?.pending.take(others)
}

/// A signal is taken in the middle of a call, which will be made again: the log is told once.
fn interrupt(t: &Tables, calls: &mut Calls, cx: &mut Cx, id: ThreadId) {
    let frame = calls.of(id);
    let thread = t.proc.threads.get(id);
    if frame.told.tale != Tale::Interrupted
        && let Some(restart) = thread.and_then(|thread| thread.interruptible.restart())
    {
        frame.told.tale = Tale::Interrupted;
        let detail = frame.keep(&mut cx.engine.log);
        let (number, entered) = (frame.number as u16, frame.entered);
        cx.emit(Event::Call(CallEvent::Interrupted { number, entered, restart, detail }));
    }
}

/// Sets a handler up: it runs when the program is resumed.
fn push_handler(
    t: &mut Tables,
    calls: &mut Calls,
    cx: &mut Cx,
    id: ThreadId,
    info: SignalInfo,
) -> Taken {
    let signal = info.signal;
    let Some(process) = t.proc.threads.get(id).map(|thread| thread.process) else {
        return Taken::Gone;
    };
    let action = t.proc.action(process, signal);
    if action.known_flags().contains(ActionFlags::RESETHAND)
        && let Some(handlers) = t.proc.handlers_mut(process)
    {
        handlers.actions.remove(&signal);
    }
    let wants_info = action.known_flags().contains(ActionFlags::SIGINFO);
    let frame = SignalFrame {
        handler: action.handler,
        signal: signal.number(),
        info: wants_info.then(|| info.told()),
    };
    let pushed = cx.live.programs.live(id).is_some_and(|program| program.signal(frame));
    if !pushed {
        // A handler address that is no function: the jump there would fault.
        life::end_process(t, calls, cx, id, u32::from(Signal::SEGV.number()) | 0x80);
        return Taken::Gone;
    }
    let Some(thread) = t.proc.threads.get_mut(id) else {
        return Taken::Gone;
    };
    let call = calls.of(id);
    let resume = if call.active {
        thread.woken = None;
        let mut kept = Box::new(std::mem::take(call));
        kept.woken = Some(Woken::Restart);
        Resume::Restart(kept)
    } else {
        Resume::With(thread.answer)
    };
    thread.interrupted.push(Interrupted {
        mask: thread.saved_mask.take().unwrap_or(thread.mask),
        computing: thread.computing.take(),
        resume,
    });
    thread.answer = Answer::Retry;
    let mut mask = thread.mask.union(action.mask);
    if !action.known_flags().contains(ActionFlags::NODEFER) {
        mask.insert(signal);
    }
    thread.mask = mask.difference(SignalSet::UNBLOCKABLE);
    Taken::GoOn
}

/// A handler returned (rt_sigreturn(2)): what it interrupted goes on.
pub fn handler_returned(t: &mut Tables, calls: &mut Calls, cx: &mut Cx, id: ThreadId) {
    let Some(thread) = t.proc.threads.get_mut(id) else {
        return;
    };
    let Some(interrupted) = thread.interrupted.pop() else {
        return;
    };
    thread.mask = interrupted.mask;
    thread.computing = interrupted.computing;
    thread.signalled = true;
    // The call returns what the interrupted code has in its register; the mask stands for its frame.
    let result = match &interrupted.resume {
        Resume::With(Answer::Value(value)) => value.cast_signed(),
        Resume::With(Answer::Retry) => 0,
        Resume::Restart(frame) => frame.arguments[0].cast_signed(),
    };
    let detail = cx.engine.log.keep(&[&picture::words(&[interrupted.mask.0, 0, 0, 0, 0, 0])]);
    let (number, entered) = (nr::RT_SIGRETURN, cx.now);
    cx.emit(Event::Call(CallEvent::Done { number, entered, result, restart: None, detail }));
    match interrupted.resume {
        Resume::With(answer) => thread.answer = answer,
        Resume::Restart(frame) => *calls.of(id) = *frame,
    }
}

/// Stops a process: all its threads as soon as they can.
fn stop(t: &mut Tables, cx: &mut Cx, id: ThreadId, signal: Signal) {
    let Some(process) = t.proc.process_of_mut(id) else {
        return;
    };
    process.stopped = true;
    cx.left = true;
    for thread in process.threads.clone() {
        let Some(other) = t.proc.threads.get_mut(thread) else {
            continue;
        };
        match other.state {
            State::Ready => {
                t.sched.remove(thread);
                other.state = State::Stopped;
            }
            State::Running(cpu) => {
                other.state = State::Stopped;
                wait::disturb(t, cx, cpu);
                t.cpus[usize::from(cpu.0)].resched = Some(Leave::Stopped);
            }
            // Who waits goes on waiting, and is stopped when it would wake.
            State::Parked(_) | State::Stopped | State::Dead => {}
        }
        if let Some(other) = t.proc.threads.get_mut(thread)
            && other.woken == Some(Woken::Signal)
        {
            other.woken = Some(Woken::Restart);
        }
    }
    if let Some(process) = t.proc.threads.get(id).map(|thread| thread.process) {
        family::tell_report(t, cx, process, Report::Stopped(signal));
    }
}

/// Sends a signal that the thread cannot escape because it is to blame: it is unblocked, and a handler
/// that is ignored or blocked becomes the default action (`force_sig` in Linux).
pub fn force(
    t: &mut Tables,
    cx: &mut Cx,
    id: ThreadId,
    signal: Signal,
    si_code: i32,
    address: u64,
) {
    let Some(thread) = t.proc.threads.get_mut(id) else {
        return;
    };
    let was_blocked = thread.mask.contains(signal);
    thread.mask.remove(signal);
    let process = thread.process;
    let ignored = t.proc.action(process, signal).handler == SIG_IGN;
    if let Some(handlers) = t.proc.handlers_mut(process).filter(|_| was_blocked || ignored) {
        handlers.actions.remove(&signal);
    }
    send(t, cx, Target::Thread(id), signal, si_code, address);
}

/// The processes that kill(2)'s first argument means.
#[must_use]
pub fn receivers(t: &Tables, caller: ThreadId, pid: i64) -> Vec<ProcessId> {
    let own = t.proc.process_of(caller).map(|process| process.group);
    let group = |group: Option<Pid>| {
        let members = t.proc.processes.iter().filter(move |(_, p)| Some(p.group) == group);
        members.map(|(id, _)| id).collect()
    };
    match pid {
        1.. => t.proc.by_pid(Pid(u32::try_from(pid).unwrap_or(0))).into_iter().collect(),
        0 => group(own),
        -1 => {
            let me = t.proc.threads.get(caller).map(|thread| thread.process);
            let others = t.proc.processes.iter().filter(|(id, p)| Some(*id) != me && p.pid.0 > 1);
            others.map(|(id, _)| id).collect()
        }
        _ => group(u32::try_from(pid.unsigned_abs()).ok().map(Pid)),
    }
}
