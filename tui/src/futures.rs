//! "What if?": two copies of the world run from the same moment to the end, one of them with another policy.

use crate::known::Known;
use crate::metrics::{self, Metrics};
use crate::trace::{Seen, Trace};
use oscope_kernel::base::{Duration, MachineId, Time};
use oscope_kernel::world::{World, WorldWhy};
use std::sync::atomic::{AtomicBool, Ordering};

/// Two futures of one machine.
#[derive(Clone, Debug, PartialEq)]
pub struct Futures {
    /// The machine.
    pub machine: MachineId,
    /// Where they part.
    pub from: Time,
    /// Where they end.
    pub until: Time,
    /// The policy as it is, and what comes of it.
    pub left: (&'static str, Metrics),
    /// The other policy, and what comes of it.
    pub right: (&'static str, Metrics),
    /// When the first event differs, if one does.
    pub differs: Option<Time>,
}

/// What is to be compared.
pub(crate) struct Plan<'a> {
    pub(crate) machine: MachineId,
    pub(crate) policy: &'static str,
    pub(crate) known: &'a Known,
    pub(crate) until: Time,
    pub(crate) cancel: &'a AtomicBool,
}

/// Where two runs part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Difference {
    /// On which machine.
    pub machine: MachineId,
    /// The number of the event there.
    pub number: u64,
    /// When: the earlier of the two.
    pub time: Time,
}

/// The first event that is not the same in both worlds, in the order of time.
#[must_use]
pub fn first_difference(left: &World, right: &World) -> Option<Difference> {
    let pairs = left.logs().into_iter().zip(right.logs());
    let found = pairs.filter_map(|(a, b)| {
        let differs = |number: &u64| match (a.get(*number), b.get(*number)) {
            (Some(x), Some(y)) => {
                x != y || Seen::of(a, *number, x).beside() != Seen::of(b, *number, y).beside()
            }
            _ => true,
        };
        let from = a.start().max(b.start());
        let number = (from..=a.end().max(b.end())).find(differs)?;
        let times = [a.get(number), b.get(number)].into_iter().flatten().map(|r| r.stamp.time);
        Some(Difference { machine: a.machine(), number, time: times.min()? })
    });
    found.min_by_key(|differs| (differs.time, differs.machine))
}

/// Runs both; nothing if it was called off.
pub(crate) fn compare(plan: &Plan<'_>, mut left: World, mut right: World) -> Option<Futures> {
    let from = left.time();
    let at = usize::from(plan.machine.0);
    let old = left.machines().get(at)?.snapshot().policy;
    let parted = left.machines().get(at)?.log().end();
    right.machine_mut(plan.machine)?.switch_policy(plan.policy).ok()?;
    for world in [&mut left, &mut right] {
        run(world, plan)?;
    }
    let a = trace_of(&left, plan, parted)?;
    let b = trace_of(&right, plan, parted)?;
    let pairs = left.machines().get(at)?.log().since(parted + 1);
    let pairs = pairs.zip(right.machines().get(at)?.log().since(parted + 1));
    let first = pairs.into_iter().find(|(a, b)| a.1.event != b.1.event || a.1.stamp != b.1.stamp);
    Some(Futures {
        machine: plan.machine,
        from,
        until: plan.until,
        left: (old, metrics::of(&a, left.time())),
        right: (plan.policy, metrics::of(&b, right.time())),
        differs: first.map(|(a, b)| a.1.stamp.time.min(b.1.stamp.time)),
    })
}

/// In pieces, so that it can be called off.
fn run(world: &mut World, plan: &Plan<'_>) -> Option<()> {
    let piece = Duration((plan.until.0 / 64).max(1_000));
    while world.time() < plan.until {
        if plan.cancel.load(Ordering::Relaxed) {
            return None;
        }
        let next = world.next_time().max(world.time() + piece);
        if let WorldWhy::Stuck(..) = world.run(next.min(plan.until)) {
            break;
        }
    }
    Some(())
}

/// Everything that happened in a future: what was known when it began, and what its log has since.
fn trace_of(world: &World, plan: &Plan<'_>, parted: u64) -> Option<Trace> {
    let machine = world.machines().get(usize::from(plan.machine.0))?;
    let past = plan.known.records.iter().filter(|seen| seen.number <= parted).cloned();
    let mut known = Known::default();
    known.continue_from(past.collect(), parted);
    known.take_in(machine.log());
    let mut trace = Trace::new(usize::from(machine.config().cpus));
    for seen in &known.records {
        trace.fold(seen);
    }
    Some(trace)
}
