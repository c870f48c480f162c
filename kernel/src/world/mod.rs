//! Layer 9: several machines, and the cables between them.
//!
//! Layers: [`World`] holds machines, switches and links and lets them run in windows; [`switch`] is what a learning switch does; [`parallel`] does the same on
//! several host threads; [`history`] goes back and forth in time.
//!
//! A typical sequence: the earliest thing that happens anywhere is at T, and the shortest cable takes L. So
//! nothing that any machine does from T on can reach another one before T + L, and all machines may run
//! that far without looking at each other, in any order, on any number of host threads. Then the frames
//! that left are put on the agendas of their receivers, and the next window begins.
//!
//! Taken from elsewhere: windows bounded by the lookahead are conservative parallel simulation (Chandy,
//! Misra 1979; Fujimoto 1990); skipping to the earliest event everywhere is the "next event" form of its
//! barrier synchronisation, as in ns-3's distributed scheduler.

pub mod history;
pub mod parallel;
pub mod switch;

use crate::base::{DeviceId, Duration, MachineId, PortId, Time};
use crate::context::Outgoing;
use crate::event::{EventId, Log, Record};
use crate::machine::{BootError, Config, Keyframe, Machine, Until, Why};
use std::collections::BTreeMap;
use std::sync::Arc;
use switch::{Switch, SwitchConfig};

/// One end of a cable. Numbers after those of the machines are switches.
pub type End = (MachineId, PortId);

/// A cable between two interfaces. Its latency is in the configuration of the interfaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// One end.
    pub a: End,
    /// The other.
    pub b: End,
}

/// Something that came from outside: recorded, so that the run can be repeated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    /// When.
    pub time: Time,
    /// On which machine.
    pub machine: MachineId,
    /// On which of its devices.
    pub device: DeviceId,
    /// What was typed.
    pub bytes: Arc<[u8]>,
}

/// What a world is made of.
#[derive(Clone)]
pub struct WorldConfig {
    /// Its name.
    pub name: String,
    /// Its machines; the configuration's id is replaced by the place in this list.
    pub machines: Vec<Config>,
    /// Its switches. Their numbers go on after those of the machines.
    pub switches: Vec<SwitchConfig>,
    /// The cables between them.
    pub links: Vec<Link>,
}

/// Machines and links.
pub struct World {
    name: String,
    machines: Vec<Machine>,
    switches: Vec<Switch>,
    routes: Arc<BTreeMap<End, End>>,
    lookahead: Duration,
    inputs: Vec<Input>,
    time: Time,
}

/// A world as a value.
#[derive(Clone)]
pub struct WorldKeyframe {
    name: String,
    machines: Vec<Keyframe>,
    switches: Vec<Switch>,
    routes: Arc<BTreeMap<End, End>>,
    lookahead: Duration,
    inputs: Vec<Input>,
    time: Time,
}

impl WorldKeyframe {
    /// The moment.
    #[must_use]
    pub fn time(&self) -> Time {
        self.time
    }
}

/// Why a world stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WorldWhy {
    /// The time was reached.
    Time,
    /// The event happened; no machine has gone beyond it.
    Event(EventId),
    /// Nothing will happen any more.
    Quiet,
    /// A machine cannot go on.
    Stuck(MachineId, Why),
}

impl World {
    /// Switches all machines on.
    ///
    /// # Errors
    /// The name of the machine that could not be, and why.
    pub fn boot(config: WorldConfig) -> Result<Self, (String, BootError)> {
        let mut machines = Vec::new();
        let mut lookahead = Duration::MAX;
        for (n, machine) in config.machines.into_iter().enumerate() {
            for port in &machine.ports {
                lookahead = lookahead.min(port.wire.latency());
            }
            let name = machine.name.clone();
            let machine = Config { id: MachineId(n as u16), ..machine };
            machines.push(Machine::boot(machine).map_err(|error| (name, error))?);
        }
        for wire in config.switches.iter().flat_map(|switch| &switch.wires) {
            lookahead = lookahead.min(wire.latency());
        }
        let routes = config.links.iter().flat_map(|link| [(link.a, link.b), (link.b, link.a)]);
        Ok(Self {
            name: config.name,
            machines,
            switches: config.switches.into_iter().map(Switch::new).collect(),
            routes: Arc::new(routes.collect()),
            lookahead,
            inputs: Vec::new(),
            time: Time::ZERO,
        })
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The time that every machine has reached.
    #[must_use]
    pub fn time(&self) -> Time {
        self.time
    }

    /// The machines.
    #[must_use]
    pub fn machines(&self) -> &[Machine] {
        &self.machines
    }

    /// The switches.
    #[must_use]
    pub fn switches(&self) -> &[Switch] {
        &self.switches
    }

    /// A switch, to change.
    pub fn switch_mut(&mut self, at: usize) -> Option<&mut Switch> {
        self.switches.get_mut(at)
    }

    /// Which end is at the other end of a cable.
    #[must_use]
    pub fn other_end(&self, end: End) -> Option<End> {
        self.routes.get(&end).copied()
    }

    /// A machine, to change.
    pub fn machine_mut(&mut self, id: MachineId) -> Option<&mut Machine> {
        self.machines.get_mut(usize::from(id.0))
    }

    /// The machine of that name.
    #[must_use]
    pub fn by_name(&self, name: &str) -> Option<MachineId> {
        let at = self.machines.iter().position(|machine| machine.config().name == name)?;
        Some(MachineId(at as u16))
    }

    /// The logs of all machines.
    #[must_use]
    pub fn logs(&self) -> Vec<&Log> {
        self.machines.iter().map(Machine::log).collect()
    }

    /// Everything that happened, in the world's order: by time, machine, number.
    #[must_use]
    pub fn events(&self) -> Vec<(EventId, &Record)> {
        let mut all: Vec<(EventId, &Record)> = Vec::new();
        for log in self.logs() {
            all.extend(log.since(0).map(|(n, record)| (EventId::new(log.machine(), n), record)));
        }
        // A log's own order counts, not its times: CPUs run a little apart.
        all.sort_by_key(|(id, record)| (record.stamp.time, id.machine(), id.sequence()));
        all
    }

    /// Somebody will type: recorded, and put on the machine's agenda. What lies in the past happens now.
    pub fn input(&mut self, input: Input) {
        let input = Input { time: input.time.max(self.time), ..input };
        self.plan(self.inputs.len(), &input);
        self.inputs.push(input);
    }

    fn plan(&mut self, number: usize, input: &Input) {
        if let Some(machine) = self.machines.get_mut(usize::from(input.machine.0)) {
            machine.type_on(input.device, Arc::clone(&input.bytes), input.time, number as u64);
        }
    }

    /// All inputs so far.
    #[must_use]
    pub fn inputs(&self) -> &[Input] {
        &self.inputs
    }

    /// When something happens next.
    #[must_use]
    pub fn next_time(&self) -> Time {
        let machines = self.machines.iter().map(Machine::next_time);
        let switches = self.switches.iter().map(Switch::next_time);
        machines.chain(switches).min().unwrap_or(Time::MAX)
    }

    /// Lets virtual time pass until `time`, on this host thread.
    pub fn run(&mut self, time: Time) -> WorldWhy {
        while let Some(end) = self.window(time) {
            let mut stuck = None;
            for machine in &mut self.machines {
                let why = machine.run(Until::time(end));
                if why.is_stuck() {
                    stuck.get_or_insert(WorldWhy::Stuck(machine.config().id, why));
                }
            }
            self.carry(end);
            self.time = end;
            if let Some(stuck) = stuck {
                return stuck;
            }
        }
        if self.next_time() == Time::MAX { WorldWhy::Quiet } else { WorldWhy::Time }
    }

    /// The end of the next window, or `None` when the time is reached.
    fn window(&self, until: Time) -> Option<Time> {
        if self.time >= until {
            return None;
        }
        // A CPU may lag behind its machine's time by the interleaving, which is shorter than any cable.
        Some((self.next_time() + self.lookahead).min(until))
    }

    /// Lets the switches run up to a time, and carries the frames that have left to where they go.
    fn carry(&mut self, time: Time) {
        // What came to a switch before this time was sent in an earlier window.
        for at in 0..self.switches.len() {
            for out in self.switches[at].run(time) {
                self.hand_over(MachineId((self.machines.len() + at) as u16), out);
            }
        }
        for at in 0..self.machines.len() {
            for out in self.machines[at].take_outbox() {
                self.hand_over(MachineId(at as u16), out);
            }
        }
    }

    /// Puts a frame on its receiver's agenda.
    fn hand_over(&mut self, sender: MachineId, out: Outgoing) {
        let from = (sender, out.port);
        let Some(&(to, port)) = self.routes.get(&from) else { return };
        let at = usize::from(to.0);
        let count = self.machines.len();
        if let Some(machine) = self.machines.get_mut(at) {
            deliver(machine, from, port, out);
        } else if let Some(switch) = self.switches.get_mut(at - count) {
            switch.deliver(port, out.frame, (out.arrives, source(from), out.sequence));
        }
    }

    /// Lets time pass until an event happens for which `test` holds, and stops every machine right there.
    pub fn run_to(&mut self, time: Time, test: &dyn Fn(&Record) -> bool) -> WorldWhy {
        while let Some(end) = self.window(time) {
            let start = self.keyframe();
            let mut first: Option<(Time, EventId)> = None;
            for machine in &mut self.machines {
                let until = Until { event: Some(test), ..Until::time(end) };
                match machine.run(until) {
                    Why::Event(id) => {
                        let at = machine.log().get(id.sequence()).map_or(end, |r| r.stamp.time);
                        first = Some(first.map_or((at, id), |best| best.min((at, id))));
                    }
                    why if why.is_stuck() => {
                        return WorldWhy::Stuck(machine.config().id, why);
                    }
                    _ => {}
                }
            }
            let Some((at, id)) = first else {
                self.carry(end);
                self.time = end;
                continue;
            };
            // Some machines have gone too far: the window is run again, no further than the event.
            *self = Self::restore(&start);
            for machine in &mut self.machines {
                if machine.config().id == id.machine() {
                    machine.run(Until { event: Some(test), ..Until::time(end) });
                } else {
                    machine.run(Until::time(at));
                }
            }
            self.carry(at);
            self.time = at;
            return WorldWhy::Event(id);
        }
        WorldWhy::Time
    }

    /// The world at this moment, as a value.
    pub fn keyframe(&mut self) -> WorldKeyframe {
        WorldKeyframe {
            name: self.name.clone(),
            machines: self.machines.iter_mut().map(Machine::keyframe).collect(),
            switches: self.switches.clone(),
            routes: Arc::clone(&self.routes),
            lookahead: self.lookahead,
            inputs: self.inputs.clone(),
            time: self.time,
        }
    }

    /// The world of that moment again.
    #[must_use]
    pub fn restore(keyframe: &WorldKeyframe) -> Self {
        Self {
            name: keyframe.name.clone(),
            machines: keyframe.machines.iter().map(Machine::restore).collect(),
            switches: keyframe.switches.clone(),
            routes: Arc::clone(&keyframe.routes),
            lookahead: keyframe.lookahead,
            inputs: keyframe.inputs.clone(),
            time: keyframe.time,
        }
    }

    /// A number for the state of all machines.
    pub fn digest(&mut self) -> u64 {
        let digests: Vec<u64> = self.machines.iter_mut().map(Machine::digest).collect();
        crate::base::Digester::of(&(digests, &self.switches))
    }
}

/// Puts a frame on its receiver's agenda. The sender's name and count order frames that arrive together,
/// so that it does not matter when, or on which host thread, this is done.
fn deliver(machine: &mut Machine, from: End, port: PortId, out: Outgoing) {
    machine.deliver(port, out.frame, (out.arrives, source(from), out.sequence));
}

/// One number for the sending end.
fn source(from: End) -> u64 {
    u64::from(from.0.0) << 16 | u64::from(from.1.0)
}
