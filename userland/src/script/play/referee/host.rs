//! A plan on the host's own kernel: the same steps in the same order, made by real processes.
//!
//! What comes back is an [`Observed`] like that of the emulated machine, so that one printer and one comparison serve
//! both. Lines that share no order cannot be played so: their tasks run one at a time here.
//!
//! What cannot be seen without tracing the processes is taken from the emulated run, where it does no harm: by
//! which of its codes (ERESTARTSYS and its kin) the kernel remembers a call that a signal interrupted.

use super::runner::{HostError, Runner, hex, unhex};
use crate::script::play::keys::Key;
use crate::script::play::lower::Expr;
use crate::script::play::observe::{Observed, Seen, Taken};
use crate::script::play::plan::{Act, CallStep, Plan, Step, What};
use crate::script::play::{ARENA_PAGES, DATA};
use crate::script::printer::{CallText, Style, signal_info};
use oscope_kernel::abi::call::{self, Argument, extent, looks};
use oscope_kernel::abi::{Errno, nr};
use oscope_kernel::base::Time;
use oscope_kernel::event::look::Eye;
use oscope_kernel::event::{Bytes, CallEvent, Moment, picture};
use oscope_kernel::proc::Limits;
use serde_json::{Value, json};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

/// How long a call may wait, in milliseconds, that nobody is said to wake.
const PATIENCE: u64 = 100;
/// The same for calls that time wakes, if they came back on the emulated machine.
const LONG_PATIENCE: u64 = 3000;
/// These calls, and those that wait for a child that time ends.
const TIMED: [u16; 11] = [
    nr::NANOSLEEP,
    nr::CLOCK_NANOSLEEP,
    nr::PPOLL,
    nr::PSELECT6,
    nr::EPOLL_PWAIT,
    nr::EPOLL_PWAIT2,
    nr::FUTEX,
    nr::RT_SIGTIMEDWAIT,
    nr::RT_SIGSUSPEND,
    nr::WAIT4,
    nr::WAITID,
];
/// Resources that have limits (RLIM_NLIMITS).
const RESOURCES: u32 = 16;

/// What the host did with a plan.
pub(super) struct Run {
    pub(super) seen: Observed,
    /// Lines that were not made, and why.
    pub(super) skipped: BTreeMap<usize, String>,
    /// Lines at whose calls a signal killed or stopped their task.
    pub(super) silent: BTreeSet<usize>,
    /// Why nothing was done behind some line.
    pub(super) stopped: Option<(usize, String)>,
}

/// A call under way.
#[derive(Clone, Debug)]
struct Open {
    line: usize,
    number: u16,
    words: [u64; 6],
    /// What was seen behind its pointers.
    regions: Vec<u8>,
    /// A handler has begun meanwhile.
    interrupted: bool,
}

/// A task of the plan, as it is on the host.
#[derive(Clone, Debug, Default)]
struct Task {
    /// Its number with the runner, once it lives.
    id: Option<u64>,
    /// The step that comes next.
    next: usize,
    /// Calls under way, by how many handlers they are within.
    open: BTreeMap<u64, Open>,
    /// The step of a signal whose handler began last.
    taken: Option<usize>,
    /// How many handlers are under way.
    depth: u64,
    ended: bool,
}

struct Host<'a> {
    plan: &'a Plan,
    emulated: &'a Observed,
    runner: &'a RefCell<&'a mut Runner>,
    known: BTreeMap<Key, u64>,
    tasks: Vec<Task>,
    run: Run,
    style: Style,
}

/// Plays a plan on the host.
pub(super) fn play(
    plan: &Plan,
    emulated: &Observed,
    runner: &mut Runner,
) -> Result<Run, HostError> {
    let limits = Limits::default();
    let limits = (0..RESOURCES).filter_map(|resource| {
        let limit = limits.get(resource)?;
        Some(json!([resource, limit.soft, limit.hard]))
    });
    let begin = json!({
        "arena": [DATA, u64::from(ARENA_PAGES) * 4096],
        "limits": limits.collect::<Vec<_>>(),
        "directory": "/",
        "handlers": "stay",
        "init": true,
        "name": "script",
    });
    let begun = runner.ask(&json!({ "begin": begin }))?;
    let mut tasks = vec![Task::default(); plan.tasks.len()];
    let lines = vec![Seen::default(); plan.lines.len()];
    let seen = Observed { lines, ..Observed::default() };
    let run = Run { seen, skipped: BTreeMap::new(), silent: BTreeSet::new(), stopped: None };
    let mut known = BTreeMap::new();
    let pid = begun.get("pid").and_then(Value::as_u64).unwrap_or(1);
    if let (Some(root), Some(task)) = (tasks.first_mut(), plan.tasks.first()) {
        root.id = Some(1);
        known.extend(task.key.map(|key| (key, pid)));
    }
    let runner = RefCell::new(runner);
    let style = Style { strings: usize::MAX, ..Style::default() };
    let mut host = Host { plan, emulated, runner: &runner, known, tasks, run, style };
    host.run.seen.tids.insert(0, pid as u32);
    host.all()?;
    Ok(host.run)
}

/// What became of a step.
enum Done {
    Yes,
    /// The host does not go on behind it.
    Stop(String),
}

impl Host<'_> {
    /// All steps, by their turns.
    fn all(&mut self) -> Result<(), HostError> {
        // Expectations are about the emulated machine; nobody shall miss them here.
        for (line, seen) in self.plan.lines.iter().zip(&mut self.run.seen.lines) {
            if matches!(line.what, What::Expect(_)) {
                seen.found = Some((String::new(), true));
            }
        }
        let mut order: Vec<(u64, usize, usize)> = Vec::new();
        for (task, known) in self.plan.tasks.iter().enumerate() {
            let steps = known.steps.iter().enumerate();
            order.extend(steps.filter_map(|(at, step)| Some((step.turn?, task, at))));
        }
        order.sort_unstable();
        for (_, task, at) in order {
            let Some(step) = self.plan.tasks[task].steps.get(at) else { continue };
            let state = &mut self.tasks[task];
            state.next = at + 1;
            let Some(id) = state.id.filter(|_| !state.ended) else { continue };
            if let Done::Stop(why) = self.step(task, id, step)? {
                self.run.stopped = Some((step.line, why));
                return Ok(());
            }
        }
        self.run.seen.finished = true;
        Ok(())
    }

    fn step(&mut self, task: usize, id: u64, step: &Step) -> Result<Done, HostError> {
        if let Done::Stop(why) = self.come_back(task, id)? {
            return Ok(Done::Stop(why));
        }
        if self.tasks[task].ended {
            return Ok(Done::Yes);
        }
        self.run.seen.lines[step.line].reached = true;
        match &step.act {
            Act::Call(call) => return self.call(task, id, step.line, call),
            Act::Touch(address) => {
                let address = self.value(*address);
                self.told(&json!({ "task": id, "store": [address, 1] }), None)?;
            }
            Act::Load(address, key) => {
                let address = self.value(*address);
                self.told(&json!({ "task": id, "load": address }), None)?;
                let bytes = self.runner.borrow_mut().read(id, address, 4).unwrap_or_default();
                let value = bytes.iter().rev().fold(0, |word, &byte| word << 8 | u64::from(byte));
                self.run.seen.lines[step.line].loaded = Some(value);
                self.known.extend(key.map(|key| (key, value)));
            }
            Act::Store(address, value) => {
                let (address, value) = (self.value(*address), self.value(*value) as u32);
                let bytes = hex(&value.to_le_bytes());
                let store = json!([address, value & 0xff]);
                let request = json!({ "task": id, "store": store, "memory": [[address, bytes]] });
                self.told(&request, None)?;
            }
            Act::Return if self.tasks[task].depth > 0 => {
                self.give_back(task, id, Some(step.line))?;
            }
            // The order of lines is kept by this loop; time is the host's own.
            Act::Return
            | Act::Turn
            | Act::Signal { .. }
            | Act::Compute(_)
            | Act::Join(_)
            | Act::Rest => {}
        }
        Ok(Done::Yes)
    }

    /// A task's next line comes when its call has come back: waits for it.
    fn come_back(&mut self, task: usize, id: u64) -> Result<Done, HostError> {
        let depth = self.tasks[task].depth;
        let Some(open) = self.tasks[task].open.get(&depth) else { return Ok(Done::Yes) };
        let patience = self.patience(open.number, open.line);
        self.told(&json!({ "wait": id, "patience": patience }), None)?;
        let state = &self.tasks[task];
        let waits = state.open.contains_key(&depth) && state.depth == depth && !state.ended;
        let why = "a call waits that nobody wakes";
        Ok(if waits { Done::Stop(why.to_owned()) } else { Done::Yes })
    }

    fn patience(&self, number: u16, line: usize) -> u64 {
        let comes_back = self.emulated.lines.get(line).is_some_and(|seen| seen.call.is_some());
        if comes_back && TIMED.contains(&number) { LONG_PATIENCE } else { PATIENCE }
    }

    fn value(&self, expr: Expr) -> u64 {
        expr.value(|key| self.known.get(&key).copied().unwrap_or(0))
    }

    fn call(
        &mut self,
        task: usize,
        id: u64,
        line: usize,
        call: &CallStep,
    ) -> Result<Done, HostError> {
        let lowered = &call.lowered;
        let words = lowered.words.map(|word| self.value(word));
        let mut memory = Vec::new();
        for poke in &lowered.pokes {
            let mut bytes = poke.bytes.to_vec();
            for &(at, width, expr) in &poke.patches {
                let value = self.value(expr).to_le_bytes();
                let places = bytes.iter_mut().skip(at as usize).take(usize::from(width));
                for (place, byte) in places.zip(value) {
                    *place = byte;
                }
            }
            memory.push(json!([poke.address, hex(&bytes)]));
        }
        // What goes in lies in memory before the call is looked at.
        if !memory.is_empty() {
            let request = json!({ "task": id, "load": DATA, "memory": memory });
            self.told(&request, None)?;
        }
        let mut open =
            Open { line, number: lowered.number, words, regions: Vec::new(), interrupted: false };
        self.look(id, &mut open, None);
        let depth = self.tasks[task].depth;
        self.tasks[task].open.insert(depth, open);
        let patience = if call.hands_over { 0 } else { self.patience(lowered.number, line) };
        let request = json!({
            "task": id, "number": lowered.number, "arguments": words, "patience": patience,
        });
        let answer = self.told(&request, call.child)?;
        if let Some(why) = answer.get("refused").and_then(Value::as_str) {
            self.tasks[task].open.remove(&depth);
            self.run.skipped.insert(line, why.to_owned());
            let goes = matches!(lowered.number, nr::EXECVE | nr::EXECVEAT);
            return Ok(if goes { Done::Stop(why.to_owned()) } else { Done::Yes });
        }
        if let Some(open) = self.tasks[task].open.get(&depth) {
            let text = self.text(open, None);
            let begun = format!("{}({}{})", text.name, text.before, text.after);
            self.run.seen.lines[line].begun = Some(begun);
        }
        Ok(Done::Yes)
    }

    /// Keeps what numbers a call brought.
    fn take(&mut self, id: u64, open: &Open, result: i64) {
        let task = self.plan.lines[open.line].task;
        let mut steps = self.plan.tasks[task].steps.iter();
        let step = steps.find_map(|step| match &step.act {
            Act::Call(call) if step.line == open.line => Some(call),
            _ => None,
        });
        let Some(step) = step else { return };
        let fails = Errno::from_result(result).is_some();
        let told = step.lowered.answers.filter(|_| !fails).map(|answer| self.value(answer));
        let told = told.unwrap_or(result.cast_unsigned());
        self.known.extend(step.result.map(|key| (key, told)));
        for take in &step.lowered.takes {
            let mut value = result.cast_unsigned();
            if !fails {
                let width = usize::from(take.width).min(8);
                let bytes = self.runner.borrow_mut().read(id, take.address, width);
                let bytes = bytes.unwrap_or_default();
                value = bytes.iter().rev().fold(0, |word, &byte| word << 8 | u64::from(byte));
            }
            self.known.insert(take.key, value);
        }
    }

    /// A handler returns, at a line of the script or of itself; what it interrupted goes on.
    fn give_back(&mut self, task: usize, id: u64, line: Option<usize>) -> Result<(), HostError> {
        let state = &mut self.tasks[task];
        state.depth = state.depth.saturating_sub(1);
        let depth = state.depth;
        let was_open = state.open.get(&depth).map(|open| open.line);
        self.told(&json!({ "task": id, "number": nr::RT_SIGRETURN, "arguments": [] }), None)?;
        let Some(line) = line else { return Ok(()) };
        let is_over = was_open.filter(|_| !self.tasks[task].open.contains_key(&depth));
        let call = is_over.and_then(|line| self.run.seen.lines[line].call.as_deref());
        let ended =
            call.is_some_and(|call| call.contains("= ? ERESTART") || call.contains("EINTR"));
        let result = if ended { "-1 EINTR (Interrupted system call)" } else { "0" };
        self.run.seen.lines[line].returned = Some(format!("rt_sigreturn({{}}) = {result}"));
        Ok(())
    }

    /// Asks the runner, and takes in what it tells of all tasks. `child` is who a new task is.
    fn told(&mut self, request: &Value, child: Option<usize>) -> Result<Value, HostError> {
        let answer = self.runner.borrow_mut().ask(request)?;
        let own = request.get("number").is_some() || request.get("wait").is_some();
        if own && answer.get("result").is_some() {
            self.event(&answer, child)?;
        }
        let events = answer.get("events").and_then(Value::as_array);
        for event in events.map_or(&[][..], Vec::as_slice) {
            self.event(event, child)?;
        }
        Ok(answer)
    }

    fn event(&mut self, event: &Value, child: Option<usize>) -> Result<(), HostError> {
        let number = |name: &str| event.get(name).and_then(Value::as_u64);
        let Some(id) = number("task") else { return Ok(()) };
        if event.get("new").is_some() {
            return self.born(id, number("pid").unwrap_or(0), child);
        }
        let Some(task) = self.tasks.iter().position(|task| task.id == Some(id)) else {
            return Ok(());
        };
        if let Some(result) = event.get("result").and_then(Value::as_i64) {
            let depth = number("depth").unwrap_or(0);
            if let Some(open) = self.tasks[task].open.remove(&depth) {
                self.over(id, open, result);
            }
        } else if let Some(signal) = number("signal") {
            self.signal(task, id, signal as u8, event)?;
        } else if let Some(status) = number("exited") {
            self.end(task, (status as u32) << 8);
        } else if let Some(signal) = number("killed") {
            self.end(task, signal as u32);
        } else if event.get("stopped").is_some() {
            self.run.silent.extend(self.tasks[task].open.values().map(|open| open.line));
        } else if event.get("ended").is_some() {
            self.tasks[task].ended = true;
        }
        Ok(())
    }

    fn end(&mut self, task: usize, status: u32) {
        self.tasks[task].ended = true;
        self.run.seen.ends.insert(task, status);
        for open in std::mem::take(&mut self.tasks[task].open).into_values() {
            if matches!(open.number, nr::EXIT | nr::EXIT_GROUP) {
                self.run.seen.lines[open.line].call = Some(self.text(&open, Some(0)).line());
            } else {
                self.run.silent.insert(open.line);
            }
        }
    }

    /// A new task: one of the script's, or one that it has no lines for, which ends at once.
    fn born(&mut self, id: u64, pid: u64, child: Option<usize>) -> Result<(), HostError> {
        let Some(child) = child else {
            let request = json!({ "task": id, "number": nr::EXIT, "arguments": [0] });
            self.told(&request, None)?;
            return Ok(());
        };
        let known = &self.plan.tasks[child];
        self.known.extend(known.key.map(|key| (key, pid)));
        self.tasks[child] = Task { id: Some(id), ..Task::default() };
        self.run.seen.tids.insert(child, pid as u32);
        Ok(())
    }

    /// A handler has begun.
    fn signal(&mut self, task: usize, id: u64, signal: u8, event: &Value) -> Result<(), HostError> {
        let info = event.get("info").and_then(Value::as_str).and_then(unhex).unwrap_or_default();
        let info = signal_info(&info);
        let taken = Taken { signal, info, handled: true, late: false, told: false };
        self.run.seen.signals.entry(task).or_default().push(taken);
        let state = &mut self.tasks[task];
        if let Some(open) = state.open.get_mut(&state.depth) {
            open.interrupted = true;
        }
        state.depth += 1;
        // The handler's lines follow in the script, or it has none.
        // Its own step may be the one that is waiting for it.
        let steps = &self.plan.tasks[task].steps;
        // Between the call and it may stand the line on which the call comes back.
        let comes_back = steps.get(state.next).is_some_and(|step| matches!(step.act, Act::Turn));
        let behind = comes_back.then_some(state.next + 1);
        let mut near = [state.next.checked_sub(1), Some(state.next), behind].into_iter().flatten();
        let place = near.find(|&at| {
            state.taken != Some(at)
                && steps.get(at).is_some_and(|step| {
                    matches!(step.act, Act::Signal { number, handled: true } if number == signal)
                })
        });
        state.taken = place.or(state.taken);
        let is_next = place.is_some();
        if is_next { Ok(()) } else { self.give_back(task, id, None) }
    }

    /// A call has come back.
    fn over(&mut self, id: u64, mut open: Open, result: i64) {
        self.look(id, &mut open, Some(result));
        self.take(id, &open, result);
        let text = self.text(&open, Some(result));
        let emulated = self.emulated.lines.get(open.line).and_then(|seen| seen.call.as_deref());
        let code = emulated.and_then(|call| Some(call.rsplit_once(" = ? ERESTART")?.1));
        let mut line = open.line;
        if let Some(code) = code.filter(|_| open.interrupted) {
            let CallText { name, before, after, .. } = &text;
            let interrupted = format!("{name}({before}{after}) = ? ERESTART{code}");
            if result == -i64::from(Errno::EINTR.number()) {
                self.run.seen.lines[line].call = Some(interrupted);
                return;
            }
            // It was made again: that is another line, if the script has one.
            let begun = self.text(&open, None);
            let interrupted =
                format!("{}({}{}) = ? ERESTART{code}", name, begun.before, begun.after);
            self.run.seen.lines[line].call = Some(interrupted);
            line = match self.plan.again.get(&line) {
                Some(again) => *again,
                None => return,
            };
        }
        self.run.seen.lines[line].call = Some(text.line());
        self.run.seen.lines[line].reached = true;
    }

    fn text(&self, open: &Open, result: Option<i64>) -> CallText {
        let (number, entered, detail) = (open.number, Time::ZERO, Bytes::default());
        let event = match result {
            Some(result) => CallEvent::Done { number, entered, result, restart: None, detail },
            None => CallEvent::Wait { number, entered, restart: None, detail },
        };
        let detail = [&picture::words(&open.words)[..], &open.regions].concat();
        CallText::with(&event, &detail, &self.style)
    }

    /// Looks behind a call's pointers, before it or after it.
    fn look(&self, id: u64, open: &mut Open, result: Option<i64>) {
        let (before, after) = looks(open.number.into());
        let moment = if result.is_none() { Moment::Before } else { Moment::After };
        let mask = if result.is_none() { before } else { after };
        let arguments = call::lookup(open.number).map_or(&[][..], |call| call.arguments);
        let peek = |address, length, bytes: &mut Vec<u8>| {
            let read = self.runner.borrow_mut().read(id, address, length).unwrap_or_default();
            bytes.extend_from_slice(&read);
            read.len()
        };
        let mut eye = Eye::new(peek, moment, &mut open.regions);
        for (at, Argument { kind, .. }) in arguments.iter().enumerate() {
            if mask >> at & 1 == 0 {
                continue;
            }
            match result {
                None => eye.follow(open.words[at], extent::before(kind, at, &open.words)),
                Some(result) => eye.follow_after(kind, at, &open.words, result),
            }
        }
    }
}
