//! Arguments that fit a register, and text.

use super::{Expr, Lower, Result, named, wrong};
use crate::script::play::keys::Keys;
use crate::script::printer::ioctl_request;
use crate::script::tree::{Kind as Node_, Node};
use oscope_kernel::abi::Signal;
use oscope_kernel::abi::call::Kind;
use oscope_kernel::abi::flags::file::{DESCRIPTOR, LOCK_TYPE, OPEN, fcntl, file_type};
use oscope_kernel::abi::flags::network::{
    ETHERNET_PROTOCOL, IP_OPTION, IP_PROTOCOL, SOCKET_OPTION, TCP_OPTION,
};
use oscope_kernel::abi::flags::{FlagSet, FutexOp, parse_clone_flags};
use oscope_kernel::abi::types::makedev;
use std::borrow::Cow;

/// Numbers that have a name wherever they stand.
const WORDS: [(&str, u64); 8] = [
    ("NULL", 0),
    ("AT_FDCWD", -100_i64 as u64),
    ("RLIM64_INFINITY", u64::MAX),
    ("RLIM_INFINITY", u64::MAX),
    ("INT_MAX", 0x7fff_ffff),
    ("FUTEX_BITSET_MATCH_ANY", 0xffff_ffff),
    ("MAP_FAILED", u64::MAX),
    ("P_ALL", 0),
];

impl Lower<'_> {
    /// The word of an argument that is a number; `None` if its kind is a pointer.
    pub(super) fn number(
        &mut self,
        kind: &Kind,
        at: usize,
        node: Node<'_>,
    ) -> Result<Option<Expr>> {
        if node.kind() == Node_::Variable {
            return self.plain(node).map(Some);
        }
        let text = &*canonical(node.text());
        let by_name = |value: Option<u64>, message: &str, expected: &str| match value {
            Some(value) => Ok(Some(Expr::of(value))),
            None => wrong(node, message, expected),
        };
        match kind {
            Kind::Pid => self.pid(node).map(Some),
            Kind::Address => self.address(node).map(Some),
            Kind::Signal => {
                let named = Signal::from_name(text).map(|signal| u64::from(signal.number()));
                let value = node.integer().map(|n| n as u64).or(named);
                by_name(value, "this is no signal", "a name such as SIGTERM, or 0")
            }
            Kind::Flags(set) => by_name(flags(set, text), "these are no flags", &flag_names(set)),
            Kind::Enum(set) => {
                let names: Vec<&str> = set.names.iter().take(6).map(|(name, _)| *name).collect();
                let expected = format!("one of {} …", names.join(", "));
                by_name(set.parse(text).map(u64::from), "this is none of its names", &expected)
            }
            Kind::IpcFlags(set) => {
                let parts = text.split('|').map(|part| octal(part).or_else(|| set.parse(part)));
                let value = parts.sum::<Option<u64>>();
                by_name(value, "these are no flags", "flags and permissions: `IPC_CREAT|0600`")
            }
            Kind::Mode | Kind::CreateMode { .. } | Kind::FileMode => {
                let parts = text.split('|').map(|part| octal(part).or_else(|| kind_of_file(part)));
                let value = parts.sum::<Option<u64>>();
                by_name(value, "this is no mode", "permissions in octal: `0644`")
            }
            Kind::Device { .. } => by_name(device(node), "this is no device", "makedev(0x8, 0x1)"),
            Kind::Protocol => {
                let value = IP_PROTOCOL.parse(text).or_else(|| ethernet(text)).map(u64::from);
                by_name(value, "this is no protocol", "a name such as IPPROTO_TCP")
            }
            Kind::SocketOption => {
                let sets = [&SOCKET_OPTION, &TCP_OPTION, &IP_OPTION];
                let value = sets.iter().find_map(|set| set.parse(text)).map(u64::from);
                by_name(value, "this is no option", "a name such as SO_REUSEADDR")
            }
            Kind::CloneFlags => {
                by_name(parse_clone_flags(text), "these are no flags", "`CLONE_VM|…|SIGCHLD`")
            }
            Kind::FutexOp => {
                let value = FutexOp::parse(text).map(|op| u64::from(op.0));
                by_name(value, "this is no operation", "a name such as FUTEX_WAIT")
            }
            Kind::IoctlRequest => {
                let value = ioctl_request(text).or(node.integer().map(|n| n as u64));
                by_name(value, "this is no request", "a name such as TCGETS")
            }
            Kind::FutexTimeout => {
                let op = FutexOp(self.done.words[1].base as u32);
                if op.has_timeout() { Ok(None) } else { self.plain(node).map(Some) }
            }
            Kind::FutexValue if at == 4 => self.address(node).map(Some),
            Kind::FcntlArgument => self.fcntl(node),
            Kind::IoctlArgument | Kind::PrctlArgument => match node.kind() {
                Node_::Integer if text.starts_with("0x") => Ok(None),
                Node_::Integer => self.plain(node).map(Some),
                Node_::Word => {
                    let signal = Signal::from_name(text).map(|s| Expr::of(s.number().into()));
                    signal.map_or_else(|| self.plain(node), Ok).map(Some)
                }
                _ => Ok(None),
            },
            Kind::Int
            | Kind::Unsigned
            | Kind::Long
            | Kind::UnsignedLong
            | Kind::Hex
            | Kind::Size
            | Kind::Offset
            | Kind::HexOffset
            | Kind::Fd
            | Kind::DirFd
            | Kind::Uid
            | Kind::Gid
            | Kind::IpcKey
            | Kind::CloneStack
            | Kind::FutexValue => self.plain(node).map(Some),
            _ => Ok(None),
        }
    }

    /// Third argument of fcntl(2): a structure, flags, or a number.
    fn fcntl(&mut self, node: Node<'_>) -> Result<Option<Expr>> {
        let text = node.text();
        Ok(match self.done.words[1].base as u32 {
            fcntl::GETLK
            | fcntl::SETLK
            | fcntl::SETLKW
            | fcntl::OFD_GETLK
            | fcntl::OFD_SETLK
            | fcntl::OFD_SETLKW => None,
            fcntl::SETFD => flags(&DESCRIPTOR, text).map(Expr::of),
            fcntl::SETFL => flags(&OPEN, text).map(Expr::of),
            fcntl::SETLEASE => LOCK_TYPE.parse(text).map(|n| Expr::of(n.into())),
            fcntl::SETSIG => Signal::from_name(text).map(|s| Expr::of(s.number().into())),
            fcntl::SETOWN => Some(self.pid(node)?),
            _ => Some(self.plain(node)?),
        })
    }

    /// A process's number: the one that it has here, if the script knows it as its own.
    pub(super) fn pid(&mut self, node: Node<'_>) -> Result<Expr> {
        let Some(number) = node.integer() else { return self.plain(node) };
        let label = number.unsigned_abs().to_string();
        // -1 is everybody, not the group of process 1.
        match self.keys.find(&Keys::task(&label)).filter(|_| number != -1) {
            Some(key) => Ok(Expr { negate: number < 0, ..Expr::key(key) }),
            None => Ok(Expr::of(number as u64)),
        }
    }

    /// An address: where a mapping is that the script has as it was recorded, or as it stands.
    pub(in crate::script::play) fn address(&mut self, node: Node<'_>) -> Result<Expr> {
        let Some(number) = node.integer().and_then(|number| u64::try_from(number).ok()) else {
            return self.plain(node);
        };
        let found = self
            .mappings
            .iter()
            .rev()
            .find(|(base, length, _)| number >= *base && number - base < (*length).max(1));
        Ok(found.map_or(Expr::of(number), |&(base, _, key)| Expr {
            base: number - base,
            ..Expr::key(key)
        }))
    }

    /// A number: digits, a name, a variable, or an expression of these.
    pub(in crate::script::play) fn plain(&mut self, node: Node<'_>) -> Result<Expr> {
        let expected = "a number";
        match node.kind() {
            Node_::Integer => match node.integer() {
                Some(number) => Ok(Expr::of(number as u64)),
                None => wrong(node, "this number is too large", "64 bits"),
            },
            Node_::Word => {
                let known = WORDS.iter().find(|(name, _)| *name == node.text());
                match known {
                    Some(&(_, number)) => Ok(Expr::of(number)),
                    None => wrong(node, "nothing is called so here", expected),
                }
            }
            Node_::Variable => {
                let key = self.variable(node.text());
                Ok(self.keys.cell(key).map_or(Expr::key(key), Expr::of))
            }
            Node_::Named => match named(node) {
                Some((_, value)) => self.plain(value),
                None => wrong(node, "this has no value", expected),
            },
            Node_::Prefixed => {
                let inner = node.children().next();
                let Some(inner) = inner else { return wrong(node, "this is no number", expected) };
                let value = self.plain(inner)?;
                match node.text().as_bytes().first() {
                    Some(b'~') => Ok(Expr::of(!value.base)),
                    Some(b'-') => {
                        Ok(Expr { base: value.base.wrapping_neg(), negate: true, ..value })
                    }
                    _ => wrong(node, "this is no number", expected),
                }
            }
            Node_::Chain => self.chain(node),
            _ => wrong(node, "this is no number", expected),
        }
    }

    /// Operands with operators between them, from left to right, as strace prints them: `8192*1024`, `21<<26`.
    fn chain(&mut self, node: Node<'_>) -> Result<Expr> {
        let mut value: Option<Expr> = None;
        let mut operator = "";
        for part in node.children() {
            match part.kind() {
                Node_::Remark => {}
                Node_::Operator => operator = part.text(),
                _ => {
                    let next = self.plain(part)?;
                    value = Some(match (value, operator) {
                        (None, _) => next,
                        (Some(a), "+") if a.key.is_none() => {
                            Expr { base: a.base.wrapping_add(next.base), ..next }
                        }
                        (Some(a), "+") if next.key.is_none() => {
                            Expr { base: a.base.wrapping_add(next.base), ..a }
                        }
                        (Some(a), "-") if next.key.is_none() => {
                            Expr { base: a.base.wrapping_sub(next.base), ..a }
                        }
                        (Some(a), "*") => Expr::of(a.base.wrapping_mul(next.base)),
                        (Some(a), "|") => Expr::of(a.base | next.base),
                        (Some(a), "<<") => {
                            Expr::of(a.base.checked_shl(next.base as u32).unwrap_or(0))
                        }
                        _ => return wrong(part, "this cannot be computed", "`+`, `-`, `*` or `|`"),
                    });
                }
            }
        }
        value.map_or_else(|| wrong(node, "this is no number", "a number"), Ok)
    }
}

/// Names that mean the same, the one that strace prints last.
const SYNONYMS: [(&str, &str); 6] = [
    ("WUNTRACED", "WSTOPPED"),
    ("MAP_ANON", "MAP_ANONYMOUS"),
    ("SIGCLD", "SIGCHLD"),
    ("SIGPOLL", "SIGIO"),
    ("EWOULDBLOCK", "EAGAIN"),
    ("O_FSYNC", "O_SYNC"),
];

/// A text with the names that strace prints.
pub(in crate::script) fn canonical(text: &str) -> Cow<'_, str> {
    let is_other = |part: &str| SYNONYMS.iter().find(|(other, _)| *other == part.trim());
    if !text.split('|').any(|part| is_other(part).is_some()) {
        return Cow::Borrowed(text);
    }
    let parts = text.split('|').map(|part| is_other(part).map_or(part, |(_, name)| name));
    Cow::Owned(parts.collect::<Vec<_>>().join("|"))
}

/// Bits, some of which may be there without a name.
fn flags(set: &FlagSet, text: &str) -> Option<u64> {
    set.parse(text)
}

fn flag_names(set: &FlagSet) -> String {
    let names: Vec<&str> = set.bits.iter().take(6).map(|(name, _)| *name).collect();
    format!("names such as {}, with `|` between them", names.join(", "))
}

/// A mode's part in octal.
fn octal(text: &str) -> Option<u64> {
    let is_octal = text.bytes().all(|byte| matches!(byte, b'0'..=b'7'));
    u64::from_str_radix(text, 8).ok().filter(|_| is_octal)
}

fn kind_of_file(text: &str) -> Option<u64> {
    let value = match text {
        "S_IFIFO" => file_type::IFO,
        "S_IFCHR" => file_type::CHR,
        "S_IFDIR" => file_type::DIR,
        "S_IFBLK" => file_type::BLK,
        "S_IFREG" => file_type::REG,
        "S_IFLNK" => file_type::LNK,
        "S_IFSOCK" => file_type::SOCK,
        "S_ISUID" => 0o4000,
        "S_ISGID" => 0o2000,
        "S_ISVTX" => 0o1000,
        _ => return None,
    };
    Some(value.into())
}

/// `makedev(0x8, 0x1)`.
fn device(node: Node<'_>) -> Option<u64> {
    if node.kind() == Node_::Integer {
        return node.integer().map(|number| number as u64);
    }
    let mut numbers = node.children().filter_map(Node::integer);
    let (major, minor) = (numbers.next()?, numbers.next()?);
    Some(makedev(u32::try_from(major).ok()?, u32::try_from(minor).ok()?))
}

/// `htons(ETH_P_ALL)`.
fn ethernet(text: &str) -> Option<u32> {
    let name = text.strip_prefix("htons(")?.strip_suffix(')')?;
    let value = ETHERNET_PROTOCOL.parse(name)?;
    Some(u32::from((value as u16).swap_bytes()))
}

/// The bytes of a string as strace quotes it, and whether it was cut. `None` if it is no string.
pub(in crate::script) fn unquote(text: &str) -> Option<(Vec<u8>, bool)> {
    let text = text.strip_prefix('@').unwrap_or(text).strip_prefix('"')?;
    let (text, cut) = match text.strip_suffix("...") {
        Some(rest) => (rest, true),
        None => (text, false),
    };
    let mut from = text.strip_suffix('"')?.bytes().peekable();
    let mut bytes = Vec::new();
    while let Some(byte) = from.next() {
        if byte != b'\\' {
            bytes.push(byte);
            continue;
        }
        let digit = |byte: Option<&u8>, radix: u32| {
            byte.and_then(|&byte| char::from(byte).to_digit(radix)).map(|digit| digit as u8)
        };
        let escaped = from.next()?;
        bytes.push(match escaped {
            b'n' => b'\n',
            b't' => b'\t',
            b'r' => b'\r',
            b'v' => 0x0b,
            b'f' => 0x0c,
            b'x' => {
                let mut value = 0;
                for _ in 0..2 {
                    let Some(digit) = digit(from.peek(), 16) else { break };
                    value = value << 4 | digit;
                    from.next();
                }
                value
            }
            b'0'..=b'7' => {
                let mut value = escaped - b'0';
                for _ in 0..2 {
                    let Some(digit) = digit(from.peek(), 8) else { break };
                    value = value.wrapping_shl(3) | digit;
                    from.next();
                }
                value
            }
            other => other,
        });
    }
    Some((bytes, cut))
}

#[cfg(test)]
mod tests {
    use super::unquote;
    use oscope_kernel::abi::types::quote;

    #[test]
    fn what_is_quoted_can_be_read_back() {
        let all: Vec<u8> = (0..=255).chain([1, b'2', 0o12, b'7']).collect();
        assert_eq!(unquote(&quote(&all, usize::MAX)), Some((all, false)));
        assert_eq!(unquote("\"ab\"..."), Some((b"ab".to_vec(), true)));
        assert_eq!(unquote("\"\\x41\\x0a\""), Some((b"A\n".to_vec(), false)));
        assert_eq!(unquote("@\"name\""), Some((b"name".to_vec(), false)));
        assert_eq!(unquote("name"), None);
    }
}
