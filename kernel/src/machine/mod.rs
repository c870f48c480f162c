//! Layer 8: one computer.
//!
//! Layers: [`config`] says what it is made of; [`boot`] switches it on; `run` and `step` let time pass; [`keyframe`]
//! makes a value of it; [`view`] shows it, [`memory`] its memory and [`files`] its files; [`mod@explore`] tries what it might have done otherwise.
//!
//! A typical sequence: `Machine::boot(config)` plugs devices in, mounts the disk and starts programs;
//! `machine.run(Until::time(t))` lets virtual time pass; `machine.keyframe()` is a value from which
//! `Machine::restore` makes the same machine again, here or on another host thread.
//!
//! Taken from elsewhere: a machine that only boots, steps and shows itself, with everything else in
//! functions over its tables, from Hubris; boot as a list with a reason per line from xv6's `main.c`.

pub mod boot;
pub mod config;
pub mod explore;
pub mod files;
pub mod keyframe;
pub mod memory;
pub mod network;
mod run;
mod step;
pub mod view;

pub use crate::proc::Start;
pub use boot::BootError;
pub use config::{Config, DiskConfig, PartitionConfig, PortConfig};
pub use explore::{Explored, explore};
pub use files::{CacheView, FilesView, MountView, NameView, OpenView, PagePlace};
pub use keyframe::Keyframe;
pub use memory::{AreaView, FrameView, Mapper, MemoryFigures, SpaceView, WalkStep, WalkView};
pub use network::{InterfaceView, NetworkView, SocketView, TcpView};
pub use run::{Until, Why};
pub use view::{CpuView, Snapshot};

use crate::base::{CpuId, DeviceId, Key, PortId, Time};
use crate::context::{Calls, Cx, Due, Outgoing, Phase, Tables};
use crate::event::Log;
use crate::hw::{Memory, WireFrame};
use crate::sched::Settings;
use std::sync::Arc;

/// A computer, switched on.
pub struct Machine {
    config: Arc<Config>,
    tables: Tables,
    calls: Calls,
    cx: Cx,
    /// Whether every operation is a question, as the configuration says.
    explore: bool,
    /// Whether a CPU comes back to the run loop after every step.
    single: bool,
    /// The event that stopped the last run, if one did.
    seen: Option<u64>,
    /// Every CPU and every event has got at least this far.
    time: Time,
    /// The CPU whose turn a stop has interrupted, and how far it may go.
    turn: Option<(CpuId, Time)>,
    /// Stands in for the memory while that is lent to a program.
    spare: Option<Box<Memory>>,
    /// How many traps in a row have used no time.
    stalled: u32,
    /// Set when the run must end.
    stop: Option<Why>,
}

impl Machine {
    fn assemble(config: Arc<Config>, tables: Tables, calls: Calls, cx: Cx) -> Self {
        let spare = Some(Box::new(Memory::new(0, 0, &config.costs, 0)));
        let explore = config.explore;
        Self {
            config,
            explore,
            single: false,
            seen: None,
            tables,
            calls,
            cx,
            time: Time::ZERO,
            turn: None,
            spare,
            stalled: 0,
            stop: None,
        }
    }

    /// What it is made of.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The time up to which everything has happened.
    #[must_use]
    pub fn time(&self) -> Time {
        self.time
    }

    /// What has happened.
    #[must_use]
    pub fn log(&self) -> &Log {
        &self.cx.engine.log
    }

    /// The subsystems, to look at.
    #[must_use]
    pub fn tables(&self) -> &Tables {
        &self.tables
    }

    /// What is kept of threads that have ended, the oldest first: the newest 65,536.
    pub fn ended(&self) -> impl Iterator<Item = &crate::proc::Ended> {
        self.tables.proc.ended.iter()
    }

    /// How many threads have ended.
    #[must_use]
    pub fn ended_total(&self) -> u64 {
        self.tables.proc.ended.total
    }

    /// How many system calls were served.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.cx.engine.calls
    }

    /// The questions that the chooser was asked, if it records them.
    #[must_use]
    pub fn choices(&self) -> &[crate::base::Asked] {
        self.cx.engine.chooser.record()
    }

    /// A guest of this machine.
    #[must_use]
    pub fn guest(&self, id: crate::base::GuestId) -> Option<&dyn crate::abi::program::Guest> {
        self.cx.live.guest_ref(id)
    }

    /// Counts every frame's owners anew and compares: empty, if all is well.
    #[must_use]
    pub fn audit(&self) -> Vec<crate::mm::audit::Finding> {
        let cached = self.tables.fs.cache.iter().map(|(_, entry)| entry.frame);
        self.tables.mm.audit(&self.tables.memory, cached)
    }

    /// When something happens next that others could notice: `Time::MAX` if nothing will without help from outside. A
    /// CPU on which a thread computes may be left behind until that is done.
    #[must_use]
    pub fn next_time(&self) -> Time {
        let busy = self.tables.cpus.iter().filter(|cpu| cpu.is_busy());
        let busy = busy.map(|cpu| self.undisturbing_until(cpu));
        busy.min().unwrap_or(Time::MAX).min(self.cx.engine.agenda.next_time())
    }

    /// No CPU of this machine has run before `time`: as a guest, it was not granted any.
    pub fn steal_until(&mut self, time: Time) {
        for (at, cpu) in (0..).zip(&mut self.tables.cpus) {
            let stolen = time.since(cpu.clock);
            cpu.clock += stolen;
            // A slice is not used up by time that was stolen. (Linux subtracts steal time as well.)
            cpu.slice_end += stolen;
            cpu.since += stolen;
            self.tables.sched.steal(CpuId(at), stolen);
        }
        self.time = self.time.max(time);
    }

    /// How far the CPU that has got furthest has got.
    #[must_use]
    pub fn busy_until(&self) -> Time {
        self.tables.cpus.iter().map(|cpu| cpu.clock).max().unwrap_or(self.time)
    }

    /// Takes the frames that have left.
    pub fn take_outbox(&mut self) -> Vec<Outgoing> {
        std::mem::take(&mut self.cx.engine.outbox)
    }

    /// A frame will arrive. `source` and `sequence` order frames that arrive at the same time, and must
    /// not depend on when this is called.
    pub fn deliver(
        &mut self,
        port: PortId,
        frame: WireFrame,
        (time, source, sequence): (Time, u64, u64),
    ) {
        let phase = self.cx.dialect.rank(Phase::Arrival);
        let key = Key { time: time.max(self.time), phase, source, sequence };
        self.cx.engine.agenda.insert(key, Due::Arrive(port, frame));
    }

    /// Somebody will type on a console. `sequence` orders inputs at the same time.
    pub fn type_on(&mut self, device: DeviceId, bytes: Arc<[u8]>, time: Time, sequence: u64) {
        let phase = self.cx.dialect.rank(Phase::Input);
        let key = Key { time: time.max(self.time), phase, source: 0, sequence };
        self.cx.engine.agenda.insert(key, Due::Type(device, bytes));
    }

    /// Replaces the scheduling policy on all CPUs, from now on; its figures stay as the machine was made.
    ///
    /// # Errors
    /// [`BootError::Policy`] if there is none of that name.
    pub fn switch_policy(&mut self, name: &str) -> Result<(), BootError> {
        self.reschedule(&self.config.scheduler.with_policy(name))
    }

    /// Replaces the scheduling policy and its figures on all CPUs, from now on.
    ///
    /// # Errors
    /// [`BootError::Policy`] if there is none of that name.
    pub fn reschedule(&mut self, settings: &Settings) -> Result<(), BootError> {
        let policy = settings.make();
        let policy = policy.ok_or_else(|| BootError::Policy(settings.policy.clone()))?;
        let (t, cx) = (&mut self.tables, &mut self.cx);
        crate::trap::interrupt::as_machine(cx);
        cx.now = self.time;
        t.sched.switch_policy(policy.as_ref(), self.time);
        for cpu in 0..t.cpus.len() {
            crate::trap::interrupt::renew_slice(t, CpuId(cpu as u16));
        }
        crate::task::wait::plan_boost(t, cx);
        Ok(())
    }
}
