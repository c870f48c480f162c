//! The world, on a host thread of its own.
//!
//! A world cannot leave the thread that booted it, because its programs cannot. So the screen sends
//! [`Command`]s and gets [`Reply`]s, which are plain values: pictures of all machines, and the records that
//! are new to it. The thread sleeps while there is nothing to do.
//!
//! Going back restores a keyframe and runs on from there. Changes of the policy are the screen's doing and
//! not part of the world, so they are kept in a list here and made again whenever a run passes their moment.

mod acts;

use crate::console::CONSOLE;
use crate::futures::{self, Futures};
use crate::known::Known;
use crate::picture::{Picture, Subject};
use crate::script::ScriptPicture;
use crate::session::Act;
use crate::source::Source;
use crate::trace::Seen;
use crossbeam::channel::{Receiver, Sender, bounded, unbounded};
use oscope_kernel::base::{Duration, MachineId, Time};
use oscope_kernel::event::Record;
use oscope_kernel::event::codec::json_line;
use oscope_kernel::machine::{Machine, Snapshot};
use oscope_kernel::sched::Settings;
use oscope_kernel::world::WorldWhy;
use oscope_kernel::world::history::{History, KEYFRAMES};
use oscope_userland::predicate::Predicate;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

/// The name of the host thread.
pub const THREAD: &str = "engine";

/// A long way is gone in pieces of at most this length, between which it can be called off.
const LONGEST_PIECE: Duration = Duration::seconds(10);

/// How long after a key the screen waits for its echo, and for what a quick command says.
const ECHO: Duration = Duration::millis(2);

/// How long the screen is left without news on a long way, on the host's clock.
const PATIENCE: std::time::Duration = std::time::Duration::from_millis(100);

/// What the screen asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Go to a moment; moments outside of the run mean its ends.
    Go(Time),
    /// Go to the next visible change of a machine.
    Forward(MachineId),
    /// Go to the one before.
    Back(MachineId),
    /// Go to the next record of a machine.
    NextEvent(MachineId),
    /// Go to the one before.
    PreviousEvent(MachineId),
    /// Change a machine's policy here; what comes later is forgotten.
    Policy(MachineId, &'static str),
    /// Go to this record of a machine.
    Show(MachineId, u64),
    /// Go to the next record of a machine for which a condition holds, or to the one before.
    Find {
        /// The machine.
        machine: MachineId,
        /// The condition.
        test: Predicate,
        /// Which way.
        forward: bool,
    },
    /// The same on all machines: whichever comes first.
    FindAny {
        /// The condition.
        test: Predicate,
        /// Which way.
        forward: bool,
    },
    /// Run two futures from here to the end: as it is, and with another policy. Nothing else changes.
    WhatIf(MachineId, &'static str),
    /// From now on tell what this of a machine looks like, or nothing more.
    Picture(Option<(MachineId, Subject)>),
    /// Type on a machine's console, now; what comes later is forgotten.
    Type(MachineId, Vec<u8>),
    /// Start a shell on a machine's console, now; what comes later is forgotten.
    Shell(MachineId),
    /// Let so much time pass.
    Pass(Duration),
    /// Write all that has happened to a file, as lines of JSON.
    WriteLog(String),
}

/// How a machine is made, as far as the screen needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MachineInfo {
    /// Its name.
    pub name: String,
    /// How many CPUs it has.
    pub cpus: usize,
    /// Its scheduling policy at boot, with the figures.
    pub scheduler: Settings,
}

/// What the screen is told.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The moment that the pictures show.
    pub now: Time,
    /// How far the run has ever got; everything before is known.
    pub reached: Time,
    /// A picture of every machine.
    pub snapshots: Vec<Snapshot>,
    /// How long the run is.
    pub until: Time,
    /// The picture that was asked for.
    pub picture: Option<Picture>,
    /// How the lines of the script stand, if the run is one of a script.
    pub script: Option<Box<ScriptPicture>>,
    /// Records that are new to the screen, in the order of time, per machine.
    pub news: Vec<Vec<Seen>>,
    /// The future was changed: what the screen knew is void, and `news` holds everything.
    pub restart: bool,
    /// The record that a step by single records has come to.
    pub event: Option<(MachineId, u64, Record)>,
    /// Why the run cannot go on, in words.
    pub stuck: Option<String>,
    /// Nothing was found.
    pub missed: bool,
    /// The file that was written, or why it could not be.
    pub said: Option<Result<String, String>>,
    /// What was done by hand so far.
    pub acts: Vec<Act>,
    /// Two futures, when they were asked for.
    pub futures: Option<Box<Futures>>,
    /// Whether the command is done; otherwise this tells how far it has come.
    pub done: bool,
}

/// The screen's end of the wire to the engine.
pub struct Engine {
    /// Commands go in here; dropping it ends the engine.
    pub commands: Sender<Command>,
    /// Replies come out here.
    pub replies: Receiver<Reply>,
    /// Set to give up the command that is being done.
    pub cancel: Arc<AtomicBool>,
    /// The machines.
    pub machines: Vec<MachineInfo>,
}

/// Boots a world on a host thread of its own, and goes to its first visible change.
///
/// # Errors
/// The world's own; or that the host has no thread left, as text.
pub fn start(source: Source, until: Time) -> Result<Engine, String> {
    start_with(source, until, Vec::new())
}

/// The same, and does again what was done in an earlier session.
///
/// # Errors
/// As [`start`].
pub fn start_with(source: Source, until: Time, acts: Vec<Act>) -> Result<Engine, String> {
    let (commands, inbox) = unbounded();
    let (outbox, replies) = unbounded();
    let (booted, boot) = bounded(1);
    let cancel = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&cancel);
    std::thread::Builder::new()
        .name(THREAD.to_owned())
        .spawn(move || match Driver::boot(source, until, outbox, flag) {
            Ok((mut driver, machines)) => {
                let _ = booted.send(Ok(machines));
                driver.repeat(acts);
                driver.work(&inbox);
            }
            Err(error) => {
                let _ = booted.send(Err(error));
            }
        })
        .map_err(|error| format!("the host gives no thread: {error}"))?;
    let machines = boot.recv().map_err(|_| "the world did not boot".to_owned())??;
    Ok(Engine { commands, replies, cancel, machines })
}

/// Whether the record that is shown stays where a command starts from.
fn keeps_event(command: &Command) -> bool {
    matches!(
        command,
        Command::NextEvent(_)
            | Command::PreviousEvent(_)
            | Command::Find { .. }
            | Command::FindAny { .. }
            | Command::WhatIf(..)
            | Command::Picture(_)
            | Command::WriteLog(_)
    )
}

struct Driver {
    history: History,
    until: Time,
    known: Vec<Known>,
    reached: Time,
    event: Option<(MachineId, usize)>,
    restart: bool,
    missed: bool,
    said: Option<Result<String, String>>,
    futures: Option<Box<Futures>>,
    stuck: Option<String>,
    acts: Vec<Act>,
    wanted: Option<(MachineId, Subject)>,
    source: Source,
    replies: Sender<Reply>,
    cancel: Arc<AtomicBool>,
}

impl Driver {
    fn boot(
        source: Source,
        until: Time,
        replies: Sender<Reply>,
        cancel: Arc<AtomicBool>,
    ) -> Result<(Self, Vec<MachineInfo>), String> {
        let world = source.boot()?;
        let machines = world.machines().iter().map(|machine| MachineInfo {
            name: crate::text::clean(&machine.config().name),
            cpus: usize::from(machine.config().cpus),
            scheduler: machine.config().scheduler.clone(),
        });
        let machines: Vec<MachineInfo> = machines.collect();
        let spacing = Duration((until.0 / KEYFRAMES as u64).max(1_000));
        let driver = Self {
            history: History::new(world, spacing),
            until,
            known: machines.iter().map(|_| Known::default()).collect(),
            reached: Time::ZERO,
            event: None,
            restart: false,
            missed: false,
            said: None,
            futures: None,
            stuck: None,
            acts: Vec::new(),
            wanted: None,
            source,
            replies,
            cancel,
        };
        Ok((driver, machines))
    }

    fn work(&mut self, inbox: &Receiver<Command>) {
        self.go(Time::ZERO);
        self.reply(true);
        for command in inbox {
            self.cancel.store(false, Ordering::Relaxed);
            if !keeps_event(&command) {
                self.event = None;
            }
            match command {
                Command::Go(time) => self.go(time),
                Command::Forward(machine) => self.forward(machine),
                Command::Back(machine) => self.back(machine),
                Command::NextEvent(machine) => self.next_event(machine),
                Command::PreviousEvent(machine) => self.previous_event(machine),
                Command::Policy(machine, name) => self.policy(machine, name),
                Command::Show(machine, number) => {
                    let known = self.known.get(usize::from(machine.0));
                    if let Some(place) = known.and_then(|known| known.place_of(number)) {
                        self.show_event(machine, place);
                    }
                }
                Command::Find { machine, test, forward } => self.find(machine, &test, forward),
                Command::FindAny { test, forward } => self.find_any(&test, forward),
                Command::Picture(wanted) => self.wanted = wanted,
                Command::Type(machine, bytes) => self.type_in(machine, &bytes),
                Command::Shell(machine) => self.start_shell(machine),
                Command::Pass(time) => self.pass(time),
                Command::WriteLog(path) => {
                    let written = self.write_log(&path);
                    self.said = Some(match written {
                        Ok(()) => Ok(path),
                        Err(error) => Err(format!("{path}: {error}")),
                    });
                }
                Command::WhatIf(machine, policy) => {
                    self.futures = self.compare(machine, policy).map(Box::new);
                }
            }
            if !self.reply(true) {
                return;
            }
        }
    }

    fn now(&self) -> Time {
        self.history.world().time()
    }

    /// Goes to a moment within the run. At the very start nothing is to be seen: that is the first change.
    fn go(&mut self, time: Time) {
        if time == Time::ZERO {
            while self.known.iter().all(|known| known.steps.first().is_none()) && self.extend() {}
            let first = self.known.iter().filter_map(|known| known.steps.first());
            self.travel(first.min().unwrap_or(self.until));
        } else {
            self.travel(time);
        }
    }

    fn forward(&mut self, machine: MachineId) {
        let now = self.now();
        loop {
            let Some(known) = self.known.get(usize::from(machine.0)) else {
                return;
            };
            if let Some(step) = known.steps.after(now) {
                let end = step.end;
                return self.travel(end);
            }
            if !self.extend() {
                if !self.cancel.load(Ordering::Relaxed) {
                    self.travel(self.until);
                }
                return;
            }
        }
    }

    fn back(&mut self, machine: MachineId) {
        let known = self.known.get(usize::from(machine.0));
        let before = known.and_then(|known| known.steps.before(self.now()));
        let time = before.map_or(Time::ZERO, |step| step.end);
        self.go(time);
    }

    fn next_event(&mut self, machine: MachineId) {
        let (at, now) = (usize::from(machine.0), self.now());
        let next = match self.event {
            Some((shown, place)) if shown == machine => place + 1,
            _ => self.known.get(at).map_or(0, |known| known.place(now)),
        };
        while self.known.get(at).is_some_and(|known| next >= known.settled) {
            if !self.extend() {
                self.event = None;
                return self.travel(self.until);
            }
        }
        self.show_event(machine, next);
    }

    fn previous_event(&mut self, machine: MachineId) {
        let Some(known) = self.known.get(usize::from(machine.0)) else {
            return;
        };
        let place = match self.event {
            Some((shown, place)) if shown == machine => place,
            _ => known.place(self.now()),
        };
        self.show_event(machine, place.saturating_sub(1));
    }

    /// Goes from record to record until a condition holds.
    fn find(&mut self, machine: MachineId, test: &Predicate, forward: bool) {
        let (at, name) = (usize::from(machine.0), self.machine_name(machine));
        let Some(known) = self.known.get(at) else {
            return;
        };
        let here = match self.event {
            Some((shown, place)) if shown == machine => Some(place),
            _ => None,
        };
        if !forward {
            let end = here.unwrap_or(known.place(self.now()));
            match (0..end).rev().find(|&place| known.holds(&name, place, test)) {
                Some(place) => self.show_event(machine, place),
                None => self.missed = true,
            }
            return;
        }
        let mut place = here.map_or(known.place(self.now()), |place| place + 1);
        loop {
            let Some(known) = self.known.get(at) else {
                return;
            };
            let settled = known.settled;
            if let Some(found) = (place..settled).find(|&p| known.holds(&name, p, test)) {
                return self.show_event(machine, found);
            }
            place = settled.max(place);
            if !self.extend() {
                self.missed = true;
                return;
            }
        }
    }

    /// The same on all machines.
    fn find_any(&mut self, test: &Predicate, forward: bool) {
        let now = self.now();
        loop {
            let mut best: Option<(Time, MachineId, usize)> = None;
            for (at, known) in self.known.iter().enumerate() {
                let machine = MachineId(u16::try_from(at).unwrap_or(u16::MAX));
                let name = self.machine_name(machine);
                let here = match self.event {
                    Some((shown, place)) if shown == machine => Some(place),
                    _ => None,
                };
                let holds = |place: &usize| known.holds(&name, *place, test);
                let found = if forward {
                    let from = here.map_or(known.place(now), |place| place + 1);
                    (from..known.settled).find(holds)
                } else {
                    (0..here.unwrap_or(known.place(now))).rev().find(holds)
                };
                let Some(place) = found else { continue };
                let Some(time) = known.records.get(place).map(|seen| seen.record.stamp.time) else {
                    continue;
                };
                let is_nearer = |(nearest, ..): &(Time, MachineId, usize)| {
                    if forward { time < *nearest } else { time >= *nearest }
                };
                if best.as_ref().is_none_or(is_nearer) {
                    best = Some((time, machine, place));
                }
            }
            if let Some((_, machine, place)) = best {
                return self.show_event(machine, place);
            }
            if !forward || !self.extend() {
                self.missed = true;
                return;
            }
        }
    }

    /// The log of all machines up to now, in the order of time.
    fn write_log(&self, path: &str) -> std::io::Result<()> {
        use std::io::Write;
        let mut file = std::io::BufWriter::new(std::fs::File::create(path)?);
        let world = self.history.world();
        let logs = world.logs();
        for (id, record) in world.events() {
            if let Some(log) = logs.iter().find(|log| log.machine() == id.machine()) {
                writeln!(file, "{}", json_line(log, id.sequence(), record))?;
            }
        }
        file.flush()
    }

    /// Runs both futures to the end, beside the run itself.
    fn compare(&mut self, machine: MachineId, policy: &'static str) -> Option<Futures> {
        let as_it_is = self.history.fork();
        let other = self.history.fork();
        let known = self.known.get(usize::from(machine.0))?;
        let plan =
            futures::Plan { machine, policy, known, until: self.until, cancel: &self.cancel };
        futures::compare(&plan, as_it_is, other)
    }

    fn show_event(&mut self, machine: MachineId, place: usize) {
        let known = self.known.get(usize::from(machine.0));
        if let Some(seen) = known.and_then(|known| known.records.get(place)) {
            let time = seen.record.stamp.time + Duration::nanos(1);
            self.event = Some((machine, place));
            self.travel(time);
        }
    }

    /// Runs a little beyond what is known; `false` when the run is over.
    fn extend(&mut self) -> bool {
        let stopped = self.stuck.is_some() || self.cancel.load(Ordering::Relaxed);
        if self.reached >= self.until || stopped {
            for known in &mut self.known {
                known.steps.settle(Time::MAX);
            }
            return false;
        }
        let piece = (self.until.0 / 256).max(1_000);
        self.travel(self.reached + Duration(piece));
        true
    }

    /// Goes to a moment, back or forth. A long way is gone in pieces, so that the screen sees how it goes and may call it off.
    fn travel(&mut self, time: Time) {
        let time = time.min(self.until);
        if time < self.now() {
            let keyframes = self.history.keyframes();
            let from = keyframes.iter().rev().find(|from| **from <= time);
            let from = from.copied().unwrap_or(Time::ZERO);
            self.history.go(from);
        }
        let piece = Duration((self.until.0 / 64).max(1_000)).min(LONGEST_PIECE);
        let mut told = Instant::now();
        while self.now() < time {
            // Time in which nothing happens costs nothing.
            let next = self.history.world().next_time();
            let why = self.history.go(time.min(next.max(self.now() + piece)));
            self.collect();
            if let WorldWhy::Stuck(machine, _) = why {
                let name = self.machine_name(machine);
                self.stuck = Some(format!("{name} makes no progress: the run ends here"));
                return;
            }
            if self.cancel.load(Ordering::Relaxed) {
                return;
            }
            if self.now() < time && told.elapsed() > PATIENCE {
                if !self.reply(false) {
                    return;
                }
                told = Instant::now();
            }
        }
    }

    fn machine_name(&self, machine: MachineId) -> String {
        let found = self.history.world().machines().get(usize::from(machine.0));
        found.map_or_else(String::new, |machine| machine.config().name.clone())
    }

    /// What came after a moment is no longer true.
    fn forget_after(&mut self, now: Time) {
        for (known, log) in self.known.iter_mut().zip(self.history.world().logs()) {
            known.forget_after(log.end());
        }
        self.reached = now;
        self.restart = true;
        self.stuck = None;
        self.settle();
    }

    /// Lets time pass, beyond the end of the run if need be.
    fn pass(&mut self, time: Duration) {
        let target = self.now() + time;
        self.until = self.until.max(target);
        self.travel(target);
    }

    /// Takes in what the logs hold beyond what is known. Numbers are the same in every run, so a second
    /// run over known ground brings nothing.
    fn collect(&mut self) {
        for (known, log) in self.known.iter_mut().zip(self.history.world().logs()) {
            known.take_in(log);
        }
        self.reached = self.reached.max(self.now());
        self.settle();
    }

    fn settle(&mut self) {
        for known in &mut self.known {
            known.settle(self.reached);
        }
    }

    /// Sends what the screen does not have yet; `false` if nobody listens any more.
    fn reply(&mut self, done: bool) -> bool {
        let event = self.event.and_then(|(machine, place)| {
            let known = self.known.get(usize::from(machine.0))?;
            let seen = known.records.get(place)?;
            Some((machine, seen.number, seen.record))
        });
        let machines = self.history.world().machines().iter();
        let picture = self
            .wanted
            .filter(|_| done)
            .and_then(|(machine, subject)| Picture::of(self.history.world(), machine, subject));
        let script = self.source.script().filter(|_| done).and_then(|plan| {
            let log = self.history.world().logs().first().copied()?;
            let at_end = self.now() >= self.until;
            Some(Box::new(ScriptPicture::of(plan, log, at_end)))
        });
        let reply = Reply {
            script,
            now: self.now(),
            reached: self.reached,
            snapshots: machines.map(Machine::snapshot).collect(),
            until: self.until,
            picture,
            news: self.known.iter_mut().map(Known::tell).collect(),
            restart: std::mem::take(&mut self.restart),
            missed: std::mem::take(&mut self.missed),
            said: self.said.take(),
            futures: self.futures.take(),
            acts: self.acts.clone(),
            event,
            stuck: self.stuck.clone(),
            done,
        };
        self.replies.send(reply).is_ok()
    }
}
