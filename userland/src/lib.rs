//! What runs on the kernel.
//!
//! * [`sys`]: a tiny libc for programs written in Rust;
//! * [`mod@bench`]: machines that do one thing over and over, to be measured;
//! * [`bin`]: the programs, one per file;
//! * [`predicate`]: conditions on events, one language for all who ask;
//! * [`script`]: the language of traces;
//! * [`scenario`]: worlds, built in and from files;
//! * [`mod@sh`]: the shell;
//! * [`workbench`]: problems from books, solved by the kernel.

pub mod bench;
pub mod bin;
pub mod predicate;
pub mod scenario;
pub mod script;
pub mod sh;
pub mod sys;
mod text;
pub mod workbench;
