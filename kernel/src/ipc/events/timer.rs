//! Timers that are read (timerfd_create(2)).
//!
//! A timer that repeats goes off once, and is then only counted: how often it would have gone off since is worked out when
//! somebody asks. So a timer that nobody reads costs nothing (fs/timerfd.c does the same).

use crate::base::{Duration, Ticket, Time};

/// The state behind a timerfd.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ClockTimer {
    /// The clock, as clock_gettime(2) numbers them.
    pub clock: u32,
    /// The flags it was last set with.
    pub flags: u32,
    /// When it goes off, or went off, last counted.
    pub next: Option<Time>,
    /// The time between; zero: only once.
    pub interval: Duration,
    /// How often it went off since it was read.
    pub ticks: u64,
    /// Its place in what is planned, while it has one.
    pub ticket: Option<Ticket>,
}

impl ClockTimer {
    /// One that is not set.
    #[must_use]
    pub const fn new(clock: u32) -> Self {
        let interval = Duration::ZERO;
        Self { clock, flags: 0, next: None, interval, ticks: 0, ticket: None }
    }

    /// The time has come.
    pub const fn go_off(&mut self) {
        self.ticket = None;
        self.ticks = self.ticks.saturating_add(1);
        if self.interval.0 == 0 {
            self.next = None;
        }
    }

    /// A timer that repeats and has gone off is counted up to now. Returns when it is to go off next, which is to be planned.
    #[must_use]
    pub fn catch_up(&mut self, now: Time) -> Option<Time> {
        let last = self.next.filter(|_| self.ticket.is_none() && self.interval > Duration::ZERO)?;
        // The first of these was counted when it went off.
        let more = now.since(last).0 / self.interval.0;
        self.ticks = self.ticks.saturating_add(more);
        let next = last + Duration(self.interval.0.saturating_mul(more + 1));
        self.next = Some(next);
        Some(next)
    }

    /// How long until it goes off.
    #[must_use]
    pub fn left(&self, now: Time) -> Duration {
        self.next.map_or(Duration::ZERO, |next| next.since(now.min(next)))
    }
}

#[cfg(test)]
mod tests {
    use super::ClockTimer;
    use crate::base::{Duration, Time};

    #[test]
    fn what_nobody_read_is_counted_when_somebody_asks() {
        let at = |millis| Time::ZERO + Duration::millis(millis);
        let mut timer = ClockTimer::new(1);
        (timer.next, timer.interval) = (Some(at(10)), Duration::millis(10));
        timer.go_off();
        assert_eq!((timer.ticks, timer.left(at(10))), (1, Duration::ZERO));
        assert_eq!(timer.catch_up(at(35)), Some(at(40)));
        assert_eq!(timer.ticks, 3, "at 10, 20 and 30");
        assert_eq!(timer.left(at(35)), Duration::millis(5));
    }

    #[test]
    fn one_that_does_not_repeat_is_over() {
        let mut timer = ClockTimer::new(1);
        timer.next = Some(Time::ZERO + Duration::millis(1));
        timer.go_off();
        assert_eq!((timer.next, timer.ticks), (None, 1));
        assert_eq!(timer.catch_up(Time::ZERO + Duration::millis(9)), None);
    }
}
