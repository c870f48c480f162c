//! The one language of conditions on events: filters, stops, expectations and goals all speak it.
//!
//! `task=hog cpu=1 kind=sched.switch time>=5ms` holds for an event of which all four are true; `and`, `or`,
//! `not` and parentheses combine. docs/predicates.md is the reference.
//!
//! Layers: [`mod@parse`] reads the text, [`Predicate`] is what was read, [`Facts`] is all that a condition can
//! see of an event. Facts are plain values, so that whoever has a log, live or from a file, can ask.
//!
//! Taken from elsewhere: words side by side mean "and", as in the display filters of tcpdump's and
//! Wireshark's users' habit; fields with a fixed vocabulary and errors that list it are Wireshark's.

pub mod facts;
pub mod parse;

#[cfg(test)]
mod tests;

pub use facts::{Facts, KINDS, Who, facts, kind};
pub use parse::Error;

use oscope_kernel::base::{Duration, Time};

/// What of an event a condition looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// The name of a task that it is about.
    Task,
    /// The thread's number.
    Tid,
    /// The process's number.
    Pid,
    /// The CPU.
    Cpu,
    /// The machine's name.
    Machine,
    /// What happened: `sched.switch`, or `sched` for all of these.
    Kind,
    /// When.
    Time,
    /// The system call's name.
    Call,
    /// The name of the error that the call ended with.
    Errno,
    /// What the call returned.
    Result,
    /// How long the call took.
    Took,
    /// Why a thread left its CPU, or what it waits for.
    Why,
    /// The event's number.
    Event,
    /// The address that was touched.
    Address,
    /// The page of that address: a multiple of 4096.
    Page,
    /// The frame of RAM.
    Frame,
    /// The block of a disk.
    Block,
    /// What a program marked: a fact's number.
    Mark,
}

/// How the fields are spelled, and what may stand behind them.
pub const FIELDS: [(&str, Field, &str); 18] = [
    ("task", Field::Task, "a program's name"),
    ("tid", Field::Tid, "a thread's number"),
    ("pid", Field::Pid, "a process's number"),
    ("cpu", Field::Cpu, "a CPU's number"),
    ("machine", Field::Machine, "a machine's name"),
    ("kind", Field::Kind, "a kind of event"),
    ("time", Field::Time, "a time such as 5ms"),
    ("call", Field::Call, "a system call's name"),
    ("errno", Field::Errno, "an error's name such as ENOENT"),
    ("result", Field::Result, "a number"),
    ("took", Field::Took, "a length of time such as 5ms"),
    ("why", Field::Why, "a reason such as slice or disk"),
    ("event", Field::Event, "an event's number"),
    ("address", Field::Address, "an address such as 0x4000"),
    ("page", Field::Page, "an address in a page, such as 0x4000"),
    ("frame", Field::Frame, "a frame's number"),
    ("block", Field::Block, "a block's number"),
    ("mark", Field::Mark, "the number of a fact that a program marks"),
];

/// How a field is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    /// `=`
    Equal,
    /// `!=`
    Unequal,
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `>`
    Greater,
    /// `>=`
    AtLeast,
    /// `~`: the text contains the word.
    Contains,
}

/// What a field is compared with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A word.
    Text(String),
    /// A number, a moment or a length in nanoseconds.
    Number(i128),
}

/// A condition on an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Predicate {
    /// Holds always: the empty text.
    Always,
    /// A field compared with a value.
    Is(Field, Op, Value),
    /// A word alone: it stands in the kind, the call or the name of a task.
    Word(String),
    /// Not.
    Not(Box<Predicate>),
    /// All of them.
    All(Vec<Predicate>),
    /// At least one of them.
    Any(Vec<Predicate>),
}

impl Predicate {
    /// Reads a condition.
    ///
    /// # Errors
    /// Where the text is wrong, and what was expected there.
    pub fn parse(text: &str) -> Result<Self, Error> {
        parse::parse(text)
    }

    /// Whether it is true of an event.
    #[must_use]
    pub fn holds(&self, facts: &Facts<'_>) -> bool {
        match self {
            Self::Always => true,
            Self::Is(field, op, value) => is(facts, *field, *op, value),
            Self::Word(word) => facts.words().any(|text| text.contains(word.as_str())),
            Self::Not(inner) => !inner.holds(facts),
            Self::All(parts) => parts.iter().all(|part| part.holds(facts)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(facts)),
        }
    }
}

/// Bytes in a page, as a power of two.
const PAGE: u32 = 12;

/// A field that an event does not have is never equal to anything, and always unequal.
fn is(facts: &Facts<'_>, field: Field, op: Op, value: &Value) -> bool {
    if op == Op::Unequal {
        return !is(facts, field, Op::Equal, value);
    }
    let number = |have: Option<i128>| matches!((have, value), (Some(have), Value::Number(wanted)) if compare(have, op, *wanted));
    let text = |have: Option<&str>| have.is_some_and(|have| matches(have, op, value));
    match field {
        Field::Task => facts.tasks.iter().any(|task| text(Some(task.name))),
        Field::Tid => facts.tasks.iter().any(|task| number(Some(task.tid.into()))),
        Field::Pid => facts.tasks.iter().any(|task| number(Some(task.pid.into()))),
        Field::Cpu => number(Some(facts.cpu.into())),
        Field::Machine => text(Some(facts.machine)),
        Field::Kind => {
            let family = facts.kind.split('.').next();
            text(Some(facts.kind)) || (op == Op::Equal && text(family))
        }
        Field::Time => number(Some(facts.time.0.into())),
        Field::Call => text(facts.call),
        Field::Errno => text(facts.errno),
        Field::Result => number(facts.result.map(i128::from)),
        Field::Took => number(facts.took.map(|took: Duration| took.0.into())),
        Field::Why => text(facts.why),
        Field::Event => number(Some(facts.event.into())),
        Field::Address => number(facts.address.map(i128::from)),
        Field::Page => number(facts.address.map(|address| i128::from(address >> PAGE << PAGE))),
        Field::Frame => number(facts.frame.map(i128::from)),
        Field::Block => number(facts.block.map(i128::from)),
        Field::Mark => number(facts.mark.map(i128::from)),
    }
}

/// Whether two numbers compare so.
#[must_use]
pub const fn compare(have: i128, op: Op, wanted: i128) -> bool {
    match op {
        Op::Equal => have == wanted,
        Op::Unequal => have != wanted,
        Op::Less => have < wanted,
        Op::AtMost => have <= wanted,
        Op::Greater => have > wanted,
        Op::AtLeast => have >= wanted,
        Op::Contains => false,
    }
}

fn matches(have: &str, op: Op, value: &Value) -> bool {
    let Value::Text(wanted) = value else { return false };
    match op {
        Op::Equal => have == wanted,
        Op::Contains => have.contains(wanted.as_str()),
        _ => false,
    }
}

/// A length of time as people write it: `5ms`, `1.5s`, `200us`, `70ns`, or nanoseconds without a unit.
#[must_use]
pub fn time(text: &str) -> Option<Time> {
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(digits)?;
    let scale: u64 = match unit.trim() {
        "" | "ns" => 1,
        "us" | "µs" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        _ => return None,
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() || fraction.len() > 9 {
        return None;
    }
    let whole: u64 = whole.parse().ok()?;
    let mut nanos = whole.checked_mul(scale)?;
    let mut place = scale;
    for digit in fraction.chars() {
        place /= 10;
        nanos = nanos.checked_add(u64::from(digit.to_digit(10)?).checked_mul(place)?)?;
    }
    Some(Time(nanos))
}
