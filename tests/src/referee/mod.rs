//! Random scripts for the referee: made from a seed, played on both kernels, made short when they differ.
//!
//! Layers: `model` knows roughly what the calls so far have left behind, so that the next one is likely to succeed;
//! `generate` writes scripts with it; `shrink` drops lines from one for as long as it still differs.
//!
//! A typical sequence: [`Case::generate`] with a seed, [`Bench::play`], and if [`Comparison::differences`] is not empty,
//! [`Bench::shrink`] and print what is left.
//!
//! Taken from elsewhere: a generator that knows enough of the state to make calls that do something, from syzkaller
//! (its resources and `prog/mutation`); shrinking by halves, then line by line, from delta debugging (Zeller, "Yesterday,
//! my program worked", 1999).

mod generate;
mod model;
mod shrink;

pub use generate::Case;

use oscope_kernel::world::World;
use oscope_userland::script::play::referee::{Comparison, HostError, Runner, referee};
use oscope_userland::script::play::{Origin, Plan, boot, compile, report};
use oscope_userland::script::{Problem, parse};
use std::path::PathBuf;
use std::sync::Arc;

/// The program that plays on the host: cargo puts it above the directory of the tests.
#[must_use]
pub fn runner_path() -> PathBuf {
    let own = std::env::current_exe().unwrap_or_default();
    let beside = own.ancestors().skip(1).take(2).map(|place| place.join("oscope-host"));
    beside.into_iter().find(|path| path.exists()).unwrap_or_else(|| "oscope-host".into())
}

/// A script on the emulated kernel: the plan, and the world that has played it.
///
/// # Errors
/// What is wrong with the script.
pub fn emulated(script: &str) -> Result<(Arc<Plan>, World), String> {
    let parsed = parse(script);
    let problem = |problem: &Problem| problem.show("script", script);
    if let Some(first) = parsed.problems.first() {
        return Err(problem(first));
    }
    let (plan, problems) = compile(&parsed.tree, Origin::Written);
    if let Some(first) = problems.first() {
        return Err(problem(first));
    }
    let plan = Arc::new(plan);
    let mut world = boot(&plan, 0, None).map_err(|error| error.to_string())?;
    world.run(report::LIMIT);
    Ok((plan, world))
}

/// Both kernels, ready to play.
pub struct Bench {
    runner: Runner,
}

impl Bench {
    /// Starts the runner on the host.
    ///
    /// # Errors
    /// [`HostError`] if it is not there or this machine does not let it.
    pub fn new() -> Result<Self, HostError> {
        Runner::start(&runner_path()).map(|runner| Self { runner })
    }

    /// Whether the host's calls are made by its own root.
    #[must_use]
    pub fn is_root(&self) -> bool {
        self.runner.is_root()
    }

    /// Which kernel the host has.
    #[must_use]
    pub fn kernel(&self) -> String {
        self.runner.kernel()
    }

    /// Plays a script on both.
    ///
    /// # Errors
    /// What is wrong with the script, or with the host.
    pub fn play(&mut self, script: &str) -> Result<Comparison, String> {
        let (plan, world) = emulated(script)?;
        let refereed = referee(&plan, &world, &mut self.runner);
        refereed.map(|refereed| refereed.comparison).map_err(|error| error.to_string())
    }

    /// The shortest script with a difference that dropping lines from this one leads to.
    pub fn shrink(&mut self, case: &Case) -> Case {
        shrink::shrink(case, |script| {
            self.play(script).is_ok_and(|comparison| !comparison.differences.is_empty())
        })
    }
}
