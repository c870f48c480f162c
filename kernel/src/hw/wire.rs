//! A cable: how long a frame takes from one end to the other.

use super::device::Timing;
use crate::base::{Duration, Time};

/// One direction of a link, kept by the sending side.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Wire {
    /// From the last bit out to the last bit in. At least 1 µs: machines may run that far apart.
    latency: Duration,
    /// Time on the wire for a frame.
    serialization: Timing,
    /// Until when an earlier frame occupies it.
    busy_until: Time,
}

/// The shortest latency that a link may have.
pub const MIN_LATENCY: Duration = Duration::micros(1);

impl Wire {
    /// A wire with at least [`MIN_LATENCY`] of latency and `bits_per_second` of bandwidth (0: no limit).
    #[must_use]
    pub fn new(latency: Duration, bits_per_second: u64) -> Self {
        let per_kib = (8 * 1024 * 1_000_000_000u64).checked_div(bits_per_second).unwrap_or(0);
        Self {
            latency: latency.max(MIN_LATENCY),
            serialization: Timing { fixed: Duration::ZERO, per_kib: Duration(per_kib) },
            busy_until: Time::ZERO,
        }
    }

    /// The latency.
    #[must_use]
    pub fn latency(&self) -> Duration {
        self.latency
    }

    /// Puts a frame of `bytes` on the wire behind those before it; returns when it arrives.
    pub fn send(&mut self, now: Time, bytes: usize) -> Time {
        self.busy_until = self.busy_until.max(now) + self.serialization.of(bytes);
        self.busy_until + self.latency
    }
}

#[cfg(test)]
mod tests {
    use super::Wire;
    use crate::base::{Duration, Time};

    #[test]
    fn frames_queue_for_the_wire_and_then_fly_together() {
        // 1 Gbit/s: 1024 bytes take 8192 ns.
        let mut wire = Wire::new(Duration::micros(50), 1_000_000_000);
        assert_eq!(wire.send(Time(0), 1024), Time(8_192 + 50_000));
        assert_eq!(wire.send(Time(100), 1024), Time(2 * 8_192 + 50_000));
        assert_eq!(Wire::new(Duration::ZERO, 0).send(Time(5), 64), Time(1_005));
    }
}
