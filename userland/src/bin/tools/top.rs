//! `top [-b] [-n COUNT] [-d SECONDS]`: processes by how much of the CPU they use. Written line by line, as `top -b`.

use super::names::user_name;
use super::process::{Process, TICKS, all, field, uptime};
use super::tool::Tool;
use crate::sys::Sys;
use oscope_kernel::base::Duration;
use std::collections::BTreeMap;

/// Times of the CPUs, from the first line of /proc/stat: user, nice, system, idle, waiting and so on.
async fn cpu_times(tool: &mut Tool) -> Vec<u64> {
    let text = tool.text_of("/proc/stat").await;
    let line = text.lines().find_map(|line| line.strip_prefix("cpu ")).unwrap_or_default();
    line.split_whitespace().filter_map(|number| number.parse().ok()).collect()
}

/// `1.5` of tenths.
fn tenths(number: u64) -> String {
    format!("{}.{}", number / 10, number % 10)
}

async fn head(tool: &mut Tool, processes: &[Process], before: &[u64]) -> Vec<u64> {
    let up = uptime(tool).await / TICKS;
    let load = tool.text_of("/proc/loadavg").await;
    let load: Vec<&str> = load.split_whitespace().take(3).collect();
    let now = tool.sys.real_time().await;
    let clock = crate::text::date::format("%H:%M:%S", now.seconds, 0);
    let (hours, minutes) = (up / 3600, up / 60 % 60);
    let line =
        format!("top - {clock} up {hours:2}:{minutes:02},  load average: {}\n", load.join(", "));
    tool.print(&line).await;
    let count = |states: &str| processes.iter().filter(|p| states.contains(p.state)).count();
    let line = format!(
        "Tasks: {:3} total, {:3} running, {:3} sleeping, {:3} stopped, {:3} zombie\n",
        processes.len(),
        count("R"),
        count("SDI"),
        count("Tt"),
        count("Z"),
    );
    tool.print(&line).await;
    let times = cpu_times(tool).await;
    let passed: Vec<u64> = times
        .iter()
        .enumerate()
        .map(|(n, time)| time - before.get(n).copied().unwrap_or(0))
        .collect();
    let total = passed.iter().sum::<u64>().max(1);
    let part = |n: usize| tenths(passed.get(n).copied().unwrap_or(0) * 1000 / total);
    let line = format!(
        "%Cpu(s): {:>4} us, {:>4} sy, {:>4} ni, {:>4} id, {:>4} wa, {:>4} hi, {:>4} si, {:>4} st\n",
        part(0),
        part(2),
        part(1),
        part(3),
        part(4),
        part(5),
        part(6),
        part(7),
    );
    tool.print(&line).await;
    let memory = tool.text_of("/proc/meminfo").await;
    let of = |name: &str| field(&memory, name).unwrap_or(0);
    let mib = |kib: u64| tenths(kib * 10 / 1024);
    let cached = of("Buffers:") + of("Cached:");
    let used = of("MemTotal:").saturating_sub(of("MemFree:")).saturating_sub(cached);
    let line = format!(
        "MiB Mem : {:>8} total, {:>8} free, {:>8} used, {:>8} buff/cache\n",
        mib(of("MemTotal:")),
        mib(of("MemFree:")),
        mib(used),
        mib(cached),
    );
    tool.print(&line).await;
    let swapped = of("SwapTotal:").saturating_sub(of("SwapFree:"));
    let line = format!(
        "MiB Swap: {:>8} total, {:>8} free, {:>8} used. {:>8} avail Mem\n\n",
        mib(of("SwapTotal:")),
        mib(of("SwapFree:")),
        mib(swapped),
        mib(of("MemAvailable:")),
    );
    tool.print(&line).await;
    times
}

pub(super) async fn main(sys: Sys) -> u64 {
    let mut tool = Tool::new(sys, "top").await;
    let Some(options) = tool.options("bn:d:").await else { return 1 };
    let rounds: u64 = options.value('n').and_then(|text| text.parse().ok()).unwrap_or(u64::MAX);
    let pause: u64 = options.value('d').and_then(|text| text.parse().ok()).unwrap_or(3);
    let users = tool.text_of("/etc/passwd").await;
    let (mut before, mut times) = (BTreeMap::new(), Vec::new());
    let mut last = 0;
    for round in 0..rounds {
        if round > 0 {
            tool.print("\n").await;
            tool.flush().await;
            let _ = tool.sys.sleep(Duration::seconds(pause)).await;
        }
        let mut processes = all(&mut tool).await;
        let now = uptime(&mut tool).await;
        let passed = (now - last).max(1);
        last = now;
        times = head(&mut tool, &processes, &times).await;
        let memory = field(&tool.text_of("/proc/meminfo").await, "MemTotal:").unwrap_or(0);
        let used = |process: &Process| {
            let ticks = process.user + process.system;
            ticks - before.get(&process.pid).copied().unwrap_or(0).min(ticks)
        };
        processes.sort_by_key(|process| (std::cmp::Reverse(used(process)), process.pid));
        let line =
            "    PID USER      PR  NI    VIRT    RES    SHR S  %CPU  %MEM     TIME+ COMMAND\n";
        tool.print(line).await;
        for process in &processes {
            let ticks = process.user + process.system;
            let resident = process.resident * 4;
            let share = (used(process) * 1000 / passed).min(99999);
            let part = (resident * 1000).checked_div(memory).unwrap_or(0);
            let line = format!(
                "{:7} {:<8} {:>3} {:>3} {:7} {:6} {:6} {} {:>5} {:>5} {:>9} {}\n",
                process.pid,
                user_name(&users, process.uid),
                process.priority,
                process.nice,
                process.size / 1024,
                resident,
                0,
                process.state,
                tenths(share),
                tenths(part),
                format!("{}:{:02}.{:02}", ticks / 6000, ticks / TICKS % 60, ticks % TICKS),
                process.name,
            );
            tool.print(&line).await;
        }
        before = processes.iter().map(|p| (p.pid, p.user + p.system)).collect();
    }
    tool.end().await
}
