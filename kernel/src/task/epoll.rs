//! Telling epoll instances that something has happened to what they watch.
//!
//! A typical sequence: bytes come into a socket, whose channel is woken; [`tell`] finds an interest that listens there, puts
//! it on its instance's ready list and wakes whoever waits for the instance: a thread in epoll_wait(2), or
//! another instance that watches this one.

use super::wait;
use crate::abi::flags::PollEvents;
use crate::abi::flags::network::EpollEvents;
use crate::base::{Channel, EpollId, InterestId, OpenFileId};
use crate::context::{Cx, Tables};

/// What an interest tells about how it wants to be told, and not about what.
pub const HOW: EpollEvents = EpollEvents::WAKEUP
    .union(EpollEvents::ONESHOT)
    .union(EpollEvents::ET)
    .union(EpollEvents::EXCLUSIVE);

/// Tells the listeners of a channel what has come: all, and at most `exclusive` of those that want to be the only ones
/// (EPOLLEXCLUSIVE). Only who wakes a thread counts. Returns how many did.
///
/// A simplification: they come before the threads that wait for the same thing exclusively, whoever was first.
pub fn tell(
    t: &mut Tables,
    cx: &mut Cx,
    channel: Channel,
    exclusive: u32,
    events: PollEvents,
) -> u32 {
    let (mut told, mut behind) = (0, None);
    while let Some((place, id, is_exclusive)) = t.proc.waits.next_listener(channel, behind) {
        behind = Some(place);
        if !is_exclusive {
            notice(t, cx, id, events);
        } else if told < exclusive {
            told += u32::from(notice(t, cx, id, events));
        }
    }
    told
}

/// Something has come for an interest. Returns whether somebody waited for it.
fn notice(t: &mut Tables, cx: &mut Cx, id: InterestId, events: PollEvents) -> bool {
    let Some(interest) = t.events.epolls.interest(id) else {
        return false;
    };
    let wanted = interest.events & !HOW.bits();
    // One that reports once is left with no wishes when it has.
    if wanted == 0 || !events.is_empty() && u32::from(events.bits()) & wanted == 0 {
        return false;
    }
    let epoll = interest.epoll;
    t.events.epolls.mark(id);
    let is_awaited = t.proc.waits.is_awaited(Channel::Epoll(epoll));
    wait::announce(t, cx, Channel::Epoll(epoll), 1, PollEvents::IN | PollEvents::RDNORM);
    is_awaited
}

/// An interest goes.
pub fn forget(t: &mut Tables, id: InterestId) {
    if let Some(gone) = t.events.epolls.drop_interest(id) {
        for (channel, place) in gone.places {
            t.proc.waits.stop_listening(channel, place);
        }
    }
}

/// An open file is closed: nobody watches it any more.
pub fn forget_file(t: &mut Tables, file: OpenFileId) {
    let interests: Vec<InterestId> = t.events.epolls.in_file(file).collect();
    for id in interests {
        forget(t, id);
    }
}

/// An epoll instance is closed.
pub fn close(t: &mut Tables, epoll: EpollId) {
    let interests: Vec<InterestId> = t.events.epolls.of(epoll).map(|(id, _)| id).collect();
    for id in interests {
        forget(t, id);
    }
    t.events.epolls.remove(epoll);
}
