//! What became of a script, read off the log: which call each line made, which signals came, who ended how.

use super::plan::{Act, Order, Plan, What};
use super::question::UNTOLD;
use crate::predicate::{self, Predicate, Who};
use crate::script::expect::{Count, Expectation, Standing};
use crate::script::printer::{CallText, Style};
use oscope_kernel::abi::probe;
use oscope_kernel::base::{Serial, Time};
use oscope_kernel::event::{
    CallEvent, Event, Leave, Log, MemoryEvent, Record, SchedEvent, TaskEvent,
};
use std::collections::{BTreeMap, BTreeSet};

/// A signal that a task took.
#[derive(Clone, Debug)]
pub(super) struct Taken {
    pub(super) signal: u8,
    /// `{si_signo=…}`.
    pub(super) info: String,
    /// Whether a handler took it.
    pub(super) handled: bool,
    /// Whether the last line had begun by then.
    pub(super) late: bool,
    /// Whether it has been given to a line.
    pub(super) told: bool,
}

/// What is known of a line.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    /// Whether its task came to it.
    pub(super) reached: bool,
    /// Its call, as `name(arguments) = result`.
    pub(super) call: Option<String>,
    /// The call has begun, and nothing else is known.
    pub(super) begun: Option<String>,
    /// The handler's return, likewise.
    pub(super) returned: Option<String>,
    /// The word that it loaded.
    pub(super) loaded: Option<u64>,
    /// For an expectation: what was found, and whether that is right.
    pub(super) found: Option<(String, bool)>,
}

/// What happened.
#[derive(Debug, Default)]
pub(super) struct Observed {
    pub(super) lines: Vec<Seen>,
    /// The numbers that the tasks have here, by their place in the plan.
    pub(super) tids: BTreeMap<usize, u32>,
    pub(super) signals: BTreeMap<usize, Vec<Taken>>,
    /// The signals that were sent to each task and that it ignored.
    pub(super) discarded: BTreeMap<usize, Vec<u8>>,
    pub(super) ends: BTreeMap<usize, u32>,
    /// Who ended when the last line had begun.
    pub(super) late: BTreeSet<usize>,
    /// Whether the last line has begun.
    pub(super) finished: bool,
}

/// A task of the machine.
#[derive(Clone, Debug)]
struct Living {
    name: String,
    tid: u32,
    pid: u32,
    /// Which task of the script it is.
    task: Option<usize>,
    line: Option<usize>,
    standing: Standing,
}

/// An expectation that is being watched.
struct Watched<'p> {
    line: usize,
    expectation: &'p Expectation,
    count: u64,
}

struct Observer<'p> {
    plan: &'p Plan,
    out: Observed,
    living: BTreeMap<Serial, Living>,
    by_tid: BTreeMap<u32, Serial>,
    watched: Vec<Watched<'p>>,
    /// The line with the last turn.
    last: Option<usize>,
    figures: [u64; 5],
    now: Time,
    style: Style,
}

impl Observed {
    /// Reads a log.
    pub(super) fn of(plan: &Plan, log: &Log) -> Self {
        let lines = plan.lines.iter().enumerate();
        let watched = lines.filter_map(|(line, known)| match &known.what {
            What::Expect(expectation) => Some(Watched { line, expectation, count: 0 }),
            _ => None,
        });
        let mut observer = Observer {
            plan,
            out: Self { lines: vec![Seen::default(); plan.lines.len()], ..Self::default() },
            living: BTreeMap::new(),
            by_tid: BTreeMap::new(),
            watched: watched.collect(),
            last: plan.last_line(),
            figures: [0; 5],
            now: Time::ZERO,
            style: Style { strings: usize::MAX, ..Style::default() },
        };
        for (number, record) in log.since(0) {
            observer.record(log, number, record);
        }
        observer.settle(usize::MAX);
        observer.out
    }
}

impl Observer<'_> {
    fn record(&mut self, log: &Log, number: u64, record: &Record) {
        self.now = self.now.max(record.stamp.time);
        let serial = record.stamp.thread;
        match record.event {
            Event::Task(event) => self.task(log, number, serial, event),
            Event::Sched(event) => self.sched(serial, event),
            Event::Call(event) => self.call(log, number, serial, event),
            Event::Memory(MemoryEvent::Fault { .. }) => self.figures[2] += 1,
            _ => {}
        }
        self.watch(number, record);
    }

    fn task(&mut self, log: &Log, number: u64, serial: Serial, event: TaskEvent) {
        match event {
            TaskEvent::Start { child, tid, pid, name } => {
                self.figures[4] += 1;
                self.by_tid.insert(tid, child);
                let (name, task, line) = (log.name(name).to_owned(), None, None);
                let standing = Standing::Ready;
                self.living.insert(child, Living { name, tid, pid, task, line, standing });
                self.made(serial, child, tid);
            }
            TaskEvent::Exec { name } => {
                if let Some(living) = self.living.get_mut(&serial) {
                    log.name(name).clone_into(&mut living.name);
                }
            }
            TaskEvent::Mark { fact, value } if u64::from(fact) == probe::LINE => {
                self.mark(serial, value);
            }
            TaskEvent::Mark { fact, value } if u64::from(fact) == probe::LOADED => {
                let line = self.living.get(&serial).and_then(|living| living.line);
                if let Some(seen) = line.and_then(|line| self.out.lines.get_mut(line)) {
                    seen.loaded = Some(value);
                }
            }
            TaskEvent::Deliver { signal, handled, info } => {
                self.figures[3] += 1;
                let info = crate::script::printer::signal_info(log.bytes(number, info));
                if let Some(task) = self.living.get(&serial).and_then(|living| living.task) {
                    let late = self.out.finished;
                    let taken = Taken { signal, info, handled, late, told: false };
                    self.out.signals.entry(task).or_default().push(taken);
                }
            }
            TaskEvent::Discard { target, signal, .. } => {
                if let Some(task) = self.living.get(&target).and_then(|living| living.task) {
                    self.out.discarded.entry(task).or_default().push(signal);
                }
            }
            TaskEvent::Exit { status } => {
                let Some(living) = self.living.get_mut(&serial) else { return };
                let is_first = living.tid == living.pid;
                living.standing = if is_first { Standing::Zombie } else { Standing::Gone };
                if let Some(task) = living.task {
                    self.out.ends.insert(task, status);
                    if self.out.finished {
                        self.out.late.insert(task);
                    }
                }
            }
            TaskEvent::Reap { pid } => {
                let reaped = self.by_tid.get(&pid).and_then(|serial| self.living.get_mut(serial));
                if let Some(living) = reaped {
                    living.standing = Standing::Gone;
                }
            }
            _ => {}
        }
    }

    /// A task was made: by a line whose task it then is.
    fn made(&mut self, parent: Serial, child: Serial, tid: u32) {
        let parent = self.living.get(&parent).and_then(|parent| parent.task.zip(parent.line));
        let Some((task, line)) = parent else { return };
        let mut steps = self.plan.tasks[task].steps.iter().filter(|step| step.line == line);
        let made = steps.find_map(|step| match &step.act {
            Act::Call(call) => call.child,
            _ => None,
        });
        if let (Some(made), Some(living)) = (made, self.living.get_mut(&child)) {
            living.task = Some(made);
            self.out.tids.insert(made, tid);
        }
    }

    /// A task came to a line.
    fn mark(&mut self, serial: Serial, value: u64) {
        if value == UNTOLD {
            return;
        }
        let line = match value {
            u64::MAX => usize::MAX,
            _ => (value >> 32) as usize,
        };
        // What was expected before this line must have come true by now.
        if self.plan.order == Order::Lines || line == usize::MAX {
            self.settle(line);
        }
        let Some(known) = self.plan.lines.get(line) else {
            self.out.finished = true;
            return;
        };
        self.out.lines[line].reached = true;
        self.out.finished |= self.last == Some(line);
        let Some(living) = self.living.get_mut(&serial) else { return };
        living.line = Some(line);
        if living.task.is_none() {
            living.task = Some(known.task);
            self.out.tids.insert(known.task, living.tid);
        }
    }

    fn call(&mut self, log: &Log, number: u64, serial: Serial, event: CallEvent) {
        let Some(line) = self.living.get(&serial).and_then(|living| living.line) else { return };
        let text = CallText::of(log, number, &event, &self.style);
        if let CallEvent::Wait { .. } = event {
            let line = if self.is_over(line) { self.again(line) } else { Some(line) };
            if let Some(seen) = line.and_then(|line| self.out.lines.get_mut(line)) {
                seen.begun = Some(format!("{}({}{})", text.name, text.before, text.after));
                seen.reached = true;
            }
            return;
        }
        self.figures[1] += 1;
        if text.name == "rt_sigreturn" {
            // The end of a handler, at its own line.
            self.out.lines[line].returned = Some(text.line());
            return;
        }
        // Made again after a signal: that is another line.
        let line = if self.is_over(line) { self.again(line) } else { Some(line) };
        if let Some(seen) = line.and_then(|line| self.out.lines.get_mut(line)) {
            seen.call = Some(text.line());
            seen.reached = true;
        }
    }

    /// Whether a line has had its call, or has none: a handler's return.
    fn is_over(&self, line: usize) -> bool {
        let is_return = || {
            let task = self.plan.lines[line].task;
            let mut steps = self.plan.tasks[task].steps.iter();
            steps.any(|step| step.line == line && matches!(step.act, Act::Return))
        };
        self.out.lines[line].call.is_some() || is_return()
    }

    /// The line at which a call goes on that a signal had ended, at `line` or before a handler that `line` is part of.
    fn again(&self, line: usize) -> Option<usize> {
        let task = self.plan.lines[line].task;
        let before = self.plan.again.range(..=line).rev();
        let mut again = before.filter(|(ended, again)| {
            self.plan.lines[**ended].task == task && self.out.lines[**again].call.is_none()
        });
        again.next().map(|(_, again)| *again)
    }

    fn sched(&mut self, serial: Serial, event: SchedEvent) {
        match event {
            SchedEvent::Switch { from, to, why } => {
                self.figures[0] += 1;
                if let Some(living) = self.living.get_mut(&from) {
                    match why {
                        Leave::Stopped => living.standing = Standing::Stopped,
                        _ if why.is_still_ready() => living.standing = Standing::Ready,
                        _ => {}
                    }
                }
                if let Some(living) = self.living.get_mut(&to) {
                    living.standing = Standing::Running;
                }
            }
            SchedEvent::Ready { thread, .. } => {
                if let Some(living) = self.living.get_mut(&thread) {
                    living.standing = Standing::Ready;
                }
            }
            SchedEvent::Block { .. } => {
                if let Some(living) = self.living.get_mut(&serial) {
                    living.standing = Standing::Sleeping;
                }
            }
            SchedEvent::Priority { .. } => {}
        }
    }

    /// Counts an event for all that wait for such.
    fn watch(&mut self, number: u64, record: &Record) {
        if self.watched.is_empty() {
            return;
        }
        let who = |serial: Serial| {
            let living = self.living.get(&serial)?;
            Some(Who { name: &living.name, tid: living.tid, pid: living.pid })
        };
        let facts = predicate::facts("box", number, record, who);
        for watched in &mut self.watched {
            if let Expectation::Events(_, predicate) = watched.expectation
                && Predicate::holds(predicate, &facts)
            {
                watched.count += 1;
            }
        }
    }

    /// Judges all expectations that stand before a line.
    fn settle(&mut self, line: usize) {
        let due = self.watched.iter().take_while(|watched| watched.line < line).count();
        let due: Vec<Watched<'_>> = self.watched.drain(..due).collect();
        for watched in due {
            let found = match watched.expectation {
                Expectation::Events(count, _) => {
                    let n = watched.count;
                    let right = match *count {
                        Count::AtLeast(wanted) => n >= wanted,
                        Count::AtMost(wanted) => n <= wanted,
                        Count::Exactly(wanted) => n == wanted,
                    };
                    let s = if n == 1 { "" } else { "s" };
                    (format!("{n} such event{s} so far"), right)
                }
                Expectation::State(who, wanted) => {
                    let standing = self.standing(who);
                    (format!("{who} is {}", standing.name()), standing == *wanted)
                }
                Expectation::Metric(name, op, wanted) => {
                    let value = self.figure(name);
                    let shown = match *name {
                        "time" => Time(value).to_string(),
                        _ => value.to_string(),
                    };
                    let right = predicate::compare(value.into(), *op, (*wanted).into());
                    (format!("{name} is {shown}"), right)
                }
            };
            self.out.lines[watched.line].found = Some(found);
            self.out.lines[watched.line].reached = true;
        }
    }

    fn standing(&self, who: &str) -> Standing {
        let label = who.trim_start_matches('$');
        let task = self.plan.tasks.iter().position(|task| task.label == who || task.label == label);
        let living = self.living.values().rev().find(|living| match task {
            Some(task) => living.task == Some(task),
            None => who.parse() == Ok(living.tid),
        });
        living.map_or(Standing::Gone, |living| living.standing)
    }

    fn figure(&self, name: &str) -> u64 {
        match name {
            "switches" => self.figures[0],
            "calls" => self.figures[1],
            "faults" => self.figures[2],
            "signals" => self.figures[3],
            "tasks" => self.figures[4],
            _ => self.now.0,
        }
    }
}
