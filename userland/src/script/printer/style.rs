//! How a trace looks: strace's options.

/// Which time stands before a line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Clock {
    /// None.
    #[default]
    None,
    /// `-t`: `00:00:01`.
    Seconds,
    /// `-tt`: `00:00:01.000512`.
    Micros,
    /// `-ttt`: seconds since the machine was switched on: `1.000512`.
    Epoch,
    /// `-r`: since the line before, `     0.000005`.
    Relative,
}

/// When a line says whose it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Whose {
    /// Always, as with `-f -o FILE`: `9204  `.
    #[default]
    Always,
    /// While more than one task lives, as on a terminal: `[pid  9204] `.
    WhenSeveral,
}

/// Which strings are printed in hexadecimal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Hex {
    /// None.
    #[default]
    None,
    /// `-x`: those with bytes that are not printable.
    NotAscii,
    /// `-xx`: all.
    All,
}

/// How a trace looks. The default is `strace -f -o FILE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Style {
    /// `-s`: how many bytes of a string are shown. The log has 256 of them at most.
    pub strings: usize,
    /// `-t` and its like.
    pub clock: Clock,
    /// `-T`: how long the call took.
    pub took: bool,
    /// Whose the lines are.
    pub whose: Whose,
    /// `-x`, `-xx`.
    pub hex: Hex,
    /// `-v`: the environment of execve(2) in full.
    pub verbose: bool,
    /// `-e raw=all`: arguments as the registers hold them.
    pub raw: bool,
    /// `-a`: where the equals sign stands, counted from 0.
    pub column: usize,
}

impl Default for Style {
    fn default() -> Self {
        Self {
            strings: 32,
            clock: Clock::None,
            took: false,
            whose: Whose::Always,
            hex: Hex::None,
            verbose: false,
            raw: false,
            column: 40,
        }
    }
}
