//! Signals and `trap` (XCU 2.11, 2.14.13).
//!
//! A handler may run between any two steps of the shell, so all it does is to set a flag in memory: what the C standard
//! allows a handler to do with a `volatile sig_atomic_t`. The shell looks at the flags between commands, where it is
//! safe to run one.

use super::start::SIGNALLED;
use super::{Flow, Shell, Stop};
use crate::sys::{Sys, TEXT_BASE};
use oscope_kernel::abi::Signal;
use oscope_kernel::abi::signal::{SIG_DFL, SIG_IGN};

/// The first word of the shell's data: whether any signal came. A word for each signal follows.
const FLAGS: u64 = TEXT_BASE + 4 * 4096;

/// The function that signals are handled by.
pub(crate) async fn handler(sys: Sys, signal: u64) -> u64 {
    sys.store32(FLAGS + 4 * signal, 1).await;
    sys.store32(FLAGS, 1).await;
    0
}

impl Shell {
    /// Does what is to be done about signals that came.
    pub(super) async fn poll_signals(&mut self) -> Flow {
        if self.sys.load32(FLAGS).await == 0 {
            return Ok(());
        }
        self.sys.store32(FLAGS, 0).await;
        for number in 1..=Signal::MAX.number() {
            if self.sys.swap32(FLAGS + 4 * u64::from(number), 0).await == 0 {
                continue;
            }
            match self.state.traps.get(&number).cloned() {
                Some(action) if !action.is_empty() => {
                    let status = self.state.status;
                    self.evaluate(&action).await?;
                    self.state.status = status;
                }
                _ if number == Signal::INT.number() && self.state.is_interactive => {
                    let _ = self.sys.write(2, b"\n").await;
                    self.state.status = 128 + i32::from(number);
                    return Err(Stop::Abort(self.state.status));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The number of a signal that came and has a trap, without doing anything about it.
    pub(super) async fn trapped(&self) -> Option<u8> {
        if self.sys.load32(FLAGS).await == 0 {
            return None;
        }
        for number in 1..=Signal::MAX.number() {
            if self.sys.load32(FLAGS + 4 * u64::from(number)).await != 0 {
                return Some(number);
            }
        }
        None
    }

    /// A child does not answer for signals that its parent got.
    pub(super) async fn forget_signals(&self) {
        if self.sys.load32(FLAGS).await != 0 {
            self.sys.poke(FLAGS, &[0; 4 * 65]).await;
        }
    }

    /// Sets what is done on a signal: `None` is what is done without a trap, an empty text is nothing at all.
    pub(super) async fn set_trap(&mut self, number: u8, action: Option<&str>) {
        let signal = Signal::from_number(u64::from(number));
        if signal.is_some_and(|signal| self.state.is_ignored_for_good(signal)) {
            return;
        }
        match action {
            Some(action) => self.state.traps.insert(number, action.to_owned()),
            None => self.state.traps.remove(&number),
        };
        let Some(signal) = signal else { return };
        let handler = match action {
            Some("") => SIG_IGN,
            Some(_) => self.sys.handler(SIGNALLED),
            None if self.state.is_interactive => match signal {
                Signal::INT => self.sys.handler(SIGNALLED),
                Signal::QUIT | Signal::TERM => SIG_IGN,
                Signal::TSTP | Signal::TTIN | Signal::TTOU if self.state.has('m') => SIG_IGN,
                _ => SIG_DFL,
            },
            None => SIG_DFL,
        };
        let _ = self.sys.sigaction(signal, handler, 0).await;
    }
}
