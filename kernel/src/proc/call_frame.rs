//! What a system call remembers while it waits.
//!
//! A call that parks is run again from the top. What it must not do twice, or must not forget, stands in
//! its frame: how far it got, which absolute time its relative timeout became, which open files it holds
//! although another thread closes them, which cached pages it needs to find again, and why it was woken.
//! (The frame is the explicit continuation of an atomic call: Ford et al., "Interface and execution models
//! in the Fluke kernel", OSDI 1999.)

use crate::abi::{Errno, Restart};
use crate::base::{Channel, OpenFileId, Time};
use crate::event::{Bytes, Log, Wait, picture};
use crate::fs::Key;
use std::hash::{Hash, Hasher};

/// Why a parked call runs again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Woken {
    /// Its channel was woken. That is enough: a futex's value need not have changed.
    Channel(Channel),
    /// Its deadline passed.
    Deadline,
    /// A signal came whose handler will run and which the call must not survive: it ends now, with the
    /// count of what it has done, or `EINTR`.
    Signal,
    /// A signal came and went without a handler, or with one under SA_RESTART: as if nothing had been.
    Restart,
}

/// A system call under way. One per thread, used again and again.
#[derive(Clone, Debug, Default, Hash)]
pub struct CallFrame {
    /// Whether a call is under way.
    pub active: bool,
    /// Its number.
    pub number: u64,
    /// Its six words.
    pub arguments: [u64; 6],
    /// When it was made.
    pub entered: Time,
    /// Where the handler stands, for handlers that have steps.
    pub stage: u32,
    /// How many bytes, or other units, are done. If this is not zero the call cannot fail any more.
    pub progress: u64,
    /// The absolute time that its timeout became.
    pub deadline: Option<Time>,
    /// Why it runs again; `None` the first time.
    pub woken: Option<Woken>,
    /// Open files that stay until it ends.
    pub held: Vec<OpenFileId>,
    /// Cached pages that stay until it ends.
    pub pinned: Vec<Key>,
    /// What the log is told about it.
    pub told: Told,
}

/// How much of a call the log has been told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tale {
    /// Nothing: most calls are told when they are over, and only then.
    #[default]
    New,
    /// That it waits.
    Waiting,
    /// That a signal ended its wait; when it runs again, the tale begins again.
    Interrupted,
}

/// What is known of a call for the log alone. It is no state: a machine whose log is off goes the same way.
#[derive(Clone, Debug, Default)]
pub struct Told {
    /// What the log knows.
    pub tale: Tale,
    /// What its pointers pointed to before it began, and at its end: regions of a
    /// [`Picture`](crate::event::Picture).
    pub regions: Vec<u8>,
}

impl Hash for Told {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}

impl CallFrame {
    /// Begins a new call. Lists keep their storage.
    #[inline]
    pub fn begin(&mut self, number: u64, arguments: &[u64; 6], now: Time) {
        self.active = true;
        self.number = number;
        self.arguments = *arguments;
        self.entered = now;
        self.stage = 0;
        self.progress = 0;
        self.deadline = None;
        self.woken = None;
        self.told.tale = Tale::New;
        self.told.regions.clear();
    }

    /// Gives the log what is known of the call, for the record that comes next.
    #[inline]
    pub fn keep(&self, log: &mut Log) -> Bytes {
        log.keep(&[&picture::words(&self.arguments), &self.told.regions])
    }

    /// For a handler that is about to wait: what to return instead if a signal ended the call.
    ///
    /// # Errors
    /// [`Stop::Fail`] with `EINTR`.
    pub fn interrupted(&self) -> Result<Option<u64>, Stop> {
        match self.woken {
            Some(Woken::Signal) if self.progress > 0 => Ok(Some(self.progress)),
            Some(Woken::Signal) => Err(Stop::Fail(Errno::EINTR)),
            _ => Ok(None),
        }
    }
}

/// What happens to a waiting call when a signal handler must run (signal(7), "Interruption of system
/// calls").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Interruptible {
    /// The signal waits until the call is done, as for a disk.
    No,
    /// It is restarted if the handler was installed with SA_RESTART, else `EINTR` (ERESTARTSYS).
    UnlessRestarted,
    /// `EINTR` whatever the flags; restarted only when no handler runs (ERESTART_RESTARTBLOCK).
    Always,
    /// `EINTR` for every signal, whether a handler runs or not: it is never restarted.
    Ends,
}

impl Interruptible {
    /// How Linux marks a call whose wait a signal ended, if it does.
    #[must_use]
    pub const fn restart(self) -> Option<Restart> {
        match self {
            Self::No | Self::Ends => None,
            Self::UnlessRestarted => Some(Restart::ERESTARTSYS),
            Self::Always => Some(Restart::ERESTARTNOHAND),
        }
    }
}

/// The channels of a [`WaitFor`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Channels {
    /// None: only the deadline ends the wait.
    None,
    /// One.
    One(Channel),
    /// Several: whichever comes first.
    Many(Vec<Channel>),
}

impl Channels {
    /// All of them.
    #[must_use]
    pub fn as_slice(&self) -> &[Channel] {
        match self {
            Self::None => &[],
            Self::One(channel) => std::slice::from_ref(channel),
            Self::Many(channels) => channels,
        }
    }
}

/// What a parked call waits for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct WaitFor {
    /// The conditions.
    pub channels: Channels,
    /// When it gives up.
    pub deadline: Option<Time>,
    /// What signals do.
    pub interruptible: Interruptible,
    /// Whether a wake-up that wakes n counts it.
    pub exclusive: bool,
    /// For people.
    pub kind: Wait,
    /// Which kinds of wake-up it wants, as bits; all, but for futexes.
    pub bits: u32,
}

impl WaitFor {
    /// Waits for one condition, with no deadline.
    #[must_use]
    pub fn channel(channel: Channel, kind: Wait, interruptible: Interruptible) -> Self {
        Self {
            channels: Channels::One(channel),
            deadline: None,
            interruptible,
            exclusive: false,
            kind,
            bits: u32::MAX,
        }
    }

    /// Waits for a moment.
    #[must_use]
    pub fn until(deadline: Time, interruptible: Interruptible) -> Self {
        Self {
            channels: Channels::None,
            deadline: Some(deadline),
            interruptible,
            exclusive: false,
            kind: Wait::Sleep,
            bits: u32::MAX,
        }
    }
}

/// Why a handler did not complete. In each case it has changed nothing that its frame does not tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    /// The call fails.
    Fail(Errno),
    /// The call waits.
    Park(WaitFor),
    /// The call touched user memory that is not there: let the page-fault handler try.
    Fault(crate::abi::Fault),
}

impl From<Errno> for Stop {
    fn from(errno: Errno) -> Self {
        Self::Fail(errno)
    }
}

impl From<crate::abi::Fault> for Stop {
    fn from(fault: crate::abi::Fault) -> Self {
        Self::Fault(fault)
    }
}
