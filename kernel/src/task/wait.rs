//! Parking threads, and making them ready again.

use super::epoll;
use crate::abi::flags::PollEvents;
use crate::base::{Channel, Choice, CpuId, ThreadId, Time};
use crate::context::{Cx, Due, Phase, Tables};
use crate::event::{Event, EventId, Leave, SchedEvent};
use crate::proc::{Parked, State, WaitFor, Woken};
use crate::sched::{Enqueue, Placement};

/// Takes a thread off its way: it joins the queues of all channels it waits for.
pub fn park(t: &mut Tables, cx: &mut Cx, thread: ThreadId, wait: WaitFor) {
    let places =
        wait.channels.as_slice().iter().map(|&channel| {
            (channel, t.proc.waits.join(channel, thread, wait.exclusive, wait.bits))
        });
    let places = places.collect();
    let timer = wait
        .deadline
        .filter(|&deadline| deadline < Time::MAX)
        .map(|deadline| cx.at(deadline.max(cx.now), Phase::Timer, Due::Deadline(thread)));
    cx.emit(Event::Sched(SchedEvent::Block { on: wait.kind }));
    cx.left = true;
    if let Some(thread) = t.proc.threads.get_mut(thread) {
        let (interruptible, kind) = (wait.interruptible, wait.kind);
        thread.state = State::Parked(Parked { places, timer, interruptible, kind });
    }
}

/// Takes a parked thread out of all its queues. It is in no state until the caller gives it one.
pub fn unpark(t: &mut Tables, cx: &mut Cx, thread: ThreadId) {
    let Some(thread) = t.proc.threads.get_mut(thread) else {
        return;
    };
    if let State::Parked(parked) = std::mem::replace(&mut thread.state, State::Ready) {
        thread.interruptible = parked.interruptible;
        for (channel, place) in parked.places {
            t.proc.waits.leave(channel, place);
        }
        if let Some(timer) = parked.timer {
            cx.engine.agenda.cancel(timer);
        }
    }
}

/// Wakes who waits on a channel: everybody who shares it, and at most `exclusive` of the others. Returns
/// how many.
pub fn wake(t: &mut Tables, cx: &mut Cx, channel: Channel, exclusive: u32) -> u32 {
    announce(t, cx, channel, exclusive, PollEvents::empty())
}

/// The same, and says which events of poll(2) have come; none: whatever it may be. Epoll instances that do not want to know
/// of them are not told: it would look like an edge to them.
pub fn announce(
    t: &mut Tables,
    cx: &mut Cx,
    channel: Channel,
    exclusive: u32,
    events: PollEvents,
) -> u32 {
    let told = epoll::tell(t, cx, channel, exclusive, events);
    told + wake_bits(t, cx, channel, exclusive - told, u32::MAX)
}

/// The same for those who wait for one of these bits (FUTEX_WAKE_BITSET).
pub fn wake_bits(
    t: &mut Tables,
    cx: &mut Cx,
    channel: Channel,
    mut exclusive: u32,
    bits: u32,
) -> u32 {
    if t.proc.waits.is_empty() {
        return 0;
    }
    let mut count = 0;
    loop {
        // How many there are to choose from takes a while to count: only if somebody wants to know.
        let chooser = &mut cx.engine.chooser;
        let skip = if exclusive > 0 && chooser.is_asked() {
            chooser.choose(Choice::Waiter, t.proc.waits.waiting(channel))
        } else {
            0
        };
        let Some(thread) = t.proc.waits.take(channel, bits, &mut exclusive, skip) else {
            return count;
        };
        resume(t, cx, thread, Woken::Channel(channel));
        count += 1;
    }
}

/// Wakes all threads that wait on a channel, and tells nobody else.
pub fn wake_threads(t: &mut Tables, cx: &mut Cx, channel: Channel) -> u32 {
    wake_bits(t, cx, channel, u32::MAX, u32::MAX)
}

/// Moves at most `count` waiters of one channel to another. Returns how many.
pub fn requeue(t: &mut Tables, from: Channel, to: Channel, count: u32) -> u32 {
    for moved in 0..count {
        let Some((thread, place)) = t.proc.waits.requeue(from, to) else {
            return moved;
        };
        if let Some(thread) = t.proc.threads.get_mut(thread)
            && let State::Parked(parked) = &mut thread.state
            && let Some(old) = parked.places.iter_mut().find(|(channel, _)| *channel == from)
        {
            *old = (to, place);
        }
    }
    count
}

/// Wakes everybody who waits on a channel.
pub fn wake_all(t: &mut Tables, cx: &mut Cx, channel: Channel) -> u32 {
    wake(t, cx, channel, u32::MAX)
}

/// Whether anybody waits on a channel.
#[must_use]
pub fn is_awaited(t: &Tables, channel: Channel) -> bool {
    t.proc.waits.is_awaited(channel)
}

/// Ends a thread's wait for the given reason.
pub fn resume(t: &mut Tables, cx: &mut Cx, id: ThreadId, woken: Woken) {
    unpark(t, cx, id);
    let Some(thread) = t.proc.threads.get_mut(id) else {
        return;
    };
    thread.woken = Some(woken);
    let stopped = t.proc.process_of(id).is_some_and(|process| process.stopped);
    if stopped {
        if let Some(thread) = t.proc.threads.get_mut(id) {
            thread.state = State::Stopped;
        }
        return;
    }
    ready(t, cx, id, Enqueue::Woken);
}

/// Puts a thread on a run queue, and makes the CPU there look if it must. The thread goes on because of
/// what the context is doing.
pub fn ready(t: &mut Tables, cx: &mut Cx, id: ThreadId, why: Enqueue) -> EventId {
    let Some(thread) = t.proc.threads.get_mut(id) else {
        return EventId::NONE;
    };
    thread.state = State::Ready;
    thread.times.ready_since = cx.now;
    let serial = thread.serial;
    let place = t.sched.ready(id, why, cx.now);
    let event = cx.emit(Event::Sched(SchedEvent::Ready { thread: serial, on: place.cpu }));
    thread.cause = event;
    tell_cpu(t, cx, place);
    event
}

/// Makes the CPU on whose queue somebody is new look at it, if it must.
pub fn tell_cpu(t: &mut Tables, cx: &mut Cx, place: Placement) {
    let cpu = &mut t.cpus[usize::from(place.cpu.0)];
    if place.was_idle {
        if !cpu.kicked {
            cpu.clock = cpu.clock.max(cx.now);
        }
        cpu.kicked = true;
        cx.disturbed = true;
    }
    if place.preempts {
        cpu.resched.get_or_insert(Leave::Preempted);
        disturb(t, cx, place.cpu);
    }
    plan_boost(t, cx);
}

/// Something happens to the thread of another CPU, at `cx.now`. While that thread did nothing but compute, its CPU may
/// have been left behind: it has computed until now. And whoever runs ahead of it must look again how far they may.
pub fn disturb(t: &mut Tables, cx: &mut Cx, on: CpuId) {
    if on == cx.cpu && cx.caller != ThreadId::NONE {
        return;
    }
    cx.disturbed = true;
    let cpu = &mut t.cpus[usize::from(on.0)];
    let behind = cx.now.since(cpu.clock);
    let Some(thread) = cpu.current.and_then(|id| t.proc.threads.get_mut(id)) else {
        return;
    };
    if let Some(left) = thread.computing {
        let done = behind.min(left);
        thread.computing = Some(left - done);
        thread.times.user += done;
        cpu.clock += done;
    }
}

/// Makes a CPU look again who is most urgent; an idle one too, if somebody waits there.
pub fn look_again(t: &mut Tables, cx: &mut Cx, on: CpuId) {
    let waits = t.sched.waiting(on) > 0;
    let cpu = &mut t.cpus[usize::from(on.0)];
    if cpu.current.is_none() && waits {
        if !cpu.kicked {
            cpu.clock = cpu.clock.max(cx.now);
        }
        cpu.kicked = true;
    }
    disturb(t, cx, on);
    cx.disturbed = true;
}

/// Puts the moment on the agenda at which the policy wants to move everybody to the top, if there is one and
/// it is not there already.
pub fn plan_boost(t: &mut Tables, cx: &mut Cx) {
    if let Some(time) = t.sched.plan_boost(cx.now) {
        cx.at(time, Phase::Boost, Due::Boost);
    }
}
