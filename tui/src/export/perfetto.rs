//! A run as one file for ui.perfetto.dev: CPU tracks as ftrace text, thread lanes as Chrome's JSON.
//!
//! Perfetto makes CPU tracks only from ftrace, and lanes only from JSON; one object may hold both
//! (`systemTraceEvents` and `traceEvents`). Numbers of CPUs and threads of several machines must differ: those of the
//! second machine begin where the CPUs of the first end, and at a million, and so on. A thread has two lanes, one for
//! its states and one for its calls, because a call may last over several states.

use oscope_kernel::abi::call;
use oscope_kernel::base::{Serial, Time};
use oscope_kernel::event::{CallEvent, Event, Leave, Log, Record, SchedEvent, TaskEvent, Wait};
use oscope_kernel::world::World;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Where the numbers of the next machine's threads begin.
const MACHINE: u64 = 1_000_000;
/// Where the lanes of calls begin.
const CALLS: u64 = 1_000_000_000;

/// A thread as far as it was told of.
#[derive(Clone, Debug)]
struct Thread {
    pid: u64,
    tid: u64,
    name: String,
    priority: i32,
    /// What it does, since when.
    state: Option<(&'static str, Time)>,
    waits: Option<Wait>,
    /// The arrow from whoever woke it that is still in the air.
    arrow: Option<u64>,
}

/// What is known while the events pass by.
struct Tracer<'a> {
    logs: Vec<&'a Log>,
    /// The first CPU of each machine.
    cpus: Vec<u64>,
    threads: BTreeMap<(usize, Serial), Thread>,
    /// Who stands in the queue of a CPU.
    queued: BTreeMap<(usize, Serial), u64>,
    arrows: u64,
}

/// Writes the file piece by piece.
///
/// # Errors
/// What `write` fails with.
pub fn write<E>(world: &World, mut write: impl FnMut(&str) -> Result<(), E>) -> Result<(), E> {
    write("{\"systemTraceEvents\":\"# tracer: nop\\n#\\n")?;
    let mut tracer = Tracer::new(world);
    for (id, record) in world.events() {
        let machine = usize::from(id.machine().0);
        if let Some(line) = tracer.ftrace(machine, record) {
            // The line as the inside of a JSON string.
            let quoted = Value::String(line + "\n").to_string();
            write(&quoted[1..quoted.len() - 1])?;
        }
        tracer.learn(machine, record);
    }
    write("\",\"traceEvents\":[\n")?;
    let mut tracer = Tracer::new(world);
    let mut events = Vec::new();
    let mut first = true;
    let mut flush = |events: &mut Vec<Value>| {
        for event in events.drain(..) {
            write(if std::mem::take(&mut first) { "" } else { ",\n" })?;
            write(&event.to_string())?;
        }
        Ok(())
    };
    for (id, record) in world.events() {
        let machine = usize::from(id.machine().0);
        tracer.lanes(machine, record, &mut events);
        tracer.learn(machine, record);
        flush(&mut events)?;
    }
    tracer.finish(world.time(), &mut events);
    flush(&mut events)?;
    write("\n]}\n")
}

/// A time as Chrome's format has it: microseconds.
fn micros(time: Time) -> f64 {
    time.0 as f64 / 1000.0
}

/// A name that cannot break a line of ftrace.
fn word(name: &str) -> String {
    let clean = |c: char| if c.is_ascii_graphic() && c != '=' { c } else { '_' };
    let word: String = name.chars().take(15).map(clean).collect();
    if word.is_empty() { "_".to_owned() } else { word }
}

/// A state's letter, as ftrace has it.
fn letter(why: Leave, waits: Option<Wait>) -> &'static str {
    match why {
        Leave::Preempted => "R+",
        Leave::Idle | Leave::Slice | Leave::Yielded => "R",
        Leave::Blocked if waits == Some(Wait::Disk) => "D",
        Leave::Blocked => "S",
        Leave::Exited => "X",
        Leave::Stopped => "T",
    }
}

fn waiting(on: Wait) -> &'static str {
    match on {
        Wait::Sleep => "waits: timer",
        Wait::Futex => "waits: futex",
        Wait::Child => "waits: child",
        Wait::Disk => "waits: disk",
        Wait::Pipe => "waits: pipe",
        Wait::Signal => "waits: signal",
        Wait::Poll => "waits: poll",
        Wait::Turn => "waits: turn",
        Wait::Socket => "waits: socket",
        Wait::Console => "waits: console",
        Wait::Server => "waits: server",
        Wait::Work => "waits: work",
        Wait::Memory => "waits: memory",
        Wait::Lock => "waits: file lock",
    }
}

impl<'a> Tracer<'a> {
    fn new(world: &'a World) -> Self {
        let mut cpus = Vec::new();
        let mut next = 0;
        for machine in world.machines() {
            cpus.push(next);
            next += u64::from(machine.config().cpus);
        }
        let (threads, queued) = (BTreeMap::new(), BTreeMap::new());
        Self { logs: world.logs(), cpus, threads, queued, arrows: 0 }
    }

    fn cpu(&self, machine: usize, record: &Record) -> u64 {
        self.cpus.get(machine).copied().unwrap_or(0) + u64::from(record.stamp.cpu.0)
    }

    /// A thread's name, number and priority for ftrace; the idle task's if there is none.
    fn who(&self, machine: usize, serial: Serial, cpu: u64) -> (String, u64, i32) {
        match self.threads.get(&(machine, serial)) {
            Some(thread) => (word(&thread.name), thread.tid, thread.priority),
            None => (format!("swapper/{cpu}"), 0, 120),
        }
    }

    /// The line that ftrace would have for a record.
    fn ftrace(&self, machine: usize, record: &Record) -> Option<String> {
        let cpu = self.cpu(machine, record);
        let time = record.stamp.time.0;
        let head = |who: &(String, u64, i32)| {
            let (seconds, rest) = (time / 1_000_000_000, time % 1_000_000_000);
            format!("{}-{} [{cpu:03}] {seconds}.{rest:09}:", who.0, who.1)
        };
        match record.event {
            Event::Sched(SchedEvent::Switch { from, to, why }) => {
                let waits = self.threads.get(&(machine, from)).and_then(|thread| thread.waits);
                let state = letter(why, waits);
                let (old, new) = (self.who(machine, from, cpu), self.who(machine, to, cpu));
                Some(format!(
                    "{} sched_switch: prev_comm={} prev_pid={} prev_prio={} prev_state={state} ==> \
                     next_comm={} next_pid={} next_prio={}",
                    head(&old),
                    old.0,
                    old.1,
                    old.2,
                    new.0,
                    new.1,
                    new.2
                ))
            }
            Event::Sched(SchedEvent::Ready { thread, on }) => {
                let waker = self.who(machine, record.stamp.thread, cpu);
                let (comm, pid, prio) = self.who(machine, thread, cpu);
                let target = self.cpus.get(machine).copied().unwrap_or(0) + u64::from(on.0);
                Some(format!(
                    "{} sched_wakeup: comm={comm} pid={pid} prio={prio} target_cpu={target:03}",
                    head(&waker)
                ))
            }
            _ => None,
        }
    }

    /// Takes in what a record tells of threads.
    fn learn(&mut self, machine: usize, record: &Record) {
        let offset = machine as u64 * MACHINE;
        let own = (machine, record.stamp.thread);
        let name_of = |symbol| self.logs.get(machine).map_or("", |log| log.name(symbol)).to_owned();
        match record.event {
            Event::Task(TaskEvent::Start { child, tid, pid, name }) => {
                let thread = Thread {
                    pid: offset + u64::from(pid),
                    tid: offset + u64::from(tid),
                    name: name_of(name),
                    priority: 120,
                    state: None,
                    waits: None,
                    arrow: None,
                };
                self.threads.insert((machine, child), thread);
            }
            Event::Task(TaskEvent::Exec { name }) => {
                let name = name_of(name);
                if let Some(thread) = self.threads.get_mut(&own) {
                    thread.name = name;
                }
            }
            Event::Sched(SchedEvent::Priority { thread, priority, .. }) => {
                if let Some(thread) = self.threads.get_mut(&(machine, thread)) {
                    thread.priority = priority;
                }
            }
            Event::Sched(SchedEvent::Block { on }) => {
                if let Some(thread) = self.threads.get_mut(&own) {
                    thread.waits = Some(on);
                }
            }
            _ => {}
        }
    }

    /// What a record adds to the lanes.
    fn lanes(&mut self, machine: usize, record: &Record, events: &mut Vec<Value>) {
        let now = record.stamp.time;
        match record.event {
            Event::Task(TaskEvent::Start { name, tid, pid, .. }) => {
                self.name(machine, (pid, tid), name, events);
            }
            Event::Task(TaskEvent::Exec { name }) => {
                if let Some(thread) = self.threads.get(&(machine, record.stamp.thread)) {
                    let offset = machine as u64 * MACHINE;
                    let number = |n: u64| u32::try_from(n - offset).unwrap_or(0);
                    let ids = (number(thread.pid), number(thread.tid));
                    self.name(machine, ids, name, events);
                }
            }
            Event::Task(TaskEvent::Exit { .. }) => {
                self.becomes((machine, record.stamp.thread), None, now, events);
            }
            Event::Sched(SchedEvent::Ready { thread, on }) => {
                self.becomes((machine, thread), Some("ready"), now, events);
                self.queue(machine, thread, Some(u64::from(on.0)), now, events);
                let waker = self.threads.get(&(machine, record.stamp.thread));
                if let Some((pid, tid)) = waker.map(|waker| (waker.pid, waker.tid)) {
                    self.arrows += 1;
                    events
                        .push(json!({"ph": "s", "name": "wakes", "cat": "wake", "id": self.arrows,
                        "pid": pid, "tid": tid, "ts": micros(now)}));
                    if let Some(woken) = self.threads.get_mut(&(machine, thread)) {
                        woken.arrow = Some(self.arrows);
                    }
                }
            }
            Event::Sched(SchedEvent::Switch { from, to, why }) => {
                let waits = self.threads.get(&(machine, from)).and_then(|thread| thread.waits);
                let state = match (why, waits) {
                    (Leave::Exited, _) => None,
                    (Leave::Stopped, _) => Some("stopped"),
                    (Leave::Blocked, Some(on)) => Some(waiting(on)),
                    (Leave::Blocked, None) => Some("waits"),
                    _ => Some("ready"),
                };
                if from != to {
                    self.becomes((machine, from), state, now, events);
                    if state == Some("ready") {
                        let cpu = Some(u64::from(record.stamp.cpu.0));
                        self.queue(machine, from, cpu, now, events);
                    }
                }
                self.becomes((machine, to), Some("runs"), now, events);
                self.queue(machine, to, None, now, events);
                if let Some(thread) = self.threads.get_mut(&(machine, to))
                    && let Some(arrow) = thread.arrow.take()
                {
                    events.push(json!({"ph": "f", "bp": "e", "name": "wakes", "cat": "wake",
                        "id": arrow, "pid": thread.pid, "tid": thread.tid, "ts": micros(now)}));
                }
            }
            Event::Call(CallEvent::Done { number, entered, result, .. }) => {
                if let Some(thread) = self.threads.get(&(machine, record.stamp.thread)) {
                    let name = call::lookup(number).map_or("unknown", |call| call.name);
                    events.push(json!({"ph": "X", "name": name, "cat": "syscall",
                        "pid": thread.pid, "tid": CALLS + thread.tid, "ts": micros(entered),
                        "dur": micros(Time(now.since(entered).0)), "args": {"result": result}}));
                }
            }
            _ => {}
        }
    }

    /// Names a process and the two lanes of a thread.
    fn name(
        &self,
        machine: usize,
        (pid, tid): (u32, u32),
        name: oscope_kernel::event::Symbol,
        events: &mut Vec<Value>,
    ) {
        let Some(log) = self.logs.get(machine) else { return };
        let offset = machine as u64 * MACHINE;
        let (pid, tid) = (offset + u64::from(pid), offset + u64::from(tid));
        let name = crate::text::clean(log.name(name));
        let meta = |what: &str, tid: u64, name: &str| json!({"ph": "M", "name": what, "pid": pid, "tid": tid, "args": {"name": name}});
        if pid == tid {
            events.push(meta("process_name", tid, &name));
        }
        events.push(meta("thread_name", tid, &name));
        events.push(meta("thread_name", CALLS + tid, &format!("{name}: calls")));
    }

    /// A thread does something else from now on: what it did becomes a slice.
    fn becomes(
        &mut self,
        who: (usize, Serial),
        state: Option<&'static str>,
        now: Time,
        events: &mut Vec<Value>,
    ) {
        let Some(thread) = self.threads.get_mut(&who) else { return };
        let old = std::mem::replace(&mut thread.state, state.map(|state| (state, now)));
        let Some((name, since)) = old else { return };
        if Some(name) == state {
            thread.state = old;
        } else if now > since {
            events.push(json!({"ph": "X", "name": name, "cat": "state", "pid": thread.pid,
                "tid": thread.tid, "ts": micros(since), "dur": micros(Time(now.since(since).0))}));
        }
    }

    /// A thread joins the queue of a CPU, or leaves the one where it is: the counters follow.
    fn queue(
        &mut self,
        machine: usize,
        serial: Serial,
        cpu: Option<u64>,
        now: Time,
        events: &mut Vec<Value>,
    ) {
        let base = self.cpus.get(machine).copied().unwrap_or(0);
        let joined = cpu.map(|cpu| base + cpu);
        let left = match joined {
            Some(cpu) => self.queued.insert((machine, serial), cpu),
            None => self.queued.remove(&(machine, serial)),
        };
        for cpu in [left, joined].into_iter().flatten() {
            let waiting = self.queued.values().filter(|&&at| at == cpu).count();
            events.push(json!({"ph": "C", "name": format!("cpu{cpu} run queue"), "pid": 0,
                "ts": micros(now), "args": {"waiting": waiting}}));
        }
    }

    /// What still goes on when the run ends.
    fn finish(&mut self, end: Time, events: &mut Vec<Value>) {
        let all: Vec<(usize, Serial)> = self.threads.keys().copied().collect();
        for who in all {
            self.becomes(who, None, end, events);
        }
    }
}
