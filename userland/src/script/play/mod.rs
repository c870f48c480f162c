//! Scripts that are played: a script becomes a program of the machine, whose calls are made and compared.
//!
//! Layers: `compile` turns a tree into a [`Plan`], for which `survey` looks ahead and `lower` puts arguments into words
//! and memory; `player` is the program that goes through a plan; `observe` reads off the log what became of each line;
//! `compare` holds that against what the line says; [`Played`] is the outcome, [`boot`] the machine.
//!
//! A typical sequence: `compile(tree, Origin::Written)`, `boot(plan, seed)`, run the world, `Played::of(plan, world)`,
//! and print its lines: a script that passes prints itself.
//!
//! How lines become an order: each line that does something has a turn, a number. A task asks for the turn of its next
//! line, and so ends the one it has. A line that ends in `<unfinished ...>` ends its turn when its call waits. When a
//! call waits whose line does not say so, nobody else can go on, and the run ends there: the comparison says which line.
//!
//! Taken from elsewhere: the script as interpreter of its own state, from packetdrill (Cardwell et al., USENIX 2013), whose
//! scripts are system calls with expected results as well; strace's text as input from its own `-e inject` tests.

mod compare;
mod compile;
mod explore;
mod keys;
mod lower;
mod machine;
mod observe;
mod outcome;
mod plan;
mod player;
mod project;
mod question;
mod reader;
pub mod referee;
pub mod report;
mod result;
mod scene;
mod survey;

#[cfg(test)]
mod tests;

pub use compile::compile;
pub use explore::{Found, explore};
pub use machine::{SetUpError, boot, programs};
pub use outcome::{Outcome, Played, Verdict};
pub use plan::{Directive, Order, Origin, Plan};

pub(super) use lower::{alias, canonical};

/// Words that threads of a script share have their places from here on, 64 bytes apart.
const CELLS: u64 = 0x2_0000;

/// Where the memory begins in which tasks lay out what their calls point to.
const ARENA: u64 = 0x10_0000;
/// How much of it one task has.
const SLOT: u64 = 0x4_0000;
/// How many tasks have a part of their own; more share.
const SLOTS: u64 = 32;
/// How many pages all that takes, from the end of the text on.
const ARENA_PAGES: u32 = ((ARENA + SLOTS * SLOT - DATA) / 4096) as u32;
/// Where the data of a program with four pages of text begins.
const DATA: u64 = crate::sys::TEXT_BASE + 4 * 4096;

/// How many lines are executed at most, repetitions counted.
const MOST_STEPS: usize = 1_000_000;
