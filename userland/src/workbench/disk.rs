//! Disk scheduling problems: requests that wait for a disk, a policy, and how far the arm moves.
//!
//! The policies are those of the kernel (`oscope_kernel::driver::elevator`). All requests wait from the beginning, as in the
//! books' exercises; positions are cylinders.

use oscope_kernel::base::{Rng, Time};
use oscope_kernel::driver::elevator::{self, Pending, Turn};
use serde::{Deserialize, Serialize};

/// A problem, in the form of the files that `oscope disk --case` takes.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Problem {
    /// Where it comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The tie-breaking rules. All of them agree on what there is to agree on here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dialect: Option<String>,
    /// The policy.
    pub policy: String,
    /// Where the head is.
    pub head: u64,
    /// How many cylinders there are; the first is 0.
    pub cylinders: u64,
    /// Where the arm moves at first: `up`, to higher cylinders, or `down`.
    #[serde(default)]
    pub direction: Direction,
    /// The cylinders that are asked for, in the order of arrival.
    pub requests: Vec<u64>,
    /// What the answer should be, as far as somebody knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expect: Option<Expect>,
}

/// Where the arm moves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// To higher cylinders.
    #[default]
    Up,
    /// To lower ones.
    Down,
}

/// What an answer should be: what is left out may be anything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    /// How many cylinders the arm moves across.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub movement: Option<u64>,
    /// The order in which requests are served.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<Vec<u64>>,
}

/// A request that was served, for showing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// Where the head was.
    pub from: u64,
    /// Where the arm turned.
    pub turn: Turn,
    /// Where the request is.
    pub to: u64,
    /// How far the arm moved for it.
    pub movement: u64,
}

/// What the policy did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Answer {
    /// The policy.
    pub policy: String,
    /// The requests in the order in which they were served.
    pub order: Vec<u64>,
    /// How many cylinders the arm moved across.
    pub movement: u64,
    /// Request by request.
    #[serde(skip)]
    pub steps: Vec<Step>,
}

/// The most cylinders a disk can have here: sums of distances stay far from the largest number.
const MOST_CYLINDERS: u64 = 1 << 40;
/// The most requests.
const MOST_REQUESTS: usize = 1 << 20;

impl Problem {
    /// Refuses what makes no sense.
    fn check(&self) -> Result<(), String> {
        let known = ["textbook", "ostep", "linux"];
        if let Some(name) = self.dialect.as_deref()
            && !known.contains(&name)
        {
            let name: String = name.chars().take(40).collect();
            let known = known.join(", ");
            return Err(format!("no dialect is called `{name}`: expected one of {known}"));
        }
        if !elevator::POLICIES.contains(&self.policy.as_str()) {
            let name: String = self.policy.chars().take(40).collect();
            let known = elevator::POLICIES.join(", ");
            return Err(format!("no policy is called `{name}`: expected one of {known}"));
        }
        if !(1..=MOST_CYLINDERS).contains(&self.cylinders) {
            return Err(format!("{} cylinders: expected 1 to {MOST_CYLINDERS}", self.cylinders));
        }
        let last = self.cylinders - 1;
        if self.head > last {
            return Err(format!("the head at cylinder {}: expected 0 to {last}", self.head));
        }
        if let Some(request) = self.requests.iter().find(|request| **request > last) {
            return Err(format!("a request for cylinder {request}: expected 0 to {last}"));
        }
        if self.requests.is_empty() || self.requests.len() > MOST_REQUESTS {
            let count = self.requests.len();
            return Err(format!("{count} requests: expected 1 to {MOST_REQUESTS}"));
        }
        Ok(())
    }

    /// Lets the kernel's policy solve it.
    ///
    /// # Errors
    /// What is wrong with the problem, and what was expected.
    pub fn solve(&self) -> Result<Answer, String> {
        self.check()?;
        let up = self.direction == Direction::Up;
        let mut elevator = elevator::by_name(&self.policy, self.cylinders - 1, up)
            .ok_or_else(|| format!("no policy is called `{}`", self.policy))?;
        for (ticket, position) in (0..).zip(&self.requests) {
            let position = *position;
            elevator.add(Pending { ticket, position, write: false, since: Time::ZERO });
        }
        let mut steps = Vec::with_capacity(self.requests.len());
        let mut head = self.head;
        while let Some(choice) = elevator.next(head, Time::ZERO) {
            let to = choice.request.position;
            steps.push(Step { from: head, turn: choice.turn, to, movement: choice.movement(head) });
            head = to;
        }
        Ok(Answer {
            policy: self.policy.clone(),
            order: steps.iter().map(|step| step.to).collect(),
            movement: steps.iter().map(|step| step.movement).sum(),
            steps,
        })
    }

    /// A problem that chance makes: `count` requests.
    #[must_use]
    pub fn random(policy: &str, seed: u64, cylinders: u64, count: usize) -> Self {
        let mut rng = Rng::new(seed);
        let head = rng.below(cylinders);
        let direction = if rng.below(2) == 0 { Direction::Up } else { Direction::Down };
        let requests = (0..count).map(|_| rng.below(cylinders)).collect();
        Self { policy: policy.to_owned(), head, cylinders, direction, requests, ..Self::default() }
    }
}

impl Answer {
    /// What differs from what was expected, in words; nothing if all is well.
    #[must_use]
    pub fn differences(&self, expect: &Expect) -> Vec<String> {
        let mut differences = Vec::new();
        if let Some(expected) = expect.movement.filter(|expected| *expected != self.movement) {
            differences.push(format!("movement: expected {expected}, got {}", self.movement));
        }
        if let Some(expected) = expect.order.as_ref().filter(|expected| **expected != self.order) {
            let place = expected.iter().zip(&self.order).position(|(a, b)| a != b);
            let place = place.unwrap_or(expected.len().min(self.order.len()));
            let word = |order: &[u64]| {
                order.get(place).map_or("nothing".to_owned(), |cylinder| cylinder.to_string())
            };
            let (expected, got) = (word(expected), word(&self.order));
            differences.push(format!("request {place}: expected {expected}, got {got}"));
        }
        differences
    }
}

#[cfg(test)]
mod tests {
    use super::{Expect, Problem};

    #[test]
    fn what_makes_no_sense_is_refused() {
        let good = Problem::random("scan", 3, 200, 8);
        assert!(good.solve().is_ok());
        let bad = |change: fn(&mut Problem)| {
            let mut problem = good.clone();
            change(&mut problem);
            problem.solve().expect_err("refused")
        };
        assert!(bad(|problem| problem.cylinders = 0).contains("cylinders"));
        assert!(bad(|problem| problem.cylinders = u64::MAX).contains("cylinders"));
        assert!(bad(|problem| problem.head = 200).contains("0 to 199"));
        assert!(bad(|problem| problem.requests.push(200)).contains("0 to 199"));
        assert!(bad(|problem| problem.requests.clear()).contains("0 requests"));
        assert!(bad(|problem| problem.policy = "lift".to_owned()).contains("sstf"));
        assert!(bad(|problem| problem.dialect = Some("x".to_owned())).contains("textbook"));
    }

    #[test]
    fn a_wrong_expectation_is_noticed() {
        let problem = Problem {
            requests: vec![10, 20],
            cylinders: 100,
            ..Problem::random("fifo", 0, 100, 1)
        };
        let answer = problem.solve().expect("solved");
        let right = Expect { movement: Some(answer.movement), order: Some(vec![10, 20]) };
        assert!(answer.differences(&right).is_empty());
        let wrong = Expect { movement: Some(answer.movement + 1), order: Some(vec![20, 10]) };
        assert_eq!(answer.differences(&wrong).len(), 2);
        let short = Expect { movement: None, order: Some(vec![10]) };
        assert_eq!(answer.differences(&short), ["request 1: expected nothing, got 20"]);
    }
}
