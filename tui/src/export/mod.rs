//! A run in the formats of other tools.

pub mod perfetto;
pub mod strace;
