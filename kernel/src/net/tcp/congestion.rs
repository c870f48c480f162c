//! How much may be on its way: congestion control behind one trait, with Reno and CUBIC.
//!
//! All arithmetic is in whole numbers: bytes, nanoseconds, milliseconds. A controller decides how large the window
//! is; what is sent, lost or sent again is found out elsewhere.

use crate::base::{Digester, Duration, Time};
use std::fmt;
use std::hash::{Hash, Hasher};

/// What the controllers of all connections know, in Linux' names (tcp_available_congestion_control).
pub const CONTROLLERS: [&str; 2] = ["reno", "cubic"];

/// Decides how many bytes may be on their way.
pub trait Congestion: Send + Sync {
    /// Its name, as in TCP_CONGESTION.
    fn name(&self) -> &'static str;
    /// The window, in bytes.
    fn window(&self) -> u32;
    /// Where slow start ends, in bytes.
    fn threshold(&self) -> u32;
    /// So many new bytes were acknowledged.
    fn acknowledged(&mut self, bytes: u32, now: Time, round_trip: Duration);
    /// Segments were lost, as duplicate acknowledgements say; `flight` bytes were on their way.
    fn lost(&mut self, flight: u32, now: Time);
    /// Nothing was heard for so long that everything on its way counts as lost.
    fn timed_out(&mut self, flight: u32, now: Time);
    /// A copy, for keyframes.
    fn clone_controller(&self) -> Box<dyn Congestion>;
    /// Feeds its state into a digest.
    fn digest(&self, digester: &mut Digester);
}

impl Clone for Box<dyn Congestion> {
    fn clone(&self) -> Self {
        self.clone_controller()
    }
}

impl fmt::Debug for Box<dyn Congestion> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}({}/{})", self.name(), self.window(), self.threshold())
    }
}

impl Hash for Box<dyn Congestion> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let mut digester = Digester::default();
        self.digest(&mut digester);
        state.write_u64(digester.finish());
    }
}

/// The controller of that name for segments of `mss` bytes.
#[must_use]
pub fn by_name(name: &str, mss: u32) -> Option<Box<dyn Congestion>> {
    match name {
        "reno" => Some(Box::new(Reno::new(mss))),
        "cubic" => Some(Box::new(Cubic::new(mss))),
        _ => None,
    }
}

/// Ten segments to begin with (RFC 6928).
const INITIAL_SEGMENTS: u32 = 10;

/// Slow start, congestion avoidance, and half the window after a loss (RFC 5681).
#[derive(Clone, Debug, Hash)]
pub struct Reno {
    mss: u32,
    window: u32,
    threshold: u32,
    /// Bytes acknowledged since the window grew last, in congestion avoidance (RFC 3465).
    counted: u32,
}

impl Reno {
    /// With the initial window for segments of `mss` bytes.
    #[must_use]
    pub fn new(mss: u32) -> Self {
        let mss = mss.max(1);
        Self { mss, window: mss.saturating_mul(INITIAL_SEGMENTS), threshold: u32::MAX, counted: 0 }
    }

    /// Slow start: the window grows by what was acknowledged, and so doubles in every round trip. Returns the bytes
    /// that are left beyond the threshold.
    fn slow_start(&mut self, bytes: u32) -> u32 {
        let room = self.threshold.saturating_sub(self.window);
        let grown = bytes.min(room);
        self.window = self.window.saturating_add(grown);
        bytes - grown
    }
}

impl Congestion for Reno {
    fn name(&self) -> &'static str {
        "reno"
    }
    fn window(&self) -> u32 {
        self.window
    }
    fn threshold(&self) -> u32 {
        self.threshold
    }

    fn acknowledged(&mut self, bytes: u32, _now: Time, _round_trip: Duration) {
        let bytes = self.slow_start(bytes);
        // Congestion avoidance: a segment more for every window of bytes acknowledged.
        self.counted = self.counted.saturating_add(bytes);
        if self.counted >= self.window {
            self.counted -= self.window;
            self.window = self.window.saturating_add(self.mss);
        }
    }

    fn lost(&mut self, flight: u32, _now: Time) {
        self.threshold = (flight / 2).max(2 * self.mss);
        self.window = self.threshold;
        self.counted = 0;
    }

    fn timed_out(&mut self, flight: u32, now: Time) {
        self.lost(flight, now);
        self.window = self.mss;
    }

    fn clone_controller(&self) -> Box<dyn Congestion> {
        Box::new(self.clone())
    }
    fn digest(&self, digester: &mut Digester) {
        self.hash(digester);
    }
}

/// CUBIC (RFC 9438): after a loss the window grows back to where it was as a cubic function of the time since, slowly
/// around that point and faster beyond it, whatever the round-trip time is.
#[derive(Clone, Debug, Hash)]
pub struct Cubic {
    reno: Reno,
    /// The window before the last loss, in bytes (W_max).
    before: u64,
    /// When the present growth began.
    epoch: Option<Time>,
    /// When it will be back at `before`, in milliseconds after `epoch` (K).
    back_in: u64,
    /// What Reno would have by now, in bytes: CUBIC is never slower (W_est).
    estimate: u64,
}

impl Cubic {
    /// With the initial window for segments of `mss` bytes.
    #[must_use]
    pub fn new(mss: u32) -> Self {
        Self { reno: Reno::new(mss), before: 0, epoch: None, back_in: 0, estimate: 0 }
    }

    /// The window that the cubic function wants `after` the epoch, in bytes: C·(t − K)³ + W_max, with C = 0.4 segments
    /// per cubic second.
    fn wanted(&self, after: Duration) -> u64 {
        let milliseconds = i128::from(after.0 / 1_000_000) - i128::from(self.back_in);
        let cube = milliseconds * milliseconds * milliseconds;
        let grown = cube * 4 * i128::from(self.reno.mss) / 10_000_000_000;
        u64::try_from(i128::from(self.before) + grown).unwrap_or(0)
    }
}

/// The largest number whose cube is not above `n`.
fn cube_root(n: u64) -> u64 {
    let (mut low, mut high) = (0u64, 2_642_245);
    while low < high {
        let middle = (low + high).div_ceil(2);
        if middle * middle * middle <= n {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    low
}

impl Congestion for Cubic {
    fn name(&self) -> &'static str {
        "cubic"
    }
    fn window(&self) -> u32 {
        self.reno.window
    }
    fn threshold(&self) -> u32 {
        self.reno.threshold
    }

    fn acknowledged(&mut self, bytes: u32, now: Time, round_trip: Duration) {
        let bytes = self.reno.slow_start(bytes);
        if bytes == 0 {
            return;
        }
        let (window, mss) = (u64::from(self.reno.window), u64::from(self.reno.mss));
        let epoch = *self.epoch.get_or_insert_with(|| {
            self.before = self.before.max(window);
            // K = ∛((W_max − cwnd) / C), in milliseconds.
            let gap = self.before - window;
            self.back_in = cube_root(gap.saturating_mul(2_500_000_000) / mss);
            self.estimate = window;
            now
        });
        // As fast as Reno with CUBIC's decrease: 3·(1 − β)/(1 + β) = 9/17 of a segment for each window.
        self.estimate += u64::from(bytes) * mss * 9 / (17 * window.max(1));
        let target = self.wanted(now.since(epoch) + round_trip).clamp(window, window * 3 / 2);
        let grown = (target - window) * u64::from(bytes) / window.max(1);
        let window = (window + grown).max(self.estimate);
        self.reno.window = u32::try_from(window).unwrap_or(u32::MAX);
    }

    fn lost(&mut self, flight: u32, _now: Time) {
        let window = u64::from(self.reno.window);
        // Fast convergence: who did not get back to the last maximum makes room for others.
        self.before = if window < self.before { window * 17 / 20 } else { window };
        self.epoch = None;
        let reduced = (u64::from(flight) * 7 / 10) as u32;
        self.reno.threshold = reduced.max(2 * self.reno.mss);
        self.reno.window = self.reno.threshold;
    }

    fn timed_out(&mut self, flight: u32, now: Time) {
        self.lost(flight, now);
        self.reno.window = self.reno.mss;
    }

    fn clone_controller(&self) -> Box<dyn Congestion> {
        Box::new(self.clone())
    }
    fn digest(&self, digester: &mut Digester) {
        self.hash(digester);
    }
}

#[cfg(test)]
mod tests {
    use super::{Congestion, Cubic, Reno, cube_root};
    use crate::base::{Duration, Time};

    const MSS: u32 = 1000;
    const RTT: Duration = Duration::millis(100);

    /// Acknowledges one window, segment by segment.
    fn round(controller: &mut dyn Congestion, now: Time) {
        for _ in 0..controller.window() / MSS {
            controller.acknowledged(MSS, now, RTT);
        }
    }

    #[test]
    fn slow_start_doubles_and_congestion_avoidance_adds_one() {
        let mut reno = Reno::new(MSS);
        round(&mut reno, Time::ZERO);
        assert_eq!(reno.window(), 20 * MSS);
        reno.lost(20 * MSS, Time::ZERO);
        assert_eq!((reno.window(), reno.threshold()), (10 * MSS, 10 * MSS));
        round(&mut reno, Time::ZERO);
        assert_eq!(reno.window(), 11 * MSS);
        reno.timed_out(11 * MSS, Time::ZERO);
        assert_eq!((reno.window(), reno.threshold()), (MSS, 5500));
        for _ in 0..3 {
            round(&mut reno, Time::ZERO);
        }
        assert!(reno.window() >= 5500, "slow start up to the threshold: {}", reno.window());
    }

    #[test]
    fn cubic_is_back_where_it_was_after_k_and_then_probes_beyond() {
        // RFC 9438 §4.2: K = ∛(W_max·(1 − β)/C) = ∛(1000·0.3/0.4) s = 9.08 s for a window of 1000 segments.
        let mut cubic = Cubic::new(MSS);
        cubic.reno.window = 1000 * MSS;
        cubic.lost(1000 * MSS, Time::ZERO);
        assert_eq!(cubic.window(), 700 * MSS);
        let mut at = |seconds: u64| {
            let mut window = 0;
            for tenth in 0..10 {
                let now = Time::ZERO + Duration::millis(seconds * 1000 + tenth * 100);
                round(&mut cubic, now);
                window = cubic.window() / MSS;
            }
            window
        };
        let windows: Vec<u32> = (0..14).map(&mut at).collect();
        assert!((990..=1010).contains(&windows[8]), "back after 9 seconds: {windows:?}");
        assert!(windows[1] - windows[0] > 3 * (windows[8] - windows[7]), "concave: {windows:?}");
        assert!(windows[13] - windows[12] > windows[10] - windows[9], "then convex: {windows:?}");
    }

    #[test]
    fn cube_roots() {
        for (n, root) in [(0, 0), (1, 1), (7, 1), (8, 2), (u64::MAX, 2_642_245)] {
            assert_eq!(cube_root(n), root);
        }
    }
}
