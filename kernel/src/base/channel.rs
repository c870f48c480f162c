//! What a thread can wait for, and who waits.
//!
//! A [`Channel`] is a value that names a condition: "block 7 of disk 0 is here", "this futex word".
//! A call that must wait names its channels and is parked; whoever makes the condition true wakes the
//! channel. This is the wait channel of Unix since the sixth edition (`sleep(chan)`/`wakeup(chan)`),
//! with three differences: a thread may wait for several at once, as poll(2) needs; waiters are woken
//! in the order in which they came; and besides threads, which leave when they are woken, a channel has *listeners*, which
//! stay: the items of epoll instances (the entries with callbacks in Linux' wait queues).
//!
//! A typical sequence: a read finds its block missing and parks with `Channel::Block`; the disk's
//! interrupt calls [`WaitQueues::take`] until it returns nothing; each waiter so taken is made runnable
//! and its call runs again from the top.

use super::id::{
    BlockNumber, BoardId, ClockTimerId, CounterId, DeviceId, EpollId, InodeId, InterestId,
    ObjectId, PipeId, ProcessId, ServerId, SocketId, SpaceId, ThreadId,
};
use std::collections::BTreeMap;

/// A condition that can be waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Channel {
    /// A futex word of an address space (futex(2)).
    Futex {
        /// The space in which `address` means something.
        space: SpaceId,
        /// The word's virtual address.
        address: u64,
    },
    /// A futex word in memory that several spaces map.
    SharedFutex {
        /// The memory.
        memory: SharedMemory,
        /// Where in it.
        offset: u64,
    },
    /// A child of this process changed state (wait4(2)).
    Child(ProcessId),
    /// This process, made by vfork(2), uses its parent's memory no longer.
    Vfork(ProcessId),
    /// The pipe has bytes, or no writer any more.
    PipeReadable(PipeId),
    /// The pipe has room, or no reader any more.
    PipeWritable(PipeId),
    /// This block of a device was read or written.
    Block {
        /// The block device.
        device: DeviceId,
        /// The block.
        block: BlockNumber,
    },
    /// This page of a file came into the page cache, or left for the disk.
    Page {
        /// The file.
        inode: InodeId,
        /// The page's index in the file, in units of 4096 bytes.
        page: u64,
    },
    /// A lock on a file was given back (fcntl(2), flock(2)).
    FileLock(InodeId),
    /// A FIFO was opened, or closed, at one of its ends (fifo(7)).
    Fifo(InodeId),
    /// This thread was given the lock that it waits for (futex(2), FUTEX_LOCK_PI).
    PiLock(ThreadId),
    /// The socket has something to receive, or a connection to accept.
    Socket(SocketId),
    /// The socket has room to send.
    SocketRoom(SocketId),
    /// The counter has changed (eventfd(2)).
    Counter(CounterId),
    /// The timer has gone off (timerfd_create(2)).
    ClockTimer(ClockTimerId),
    /// A signal was sent to the process (signalfd(2)).
    Signals(ProcessId),
    /// Something is on the epoll instance's list of what is ready.
    Epoll(EpollId),
    /// The console has input.
    Console(DeviceId),
    /// A server of a microkernel has a message.
    Server(ServerId),
    /// The server's answer to this client has come.
    Reply(ThreadId),
    /// This turn of a board has begun.
    Turn(BoardId, u64),
    /// The number with this key was written on a board.
    Note(BoardId, u64),
    /// The journal of this device's file system has committed, or has room.
    Journal(DeviceId),
    /// Frames have become free.
    Memory,
    /// There is work for the kernel thread that listens here.
    Work(Work),
}

/// What memory is that several spaces may map.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SharedMemory {
    /// A memory object.
    Object(ObjectId),
    /// A file.
    File(InodeId),
}

/// The doorbells of kernel threads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Work {
    /// Dirty blocks or pages to write back.
    Flush,
    /// Frames to free.
    Reclaim,
    /// Changes to commit to a journal.
    Commit,
}

/// A place in a queue; needed to leave it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place(u64);

#[derive(Clone, Copy, Debug, Hash)]
struct Entry {
    waiter: ThreadId,
    exclusive: bool,
    /// Which kinds of wake-up it wants, as bits (FUTEX_WAIT_BITSET).
    bits: u32,
}

/// All queues of waiters of a machine, first come, first served within a channel.
///
/// One ordered map serves for all channels: its key is (channel, place), so that a queue is a range of
/// it, an empty queue costs nothing, and every operation is O(log n) in the number of waiters.
#[derive(Clone, Debug, Default, Hash)]
pub struct WaitQueues {
    queues: BTreeMap<(Channel, Place), Entry>,
    /// Who is told of every wake-up, and stays: what epoll instances watch, and whether it is exclusive.
    listeners: BTreeMap<(Channel, Place), (InterestId, bool)>,
    next: u64,
}

impl WaitQueues {
    /// Puts `waiter` at the end of the channel's queue. Exclusive waiters are woken one at a time. A
    /// wake-up passes over those who share none of its bits.
    pub fn join(
        &mut self,
        channel: Channel,
        waiter: ThreadId,
        exclusive: bool,
        bits: u32,
    ) -> Place {
        let place = self.new_place();
        self.queues.insert((channel, place), Entry { waiter, exclusive, bits });
        place
    }

    fn new_place(&mut self) -> Place {
        let place = Place(self.next);
        self.next += 1;
        place
    }

    /// From now on an epoll instance is told of the channel's wake-ups: of all, or, if it is exclusive, of those
    /// that nobody before it has taken.
    pub fn listen(&mut self, channel: Channel, listener: InterestId, exclusive: bool) -> Place {
        let place = self.new_place();
        self.listeners.insert((channel, place), (listener, exclusive));
        place
    }

    /// No more of that.
    pub fn stop_listening(&mut self, channel: Channel, place: Place) {
        self.listeners.remove(&(channel, place));
    }

    /// The first listener of a channel, or the first behind a place: its place, who it is, and whether it is exclusive.
    #[must_use]
    pub fn next_listener(
        &self,
        channel: Channel,
        behind: Option<Place>,
    ) -> Option<(Place, InterestId, bool)> {
        if self.listeners.is_empty() {
            return None;
        }
        let first = behind.map_or(Place(0), |place| Place(place.0 + 1));
        let mut rest = self.listeners.range((channel, first)..=(channel, Place(u64::MAX)));
        rest.next().map(|(&(_, place), &(listener, exclusive))| (place, listener, exclusive))
    }

    /// How many listen to all channels together.
    #[must_use]
    pub fn listeners(&self) -> usize {
        self.listeners.len()
    }

    /// Moves the oldest waiter of one channel to the end of another's queue (FUTEX_REQUEUE). Returns who,
    /// and its new place.
    pub fn requeue(&mut self, from: Channel, to: Channel) -> Option<(ThreadId, Place)> {
        let (&key, _) = self.queues.range((from, Place(0))..=(from, Place(u64::MAX))).next()?;
        let Entry { waiter, exclusive, bits } = self.queues.remove(&key)?;
        Some((waiter, self.join(to, waiter, exclusive, bits)))
    }

    /// Whether anybody waits on a channel.
    #[must_use]
    pub fn is_awaited(&self, channel: Channel) -> bool {
        self.queues.range((channel, Place(0))..=(channel, Place(u64::MAX))).next().is_some()
    }

    /// Leaves the queue; `false` if the waiter was taken already.
    pub fn leave(&mut self, channel: Channel, place: Place) -> bool {
        self.queues.remove(&(channel, place)).is_some()
    }

    /// Takes the waiter to be woken next, or `None` when the wake-up is complete. Whoever is not
    /// exclusive is always taken; of the exclusive ones as many as `budget` says, which is counted down.
    /// `skip` passes over that many candidates, for a chooser that wants another waiter than the first.
    pub fn take(
        &mut self,
        channel: Channel,
        bits: u32,
        budget: &mut u32,
        skip: usize,
    ) -> Option<ThreadId> {
        let key = self
            .queues
            .range((channel, Place(0))..)
            .take_while(|((waited_for, _), _)| *waited_for == channel)
            .filter(|(_, entry)| entry.bits & bits != 0 && (!entry.exclusive || *budget > 0))
            .map(|(key, _)| *key)
            .nth(skip)?;
        let entry = self.queues.remove(&key)?;
        if entry.exclusive {
            *budget -= 1;
        }
        Some(entry.waiter)
    }

    /// How many wait on the channel.
    #[must_use]
    pub fn waiting(&self, channel: Channel) -> usize {
        self.queues.range((channel, Place(0))..=(channel, Place(u64::MAX))).count()
    }

    /// How many places are taken in all queues together.
    #[must_use]
    pub fn len(&self) -> usize {
        self.queues.len()
    }

    /// Whether no thread waits for anything.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.queues.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::super::id::{Table, ThreadId};
    use super::{Channel, WaitQueues, Work};

    const BELL: Channel = Channel::Work(Work::Flush);

    fn threads(n: usize) -> Vec<ThreadId> {
        let mut table = Table::default();
        (0..n).map(|_| table.insert(())).collect()
    }

    #[test]
    fn an_exclusive_wake_up_wakes_exactly_n_and_all_who_share() {
        let t = threads(4);
        let mut queues = WaitQueues::default();
        for (n, &id) in t.iter().enumerate() {
            queues.join(BELL, id, n != 2, 1);
        }
        let mut budget = 1;
        let mut woken = Vec::new();
        while let Some(id) = queues.take(BELL, 1, &mut budget, 0) {
            woken.push(id);
        }
        assert_eq!(woken, [t[0], t[2]], "the first exclusive one, and the one that shares");
        assert_eq!(queues.waiting(BELL), 2);
    }

    #[test]
    fn who_left_is_not_woken() {
        let t = threads(2);
        let mut queues = WaitQueues::default();
        let place = queues.join(BELL, t[0], true, 1);
        queues.join(BELL, t[1], true, 2);
        assert!(queues.leave(BELL, place));
        assert!(!queues.leave(BELL, place));
        assert_eq!(queues.take(BELL, 1, &mut 1, 0), None, "it wants another bit");
        assert_eq!(queues.take(BELL, 3, &mut 1, 0), Some(t[1]));
        assert!(queues.is_empty());
    }

    #[test]
    fn listeners_stay_until_they_leave() {
        let mut table: Table<_, ()> = Table::default();
        let (a, b) = (table.insert(()), table.insert(()));
        let mut queues = WaitQueues::default();
        let first = queues.listen(BELL, a, false);
        let second = queues.listen(BELL, b, true);
        assert_eq!(queues.next_listener(BELL, None), Some((first, a, false)));
        assert_eq!(queues.next_listener(BELL, Some(first)), Some((second, b, true)));
        assert_eq!(queues.next_listener(BELL, Some(second)), None);
        assert_eq!(queues.next_listener(Channel::Memory, None), None);
        queues.stop_listening(BELL, first);
        assert_eq!(queues.next_listener(BELL, None), Some((second, b, true)));
        assert!(queues.is_empty(), "no thread waits");
    }
}
