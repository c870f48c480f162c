//! What stands behind the `=` of a line.

use crate::script::tree::{Kind, Node};

/// A result as a script has it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Expected<'t> {
    /// The first value: a number, a word, a variable.
    pub(super) value: Option<Node<'t>>,
    /// `ENOENT`, `ERESTARTSYS`.
    pub(super) errno: Option<&'t str>,
    /// `(Timeout)`, `([{fd=3, revents=POLLIN}])`: what stands in parentheses and is not an errno's message.
    pub(super) told: Option<&'t str>,
}

impl<'t> Expected<'t> {
    /// The result of a call's line.
    pub(super) fn of(line: Node<'t>) -> Self {
        let mut expected = Self::default();
        let Some(result) = line.child(Kind::Result) else { return expected };
        for part in result.children() {
            match part.kind() {
                Kind::Explanation if expected.errno.is_none() => expected.told = Some(part.text()),
                Kind::Explanation | Kind::Mark | Kind::Remark => {}
                Kind::Word if expected.value.is_some() => {
                    expected.errno.get_or_insert(part.text());
                }
                _ if expected.value.is_none() => {
                    // `0x2 (flags O_RDWR)`, `1 /* … */`
                    expected.value = match part.kind() {
                        Kind::Chain => part.children().next(),
                        _ => Some(part),
                    };
                }
                _ => {}
            }
        }
        expected
    }

    /// Whether nothing is said: no result, or `?` alone.
    pub(super) fn is_open(&self) -> bool {
        self.value.is_none_or(|value| value.text() == "?") && self.errno.is_none()
    }

    /// Whether a signal ended the wait and the call may be made again: `? ERESTARTSYS`.
    pub(super) fn restarts(&self) -> bool {
        self.errno.is_some_and(|errno| errno.starts_with("ERESTART"))
    }

    /// Whether the line says that the call failed.
    pub(super) fn fails(&self) -> bool {
        self.errno.is_some()
    }

    /// The value, if it is a number that is no error.
    pub(super) fn number(&self) -> Option<i128> {
        self.value.and_then(Node::integer).filter(|_| self.errno.is_none())
    }

    /// The name that it gets: `$fd`.
    pub(super) fn variable(&self) -> Option<&'t str> {
        self.value.filter(|value| value.kind() == Kind::Variable).map(Node::text)
    }
}
