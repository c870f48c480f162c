//! System calls: in, run, wait, run again, out.

use super::capture;
use super::invariant::undisturbed;
use super::page_fault::{self, Unrepaired};
use crate::abi::Errno;
use crate::abi::call::{Server, lookup};
use crate::abi::probe::is_probe;
use crate::abi::program::Answer;
use crate::base::{Channel, ServerId};
use crate::context::{Calls, Cx, Structure, Tables};
use crate::event::{CallEvent, Event, MemoryEvent, Wait};
use crate::io::tlb;
use crate::mm::partition::Refusal;
use crate::proc::{Interruptible, Stop, Tale, WaitFor, Woken};
use crate::syscall::{self, Return};
use crate::task::{files, life, signal, turn, wait};

/// The servers of a microkernel, by number: the order of [`Server`].
pub const SERVERS: [&str; 4] = ["process-server", "memory-server", "file-server", "network-server"];

/// Which server serves a call in a microkernel; `None`: the kernel itself, even there.
#[must_use]
pub fn server_of(number: u64) -> Option<ServerId> {
    let call = lookup(u16::try_from(number).ok()?)?;
    call.server.map(|server: Server| ServerId(server as u8))
}

/// A thread makes a call: it is charged for the way in and out, once.
#[inline]
pub fn enter(t: &mut Tables, calls: &mut Calls, cx: &mut Cx, number: u64, arguments: &[u64; 6]) {
    calls.of(cx.caller).begin(number, arguments, cx.now);
    if !is_probe(number) {
        cx.engine.calls += 1;
        cx.charge(cx.costs.mode_switch);
    }
    run(t, calls, cx);
}

/// Runs the caller's call again: it was woken, and its frame is told why.
pub fn again(t: &mut Tables, calls: &mut Calls, cx: &mut Cx) {
    if let Some(thread) = t.proc.threads.get_mut(cx.caller)
        && let Some(woken) = thread.woken.take()
    {
        calls.of(cx.caller).woken = Some(woken);
    }
    run(t, calls, cx);
}

/// Runs the caller's call, or sends it to the server that will.
#[inline]
fn run(t: &mut Tables, calls: &mut Calls, cx: &mut Cx) {
    if cx.structure == Structure::Microkernel
        && let Some(server) = server_of(calls.of(cx.caller).number)
        && cx.server_task(server).is_some()
    {
        return post(t, cx, server);
    }
    attempt(t, calls, cx);
}

/// Sends the call to its server and waits for the reply.
fn post(t: &mut Tables, cx: &mut Cx, server: ServerId) {
    let client = cx.caller;
    cx.charge(cx.costs.message);
    t.boxes.post(server, client);
    wait::wake(t, cx, Channel::Server(server), 1);
    let reply = Channel::Reply(client);
    wait::park(t, cx, client, WaitFor::channel(reply, Wait::Server, Interruptible::No));
}

/// Runs the handler for `cx.caller` until it completes or parks. Everything that a call can lead to is
/// decided here, whoever runs the handler: the caller itself, or a server for it.
#[inline]
pub fn attempt(t: &mut Tables, calls: &mut Calls, cx: &mut Cx) {
    let id = cx.caller;
    loop {
        let before = cx.check_parks.then(|| undisturbed(t));
        let frame = calls.of(id);
        capture::before(t, cx, frame);
        let (stage, progress) = (frame.stage, frame.progress);
        let outcome = syscall::dispatch(frame, t, cx);
        tlb::settle(t, cx);
        if let Some(Refusal { asked: pages, free, largest }) = t.mm.take_refusal() {
            cx.emit(Event::Memory(MemoryEvent::NoHole { pages, free, largest }));
        }
        if let (Some(before), Err(Stop::Fault(_) | Stop::Park(_))) = (before, &outcome) {
            // It will run again from the top: it must not have done anything that it would do twice.
            let frame = calls.of(id);
            if undisturbed(t) != before && (frame.stage, frame.progress) == (stage, progress) {
                cx.harm.get_or_insert(frame.number);
            }
        }
        let frame = calls.of(id);
        let outcome = match outcome {
            Err(Stop::Fault(fault)) => match page_fault::repair(t, cx, frame, id, fault) {
                Ok(()) => continue,
                Err(Unrepaired::Park(wait)) => Err(Stop::Park(wait)),
                Err(Unrepaired::Violation(_) | Unrepaired::NoData | Unrepaired::Misaligned) => {
                    let (address, access) = (fault.address, fault.access);
                    cx.emit(Event::Memory(MemoryEvent::Violation { address, access }));
                    Err(Stop::Fail(Errno::EFAULT))
                }
                Err(Unrepaired::NoMemory) => Err(Stop::Fail(Errno::ENOMEM)),
            },
            outcome => outcome,
        };
        match outcome {
            Ok(Return::Value(value)) => return complete(t, calls, cx, value as i64),
            // What is done is done: the next call will learn what is wrong.
            Err(Stop::Fail(_)) if calls.of(id).progress > 0 => {
                let progress = calls.of(id).progress;
                return complete(t, calls, cx, progress as i64);
            }
            Err(Stop::Fail(errno)) => return complete(t, calls, cx, errno.to_result()),
            Ok(Return::Exec) => {
                turn::end_turn(t, cx, id);
                life::end_siblings(t, calls, cx, id);
                record(t, calls, cx, 0);
                files::release_held(t, calls, cx, id);
                life::forget_interrupted(t, calls, cx, id);
                calls.of(id).active = false;
                return;
            }
            Ok(Return::Exit(status)) => {
                record(t, calls, cx, 0);
                return life::end_thread(t, calls, cx, id, status);
            }
            Ok(Return::ExitGroup(status)) => {
                record(t, calls, cx, 0);
                return life::end_process(t, calls, cx, id, status);
            }
            Err(Stop::Park(wait)) => {
                let interruptible = wait.interruptible != Interruptible::No;
                if interruptible && calls.of(id).woken == Some(Woken::Signal) {
                    // It was told to end and waits all the same: then it ends here.
                    return complete(t, calls, cx, Errno::EINTR.to_result());
                }
                if interruptible && signal::is_pending(t, id) {
                    // Nobody falls asleep over a signal. Its thread looks at it and comes back.
                    if let Some(thread) = t.proc.threads.get_mut(id) {
                        thread.woken = Some(Woken::Signal);
                        thread.interruptible = wait.interruptible;
                        thread.signalled = true;
                    }
                    return;
                }
                return park(t, calls, cx, wait);
            }
            Err(Stop::Fault(_)) => unreachable!("a fault is repaired, or becomes something else"),
        }
    }
}

/// The call waits. When it is woken it starts from the top: what woke it before no longer counts.
fn park(t: &mut Tables, calls: &mut Calls, cx: &mut Cx, wait: WaitFor) {
    let id = cx.caller;
    let frame = calls.of(id);
    frame.woken = None;
    let is_probe = is_probe(frame.number);
    if frame.told.tale == Tale::New && !is_probe {
        frame.told.tale = Tale::Waiting;
        let detail = frame.keep(&mut cx.engine.log);
        let (number, entered) = (frame.number as u16, frame.entered);
        let restart = wait.interruptible.restart();
        cx.emit(Event::Call(CallEvent::Wait { number, entered, restart, detail }));
    }
    if !is_probe {
        turn::hand_over(t, cx, id);
    }
    // A client whose server parked it leaves the queue for the reply and joins the real one.
    wait::unpark(t, cx, id);
    wait::park(t, cx, id, wait);
}

/// The call is over: its result goes to the program when it runs next.
#[inline]
fn complete(t: &mut Tables, calls: &mut Calls, cx: &mut Cx, result: i64) {
    let id = cx.caller;
    record(t, calls, cx, result);
    calls.of(id).active = false;
    files::release_held(t, calls, cx, id);
    if let Some(thread) = t.proc.threads.get_mut(id) {
        thread.answer = Answer::Value(result as u64);
    }
}

/// Writes the call down, with all there is to know.
#[inline]
fn record(t: &Tables, calls: &mut Calls, cx: &mut Cx, result: i64) {
    let id = cx.caller;
    let frame = calls.of(id);
    if is_probe(frame.number) {
        return;
    }
    capture::after(t, cx, frame, result);
    let detail = frame.keep(&mut cx.engine.log);
    let (number, entered) = (frame.number as u16, frame.entered);
    let mut restart = None;
    if result == Errno::EINTR.to_result() && frame.woken == Some(Woken::Signal) {
        restart = t.proc.threads.get(id).and_then(|thread| thread.interruptible.restart());
    }
    cx.emit(Event::Call(CallEvent::Done { number, entered, result, restart, detail }));
}
