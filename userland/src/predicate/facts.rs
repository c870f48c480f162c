//! What a condition can see of an event.

use oscope_kernel::abi::{Errno, call};
use oscope_kernel::base::{Duration, Serial, Time};
use oscope_kernel::event::{
    BlockEvent, CallEvent, Event, InputEvent, Leave, MachineEvent, MemoryEvent, NetEvent, Record,
    SchedEvent, TaskEvent, Wait,
};

/// A task that an event is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Who<'a> {
    /// Its program's name.
    pub name: &'a str,
    /// The thread's number.
    pub tid: u32,
    /// The process's number.
    pub pid: u32,
}

/// All that a condition can see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts<'a> {
    /// When.
    pub time: Time,
    /// The event's number in its machine's log.
    pub event: u64,
    /// The machine's name.
    pub machine: &'a str,
    /// The CPU.
    pub cpu: u16,
    /// What happened.
    pub kind: &'static str,
    /// The tasks that it is about.
    pub tasks: Vec<Who<'a>>,
    /// The system call's name.
    pub call: Option<&'static str>,
    /// The name of the error.
    pub errno: Option<&'static str>,
    /// What the call returned.
    pub result: Option<i64>,
    /// How long it took.
    pub took: Option<Duration>,
    /// Why a thread left its CPU, or what it waits for.
    pub why: Option<&'static str>,
    /// The address that was touched.
    pub address: Option<u64>,
    /// The frame of RAM.
    pub frame: Option<u32>,
    /// The block of a disk.
    pub block: Option<u64>,
    /// What a program marked: a fact's number.
    pub mark: Option<u16>,
}

impl Facts<'_> {
    /// The texts that a word alone is looked for in.
    pub(super) fn words(&self) -> impl Iterator<Item = &str> {
        let own = [Some(self.kind), self.call, self.errno, self.why];
        own.into_iter().flatten().chain(self.tasks.iter().map(|task| task.name))
    }
}

/// The kinds of events.
pub const KINDS: [&str; 42] = [
    "machine.boot",
    "machine.no-progress",
    "machine.guest-exit",
    "task.start",
    "task.exec",
    "task.exit",
    "task.signal",
    "task.deliver",
    "task.discard",
    "task.abort",
    "task.mark",
    "task.reap",
    "sched.switch",
    "sched.ready",
    "sched.block",
    "sched.priority",
    "call.wait",
    "call.interrupted",
    "call.done",
    "memory.fault",
    "memory.violation",
    "memory.shootdown",
    "memory.reclaim",
    "memory.no-hole",
    "memory.candidate",
    "memory.kill",
    "block.submit",
    "block.done",
    "block.commit",
    "block.flush",
    "net.transmit",
    "net.receive",
    "net.drop",
    "net.congestion",
    "net.neighbour",
    "net.overflow",
    "net.retransmit",
    "net.state",
    "net.timeout",
    "input.key",
    "input.interrupt",
    "input.timer",
];

/// What kind of event this is: the same words as in the log's JSON, family first.
#[must_use]
pub fn kind(event: &Event) -> &'static str {
    match event {
        Event::Machine(MachineEvent::Boot { .. }) => "machine.boot",
        Event::Machine(MachineEvent::NoProgress) => "machine.no-progress",
        Event::Machine(MachineEvent::GuestExit { .. }) => "machine.guest-exit",
        Event::Task(TaskEvent::Start { .. }) => "task.start",
        Event::Task(TaskEvent::Exec { .. }) => "task.exec",
        Event::Task(TaskEvent::Exit { .. }) => "task.exit",
        Event::Task(TaskEvent::Signal { .. }) => "task.signal",
        Event::Task(TaskEvent::Deliver { .. }) => "task.deliver",
        Event::Task(TaskEvent::Discard { .. }) => "task.discard",
        Event::Task(TaskEvent::Abort { .. }) => "task.abort",
        Event::Task(TaskEvent::Mark { .. }) => "task.mark",
        Event::Task(TaskEvent::Reap { .. }) => "task.reap",
        Event::Sched(SchedEvent::Switch { .. }) => "sched.switch",
        Event::Sched(SchedEvent::Ready { .. }) => "sched.ready",
        Event::Sched(SchedEvent::Block { .. }) => "sched.block",
        Event::Sched(SchedEvent::Priority { .. }) => "sched.priority",
        Event::Call(CallEvent::Wait { .. }) => "call.wait",
        Event::Call(CallEvent::Interrupted { .. }) => "call.interrupted",
        Event::Call(CallEvent::Done { .. }) => "call.done",
        Event::Memory(MemoryEvent::Fault { .. }) => "memory.fault",
        Event::Memory(MemoryEvent::Violation { .. }) => "memory.violation",
        Event::Memory(MemoryEvent::Shootdown { .. }) => "memory.shootdown",
        Event::Memory(MemoryEvent::Reclaim { .. }) => "memory.reclaim",
        Event::Memory(MemoryEvent::NoHole { .. }) => "memory.no-hole",
        Event::Memory(MemoryEvent::Candidate { .. }) => "memory.candidate",
        Event::Memory(MemoryEvent::Kill { .. }) => "memory.kill",
        Event::Block(BlockEvent::Submit { .. }) => "block.submit",
        Event::Block(BlockEvent::Done { .. }) => "block.done",
        Event::Block(BlockEvent::Commit { .. }) => "block.commit",
        Event::Block(BlockEvent::Flush { .. }) => "block.flush",
        Event::Net(NetEvent::Transmit { .. }) => "net.transmit",
        Event::Net(NetEvent::Receive { .. }) => "net.receive",
        Event::Net(NetEvent::Drop { .. }) => "net.drop",
        Event::Net(NetEvent::State { .. }) => "net.state",
        Event::Net(NetEvent::Retransmit { .. }) => "net.retransmit",
        Event::Net(NetEvent::Timeout { .. }) => "net.timeout",
        Event::Net(NetEvent::Congestion { .. }) => "net.congestion",
        Event::Net(NetEvent::Overflow { .. }) => "net.overflow",
        Event::Net(NetEvent::Neighbour { .. }) => "net.neighbour",
        Event::Input(InputEvent::Key { .. }) => "input.key",
        Event::Input(InputEvent::Interrupt { .. }) => "input.interrupt",
        Event::Input(InputEvent::Timer) => "input.timer",
    }
}

/// The facts of a record. `who` knows the tasks by their serials.
pub fn facts<'a>(
    machine: &'a str,
    number: u64,
    record: &Record,
    who: impl Fn(Serial) -> Option<Who<'a>>,
) -> Facts<'a> {
    let stamp = record.stamp;
    let mut serials = vec![stamp.thread];
    let mut facts = Facts {
        time: stamp.time,
        event: number,
        machine,
        cpu: stamp.cpu.0,
        kind: kind(&record.event),
        tasks: Vec::new(),
        call: None,
        errno: None,
        result: None,
        took: None,
        why: None,
        address: None,
        frame: None,
        block: None,
        mark: None,
    };
    match record.event {
        Event::Sched(SchedEvent::Switch { from, to, why }) => {
            serials = vec![from, to];
            facts.why = Some(leave(why));
        }
        Event::Sched(SchedEvent::Ready { thread, .. } | SchedEvent::Priority { thread, .. }) => {
            serials = vec![thread];
        }
        Event::Sched(SchedEvent::Block { on }) => facts.why = Some(wait(on)),
        Event::Task(TaskEvent::Start { child, .. }) => serials.push(child),
        Event::Task(TaskEvent::Signal { target, .. } | TaskEvent::Discard { target, .. }) => {
            serials.push(target);
        }
        Event::Call(CallEvent::Wait { number, .. } | CallEvent::Interrupted { number, .. }) => {
            facts.call = call::lookup(number).map(|call| call.name);
        }
        Event::Call(CallEvent::Done { number, entered, result, .. }) => {
            facts.call = call::lookup(number).map(|call| call.name);
            facts.errno = Errno::from_result(result).map(|errno| errno.name());
            facts.result = Some(result);
            facts.took = Some(stamp.time.since(entered));
        }
        Event::Memory(MemoryEvent::Fault { address, frame, .. }) => {
            (facts.address, facts.frame) = (Some(address), Some(frame.0));
        }
        Event::Memory(MemoryEvent::Violation { address, .. }) => facts.address = Some(address),
        Event::Memory(MemoryEvent::Reclaim { frame, .. }) => facts.frame = Some(frame.0),
        Event::Task(TaskEvent::Mark { fact, .. }) => facts.mark = Some(fact),
        Event::Block(BlockEvent::Submit { block, .. } | BlockEvent::Done { block, .. }) => {
            facts.block = Some(block.0);
        }
        _ => {}
    }
    serials.dedup();
    facts.tasks = serials.into_iter().filter_map(who).collect();
    facts
}

fn leave(why: Leave) -> &'static str {
    match why {
        Leave::Idle => "idle",
        Leave::Blocked => "blocked",
        Leave::Slice => "slice",
        Leave::Preempted => "preempted",
        Leave::Yielded => "yielded",
        Leave::Exited => "exited",
        Leave::Stopped => "stopped",
    }
}

fn wait(on: Wait) -> &'static str {
    match on {
        Wait::Sleep => "sleep",
        Wait::Futex => "futex",
        Wait::Child => "child",
        Wait::Disk => "disk",
        Wait::Pipe => "pipe",
        Wait::Socket => "socket",
        Wait::Console => "console",
        Wait::Server => "server",
        Wait::Work => "work",
        Wait::Memory => "memory",
        Wait::Lock => "lock",
        Wait::Signal => "signal",
        Wait::Poll => "poll",
        Wait::Turn => "turn",
    }
}
