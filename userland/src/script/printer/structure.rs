//! Structures and lists behind pointers.

use super::value::{Reader, address, int, number, signal};
use super::{clone, command, signals, text};
use oscope_kernel::abi::call::Direction::{self, In, InOut, Out};
use oscope_kernel::abi::call::Kind;
use oscope_kernel::abi::call::extent::LIST_LIMIT;
use oscope_kernel::abi::flags::network::{EPOLL, MESSAGE, POLL};
use oscope_kernel::abi::flags::process::{SCHED, SCHED_FLAGS};
use oscope_kernel::abi::types::{
    Dirent, EpollEvent, Iovec, Itimerspec, Itimerval, PollFd, Rlimit, Rusage, Stat, Timespec,
    Timeval, Utsname, print_socket_address,
};
use oscope_kernel::abi::{SigAction, SignalSet, WaitStatus};

/// The text of what a pointer points to; `None` if it was not seen.
pub(super) fn print(r: &Reader<'_>, at: usize, word: u64, kind: &Kind) -> Option<String> {
    Some(match *kind {
        Kind::Argv => strings(r, word)?,
        Kind::Environment if r.style.verbose => strings(r, word)?,
        Kind::Environment => {
            let list = r.before(word)?;
            let count = list.chunks_exact(8).take_while(|word| number(word) != 0).count();
            let s = if count == 1 { "" } else { "s" };
            format!("{word:#x} /* {count} var{s} */")
        }
        Kind::Iovec { direction, count } => {
            let left = if direction == Out { r.value()? } else { u64::MAX };
            buffers(r, word, r.words[usize::from(count)], left, direction)?
        }
        Kind::IntPointer(d) => format!("[{}]", int(r.data(word, 4, d)?)),
        Kind::IdPointer(d) => format!("[{}]", int(r.data(word, 4, d)?).cast_unsigned()),
        Kind::LongPointer(InOut) => {
            let before = number(r.into(word, 8)?);
            match r.out(word, 8).map(number).filter(|after| *after != before) {
                Some(after) => format!("[{before}] => [{after}]"),
                None => format!("[{before}]"),
            }
        }
        Kind::LongPointer(d) => format!("[{}]", number(r.data(word, 8, d)?)),
        Kind::FdPair => {
            let pair = r.out(word, 8)?;
            format!("[{}, {}]", r.descriptor(int(pair)), r.descriptor(int(&pair[4..])))
        }
        Kind::GroupList { direction, length } => {
            let count = r.length(length).min(LIST_LIMIT) as usize;
            let ids = r.data(word, count * 4, direction)?.chunks_exact(4);
            list(ids.map(|id| int(id).cast_unsigned().to_string()))
        }
        Kind::SocketLength => {
            let before = int(r.into(word, 4)?);
            match r.out(word, 4).map(int).filter(|after| *after != before) {
                Some(after) => format!("[{before} => {after}]"),
                None => format!("[{before}]"),
            }
        }
        Kind::CpuSet(direction) => {
            let bytes = if direction == Out { r.after(word)? } else { r.before(word)? };
            let bits = bits(bytes).map(|bit| bit.to_string());
            format!("[{}]", bits.collect::<Vec<_>>().join(" "))
        }
        Kind::FdSet => fd_set(r, r.before(word)?),
        Kind::SignalSetPack => {
            let pack = r.into(word, 16)?;
            let set = match number(&pack[..8]) {
                0 => "NULL".to_owned(),
                place => r.into(place, 8).and_then(signal_set).unwrap_or_else(|| address(place)),
            };
            format!("{{sigmask={set}, sigsetsize={}}}", number(&pack[8..]))
        }
        Kind::PollFds => poll_list(r, word)?,
        Kind::EpollEvent => epoll_event(r.into(word, EpollEvent::SIZE)?)?,
        Kind::EpollEvents => {
            let events = r.value().and_then(|count| match count {
                0 => Some(&[][..]),
                _ => r.after(word),
            })?;
            let events = events.chunks_exact(EpollEvent::SIZE);
            list(events.filter_map(epoll_event))
        }
        Kind::SocketAddress { direction, length } => {
            let length = r.length(length).min(128) as usize;
            print_socket_address(r.data(word, length, direction)?)
        }
        Kind::SocketValue { direction, length } => {
            let length = r.length(length).min(256) as usize;
            let value = r.data(word, length, direction)?;
            match length {
                4 => format!("[{}]", int(value)),
                _ => text::quote(value, length, r.style),
            }
        }
        Kind::MessageHeader(direction) => message(r, word, direction)?,
        Kind::Dirents => {
            let (mut rest, mut count) = (r.after(word).unwrap_or_default(), 0);
            r.value()?;
            while let Some((_, tail)) = Dirent::take_from(rest) {
                (rest, count) = (tail, count + 1);
            }
            format!("{word:#x} /* {count} entr{} */", if count == 1 { "y" } else { "ies" })
        }
        Kind::SemOps => {
            let ops = r.before(word)?.chunks_exact(6).map(|op| {
                let (number, change) = (number(&op[..2]), number(&op[2..4]) as u16 as i16);
                format!(
                    "{{sem_num={number}, sem_op={change}, sem_flg={}}}",
                    command::sem_flags(&op[4..])
                )
            });
            list(ops)
        }
        _ => return signals::print(r, word, kind).or_else(|| whole(r, at, word, kind)),
    })
}

/// Structures of one piece.
fn whole(r: &Reader<'_>, _at: usize, word: u64, kind: &Kind) -> Option<String> {
    Some(match *kind {
        Kind::Timespec(Out) => timespec(r.out(word, 16)?)?,
        Kind::Timespec(_) => timespec(r.into(word, 16)?)?,
        Kind::Remaining => timespec(r.out(word, 16)?)?,
        Kind::TimespecPair => {
            let pair = r.into(word, 32)?;
            format!("[{}, {}]", instant(&pair[..16])?, instant(&pair[16..])?)
        }
        Kind::Timeval(d) => Timeval::from_bytes(bytes(r.data(word, 16, d)?)?).to_string(),
        Kind::Timezone(d) => {
            let zone = r.data(word, 8, d)?;
            format!("{{tz_minuteswest={}, tz_dsttime={}}}", int(zone), int(&zone[4..]))
        }
        Kind::Itimerspec(d) => Itimerspec::from_bytes(bytes(r.data(word, 32, d)?)?).to_string(),
        Kind::Itimerval(d) => Itimerval::from_bytes(bytes(r.data(word, 32, d)?)?).to_string(),
        Kind::Tms => {
            fields(r.out(word, 32)?, 8, &["tms_utime", "tms_stime", "tms_cutime", "tms_cstime"])
        }
        Kind::Stat => Stat::from_bytes(bytes(r.out(word, Stat::SIZE)?)?).to_string(),
        Kind::Statx => command::statx(r.out(word, 256)?),
        Kind::Statfs => command::statfs(r.out(word, 120)?),
        Kind::Utsname => Utsname::from_bytes(bytes(r.out(word, Utsname::SIZE)?)?).to_string(),
        Kind::Sysinfo => command::sysinfo(r.out(word, 112)?),
        Kind::Rlimit(d) => Rlimit::from_bytes(bytes(r.data(word, Rlimit::SIZE, d)?)?).to_string(),
        // Nobody was found: nothing was written.
        Kind::Rusage if r.value()? == 0 && is_of_child(r) => return None,
        Kind::Rusage => Rusage::from_bytes(bytes(r.out(word, Rusage::SIZE)?)?).to_string(),
        Kind::WaitStatus => WaitStatus::print(int(r.out(word, 4)?).cast_unsigned()),
        Kind::SchedParam(d) => format!("[{}]", int(r.data(word, 4, d)?)),
        Kind::SchedAttr(d) => {
            // VER0 has 48 bytes, and sched_getattr(2) says how many it may have.
            let long = if d == Out { r.words[2] >= 56 } else { true };
            let seen = r.data(word, 56, d).filter(|_| long).or_else(|| r.data(word, 48, d))?;
            sched_attr(seen)
        }
        Kind::CloneArguments => clone::before(r, word)?,
        _ => return None,
    })
}

/// wait4(2) fills its second structure in only if it found somebody.
fn is_of_child(r: &Reader<'_>) -> bool {
    r.number == oscope_kernel::abi::nr::WAIT4
}

/// An array from a slice of the right length.
pub(super) fn bytes<const N: usize>(slice: &[u8]) -> Option<&[u8; N]> {
    slice.first_chunk()
}

pub(super) fn list(items: impl Iterator<Item = String>) -> String {
    format!("[{}]", items.collect::<Vec<_>>().join(", "))
}

/// A structure of numbers of one width.
pub(super) fn fields(bytes: &[u8], width: usize, names: &[&str]) -> String {
    let fields = names.iter().zip(bytes.chunks_exact(width));
    let fields = fields.map(|(name, field)| format!("{name}={}", number(field)));
    format!("{{{}}}", fields.collect::<Vec<_>>().join(", "))
}

pub(super) fn timespec(slice: &[u8]) -> Option<String> {
    Some(Timespec::from_bytes(bytes(slice)?).to_string())
}

/// A time of utimensat(2), which may be a word.
fn instant(slice: &[u8]) -> Option<String> {
    let time = Timespec::from_bytes(bytes(slice)?);
    Some(match time.nanoseconds {
        Timespec::NOW => "UTIME_NOW".to_owned(),
        Timespec::OMIT => "UTIME_OMIT".to_owned(),
        _ => time.to_string(),
    })
}

/// How many elements of a list strace shows.
const SHOWN: usize = 32;

/// `["ls", "-l"]`; strace shows 32 of them.
fn strings(r: &Reader<'_>, word: u64) -> Option<String> {
    let all: Vec<u64> =
        r.before(word)?.chunks_exact(8).map(number).take_while(|&text| text != 0).collect();
    let mut shown: Vec<String> = Vec::new();
    for &string in all.iter().take(SHOWN) {
        shown.push(match r.before(string) {
            Some(bytes) => {
                let whole = bytes.strip_suffix(&[0]);
                let text = whole.unwrap_or(bytes);
                text::quote(text, if whole.is_some() { text.len() } else { usize::MAX }, r.style)
            }
            None => address(string),
        });
    }
    if all.len() > SHOWN {
        shown.push("...".to_owned());
    }
    Some(format!("[{}]", shown.join(", ")))
}

/// `[{iov_base="hello", iov_len=5}]`; of the buffers, at most `left` bytes.
fn buffers(
    r: &Reader<'_>,
    word: u64,
    count: u64,
    mut left: u64,
    direction: Direction,
) -> Option<String> {
    let shown = count.min(SHOWN as u64) as usize;
    let moment = if direction == Out { r.after(word) } else { r.before(word) };
    let vectors = moment?.get(..shown * Iovec::SIZE)?.chunks_exact(Iovec::SIZE);
    let mut items = Vec::new();
    for vector in vectors {
        let Iovec { base, length } = Iovec::from_bytes(bytes(vector)?);
        let whole = length.min(left) as usize;
        left = left.saturating_sub(length);
        let seen = if direction == Out { r.after(base) } else { r.before(base) };
        let base = match seen {
            _ if base == 0 => "NULL".to_owned(),
            _ if whole == 0 => "\"\"".to_owned(),
            Some(seen) => text::quote(seen.get(..whole).unwrap_or(seen), whole, r.style),
            None => address(base),
        };
        items.push(format!("{{iov_base={base}, iov_len={length}}}"));
    }
    if (shown as u64) < count {
        items.push("...".to_owned());
    }
    Some(format!("[{}]", items.join(", ")))
}

/// `struct msghdr`.
fn message(r: &Reader<'_>, word: u64, direction: Direction) -> Option<String> {
    let out = direction != In;
    if out {
        r.value()?;
    }
    let direction = if out { Out } else { In };
    let header = r.data(word, 56, direction)?;
    let field = |at: usize, width: usize| number(&header[at..at + width]);
    let (name, length) = (field(0, 8), field(8, 4));
    let shown = match name {
        0 => "NULL".to_owned(),
        _ => match r.data(name, length.min(128) as usize, direction) {
            Some(bytes) => print_socket_address(bytes),
            None => address(name),
        },
    };
    let left = if out { r.value()? } else { u64::MAX };
    let vectors = match field(16, 8) {
        0 => None,
        list => buffers(r, list, field(24, 8), left, direction),
    };
    Some(format!(
        "{{msg_name={shown}, msg_namelen={length}, msg_iov={}, msg_iovlen={}, msg_controllen={}, \
         msg_flags={}}}",
        vectors.unwrap_or_else(|| address(field(16, 8))),
        field(24, 8),
        field(40, 8),
        MESSAGE.print(field(48, 4))
    ))
}

/// The numbers of the bits that are set.
pub(super) fn bits(bytes: &[u8]) -> impl Iterator<Item = usize> {
    (0..bytes.len() * 8).filter(|bit| bytes[bit / 8] >> (bit % 8) & 1 != 0)
}

/// A set of descriptors, as many bits as the call's first argument says.
pub(super) fn fd_set(r: &Reader<'_>, bytes: &[u8]) -> String {
    let most = r.words[0] as u32 as usize;
    let set = bits(bytes).filter(|&fd| fd < most).map(|fd| r.descriptor(fd as i32));
    format!("[{}]", set.collect::<Vec<_>>().join(" "))
}

/// Descriptors of ppoll(2), as they were put in.
pub(super) fn poll_fds(list: &[u8]) -> impl Iterator<Item = PollFd> {
    list.chunks_exact(PollFd::SIZE).filter_map(|one| Some(PollFd::from_bytes(bytes(one)?)))
}

/// Descriptors of ppoll(2) as they were put in; strace shows 32 of them.
fn poll_list(r: &Reader<'_>, word: u64) -> Option<String> {
    let all = poll_fds(r.before(word)?);
    let mut shown: Vec<String> = all
        .take(SHOWN)
        .map(|PollFd { fd, events, .. }| match fd {
            ..0 => format!("{{fd={fd}}}"),
            0.. => format!("{{fd={}, events={}}}", r.descriptor(fd), POLL.print(u64::from(events))),
        })
        .collect();
    if r.words[1] as u32 as usize > SHOWN {
        shown.push("...".to_owned());
    }
    Some(list(shown.into_iter()))
}

/// `struct sched_attr`: what its flags say is to stay as it is, is not shown.
fn sched_attr(b: &[u8]) -> String {
    const KEEP_POLICY: u64 = 8;
    const KEEP_PARAMETERS: u64 = 0x10;
    let flags = number(&b[8..16]);
    let mut text = format!("{{size={}", int(b).cast_unsigned());
    if flags & KEEP_POLICY == 0 {
        text += &format!(", sched_policy={}", SCHED.print(int(&b[4..]).cast_unsigned()));
    }
    text += &format!(", sched_flags={}", SCHED_FLAGS.print(flags));
    if flags & KEEP_PARAMETERS == 0 {
        text += &format!(
            ", sched_nice={}, sched_priority={}, sched_runtime={}, sched_deadline={}, \
             sched_period={}",
            int(&b[16..]),
            int(&b[20..]).cast_unsigned(),
            number(&b[24..32]),
            number(&b[32..40]),
            number(&b[40..48])
        );
    }
    if let Some(clamps) = b.get(48..56).filter(|_| int(b) >= 56) {
        let (least, most) = (int(clamps).cast_unsigned(), int(&clamps[4..]).cast_unsigned());
        text += &format!(", sched_util_min={least}, sched_util_max={most}");
    }
    text + "}"
}

/// What `struct sigaction` and others share.
pub(super) fn signal_set(b: &[u8]) -> Option<String> {
    Some(SignalSet::from_bytes(*bytes(b)?).to_string())
}

/// `struct sigaction`.
pub(super) fn signal_action(b: &[u8]) -> Option<String> {
    Some(SigAction::from_bytes(bytes(b)?).to_string())
}

/// A signal in a structure.
pub(super) fn signal_name(b: &[u8]) -> String {
    signal(u64::from(int(b).cast_unsigned()))
}

/// `struct epoll_event`.
fn epoll_event(b: &[u8]) -> Option<String> {
    let EpollEvent { events, data } = EpollEvent::from_bytes(bytes(b)?);
    let names = EPOLL.print(u64::from(events));
    Some(format!("{{events={names}, data={{u32={}, u64={data}}}}}", data as u32))
}
