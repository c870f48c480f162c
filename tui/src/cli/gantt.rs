//! Gantt charts in text, and the figures that go with them.

use oscope_userland::workbench::Units;
use oscope_userland::workbench::sched::{Answer, Slice};

/// How wide a chart may be.
const WIDTH: u64 = 64;

/// The letter that stands for a job: A to Z, a to z, then `*`.
pub(super) fn letter(job: usize) -> char {
    let letters = ('A'..='Z').chain('a'..='z');
    letters.into_iter().nth(job).unwrap_or('*')
}

/// A lane per CPU, with a scale, and the moments at which somebody else got the CPU.
pub(super) fn chart(answer: &Answer, cpus: u16) -> Vec<String> {
    let end = answer.slices.iter().map(|slice| slice.to.0).max().unwrap_or(0).max(1);
    let one = Units::whole(1).0;
    // A column per unit of time, or as many whole ones as make it fit; fractions are rounded.
    let per_column = end.div_ceil(WIDTH).div_ceil(one).max(1) * one;
    let columns = end.div_ceil(per_column);
    let mut lines = Vec::new();
    for cpu in 0..cpus {
        let own: Vec<&Slice> = answer.slices.iter().filter(|slice| slice.cpu == cpu).collect();
        let at = |column: u64| {
            let middle = column * per_column + per_column / 2;
            let runs = own.iter().find(|slice| slice.from.0 <= middle && middle < slice.to.0);
            runs.map_or('-', |slice| letter(slice.job))
        };
        let lane: String = (0..columns).map(at).collect();
        lines.push(format!("  cpu{cpu:<4}|{lane}|"));
    }
    let mut scale = String::new();
    let mut column = 0;
    while column <= columns {
        let mark = Units(column * per_column).to_string();
        scale.push_str(&format!("{mark:<8}"));
        column += 8;
    }
    lines.push(format!("          {}", scale.trim_end()));
    if per_column > one {
        lines.push(format!("          (a column is {} units of time)", Units(per_column)));
    }
    if answer.slices.len() <= 40 {
        for cpu in 0..cpus {
            let own = answer.slices.iter().filter(|slice| slice.cpu == cpu);
            let text: Vec<String> = own
                .map(|slice| format!("{} {}-{}", letter(slice.job), slice.from, slice.to))
                .collect();
            let label = if cpus > 1 { format!("cpu{cpu}: ") } else { String::new() };
            lines.push(format!("  {label}{}", text.join("  ")));
        }
    }
    lines
}

/// Figures of a whole run.
pub(super) struct Figures {
    /// The share of the CPUs' time in which somebody had them, 0 to 1.
    pub(super) utilisation: f64,
    /// Jobs done per unit of time.
    pub(super) throughput: f64,
    /// How often a CPU went from one job to another, or to idleness and back.
    pub(super) switches: usize,
    /// Jain's index over the share of its time in the system for which each job ran.
    pub(super) fairness: f64,
}

/// The figures.
pub(super) fn figures(answer: &Answer, cpus: u16) -> Figures {
    let end = answer.jobs.iter().map(|job| job.finish).max().unwrap_or_default().as_f64();
    let begin = answer.jobs.iter().map(|job| job.arrival).min().unwrap_or_default().as_f64();
    let busy: f64 = answer.slices.iter().map(|s| s.to.as_f64() - s.from.as_f64()).sum();
    let span = (end - begin).max(f64::MIN_POSITIVE);
    let shares = answer.jobs.iter().map(|job| {
        let turnaround = job.turnaround.as_f64();
        if turnaround > 0.0 { job.length.as_f64() / turnaround } else { 1.0 }
    });
    Figures {
        utilisation: busy / (span * f64::from(cpus)),
        throughput: answer.jobs.len() as f64 / span,
        switches: answer.slices.len().saturating_sub(usize::from(cpus).min(answer.slices.len())),
        fairness: jain(shares),
    }
}

/// Jain's fairness index: 1 if all have the same, 1/n if one has everything (Jain, Chiu, Hawe, 1984).
pub(super) fn jain(shares: impl Iterator<Item = f64>) -> f64 {
    let (mut n, mut sum, mut squares) = (0.0, 0.0, 0.0);
    for share in shares {
        n += 1.0;
        sum += share;
        squares += share * share;
    }
    if squares > 0.0 { sum * sum / (n * squares) } else { 1.0 }
}
