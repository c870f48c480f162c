//! Reading single words of a log's lines.

use super::super::compile::arguments;
use super::super::lower::unquote;
use super::super::result::Expected;
use crate::script::tree::{Kind, Node, Tree};

/// The first answer of getcwd(2), if nothing changed it before.
pub(super) fn first_directory(tree: &Tree) -> Option<String> {
    for node in tree.statements().filter(|node| node.kind() == Kind::Call) {
        match node.child(Kind::Name)?.text() {
            "getcwd" if !Expected::of(node).fails() => {
                let given = arguments(node);
                return text(*given.first()?).filter(|path| path.starts_with('/'));
            }
            "chdir" | "fchdir" | "chroot" => return None,
            _ => {}
        }
    }
    None
}

/// A whole string argument; a cut one names nothing.
pub(super) fn text(node: Node<'_>) -> Option<String> {
    match unquote(node.text())? {
        (bytes, false) => String::from_utf8(bytes).ok(),
        _ => None,
    }
}

/// The number of a descriptor, whatever stands behind it.
pub(super) fn descriptor(node: Node<'_>) -> Option<i128> {
    let digits: String = node.text().chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

/// A path without `.`, `..` and doubled slashes, as far as that can be said without looking.
pub(super) fn plain(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}
