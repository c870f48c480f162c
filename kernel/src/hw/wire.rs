//! A cable: how long a frame takes from one end to the other, and what may happen to it on the way.
//!
//! Frames stand in a queue in front of the cable, because it carries one bit after the other. The queue has an end:
//! what does not fit is lost, which is how a network says that it is full. Everything else that goes wrong is chance,
//! drawn from the cable's own generator: the same seed loses the same frames.

use super::device::Timing;
use crate::base::{Duration, Rng, Time};

/// What may happen to frames, in millionths.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Faults {
    /// So many get lost.
    pub loss: u32,
    /// So many arrive twice.
    pub duplicate: u32,
    /// So many are overtaken by those behind them.
    pub reorder: u32,
    /// Each is late by up to this much, by chance.
    pub jitter: Duration,
}

/// One million: always.
pub const ALWAYS: u32 = 1_000_000;

/// Why a frame did not get through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Lost {
    /// The queue in front of the cable was full.
    Queue,
    /// The cable lost it, or was cut.
    Cable,
}

/// One direction of a link, kept by the sending side.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Wire {
    /// From the last bit out to the last bit in. At least 1 µs: machines may run that far apart.
    latency: Duration,
    /// Time on the wire for a frame.
    serialization: Timing,
    /// Until when earlier frames occupy it.
    busy_until: Time,
    /// How many bytes may wait in front of it; 0: no limit.
    queue: u64,
    faults: Faults,
    /// When it is cut, and when it is mended.
    cuts: Vec<(Time, Time)>,
    random: Rng,
    /// Frames carried, frames lost.
    counts: (u64, u64),
}

/// The shortest latency that a link may have.
pub const MIN_LATENCY: Duration = Duration::micros(1);

/// How late a frame is that others overtake: as long as a few of the longest frames take, and a little more.
const OVERTAKEN: Duration = Duration::micros(100);

impl Wire {
    /// A wire with at least [`MIN_LATENCY`] of latency and `bits_per_second` of bandwidth (0: no limit).
    #[must_use]
    pub fn new(latency: Duration, bits_per_second: u64) -> Self {
        let per_kib = (8 * 1024 * 1_000_000_000u64).checked_div(bits_per_second).unwrap_or(0);
        Self {
            latency: latency.max(MIN_LATENCY),
            serialization: Timing { fixed: Duration::ZERO, per_kib: Duration(per_kib) },
            busy_until: Time::ZERO,
            queue: 0,
            faults: Faults::default(),
            cuts: Vec::new(),
            random: Rng::new(0),
            counts: (0, 0),
        }
    }

    /// What may go wrong on it, and where chance comes from.
    #[must_use]
    pub fn with_faults(self, faults: Faults, random: Rng) -> Self {
        Self { faults, random, ..self }
    }

    /// At most so many bytes wait in front of it.
    #[must_use]
    pub fn with_queue(self, queue: u64) -> Self {
        Self { queue, ..self }
    }

    /// When nothing gets through.
    #[must_use]
    pub fn with_cuts(self, cuts: Vec<(Time, Time)>) -> Self {
        Self { cuts, ..self }
    }

    /// Other faults from now on.
    pub fn set_faults(&mut self, faults: Faults) {
        self.faults = faults;
    }

    /// The latency.
    #[must_use]
    pub fn latency(&self) -> Duration {
        self.latency
    }

    /// Frames carried, frames lost.
    #[must_use]
    pub fn counts(&self) -> (u64, u64) {
        self.counts
    }

    /// How many bytes wait in front of it.
    #[must_use]
    pub fn waiting(&self, now: Time) -> u64 {
        let left = self.busy_until.since(now).0;
        (left * 1024).checked_div(self.serialization.per_kib.0).unwrap_or(0)
    }

    /// Puts a frame of `bytes` on the wire behind those before it; returns when it arrives, and when its double does.
    ///
    /// # Errors
    /// Why it does not.
    pub fn send(&mut self, now: Time, bytes: usize) -> Result<(Time, Option<Time>), Lost> {
        if self.queue > 0 && self.waiting(now) + bytes as u64 > self.queue {
            self.counts.1 += 1;
            return Err(Lost::Queue);
        }
        self.busy_until = self.busy_until.max(now) + self.serialization.of(bytes);
        let out = self.busy_until;
        let is_cut = self.cuts.iter().any(|(from, to)| *from <= out && out < *to);
        if is_cut || self.happens(self.faults.loss) {
            self.counts.1 += 1;
            return Err(Lost::Cable);
        }
        self.counts.0 += 1;
        let mut arrives = out + self.latency;
        if self.faults.jitter > Duration::ZERO {
            arrives += Duration(self.random.below(self.faults.jitter.0));
        }
        if self.happens(self.faults.reorder) {
            arrives += self.serialization.of(3 * 1514) + OVERTAKEN;
        }
        let double = self.happens(self.faults.duplicate).then(|| arrives + Duration::micros(1));
        Ok((arrives, double))
    }

    fn happens(&mut self, millionths: u32) -> bool {
        millionths > 0 && self.random.below(u64::from(ALWAYS)) < u64::from(millionths)
    }
}

#[cfg(test)]
mod tests {
    use super::{ALWAYS, Faults, Lost, Wire};
    use crate::base::{Duration, Rng, Time};

    #[test]
    fn frames_queue_for_the_wire_and_then_fly_together() {
        // 1 Gbit/s: 1024 bytes take 8192 ns.
        let mut wire = Wire::new(Duration::micros(50), 1_000_000_000);
        assert_eq!(wire.send(Time(0), 1024), Ok((Time(8_192 + 50_000), None)));
        assert_eq!(wire.send(Time(100), 1024), Ok((Time(2 * 8_192 + 50_000), None)));
        assert_eq!(Wire::new(Duration::ZERO, 0).send(Time(5), 64), Ok((Time(1_005), None)));
    }

    #[test]
    fn what_does_not_fit_the_queue_is_lost() {
        let mut wire = Wire::new(Duration::ZERO, 1_000_000_000).with_queue(3000);
        let sent = (0..4).filter(|_| wire.send(Time(0), 1000).is_ok()).count();
        assert_eq!(sent, 3);
        assert_eq!(wire.send(Time(1), 1000), Err(Lost::Queue));
        assert!(wire.send(Time(9_000), 1000).is_ok(), "one has left by now");
        assert_eq!(wire.counts(), (4, 2));
    }

    #[test]
    fn chance_is_the_seeds_and_a_cut_is_sure() {
        let faults = Faults { loss: ALWAYS / 5, duplicate: ALWAYS / 10, ..Faults::default() };
        let run = |seed| {
            let wire = Wire::new(Duration::ZERO, 0);
            let mut wire = wire.with_faults(faults, Rng::new(seed));
            (0..1000).map(|n| wire.send(Time(n), 64)).collect::<Vec<_>>()
        };
        assert_eq!(run(1), run(1));
        assert_ne!(run(1), run(2));
        let lost = run(1).iter().filter(|sent| sent.is_err()).count();
        assert!((150..250).contains(&lost), "a fifth of them: {lost}");
        let mut wire = Wire::new(Duration::ZERO, 0).with_cuts(vec![(Time(10), Time(20))]);
        assert!(wire.send(Time(9), 64).is_ok());
        assert_eq!(wire.send(Time(10), 64), Err(Lost::Cable));
        assert!(wire.send(Time(20), 64).is_ok());
    }
}
