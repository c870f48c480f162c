//! Scripts by chance, from a seed.
//!
//! A script has one line per call and no results: it is played, not checked. What could wait for ever is not made, or
//! comes in a few lines that belong together, the last of which wakes the first.

mod files;
mod tree;

use super::model::{Disposition, Process};
use oscope_kernel::base::Rng;
use std::collections::BTreeSet;

/// A script, as lines that can be dropped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// Its lines, and together those that belong together. Numbers of processes are marked: `kill(#2#, SIGTERM)`.
    pub lines: Vec<String>,
}

impl Case {
    /// The text.
    #[must_use]
    pub fn script(&self) -> String {
        let mut text = self.lines.join("\n").replace('#', "");
        text.push('\n');
        text
    }

    /// Without lines that make no sense without others: those of a process, or about one, that nobody makes.
    pub(super) fn pruned(&self) -> Self {
        let made = |pid: &str| {
            let fork = format!("fork() = {pid}");
            let makes = |line: &String| line.lines().any(|line| line.ends_with(&fork));
            pid == "1" || self.lines.iter().any(makes)
        };
        let keep = |line: &&String| {
            let pid = line.trim_start_matches("[pid ").split(']').next().unwrap_or_default();
            // Every other part between marks is a number.
            let mut named = line.split('#').skip(1).step_by(2);
            made(pid) && named.all(made)
        };
        let lines: Vec<String> = self.lines.iter().filter(keep).cloned().collect();
        let pruned = Self { lines };
        // What went may have been what others needed.
        if pruned.lines.len() < self.lines.len() { pruned.pruned() } else { pruned }
    }

    /// A script of about so many calls. `root` is whether credentials can be changed as root can.
    #[must_use]
    pub fn generate(seed: u64, calls: usize, root: bool) -> Self {
        let mut generator = Generator {
            rng: Rng::new(seed),
            lines: Vec::new(),
            processes: vec![Process::root()],
            pids: 1,
            mappings: 0,
            root,
        };
        generator.line(
            0,
            "rt_sigaction(SIGPIPE, {sa_handler=SIG_IGN, sa_mask=[], sa_flags=0}, NULL, 8)",
        );
        generator.processes[0].signals.insert("SIGPIPE", Disposition::Ignored);
        // Nobody kills init on Linux, so it is not tried.
        for signal in SIGNALS {
            if generator.processes[0].dies_without(signal) {
                let action = "{sa_handler=0x10400, sa_mask=[], sa_flags=SA_RESTART}";
                generator.line(0, &format!("rt_sigaction({signal}, {action}, NULL, 8)"));
                generator.processes[0].signals.insert(signal, Disposition::Handled);
            }
        }
        while generator.lines.len() < calls {
            generator.step();
        }
        Self { lines: generator.lines }
    }
}

/// Signals that scripts send each other.
const SIGNALS: [&str; 9] = [
    "SIGUSR1", "SIGUSR2", "SIGTERM", "SIGCHLD", "SIGCONT", "SIGURG", "SIGHUP", "SIGRTMIN",
    "SIGRT_2",
];
/// How often each family of calls is tried.
const FAMILIES: [(u64, Family); 12] = [
    (18, Family::Descriptor),
    (18, Family::Data),
    (10, Family::File),
    (14, Family::Action),
    (14, Family::Send),
    (8, Family::Identity),
    (6, Family::Credential),
    (8, Family::Life),
    (8, Family::Wait),
    (6, Family::Memory),
    (6, Family::Schedule),
    (4, Family::Blocking),
];

#[derive(Clone, Copy, Debug)]
enum Family {
    Descriptor,
    Data,
    File,
    Action,
    Send,
    Identity,
    Credential,
    Life,
    Wait,
    Memory,
    Schedule,
    Blocking,
}

/// The number of a process as lines have it; 0 and 777 are nobody's.
fn marked(pid: u32) -> String {
    if matches!(pid, 0 | 777) { pid.to_string() } else { format!("#{pid}#") }
}

struct Generator {
    rng: Rng,
    lines: Vec<String>,
    processes: Vec<Process>,
    /// The last pid that was given away.
    pids: u32,
    mappings: u32,
    root: bool,
}

impl Generator {
    fn below(&mut self, bound: usize) -> usize {
        self.rng.below(bound.max(1) as u64) as usize
    }

    fn chance(&mut self, percent: u64) -> bool {
        self.rng.below(100) < percent
    }

    fn pick<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }

    fn line(&mut self, who: usize, call: &str) {
        let pid = self.processes[who].pid;
        self.lines.push(format!("[pid {pid}] {call}"));
    }

    /// A process that can have a line.
    fn someone(&mut self) -> usize {
        let all: Vec<usize> =
            (0..self.processes.len()).filter(|&at| self.processes[at].runs()).collect();
        self.pick(&all)
    }

    fn step(&mut self) {
        let who = self.someone();
        let whole = FAMILIES.iter().map(|(weight, _)| weight).sum();
        let mut place = self.rng.below(whole);
        for (weight, family) in FAMILIES {
            if place < weight {
                return self.family(who, family);
            }
            place -= weight;
        }
    }

    fn family(&mut self, who: usize, family: Family) {
        match family {
            Family::Descriptor => self.descriptor(who),
            Family::Data => self.data(who),
            Family::File => self.file(who),
            Family::Action => self.action(who),
            Family::Send => self.send(who),
            Family::Identity => self.identity(who),
            Family::Credential => self.credential(who),
            Family::Life => self.life(who),
            Family::Wait => self.wait(who),
            Family::Memory => self.memory(who),
            Family::Schedule => self.schedule(who),
            Family::Blocking => self.blocking(who),
        }
    }

    /// A descriptor that is likely to be open.
    /// A few signals, as strace prints a set.
    fn set(&mut self) -> (BTreeSet<&'static str>, String) {
        let count = self.below(3);
        let signals: BTreeSet<&'static str> = (0..count).map(|_| self.pick(&SIGNALS)).collect();
        let names: Vec<&str> = signals.iter().map(|name| name.trim_start_matches("SIG")).collect();
        (signals.clone(), format!("[{}]", names.join(" ")))
    }

    fn action(&mut self, who: usize) {
        let signal = self.pick(&SIGNALS);
        let (signals, set) = self.set();
        let call = match self.below(8) {
            0..=2 => {
                let flags = self.pick(&[
                    "0",
                    "0",
                    "SA_RESTART",
                    "SA_NODEFER",
                    "SA_RESETHAND",
                    "SA_SIGINFO",
                    "SA_NOCLDWAIT",
                ]);
                let handler = self.pick(&["0x10400", "0x10400", "0x10440", "SIG_IGN", "SIG_DFL"]);
                let process = &mut self.processes[who];
                if process.pid == 1 && (handler == "SIG_DFL" || flags == "SA_RESETHAND") {
                    return;
                }
                let disposition = match (handler, flags) {
                    ("SIG_DFL", _) => None,
                    ("SIG_IGN", _) => Some(Disposition::Ignored),
                    (_, "SA_RESETHAND") => Some(Disposition::Once),
                    _ => Some(Disposition::Handled),
                };
                match disposition {
                    Some(disposition) => process.signals.insert(signal, disposition),
                    None => process.signals.remove(signal),
                };
                format!(
                    "rt_sigaction({signal}, {{sa_handler={handler}, sa_mask={set}, sa_flags={flags}}}, {{...}}, 8)"
                )
            }
            3 => format!("rt_sigaction({signal}, NULL, {{...}}, 8)"),
            4 | 5 => {
                let how = self.pick(&["SIG_BLOCK", "SIG_BLOCK", "SIG_UNBLOCK", "SIG_SETMASK"]);
                let mut blocked = self.processes[who].blocked.clone();
                match how {
                    "SIG_BLOCK" => blocked.extend(signals),
                    "SIG_UNBLOCK" => blocked.retain(|name| !signals.contains(name)),
                    _ => blocked = signals,
                }
                let call = format!("rt_sigprocmask({how}, {set}, [], 8)");
                self.line(who, &call);
                self.processes[who].mask(blocked);
                return self.settle();
            }
            6 => "rt_sigpending([], 8)".to_owned(),
            _ => {
                let info = self.pick(&["NULL", "{...}"]);
                self.processes[who].pending.retain(|name| !signals.contains(name));
                format!("rt_sigtimedwait({set}, {info}, {{tv_sec=0, tv_nsec=0}}, 8)")
            }
        };
        self.line(who, &call);
    }

    /// Lets everybody who was sent something take it: who is woken by a signal runs some time later, and how much
    /// later is the scheduler's affair.
    fn settle(&mut self) {
        let last = self.lines.last_mut().filter(|_| self.processes[0].runs());
        if let Some(last) = last {
            last.push_str("\n[pid 1] nanosleep({tv_sec=0, tv_nsec=200000}, NULL)");
        }
    }

    fn send(&mut self, who: usize) {
        let to = self.below(self.processes.len());
        // Who has other rights may be refused, and the model would be wrong about who is alive.
        let harmless = ["0", "SIGCONT", "SIGURG", "SIGCHLD"];
        let signal = match self.below(20) {
            _ if self.processes[who].changed => self.pick(&harmless),
            0 if to != 0 => "SIGKILL",
            // Nobody is stopped: who waits for a turn would be so only when it comes, and then keep it.
            1..=3 => "SIGCONT",
            6 | 7 => "0",
            _ => self.pick(&SIGNALS),
        };
        let pid = self.processes[to].pid;
        let call = match self.below(8) {
            0 => format!("tkill(#{pid}#, {signal})"),
            1 => format!("tgkill(#{pid}#, #{pid}#, {signal})"),
            2 if signal != "0" && signal.len() > 3 => format!(
                "rt_sigqueueinfo(#{pid}#, {signal}, {{si_signo={signal}, si_code=SI_QUEUE, si_pid=#{}#, si_uid=0, si_value={{sival_int=7, sival_ptr=0x7}}}})",
                self.processes[who].pid
            ),
            3 if self.chance(30) => "kill(777, SIGTERM)".to_owned(),
            _ => format!("kill(#{pid}#, {signal})"),
        };
        self.line(who, &call);
        let lived = self.processes[to].runs();
        if signal != "0" && !call.contains("777") {
            self.processes[to].send(signal);
        }
        if lived && self.processes[to].zombie && to != who {
            // Who waits for a turn takes a signal when it comes: the victim gets one, for a call that is never made.
            let last = self.lines.last_mut();
            last.into_iter().for_each(|last| last.push_str(&format!("\n[pid {pid}] getpid()")));
        }
        self.settle();
    }

    fn identity(&mut self, who: usize) {
        let other = self.below(self.processes.len());
        let (own, other) = (self.processes[who].pid, self.processes[other].pid);
        let pid = self.pick(&[0, 0, own, other, 777]);
        let group = self.pick(&[0, 0, own, other, 1]);
        let (pid, group) = (marked(pid), marked(group));
        let call = match self.below(9) {
            0 => "getpid()".to_owned(),
            1 => "getppid()".to_owned(),
            2 => "gettid()".to_owned(),
            3 => format!("getpgid({pid})"),
            4 => format!("getsid({pid})"),
            5 | 6 => format!("setpgid({pid}, {group})"),
            7 => "setsid()".to_owned(),
            _ => {
                let name = self.pick(&["a", "a longer name than fits", ""]);
                let request = self.pick(&["PR_SET_NAME", "PR_GET_NAME"]);
                format!("prctl({request}, \"{name}\")")
            }
        };
        self.line(who, &call);
    }

    fn credential(&mut self, who: usize) {
        let ids: &[i32] = if self.root { &[-1, 0, 1000, 1001] } else { &[-1, 0] };
        let (a, b, c) = (self.pick(ids), self.pick(ids), self.pick(ids));
        let change = self.root && self.processes[who].pid != 1;
        let call = match self.below(if change { 10 } else { 5 }) {
            0 => "getuid()".to_owned(),
            1 => "geteuid()".to_owned(),
            2 => "getresuid([0], [0], [0])".to_owned(),
            3 => "getresgid([0], [0], [0])".to_owned(),
            4 => "getgroups(8, [])".to_owned(),
            5 => format!("setresuid({a}, {b}, {c})"),
            6 => format!("setreuid({a}, {b})"),
            7 => format!("setresgid({a}, {b}, {c})"),
            8 => format!("setuid({})", a.max(0)),
            _ => "setgroups(2, [5, 7])".to_owned(),
        };
        self.processes[who].changed |= call.contains("set") && !call.contains("getres");
        self.line(who, &call);
    }

    fn life(&mut self, who: usize) {
        let living = self.processes.iter().filter(|process| !process.zombie).count();
        if living < 5 && self.pids < 30 && self.chance(70) {
            self.pids += 1;
            let pid = self.pids;
            let parent = self.processes[who].pid;
            self.line(who, &format!("fork() = {pid}"));
            let pending = BTreeSet::new();
            let child = Process { pid, parent, pending, ..self.processes[who].clone() };
            self.processes.push(child);
        } else if who != 0 {
            let status = self.pick(&[0, 1, 7, 255, 256]);
            self.line(who, &format!("exit_group({status})"));
            self.processes[who].zombie = true;
            let pid = self.processes[who].pid;
            for process in &mut self.processes {
                if process.parent == pid {
                    process.parent = 1;
                }
            }
            self.settle();
        }
    }

    fn wait(&mut self, who: usize) {
        let pid = self.processes[who].pid;
        let child = self.processes.iter().position(|p| p.parent == pid && p.zombie);
        let (call, reaps) = match (1 + self.below(7), child) {
            (1, _) => ("wait4(-1, [], WNOHANG|WUNTRACED, NULL)".to_owned(), false),
            (2, _) => ("wait4(-1, [], WNOHANG|WUNTRACED|WCONTINUED, NULL)".to_owned(), false),
            (3, _) => ("wait4(0, [], WNOHANG, NULL)".to_owned(), false),
            (4, _) => ("waitid(P_ALL, 0, {...}, WNOHANG|WEXITED|WNOWAIT, NULL)".to_owned(), false),
            (5, Some(child)) => {
                let pid = self.processes[child].pid;
                (
                    format!(
                        "waitid(P_PID, {pid}, {{...}}, WNOHANG|WEXITED|WSTOPPED|WCONTINUED, NULL)"
                    ),
                    true,
                )
            }
            (6, _) => ("wait4(777, [], WNOHANG, NULL)".to_owned(), false),
            (_, Some(child)) => {
                (format!("wait4(#{}#, [], WNOHANG, NULL)", self.processes[child].pid), true)
            }
            _ => ("wait4(-1, [], WNOHANG, NULL)".to_owned(), false),
        };
        self.line(who, &call);
        if let (true, Some(child)) = (reaps, child) {
            self.processes.remove(child);
        }
    }

    fn memory(&mut self, who: usize) {
        let fd = self.fd(who);
        let known = self.processes[who].mappings.clone();
        let call = match (self.below(7), known.is_empty()) {
            (0 | 1, _) | (_, true) => {
                self.mappings += 1;
                let name = self.mappings;
                self.processes[who].mappings.push(name);
                let protection = self.pick(&[
                    "PROT_READ|PROT_WRITE",
                    "PROT_READ|PROT_WRITE",
                    "PROT_READ",
                    "PROT_NONE",
                ]);
                let size = self.pick(&[1, 4096, 8192, 10000]);
                format!(
                    "mmap(NULL, {size}, {protection}, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = $m{name}"
                )
            }
            (2, _) => {
                let name = self.pick(&known);
                let size = self.pick(&[4096, 4096, 8192, 0]);
                format!("munmap($m{name}, {size})")
            }
            (3 | 4, _) => {
                let name = self.pick(&known);
                format!("read({fd}, $m{name}, 12)")
            }
            (5, _) => {
                let name = self.pick(&known);
                format!("write({fd}, $m{name}, 12)")
            }
            _ => {
                let value = self.pick(&[0, 1]);
                let time = if value == 0 { "{tv_sec=0, tv_nsec=1000}" } else { "NULL" };
                let call = self.pick(&[
                    "FUTEX_WAIT",
                    "FUTEX_WAIT_PRIVATE",
                    "FUTEX_WAKE",
                    "FUTEX_WAKE_PRIVATE",
                ]);
                if call.contains("WAIT") {
                    format!("futex($w, {call}, {value}, {time})")
                } else {
                    format!("futex($w, {call}, 1)")
                }
            }
        };
        self.line(who, &call);
    }

    fn schedule(&mut self, who: usize) {
        // A zombie has no policy any more here, and on Linux it still has (docs/referee.md).
        let other = self.someone();
        let pid = marked(self.pick(&[0, 0, self.processes[other].pid, 777]));
        let call = match self.below(11) {
            0 => format!("getpriority(PRIO_PROCESS, {pid})"),
            1 => {
                let nice = self.pick(&[-30, -5, 0, 1, 7, 25]);
                format!("setpriority(PRIO_PROCESS, {pid}, {nice})")
            }
            2 => format!("sched_getscheduler({pid})"),
            3 => {
                let policy = self.pick(&["SCHED_OTHER", "SCHED_BATCH", "SCHED_IDLE"]);
                let priority = self.pick(&[0, 0, 5]);
                format!("sched_setscheduler({pid}, {policy}, [{priority}])")
            }
            4 => format!("sched_getparam({pid}, [0])"),
            5 => {
                let policy = self.pick(&["SCHED_OTHER", "SCHED_FIFO", "SCHED_RR", "SCHED_BATCH"]);
                let end = self.pick(&["min", "max"]);
                format!("sched_get_priority_{end}({policy})")
            }
            6 => "getpriority(PRIO_PGRP, 0)".to_owned(),
            7 => {
                let soft = self.pick(&[8, 16, 64, 1024, 5000]);
                format!("prlimit64(0, RLIMIT_NOFILE, {{rlim_cur={soft}, rlim_max=4096}}, {{...}})")
            }
            8 => "getrlimit(RLIMIT_NOFILE, {...})".to_owned(),
            9 => "getrlimit(RLIMIT_STACK, {...})".to_owned(),
            _ => "sched_yield()".to_owned(),
        };
        self.line(who, &call);
    }

    /// Lines that belong together: a call waits, and a child that is made for it ends the wait.
    fn blocking(&mut self, who: usize) {
        if self.pids >= 30 {
            return;
        }
        let first = self.lines.len();
        self.pids += 1;
        self.mappings += 1;
        let (pid, child, name) = (self.processes[who].pid, self.pids, self.mappings);
        let (begin, end, wake) = match self.below(4) {
            0 => ("read($a,".to_owned(), "\"\", 8) = 4".to_owned(), "write($b, \"wake\", 4)"),
            1 => {
                (format!("wait4(#{child}#,"), format!("[], 0, NULL) = #{child}#"), "exit_group(3)")
            }
            2 => (
                "rt_sigtimedwait([USR2], NULL, NULL, 8".to_owned(),
                ") = 12".to_owned(),
                "kill(#$self#, SIGUSR2)",
            ),
            _ => (
                "poll([{fd=$a, events=POLLIN}], 1, -1".to_owned(),
                ") = 1".to_owned(),
                "write($b, \"wake\", 4)",
            ),
        };
        let call = begin.split('(').next().unwrap_or_default().to_owned();
        // rt_sigtimedwait(2) takes what is blocked; an action would get in between.
        if call == "rt_sigtimedwait" && !self.processes[who].blocked.contains("SIGUSR2") {
            self.line(who, "rt_sigprocmask(SIG_BLOCK, [USR2], NULL, 8)");
            self.processes[who].blocked.insert("SIGUSR2");
        }
        let (a, b) = (format!("$a{name}"), format!("$b{name}"));
        let named = |text: &str| {
            text.replace("$self", &pid.to_string()).replace("$a", &a).replace("$b", &b)
        };
        let is_pipe = begin.contains("$a");
        if is_pipe {
            self.line(who, &format!("pipe2([{a}, {b}], 0)"));
        }
        self.line(who, &format!("fork() = {child}"));
        self.line(who, &format!("{} <unfinished ...>", named(&begin)));
        self.lines.push(format!("[pid {child}] {}", named(wake)));
        self.line(who, &format!("<... {call} resumed>{end}"));
        if !wake.starts_with("exit") {
            self.lines.push(format!("[pid {child}] exit_group(0)"));
        }
        self.settle();
        self.line(who, &format!("wait4(#{child}#, [], WNOHANG, NULL)"));
        if is_pipe {
            self.line(who, &format!("close({a})"));
            self.line(who, &format!("close({b})"));
        }
        let together = self.lines.split_off(first).join("\n");
        self.lines.push(together);
    }
}
