//! Waiting for many descriptors, of which few are ready: epoll_create1(2), epoll_ctl(2), epoll_pwait(2) and epoll_pwait2(2).
//!
//! A typical sequence: epoll_ctl(2) makes an interest that listens on the channels of a socket. epoll_pwait(2)
//! finds the ready list empty and waits for the instance's channel. Bytes come, which puts the interest on
//! the list ([`crate::task::epoll`]) and wakes the caller. It asks the socket what it is ready for, reports that, and
//! leaves the interest at the end of the list: only a call that finds the socket idle takes it off. (Reported by
//! edge, it goes at once.)

use super::Result;
use super::descriptor::{hold, install, open_file};
use super::poll::readiness;
use super::signal::{block_for_call, unblock_after_call};
use super::time::read_duration;
use super::transfer::Rest;
use crate::abi::Errno;
use crate::abi::flags::PollEvents;
use crate::abi::flags::file::access_mode;
use crate::abi::flags::network::{EpollEvents, EpollFlags, epoll_op};
use crate::abi::signal::SignalSet;
use crate::abi::types::EpollEvent;
use crate::base::{Channel, Duration, EpollId, InterestId, OpenFileId, RequestId, ThreadId};
use crate::context::{Cx, Tables};
use crate::event::Wait;
use crate::io::user;
use crate::ipc::events::epoll::Interest;
use crate::proc::{Channels, FileKind, Interruptible, Special, Stop, WaitFor, Woken};
use crate::task::epoll::{HOW, forget};
use crate::task::wait;

/// The most events that can be asked for: an array of them must not be longer than an `int` can count.
const MAX_EVENTS: u64 = i32::MAX as u64 / EpollEvent::SIZE as u64;

/// What is reported whether it was asked for or not.
const ALWAYS: EpollEvents = EpollEvents::ERR.union(EpollEvents::HUP);

/// What an interest that wants to be woken alone may ask for.
const WITH_EXCLUSIVE: EpollEvents = ALWAYS
    .union(EpollEvents::IN)
    .union(EpollEvents::OUT)
    .union(EpollEvents::WAKEUP)
    .union(EpollEvents::ET)
    .union(EpollEvents::EXCLUSIVE);

/// epoll_create1(2).
///
/// # Errors
/// `EINVAL`, `EMFILE`.
pub fn sys_epoll_create1(flags: u64, t: &mut Tables, cx: &mut Cx) -> Result {
    let flags = EpollFlags::from_bits(flags as u32).ok_or(Errno::EINVAL)?;
    let id = t.events.epolls.create();
    install(FileKind::Epoll(id), access_mode::RDWR | flags.bits(), t, cx)
}

/// The instance behind a descriptor, if that is one.
fn epoll_of(t: &Tables, id: OpenFileId) -> std::result::Result<Option<EpollId>, Errno> {
    match t.proc.open.get(id).map(|file| file.kind) {
        Some(FileKind::Path) | None => Err(Errno::EBADF),
        Some(FileKind::Epoll(epoll)) => Ok(Some(epoll)),
        Some(_) => Ok(None),
    }
}

/// Whether poll(2) has anything to ask of a file. Files with bytes of their own are always ready, and cannot be watched.
fn can_be_watched(t: &Tables, id: OpenFileId) -> bool {
    t.proc.open.get(id).is_some_and(|file| {
        !matches!(
            file.kind,
            FileKind::Inode(_)
                | FileKind::Generated(_)
                | FileKind::Memory(_)
                | FileKind::Special(Special::Null | Special::Zero | Special::Full)
        )
    })
}

/// epoll_ctl(2).
///
/// # Errors
/// `EBADF`, `EPERM` for what cannot be watched, `EINVAL`, `EEXIST`, `ENOENT`, `ELOOP`, `EFAULT`.
pub fn sys_epoll_ctl([epfd, op, fd, event]: [u64; 4], (frame, t, cx): Rest<'_>) -> Result {
    let op = op as u32;
    let mut bytes = [0; EpollEvent::SIZE];
    if op != epoll_op::DEL {
        user::read(t, cx, event, &mut bytes)?;
    }
    let EpollEvent { events, data } = EpollEvent::from_bytes(&bytes);
    let own = hold(t, cx, frame, epfd)?;
    let epoll = epoll_of(t, own)?;
    let file = open_file(t, cx, fd)?;
    let nested = epoll_of(t, file)?;
    if !can_be_watched(t, file) {
        return Err(Stop::Fail(Errno::EPERM));
    }
    let epoll = epoll.filter(|_| own != file).ok_or(Errno::EINVAL)?;
    // Nothing here sleeps so that it would have to be kept awake.
    let events = EpollEvents::from_bits_retain(events).difference(EpollEvents::WAKEUP);
    if events.contains(EpollEvents::EXCLUSIVE) && op != epoll_op::DEL {
        let is_allowed = nested.is_none() && WITH_EXCLUSIVE.contains(events);
        if op == epoll_op::MOD || op == epoll_op::ADD && !is_allowed {
            return Err(Stop::Fail(Errno::EINVAL));
        }
    }
    if let Some(nested) = nested.filter(|_| op == epoll_op::ADD)
        && !t.events.epolls.may_watch(epoll, nested)
    {
        return Err(Stop::Fail(Errno::ELOOP));
    }
    let found = t.events.epolls.find(epoll, fd as u32, file);
    let wanted = ((events | ALWAYS).bits(), data);
    match (op, found) {
        (epoll_op::ADD, Some(_)) => Err(Stop::Fail(Errno::EEXIST)),
        (epoll_op::ADD, None) => {
            let id = t.events.epolls.add(epoll, (fd as u32, file), wanted, nested);
            listen(id, t, cx);
            look(id, t, cx);
            Ok(0)
        }
        (epoll_op::DEL | epoll_op::MOD, None) => Err(Stop::Fail(Errno::ENOENT)),
        (epoll_op::DEL, Some(id)) => {
            forget(t, id);
            Ok(0)
        }
        (epoll_op::MOD, Some(id)) => {
            let interest = t.events.epolls.interest_mut(id).ok_or(Errno::ENOENT)?;
            if interest.events & EpollEvents::EXCLUSIVE.bits() != 0 {
                return Err(Stop::Fail(Errno::EINVAL));
            }
            (interest.events, interest.data) = wanted;
            look(id, t, cx);
            Ok(0)
        }
        _ => Err(Stop::Fail(Errno::EINVAL)),
    }
}

/// A new interest listens to whatever wakes who waits for its file.
fn listen(id: InterestId, t: &mut Tables, cx: &Cx) {
    let Some(interest) = t.events.epolls.interest(id) else { return };
    let is_exclusive = interest.events & EpollEvents::EXCLUSIVE.bits() != 0;
    let (_, channels) = readiness(t, cx.caller, interest.file);
    let places = channels.into_iter().map(|channel| {
        let place = t.proc.waits.listen(channel, id, is_exclusive);
        (channel, place)
    });
    let places = places.collect();
    if let Some(interest) = t.events.epolls.interest_mut(id) {
        interest.places = places;
    }
}

/// What an interest was added or changed for may be so already.
fn look(id: InterestId, t: &mut Tables, cx: &mut Cx) {
    let Some(interest) = t.events.epolls.interest(id) else { return };
    let epoll = interest.epoll;
    if !reported(t, cx.caller, interest).is_empty() {
        t.events.epolls.mark(id);
        wait::announce(t, cx, Channel::Epoll(epoll), 1, PollEvents::IN | PollEvents::RDNORM);
    }
}

/// What of that which an interest wants to know is so.
fn reported(t: &Tables, caller: ThreadId, interest: &Interest) -> EpollEvents {
    let (ready, _) = readiness(t, caller, interest.file);
    let wanted = EpollEvents::from_bits_retain(interest.events).difference(HOW);
    EpollEvents::from_bits_retain(u32::from(ready.bits())).intersection(wanted)
}

/// Whether an instance has something to report, for those who watch it.
pub(super) fn has_ready(t: &Tables, caller: ThreadId, epoll: EpollId) -> bool {
    t.events.epolls.ready(epoll).any(|(_, interest)| !reported(t, caller, interest).is_empty())
}

/// epoll_pwait(2).
///
/// # Errors
/// `EBADF`, `EINVAL`, `EFAULT`, `EINTR`, whatever the handler's flags say; parks.
pub fn sys_epoll_pwait(
    [epfd, events, max, timeout, mask, mask_size]: [u64; 6],
    (frame, t, cx): Rest<'_>,
) -> Result {
    if let Ok(millis) = u64::try_from(timeout as i32) {
        frame.deadline.get_or_insert(frame.entered + Duration::millis(millis));
    }
    wait_for_events([epfd, events, max], [mask, mask_size], (frame, t, cx))
}

/// epoll_pwait2(2): the same with a finer timeout.
///
/// # Errors
/// As [`sys_epoll_pwait`].
pub fn sys_epoll_pwait2(
    [epfd, events, max, timeout, mask, mask_size]: [u64; 6],
    (frame, t, cx): Rest<'_>,
) -> Result {
    if timeout != 0 && frame.deadline.is_none() {
        frame.deadline = Some(frame.entered + read_duration(t, cx, timeout)?);
    }
    wait_for_events([epfd, events, max], [mask, mask_size], (frame, t, cx))
}

fn wait_for_events(
    [epfd, place, max]: [u64; 3],
    [mask, mask_size]: [u64; 2],
    (frame, t, cx): Rest<'_>,
) -> Result {
    if mask != 0 {
        if mask_size != SignalSet::SIZE as u64 {
            return Err(Stop::Fail(Errno::EINVAL));
        }
        let mut bytes = [0; SignalSet::SIZE];
        user::read(t, cx, mask, &mut bytes)?;
        block_for_call(frame, SignalSet::from_bytes(bytes), t, cx);
    }
    let max = u64::try_from(max as i32).ok().filter(|&max| (1..=MAX_EVENTS).contains(&max));
    let max = max.ok_or(Errno::EINVAL)?;
    user::check(place, max * EpollEvent::SIZE as u64)?;
    let own = hold(t, cx, frame, epfd)?;
    let epoll = epoll_of(t, own)?.ok_or(Errno::EINVAL)?;

    let seen = scan(t, cx.caller, epoll, max as usize);
    let found = seen.iter().filter(|(_, event)| event.events != 0);
    let bytes: Vec<u8> = found.flat_map(|(_, event)| event.to_bytes()).collect();
    user::write(t, cx, place, &bytes)?;
    let count = (bytes.len() / EpollEvent::SIZE) as u64;
    if !seen.is_empty() {
        // The list is tidied, even if that is all.
        settle(&seen, t);
        frame.stage += 1;
    }
    if count == 0 {
        return sleep(epoll, (frame, t, cx));
    }
    if t.events.epolls.ready(epoll).next().is_some() {
        // There may be something for somebody else too.
        wait::wake(t, cx, Channel::Epoll(epoll), 1);
    }
    idle(t, cx);
    unblock_after_call(t, cx);
    Ok(count)
}

/// Nothing is ready: the time is up, a signal came, or the call waits.
fn sleep(epoll: EpollId, (frame, t, cx): Rest<'_>) -> Result {
    let expired = frame.deadline.is_some_and(|deadline| deadline <= cx.now);
    match frame.woken {
        Some(Woken::Signal) if !expired => Err(Stop::Fail(Errno::EINTR)),
        _ if expired => {
            unblock_after_call(t, cx);
            Ok(0)
        }
        _ => Err(Stop::Park(WaitFor {
            channels: Channels::One(Channel::Epoll(epoll)),
            deadline: frame.deadline,
            interruptible: Interruptible::Ends,
            exclusive: true,
            kind: Wait::Poll,
            bits: u32::MAX,
        })),
    }
}

/// Asks those on the ready list what they are ready for, in order, until enough have something to report. Events without bits:
/// it has nothing.
fn scan(t: &Tables, caller: ThreadId, epoll: EpollId, max: usize) -> Vec<(InterestId, EpollEvent)> {
    let (mut seen, mut found) = (Vec::new(), 0);
    for (id, interest) in t.events.epolls.ready(epoll) {
        if found == max {
            break;
        }
        let events = reported(t, caller, interest).bits();
        found += usize::from(events != 0);
        seen.push((id, EpollEvent { events, data: interest.data }));
    }
    seen
}

/// Who was reported goes to the end of the list, or off it if it is reported by edge or only once; who had nothing to report
/// goes off it.
fn settle(seen: &[(InterestId, EpollEvent)], t: &mut Tables) {
    for (id, event) in seen {
        t.events.epolls.unmark(*id);
        let Some(interest) = t.events.epolls.interest_mut(*id).filter(|_| event.events != 0) else {
            continue;
        };
        let how = EpollEvents::from_bits_retain(interest.events);
        if how.contains(EpollEvents::ONESHOT) {
            interest.events = how.intersection(HOW).bits();
        } else if !how.contains(EpollEvents::ET) {
            t.events.epolls.mark(*id);
        }
    }
}

/// Who waits for whatever comes serves nobody until it reads something; but who has asked something waits for its answer.
fn idle(t: &mut Tables, cx: &mut Cx) {
    if let Some(thread) = t.proc.threads.get_mut(cx.caller).filter(|thread| !thread.is_asker) {
        thread.request = RequestId::NONE;
        cx.request = RequestId::NONE;
    }
}
