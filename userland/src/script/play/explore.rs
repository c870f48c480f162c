//! Trying every order in which a script's threads can run.

use super::machine::boot;
use super::outcome::Played;
use super::plan::Plan;
use super::report::LIMIT;
use oscope_kernel::base::Schedule;
use oscope_kernel::machine::{Explored, Until, explore as explore_machine};
use serde_json::{Value, json};
use std::sync::Arc;

/// What trying found.
#[derive(Clone, Debug)]
pub struct Found {
    /// The shortest order that breaks the script, with what became of it.
    fails: Option<(Schedule, Played)>,
    /// How many runs were made.
    pub runs: u64,
    /// Whether all orders were tried.
    pub complete: bool,
}

/// Plays a script in all orders, at most `limit` of them, fewest deviations first.
#[must_use]
pub fn explore(plan: &Arc<Plan>, seed: u64, limit: u64) -> Found {
    let run = |schedule: &Schedule| {
        let mut world = boot(plan, seed, Some(schedule)).ok()?;
        world.run(LIMIT);
        Some(world)
    };
    let config = run(&Schedule::default())
        .and_then(|world| world.machines().first().map(|machine| machine.config().clone()));
    let Some(config) = config else { return Found { fails: None, runs: 0, complete: false } };
    // The machine runs alone: a script has one.
    let outcome = explore_machine(&config, limit, |machine| {
        machine.run(Until::time(LIMIT));
        Played::of_log(plan, machine.log()).passes()
    });
    match outcome {
        Ok(Explored::Fails(schedule, runs)) => {
            let played = run(&schedule).map(|world| Played::of(plan, &world));
            Found { fails: played.map(|played| (schedule, played)), runs, complete: false }
        }
        Ok(Explored::Holds(runs)) => Found { fails: None, runs, complete: true },
        Ok(Explored::GaveUp(runs)) => Found { fails: None, runs, complete: false },
        Err(_) => Found { fails: None, runs: 0, complete: false },
    }
}

impl Found {
    /// The run that breaks the script.
    #[must_use]
    pub fn failing(&self) -> Option<&Played> {
        self.fails.as_ref().map(|(_, played)| played)
    }

    /// For people.
    #[must_use]
    pub fn text(&self, file: &str, plan: &Plan) -> String {
        match &self.fails {
            Some((schedule, played)) => format!(
                "{}# run {} breaks it; to see it again: oscope trace {file} --schedule '{schedule}'\n",
                played.text(plan),
                self.runs
            ),
            None if self.complete => format!("{file}: holds in all {} orders\n", self.runs),
            None => format!("{file}: holds in {} orders; there are more\n", self.runs),
        }
    }

    /// For programs.
    #[must_use]
    pub fn json(&self, file: &str) -> Value {
        json!({
            "file": file,
            "runs": self.runs,
            "complete": self.complete,
            "schedule": self.fails.as_ref().map(|(schedule, _)| schedule.to_string()),
        })
    }
}
