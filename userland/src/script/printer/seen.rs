//! Signals that their receiver ignores.
//!
//! The kernel forgets such a signal when it is sent. A tracer sees it all the same: Linux shows a traced process every
//! signal but SIGKILL, and for that it ends the wait that the process is in, which then begins again (ptrace(2)). oscope's
//! machines are not disturbed by being watched. So the printer writes what strace would have seen: the call that ends with
//! a code such as ERESTARTSYS, the signal, the call again.
//!
//! What must be found out is whether the wait went on at all. A parent in wait4(2) is sent SIGCHLD and woken by the same
//! end of its child; then wait4 returns first and the signal follows. So the printer keeps the signal until it sees what
//! comes of the wait: the receiver becomes ready in the same moment, or it does not.

use super::{CallText, Key, Open, Printer};
use oscope_kernel::abi::{Restart, Signal};
use oscope_kernel::base::{MachineId, Time};
use oscope_kernel::event::{CallEvent, Event, Record, SchedEvent};

/// A signal that was ignored.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    signal: Signal,
    info: String,
    time: Time,
}

/// How a wait is shown that a tracer sees end and begin again: the end of its line, and the beginning of the next.
#[derive(Clone, Debug)]
pub(super) struct Again {
    after: String,
    result: String,
    before: String,
    /// Whether Linux goes on with it by restart_syscall(2).
    is_restart: bool,
}

impl Open {
    /// A call whose beginning has been printed, and the name of the one that was made.
    pub(super) fn new(call: &CallText, made: &str) -> Self {
        Self {
            name: call.name.to_string(),
            made: made.to_owned(),
            is_open: call.is_open,
            again: None,
            is_woken: false,
        }
    }

    /// Whether the call is shown as restart_syscall(2), which has no arguments.
    pub(super) fn is_restart(&self) -> bool {
        self.name == RESTART && self.made != RESTART
    }
}

/// The call by which Linux goes on with a wait that knows how long it still has to be.
pub(super) const RESTART: &str = "restart_syscall";

impl Printer {
    /// A call waits that a signal could end.
    pub(super) fn may_begin_again(&mut self, key: Key, call: CallText) {
        let Some(open) = self.tasks.get_mut(&key).and_then(|task| task.open.as_mut()) else {
            return;
        };
        // Some calls are not made again: Linux shows them EINTR, tracer or not.
        if !call.result.starts_with("? ") {
            return;
        }
        let is_restart = call.result.contains(Restart::ERESTART_RESTARTBLOCK.name());
        let CallText { before, after, result, .. } = call;
        let after = if open.is_restart() { String::new() } else { after };
        open.again = Some(Again { after, result, before, is_restart });
    }

    /// A signal was sent. Who sends SIGKILL to its own process does not come back from the call, which is a result that
    /// no tracer sees.
    pub(super) fn sent(&mut self, sender: Key, target: Key, signal: u8) {
        let Some(target) = self.tasks.get(&target).map(|task| task.pid) else { return };
        if let Some(task) = self.tasks.get_mut(&sender) {
            task.is_killed |= signal == Signal::KILL.number() && task.pid == target;
        }
    }

    /// A signal was sent to somebody who ignores it.
    pub(super) fn discard(&mut self, key: Key, time: Time, signal: u8, info: String) {
        let Some(signal) = Signal::from_number(u64::from(signal)) else { return };
        if let Some(task) = self.tasks.get_mut(&key).filter(|task| task.is_traced) {
            task.seen.push(Seen { signal, info, time });
            if task.open.as_ref().is_some_and(|open| !open.is_woken) {
                self.undecided.push((key, time));
            }
        }
    }

    /// Something else happened: whose wait has not ended by that is one which a tracer would have ended.
    pub(super) fn disturb(&mut self, machine: MachineId, record: &Record, text: &mut String) {
        let time = record.stamp.time;
        match record.event {
            Event::Sched(SchedEvent::Ready { thread, .. }) => {
                self.undecided.retain(|(key, _)| *key != (machine, thread));
                if let Some(task) = self.tasks.get_mut(&(machine, thread))
                    && let Some(open) = &mut task.open
                {
                    open.is_woken = true;
                }
            }
            Event::Sched(SchedEvent::Block { .. }) => {
                // It was woken for nothing and waits again.
                let key = (machine, record.stamp.thread);
                if let Some(open) = self.tasks.get_mut(&key).and_then(|task| task.open.as_mut())
                    && std::mem::take(&mut open.is_woken)
                {
                    self.interrupt(key, time, text);
                }
            }
            _ => {}
        }
        while let Some(at) = self.undecided.iter().position(|(_, since)| *since < time) {
            let (key, since) = self.undecided.remove(at);
            self.interrupt(key, since, text);
        }
    }

    /// Writes that a wait ended, the signals that ended it, and that it began again.
    fn interrupt(&mut self, key: Key, time: Time, text: &mut String) {
        let filter = &self.style.signals;
        let shown = |seen: &Seen| filter.contains(seen.signal.number().into());
        let Some(task) = self.tasks.get_mut(&key).filter(|task| task.seen.iter().any(shown)) else {
            return;
        };
        let Some(again) = task.open.as_ref().and_then(|open| open.again.clone()) else { return };
        let Some(mut open) = task.open.take() else { return };
        if self.line.is_none_or(|(writer, _)| writer != key) {
            self.begin(key, time, text);
            self.add(&format!("<... {} resumed>", open.name), text);
        }
        self.add(&format!("{}) ", again.after), text);
        self.equals(&again.result, text);
        self.end_line(text);
        self.show_seen(key, time, text);
        if again.is_restart && !open.is_restart() {
            open.name = RESTART.to_owned();
            open.is_open = false;
            open.again =
                Some(Again { after: String::new(), before: resuming(&open.made), ..again });
        }
        self.begin(key, time, text);
        let before = open.again.as_ref().map_or("", |again| &again.before);
        self.add(&format!("{}({before}", open.name), text);
        if let Some(task) = self.tasks.get_mut(&key) {
            task.open = Some(Open { is_woken: false, ..open });
        }
    }

    /// Before a call's line stand the signals that came before the call.
    pub(super) fn show_before(&mut self, key: Key, event: &CallEvent, text: &mut String) {
        let (CallEvent::Wait { entered, .. }
        | CallEvent::Interrupted { entered, .. }
        | CallEvent::Done { entered, .. }) = *event;
        let Some(task) = self.tasks.get(&key) else { return };
        let is_before =
            task.is_between || task.seen.first().is_some_and(|seen| seen.time < entered);
        if is_before && task.open.is_none() {
            self.show_seen(key, entered, text);
        }
    }

    /// Writes the signals that a task ignored.
    pub(super) fn show_seen(&mut self, key: Key, time: Time, text: &mut String) {
        let Some(task) = self.tasks.get_mut(&key) else { return };
        if task.seen.is_empty() {
            return;
        }
        self.undecided.retain(|(undecided, _)| *undecided != key);
        for Seen { signal, info, .. } in std::mem::take(&mut task.seen) {
            self.tell_signal(key, time, signal, &info, text);
        }
    }

    /// `--- SIGCHLD {…} ---`.
    pub(super) fn tell_signal(
        &mut self,
        key: Key,
        time: Time,
        signal: Signal,
        info: &str,
        text: &mut String,
    ) {
        if self.style.signals.contains(signal.number().into()) {
            self.begin(key, time, text);
            self.add(&format!("--- {signal} {info} ---"), text);
            self.end_line(text);
        }
    }
}

/// What restart_syscall(2) shows instead of arguments.
pub(super) fn resuming(name: &str) -> String {
    format!("<... resuming interrupted {name} ...>")
}
