//! The trace language: what `strace -f` prints is a script, and what it prints of a run is the same.
//!
//! Layers: `tree` is a script as a syntax tree that keeps every byte; [`parse()`] makes it from text; `problem` is what
//! it says of text that is none; `render` prints a tree.
//! [`printer`] goes the other way: it turns the kernel's log into the text of a trace. [`play`] executes a script and
//! compares; [`expect`] has the assertions of its `expect` lines.
//!
//! A typical sequence: `parse(text)` cuts a log into statements, each with its leader (`[pid 7] 11:35:39`), a call's
//! name, arguments and result; whoever replays it walks [`Tree::statements`]; [`Tree::render`] gives the text back.
//!
//! Taken from elsewhere: a syntax tree in which nothing is lost, blanks included, from rust-analyzer (`rowan`); its
//! nodes in one array, parents before children, from Zig's compiler.

mod check;
pub mod expect;
mod nearest;
mod parse;
pub mod play;
pub mod printer;
mod problem;
mod render;
mod tree;

pub use check::{Problems, check};
pub use nearest::nearest;
pub use parse::{Parsed, parse};
pub use problem::Problem;
pub use tree::{Children, Kind, Node, Tree};
