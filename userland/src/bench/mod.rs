//! What the emulated kernel's operations cost the host: machines that do one thing over and over.
//!
//! Layers: `programs`, `files` and `crowd` are the programs that do it, [`Operation`] names one with the machine that it runs on,
//! [`Emulated`] is that machine under way. Nothing here looks at a clock: whoever measures does.
//!
//! A typical sequence: `find("null-syscall")` is an operation; `Emulated::new(operation, |_| ())` boots its machine;
//! each [`Emulated::stretch`] lets the machine work and says how many operations that was, and the caller divides
//! the time that the stretch took by that number. Where that is 0 the machine only prepared itself.
//!
//! The operations are those of lmbench (McVoy and Staelin, USENIX 1996). `tests/host` does the same things on the
//! host's kernel.

mod crowd;
mod files;
mod network;
mod operations;
mod programs;

pub use crowd::{EACH_TIMER, MEMORY_PER_THREAD, TIMERS, runnable};
pub use operations::ALL;

use oscope_kernel::abi::call::lookup;
use oscope_kernel::base::{ThreadId, Time};
use oscope_kernel::event::Wait;
use oscope_kernel::machine::{BootError, Config, Machine, Until, Why};
use oscope_kernel::proc::{Body, State};

/// Something that is done over and over.
pub struct Operation {
    /// Its name on the command line.
    pub name: &'static str,
    /// What one of it is.
    pub about: &'static str,
    /// The system calls that it cannot do without.
    needs: &'static [u16],
    /// The machine that does it.
    machine: fn() -> Config,
    /// How the machine works.
    pace: Pace,
    /// What else the machine does meanwhile, whose cost is to be subtracted.
    pub less: Option<&'static Operation>,
}

/// How a machine works, and how its operations are counted.
#[derive(Clone, Copy)]
enum Pace {
    /// In rounds of several parts. After each part the first program pauses. The numbers say how many operations
    /// there are in each part of a round.
    Parts(&'static [u64]),
    /// Without a pause, for so much virtual time at once; the function counts.
    Steady { step: u64, count: fn(&Machine) -> u64 },
}

impl Operation {
    /// Whether the kernel has all the calls that it takes.
    #[must_use]
    pub fn is_possible(&self) -> bool {
        self.needs.iter().all(|&number| lookup(number).is_some_and(|call| call.is_present()))
    }
}

/// The operation of this name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Operation> {
    ALL.iter().find(|operation| operation.name == name)
}

/// A machine that does an operation.
pub struct Emulated {
    machine: Machine,
    pace: Pace,
    /// The thread that pauses.
    main: ThreadId,
    /// Which part of a round comes next.
    part: usize,
}

impl Emulated {
    /// Boots the operation's machine, as changed by `change`, and lets it prepare itself.
    ///
    /// # Errors
    /// [`BootError`] if `change` made it impossible.
    pub fn new(operation: &Operation, change: impl FnOnce(&mut Config)) -> Result<Self, BootError> {
        let mut config = (operation.machine)();
        change(&mut config);
        let machine = Machine::boot(config)?;
        let main = first_program(&machine);
        let mut emulated = Self { machine, pace: operation.pace, main, part: 0 };
        emulated.work_until_pause();
        if let Pace::Steady { .. } = operation.pace {
            // What waited for the main thread's pause to end does not belong to the first measurement.
            emulated.stretch();
        }
        Ok(emulated)
    }

    /// The machine, to look at.
    #[must_use]
    pub fn machine(&self) -> &Machine {
        &self.machine
    }

    /// Lets the machine work for a while: so long that it takes about a millisecond. Returns how many operations
    /// it did; 0 if it prepared some. `None`: its main program has ended, because one of its calls failed.
    pub fn stretch(&mut self) -> Option<u64> {
        let done = match self.pace {
            Pace::Parts(parts) => {
                let count = parts.get(self.part).copied().unwrap_or(0);
                self.part = (self.part + 1) % parts.len().max(1);
                self.work_until_pause();
                count
            }
            Pace::Steady { step, count } => {
                let before = count(&self.machine);
                let end = Time(self.machine.time().0.saturating_add(step));
                self.machine.run(Until::time(end));
                count(&self.machine) - before
            }
        };
        self.machine.tables().proc.threads.get(self.main).map(|_| done)
    }

    /// Runs until the main thread has done something and sleeps, and nobody else runs.
    fn work_until_pause(&mut self) {
        let calls = self.machine.calls();
        loop {
            // Nothing happens before this time: go there, and wake whoever it is for.
            let next = self.machine.next_time();
            let began = self.machine.run(Until::time(Time(next.0.saturating_add(1))));
            let ended = self.machine.run(Until { idle: true, ..Until::time(Time::MAX) });
            let is_over = began.is_stuck() || !matches!(ended, Why::Idle(time) if time < Time::MAX);
            if is_over || self.machine.calls() > calls && self.pauses() {
                return;
            }
        }
    }

    /// Whether the main thread sleeps; a machine whose main thread has ended pauses for ever.
    fn pauses(&self) -> bool {
        let main = self.machine.tables().proc.threads.get(self.main);
        main.is_none_or(
            |main| matches!(&main.state, State::Parked(parked) if parked.kind == Wait::Sleep),
        )
    }
}

fn first_program(machine: &Machine) -> ThreadId {
    let mut threads = machine.tables().proc.threads.iter();
    let first = threads.find(|(_, thread)| thread.body == Body::User);
    first.map_or(ThreadId::NONE, |(id, _)| id)
}

#[cfg(test)]
mod tests;
