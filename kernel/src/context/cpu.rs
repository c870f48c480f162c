//! A CPU as the kernel sees it: its clock, and who has it.

use crate::base::{Duration, Serial, SpaceId, ThreadId, Time};
use crate::event::Leave;
use crate::hw::Satp;

/// A CPU.
#[derive(Clone, Debug, Hash)]
pub struct Cpu {
    /// How far this CPU has got. CPUs run apart by at most the interleaving that the machine allows.
    pub clock: Time,
    /// The thread that has it.
    pub current: Option<ThreadId>,
    /// When the running thread's slice is over; `Time::MAX` if it has none.
    pub slice_end: Time,
    /// Why the running thread must give way at the next opportunity, if it must.
    pub resched: Option<Leave>,
    /// Who left last and has not been followed by anybody: its name in the log.
    pub left: Serial,
    /// The same as a thread; `ThreadId::NONE` when the CPU was idle.
    pub left_thread: ThreadId,
    /// Why it left.
    pub left_why: Leave,
    /// When the running thread got the CPU.
    pub since: Time,
    /// Whether the last trap on it stated a fact (see [`crate::abi::probe`]).
    pub probed: bool,
    /// Somebody waits for this idle CPU.
    pub kicked: bool,
    /// The address space it used last: going to another one costs more.
    pub space: SpaceId,
    /// The running thread's translation register.
    pub satp: Satp,
    /// Time with a thread on it.
    pub busy: Duration,
    /// Time spent in interrupts.
    pub interrupts: Duration,
    /// How many times it went from one thread to another.
    pub switches: u64,
}

impl Default for Cpu {
    fn default() -> Self {
        Self {
            clock: Time::ZERO,
            current: None,
            slice_end: Time::MAX,
            resched: None,
            left: Serial(0),
            left_thread: ThreadId::NONE,
            left_why: Leave::Idle,
            since: Time::ZERO,
            probed: false,
            kicked: false,
            space: SpaceId::NONE,
            satp: Satp::default(),
            busy: Duration::ZERO,
            interrupts: Duration::ZERO,
            switches: 0,
        }
    }
}

impl Cpu {
    /// Who left has been followed.
    pub fn forget_left(&mut self) {
        (self.left, self.left_thread, self.left_why) = (Serial(0), ThreadId::NONE, Leave::Idle);
    }

    /// Whether it has something to do.
    #[inline]
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.current.is_some() || self.kicked || self.left_thread != ThreadId::NONE
    }
}
