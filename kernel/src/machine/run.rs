//! The run loop: who is next, a CPU or an event, and how far a CPU may go.

use super::Machine;
use crate::base::{Choice, CpuId, Duration, Key, Serial, Time};
use crate::context::{Cpu, Phase};
use crate::event::{Event, EventId, Leave, MachineEvent, Record};
use crate::trap::interrupt;

/// When a run ends.
#[derive(Clone, Copy)]
pub struct Until<'a> {
    /// Before anything at this time happens.
    pub time: Time,
    /// After the trap in which an event happened for which this holds.
    pub event: Option<&'a dyn Fn(&Record) -> bool>,
    /// After this many steps of CPUs and events: a promise to the host.
    pub budget: u64,
    /// When every CPU is idle.
    pub idle: bool,
}

impl Until<'_> {
    /// A run up to a time.
    #[must_use]
    pub fn time(time: Time) -> Self {
        Self { time, event: None, budget: u64::MAX, idle: false }
    }
}

/// Why a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Why {
    /// The time was reached.
    Time,
    /// The event happened.
    Event(EventId),
    /// The budget is used up.
    Budget,
    /// Every CPU is idle; the next thing happens at this time, if ever.
    Idle(Time),
    /// A thread trapped a million times without any time passing. The machine will not go on.
    NoProgress(Serial, Time),
    /// The call of this number parked after it had changed something: a bug in its handler.
    Harm(u64),
}

impl Why {
    /// Whether the machine will not go on.
    #[must_use]
    pub const fn is_stuck(&self) -> bool {
        matches!(self, Self::NoProgress(..) | Self::Harm(_))
    }
}

impl Machine {
    /// Lets virtual time pass.
    pub fn run(&mut self, until: Until<'_>) -> Why {
        let mut budget = until.budget;
        // A stop must be possible after every trap.
        self.single = until.event.is_some() || until.budget < u64::MAX;
        // What a trap did after the event that stopped the last run has not been looked at yet.
        let mut seen = self.seen.take().unwrap_or(self.log().end());
        loop {
            if let Some(why) = self.stop {
                return why;
            }
            if let Some(number) = self.cx.harm {
                return Why::Harm(number);
            }
            if let Some(matches) = until.event {
                let hit = self.log().since(seen + 1).find(|(_, record)| matches(record));
                if let Some((sequence, _)) = hit {
                    self.seen = Some(sequence);
                    return Why::Event(EventId::new(self.config.id, sequence));
                }
                seen = self.log().end();
            }
            if budget == 0 {
                return Why::Budget;
            }
            budget -= 1;
            if let Some(why) = self.advance(&until) {
                return why;
            }
        }
    }

    /// Does what comes next: an event, the end of a slice, or some time of a CPU.
    fn advance(&mut self, until: &Until<'_>) -> Option<Why> {
        let event = self.cx.engine.agenda.next_time();
        let Some((cpu, limit)) = self.turn(event) else {
            if until.idle && event > self.time {
                return Some(Why::Idle(event));
            }
            if event >= until.time {
                self.time = self.time.max(until.time);
                return Some(Why::Time);
            }
            self.happen();
            return None;
        };
        let at = usize::from(cpu.0);
        let clock = self.tables.cpus[at].clock;
        if event <= clock && event < until.time && self.event_is_first(cpu, event, clock) {
            self.happen();
            return None;
        }
        if clock >= until.time {
            self.turn = Some((cpu, limit));
            self.time = self.time.max(until.time);
            return Some(Why::Time);
        }
        self.time = self.time.max(clock);
        let slice_end = self.tables.cpus[at].slice_end;
        let deferred = self.has_deferred(cpu);
        if slice_end <= clock && !(deferred && self.finish_before_quantum()) {
            self.tables.cpus[at].resched.get_or_insert(Leave::Slice);
        }
        // What is due at this very moment comes after this CPU's trap: let it do that one.
        let soon = Time(clock.0.saturating_add(1));
        let own = event.min(limit).max(soon);
        self.run_cpu(cpu, own.min(until.time).max(soon));
        // Where a run stops must not matter. So a turn that `until` cut short goes on in the next run, and
        // ends where it would have ended.
        let over = self.cx.disturbed || self.tables.cpus[at].clock >= own;
        self.turn = if over { None } else { Some((cpu, limit)) };
        None
    }

    /// Whose turn it is, and how far that CPU may go before another one must catch up.
    fn turn(&mut self, event: Time) -> Option<(CpuId, Time)> {
        if let Some((cpu, limit)) = self.turn.take() {
            let state = &self.tables.cpus[usize::from(cpu.0)];
            if state.is_busy() && event > state.clock {
                return Some((cpu, limit));
            }
        }
        let cpu = self.next_cpu(event)?;
        Some((cpu, self.others_horizon(cpu)))
    }

    /// The busy CPU whose clock is furthest behind, the lowest number first. An explorer may choose
    /// another one: then those behind it wait until its time.
    fn next_cpu(&mut self, event: Time) -> Option<CpuId> {
        let cpus = &self.tables.cpus;
        if cpus.len() == 1 {
            return cpus[0].is_busy().then_some(CpuId(0));
        }
        let busy = cpus.iter().enumerate().filter(|(_, cpu)| cpu.is_busy());
        let (first, clock) = busy.map(|(n, cpu)| (n, cpu.clock)).min_by_key(|&(n, c)| (c, n))?;
        if !self.explore || event <= clock {
            return Some(CpuId(first as u16));
        }
        let mut order: Vec<usize> = (0..cpus.len()).filter(|&n| cpus[n].is_busy()).collect();
        order.sort_by_key(|&n| (cpus[n].clock, n));
        let chosen = order[self.cx.engine.chooser.choose(Choice::Cpu, order.len())];
        let clock = self.tables.cpus[chosen].clock;
        for cpu in &mut self.tables.cpus {
            cpu.clock = cpu.clock.max(clock);
        }
        Some(CpuId(chosen as u16))
    }

    /// How far a CPU may go before another busy one must catch up.
    fn others_horizon(&self, cpu: CpuId) -> Time {
        let me = usize::from(cpu.0);
        let others = self.tables.cpus.iter().enumerate();
        let others = others.filter(|(n, other)| *n != me && other.is_busy());
        // At equal clocks the lower number goes first, so it may start what begins at that very time.
        let limit = others.map(|(n, other)| {
            let until = self.undisturbing_until(other);
            until + self.config.interleave + Duration(u64::from(me < n))
        });
        limit.min().unwrap_or(Time::MAX)
    }

    /// Until when a CPU will do nothing that others could notice: while its thread does nothing but compute, until
    /// that is done, or its slice is over.
    pub(super) fn undisturbing_until(&self, cpu: &Cpu) -> Time {
        let thread = cpu.current.and_then(|thread| self.tables.proc.threads.get(thread));
        let quiet = thread.filter(|thread| {
            !self.explore && !thread.signalled && thread.deferred.is_none() && cpu.resched.is_none()
        });
        let computes = quiet.and_then(|thread| thread.computing);
        computes.map_or(cpu.clock, |left| (cpu.clock + left).min(cpu.slice_end.max(cpu.clock)))
    }

    fn has_deferred(&self, cpu: CpuId) -> bool {
        let current = self.tables.cpus[usize::from(cpu.0)].current;
        let thread = current.and_then(|thread| self.tables.proc.threads.get(thread));
        thread.is_some_and(|thread| thread.deferred.is_some())
    }

    fn finish_before_quantum(&self) -> bool {
        self.cx.dialect.rank(Phase::Finish) < self.cx.dialect.rank(Phase::Quantum)
    }

    /// Whether the event due at `event` comes before what a CPU does at `clock`, or the end of its slice.
    fn event_is_first(&mut self, cpu: CpuId, event: Time, clock: Time) -> bool {
        if event < clock {
            return true;
        }
        let phase = self.cx.engine.agenda.peek().map_or(0, |key: Key| key.phase);
        let state = &self.tables.cpus[usize::from(cpu.0)];
        let Some(thread) = state.current.and_then(|id| self.tables.proc.threads.get(id)) else {
            return true; // who is next is decided last of all
        };
        let own = if thread.deferred.is_some() {
            Phase::Finish
        } else if state.slice_end <= clock {
            Phase::Quantum
        } else if state.resched.is_none() && thread.computing.is_some_and(|l| l > Duration::ZERO) {
            return true; // it does nothing at this very moment
        } else {
            Phase::Finish
        };
        phase < self.cx.dialect.rank(own)
    }

    /// The next event on the agenda happens.
    fn happen(&mut self) {
        if let Some((key, due)) = self.cx.engine.agenda.pop() {
            self.time = self.time.max(key.time);
            self.cx.now = key.time;
            interrupt::happen(&mut self.tables, &mut self.cx, due);
        }
    }

    /// Counts traps that used no time; stops the run when there are too many.
    #[inline]
    pub(super) fn watch_progress(&mut self, before: Time, after: Time) {
        if after > before {
            self.stalled = 0;
            return;
        }
        self.stalled += 1;
        if self.stalled > 1_000_000 {
            self.cx.emit(Event::Machine(MachineEvent::NoProgress));
            self.stop = Some(Why::NoProgress(self.cx.serial, after));
        }
    }
}
