//! The kernel's log in strace's words.
//!
//! Layers: [`style`] is how it looks; [`call`] is one call as text, from `value` (one argument), `structure`, `signals`
//! and `command` (what it points to), `finish` and `interruption` (its result); [`Printer`] puts the calls of many
//! tasks on lines, one after the other.
//!
//! A typical sequence: thread 7 begins to wait in read(2). The log says [`CallEvent::Wait`], so the printer writes
//! `7     read(3, ` and leaves the line open. Thread 8 makes a call meanwhile: the open line ends in
//! `<unfinished ...>`, and 8 gets a line of its own. When 7's call returns, its line goes on as
//! `7     <... read resumed>"hello", 64) = 5`. Had nobody else said anything, it would have gone on where it was. A
//! call that never waits has one record, and one line.
//!
//! The text is that of `strace -f`, version 6.1. Where a world has several machines, each line begins with the name of its
//! machine, a colon and a blank, which strace does not know.

pub mod call;
mod clone;
mod command;
mod descriptors;
mod ends;
mod filter;
mod finish;
mod interruption;
mod options;
mod seen;
mod signals;
mod structure;
pub mod style;
mod terminal;
mod text;
mod value;

#[cfg(test)]
mod tests;

pub use call::CallText;
pub(super) use command::ioctl_request;
pub use filter::Filter;
pub(super) use signals::info as signal_info;
pub use style::{Clock, Hex, Paths, Quiet, Status, Style, Whose};

use descriptors::{Descriptors, Names, Opened};
use seen::{Again, Seen};

use oscope_kernel::abi::signal::DefaultAction;
use oscope_kernel::abi::{Errno, Restart, Signal};
use oscope_kernel::base::{MachineId, Serial, Time};
use oscope_kernel::event::{CallEvent, Event, Log, Record, TaskEvent};
use std::collections::BTreeMap;

/// A task's name in the log of a world.
type Key = (MachineId, Serial);

/// What the printer knows of a task.
#[derive(Clone, Debug, Default)]
struct Task {
    tid: u32,
    pid: u32,
    /// Whether it is a program's: the kernel's own tasks make no calls.
    is_traced: bool,
    /// The call whose beginning has been printed.
    open: Option<Open>,
    /// Signals that it ignored, and that a tracer would have seen.
    seen: Vec<Seen>,
    /// Whether its last call ended in the middle and is to be made again.
    is_between: bool,
    /// Whether it has killed itself.
    is_killed: bool,
    /// The call that restart_syscall(2) would go on with.
    interrupted: Option<u16>,
    /// The end of a process's first thread is told when its other threads have ended.
    held: Option<u32>,
    /// While it becomes another program: the other threads of its process, which end by that.
    superseded: Option<Vec<Key>>,
}

#[derive(Clone, Debug)]
struct Open {
    /// The name that it was printed under, and that of the call that was made: they differ if Linux goes on with the
    /// call by restart_syscall(2).
    name: String,
    made: String,
    /// Whether arguments are still to come.
    is_open: bool,
    /// What strace would write if a signal ended the wait, and made it begin again; `None` if that cannot be.
    again: Option<Again>,
    /// Whether it has been woken, and will look again at what it waits for.
    is_woken: bool,
}

/// Turns records into lines. Records must come in the world's order.
#[derive(Debug)]
pub struct Printer {
    style: Style,
    /// Machines by number; empty if there is but one and its name is not printed.
    machines: Vec<String>,
    tasks: BTreeMap<Key, Task>,
    /// Whose line is open, and how long it is so far.
    line: Option<(Key, usize)>,
    before: Time,
    /// Who ignored a signal in the middle of a wait, and when: what comes of the wait is not known yet.
    undecided: Vec<(Key, Time)>,
    descriptors: Descriptors,
}

impl Printer {
    /// A printer for a world with machines of these names.
    #[must_use]
    pub fn new(style: Style, machines: &[&str]) -> Self {
        let several = machines.len() > 1;
        let machines = if several { machines } else { &[] };
        Self {
            style,
            machines: machines.iter().map(|name| (*name).to_owned()).collect(),
            tasks: BTreeMap::new(),
            line: None,
            before: Time::ZERO,
            undecided: Vec::new(),
            descriptors: Descriptors::default(),
        }
    }

    /// Appends what strace prints of a record; for many, nothing.
    pub fn record(&mut self, log: &Log, sequence: u64, record: &Record, text: &mut String) {
        let key = (log.machine(), record.stamp.thread);
        self.disturb(log.machine(), record, text);
        let time = record.stamp.time;
        match record.event {
            Event::Task(TaskEvent::Start { child, tid, pid, .. }) => {
                self.start(key, (key.0, child), tid, pid, text);
            }
            Event::Task(TaskEvent::Exit { status }) => self.exit(key, status, time, text),
            Event::Task(TaskEvent::Exec { .. }) => self.becomes_another(key),
            Event::Task(TaskEvent::Deliver { signal, handled, info }) => {
                let info = signals::info(log.bytes(sequence, info));
                self.deliver(key, time, (signal, handled, info), text);
            }
            Event::Task(TaskEvent::Signal { target, signal }) => {
                self.sent(key, (key.0, target), signal);
            }
            Event::Task(TaskEvent::Discard { target, signal, info }) => {
                let info = signals::info(log.bytes(sequence, info));
                self.discard((key.0, target), time, signal, info);
            }
            Event::Call(event) => {
                let (CallEvent::Wait { detail, .. }
                | CallEvent::Interrupted { detail, .. }
                | CallEvent::Done { detail, .. }) = event;
                self.called(key, time, &event, log.bytes(sequence, detail), text);
            }
            _ => {}
        }
    }

    /// Ends a line that is still open: the trace is over.
    pub fn finish(&mut self, text: &mut String) {
        if self.line.take().is_some() {
            text.push_str(" <unfinished ...>\n");
        }
    }

    fn start(&mut self, parent: Key, child: Key, tid: u32, pid: u32, text: &mut String) {
        let parent_pid = self.tasks.get(&parent).map(|task| task.pid);
        let is_traced = self.tasks.get(&parent).is_some_and(|task| task.is_traced);
        self.descriptors.start(parent, child, parent_pid == Some(pid));
        self.tasks.insert(child, Task { tid, pid, is_traced, ..Task::default() });
        if is_traced && self.style.whose == Whose::WhenSeveral && !self.style.quiet.attach {
            self.leave_line(text);
            let machine = self.machine_prefix(child);
            text.push_str(&format!("{machine}strace: Process {tid} attached\n"));
        }
    }

    /// Something happened to a call.
    fn called(
        &mut self,
        key: Key,
        time: Time,
        event: &CallEvent,
        detail: &[u8],
        text: &mut String,
    ) {
        let opened = match *event {
            CallEvent::Done { number, result, .. } if self.style.paths != Paths::None => {
                self.descriptors.opened(key, number, detail, result)
            }
            _ => Opened::new(),
        };
        let call =
            self.text_of(key, &opened, |style, names| CallText::named(event, detail, style, names));
        if self.is_shown(event, &call) {
            self.show_before(key, event, text);
            self.call(key, time, event, call, text);
        } else if let Some(task) = self.tasks.get_mut(&key) {
            task.is_between = matches!(event, CallEvent::Interrupted { .. });
            task.is_traced = true;
        } else {
            self.tasks.entry(key).or_default().is_traced = true;
        }
        match *event {
            CallEvent::Wait { number, restart: Some(restart), .. } => {
                let again = self.text_of(key, &opened, |style, names| {
                    CallText::interrupted(number, detail, restart, (style, names))
                });
                self.may_begin_again(key, again);
            }
            CallEvent::Done { number, result, .. } => {
                self.show_seen(key, time, text);
                if self.style.paths != Paths::None {
                    self.descriptors.settle(key, opened, number, detail, result);
                }
            }
            _ => {}
        }
    }

    /// A text in which descriptors have names, if they are to have them.
    fn text_of(
        &mut self,
        key: Key,
        opened: &Opened,
        show: impl FnOnce(&Style, Option<Names<'_>>) -> CallText,
    ) -> CallText {
        if self.style.paths == Paths::None {
            return show(&self.style, None);
        }
        let (style, is_full) = (&self.style, self.style.paths == Paths::Full);
        self.descriptors.with((key, opened), is_full, |names| show(style, Some(names)))
    }

    /// Whether the style wants to see this of a call. Where it asks how calls end, nothing is written before they have.
    fn is_shown(&self, event: &CallEvent, call: &CallText) -> bool {
        let (number, result) = match *event {
            CallEvent::Wait { number, .. } | CallEvent::Interrupted { number, .. } => {
                (number, None)
            }
            CallEvent::Done { number, result, .. } => (number, Some(result)),
        };
        let status = self.style.status;
        let by_status = match result {
            _ if status == Status::ALL => true,
            None => false,
            Some(_) if call.result == "?" => status.unfinished,
            Some(result) if Errno::from_result(result).is_some() => status.failed,
            Some(_) => status.successful,
        };
        by_status && self.style.trace.contains(number)
    }

    fn call(&mut self, key: Key, time: Time, event: &CallEvent, call: CallText, text: &mut String) {
        let (number, entered) = match *event {
            CallEvent::Wait { number, entered, .. }
            | CallEvent::Interrupted { number, entered, .. }
            | CallEvent::Done { number, entered, .. } => (number, entered),
        };
        let task = self.tasks.entry(key).or_default();
        task.is_traced = true;
        task.is_between = matches!(event, CallEvent::Interrupted { .. });
        let made = call.name.clone();
        let mut call = call;
        if task.interrupted.take_if(|interrupted| *interrupted == number).is_some() {
            call.before = seen::resuming(&call.name);
            call.after.clear();
            (call.name, call.is_open) = (seen::RESTART.into(), false);
        }
        if task.is_killed {
            call.result = "?".to_owned();
        }
        let open = task.open.take();
        if open.as_ref().is_some_and(Open::is_restart) {
            call.after.clear();
        }
        if let CallEvent::Interrupted { .. } = event
            && call.result.contains(Restart::ERESTART_RESTARTBLOCK.name())
        {
            task.interrupted = Some(number);
        }
        if let CallEvent::Wait { .. } = event {
            task.open = Some(Open::new(&call, &made));
            self.begin(key, entered, text);
            self.add_number(number, text);
            self.add(&format!("{}({}", call.name, call.before), text);
            return;
        }
        match (open, self.line) {
            (Some(_), Some((writer, _))) if writer == key => {}
            (Some(open), _) => {
                self.begin(key, time, text);
                self.add_number(number, text);
                self.add(&format!("<... {} resumed>", open.name), text);
            }
            (None, _) => {
                self.begin(key, entered, text);
                self.add_number(number, text);
                self.add(&format!("{}({}", call.name, call.before), text);
            }
        }
        if matches!(event, CallEvent::Done { .. }) {
            self.end_superseded(key, time, call.name.as_ref(), text);
        }
        self.add(&format!("{}) ", call.after), text);
        self.equals(&call.result, text);
        if self.style.took && call.result != "?" {
            let took = time.since(entered).0 / 1000;
            text.push_str(&format!(" <{}.{:06}>", took / 1_000_000, took % 1_000_000));
        }
        self.end_line(text);
    }

    fn deliver(&mut self, key: Key, time: Time, told: (u8, bool, String), text: &mut String) {
        let (number, handled, info) = told;
        let Some(signal) = Signal::from_number(u64::from(number)) else { return };
        // strace does not see SIGKILL coming.
        if signal == Signal::KILL || !self.tasks.get(&key).is_some_and(|task| task.is_traced) {
            return;
        }
        self.show_seen(key, time, text);
        self.tell_signal(key, time, signal, &info, text);
        if !handled && signal.default_action() == DefaultAction::Stop {
            self.begin(key, time, text);
            self.add(&format!("--- stopped by {signal} ---"), text);
            self.end_line(text);
        }
    }

    /// Begins a line of a task, after an unfinished one of somebody else.
    fn begin(&mut self, key: Key, time: Time, text: &mut String) {
        self.leave_line(text);
        self.line = Some((key, 0));
        let machine = self.machine_prefix(key);
        self.add(&machine, text);
        let tid = self.tasks.get(&key).map_or(0, |task| task.tid);
        let is_here = |(other, task): &(&Key, &Task)| other.0 == key.0 && task.is_traced;
        let several = || self.tasks.iter().filter(is_here).nth(1).is_some();
        match self.style.whose {
            Whose::Always => self.add(&format!("{tid:<5} "), text),
            Whose::WhenSeveral if several() => self.add(&format!("[pid {tid:>5}] "), text),
            Whose::WhenSeveral => {}
        }
        let stamp = self.stamp(time);
        self.add(&stamp, text);
    }

    /// `web: `, where there are several machines.
    fn machine_prefix(&self, key: Key) -> String {
        let name = self.machines.get(usize::from(key.0.0));
        name.map_or_else(String::new, |name| format!("{name}: "))
    }

    /// The number of a call, with `-n`.
    fn add_number(&mut self, number: u16, text: &mut String) {
        if self.style.numbers {
            self.add(&format!("[{number:>4}] "), text);
        }
    }

    fn stamp(&mut self, time: Time) -> String {
        let before = std::mem::replace(&mut self.before, time);
        let micros = time.0 / 1000;
        let (seconds, part) = (micros / 1_000_000, micros % 1_000_000);
        let (hours, minutes) = (seconds / 3600 % 24, seconds / 60 % 60);
        match self.style.clock {
            Clock::None => String::new(),
            Clock::Seconds => format!("{hours:02}:{minutes:02}:{:02} ", seconds % 60),
            Clock::Micros => format!("{hours:02}:{minutes:02}:{:02}.{part:06} ", seconds % 60),
            Clock::Epoch => format!("{seconds}.{part:06} "),
            Clock::Relative => {
                let since = time.since(before).0 / 1000;
                format!("{:>6}.{:06} ", since / 1_000_000, since % 1_000_000)
            }
        }
    }

    /// A new line begins: one that is still open is left unfinished.
    fn leave_line(&mut self, text: &mut String) {
        if self.line.take().is_some() {
            text.push_str(" <unfinished ...>\n");
        }
    }

    fn add(&mut self, part: &str, text: &mut String) {
        text.push_str(part);
        if let Some((_, column)) = &mut self.line {
            *column += part.chars().count();
        }
    }

    /// The equals sign in its column, and the result.
    fn equals(&mut self, result: &str, text: &mut String) {
        let column = self.line.map_or(0, |(_, column)| column);
        let blanks = self.style.column.saturating_sub(column);
        text.push_str(&" ".repeat(blanks));
        text.push_str("= ");
        text.push_str(result);
    }

    fn end_line(&mut self, text: &mut String) {
        text.push('\n');
        self.line = None;
    }
}
