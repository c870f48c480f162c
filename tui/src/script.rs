//! A script beside the machine that plays it: what has become of each of its lines at a moment.

use oscope_kernel::abi::probe;
use oscope_kernel::event::{Event, Log, TaskEvent};
use oscope_userland::script::play::{Plan, Played, Verdict};

/// How a line of the source stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Standing {
    /// It says nothing that is done or checked.
    #[default]
    Quiet,
    /// It is still to come.
    Ahead,
    /// It is under way.
    Now,
    /// As it says.
    Right,
    /// Otherwise.
    Wrong {
        /// What it says.
        expected: String,
        /// What happened.
        actual: String,
    },
    /// It cannot be done or compared here.
    Skipped(String),
}

/// A script at a moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScriptPicture {
    /// How each line of the source stands.
    pub lines: Vec<Standing>,
    /// The line that was begun last, from 0.
    pub current: Option<usize>,
}

impl ScriptPicture {
    /// Looks at a log. At the end of a run what has not happened will not.
    #[must_use]
    pub fn of(plan: &Plan, log: &Log, at_end: bool) -> Self {
        let played = Played::of_log(plan, log);
        let mut lines = vec![Standing::Quiet; plan.source().lines().count()];
        for outcome in &played.lines {
            let Some(line) = (outcome.row as usize).checked_sub(1).and_then(|at| lines.get_mut(at))
            else {
                continue;
            };
            let standing = standing(&outcome.verdict, at_end);
            // Of several repetitions the first that is wrong is told, else the one that is under way.
            if rank(&standing) >= rank(line) {
                *line = standing;
            }
        }
        let marks = log.since(0).filter_map(|(_, record)| match record.event {
            Event::Task(TaskEvent::Mark { fact, value }) if u64::from(fact) == probe::LINE => {
                usize::try_from(value >> 32).ok()
            }
            _ => None,
        });
        let current = marks.filter_map(|line| plan.row(line)).last();
        let current = current.and_then(|row| (row as usize).checked_sub(1));
        if let Some(line) = current.and_then(|at| lines.get_mut(at))
            && *line == Standing::Ahead
        {
            *line = Standing::Now;
        }
        Self { lines, current }
    }
}

fn standing(verdict: &Verdict, at_end: bool) -> Standing {
    match verdict {
        Verdict::Quiet => Standing::Quiet,
        Verdict::Match => Standing::Right,
        Verdict::NotReached => Standing::Ahead,
        Verdict::Pending { .. } if !at_end => Standing::Now,
        Verdict::Pending { expected, actual } | Verdict::Mismatch { expected, actual } => {
            Standing::Wrong { expected: expected.clone(), actual: actual.clone() }
        }
        Verdict::Unsupported(why) | Verdict::NotComparable(why) => Standing::Skipped(why.clone()),
    }
}

const fn rank(standing: &Standing) -> u8 {
    match standing {
        Standing::Quiet => 0,
        Standing::Skipped(_) => 1,
        Standing::Right => 2,
        Standing::Ahead => 3,
        Standing::Now => 4,
        Standing::Wrong { .. } => 5,
    }
}
