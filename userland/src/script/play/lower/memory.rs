//! Memory for the pointers of a line: a task's part of the arena, filled from its start for every line anew.

use super::{Expr, Lower, Poke, Result, Take, wrong};
use crate::script::tree::{Kind as Node_, Node};
use oscope_kernel::abi::call::Kind;
use std::sync::Arc;

/// Bytes with numbers in them that may be known only later.
#[derive(Default)]
pub(super) struct Layout {
    pub(super) bytes: Vec<u8>,
    pub(super) patches: Vec<(u32, u8, Expr)>,
}

impl Layout {
    /// Appends a number of `width` bytes.
    pub(super) fn put(&mut self, width: u8, value: Expr) -> &mut Self {
        let at = self.bytes.len() as u32;
        let word = value.base.to_le_bytes();
        self.bytes.extend_from_slice(word.get(..usize::from(width)).unwrap_or(&word));
        if value.key.is_some() {
            self.patches.push((at, width, value));
        }
        self
    }

    /// Appends a number that is known.
    pub(super) fn word(&mut self, width: u8, value: u64) -> &mut Self {
        self.put(width, Expr::of(value))
    }
}

impl Lower<'_> {
    /// Lays bytes down; returns where.
    pub(super) fn lay(&mut self, bytes: &[u8], patches: Vec<(u32, u8, Expr)>) -> Result<Expr> {
        let place = self.reserve(bytes.len() as u64);
        let room = usize::try_from(self.area.end.saturating_sub(place)).unwrap_or(0);
        let bytes: Arc<[u8]> = bytes.get(..room).unwrap_or(bytes).into();
        self.done.pokes.push(Poke { address: place, bytes, patches });
        Ok(Expr::of(place))
    }

    /// Lays a layout down; returns where.
    pub(super) fn lay_out(&mut self, layout: Layout) -> Result<Expr> {
        self.lay(&layout.bytes, layout.patches)
    }

    /// Room for what the kernel fills in.
    pub(super) fn room(&mut self, _: Node<'_>, size: u64) -> Result<Expr> {
        Ok(Expr::of(self.reserve(size)))
    }

    /// The next free place, rounded up to a boundary that suits every structure.
    fn reserve(&mut self, size: u64) -> u64 {
        let place = self.next.next_multiple_of(16).min(self.area.end);
        self.next = place.saturating_add(size).min(self.area.end);
        place
    }

    /// Numbers in what comes out that the script gives names to: `pipe2([$r, $w], 0)`.
    pub(super) fn takes(&mut self, kind: &Kind, place: Expr, node: Node<'_>) {
        let node = if node.kind() == Node_::Named { node.children().last() } else { Some(node) };
        let Some(list) = node.filter(|node| node.kind() == Node_::Array) else { return };
        let width = if matches!(kind, Kind::LongPointer(_)) { 8 } else { 4 };
        let mut address = place.base;
        for child in list.children() {
            if child.kind() == Node_::Variable {
                let key = self.variable(child.text());
                self.done.takes.push(Take { address, width, key });
            }
            address += u64::from(width);
        }
    }

    /// Milliseconds as a `struct timespec`; negative ones mean for ever.
    pub(super) fn millis(&mut self, millis: i32) -> Expr {
        let Ok(millis) = u64::try_from(millis) else { return Expr::of(0) };
        let bytes = [millis / 1000, millis % 1000 * 1_000_000].map(u64::to_le_bytes).concat();
        self.lay(&bytes, Vec::new()).unwrap_or_default()
    }

    /// The elements of a list; a value that is none is an error.
    pub(super) fn elements<'t>(
        &self,
        node: Node<'t>,
        expected: &str,
    ) -> Result<impl Iterator<Item = Node<'t>> + use<'t>> {
        if node.kind() != Node_::Array {
            return wrong(node, "this is no list", expected);
        }
        // `[INT CHLD]` is one element: words with blanks between them.
        let only = node.children().next().filter(|only| only.kind() == Node_::Chain);
        let words = only.filter(|only| only.children().all(|part| part.kind() != Node_::Operator));
        Ok(words.unwrap_or(node).children().filter(|child| child.kind() != Node_::Ellipsis))
    }
}
