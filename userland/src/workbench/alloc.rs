//! Allocation problems: a stretch of memory, requests, and which block each one gets.
//!
//! The allocators are those of the kernel (`oscope_kernel::mm::block`); what stands here asks them one thing after
//! the other and writes down what they say.

use oscope_kernel::base::Rng;
use oscope_kernel::mm::block::{
    self, Block, BlockAllocator, Buddy, Figures, Fit, List, Order, POLICIES,
};
use serde::{Deserialize, Serialize};

/// A problem, in the form of the files that `oscope alloc --case` takes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Problem {
    /// Where it comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The tie-breaking rules. All of them agree on what there is to agree on here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dialect: Option<String>,
    /// How much memory there is.
    pub size: u64,
    /// Where it begins.
    #[serde(default)]
    pub base: u64,
    /// How much of each block is its header. Slabs need none.
    #[serde(default)]
    pub header: u64,
    /// The policy.
    pub policy: String,
    /// How the list of holes is ordered; `addrsort` unless told otherwise. Buddies have no list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<String>,
    /// Whether holes that touch are joined. Buddies always are.
    #[serde(default)]
    pub coalesce: bool,
    /// What sizes are rounded up to a multiple of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub align: Option<u64>,
    /// `+10` asks for 10; `-0` gives back what the first request got.
    pub ops: Vec<String>,
    /// What the answer should be, step by step, as far as somebody knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expect: Option<Vec<Expect>>,
}

/// What a step should be: what is left out may be anything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    /// The request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub op: Option<String>,
    /// Where the block is, if the key is there: `null` if there is none.
    #[serde(default, with = "present", skip_serializing_if = "Option::is_none")]
    pub address: Option<Option<u64>>,
    /// How many holes were looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub searched: Option<u64>,
    /// The holes: address and size.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub free: Option<Vec<(u64, u64)>>,
}

/// Tells a key that is `null` from one that is not there.
mod present {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<Option<u64>>, D::Error> {
        Option::deserialize(from).map(Some)
    }

    pub(super) fn serialize<S: Serializer>(
        value: &Option<Option<u64>>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        value.flatten().serialize(to)
    }
}

/// What a step did, for showing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// A block was cut off the front of a hole.
    Cut {
        /// Which request this is, counted from 0.
        name: usize,
        /// The block.
        block: Block,
        /// The hole.
        hole: Block,
    },
    /// No hole was large enough.
    Failed {
        /// Which request this is.
        name: usize,
    },
    /// A block came back, and is part of a hole now.
    Freed {
        /// Which request had got it.
        name: usize,
        /// The block.
        block: Block,
        /// The hole.
        hole: Block,
    },
    /// What a request should give back that got nothing.
    Nothing,
}

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    /// The request.
    pub op: String,
    /// Where the block is, header included; `null` if there is none. Only of requests for memory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<Option<u64>>,
    /// How many holes were looked at, likewise; with buddies, how many orders.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub searched: Option<u64>,
    /// The holes: address and size, in the order of the list. Left out when all steps together have more than
    /// [`MOST_SHOWN`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub free: Option<Vec<(u64, u64)>>,
    /// What happened.
    #[serde(skip)]
    pub deed: Deed,
}

/// What the allocator did.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Answer {
    /// The policy.
    pub policy: String,
    /// Step by step.
    pub steps: Vec<Step>,
    /// In the end: how much of what is free is not in the largest hole, from 0 to 1.
    pub external_fragmentation: f64,
    /// In the end: how much of what is in blocks nobody asked for, from 0 to 1.
    pub internal_fragmentation: f64,
    /// Memory in the end, in figures.
    #[serde(skip)]
    pub figures: Figures,
}

/// How many holes an answer lists.
pub const MOST_SHOWN: usize = 1_000_000;

/// How many requests a problem may have: lists take time in proportion to their length.
const MOST_OPS: usize = 20_000;

/// How much memory a problem may have.
const MOST_SIZE: u64 = 1 << 48;

/// A request.
#[derive(Clone, Copy)]
enum Op {
    Allocate(u64),
    Free(usize),
}

impl Op {
    fn parse(text: &str) -> Result<Self, String> {
        let number = |digits: &str| -> Option<u64> {
            let all = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
            digits.parse().ok().filter(|_| all)
        };
        let parsed = if let Some(size) = text.strip_prefix('+').and_then(number) {
            Some(Self::Allocate(size))
        } else {
            let name = text.strip_prefix('-').and_then(number);
            name.and_then(|name| usize::try_from(name).ok()).map(Self::Free)
        };
        let shown: String = text.chars().take(40).collect();
        parsed.ok_or_else(|| {
            format!("`{shown}` is no request: expected +SIZE, or -N for what request N got")
        })
    }
}

/// Checks the form of a request, `+10` or `-0`.
///
/// # Errors
/// What was expected.
pub fn check_op(text: &str) -> Result<(), String> {
    Op::parse(text).map(|_| ())
}

impl Problem {
    fn allocator(&self) -> Result<Box<dyn BlockAllocator>, String> {
        let unknown = |kind: &str, name: &str, known: &[&str]| {
            let name: String = name.chars().take(40).collect();
            format!("no {kind} is called `{name}`: expected one of {}", known.join(", "))
        };
        if let Some(name) = self.dialect.as_deref()
            && !["textbook", "ostep", "linux"].contains(&name)
        {
            return Err(unknown("dialect", name, &["textbook", "ostep", "linux"]));
        }
        if !(1..=MOST_SIZE).contains(&self.size) || self.base > MOST_SIZE {
            return Err(format!(
                "size {}, base {}: expected at least 1, and at most {MOST_SIZE} each",
                self.size, self.base
            ));
        }
        if self.header > MOST_SIZE || !(1..=MOST_SIZE).contains(&self.align.unwrap_or(1)) {
            return Err(format!(
                "header {}, align {}: expected at most {MOST_SIZE}, and an alignment of 1 at least",
                self.header,
                self.align.unwrap_or(1)
            ));
        }
        let region = Block { address: self.base, size: self.size };
        let name = self.order.as_deref().unwrap_or("addrsort");
        let orders = Order::ALL.map(|(name, _)| name);
        let order = Order::by_name(name).ok_or_else(|| unknown("order", name, &orders))?;
        if self.policy == "buddy" {
            let rules = block::buddy::Rules { header: self.header, smallest: 0 };
            return Ok(Box::new(Buddy::new(region, rules)));
        }
        if self.policy == "slab" {
            // Pages as in a machine, or in small memories an eighth of all there is.
            let page = self.size.ilog2().saturating_sub(3).min(12);
            return Ok(Box::new(block::Slab::new(region, page)));
        }
        let fit = Fit::by_name(&self.policy);
        let fit = fit.ok_or_else(|| unknown("policy", &self.policy, &POLICIES))?;
        let align = self.align.unwrap_or(1);
        let rules =
            block::list::Rules { fit, order, coalesce: self.coalesce, header: self.header, align };
        Ok(Box::new(List::new(region, rules)))
    }

    /// Lets the kernel's allocator solve it.
    ///
    /// # Errors
    /// What is wrong with the problem, and what was expected.
    pub fn solve(&self) -> Result<Answer, String> {
        let mut allocator = self.allocator()?;
        if self.ops.len() > MOST_OPS {
            return Err(format!("{} requests: expected at most {MOST_OPS}", self.ops.len()));
        }
        let mut pointers: Vec<Pointer> = Vec::new();
        let mut steps: Vec<Step> = Vec::with_capacity(self.ops.len());
        let mut shown = 0;
        for text in &self.ops {
            let (deed, searched) = perform(Op::parse(text)?, &mut *allocator, &mut pointers)?;
            let address = match deed {
                Deed::Cut { block, .. } => Some(Some(block.address)),
                Deed::Failed { .. } => Some(None),
                Deed::Freed { .. } | Deed::Nothing => None,
            };
            let holes = allocator.holes();
            shown += holes.len();
            let free = (shown <= MOST_SHOWN)
                .then(|| holes.iter().map(|hole| (hole.address, hole.size)).collect());
            steps.push(Step { op: text.clone(), address, searched, free, deed });
        }
        let figures = Figures::of(&*allocator);
        Ok(Answer {
            policy: self.policy.clone(),
            steps,
            external_fragmentation: f64::from(figures.external()) / 1e6,
            internal_fragmentation: f64::from(figures.internal()) / 1e6,
            figures,
        })
    }

    /// A problem of the kind that a book would ask: `count` requests, half of them to give something back, for at
    /// most `largest` each.
    #[must_use]
    pub fn random(seed: u64, count: usize, largest: u64) -> Vec<String> {
        let mut rng = Rng::new(seed);
        let (mut held, mut made, mut ops) = (Vec::new(), 0, Vec::new());
        for _ in 0..count {
            if held.is_empty() || rng.below(2) == 0 {
                ops.push(format!("+{}", 1 + rng.below(largest)));
                held.push(made);
                made += 1;
            } else {
                let name = held.swap_remove(rng.below(held.len() as u64) as usize);
                ops.push(format!("-{name}"));
            }
        }
        ops
    }
}

/// What a request for memory got.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Pointer {
    To(u64),
    Null,
    GivenBack,
}

/// Asks the allocator one thing. What happened, and how many holes were looked at.
fn perform(
    op: Op,
    allocator: &mut dyn BlockAllocator,
    pointers: &mut Vec<Pointer>,
) -> Result<(Deed, Option<u64>), String> {
    match op {
        Op::Allocate(size) => {
            let attempt = allocator.allocate(size);
            let name = pointers.len();
            let deed = match attempt.found {
                Some((block, hole)) => Deed::Cut { name, block, hole },
                None => Deed::Failed { name },
            };
            let pointer =
                attempt.found.map_or(Pointer::Null, |(block, _)| Pointer::To(block.address));
            pointers.push(pointer);
            Ok((deed, Some(attempt.searched)))
        }
        Op::Free(name) => {
            let made = pointers.len();
            let pointer = pointers.get_mut(name).ok_or_else(|| {
                format!("-{name} gives back what was not asked for yet: there were {made} requests")
            })?;
            let Pointer::To(address) = *pointer else {
                return match pointer {
                    // free(NULL) does nothing.
                    Pointer::Null => Ok((Deed::Nothing, None)),
                    _ => Err(format!("-{name} gives back what was given back before")),
                };
            };
            *pointer = Pointer::GivenBack;
            let freed = allocator.free(address);
            let (block, hole) =
                freed.map_err(|_| format!("-{name}: there is no block at {address}"))?;
            Ok((Deed::Freed { name, block, hole }, None))
        }
    }
}

impl Answer {
    /// What differs from what was expected, in words; nothing if all is well.
    #[must_use]
    pub fn differences(&self, expect: &[Expect]) -> Vec<String> {
        let mut differences = Vec::new();
        if expect.len() != self.steps.len() {
            let (expected, got) = (expect.len(), self.steps.len());
            differences.push(format!("expected {expected} steps, and there are {got}"));
        }
        for (n, (step, expected)) in self.steps.iter().zip(expect).enumerate() {
            let mut wrong = |what: &str, expected: String, got: String| {
                differences.push(format!("step {n}, {what}: expected {expected}, got {got}"));
            };
            if let Some(op) = expected.op.as_ref().filter(|op| **op != step.op) {
                wrong("op", op.clone(), step.op.clone());
            }
            if expected.address.is_some() && expected.address != step.address {
                let word = |address: Option<Option<u64>>| match address.flatten() {
                    Some(address) => address.to_string(),
                    None => "null".to_owned(),
                };
                wrong("address", word(expected.address), word(step.address));
            }
            if expected.searched.is_some() && expected.searched != step.searched {
                let word = |count: Option<u64>| count.map_or("none".to_owned(), |n| n.to_string());
                wrong("searched", word(expected.searched), word(step.searched));
            }
            if expected.free.is_some() && expected.free != step.free {
                wrong("free", format!("{:?}", expected.free), format!("{:?}", step.free));
            }
        }
        differences
    }
}
