//! How tasks end: by themselves, killed, or because another thread of their process becomes another program.

use super::{Key, Open, Printer, Task};
use oscope_kernel::abi::Signal;
use oscope_kernel::base::Time;

impl Printer {
    pub(super) fn exit(&mut self, key: Key, status: u32, time: Time, text: &mut String) {
        let Some(task) = self.tasks.get_mut(&key) else { return };
        if !task.is_traced {
            return;
        }
        let pid = task.pid;
        let is_of = |other: &Key, task: &Task| other.0 == key.0 && *other != key && task.pid == pid;
        let mut family = self.tasks.iter_mut().filter(|(other, task)| is_of(other, task));
        if let Some(list) = family.find_map(|(_, task)| task.superseded.as_mut()) {
            list.push(key);
            return;
        }
        let Some(task) = self.tasks.get_mut(&key) else { return };
        let (pid, is_first, open) = (task.pid, task.tid == task.pid, task.open.take());
        self.show_seen(key, time, text);
        if let Some(open) = open {
            self.abandon(key, &open, time, text);
        }
        let family = self
            .tasks
            .iter()
            .filter(|(other, task)| other.0 == key.0 && **other != key && task.pid == pid);
        let others: Vec<Key> = family.map(|(other, _)| *other).collect();
        if is_first && !others.is_empty() {
            if let Some(task) = self.tasks.get_mut(&key) {
                task.held = Some(status);
            }
            return;
        }
        self.gone(key, status, time, text);
        // The first thread of the process, if it waits for nobody else.
        if let [first] = others[..]
            && let Some(status) = self.tasks.get(&first).and_then(|task| task.held)
        {
            self.gone(first, status, time, text);
        }
    }

    /// A task ended in the middle of a call: nobody will know its result.
    fn abandon(&mut self, key: Key, open: &Open, time: Time, text: &mut String) {
        if self.line.is_none_or(|(writer, _)| writer != key) {
            self.begin(key, time, text);
            self.add(&format!("<... {} resumed>", open.name), text);
        }
        if open.is_open {
            self.add(" <unfinished ...>", text);
        }
        self.add(") ", text);
        self.equals("?", text);
        self.end_line(text);
    }

    fn gone(&mut self, key: Key, status: u32, time: Time, text: &mut String) {
        let how = match Signal::from_number(u64::from(status & 0x7f)) {
            None => format!("exited with {}", status >> 8 & 0xff),
            Some(signal) => {
                let core = if status & 0x80 != 0 { " (core dumped)" } else { "" };
                format!("killed by {signal}{core}")
            }
        };
        self.end(key, &how, time, text);
    }

    fn end(&mut self, key: Key, how: &str, time: Time, text: &mut String) {
        if !self.style.quiet.exit || !how.starts_with("exited") {
            self.begin(key, time, text);
            self.add(&format!("+++ {how} +++"), text);
            self.end_line(text);
        }
        self.tasks.remove(&key);
        self.descriptors.end(key);
    }

    /// A task becomes another program: its execve(2) has not returned yet.
    pub(super) fn becomes_another(&mut self, key: Key) {
        if let Some(task) = self.tasks.get_mut(&key) {
            task.superseded = Some(Vec::new());
        }
    }

    /// An execve(2) returns, whose line is begun: the other threads are gone before it does. It returns under the number of
    /// the process, and if that was another thread's, that one was superseded.
    pub(super) fn end_superseded(&mut self, key: Key, time: Time, name: &str, text: &mut String) {
        let Some(task) = self.tasks.get_mut(&key) else { return };
        let (tid, pid) = (task.tid, task.pid);
        let others = task.superseded.take().unwrap_or_default();
        if others.is_empty() {
            return;
        }
        for &other in &others {
            if let Some(open) = self.tasks.get_mut(&other).and_then(|task| task.open.take()) {
                self.abandon(other, &open, time, text);
            }
        }
        let (first, rest): (Vec<Key>, Vec<Key>) = others
            .iter()
            .partition(|other| self.tasks.get(other).is_some_and(|task| task.tid == pid));
        for other in rest {
            self.gone(other, 0, time, text);
        }
        for other in first {
            self.end(other, &format!("superseded by execve in pid {tid}"), time, text);
        }
        if let Some(task) = self.tasks.get_mut(&key) {
            task.tid = pid;
        }
        self.begin(key, time, text);
        self.add(&format!("<... {name} resumed>"), text);
    }
}
