//! Wrappers for calls on signals and timers.

use super::{FUNCTIONS, Result, Sys};
use oscope_kernel::abi::types::{Itimerval, SigInfo, Timespec, Timeval};
use oscope_kernel::abi::{SigAction, Signal, SignalSet, nr};
use oscope_kernel::base::{Duration, Time};

const SET_SIZE: u64 = SignalSet::SIZE as u64;

impl Sys {
    /// kill(2).
    ///
    /// # Errors
    /// `ESRCH`, `EINVAL`, `EPERM`.
    pub async fn kill(&self, pid: u64, signal: Signal) -> Result {
        self.call3(nr::KILL, pid, u64::from(signal.number()), 0).await
    }

    /// kill(2) without a signal: whether there is such a process, and one may signal it.
    ///
    /// # Errors
    /// `ESRCH`, `EPERM`.
    pub async fn probe(&self, pid: u64) -> Result {
        self.call3(nr::KILL, pid, 0, 0).await
    }

    /// kill(2) of a whole process group.
    ///
    /// # Errors
    /// `ESRCH`, `EPERM`.
    pub async fn kill_group(&self, group: u64, signal: Signal) -> Result {
        self.kill(group.wrapping_neg(), signal).await
    }

    /// tgkill(2): a signal for one thread.
    ///
    /// # Errors
    /// `ESRCH`, `EINVAL`.
    pub async fn tgkill(&self, pid: u64, tid: u64, signal: Signal) -> Result {
        self.call3(nr::TGKILL, pid, tid, u64::from(signal.number())).await
    }

    /// sigqueue(3): a signal with a value.
    ///
    /// # Errors
    /// `EAGAIN`, `ESRCH`, `EPERM`, `EINVAL`.
    pub async fn sigqueue(&self, pid: u64, signal: Signal, value: u64) -> Result {
        let number = i32::from(signal.number());
        let code = oscope_kernel::abi::signal::code::SI_QUEUE;
        let own = self.getpid().await;
        let info = SigInfo { signal: number, code, pid: own as u32, value, ..SigInfo::default() };
        let at = self.scratch();
        self.poke(at, &info.to_bytes()).await;
        self.call3(nr::RT_SIGQUEUEINFO, pid, u64::from(signal.number()), at).await
    }

    /// sigaction(2): handler is an address from [`handler`](Self::handler), `SIG_DFL` or `SIG_IGN`.
    ///
    /// # Errors
    /// `EINVAL`.
    pub async fn sigaction(&self, signal: Signal, handler: u64, flags: u64) -> Result {
        self.sigaction_with(signal, SigAction { handler, flags, mask: SignalSet::EMPTY }).await
    }

    /// sigaction(2) with a mask.
    ///
    /// # Errors
    /// `EINVAL`.
    pub async fn sigaction_with(&self, signal: Signal, action: SigAction) -> Result {
        let at = self.scratch();
        self.poke(at, &action.to_bytes()).await;
        let number = u64::from(signal.number());
        self.call(nr::RT_SIGACTION, [number, at, 0, SET_SIZE, 0, 0]).await
    }

    /// The action of a signal as it stands.
    ///
    /// # Errors
    /// `EINVAL`.
    pub async fn action(&self, signal: Signal) -> Result<SigAction> {
        let at = self.scratch();
        let number = u64::from(signal.number());
        self.call(nr::RT_SIGACTION, [number, 0, at, SET_SIZE, 0, 0]).await?;
        let mut bytes = [0; SigAction::SIZE];
        bytes.copy_from_slice(&self.peek(at, SigAction::SIZE).await);
        Ok(SigAction::from_bytes(&bytes))
    }

    /// sigprocmask(2) (0 block, 1 unblock, 2 set); returns the mask as it was.
    ///
    /// # Errors
    /// `EINVAL`.
    pub async fn sigprocmask(&self, how: u64, set: SignalSet) -> Result<SignalSet> {
        let at = self.scratch();
        self.poke(at, &set.to_bytes()).await;
        self.call(nr::RT_SIGPROCMASK, [how, at, at + 8, SET_SIZE, 0, 0]).await?;
        Ok(SignalSet(self.load(at + 8).await))
    }

    /// sigpending(2).
    ///
    /// # Errors
    /// None.
    pub async fn sigpending(&self) -> Result<SignalSet> {
        let at = self.scratch();
        self.call3(nr::RT_SIGPENDING, at, SET_SIZE, 0).await?;
        Ok(SignalSet(self.load(at).await))
    }

    /// sigsuspend(2): waits for a signal with these blocked instead.
    ///
    /// # Errors
    /// `EINTR`, always.
    pub async fn sigsuspend(&self, mask: SignalSet) -> Result {
        let at = self.scratch();
        self.poke(at, &mask.to_bytes()).await;
        self.call3(nr::RT_SIGSUSPEND, at, SET_SIZE, 0).await
    }

    /// pause(2), as the C library makes it of ppoll(2).
    ///
    /// # Errors
    /// `EINTR`, always.
    pub async fn pause(&self) -> Result {
        self.call(nr::PPOLL, [0, 0, 0, 0, SET_SIZE, 0]).await
    }

    /// sigtimedwait(2): takes a pending signal of a set without a handler.
    ///
    /// # Errors
    /// `EAGAIN` when the time is up, `EINTR`.
    pub async fn sigtimedwait(&self, set: SignalSet, timeout: Option<Duration>) -> Result<SigInfo> {
        let at = self.scratch();
        self.poke(at, &set.to_bytes()).await;
        let time = match timeout {
            Some(timeout) => {
                self.poke(at + 8, &Timespec::from(timeout).to_bytes()).await;
                at + 8
            }
            None => 0,
        };
        self.call(nr::RT_SIGTIMEDWAIT, [at, at + 64, time, SET_SIZE, 0, 0]).await?;
        Ok(self.siginfo_at(at + 64).await)
    }

    /// What a handler that was installed with SA_SIGINFO is told (`siginfo_t`): the signal, why it was sent, by whom,
    /// and the value of one that was queued. `None` for other handlers, and outside of handlers.
    ///
    /// In C this is the handler's second argument.
    #[must_use]
    pub fn siginfo(&self) -> Option<SigInfo> {
        self.info
    }

    /// The address of function number `n` of the image.
    #[must_use]
    pub fn handler(&self, n: u64) -> u64 {
        FUNCTIONS + n * 16
    }

    /// setitimer(2) with ITIMER_REAL: SIGALRM after `first`, and every `interval` after that. Returns 0.
    ///
    /// # Errors
    /// `EINVAL`.
    pub async fn setitimer(&self, first: Duration, interval: Duration) -> Result {
        let at = self.scratch();
        let value = Itimerval { interval: Timeval::from(interval), value: Timeval::from(first) };
        self.poke(at, &value.to_bytes()).await;
        self.call3(nr::SETITIMER, 0, at, 0).await
    }

    /// clock_gettime(2) by a call and not by the vDSO: for the clocks of CPU time.
    ///
    /// # Errors
    /// `EINVAL`.
    pub async fn clock_gettime(&self, clock: u64) -> Result<Duration> {
        let at = self.scratch();
        self.call3(nr::CLOCK_GETTIME, clock, at, 0).await?;
        let mut bytes = [0; Timespec::SIZE];
        bytes.copy_from_slice(&self.peek(at, Timespec::SIZE).await);
        Ok(Timespec::from_bytes(&bytes).to_duration().unwrap_or_default())
    }

    /// The time of day: CLOCK_REALTIME, by a call.
    pub async fn real_time(&self) -> Timespec {
        let at = self.scratch();
        if self.call3(nr::CLOCK_GETTIME, 0, at, 0).await.is_err() {
            return Timespec::default();
        }
        let mut bytes = [0; Timespec::SIZE];
        bytes.copy_from_slice(&self.peek(at, Timespec::SIZE).await);
        Timespec::from_bytes(&bytes)
    }

    /// Sleeps until a moment (clock_nanosleep(2) with TIMER_ABSTIME).
    ///
    /// # Errors
    /// `EINTR`.
    pub async fn sleep_until(&self, moment: Time) -> Result {
        let at = self.scratch();
        self.poke(at, &Timespec::from(moment).to_bytes()).await;
        self.call(nr::CLOCK_NANOSLEEP, [1, 1, at, 0, 0, 0]).await
    }
}
