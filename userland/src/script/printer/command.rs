//! Calls whose arguments depend on a command, and large structures.

use super::finish::out_word;
use super::structure::{fields, timespec};
use super::value::{Reader, address, int, number, signal};
use super::{terminal, text};
use oscope_kernel::abi::flags::file::{
    DESCRIPTOR, DIRECTORY_NOTIFY, LOCK_TYPE, OPEN, OWNER_TYPE, SEALS, STATX_MASK, WHENCE, fcntl,
    print_mode,
};
use oscope_kernel::abi::flags::network::ETHERNET_PROTOCOL;
use oscope_kernel::abi::flags::process::prctl;
use oscope_kernel::abi::flags::{FutexOp, hex};

/// A word of futex(2): a count, the second address, or the bits of a wait.
pub(super) fn futex_value(at: usize, word: u64, words: &[u64; 6]) -> String {
    let op = FutexOp(words[1] as u32);
    match (at, op.command()) {
        (4, _) => address(word),
        (5, FutexOp::WAIT_BITSET | FutexOp::WAKE_BITSET) if word as u32 == u32::MAX => {
            "FUTEX_BITSET_MATCH_ANY".to_owned()
        }
        (5, FutexOp::WAIT_BITSET | FutexOp::WAKE_BITSET) => hex(u64::from(word as u32)),
        (5, FutexOp::WAKE_OP) => wake_op(word as u32),
        (5, _) if op.name().is_none() => hex(u64::from(word as u32)),
        _ => (word as u32).to_string(),
    }
}

/// The operation that FUTEX_WAKE_OP does on the second word: `FUTEX_OP_SET<<28|0<<12|FUTEX_OP_CMP_GT<<24|0x1`.
fn wake_op(word: u32) -> String {
    const OPERATIONS: [&str; 5] =
        ["FUTEX_OP_SET", "FUTEX_OP_ADD", "FUTEX_OP_OR", "FUTEX_OP_ANDN", "FUTEX_OP_XOR"];
    const COMPARISONS: [&str; 6] = [
        "FUTEX_OP_CMP_EQ",
        "FUTEX_OP_CMP_NE",
        "FUTEX_OP_CMP_LT",
        "FUTEX_OP_CMP_LE",
        "FUTEX_OP_CMP_GT",
        "FUTEX_OP_CMP_GE",
    ];
    let shift = if word >> 31 != 0 { "FUTEX_OP_OPARG_SHIFT<<28|" } else { "" };
    let name = |names: &[&str], n: u32| {
        names.get(n as usize).map_or_else(|| hex(u64::from(n)), |name| (*name).to_owned())
    };
    let operation = name(&OPERATIONS, word >> 28 & 7);
    let comparison = name(&COMPARISONS, word >> 24 & 0xf);
    let argument = hex(u64::from(word >> 12 & 0xfff));
    format!(
        "{shift}{operation}<<28|{argument}<<12|{comparison}<<24|{}",
        hex(u64::from(word & 0xfff))
    )
}

/// Argument 3 of futex(2): a time, or a second count.
pub(super) fn futex_timeout(r: &Reader<'_>, word: u64) -> Option<String> {
    let op = FutexOp(r.words[1] as u32);
    if !op.arguments().contains(&3) {
        return None;
    }
    if op.name().is_none() {
        return Some(address(word));
    }
    if !op.has_timeout() {
        return Some((word as u32).to_string());
    }
    let seen = if word == 0 { None } else { r.into(word, 16).and_then(timespec) };
    Some(seen.unwrap_or_else(|| address(word)))
}

/// Third argument of fcntl(2).
pub(super) fn fcntl_argument(r: &Reader<'_>, word: u64) -> Option<String> {
    let lock = |bytes: Option<&[u8]>| bytes.map_or_else(|| address(word), flock);
    Some(match r.words[1] as u32 {
        fcntl::GETFD
        | fcntl::GETFL
        | fcntl::GETOWN
        | fcntl::GETSIG
        | fcntl::GETLEASE
        | fcntl::GETPIPE_SZ
        | fcntl::GET_SEALS => return None,
        fcntl::SETFD => DESCRIPTOR.print(word),
        fcntl::SETFL => OPEN.print(word),
        fcntl::SETSIG => signal(word),
        fcntl::SETLK | fcntl::SETLKW | fcntl::OFD_SETLK | fcntl::OFD_SETLKW => {
            lock(r.into(word, 32))
        }
        fcntl::GETLK | fcntl::OFD_GETLK => match r.out(word, 32) {
            Some(bytes) => {
                format!("{}, l_pid={}}}", flock(bytes).trim_end_matches('}'), int(&bytes[24..]))
            }
            None => address(word),
        },
        fcntl::SETOWN_EX => r.into(word, 8).map_or_else(|| address(word), owner),
        fcntl::GETOWN_EX => r.out(word, 8).map_or_else(|| address(word), owner),
        fcntl::SETLEASE => LOCK_TYPE.print(word as u32),
        fcntl::ADD_SEALS => SEALS.print(word),
        fcntl::NOTIFY => DIRECTORY_NOTIFY.print(word),
        fcntl::DUPFD | fcntl::DUPFD_CLOEXEC | fcntl::SETOWN | fcntl::SETPIPE_SZ => {
            (word as i32).to_string()
        }
        _ => hex(word),
    })
}

/// `struct f_owner_ex`: what kind of task, and which.
fn owner(b: &[u8]) -> String {
    let kind = OWNER_TYPE.print(int(b).cast_unsigned());
    format!("{{type={kind}, pid={}}}", int(&b[4..]))
}

/// `struct flock`: two short numbers, then offset, length and process.
fn flock(b: &[u8]) -> String {
    let (kind, whence) = (number(&b[..2]) as u32, number(&b[2..4]) as u32);
    let (start, length) = (number(&b[8..16]).cast_signed(), number(&b[16..24]).cast_signed());
    let (kind, whence) = (LOCK_TYPE.print(kind), WHENCE.print(whence));
    format!("{{l_type={kind}, l_whence={whence}, l_start={start}, l_len={length}}}")
}

/// Requests of ioctl(2) that strace knows by name on a terminal, a pipe and a socket (asm-generic/ioctls.h).
const REQUESTS: [(&str, u64); 26] = [
    ("TCGETS", 0x5401),
    // The sound driver uses these numbers as well.
    ("SNDCTL_TMR_START or TCSETS", 0x5402),
    ("SNDCTL_TMR_STOP or TCSETSW", 0x5403),
    ("SNDCTL_TMR_CONTINUE or TCSETSF", 0x5404),
    ("TCSBRK", 0x5409),
    ("TCXONC", 0x540a),
    ("TCFLSH", 0x540b),
    ("TIOCEXCL", 0x540c),
    ("TIOCNXCL", 0x540d),
    ("TIOCSCTTY", 0x540e),
    ("TIOCGPGRP", 0x540f),
    ("TIOCSPGRP", 0x5410),
    ("TIOCOUTQ", 0x5411),
    ("TIOCSTI", 0x5412),
    ("TIOCGWINSZ", 0x5413),
    ("TIOCSWINSZ", 0x5414),
    ("FIONREAD", 0x541b),
    ("FIONBIO", 0x5421),
    ("TIOCNOTTY", 0x5422),
    ("TIOCGSID", 0x5429),
    ("FIONCLEX", 0x5450),
    ("FIOCLEX", 0x5451),
    ("TIOCGPTN", 0x8004_5430),
    ("TIOCSPTLCK", 0x4004_5431),
    ("TIOCGPTPEER", 0x5441),
    ("SIOCGIFCONF", 0x8912),
];

/// The request of a name.
pub(in crate::script) fn ioctl_request(name: &str) -> Option<u64> {
    REQUESTS.iter().find(|(known, _)| *known == name).map(|(_, request)| *request)
}

/// The name of a request, or its parts.
pub(super) fn ioctl(word: u64) -> String {
    let word = word & 0xffff_ffff;
    if let Some((name, _)) = REQUESTS.iter().find(|(_, value)| *value == word) {
        return (*name).to_owned();
    }
    let direction = match word >> 30 {
        0 => "_IOC_NONE",
        1 => "_IOC_WRITE",
        2 => "_IOC_READ",
        _ => "_IOC_READ|_IOC_WRITE",
    };
    let (kind, number, size) = (word >> 8 & 0xff, word & 0xff, word >> 16 & 0x3fff);
    format!("_IOC({direction}, {kind:#x}, {}, {})", hex(number), hex(size))
}

/// Third argument of ioctl(2).
pub(super) fn ioctl_argument(r: &Reader<'_>, word: u64) -> Option<String> {
    const FLUSH: [&str; 3] = ["TCIFLUSH", "TCOFLUSH", "TCIOFLUSH"];
    const FLOW: [&str; 4] = ["TCOOFF", "TCOON", "TCIOFF", "TCION"];
    let request = r.words[1] & 0xffff_ffff;
    let named = |names: &[&str], what: &str| {
        let name = usize::try_from(word).ok().and_then(|at| names.get(at));
        name.map_or_else(|| format!("{} /* {what}_??? */", hex(word)), |name| (*name).to_owned())
    };
    match request {
        // These take nothing.
        0x540c | 0x540d | 0x5422 | 0x5450 | 0x5451 => return None,
        // What these take is a number, not a pointer.
        0x540a => return Some(named(&FLOW, "TC")),
        0x540b => return Some(named(&FLUSH, "TC")),
        0x5409 | 0x540e => return Some((word as i32).to_string()),
        0x5441 => return Some(hex(word)),
        _ if word == 0 => return Some("NULL".to_owned()),
        _ => {}
    }
    let shown = match request {
        0x5401 => r.out(word, 36).map(|b| terminal::termios(b, r.style)),
        0x5402..=0x5404 => r.into(word, 36).map(|b| terminal::termios(b, r.style)),
        0x540f | 0x5411 | 0x541b | 0x5429 | 0x8004_5430 => {
            r.out(word, 4).map(|pid| format!("[{}]", int(pid)))
        }
        0x5410 | 0x5421 | 0x4004_5431 => r.into(word, 4).map(|pid| format!("[{}]", int(pid))),
        0x5413 => r.out(word, 8).map(winsize),
        0x5414 => r.into(word, 8).map(winsize),
        _ => None,
    };
    Some(shown.unwrap_or_else(|| address(word)))
}

fn winsize(b: &[u8]) -> String {
    fields(b, 2, &["ws_row", "ws_col", "ws_xpixel", "ws_ypixel"])
}

/// Arguments of prctl(2): only those that the option has.
pub(super) fn prctl_argument(r: &Reader<'_>, at: usize, word: u64) -> Option<String> {
    let option = r.words[0] as u32;
    let first = at == 1;
    Some(match option {
        prctl::SET_NAME if first => {
            let seen = r.before(word).map(|name| {
                let text = name.strip_suffix(&[0]);
                text::quote(text.unwrap_or(name), text.map_or(usize::MAX, <[u8]>::len), r.style)
            });
            seen.unwrap_or_else(|| address(word))
        }
        prctl::GET_NAME if first => {
            let seen = r.after(word).filter(|_| r.value().is_some());
            let seen = seen.map(|name| text::path(name, r.style));
            seen.unwrap_or_else(|| address(word))
        }
        prctl::SET_PDEATHSIG if first => signal(word),
        prctl::GET_PDEATHSIG if first => {
            let seen = r.out(word, 4).map(|bytes| signal(number(bytes)));
            seen.map_or_else(|| address(word), |signal| format!("[{signal}]"))
        }
        prctl::GET_CHILD_SUBREAPER if first => out_word(r, word, 4),
        prctl::SET_DUMPABLE if first => dumpable(word).map_or_else(|| hex(word), str::to_owned),
        prctl::SET_CHILD_SUBREAPER | prctl::SET_KEEPCAPS | prctl::SET_TIMERSLACK if first => {
            word.to_string()
        }
        prctl::SET_PDEATHSIG
        | prctl::GET_PDEATHSIG
        | prctl::SET_NAME
        | prctl::GET_NAME
        | prctl::SET_CHILD_SUBREAPER
        | prctl::GET_CHILD_SUBREAPER
        | prctl::GET_DUMPABLE
        | prctl::SET_DUMPABLE
        | prctl::GET_KEEPCAPS
        | prctl::SET_KEEPCAPS
        | prctl::GET_TIMERSLACK
        | prctl::SET_TIMERSLACK
        | prctl::GET_SECCOMP => return None,
        prctl::SET_NO_NEW_PRIVS if first => word.to_string(),
        _ => hex(word),
    })
}

/// Whether a process may leave a core dump, by name.
pub(super) fn dumpable(word: u64) -> Option<&'static str> {
    ["SUID_DUMP_DISABLE", "SUID_DUMP_USER", "SUID_DUMP_ROOT"]
        .get(usize::try_from(word).ok()?)
        .copied()
}

/// Protocol of a packet socket: an Ethernet type, in the order of the network.
pub(super) fn packet_protocol(word: u64) -> String {
    format!("htons({})", ETHERNET_PROTOCOL.print(u32::from((word as u16).swap_bytes())))
}

/// Flags of one operation of semop(2).
pub(super) fn sem_flags(b: &[u8]) -> String {
    match number(&b[..2]) {
        0 => "0".to_owned(),
        0x800 => "IPC_NOWAIT".to_owned(),
        0x1000 => "SEM_UNDO".to_owned(),
        0x1800 => "IPC_NOWAIT|SEM_UNDO".to_owned(),
        other => format!("{other:#x}"),
    }
}

/// `struct statx` in the short form.
pub(super) fn statx(b: &[u8]) -> String {
    let mask = STATX_MASK.print(number(&b[..4]));
    let mode = print_mode(number(&b[28..30]) as u32);
    let (attributes, size) = (hex(number(&b[8..16])), number(&b[40..48]));
    format!(
        "{{stx_mask={mask}, stx_attributes={attributes}, stx_mode={mode}, stx_size={size}, ...}}"
    )
}

/// `struct statfs`.
pub(super) fn statfs(b: &[u8]) -> String {
    const KINDS: [(&str, u64); 5] = [
        ("EXT2_SUPER_MAGIC", 0xef53),
        ("TMPFS_MAGIC", 0x0102_1994),
        ("PROC_SUPER_MAGIC", 0x9fa0),
        ("PIPEFS_MAGIC", 0x5049_5045),
        ("OVERLAYFS_SUPER_MAGIC", 0x794c_7630),
    ];
    let word = |at: usize| number(&b[at * 8..at * 8 + 8]);
    let kind = KINDS.iter().find(|(_, value)| *value == word(0));
    let kind = kind.map_or_else(|| hex(word(0)), |(name, _)| (*name).to_owned());
    format!(
        "{{f_type={kind}, f_bsize={}, f_blocks={}, f_bfree={}, f_bavail={}, f_files={}, \
         f_ffree={}, f_fsid={{val=[{}, {}]}}, f_namelen={}, f_frsize={}, f_flags={}}}",
        word(1),
        word(2),
        word(3),
        word(4),
        word(5),
        word(6),
        hex(word(7) & 0xffff_ffff),
        hex(word(7) >> 32),
        word(8),
        word(9),
        hex(word(10))
    )
}

/// `struct sysinfo`.
pub(super) fn sysinfo(b: &[u8]) -> String {
    let word = |at: usize| number(&b[at * 8..at * 8 + 8]);
    format!(
        "{{uptime={}, loads=[{}, {}, {}], totalram={}, freeram={}, sharedram={}, bufferram={}, \
         totalswap={}, freeswap={}, procs={}, totalhigh={}, freehigh={}, mem_unit={}}}",
        word(0),
        word(1),
        word(2),
        word(3),
        word(4),
        word(5),
        word(6),
        word(7),
        word(8),
        word(9),
        word(10) & 0xffff,
        word(11),
        word(12),
        word(13) & 0xffff_ffff
    )
}
