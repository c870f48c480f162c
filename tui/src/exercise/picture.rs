//! What happened around the failing moment, in letters: a lane per decision maker, or a lane per task.

use super::problem::Problem;
use crate::lang::Lang;
use crate::lesson::measure::Run;
use crate::text::{fit, short, width};
use crate::trace::Doing;
use oscope_kernel::base::Time;

/// How many decisions are shown.
const SHOWN: usize = 14;

/// What was decided, the problem's answer up to there, and where they part.
#[must_use]
pub fn of_order(
    problem: &Problem,
    right: &[String],
    given: &[String],
    at: usize,
    lang: Lang,
) -> Vec<String> {
    let from = at.saturating_sub(SHOWN - 4);
    let to = (at + 3).max(from + 1);
    let cell = right.iter().chain(given).map(|word| width(word)).max().unwrap_or(1).clamp(2, 8) + 1;
    let offset = usize::from(!matches!(problem, Problem::Sched(_)));
    let lane = |name: &str, word: &dyn Fn(usize) -> String| {
        let cells = (from..to).map(|n| fit(&word(n), cell)).collect::<String>();
        format!("  {}{}", fit(name, 9), cells.trim_end())
    };
    let (number, kernel, yours) = match lang {
        Lang::En => ("", "kernel", "you"),
        Lang::Ko => ("", "커널", "나"),
    };
    let of = |words: &[String], n: usize| words.get(n).cloned().unwrap_or_default();
    vec![
        lane(number, &|n| (n + offset).to_string()),
        // What the kernel does from there on is the answer, which is not given away.
        lane(kernel, &|n| {
            if n < at {
                of(right, n)
            } else if n == at {
                "?".to_owned()
            } else {
                String::new()
            }
        }),
        lane(yours, &|n| of(given, n)),
        lane("", &|n| if n == at { "^".to_owned() } else { String::new() }),
    ]
}

/// How many columns a lane of time has.
const COLUMNS: u64 = 48;

/// Tasks that are shown at most.
const TASKS: usize = 10;

/// A machine around a moment: a lane per task, `#` runs, `-` is ready, `.` waits, `z` has ended and is not yet reaped.
#[must_use]
pub fn of_run(run: &Run, machine: usize, at: Time, lang: Lang) -> Vec<String> {
    let Some(trace) = run.traces.get(machine) else { return Vec::new() };
    let end = run.until.0.max(1);
    // A run that is short is shown whole; of others what led to the moment.
    let span = if end <= 200_000_000 { end } else { 100_000_000.min(end) };
    let from = if span == end { 0 } else { at.0.saturating_sub(span / 4 * 3) };
    let step = (span / COLUMNS).max(1);
    let born = trace.tasks(Time(end));
    let mut lines = Vec::new();
    for track in born.iter().filter(|track| track.tid != 0).take(TASKS) {
        let cell = |n: u64| match track.mostly(Time(from + n * step), Time(from + (n + 1) * step)) {
            Some(Doing::Run(_)) => '#',
            Some(Doing::Ready(_)) => '-',
            Some(Doing::Wait(_)) => '.',
            Some(Doing::Stopped) => 's',
            Some(Doing::Ended(_)) => 'z',
            None => ' ',
        };
        let lane: String = (0..COLUMNS).map(cell).collect();
        let name = format!("{} {}", track.tid, track.name(Time(end)));
        lines.push(format!("  {}{}", fit(&name, 14), lane.trim_end()));
    }
    let column = (at.0.saturating_sub(from) / step).min(COLUMNS - 1);
    let room = usize::try_from(column).unwrap_or(0);
    let moment = short(oscope_kernel::base::Duration(at.0));
    lines.push(format!("  {}{}^ {moment}", " ".repeat(14), " ".repeat(room)));
    lines.push(match lang {
        Lang::En => "  # runs  - is ready  . waits  z has ended".to_owned(),
        Lang::Ko => "  # 실행  - 준비  . 대기  z 종료".to_owned(),
    });
    lines
}
