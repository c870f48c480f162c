//! How a trace looks: strace's options.

use super::filter::Filter;

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

/// What descriptors stand for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Paths {
    /// Nothing is said of it.
    #[default]
    None,
    /// `-y`: `3</etc/passwd>`.
    Names,
    /// `-yy`: devices with their numbers, `0</dev/console<char 5:1>>`.
    Full,
}

/// Which calls are shown, by how they ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status {
    /// Without an errno.
    pub successful: bool,
    /// With one.
    pub failed: bool,
    /// Not at all: the task ended before, or the call does not return.
    pub unfinished: bool,
}

impl Status {
    /// All.
    pub const ALL: Self = Self { successful: true, failed: true, unfinished: true };
    /// `-z`.
    pub const SUCCESSFUL: Self = Self { successful: true, failed: false, unfinished: false };
    /// `-Z`.
    pub const FAILED: Self = Self { successful: false, failed: true, unfinished: false };

    /// Reads the set of `-e status=`.
    ///
    /// # Errors
    /// What is wrong with it, in a sentence.
    pub fn read(set: &str) -> Result<Self, String> {
        let (set, inverse) = set.strip_prefix('!').map_or((set, false), |rest| (rest, true));
        let mut status = Self { successful: inverse, failed: inverse, unfinished: inverse };
        for word in set.split(',') {
            match word {
                "successful" => status.successful = !inverse,
                "failed" => status.failed = !inverse,
                "unfinished" | "unavailable" => status.unfinished = !inverse,
                "all" => {
                    status = if inverse {
                        Self { successful: false, failed: false, unfinished: false }
                    } else {
                        Self::ALL
                    }
                }
                "none" | "detached" => {}
                _ => {
                    return Err(format!(
                        "`{word}` is no status of a call; expected successful, failed, unfinished or unavailable"
                    ));
                }
            }
        }
        Ok(status)
    }
}

/// What is left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quiet {
    /// `strace: Process 7 attached`.
    pub attach: bool,
    /// `+++ exited with 0 +++`.
    pub exit: bool,
}

impl Quiet {
    /// One more `-q`.
    #[must_use]
    pub const fn more(self) -> Self {
        Self { attach: true, exit: self.attach }
    }

    /// Reads the set of `-e quiet=`.
    ///
    /// # Errors
    /// What is wrong with it, in a sentence.
    pub fn read(set: &str) -> Result<Self, String> {
        let mut quiet = Self::default();
        for word in set.split(',') {
            match word {
                "attach" => quiet.attach = true,
                "exit" | "exits" => quiet.exit = true,
                "all" => quiet = Self { attach: true, exit: true },
                // Of these oscope says nothing in any case.
                "none" | "path-resolution" | "personality" | "superseded" | "thread-execve" => {}
                _ => {
                    return Err(format!(
                        "`{word}` cannot be left out; expected attach, exit or all"
                    ));
                }
            }
        }
        Ok(quiet)
    }
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
    /// `-e raw=`: of which calls the arguments are shown as the registers hold them.
    pub raw: Filter,
    /// `-e trace=`: which calls are shown.
    pub trace: Filter,
    /// `-e signal=`: which signals are shown.
    pub signals: Filter,
    /// `-e status=`, `-z`, `-Z`: which calls are shown, by how they ended.
    pub status: Status,
    /// `-q`, `-e quiet=`: what is left out.
    pub quiet: Quiet,
    /// `-y`, `-yy`: what descriptors stand for.
    pub paths: Paths,
    /// `-n`: the number of each call.
    pub numbers: bool,
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
            raw: Filter::NONE,
            trace: Filter::ALL,
            signals: Filter::ALL,
            status: Status::ALL,
            quiet: Quiet::default(),
            paths: Paths::None,
            numbers: false,
            column: 40,
        }
    }
}
