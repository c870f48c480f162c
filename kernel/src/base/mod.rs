//! Layer 0.
pub mod time;
pub use time::{Duration, Time};
