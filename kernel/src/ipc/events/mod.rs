//! Descriptors that stand for something to wait for: counters (eventfd(2)), timers (timerfd_create(2)), and sets of
//! other descriptors (epoll(7)). A signalfd(2) needs no table: it is a mask, and lies in its open file.
//!
//! Layers, side by side: [`counter`], [`timer`], [`epoll`]; [`Events`] holds all of them.
//!
//! A typical sequence: a server makes a timer and an epoll instance, which it tells to watch the timer. It waits; the timer
//! goes off, which puts the timer on the instance's list of what is ready and wakes the server; it asks each descriptor on that
//! list, and no other, what it is ready for, and reads the timer.

pub mod counter;
pub mod epoll;
pub mod timer;

use crate::base::{ClockTimerTag, CounterTag, Table};
use counter::Counter;
use epoll::Epolls;
use timer::ClockTimer;

/// All of them, of a machine.
#[derive(Clone, Debug, Default, Hash)]
pub struct Events {
    /// eventfd(2).
    pub counters: Table<CounterTag, Counter>,
    /// timerfd_create(2).
    pub timers: Table<ClockTimerTag, ClockTimer>,
    /// epoll(7).
    pub epolls: Epolls,
    /// How many counters there have ever been.
    made: u64,
}

impl Events {
    /// A number for a new counter.
    pub fn new_number(&mut self) -> u64 {
        let number = self.made;
        self.made += 1;
        number
    }
}
