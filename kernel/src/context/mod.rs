//! Layer 7, at its bottom: what every piece of kernel code is handed.
//!
//! [`Tables`] are the subsystems, one field each: plain values that are cloned for a keyframe and hashed
//! for a digest. [`Cx`] is the context: who calls, who runs, on which CPU, at what time, because of what;
//! and the engine's own parts, the agenda, the log, the chooser.
//!
//! A typical sequence: the CPU sets the context's clock and caller, a handler runs as
//! `sys_read(fd, address, length, frame, tables, cx)`, charges what it costs with [`Cx::charge`], tells what
//! it did with [`Cx::emit`], and puts what must happen later on the agenda with [`Cx::at`].
//!
//! Taken from elsewhere: free functions over borrowed tables from Hubris' `syscalls.rs`; peers as
//! arguments and never as members from smoltcp.

mod cpu;
mod live;

pub use cpu::Cpu;
pub use live::{Live, SavedLive};

use crate::abi::Errno;
use crate::abi::program::Loader;
use crate::base::agenda::{Agenda, Key, Ticket};
use crate::base::{
    Chooser, ClockTimerId, CpuId, DeviceId, Duration, MachineId, PortId, ProcessId, RequestId, Rng,
    Serial, ServerId, ThreadId, Time, Work,
};
use crate::driver::Bus;
use crate::event::{Event, EventId, Log, Stamp};
use crate::fs::Fs;
use crate::hw::{CostModel, InterruptController, Memory, Satp, Wire, WireFrame};
use crate::ipc::shm::Segments;
use crate::ipc::{Boards, Events, Mailboxes, PiLocks, Pipes, Tty};
use crate::mm::Mm;
use crate::net::{Net, Timer};
use crate::proc::{CallFrame, Proc, Start};
use crate::sched::Scheduler;
use std::sync::Arc;

/// The subsystems of a machine.
#[derive(Clone, Hash)]
pub struct Tables {
    /// RAM, MMU, TLBs.
    pub memory: Box<Memory>,
    /// CPUs.
    pub cpus: Vec<Cpu>,
    /// Devices with their drivers.
    pub bus: Bus,
    /// Interrupt routing.
    pub irq: InterruptController,
    /// Cables, by network interface.
    pub wires: Vec<Wire>,
    /// Who runs.
    pub sched: Scheduler,
    /// Frames and address spaces.
    pub mm: Mm,
    /// Files.
    pub fs: Fs,
    /// Sockets.
    pub net: Net,
    /// Mailboxes of servers.
    pub boxes: Mailboxes,
    /// Turns and notes of scripts.
    pub boards: Boards,
    /// Contended locks with priority inheritance.
    pub pi: PiLocks,
    /// Shared memory with keys.
    pub shm: Segments,
    /// Pipes.
    pub pipes: Pipes,
    /// Counters, timers and sets of descriptors, each with a descriptor.
    pub events: Events,
    /// The console's line discipline.
    pub tty: Tty,
    /// Processes and threads.
    pub proc: Proc,
    /// The device behind /dev/console.
    pub console: Option<DeviceId>,
    /// The machine's name in its network.
    pub name: String,
    /// What getrandom(2) draws from.
    pub random: Rng,
}

/// The call frames of all threads, by slot. They stand beside the tables so that a handler can hold its
/// own frame and the tables at once.
#[derive(Clone, Default, Hash)]
pub struct Calls {
    frames: Vec<CallFrame>,
}

impl Calls {
    /// The frame of a thread.
    #[inline]
    pub fn of(&mut self, thread: ThreadId) -> &mut CallFrame {
        let at = thread.index();
        if at >= self.frames.len() {
            self.frames.resize_with(at + 1, CallFrame::default);
        }
        &mut self.frames[at]
    }

    /// The frame of a thread, to look at.
    #[must_use]
    pub fn get(&self, thread: ThreadId) -> Option<&CallFrame> {
        self.frames.get(thread.index())
    }
}

/// What happens later.
#[derive(Clone, Debug, Hash)]
pub enum Due {
    /// A parked thread's deadline passes.
    Deadline(ThreadId),
    /// A timer with a descriptor goes off (timerfd_create(2)).
    ClockTimer(ClockTimerId),
    /// A process's ITIMER_REAL goes off.
    Alarm(ProcessId),
    /// A device wants attention.
    Attend(DeviceId),
    /// A program starts that was to start later than at boot.
    Start(Arc<Start>),
    /// The scheduling policy moves everybody to the top.
    Boost,
    /// A kernel thread is wanted.
    Ring(Work),
    /// A frame arrives at an interface.
    Arrive(PortId, WireFrame),
    /// The network stack waits for this time.
    Network(Timer),
    /// Somebody types on a console.
    Type(DeviceId, Arc<[u8]>),
}

/// What kind of thing happens, for the order of what happens at the same time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// The scheduling policy moves everybody to the top.
    Boost,
    /// From outside: keys.
    Input,
    /// From another machine; a program that starts later than at boot.
    Arrival,
    /// A device is done.
    IoDone,
    /// A timer.
    Timer,
    /// A running thread reaches its next trap: it may end, or wait.
    Finish,
    /// A slice is over.
    Quantum,
}

/// How many phases there are.
pub const PHASES: usize = 7;

/// The order of phases: a set of rules for ties, by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Dialect {
    /// The name, as on the command line.
    pub name: &'static str,
    /// The rank of each [`Phase`]; lower is earlier.
    pub ranks: [u8; PHASES],
}

impl Dialect {
    /// Input, arrivals, devices and timers before whoever runs; ends before slices.
    pub const LINUX: Self = Self { name: "linux", ranks: [0, 1, 2, 3, 4, 5, 6] };

    /// As worked examples in textbooks have it: who arrives at the moment when a slice is over stands before
    /// the one whose slice it was; of those who arrive or come back at one moment, nobody is preferred for how.
    pub const TEXTBOOK: Self = Self { name: "textbook", ranks: [0, 1, 1, 1, 1, 2, 3] };

    /// As the simulators of *Operating Systems: Three Easy Pieces* have it: what the running task does at the
    /// end of a tick comes before everything that the next tick begins with.
    pub const OSTEP: Self = Self { name: "ostep", ranks: [2, 3, 3, 3, 3, 0, 1] };

    /// All of them.
    pub const ALL: [Self; 3] = [Self::TEXTBOOK, Self::OSTEP, Self::LINUX];

    /// The dialect of that name.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|dialect| dialect.name == name)
    }

    /// The rank of a phase.
    #[must_use]
    pub const fn rank(self, phase: Phase) -> u8 {
        self.ranks[phase as usize]
    }
}

/// A frame that left the machine, for the world to carry.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Outgoing {
    /// The interface it left by.
    pub port: PortId,
    /// When it is at the other end.
    pub arrives: Time,
    /// How many frames left the machine before it.
    pub sequence: u64,
    /// The frame.
    pub frame: WireFrame,
}

/// One kernel, or many servers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Structure {
    /// A call runs its handler in the caller's own time.
    #[default]
    Monolith,
    /// A call is a message to a server, whose task runs the handler.
    Microkernel,
}

/// The engine's own state: cloned and hashed like the tables.
#[derive(Clone)]
pub struct Engine {
    /// What will happen.
    pub agenda: Agenda<Due>,
    /// Orders entries that are equal otherwise.
    pub next_sequence: u64,
    /// What happened.
    pub log: Log,
    /// Answers what a real machine would leave to chance.
    pub chooser: Chooser,
    /// Frames that left and that the world has not taken.
    pub outbox: Vec<Outgoing>,
    /// How many frames have left.
    pub sent: u64,
    /// How many system calls were served.
    pub calls: u64,
    /// The newest request's number.
    pub last_request: u32,
}

/// The context in which kernel code runs.
pub struct Cx {
    /// The time on the CPU that runs this.
    pub now: Time,
    /// The thread for which the kernel acts: the client, when a server acts for it.
    pub caller: ThreadId,
    /// The thread that has the CPU.
    pub runner: ThreadId,
    /// The caller's name in the log.
    pub serial: Serial,
    /// The CPU.
    pub cpu: CpuId,
    /// What led to what is being done.
    pub cause: EventId,
    /// The request that is served.
    pub request: RequestId,

    /// Some thread parked, stopped or ended: the run loop must see whether it was the running one.
    pub left: bool,
    /// Something happened that may concern other CPUs: the run loop must look again.
    pub disturbed: bool,

    /// Agenda, log, chooser.
    pub engine: Engine,
    /// Programs and guests.
    pub live: Live,

    /// Whether every call that parks is checked to have done no harm.
    pub check_parks: bool,
    /// The first call that parked and had changed something.
    pub harm: Option<u64>,
    /// The machine's number in its world.
    pub machine: MachineId,
    /// The price list.
    pub costs: CostModel,
    /// Tie-breaking.
    pub dialect: Dialect,
    /// One kernel, or many servers.
    pub structure: Structure,
    /// The task of each server.
    pub servers: Vec<ThreadId>,
    /// Finds programs.
    pub loader: Arc<dyn Loader>,
}

impl Cx {
    /// Time passes on this CPU.
    #[inline]
    pub fn charge(&mut self, cost: Duration) {
        self.now += cost;
    }

    /// Charges for `bytes` copied.
    #[inline]
    pub fn charge_copy(&mut self, bytes: usize) {
        self.now += Duration(self.costs.copy_kib.0.saturating_mul(bytes as u64) / 1024);
    }

    /// Says what happened, and names it.
    #[inline]
    pub fn emit(&mut self, event: Event) -> EventId {
        let stamp = self.stamp();
        self.engine.log.emit(stamp, event)
    }

    /// When, where, by whom and why: as things are now.
    #[inline]
    #[must_use]
    pub fn stamp(&self) -> Stamp {
        Stamp {
            time: self.now,
            cause: self.cause,
            thread: self.serial,
            request: self.request,
            cpu: self.cpu,
        }
    }

    /// Puts something on the agenda.
    pub fn at(&mut self, time: Time, phase: Phase, due: Due) -> Ticket {
        let sequence = self.engine.next_sequence;
        self.engine.next_sequence += 1;
        let phase = self.dialect.rank(phase);
        // What the machine plans itself comes after what arrives from outside in the same phase.
        let key = Key { time, phase, source: u64::MAX, sequence };
        self.engine.agenda.insert(key, due)
    }

    //DOC: request-tag
    /// A number for a request that begins now: the machine's number, and a count.
    pub fn new_request(&mut self) -> RequestId {
        self.engine.last_request += 1;
        RequestId(u32::from(self.machine.0) << 20 | self.engine.last_request & 0xf_ffff)
    }

    /// The server that serves calls of a family, in a microkernel.
    #[must_use]
    pub fn server_task(&self, server: ServerId) -> Option<ThreadId> {
        self.servers.get(usize::from(server.0)).copied()
    }
}

/// The address space of a thread's process.
///
/// # Errors
/// `ESRCH` for a thread without one: a kernel thread, or one that is gone.
pub fn satp_of(t: &Tables, thread: ThreadId) -> Result<Satp, Errno> {
    let space = t.proc.process_of(thread).and_then(|process| process.space).ok_or(Errno::ESRCH)?;
    Ok(t.mm.satp(space))
}
