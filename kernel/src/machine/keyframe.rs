//! A machine as a value.
//!
//! A keyframe is a clone of the tables, with RAM shared until one side writes, and the programs as saved
//! values. It may cross to another host thread; a machine itself, whose programs hold futures, may not.

use super::{Config, Machine, Why};
use crate::base::{Agenda, Digester, Time};
use crate::context::{Calls, Due, Engine, SavedLive, Tables};
use std::hash::Hash;
use std::sync::Arc;

/// A machine at a moment.
#[derive(Clone)]
pub struct Keyframe {
    config: Arc<Config>,
    tables: Tables,
    calls: Calls,
    engine: Engine,
    live: SavedLive,
    servers: Vec<crate::base::ThreadId>,
    time: Time,
    turn: Option<(crate::base::CpuId, Time)>,
    stalled: u32,
    stop: Option<Why>,
    harm: Option<u64>,
}

impl Keyframe {
    /// The machine's time at that moment.
    #[must_use]
    pub fn time(&self) -> Time {
        self.time
    }

    /// How many events had happened.
    #[must_use]
    pub fn events(&self) -> u64 {
        self.engine.log.end()
    }

    /// When something would happen next.
    #[must_use]
    pub fn next_time(&self) -> Time {
        let busy = self.tables.cpus.iter().filter(|cpu| cpu.is_busy()).map(|cpu| cpu.clock);
        busy.min().unwrap_or(Time::MAX).min(self.engine.agenda.next_time())
    }
}

impl Machine {
    /// The machine at this moment, as a value. RAM is shared with it until somebody writes.
    pub fn keyframe(&mut self) -> Keyframe {
        self.tables.memory.ram.freeze();
        Keyframe {
            config: Arc::clone(&self.config),
            tables: self.tables.clone(),
            calls: self.calls.clone(),
            engine: self.cx.engine.clone(),
            live: self.cx.live.save(),
            servers: self.cx.servers.clone(),
            time: self.time,
            turn: self.turn,
            stalled: self.stalled,
            stop: self.stop,
            harm: self.cx.harm,
        }
    }

    /// The machine of that moment again. Its programs are revived when they run.
    #[must_use]
    pub fn restore(keyframe: &Keyframe) -> Self {
        let mut cx = super::boot::context(&keyframe.config);
        cx.engine = keyframe.engine.clone();
        cx.live = keyframe.live.revive();
        cx.servers = keyframe.servers.clone();
        cx.harm = keyframe.harm;
        let (tables, calls) = (keyframe.tables.clone(), keyframe.calls.clone());
        let mut machine = Self::assemble(Arc::clone(&keyframe.config), tables, calls, cx);
        machine.time = keyframe.time;
        machine.turn = keyframe.turn;
        machine.stalled = keyframe.stalled;
        machine.stop = keyframe.stop;
        machine
    }

    /// A number for the whole state. Machines that differ in it are different; programs count by how often they
    /// were answered, not by the answers, which came out of state that is counted here.
    pub fn digest(&mut self) -> u64 {
        let live = self.cx.live.save().digest();
        let engine = &self.cx.engine;
        let pending: &Agenda<Due> = &engine.agenda;
        let mut digester = Digester::default();
        self.tables.hash(&mut digester);
        (&self.calls, self.turn).hash(&mut digester);
        (pending, engine.next_sequence, &engine.chooser, &engine.outbox).hash(&mut digester);
        (live, engine.calls, engine.sent, engine.last_request, engine.log.end())
            .hash(&mut digester);
        std::hash::Hasher::finish(&digester)
    }
}
