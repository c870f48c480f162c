//! Layer 2: what happened is data.
//!
//! The kernel emits typed events; the terminal screen, the printers, metrics, lessons, "why?" and tests all
//! read this one log. None of them reaches into the kernel, and the kernel knows none of them.
//!
//! Layers: [`kinds`] says what can happen, [`picture`] what a call's pointers pointed to ([`look`] how that is found out), [`log`] keeps it,
//! [`tagged`] lets bytes remember who wrote them,
//! [`why`] walks causes, [`codec`] writes it down.
//!
//! A typical sequence: a disk interrupt emits `Block::Done` and wakes a thread with that event's id as the
//! cause; the wake-up emits `Sched::Ready` and leaves *its* id with the thread; what the thread does next
//! carries it on. Following causes backwards from any record ends at a key that was pressed, a timer, or
//! the boot. The id of an event of another machine is as good a cause as any: frames carry them.
//!
//! Taken from elsewhere: fixed-size records with interned names from Linux' ftrace ring buffer, typed
//! payloads from Hubris' `ringbuf`; the chain of causes is our own.

pub mod codec;
pub mod kinds;
pub mod log;
pub mod look;
pub mod picture;
pub mod tagged;
pub mod why;

pub use kinds::{
    BlockEvent, Bytes, CallEvent, Event, InputEvent, Leave, Loss, MachineEvent, MemoryEvent,
    NetEvent, Repair, SchedEvent, Symbol, TaskEvent, Wait,
};
pub use log::{Capture, EventId, Log, Record, Stamp};
pub use picture::{Moment, Picture};
pub use tagged::Tagged;
