//! The referee: one script on the emulated kernel and on the host's own, and what they do not agree on.
//!
//! Layers: `runner` is the process on the host that makes the calls; `host` takes a plan through it; `differ` holds the
//! two runs against each other; `explained` says what need not be the same.
//!
//! A typical sequence: a script becomes a plan, the emulated machine plays it; [`referee`] plays the same plan on the
//! host, line by line in the order of its turns, and reads off what both have done. Numbers of processes and addresses
//! are names, and the same one must mean the same; everything else that strace would print must be equal.
//!
//! Taken from elsewhere: differential testing (McKeeman, Digital Technical Journal 1998), which needs no model of what is
//! right, only a second implementation; here the second one is the one that counts.

mod differ;
mod explained;
mod host;
mod runner;

pub use differ::{Comparison, Difference, NotCompared};
pub use explained::explained_calls;
pub(super) use explained::of_the_machine;
pub use runner::{HostError, Runner};

use super::observe::Observed;
use super::outcome::Played;
use super::plan::{Order, Plan};
use oscope_kernel::world::World;

/// What came of a script on both machines.
#[derive(Debug)]
pub struct Refereed {
    /// Where they agree and where not.
    pub comparison: Comparison,
    /// The host's run, held against the script.
    pub host: Played,
}

/// Plays a plan on the host and compares with a world that has played it.
///
/// # Errors
/// [`HostError`] if the host cannot play, also because the script leaves its order to the scheduler.
pub fn referee(plan: &Plan, world: &World, runner: &mut Runner) -> Result<Refereed, HostError> {
    if plan.order() == Order::Free {
        let why = "the script leaves its order to the scheduler, which is another one there";
        return Err(HostError::Cannot(why.to_owned()));
    }
    let emulated = match world.logs().first() {
        Some(log) => Observed::of(plan, log),
        None => Observed::default(),
    };
    let run = host::play(plan, &emulated, runner)?;
    let comparison = Comparison::of(plan, &emulated, &run);
    Ok(Refereed { comparison, host: Played::of_observed(plan, run.seen) })
}
