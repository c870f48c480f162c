//! How long to wait for an acknowledgement (RFC 6298).

use crate::base::Duration;

/// Before there is any measurement.
const INITIAL: Duration = Duration::seconds(1);
/// Never less (Linux' `TCP_RTO_MIN`; the RFC asks for a second).
const MINIMUM: Duration = Duration::millis(200);
/// Never more (Linux' `TCP_RTO_MAX`).
const MAXIMUM: Duration = Duration::seconds(120);

/// The estimate of the round-trip time and what follows from it.
#[derive(Clone, Debug, Default, Hash)]
pub struct Timing {
    /// Smoothed round-trip time (SRTT), once there was a measurement.
    pub smoothed: Option<Duration>,
    /// How much it varies (RTTVAR).
    pub variation: Duration,
    /// The shortest that was measured.
    pub shortest: Option<Duration>,
    /// How often the timer went off since the last new acknowledgement.
    pub backoff: u32,
}

impl Timing {
    /// A round trip was measured, on a segment that was sent once (Karn's algorithm).
    pub fn measured(&mut self, sample: Duration) {
        self.backoff = 0;
        self.shortest = Some(self.shortest.map_or(sample, |shortest| shortest.min(sample)));
        match self.smoothed {
            None => {
                self.smoothed = Some(sample);
                self.variation = Duration(sample.0 / 2);
            }
            Some(smoothed) => {
                let error = smoothed.0.abs_diff(sample.0);
                // β = 1/4, α = 1/8
                self.variation = Duration(self.variation.0 - self.variation.0 / 4 + error / 4);
                self.smoothed = Some(Duration(smoothed.0 - smoothed.0 / 8 + sample.0 / 8));
            }
        }
    }

    /// How long to wait before a segment is sent again (RTO), doubled for every time that was in vain.
    #[must_use]
    pub fn timeout(&self) -> Duration {
        let base = self.smoothed.map_or(INITIAL, |smoothed| {
            // Linux keeps the varying part above its minimum, so that a steady path does not time out at once.
            smoothed + Duration((self.variation.0.saturating_mul(4)).max(MINIMUM.0))
        });
        let doubled = base.0.saturating_mul(1 << self.backoff.min(16));
        Duration(doubled).min(MAXIMUM)
    }
}

#[cfg(test)]
mod tests {
    use super::Timing;
    use crate::base::Duration;

    #[test]
    fn the_estimate_follows_the_rfc() {
        let mut timing = Timing::default();
        assert_eq!(timing.timeout(), Duration::seconds(1));
        timing.measured(Duration::millis(800));
        // SRTT = R, RTTVAR = R/2, RTO = SRTT + 4·RTTVAR.
        assert_eq!(timing.timeout(), Duration::millis(2_400));
        timing.measured(Duration::millis(800));
        assert_eq!(timing.timeout(), Duration::millis(800 + 4 * 300));
        timing.backoff = 2;
        assert_eq!(timing.timeout(), Duration::millis(4 * 2_000));
        timing.backoff = 30;
        assert_eq!(timing.timeout(), Duration::seconds(120));
        for _ in 0..100 {
            timing.measured(Duration::micros(100));
        }
        assert!(timing.timeout() >= Duration::millis(200), "never below the minimum");
    }
}
