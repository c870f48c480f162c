//! What /proc tells of the machine as a whole: stat, uptime, loadavg, cpuinfo, interrupts, locks, devices … (proc_stat(5) and its
//! neighbours).

use super::process::ticks;
use super::state_of;
use crate::base::{DeviceId, Duration, Time};
use crate::context::{Cx, Tables};
use crate::driver::bus::Driver;
use crate::hw::PAGE_SIZE;
use crate::hw::disk::Disk;
use std::fmt::Write;

/// The kernel that this one is like, for programs that ask (uname(2)).
pub const RELEASE: &str = "6.10.0-oscope";
/// Which build of it (uname(2)).
pub const VERSION: &str = "#1 SMP";

/// Time since the machine was switched on.
fn uptime_of(cx: &Cx) -> Duration {
    cx.now.since(Time::ZERO)
}

/// How long a CPU had nothing to do: neither a thread nor an interrupt.
fn idle(cpu: &crate::context::Cpu, up: Duration) -> Duration {
    Duration(up.0.saturating_sub(cpu.busy.0).saturating_sub(cpu.interrupts.0))
}

/// A time in seconds with two places.
fn hundredths(time: Duration) -> String {
    let all = time.0 / 10_000_000;
    format!("{}.{:02}", all / 100, all % 100)
}

/// /proc/uptime: time since boot, and the time that all CPUs together were idle.
pub(super) fn uptime(t: &Tables, cx: &Cx) -> String {
    let up = uptime_of(cx);
    let idle: u64 = t.cpus.iter().map(|cpu| idle(cpu, up).0).sum();
    format!("{} {}\n", hundredths(up), hundredths(Duration(idle)))
}

/// How many threads run or are ready, and how many wait for a disk.
fn busy(t: &Tables) -> (usize, usize) {
    let (mut running, mut blocked) = (0, 0);
    for (_, thread) in t.proc.threads.iter() {
        let Some(process) = t.proc.processes.get(thread.process) else { continue };
        match state_of(process, thread).0 {
            'R' => running += 1,
            'D' => blocked += 1,
            _ => {}
        }
    }
    (running, blocked)
}

/// /proc/loadavg: how many threads were ready, ran, or waited for a disk on average.
///
/// Linux keeps averages that fade with 1, 5 and 15 minutes. Here all three are the average since boot, from the time that
/// living threads have spent on CPUs and waiting for one: nothing needs to be counted on the way.
pub(super) fn loadavg(t: &Tables, cx: &Cx) -> String {
    let wanted: u64 = t.proc.threads.iter().map(|(_, thread)| thread.times.waiting.0).sum();
    let had: u64 = t.cpus.iter().map(|cpu| cpu.busy.0).sum();
    let load = u128::from(wanted) + u128::from(had);
    let parts = load.saturating_mul(100) / u128::from(uptime_of(cx).0.max(1));
    let load = format!("{}.{:02}", parts / 100, parts % 100);
    let last = t.proc.last_pid();
    format!("{load} {load} {load} {}/{} {last}\n", busy(t).0, t.proc.threads.len())
}

/// /proc/stat: time of the CPUs in ticks of 10 ms, interrupts, context switches, processes (proc_stat(5)).
pub(super) fn stat(t: &Tables, cx: &Cx) -> String {
    let up = uptime_of(cx);
    let (mut user, mut nice, mut system, mut guest) = (0, 0, 0, 0);
    for (id, thread) in t.proc.threads.iter() {
        let times = thread.times;
        if t.sched.params(id).nice > 0 {
            nice += times.user.0;
        } else {
            user += times.user.0;
        }
        system += times.system.0;
        guest += times.guest.0;
    }
    // Who has ended is not forgotten; whether they were nice is. What was waited for has gone up to the first process.
    for (_, process) in t.proc.processes.iter() {
        user += process.ended.user.0;
        system += process.ended.system.0;
        if process.parent.is_none() {
            user += process.children_usage.user.0;
            system += process.children_usage.system.0;
        }
    }
    let all = (user + nice + system + guest).max(1);
    let mut out = String::new();
    let line = |busy: u64, idle: u64, interrupts: u64| {
        // A CPU does not know whose time it spent on what: its share of everybody's.
        let part = |of: u64| {
            let share = u128::from(busy) * u128::from(of) / u128::from(all);
            ticks(Duration(u64::try_from(share).unwrap_or(u64::MAX)))
        };
        let (idle, interrupts) = (ticks(Duration(idle)), ticks(Duration(interrupts)));
        let (user, nice, system) = (part(user + guest), part(nice), part(system));
        format!("{user} {nice} {system} {idle} 0 {interrupts} 0 0 {} 0", part(guest))
    };
    let busy_time: u64 = t.cpus.iter().map(|cpu| cpu.busy.0).sum();
    let idle_time: u64 = t.cpus.iter().map(|cpu| idle(cpu, up).0).sum();
    let interrupts: u64 = t.cpus.iter().map(|cpu| cpu.interrupts.0).sum();
    let _ = writeln!(out, "cpu  {}", line(busy_time, idle_time, interrupts));
    for (n, cpu) in t.cpus.iter().enumerate() {
        let _ = writeln!(out, "cpu{n} {}", line(cpu.busy.0, idle(cpu, up).0, cpu.interrupts.0));
    }
    let lines: Vec<u64> =
        (0..t.bus.len()).map(|n| t.irq.counts(DeviceId(n as u16)).iter().sum()).collect();
    let _ = write!(out, "intr {}", lines.iter().sum::<u64>());
    for count in lines {
        let _ = write!(out, " {count}");
    }
    let switches: u64 = t.cpus.iter().map(|cpu| cpu.switches).sum();
    let (running, blocked) = busy(t);
    let _ = writeln!(out, "\nctxt {switches}\nbtime 0\nprocesses {}", t.proc.made());
    let _ = writeln!(out, "procs_running {running}\nprocs_blocked {blocked}");
    out.push_str("softirq 0 0 0 0 0 0 0 0 0 0 0\n");
    out
}

/// /proc/version.
pub(super) fn version() -> String {
    format!("Linux version {RELEASE} (oscope) {VERSION}\n")
}

/// /proc/cpuinfo, as on RISC-V.
pub(super) fn cpuinfo(t: &Tables) -> String {
    let mut out = String::new();
    for n in 0..t.cpus.len() {
        let _ =
            writeln!(out, "processor\t: {n}\nhart\t\t: {n}\nisa\t\t: rv64imafdc\nmmu\t\t: sv39\n");
    }
    out
}

/// /proc/interrupts: how often each CPU took each device's interrupt.
pub(super) fn interrupts(t: &Tables) -> String {
    let mut out = " ".repeat(11);
    for n in 0..t.cpus.len() {
        let _ = write!(out, "{:<11}", format!("CPU{n}"));
    }
    out.push('\n');
    for n in 0..t.bus.len() {
        let device = DeviceId(n as u16);
        let _ = write!(out, "{n:>3}: ");
        for cpu in 0..t.cpus.len() {
            let count = t.irq.counts(device).get(cpu).copied().unwrap_or(0);
            let _ = write!(out, "{count:>10} ");
        }
        let _ = writeln!(out, " INTC {n:>4} Level     {}", t.bus.name(device));
    }
    out
}

/// /proc/devices: the majors of device files.
pub(super) fn devices(t: &Tables) -> String {
    let mut out = String::from("Character devices:\n");
    for (major, name) in [(1, "mem"), (4, "ttyS"), (5, "/dev/tty"), (5, "/dev/console")] {
        let _ = writeln!(out, "{major:3} {name}");
    }
    out.push_str("\nBlock devices:\n");
    if disks(t).next().is_some() {
        out.push_str("254 virtblk\n");
    }
    out
}

/// Disks that have a driver, with their size in KiB.
fn disks(t: &Tables) -> impl Iterator<Item = (DeviceId, u64)> {
    (0..t.bus.len() as u16).map(DeviceId).filter_map(|id| {
        let Some(Driver::Block(_)) = t.bus.driver(id) else { return None };
        let disk = t.bus.device(id)?.as_any().downcast_ref::<Disk>()?;
        Some((id, disk.medium().blocks() * (PAGE_SIZE as u64 / 1024)))
    })
}

/// /proc/partitions: block devices, in KiB.
pub(super) fn partitions(t: &Tables) -> String {
    let mut out = String::new();
    for (id, size) in disks(t) {
        if out.is_empty() {
            out.push_str("major minor  #blocks  name\n\n");
        }
        let _ = writeln!(out, "{:4}  {:7} {size:10} {}", 254, id.0, t.bus.name(id));
    }
    out
}

/// /proc/swaps: the swap area, in KiB.
pub(super) fn swaps(t: &Tables) -> String {
    let mut out = String::from("Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n");
    if let Some(swap) = &t.mm.swap {
        let kib = PAGE_SIZE as u64 / 1024;
        let (size, used) = (u64::from(swap.size()) * kib, u64::from(swap.used()) * kib);
        let name = format!("/dev/{}", t.bus.name(swap.device));
        let _ = writeln!(out, "{name:<39} partition\t{size:<15}\t{used:<15}\t-2");
    }
    out
}

/// /proc/locks: locks on files (proc_locks(5)).
pub(super) fn locks(t: &Tables) -> String {
    let mut out = String::new();
    let all =
        t.fs.inodes
            .iter()
            .flat_map(|(inode, found)| found.locks.iter().map(move |lock| (inode, lock)));
    for (n, (inode, lock)) in all.enumerate() {
        let _ = writeln!(out, "{}: {}", n + 1, super::descriptors::lock_line(t, inode, lock));
    }
    out
}
