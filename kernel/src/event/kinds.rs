//! What can happen: one enum per subsystem.
//!
//! Events are values, never sentences: whoever shows them makes the sentence, in the reader's language.
//! Text (a name, a call's arguments) is kept by the log and named here by a [`Symbol`] or a [`Bytes`].

use crate::abi::program::Abort;
use crate::abi::types::TcpState;
use crate::abi::{Access, Errno, Restart};
use crate::base::{BlockNumber, CpuId, DeviceId, FrameId, PortId, Serial, Time};
use serde::Serialize;

/// A name kept once by the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Symbol(pub u32);

/// Bytes kept by the log beside a record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Bytes {
    pub(super) offset: u32,
    pub(super) length: u32,
}

/// What happened. The variant names the subsystem.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Event {
    /// To the machine as a whole.
    Machine(MachineEvent),
    /// To a process or thread.
    Task(TaskEvent),
    /// On a run queue.
    Sched(SchedEvent),
    /// A system call.
    Call(CallEvent),
    /// To memory.
    Memory(MemoryEvent),
    /// On a block device or in its cache.
    Block(BlockEvent),
    /// On a network interface.
    Net(NetEvent),
    /// From outside, or from a device.
    Input(InputEvent),
}

/// Events of the machine as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(tag = "what", rename_all = "kebab-case")]
pub enum MachineEvent {
    /// The kernel is up.
    Boot {
        /// CPUs.
        cpus: u16,
        /// Frames of RAM.
        frames: u32,
    },
    /// A thread trapped so often at one instant that the run was stopped.
    NoProgress,
    /// A guest left its virtual CPU of its own accord.
    GuestExit {
        /// The guest, in the order of creation.
        guest: u32,
        /// Host time it has used since it was started, in nanoseconds.
        used: u64,
    },
}

/// Events of processes and threads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(tag = "what", rename_all = "kebab-case")]
pub enum TaskEvent {
    /// A thread came into being.
    Start {
        /// The new thread.
        child: Serial,
        /// Its number as user programs see it.
        tid: u32,
        /// Its process's number.
        pid: u32,
        /// Its name.
        #[serde(skip)]
        name: Symbol,
    },
    /// execve: another program in the same process.
    Exec {
        /// The new name.
        #[serde(skip)]
        name: Symbol,
    },
    /// A thread ended.
    Exit {
        /// As wait4(2) reports it: exit status << 8, or the signal.
        status: u32,
    },
    /// A signal was sent to a thread or its process.
    Signal {
        /// The receiver.
        target: Serial,
        /// The signal's number.
        signal: u8,
    },
    /// A signal was taken: its handler runs, or its default action happened.
    Deliver {
        /// The signal's number.
        signal: u8,
        /// Whether a handler runs.
        handled: bool,
        /// The first 48 bytes of its `siginfo_t`.
        #[serde(skip)]
        info: Bytes,
    },
    /// A signal was sent to somebody who ignores it, and forgotten. Nothing happens to the receiver; only somebody
    /// who traces it (ptrace(2)) would see the signal.
    Discard {
        /// The receiver.
        target: Serial,
        /// The signal's number.
        signal: u8,
        /// The first 48 bytes of its `siginfo_t`.
        #[serde(skip)]
        info: Bytes,
    },
    /// A program broke its contract with the kernel.
    Abort {
        /// How.
        why: Abort,
    },
    /// A program stated a fact (see [`crate::abi::probe`]).
    Mark {
        /// Which.
        fact: u16,
        /// Its number.
        value: u64,
    },
    /// A zombie was collected by its parent.
    Reap {
        /// Its number.
        pid: u32,
    },
}

/// Why a thread left the CPU.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Leave {
    /// The CPU was idle.
    Idle,
    /// It waits.
    Blocked,
    /// Its slice is over.
    Slice,
    /// Somebody more urgent came.
    Preempted,
    /// It asked to (sched_yield(2)).
    Yielded,
    /// It ended.
    Exited,
    /// It was stopped by a signal.
    Stopped,
}

impl Leave {
    /// Whether the thread that left could have gone on.
    #[must_use]
    pub const fn is_still_ready(self) -> bool {
        matches!(self, Self::Slice | Self::Preempted | Self::Yielded)
    }
}

/// Events of run queues.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(tag = "what", rename_all = "kebab-case")]
pub enum SchedEvent {
    /// A CPU went from one thread to another; 0 stands for idle.
    Switch {
        /// Who left.
        from: Serial,
        /// Who came.
        to: Serial,
        /// Why the former left.
        why: Leave,
    },
    /// A thread became ready to run.
    Ready {
        /// The thread.
        #[serde(rename = "task")]
        thread: Serial,
        /// The CPU whose queue it joined.
        on: CpuId,
    },
    /// A thread is more or less urgent than before.
    Priority {
        /// The thread.
        #[serde(rename = "task")]
        thread: Serial,
        /// Its priority as Linux counts inside: −1 for the deadline class, 0 to 98 for real time, 100 to 139 for nice
        /// −20 to 19; smaller is more urgent.
        priority: i32,
        /// Whether it has that from somebody who waits for it.
        inherited: bool,
    },
    /// A thread parked.
    Block {
        /// On what: the kind of channel, or "sleep".
        on: Wait,
    },
}

/// Kinds of waiting, for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Wait {
    /// For a time only.
    Sleep,
    /// For a futex.
    Futex,
    /// For a child.
    Child,
    /// For a disk.
    Disk,
    /// For a pipe.
    Pipe,
    /// For a signal.
    Signal,
    /// For one of several descriptors.
    Poll,
    /// For a packet.
    Socket,
    /// For a key.
    Console,
    /// For a server, or a server for work.
    Server,
    /// For its turn in a script.
    Turn,
    /// A kernel thread for work.
    Work,
    /// For a frame of RAM.
    Memory,
    /// For a lock on a file.
    Lock,
}

/// Events of system calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(tag = "what", rename_all = "kebab-case")]
pub enum CallEvent {
    /// A call began to wait: the first record of two, and only of calls that wait.
    Wait {
        /// The call's number.
        number: u16,
        /// When it was made.
        entered: Time,
        /// What a signal without a handler would do to the wait; `None`: no signal ends it.
        restart: Option<Restart>,
        /// Its six words and what goes in, as a [`Picture`](super::Picture).
        #[serde(skip)]
        detail: Bytes,
    },
    /// A signal ended a call's wait, and it will be made again when the signal has been seen to.
    Interrupted {
        /// The call's number.
        number: u16,
        /// When it was made.
        entered: Time,
        /// On what condition it is made again.
        restart: Restart,
        /// Its six words and what goes in.
        #[serde(skip)]
        detail: Bytes,
    },
    /// A call returned. Calls are recorded here with all there is to know.
    Done {
        /// The call's number.
        number: u16,
        /// When it was made.
        entered: Time,
        /// Its result as the register holds it.
        result: i64,
        /// For `EINTR`: on what condition the call would have been made again instead.
        restart: Option<Restart>,
        /// Its six words, and what went in and came out, as a [`Picture`](super::Picture).
        #[serde(skip)]
        detail: Bytes,
    },
}

/// Events of memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(tag = "what", rename_all = "kebab-case")]
pub enum MemoryEvent {
    /// The MMU refused an access and the kernel repaired the mapping.
    Fault {
        /// Where.
        address: u64,
        /// What was wanted.
        access: Access,
        /// What the kernel did.
        repair: Repair,
        /// The frame that is mapped now.
        frame: FrameId,
    },
    /// Other CPUs were told to forget translations, and waited for (a TLB shoot-down).
    Shootdown {
        /// How many CPUs.
        cpus: u32,
        /// How many pages; 0: whole address spaces.
        pages: u32,
    },
    /// A page was taken away from all who had it.
    Reclaim {
        /// The frame that will be free.
        frame: FrameId,
        /// Where in the swap area the page is from now on; none for a page of a file.
        slot: Option<u32>,
    },
    /// Memory is handed out in blocks, and no hole was large enough. If `free` is no less than `pages`, that is external
    /// fragmentation.
    NoHole {
        /// What was asked for.
        pages: u32,
        /// What is in all holes together.
        free: u32,
        /// What is in the largest.
        largest: u32,
    },
    /// Memory is out: a process that could be killed. The worst stands first.
    Candidate {
        /// Its number.
        pid: u32,
        /// Its badness.
        points: i64,
        /// Its pages in memory.
        resident: u64,
    },
    /// Memory is out: this process was killed for it.
    Kill {
        /// Its number.
        pid: u32,
        /// Its badness.
        points: i64,
    },
    /// The MMU refused an access and the kernel did too.
    Violation {
        /// Where.
        address: u64,
        /// What was wanted.
        access: Access,
    },
}

/// How a page fault was repaired.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Repair {
    /// A frame of zeroes of its own.
    Zero,
    /// The page of zeroes that all share who have not written yet.
    ZeroPage,
    /// A page of a file, out of the page cache.
    File,
    /// A copy of a frame that was shared copy-on-write.
    Copy,
    /// The last owner of a copy-on-write frame may write again.
    Own,
    /// A large page of zeroes, of 2 MiB.
    Large,
    /// A page of memory that is shared on purpose.
    Shared,
    /// The first store to a page of a shared mapping since it was clean: it is dirty now.
    Noticed,
    /// A page out of the swap area, or out of the cache on its way there.
    SwapIn,
}

/// Events of block devices and their cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(tag = "what", rename_all = "kebab-case")]
pub enum BlockEvent {
    /// A request went to a device.
    Submit {
        /// The device.
        device: DeviceId,
        /// The block.
        block: BlockNumber,
        /// Whether it writes.
        write: bool,
    },
    /// What was written before this moment is on the medium before anything that is written after it.
    Flush {
        /// The device.
        device: DeviceId,
    },
    /// The device is done with it.
    Done {
        /// The device.
        device: DeviceId,
        /// The block.
        block: BlockNumber,
        /// `None`: well.
        error: Option<Errno>,
    },
    /// A transaction of a file system was merged whole.
    Commit {
        /// How many blocks it changed.
        blocks: u32,
    },
}

/// Events of network interfaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(tag = "what", rename_all = "kebab-case")]
pub enum NetEvent {
    /// A frame left.
    Transmit {
        /// The interface.
        port: PortId,
        /// Bytes, header included.
        length: u32,
        /// When it will be at the other end; never, if the cable loses it.
        arrives: Time,
        /// Its bytes.
        #[serde(skip)]
        frame: Bytes,
    },
    /// A frame came.
    Receive {
        /// The interface.
        port: PortId,
        /// Bytes, header included.
        length: u32,
        /// Its bytes.
        #[serde(skip)]
        frame: Bytes,
    },
    /// A frame was thrown away.
    Drop {
        /// The interface.
        port: PortId,
        /// Bytes, header included.
        length: u32,
        /// Why.
        reason: Loss,
    },
    /// A connection went from one state to another.
    State {
        /// The socket's number in the log.
        socket: u32,
        /// The state before.
        from: TcpState,
        /// The state now.
        to: TcpState,
    },
    /// A segment was sent again.
    Retransmit {
        /// The socket's number in the log.
        socket: u32,
        /// Its first byte, counted from the beginning of the stream; 0 is the SYN.
        sequence: u32,
        /// How much of the sequence space it takes.
        length: u32,
        /// Whether the timer said so, and not duplicate acknowledgements.
        after_timeout: bool,
    },
    /// The retransmission timer went off.
    Timeout {
        /// The socket's number in the log.
        socket: u32,
        /// How often it did in a row.
        backoff: u32,
    },
    /// A loss, or the end of its repair, has set the congestion window.
    Congestion {
        /// The socket's number in the log.
        socket: u32,
        /// The window, in bytes.
        window: u32,
        /// Where slow start ends, in bytes.
        threshold: u32,
    },
    /// A connection was turned away because a queue of the listening socket is full.
    Overflow {
        /// The socket's number in the log.
        socket: u32,
    },
    /// The station address of a neighbour was learnt.
    Neighbour {
        /// The interface.
        port: PortId,
        /// The neighbour's address.
        address: u32,
    },
}

/// Why a frame, or the packet in it, was thrown away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Loss {
    /// The card had no buffer for it.
    Ring,
    /// The queue in front of the cable was full.
    Queue,
    /// The cable lost it.
    Cable,
    /// It is damaged, or a checksum is wrong.
    Damaged,
    /// It is for somebody else.
    Stranger,
    /// No route leads to where it goes.
    Route,
    /// It has passed too many routers.
    Hops,
    /// Nobody answers for the next hop's address.
    Neighbour,
    /// No socket wants it.
    Socket,
    /// The socket that it is for has no room.
    Buffer,
    /// It is a fragment, and the others did not come.
    Fragment,
}

/// Events from outside the machine, and interrupts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(tag = "what", rename_all = "kebab-case")]
pub enum InputEvent {
    /// Somebody typed on a console.
    Key {
        /// The console's device.
        device: DeviceId,
        /// How many bytes.
        length: u32,
    },
    /// A device interrupted a CPU.
    Interrupt {
        /// The device.
        device: DeviceId,
    },
    /// A timer fired.
    Timer,
}
