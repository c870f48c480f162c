//! The outcome for people and for programs: problems, a table, JSON.

use super::outcome::{Played, Verdict};
use super::plan::Plan;
use crate::script::problem::Problem;
use oscope_kernel::base::Time;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write;

/// When a script's run is ended that does not end by itself.
pub const LIMIT: Time = Time(1_000_000_000_000);

/// How many lines had each verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// As recorded.
    pub matches: u64,
    /// Otherwise, or never reached.
    pub mismatches: u64,
    /// Without such a call here.
    pub unsupported: u64,
    /// Not to be compared.
    pub not_comparable: u64,
}

impl Counts {
    fn add(&mut self, verdict: &Verdict) {
        match verdict {
            Verdict::Quiet => {}
            Verdict::Match => self.matches += 1,
            Verdict::Pending { .. } | Verdict::Mismatch { .. } | Verdict::NotReached => {
                self.mismatches += 1;
            }
            Verdict::Unsupported(_) => self.unsupported += 1,
            Verdict::NotComparable(_) => self.not_comparable += 1,
        }
    }

    /// All of them.
    #[must_use]
    pub const fn all(&self) -> u64 {
        self.matches + self.mismatches + self.unsupported + self.not_comparable
    }

    fn json(&self) -> Value {
        json!({
            "match": self.matches,
            "mismatch": self.mismatches,
            "unsupported": self.unsupported,
            "not_comparable": self.not_comparable,
        })
    }
}

/// The counts of a whole script, and of each call by its name.
#[must_use]
pub fn counts(played: &Played) -> (Counts, BTreeMap<&str, Counts>) {
    let (mut whole, mut by_call) = (Counts::default(), BTreeMap::<&str, Counts>::new());
    for outcome in &played.lines {
        whole.add(&outcome.verdict);
        if !outcome.call.is_empty() {
            by_call.entry(&outcome.call).or_default().add(&outcome.verdict);
        }
    }
    by_call.retain(|_, counts| counts.all() > 0);
    (whole, by_call)
}

/// One JSON document about a file, as docs/traces.md has it.
#[must_use]
pub fn json(file: &str, plan: &Plan, played: &Played) -> Value {
    let (whole, by_call) = counts(played);
    let by_call: BTreeMap<&str, Value> =
        by_call.into_iter().map(|(name, counts)| (name, counts.json())).collect();
    let mismatches: Vec<Value> = played
        .failures()
        .map(|outcome| {
            let recorded = plan.source().get(outcome.range.clone()).unwrap_or_default().trim();
            let emulated = match (&outcome.verdict, &outcome.happened) {
                (_, Some(happened)) => json!(happened),
                (Verdict::Mismatch { actual, .. } | Verdict::Pending { actual, .. }, None) => {
                    json!(actual)
                }
                _ => Value::Null,
            };
            json!({
                "line": outcome.row,
                "call": outcome.call,
                "recorded": recorded,
                "emulated": emulated,
            })
        })
        .collect();
    json!({
        "file": file,
        "lines": whole.all(),
        "match": whole.matches,
        "mismatch": whole.mismatches,
        "unsupported": whole.unsupported,
        "not_comparable": whole.not_comparable,
        "by_syscall": by_call,
        "mismatches": mismatches,
    })
}

/// The counts as a table.
#[must_use]
pub fn table(file: &str, _: &Plan, played: &Played) -> String {
    let (whole, by_call) = counts(played);
    let mut text = format!("{file}: {} lines compared\n", whole.all());
    let head = ["", "match", "mismatch", "unsupported", "not comparable"];
    let width = by_call.keys().map(|name| name.len()).max().unwrap_or(0).max(5);
    let [a, b, c, d, e] = head;
    let _ = writeln!(text, "{a:width$} {b:>8} {c:>9} {d:>12} {e:>15}");
    for (name, counts) in by_call.into_iter().chain([("total", whole)]) {
        let Counts { matches, mismatches, unsupported, not_comparable } = counts;
        let _ = writeln!(
            text,
            "{name:width$} {matches:>8} {mismatches:>9} {unsupported:>12} {not_comparable:>15}"
        );
    }
    text
}

/// What is not as the script says, as diagnostics. Of the lines that were not reached only the first is told: the
/// others follow from it.
#[must_use]
pub fn problems(plan: &Plan, played: &Played) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut stuck = false;
    for (line, outcome) in played.lines.iter().enumerate() {
        let range = outcome.wrong.clone();
        match &outcome.verdict {
            Verdict::Mismatch { expected, actual } | Verdict::Pending { expected, actual } => {
                let waits = actual.ends_with("has not returned");
                let help = waits.then(|| {
                    "a call that waits for what later lines do is written as `… <unfinished ...>`, and its \
                     end as `<... NAME resumed>…`"
                        .to_owned()
                });
                stuck |= waits;
                let message = match outcome.happened {
                    Some(_) if outcome.call.is_empty() => "it went otherwise".to_owned(),
                    _ if !outcome.call.is_empty() => format!("`{}` did otherwise", outcome.call),
                    _ => "this is not so".to_owned(),
                };
                let expected = format!("{expected}\n         happened {actual}");
                problems.push(Problem { range, message, expected, help });
            }
            Verdict::NotReached if !stuck => {
                stuck = true;
                let whose = plan.lines.get(line).map(|line| &plan.tasks[line.task].label);
                let whose = whose.map_or(String::new(), |label| format!(" by task {label}"));
                problems.push(Problem {
                    range,
                    message: "the run did not get to this line".to_owned(),
                    expected: format!("it to be executed{whose}"),
                    help: None,
                });
            }
            _ => {}
        }
    }
    problems
}
