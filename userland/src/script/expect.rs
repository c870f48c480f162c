//! `expect` lines: what must have happened, how things must stand, and how much of something there may be.
//!
//! * `expect kind=sched.switch why=slice`: at least one such event so far. The conditions are those of
//!   docs/predicates.md.
//! * `expect never …`, `expect 3 …`, `expect at least 2 …`, `expect at most 5 …`: so many of them.
//! * `expect state 2 is zombie`: a task, by its number or variable, is `running`, `ready`, `sleeping`, `stopped`, `zombie`
//!   or `gone`.
//! * `expect metric switches <= 4`: a figure of the machine, one of [`METRICS`].

use crate::predicate::{self, Op, Predicate};

/// The figures that an expectation may name.
pub const METRICS: [&str; 6] = ["switches", "calls", "faults", "signals", "tasks", "time"];

/// How a task may stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It has a CPU.
    Running,
    /// It could run.
    Ready,
    /// It waits.
    Sleeping,
    /// A signal has stopped it.
    Stopped,
    /// It has ended and its parent does not know yet.
    Zombie,
    /// There is no such task: it has ended, and its parent knows.
    Gone,
}

const STANDINGS: [(&str, Standing); 6] = [
    ("running", Standing::Running),
    ("ready", Standing::Ready),
    ("sleeping", Standing::Sleeping),
    ("stopped", Standing::Stopped),
    ("zombie", Standing::Zombie),
    ("gone", Standing::Gone),
];

impl Standing {
    /// Its word.
    #[must_use]
    pub fn name(self) -> &'static str {
        STANDINGS.iter().find(|(_, known)| *known == self).map_or("", |(name, _)| name)
    }
}

/// How many events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Count {
    /// So many or more.
    AtLeast(u64),
    /// So many or fewer.
    AtMost(u64),
    /// Just so many.
    Exactly(u64),
}

/// What a line expects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expectation {
    /// So many events of which this is true.
    Events(Count, Predicate),
    /// A task stands so.
    State(String, Standing),
    /// A figure compares so.
    Metric(&'static str, Op, u64),
}

/// What is wrong with an expectation: where in its text, and what was expected there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// The byte at which it is wrong.
    pub at: usize,
    /// What is wrong.
    pub message: String,
    /// What was expected.
    pub expected: String,
}

impl Expectation {
    /// Reads what stands behind `expect`.
    ///
    /// # Errors
    /// Where it is wrong.
    pub fn parse(text: &str) -> Result<Self, Wrong> {
        let (first, rest) = word(text, 0);
        match text.get(first.clone()).unwrap_or_default() {
            "state" => state(text, rest),
            "metric" => metric(text, rest),
            "never" => events(text, rest, Count::AtMost(0)),
            "at" => {
                let (which, rest) = word(text, rest);
                let (number, rest) = word(text, rest);
                let count = text.get(number.clone()).and_then(|number| number.parse().ok());
                match (text.get(which.clone()), count) {
                    (Some("least"), Some(count)) => events(text, rest, Count::AtLeast(count)),
                    (Some("most"), Some(count)) => events(text, rest, Count::AtMost(count)),
                    _ => wrong(which.start, "how many?", "`at least 2` or `at most 2`"),
                }
            }
            number => match number.parse() {
                Ok(count) => events(text, rest, Count::Exactly(count)),
                Err(_) => events(text, 0, Count::AtLeast(1)),
            },
        }
    }
}

fn wrong<T>(at: usize, message: &str, expected: &str) -> Result<T, Wrong> {
    Err(Wrong { at, message: message.to_owned(), expected: expected.to_owned() })
}

/// The next word's place, and where the text goes on.
fn word(text: &str, from: usize) -> (std::ops::Range<usize>, usize) {
    let rest = text.get(from..).unwrap_or_default();
    let start = from + (rest.len() - rest.trim_start().len());
    let rest = text.get(start..).unwrap_or_default();
    let end = start + rest.find(char::is_whitespace).unwrap_or(rest.len());
    (start..end, end)
}

fn events(text: &str, from: usize, count: Count) -> Result<Expectation, Wrong> {
    let condition = text.get(from..).unwrap_or_default();
    if condition.trim().is_empty() {
        return wrong(from, "nothing is expected", "a condition such as `kind=task.exit`");
    }
    match Predicate::parse(condition) {
        Ok(predicate) => Ok(Expectation::Events(count, predicate)),
        Err(error) => {
            // Columns count characters.
            let ahead = condition.chars().take(error.column.saturating_sub(1));
            let at = from + ahead.map(char::len_utf8).sum::<usize>();
            let told = error.message.split_once("; expected ");
            let (message, expected) = told.unwrap_or((&error.message, "a condition"));
            wrong(at, message, expected)
        }
    }
}

fn state(text: &str, from: usize) -> Result<Expectation, Wrong> {
    let (who, rest) = word(text, from);
    let (is, rest) = word(text, rest);
    if text.get(is.clone()) != Some("is") {
        return wrong(is.start, "a state has the form `state 2 is zombie`", "`is`");
    }
    let (state, _) = word(text, rest);
    let word = text.get(state.clone()).unwrap_or_default();
    match STANDINGS.iter().find(|(name, _)| *name == word) {
        Some((_, standing)) => {
            Ok(Expectation::State(text.get(who).unwrap_or_default().to_owned(), *standing))
        }
        None => {
            let names: Vec<&str> = STANDINGS.iter().map(|(name, _)| *name).collect();
            wrong(state.start, &format!("`{word}` is no state"), &names.join(", "))
        }
    }
}

fn metric(text: &str, from: usize) -> Result<Expectation, Wrong> {
    let (name, rest) = word(text, from);
    let (op, rest) = word(text, rest);
    let (value, _) = word(text, rest);
    let word = text.get(name.clone()).unwrap_or_default();
    let Some(metric) = METRICS.iter().find(|known| **known == word) else {
        return wrong(name.start, &format!("`{word}` is no figure"), &METRICS.join(", "));
    };
    let op_text = text.get(op.clone()).unwrap_or_default();
    let op = match op_text {
        "=" | "==" => Op::Equal,
        "!=" => Op::Unequal,
        "<" => Op::Less,
        "<=" => Op::AtMost,
        ">" => Op::Greater,
        ">=" => Op::AtLeast,
        _ => return wrong(op.start, "how is it compared?", "=, !=, <, <=, > or >="),
    };
    let number = text.get(value.clone()).unwrap_or_default();
    let parsed = match *metric {
        "time" => predicate::time(number).map(|time| time.0),
        _ => number.parse().ok(),
    };
    match parsed {
        Some(value) => Ok(Expectation::Metric(metric, op, value)),
        None => wrong(value.start, &format!("`{number}` is no number"), "a number; for time `5ms`"),
    }
}

#[cfg(test)]
mod tests {
    use super::{Count, Expectation, Standing};

    #[test]
    fn expectations_are_read() {
        let parse = |text: &str| Expectation::parse(text).expect(text);
        assert!(matches!(parse("kind=task.exit"), Expectation::Events(Count::AtLeast(1), _)));
        assert!(matches!(parse("never call=read"), Expectation::Events(Count::AtMost(0), _)));
        assert!(matches!(parse("3 kind=sched"), Expectation::Events(Count::Exactly(3), _)));
        assert!(matches!(parse("at most 2 x"), Expectation::Events(Count::AtMost(2), _)));
        assert_eq!(
            parse("state $child is zombie"),
            Expectation::State("$child".into(), Standing::Zombie)
        );
        assert!(matches!(parse("metric switches <= 4"), Expectation::Metric("switches", _, 4)));
        assert!(matches!(parse("metric time < 5ms"), Expectation::Metric("time", _, 5_000_000)));
    }

    #[test]
    fn mistakes_are_placed() {
        for (text, at) in [
            ("", 0),
            ("state 2 was zombie", 8),
            ("state 2 is sleepy", 11),
            ("metric swiches < 3", 7),
            ("metric time < soon", 14),
            ("at rest", 3),
            ("cpu=1 tsk=hog", 6),
        ] {
            assert_eq!(Expectation::parse(text).expect_err(text).at, at, "{text}");
        }
    }
}
