//! What /proc tells about processes (proc(5)), for `ps`, `top` and `lsof`.

use super::tool::Tool;

/// A process, as /proc/PID/stat and /proc/PID/status have it.
#[derive(Clone, Debug, Default)]
pub(super) struct Process {
    pub(super) pid: u64,
    pub(super) name: String,
    pub(super) state: char,
    pub(super) parent: u64,
    pub(super) group: u64,
    pub(super) session: u64,
    pub(super) terminal: u64,
    /// The group in the foreground of the terminal.
    pub(super) foreground: i64,
    /// Time in its program and in the kernel, in ticks of 10 ms.
    pub(super) user: u64,
    pub(super) system: u64,
    pub(super) priority: i64,
    pub(super) nice: i64,
    pub(super) threads: u64,
    /// When it started, in ticks after boot.
    pub(super) start: u64,
    /// Its size in bytes, and how much of it is in memory in pages.
    pub(super) size: u64,
    pub(super) resident: u64,
    pub(super) uid: u32,
    /// Its arguments, or its name in brackets if it has none.
    pub(super) command: String,
}

/// Ticks in a second (`USER_HZ`).
pub(super) const TICKS: u64 = 100;

/// A line of /proc/PID/stat. The name is in parentheses and may have any characters in it.
fn parse(text: &str) -> Option<Process> {
    let (head, rest) = text.rsplit_once(')')?;
    let (pid, name) = head.split_once('(')?;
    let fields: Vec<&str> = rest.split_whitespace().collect();
    // Numbers of fields are those of proc(5), of which the third is the first one here.
    let number = |n: usize| fields.get(n - 3).and_then(|text| text.parse().ok()).unwrap_or(0i64);
    let positive = |n: usize| fields.get(n - 3).and_then(|text| text.parse().ok()).unwrap_or(0u64);
    Some(Process {
        pid: pid.trim().parse().ok()?,
        name: name.to_owned(),
        state: fields.first()?.chars().next()?,
        parent: positive(4),
        group: positive(5),
        session: positive(6),
        terminal: positive(7),
        foreground: number(8),
        user: positive(14),
        system: positive(15),
        priority: number(18),
        nice: number(19),
        threads: positive(20),
        start: positive(22),
        size: positive(23),
        resident: positive(24),
        uid: 0,
        command: String::new(),
    })
}

/// All processes by number. What ends while it is looked at is left out.
pub(super) async fn all(tool: &mut Tool) -> Vec<Process> {
    let Ok(entries) = tool.sys.read_directory("/proc").await else { return Vec::new() };
    let names = entries.iter().map(|entry| String::from_utf8_lossy(&entry.name).into_owned());
    let mut pids: Vec<u64> = names.filter_map(|name| name.parse().ok()).collect();
    pids.sort_unstable();
    let mut processes = Vec::new();
    for pid in pids {
        let text = tool.text_of(&format!("/proc/{pid}/stat")).await;
        let Some(mut process) = parse(&text) else { continue };
        let status = tool.text_of(&format!("/proc/{pid}/status")).await;
        process.uid = field(&status, "Uid:").unwrap_or(0) as u32;
        let words = tool.text_of(&format!("/proc/{pid}/cmdline")).await;
        let words = words.trim_end_matches('\0').replace('\0', " ");
        process.command = if words.is_empty() { format!("[{}]", process.name) } else { words };
        processes.push(process);
    }
    processes
}

/// The first number behind a name, as /proc/meminfo and /proc/PID/status have it.
pub(super) fn field(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

/// A controlling terminal's name.
pub(super) fn terminal(number: u64) -> String {
    match (number >> 8 & 0xfff, number & 0xff) {
        (0, 0) => "?".to_owned(),
        (4, minor) if minor >= 64 => format!("ttyS{}", minor - 64),
        (4, minor) => format!("tty{minor}"),
        (5, 1) => "console".to_owned(),
        (136, minor) => format!("pts/{minor}"),
        (major, minor) => format!("{major}:{minor}"),
    }
}

/// The first number of /proc/uptime, in hundredths of a second.
pub(super) async fn uptime(tool: &mut Tool) -> u64 {
    let text = tool.text_of("/proc/uptime").await;
    let first = text.split_whitespace().next().unwrap_or_default().replace('.', "");
    first.parse().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::{field, parse, terminal};

    #[test]
    fn a_name_may_have_anything_in_it() {
        let line =
            "7 (a) b (c) S 1 7 7 1088 7 4194304 1 2 3 4 150 25 0 0 20 5 3 0 42 1048576 256 9";
        let process = parse(line).expect("a process");
        assert_eq!((process.pid, process.name.as_str(), process.state), (7, "a) b (c", 'S'));
        assert_eq!((process.user, process.system, process.nice), (150, 25, 5));
        assert_eq!((process.threads, process.start, process.resident), (3, 42, 256));
        assert!(parse("").is_none() && parse("7 (x)").is_none());
    }

    #[test]
    fn fields_and_terminals_have_names() {
        assert_eq!(field("MemTotal:   16384 kB\nMemFree: 1 kB\n", "MemFree:"), Some(1));
        assert_eq!(terminal(1088), "ttyS0");
        assert_eq!(terminal(0), "?");
    }
}
