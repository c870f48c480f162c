//! A terminal's line discipline: what is typed becomes lines, echo, and signals (termios(3)).
//!
//! A typical sequence: the serial driver hands each byte to [`Tty::feed`]. In canonical mode it joins the
//! line that is being edited, and is echoed; erase and kill take it back. A line feed, or `^D`, makes the
//! line readable, and [`Tty::take`] hands out at most one line a read. `^C` is no byte of a line: it sends
//! SIGINT to the foreground process group.
//!
//! A terminal belongs to a session, one of whose process groups is in the foreground (credentials(7)).
//!
//! A simplification: output passes as it is, without OPOST's line feed to carriage return; the screen of an
//! emulated machine has none of a teletype's carriages.

use crate::abi::Signal;
use crate::abi::types::termios_character::{EOF, ERASE, INTR, KILL, MIN, QUIT, SUSP};
use crate::abi::types::termios_input::ICRNL;
use crate::abi::types::termios_local::{ECHO, ECHOCTL, ECHOE, ICANON, ISIG, NOFLSH};
use crate::abi::types::{Termios, WindowSize};
use crate::base::Pid;
use std::collections::VecDeque;

/// How many bytes wait at most, as on Linux (`N_TTY_BUF_SIZE`); more are lost.
const BUFFER: usize = 4096;

/// What a typed byte leads to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reaction {
    /// What the screen shows of it.
    pub echo: Vec<u8>,
    /// What the foreground process group gets.
    pub signal: Option<Signal>,
}

/// A terminal.
#[derive(Clone, Debug, Hash)]
pub struct Tty {
    /// Its modes.
    pub termios: Termios,
    /// Its size.
    pub size: WindowSize,
    /// The session whose controlling terminal it is.
    pub session: Option<Pid>,
    /// The process group in the foreground.
    pub foreground: Pid,
    /// The line that is being edited.
    line: Vec<u8>,
    /// Bytes that can be read.
    ready: VecDeque<u8>,
    /// Where lines end in `ready`, counted from its front. An empty one is an end of input.
    ends: VecDeque<usize>,
}

impl Default for Tty {
    fn default() -> Self {
        Self {
            termios: Termios::cooked(),
            size: WindowSize { rows: 24, columns: 80 },
            session: None,
            foreground: Pid(0),
            line: Vec::new(),
            ready: VecDeque::new(),
            ends: VecDeque::new(),
        }
    }
}

impl Tty {
    const fn is(&self, local: u32) -> bool {
        self.termios.local & local != 0
    }

    /// Whether a byte is the special character with this number; 0 switches one off.
    fn is_special(&self, byte: u8, number: usize) -> bool {
        byte != 0 && self.termios.characters.get(number) == Some(&byte)
    }

    /// Takes a byte that was typed.
    pub fn feed(&mut self, byte: u8) -> Reaction {
        let byte = if byte == b'\r' && self.termios.input & ICRNL != 0 { b'\n' } else { byte };
        if self.is(ISIG)
            && let Some(signal) = self.signal_of(byte)
        {
            if !self.is(NOFLSH) {
                self.flush();
            }
            return Reaction { echo: self.echo(byte), signal: Some(signal) };
        }
        let echo = if self.is(ICANON) { self.edit(byte) } else { self.raw(byte) };
        Reaction { echo, signal: None }
    }

    fn signal_of(&self, byte: u8) -> Option<Signal> {
        let signals = [(INTR, Signal::INT), (QUIT, Signal::QUIT), (SUSP, Signal::TSTP)];
        signals.into_iter().find(|(number, _)| self.is_special(byte, *number)).map(|(_, s)| s)
    }

    fn raw(&mut self, byte: u8) -> Vec<u8> {
        if self.ready.len() < BUFFER {
            self.ready.push_back(byte);
        }
        self.echo(byte)
    }

    /// Canonical mode: edits the line.
    fn edit(&mut self, byte: u8) -> Vec<u8> {
        if self.is_special(byte, EOF) {
            self.end_line();
            return Vec::new();
        }
        if self.is_special(byte, ERASE) {
            let erased = usize::from(self.line.pop().is_some());
            return self.rub_out(erased);
        }
        if self.is_special(byte, KILL) {
            let erased = self.line.len();
            self.line.clear();
            return self.rub_out(erased);
        }
        // The last place is kept for the end of the line.
        let room = BUFFER.saturating_sub(self.ready.len() + self.line.len());
        if room > usize::from(byte != b'\n') {
            self.line.push(byte);
        }
        let echo = self.echo(byte);
        if byte == b'\n' {
            self.end_line();
        }
        echo
    }

    fn end_line(&mut self) {
        self.ready.extend(self.line.drain(..));
        self.ends.push_back(self.ready.len());
    }

    fn rub_out(&self, count: usize) -> Vec<u8> {
        if self.is(ECHO) && self.is(ECHOE) { b"\x08 \x08".repeat(count) } else { Vec::new() }
    }

    fn echo(&self, byte: u8) -> Vec<u8> {
        match byte {
            _ if !self.is(ECHO) => Vec::new(),
            b'\n' | b'\t' => vec![byte],
            0..0x20 if self.is(ECHOCTL) => vec![b'^', byte + 0x40],
            0x7f if self.is(ECHOCTL) => b"^?".to_vec(),
            _ => vec![byte],
        }
    }

    /// Forgets what was typed and not read.
    pub fn flush(&mut self) {
        self.line.clear();
        self.ready.clear();
        self.ends.clear();
    }

    /// Takes other modes. What waits stays, line by line or not.
    pub fn set_modes(&mut self, termios: Termios) {
        let had_lines = self.is(ICANON);
        self.termios = termios;
        if had_lines && !self.is(ICANON) {
            self.ready.extend(self.line.drain(..));
            self.ends.clear();
        } else if !had_lines && self.is(ICANON) && !self.ready.is_empty() {
            self.ends.push_back(self.ready.len());
        }
    }

    /// How many bytes a read would return now at most.
    #[must_use]
    pub fn waiting(&self) -> usize {
        if self.is(ICANON) { self.ends.front().copied().unwrap_or(0) } else { self.ready.len() }
    }

    /// Whether a read need not wait: there is a line, an end of input, or, without lines, enough bytes.
    #[must_use]
    pub fn is_readable(&self) -> bool {
        if self.is(ICANON) {
            return !self.ends.is_empty();
        }
        let least = self.termios.characters.get(MIN).copied().unwrap_or(0);
        self.ready.len() >= usize::from(least)
    }

    /// The bytes that a read of `length` bytes returns, left where they are: at most one line.
    #[must_use]
    pub fn peek(&self, length: usize) -> Vec<u8> {
        self.ready.iter().copied().take(self.waiting().min(length)).collect()
    }

    /// Takes `count` bytes out; in canonical mode `peek` gave them. A line that is read to its end is gone.
    pub fn take(&mut self, count: usize) {
        let count = count.min(self.ready.len());
        self.ready.drain(..count);
        for end in &mut self.ends {
            *end = end.saturating_sub(count);
        }
        if self.ends.front() == Some(&0) {
            self.ends.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Tty;
    use crate::abi::Signal;
    use crate::abi::types::termios_local::ICANON;

    fn feed(tty: &mut Tty, bytes: &[u8]) -> String {
        let shown = bytes.iter().flat_map(|&byte| tty.feed(byte).echo).collect();
        String::from_utf8(shown).expect("text")
    }

    fn read(tty: &mut Tty, length: usize) -> Option<String> {
        if !tty.is_readable() {
            return None;
        }
        let bytes = tty.peek(length);
        tty.take(bytes.len());
        Some(String::from_utf8(bytes).expect("text"))
    }

    #[test]
    fn lines_are_edited_echoed_and_read_one_at_a_time() {
        let mut tty = Tty::default();
        assert_eq!(feed(&mut tty, b"ab\x7fc"), "ab\x08 \x08c");
        assert_eq!(read(&mut tty, 10), None, "the line has no end yet");
        assert_eq!(feed(&mut tty, b"\rsecond\n"), "\nsecond\n");
        assert_eq!(read(&mut tty, 2).as_deref(), Some("ac"));
        assert_eq!(read(&mut tty, 10).as_deref(), Some("\n"));
        assert_eq!(read(&mut tty, 100).as_deref(), Some("second\n"));
        assert_eq!(read(&mut tty, 100), None);
    }

    #[test]
    fn an_end_of_input_ends_a_line_or_is_read_as_nothing() {
        let mut tty = Tty::default();
        feed(&mut tty, b"half\x04\x04");
        assert_eq!(read(&mut tty, 10).as_deref(), Some("half"));
        assert_eq!(read(&mut tty, 10).as_deref(), Some(""));
        assert_eq!(read(&mut tty, 10), None);
    }

    #[test]
    fn control_characters_send_signals_and_drop_what_was_typed() {
        let mut tty = Tty::default();
        feed(&mut tty, b"typed");
        let reaction = tty.feed(3);
        assert_eq!((reaction.signal, &*reaction.echo), (Some(Signal::INT), &b"^C"[..]));
        feed(&mut tty, b"\n");
        assert_eq!(read(&mut tty, 10).as_deref(), Some("\n"));
        assert_eq!(tty.feed(26).signal, Some(Signal::TSTP));
    }

    #[test]
    fn without_lines_every_byte_can_be_read_at_once() {
        let mut tty = Tty::default();
        feed(&mut tty, b"ab");
        let mut termios = tty.termios;
        termios.local &= !ICANON;
        tty.set_modes(termios);
        feed(&mut tty, b"\x7f");
        assert_eq!(read(&mut tty, 10).as_deref(), Some("ab\x7f"));
    }
}
