//! Signals: their numbers, names and default actions, sets of them, and the words of sigaction(2).
//!
//! Numbers and layouts are those of Linux on riscv64 (`asm-generic/signal.h`,
//! `asm-generic/siginfo.h`), names those that strace prints: `SIGINT`, and from 32 on `SIGRTMIN`,
//! `SIGRT_1`, … `SIGRT_32`.
//!
//! A typical sequence:
//! 1. rt_sigaction(2) hands in 24 bytes: [`SigAction::from_bytes`];
//! 2. kill(2) hands in a number: [`Signal::from_number`], or EINVAL;
//! 3. delivery takes the lowest pending signal that is not blocked ([`SignalSet::difference`],
//!    [`SignalSet::first`]) and looks at the handler, or at [`Signal::default_action`];
//! 4. the log prints `rt_sigprocmask(SIG_BLOCK, [INT CHLD], NULL, 8)` with [`SignalSet`]'s
//!    `Display`.

use crate::abi::flags::{const_set, flag_set};
use serde::{Deserialize, Serialize};
use std::fmt;

/// A signal, 1 to 64. Number 0 ("is there such a process?") is not a signal: kill(2) treats it
/// apart.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct Signal(u8);

/// What a signal does to a process that has not said otherwise; see signal(7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum DefaultAction {
    /// End the process.
    Terminate,
    /// End the process and dump core.
    Core,
    /// Nothing.
    Ignore,
    /// Stop the process until SIGCONT.
    Stop,
    /// Go on if stopped, else nothing.
    Continue,
}

/// Makes the constants and the table of names and actions from one list.
macro_rules! signals {
    ($($name:ident = $number:literal, $action:ident, $what:literal;)*) => {
        impl Signal {
            $(#[doc = concat!($what, " (", $number, ").")] pub const $name: Self = Self($number);)*
        }

        /// Name and default action of the signals 1 to 31, in that order.
        const STANDARD: &[(&str, DefaultAction)] = &[
            $((concat!("SIG", stringify!($name)), DefaultAction::$action)),*
        ];
    };
}

signals! {
    HUP = 1, Terminate, "The terminal hung up, or its controlling process ended";
    INT = 2, Terminate, "Interrupt from the keyboard";
    QUIT = 3, Core, "Quit from the keyboard";
    ILL = 4, Core, "Illegal instruction";
    TRAP = 5, Core, "Trace or breakpoint trap";
    ABRT = 6, Core, "abort(3)";
    BUS = 7, Core, "Bad memory access: beyond the end of a mapped file, or misaligned";
    FPE = 8, Core, "Arithmetic error";
    KILL = 9, Terminate, "Kill; cannot be caught, blocked or ignored";
    USR1 = 10, Terminate, "For the user";
    SEGV = 11, Core, "Invalid memory reference";
    USR2 = 12, Terminate, "For the user";
    PIPE = 13, Terminate, "Write to a pipe or socket that nobody reads";
    ALRM = 14, Terminate, "A timer of alarm(2) or setitimer(2) ran out";
    TERM = 15, Terminate, "Please end";
    STKFLT = 16, Terminate, "Stack fault on a coprocessor; unused";
    CHLD = 17, Ignore, "A child stopped, went on or ended";
    CONT = 18, Continue, "Go on if stopped";
    STOP = 19, Stop, "Stop; cannot be caught, blocked or ignored";
    TSTP = 20, Stop, "Stop typed at the terminal";
    TTIN = 21, Stop, "A background process reads from the terminal";
    TTOU = 22, Stop, "A background process writes to the terminal";
    URG = 23, Ignore, "Urgent data on a socket";
    XCPU = 24, Core, "RLIMIT_CPU exceeded";
    XFSZ = 25, Core, "RLIMIT_FSIZE exceeded";
    VTALRM = 26, Terminate, "A timer of user time ran out";
    PROF = 27, Terminate, "A timer of user and system time ran out";
    WINCH = 28, Ignore, "The window of the terminal changed its size";
    IO = 29, Terminate, "A descriptor is ready; also called SIGPOLL";
    PWR = 30, Terminate, "Power failure";
    SYS = 31, Core, "Bad system call, also from seccomp(2)";
}

impl Signal {
    /// The lowest real-time signal of the kernel (32). glibc keeps 32 and 33 for itself.
    pub const RTMIN: Self = Self(32);
    /// The highest signal (64).
    pub const MAX: Self = Self(64);

    /// The signal with this number; `None` unless 1 to 64.
    #[must_use]
    pub const fn from_number(number: u64) -> Option<Self> {
        match number {
            // The match bounds the value, so the cast loses nothing.
            1..=64 => Some(Self(number as u8)),
            _ => None,
        }
    }

    /// The number, 1 to 64.
    #[must_use]
    pub const fn number(self) -> u8 {
        self.0
    }

    /// Real-time signals queue, each with its value; the others are only pending or not.
    #[must_use]
    pub const fn is_realtime(self) -> bool {
        self.0 >= Self::RTMIN.0
    }

    /// Can the program catch, block or ignore it? All but SIGKILL and SIGSTOP.
    #[must_use]
    pub const fn is_catchable(self) -> bool {
        self.0 != Self::KILL.0 && self.0 != Self::STOP.0
    }

    /// Is it raised by what a program does at an address? Then `si_addr` says which.
    #[must_use]
    pub const fn is_fault(self) -> bool {
        matches!(self, Self::ILL | Self::FPE | Self::SEGV | Self::BUS | Self::TRAP)
    }

    /// What happens without a handler; real-time signals terminate.
    #[must_use]
    pub fn default_action(self) -> DefaultAction {
        self.standard().map_or(DefaultAction::Terminate, |(_, action)| action)
    }

    /// The signal that `text` names: `SIGINT`, `INT`, `SIGRTMIN`, `SIGRT_3`, `RT_3`, or a number.
    #[must_use]
    pub fn from_name(text: &str) -> Option<Self> {
        if let Ok(number) = text.parse() {
            return Self::from_number(number);
        }
        let bare = text.strip_prefix("SIG").unwrap_or(text);
        match bare {
            "POLL" => return Some(Self::IO),
            "IOT" => return Some(Self::ABRT),
            "CLD" => return Some(Self::CHLD),
            _ => {}
        }
        SignalSet::FULL.iter().find(|signal| signal.short_name() == bare)
    }

    /// The name without `SIG`, as it stands in a set: `INT`, `RTMIN`, `RT_3`.
    #[must_use]
    pub fn short_name(self) -> String {
        match self.standard() {
            Some((name, _)) => name.trim_start_matches("SIG").to_owned(),
            None if self == Self::RTMIN => "RTMIN".to_owned(),
            None => format!("RT_{}", self.0 - Self::RTMIN.0),
        }
    }

    fn standard(self) -> Option<(&'static str, DefaultAction)> {
        STANDARD.get(usize::from(self.0).checked_sub(1)?).copied()
    }
}

/// As strace prints it: `SIGINT`, `SIGRTMIN`, `SIGRT_3`.
impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("SIG{}", self.short_name()))
    }
}

impl fmt::Debug for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl TryFrom<u8> for Signal {
    type Error = &'static str;
    fn try_from(number: u8) -> Result<Self, Self::Error> {
        Self::from_number(u64::from(number)).ok_or("a signal number is 1 to 64")
    }
}

impl From<Signal> for u8 {
    fn from(signal: Signal) -> Self {
        signal.0
    }
}

/// A set of signals: the kernel's `sigset_t`, 64 bits, signal n in bit n − 1.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SignalSet(pub u64);

impl SignalSet {
    /// No signal.
    pub const EMPTY: Self = Self(0);
    /// Every signal.
    pub const FULL: Self = Self(u64::MAX);
    /// The two that cannot be blocked.
    pub const UNBLOCKABLE: Self = Self(1 << 8 | 1 << 18);
    /// Size in memory, in bytes: the `sigsetsize` that rt_sigprocmask(2) and its kin demand.
    pub const SIZE: usize = 8;

    /// The set of one signal.
    #[must_use]
    pub const fn of(signal: Signal) -> Self {
        Self(1 << (signal.0 - 1))
    }

    /// Is the signal in it?
    #[must_use]
    pub const fn contains(self, signal: Signal) -> bool {
        self.0 & Self::of(signal).0 != 0
    }

    /// Nothing in it?
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Puts a signal in.
    pub const fn insert(&mut self, signal: Signal) {
        self.0 |= Self::of(signal).0;
    }

    /// Takes a signal out.
    pub const fn remove(&mut self, signal: Signal) {
        self.0 &= !Self::of(signal).0;
    }

    /// What is in either.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// What is in both.
    #[must_use]
    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// What is in this and not in `other`.
    #[must_use]
    pub const fn difference(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// The signal with the lowest number.
    #[must_use]
    pub const fn first(self) -> Option<Signal> {
        Signal::from_number(self.0.trailing_zeros() as u64 + 1)
    }

    /// The signals, lowest number first.
    pub fn iter(self) -> impl Iterator<Item = Signal> {
        (1..=64).filter_map(Signal::from_number).filter(move |&signal| self.contains(signal))
    }

    /// Reads the eight bytes of a `sigset_t`.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; Self::SIZE]) -> Self {
        Self(u64::from_le_bytes(bytes))
    }

    /// The eight bytes of a `sigset_t`.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; Self::SIZE] {
        self.0.to_le_bytes()
    }

    /// Reads what `Display` writes: `[INT CHLD]`, `~[RTMIN RT_1]`, `[]`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (body, inverted) = match text.strip_prefix('~') {
            Some(rest) => (rest, true),
            None => (text, false),
        };
        let mut set = Self::EMPTY;
        for name in body.strip_prefix('[')?.strip_suffix(']')?.split_whitespace() {
            set.insert(Signal::from_name(name)?);
        }
        Some(if inverted { Self(!set.0) } else { set })
    }
}

/// As strace prints it. A set with two thirds of all signals or more is shown by what it lacks:
/// `~[KILL]`.
impl fmt::Display for SignalSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inverted = self.0.count_ones() >= 64 * 2 / 3;
        let shown = if inverted { Self(!self.0) } else { *self };
        let names: Vec<String> = shown.iter().map(Signal::short_name).collect();
        write!(f, "{}[{}]", if inverted { "~" } else { "" }, names.join(" "))
    }
}

impl fmt::Debug for SignalSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromIterator<Signal> for SignalSet {
    fn from_iter<I: IntoIterator<Item = Signal>>(signals: I) -> Self {
        signals.into_iter().fold(Self::EMPTY, |set, signal| set.union(Self::of(signal)))
    }
}

flag_set! {
    /// `sa_flags` of sigaction(2). An `unsigned long` on riscv64, which has no SA_RESTORER.
    ActionFlags: u64, ACTION_FLAGS, "SA_";
    /// Handle it on the stack of sigaltstack(2).
    ONSTACK = 0x0800_0000;
    /// Calls that the handler interrupts start again.
    RESTART = 0x1000_0000;
    /// The opposite, which is the default.
    INTERRUPT = 0x2000_0000;
    /// Do not block the signal while its handler runs.
    NODEFER = 0x4000_0000;
    /// Back to the default once the handler has been entered.
    RESETHAND = 0x8000_0000;
    /// The handler takes three arguments.
    SIGINFO = 4;
    /// Do not tell of children that stop.
    NOCLDSTOP = 1;
    /// Children leave no zombies.
    NOCLDWAIT = 2;
}

const_set! {
    /// `how` of rt_sigprocmask(2).
    how, HOW, "SIG_";
    BLOCK = 0;
    UNBLOCK = 1;
    SETMASK = 2;
}

/// Handler word for "the default action" (`SIG_DFL`).
pub const SIG_DFL: u64 = 0;
/// Handler word for "ignore it" (`SIG_IGN`).
pub const SIG_IGN: u64 = 1;

/// `struct sigaction` of the riscv64 kernel: what to do about a signal. There is no `sa_restorer`:
/// the way back from a handler lies in the vDSO.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SigAction {
    /// Address of the handler, [`SIG_DFL`] or [`SIG_IGN`].
    pub handler: u64,
    /// Bits of [`ActionFlags`]; kept raw because Linux returns unknown ones too.
    pub flags: u64,
    /// Signals blocked while the handler runs, besides the signal itself.
    pub mask: SignalSet,
}

impl SigAction {
    /// Size in memory, in bytes.
    pub const SIZE: usize = 24;

    /// Reads the structure as it lies in memory.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; Self::SIZE]) -> Self {
        let (words, _) = bytes.as_chunks::<8>();
        let word = |at: usize| words.get(at).map_or(0, |word| u64::from_le_bytes(*word));
        Self { handler: word(0), flags: word(1), mask: SignalSet(word(2)) }
    }

    /// The structure as it lies in memory.
    #[must_use]
    pub fn to_bytes(self) -> [u8; Self::SIZE] {
        let mut bytes = [0; Self::SIZE];
        let (words, _) = bytes.as_chunks_mut::<8>();
        for (place, word) in words.iter_mut().zip([self.handler, self.flags, self.mask.0]) {
            *place = word.to_le_bytes();
        }
        bytes
    }

    /// The flags that have a name.
    #[must_use]
    pub const fn known_flags(self) -> ActionFlags {
        ActionFlags::from_bits_truncate(self.flags)
    }
}

/// As strace prints it: `{sa_handler=SIG_DFL, sa_mask=[], sa_flags=0}`.
impl fmt::Display for SigAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.handler {
            SIG_DFL => f.write_str("{sa_handler=SIG_DFL")?,
            SIG_IGN => f.write_str("{sa_handler=SIG_IGN")?,
            address => write!(f, "{{sa_handler={address:#x}")?,
        }
        write!(f, ", sa_mask={}, sa_flags={}}}", self.mask, ACTION_FLAGS.print(self.flags))
    }
}

/// `si_code` of siginfo: who sent a signal and why. Codes above zero come from the kernel and mean
/// something only together with the signal.
pub mod code {
    use super::Signal;

    /// Makes one group of codes: the constants, and the names for the printer.
    macro_rules! codes {
        ($table:ident, $what:literal: $($name:ident = $value:literal,)*) => {
            $(#[doc = concat!("`", stringify!($name), "` (", $value, "): ", $what, ".")]
            pub const $name: i32 = $value;)*
            const $table: &[(&str, i32)] = &[$((stringify!($name), $value)),*];
        };
    }

    codes! { ANY, "for any signal":
        SI_USER = 0, SI_KERNEL = 0x80, SI_QUEUE = -1, SI_TIMER = -2, SI_MESGQ = -3, SI_ASYNCIO = -4,
        SI_SIGIO = -5, SI_TKILL = -6, SI_DETHREAD = -7, SI_ASYNCNL = -60,
    }
    codes! { ILL, "for SIGILL":
        ILL_ILLOPC = 1, ILL_ILLOPN = 2, ILL_ILLADR = 3, ILL_ILLTRP = 4, ILL_PRVOPC = 5,
        ILL_PRVREG = 6, ILL_COPROC = 7, ILL_BADSTK = 8, ILL_BADIADDR = 9,
    }
    codes! { FPE, "for SIGFPE":
        FPE_INTDIV = 1, FPE_INTOVF = 2, FPE_FLTDIV = 3, FPE_FLTOVF = 4, FPE_FLTUND = 5,
        FPE_FLTRES = 6, FPE_FLTINV = 7, FPE_FLTSUB = 8, FPE_FLTUNK = 14, FPE_CONDTRAP = 15,
    }
    codes! { SEGV, "for SIGSEGV":
        SEGV_MAPERR = 1, SEGV_ACCERR = 2, SEGV_BNDERR = 3, SEGV_PKUERR = 4,
    }
    codes! { BUS, "for SIGBUS":
        BUS_ADRALN = 1, BUS_ADRERR = 2, BUS_OBJERR = 3, BUS_MCEERR_AR = 4, BUS_MCEERR_AO = 5,
    }
    codes! { TRAP, "for SIGTRAP":
        TRAP_BRKPT = 1, TRAP_TRACE = 2, TRAP_BRANCH = 3, TRAP_HWBKPT = 4, TRAP_UNK = 5,
        TRAP_PERF = 6,
    }
    codes! { CLD, "for SIGCHLD":
        CLD_EXITED = 1, CLD_KILLED = 2, CLD_DUMPED = 3, CLD_TRAPPED = 4, CLD_STOPPED = 5,
        CLD_CONTINUED = 6,
    }
    codes! { POLL, "for SIGIO":
        POLL_IN = 1, POLL_OUT = 2, POLL_MSG = 3, POLL_ERR = 4, POLL_PRI = 5, POLL_HUP = 6,
    }
    codes! { SYS, "for SIGSYS":
        SYS_SECCOMP = 1, SYS_USER_DISPATCH = 2,
    }

    /// The name of a code, given the signal it came with.
    #[must_use]
    pub fn name(signal: Signal, code: i32) -> Option<&'static str> {
        let own = match signal {
            Signal::ILL => ILL,
            Signal::FPE => FPE,
            Signal::SEGV => SEGV,
            Signal::BUS => BUS,
            Signal::TRAP => TRAP,
            Signal::CHLD => CLD,
            Signal::IO => POLL,
            Signal::SYS => SYS,
            _ => &[],
        };
        ANY.iter().chain(own).find(|(_, value)| *value == code).map(|(name, _)| *name)
    }
}

#[cfg(test)]
mod tests;
