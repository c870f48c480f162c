//! `free [-bhkm]`, `uptime`, `vmstat [DELAY [COUNT]]`: the machine as a whole, as /proc has it.

use super::process::{TICKS, field, uptime as up};
use super::tool::Tool;
use crate::sys::Sys;
use crate::text::{amount, date};
use oscope_kernel::base::Duration;

/// `free [-bhkm]`
pub(super) async fn free(sys: Sys) -> u64 {
    let mut tool = Tool::new(sys, "free").await;
    let Some(options) = tool.options("bhkm").await else { return 1 };
    let text = tool.text_of("/proc/meminfo").await;
    if text.is_empty() {
        tool.complain("/proc/meminfo: No such file or directory").await;
        return 1;
    }
    let of = |name: &str| field(&text, name).unwrap_or(0);
    let shown = |kib: u64| match options.last_of("bhkm") {
        Some('b') => (kib * 1024).to_string(),
        Some('m') => (kib / 1024).to_string(),
        Some('h') => amount::human(kib * 1024),
        _ => kib.to_string(),
    };
    let cached = of("Buffers:") + of("Cached:") + of("SReclaimable:");
    let (total, rest) = (of("MemTotal:"), of("MemFree:"));
    let available = field(&text, "MemAvailable:").unwrap_or(rest + cached);
    let used = total.saturating_sub(available);
    let swap = (of("SwapTotal:"), of("SwapFree:"));
    let head = ["total", "used", "free", "shared", "buff/cache", "available"];
    let head: String = head.iter().map(|name| format!("{name:>12}")).collect();
    tool.print(&format!("{:<8}{head}\n", "")).await;
    let memory = [total, used, rest, of("Shmem:"), cached, available].map(shown);
    let memory: String = memory.iter().map(|number| format!("{number:>12}")).collect();
    tool.print(&format!("{:<8}{memory}\n", "Mem:")).await;
    let swap = [swap.0, swap.0.saturating_sub(swap.1), swap.1].map(shown);
    let swap: String = swap.iter().map(|number| format!("{number:>12}")).collect();
    tool.print(&format!("{:<8}{swap}\n", "Swap:")).await;
    tool.end().await
}

/// `uptime`
pub(super) async fn uptime(sys: Sys) -> u64 {
    let mut tool = Tool::new(sys, "uptime").await;
    let seconds = up(&mut tool).await / TICKS;
    let load = tool.text_of("/proc/loadavg").await;
    let load: Vec<&str> = load.split_whitespace().take(3).collect();
    let load = if load.is_empty() {
        String::new()
    } else {
        format!(",  load average: {}", load.join(", "))
    };
    let clock = date::format("%H:%M:%S", tool.sys.real_time().await.seconds, 0);
    let (days, hours, minutes) = (seconds / 86400, seconds / 3600 % 24, seconds / 60 % 60);
    let days = if days > 0 { format!("{days} days, ") } else { String::new() };
    let length =
        if hours > 0 { format!("{hours:2}:{minutes:02}") } else { format!("{minutes} min") };
    tool.print(&format!(" {clock} up {days}{length}{load}\n")).await;
    tool.end().await
}

/// What `vmstat` counts from moment to moment.
#[derive(Clone, Default)]
struct Counters {
    cpu: Vec<u64>,
    interrupts: u64,
    switches: u64,
    swapped: (u64, u64),
    blocks: (u64, u64),
}

async fn counters(tool: &mut Tool) -> (Counters, u64, u64) {
    let text = tool.text_of("/proc/stat").await;
    let line = text.lines().find_map(|line| line.strip_prefix("cpu ")).unwrap_or_default();
    let cpu = line.split_whitespace().filter_map(|number| number.parse().ok()).collect();
    let vm = tool.text_of("/proc/vmstat").await;
    let of = |text: &str, name: &str| field(text, name).unwrap_or(0);
    let counters = Counters {
        cpu,
        interrupts: of(&text, "intr "),
        switches: of(&text, "ctxt "),
        swapped: (of(&vm, "pswpin "), of(&vm, "pswpout ")),
        blocks: (of(&vm, "pgpgin "), of(&vm, "pgpgout ")),
    };
    (counters, of(&text, "procs_running "), of(&text, "procs_blocked "))
}

/// `vmstat [DELAY [COUNT]]`
pub(super) async fn vmstat(sys: Sys) -> u64 {
    let mut tool = Tool::new(sys, "vmstat").await;
    let number = |n: usize| tool.arguments.get(n).map(|text| text.parse::<u64>());
    let (delay, count) = match (number(0), number(1)) {
        (None, _) => (0, 1),
        (Some(Ok(delay)), None) => (delay, u64::MAX),
        (Some(Ok(delay)), Some(Ok(count))) => (delay, count),
        _ => return tool.usage("vmstat [DELAY [COUNT]]").await,
    };
    tool.print(
        "procs -----------memory---------- ---swap-- -----io---- -system-- -------cpu-------\n",
    )
    .await;
    tool.print(
        " r  b   swpd   free   buff  cache   si   so    bi    bo   in   cs us sy id wa st\n",
    )
    .await;
    let mut before = Counters::default();
    let mut seconds = (up(&mut tool).await / TICKS).max(1);
    for round in 0..count {
        if round > 0 {
            tool.flush().await;
            let _ = tool.sys.sleep(Duration::seconds(delay)).await;
            seconds = delay.max(1);
        }
        let (now, running, blocked) = counters(&mut tool).await;
        let memory = tool.text_of("/proc/meminfo").await;
        let of = |name: &str| field(&memory, name).unwrap_or(0);
        let rate = |now: u64, before: u64| now.saturating_sub(before) / seconds;
        let old = |n: usize| before.cpu.get(n).copied().unwrap_or(0);
        let passed: Vec<u64> =
            now.cpu.iter().enumerate().map(|(n, time)| time.saturating_sub(old(n))).collect();
        let total = passed.iter().sum::<u64>().max(1);
        let part = |places: &[usize]| {
            places.iter().filter_map(|n| passed.get(*n)).sum::<u64>() * 100 / total
        };
        let line = format!(
            "{:2} {:2} {:6} {:6} {:6} {:6} {:4} {:4} {:5} {:5} {:4} {:4} {:2} {:2} {:2} {:2} {:2}\n",
            running,
            blocked,
            of("SwapTotal:").saturating_sub(of("SwapFree:")),
            of("MemFree:"),
            of("Buffers:"),
            of("Cached:"),
            rate(now.swapped.0 * 4, before.swapped.0 * 4),
            rate(now.swapped.1 * 4, before.swapped.1 * 4),
            rate(now.blocks.0, before.blocks.0),
            rate(now.blocks.1, before.blocks.1),
            rate(now.interrupts, before.interrupts),
            rate(now.switches, before.switches),
            part(&[0, 1]),
            part(&[2, 5, 6]),
            part(&[3]),
            part(&[4]),
            part(&[7]),
        );
        tool.print(&line).await;
        before = now;
    }
    tool.end().await
}
