//! What is asked about, and how it is written: `web:7`, `box:4:0x4000`, `web:7:openat`.

use crate::text::clean;
use oscope_kernel::base::{MachineId, Serial};

/// How a thread is named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ThreadName {
    /// By its number.
    Tid(u32),
    /// By its name in the log.
    Serial(Serial),
    /// By its program, if only one thread runs it.
    Program(String),
}

/// What is asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// What a thread does.
    Thread(ThreadName),
    /// The newest call of a thread, or the newest of that name.
    Call {
        /// Whose.
        thread: ThreadName,
        /// The call's name.
        name: Option<String>,
    },
    /// A page of memory.
    Page {
        /// In which process; `None`: whoever touched it last.
        pid: Option<u32>,
        /// An address in it.
        address: u64,
    },
    /// A futex, by its address.
    Lock(u64),
    /// The newest request for a block, or the newest of all.
    Disk(Option<u64>),
    /// A frame of the network: the event that sent, got or dropped it; or the newest.
    Packet(Option<u64>),
    /// A request that is followed across threads and machines.
    Request(u32),
}

/// A question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// On which machine. A request is looked for on all of them.
    pub machine: MachineId,
    /// About what.
    pub subject: Subject,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// The text is none; what was expected instead.
    Text {
        /// What was written.
        text: String,
        /// What was expected.
        expected: &'static str,
    },
    /// Which machine? These are there.
    Machine {
        /// What was written.
        text: String,
        /// The machines' names.
        known: Vec<String>,
    },
    /// There is no such thread at the moment; these are there.
    NoThread(Vec<String>),
    /// Several threads run that program; their numbers.
    SeveralThreads(Vec<String>),
    /// Nothing of the kind has happened.
    Nothing,
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Text { text, expected } => write!(f, "`{}`: expected {expected}", clean(text)),
            Self::Machine { text, known } => {
                let known = known.join(", ");
                write!(f, "`{}`: expected a machine before it, one of: {known}", clean(text))
            }
            Self::NoThread(known) if known.is_empty() => {
                f.write_str("there is no such thread at that moment, nor any other")
            }
            Self::NoThread(known) => {
                write!(f, "there is no such thread at that moment; there are: {}", known.join(", "))
            }
            Self::SeveralThreads(tids) => {
                write!(f, "several threads have that name; expected one of: {}", tids.join(", "))
            }
            Self::Nothing => f.write_str("nothing of the kind has happened by that moment"),
        }
    }
}

/// The kinds of subjects, as options of the command line name them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `--thread`
    Thread,
    /// `--call`
    Call,
    /// `--page`
    Page,
    /// `--lock`
    Lock,
    /// `--disk`
    Disk,
    /// `--packet`
    Packet,
    /// `--request`
    Request,
}

impl Kind {
    /// What is to be written.
    const fn expected(self) -> &'static str {
        match self {
            Self::Thread => "MACHINE:TID, such as box:3",
            Self::Call => "MACHINE:TID or MACHINE:TID:NAME, such as box:3:openat",
            Self::Page => "MACHINE:ADDRESS or MACHINE:PID:ADDRESS, such as box:1:0x4000",
            Self::Lock => "MACHINE:ADDRESS, such as box:0x14000",
            Self::Disk => "MACHINE:BLOCK, such as box:66",
            Self::Packet => "MACHINE or MACHINE:EVENT, such as web:812",
            Self::Request => "a request's number, such as 1",
        }
    }

    /// The name of the option.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Thread => "thread",
            Self::Call => "call",
            Self::Page => "page",
            Self::Lock => "lock",
            Self::Disk => "disk",
            Self::Packet => "packet",
            Self::Request => "request",
        }
    }
}

/// A number, decimal or with `0x`.
fn number(text: &str) -> Option<u64> {
    match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

fn thread(text: &str) -> Option<ThreadName> {
    if text.is_empty() {
        return None;
    }
    match text.parse() {
        Ok(tid) => Some(ThreadName::Tid(tid)),
        Err(_) => Some(ThreadName::Program(text.to_owned())),
    }
}

impl Question {
    /// Reads what was written. `machines` are the names of all machines; where there is but one, it need not be named.
    ///
    /// # Errors
    /// What was expected.
    pub fn read(kind: Kind, text: &str, machines: &[&str]) -> Result<Self, Problem> {
        let wrong = || Problem::Text { text: text.to_owned(), expected: kind.expected() };
        if kind == Kind::Request {
            let number = text.parse().ok().filter(|n| *n > 0).ok_or_else(wrong)?;
            return Ok(Self { machine: MachineId(0), subject: Subject::Request(number) });
        }
        let mut parts: Vec<&str> = text.split(':').collect();
        let named = machines.iter().position(|name| parts.first() == Some(name));
        let machine = match (named, machines.len()) {
            (Some(place), _) => {
                parts.remove(0);
                place
            }
            (None, 1) => 0,
            (None, _) => {
                let known = machines.iter().map(|name| clean(name)).collect();
                return Err(Problem::Machine { text: text.to_owned(), known });
            }
        };
        let subject = subject(kind, &parts).ok_or_else(wrong)?;
        Ok(Self { machine: MachineId(machine as u16), subject })
    }
}

fn subject(kind: Kind, parts: &[&str]) -> Option<Subject> {
    Some(match (kind, parts) {
        (Kind::Thread, [name]) => Subject::Thread(thread(name)?),
        (Kind::Call, [name]) => Subject::Call { thread: thread(name)?, name: None },
        (Kind::Call, [name, call]) if !call.is_empty() => {
            Subject::Call { thread: thread(name)?, name: Some((*call).to_owned()) }
        }
        (Kind::Page, [address]) => Subject::Page { pid: None, address: number(address)? },
        (Kind::Page, [pid, address]) => {
            Subject::Page { pid: Some(pid.parse().ok()?), address: number(address)? }
        }
        (Kind::Lock, [address]) => Subject::Lock(number(address)?),
        (Kind::Disk, []) => Subject::Disk(None),
        (Kind::Disk, [block]) => Subject::Disk(Some(number(block)?)),
        (Kind::Packet, []) => Subject::Packet(None),
        (Kind::Packet, [event]) => Subject::Packet(Some(number(event)?)),
        _ => return None,
    })
}
