//! `oscope sh`: a shell on an emulated machine, on this terminal or pipe.
//!
//! On a terminal every key goes to the machine's console as it is typed: the emulated line discipline edits, echoes and
//! makes signals of `^C` and `^Z`. Time passes as it does outside. On a pipe, and with `-c`, the machine runs as fast
//! as it can, and standard input is typed line by line when somebody there waits for it.
//!
//! All that is typed is an input of the world, so that the files that `run` can write hold all of it.

use super::Failure;
use super::out::Out;
use super::run::{self, Files};
use crate::source::Source;
use crossbeam::channel::{Receiver, RecvTimeoutError, unbounded};
use oscope_kernel::base::{DeviceId, Duration, MachineId, Serial, Time};
use oscope_kernel::event::{Event, TaskEvent, Wait};
use oscope_kernel::hw::uart::Uart;
use oscope_kernel::machine::{Machine, Start};
use oscope_kernel::world::{Input, World};
use oscope_userland::bin::Builtins;
use oscope_userland::scenario::WorldFile;
use oscope_userland::scenario::initramfs::initramfs;
use oscope_userland::script;
use ratatui::crossterm::terminal;
use std::cell::Cell;
use std::io::{BufRead, IsTerminal, Read, Write};
use std::sync::Arc;
use std::time::Instant;

/// The options of `oscope sh`.
#[derive(clap::Args)]
pub(super) struct ShArgs {
    #[command(flatten)]
    pub(super) run: run::Args,
    /// Run this command instead of a shell that reads
    #[arg(short = 'c', value_name = "COMMAND")]
    command: Option<String>,
}

/// How far the world runs before its screen is looked at: no machine fills its serial port's memory in this time.
const SLICE: Duration = Duration::micros(20);
/// How long a key may have to wait.
const PATIENCE: std::time::Duration = std::time::Duration::from_millis(10);
/// Where keys go: the console is each machine's first device.
const CONSOLE: DeviceId = DeviceId(0);
/// `^D` at the beginning of a line ends the input.
const END_OF_INPUT: &[u8] = b"\x04";
/// The longest piece that is typed at once; a line discipline holds 4096 bytes.
const LONGEST_LINE: usize = 4000;

/// The status of a shell that did not end by itself.
const CUT_OFF: u8 = 1;

/// A shell in a world.
struct Session {
    world: World,
    /// The shell's first thread.
    shell: Serial,
    /// How much of the screen has been seen.
    seen: u64,
    /// How far the log has been read.
    read: u64,
    limit: Time,
    out: Out,
    /// Whether a person's terminal shows the output: it gets no control characters but those of a teletype.
    is_shown: bool,
}

/// Runs a shell; its status.
pub(super) fn sh(args: &ShArgs) -> Result<u8, Failure> {
    let files = Files::beside_shell(&args.run)?;
    let input = args.run.world.or("disk").read()?;
    let Source::World(mut file) = input.source else {
        let message = format!("{}: a script has no shell; expected a world", input.name);
        return Err(Failure::Usage(message));
    };
    file.set_typed();
    let is_terminal = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
    let is_typed = is_terminal && args.command.is_none();
    let world = boot(&file, args.command.as_deref(), is_typed)?;
    let shell = shell_of(&world).ok_or_else(|| Failure::Run("no shell has started".to_owned()))?;
    let limit = args.run.world.limit().unwrap_or(Time::MAX);
    let out = Out::stdout();
    let is_shown = std::io::stdout().is_terminal();
    let mut session = Session { world, shell, seen: 0, read: 0, limit, out, is_shown };
    let status = if is_typed { session.converse()? } else { session.feed()? };
    files.write(&session.world)?;
    match status {
        Some(status) => Ok(status),
        None => {
            let message = format!("the shell had not ended at {}", session.world.time());
            Err(Failure::Run(message))
        }
    }
}

/// Switches the world on, with a shell on the console of its first machine.
fn boot(file: &WorldFile, command: Option<&str>, is_typed: bool) -> Result<World, Failure> {
    let programs = Arc::new(with_tools());
    let is_first = Cell::new(true);
    let mut words: Vec<&str> = Vec::new();
    if command.is_some() || !is_typed {
        words.push("-q");
    }
    let before = file.before_shell().map(|setup| format!("{setup}; exec /bin/sh \"$@\""));
    match &before {
        // What comes first is done by a shell that makes way for the one that is meant.
        Some(before) => words.extend(["/bin/sh", "-c", before, "sh"]),
        None => words.push("/bin/sh"),
    }
    match command {
        Some(command) => words.extend(["-c", command]),
        None if is_typed => {}
        // Nobody is there to be prompted.
        None => words.extend(["+i", "-s"]),
    }
    let hosts = file.hosts().map_err(|error| Failure::Usage(error.to_string()))?;
    let adapt = |config: &mut oscope_kernel::machine::Config| {
        if is_first.replace(false) {
            let files = || initramfs(&config.name, &hosts, &programs).into();
            config.initramfs.get_or_insert_with(files);
            config.programs.push(Start::new("getty", &words));
        }
    };
    let world = file.boot_with(Arc::clone(&programs), adapt);
    world.map_err(|error| Failure::Usage(error.to_string()))
}

/// The programs of all worlds; on disks there are the tools as well, since the disk covers the other files.
fn with_tools() -> Builtins {
    script::play::programs().with_tools_on_disks()
}

/// The shell's thread, which begins as `getty`.
fn shell_of(world: &World) -> Option<Serial> {
    let snapshot = world.machines().first()?.snapshot();
    let task = snapshot.tasks.iter().rev().find(|task| task.line.name == "getty");
    task.map(|task| task.serial)
}

/// The shell's status for whoever called: a signal's is 128 and its number, as shells have it.
fn status_of(word: u32) -> u8 {
    match word & 0x7f {
        0 => (word >> 8) as u8,
        signal => 128 + signal as u8,
    }
}

impl Session {
    fn machine(&self) -> Option<&Machine> {
        self.world.machines().first()
    }

    /// Lets the world run for a while. `Some` when the shell has ended, with its status.
    fn step(&mut self, until: Time) -> Result<Option<u8>, Failure> {
        let why = self.world.run(until.min(self.limit));
        self.show()?;
        run::stopped(&self.world, why)?;
        Ok(self.ended())
    }

    /// The status of the shell, if it has ended.
    fn ended(&mut self) -> Option<u8> {
        let (shell, read) = (self.shell, self.read);
        let log = self.machine()?.log();
        let status = log.since(read).find_map(|(_, record)| match record.event {
            Event::Task(TaskEvent::Exit { status }) if record.stamp.thread == shell => Some(status),
            _ => None,
        });
        self.read = log.end();
        status.map(status_of)
    }

    /// Writes what is new on the screen.
    fn show(&mut self) -> Result<(), Failure> {
        let device = self.machine().and_then(|machine| machine.tables().bus.device(CONSOLE));
        let uart = device.and_then(|device| device.as_any().downcast_ref::<Uart>());
        let Some((seen, new)) = uart.map(|uart| uart.shown_since(self.seen)) else { return Ok(()) };
        self.seen = seen;
        if new.is_empty() {
            return Ok(());
        }
        if self.is_shown {
            self.out.text(&harmless(&new))?;
            return self.out.flush();
        }
        self.out.text(&new)
    }

    /// Whether somebody reads from the console and there is nothing to read.
    fn is_asked(&self) -> bool {
        let Some(machine) = self.machine() else { return false };
        machine.tables().tty.waiting() == 0
            && machine.snapshot().tasks.iter().any(|task| task.line.waits == Some(Wait::Console))
    }

    fn type_in(&mut self, bytes: &[u8]) {
        self.world.input(Input {
            time: self.world.time(),
            machine: MachineId(0),
            device: CONSOLE,
            bytes: bytes.into(),
        });
    }

    /// Without a person: runs until the shell has ended, and types standard input when that is asked for.
    fn feed(&mut self) -> Result<Option<u8>, Failure> {
        let mut typed = std::io::stdin().lock();
        let mut is_over = false;
        loop {
            let next = self.world.next_time();
            if (next == Time::MAX || next > self.limit) && !self.is_asked() {
                // Nothing more can happen, or not before the time is up.
                let status =
                    self.step(if next == Time::MAX { self.world.time() } else { self.limit });
                self.out.flush()?;
                return status;
            }
            let start = self.world.time().max(next.min(self.limit));
            if let Some(status) = self.step(start + SLICE)? {
                self.out.flush()?;
                return Ok(Some(status));
            }
            if self.world.time() >= self.limit {
                self.out.flush()?;
                return Ok(None);
            }
            if self.is_asked() {
                let mut line = Vec::new();
                if !is_over {
                    self.out.flush()?;
                    let mut piece = (&mut typed).take(LONGEST_LINE as u64);
                    let read = piece.read_until(b'\n', &mut line);
                    is_over = !matches!(read, Ok(count) if count > 0);
                }
                if !line.ends_with(b"\n") {
                    // What is there is handed over; with nothing there, that is the end.
                    line.extend_from_slice(END_OF_INPUT);
                }
                self.type_in(&line);
            }
        }
    }

    /// With a person: keys go in as they come, and time passes as outside.
    fn converse(&mut self) -> Result<Option<u8>, Failure> {
        let raw = Raw::enter()?;
        let keys = keys();
        let began = Instant::now();
        let mut is_open = true;
        let status = loop {
            let passed = u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX);
            let target = Time(passed).max(self.world.time());
            if let Some(status) = self.catch_up(target)? {
                break Some(status);
            }
            if self.world.time() >= self.limit || !is_open {
                break None;
            }
            match keys.recv_timeout(PATIENCE) {
                Ok(bytes) => self.type_in(&bytes),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => is_open = false,
            }
        };
        drop(raw);
        Ok(status.or(if is_open { None } else { Some(CUT_OFF) }))
    }

    /// Runs to a moment, but for no longer than a person waits for a key.
    fn catch_up(&mut self, target: Time) -> Result<Option<u8>, Failure> {
        let began = Instant::now();
        while self.world.time() < target && began.elapsed() < PATIENCE * 3 {
            let next = self.world.next_time().max(self.world.time());
            let end = if next > target { target } else { (next + SLICE).min(target) };
            if let Some(status) = self.step(end)? {
                return Ok(Some(status));
            }
        }
        Ok(None)
    }
}

/// What is typed, read by a host thread of its own: reading waits.
fn keys() -> Receiver<Vec<u8>> {
    let (sender, receiver) = unbounded();
    std::thread::spawn(move || {
        let mut buffer = [0; 1024];
        while let Ok(count) = std::io::stdin().read(&mut buffer) {
            if count == 0 || sender.send(buffer[..count].to_vec()).is_err() {
                break;
            }
        }
    });
    receiver
}

/// The terminal hands keys over as they come, until this is dropped.
struct Raw;

impl Raw {
    fn enter() -> Result<Self, Failure> {
        let failed = |error: std::io::Error| Failure::Run(format!("this terminal: {error}"));
        terminal::enable_raw_mode().map_err(failed)?;
        Ok(Self)
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        let _ = terminal::disable_raw_mode();
        let _ = std::io::stdout().flush();
    }
}

/// Bytes as a person's terminal may have them: nothing that moves the cursor elsewhere or asks the terminal anything.
fn harmless(bytes: &[u8]) -> Vec<u8> {
    let mut safe = Vec::with_capacity(bytes.len());
    let text = String::from_utf8_lossy(bytes);
    for c in text.chars() {
        match c {
            '\n' => safe.extend_from_slice(b"\r\n"),
            '\r' | '\t' | '\x08' | '\x07' => safe.push(c as u8),
            '\0'..='\x1f' => safe.extend([b'^', c as u8 + 0x40]),
            '\x7f'..='\u{9f}' => safe.push(b'?'),
            c => safe.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::{harmless, status_of};

    #[test]
    fn escape_sequences_do_not_reach_the_terminal() {
        assert_eq!(harmless(b"a\n\x1b[2Jb\x08\x7f"), b"a\r\n^[[2Jb\x08?");
        assert_eq!(harmless("é\u{9b}".as_bytes()), "é?".as_bytes());
    }

    #[test]
    fn a_status_is_what_a_shell_would_say() {
        assert_eq!(status_of(3 << 8), 3);
        assert_eq!(status_of(9), 137);
    }
}
