//! A run in the formats of other tools, and the screen as a picture or a recording.

pub mod cast;
pub mod pcapng;
pub mod perfetto;
pub mod report;
pub mod screen;
mod screen_ansi;
pub mod strace;
