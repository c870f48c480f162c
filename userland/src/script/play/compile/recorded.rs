//! What a recorded log leaves out, and its lines give away: what the program stored to memory, and where its memory was.

use super::super::ARENA;
use super::super::keys::Key;
use super::super::lower::Expr;
use super::super::plan::{Act, CallStep, Origin};
use super::super::result::Expected;
use super::Compiler;
use crate::script::tree::Node;

impl Compiler<'_> {
    /// What a recorded program wrote into a futex word, no line says; but that it waited says what was there, and that it
    /// did not, what was not.
    pub(super) fn prepare_word(
        &mut self,
        at: usize,
        task: usize,
        step: &mut CallStep,
        arguments: &[Node<'_>],
        expected: &Expected<'_>,
    ) {
        let word = arguments.first().and_then(|node| node.integer());
        let Some(word) = word.and_then(|word| u64::try_from(word).ok()) else { return };
        if step.lowered.words[0] == Expr::of(word) {
            // The program's own data: it has a place among the words that threads share.
            let place = self.words.entry(word).or_insert(self.cells);
            let place = *place;
            self.cells = self.cells.max(place + 64).min(ARENA - 64);
            step.lowered.words[0] = Expr::of(place);
        }
        let waits = arguments.get(1).is_some_and(|node| node.text().starts_with("FUTEX_WAIT"));
        if !waits || matches!(expected.errno, Some("EFAULT" | "EINVAL")) {
            return;
        }
        let (address, mut value) = (step.lowered.words[0], step.lowered.words[2]);
        if expected.errno == Some("EAGAIN") {
            value.base = value.base.wrapping_add(1);
        }
        self.step(task, at, Act::Store(address, value));
    }

    /// Whether a recorded call is about memory that the program had before the log says anything of it.
    pub(super) fn is_foreign(&self, name: Node<'_>, arguments: &[Node<'_>]) -> bool {
        const ON_MEMORY: [&str; 7] =
            ["mprotect", "munmap", "madvise", "mremap", "msync", "mlock", "munlock"];
        if self.origin != Origin::Recorded || !ON_MEMORY.contains(&name.text()) {
            return false;
        }
        let address = arguments.first().and_then(|node| node.integer());
        let Some(address) = address.and_then(|address| u64::try_from(address).ok()) else {
            return false;
        };
        let inside = |(base, length, _): &(u64, u64, Key)| {
            address >= *base && address - base < (*length).max(1)
        };
        !self.mappings.iter().any(inside)
    }
}

/// The address whose use brought a signal, if that address leads nowhere.
pub(super) fn faulted(node: Node<'_>) -> Option<u64> {
    let text = node.text();
    if !text.contains("si_code=SEGV_MAPERR") {
        return None;
    }
    let (_, rest) = text.split_once("si_addr=")?;
    let digits = rest.split(['}', ',', ' ']).next()?;
    match digits.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None => (digits == "NULL").then_some(0),
    }
}
