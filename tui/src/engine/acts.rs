//! What is done to a world by hand: another policy, keys, a shell. Noted, so that a session can do it again.

use super::{CONSOLE, Driver, ECHO};
use crate::session::Act;
use oscope_kernel::base::{MachineId, Time};
use oscope_kernel::machine::Start;
use oscope_kernel::sched::POLICIES;
use oscope_kernel::world::Input;
use std::cell::RefCell;
use std::rc::Rc;

impl Driver {
    /// Does what was done in an earlier session, each at its moment.
    pub(super) fn repeat(&mut self, acts: Vec<Act>) {
        for act in acts {
            self.until = self.until.max(Time(act.time_ns));
            self.travel(Time(act.time_ns));
            let machine = MachineId(act.machine);
            let policy = act.policy.and_then(|name| POLICIES.into_iter().find(|p| *p == name));
            if let Some(policy) = policy {
                self.policy(machine, policy);
            }
            if act.shell {
                self.start_shell(machine);
            }
            if !act.typed.is_empty() {
                self.type_in(machine, &act.typed);
            }
        }
    }

    /// Notes what somebody does now; what was done later is forgotten.
    fn note(&mut self, machine: MachineId, act: impl FnOnce(Act) -> Act) {
        let now = self.now();
        self.acts.retain(|act| act.time_ns <= now.0);
        self.acts.push(act(Act::new(now, machine)));
    }

    pub(super) fn policy(&mut self, machine: MachineId, policy: &'static str) {
        let now = self.now();
        self.note(machine, |act| Act { policy: Some(policy.to_owned()), ..act });
        self.history.change(move |world| {
            if let Some(machine) = world.machine_mut(machine) {
                // The name is one of the kernel's own list.
                let _ = machine.switch_policy(policy);
            }
        });
        self.forget_after(now);
    }

    /// Keys for a console. At the end of what is known nothing needs to be forgotten.
    pub(super) fn type_in(&mut self, machine: MachineId, bytes: &[u8]) {
        let time = self.now();
        let is_past = time < self.reached;
        self.note(machine, |act| Act { typed: bytes.to_vec(), ..act });
        self.history.input(Input { time, machine, device: CONSOLE, bytes: bytes.into() });
        if is_past {
            self.forget_after(time);
        }
        self.pass(ECHO);
    }

    pub(super) fn start_shell(&mut self, machine: MachineId) {
        let time = self.now();
        self.note(machine, |act| Act { shell: true, ..act });
        let said = Rc::new(RefCell::new(None));
        let slot = Rc::clone(&said);
        self.history.change(move |world| {
            if let Some(machine) = world.machine_mut(machine) {
                let start = Start::new("getty", &["/bin/sh"]);
                *slot.borrow_mut() = machine.spawn(&start).err().map(|error| error.to_string());
            }
        });
        self.said = said.take().map(Err);
        self.forget_after(time);
        self.pass(ECHO);
    }
}
