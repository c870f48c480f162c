//! Paging problems: a string of references, some frames, a policy, and who had to go.
//!
//! The policies are those of the kernel (`oscope_kernel::mm::replace`); they see frames and accessed bits. Which
//! page is in which frame, the bits themselves and when there is a tick, is the business of what stands here,
//! as it is that of the rest of the kernel there.

use oscope_kernel::base::{FrameId, Rng};
use oscope_kernel::mm::replace::{self, Kept, NEVER, Optimal, Replacement, Usage, policy_by_name};
use serde::{Deserialize, Serialize};

/// A problem, in the form of the files that `oscope paging --case` takes.
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
    /// How many frames there are.
    pub frames: u32,
    /// `nfu`: after how many references the counters move; 1 unless told otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tick: Option<u32>,
    /// The pages that are referenced, in this order.
    pub refs: Vec<u64>,
    /// What the answer should be, as far as somebody knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expect: Option<Expect>,
}

/// What an answer should be: what is left out may be anything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    /// How many references found their page in a frame.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hits: Option<u64>,
    /// How many did not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub faults: Option<u64>,
    /// By reference: whether the page was there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hit: Vec<bool>,
    /// By reference: the page that had to go for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evicted: Vec<Option<u64>>,
}

/// A page as the policy keeps it, for showing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The page.
    pub page: u64,
    /// The policy's hand points at it.
    pub is_at_hand: bool,
    /// Its counter, with policies that count.
    pub age: Option<u8>,
}

/// What became of a reference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    /// The page.
    #[serde(rename = "ref")]
    pub page: u64,
    /// It was in a frame.
    pub hit: bool,
    /// The page that had to go for it.
    pub evicted: Option<u64>,
    /// The pages that are in frames now, by frame. Left out of problems with more than [`MOST_SHOWN`] of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frames: Option<Vec<u64>>,
    /// The order in which the policy keeps them, likewise.
    #[serde(skip)]
    pub order: Vec<Place>,
}

/// What the policy did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Answer {
    /// The policy.
    pub policy: String,
    /// How many references found no page.
    pub faults: u64,
    /// How many found one.
    pub hits: u64,
    /// Reference by reference.
    pub steps: Vec<Step>,
}

/// Up to how many references, times frames, each step says what is in the frames.
pub const MOST_SHOWN: u64 = 1_000_000;

/// `nfu` looks at every frame at every tick: up to so many looks.
const MOST_LOOKS: u64 = 1_000_000_000;

/// Names of all policies, the one that knows the future among them.
#[must_use]
pub fn policies() -> Vec<&'static str> {
    let mut all = replace::POLICIES.to_vec();
    all.insert(2, "opt");
    all
}

/// For each reference, when its page is used next. `pages` are numbers below `count`.
fn next_uses(pages: &[usize], count: usize) -> Vec<u32> {
    let mut next = vec![NEVER; count];
    let backwards = pages.iter().enumerate().rev();
    let mut uses: Vec<u32> =
        backwards.map(|(now, page)| std::mem::replace(&mut next[*page], now as u32)).collect();
    uses.reverse();
    uses
}

/// Accessed bits by frame. Nobody is ever busy in a book.
struct Bits(Vec<bool>);

impl Usage for Bits {
    fn is_busy(&self, _: FrameId) -> bool {
        false
    }

    fn take_used(&mut self, frame: FrameId) -> bool {
        self.0.get_mut(frame.0 as usize).is_some_and(std::mem::take)
    }
}

/// Memory while a problem is solved.
struct Memory {
    policy: Box<dyn Replacement>,
    bits: Bits,
    /// Which page each frame has, as a number in the list of all pages; those that have one.
    pages: Vec<usize>,
    /// Where each page is.
    frame_of: Vec<Option<FrameId>>,
    size: u32,
}

impl Memory {
    /// Uses a page. Whether it was there, and which one had to go.
    fn reference(&mut self, page: usize) -> (bool, Option<usize>) {
        if let Some(frame) = self.frame_of[page] {
            self.bits.0[frame.0 as usize] = true;
            self.policy.touch(frame);
            return (true, None);
        }
        let (frame, evicted) = if self.pages.len() < self.size as usize {
            self.pages.push(page);
            self.bits.0.push(true);
            (FrameId(self.pages.len() as u32 - 1), None)
        } else {
            let Some(frame) = self.policy.victim(&mut self.bits) else {
                return (false, None);
            };
            let old = std::mem::replace(&mut self.pages[frame.0 as usize], page);
            self.frame_of[old] = None;
            self.bits.0[frame.0 as usize] = true;
            (frame, Some(old))
        };
        self.frame_of[page] = Some(frame);
        self.policy.insert(frame);
        (false, evicted)
    }
}

impl Problem {
    /// Refuses what makes no sense, or would take for ever.
    fn check(&self) -> Result<(), String> {
        let known = ["textbook", "ostep", "linux"];
        if let Some(name) = self.dialect.as_deref()
            && !known.contains(&name)
        {
            let name: String = name.chars().take(40).collect();
            return Err(format!(
                "no dialect is called `{name}`: expected one of {}",
                known.join(", ")
            ));
        }
        if !policies().contains(&self.policy.as_str()) {
            let name: String = self.policy.chars().take(40).collect();
            let known = policies().join(", ");
            return Err(format!("no policy is called `{name}`: expected one of {known}"));
        }
        if !(1..=1 << 24).contains(&self.frames) {
            return Err(format!("{} frames: expected 1 to {}", self.frames, 1 << 24));
        }
        if self.tick == Some(0) {
            return Err("a tick every 0 references: expected at least 1".to_owned());
        }
        if self.refs.is_empty() {
            return Err("no references: expected at least one".to_owned());
        }
        if self.refs.len() >= NEVER as usize {
            return Err(format!("{} references: expected less than {NEVER}", self.refs.len()));
        }
        let frames = u64::from(self.frames).min(self.refs.len() as u64);
        if self.policy == "nfu" && frames.saturating_mul(self.refs.len() as u64) > MOST_LOOKS {
            return Err(format!(
                "nfu looks at every frame again and again: expected frames times references to be at most {MOST_LOOKS}"
            ));
        }
        Ok(())
    }

    /// Lets the kernel's policy solve it. `seed` is where the draws of `random` come from.
    ///
    /// # Errors
    /// What is wrong with the problem, and what was expected.
    pub fn solve(&self, seed: u64) -> Result<Answer, String> {
        self.check()?;
        let mut names = self.refs.clone();
        names.sort_unstable();
        names.dedup();
        let number = |page| names.binary_search(page).ok();
        let pages: Vec<usize> = self.refs.iter().filter_map(number).collect();
        let policy = match policy_by_name(&self.policy, seed) {
            Some(policy) => policy,
            None => Box::new(Optimal::new(next_uses(&pages, names.len()))),
        };
        let mut memory = Memory {
            policy,
            bits: Bits(Vec::new()),
            pages: Vec::new(),
            frame_of: vec![None; names.len()],
            size: self.frames,
        };
        let frames = u64::from(self.frames).min(names.len() as u64);
        let is_shown = frames.saturating_mul(pages.len() as u64) <= MOST_SHOWN;
        let tick = self.tick.unwrap_or(1) as usize;
        let mut steps = Vec::with_capacity(pages.len());
        for (n, page) in pages.iter().enumerate() {
            let (hit, evicted) = memory.reference(*page);
            if (n + 1).is_multiple_of(tick) && self.policy == "nfu" {
                memory.policy.tick(&mut memory.bits);
            }
            let resident = || memory.pages.iter().map(|page| names[*page]).collect();
            let place = |kept: Kept| Place {
                page: names[memory.pages[kept.frame.0 as usize]],
                is_at_hand: kept.is_at_hand,
                age: kept.age,
            };
            let order = if is_shown { memory.policy.frames() } else { Vec::new() };
            steps.push(Step {
                page: names[*page],
                hit,
                evicted: evicted.map(|page| names[page]),
                frames: is_shown.then(resident),
                order: order.into_iter().map(place).collect(),
            });
        }
        let hits = steps.iter().filter(|step| step.hit).count() as u64;
        let faults = steps.len() as u64 - hits;
        Ok(Answer { policy: self.policy.clone(), faults, hits, steps })
    }

    /// A problem of the kind that a book would ask: `count` references to pages from 0 to `last`.
    #[must_use]
    pub fn random(policy: &str, seed: u64, frames: u32, count: usize, last: u64) -> Self {
        let mut rng = Rng::new(seed);
        let refs = (0..count).map(|_| rng.below(last.saturating_add(1))).collect();
        Self { policy: policy.to_owned(), frames, refs, ..Self::default() }
    }
}

impl Answer {
    /// What differs from what was expected, in words; nothing if all is well.
    #[must_use]
    pub fn differences(&self, expect: &Expect) -> Vec<String> {
        let mut differences = Vec::new();
        let mut compare = |what: &str, expected: Option<u64>, got: u64| {
            if let Some(expected) = expected.filter(|expected| *expected != got) {
                differences.push(format!("{what}: expected {expected}, got {got}"));
            }
        };
        compare("hits", expect.hits, self.hits);
        compare("faults", expect.faults, self.faults);
        let steps = self.steps.len() as u64;
        for (what, length) in [("hit", expect.hit.len()), ("evicted", expect.evicted.len())] {
            if length > 0 {
                compare(&format!("length of `{what}`"), Some(length as u64), steps);
            }
        }
        let word = |hit: bool| if hit { "a hit" } else { "a fault" };
        for (n, (step, expected)) in self.steps.iter().zip(&expect.hit).enumerate() {
            if step.hit != *expected {
                let (expected, got) = (word(*expected), word(step.hit));
                differences.push(format!("reference {n}: expected {expected}, got {got}"));
            }
        }
        let word = |page: Option<u64>| page.map_or("nobody".to_owned(), |page| page.to_string());
        for (n, (step, expected)) in self.steps.iter().zip(&expect.evicted).enumerate() {
            if step.evicted != *expected {
                let (expected, got) = (word(*expected), word(step.evicted));
                differences.push(format!("reference {n}: expected {expected} to go, not {got}"));
            }
        }
        differences
    }
}
