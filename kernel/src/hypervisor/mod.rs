//! Layer 9: a machine inside a machine.
//!
//! A typical sequence: the host's scheduler gives the task of a virtual CPU a real one; the task grants its
//! guest the time up to the next thing that happens on the host; the guest runs its own kernel and its own
//! programs in that time, on the same code that runs the host's; it comes back because the time is up, or
//! because it has nothing to do before its own next timer, and then the task sleeps until then.
//!
//! The guest's clock is the host's. While it was not granted time, its clock stood; when it runs again the
//! clock jumps: that time was stolen (`st` in vmstat(8)). A guest has one virtual CPU so far.
//!
//! Taken from elsewhere: a virtual CPU is a task like any other, from KVM; a guest that sleeps gives its
//! task's CPU away, from KVM's handling of `HLT`.

use crate::abi::program::{Guest, GuestExit, GuestRun, SavedGuest};
use crate::base::Time;
use crate::machine::{Keyframe, Machine, Until, Why};
use std::any::Any;
use std::sync::Arc;

/// A machine as a guest.
pub struct GuestMachine {
    machine: Machine,
}

impl GuestMachine {
    /// Makes a guest of a machine.
    #[must_use]
    pub fn new(machine: Machine) -> Self {
        Self { machine }
    }

    /// The machine.
    #[must_use]
    pub fn machine(&self) -> &Machine {
        &self.machine
    }
}

impl Guest for GuestMachine {
    fn run(&mut self, _cpu: u16, from: Time, horizon: Time) -> GuestRun {
        self.machine.steal_until(from);
        let until = Until { idle: true, ..Until::time(horizon) };
        let why = self.machine.run(until);
        // It may have gone beyond the horizon, as any call does.
        let used = self.machine.busy_until().since(from);
        let exit = match why {
            Why::Idle(next) if next < horizon => GuestExit::Idle(next.max(from)),
            Why::Idle(next) => GuestExit::Idle(next),
            why if why.is_stuck() => GuestExit::Stopped,
            _ => GuestExit::Preempted,
        };
        GuestRun { used, exit }
    }

    fn calls(&self) -> u64 {
        self.machine.calls()
    }

    fn save(&mut self) -> Arc<dyn SavedGuest> {
        let digest = self.machine.digest();
        Arc::new(Saved { keyframe: self.machine.keyframe(), digest })
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

struct Saved {
    keyframe: Keyframe,
    digest: u64,
}

impl SavedGuest for Saved {
    fn revive(&self) -> Box<dyn Guest> {
        Box::new(GuestMachine::new(Machine::restore(&self.keyframe)))
    }

    fn digest(&self) -> u64 {
        self.digest
    }
}
