//! The files of /proc/PID that tell of a process or a thread in numbers: stat, status, statm, sched … (proc_pid_stat(5) and
//! its neighbours).

use super::{command_name, parent_pid, state_of};
use crate::abi::signal::{SIG_DFL, SIG_IGN, SignalSet};
use crate::base::{CpuId, Duration, Pid, ProcessId, ThreadId};
use crate::context::Tables;
use crate::event::Wait;
use crate::hw::PAGE_SIZE;
use crate::mm::{AddressSpace, Vma};
use crate::proc::{Body, Process, State, Thread, Usage};
use crate::sched::CpuSet;
use crate::sched::params::{Class, Params};
use crate::task::oom;
use std::fmt::Write;

/// Whom a directory of /proc tells of.
#[derive(Clone, Copy)]
pub(super) struct Who<'a> {
    /// The process.
    pub id: ProcessId,
    /// The same.
    pub process: &'a Process,
    /// The thread: the first one, if it is about the whole process. A zombie has none.
    pub thread: Option<(ThreadId, &'a Thread)>,
    /// Whether it is about one thread alone (/proc/PID/task/TID).
    pub is_task: bool,
}

impl<'a> Who<'a> {
    /// Finds a process by the number of any of its threads, or a thread.
    pub(super) fn find(t: &'a Tables, number: Pid, is_task: bool) -> Option<Self> {
        let thread = t.proc.by_tid(number).and_then(|id| Some((id, t.proc.threads.get(id)?)));
        let id = thread.map(|(_, thread)| thread.process).or_else(|| t.proc.by_pid(number))?;
        let process = t.proc.processes.get(id)?;
        let first = || {
            let id = *process.threads.first()?;
            Some((id, t.proc.threads.get(id)?))
        };
        Some(Self { id, process, thread: thread.or_else(first), is_task })
    }

    /// Its number.
    pub(super) fn pid(&self) -> Pid {
        match self.thread {
            Some((_, thread)) if self.is_task => thread.tid,
            _ => self.process.pid,
        }
    }

    /// Its memory.
    pub(super) fn space(&self, t: &'a Tables) -> Option<&'a AddressSpace> {
        t.mm.space(self.process.space?)
    }

    /// Whether it is a thread of the kernel.
    pub(super) fn is_kernel(&self) -> bool {
        self.thread.is_some_and(|(_, thread)| thread.body != Body::User)
    }

    fn usage(&self, t: &Tables) -> Usage {
        match self.thread {
            Some((_, thread)) if self.is_task => Usage::from(thread.times),
            _ => t.proc.usage(self.id),
        }
    }

    fn params(&self, t: &Tables) -> Params {
        self.thread.map_or_else(Params::default, |(id, _)| t.sched.params(id))
    }
}

/// Clock ticks, of which there are 100 in a second (`USER_HZ`).
pub(super) const fn ticks(time: Duration) -> u64 {
    time.0 / 10_000_000
}

/// Nanoseconds as milliseconds with six places, as the scheduler's files have them.
fn millis(time: Duration) -> String {
    format!("{}.{:06}", time.0 / 1_000_000, time.0 % 1_000_000)
}

/// Signals that are ignored, and those that have a handler.
fn handled(t: &Tables, who: &Who<'_>) -> (SignalSet, SignalSet) {
    let (mut ignored, mut caught) = (SignalSet::EMPTY, SignalSet::EMPTY);
    let handlers = who.process.handlers.and_then(|id| t.proc.handlers.get(id));
    for (&signal, action) in handlers.into_iter().flat_map(|handlers| &handlers.actions) {
        match action.handler {
            SIG_IGN => ignored.insert(signal),
            SIG_DFL => {}
            _ => caught.insert(signal),
        }
    }
    (ignored, caught)
}

/// The area with a name, and its bounds.
fn bounds(space: Option<&AddressSpace>, name: &str) -> (u64, u64) {
    let found = space.and_then(|space| space.areas().find(|area| area.name == name));
    found.map_or((0, 0), |area| (area.start, area.end))
}

/// The number of a scheduling policy (`SCHED_*`).
const fn policy_number(class: Class) -> u32 {
    match class {
        Class::Normal => 0,
        Class::RealTime { takes_turns: false, .. } => 1,
        Class::RealTime { takes_turns: true, .. } => 2,
        Class::Batch => 3,
        Class::Idle => 5,
        Class::Deadline => 6,
    }
}

/// The flags of a task (`PF_*` of Linux' sched.h) as far as there are such things here.
fn task_flags(who: &Who<'_>) -> u32 {
    const EXITING: u32 = 0x4;
    const FORKED_NO_EXEC: u32 = 0x40;
    const KERNEL_THREAD: u32 = 0x20_0000;
    let mut flags = 0;
    if who.process.exit.is_some() {
        flags |= EXITING;
    }
    if who.is_kernel() {
        flags |= KERNEL_THREAD;
    } else if !who.process.has_execed {
        flags |= FORKED_NO_EXEC;
    }
    flags
}

/// /proc/PID/stat: one line of 52 fields (proc_pid_stat(5)). Where the program's stack begins and where its arguments lie is
/// not kept, and reads as 0, as it does on Linux for those who may not know it.
pub(super) fn stat(t: &Tables, who: &Who<'_>) -> String {
    let (process, usage, params) = (who.process, who.usage(t), who.params(t));
    let space = who.space(t);
    let has_terminal = t.console.is_some() && t.tty.session == Some(process.session);
    let (terminal, foreground) =
        if has_terminal { (5 << 8 | 1, i64::from(t.tty.foreground.0)) } else { (0, -1) };
    let children = process.children_usage;
    let (ignored, caught) = handled(t, who);
    let mut pending = process.pending.set();
    let mut blocked = SignalSet::EMPTY;
    let (mut processor, mut started, mut guest) = (0, Duration::ZERO, Duration::ZERO);
    if let Some((_, thread)) = who.thread {
        pending = pending.union(thread.pending.set());
        blocked = thread.mask;
        processor = thread.cpu.0;
        started = Duration(thread.times.started.0);
        guest = thread.times.guest;
    }
    let real_time = match params.class {
        Class::RealTime { priority, .. } => priority,
        _ => 0,
    };
    let (text, data) = (bounds(space, "[text]"), bounds(space, "[data]"));
    let mut line = format!("{} ({}) {}", who.pid(), command_name(who.thread, process), state(who));
    let mut add = |value: i64| {
        let _ = write!(line, " {value}");
    };
    add(i64::from(parent_pid(t, process).0));
    add(i64::from(process.group.0));
    add(i64::from(process.session.0));
    add(terminal);
    add(foreground);
    add(i64::from(task_flags(who)));
    for faults in [
        usage.minor_faults,
        children.minor_faults,
        usage.major_faults,
        children.major_faults,
        ticks(usage.user),
        ticks(usage.system),
        ticks(children.user),
        ticks(children.system),
    ] {
        add(faults.cast_signed());
    }
    add(i64::from(params.kernel_priority() - 100));
    add(i64::from(params.nice));
    add(process.threads.len().max(1) as i64);
    add(0);
    let limit = process.limits.soft(crate::abi::flags::process::rlimit::RSS);
    let stack = 0;
    let words = [
        ticks(started),
        space.map_or(0, AddressSpace::pages) * PAGE_SIZE as u64,
        space.map_or(0, AddressSpace::resident),
        limit,
        text.0,
        text.1,
        stack,
        0,
        0,
        // Signals from 32 on do not fit: these four are obsolete (proc_pid_stat(5)).
        pending.0 & 0x7fff_ffff,
        blocked.0 & 0x7fff_ffff,
        ignored.0 & 0x7fff_ffff,
        caught.0 & 0x7fff_ffff,
        u64::from(channel(who).is_some()),
        0,
        0,
        process.exit_signal.map_or(0, |signal| u64::from(signal.number())),
        u64::from(processor),
        u64::from(real_time),
        u64::from(policy_number(params.class)),
        0,
        ticks(guest),
        0,
        data.0,
        data.1,
        space.map_or(0, |space| space.heap),
        0,
        0,
        0,
        0,
        u64::from(process.exit.unwrap_or(0)),
    ];
    for word in words {
        let _ = write!(line, " {word}");
    }
    line.push('\n');
    line
}

fn state(who: &Who<'_>) -> char {
    who.thread.map_or('Z', |(_, thread)| state_of(who.process, thread).0)
}

/// /proc/PID/statm: sizes in pages (proc_pid_statm(5)).
pub(super) fn statm(t: &Tables, who: &Who<'_>) -> String {
    let Some(space) = who.space(t) else { return "0 0 0 0 0 0 0\n".to_owned() };
    let rss = space.rss();
    let text = bounds(Some(space), "[text]");
    let stack: u64 = space.areas().filter(|area| area.grows_down()).map(Vma::pages).sum();
    let (shared, text) = (rss.file + rss.shared, (text.1 - text.0) / PAGE_SIZE as u64);
    let data = space.data_pages() + stack;
    format!("{} {} {shared} {text} 0 {data} 0\n", space.pages(), rss.total())
}

/// A kernel function in which somebody waits, named as Linux names it (proc_pid_wchan(5)).
pub(super) fn channel(who: &Who<'_>) -> Option<&'static str> {
    let State::Parked(parked) = &who.thread?.1.state else { return None };
    Some(match parked.kind {
        Wait::Sleep => "hrtimer_nanosleep",
        Wait::Futex => "futex_do_wait",
        Wait::Child => "do_wait",
        Wait::Disk => "folio_wait_bit_common",
        Wait::Pipe => "anon_pipe_read",
        Wait::Signal => "do_sigtimedwait",
        Wait::Poll => "do_poll",
        Wait::Socket => "__skb_wait_for_more_packets",
        Wait::Console => "n_tty_read",
        Wait::Server => "server_wait",
        Wait::Turn => "turn_wait",
        Wait::Work => "worker_thread",
        Wait::Memory => "throttle_direct_reclaim",
        Wait::Lock => "locks_lock_inode_wait",
    })
}

/// /proc/PID/status (proc_pid_status(5)).
pub(super) fn status(t: &Tables, who: &Who<'_>) -> String {
    let (process, cred) = (who.process, &who.process.cred);
    let letter = state(who);
    let long = match letter {
        'R' => "running",
        'D' => "disk sleep",
        'T' => "stopped",
        'Z' => "zombie",
        'X' => "dead",
        _ => "sleeping",
    };
    let info = who.thread.and_then(|(id, _)| t.proc.fs_of(id));
    let mut out = format!("Name:\t{}\n", command_name(who.thread, process));
    if let Some(info) = info {
        let _ = writeln!(out, "Umask:\t{:04o}", info.umask);
    }
    let _ = writeln!(out, "State:\t{letter} ({long})");
    let pid = who.pid();
    let numbers = [
        ("Tgid", process.pid.0),
        ("Ngid", 0),
        ("Pid", pid.0),
        ("PPid", parent_pid(t, process).0),
        ("TracerPid", 0),
    ];
    for (name, number) in numbers {
        let _ = writeln!(out, "{name}:\t{number}");
    }
    let _ = writeln!(out, "Uid:\t{}\t{}\t{}\t{}", cred.uid, cred.euid, cred.suid, cred.euid);
    let _ = writeln!(out, "Gid:\t{}\t{}\t{}\t{}", cred.gid, cred.egid, cred.sgid, cred.egid);
    let descriptors = who.thread.and_then(|(id, _)| t.proc.files_of(id));
    let highest = descriptors.and_then(|table| table.iter().last()).map_or(0, |(fd, _)| fd + 1);
    let slots = if descriptors.is_some() { highest.next_power_of_two().max(64) } else { 0 };
    let _ = writeln!(out, "FDSize:\t{slots}");
    let groups: String = cred.groups.iter().map(|group| format!("{group} ")).collect();
    let _ = writeln!(out, "Groups:\t{}", if groups.is_empty() { " " } else { &groups });
    let inside = [
        ("NStgid", process.pid),
        ("NSpid", pid),
        ("NSpgid", process.group),
        ("NSsid", process.session),
    ];
    for (name, number) in inside {
        let _ = writeln!(out, "{name}:\t{number}");
    }
    let _ = writeln!(out, "Kthread:\t{}", u8::from(who.is_kernel()));
    memory_status(t, who, &mut out);
    let _ = writeln!(out, "Threads:\t{}", process.threads.len().max(1));
    signal_status(t, who, &mut out);
    let all: u64 = 0x1ff_ffff_ffff;
    let may = if cred.euid == 0 { all } else { 0 };
    for (name, set) in [("Inh", 0), ("Prm", may), ("Eff", may), ("Bnd", all), ("Amb", 0)] {
        let _ = writeln!(out, "Cap{name}:\t{set:016x}");
    }
    out.push_str("NoNewPrivs:\t0\nSeccomp:\t0\nSeccomp_filters:\t0\n");
    let cpus = t.sched.affinity(&who.params(t));
    let _ = writeln!(out, "Cpus_allowed:\t{}", mask(&cpus, t.cpus.len()));
    let _ = writeln!(out, "Cpus_allowed_list:\t{}", list(&cpus, t.cpus.len()));
    out.push_str("Mems_allowed:\t1\nMems_allowed_list:\t0\n");
    let usage = who.usage(t);
    let _ = writeln!(out, "voluntary_ctxt_switches:\t{}", usage.voluntary);
    let _ = writeln!(out, "nonvoluntary_ctxt_switches:\t{}", usage.involuntary);
    out
}

/// The lines about memory. What has none has no such lines.
fn memory_status(t: &Tables, who: &Who<'_>, out: &mut String) {
    let Some((space, id)) = who.space(t).zip(who.process.space) else { return };
    let rss = space.rss();
    let text = bounds(Some(space), "[text]");
    let stack: u64 = space.areas().filter(|area| area.grows_down()).map(Vma::pages).sum();
    let pages = space.pages();
    let lines = [
        ("VmPeak", pages.max(space.most_resident())),
        ("VmSize", pages),
        ("VmLck", space.locked_pages()),
        ("VmPin", 0),
        ("VmHWM", space.most_resident()),
        ("VmRSS", rss.total()),
        ("RssAnon", rss.anonymous),
        ("RssFile", rss.file),
        ("RssShmem", rss.shared),
        ("VmData", space.data_pages()),
        ("VmStk", stack),
        ("VmExe", (text.1 - text.0) / PAGE_SIZE as u64),
        ("VmLib", 0),
        ("VmPTE", t.mm.count_tables(id, &t.memory).0),
        ("VmSwap", rss.swapped),
        ("HugetlbPages", 0),
    ];
    for (name, pages) in lines {
        let _ = writeln!(out, "{name}:\t{:8} kB", pages * (PAGE_SIZE as u64 / 1024));
    }
    out.push_str("CoreDumping:\t0\nTHP_enabled:\t1\n");
}

/// The lines about signals.
fn signal_status(t: &Tables, who: &Who<'_>, out: &mut String) {
    let process = who.process;
    let (ignored, caught) = handled(t, who);
    let own = who.thread.map_or(SignalSet::EMPTY, |(_, thread)| thread.pending.set());
    let blocked = who.thread.map_or(SignalSet::EMPTY, |(_, thread)| thread.mask);
    let limit = process.limits.soft(crate::abi::flags::process::rlimit::SIGPENDING);
    let queued = own.iter().count() + process.pending.set().iter().count();
    let _ = writeln!(out, "SigQ:\t{queued}/{limit}");
    let sets = [
        ("SigPnd", own),
        ("ShdPnd", process.pending.set()),
        ("SigBlk", blocked),
        ("SigIgn", ignored),
        ("SigCgt", caught),
    ];
    for (name, set) in sets {
        let _ = writeln!(out, "{name}:\t{:016x}", set.0);
    }
}

/// A set of CPUs as Linux prints masks: groups of eight hexadecimal digits, highest first, as many digits as CPUs need.
fn mask(set: &CpuSet, cpus: usize) -> String {
    let words = cpus.div_ceil(32).max(1);
    let group = |word: usize| {
        let all = set.0.get(word / 2).copied().unwrap_or(0) >> (word % 2 * 32) & 0xffff_ffff;
        let bits = cpus.saturating_sub(word * 32).min(32);
        let kept = if bits == 32 { all } else { all & ((1 << bits) - 1) };
        (kept, bits.div_ceil(4).max(1))
    };
    let parts: Vec<String> = (0..words)
        .rev()
        .map(|word| {
            let (bits, digits) = group(word);
            format!("{bits:0digits$x}")
        })
        .collect();
    parts.join(",")
}

/// The same as a list of ranges: `0-3,6`.
fn list(set: &CpuSet, cpus: usize) -> String {
    let mut parts: Vec<String> = Vec::new();
    let has = |cpu: usize| cpu < cpus && set.contains(CpuId(cpu as u16));
    let mut cpu = 0;
    while cpu < cpus {
        if !has(cpu) {
            cpu += 1;
            continue;
        }
        let first = cpu;
        while has(cpu + 1) {
            cpu += 1;
        }
        parts.push(if first == cpu { first.to_string() } else { format!("{first}-{cpu}") });
        cpu += 1;
    }
    parts.join(",")
}

/// /proc/PID/limits.
pub(super) fn limits(who: &Who<'_>) -> String {
    const NAMES: [(&str, &str); 16] = [
        ("Max cpu time", "seconds"),
        ("Max file size", "bytes"),
        ("Max data size", "bytes"),
        ("Max stack size", "bytes"),
        ("Max core file size", "bytes"),
        ("Max resident set", "bytes"),
        ("Max processes", "processes"),
        ("Max open files", "files"),
        ("Max locked memory", "bytes"),
        ("Max address space", "bytes"),
        ("Max file locks", "locks"),
        ("Max pending signals", "signals"),
        ("Max msgqueue size", "bytes"),
        ("Max nice priority", ""),
        ("Max realtime priority", ""),
        ("Max realtime timeout", "us"),
    ];
    let number = |limit: u64| match limit {
        crate::abi::types::RLIM_INFINITY => "unlimited".to_owned(),
        limit => limit.to_string(),
    };
    let mut out =
        format!("{:25} {:20} {:20} {:10}\n", "Limit", "Soft Limit", "Hard Limit", "Units");
    for (resource, (name, unit)) in (0..).zip(NAMES) {
        let Some(limit) = who.process.limits.get(resource) else { continue };
        let (soft, hard) = (number(limit.soft), number(limit.hard));
        let _ = writeln!(out, "{name:25} {soft:20} {hard:20} {unit:10}");
    }
    out
}

/// /proc/PID/sched: what the scheduler knows. Linux prints more, of which nothing is known here.
pub(super) fn sched(t: &Tables, who: &Who<'_>) -> String {
    let Some((_, thread)) = who.thread else { return String::new() };
    let (times, params) = (thread.times, who.params(t));
    let usage = Usage::from(times);
    let name = command_name(who.thread, who.process);
    let mut out =
        format!("{name} ({}, #threads: {})\n", who.pid(), who.process.threads.len().max(1));
    out.push_str(&"-".repeat(67));
    out.push('\n');
    let mut add = |name: &str, value: String| {
        let _ = writeln!(out, "{name:45}:{value:>21}");
    };
    add("se.exec_start", millis(Duration(times.ready_since.0)));
    add("se.sum_exec_runtime", millis(usage.cpu()));
    add("se.nr_migrations", times.migrations.to_string());
    add("nr_switches", (usage.voluntary + usage.involuntary).to_string());
    add("nr_voluntary_switches", usage.voluntary.to_string());
    add("nr_involuntary_switches", usage.involuntary.to_string());
    add("se.load.weight", (params.weight() << 10).to_string());
    add("policy", policy_number(params.class).to_string());
    add("prio", params.kernel_priority().to_string());
    out
}

/// /proc/PID/schedstat: time on CPUs and time waiting for one, in ns, and how often it got one.
pub(super) fn schedstat(who: &Who<'_>) -> String {
    let Some((_, thread)) = who.thread else { return "0 0 0\n".to_owned() };
    let times = thread.times;
    let ran = times.user + times.system + times.guest;
    format!("{} {} {}\n", ran.0, times.waiting.0, times.switches)
}

/// /proc/PID/oom_score: what speaks for killing it when memory is out, from 0 to 2000 (proc_pid_oom_score(5)).
pub(super) fn oom_score(t: &Tables, who: &Who<'_>) -> String {
    let swap = t.mm.swap.as_ref().map_or(0, |swap| swap.size());
    let all = (i64::from(t.mm.frames.size()) + i64::from(swap)).max(1);
    // Linux: two thirds of 1000 and the points in thousandths, which are below zero for who is favoured.
    let score = oom::badness(t, who.process)
        .map_or(0, |points| (1000 + points.saturating_mul(1000) / all) * 2 / 3);
    format!("{}\n", score.max(0))
}
