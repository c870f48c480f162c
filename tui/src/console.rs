//! The console of a machine: what a terminal at its serial port would show by now.
//!
//! Whatever programs wrote goes through the model of a terminal, and only its cells come to the screen: nothing that a guest writes
//! reaches the terminal in front of the student.

use oscope_kernel::base::{DeviceId, Pid};
use oscope_kernel::event::Wait;
use oscope_kernel::hw::uart::Uart;
use oscope_kernel::machine::Machine;
use oscope_kernel::proc::Process;
use std::num::NonZero;

/// Where keys go: the console is each machine's first device.
pub const CONSOLE: DeviceId = DeviceId(0);

/// A guest may say of its terminal what it likes; no more rows or columns than these are kept.
const MOST_CELLS: u16 = 512;

/// What a console shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Console {
    /// Its lines from the top, without blanks at their ends.
    pub lines: Vec<String>,
    /// Row and column of the cursor.
    pub cursor: (u16, u16),
    /// Who is in the foreground: what `^C` would interrupt.
    pub foreground: Option<String>,
    /// Whether somebody waits for a line.
    pub is_read: bool,
    /// Whether there is somebody who reads it, now or after the command in the foreground.
    pub has_session: bool,
}

impl Console {
    /// What it shows now.
    #[must_use]
    pub fn of(machine: &Machine) -> Self {
        let t = machine.tables();
        let device = t.bus.device(CONSOLE);
        let uart = device.and_then(|device| device.as_any().downcast_ref::<Uart>());
        let bytes = uart.map_or_else(Vec::new, |uart| uart.shown_since(0).1);
        let cells = |n: u16| NonZero::new(n.min(MOST_CELLS)).unwrap_or(NonZero::<u16>::MIN);
        let size = t.tty.size;
        let mut terminal = vt100::Parser::new(cells(size.rows), cells(size.columns), 0);
        for byte in bytes {
            // What the line discipline leaves to the screen (`ipc::tty`): a new line begins at its left edge.
            terminal.process(if byte == b'\n' { b"\r\n" } else { std::slice::from_ref(&byte) });
        }
        let screen = terminal.screen();
        let (_, columns) = screen.size();
        let lines = screen.rows(0, columns.get()).map(|line| crate::text::clean(line.trim_end()));
        let snapshot = machine.snapshot();
        let is_read = snapshot.tasks.iter().any(|task| task.line.waits == Some(Wait::Console));
        let foreground = snapshot.tasks.iter().filter(|task| task.line.state != 'Z');
        let foreground = foreground.max_by_key(|task| {
            let process = t.proc.threads.get(task.line.thread);
            let process = process.and_then(|thread| t.proc.processes.get(thread.process));
            process.filter(|process| process.group == t.tty.foreground).map(|p| p.pid)
        });
        // The first process is no shell that one could talk to, unless it reads.
        let leads = |process: &Process| Some(process.pid) == t.tty.session && process.pid != Pid(1);
        let has_session = is_read
            || t.proc.processes.iter().any(|(_, process)| leads(process) && !process.is_zombie());
        Self {
            lines: lines.collect(),
            cursor: screen.cursor_position(),
            foreground: foreground.filter(|_| has_session).map(|task| task.line.name.clone()),
            is_read,
            has_session,
        }
    }
}
