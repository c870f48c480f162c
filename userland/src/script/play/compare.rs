//! Holding what a script says against what happened, value by value.
//!
//! What a script leaves open matches anything: `?`, `...`, what is cut, fields that it does not name. Numbers of tasks
//! and addresses are names: the same one must mean the same, whatever it is called here.

use super::lower::{canonical, unquote};
use crate::script::tree::{Kind, Node};
use std::collections::BTreeMap;

/// What names mean in this run.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    /// Numbers of tasks: in the script, here.
    pub(super) tasks: BTreeMap<i128, i128>,
    /// Variables.
    variables: BTreeMap<String, String>,
    /// Addresses: in the script, here.
    addresses: BTreeMap<i128, i128>,
    /// It is a recorded log: its pointers point to memory of another program, and its directories lay on another disk.
    pub(super) is_recorded: bool,
}

impl Names {
    /// Whether what happened is what a node says.
    pub(super) fn fits(&mut self, expected: Node<'_>, actual: Node<'_>) -> bool {
        if canonical(expected.text()) == actual.text() && expected.kind() != Kind::Integer {
            return true;
        }
        match (expected.kind(), actual.kind()) {
            (Kind::Ellipsis | Kind::Mark, _) => true,
            // What only x86-64 has.
            (Kind::Word, _) if expected.text() == "SA_RESTORER" => actual.text() == "0",
            (Kind::Word, _) if expected.text() == "?" => true,
            (Kind::Variable, _) => self.binds(expected.text(), actual),
            (Kind::Integer, Kind::Integer) => self.numbers(expected, actual),
            // An address that nobody looked behind, here or there.
            (Kind::Integer, _) if is_address(expected) => actual.text() != "NULL",
            (_, Kind::Integer) if is_address(actual) => expected.text() != "NULL",
            // The rest of it stands where the call ends.
            (Kind::Struct, Kind::Chain) if actual.children().any(|part| part.text() == "=>") => {
                actual.children().next().is_some_and(|first| self.fits(expected, first))
            }
            (Kind::Text, Kind::Text) => texts(expected.text(), actual.text()),
            (Kind::Struct, Kind::Struct) => self.structures(expected, actual),
            (Kind::Named, Kind::Named) => {
                let (Some((a, x)), Some((b, y))) = (named(expected), named(actual)) else {
                    return false;
                };
                a == b && self.fits(x, y)
            }
            (Kind::Chain, _) | (_, Kind::Chain) => self.chains(expected, actual),
            (Kind::Array, Kind::Array)
            | (Kind::Group, Kind::Group)
            | (Kind::Prefixed, Kind::Prefixed)
            | (Kind::Apply, Kind::Apply) => self.lists(expected, actual),
            _ => false,
        }
    }

    /// A variable means what it meant first.
    pub(super) fn binds(&mut self, name: &str, actual: Node<'_>) -> bool {
        let value = actual.integer().map_or_else(|| actual.text().to_owned(), |n| n.to_string());
        match self.variables.get(name) {
            Some(known) => *known == value,
            None => {
                self.variables.insert(name.to_owned(), value);
                true
            }
        }
    }

    /// Sets a variable anew: a line gave it a value.
    pub(super) fn bind(&mut self, name: &str, value: String) {
        self.variables.insert(name.to_owned(), value);
    }

    fn numbers(&mut self, expected: Node<'_>, actual: Node<'_>) -> bool {
        let (Some(a), Some(b)) = (expected.integer(), actual.integer()) else {
            return expected.text() == actual.text();
        };
        if is_address(expected) && is_address(actual) {
            if self.is_recorded {
                return true;
            }
            return *self.addresses.entry(a).or_insert(b) == b;
        }
        a == b || self.is_task(a, b)
    }

    fn is_task(&self, a: i128, b: i128) -> bool {
        let here = self.tasks.get(&a).copied();
        let negative = self.tasks.get(&-a).map(|here| -here);
        here.or(negative) == Some(b)
    }

    /// All fields that both have must fit; those that only strace's own machine has do not count.
    fn structures(&mut self, expected: Node<'_>, actual: Node<'_>) -> bool {
        let is_open = expected.children().any(|child| child.kind() == Kind::Ellipsis);
        let have: Vec<_> = actual.children().filter(|c| c.kind() != Kind::Ellipsis).collect();
        let wanted: Vec<_> = expected.children().filter(|c| c.kind() != Kind::Ellipsis).collect();
        if !wanted.iter().all(|field| field.kind() == Kind::Named) {
            return self.sequence(&wanted, &have, is_open);
        }
        let cut = actual.children().any(|child| child.kind() == Kind::Ellipsis);
        // How large a directory is, is its file system's affair.
        let is_directory = self.is_recorded && expected.text().contains("=S_IFDIR|");
        wanted.into_iter().filter_map(named).all(|(name, value)| {
            let found = have.iter().filter_map(|&field| named(field)).find(|(n, _)| *n == name);
            // The fields of statx(2) have the names of those of stat(2) but for their first letters.
            let field = name.strip_prefix("st_").or(name.strip_prefix("stx_"));
            match found {
                // Handlers on x86-64 say where they return to.
                _ if name == "sa_restorer" => true,
                _ if is_directory && matches!(field, Some("size" | "blocks" | "nlink")) => true,
                Some((_, actual)) => self.fits(value, actual),
                None => cut,
            }
        })
    }

    fn lists(&mut self, expected: Node<'_>, actual: Node<'_>) -> bool {
        let sign = |node: Node<'_>| node.text().as_bytes().first().copied();
        if expected.kind() == Kind::Prefixed && sign(expected) != sign(actual) {
            return false;
        }
        let (wanted, have) = (elements(expected), elements(actual));
        let is_open = wanted.last().is_some_and(|last| last.kind() == Kind::Ellipsis);
        let wanted: Vec<_> = wanted.into_iter().filter(|n| n.kind() != Kind::Ellipsis).collect();
        let have: Vec<_> = have.into_iter().filter(|n| n.kind() != Kind::Ellipsis).collect();
        self.sequence(&wanted, &have, is_open)
    }

    fn sequence(&mut self, wanted: &[Node<'_>], have: &[Node<'_>], is_open: bool) -> bool {
        (wanted.len() == have.len() || is_open && wanted.len() <= have.len())
            && wanted.iter().zip(have).all(|(&wanted, &have)| self.fits(wanted, have))
    }

    /// Flags in any order, and expressions.
    fn chains(&mut self, expected: Node<'_>, actual: Node<'_>) -> bool {
        let parts = |node: Node<'_>| -> Vec<String> {
            let mut parts: Vec<String> = match node.kind() {
                Kind::Chain => {
                    let parts = node.children();
                    let parts =
                        parts.filter(|p| !matches!(p.kind(), Kind::Operator | Kind::Remark));
                    parts.map(|part| canonical(part.text()).into_owned()).collect()
                }
                _ => vec![canonical(node.text()).into_owned()],
            };
            // What only x86-64 has.
            parts.retain(|part| part != "SA_RESTORER");
            parts.sort_unstable();
            parts
        };
        let has = |node: Node<'_>, what: &str| node.children().any(|part| part.text() == what);
        if has(expected, "=>") || has(actual, "=>") || has(expected, "==") {
            let wanted: Vec<_> = expected.children().collect();
            let have: Vec<_> = actual.children().collect();
            return !wanted.is_empty() && self.sequence(&wanted, &have, false);
        }
        // `0x55… /* 22 vars */`: what is there was looked at on one side alone.
        if has_remark(expected) && expected.text().starts_with("0x")
            || has_remark(actual) && actual.text().starts_with("0x")
        {
            return expected.text() != "NULL" && actual.text() != "NULL";
        }
        if let (Some(a), Some(b)) = (evaluated(expected), evaluated(actual)) {
            return a == b;
        }
        let (mut wanted, have) = (parts(expected), parts(actual));
        if wanted.is_empty() {
            wanted.push("0".to_owned());
        }
        wanted == have
    }
}

/// The value of `8192*1024`.
fn evaluated(node: Node<'_>) -> Option<i128> {
    if node.kind() == Kind::Integer {
        return node.integer();
    }
    let mut parts = node.children();
    let mut value = parts.next()?.integer()?;
    while let Some(operator) = parts.next() {
        let next = parts.next()?.integer()?;
        value = match operator.text() {
            "*" => value.checked_mul(next)?,
            "+" => value.checked_add(next)?,
            "-" => value.checked_sub(next)?,
            _ => return None,
        };
    }
    Some(value)
}

fn has_remark(node: Node<'_>) -> bool {
    node.children().any(|part| part.kind() == Kind::Remark)
}

/// The elements of a list; `[INT CHLD]` has two.
fn elements(node: Node<'_>) -> Vec<Node<'_>> {
    let parts: Vec<_> = node.children().filter(|child| child.kind() != Kind::Note).collect();
    if let [only] = parts[..]
        && only.kind() == Kind::Chain
        && only.children().all(|part| part.kind() != Kind::Operator)
    {
        return only.children().collect();
    }
    parts
}

fn named(node: Node<'_>) -> Option<(&str, Node<'_>)> {
    let mut parts = (node.kind() == Kind::Named).then(|| node.children())?;
    Some((parts.next()?.text(), parts.next()?))
}

/// A number that is a place in memory, by its looks.
fn is_address(node: Node<'_>) -> bool {
    node.text().starts_with("0x") && node.integer().is_some_and(|number| number >= 0x1000)
}

/// Strings, of which both may be cut.
fn texts(expected: &str, actual: &str) -> bool {
    let (Some((a, a_cut)), Some((b, b_cut))) = (unquote(expected), unquote(actual)) else {
        return expected == actual;
    };
    match (a_cut, b_cut) {
        (false, false) => a == b,
        (true, false) => b.starts_with(&a),
        (false, true) => a.starts_with(&b),
        (true, true) => a.starts_with(&b) || b.starts_with(&a),
    }
}
