//! Everything that a real machine might have done otherwise goes through [`Chooser::choose`].
//!
//! Which thread runs next, which waiter is woken, whether somebody is preempted here, which CPU is a
//! little faster: the kernel asks, and gets `0`, its default, unless somebody steers. The answers that
//! are not the default are the **schedule**, a short text such as `17=1,40=2` (question number = answer)
//! that replays the run. An explorer records the questions, changes one answer, and runs again; this is
//! how CHESS (Musuvathi et al., OSDI 2008) finds races, and loom for Rust programs.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

/// What is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Choice {
    /// Which CPU performs the next operation (asked when exploring only).
    Cpu,
    /// Whether the running thread is preempted here (asked when exploring only).
    Preempt,
    /// Which of the threads that the policy holds to be equal runs.
    Thread,
    /// Which waiter of a channel is woken.
    Waiter,
}

/// A question that was asked: how many answers there were, and which one was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Asked {
    /// What was chosen.
    pub kind: Choice,
    /// How many answers there were, at least 2.
    pub of: u32,
    /// The one taken, in `0..of`.
    pub answer: u32,
}

/// The answers that differ from the default, by the number of the question.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Schedule(pub BTreeMap<u64, u32>);

/// What is not a schedule, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScheduleError {
    /// The part of the text that could not be read.
    pub part: String,
}

impl fmt::Display for ScheduleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is not QUESTION=ANSWER, two whole numbers such as 17=1", self.part)
    }
}

impl std::error::Error for ScheduleError {}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, (question, answer)) in self.0.iter().enumerate() {
            let comma = if n == 0 { "" } else { "," };
            write!(f, "{comma}{question}={answer}")?;
        }
        Ok(())
    }
}

impl FromStr for Schedule {
    type Err = ScheduleError;
    fn from_str(text: &str) -> Result<Self, ScheduleError> {
        let mut answers = BTreeMap::new();
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let bad = || ScheduleError { part: part.chars().take(40).collect() };
            let (question, answer) = part.split_once('=').ok_or_else(bad)?;
            let question = question.trim().parse().map_err(|_| bad())?;
            answers.insert(question, answer.trim().parse().map_err(|_| bad())?);
        }
        Ok(Self(answers))
    }
}

/// Answers the kernel's questions.
#[derive(Clone, Debug, Default, Hash)]
pub struct Chooser {
    /// How many questions have been asked.
    asked: u64,
    schedule: Schedule,
    /// The questions so far, if an explorer wants to know them.
    record: Option<Vec<Asked>>,
}

impl Chooser {
    /// Answers with `schedule`, and with the default where it is silent.
    #[must_use]
    pub fn with(schedule: Schedule) -> Self {
        Self { schedule, ..Self::default() }
    }

    /// As [`with`](Self::with), and keeps the questions for [`record`](Self::record).
    #[must_use]
    pub fn recording(schedule: Schedule) -> Self {
        Self { schedule, record: Some(Vec::new()), ..Self::default() }
    }

    /// One of `0..of`; 0 is what the kernel would do of its own accord. With fewer than two answers
    /// there is no question. An answer out of range counts as the last one.
    pub fn choose(&mut self, kind: Choice, of: usize) -> usize {
        if of < 2 {
            return 0;
        }
        let question = self.asked;
        self.asked += 1;
        let answer = if self.schedule.0.is_empty() {
            0
        } else {
            self.schedule.0.get(&question).map_or(0, |&a| (a as usize).min(of - 1))
        };
        if let Some(record) = &mut self.record {
            record.push(Asked { kind, of: of as u32, answer: answer as u32 });
        }
        answer
    }

    /// Whether anybody steers or listens. If not, every answer is 0.
    #[must_use]
    pub fn is_asked(&self) -> bool {
        self.record.is_some() || !self.schedule.0.is_empty()
    }

    /// The questions asked since the start, if they were recorded.
    #[must_use]
    pub fn record(&self) -> &[Asked] {
        self.record.as_deref().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::{Choice, Chooser, Schedule};

    #[test]
    fn the_schedule_answers_and_the_default_fills_in() {
        let mut chooser = Chooser::recording("1=2, 3=9".parse().expect("a schedule"));
        let got: Vec<usize> = (0..5).map(|_| chooser.choose(Choice::Thread, 3)).collect();
        assert_eq!(got, [0, 2, 0, 2, 0]);
        assert_eq!(chooser.choose(Choice::Thread, 1), 0);
        assert_eq!(chooser.record().len(), 5, "one answer is no question");
    }

    #[test]
    fn a_schedule_is_a_text() {
        let schedule: Schedule = "40=2,17=1".parse().expect("a schedule");
        assert_eq!(schedule.to_string(), "17=1,40=2");
        assert_eq!("".parse::<Schedule>().expect("empty").to_string(), "");
        assert!("17".parse::<Schedule>().is_err());
        assert!("a=1".parse::<Schedule>().unwrap_err().to_string().contains("`a=1`"));
    }
}
