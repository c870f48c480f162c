//! A line of a script becomes a call: six words, what must lie in memory before it, and what of its answer the script
//! wants to remember.
//!
//! Layers: `alias` knows the names of libc and of other machines; `number` reads what fits a register; `memory`
//! lays bytes out; `structure` knows each structure's form. All are driven by the kinds of the call table.
//!
//! A typical sequence: `write($fd, "hello\n", 6)`: the table says descriptor, buffer, size. The descriptor is a number
//! that will be known when the line runs ([`Expr`]); the text is laid into the task's part of the arena ([`Poke`]); the
//! size is a number.

pub(in crate::script) mod alias;
mod memory;
mod number;
mod structure;

pub(in crate::script) use number::canonical;
pub(super) use number::unquote;

use super::keys::{Key, Keys};
use crate::script::tree::{Kind as Node_, Node};
use alias::{Alias, Slot};
use oscope_kernel::abi::call::{self, Call, Direction, Kind, Length, Status};
use oscope_kernel::abi::nr;
use std::ops::Range;
use std::sync::Arc;

/// A number: known, or known when the line runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Expr {
    /// What is added to the value of the key.
    pub(super) base: u64,
    pub(super) key: Option<Key>,
    /// The key's value counts negatively: a process group in kill(2).
    pub(super) negate: bool,
}

impl Expr {
    pub(super) const fn of(base: u64) -> Self {
        Self { base, key: None, negate: false }
    }

    pub(super) const fn key(key: Key) -> Self {
        Self { base: 0, key: Some(key), negate: false }
    }

    /// Its value, where `look` knows the keys.
    pub(super) fn value(self, look: impl Fn(Key) -> u64) -> u64 {
        let value = self.key.map_or(0, look);
        let value = if self.negate { value.wrapping_neg() } else { value };
        self.base.wrapping_add(value)
    }
}

/// Bytes that must lie in memory when the call is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Poke {
    pub(super) address: u64,
    pub(super) bytes: Arc<[u8]>,
    /// Numbers inside that are known only then: offset, width in bytes.
    pub(super) patches: Vec<(u32, u8, Expr)>,
}

/// A number that the call leaves in memory and that the script has a name for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Take {
    pub(super) address: u64,
    pub(super) width: u8,
    pub(super) key: Key,
}

/// A call, ready to be made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Lowered {
    pub(super) number: u16,
    pub(super) words: [Expr; 6],
    pub(super) pokes: Vec<Poke>,
    pub(super) takes: Vec<Take>,
    /// What the caller is told instead of the call's own value, if that succeeded: dup2(2) of a descriptor to itself.
    pub(super) answers: Option<Expr>,
}

/// Why a line is no call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wrong {
    pub(super) range: Range<usize>,
    pub(super) message: String,
    pub(super) expected: String,
    /// The line is right, but here is no such call.
    pub(super) unsupported: bool,
}

pub(super) type Result<T> = std::result::Result<T, Wrong>;

/// Says that a node is not what was expected.
pub(super) fn wrong<T>(node: Node<'_>, message: &str, expected: &str) -> Result<T> {
    let (message, expected) = (message.to_owned(), expected.to_owned());
    Err(Wrong { range: node.range(), message, expected, unsupported: false })
}

/// Where a task's lines lay out their memory, and what names mean.
pub(super) struct Lower<'a> {
    pub(super) keys: &'a mut Keys,
    /// The block whose line it is: some names mean something else in it.
    pub(super) scope: &'a str,
    /// The task's part of the arena.
    pub(super) area: Range<u64>,
    pub(super) next: u64,
    /// Where the script has mappings: as it was written, how long, and the key of where each is here.
    pub(super) mappings: &'a [(u64, u64, Key)],
    /// Whether the line expects EFAULT: then addresses are meant as they stand.
    pub(super) faults: bool,
    pub(super) done: Lowered,
}

impl Lower<'_> {
    /// The key of a variable.
    pub(super) fn variable(&mut self, name: &str) -> Key {
        let scoped = self.keys.find(&format!("{name}@{}", self.scope));
        scoped.unwrap_or_else(|| self.keys.intern(name))
    }

    /// The call that a line means. `arguments` are those of its beginning and of its end.
    pub(super) fn call(&mut self, name: Node<'_>, arguments: &[Node<'_>]) -> Result<Lowered> {
        let text = name.text();
        let alias = alias::find(text);
        let target = alias.map_or(text, |alias| alias.target);
        let Some(call) = call::by_name(target) else {
            let message = format!("there is no call `{text}`");
            let expected = "the name of a system call".to_owned();
            let foreign = alias::is_foreign(text);
            return Err(Wrong { range: name.range(), message, expected, unsupported: foreign });
        };
        self.done = Lowered { number: call.number, ..Lowered::default() };
        if call.status == Status::Absent {
            let message = format!("`{text}` is not there yet");
            let expected = "a call that `oscope syscalls` lists as supported".to_owned();
            return Err(Wrong { range: name.range(), message, expected, unsupported: true });
        }
        match alias {
            Some(alias) => self.by_alias(call, alias, arguments)?,
            None if call.number == nr::CLONE => self.clone_words(call, arguments)?,
            None => self.arguments(call, name, arguments)?,
        }
        Ok(std::mem::take(&mut self.done))
    }

    /// Arguments in the table's order. Some are printed only sometimes, so a line may have fewer.
    fn arguments(&mut self, call: &Call, name: Node<'_>, arguments: &[Node<'_>]) -> Result<()> {
        let mut given: [Option<Node<'_>>; 6] = [None; 6];
        let mut rest = arguments.iter();
        for (at, argument) in call.arguments.iter().enumerate() {
            if matches!(argument.kind, Kind::Hidden | Kind::SigFrame) {
                continue;
            }
            if let Kind::FutexValue | Kind::FutexTimeout = argument.kind
                && !self.futex_takes(given[1], at)
            {
                continue;
            }
            given[at] = rest.next().copied();
        }
        if let Some(extra) = rest.next()
            && extra.kind() != Node_::Ellipsis
            && call.number != nr::RT_SIGRETURN
        {
            let names: Vec<&str> = call.arguments.iter().map(|argument| argument.name).collect();
            let message = format!("`{}` takes {} arguments", name.text(), names.len());
            let expected = format!("`{}({})`", name.text(), names.join(", "));
            return wrong(*extra, &message, &expected);
        }
        self.numbers_then_pointers(call, &given)
    }

    fn futex_takes(&self, op: Option<Node<'_>>, at: usize) -> bool {
        use oscope_kernel::abi::flags::FutexOp;
        let op = op.and_then(|op| FutexOp::parse(op.text()));
        op.is_none_or(|op| op.arguments().contains(&(at as u8)))
    }

    /// Sizes stand behind the pointers that they belong to, so numbers come first.
    fn numbers_then_pointers(&mut self, call: &Call, given: &[Option<Node<'_>>; 6]) -> Result<()> {
        let mut pointers = Vec::new();
        for (at, argument) in call.arguments.iter().enumerate() {
            let Some(node) = given[at] else { continue };
            match self.number(&argument.kind, at, node)? {
                Some(word) => self.done.words[at] = word,
                None => pointers.push((at, &argument.kind, node)),
            }
        }
        // Large buffers last: the area may not hold them whole, and what follows would have no room.
        pointers.sort_by_key(|(_, kind, _)| matches!(kind, Kind::Buffer { .. } | Kind::Dirents));
        for (at, kind, node) in pointers {
            self.done.words[at] = self.pointer(call, at, kind, node)?;
        }
        Ok(())
    }

    fn by_alias(&mut self, call: &Call, alias: &Alias, arguments: &[Node<'_>]) -> Result<()> {
        let mut given: [Option<Node<'_>>; 6] = [None; 6];
        for (at, slot) in alias.slots.iter().enumerate() {
            match *slot {
                Slot::Argument(n) => given[at] = arguments.get(usize::from(n)).copied(),
                Slot::Word(word) => self.done.words[at] = Expr::of(word),
                Slot::Millis(n) => {
                    let Some(node) = arguments.get(usize::from(n)) else { continue };
                    let millis = self.plain(*node)?;
                    self.done.words[at] = self.millis(millis.base as i32);
                }
                Slot::Hint(n) => {
                    let Some(node) = arguments.get(usize::from(n)) else { continue };
                    let is_positive = self.plain(*node)?.base as i32 > 0;
                    // An unknown flag is refused with the same errno.
                    self.done.words[at] = Expr::of(u64::from(!is_positive));
                }
                Slot::Timeval(n) => {
                    let Some(node) = arguments.get(usize::from(n)) else { continue };
                    self.done.words[at] = self.timeval_as_timespec(*node)?;
                }
                Slot::Seconds(n) => {
                    let Some(node) = arguments.get(usize::from(n)) else { continue };
                    let seconds = self.plain(*node)?.base;
                    let bytes = [0, 0, seconds, 0].map(u64::to_le_bytes).concat();
                    self.done.words[at] = self.lay(&bytes, Vec::new())?;
                }
            }
        }
        self.numbers_then_pointers(call, &given)?;
        if let (Some(from), Some(to)) = (given[0], given[1])
            && alias.name == "dup2"
            && from.text() == to.text()
        {
            // The C library does this where there is no dup2(2): the descriptor is looked at, and nothing else.
            self.done.answers = Some(self.done.words[1]);
            self.done.number = nr::FCNTL;
            self.done.words[1] = Expr::of(1);
        }
        Ok(())
    }

    /// clone(2), whose arguments strace prints with their names, in an order of its own.
    fn clone_words(&mut self, call: &Call, arguments: &[Node<'_>]) -> Result<()> {
        for &node in arguments {
            let Some((name, value)) = named(node) else {
                return wrong(node, "this argument of clone has no name", "`flags=CLONE_…`");
            };
            let at = call.arguments.iter().position(|argument| match argument.kind {
                Kind::CloneFlags => name == "flags",
                Kind::CloneStack => matches!(name, "child_stack" | "stack"),
                Kind::CloneWord { label, .. } => label == name,
                _ => false,
            });
            match at {
                Some(0) => match self.number(&Kind::CloneFlags, 0, value)? {
                    Some(flags) => self.done.words[0] = flags,
                    None => return wrong(value, "these are no flags", "flags such as CLONE_VM"),
                },
                Some(1) => self.done.words[1] = self.plain(value)?,
                Some(at) if value.kind() == Node_::Variable => {
                    self.done.words[at] = self.plain(value)?;
                }
                Some(at) => self.done.words[at] = self.room(value, 8)?,
                // The exit signal of an old strace, the size of a stack elsewhere.
                None => {}
            }
        }
        Ok(())
    }

    /// A pointer, and what lies behind it.
    fn pointer(&mut self, call: &Call, at: usize, kind: &Kind, node: Node<'_>) -> Result<Expr> {
        if node.text() == "NULL" || node.integer() == Some(0) {
            return Ok(Expr::of(0));
        }
        if node.kind() == Node_::Variable {
            return self.plain(node);
        }
        if self.faults && node.kind() == Node_::Integer {
            return self.plain(node);
        }
        // Buffers of their own, in or out.
        if let Kind::Iovec { direction, .. } = kind
            && node.kind() == Node_::Array
        {
            return self.buffers(node, *direction == Direction::Out);
        }
        let comes_out = kind.direction() == Direction::Out || self.is_filled_in(kind);
        if comes_out {
            let size = self.out_size(call, at, kind);
            let place = self.room(node, size)?;
            self.takes(kind, place, node);
            return Ok(place);
        }
        self.contents(call, at, kind, node)
    }

    fn is_filled_in(&self, kind: &Kind) -> bool {
        use oscope_kernel::abi::call::extent::{self, Extent};
        let words = self.done.words.map(|word| word.base);
        match kind {
            Kind::FcntlArgument | Kind::IoctlArgument | Kind::PrctlArgument => [1, 2]
                .iter()
                .any(|&at| extent::after(kind, at, &words, 0, &mut |_| 0) != Extent::Nothing),
            Kind::CloneWord { .. } => true,
            _ => false,
        }
    }

    /// How many bytes the kernel may fill in.
    fn out_size(&self, call: &Call, at: usize, kind: &Kind) -> u64 {
        use oscope_kernel::abi::call::extent::{self, Extent};
        let words = self.done.words.map(|word| word.base);
        let sized = match kind {
            Kind::Buffer { length: Length::Argument(n), .. } => Some(words[usize::from(*n)]),
            Kind::GroupList { .. } => Some(words[0].saturating_mul(4)),
            Kind::Buffer { .. } | Kind::StringOut | Kind::Dirents | Kind::CpuSet(_) => call
                .arguments
                .iter()
                .enumerate()
                .find(|(n, argument)| *n > at && argument.kind == Kind::Size)
                .or_else(|| {
                    let sizes = call.arguments.iter().enumerate();
                    sizes.into_iter().find(|(_, argument)| argument.kind == Kind::Size)
                })
                .map(|(n, _)| words[n]),
            _ => match extent::after(kind, at, &words, 64, &mut |_| 128) {
                Extent::Bytes(size) | Extent::Text(size) => Some(size),
                _ => None,
            },
        };
        sized.unwrap_or(256).max(8)
    }
}

/// `name=value`.
pub(super) fn named(node: Node<'_>) -> Option<(&str, Node<'_>)> {
    if node.kind() != Node_::Named {
        return None;
    }
    let mut parts = node.children();
    let name = parts.next()?;
    Some((name.text(), parts.next()?))
}
