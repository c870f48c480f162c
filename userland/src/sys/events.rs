//! Wrappers for descriptors that stand for something to wait for: epoll(7), eventfd(2), timerfd_create(2), signalfd(2).

use super::{Result, Sys};
use oscope_kernel::abi::flags::network::epoll_op;
use oscope_kernel::abi::types::{EpollEvent, Itimerspec, Timespec};
use oscope_kernel::abi::{SignalSet, nr};
use oscope_kernel::base::Duration;

/// How many events one call reports at most: as many as there is room for in the scratch area.
pub const MOST_EVENTS: usize = 256;

impl Sys {
    /// epoll_create1(2).
    ///
    /// # Errors
    /// `EINVAL`, `EMFILE`.
    pub async fn epoll(&self, flags: u32) -> Result {
        self.call(nr::EPOLL_CREATE1, [u64::from(flags), 0, 0, 0, 0, 0]).await
    }

    /// epoll_ctl(2), EPOLL_CTL_ADD: from now on `fd` is watched, and reported with `data`.
    ///
    /// # Errors
    /// `EEXIST`, `EPERM` for what cannot be watched, `ELOOP`, `EINVAL`, `EBADF`.
    pub async fn epoll_add(&self, epoll: u64, fd: u64, events: u32, data: u64) -> Result {
        self.epoll_ctl(epoll, epoll_op::ADD, fd, EpollEvent { events, data }).await
    }

    /// epoll_ctl(2), EPOLL_CTL_MOD.
    ///
    /// # Errors
    /// `ENOENT`, `EINVAL`, `EBADF`.
    pub async fn epoll_change(&self, epoll: u64, fd: u64, events: u32, data: u64) -> Result {
        self.epoll_ctl(epoll, epoll_op::MOD, fd, EpollEvent { events, data }).await
    }

    /// epoll_ctl(2), EPOLL_CTL_DEL.
    ///
    /// # Errors
    /// `ENOENT`, `EINVAL`, `EBADF`.
    pub async fn epoll_remove(&self, epoll: u64, fd: u64) -> Result {
        self.epoll_ctl(epoll, epoll_op::DEL, fd, EpollEvent::default()).await
    }

    async fn epoll_ctl(&self, epoll: u64, op: u32, fd: u64, event: EpollEvent) -> Result {
        let at = self.scratch();
        self.poke(at, &event.to_bytes()).await;
        self.call(nr::EPOLL_CTL, [epoll, u64::from(op), fd, at, 0, 0]).await
    }

    /// epoll_pwait2(2), for at most [`MOST_EVENTS`] events. No timeout: it waits for ever.
    ///
    /// # Errors
    /// `EINTR`, `EINVAL`, `EBADF`.
    pub async fn epoll_wait(
        &self,
        epoll: u64,
        timeout: Option<Duration>,
    ) -> Result<Vec<EpollEvent>> {
        let at = self.scratch();
        let time = match timeout {
            Some(timeout) => {
                self.poke(at, &Timespec::from(timeout).to_bytes()).await;
                at
            }
            None => 0,
        };
        let place = at + 64;
        let count =
            self.call(nr::EPOLL_PWAIT2, [epoll, place, MOST_EVENTS as u64, time, 0, 8]).await?;
        let bytes = self.peek(place, count as usize * EpollEvent::SIZE).await;
        Ok(bytes.as_chunks().0.iter().map(EpollEvent::from_bytes).collect())
    }

    /// eventfd2(2).
    ///
    /// # Errors
    /// `EINVAL`, `EMFILE`.
    pub async fn eventfd(&self, value: u32, flags: u32) -> Result {
        self.call(nr::EVENTFD2, [u64::from(value), u64::from(flags), 0, 0, 0, 0]).await
    }

    /// Reads the eight bytes of an eventfd or a timerfd as a number.
    ///
    /// # Errors
    /// `EAGAIN`, `EINTR`, `EINVAL`.
    pub async fn read_number(&self, fd: u64) -> Result {
        let bytes = self.read(fd, 8).await?;
        Ok(bytes.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes)))
    }

    /// timerfd_create(2).
    ///
    /// # Errors
    /// `EINVAL`, `EMFILE`.
    pub async fn timerfd(&self, clock: u32, flags: u32) -> Result {
        self.call(nr::TIMERFD_CREATE, [u64::from(clock), u64::from(flags), 0, 0, 0, 0]).await
    }

    /// timerfd_settime(2): goes off after `first`, and then every `interval`; zero for `first` stops it, zero for
    /// `interval` lets it go off once.
    ///
    /// # Errors
    /// `EINVAL`, `EBADF`.
    pub async fn timerfd_set(&self, fd: u64, first: Duration, interval: Duration) -> Result {
        let at = self.scratch();
        let setting = Itimerspec { interval: interval.into(), value: first.into() };
        self.poke(at, &setting.to_bytes()).await;
        self.call(nr::TIMERFD_SETTIME, [fd, 0, at, 0, 0, 0]).await
    }

    /// signalfd4(2), a new one.
    ///
    /// # Errors
    /// `EINVAL`, `EMFILE`.
    pub async fn signalfd(&self, signals: SignalSet, flags: u32) -> Result {
        let at = self.scratch();
        self.poke(at, &signals.to_bytes()).await;
        self.call(nr::SIGNALFD4, [u64::MAX, at, 8, u64::from(flags), 0, 0]).await
    }
}
