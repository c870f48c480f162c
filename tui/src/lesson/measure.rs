//! Reads values from runs.
//!
//! Layers: a [`Run`] is a world that has run to its end, with all that its log tells; `event` and `state` read one value
//! from it, from the log and from machines at a moment; [`Values`] knows which runs a lesson's values need, runs each
//! once, and remembers.

mod event;
mod state;

use super::front::Value;
use super::moment::{Moment, is_name};
use super::whole::Plan;
use crate::source::Source;
use crate::text::{round_bytes, short};
use crate::trace::{Seen, Tags, Trace};
use oscope_kernel::base::{Duration, Time};
use oscope_kernel::world::World;
use oscope_userland::predicate::Predicate;
use oscope_userland::sh::arithmetic::{self, Variables};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// What a value came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Known {
    /// A number.
    Number(i64),
    /// Nanoseconds.
    Time(i64),
    /// Bytes.
    Bytes(i64),
    /// Words.
    Text(String),
}

impl Known {
    /// As a number for expressions; words that are none are 0.
    #[must_use]
    pub fn number(&self) -> i64 {
        match self {
            Self::Number(number) | Self::Time(number) | Self::Bytes(number) => *number,
            Self::Text(text) => text.trim().parse().unwrap_or(0),
        }
    }

    fn with_unit(self, unit: Option<&str>) -> Result<Self, String> {
        match unit {
            None => Ok(self),
            Some("time") => Ok(Self::Time(self.number())),
            Some("bytes") => Ok(Self::Bytes(self.number())),
            Some("number") => Ok(Self::Number(self.number())),
            Some(other) => Err(format!("unit `{other}`; expected `time`, `bytes` or `number`")),
        }
    }

    /// Whether this is what somebody typed.
    #[must_use]
    pub fn is(&self, typed: &str) -> bool {
        let typed = typed.trim();
        match self {
            Self::Text(text) => text.trim().eq_ignore_ascii_case(typed),
            _ if self.to_string() == typed => true,
            Self::Time(ns) => {
                let length = oscope_userland::scenario::units::duration(&typed.replace(' ', ""));
                // As exactly as the screen shows it.
                length.is_some_and(|length| {
                    i64::try_from(length.0) == Ok(*ns) || short(length) == self.to_string()
                })
            }
            Self::Number(number) | Self::Bytes(number) => {
                typed.replace([',', '_', ' '], "").parse() == Ok(*number)
            }
        }
    }
}

/// A number with a comma between thousands.
fn with_commas(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    if number < 0 { format!("-{out}") } else { out }
}

impl fmt::Display for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => f.write_str(&with_commas(*number)),
            Self::Time(ns) if *ns < 0 => write!(f, "-{}", short(Duration(ns.unsigned_abs()))),
            Self::Time(ns) => f.write_str(&short(Duration(ns.unsigned_abs()))),
            Self::Bytes(bytes) => f.write_str(&round_bytes(u64::try_from(*bytes).unwrap_or(0))),
            Self::Text(text) => f.write_str(text),
        }
    }
}

/// An event, where it is: on which machine, and in which place of its log.
type Place = (Time, usize, usize);

/// A world that has run to its end.
pub struct Run {
    source: Source,
    /// How long it is.
    pub until: Time,
    /// The world at its end.
    pub world: World,
    /// What the log of each machine tells.
    pub traces: Vec<Trace>,
    order: Vec<Place>,
}

impl Run {
    /// Runs a world.
    ///
    /// # Errors
    /// Why it cannot be switched on.
    pub fn new(source: Source, until: Time) -> Result<Self, String> {
        let mut world = source.boot()?;
        world.run(until);
        let traces: Vec<Trace> =
            world.machines().iter().map(|m| Trace::of(m, Tags::Letters)).collect();
        let mut order: Vec<Place> = Vec::new();
        for (machine, trace) in traces.iter().enumerate() {
            let log = trace.log(Time::MAX).iter().enumerate();
            order.extend(log.map(|(at, seen)| (seen.record.stamp.time, machine, at)));
        }
        order.sort_by_key(|(time, machine, at)| (*time, *machine, *at));
        Ok(Self { source, until, world, traces, order })
    }

    /// The world at a moment: all that happened before it has happened.
    fn world_at(&self, time: Time) -> Result<World, String> {
        let mut world = self.source.boot()?;
        world.run(time);
        Ok(world)
    }

    fn name(&self, machine: usize) -> &str {
        self.world.machines().get(machine).map_or("", |machine| &machine.config().name)
    }

    /// The place of a machine; the first unless one is named.
    fn machine(&self, name: Option<&str>) -> Result<usize, String> {
        let Some(name) = name else { return Ok(0) };
        let id = self.world.by_name(name).ok_or_else(|| format!("there is no machine `{name}`"))?;
        Ok(usize::from(id.0))
    }

    /// All events that meet a condition, in the order of time.
    fn matching<'r>(
        &'r self,
        condition: &'r Predicate,
        (from, to): (Time, Time),
    ) -> impl Iterator<Item = (usize, &'r Seen)> {
        let inside = self.order.iter().filter(move |(time, ..)| (from..=to).contains(time));
        inside.filter_map(move |(_, machine, at)| {
            let trace = self.traces.get(*machine)?;
            let seen = trace.log(Time::MAX).get(*at)?;
            let is_meant = condition.holds(&trace.facts(self.name(*machine), seen));
            is_meant.then_some((*machine, seen))
        })
    }
}

/// One of several in their order; -1 is the last.
fn nth<T>(mut all: impl Iterator<Item = T>, nth: i64) -> Option<T> {
    match usize::try_from(nth) {
        Ok(0) => None,
        Ok(nth) => all.nth(nth - 1),
        Err(_) => {
            let mut all: Vec<T> = all.collect();
            let back = usize::try_from(nth.unsigned_abs()).ok()?;
            let at = all.len().checked_sub(back)?;
            Some(all.swap_remove(at))
        }
    }
}

/// What a run is made with: changes of the world, and perhaps another script.
pub type Changes = (Vec<(String, String)>, Option<String>);

/// The values of a lesson.
pub struct Values<'p> {
    plan: &'p Plan,
    base: Changes,
    runs: BTreeMap<Changes, Run>,
    known: BTreeMap<String, Known>,
    /// Those that are being found out.
    busy: BTreeSet<String>,
}

impl<'p> Values<'p> {
    /// Those of a lesson whose world is changed in some way.
    #[must_use]
    pub fn new(plan: &'p Plan, base: Changes) -> Self {
        let known = plan.varied.iter().map(|(name, value)| (name.clone(), known_of(value)));
        Self { plan, base, runs: BTreeMap::new(), known: known.collect(), busy: BTreeSet::new() }
    }

    /// The run beside the text.
    ///
    /// # Errors
    /// Why there is none.
    pub fn run(&mut self) -> Result<&Run, String> {
        let base = self.base.clone();
        self.run_with(&base)
    }

    fn run_with(&mut self, changes: &Changes) -> Result<&Run, String> {
        if !self.runs.contains_key(changes) {
            let (source, until) = self.plan.source(changes)?;
            self.runs.insert(changes.clone(), Run::new(source, until)?);
        }
        self.runs.get(changes).ok_or_else(|| "there is no run".to_owned())
    }

    /// A value by its name.
    ///
    /// # Errors
    /// Why there is none.
    pub fn value(&mut self, name: &str) -> Result<Known, String> {
        if let Some(known) = self.known.get(name) {
            return Ok(known.clone());
        }
        let Some(value) = self.plan.values.get(name) else {
            return Err(format!("there is no value `{name}`"));
        };
        if !self.busy.insert(name.to_owned()) {
            return Err(format!("`{name}` is made of itself"));
        }
        let found = self.find(value).and_then(|known| known.with_unit(value.unit.as_deref()));
        self.busy.remove(name);
        let known = found.map_err(|why| format!("`{name}`: {why}"))?;
        self.known.insert(name.to_owned(), known.clone());
        Ok(known)
    }

    /// An expression over values, or the name of one.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn answer(&mut self, expression: &str) -> Result<Known, String> {
        if is_name(expression.trim()) {
            return self.value(expression.trim());
        }
        self.number(expression).map(Known::Number)
    }

    /// An expression over values.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn number(&mut self, expression: &str) -> Result<i64, String> {
        let mut names = Names::default();
        for word in words(expression) {
            let number = self.value(word)?.number();
            names.0.insert(word.to_owned(), number);
        }
        arithmetic::evaluate(expression, &mut names)
    }

    fn find(&mut self, value: &Value) -> Result<Known, String> {
        if let Some(text) = &value.text {
            return Ok(Known::Text(text.clone()));
        }
        if let Some(calc) = &value.calc {
            return self.answer(calc);
        }
        let mut changes = self.base.clone();
        for change in &value.set {
            changes.0.push(super::whole::change(change)?);
        }
        if let Some(script) = &value.script {
            changes.1 = Some(self.plan.file(script)?.to_owned());
        }
        let from = self.moment(value.from.as_deref().unwrap_or("start"), &changes)?;
        let to = self.moment(value.to.as_deref().unwrap_or("end"), &changes)?;
        let at = self.moment(value.at.as_deref().unwrap_or("end"), &changes)?;
        // Addresses and numbers of processes may be values themselves.
        let page = value.page.as_deref().map(|page| self.words_of(page)).transpose()?;
        let memory = value.memory.as_deref().map(|memory| self.dots_of(memory)).transpose()?;
        let value = Value { page, memory, ..value.clone() };
        let run = self.run_with(&changes)?;
        match event::read(run, &value, (from, to))? {
            Some(known) => Ok(known),
            None => state::read(run, &value, at),
        }
    }

    /// Words, in which names of values are replaced by the values.
    fn words_of(&mut self, text: &str) -> Result<String, String> {
        let words = text.split_whitespace().map(|word| {
            if is_name(word) {
                self.value(word).map(|v| v.number().to_string())
            } else {
                Ok(word.to_owned())
            }
        });
        Ok(words.collect::<Result<Vec<_>, _>>()?.join(" "))
    }

    /// `resident.child`, in which `child` is a value.
    fn dots_of(&mut self, text: &str) -> Result<String, String> {
        match text.split_once('.') {
            Some((figure, who)) => Ok(format!("{figure}.{}", self.words_of(who)?)),
            None => Ok(text.to_owned()),
        }
    }

    /// A moment of the run beside the text.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn time(&mut self, moment: &str) -> Result<Time, String> {
        let base = self.base.clone();
        self.moment(moment, &base)
    }

    fn moment(&mut self, text: &str, changes: &Changes) -> Result<Time, String> {
        match Moment::parse(text)? {
            Moment::At(time) => Ok(time),
            Moment::End => Ok(self.run_with(changes)?.until),
            Moment::Named(name) => match self.value(&name)? {
                Known::Time(ns) => Ok(Time(u64::try_from(ns).unwrap_or(0))),
                other => Err(format!("`{name}` is {other}; expected a time")),
            },
            Moment::Event(condition, number) => {
                let run = self.run_with(changes)?;
                let all = run.matching(&condition, (Time::ZERO, Time::MAX));
                let found = nth(all, number).map(|(_, seen)| seen.record.stamp.time);
                let time = found.ok_or_else(|| format!("`{text}` never happens"))?;
                Ok(time + Duration::nanos(1))
            }
        }
    }
}

fn known_of(text: &str) -> Known {
    match (text.parse(), oscope_userland::scenario::units::duration(text)) {
        (Ok(number), _) => Known::Number(number),
        (_, Some(length)) => Known::Time(i64::try_from(length.0).unwrap_or(i64::MAX)),
        _ => Known::Text(text.to_owned()),
    }
}

/// The names in an expression.
fn words(expression: &str) -> impl Iterator<Item = &str> {
    let parts = expression.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    parts.filter(|word| word.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_'))
}

#[derive(Default)]
struct Names(BTreeMap<String, i64>);

impl Variables for Names {
    fn get(&self, name: &str) -> Option<String> {
        self.0.get(name).map(i64::to_string)
    }

    fn set(&mut self, name: &str, _: i64) -> Result<(), String> {
        Err(format!("`{name}` is read from the run; expected `==`"))
    }
}

#[cfg(test)]
mod tests {
    use super::{Known, nth, with_commas, words};

    #[test]
    fn what_is_typed_is_understood() {
        assert!(Known::Number(4096).is("4,096") && Known::Number(4096).is(" 4096 "));
        assert!(!Known::Number(4).is("5") && !Known::Number(4).is("four"));
        assert!(Known::Time(1_500_000).is("1.5ms") && Known::Time(1_500_000).is("1500us"));
        assert!(Known::Text("hog".to_owned()).is(" Hog "));
        assert_eq!(with_commas(-1_234_567), "-1,234,567");
        assert_eq!(with_commas(123), "123");
    }

    #[test]
    fn one_of_several() {
        assert_eq!(nth([1, 2, 3].into_iter(), 1), Some(1));
        assert_eq!(nth([1, 2, 3].into_iter(), -1), Some(3));
        assert_eq!(nth([1, 2, 3].into_iter(), -4), None);
        assert_eq!(nth([1, 2, 3].into_iter(), 0), None);
    }

    #[test]
    fn names_are_found_in_expressions() {
        let found: Vec<&str> = words("a1 + 3*b_2 - 0x10").collect();
        assert_eq!(found, ["a1", "b_2"]);
    }
}
