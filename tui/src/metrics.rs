//! What a run came to so far: the figures by which schedulers are compared.
//!
//! Definitions as in Silberschatz, Galvin, Gagne: *Operating System Concepts*, 10th ed., §5.2, and
//! Arpaci-Dusseau: *Operating Systems: Three Easy Pieces*, chapters 7 and 9. Jain's fairness index is from
//! Jain, Chiu, Hawe: *A Quantitative Measure of Fairness* (DEC-TR-301, 1984).

use crate::trace::Trace;
use oscope_kernel::base::{Duration, Time};

/// A machine's figures at a moment.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Metrics {
    /// Which part of all CPUs' time somebody ran, from 0 to 1.
    pub utilisation: f64,
    /// Tasks that have ended.
    pub ended: usize,
    /// Tasks ended per second.
    pub throughput: f64,
    /// From birth to end, the mean of the tasks that have ended.
    pub turnaround: Duration,
    /// From birth to the first time on a CPU, the mean of those that have run.
    pub response: Duration,
    /// Ready without a CPU, the mean of all tasks.
    pub wait: Duration,
    /// How often a CPU was given to a task.
    pub switches: u64,
    /// How often a task went on on another CPU than before.
    pub migrations: u64,
    /// Jain's index of the parts that tasks got of the CPU time they wanted (ran, of ran and waited): 1 if
    /// all are equal, 1/n if one had everything.
    pub fairness: f64,
}

/// The figures just before `time`.
#[must_use]
pub fn of(trace: &Trace, time: Time) -> Metrics {
    let mut metrics = Metrics::default();
    let (mut ran, mut turnaround, mut response, mut wait) = (0_u64, 0_u64, 0_u64, 0_u64);
    let (mut started, mut shares) = (0_u64, Shares::default());
    let tasks = trace.tasks(time);
    for track in tasks {
        let spent = track.spent(time);
        ran = ran.saturating_add(spent.ran.0);
        wait = wait.saturating_add(spent.queued.0);
        metrics.switches += u64::from(spent.switches);
        metrics.migrations += u64::from(spent.migrations);
        shares.add(spent.ran, spent.queued);
        if let Some(first) = track.first_ran(time) {
            started += 1;
            response = response.saturating_add(first.0);
        }
        if let Some(end) = track.ended(time) {
            metrics.ended += 1;
            turnaround = turnaround.saturating_add(end.since(track.born).0);
        }
    }
    let mean = |sum: u64, n: u64| Duration(sum.checked_div(n).unwrap_or(0));
    metrics.turnaround = mean(turnaround, metrics.ended as u64);
    metrics.response = mean(response, started);
    metrics.wait = mean(wait, tasks.len() as u64);
    metrics.fairness = shares.jain();
    if time > Time::ZERO {
        let all = time.0 as f64 * trace.cpus().max(1) as f64;
        metrics.utilisation = (ran as f64 / all).min(1.0);
        metrics.throughput = metrics.ended as f64 * 1e9 / time.0 as f64;
    }
    metrics
}

/// What Jain's index is made from.
#[derive(Default)]
struct Shares {
    n: f64,
    sum: f64,
    squares: f64,
}

impl Shares {
    fn add(&mut self, ran: Duration, queued: Duration) {
        let wanted = ran.0 as f64 + queued.0 as f64;
        if wanted > 0.0 {
            let share = ran.0 as f64 / wanted;
            self.n += 1.0;
            self.sum += share;
            self.squares += share * share;
        }
    }

    /// (Σx)² / (n Σx²); 1 if nobody wanted anything.
    fn jain(&self) -> f64 {
        if self.squares > 0.0 { self.sum * self.sum / (self.n * self.squares) } else { 1.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::{Metrics, Shares, of};
    use crate::trace::Trace;
    use oscope_kernel::base::{Duration, Time};

    #[test]
    fn jains_index_has_its_published_properties() {
        let index = |shares: &[(u64, u64)]| {
            let mut all = Shares::default();
            for (ran, queued) in shares {
                all.add(Duration(*ran), Duration(*queued));
            }
            all.jain()
        };
        assert!((index(&[(5, 5), (10, 10), (1, 1)]) - 1.0).abs() < 1e-9, "equal shares");
        assert!((index(&[(5, 0), (0, 5), (0, 7), (0, 1)]) - 0.25).abs() < 1e-9, "one of four");
        assert!((index(&[]) - 1.0).abs() < 1e-9);
    }

    #[test]
    fn nothing_yet_is_all_zeroes() {
        let metrics = of(&Trace::new(2), Time::ZERO);
        assert_eq!(metrics, Metrics { fairness: 1.0, ..Metrics::default() });
    }
}
