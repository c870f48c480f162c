//! Wrappers for calls on terminals (termios(3), tcsetpgrp(3)), which are all ioctl(2).

use super::{Result, Sys};
use oscope_kernel::abi::nr;
use oscope_kernel::abi::types::{Termios, WindowSize};

// Requests, from asm-generic/ioctls.h.
const TCGETS: u64 = 0x5401;
const TCSETSW: u64 = 0x5403;
const TIOCSCTTY: u64 = 0x540e;
const TIOCGPGRP: u64 = 0x540f;
const TIOCSPGRP: u64 = 0x5410;
const TIOCGWINSZ: u64 = 0x5413;

impl Sys {
    /// tcgetattr(3).
    ///
    /// # Errors
    /// `EBADF`, `ENOTTY`.
    pub async fn tcgetattr(&self, fd: u64) -> Result<Termios> {
        let at = self.scratch();
        self.call3(nr::IOCTL, fd, TCGETS, at).await?;
        let mut bytes = [0; Termios::SIZE];
        bytes.copy_from_slice(&self.peek(at, Termios::SIZE).await);
        Ok(Termios::from_bytes(&bytes))
    }

    /// tcsetattr(3) with TCSADRAIN.
    ///
    /// # Errors
    /// `EBADF`, `ENOTTY`; `EINTR` and `EIO` in the background.
    pub async fn tcsetattr(&self, fd: u64, modes: Termios) -> Result {
        let at = self.scratch();
        self.poke(at, &modes.to_bytes()).await;
        self.call3(nr::IOCTL, fd, TCSETSW, at).await
    }

    /// isatty(3).
    pub async fn isatty(&self, fd: u64) -> bool {
        self.call3(nr::IOCTL, fd, TCGETS, self.scratch()).await.is_ok()
    }

    /// tcgetpgrp(3): the process group in the foreground.
    ///
    /// # Errors
    /// `EBADF`, `ENOTTY`.
    pub async fn tcgetpgrp(&self, fd: u64) -> Result {
        let at = self.scratch();
        self.call3(nr::IOCTL, fd, TIOCGPGRP, at).await?;
        Ok(u64::from(self.load32(at).await))
    }

    /// tcsetpgrp(3): another group comes to the foreground.
    ///
    /// # Errors
    /// `EBADF`, `ENOTTY`, `EPERM`, `EINVAL`.
    pub async fn tcsetpgrp(&self, fd: u64, group: u64) -> Result {
        let at = self.scratch();
        self.store32(at, group as u32).await;
        self.call3(nr::IOCTL, fd, TIOCSPGRP, at).await
    }

    /// TIOCSCTTY: the leader of a session takes this terminal as its own.
    ///
    /// # Errors
    /// `EBADF`, `ENOTTY`, `EPERM`.
    pub async fn take_terminal(&self, fd: u64) -> Result {
        self.call3(nr::IOCTL, fd, TIOCSCTTY, 0).await
    }

    /// TIOCSCTTY as root may do it: the terminal is taken from the session that has it.
    ///
    /// # Errors
    /// `EBADF`, `ENOTTY`, `EPERM`.
    pub async fn steal_terminal(&self, fd: u64) -> Result {
        self.call3(nr::IOCTL, fd, TIOCSCTTY, 1).await
    }

    /// TIOCGWINSZ: how large the screen is.
    ///
    /// # Errors
    /// `EBADF`, `ENOTTY`.
    pub async fn window_size(&self, fd: u64) -> Result<WindowSize> {
        let at = self.scratch();
        self.call3(nr::IOCTL, fd, TIOCGWINSZ, at).await?;
        let mut bytes = [0; WindowSize::SIZE];
        bytes.copy_from_slice(&self.peek(at, WindowSize::SIZE).await);
        Ok(WindowSize::from_bytes(&bytes))
    }
}
