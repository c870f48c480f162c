//! `ss [-tuxlanpH]`: sockets (ss(8)), from /proc/net and /proc/PID/fd. Addresses and ports are always numbers, so that `-n` is
//! always on.

use super::process;
use super::tool::{Options, Tool};
use crate::sys::Sys;
use std::net::Ipv4Addr;

/// A socket, as it is shown.
#[derive(Clone, Debug, Default)]
struct Line {
    kind: &'static str,
    state: &'static str,
    waiting: u64,
    unsent: u64,
    local: (String, String),
    peer: (String, String),
    inode: String,
}

/// The states of /proc/net/tcp, by their numbers.
const STATES: [&str; 12] = [
    "UNKNOWN",
    "ESTAB",
    "SYN-SENT",
    "SYN-RECV",
    "FIN-WAIT-1",
    "FIN-WAIT-2",
    "TIME-WAIT",
    "UNCONN",
    "CLOSE-WAIT",
    "LAST-ACK",
    "LISTEN",
    "CLOSING",
];

/// `0100007F:1F90`: the bytes of the address as they lie in memory, read as a number.
fn end(text: &str) -> Option<(String, String)> {
    let (address, port) = text.split_once(':')?;
    let address = u32::from_str_radix(address, 16).ok()?;
    let port = u16::from_str_radix(port, 16).ok()?;
    let address = Ipv4Addr::from(address.to_le_bytes());
    let port = if port == 0 { "*".to_owned() } else { port.to_string() };
    Some((address.to_string(), port))
}

/// A line of /proc/net/tcp or udp.
fn internet(kind: &'static str, text: &str) -> Option<Line> {
    let fields: Vec<&str> = text.split_whitespace().collect();
    let [_, local, peer, state, queues, _, _, _, _, inode, ..] = fields.as_slice() else {
        return None;
    };
    let state = usize::from_str_radix(state, 16).ok()?;
    let (unsent, waiting) = queues.split_once(':')?;
    Some(Line {
        kind,
        state: STATES.get(state).copied().unwrap_or("UNKNOWN"),
        waiting: u64::from_str_radix(waiting, 16).ok()?,
        unsent: u64::from_str_radix(unsent, 16).ok()?,
        local: end(local)?,
        peer: end(peer)?,
        inode: (*inode).to_owned(),
    })
}

/// A line of /proc/net/unix.
fn local(text: &str) -> Option<Line> {
    let fields: Vec<&str> = text.split_whitespace().collect();
    let [_, _, _, flags, kind, state, inode, path @ ..] = fields.as_slice() else { return None };
    let listens = *flags == "00010000";
    Some(Line {
        kind: match *kind {
            "0001" => "u_str",
            "0002" => "u_dgr",
            _ => "u_seq",
        },
        state: match (listens, *state) {
            (true, _) => "LISTEN",
            (_, "03") => "ESTAB",
            _ => "UNCONN",
        },
        local: (path.first().copied().unwrap_or("*").to_owned(), (*inode).to_owned()),
        peer: ("*".to_owned(), "*".to_owned()),
        inode: (*inode).to_owned(),
        ..Line::default()
    })
}

/// Whether a socket is asked for: those that have a partner, those that wait for one, or all.
fn is_wanted(line: &Line, options: &Options) -> bool {
    let waits = matches!(line.state, "LISTEN" | "UNCONN");
    options.has('a') || options.has('l') == waits
}

/// Who has which socket open: names, numbers and descriptors, by the socket's inode.
async fn users(tool: &mut Tool) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for process in process::all(tool).await {
        let directory = format!("/proc/{}/fd", process.pid);
        for fd in tool.names_in(&directory).await {
            let Ok(link) = tool.sys.readlink(&format!("{directory}/{fd}")).await else { continue };
            let inode = link.strip_prefix("socket:[").and_then(|rest| rest.strip_suffix(']'));
            if let Some(inode) = inode {
                let user = format!("(\"{}\",pid={},fd={fd})", process.name, process.pid);
                found.push((inode.to_owned(), user));
            }
        }
    }
    found
}

pub(super) async fn main(sys: Sys) -> u64 {
    let mut tool = Tool::new(sys, "ss").await;
    let Some(options) = tool.options("tuxlanpH").await else { return 255 };
    let any = !"tux".chars().any(|letter| options.has(letter));
    let mut lines: Vec<Line> = Vec::new();
    for (letter, kind) in [('x', "unix"), ('u', "udp"), ('t', "tcp")] {
        if !any && !options.has(letter) {
            continue;
        }
        let text = tool.text_of(&format!("/proc/net/{kind}")).await;
        let parsed = text.lines().skip(1).filter_map(|line| match letter {
            'x' => local(line),
            _ => internet(kind, line),
        });
        lines.extend(parsed.filter(|line| is_wanted(line, &options)));
    }
    let users = if options.has('p') { users(&mut tool).await } else { Vec::new() };
    let kinds = any || "tux".chars().filter(|letter| options.has(*letter)).count() > 1;
    for text in table(&lines, &users, kinds, !options.has('H')) {
        tool.print(&(text + "\n")).await;
    }
    tool.end().await
}

/// Columns that are as wide as they must be; addresses end where their ports begin.
fn table(lines: &[Line], users: &[(String, String)], kinds: bool, headed: bool) -> Vec<String> {
    let head =
        ["Netid", "State", "Recv-Q", "Send-Q", "Local Address", "Port", "Peer Address", "Port"]
            .map(str::to_owned);
    let rows = lines.iter().map(|line| {
        let (local, peer) = (line.local.clone(), line.peer.clone());
        let numbers = (line.waiting.to_string(), line.unsent.to_string());
        let (kind, state) = (line.kind.to_owned(), line.state.to_owned());
        [kind, state, numbers.0, numbers.1, local.0, local.1, peer.0, peer.1]
    });
    let rows: Vec<[String; 8]> = headed.then_some(head).into_iter().chain(rows).collect();
    let width = |at: usize| rows.iter().map(|row| row[at].len()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..8).map(width).collect();
    let mut out = Vec::new();
    for (n, row) in rows.iter().enumerate() {
        let mut text = String::new();
        for (at, (field, width)) in row.iter().zip(&widths).enumerate() {
            match at {
                0 if !kinds => {}
                0..=3 => text += &format!("{field:<width$} "),
                4 | 6 => text += &format!("{field:>width$}:"),
                _ => text += &format!("{field:<width$} "),
            }
        }
        let line = n.checked_sub(usize::from(headed)).and_then(|n| lines.get(n));
        text += match line {
            None => "Process",
            Some(_) => "",
        };
        let own = users.iter().filter(|(inode, _)| line.is_some_and(|line| line.inode == *inode));
        let own: Vec<&str> = own.map(|(_, user)| user.as_str()).collect();
        if !own.is_empty() {
            text += &format!("users:({})", own.join(","));
        }
        out.push(text.trim_end().to_owned());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{internet, table};

    #[test]
    fn a_line_of_proc_is_a_line_of_ss() {
        let text = "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000003 00:00000000 00000000     0        0 77 1 0 100 0 0 10 0";
        let line = internet("tcp", text).expect("a line");
        assert_eq!((line.state, line.waiting, line.local.1.as_str()), ("LISTEN", 3, "8080"));
        let users = [("77".to_owned(), "(\"httpd\",pid=3,fd=4)".to_owned())];
        let shown = table(&[line], &users, false, true);
        assert_eq!(shown[0], "State  Recv-Q Send-Q Local Address:Port Peer Address:Port Process");
        assert_eq!(
            shown[1],
            "LISTEN 3      0          127.0.0.1:8080      0.0.0.0:*    users:((\"httpd\",pid=3,fd=4))"
        );
    }
}
