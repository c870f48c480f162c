//! One argument as text, by its kind.

use super::call::is_late;
use super::descriptors::Names;
use super::style::Style;
use super::{command, structure, text};
use oscope_kernel::abi::call::Direction::{self, Out};
use oscope_kernel::abi::call::{Kind, Length};
use oscope_kernel::abi::flags::file::{
    FileMode, OpenFlags, file_type, print_mode, print_permissions,
};
use oscope_kernel::abi::flags::network::{
    IP_OPTION, IP_PROTOCOL, SOCKET_OPTION, TCP_OPTION, family, level,
};
use oscope_kernel::abi::flags::{FutexOp, hex, print_clone_flags};
use oscope_kernel::abi::types::{major, minor};
use oscope_kernel::abi::{Errno, Signal, nr};
use oscope_kernel::event::{Moment, Picture};

/// What a call's arguments are read from.
pub(super) struct Reader<'a> {
    pub(super) picture: Picture<'a>,
    pub(super) words: [u64; 6],
    pub(super) number: u16,
    /// `None` as long as it has none.
    pub(super) result: Option<i64>,
    pub(super) style: &'a Style,
    /// What descriptors stand for, if that is to be shown.
    pub(super) names: Option<Names<'a>>,
}

/// An argument in strace's words.
pub(super) struct Shown {
    pub(super) text: String,
    /// Whether it is known only when the call has ended.
    pub(super) is_late: bool,
    /// Whether it continues the argument before it, without a comma.
    pub(super) joins: bool,
}

/// AT_FDCWD as the 32 bits of a descriptor.
const AT_FDCWD: i32 = -100;

impl<'a> Reader<'a> {
    /// The text of argument `at`; `None` if strace does not print it.
    pub(super) fn argument(&self, at: usize, kind: &Kind) -> Option<Shown> {
        let word = self.words[at];
        let text = self.number_like(word, kind).or_else(|| self.conditional(at, word, kind));
        let text = match (text, kind) {
            (Some(text), _) => text,
            (None, kind) if is_never_shown(kind, &self.words, at) => return None,
            (None, kind) => self.pointer(at, word, kind),
        };
        Some(Shown { text, is_late: is_late(kind, &self.words), joins: false })
    }

    /// Kinds that are numbers.
    fn number_like(&self, word: u64, kind: &Kind) -> Option<String> {
        let int = word as i32;
        Some(match *kind {
            Kind::Int | Kind::Pid => int.to_string(),
            Kind::Fd => self.descriptor(int),
            Kind::Unsigned => (word as u32).to_string(),
            Kind::Long | Kind::Offset => word.cast_signed().to_string(),
            Kind::UnsignedLong | Kind::Size => word.to_string(),
            Kind::Hex | Kind::HexOffset => hex(word),
            Kind::Address => address(word),
            Kind::DirFd => match self.names {
                Some(names) => names.show_directory(int),
                None if int == AT_FDCWD => "AT_FDCWD".to_owned(),
                None => int.to_string(),
            },
            Kind::Uid | Kind::Gid if int == -1 => "-1".to_owned(),
            Kind::Uid | Kind::Gid => (word as u32).to_string(),
            Kind::Signal => signal(word),
            Kind::IpcKey if int == 0 => "IPC_PRIVATE".to_owned(),
            Kind::IpcKey => hex(u64::from(word as u32)),
            Kind::Flags(set) => set.print(word),
            Kind::Enum(set) => set.print(word as u32),
            Kind::IpcFlags(set) => {
                let (bits, mode) = (word & !0o777, print_permissions(word as u32 & 0o777));
                if bits == 0 { mode } else { format!("{}|{mode}", set.print(bits)) }
            }
            Kind::Mode => print_permissions(word as u32),
            Kind::FileMode => print_mode(word as u32),
            Kind::Protocol => self.protocol(word),
            Kind::SocketOption => self.socket_option(word),
            Kind::CloneFlags => format!("flags={}", print_clone_flags(word)),
            Kind::CloneStack => format!("child_stack={}", address(word)),
            Kind::FutexOp => FutexOp(word as u32).to_string(),
            Kind::IoctlRequest => command::ioctl(word),
            _ => return None,
        })
    }

    /// A descriptor, with what it stands for if that is asked for.
    pub(super) fn descriptor(&self, fd: i32) -> String {
        self.names.map_or_else(|| fd.to_string(), |names| names.show(fd))
    }

    /// Kinds that are printed only sometimes, or in a way that another argument decides.
    fn conditional(&self, at: usize, word: u64, kind: &Kind) -> Option<String> {
        match *kind {
            Kind::CreateMode { flags } if creates(self.words[usize::from(flags)]) => {
                Some(print_permissions(word as u32))
            }
            Kind::Device { mode } if is_device(self.words[usize::from(mode)]) => {
                Some(format!("makedev({}, {})", hex(major(word).into()), hex(minor(word).into())))
            }
            Kind::CloneWord { label, when, direction } if self.words[0] & when != 0 => {
                let seen = (direction == Out).then(|| self.out(word, 4)).flatten();
                Some(match seen {
                    Some(bytes) => format!("{label}=[{}]", int(bytes)),
                    None => format!("{label}={}", address(word)),
                })
            }
            Kind::FutexValue if FutexOp(self.words[1] as u32).arguments().contains(&(at as u8)) => {
                Some(command::futex_value(at, word, &self.words))
            }
            Kind::FutexTimeout => command::futex_timeout(self, word),
            Kind::FcntlArgument => command::fcntl_argument(self, word),
            Kind::IoctlArgument => command::ioctl_argument(self, word),
            Kind::PrctlArgument => command::prctl_argument(self, at, word),
            _ => None,
        }
    }

    /// Kinds that are pointers.
    fn pointer(&self, at: usize, word: u64, kind: &Kind) -> String {
        let shown = match kind {
            _ if word == 0 => None,
            Kind::Path => self.before(word).map(|bytes| text::path(bytes, self.style)),
            Kind::String => self.before(word).map(|bytes| {
                let whole = bytes.split_last().filter(|(last, _)| **last == 0);
                match whole {
                    Some((_, text)) => text::quote(text, text.len(), self.style),
                    None => text::quote(bytes, usize::MAX, self.style),
                }
            }),
            Kind::Buffer { direction, length } => self.buffer(word, *direction, *length),
            Kind::StringOut => self.after(word).map(|bytes| {
                // getcwd(2) counts the zero at the end, readlinkat(2) has none.
                let text = bytes.strip_suffix(&[0]).unwrap_or(bytes);
                if self.number == nr::GETCWD {
                    text::path(text, self.style)
                } else {
                    text::quote(text, text.len(), self.style)
                }
            }),
            _ => structure::print(self, at, word, kind),
        };
        shown.unwrap_or_else(|| address(word))
    }

    /// What was seen before the call, from an address on.
    pub(super) fn before(&self, address: u64) -> Option<&'a [u8]> {
        self.picture.from(Moment::Before, address)
    }

    /// What was seen after it.
    pub(super) fn after(&self, address: u64) -> Option<&'a [u8]> {
        self.picture.from(Moment::After, address)
    }

    /// So many bytes that went in.
    pub(super) fn into(&self, address: u64, length: usize) -> Option<&'a [u8]> {
        self.picture.at(Moment::Before, address, length)
    }

    /// So many bytes that came out.
    pub(super) fn out(&self, address: u64, length: usize) -> Option<&'a [u8]> {
        self.picture.at(Moment::After, address, length)
    }

    /// So many bytes that go in or come out.
    pub(super) fn data(
        &self,
        address: u64,
        length: usize,
        direction: Direction,
    ) -> Option<&'a [u8]> {
        if direction == Out { self.out(address, length) } else { self.into(address, length) }
    }

    /// The result, if it is no error.
    pub(super) fn value(&self) -> Option<u64> {
        self.result.filter(|&result| Errno::from_result(result).is_none()).map(i64::cast_unsigned)
    }

    pub(super) fn length(&self, length: Length) -> u64 {
        match length {
            Length::Argument(at) => self.words.get(usize::from(at)).copied().unwrap_or(0),
            Length::Result => self.value().unwrap_or(0),
            Length::Pointee(at) => {
                let word = self.words.get(usize::from(at)).copied().unwrap_or(0);
                self.out(word, 4).map_or(0, |bytes| u64::from(int(bytes).cast_unsigned()))
            }
        }
    }

    fn buffer(&self, word: u64, direction: Direction, length: Length) -> Option<String> {
        let whole = usize::try_from(self.length(length)).unwrap_or(usize::MAX);
        let seen = if direction == Out {
            self.value()?;
            self.after(word)
        } else {
            self.before(word)
        };
        let bytes = if whole == 0 { Some(&[][..]) } else { seen }?;
        let bytes = bytes.get(..whole).unwrap_or(bytes);
        // What is random is no text.
        let style = Style { hex: super::style::Hex::All, ..self.style.clone() };
        let style = if self.number == nr::GETRANDOM { &style } else { self.style };
        Some(text::quote(bytes, whole, style))
    }

    fn protocol(&self, word: u64) -> String {
        match self.words[0] as u32 {
            family::INET | family::INET6 => IP_PROTOCOL.print(word as u32),
            family::PACKET => command::packet_protocol(word),
            _ => (word as u32).to_string(),
        }
    }

    fn socket_option(&self, word: u64) -> String {
        let option = word as u32;
        match self.words[1] as u32 {
            level::SOCKET => SOCKET_OPTION.print(option),
            level::TCP => TCP_OPTION.print(option),
            level::IP => IP_OPTION.print(option),
            _ => hex(u64::from(option)),
        }
    }
}

/// Kinds that may be left out, when their condition does not hold.
fn is_never_shown(kind: &Kind, words: &[u64; 6], at: usize) -> bool {
    match kind {
        Kind::Hidden
        | Kind::CreateMode { .. }
        | Kind::Device { .. }
        | Kind::CloneWord { .. }
        | Kind::FutexValue
        | Kind::FcntlArgument
        | Kind::IoctlArgument
        | Kind::PrctlArgument => true,
        Kind::FutexTimeout => !FutexOp(words[1] as u32).arguments().contains(&(at as u8)),
        _ => false,
    }
}

/// A pointer as a number.
pub(super) fn address(word: u64) -> String {
    if word == 0 { "NULL".to_owned() } else { format!("{word:#x}") }
}

/// A signal's name; 0 and strangers as numbers.
pub(super) fn signal(word: u64) -> String {
    let number = word as u32;
    match Signal::from_number(u64::from(number)) {
        Some(signal) => signal.to_string(),
        None => (number as i32).to_string(),
    }
}

/// A little-endian number of up to 8 bytes.
pub(super) fn number(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |number, &byte| number << 8 | u64::from(byte))
}

/// A C `int`.
pub(super) fn int(bytes: &[u8]) -> i32 {
    number(bytes.get(..4).unwrap_or(bytes)) as i32
}

fn creates(flags: u64) -> bool {
    let flags = OpenFlags::from_bits_truncate(flags as u32);
    flags.contains(OpenFlags::CREAT) || flags.contains(OpenFlags::TMPFILE)
}

fn is_device(mode: u64) -> bool {
    let mode = mode as u32 & !FileMode::all().bits() & 0o170_000;
    mode == file_type::CHR || mode == file_type::BLK
}
