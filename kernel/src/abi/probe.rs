//! Calls that Linux does not have: how a program says what the kernel cannot see, and how the programs of a script keep
//! to the order of its lines.
//!
//! They take no time, no tracer shows them, and a program that makes none is none the wiser. The first two are what
//! static probes are elsewhere (USDT, "user statically defined tracing", Cantrill, Shapiro and Leventhal, "Dynamic
//! instrumentation of production systems", USENIX 2004): a fact and a number.
//! The others stand on a *board* that a process shares with all who descend from it: whose turn it is, and numbers that
//! one of them has written down for the others.
//!
//! A typical sequence: a script's line 4 belongs to process 2, which calls [`TURN`] with 4 and waits. Process 1 is done
//! with line 3 and asks for its next turn, 5; that ends turn 3, so turn 4 begins, and process 2 goes on.

/// The first number of these calls. Linux's own are below 1000.
pub const FIRST: u16 = 0xf000;

/// `mark(fact, value)`: a fact for the log. Returns 0.
pub const MARK: u16 = FIRST;

/// `turn(number, flags, value)`: ends the caller's turn if it has one, waits for the turn of this number, and
/// marks [`LINE`] with the value. Returns 0.
pub const TURN: u16 = FIRST + 1;

/// `note(key, value, flags)`: writes a number down. Returns 0; `ENOSPC` if the board is full.
pub const NOTE: u16 = FIRST + 2;

/// `recall(key, flags)`: a number that was written down; waits until it is.
pub const RECALL: u16 = FIRST + 3;

/// `rest()`: ends the caller's turn if it has one and waits for a signal, as pause(2) does. `EINTR`.
pub const REST: u16 = FIRST + 4;

/// What [`MARK`] may say: a script has come to a line. The low 32 bits are its number in the source, from 1; the others
/// count lines as they are executed, from 0.
pub const LINE: u64 = 1;

/// Added to a thread's number, the key under which the board has its end, a wait status, once it has ended.
pub const ENDED: u64 = 1 << 42;

/// What [`MARK`] may say: a script has loaded this word.
pub const LOADED: u64 = 2;

/// Flag of [`TURN`]: when the caller's next call waits, its turn is over.
pub const HAND_OVER: u64 = 1;

/// Flag of [`NOTE`]: the value is the caller's own number, as gettid(2) has it.
pub const OWN_TID: u64 = 1;

/// Flag of [`NOTE`], in its third word, and of [`RECALL`]: the caller's own number is added to the key.
pub const ADD_TID: u64 = 2;

/// Flag of [`RECALL`]: the caller ends its turn if it has one, and signals end its wait, as in [`REST`].
pub const RESTING: u64 = 4;

/// Whether a call is one of these.
#[inline]
#[must_use]
pub const fn is_probe(number: u64) -> bool {
    number >= FIRST as u64 && number <= REST as u64
}
