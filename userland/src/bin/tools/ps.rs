//! `ps [-eAfl] [-p PID] [-o FIELDS]`, `ps aux`: processes, as /proc has them.

use super::names::user_name;
use super::process::{Process, TICKS, all, field, terminal, uptime};
use super::tool::Tool;
use crate::sys::Sys;
use crate::text::date;

/// What the columns are made from besides the process.
struct Context {
    users: String,
    /// Since boot, in ticks.
    uptime: u64,
    /// When the machine was switched on, in seconds since 1970.
    boot: i64,
    /// In KiB.
    memory: u64,
}

/// `0-00:00:00`, without days if there are none.
fn long_time(ticks: u64) -> String {
    let seconds = ticks / TICKS;
    let (days, rest) = (seconds / 86400, seconds % 86400);
    let time = format!("{:02}:{:02}:{:02}", rest / 3600, rest / 60 % 60, rest % 60);
    if days > 0 { format!("{days}-{time}") } else { time }
}

/// Tenths of a percent of the time since it started.
fn share(process: &Process, context: &Context) -> u64 {
    let lived = context.uptime.saturating_sub(process.start);
    ((process.user + process.system) * 1000).checked_div(lived).unwrap_or(0).min(999)
}

fn started(process: &Process, context: &Context) -> String {
    date::format("%H:%M", context.boot + (process.start / TICKS) as i64, 0)
}

/// The state and what else is known, as BSD's letters.
fn state(process: &Process) -> String {
    let mut text = process.state.to_string();
    if process.nice < 0 {
        text.push('<');
    }
    if process.nice > 0 {
        text.push('N');
    }
    if process.session == process.pid {
        text.push('s');
    }
    if process.threads > 1 {
        text.push('l');
    }
    if process.foreground >= 0
        && process.foreground as u64 == process.group
        && process.terminal != 0
    {
        text.push('+');
    }
    text
}

/// A column's heading and text, and whether it stands at the right.
fn column(
    name: &str,
    process: &Process,
    context: &Context,
) -> Option<(&'static str, String, bool)> {
    let share = share(process, context);
    let resident = process.resident * 4;
    let part = (resident * 1000).checked_div(context.memory).unwrap_or(0);
    Some(match name {
        "pid" => ("PID", process.pid.to_string(), true),
        "ppid" => ("PPID", process.parent.to_string(), true),
        "pgid" | "pgrp" => ("PGID", process.group.to_string(), true),
        "sid" | "sess" => ("SID", process.session.to_string(), true),
        "uid" => ("UID", process.uid.to_string(), true),
        "user" | "uname" => ("USER", user_name(&context.users, process.uid), false),
        "c" => ("C", (share / 10).to_string(), true),
        "pcpu" | "%cpu" => ("%CPU", format!("{}.{}", share / 10, share % 10), true),
        "pmem" | "%mem" => ("%MEM", format!("{}.{}", part / 10, part % 10), true),
        "vsz" => ("VSZ", (process.size / 1024).to_string(), true),
        "rss" => ("RSS", resident.to_string(), true),
        "tty" | "tt" => ("TT", terminal(process.terminal), false),
        "stat" => ("STAT", state(process), false),
        "s" | "state" => ("S", process.state.to_string(), false),
        "stime" | "start" => ("STIME", started(process, context), true),
        "time" => ("TIME", long_time(process.user + process.system), true),
        "ni" | "nice" => ("NI", process.nice.to_string(), true),
        "pri" => ("PRI", (39 - process.priority).to_string(), true),
        "nlwp" => ("NLWP", process.threads.to_string(), true),
        "comm" | "ucmd" => ("COMMAND", process.name.clone(), false),
        "args" | "cmd" | "command" => ("COMMAND", process.command.clone(), false),
        _ => return None,
    })
}

/// Headings that go by another name in a given style.
fn headings(style: Style) -> (&'static [&'static str], &'static [&'static str]) {
    match style {
        Style::Plain => (&["pid", "tty", "time", "comm"], &["PID", "TTY", "TIME", "CMD"]),
        Style::Full => (
            &["user", "pid", "ppid", "c", "stime", "tty", "time", "args"],
            &["UID", "PID", "PPID", "C", "STIME", "TTY", "TIME", "CMD"],
        ),
        Style::Bsd => (
            &[
                "user", "pid", "%cpu", "%mem", "vsz", "rss", "tty", "stat", "start", "bsdtime",
                "args",
            ],
            &[
                "USER", "PID", "%CPU", "%MEM", "VSZ", "RSS", "TTY", "STAT", "START", "TIME",
                "COMMAND",
            ],
        ),
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Style {
    Plain,
    Full,
    Bsd,
}

pub(super) async fn main(sys: Sys) -> u64 {
    let mut tool = Tool::new(sys, "ps").await;
    // BSD's letters come without a dash.
    let bsd = tool.arguments.iter().position(|word| !word.starts_with('-'));
    let letters = bsd.filter(|at| *at == 0).map(|at| tool.arguments.remove(at)).unwrap_or_default();
    if let Some(wrong) = letters.chars().find(|c| !"auxwfe".contains(*c)) {
        tool.complain(&format!("unsupported option '{wrong}' (BSD syntax)")).await;
        return 1;
    }
    let Some(options) = tool.options("Aaeflwp:o:u").await else { return 1 };
    let style = if letters.contains('u') {
        Style::Bsd
    } else if options.has('f') || options.has('l') {
        Style::Full
    } else {
        Style::Plain
    };
    let processes = all(&mut tool).await;
    if processes.is_empty() {
        tool.complain("/proc is not mounted, or has no processes").await;
        return 1;
    }
    let uptime = uptime(&mut tool).await;
    let now = tool.sys.real_time().await.seconds;
    let memory = field(&tool.text_of("/proc/meminfo").await, "MemTotal:").unwrap_or(0);
    let context = Context {
        users: tool.text_of("/etc/passwd").await,
        uptime,
        boot: now - (uptime / TICKS) as i64,
        memory,
    };
    let own = tool.sys.getpid().await;
    let own_terminal = processes.iter().find(|process| process.pid == own).map(|p| p.terminal);
    let own_uid = tool.sys.geteuid().await as u32;
    let pids: Vec<u64> = options
        .values('p')
        .flat_map(|text| text.split([',', ' ']))
        .filter_map(|text| text.parse().ok())
        .collect();
    let is_wanted = |process: &&Process| {
        if options.value('p').is_some() {
            return pids.contains(&process.pid);
        }
        if options.has('e') || options.has('A') || letters.contains('x') && letters.contains('a') {
            return true;
        }
        if letters.contains('x') {
            return process.uid == own_uid;
        }
        let has_terminal = process.terminal != 0;
        if options.has('a') || letters.contains('a') {
            return has_terminal && process.session != process.pid;
        }
        Some(process.terminal) == own_terminal && process.uid == own_uid
    };
    let wanted: Vec<&Process> = processes.iter().filter(is_wanted).collect();
    if wanted.is_empty() {
        tool.status = 1;
    }
    let fields: Vec<&str> = options.values('o').flat_map(|text| text.split([',', ' '])).collect();
    let (names, heads): (Vec<&str>, Vec<String>) = if fields.is_empty() {
        let (names, heads) = headings(style);
        (names.to_vec(), heads.iter().map(|head| (*head).to_owned()).collect())
    } else {
        let mut parts = (Vec::new(), Vec::new());
        for part in fields {
            let (name, head) = part.split_once('=').map_or((part, None), |(n, h)| (n, Some(h)));
            let Some((own, ..)) = column(name, &Process::default(), &context) else {
                tool.complain(&format!("unknown user-defined format specifier \"{name}\"")).await;
                return 1;
            };
            parts.0.push(name);
            parts.1.push(head.unwrap_or(own).to_owned());
        }
        parts
    };
    let mut rows: Vec<Vec<String>> = Vec::new();
    let mut rights = vec![false; names.len()];
    for process in wanted {
        let mut row = Vec::new();
        for (name, right) in names.iter().zip(&mut rights) {
            if *name == "bsdtime" {
                let seconds = (process.user + process.system) / TICKS;
                row.push(format!("{}:{:02}", seconds / 60, seconds % 60));
                *right = true;
            } else if let Some((_, text, is_right)) = column(name, process, &context) {
                row.push(text);
                *right = is_right;
            }
        }
        rows.push(row);
    }
    let has_heading = heads.iter().any(|head| !head.is_empty());
    if has_heading {
        rows.insert(0, heads);
    }
    let width = |n: usize| {
        let least = match names.get(n) {
            Some(&("pid" | "ppid")) => 7,
            Some(&("user" | "tty")) => 8,
            _ => 0,
        };
        rows.iter().filter_map(|row| row.get(n)).map(String::len).max().unwrap_or(0).max(least)
    };
    let widths: Vec<usize> = (0..names.len()).map(width).collect();
    for row in &rows {
        let mut line = String::new();
        for (n, text) in row.iter().enumerate() {
            let width = widths.get(n).copied().unwrap_or(0);
            let is_right = rights.get(n).copied().unwrap_or(false);
            match (is_right, n + 1 == row.len()) {
                (true, _) => line.push_str(&format!("{text:>width$}")),
                (false, true) => line.push_str(text),
                (false, false) => line.push_str(&format!("{text:<width$}")),
            }
            if n + 1 < row.len() {
                line.push(' ');
            }
        }
        tool.print(&format!("{line}\n")).await;
    }
    tool.end().await
}
