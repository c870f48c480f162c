//! Layer 0.
pub mod agenda;
pub mod time;
pub use agenda::{Agenda, Key, Ticket};
pub use time::{Duration, Time};
