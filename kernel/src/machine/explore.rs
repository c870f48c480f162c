//! Exploring what a machine might have done otherwise.
//!
//! A run of a machine that explores asks its chooser at every operation: which CPU goes on, whether the
//! running thread is preempted, who of equals is next. The explorer runs the machine, looks at the questions,
//! and runs it again with one more answer that is not the default, fewest first. So the first run that
//! fails is a shortest one: few deviations are what people can understand, and what most bugs need
//! (Musuvathi, Qadeer: "Iterative context bounding", PLDI 2007).
//!
//! A typical sequence: `explore(&config, 10_000, |machine| { machine.run(…); exit_code_of(machine) == 0 })`
//! returns the schedule `12=1`; a machine with that schedule in its configuration fails the same way every
//! time.

use super::{BootError, Config, Machine};
use crate::base::Schedule;
use std::collections::VecDeque;

/// What exploring found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Explored {
    /// With this schedule the test fails; after so many runs.
    Fails(Schedule, u64),
    /// No schedule fails it. There are so many.
    Holds(u64),
    /// Undecided after so many runs: the limit.
    GaveUp(u64),
}

/// Runs machines of this configuration under ever more unusual schedules until `test` returns `false`, no
/// schedule is left, or `limit` runs were made. `test` runs the machine and judges it.
///
/// # Errors
/// [`BootError`] if the machine cannot be switched on.
pub fn explore(
    config: &Config,
    limit: u64,
    test: impl Fn(&mut Machine) -> bool,
) -> Result<Explored, BootError> {
    let mut queue = VecDeque::from([Schedule::default()]);
    let mut runs = 0;
    while let Some(schedule) = queue.pop_front() {
        if runs == limit {
            return Ok(Explored::GaveUp(runs));
        }
        runs += 1;
        let config = Config { schedule: schedule.clone(), explore: true, ..config.clone() };
        let mut machine = Machine::boot(config)?;
        if !test(&mut machine) {
            return Ok(Explored::Fails(schedule, runs));
        }
        // Only questions after the last one that was answered otherwise: so no schedule comes up twice.
        let from = schedule.0.keys().next_back().map_or(0, |last| last + 1);
        let questions =
            (0u64..).zip(machine.choices()).skip_while(|(question, _)| *question < from);
        for (question, asked) in questions {
            for answer in (0..asked.of).filter(|&answer| answer != asked.answer) {
                let mut next = schedule.clone();
                next.0.insert(question, answer);
                queue.push_back(next);
            }
        }
    }
    Ok(Explored::Holds(runs))
}
