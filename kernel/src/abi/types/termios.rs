//! Terminals: `struct termios` and `struct winsize` (asm-generic/termbits.h, asm-generic/termios.h).

use super::{Reader, Writer};

/// What a terminal does with what is typed and shown (termios(3)).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Termios {
    /// Input modes: bits of [`termios_input`].
    pub input: u32,
    /// Output modes.
    pub output: u32,
    /// Control modes: speed and width of the line.
    pub control: u32,
    /// Local modes: bits of [`termios_local`].
    pub local: u32,
    /// Line discipline; 0 is `N_TTY`.
    pub line: u8,
    /// Special characters, by the numbers of [`termios_character`].
    pub characters: [u8; 19],
}

/// Input modes.
pub mod termios_input {
    /// Carriage returns become line feeds.
    pub const ICRNL: u32 = 0o400;
}

/// Local modes.
pub mod termios_local {
    /// Interrupt, quit and suspend characters send signals.
    pub const ISIG: u32 = 1;
    /// Lines are edited before they are read.
    pub const ICANON: u32 = 2;
    /// What is typed is shown.
    pub const ECHO: u32 = 0o10;
    /// Erased characters vanish from the screen.
    pub const ECHOE: u32 = 0o20;
    /// Signals leave what was typed before where it is.
    pub const NOFLSH: u32 = 0o200;
    /// Background processes that write are stopped.
    pub const TOSTOP: u32 = 0o400;
    /// Control characters are shown as `^C`.
    pub const ECHOCTL: u32 = 0o1000;
}

/// Numbers of special characters.
pub mod termios_character {
    /// Sends SIGINT.
    pub const INTR: usize = 0;
    /// Sends SIGQUIT.
    pub const QUIT: usize = 1;
    /// Takes back a character.
    pub const ERASE: usize = 2;
    /// Takes back a line.
    pub const KILL: usize = 3;
    /// Ends the input.
    pub const EOF: usize = 4;
    /// How many tenths of a second a read waits without lines.
    pub const TIME: usize = 5;
    /// How many bytes a read waits for without lines.
    pub const MIN: usize = 6;
    /// Sends SIGTSTP.
    pub const SUSP: usize = 10;
}

impl Termios {
    /// Size in memory, in bytes, as the kernel has it (the C library's is longer).
    pub const SIZE: usize = 36;

    /// A new terminal's: lines, echo, signals from `^C`, `^\` and `^Z` (Linux' `tty_std_termios`, without
    /// its processing of output).
    #[must_use]
    pub const fn cooked() -> Self {
        let mut characters = [0; 19];
        characters[termios_character::INTR] = 3;
        characters[termios_character::QUIT] = 28;
        characters[termios_character::ERASE] = 127;
        characters[termios_character::KILL] = 21;
        characters[termios_character::EOF] = 4;
        characters[termios_character::MIN] = 1;
        characters[termios_character::SUSP] = 26;
        let local = termios_local::ISIG
            | termios_local::ICANON
            | termios_local::ECHO
            | termios_local::ECHOE
            | termios_local::ECHOCTL;
        // 38400 baud, 8 bits, receiver on: B38400 | CS8 | CREAD.
        let control = 0o17 | 0o60 | 0o200;
        Self { input: termios_input::ICRNL, output: 0, control, local, line: 0, characters }
    }

    /// Reads the structure as it lies in memory.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; Self::SIZE]) -> Self {
        let mut reader = Reader::new(bytes);
        Self {
            input: reader.u32(),
            output: reader.u32(),
            control: reader.u32(),
            local: reader.u32(),
            line: reader.u8(),
            characters: reader.bytes(),
        }
    }

    /// The structure as it lies in memory.
    #[must_use]
    pub fn to_bytes(self) -> [u8; Self::SIZE] {
        let Self { input, output, control, local, line, characters } = self;
        let modes = Writer::new().u32(input).u32(output).u32(control).u32(local);
        modes.u8(line).bytes(&characters).finish()
    }
}

/// How large a terminal's screen is: `struct winsize`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct WindowSize {
    /// Lines.
    pub rows: u16,
    /// Characters in a line.
    pub columns: u16,
}

impl WindowSize {
    /// Size in memory, in bytes.
    pub const SIZE: usize = 8;

    /// The structure as it lies in memory; the size in pixels is 0: not known.
    #[must_use]
    pub fn to_bytes(self) -> [u8; Self::SIZE] {
        Writer::new().u16(self.rows).u16(self.columns).finish()
    }

    /// Reads the structure as it lies in memory.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; Self::SIZE]) -> Self {
        let mut reader = Reader::new(bytes);
        Self { rows: reader.u16(), columns: reader.u16() }
    }
}
