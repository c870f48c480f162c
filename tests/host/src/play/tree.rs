//! The runner's side: a tree of tasks that carry out commands, and how to know that all of them have come to rest.
//!
//! A call has an answer, or it waits, and both can only be told when nobody runs any more: the process that a
//! signal was sent to has to take it first. So after every command the runner looks at all tasks until each of them
//! sleeps, is stopped or has ended. A task that sleeps is in its call if its frame says RUNNING, and waits for a
//! command otherwise. Nothing depends on how long anything takes, but that a task that runs for
//! [`LIMIT`] is given up.

use super::control::{Control, DEPTH, DONE, Frame, IDLE, INFO, POSTED, RECORDS, RUNNING, Slot};
use super::control::{STACK, TASKS};
use super::first::{self, Setup};
use super::guard::Guard;
use super::isolate::{self, Isolation};
use super::numbers::Kind;
use super::raw;
use super::watch::{self, End, State, Watch};
use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::mem::size_of;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Release};
use std::time::{Duration, Instant};

/// After this time of running without rest, something is wrong.
const LIMIT: Duration = Duration::from_secs(5);
/// How long the runner sleeps at most while a task runs, and while all rest and one is waited for.
const GLANCE: Duration = Duration::from_micros(100);
const LOOK: Duration = Duration::from_millis(2);

/// A range of memory to be shown after a call.
pub(super) type Range = (u64, usize);
/// Bytes at an address.
pub(super) type Bytes = (u64, Vec<u8>);

/// Something that happened in a task.
pub(super) struct Event {
    /// Its place in the order of all.
    pub(super) order: u64,
    /// The task's number.
    pub(super) task: usize,
    /// What it was.
    pub(super) what: What,
}

/// What happened.
pub(super) enum What {
    /// A call came back.
    Result { result: i64, depth: usize, memory: Vec<Bytes> },
    /// A handler was entered.
    Signal { handler: u64, info: [u64; INFO] },
    /// It began.
    New { tid: u32 },
    /// A signal stopped it.
    Stopped,
    /// It goes on.
    Continued,
    /// It is no more.
    Ended(End),
}

/// One thing for a task to do.
pub(super) struct Command {
    /// Which task.
    pub(super) task: usize,
    /// What, in this machine's terms.
    pub(super) kind: Kind,
    /// The call's number here.
    pub(super) number: i64,
    /// Its words.
    pub(super) words: [u64; 6],
    /// What is put into its memory before.
    pub(super) memory: Vec<Bytes>,
    /// What is shown of it afterwards.
    pub(super) read: Vec<Range>,
    /// Why it cannot be compared, if that is known already.
    pub(super) why: Option<String>,
}

/// Why a command was not carried out.
pub(super) enum Refusal {
    /// What it would do cannot be compared.
    NotComparable(String),
    /// Whoever asked has made a mistake.
    Wrong(String),
    /// The runner is in trouble.
    Trouble(io::Error),
}

impl From<io::Error> for Refusal {
    fn from(error: io::Error) -> Self {
        Self::Trouble(error)
    }
}

struct Task {
    /// Its number as a thread, for the tree.
    tid: u32,
    /// The same for the runner, which may be in a namespace above.
    outer: u32,
    watch: Watch,
    stopped: bool,
    ended: Option<End>,
    /// Signals that were told.
    told: u32,
    /// What to show after the call at each depth.
    read: [Vec<Range>; DEPTH],
}

/// All tasks, dead or alive.
pub(super) struct Tree {
    control: &'static Control,
    proc: File,
    isolation: Isolation,
    guard: Guard,
    /// Whether the tree has a pid namespace of its own.
    is_below: bool,
    tasks: Vec<Option<Task>>,
    /// Places of tasks that have been made and not begun.
    unborn: BTreeSet<usize>,
    events: Vec<Event>,
}

impl Tree {
    /// Prepares what all trees share. To be called by the first process of the pid namespace.
    pub(super) fn new(isolation: Isolation) -> io::Result<Self> {
        let control = first::share(size_of::<Control>())?;
        // SAFETY: the memory is zeroed, large enough, aligned to a page, and never unmapped; atomics may be zero.
        let control: &'static Control = unsafe { &*control.cast::<Control>() };
        let stacks = first::private(STACK * TASKS)?;
        control.stacks.store(stacks as u64, Release);
        super::task::attach(control);
        let guard = Guard::new(isolate::mappings()?, isolation.has("net"));
        let proc = isolate::settle(&isolation)?;
        let (tasks, unborn, events) = (Vec::new(), BTreeSet::new(), Vec::new());
        let is_below = false;
        Ok(Self { control, proc, isolation, guard, is_below, tasks, unborn, events })
    }

    /// What keeps the tasks from the rest of the machine.
    pub(super) fn isolation(&self) -> &Isolation {
        &self.isolation
    }

    /// Ends all tasks and begins with a first one in an empty place.
    pub(super) fn begin(&mut self, setup: &Setup) -> io::Result<()> {
        first::kill_all()?;
        self.tasks.clear();
        self.unborn.clear();
        self.events.clear();
        let stacks = self.control.stacks.load(Acquire);
        first::clear(std::ptr::from_ref(self.control).cast_mut().cast(), size_of::<Control>())?;
        self.control.stacks.store(stacks, Release);
        self.is_below = setup.init;
        self.control.stay.store(u32::from(setup.stay), Release);
        isolate::furnish(&self.isolation, &setup.entries)?;
        first::begin(self.control, &self.isolation, setup)?;
        self.tasks.push(None);
        self.settle(None, Duration::ZERO)?;
        if self.task(1).is_ok() {
            return Ok(());
        }
        let error = -self.control.slots[0].frames[0].result.load(Acquire);
        Err(io::Error::from_raw_os_error(error as i32))
    }

    /// The thread's number of a task that has begun.
    pub(super) fn tid(&self, task: usize) -> Option<u32> {
        self.task(task).ok().map(|task| task.tid)
    }

    /// What has happened since the last time, in order.
    pub(super) fn events(&mut self) -> Vec<Event> {
        let mut events = std::mem::take(&mut self.events);
        events.sort_by_key(|event| event.order);
        events
    }

    fn task(&self, number: usize) -> Result<&Task, Refusal> {
        let task = self.tasks.get(number.wrapping_sub(1)).and_then(Option::as_ref);
        task.ok_or_else(|| Refusal::Wrong(format!("there is no task {number}")))
    }

    /// Memory of a task as it is.
    pub(super) fn show(&self, number: usize, ranges: &[Range]) -> Result<Vec<Bytes>, Refusal> {
        let outer = self.task(number)?.outer;
        Ok(ranges.iter().map(|&(at, length)| (at, first::read(outer, at, length))).collect())
    }

    /// Which frame of a task is in use.
    fn frame(&self, number: usize) -> Option<(usize, &'static Frame)> {
        let slot: &'static Slot = self.control.slots.get(number.checked_sub(1)?)?;
        let depth = slot.depth.load(Acquire) as usize;
        Some((depth, slot.frames.get(depth)?))
    }

    /// Gives a command to a task, and waits until all rest. If its call has not come back by then, waits up to
    /// `patience` for it. What happened is among the events.
    pub(super) fn play(&mut self, command: &Command, patience: Duration) -> Result<(), Refusal> {
        let number = command.task;
        let task = self.task(number)?;
        if task.ended.is_some() {
            return Err(Refusal::Wrong(format!("task {number} has ended")));
        }
        let Some((depth, frame)) =
            self.frame(number).filter(|(_, f)| f.state.load(Acquire) == IDLE)
        else {
            return Err(Refusal::Wrong(format!("task {number} is still in a call")));
        };
        if command.kind == Kind::Sigreturn && depth == 0 {
            return Err(Refusal::Wrong(format!("task {number} is in no handler")));
        }
        if let Some(why) = &command.why {
            return Err(Refusal::NotComparable(why.clone()));
        }
        if let Some(why) = self.guard.check(command.kind, command.number, &command.words) {
            return Err(Refusal::NotComparable(why.to_owned()));
        }
        for (address, bytes) in &command.memory {
            if first::write(task.outer, *address, bytes) != bytes.len() {
                let message = format!("task {number} cannot write all of {:#x}", address);
                return Err(Refusal::Wrong(message));
            }
        }
        if command.kind == Kind::Clone3 {
            let flags = first::read(task.outer, command.words[0], 8);
            let flags = flags.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte));
            if let Some(why) = Guard::check_flags(flags) {
                return Err(Refusal::NotComparable(why.to_owned()));
            }
        }
        if matches!(command.kind, Kind::Clone | Kind::Clone3) {
            let free = self.tasks.iter().position(Option::is_none);
            let child = free.unwrap_or(self.tasks.len());
            if child >= TASKS {
                let message = format!("it would be more than {TASKS} tasks");
                return Err(Refusal::NotComparable(message));
            }
            if free.is_none() {
                self.tasks.push(None);
            }
            frame.child.store(child as u32, Release);
        }
        if let Some(Some(task)) = self.tasks.get_mut(number - 1) {
            task.read[depth].clone_from(&command.read);
        }
        for (place, word) in frame.words.iter().zip(command.words) {
            place.store(word, Release);
        }
        frame.kind.store(command.kind as u32, Release);
        frame.number.store(command.number, Release);
        let bell = self.control.bell.load(Acquire);
        frame.state.store(POSTED, Release);
        raw::futex_wake(&frame.state);
        raw::futex_wait(&self.control.bell, bell, Some(GLANCE.as_nanos() as u64));
        Ok(self.settle(Some((number, depth)), patience)?)
    }

    /// Lets time pass until a task's call has come back, `patience` at most, and then until all rest.
    pub(super) fn wait(&mut self, task: Option<usize>, patience: Duration) -> Result<(), Refusal> {
        let awaited = match task {
            Some(number) => {
                self.task(number)?;
                self.frame(number).map(|(depth, _)| (number, depth))
            }
            None => None,
        };
        // Without a task, time passes to the end.
        let begun = Instant::now();
        while task.is_none() && begun.elapsed() < patience {
            self.settle(None, Duration::ZERO)?;
            let bell = self.control.bell.load(Acquire);
            let left = patience.saturating_sub(begun.elapsed()).min(LOOK);
            raw::futex_wait(&self.control.bell, bell, Some(left.as_nanos() as u64));
        }
        Ok(self.settle(awaited, patience)?)
    }

    /// Whether a task has no call any more that has not come back.
    fn is_done(&self, (number, depth): (usize, usize)) -> bool {
        let ended = self.task(number).map_or(true, |task| task.ended.is_some());
        let frame = self.control.slots.get(number - 1).and_then(|slot| slot.frames.get(depth));
        ended || frame.is_none_or(|frame| frame.state.load(Acquire) == IDLE)
    }

    fn settle(&mut self, awaited: Option<(usize, usize)>, patience: Duration) -> io::Result<()> {
        let begun = Instant::now();
        loop {
            let bell = self.control.bell.load(Acquire);
            let mut quiet = true;
            for index in 0..self.tasks.len() {
                quiet &= self.look(index)?;
            }
            // Orphans are init's children, and init this process.
            quiet &= !self.reap()?;
            let passed = begun.elapsed();
            let done = awaited.is_none_or(|call| self.is_done(call));
            if quiet && (done || passed >= patience) {
                return Ok(());
            }
            if passed > LIMIT + patience {
                return Err(io::Error::other("a task runs and runs"));
            }
            let nap = if quiet { LOOK.min(patience.saturating_sub(passed)) } else { GLANCE };
            raw::futex_wait(&self.control.bell, bell, Some(nap.as_nanos().max(1) as u64));
        }
    }

    /// Looks at one task, and tells what is new; returns whether it rests.
    fn look(&mut self, index: usize) -> io::Result<bool> {
        let slot: &'static Slot = &self.control.slots[index];
        let number = index + 1;
        if self.tasks[index].is_none() {
            let tid = slot.tid.load(Acquire);
            // A clone that has failed leaves a place unused.
            if tid == 0 {
                let expected = index == 0 && first::has_children();
                return Ok(!expected && !self.unborn.contains(&index));
            }
            self.unborn.remove(&index);
            // Born and dead already, and its parent has asked: nothing is left to be watched.
            let outer = self.outer(tid)?;
            let Some((outer, watch)) =
                outer.and_then(|outer| Some((outer, Watch::new(&self.proc, outer).ok()?)))
            else {
                slot.tid.store(0, Release);
                return Ok(true);
            };
            let read = Default::default();
            let task = Task { tid, outer, watch, stopped: false, ended: None, told: 0, read };
            self.tasks[index] = Some(task);
            self.tell(number, What::New { tid });
        }
        let Some(task) = &mut self.tasks[index] else {
            return Ok(true);
        };
        if task.ended.is_some() {
            return Ok(true);
        }
        // The state first: whatever the task has said before it came to rest is there then.
        let state = task.watch.state()?;
        let was_stopped = std::mem::replace(&mut task.stopped, state == State::Stopped);
        let is_stopped = task.stopped;
        self.collect(index, slot);
        match (was_stopped, is_stopped) {
            (false, true) => self.tell(number, What::Stopped),
            (true, false) => self.tell(number, What::Continued),
            _ => {}
        }
        Ok(match state {
            State::Running => false,
            State::Asleep | State::Stopped => true,
            State::Deaf => slot.frames.iter().any(|frame| self.is_vfork(frame)),
            State::Zombie(status) => {
                self.end(index, Some(End::of_status(status)));
                false
            }
            State::Gone => {
                self.end(index, None);
                false
            }
        })
    }

    /// A thread's number for the runner.
    fn outer(&self, tid: u32) -> io::Result<Option<u32>> {
        if !self.is_below {
            return Ok(Some(tid));
        }
        let known: Vec<u32> = self.tasks.iter().flatten().map(|task| task.outer).collect();
        watch::find(&self.proc, tid, &known)
    }

    fn tell(&mut self, task: usize, what: What) {
        self.events.push(Event { order: self.control.next(), task, what });
    }

    /// Takes signals and results over.
    fn collect(&mut self, index: usize, slot: &'static Slot) {
        let number = index + 1;
        let Some(Some(task)) = self.tasks.get_mut(index) else {
            return;
        };
        let taken = slot.signals.load(Acquire);
        // Those that were overwritten are lost.
        let first = task.told.max(taken.saturating_sub(RECORDS as u32));
        for place in first..taken {
            let record = &slot.records[place as usize % RECORDS];
            let handler = record.handler.load(Acquire) as usize;
            let handler = self.control.handlers[handler].address.load(Acquire);
            let info = std::array::from_fn(|i| record.info[i].load(Acquire));
            let order = record.order.load(Acquire);
            self.events.push(Event { order, task: number, what: What::Signal { handler, info } });
        }
        task.told = taken;
        for (depth, (frame, read)) in slot.frames.iter().zip(&mut task.read).enumerate() {
            if frame.state.load(Acquire) == DONE {
                let result = frame.result.load(Acquire);
                let memory = std::mem::take(read).into_iter();
                let memory = memory.map(|(at, length)| (at, first::read(task.outer, at, length)));
                let what = What::Result { result, depth, memory: memory.collect() };
                let order = frame.order.load(Acquire);
                self.events.push(Event { order, task: number, what });
                if is_clone(frame) && result > 0 {
                    let child = frame.child.load(Acquire) as usize;
                    // One that shares memory with a vforking parent has begun by now.
                    if self.control.slots[child].tid.load(Acquire) == 0 {
                        self.unborn.insert(child);
                    }
                }
                frame.state.store(IDLE, Release);
            }
        }
    }

    fn end(&mut self, index: usize, seen: Option<End>) {
        let slot = &self.control.slots[index];
        let leaving = slot.leaving.fetch_and(0, AcqRel);
        let Some(Some(task)) = self.tasks.get_mut(index) else {
            return;
        };
        let said = (leaving != 0).then_some(End::Exited(leaving as u8));
        let end = seen.or_else(|| task.watch.end()).or(said);
        task.ended = Some(end.unwrap_or(End::Unknown));
        let leader = task.watch.leader;
        if end.is_none() {
            // A thread ends as its process does.
            let mut all = self.tasks.iter().flatten();
            let process = all.find(|task| task.outer == leader).and_then(|task| task.ended);
            let end = process.unwrap_or(End::Unknown);
            if let Some(Some(task)) = self.tasks.get_mut(index) {
                task.ended = Some(end);
            }
        }
        let end = self.tasks[index].as_ref().and_then(|task| task.ended);
        self.tell(index + 1, What::Ended(end.unwrap_or(End::Unknown)));
    }

    /// Whether a task is in vfork(2), where nothing wakes it but its child.
    fn is_vfork(&self, frame: &Frame) -> bool {
        let child = frame.child.load(Acquire) as usize;
        let born = self.control.slots[child].tid.load(Acquire) != 0;
        is_clone(frame) && born && frame.state.load(Acquire) == RUNNING
    }

    /// Waits for children of this process that have ended; returns whether there was one.
    fn reap(&mut self) -> io::Result<bool> {
        let mut any = false;
        while let Some((pid, status)) = first::reap()? {
            any = true;
            let index = self.tasks.iter().position(|task| {
                task.as_ref().is_some_and(|task| task.outer == pid && task.ended.is_none())
            });
            if let Some(index) = index {
                self.end(index, Some(End::of_status(status)));
            }
        }
        Ok(any)
    }
}

fn is_clone(frame: &Frame) -> bool {
    matches!(Kind::of(frame.kind.load(Acquire)), Kind::Clone | Kind::Clone3)
}
